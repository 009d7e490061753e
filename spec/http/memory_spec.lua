-- What a thousand different requests cost a worker, on a real server.

local files = require "support.files"
local server = require "support.server"
local shell = require "support.shell"

local STORES = 4000 -- a set of them takes 200 KB
local REQUESTS = 400 -- of each kind, so that all sets of them would take 110 MiB
local GROWTH_MAX = 48 * 1024 -- KiB
local STORES_OF_LONG, READERS = 16000, 12 -- whose strips are longer than what the kernel takes of a connection

-- A service with one worker, of so many stores.
local function start(folder, count)
  local polls = { "store_id,status,timestamp_utc" }
  for i = 1, count do
    polls[1 + i] = ("store %d,active,2024-03-04 12:00:00"):format(i)
  end
  shell.good("ingest", folder .. "/db", "--status", files.write(folder .. "/polls.csv", table.concat(polls, "\n") .. "\n"))
  return server.start(folder, { workers = 1 })
end

describe("a worker of the service", function()
  local folder, service

  before_each(function()
    folder = files.make_folder()
  end)

  after_each(function()
    service:stop()
    files.remove_folder(folder)
  end)

  local function resident()
    return tonumber(files.read(("/proc/%d/status"):format(service:workers()[1])):match "VmRSS:%s+(%d+) kB")
  end

  -- Makes so many requests that differ in the number that stands for [].
  local function ask(path, count)
    local script = shell.curl .. " " .. shell.words("-s", "--max-time", "60", "-o", folder .. "/body", "-w", "%{http_code}\n",
      service.url .. path:gsub("%[%]", ("[1-%d]"):format(count))) .. " | sort | uniq -c"
    return shell.run(script).out:gsub("^ +", "")
  end

  it("keeps a bounded part of what requests that differ ask for", function()
    service = start(folder, STORES)
    local kinds = { -- patterns that all ids match
      "/v1/stores?limit=1&store_id=s%5Bt[]%5D*", "/v1/summary?store_id=s%5B[]t%5D*", "/v1/stores/store%20[]",
      "/get_report/00000000-0000-4000-8000-[]", "/v1/stores?limit=1&where.attribute[]=value",
    }
    for _, path in ipairs(kinds) do
      ask(path, 10)
    end
    local before = resident()
    for _, path in ipairs(kinds) do
      local answers = ask(path, REQUESTS)
      assert.matches("^" .. REQUESTS .. " " .. (path:find "get_report" and "400" or "200") .. "\n$", answers)
    end
    local growth = resident() - before
    assert.is_true(growth < GROWTH_MAX, ("%d KiB more for %d requests"):format(growth, REQUESTS * #kinds))
  end)

  it("has no copy of a long answer for each client who reads slowly", function()
    service = start(folder, STORES_OF_LONG)
    local path = "/v1/strips?bins=1000"
    local whole = service:request(path)
    assert.equal(tostring(#whole.body), whole.headers["content-length"])
    local before, script = resident(), {}
    for i = 1, READERS do
      script[i] = service:curl(path, "-o", "/dev/null", "-D", ("%s/head%d"):format(folder, i), "--limit-rate", "10000")
        .. ' & readers="$readers $!"'
    end
    local all_have_begun = ("until [ $(cat %s/head* 2>/dev/null | grep -c ' 200 ') -eq %d ]; do sleep 0.1; done"):format(folder,
      READERS)
    local told = shell.run(("%s\ntimeout 120 sh -c %s; cat /proc/%d/status; kill $readers"):format(table.concat(script, "\n"),
      shell.quote(all_have_begun), service:workers()[1])).out
    local growth = tonumber(told:match "VmRSS:%s+(%d+) kB") - before
    assert.is_true(growth * 1024 < READERS * #whole.body / 4, ("%d KiB more for %d readers"):format(growth, READERS))
    for _, how in ipairs { "--http1.0", "--compressed" } do
      assert.is_true(whole.body == service:request(path, how).body, how)
    end
    assert.equal(whole.headers["content-length"], service:request(path, "-I").headers["content-length"])
  end)
end)
