-- What a thousand different requests cost a worker, on a real server.

local files = require "support.files"
local server = require "support.server"
local shell = require "support.shell"

local STORES = 4000 -- a set of them takes 200 KB
local REQUESTS = 400 -- of each kind, so that all sets of them would take 110 MiB
local GROWTH_MAX = 48 * 1024 -- KiB

describe("a worker of the service", function()
  local folder, service

  setup(function()
    folder = files.make_folder()
    local polls = { "store_id,status,timestamp_utc" }
    for i = 1, STORES do
      polls[1 + i] = ("store %d,active,2024-03-04 12:00:00"):format(i)
    end
    shell.good("ingest", folder .. "/db", "--status", files.write(folder .. "/polls.csv", table.concat(polls, "\n") .. "\n"))
    service = server.start(folder, { workers = 1 })
  end)

  teardown(function()
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
end)
