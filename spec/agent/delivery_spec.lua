-- From events in the database to receivers: what is written when, what is tried again and when, and that nothing is lost.
local channel_store = require "loom.agent.channel_store"
local cjson = require "cjson.safe"
local await = require "support.await"
local core = require "loom.core"
local Delivery = require "loom.agent.delivery"
local database = require "support.database"
local files = require "support.files"
local outbox = require "loom.agent.outbox"
local set_channel = require("support.outbox").set_channel
local shell = require "support.shell"
local transaction = require "loom.transaction"
local ulid = require "loom.ulid"

local DAY = 86400 * 1000000
local START = 1700000000000000

local serial = 0

local function event(alert, state, fields)
  serial = serial + 1
  local made = { id = ("%026d"):format(serial), alert = alert, rule = "down", severity = "critical", state = state,
    subject = { kind = "store", id = "1" }, at = START + serial, since = START, text = "down", group = alert,
    channels = { "hook" } }
  for name, value in pairs(fields or {}) do
    made[name] = value
  end
  return made
end

describe("the outbox", function()
  local folder, monitor, now, receivers

  before_each(function()
    folder, now, receivers = files.make_folder(), START, {}
    monitor = database.open_warm(folder .. "/db")
  end)

  after_each(function()
    for _, pid in ipairs(receivers) do
      shell.run("kill -9 " .. pid .. " 2>/dev/null")
      shell.await_end(pid, 10)
    end
    monitor:close()
    files.remove_folder(folder)
  end)

  local function start_receiver(script, ...)
    local result = shell.run(([[
LD_PRELOAD= node spec/support/%s %s >%s/port 2>%s/err </dev/null &
echo $!
tries=3000
until [ -s %s/port ]; do tries=$((tries - 1)); [ $tries -gt 0 ] || exit 1; sleep 0.02; done]]):format(script,
      shell.words(folder .. "/log", ...), folder, folder, folder))
    assert(result.status == 0, result.err)
    local pid = result.out:match "%d+"
    receivers[#receivers + 1] = pid
    local port = files.read(folder .. "/port"):match "%d+"
    os.remove(folder .. "/port")
    return port, pid
  end

  local function receive(mode, seed)
    local port, pid = start_receiver("receiver.mjs", mode, tostring(seed or 1))
    return "http://127.0.0.1:" .. port .. "/secret", pid
  end

  local function put(...)
    local list = { ... }
    return assert(transaction.run(monitor.database, function(execute)
      return outbox.put(execute, list, now)
    end, true))
  end

  local function round(options)
    options = options or {}
    options.allow, options.now, options.time_limit = { "127.0.0.1" }, function() return now end, options.time_limit or 15000
    options.random = options.random or function() return 0.5 end
    local delivery = assert(Delivery.new(monitor, options))
    local counts = assert(delivery:round())
    delivery:close()
    return counts
  end

  -- What was received: `done`, `id` and `events`, in order.
  local function received()
    local list = {}
    for line in (files.exists(folder .. "/log") and files.read(folder .. "/log") or ""):gmatch "[^\n]+" do
      local done, id, events = line:match "^(%S+) (%S+) (.*)$"
      list[#list + 1] = { done = done, id = id, events = events }
    end
    return list
  end

  local function list(outcome)
    return require("support.outbox").list(monitor, outcome)
  end

  it("brings what is written to its channel, once", function()
    assert(set_channel(monitor, { name = "hook", kind = "webhook", url = (receive "ok") }))
    put(event("a", "firing"), event("b", "firing", { channels = { "hook", "none" } }))
    assert.same({ delivered = 2 }, round())
    assert.same({}, round())
    local got = received()
    assert.equal(2, #got)
    assert.matches("^msg_%w+$", got[1].id)
    assert.not_equal(got[1].id, got[2].id)
    assert.equal(2, #list "delivered")
    assert.equal("200 so ok", list("delivered")[1].answer)
  end)

  it("joins events of a thread in a message until it is tried, and tells those that are known once", function()
    assert(set_channel(monitor, { name = "hook", kind = "webhook", url = (receive "fail") }))
    local first = event("a", "firing")
    put(first)
    put(first)
    put(event("a", "resolved"))
    assert.same({ again = 1 }, round())
    put(event("a", "firing"))
    assert.equal(2, #list "pending")
    assert.same({}, round()) -- the second waits for the first, which is not due
    now = now + 5 * 1000000
    assert.same({ again = 1 }, round())
    local got = received()
    assert.equal(2, #got)
    assert.equal(got[1].id, got[2].id)
    assert.equal(got[1].events, got[2].events)
    assert.matches("firing.*resolved", got[1].events)
  end)

  it("tries again at the times that there are, and gives up after the last", function()
    assert(set_channel(monitor, { name = "hook", kind = "webhook", url = (receive "fail") }))
    put(event("a", "firing"))
    for try = 1, #outbox.DELAYS do
      assert.same({ again = 1 }, round(), try)
      if try < #outbox.DELAYS then
        local due = list("pending")[1].due
        assert.equal(outbox.DELAYS[try + 1] * 1000000, due - now)
        now = due - 1
        assert.same({}, round())
        now = due
      end
    end
    assert.equal(1, #list "dead")
    assert.equal(10, list("dead")[1].tries)
  end)

  it("has what cannot be made or sent as dead letters, and brings the others", function()
    local url, many = receive "ok", {}
    for i = 1, 101 do
      many[i] = ("%d@example.org"):format(i)
    end
    assert(set_channel(monitor, { name = "mail", kind = "email", url = "smtp://127.0.0.1:1", from = "a@example.org",
      to = { "b@example.org" } }))
    assert(transaction.run(monitor.database, function(execute) -- as it was accepted once
      return execute("UPDATE alert_channel SET definition = ? WHERE name = 'mail'",
        cjson.encode { url = "smtp://127.0.0.1:1", from = "a@example.org", to = many })
    end, true))
    assert(set_channel(monitor, { name = "bad", kind = "log" }))
    assert(set_channel(monitor, { name = "hook", kind = "webhook", url = url }))
    put(event("a", "firing", { channels = { "mail", "bad", "hook" } }))
    local log = require "loom.agent.channels.log"
    local usual = log.requests
    log.requests = function(message)
      return message.none.none
    end
    local good, counts = pcall(round)
    log.requests = usual
    assert.is_true(good, counts)
    assert.same({ dead = 2, delivered = 1 }, counts)
    assert.equal(1, #received())
    for _, letter in ipairs(list "dead") do
      assert.matches("^it cannot be sent: [%w' #]", letter.answer)
      assert.is_nil(letter.answer:find("%.lua"), letter.answer)
    end
  end)

  it("sends a message once, also where what became of it cannot be written at once", function()
    assert(set_channel(monitor, { name = "hook", kind = "webhook", url = (receive "ok") }))
    local delivery = assert(Delivery.new(monitor, { allow = { "127.0.0.1" }, now = function() return now end }))
    put(event("a", "firing"), event("b", "firing"))
    local usual, failures = outbox.settle, 3
    outbox.settle = function(...)
      failures = failures - 1
      if failures >= 0 then
        return nil, "EBUSY: the database is in use", "EBUSY"
      end
      return usual(...)
    end
    local rounds, failed = 0, 0
    repeat
      rounds = rounds + 1
      local good, counts, why = pcall(delivery.round, delivery)
      if good and not counts then
        failed = failed + 1
        assert.equal("EBUSY: the database is in use", why)
      end
      now = now + 60 * 1000000 -- longer than a try may take
      put(event("a", "resolved"))
    until #list "delivered" == 2 or rounds == 20
    outbox.settle = usual
    assert(delivery:round())
    delivery:close()
    assert.equal(3, failed)
    local got, ids = received(), {}
    for _, one in ipairs(got) do
      assert.is_nil(ids[one.id], "it came twice")
      ids[one.id] = true
    end
    assert.equal(#got, #list "delivered")
    assert.same({}, list "pending")
  end)

  it("takes from a function no time that is none", function()
    local answers = { 0 / 0, -1, "soon", {} }
    assert(transaction.run(monitor.database, function(execute)
      return execute "INSERT INTO alert_channel(name, kind, definition) VALUES('hook', 'lua', '{}')"
    end, true))
    for i, answer in ipairs(answers) do
      put(event(("a%d"):format(i), "firing"))
      assert.same({ again = 1 }, round { config = { channels = { hook = function() return false, answer end } } })
    end
    assert.equal(#answers, #list "pending")
  end)

  it("spreads tries by a fifth", function()
    assert(set_channel(monitor, { name = "hook", kind = "webhook", url = (receive "fail") }))
    for _, drawn in ipairs { 0, 1 } do
      put(event("a" .. drawn, "firing"))
      round { random = function() return drawn end }
    end
    local pending = list "pending"
    assert.equal(6 * 1000000, pending[1].due - now)
    assert.equal(4 * 1000000, pending[2].due - now)
  end)

  it("leaves a channel alone for as long as it asks for", function()
    assert(set_channel(monitor, { name = "hook", kind = "webhook", url = (receive "busy") }))
    put(event("a", "firing"))
    assert.same({ again = 1 }, round())
    put(event("b", "firing"))
    assert.same({}, round())
    now = now + 1000000
    assert.same({ again = 1 }, round()) -- that of b: a waits 5 s
  end)

  it("tells counts by zone and attribute, and the ten worst, of more than the rule's storm, and of no fewer", function()
    local heard
    assert(transaction.run(monitor.database, function(execute)
      return execute "INSERT INTO alert_channel(name, kind, definition) VALUES('hook', 'lua', '{}')"
    end, true))
    for i = 1, 30 do
      assert(monitor:set_attributes(tostring(i), { region = i > 25 and "east" or "west", number = tostring(i) }))
    end
    local function tell(count, fields)
      local events = {}
      for i = 1, count do
        events[i] = event("a" .. i, "firing", { group = "g", value = i, subject = { kind = "store", id = tostring(i),
          zone = i % 3 == 0 and "Europe/London" or "Europe/Paris" } })
        for name, value in pairs(fields[i] or fields) do
          events[i][name] = value
        end
      end
      put((table.unpack or unpack)(events)) -- luacheck: compat
      heard = nil
      assert.same({ delivered = 1 }, round { config = { channels = { hook = function(made) heard = made end } } })
      assert.equal(count, heard.total)
      assert.equal(count, #heard.all)
      return #heard.events
    end
    assert.equal(20, tell(20, { storm = 20 }))
    assert.is_nil(heard.attributes)
    assert.equal(10, tell(30, { storm = 20 }))
    assert.same({ { "Europe/Paris", 20 }, { "Europe/London", 10 } }, heard.zones)
    assert.equal(2, #heard.attributes) -- the number of each store is no news
    assert.same({ "region=west", 25, attribute = "region", value = "west" }, heard.attributes[1])
    assert.same({ "region=east", 5, attribute = "region", value = "east" }, heard.attributes[2])
    assert.equal("30", heard.events[1].subject.id)
    assert.equal(300, tell(300, { storm = 500 }))
    assert.equal(10, tell(501, { storm = 1000 })) -- as many as are told at all
    assert.equal(50, tell(50, {}))
    assert.equal(10, tell(51, {}))
    local two = {} -- the one has its own storm, which the other does not have
    for i = 1, 100 do
      two[i] = { rule = i > 21 and "b" or "a", storm = i > 21 and 200 or 20 }
    end
    assert.equal(10, tell(100, two))
    two[21].rule = "b"
    assert.equal(100, tell(100, two))
  end)

  it("keeps what is refused as a dead letter, which can be sent again or dropped", function()
    assert(set_channel(monitor, { name = "hook", kind = "webhook", url = (receive "wrong") }))
    put(event("a", "firing"), event("b", "firing"))
    assert.same({ dead = 2 }, round())
    local dead = list "dead"
    assert.equal("400 so wrong", dead[1].answer)
    assert.is_true(outbox.drop(monitor, dead[1].id, now))
    assert.is_true(outbox.retry(monitor, dead[2].id, now))
    assert.is_false(outbox.retry(monitor, dead[1].id, now))
    assert(set_channel(monitor, { name = "hook", kind = "webhook", url = (receive "ok") }))
    assert.same({ delivered = 1 }, round())
    local got = received()
    assert.equal(dead[2].id, got[#got].id)
  end)

  it("tells what has become of its alerts since of a dead letter that is sent again", function()
    local heard = {}
    local function tell(made)
      for _, one in ipairs(made.all) do
        heard[#heard + 1] = one.alert .. " " .. one.state .. (one.reason and " " .. one.reason or "")
      end
    end
    local function rounds()
      heard = {}
      round { config = { channels = { hook = tell } } }
      return heard
    end
    assert(transaction.run(monitor.database, function(execute)
      return execute "INSERT INTO alert_channel(name, kind, definition) VALUES('hook', 'lua', '{}')"
    end, true))
    put(event("a", "firing", { group = "g" }), event("b", "firing", { group = "g" }), event("c", "firing", { group = "g" }),
      event("d", "firing", { group = "g" }), event("d", "resolved", { group = "g" }))
    local id = list("pending")[1].id
    assert(transaction.run(monitor.database, function(execute)
      return execute("UPDATE alert_message SET outcome = 'dead', ended = ?", now)
    end, true))
    put(event("a", "resolved", { group = "g" }), event("c", "firing", { group = "g", reason = "repeat" }))
    assert.same({ "a resolved", "c firing repeat" }, rounds())
    assert.is_true(outbox.retry(monitor, id, now))
    assert.same({ "b firing", "d firing", "d resolved", "a resolved", "c firing repeat" }, rounds())
    assert.equal(id, list("delivered")[2].id)
  end)

  it("disables a channel whose receiver is gone, and says so", function()
    assert(set_channel(monitor, { name = "hook", kind = "webhook", url = (receive "gone") }))
    put(event("a", "firing"))
    now = now - 1
    put(event("z", "firing"), event("a", "resolved", { group = "waits" }))
    assert(transaction.run(monitor.database, function(execute)
      return execute("UPDATE alert_message SET due = ? WHERE thread <> 'a'", now + 10 * 1000000)
    end, true))
    now = now + 1
    assert.same({ disabled = 1 }, round())
    put(event("b", "firing"))
    assert.same({}, round())
    assert.same({ 0, 2 }, { #list "pending", #list "dropped" }) -- nothing waits for nobody
    assert.equal("410 Gone", channel_store.list(monitor)[1].disabled_reason)
  end)

  it("keeps to a channel's rate: what does not fit joins the next message of its group", function()
    assert(set_channel(monitor, { name = "hook", kind = "slack", url = "http://127.0.0.1:1/secret" }))
    for i = 1, 3 do
      put(event("a" .. i, "firing"))
    end
    assert.same({ again = 1 }, round()) -- nobody listens there
    put(event("a3", "resolved"))
    assert.equal(3, #list "pending")
    now = now + 1000000
    assert.same({ again = 1 }, round())
  end)

  it("is not silenced by a clock that jumps back", function()
    assert(set_channel(monitor, { name = "hook", kind = "slack", url = "http://127.0.0.1:1/secret" }))
    now = START + 30 * DAY
    put(event("a", "firing"), event("b", "firing"))
    assert.same({ again = 1 }, round()) -- the rate is used up
    assert(transaction.run(monitor.database, function(execute)
      return execute("UPDATE alert_channel SET hold = ?", now + 3600 * 1000000)
    end, true))
    now = START
    put(event("c", "firing"))
    local tried = 0
    for _ = 1, 4 do -- a, which was to be tried again 30 days from now, b and c, one a second
      tried = tried + (round().again or 0)
      now = now + 1000000
    end
    assert.equal(3, tried)
    assert.equal(0, #list "dead")
    local row = assert(monitor.database:row "SELECT hold, failing, tokens_at FROM alert_channel")
    assert.is_true(row.failing <= now and row.hold <= now and row.tokens_at <= now)
  end)

  it("gives Teams no more than 100 messages in any hour", function()
    assert(set_channel(monitor, { name = "hook", kind = "teams", url = "http://127.0.0.1:1/secret" }))
    local events, begun = {}, {}
    for i = 1, 250 do
      events[i] = event("a" .. i, "firing")
    end
    put((table.unpack or unpack)(events))
    for _ = 0, 2 * 3600, 30 do
      for _, row in ipairs(assert(outbox.due(monitor, now))) do
        if outbox.begin(monitor, row, now) then
          assert(outbox.settle(monitor, row, "delivered", "", now, nil, math.random))
          begun[#begun + 1] = now
        end
      end
      now = now + 30 * 1000000
    end
    local most = 0
    for i, at in ipairs(begun) do
      local count = 0
      for k = i, #begun do
        count = count + (begun[k] <= at + 3600 * 1000000 and 1 or 0)
      end
      most = math.max(most, count)
    end
    assert.is_true(most <= 100 and most >= 95, most)
  end)

  it("has no slow channel keep the others waiting", function()
    assert(set_channel(monitor, { name = "hook", kind = "webhook", url = (receive "hang") }))
    assert(set_channel(monitor, { name = "log", kind = "log" }))
    local events, lines = {}, {}
    for i = 1, 300 do
      events[i] = event("a" .. i, "firing")
    end
    put((table.unpack or unpack)(events))
    put(event("b", "firing", { channels = { "log" } }))
    local running = {}
    for place, row in ipairs(assert(outbox.due(monitor, now))) do
      assert.is_true(row.name == "hook" or place <= 2)
      running[row.number] = row.channel
    end
    for _, row in ipairs(assert(outbox.due(monitor, now, running))) do
      error("a message of " .. row.name .. " more than may be under way, or one that is")
    end
    local counts = round { time_limit = 300, tell = function(line) lines[#lines + 1] = { line = line, heard = #received() } end }
    assert.equal(1, counts.delivered)
    assert.equal(20, counts.again) -- as many as the channel's rate has
    assert.is_true(#lines == 1 and lines[1].heard < 10)
  end)

  it("sends what takes long once: a message of many requests is this agent's until the last is answered", function()
    assert(set_channel(monitor, { name = "hook", kind = "pagerduty", url = (receive "ok"), routing_key = "k" }))
    local events = {}
    for i = 1, 8 do
      events[i] = event("a" .. i, "firing", { group = "one" })
    end
    put((table.unpack or unpack)(events))
    local delivery
    delivery = assert(Delivery.new(monitor, { allow = { "127.0.0.1" }, now = function()
      now = START + #received() * 14 * 1000000 -- each answer takes 14 s
      if delivery.under_way > 0 then -- what another agent would take now
        assert.same({}, outbox.due(monitor, now))
      end
      return now
    end }))
    local counts = assert(delivery:round())
    delivery:close()
    assert.same({ delivered = 1 }, counts)
    assert.equal(8, #received())
  end)

  it("leaves a message to who has begun it since", function()
    assert(set_channel(monitor, { name = "hook", kind = "webhook", url = "http://127.0.0.1:1/" }))
    put(event("a", "firing"))
    local first = assert(outbox.due(monitor, now))[1]
    assert.is_true(outbox.begin(monitor, first, now))
    now = now + 25 * 1000000
    assert.is_true(outbox.keep(monitor, first, now))
    now = now + 25 * 1000000
    assert.same({}, outbox.due(monitor, now))
    now = now + 25 * 1000000
    local second = assert(outbox.due(monitor, now))[1]
    assert.is_true(outbox.begin(monitor, second, now))
    assert.is_false(outbox.keep(monitor, first, now))
    local before = list("pending")[1]
    for _, verdict in ipairs { "again", "dead" } do
      assert(outbox.settle(monitor, first, verdict, "late", now, nil, math.random))
    end
    assert.same(before, list("pending")[1])
    assert(outbox.settle(monitor, first, "delivered", "late", now, nil, math.random)) -- which it was, whoever did it
    assert.equal(1, #list "delivered")
    assert(outbox.settle(monitor, second, "again", "later", now, nil, math.random))
    assert.equal(1, #list "delivered")
  end)

  it("ends between two requests of a message when it is asked to, which is sent again by who comes next", function()
    assert(set_channel(monitor, { name = "hook", kind = "pagerduty", url = (receive "ok"), routing_key = "k" }))
    local events = {}
    for i = 1, 8 do
      events[i] = event("a" .. i, "firing", { group = "one" })
    end
    put((table.unpack or unpack)(events))
    assert.same({}, round { is_ending = function() return #received() > 0 end })
    assert.equal(1, #received())
    assert.same({ delivered = 1 }, round())
    assert.equal(9, #received())
  end)

  local function agent_of(options)
    options.allow, options.time_limit = { "127.0.0.1" }, options.time_limit or 15000
    options.now = options.now or function() return now end
    return assert(require "loom.agent".new(monitor, options))
  end

  local function channel_row(name)
    return assert(monitor.database:row("SELECT failing, last, last_outcome, renewed FROM alert_channel WHERE name = ?", name))
  end

  it("waits for no heartbeat, and tells of one that is not answered", function()
    assert(set_channel(monitor, { name = "beat", kind = "heartbeat", url = (receive "hang") }))
    local agent = agent_of { time_limit = 2000 }
    for _ = 1, 2 do -- within a minute, one is asked
      assert(agent:round())
      assert.equal(1, agent.delivery.transfers:count())
    end
    agent:finish()
    assert.equal(0, agent.delivery.transfers:count())
    assert.same({ failing = START, last = START, last_outcome = "retried" }, channel_row "beat")
    assert(set_channel(monitor, { name = "beat", kind = "heartbeat", url = (receive "ok") }))
    now = now + 60 * 1000000
    assert(agent:round())
    agent:finish()
    agent:close()
    assert.same({ last = now, last_outcome = "delivered" }, channel_row "beat")
    assert.equal(2, #received())
  end)

  it("beats while deliveries take their time, and not once it cannot evaluate", function()
    assert(set_channel(monitor, { name = "hook", kind = "webhook", url = (receive "hang") }))
    assert(set_channel(monitor, { name = "beat", kind = "heartbeat", url = (receive "ok") }))
    local agent, is_seen
    agent = agent_of { time_limit = 2000, now = function()
      now = now + 100000
      is_seen = is_seen or agent and agent.delivery.under_way > 0 and #received() > 1 -- the hook's, and the beat
      return now
    end }
    put(event("a", "firing"))
    assert.same({ again = 1 }, assert(agent:round()))
    assert.is_true(is_seen)
    agent:finish()
    agent.judge.round = function()
      return nil, "EIO: the disk is gone", "EIO"
    end
    now = now + 120 * 1000000
    put(event("b", "firing"))
    assert(agent:round())
    agent:finish()
    agent:close()
    local beats = 0
    for _, got in ipairs(received()) do
      beats = beats + (got.done == "ok" and 1 or 0)
    end
    assert.equal(1, beats)
  end)

  it("waits for nobody to whom what stands is sent again, nor asks at each moment who does not take it", function()
    assert(set_channel(monitor, { name = "am", kind = "alertmanager", url = (receive "ok") }))
    put(event("a", "firing", { channels = { "am" } }))
    assert(transaction.run(monitor.database, function(execute)
      return execute([[INSERT INTO alert(id, rule, severity, kind, subject, state, since, at)
        VALUES('a', 'down', 'critical', 'store', '1', 'firing', ?1, ?1)]], now)
    end, true))
    local agent = agent_of { time_limit = 2000 }
    agent.judge.round = function() -- which would end what no rule tells
      return { events = 0 }
    end
    assert(agent:round())
    agent:finish()
    assert.equal(START, channel_row "am".renewed)
    assert(set_channel(monitor, { name = "am", kind = "alertmanager", url = (receive "hang") }))
    now = now + 61 * 1000000
    for _ = 1, 2 do
      assert(agent:round())
      assert.equal(1, agent.delivery.transfers:count())
    end
    put(event("a", "resolved", { channels = { "am" } })) -- which what was sent before must not overtake
    assert(agent:round())
    assert.equal(1, agent.delivery.transfers:count())
    assert.equal(0, list("pending")[1].tries)
    agent:finish()
    local row = channel_row "am"
    assert.same({ START, now }, { row.renewed, row.failing })
    now = now + 1000000
    assert(agent:round())
    assert.equal(0, agent.delivery.transfers:count())
    assert(set_channel(monitor, { name = "am", kind = "alertmanager", url = (receive "ok") }))
    now = now + 10 * 1000000
    assert.same({ delivered = 1 }, assert(agent:round()))
    agent:finish()
    agent:close()
    row = channel_row "am"
    assert.equal(now, row.renewed)
    assert.is_nil(row.failing)
  end)

  it("ends at once when it is asked to, whatever is not answered that is no message", function()
    assert(set_channel(monitor, { name = "beat", kind = "heartbeat", url = (receive "hang") }))
    local is_ending = false
    local agent = agent_of { time_limit = 15000, is_ending = function() return is_ending end }
    assert(agent:round())
    is_ending = true
    agent:finish()
    assert.equal(1, agent.delivery.transfers:count()) -- still
    now = now + 60 * 1000000
    assert(agent:round())
    assert.equal(1, agent.delivery.transfers:count())
    agent:close()
  end)

  it("shows no secret: in lists, answers, queries and failures", function()
    assert(set_channel(monitor, { name = "hook", kind = "webhook", url = "http://127.0.0.1:1/s3cret", secret = "s3cret" }))
    put(event("a", "firing"))
    round()
    local shown = core.json_string(list("pending")[1].answer)
    for _, row in ipairs(channel_store.list(monitor)) do
      for name, value in pairs(row.definition) do
        shown = shown .. name .. tostring(value)
      end
    end
    assert.is_nil(shown:find("s3cret", 1, true))
    local rows, _, code = monitor:query "SELECT secrets FROM alert_secret"
    assert.is_nil(rows)
    assert.equal("EINVAL", code)
  end)

  it("keeps no secret that a receiver says again, whole or cut off", function()
    local url = receive "echo"
    local key = "T0123-B4567890"
    assert(set_channel(monitor, { name = "hook", kind = "webhook", url = url .. "/" .. key .. "?token=abcdefgh12",
      secret = "s1gned-s3cret", authorization = "Bearer 0123456789abcdef" }))
    put(event("a", "firing"))
    assert.same({ dead = 1 }, round())
    local answer = list("dead")[1].answer
    assert.matches("^400 POST … says …", answer)
    for _, part in ipairs { "secret", key, "abcdefgh12", "0123456789" } do
      assert.is_nil(answer:find(part, 1, true), answer)
    end
  end)

  it("runs commands without a shell, and hears what they say", function()
    local script = files.write(folder .. "/script", "cat >$1; echo \"$2\"; exit $3\n")
    local function channel(status)
      assert(set_channel(monitor, { name = "hook", kind = "command",
        command = { "/bin/sh", script, folder .. "/got", "it's $HOME; `x`", tostring(status) } }))
    end
    for status, outcome in pairs { [0] = "delivered", [75] = "again", [3] = "dead" } do
      channel(status)
      put(event("a" .. status, "firing"))
      assert.same({ [outcome] = 1 }, round())
      assert.matches('"alerts":[', files.read(folder .. "/got"), 1, true)
    end
    assert.equal("it's $HOME; `x`?", list("dead")[1].answer)
  end)

  it("sends again all that stands, however much that is and however long ago it began", function()
    assert(set_channel(monitor, { name = "hook", kind = "alertmanager", url = (receive "ok") }))
    local count, list_of = 5100, {}
    for i = 1, count do
      list_of[i] = event("a" .. i, "firing", { group = "down" })
    end
    assert(transaction.run(monitor.database, function(execute)
      for _, one in ipairs(list_of) do
        execute([[INSERT INTO alert(id, rule, severity, kind, subject, state, since, at)
          VALUES(?1, 'down', 'critical', 'store', '1', 'firing', ?2, ?2)]], one.alert, now)
      end
      return outbox.put(execute, list_of, now)
    end, true))
    assert.same({ delivered = 1 }, round { time_limit = 15000 })
    now = now + 40 * DAY
    assert(outbox.tidy(monitor, now))
    local function standing()
      local states, after = {}, 0
      local row = assert(outbox.renewing(monitor, "alertmanager", now))[1]
      while after do
        local events
        events, after = assert(outbox.standing(monitor, row, now, after))
        for _, one in ipairs(events) do
          states[one.state] = (states[one.state] or 0) + 1
        end
      end
      return states
    end
    assert.same({ firing = count }, standing())
    local before = #received()
    local delivery = assert(Delivery.new(monitor, { allow = { "127.0.0.1" }, now = function() return now end }))
    delivery:renew()
    delivery:finish()
    delivery:close()
    assert.equal(6, #received() - before) -- of 1,000 alerts each
    assert.equal(0, #assert(outbox.renewing(monitor, "alertmanager", now)))
    -- what ends is told as such for five minutes from when it was told, also where the feed is an hour behind
    assert(transaction.run(monitor.database, function(execute)
      return execute("UPDATE alert SET state = 'resolved', ended = ?2 WHERE id = ?1", "a1", now - 3600 * 1000000)
    end, true))
    put(event("a1", "resolved", { group = "down" }))
    assert.same({ delivered = 1 }, round())
    now = now + 299 * 1000000
    assert.same({ firing = count - 1, resolved = 1 }, standing())
    now = now + 2 * 1000000
    assert.same({ firing = count - 1 }, standing())
  end)

  it("brings a mail to those that are there, and tells who is not", function()
    local url = "smtp://127.0.0.1:" .. start_receiver "post_office.mjs"
    local function mail_to(...)
      assert(set_channel(monitor, { name = "hook", kind = "email", url = url, from = "loom@example.org", to = { ... },
        plain = true }))
      put(event("a" .. select("#", ...), "firing"))
      return round { time_limit = 15000 }
    end
    assert.same({ delivered = 1 }, mail_to("a@example.org", "no@example.org", "b@example.org"))
    assert.equal("a@example.org,b@example.org\n", files.read(folder .. "/log"))
    assert.matches("^250 550 5%.1%.1 nobody is called that here", list("delivered")[1].answer)
    assert.same({ dead = 1 }, mail_to("no@example.org", "none@example.org"))
    assert.matches("^550 550 5%.1%.1 nobody", list("dead")[1].answer)
    assert.same({ delivered = 1 }, mail_to "a@example.org")
    assert.equal("250 ", list("delivered")[1].answer)
  end)

  it("kills a command that does not end, and tries it again", function()
    local script = files.write(folder .. "/script", "trap '' TERM\nwhile :; do sleep 0.1; done\n")
    assert(set_channel(monitor, { name = "hook", kind = "command", command = { "/bin/sh", script } }))
    put(event("a", "firing"))
    assert.same({ again = 1 }, round { command_limit = 1 })
    assert.equal(1, list("pending")[1].tries)
  end)

  it("leaves nothing of a command's behind, also where the agent is killed", function()
    local script = files.write(folder .. "/script", "echo $$ >$1; cat >/dev/null; sleep 0.5; echo done\n")
    local place = folder .. "/tmp"
    shell.run("mkdir " .. place)
    local words = { "/bin/sh", script, folder .. "/runs" }
    assert(set_channel(monitor, { name = "hook", kind = "command", command = words }))
    put(event("a", "firing"))
    local command = ("TMPDIR=%s %s spec/support/agent_round.lua %s/db %d"):format(place, shell.lua, folder, now)
    local pid = shell.run(("%s >>%s/rounds 2>&1 </dev/null & echo $!"):format(command, folder)).out:match "%d+"
    local function left()
      return shell.run("find " .. place .. " -mindepth 1").out
    end
    await("the command", function()
      return files.exists(folder .. "/runs")
    end, left)
    assert.is_nil(left():find "/in\n")
    shell.run("kill -9 " .. pid)
    await("nothing to be left", function()
      return left() == ""
    end, left)
    now = now + 60 * 1000000
    assert.same({ delivered = 1 }, round())
  end)

  it("forgets what has long ended", function()
    assert(set_channel(monitor, { name = "log", kind = "log" }))
    put(event("a", "firing", { channels = { "log" } }))
    round()
    outbox.tidy(monitor, now + 29 * DAY)
    assert.equal(1, #list "delivered")
    outbox.tidy(monitor, now + 31 * DAY)
    assert.equal(0, #list "delivered")
    outbox.tidy(monitor, now + 500 * DAY)
    assert.equal(0, monitor:query "SELECT count(*) AS n FROM alert_event"().n)
  end)

  -- Rounds in processes of their own, some of which are killed, to a receiver that is as bad as can be, and is killed as well.
  it("loses nothing, whoever is killed, and keeps the order of an alert", function()
    local draw = require("support.random").new(math.floor(core.clock() * 1000) % 2147483646 + 1)
    local expected, alerts = {}, 12
    for i = 1, 14 do
      local url, pid = receive("bad", draw(1, 2147483646))
      assert(set_channel(monitor, { name = "hook", kind = "webhook", url = url }))
      for alert = 1, alerts do
        local one = event("alert" .. alert, i % 2 == 1 and "firing" or "resolved")
        expected[one.id] = true
        put(one)
      end
      local command = ("%s spec/support/agent_round.lua %s/db %d"):format(shell.lua, folder, now)
      shell.run(("%s >>%s/rounds 2>&1 </dev/null & pid=$!; %s; wait $pid"):format(command, folder,
        draw(1, 2) == 1 and ("sleep 0.%02d; kill -9 $pid"):format(draw(1, 60)) or ":"))
      if draw(1, 2) == 1 then
        shell.run("kill -9 " .. pid)
      end
      now = now + 2 * DAY
    end
    assert(set_channel(monitor, { name = "hook", kind = "webhook", url = (receive "ok") }))
    for _ = 1, 20 do
      now = now + 2 * DAY
      round()
    end
    assert.same({}, list "pending")
    assert.same({}, list "dead")
    local of_message, seen, last = {}, {}, {}
    for _, got in ipairs(received()) do
      assert.equal(of_message[got.id] or got.events, got.events) -- one id, one text
      of_message[got.id] = got.events
      for id, alert in got.events:gmatch "(%d+)/(alert%d+)/%a+" do
        if not seen[id] and (got.done == "ok" or got.done == "cut") then
          seen[id] = true
          assert.is_true(id > (last[alert] or ""), "an event of " .. alert .. " was overtaken")
          last[alert] = id
        end
      end
    end
    assert.same(expected, seen)
  end)
end)

describe("an id", function()
  it("has 26 characters, in order of its time", function()
    local one, other = ulid.new(START), ulid.new(START + 1000)
    assert.matches("^[0-9A-HJKMNP-TV-Z]+$", one)
    assert.equal(26, #one)
    assert.is_true(one < other)
    assert.not_equal(one, ulid.new(START))
    assert.equal("01HF7YAT00", one:sub(1, 10)) -- 2023-11-14T22:13:20Z
  end)
end)
