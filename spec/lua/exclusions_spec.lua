-- Exclusions that are rules: what timelines, reports and explanations make of them, against clocks that are read step by step.

local core = require "loom.core"
local database = require "support.database"
local loom = require "loom"
local random_of = require "support.random".new

local STEP, DAY = 900, 86400 -- seconds; rules and what zones are offset by are multiples of the former
local days = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" }

-- Stores and their zones; the last one has none.
local stores = { york = "America/New_York", berlin = "Europe/Berlin", howe = "Australia/Lord_Howe", plain = false }

local floor = math.floor

local function instant(text)
  return core.parse_timestamp(text) / 1000000
end

describe("exclusions that are rules", function()
  local monitor

  before_each(function()
    monitor = assert(loom.open(":memory:", { create = true, default_zone = "Asia/Kathmandu" }))
    for store, zone in pairs(stores) do
      assert(monitor:poll(store, true, "2024-03-20 00:00:00"))
      if zone then
        assert(monitor:set_timezone(store, zone))
      end
    end
  end)

  after_each(function()
    assert.same({}, monitor:check())
    monitor:close()
  end)

  -- When the clocks of a zone first show each quarter of an hour, in seconds since they showed 1970.
  local function read_clock(zone, from, to)
    local first = {}
    for at = from - 2 * DAY, to + 2 * DAY, STEP do
      local shown = instant(assert(monitor:local_time(zone, at)))
      first[shown] = first[shown] or at
    end
    return first
  end

  -- When a clock first shows a time; where it skips that, as long after the last one that it shows as that is before it.
  local function moment(first, seconds)
    local back = 0
    while not first[seconds - back] and back < DAY do
      back = back + STEP
    end
    return first[seconds - back] and first[seconds - back] + back
  end

  -- Marks the minutes that a rule takes out.
  local function mark(minutes, rule, first, from, to)
    local function take(open, close)
      for at = moment(first, open) or math.huge, (moment(first, close) or -math.huge) - STEP, STEP do
        minutes[at] = true
      end
    end
    if not rule.spans then
      return take(instant(rule.from .. ":00"), instant(rule.to .. ":00"))
    end
    for midnight = from - from % DAY - 2 * DAY, to + 2 * DAY, DAY do
      local date = core.format_date(floor(midnight / DAY))
      for _, span in ipairs(rule.spans) do
        if days[(floor(midnight / DAY) + 3) % 7 + 1] == span.day and (not rule.from or date >= rule.from)
          and (not rule.to or date < rule.to) then
          take(midnight + span.open, midnight + span.close + (span.close <= span.open and DAY or 0))
        end
      end
    end
  end

  local function clock(seconds)
    return ("%02d:%02d"):format(floor(seconds / 3600), floor(seconds / 60) % 60)
  end

  -- A random rule around a date, as it is given and, `spans`, as the model takes it.
  local function make_rule(random, day)
    local zones = { "store", "store", "America/New_York", "Europe/Berlin", "UTC" }
    local rule = { zone = zones[random(1, #zones)] }
    if random(1, 4) == 1 then
      local open = day * DAY + random(0, 9 * 96) * 900
      rule.from = core.format_date(floor(open / DAY)) .. " " .. clock(open % DAY)
      local close = open + random(1, 200) * 900
      rule.to = core.format_date(floor(close / DAY)) .. " " .. clock(close % DAY)
      return rule
    end
    rule.spans, rule.weekly = {}, {}
    for i = 1, random(1, 3) do
      local span = { day = days[random(1, 7)], open = random(0, 47) * 1800, close = random(0, 47) * 1800 }
      rule.spans[i] = span
      rule.weekly[i] = ("%s %s-%s"):format(span.day, clock(span.open), clock(span.close))
    end
    if random(1, 2) == 1 then
      rule.from = core.format_date(day + random(0, 8))
      rule.to = random(1, 2) == 1 and core.format_date(day + random(9, 12)) or nil
    end
    return rule
  end

  it("take out what the clocks of each store say, on both sides of summer time", function()
    local random = random_of(5)
    for _, first_day in ipairs { "2024-03-05", "2024-03-26", "2024-04-02", "2024-10-24", "2024-10-30" } do
      local from = instant(first_day .. " 00:00:00")
      local to, day = from + 10 * DAY, floor(from / DAY)
      local rules, clocks = {}, {}
      for i = 1, 4 do
        local rule = make_rule(random, day)
        rule.store = ({ "*", "*", "york", "berlin" })[i]
        rules[i] = rule
        rule.number = assert(monitor:exclude { store = rule.store, zone = rule.zone, from = rule.from, to = rule.to,
          weekly = rule.weekly })
      end
      local report = assert(monitor:report { windows = { { name = "w", from = from, to = to } }, slack = 0 })
      for store, zone in pairs(stores) do
        local minutes, count = {}, 0
        for _, rule in ipairs(rules) do
          if rule.store == "*" or rule.store == store then
            local of = rule.zone == "store" and (zone or "Asia/Kathmandu") or rule.zone
            clocks[of] = clocks[of] or read_clock(of, from, to)
            mark(minutes, rule, clocks[of], from, to)
          end
        end
        local segments = assert(monitor:timeline(store, from, to, { slack = 0 }))
        local at = 1
        for minute = from, to - STEP, STEP do
          while segments[at].to <= minute do
            at = at + 1
          end
          count = count + (minutes[minute] and 1 or 0)
          if (segments[at].state == "excluded") ~= (minutes[minute] == true) then
            error(("%s at %s is %s"):format(store, monitor:local_time("UTC", minute), segments[at].state))
          end
        end
        -- closed seconds before midnight are in no minute of the schedule: see slack
        assert.is_true(math.abs(report:get(store).w.excluded - count * STEP) <= 11)
      end
      for _, rule in ipairs(rules) do
        assert(monitor:remove_exclusion(rule.number))
      end
    end
  end)

  it("are listed and removed as the rules that they are, and come back from files", function()
    local week = { sun = "02:00-04:00", mon = { "22:00-06:00" }, tue = "22:00-06:00" }
    assert.same({ 1, 2, 3, 4 }, monitor:exclude {
      { store = "*", weekly = "Sunday 2:00-4:00", reason = "network, nightly" },
      { store = "york", weekly = week, zone = "America/New_York", from = "2024-03-01", to = "2024-04-01" },
      { store = "york", zone = "store", from = "2024-03-08", to = "2024-03-08 12:30:15.5" },
      { store = "berlin", from = "2024-03-08 10:00:00", to = "2024-03-08 11:00:00" },
    })
    local rules = {}
    for _, exclusion in ipairs(monitor:exclusions()) do
      rules[exclusion.number] = exclusion
    end
    assert.same({ number = 1, store_id = "*", reason = "network, nightly", weekly = "sun 02:00-04:00", zone = "store" }, rules[1])
    assert.same({ number = 2, store_id = "york", reason = "", weekly = "mon-tue 22:00-06:00; sun 02:00-04:00",
      zone = "America/New_York", from_local = "2024-03-01", to_local = "2024-04-01" }, rules[2])
    assert.same({ number = 3, store_id = "york", reason = "", zone = "store", from_local = "2024-03-08 00:00:00",
      to_local = "2024-03-08 12:30:15.500000" }, rules[3])
    assert.equal("2024-03-08 10:00:00.000000 UTC", rules[4].from_utc)
    assert.equal(1, monitor:exclude { store = "*", weekly = { "sun 02:00-04:00" }, zone = "store", reason = "network, nightly" })
    assert.equal(5, monitor:exclude { store = "*", weekly = "sun 02:00-04:00", zone = "UTC", reason = "network, nightly" })

    local copy = assert(loom.open(":memory:", { create = true }))
    local pieces = {}
    assert(monitor:export("exclusions", function(text)
      pieces[#pieces + 1] = text
      return true
    end))
    for new = 5, 0, -5 do
      local done = false
      local summary = assert(copy:ingest { exclusions = function()
        local text = not done and table.concat(pieces) or nil
        done = true
        return text
      end })
      assert.same({ new, 5 - new }, { summary[1].new, summary[1].duplicates })
    end
    assert.equal(database.dump_of(monitor):match "store_id,from_utc.*", database.dump_of(copy):match "store_id,from_utc.*")
    copy:close()
    for number = 1, 5 do
      assert(monitor:remove_exclusion(number))
    end
    assert.same({}, monitor:exclusions())
  end)

  it("end runs of a state, however long ago, and are a state", function()
    local plain = assert(loom.open(":memory:", { create = true }))
    for _, of in ipairs { monitor, plain } do
      assert(of:polls { { "plain", true, "2024-03-20 00:00:00" }, { "plain", false, "2024-03-21 00:00:00" } })
      assert(of:set_timezone("plain", "UTC"))
    end
    assert(monitor:exclude { store = "*", weekly = "thu 10:00-12:00", zone = "store", from = "2024-03-25", to = "2024-06-20" })
    for day = instant "2024-03-28 00:00:00", instant "2024-06-13 00:00:00", 7 * DAY do
      assert(plain:exclude { store = "*", from = day + 10 * 3600, to = day + 12 * 3600 })
    end
    local seen = {}
    for _, as_of in ipairs { "2024-03-27 00:00:00", "2024-03-28 11:00:00", "2024-04-03 09:00:00", "2024-06-13 12:30:00",
      "2024-07-30 00:00:00", "2025-12-01 00:00:00" } do
      local options = { as_of = as_of, max_gap = "none", stores = "plain" }
      local row, expected = assert(monitor:status(options)):stores()(), assert(plain:status(options)):stores()()
      assert.same({ expected.state, expected.since_utc }, { row.state, row.since_utc })
      seen[#seen + 1] = row.state .. " " .. tostring(row.since_utc)
    end
    assert.same({ "down 2024-03-21 00:00:00.000000 UTC", "excluded nil" }, { seen[1], seen[2] })
    plain:close()
  end)

  it("follow a store whose zone is corrected", function()
    assert(monitor:exclude { store = "*", weekly = "sun 02:00-04:00" })
    local function excluded()
      local list = {}
      for _, segment in ipairs(monitor:timeline("york", "2024-03-16 00:00:00", "2024-03-18 00:00:00")) do
        if segment.state == "excluded" then
          list[#list + 1] = segment.from_utc:sub(1, 16)
        end
      end
      return list
    end
    assert.same({ "2024-03-17 06:00" }, excluded())
    assert(monitor:set_timezone("york", "Asia/Tokyo"))
    assert.same({ "2024-03-16 17:00" }, excluded())
    local span = { name = "w", from = "2024-03-16 00:00:00", to = "2024-03-18 00:00:00" }
    local window = monitor:explain("york", { windows = { span } }).windows[1]
    assert.equal("2024-03-16 17:00:00.000000 UTC", window.exclusions[1].from_utc)
    assert.equal(7200, window.figures.excluded)
  end)

  it("close an opening's end within the slack at midnight, as hours do", function()
    assert(monitor:exclude { store = "*", weekly = "sat 22:00-23:59", zone = "UTC" })
    local function excluded(slack)
      return assert(monitor:report { stores = "plain", slack = slack, windows = { { name = "w", from = "2024-03-16 20:00:00",
        to = "2024-03-17 02:00:00" } } }):get("plain").w.excluded
    end
    assert.same({ 7200, 7140 }, { excluded(60), excluded(59) })
  end)

  it("of a zone that there is none of are refused", function()
    local _, message, code = monitor:exclude { store = "*", weekly = "sun 02:00-04:00", zone = "Mars/Olympus" }
    assert.same({ 'EINPUT: timezone "Mars/Olympus" is not a zone of the tz database', "EINPUT" }, { message, code })
    assert.same({}, monitor:exclusions())
  end)

  it("of a zone that is gone leave no store's figures wrong", function()
    assert(monitor:exclude { store = "york", weekly = "sun 02:00-04:00", zone = "UTC" })
    assert(monitor.database:begin())
    assert(monitor.database:execute("UPDATE exclusion SET zone = 'Mars/Olympus'"))
    assert(monitor.database:commit())
    local report = assert(monitor:report())
    assert.equal(3, report:count())
    assert.matches("an exclusion's timezone \"Mars/Olympus\" is not a zone of the tz database any more",
      report:left_out()[1].reason, 1, true)
    assert.matches('timezone "Mars/Olympus" is not .* exclusion 1 %(1 in all%)', monitor:check()[1])
    assert(monitor:remove_exclusion(1))
  end)

  -- A hundred spans of every week, which begin after so many minutes.
  local function crowded(minute)
    local spans = {}
    for hour = 0, 13 do
      spans[#spans + 1] = ("%02d:%02d-%02d:%02d"):format(hour, minute, hour, minute + 2)
    end
    return "daily " .. table.concat(spans, ",")
  end

  it("are as many as memory has room for", function()
    assert(monitor:transaction(function()
      for i = 1, 20 do
        assert(monitor:exclude { store = "*", weekly = crowded(i * 2) })
      end
    end))
    -- A million spans for each zone, of which not all are kept: figures are those of each store alone.
    local windows = { { name = "long", seconds = "3650d" } }
    local report = assert(monitor:report { windows = windows, threads = 1, preset = "monitoring" })
    assert.equal(4, #report)
    for i = 1, #report do
      local alone = assert(monitor:report { windows = windows, stores = { ids = { report[i].store_id } }, preset = "monitoring" })
      assert.same(report[i].long, alone[1].long)
    end
    -- What would take hundreds of megabytes is refused, and nothing else is.
    windows[1].seconds = "36500d"
    local refused, message, code = monitor:report { windows = windows }
    assert.is_nil(refused)
    assert.equal("EINVAL", code)
    assert.matches("recurring exclusions take out more than %d+ stretches", message)
    assert(monitor:report())
  end)
end)
