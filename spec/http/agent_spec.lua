-- The agent beside a service: it is started, started again and ended, and the service goes on without it.

local await = require "support.await"
local files = require "support.files"
local loom = require "loom"
local outbox = require "loom.agent.outbox"
local set_channel = require("support.outbox").set_channel
local server = require "support.server"
local shell = require "support.shell"
local transaction = require "loom.transaction"

local is_root = shell.run("test $(id -u) = 0").status == 0

describe("the agent of a service", function()
  local folder, service

  before_each(function()
    folder = files.make_folder()
    service = nil
  end)

  after_each(function()
    if service then
      service:stop()
    end
    files.remove_folder(folder)
  end)

  local function start(options)
    options = options or {}
    options.agent = options.agent == nil or options.agent
    service = server.start(folder, options)
    return service
  end

  local function log()
    return files.read(folder .. "/server.log")
  end

  -- The agent's process; with `other`, one that is not that.
  local function agent_pid(other)
    for pid, line in shell.run(shell.ps .. " -o pid=,args= --ppid " .. service.pid).out:gmatch "(%d+) ([^\n]*)" do
      if line:find(" agent ", 1, true) and tonumber(pid) ~= other then
        return tonumber(pid)
      end
    end
  end

  -- Kills the one that was started, and expects all others to end.
  local function kill_service(agent)
    local workers = service:workers()
    local master = tonumber(shell.run(shell.ps .. " -o ppid= -p " .. workers[1]).out)
    shell.run("kill -9 " .. service.pid)
    for _, pid in ipairs { agent, workers[1], workers[2], master } do
      assert.is_true(shell.await_end(pid, 30))
    end
    service = nil
  end

  local function put(id)
    local now = os.time() * 1000000
    local monitor = assert(loom.open(folder .. "/db"))
    assert(set_channel(monitor, { name = "log", kind = "log" }))
    assert(transaction.run(monitor.database, function(execute)
      return outbox.put(execute, { { id = id:rep(26), alert = id:rep(26), rule = "rule " .. id, severity = "critical",
        state = "firing", subject = { kind = "store", id = "42" }, at = now, since = now, text = "down", group = "down",
        channels = { "log" } } }, now)
    end, true))
    monitor:close()
  end

  local function told(id)
    await("what was put", function()
      return log():find("firing: rule " .. id, 1, true)
    end)
  end

  it("delivers, is started again when it is killed, and ends with the service", function()
    start()
    put "A"
    told "A"
    local first = agent_pid()
    shell.run("kill -9 " .. first)
    assert.equal(200, service:request("/healthz").status)
    put "B"
    told "B"
    assert.matches("loom: the agent has been ended by signal 9; it is started again in 1000 ms\n", log(), 1, true)
    assert.equal(200, service:request("/readyz").status)
    local second = await("another agent", function() return agent_pid(first) end)
    service:stop()
    service = nil
    assert.is_true(shell.await_end(second, 1))
  end)

  it("has the zone of stores without one that the service has, which is one that there is", function()
    start { arguments = { "--default-zone", "Asia/Tokyo" } }
    local pid = await("the agent", agent_pid)
    assert.matches(" --default-zone=Asia/Tokyo", shell.run(shell.ps .. " -o args= -p " .. pid).out, 1, true)
    local monitor = assert(loom.open(folder .. "/db"))
    assert(monitor:polls { { "1", true, 1700000000 } })
    monitor:close()
    local body = service:request("/v1/stores/1/explain").body
    assert.matches([["Asia/Tokyo"]], body, 1, true)
    local result = shell.loom("serve", folder .. "/db", "--default-zone", "Mars/Base")
    assert.equal(1, result.status)
    assert.matches('loom: --default-zone: timezone "Mars/Base" ', result.err, 1, true)
  end)

  it("ends with a service that is killed", function()
    start()
    kill_service(await("the agent", agent_pid))
  end)

  it("is not there where it is not wanted", function()
    start { agent = false }
    assert.is_nil(agent_pid())
  end)

  it("hears where the service is reached, and whom it may speak to", function()
    start { arguments = { "--agent-url", "https://example.org/loom", "--agent-allow", "10.0.0.0/8" } }
    local pid = await("the agent", agent_pid)
    local line = shell.run(shell.ps .. " -o args= -p " .. pid).out
    assert.matches(" --allow=10.0.0.0/8 --url=https://example.org/loom", line, 1, true)
  end)

  it("is missing where libcurl is, which is told in a line, and the service goes on", function()
    local build = shell.run("cd \"$LOOM_BUILD\" && pwd").out:match "[^\n]+"
    for _, lua in ipairs { "lua5.4", "luajit" } do
      local place = ("%s/build/%s/loom"):format(folder, lua)
      shell.run(("mkdir -p %s && ln -s %s/%s/loom/core.so %s/"):format(place, build, lua, place))
    end
    start { before = ("LOOM_BUILD=%s/build LUA_CPATH=';;'"):format(folder) }
    await("a line", function()
      return log():find "loom: alerts are sent by libcurl, for which Loom's module is not there [^\n]*\n"
    end)
    await("the agent's end", function() return not agent_pid() end)
    assert.equal(200, service:request("/readyz").status)
    assert.is_nil(log():find("started again", 1, true))
    assert.equal(1, select(2, log():gsub("libcurl,", "")))
  end)

  it("is whom the workers run as", function()
    if not is_root then
      return pending "only root chooses"
    end
    local data = folder .. "/data"
    shell.run(("mkdir %s && chown nobody:nogroup %s"):format(data, data))
    if not shell.lets_nobody_in(folder) then
      return pending "nobody cannot get here"
    end
    start { database = data .. "/db" }
    local pid = await("the agent", agent_pid)
    await("the agent as nobody", function()
      return shell.run(shell.ps .. " -o user=,comm= -p " .. pid).out:find "nobody *lua"
    end)
    kill_service(pid) -- although that is somebody else's
  end)
end)
