-- Rules and channels that are Lua functions: by the command, from a file.
local book = require "loom.alerts.book"
local config = require "loom.agent.config"
local configuration = require "loom.alerts.configuration"
local files = require "support.files"
local loom = require "loom"
local shell = require "support.shell"

describe("an agent's file", function()
  local folder, db

  files.folder_for_each(function(made)
    folder = made
    db = folder .. "/db"
    local monitor = assert(loom.open(db, { create = true }))
    assert(monitor:set_attributes("1", { region = "west" }))
    monitor:close()
  end)

  local function write(text)
    return files.write(folder .. "/config.lua", text)
  end

  local function agent(path, clock)
    return (shell.good("agent", db, "--once", "--clock", clock, "--config", path))
  end

  local FILE = [[
return {
  rules = {
    { name = "staff", severity = "critical", when = function(monitor, at)
      assert(monitor:stores()().store_id == "1")
      return at < 1700000060 and { ["1"] = "nobody is there" }
    end },
    { name = "fleet", when = function(_, at)
      if at >= 1700000120 then error "no idea" end
      return true
    end },
  },
  channels = { { name = "board", call = function(message)
    for _, event in ipairs(message.events) do
      print(event.rule, event.state, event.subject.kind, event.subject.id, event.text)
    end
  end } },
}]]

  it("has rules that fire for what they name, and channels that are called", function()
    local path = write(FILE)
    assert.equal("fleet\tfiring\tfleet\t\tnil\nstaff\tfiring\tstore\t1\tnobody is there\n",
      agent(path, "2023-11-14 22:13:20 UTC"))
    assert.equal("", agent(path, "2023-11-14 22:13:30 UTC"))
    assert.equal("staff\tresolved\tstore\t1\tnobody is there\n", agent(path, "2023-11-14 22:14:20 UTC"))
    local result = shell.run(shell.line("agent", db, "--once", "--clock", "2023-11-14 22:15:20 UTC", "--config", path))
    assert.same({ 1, "" }, { result.status, result.out })
    assert.is_truthy(result.err:find("alerts are not evaluated: rule fleet: ", 1, true))
    local monitor = assert(loom.open(db))
    assert.equal("fleet", assert(book.list(monitor, { state = "open" }))[1].rule)
    assert.same({}, assert(configuration.export(monitor)).channels)
    monitor:close()
    assert.equal("fleet\tresolved\tfleet\t\tnil\n",
      (agent(write('return { channels = { { name = "board", ' .. FILE:match "call = function.*$"), "2023-11-14 22:16:20 UTC")))
  end)

  it("has channels that are told where the dashboard is", function()
    local minute = 0
    local function link(holds, ...)
      minute = minute + 1
      return (shell.good("agent", db, "--once", "--clock", ("2023-11-14 22:%02d:00 UTC"):format(minute), "--config",
        write(([[return {
        rules = { { name = "all", when = function() return %s end } },
        channels = { { name = "board", call = function(message) print(message.link) end } } }]]):format(holds)), ...))
    end
    assert.equal("https://example.org/loom/ui/alerts\n", link("true", "--url", "https://example.org/loom/"))
    assert.equal("http://10.0.0.1:8080/ui/alerts\n", link("false", "--url", "http://10.0.0.1:8080"))
    assert.equal("nil\n", link "true")
    for _, url in ipairs { "ftp://example.org", "https://", "https://example.org/\"x", "https://example.org/\n" } do
      assert.equal(2, shell.loom("agent", db, "--once", "--url", url).status)
    end
  end)

  it("has no rule with the name of one that is stored", function()
    local monitor = assert(loom.open(db))
    assert(monitor:set_rule { name = "staff", enabled = false, when = { kind = "late_open", time = "10m" } })
    monitor:close()
    local path = write(FILE)
    local result = shell.loom("agent", db, "--once", "--config", path)
    assert.equal(1, result.status)
    assert.equal('loom: rule "staff": there is one of this name that is stored\n', result.err)
  end)

  it("says what is wrong with it", function()
    local function failure(text)
      local message = select(2, config.load(write(text)))
      local at = message:find(folder, 1, true) -- of what Lua itself says, a long one is cut at its beginning
      return at and message:sub(1, at - 1) .. "FOLDER" .. message:sub(at + #folder) or message
    end
    assert.equal("EINVAL: FOLDER/config.lua: a table of rules and channels expected, got nothing", failure "return nil")
    assert.equal("EINVAL: FOLDER/config.lua: mutes is unknown: it is none of rules, channels", failure "return { mutes = {} }")
    assert.equal("EINVAL: FOLDER/config.lua: rules \"a\": when is missing", failure 'return { rules = { { name = "a" } } }')
    assert.is_truthy(failure('return { rules = { { name = "a", when = { kind = "down_for" } } } }'):find "loom apply")
    assert.is_truthy(failure('return { rules = { { name = "stale", when = print } } }'):find 'rules "stale": name: another name')
    assert.is_truthy(failure("return {"):find "config.lua:1")
    assert.is_truthy(failure("error 'x'"):find "config.lua:1: x")
  end)
end)
