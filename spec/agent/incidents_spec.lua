-- Incidents, by keys: a receiver that opens and closes what it is told to has one open for each alert that stands, and none else.
local channels = require "loom.agent.channels"
local channel_store = require "loom.agent.channel_store"
local cjson = require "cjson"
local incidents = require "loom.agent.incidents"
local loom = require "loom"
local message = require "loom.agent.message"
local outbox = require "loom.agent.outbox"
local random = require "support.random"
local transaction = require "loom.transaction"

local START, DAY = 1700000000000000, 86400 * 1000000

describe("incidents", function()
  local monitor, now, open, requests, incident_of, serial

  before_each(function()
    monitor, now, open, requests, incident_of, serial = assert(loom.open ":memory:"), START, {}, 0, {}, 0
    assert(transaction.run(monitor.database, function(execute)
      channel_store.put(execute, { name = "pager", kind = "pagerduty", routing_key = "k" }, now)
      return true
    end, true))
  end)

  after_each(function()
    monitor:close()
  end)

  -- Writes that alerts begin or end, in one thread.
  local function write(alerts, state, storm)
    now = now + 1000000
    assert(transaction.run(monitor.database, function(execute)
      for _, alert in ipairs(alerts) do
        execute([[INSERT INTO alert(id, rule, severity, kind, subject, state, since, at) VALUES(?1, 'down', 'error', 'store', '1',
          'firing', ?2, ?2) ON CONFLICT DO NOTHING]], alert, now)
        if state == "firing" then
          execute("UPDATE alert SET state = 'firing', ended = NULL WHERE id = ?", alert)
        else
          execute("UPDATE alert SET state = 'resolved', ended = ?2 WHERE id = ?1", alert, now)
        end
        serial = serial + 1
        outbox.put(execute, { { id = "E" .. serial, alert = alert, rule = "down", severity = "error", state = state,
          subject = { kind = "store", id = "1" }, at = now, since = now, group = "down", channels = { "pager" },
          storm = storm } }, now)
      end
      return true
    end, true))
  end

  -- Sends what waits to a receiver: the number of requests.
  local function send()
    local before, pager = requests, channels.of "pagerduty"
    for _, row in ipairs(assert(outbox.due(monitor, now))) do
      local events = assert(outbox.events(monitor, row.number))
      local made = message.new({ id = row.id, group = row.thread, at = now }, events)
      made.incidents = assert(incidents.of(monitor, row.number, row.channel))
      for _, request in ipairs(pager.requests(made, { routing_key = "k" })) do
        local body = cjson.decode(request.body)
        open[body.dedup_key], requests = body.event_action == "trigger" or nil, requests + 1
      end
      for _, event in ipairs(events) do
        incident_of[event.alert] = incident_of[event.alert] or (#events > 50 and row.id or event.alert)
      end
      assert(transaction.run(monitor.database, function(execute)
        return execute("UPDATE alert_message SET outcome = 'delivered', tries = 1, ended = ?2 WHERE number = ?1", row.number, now)
      end, true))
    end
    return requests - before
  end

  local function alerts_from(first, last)
    local list = {}
    for i = first, last do
      list[#list + 1] = "A" .. i
    end
    return list
  end

  it("of a storm are one, which its last alert closes", function()
    write(alerts_from(1, 300), "firing")
    assert.equal(1, send())
    write(alerts_from(1, 200), "resolved")
    assert.equal(0, send())
    write(alerts_from(201, 299), "firing") -- a reminder
    assert.equal(1, send())
    assert.is_truthy(next(open))
    now = now + 40 * DAY
    assert(outbox.tidy(monitor, now))
    write(alerts_from(201, 299), "resolved")
    write(alerts_from(300, 300), "resolved")
    assert.equal(1, send())
    assert.same({}, open)
  end)

  it("are one where the rule says that so many are a storm", function()
    for storm, count in pairs { [20] = 1, [29] = 1, [30] = 30, [500] = 30 } do
      local alerts = alerts_from(storm * 100, storm * 100 + 29)
      write(alerts, "firing", storm)
      assert.equal(count, send(), storm)
      write(alerts, "resolved", storm)
      assert.equal(count, send(), storm)
      assert.same({}, open)
    end
  end)

  it("are open as long as an alert of theirs is, however these begin and end", function()
    local draw = random.new(71)
    local alerts, firing = alerts_from(1, 200), {}
    for turn = 1, 60 do
      local chosen, state = {}, draw(1, 2) == 1 and "firing" or "resolved"
      local most = draw(1, 3) == 1 and 200 or 8
      for _, alert in ipairs(alerts) do
        local would = state == "firing" or firing[alert]
        if would and #chosen < most and draw(1, 200) <= math.max(most, 30) then
          chosen[#chosen + 1] = alert
          firing[alert] = state == "firing" or nil
        end
      end
      write(chosen, state)
      if draw(1, 3) > 1 then
        send()
        local expected = {}
        for alert in pairs(firing) do
          expected[incident_of[alert]] = true
        end
        assert.same(expected, open, "turn " .. turn)
      end
    end
    local rest = {}
    for alert in pairs(firing) do
      rest[#rest + 1] = alert
    end
    write(rest, "resolved")
    send()
    assert.same({}, open)
  end)
end)
