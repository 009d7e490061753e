-- The logs of a service: who has asked for what, and who has changed what.

local await = require "support.await"
local cjson = require "cjson"

local database = require "support.database"
local files = require "support.files"
local server = require "support.server"
local shell = require "support.shell"
local core = require "loom.core"

describe("the logs of a service", function()
  local folder, service, tokens

  setup(function()
    folder = files.make_folder()
    database.make(folder .. "/db")
    tokens = {}
    local lines = {}
    for _, scope in ipairs { "read", "write" } do
      local line
      tokens[scope], line = shell.good("token", scope, 'the "' .. scope .. '" one'):match("^token: (%S+)\nline:  ([^\n]+)\n$")
      lines[#lines + 1] = line
    end
    files.write(folder .. "/tokens", table.concat(lines, "\n") .. "\n")
    service = server.start(folder, { arguments = { "--token-file", folder .. "/tokens", "--access-log", folder .. "/access",
      "--audit-log", folder .. "/audit", "--log-level", "info" } })
  end)

  teardown(function()
    service:stop()
    files.remove_folder(folder)
  end)

  local function send(method, target, token, ...)
    return service:request(target, "-X", method, "-H", "Authorization: Bearer " .. (token or "none"), "--path-as-is", ...)
  end

  -- Nginx writes once a request has ended, which the client may see first.
  local function await_entry(name, target)
    return await(target .. " in " .. name, function()
      for line in files.read(folder .. "/" .. name):gmatch "[^\n]+" do
        local entry = cjson.decode(line)
        if entry.target == target then
          return entry
        end
      end
    end, function()
      return files.read(folder .. "/" .. name)
    end)
  end

  it("tell who has asked for what", function()
    assert.equal(200, send("GET", "/v1/stores?limit=3", tokens.read, "-A", 'a "quoted"\\ agent').status)
    local entry = await_entry("access", "/v1/stores?limit=3")
    assert.same({ 'the "read" one', "GET", "/v1/stores", 200, "127.0.0.1", 'a "quoted"\\ agent' },
      { entry.token, entry.method, entry.route, entry.status, entry.address, entry.agent })
    assert.is_true(entry.bytes > 100 and entry.seconds >= 0)
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d[+-]%d%d:%d%d$", entry.time)
    assert.equal(401, send("GET", "/v1/stores?limit=4").status)
    entry = await_entry("access", "/v1/stores?limit=4")
    assert.same({ "", 401 }, { entry.token, entry.status })
    assert.equal(404, send("GET", "/nothing").status)
    assert.same({ 404, "" }, { await_entry("access", "/nothing").status, await_entry("access", "/nothing").route })
  end)

  it("tell of reports that nginx sends", function()
    local id = send("POST", "/trigger_report", tokens.write).json.report_id
    local response
    repeat
      response = send("GET", "/get_report/" .. id .. "?format=csv", tokens.read)
    until not response.json
    repeat
      local last = files.read(folder .. "/access"):match '([^\n]*"route":"/get_report/{report_id}"[^\n]*)\n[^\n]*$' or ""
      service:request "/healthz"
    until last:find('"token":"the \\"read\\" one"', 1, true)
    assert.is_nil(files.read(folder .. "/audit"):find("get_report", 1, true))
  end)

  it("tell who has changed what, and who has tried to", function()
    local target = "/v1/stores/caf%C3%A9%0A%22x/timezone"
    local put = send("PUT", target, tokens.write, "-H", "Content-Type: application/json", "--data", '{"timezone_str":"UTC"}')
    assert.equal(200, put.status, put.body)
    local entry = await_entry("audit", target)
    assert.same({ 'the "write" one', "PUT", "/v1/stores/{store_id}/timezone", "caf\195\169\n\"x", 200 },
      { entry.token, entry.method, entry.route, entry.store, entry.status })
    assert.equal(403, send("DELETE", "/v1/stores/a/hours", tokens.read).status)
    entry = await_entry("audit", "/v1/stores/a/hours")
    assert.same({ 'the "read" one', "a", 403 }, { entry.token, entry.store, entry.status })
    assert.equal(200, send("POST", "/v1/ingest/timezones?max_rejects=1", tokens.write, "-H", "Content-Type: text/csv",
      "-H", "Transfer-Encoding: chunked", "--data-binary", "store_id,timezone_str\nnight,UTC\n").status)
    entry = await_entry("audit", "/v1/ingest/timezones?max_rejects=1")
    assert.same({ 200, 200 }, { entry.status, await_entry("access", "/v1/ingest/timezones?max_rejects=1").status })
    assert.is_nil(files.read(folder .. "/audit"):find('"method":"GET"', 1, true))
  end)

  it("are UTF-8, as JSON has to be, whatever bytes clients send", function()
    assert.equal(400, send("PUT", "/v1/stores/%FFid/timezone", tokens.write, "-H", "Content-Type: application/json", "--data",
      '{"timezone_str":"none"}').status)
    assert.equal("\239\191\189id", await_entry("audit", "/v1/stores/%FFid/timezone").store)
    assert.equal(404, send("GET", "/nothing?\255caf\195\169", tokens.read, "-A", "an \254 agent").status)
    assert.equal("an \239\191\189 agent", await_entry("access", "/nothing?\239\191\189caf\195\169").agent)
    for _, name in ipairs { "access", "audit" } do
      local text = files.read(folder .. "/" .. name)
      assert.equal(core.utf8(text), text)
    end
  end)

  it("are opened anew on SIGUSR1", function()
    assert(os.rename(folder .. "/access", folder .. "/access.1"))
    assert.equal(0, shell.run("kill -USR1 " .. service.pid).status)
    for i = 1, 1000 do
      service:request("/healthz?" .. i)
      if files.exists(folder .. "/access") and files.read(folder .. "/access") ~= "" then
        break
      end
    end
    assert.matches("/healthz", files.read(folder .. "/access"), 1, true)
    await("a line of the workers that still had the old one", function()
      service:request "/v1/stores?limit=5"
      return files.read(folder .. "/access"):find("/v1/stores?limit=5", 1, true)
    end)
    assert.equal(401, await_entry("access", "/v1/stores?limit=5").status)
  end)

  it("have no lines that clients have made up", function()
    local forged = "x\n2026/01/01 00:00:00 [error] forged"
    assert.equal(400, send("PUT", "/v1/stores/a/timezone", tokens.write, "-H", "Content-Type: application/json", "--data",
      cjson.encode { timezone_str = forged }).status)
    for _, name in ipairs { "server.log", "access", "audit" } do
      assert.is_nil(("\n" .. files.read(folder .. "/" .. name)):find("\n2026/01/01 00:00:00 [error] forged", 1, true))
    end
  end)

  it("need not both be kept", function()
    for _, option in ipairs { "--access-log", "--audit-log" } do
      local path = folder .. "/one" .. option
      local alone = server.start(folder, { arguments = { option, path } })
      assert.equal(200, alone:request("/readyz").status)
      assert.equal(200, alone:request("/trigger_report", "-X", "POST").status)
      alone:stop()
      assert.equal("POST", cjson.decode(files.read(path):match "[^\n]+\n$").method)
    end
  end)
end)
