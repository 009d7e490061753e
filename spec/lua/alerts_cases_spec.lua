-- Alerts, case by case: feeds that stop, stores that leave, rules that change, exclusions that come late, storms, groups that
-- speak for their members; and that what is evaluated is of the rules and the instant alone. At random: alerts_spec.lua.
local Evaluation = require "loom.alerts.evaluation"
local files = require "support.files"
local loom = require "loom"
local rules = require "loom.alerts.rules"

local MINUTE, HOUR, DAY = 60, 3600, 86400
local START = loom.parse_timestamp "2024-03-04 00:00:00" -- a Monday

local function text_of(lines)
  local given = false
  return function()
    given, lines = true, given and {} or lines
    return #lines > 0 and table.concat(lines, "\n") .. "\n" or nil
  end
end

describe("alerts", function()
  local monitor, evaluation

  before_each(function()
    monitor = assert(loom.open(":memory:", { create = true, default_zone = "UTC" }))
    evaluation = nil
  end)

  after_each(function()
    if evaluation then
      evaluation:close()
    end
    monitor:close()
  end)

  -- Loads polls: lists of a store, an instant in seconds from the start, and whether it is active.
  local function ingest(polls, into)
    local lines = { "store_id,status,timestamp_utc" }
    for _, poll in ipairs(polls) do
      lines[#lines + 1] = ("%s,%s,%d"):format(poll[1], poll[3] and "active" or "inactive", START + poll[2])
    end
    assert((into or monitor):ingest { polls = text_of(lines) })
  end

  -- Polls of some stores at every `every` seconds, active until `down` (of each store, or all) and from `up` on.
  local function polls_of(stores, from, to, every, down, up)
    local list = {}
    for at = from, to, every do
      for _, store in ipairs(stores) do
        list[#list + 1] = { store, at, not (down and at >= down and (not up or at < up)) }
      end
    end
    return list
  end

  local function evaluate_by(definitions, options)
    if evaluation then
      evaluation:close()
    end
    evaluation = assert(Evaluation.new(monitor, assert(rules.read(definitions)), options))
  end

  -- Lines of the events at clocks from one instant to another.
  local function lines_of(events)
    local lines = {}
    for i, event in ipairs(events) do
      lines[i] = ("%d %s %s %s%s"):format(event.at - START, event.rule, event.subject.id, event.state,
        event.reason and " " .. event.reason or "")
    end
    return lines
  end

  local function events_at(from, to, step)
    step = step or MINUTE
    local all = {}
    for clock = from, to or from, step do
      for _, event in ipairs(assert(evaluation:evaluate((START + clock) * 1000000))) do
        all[#all + 1] = event
      end
    end
    return all
  end

  local function told(from, to, step)
    return lines_of(events_at(from, to, step))
  end

  local function replayed(definitions, from, to, step)
    return lines_of(assert(monitor:replay_alerts { rules = definitions, from = START + from, to = START + to,
      step = step or MINUTE }).events)
  end

  local DOWN = { { name = "down", when = { kind = "down_for", time = 30 * MINUTE } } }

  it("of a feed that stops are one that it is stale, and the right ones when the backlog has come", function()
    local stores = { "a", "b", "c" }
    local before = polls_of(stores, 0, 10 * HOUR, 10 * MINUTE)
    local backlog = polls_of(stores, 10 * HOUR + 10 * MINUTE, 20 * HOUR, 10 * MINUTE, 12 * HOUR)
    local definitions = { DOWN[1], { name = "silent", when = { kind = "no_poll", time = 20 * MINUTE } },
      { name = "share", group_by = "timezone", when = { kind = "group_down", share = 0.5 } } }
    ingest(before)
    evaluate_by(definitions)
    assert.same({}, told(2 * HOUR, 10 * HOUR))
    assert.same({ "37860 stale stale firing" }, told(10 * HOUR + MINUTE, 20 * HOUR))
    ingest(backlog)
    -- At once all that the newest poll shows; what came and went within the gap was never seen.
    assert.same({ "72000 share UTC firing", "72000 down a firing", "72000 down b firing", "72000 down c firing",
      "72060 stale stale resolved recovered" }, told(20 * HOUR + MINUTE))
    assert.same({}, told(20 * HOUR + 2 * MINUTE, 20 * HOUR + 20 * MINUTE))
  end)

  it("are frozen while a store is closed, and told once", function()
    assert(monitor:set_hours("a", { mon = "09:00-17:00", tue = "09:00-17:00" }))
    local list = polls_of({ "a" }, 8 * HOUR, 16 * HOUR, 10 * MINUTE)
    for _, poll in ipairs(polls_of({ "a" }, 16 * HOUR, DAY + 10 * HOUR, 10 * MINUTE, 0)) do
      list[#list + 1] = poll
    end
    for _, poll in ipairs(polls_of({ "a" }, DAY + 10 * HOUR + 10 * MINUTE, DAY + 12 * HOUR, 10 * MINUTE)) do
      list[#list + 1] = poll
    end
    ingest(list)
    evaluate_by(DOWN)
    assert.same({ "59400 down a firing", "123600 down a resolved recovered" }, told(9 * HOUR, DAY + 12 * HOUR, 5 * MINUTE))
  end)

  it("end with the reason that an exclusion was entered afterwards, and only where it takes what they were for", function()
    ingest(polls_of({ "a", "b", "c" }, 0, 10 * HOUR, 10 * MINUTE, 8 * HOUR))
    evaluate_by(DOWN)
    assert.same({ "30600 down a firing", "30600 down b firing", "30600 down c firing" }, told(8 * HOUR, 9 * HOUR))
    assert(monitor:exclude { store = "a", from = START + 8 * HOUR, to = START + 9 * HOUR, reason = "works" })
    assert(monitor:exclude { store = "b", from = START + 9 * HOUR + 30 * MINUTE, to = START + 10 * HOUR })
    assert.same({ "32400 down a resolved excluded" }, told(9 * HOUR))
    assert.same({ "34200 down a firing" }, told(9 * HOUR + MINUTE, 10 * HOUR))
  end)

  it("end when their store leaves, and when a rule changes its meaning, not its words", function()
    ingest(polls_of({ "a", "b" }, 0, 3 * HOUR, 10 * MINUTE, HOUR))
    evaluate_by(DOWN)
    assert.equal(2, #told(HOUR, 2 * HOUR))
    assert(monitor:delete_store "a")
    assert.same({ "7200 down a resolved store_left" }, told(2 * HOUR + MINUTE))
    local bytes = evaluation:state(1, "b")
    evaluate_by { { name = "down", severity = "critical", text = "{store}", channels = { "x" }, when = DOWN[1].when } }
    evaluation:put(1, "b", bytes)
    assert.same({}, told(2 * HOUR + 2 * MINUTE))
    evaluate_by { { name = "down", when = { kind = "down_for", time = 40 * MINUTE } } }
    evaluation:put(1, "b", bytes)
    assert.same({ "7200 down b resolved rule_changed", "7800 down b firing" },
      told(2 * HOUR + 3 * MINUTE, 2 * HOUR + 10 * MINUTE))
  end)

  it("that are pending when their rule changes begin anew, untold", function()
    ingest(polls_of({ "a" }, 0, 3 * HOUR, 10 * MINUTE, HOUR))
    evaluate_by { { name = "down", when = { kind = "down_for", time = 0 }, ["for"] = { time = 30 * MINUTE } } }
    assert.same({}, told(HOUR, HOUR + 20 * MINUTE))
    local bytes = evaluation:state(1, "a")
    evaluate_by { { name = "down", when = { kind = "down_for", time = 0 }, ["for"] = { time = 20 * MINUTE } } }
    evaluation:put(1, "a", bytes)
    assert.same({ "6000 down a firing" }, told(HOUR + 20 * MINUTE, 2 * HOUR))
  end)

  it("do not move by a clock that jumps back, and go on when it is right again", function()
    ingest(polls_of({ "a" }, 0, 6 * HOUR, 10 * MINUTE, 2 * HOUR, 4 * HOUR))
    evaluate_by(DOWN)
    assert.same({ "9000 down a firing" }, told(2 * HOUR, 3 * HOUR))
    local bytes = evaluation:state(1, "a")
    assert.same({}, told(HOUR, 2 * HOUR + 50 * MINUTE))
    assert.equal(bytes, (evaluation:state(1, "a")))
    assert.same({ "15000 down a resolved recovered" }, told(3 * HOUR, 5 * HOUR))
  end)

  it("expire after a week without a result", function()
    assert(monitor:set_hours("a", { mon = "09:00-17:00" }))
    ingest(polls_of({ "a" }, 9 * HOUR, 12 * HOUR, 10 * MINUTE, 10 * HOUR))
    ingest(polls_of({ "other" }, 9 * HOUR, 9 * DAY, 30 * MINUTE))
    assert(monitor:exclude { store = "a", from = START + 7 * DAY, to = START + 8 * DAY })
    evaluate_by(DOWN)
    local lines = told(9 * HOUR, 9 * DAY, 10 * MINUTE)
    assert.same("37800 down a firing", lines[1])
    assert.equal(2, #lines)
    assert.matches("^%d+ down a expired no_result$", lines[2])
    assert.is_true(tonumber(lines[2]:match "%d+") <= 8 * DAY)
  end)

  it("of groups speak for those of their members that begin close to theirs", function()
    for store, region in pairs { a = "north", b = "north", c = "south", d = "north" } do
      assert(monitor:set_attributes(store, { region = region }))
    end
    ingest(polls_of({ "a", "b" }, 0, 5 * HOUR, 10 * MINUTE, 2 * HOUR))
    ingest(polls_of({ "c" }, 0, 5 * HOUR, 10 * MINUTE, 2 * HOUR))
    ingest(polls_of({ "d" }, 0, 5 * HOUR, 10 * MINUTE, 2 * HOUR + 30 * MINUTE))
    evaluate_by { { name = "down", when = { kind = "down_for", time = 0 } },
      { name = "region", group_by = "region", when = { kind = "group_down", count = 2, share = 0.5 } } }
    local by_subject = {}
    for _, event in ipairs(events_at(HOUR, 4 * HOUR, 10 * MINUTE)) do
      by_subject[event.subject.id] = event
    end
    assert.equal("firing", by_subject.north.state)
    assert.equal(by_subject.north.alert, by_subject.a.inhibited)
    assert.equal(by_subject.north.alert, by_subject.b.inhibited)
    assert.is_nil(by_subject.c.inhibited) -- of another group, of which one alone is down
    assert.is_nil(by_subject.d.inhibited) -- that began half an hour later
  end)

  it("of a store are none before its first poll, whatever comes later", function()
    local definitions = { { name = "unknown", stores = { dormant = true },
        when = { kind = "unknown", window = HOUR, share = 0.5 } },
      { name = "group", group_by = "timezone", stores = { dormant = true },
        when = { kind = "unknown", scope = "group", window = HOUR, share = 0.5 } } }
    ingest(polls_of({ "a" }, 0, 3 * DAY, 10 * MINUTE))
    ingest(polls_of({ "late" }, 2 * DAY, 3 * DAY, 10 * MINUTE))
    ingest { { "late2", 2 * DAY, true }, { "late3", 2 * DAY, true } }
    local lines = replayed(definitions, DAY, 2 * DAY - HOUR, 10 * MINUTE)
    assert.same({}, lines)
  end)

  it("see what rules of days need, and the same from wherever the past is looked at", function()
    ingest(polls_of({ "a" }, 0, DAY, 10 * MINUTE))
    ingest { { "a", DAY + HOUR, false } } -- and then nothing
    ingest(polls_of({ "other" }, 0, 20 * DAY, HOUR))
    local days = { { name = "days", max_gap = 25 * DAY, stores = { dormant = true },
        when = { kind = "down_for", time = 10 * DAY } },
      { name = "silent", stores = { dormant = true }, when = { kind = "no_poll", time = 12 * DAY } },
      { name = "polls", max_gap = 25 * DAY, stores = { dormant = true },
        when = { kind = "inactive_polls", count = 1, of = 2 } } }
    local function of_days(lines)
      local found = {}
      for _, line in ipairs(lines) do
        found[#found + 1] = not line:find "polls" and line or nil
      end
      return found
    end
    local expected = { ("%d days a firing"):format(11 * DAY + HOUR), ("%d silent a firing"):format(13 * DAY + HOUR) }
    for _, from in ipairs { 5 * DAY, 8 * DAY, 9.5 * DAY, 10 * DAY } do
      assert.same(expected, of_days(replayed(days, from, 20 * DAY, HOUR)))
    end
    local seen = replayed(days, 5 * DAY, 20 * DAY, HOUR)
    assert.same("432000 polls a firing", seen[1])
    -- polls of more than eight days ago are none: an evaluation of one instant sees what one of many does
    for clock = 5 * DAY, 12 * DAY, 6 * HOUR do
      evaluate_by { days[3] }
      assert.equal(clock <= 9 * DAY + HOUR and 1 or 0, #events_at(clock), clock)
    end
    assert.matches("^1386000 polls a expired no_result", seen[#seen])
  end)
end)

describe("an evaluation", function()
  -- How many bytes a process has read, of whatever kind.
  local function bytes_read()
    return tonumber(files.read("/proc/self/io"):match "rchar: (%d+)")
  end

  it("reads no polls more of ten times as long a history, of a day only that it is there", function()
    if not files.exists "/proc/self/io" then
      return pending "the system does not count what is read"
    end
    local folder = files.make_folder()
    local read, size = {}, {}
    for i, days in ipairs { 12, 120 } do
      local path = folder .. "/db" .. i
      local monitor = assert(loom.open(path, { create = true, default_zone = "UTC" }))
      for day = 120 - days, 119 do
        local lines = { "store_id,status,timestamp_utc" }
        for store = 1, 300 do
          for hour = 0, 23 do
            lines[#lines + 1] = ("s%d,active,%d"):format(store, START + day * DAY + hour * HOUR + store * (hour + day) % 3571)
          end
        end
        assert(monitor:ingest { polls = text_of(lines) })
      end
      monitor:close()
      monitor = assert(loom.open(path))
      local evaluation = assert(Evaluation.new(monitor, assert(rules.read { { name = "down", when = { kind = "down_for",
        time = 60 } }, { name = "week", when = { kind = "ratio", window = 7 * DAY, below = 0.9 } } })))
      local before = bytes_read()
      assert(evaluation:evaluate((START + 120 * DAY - HOUR) * 1000000))
      read[i], size[i] = bytes_read() - before, #files.read(path)
      evaluation:close()
      monitor:close()
    end
    files.remove_folder(folder)
    assert.is_true(read[1] > 10000, read[1])
    -- a page of each day more, where there are four and more
    assert.is_true(read[2] - read[1] < (size[2] - size[1]) / 3, table.concat({ read[1], read[2], size[1], size[2] }, " "))
  end)
end)
