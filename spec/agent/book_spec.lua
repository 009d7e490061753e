-- The book of alerts: what it lists and counts, and what people say to an alert.
local loom = require "loom"
local book = require "loom.alerts.book"
local files = require "support.files"
local outbox = require "loom.agent.outbox"
local set_channel = require("support.outbox").set_channel
local transaction = require "loom.transaction"

local NOW = 1700000000
local SECOND = 1000000

describe("the book of alerts", function()
  local monitor, now

  local function write(fields)
    local row = { id = ("A"):rep(26), rule = "down", severity = "critical", kind = "store", subject = "1", state = "firing",
      since = NOW, at = NOW }
    for name, value in pairs(fields) do
      row[name] = value
    end
    assert(transaction.run(monitor.database, function(execute)
      return execute([[INSERT INTO alert(id, rule, severity, kind, subject, state, since, at, ended, silenced)
        VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)]], row.id, row.rule, row.severity, row.kind, row.subject, row.state,
        row.since * SECOND, row.at * SECOND, row.ended and row.ended * SECOND, row.silenced or 0)
    end, true))
  end

  before_each(function()
    now = NOW
    monitor = assert(loom.open(":memory:", { clock = function() return now end }))
    assert(monitor:set_attributes("1", { region = "west" }))
    assert(monitor:set_attributes("2", { region = "east" }))
    write { id = "a" }
    write { id = "b", subject = "2", severity = "warning", rule = "late", state = "resolving", at = NOW + 10 }
    write { id = "c", subject = "1", state = "resolved", at = NOW + 20, ended = NOW + 30 }
    write { id = "d", kind = "group", subject = "west", state = "expired", at = NOW + 30, ended = NOW + 40 }
    write { id = "e", kind = "system", subject = "stale", rule = "stale", severity = "error", at = NOW + 40, silenced = 1 }
  end)

  after_each(function()
    monitor:close()
  end)

  local function ids(filter)
    local list = {}
    for i, alert in ipairs(assert(book.list(monitor, filter))) do
      list[i] = alert.id
    end
    return table.concat(list)
  end

  it("lists by what is asked for, the newest first", function()
    assert.equal("edcba", ids())
    assert.equal("eba", ids { state = "open" })
    assert.equal("ea", ids { state = "firing" })
    assert.equal("dc", ids { state = { "resolved", "expired" } })
    assert.equal("cba", ids { state = { "open", "resolved" }, kind = "store" })
    assert.equal("ca", ids { store_id = "1" })
    assert.equal("cba", ids { store_id = { "1", "2" } })
    assert.equal("b", ids { where = { region = "east" } })
    assert.equal("ca", ids { where = { region = { "west", "north" } } })
    assert.equal("", ids { where = { region = "west", brand = "x" } })
    assert.equal("b", ids { severity = "warning" })
    assert.equal("e", ids { rule = "stale" })
    assert.equal("dc", ids { from = NOW + 15, to = NOW + 35, state = { "resolved", "expired" } })
    assert.equal("ba", ids { to = NOW + 15 })
    local page = assert(book.list(monitor, { limit = 2 }))
    assert.equal("cb", ids { limit = 2, before = page[2].number })
  end)

  it("refuses what is no filter", function()
    for _, filter in ipairs { { state = "on" }, { limit = 1001 }, { severity = 5 }, { unknown = 1 } } do
      assert.is_false(pcall(book.list, monitor, filter))
    end
  end)

  it("counts what is open", function()
    assert.same({
      { rule = "down", severity = "critical", state = "firing", count = 1, acknowledged = 0, silenced = 0 },
      { rule = "late", severity = "warning", state = "resolving", count = 1, acknowledged = 0, silenced = 0 },
      { rule = "stale", severity = "error", state = "firing", count = 1, acknowledged = 0, silenced = 1 },
    }, book.counts(monitor))
  end)

  it("takes who acknowledges an alert, until when, and takes it back", function()
    local alert = assert(book.acknowledge(monitor, "a", { who = "Ann", note = "on it", ["until"] = NOW + 3600 }))
    assert.same({ who = "Ann", note = "on it", at = NOW, at_utc = "2023-11-14 22:13:20.000000 UTC", ["until"] = NOW + 3600,
      until_utc = "2023-11-14 23:13:20.000000 UTC" }, alert.ack)
    assert.is_true(alert.flags.acknowledged)
    assert.equal(1, book.counts(monitor)[1].acknowledged)
    now = NOW + 3600
    assert.is_false(assert(book.get(monitor, "a")).flags.acknowledged)
    assert.equal(0, book.counts(monitor)[1].acknowledged)
    local _, message, why = book.acknowledge(monitor, "a", { who = "Ann", ["until"] = NOW })
    assert.equal("EINVAL", why)
    assert.matches("until: an instant after now expected", message, 1, true)
    assert.is_nil(assert(book.acknowledge(monitor, "a", nil)).ack)
    local code = select(3, book.acknowledge(monitor, "c", { who = "Ann" }))
    assert.equal("EINVAL", code)
    code = select(3, book.acknowledge(monitor, "none", { who = "Ann" }))
    assert.equal("ENOENT", code)
  end)

  it("is checked, and pruned of what ended 400 days ago", function()
    assert.same({}, assert(monitor:check()))
    assert(transaction.run(monitor.database, function(execute)
      execute("INSERT INTO alert_state VALUES(1, 'shop', CAST('xx' AS BLOB))")
      execute("UPDATE alert SET rule_number = 7 WHERE id = 'a'")
      execute("INSERT INTO alert_round VALUES(3, 1, 1, 0, NULL), (4, 1, 1, 0, '['), (5, 1, 1, 0, '[\"a\"]')")
      return execute("INSERT INTO alert_event(id, alert, rule, state, at, event) VALUES('E', 'a', 'r', 'firing', 1, '{')")
    end, true))
    assert.same({ 'the state of rule 1 for "shop" is damaged', "alert a is open, and its rule has no state for it",
      "event E of an alert is no JSON", "the stores of round 4 of alerts are no JSON" }, assert(monitor:check()))
    now = NOW + 35 + 400 * 86400
    assert(monitor:prune("700d", { dry_run = true }))
    assert.equal("edcba", ids())
    assert(monitor:prune "700d")
    assert.equal("edba", ids())
  end)

  it("has an alert's events and deliveries", function()
    assert(set_channel(monitor, { name = "log", kind = "log" }))
    assert(transaction.run(monitor.database, function(execute)
      for i, state in ipairs { "firing", "resolved" } do
        outbox.put(execute, { { id = "E" .. i, alert = "a", rule = "down", severity = "critical", state = state,
          subject = { kind = "store", id = "1" }, at = (NOW + i) * SECOND, since = NOW * SECOND, text = "down", group = "down",
          channels = { "log" } } }, NOW * SECOND)
      end
      return true
    end, true))
    local alert = assert(book.get(monitor, "a"))
    assert.same({ "E1", "E2" }, { alert.events[1].id, alert.events[2].id })
    assert.same({ NOW + 1, "2023-11-14 22:13:21.000000 UTC" }, { alert.events[1].at, alert.events[1].at_utc })
    assert.equal(2, #alert.deliveries)
    local delivery = alert.deliveries[1]
    assert.same({ "log", "log", "E1", "firing", "pending", NOW }, { delivery.channel, delivery.kind, delivery.event,
      delivery.state, delivery.outcome, delivery.made })
    assert.equal("ENOENT", (select(3, book.get(monitor, "none"))))
  end)

  it("has tables in a file once something is written to them, and is empty until then", function()
    local folder = files.make_folder()
    local file = assert(loom.open(folder .. "/db", { create = true }))
    local tables = "SELECT count(*) AS number FROM sqlite_schema WHERE name GLOB 'alert*' OR name = 'configuration'"
    assert(file:set_timezone("a", "UTC"))
    assert.same({}, assert(book.list(file, {})))
    assert.same({}, assert(file:rules()))
    assert.equal(0, file:query(tables)().number)
    assert(file:set_rule { name = "down", when = { kind = "down_for", time = "30m" } })
    assert.is_true(file:query(tables)().number > 0)
    assert.equal(1, #assert(file:rules()))
    file:close()
    files.remove_folder(folder)
  end)
end)
