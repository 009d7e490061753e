-- The agent: one at a time, by the command and as a handle.
local cjson = require "cjson"
local Agent = require "loom.agent"
local await = require "support.await"
local files = require "support.files"
local loom = require "loom"
local outbox = require "loom.agent.outbox"
local set_channel = require("support.outbox").set_channel
local shell = require "support.shell"
local transaction = require "loom.transaction"

local START = 1700000000000000

describe("an agent", function()
  local folder, db

  files.folder_for_each(function(made)
    folder = made
    db = folder .. "/db"
    local monitor = assert(loom.open(db, { create = true }))
    assert(set_channel(monitor, { name = "log", kind = "log" }))
    assert(set_channel(monitor, { name = "beat", kind = "heartbeat", url = "http://127.0.0.1:1/" }))
    assert(transaction.run(monitor.database, function(execute)
      return outbox.put(execute, { { id = ("E"):rep(26), alert = ("A"):rep(26), rule = "down", severity = "critical",
        state = "firing", subject = { kind = "store", id = "42" }, at = START, since = START, text = "for 30 min", group = "down",
        channels = { "log", "beat" } } }, START)
    end, true))
    monitor:close()
  end)

  it("delivers by the command, once", function()
    local _, err = shell.good("agent", db, "--once", "--clock", "2023-11-14 22:13:21 UTC", "--allow", "127.0.0.1")
    assert.equal("loom: [critical] firing: down: store 42: for 30 min (since 2023-11-14 22:13 UTC)\n", err)
    _, err = shell.good("agent", db, "--once", "--clock", "2023-11-14 22:14:21 UTC") -- before the heartbeat has failed for long
    assert.equal("", err)
  end)

  it("is the only one on its database, until it ends or its lease is over", function()
    local one, other = assert(loom.open(db)), assert(loom.open(db))
    local now = START
    local function agent_of(monitor)
      return assert(Agent.new(monitor, { now = function() return now end }))
    end
    local first, second = agent_of(one), agent_of(other)
    assert.is_true(first:lead())
    assert.is_false(second:round())
    now = now + 59 * 1000000
    assert.is_true(first:lead())
    now = now + 59 * 1000000
    assert.is_false(second:lead())
    now = now + 2 * 1000000
    assert.is_true(second:lead())
    assert.is_false(first:lead())
    second:close()
    assert.is_true(first:lead())
    first:close()
    one:close()
    other:close()
  end)

  it("beats after rounds that are complete alone, and tells once why they are not", function()
    local monitor, lines, now = assert(loom.open(db)), {}, START
    local agent = assert(Agent.new(monitor, { now = function() return now end, tell = function(line)
      lines[#lines + 1] = line
    end }))
    assert(agent:round())
    assert.equal(START, agent.beaten)
    local usual = agent.judge.round
    agent.judge.round = function()
      return nil, "EIO: the disk is gone", "EIO"
    end
    lines = {}
    for _ = 1, 3 do
      now = now + 60 * 1000000
      assert(agent:round())
    end
    assert.same({ START, { "alerts are not evaluated: EIO: the disk is gone" } }, { agent.beaten, lines })
    agent.judge.round = usual
    assert(agent:round())
    assert.equal(now, agent.beaten)
    agent:close()
    monitor:close()
  end)

  it("tells the others once of a channel that has failed for an hour, and once when it takes messages again", function()
    local monitor, lines, now = assert(loom.open(db)), {}, START
    local function set(definition)
      assert(set_channel(monitor, definition))
    end
    set { name = "hook", kind = "webhook", url = "http://127.0.0.1:1/" } -- nobody listens there
    local function put(name)
      assert(transaction.run(monitor.database, function(execute)
        return outbox.put(execute, { { id = (name):rep(26), alert = (name):rep(26), rule = "down", severity = "critical",
          state = "firing", subject = { kind = "store", id = "1" }, at = now, since = now, group = name,
          channels = { "hook" } } }, now)
      end, true))
    end
    local agent = assert(Agent.new(monitor, { now = function() return now end, allow = { "127.0.0.1" }, tell = function(line)
      lines[#lines + 1] = line:match "channel failing.*" and line:match "^%[%w+%] (%w+)"
    end }))
    local function rounds(seconds, count)
      for _ = 1, count do
        now = now + seconds * 1000000
        assert(agent:round(true))
      end
    end
    put "H"
    rounds(1, 2)
    assert.same({}, lines)
    rounds(3600, 1)
    rounds(60, 3)
    assert.same({ "firing" }, lines)
    set { name = "hook", kind = "log" }
    put "I"
    rounds(60, 3)
    assert.same({ "firing", "resolved" }, lines)
    assert.is_nil(monitor:query [[SELECT 1 FROM alert_event WHERE rule = 'channel failing'
      AND alert NOT IN (SELECT id FROM alert)]]())
    agent:close()
    monitor:close()
  end)

  it("goes on after what is raised, be it in the evaluation or the delivery, and tells it", function()
    local monitor, lines = assert(loom.open(db)), {}
    local agent = assert(Agent.new(monitor, { now = function() return START end, tell = function(line)
      lines[#lines + 1] = line
    end }))
    local judge, delivery = agent.judge, agent.delivery
    function judge.round()
      error "no rules"
    end
    function delivery.round()
      error "no messages"
    end
    local counts, message = agent:round()
    assert.is_nil(counts)
    assert.matches("no messages", message)
    assert.matches("^alerts are not evaluated: .*no rules$", lines[1])
    delivery.round = nil
    assert.same({ delivered = 1 }, assert(agent:round()))
    judge.round = nil
    assert.same({}, assert(agent:round()))
    assert.is_truthy(agent.judged)
    assert.equal(2, #lines)
    agent:close()
    monitor:close()
  end)

  it("goes on by the command after rounds that fail", function()
    local config = files.write(folder .. "/config.lua", [[
local outbox, failures = require "loom.agent.outbox", 2
local due = outbox.due
outbox.due = function(...)
  failures = failures - 1
  if failures >= 0 then
    return nil, "EBUSY: the database is in use", "EBUSY"
  end
  return due(...)
end
return {}]])
    files.write(folder .. "/err", "")
    local pid = shell.run(("%s >%s/out 2>>%s/err & echo $!"):format(shell.line("agent", db, "--config", config), folder, folder))
      .out:match "%d+"
    await("the message", function()
      return files.read(folder .. "/err"):find("[critical] firing: down", 1, true)
    end, function() return files.read(folder .. "/err") end)
    shell.run("kill -TERM " .. pid)
    assert.is_true(shell.await_end(pid, 30))
    local _, count = files.read(folder .. "/err"):gsub("loom: EBUSY: the database is in use; it is tried again\n", "")
    assert.equal(1, count)
  end)

  it("takes over at once from one that was killed", function()
    local script = files.write(folder .. "/agent.lua", [[
local monitor = assert(require "loom".open(arg[1]))
local agent = assert(require "loom.agent".new(monitor, { now = function() return 1700000000000000 end }))
assert(agent:lead())
os.exit(0, false)]])
    assert.equal(0, shell.run(("%s %s %s"):format(shell.lua, script, db)).status)
    local monitor = assert(loom.open(db))
    local agent = assert(Agent.new(monitor, { now = function() return START end }))
    assert.is_true(agent:lead())
    agent:close()
    monitor:close()
  end)

  it("is asked why it told something: alerts, their flags and their deliveries", function()
    local monitor, polls = assert(loom.open(db)), {}
    for minute = -60, 0, 10 do
      polls[#polls + 1] = { "1", minute < -30, 1700000000 + minute * 60 }
    end
    assert(monitor:polls(polls))
    assert(monitor:set_rule { name = "down", severity = "error", when = { kind = "down_for", time = "10m" } })
    monitor:close()
    shell.good("agent", db, "--once", "--clock", "2023-11-14 22:13:21 UTC")
    local out = shell.good("alerts", "explain", db, "down", "1")
    assert.matches("\n  alert      %w+ firing since 2023%-11%-14 21:43:20", out)
    assert.matches("\n  told       log of firing: delivered, tried 1 time\n", out)
    local found = cjson.decode((shell.good("alerts", "explain", db, "down", "1", "--format", "json"))).alert
    assert.is_false(found.flags.acknowledged)
    assert.same({ "firing", "delivered", "log", 1 }, { found.state, found.deliveries[1].outcome, found.deliveries[1].channel,
      found.deliveries[1].tries })
  end)

  it("measures by the zone that stores without one are in", function()
    local monitor = assert(loom.open(db))
    local polls = {}
    for minute = -60, 0, 10 do
      polls[#polls + 1] = { "1", minute < -30, 1700000000 + minute * 60 }
    end
    assert(monitor:polls(polls))
    assert(monitor:set_rule { name = "down", text = "{timezone}", when = { kind = "down_for", time = "10m" } })
    monitor:close()
    local _, err = shell.good("agent", db, "--once", "--clock", "2023-11-14 22:13:21 UTC", "--default-zone", "Asia/Tokyo")
    assert.matches("firing: down: store 1: Asia/Tokyo", err, 1, true)
    local result = shell.loom("agent", db, "--once", "--default-zone", "Mars/Base")
    assert.equal(1, result.status)
    assert.matches('loom: --default-zone: timezone "Mars/Base" ', result.err, 1, true)
  end)

  it("fails once it has evaluated all that it could, where that is not all", function()
    local monitor = assert(loom.open(db))
    local polls = {}
    for minute = -60, 0, 10 do
      polls[#polls + 1] = { "1", minute < -30, 1700000000 + minute * 60 }
    end
    assert(monitor:polls(polls))
    assert(monitor:set_rule { name = "down", when = { kind = "down_for", time = "10m" } })
    monitor:close()
    files.write(folder .. "/config.lua", [[return { rules = { { name = "staff", when = function() error "no list" end } } }]])
    local result = shell.loom("agent", db, "--once", "--clock", "2023-11-14 22:13:21 UTC", "--config", folder .. "/config.lua")
    assert.equal(1, result.status)
    assert.matches("firing: down: store 1", result.err, 1, true)
    local _, times = result.err:gsub("loom: alerts are not evaluated: [^\n]*no list", "")
    assert.equal(1, times, result.err)
    shell.good("agent", db, "--once", "--clock", "2023-11-14 22:14:21 UTC")
    monitor = assert(loom.open(db))
    assert(transaction.run(monitor.database, function(execute)
      return execute [[UPDATE configuration SET definition = '{"name":"down","when":{"kind":"x"}}' WHERE name = 'down']]
    end, true))
    monitor:close()
    result = shell.loom("agent", db, "--once", "--clock", "2023-11-14 22:15:21 UTC")
    assert.equal(1, result.status)
    assert.matches('loom: a rule is not evaluated: rule "down"', result.err, 1, true)
  end)

  it("hears what others write while it runs, tells it, and ends when it is asked to", function()
    shell.good("agent", db, "--once") -- what is there already
    local monitor = assert(loom.open(db))
    assert(monitor:set_rule { name = "down", severity = "error", when = { kind = "down_for", time = "10m" } })
    files.write(folder .. "/err", "") -- a busy machine may look for it before the shell has made it
    local pid = shell.run(("%s >%s/out 2>>%s/err & echo $!"):format(shell.line("agent", db), folder, folder)).out:match "%d+"
    local function heard(text)
      return await(text, function()
        return files.read(folder .. "/err"):find(text, 1, true)
      end, function() return files.read(folder .. "/err") end)
    end
    await("the first round", function()
      return monitor:query "SELECT 1 FROM service WHERE name = 'alert round'"()
    end)
    local polls, now = {}, os.time()
    for at = now - 3600, now, 600 do
      polls[#polls + 1] = { "1", at < now - 1800, at }
    end
    assert(monitor:polls(polls))
    heard "[error] firing: down: store 1"
    assert(monitor:delete_rule "down")
    heard "[error] resolved: down: store 1"
    shell.run("kill -TERM " .. pid)
    assert.is_true(shell.await_end(pid, 30))
    assert.is_nil(monitor:query "SELECT value FROM service WHERE name = 'agent'"())
    monitor:close()
  end)
end)
