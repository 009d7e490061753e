-- The agent's judgement: what is told of a fleet whose polls come one after another, by agents that are killed at any time, is
-- what a replay of the finished data tells; and what flags hold back.
local book = require "loom.alerts.book"
local cjson = require "cjson.safe"
local configuration = require "loom.alerts.configuration"
local database = require "support.database"
local Evaluation = require "loom.alerts.evaluation"
local files = require "support.files"
local Judge = require "loom.agent.judge"
local loom = require "loom"
local outbox = require "loom.agent.outbox"
local random = require "support.random"
local transaction = require "loom.transaction"

local SECOND, DAY = 1000000, 86400
local START = loom.parse_timestamp "2024-03-07 12:00:00" -- a Thursday; clocks of New York spring forward on the 10th

local function text_of(lines)
  local given = false
  return function()
    local text = not given and #lines > 0 and table.concat(lines, "\n") .. "\n" or nil
    given = true
    return text
  end
end

local function ingest_polls(monitor, polls)
  local lines = { "store_id,status,timestamp_utc" }
  for _, item in ipairs(polls) do
    lines[#lines + 1] = ("%s,%s,%d"):format(item[1], item[3] and "active" or "inactive", item[2])
  end
  assert(monitor:ingest { polls = text_of(lines) })
end

-- The events of the evaluation as a replay tells them, from the database.
local function events_of(monitor)
  local list = {}
  for row in monitor:query "SELECT event FROM alert_event ORDER BY number" do
    local event = cjson.decode(row.event)
    list[#list + 1] = ("%s %s %s %s %s %s"):format(event.id, event.alert, event.rule, event.subject.id, event.state,
      event.inhibited or "-")
  end
  table.sort(list)
  return list
end

describe("the agent's judgement", function()
  local folder, monitor, now

  local function open()
    return database.open_warm(folder .. "/db", { default_zone = "America/New_York", clock = function() return now end })
  end

  local function judge_of(of, options)
    options = options or {}
    options.now = function() return math.floor(now * SECOND) end
    return Judge.new(of or monitor, options)
  end

  local function put(kind, definition)
    return assert(configuration.put(monitor, kind, definition))
  end

  before_each(function()
    folder, now = files.make_folder(), START
    monitor = open()
  end)

  after_each(function()
    monitor:close()
    files.remove_folder(folder)
  end)

  -- ---- causality ----

  local definitions = {
    { name = "down", severity = "critical", when = { kind = "down_for", time = "20m" }, ["for"] = { count = 2, of = 3 } },
    { name = "polls", when = { kind = "inactive_polls", count = 2, of = 3 }, keep = { count = 2 } },
    { name = "hours", when = { kind = "down_time", window = "6h", time = "1h" }, ["for"] = { time = "10m" },
      keep = { time = "20m" } },
    { name = "silent", when = { kind = "no_poll", time = "45m" } },
    { name = "many", when = { kind = "group_down", count = 2, share = 0.5 }, group_by = "region" },
    { name = "west", when = { kind = "ratio", window = "1d", below = 0.8, scope = "group" }, group_by = "region",
      stores = { where = { region = "west" } } },
    { name = "feed", when = { kind = "no_poll", scope = "fleet", time = "20m", clock = "wall" } },
  }

  local function make_fleet(choose)
    local polls = {}
    for i = 1, 6 do
      local id = "s" .. i
      assert(monitor:set_attributes(id, { region = i % 2 == 0 and "west" or "east" }))
      if i <= 4 then
        assert(monitor:set_hours(id, { mon = "08:00-20:00", tue = "08:00-20:00", thu = "06:00-23:00", fri = "08:00-02:00",
          sat = "00:00-24:00", sun = "01:00-05:00" }))
      end
      local active, at = true, START - DAY + choose(0, 900)
      while at < START + 4 * DAY do
        if choose(1, 7) == 1 then
          active = not active
        end
        polls[#polls + 1] = { id, at, active }
        at = at + choose(500, 1300) + (choose(1, 80) == 1 and 3 * 3600 or 0)
      end
    end
    table.sort(polls, function(a, b)
      return a[2] < b[2] or a[2] == b[2] and a[1] < b[1]
    end)
    assert(monitor:exclude { store = "s1", from = START + DAY, to = START + DAY + 4 * 3600, reason = "works" })
    return polls
  end

  it("comes to the events of a replay, however often the agent is killed", function()
    for seed = 1, 2 do
      local choose = random.new(seed * 7919)
      local polls, next_poll = make_fleet(choose), 1
      for _, rule in ipairs(definitions) do
        put("rule", rule)
      end
      local judge, first, step, kills = nil, START, 900, 0
      for clock = first, START + 3 * DAY + 12 * 3600, step do
        local new = {}
        while polls[next_poll] and polls[next_poll][2] <= clock do
          new[#new + 1], next_poll = polls[next_poll], next_poll + 1
        end
        ingest_polls(monitor, new)
        now = clock
        local dies = choose(1, 4)
        if dies == 1 then -- in the transaction
          judge = judge_of(nil, { fence = function()
            transaction.fail("EIO", "killed")
          end })
          assert.is_nil(judge:round())
          judge, kills = nil, kills + 1
        end
        judge = judge or judge_of()
        assert(judge:round())
        if dies == 2 then -- after it
          judge, kills = nil, kills + 1
        end
      end
      local last = START + 3 * DAY + 12 * 3600
      local replayed, found = {}, assert(monitor:replay_alerts { rules = definitions, from = first, to = last, step = step })
      for _, event in ipairs(found.events) do
        replayed[#replayed + 1] = ("%s %s %s %s %s %s"):format(event.id, event.alert, event.rule, event.subject.id, event.state,
          event.inhibited or "-")
      end
      table.sort(replayed)
      assert.is_true(#replayed > 60 and kills > 80, #replayed .. " " .. kills)
      assert.same(replayed, events_of(monitor), "seed " .. seed)
      local explained, flaps = 0, {} -- of those that flap, an event tells what was before it
      for _, event in ipairs(found.events) do
        flaps[event.alert] = flaps[event.alert] or event.state == "flapping"
      end
      for i = 1, #found.events, 3 do -- to the verdict that was given
        local event = found.events[i]
        local is_plain = event.subject.kind == "store" and not flaps[event.alert]
        if is_plain and (event.state == "firing" or event.reason == "recovered") then
          local why = assert(monitor:explain_alert { rule = event.rule, store = event.subject.id, at = event.at })
          assert.same({ tostring(event.state == "firing"), event.value }, { why.result, why.value })
          assert.is_truthy(event.state ~= "firing" or why.alert.id == event.alert)
          explained = explained + 1
        end
      end
      assert.is_true(explained > 10)
      monitor:close()
      files.remove_folder(folder)
      folder = files.make_folder()
      monitor = open()
    end
  end)

  -- ---- rounds wherever they fell ----

  -- Polls as they arrive: each write has some, and none of them is of an instant that a round has been of. They come late, in any
  -- order among those that are late, and ahead of the clock.
  local function arrive(waiting, clock, choose, judged)
    local new, rest, until_when = {}, {}, clock - choose(0, 3) * choose(0, 500) + (choose(1, 4) == 1 and 40 or 0)
    local since = clock % 50000
    until_when = since < 9000 and math.min(until_when, clock - since) or until_when -- the feed stops
    for _, poll in ipairs(waiting) do
      if poll[2] <= until_when then
        new[#new + 1] = poll
      else
        rest[#rest + 1] = poll
      end
    end
    for i = #new, 2, -1 do
      local other = choose(1, i)
      new[i], new[other] = new[other], new[i]
    end
    for _, poll in ipairs(new) do
      assert.is_true(poll[2] > judged)
    end
    return new, rest
  end

  local function compared(events)
    local list = {}
    for i, event in ipairs(events) do
      list[i] = ("%s %s %s %s %s %s"):format(event.id, event.alert, event.rule, event.subject.id, event.state,
        event.inhibited or "-")
    end
    table.sort(list)
    return list
  end

  -- Whatever was told of is explained, of each kind of subject, to the verdict that was given; of what flaps an event may tell
  -- what was before it.
  local function expect_explained(events, explained)
    local flaps = {}
    for _, event in ipairs(events) do
      flaps[event.alert] = flaps[event.alert] or event.state == "flapping"
    end
    for i, event in ipairs(events) do
      local kind = event.subject.kind
      if not flaps[event.alert] and (event.state == "firing" or event.reason == "recovered")
        and (kind ~= "store" or i % 5 == 0) and (explained[kind] or 0) < 8 then
        local why = assert(monitor:explain_alert { rule = event.rule, at = event.at, subject = kind ~= "system"
          and event.subject.id ~= "" and event.subject.id or nil })
        local fires = event.state == "firing"
        assert.same({ kind, tostring(fires), event.value, event.at, fires and "firing" or "ok" },
          { why.of, why.result, why.value, why.at, why.phase }, event.rule .. " " .. event.at_utc)
        assert.is_truthy(event.state ~= "firing" or why.alert.id == event.alert)
        assert.is_truthy(kind ~= "store" or event.rule == "silent" or why.polls[1].at <= event.at)
        assert.is_truthy(kind ~= "store" or why.polls[#why.polls].at <= event.at)
        explained[kind] = (explained[kind] or 0) + 1
      end
    end
  end

  -- What the agent makes of a rule and a store now, as it is explained at once, before later polls come.
  local function look(judge, choose)
    local place = choose(1, #judge.evaluation.rules)
    local rule, store = judge.evaluation.rules[place], "s" .. choose(1, 6)
    if rule.when.scope ~= "store" then
      return nil
    end
    local _, state = judge.evaluation:state(place, store)
    return { rule = rule.name, store = store, at = now, phase = state and state.phase or "ok",
      why = assert(monitor:explain_alert { rule = rule.name, store = store, at = now }) }
  end

  local function expect_the_same(looks)
    assert.is_true(#looks > 5, #looks)
    for _, one in ipairs(looks) do
      local why, told = assert(monitor:explain_alert { rule = one.rule, store = one.store, at = one.at }), one.why
      assert.same({ told.result, told.absence, told.value, told.at_utc, one.phase, told.polls },
        { why.result, why.absence, why.value, why.at_utc, why.phase, why.polls }, one.rule .. " " .. one.store .. " " .. one.at)
    end
  end

  -- What is in one list alone, and what in the other.
  local function differing(a, b)
    local lists, counts = { {}, {} }, {}
    for _, item in ipairs(a) do
      counts[item] = (counts[item] or 0) + 1
    end
    for _, item in ipairs(b) do
      counts[item] = (counts[item] or 0) - 1
    end
    for item, count in pairs(counts) do
      table.insert(lists[count > 0 and 1 or 2], count ~= 0 and item or nil)
    end
    return lists
  end

  it("comes to the events of a replay by its rounds, wherever they fell, however late polls are and agents are killed", function()
    local explained = {}
    for seed = 1, 2 do
      local choose = random.new(seed * 104729)
      local waiting = make_fleet(choose)
      for _, rule in ipairs(definitions) do
        if seed % 2 == 0 or rule.name ~= "many" then -- with groups that speak for stores, what fires has all evaluated
          put("rule", rule)
        end
      end
      local judge, parts, judged, looks, choose_looks = nil, 0, 0, {}, random.new(seed)
      now = START
      while now < START + 1.5 * DAY do
        local new
        new, waiting = arrive(waiting, now, choose, judged)
        ingest_polls(monitor, new)
        judge = judge or judge_of()
        local found = assert(judge:round())
        parts = parts + (not found.is_all and found.events > 0 and 1 or 0)
        judged = (select(1, judge.evaluation.native:instant()) or 0) / SECOND
        if found.is_all and now < START + DAY and choose_looks(1, 25) == 1 then -- a day is what is evaluated before
          looks[#looks + 1] = look(judge, choose_looks)
        end
        if choose(1, 12) == 1 then
          judge:forget()
          judge = nil
        end
        now = now + choose(1, 8) * choose(1, 20) + (choose(1, 40) == 1 and 3600 or 0) + choose(0, 999999) / SECOND
      end
      local found = assert(monitor:replay_alerts { from = START, to = now })
      assert.is_true(#found.events > 60 and (parts > 5 or seed % 2 == 0), #found.events .. " " .. parts)
      for row in monitor:query "SELECT count(*) AS some FROM alert_round WHERE stores IS NOT NULL" do
        assert.is_true(row.some > 4, row.some)
      end
      if judge then
        judge:forget()
      end
      assert.same({ {}, {} }, differing(compared(found.events), events_of(monitor)), "seed " .. seed)
      expect_explained(found.events, explained)
      expect_the_same(looks)
      monitor:close()
      files.remove_folder(folder)
      folder, now = files.make_folder(), START
      monitor = open()
    end
    assert.is_true(explained.store > 4 and explained.group > 1 and explained.fleet > 1 and explained.system > 1,
      cjson.encode(explained))
  end)

  it("keeps rounds of all, and of some what they came to, for 400 days, and none in a file without alerts", function()
    put("rule", { name = "down", when = { kind = "down_for", time = "5m" } })
    ingest_polls(monitor, { { "1", now - 600, true }, { "2", now - 600, true } })
    local judge = judge_of()
    assert(judge:round())
    local function kept()
      local list = {}
      for row in monitor:query "SELECT clock, newest, stale, stores FROM alert_round ORDER BY number" do
        list[#list + 1] = ("%d %d %d %s"):format(row.clock / SECOND - START, row.newest / SECOND - START, row.stale,
          row.stores or "all")
      end
      return list
    end
    now = now + 1
    ingest_polls(monitor, { { "1", now - 400, false }, { "2", now, true } })
    assert(judge:round())
    now = now + 1
    ingest_polls(monitor, { { "2", now, true } }) -- which makes nothing else of it
    assert(judge:round())
    now = now + 3600
    assert(judge:round())
    judge:forget()
    assert.same({ "0 -600 0 all", '1 1 0 ["1"]', "3602 2 1 all" }, kept())
    now = now + 400 * DAY - 1800
    assert(outbox.tidy(monitor, now * SECOND))
    assert.same({ "3602 2 1 all" }, kept())
    assert(transaction.run(monitor.database, function(execute)
      return execute "DROP TABLE alert_round"
    end, true))
    monitor:close()
    monitor = open()
    assert.same({}, kept()) -- as in a file whose agent was older
    assert(outbox.tidy(monitor, now * SECOND))
    for row in monitor:query "SELECT count(*) AS n FROM sqlite_schema WHERE name GLOB 'alert_round*'" do
      assert.equal(0, row.n)
    end
    judge = judge_of()
    assert(judge:round())
    judge:forget()
    assert.equal(1, #kept())
  end)

  -- ---- what is told ----

  local LOG = { name = "log", kind = "log" }
  local DOWN = { name = "down", severity = "error", when = { kind = "down_for", time = "10m" } }

  -- Polls of stores up to now, every ten minutes for an hour: of those that are down the last three are inactive.
  local function poll(ids, is_down)
    local polls = {}
    for minute = -60, 0, 10 do
      for _, id in ipairs(ids) do
        polls[#polls + 1] = { id, now + minute * 60, not is_down or minute < -20 }
      end
    end
    ingest_polls(monitor, polls)
  end

  local function round(options)
    local judge = judge_of(nil, options)
    local found = assert(judge:round(true))
    judge:forget()
    return found
  end

  -- What is on its way, since the last time it was asked: "thread: state subject reason".
  local function told()
    local lines = {}
    for row in monitor:query [[SELECT m.number, m.thread, e.event FROM alert_message m JOIN alert_message_event x
        ON x.message = m.number JOIN alert_event e ON e.number = x.event WHERE m.outcome = 'pending']] do
      local event = cjson.decode(row.event)
      lines[#lines + 1] = ("%s: %s %s%s"):format(row.thread, event.state, event.subject.id,
        event.reason and " " .. event.reason or "")
    end
    table.sort(lines)
    assert(transaction.run(monitor.database, function(execute)
      return execute("UPDATE alert_message SET outcome = 'delivered', ended = ?", now * SECOND)
    end, true))
    return lines
  end

  local function states()
    local list = {}
    for _, alert in ipairs(assert(book.list(monitor))) do
      list[#list + 1] = ("%s %s %s"):format(alert.subject.id, alert.state, alert.reason or "-")
    end
    table.sort(list)
    return list
  end

  local function pass(seconds)
    now = now + seconds
  end

  it("tells what fires and what is over, to the channels of the rule or to all", function()
    put("channel", LOG)
    put("channel", { name = "other", kind = "log" })
    put("rule", DOWN)
    put("rule", { name = "late", when = { kind = "no_poll", time = "30m" }, channels = { "other" } })
    poll({ "1" }, true)
    round()
    assert.same({ "down: firing 1", "down: firing 1" }, told())
    pass(600)
    poll({ "1" })
    round()
    assert.same({ "down: resolved 1 recovered", "down: resolved 1 recovered" }, told())
    assert.same({ "1 resolved recovered" }, states())
    poll({ "2" })
    pass(2400)
    poll({ "1" })
    round()
    assert.same({ "late: firing 2" }, told())
  end)

  it("tells nothing of what is silenced, writes it, and tells it when it still goes on", function()
    put("channel", LOG)
    put("rule", DOWN)
    put("silence", { matchers = { store = "1*" }, from = now - 60, to = now + 1200, author = "Ann", comment = "works" })
    poll({ "1", "12", "2" }, true)
    round()
    assert.same({ "down: firing 2" }, told())
    assert.is_true(book.list(monitor, { store_id = "12" })[1].flags.silenced)
    assert.equal(1, #book.get(monitor, book.list(monitor, { store_id = "12" })[1].id).events)
    pass(600)
    poll({ "1" })
    poll({ "12", "2" }, true)
    round()
    assert.same({}, told())
    pass(600)
    poll({ "12", "2" }, true)
    round()
    assert.same({ "still firing: firing 12" }, told())
    assert.is_false(book.list(monitor, { store_id = "12" })[1].flags.silenced)
    pass(600)
    poll({ "12", "2" })
    round()
    assert.same({ "down: resolved 2 recovered", "still firing: resolved 12 recovered" }, told())
  end)

  it("mutes a rule in hours of a zone, but for the severity that passes, and tells the rest in one message", function()
    put("channel", LOG)
    -- a Thursday in New York, 07:00
    put("mute", { name = "night", hours = "thu 06:00-08:00", zone = "America/New_York", passes = "critical" })
    put("rule", { name = "down", severity = "error", when = { kind = "down_for", time = "10m" }, mute = { "night" } })
    put("rule", { name = "bad", severity = "critical", when = { kind = "down_for", time = "20m" }, mute = { "night" } })
    poll({ "1", "2" }, true)
    round()
    assert.same({ "bad: firing 1", "bad: firing 2" }, told())
    pass(3599)
    poll({ "1", "2" }, true)
    round()
    assert.same({}, told())
    pass(1)
    round()
    assert.same({ "still firing: firing 1", "still firing: firing 2" }, told())
  end)

  it("reminds as often as the rule says, but not of what somebody has acknowledged, until that ends", function()
    put("channel", LOG)
    put("rule", { name = "down", severity = "error", when = { kind = "down_for", time = "10m" }, ["repeat"] = "30m" })
    poll({ "1", "2" }, true)
    round()
    assert.equal(2, #told())
    assert(book.acknowledge(monitor, book.list(monitor, { store_id = "1" })[1].id, { who = "Ann", ["until"] = now + 3600 }))
    pass(1800)
    poll({ "1", "2" }, true)
    round()
    assert.same({ "down: firing 2 repeat" }, told())
    pass(1800)
    poll({ "1", "2" }, true)
    round()
    assert.same({ "down: firing 1 repeat", "down: firing 2 repeat" }, told())
  end)

  it("tells nothing late of what was acknowledged while it was held back, but when that ends", function()
    put("channel", LOG)
    put("rule", DOWN)
    put("silence", { matchers = { store = "*" }, from = now - 60, to = now + 600, author = "Ann", comment = "works" })
    poll({ "1", "2", "3" }, true)
    round()
    local function acknowledge(store, ends)
      assert(book.acknowledge(monitor, book.list(monitor, { store_id = store })[1].id, { who = "Ann", ["until"] = ends }))
    end
    acknowledge("1")
    acknowledge("2", now + 1200)
    pass(600)
    poll({ "1", "2", "3" }, true)
    round()
    assert.same({ "still firing: firing 3" }, told())
    pass(600)
    poll({ "1", "2", "3" }, true)
    round()
    assert.same({ "still firing: firing 2" }, told())
    pass(600)
    poll({ "1", "2", "3" })
    round()
    assert.same({ "still firing: resolved 2 recovered", "still firing: resolved 3 recovered" }, told())
  end)

  it("reminds nobody of a store that is closed, and goes on when it has opened", function()
    put("channel", LOG)
    put("rule", { name = "down", severity = "error", when = { kind = "down_for", time = "10m" }, ["repeat"] = "30m" })
    assert(monitor:set_hours("1", { thu = "06:00-07:30", fri = "06:00-07:30" })) -- it is 07:00
    poll({ "1", "2" }, true)
    round()
    assert.equal(2, #told())
    pass(1700)
    poll({ "1", "2" }, true)
    round()
    assert.same({}, told())
    pass(1800)
    poll({ "1", "2" }, true)
    round()
    assert.same({ "down: firing 2 repeat" }, told())
    assert.is_true(book.list(monitor, { store_id = "1" })[1].flags.frozen)
    pass(DAY - 3500 + 60)
    poll({ "1" }, true)
    poll({ "2" })
    round()
    assert.same({ "down: firing 1 repeat", "down: resolved 2 recovered" }, told())
  end)

  it("lets a group speak for its members, also after it was killed, and tells of those it leaves behind", function()
    put("channel", LOG)
    put("rule", DOWN)
    put("rule", { name = "many", severity = "critical", when = { kind = "group_down", count = 2 }, group_by = "region" })
    for _, id in ipairs { "1", "2", "3" } do
      assert(monitor:set_attributes(id, { region = "west" }))
    end
    poll({ "1", "2" }, true)
    poll({ "3" })
    round()
    assert.same({ "many: west: firing west" }, told())
    pass(600)
    poll({ "1", "2", "3" }, true)
    round()
    assert.same({}, told())
    assert.is_true(book.list(monitor, { store_id = "3" })[1].flags.inhibited)
    pass(600)
    poll({ "1", "2" })
    poll({ "3" }, true)
    round()
    assert.same({ "many: west: resolved west recovered", "still firing: firing 3" }, told())
  end)

  it("lets a group speak also for members that were told a short while before it, but not for older ones", function()
    put("channel", LOG)
    put("rule", { name = "down", severity = "error", when = { kind = "down_for", time = "10m" }, ["repeat"] = "30m" })
    put("rule", { name = "many", severity = "critical", when = { kind = "group_down", count = 3 }, group_by = "region" })
    for _, id in ipairs { "1", "2", "3" } do
      assert(monitor:set_attributes(id, { region = "west" }))
    end
    local function go_on(...)
      poll({ ... }, true)
      round()
      return told()
    end
    poll({ "2", "3" })
    assert.same({ "down: firing 1" }, go_on("1"))
    pass(600)
    poll({ "3" })
    assert.same({ "down: firing 2" }, go_on("1", "2"))
    pass(600)
    assert.same({ "many: west: firing west" }, go_on("1", "2", "3")) -- and 1 fired twenty minutes ago
    local function is_inhibited(id)
      return book.list(monitor, { store_id = id })[1].flags.inhibited
    end
    assert.same({ false, true, true }, { is_inhibited "1", is_inhibited "2", is_inhibited "3" })
    pass(1800)
    assert.same({ "down: firing 1 repeat" }, go_on("1", "2", "3"))
    pass(600)
    poll({ "1", "3" })
    round()
    -- what nobody speaks for any more is as any other: told at its time
    local lines = told()
    assert.same({ "down: firing 2 repeat", "down: resolved 1 recovered", "many: west: resolved west recovered" }, lines)
  end)

  it("tells a storm in one message a channel, and what it leads to within the next minute in another", function()
    put("channel", LOG)
    put("rule", { name = "down", severity = "error", when = { kind = "down_for", time = "10m" }, storm = 20 })
    put("rule", { name = "bad", severity = "critical", when = { kind = "down_for", time = "15m" }, storm = 20 })
    local first, more = {}, {}
    for i = 1, 60 do
      first[i], more[i] = "a" .. i, "b" .. i
    end
    poll(first, true)
    local judge = judge_of()
    assert(judge:round())
    local function messages()
      local row = monitor:query "SELECT count(*) AS n, max(due) AS due FROM alert_message"()
      return row.n, row.due
    end
    assert.equal(1, (messages()))
    assert.equal(120, #told())
    assert.equal(20, cjson.decode(monitor:query "SELECT event FROM alert_event"().event).storm) -- by which a message goes
    pass(1)
    poll(more, true)
    assert(judge:round())
    local count, due = messages()
    assert.equal(2, count)
    assert.equal((now - 1 + 60) * SECOND, due)
    judge:forget()
  end)

  it("ends what nothing else will: rules that are removed, changed or switched off, stores and groups that leave", function()
    put("channel", LOG)
    for _, name in ipairs { "gone", "changed", "off" } do
      put("rule", { name = name, severity = "error", when = { kind = "down_for", time = "10m" }, stores = { ids = { "1" } } })
    end
    put("rule", { name = "where", when = { kind = "down_for", time = "10m" }, stores = { where = { region = "west" } } })
    put("rule", { name = "group", when = { kind = "down_time", window = "1h", time = "10m", scope = "group" },
      group_by = "region" })
    for _, id in ipairs { "1", "2" } do
      assert(monitor:set_attributes(id, { region = "west" }))
    end
    poll({ "1", "2" }, true)
    local judge = judge_of()
    assert(judge:round())
    assert.equal(6, #assert(book.list(monitor, { state = "open" })))
    told()
    assert(configuration.remove(monitor, "rule", "gone"))
    put("rule", { name = "changed", severity = "error", when = { kind = "down_for", time = "11m" }, stores = { ids = { "1" } } })
    put("rule", { name = "off", enabled = false, when = { kind = "down_for", time = "10m" }, stores = { ids = { "1" } } })
    for _, id in ipairs { "1", "2" } do
      assert(monitor:set_attributes(id, { region = "east" }))
    end
    assert(judge:round())
    local ended = {}
    for _, alert in ipairs(assert(book.list(monitor, { state = "resolved" }))) do
      ended[#ended + 1] = ("%s %s %s"):format(alert.rule, alert.subject.id, alert.reason)
    end
    table.sort(ended)
    assert.same({ "changed 1 rule_changed", "gone 1 rule_removed", "group west store_left", "off 1 rule_changed",
      "where 1 store_left", "where 2 store_left" }, ended)
    assert.same({ "changed: resolved 1 rule_changed", "gone: resolved 1 rule_removed", "group: east: firing east",
      "group: west: resolved west store_left", "off: resolved 1 rule_changed", "where: resolved 1 store_left",
      "where: resolved 2 store_left" }, told())
    judge:forget()
  end)

  -- The same with the channel that each is on its way to.
  local function told_to()
    local lines = {}
    for row in monitor:query [[SELECT c.name, e.state, json_extract(e.event, '$.subject.id') AS subject FROM alert_message m
        JOIN alert_channel c ON c.number = m.channel JOIN alert_message_event x ON x.message = m.number
        JOIN alert_event e ON e.number = x.event WHERE m.outcome = 'pending']] do
      lines[#lines + 1] = ("%s: %s %s"):format(row.name, row.state, row.subject)
    end
    table.sort(lines)
    told()
    return lines
  end

  it("tells the end of an alert to whom it was told before, whatever its rule is by then, and to nobody else", function()
    for _, name in ipairs { "ops", "west", "east" } do
      put("channel", { name = name, kind = "log" })
    end
    local function down(fields)
      local rule = { name = "down", when = { kind = "down_for", time = "10m" }, channels = { "ops" } }
      for name, value in pairs(fields or {}) do
        rule[name] = value
      end
      put("rule", rule)
    end
    local ways = {
      function() assert(configuration.remove(monitor, "rule", "down")) end,
      function() down { enabled = false } end,
      function() down { channels = { "west", "east" } } end,
      function() down { when = { kind = "down_for", time = "11m" }, channels = { "west" } } end,
      function() -- and the alert goes on for longer than messages are kept
        assert(transaction.run(monitor.database, function(execute)
          return execute("UPDATE alert_message SET ended = ?", (now - 31 * DAY) * SECOND)
        end, true))
        assert(outbox.tidy(monitor, now * SECOND))
      end,
    }
    for i, way in ipairs(ways) do
      down()
      poll({ "1" }, true)
      round()
      assert.same({ "ops: firing 1" }, told_to(), i)
      way()
      pass(1800)
      poll({ "1" })
      round()
      assert.same({ "ops: resolved 1" }, told_to(), i)
      assert(configuration.list(monitor, "rule", "down")[1] == nil or configuration.remove(monitor, "rule", "down"))
      pass(7200)
      poll({ "1" })
      round()
      assert.same({}, told_to(), i)
    end
  end)

  it("does not tell the end of an alert to a channel that came after it began", function()
    put("channel", LOG)
    put("rule", DOWN)
    poll({ "1" }, true)
    round()
    assert.same({ "log: firing 1" }, told_to())
    put("channel", { name = "new", kind = "log" })
    pass(600)
    poll({ "1" })
    round()
    assert.same({ "log: resolved 1" }, told_to())
  end)

  it("evaluates all else where something that is stored is of no use any more, tells of that, and ends no alert of it", function()
    put("channel", LOG)
    put("mute", { name = "night", hours = "mon-sun 00:00-24:00", zone = "Europe/Paris" })
    put("rule", { name = "bad", severity = "error", when = { kind = "down_for", time = "10m" }, stores = { ids = { "1" } } })
    put("rule", { name = "good", severity = "error", when = { kind = "down_for", time = "10m" }, stores = { ids = { "2" } } })
    poll({ "1", "2" }, true)
    round()
    assert.same({ "bad: firing 1", "good: firing 2" }, told())
    local function set(kind, name, from, to)
      assert(transaction.run(monitor.database, function(execute)
        execute "UPDATE service SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT) WHERE name = 'configuration'"
        return execute("UPDATE configuration SET definition = replace(definition, ?, ?) WHERE kind = ? AND name = ?", from, to,
          kind, name)
      end, true))
    end
    set("rule", "bad", "10m", "45d")
    set("mute", "night", "Europe/Paris", "Europe/Gone")
    pass(3600)
    poll({ "1", "2" }, false)
    round()
    assert.same({ "good: resolved 2 recovered", "left out: firing mute night", "left out: firing rule bad" }, told())
    set("rule", "bad", "45d", "10m")
    set("mute", "night", "Europe/Gone", "Europe/Paris")
    pass(600)
    poll({ "1", "2" }, false)
    round()
    assert.same({ "bad: resolved 1 recovered", "left out: resolved mute night recovered",
      "left out: resolved rule bad recovered" }, told())
  end)

  it("leaves a rule out that has more groups than there may be, and tells of it", function()
    local usual = Evaluation.GROUPS_MAX
    finally(function()
      Evaluation.GROUPS_MAX = usual
    end)
    Evaluation.GROUPS_MAX = 2
    put("channel", LOG)
    put("rule", DOWN)
    put("rule", { name = "many", when = { kind = "group_down" }, group_by = "region" })
    for i = 1, 3 do
      assert(monitor:set_attributes(tostring(i), { region = "r" .. i }))
    end
    poll({ "1", "2", "3" }, true)
    round()
    local lines = table.concat(told(), "\n")
    assert.matches("down: firing 3", lines, 1, true)
    assert.matches("left out: firing rule many", lines, 1, true)
    assert.is_nil(lines:find("many: ", 1, true))
    local _, message = monitor:replay_alerts { rules = { { name = "many", when = { kind = "group_down" }, group_by = "region" } },
      from = now, to = now }
    assert.equal('EINVAL: rule "many": group_by: its stores have more than 2 different values of "region"', message)
    Evaluation.GROUPS_MAX = 3
    pass(60)
    round()
    assert.matches("many: r1: firing r1", table.concat(told(), "\n"), 1, true)
  end)

  it("resolves what an exclusion takes away afterwards, and lets what has no result for a week expire", function()
    put("channel", LOG)
    put("rule", DOWN)
    assert(monitor:set_hours("2", { thu = "06:00-07:30" }))
    poll({ "1", "2" }, true)
    round()
    assert.same({ "down: firing 1", "down: firing 2" }, told())
    assert(monitor:exclude { store = "1", from = now - 3600, to = now + 3600, reason = "works" })
    round()
    assert.same({ "down: resolved 1 excluded" }, told())
    assert(monitor:set_hours("2", { mon = "closed" }))
    for _ = 1, 9 do
      pass(86400)
      poll({ "1" })
      round()
    end
    assert.same({ "down: expired 2 no_result" }, told())
  end)

  it("tells of a feed that stops once, and nothing else until it is back", function()
    put("channel", LOG)
    put("rule", { name = "silent", when = { kind = "no_poll", time = "10m" } })
    put("rule", DOWN)
    poll({ "1", "2" })
    round()
    local judge = judge_of()
    for _ = 1, 300 do
      pass(60)
      assert(judge:round())
    end
    judge:forget()
    assert.same({ "stale: firing stale" }, told())
    poll({ "1" }, true)
    poll({ "2" })
    round()
    assert.same({ "down: firing 1", "stale: resolved stale recovered" }, told())
  end)

  it("tells nobody of a channel that somebody has switched off, and keeps nothing for it", function()
    put("channel", LOG)
    put("channel", { name = "off", kind = "log" })
    put("rule", DOWN)
    poll({ "1" }, true)
    round()
    put("channel", { name = "off", kind = "log", enabled = false })
    assert.same({ "log: firing 1" }, told_to())
    pass(600)
    poll({ "1" })
    round()
    assert.same({ "log: resolved 1" }, told_to())
    put("channel", { name = "off", kind = "log", enabled = true })
    pass(3600)
    poll({ "1" }, true)
    round()
    assert.same({ "log: firing 1", "off: firing 1" }, told_to())
  end)

  it("tells the others of a channel that takes nothing, and of reports that fail, until they do not", function()
    put("channel", LOG)
    put("channel", { name = "dead", kind = "webhook", url = "http://127.0.0.1:1/" })
    poll({ "1" })
    local function set(sql, ...)
      local arguments = { ... }
      assert(transaction.run(monitor.database, function(execute)
        return execute(sql, table.unpack(arguments))
      end, true))
    end
    set("UPDATE alert_channel SET failing = ? WHERE name = 'dead'", math.floor((now - 3600) * SECOND))
    set([[INSERT INTO report(report_id, options, state, created, finished, error) VALUES('r1', '{}', 'failed', 1, ?,
      'EFULL: the disk is full')]], math.floor((now - 60) * SECOND))
    round()
    assert.same({ "channel failing: firing dead", "report failed: firing r1", "report failed: firing r1" }, told())
    round()
    assert.same({}, told())
    set "UPDATE alert_channel SET failing = NULL"
    pass(86400)
    poll({ "1" })
    round()
    -- not the channel itself, which was never told that it fails
    assert.same({ "channel failing: resolved dead recovered", "report failed: resolved r1 recovered",
      "report failed: resolved r1 recovered" }, told())
    assert.same({ "dead resolved recovered", "r1 resolved recovered" }, states())
  end)

  it("tells of files that cannot be loaded, until files can", function()
    put("channel", LOG)
    poll({ "1" })
    round()
    assert.is_nil(monitor:ingest { polls = folder .. "/none.csv" })
    round()
    assert.same({ "ingest failed: firing files" }, told())
    assert.matches("^files could not be loaded: ENOENT: none%.csv: ", book.list(monitor, { state = "open" })[1].text)
    poll({ "2" })
    round()
    assert.same({ "ingest failed: resolved files recovered" }, told())
  end)

  it("tells of files without where they are on this machine, and values as they are", function()
    put("channel", LOG)
    local zones, folders = folder .. "/zones.csv", folder .. "/zones.csv.d/x.csv"
    files.write(zones, "store_id,timezone_str\n1,America/Chicagoo\n")
    for _, try in ipairs {
      { { timezones = zones }, '^EINPUT: zones%.csv:2: .*"America/Chicagoo"' },
      { { timezones = { zones, folders } }, '^EINPUT: zones%.csv:2: .*"America/Chicagoo"' },
      { { timezones = { folders, zones } }, "^ENOENT: x%.csv: " },
      { { timezones = { name = "of/us", read = folders } }, "^ENOENT: x%.csv: " },
    } do
      assert.is_nil(monitor:ingest(try[1]))
      local value = monitor.database:rows("SELECT value FROM service WHERE name = 'ingest failed'")[1].value
      assert.matches(try[2], value:match "^%d+ (.*)$")
    end
  end)

  it("fails of files as they did where nobody can be told any more", function()
    put("channel", LOG)
    local closed
    closed = function()
      monitor:close()
      return nil, "it is gone"
    end
    local done, message, code = monitor:ingest { polls = closed }
    assert.same({ "EIO: polls: it is gone", "EIO" }, { done or message, code })
    monitor = assert(loom.open(folder .. "/other.db", { create = true }))
  end)

  it("goes by the rule that is stored where a function has its name, and tells of the function", function()
    put("channel", LOG)
    local rules = { { name = "down", severity = "info", when = function() return { ["7"] = true } end },
      { name = "own", severity = "info", when = function() return { ["8"] = true } end } }
    poll({ "1" }, true)
    round { rules = rules }
    assert.same({ "down: firing 7", "own: firing 8" }, told())
    put("rule", DOWN)
    round { rules = rules }
    assert.same({ "down: firing 1", "down: resolved 7 rule_removed", "left out: firing function down" }, told())
    assert(configuration.remove(monitor, "rule", "down"))
    pass(60)
    round { rules = rules }
    assert.same({ "down: firing 7", "down: resolved 1 rule_removed", "left out: resolved function down recovered" }, told())
  end)

  it("writes whatever a function returns, or tells that it cannot be read, and evaluates all else", function()
    put("channel", LOG)
    put("rule", DOWN)
    local function rule(name, result)
      return { name = name, severity = "error", when = function() return result end }
    end
    local rules = { rule("numbers", { a = 0 / 0, b = math.huge, c = { value = -math.huge, text = ("x"):rep(5000) } }),
      rule("list", { a = setmetatable({}, { __index = function() error "no list" end }) }), rule("fleet", true) }
    poll({ "1" }, true)
    local found = round { rules = rules }
    assert.matches("^rule list: .*no list", found.failure)
    assert.same({ "down: firing 1", "fleet: firing ", "numbers: firing a", "numbers: firing b", "numbers: firing c" }, told())
  end)

  it("keeps instants to the microsecond", function()
    put("channel", LOG)
    put("rule", DOWN)
    now = START + 0.123456
    ingest_polls(monitor, { { "1", START - 1800, true } })
    local at = START * SECOND + 123456
    assert(monitor:ingest { polls = text_of { "store_id,status,timestamp_utc", "1,inactive," ..
      loom.format_timestamp(START - 1200 + 0.654321), "1,inactive," .. loom.format_timestamp(START + 0.123456) } })
    round()
    local event = cjson.decode(monitor:query "SELECT event FROM alert_event"().event)
    assert.equal(at, event.at)
    assert.equal(at - 1200 * SECOND - 123456 + 654321, event.since)
    local last = assert(book.last_round(monitor))
    assert.same({ at, at }, { last.clock, last.instant })
  end)

  it("moves nothing while the clock is behind", function()
    put("channel", LOG)
    put("rule", DOWN)
    poll({ "1" }, true)
    round()
    assert.equal(1, #told())
    pass(-7200)
    round()
    assert.same({}, told())
    assert.same({ "1 firing -" }, states())
  end)

  -- A feed that is ahead of the clock by seconds: polls of no store but those that are ahead are looked at.
  it("reads no more than what has changed where polls are ahead of the clock", function()
    put("rule", DOWN)
    poll({ "1", "2" })
    local judge = judge_of()
    assert(judge:round())
    assert(transaction.run(monitor.database, function(execute)
      return execute "UPDATE poll_block SET polls = x'' WHERE store = (SELECT number FROM store WHERE store_id = '2')"
    end, true))
    for _ = 1, 3 do
      pass(1)
      ingest_polls(monitor, { { "1", now - 1, false }, { "1", now + 2, false } })
      assert.is_false(assert(judge:round()).is_all)
    end
    judge:forget()
    local _, _, code = judge:round() -- all are looked at
    assert.equal("ECORRUPT", code)
  end)

  it("counts one result a minute, however many writes there are, as a replay by the minute does", function()
    local rule = { name = "down", when = { kind = "down_for", time = "10m" }, ["for"] = { count = 3 } }
    put("rule", rule)
    poll({ "1" }, true)
    local judge, first = judge_of(), now
    assert(judge:round())
    for _ = 1, 2 do
      for _ = 1, 5 do
        pass(7)
        ingest_polls(monitor, { { "1", now, false } })
        local found = assert(judge:round())
        assert.same({ 0, false }, { found.events, found.is_all })
      end
      assert.same({}, events_of(monitor))
      pass(60 - 35)
      ingest_polls(monitor, { { "1", now, false } })
      assert(judge:round())
    end
    judge:forget()
    local found = assert(monitor:replay_alerts { rules = { rule }, from = first, to = now })
    assert.equal(1, #found.events)
    assert.equal(now, found.events[1].at)
    local event = found.events[1]
    assert.same({ ("%s %s down 1 firing -"):format(event.id, event.alert) }, events_of(monitor))
  end)

  it("hears of stores that have changed at once, and of the others each minute", function()
    put("rule", DOWN)
    poll({ "1", "2" })
    local judge = judge_of()
    assert(judge:round())
    pass(1)
    assert.same({ events = 0, seconds = 0 }, assert(judge:round()))
    poll({ "3" }, true)
    local found = assert(judge:round())
    assert.same({ 1, false }, { found.events, found.is_all })
    pass(60)
    assert.is_true(assert(judge:round()).is_all)
    judge:forget()
  end)
end)
