-- A service that may have few descriptors.

local files = require "support.files"
local server = require "support.server"
local shell = require "support.shell"

describe("a service with few descriptors", function()
  it("refuses streams rather than everything", function()
    local folder = files.make_folder()
    local service = server.start(folder, { before = "ulimit -n 256;", arguments = { "--log-level", "notice" } })
    assert.matches("loom: 256 descriptors (ulimit -Hn): up to 70 connections and 35 streams of events a worker",
      files.read(folder .. "/server.log"), 1, true)
    local urls = {}
    for i = 1, 250 do
      urls[i] = service.url .. "/v1/events"
    end
    -- Each answer's status once it is there; streams have none as long as they last.
    local pid = shell.run(("%s -s -N --parallel --parallel-immediate --parallel-max 250 -w '%%{http_code}\\n' -D %s/headers %s"
      .. " >/dev/null 2>&1 & echo $!"):format(shell.curl, folder, table.concat(urls, " "))).out
    local function count(what)
      local text = files.exists(folder .. "/headers") and files.read(folder .. "/headers") or ""
      return select(2, text:gsub("HTTP/1.1 " .. what, ""))
    end
    local looks = 0
    repeat
      assert.equal(200, service:request("/healthz").status)
      looks = looks + 1
    until looks == 500 or (count "503" > 0 and count "200" > 0)
    assert.is_true(count "503" > 0 and count "200" > 0)
    for _ = 1, 20 do
      assert.equal(200, service:request("/v1/stores").status)
      assert.equal(200, service:post("/v1/polls", "application/json", '{"store_id":"a","status":"active"}').status)
      assert.equal(200, service:request("/readyz").status)
    end
    assert.is_true(count "200" <= 70)
    shell.run("kill " .. pid)
    service:stop()
    files.remove_folder(folder)
  end)
end)
