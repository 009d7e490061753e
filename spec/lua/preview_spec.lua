local loom = require "loom"
local random = require "support.random"

local NOW = 1767571200 -- 2026-01-05, a Monday
local DAY = 86400

describe("a preview", function()
  local monitor

  before_each(function()
    monitor = assert(loom.open(":memory:", { create = true, clock = function()
      return NOW
    end }))
    local polls = {}
    for _, id in ipairs { "a", "b" } do
      for at = NOW - 9 * DAY, NOW, 2700 do
        polls[#polls + 1] = { id, (at / 2700 + #id) % 5 > 1, at }
      end
    end
    assert(monitor:polls(polls))
    local week = { mon = "09:00-17:00", tue = "10:00-12:00", sat = "22:00-04:00" }
    assert(monitor:set_hours("a", week, { effective_from = "always" }))
    assert(monitor:set_timezone("a", "Europe/Paris"))
  end)

  after_each(function()
    monitor:close()
  end)

  local windows = { { name = "day", seconds = DAY }, { name = "week", seconds = 7 * DAY },
    { name = "yesterday", calendar = "yesterday" }, { name = "dates", from = "2026-01-01", to = "2026-01-04" },
    { name = "hour", from = NOW - 5 * DAY, to = NOW - 5 * DAY + 3600 } }

  local function figures(report)
    return report:json_of(report:find "a")
  end

  local function report_now(options)
    return assert(monitor:report { stores = { ids = { "a" } }, windows = windows, preset = options.preset })
  end

  it("tells what figures would be, and stores nothing", function()
    local before = monitor.database:revision()
    local found = assert(monitor:preview { store = "a", windows = windows, hours = { week = { mon = "09:00-18:00" },
      effective_from = "always" } })
    assert.equal(figures(report_now {}), figures(found.before))
    assert.not_equal(figures(found.before), figures(found.after))
    assert.is_truthy(found.changed[1])
    assert.equal(before, monitor.database:revision())
    assert.equal(0, found.left_out)
  end)

  -- ---- whatever is changed ----

  local dates = { "2025-12-28", "2025-12-30", "2026-01-01", "2026-01-03", "2026-01-05" }
  local zones = { "UTC", "Asia/Tokyo", "America/New_York" }

  local function some_week(pick)
    local week = {}
    for _, day in ipairs { "mon", "tue", "wed", "thu", "fri", "sat", "sun" } do
      local kind = pick(4)
      week[day] = ({ "closed", { "08:00-12:00", "13:30-02:00" }, "00:00-24:00" })[kind]
    end
    return week
  end

  local function some_spans(pick)
    return ({ "closed", "10:00-12:00", { "20:00-03:00", "10:00-11:00" } })[pick(3)]
  end

  local function some_exclusion(pick, store)
    local kind = pick(3)
    local from = NOW - pick(8) * DAY + pick(DAY)
    if kind == 1 then
      return { store = store, from = from, to = from + pick(DAY), reason = "x" }
    elseif kind == 2 then
      return { store = store, weekly = "daily 02:00-0" .. 2 + pick(5) .. ":00; mon 12:00-13:00",
        zone = pick(2) == 1 and "store" or "UTC", from = pick(2) == 1 and dates[pick(4)] or nil, reason = "x" }
    end
    return { store = store, zone = "store", from = dates[1 + pick(2)] .. " 10:00", to = dates[4] .. " 1" .. pick(9) .. ":00",
      reason = "x" }
  end

  -- Makes some change by the methods that store it.
  local function store_something(pick)
    local kind = pick(6)
    local store = pick(3) == 1 and "*" or "a"
    if kind == 1 then
      assert(monitor:set_hours("a", some_week(pick), { effective_from = dates[pick(4)] }))
    elseif kind == 2 then
      assert(monitor:clear_hours("a", { effective_from = dates[pick(5)] }))
    elseif kind == 3 then
      assert(monitor:set_special_day(store, dates[pick(5)], some_spans(pick), "n"))
    elseif kind == 4 then
      assert(monitor:exclude(some_exclusion(pick, store)))
    elseif kind == 5 then
      assert(monitor:set_timezone("a", pick(4) > 1 and zones[pick(3)] or nil))
    else
      local text = "store_id,dayOfWeek,start_time_local,end_time_local,effective_from\n"
      for day = 0, 6, pick(3) do
        text = text .. ("a,%d,0%d:00:00,1%d:00:00,%s\n"):format(day, pick(9), pick(9), dates[pick(3)])
      end
      local given = false
      assert(monitor:ingest { hours = { name = "hours", read = function()
        given = not given
        return given and text or nil
      end } })
    end
  end

  -- A change as a preview takes it, and what stores it.
  local function some_change(pick)
    local change, parts = {}, pick(15)
    local steps = {}
    if parts % 2 == 1 then
      local zone = pick(4) > 1 and zones[pick(3)] or false
      change.timezone_str = zone
      steps[#steps + 1] = function()
        assert(monitor:set_timezone("a", zone or nil))
      end
    end
    if math.floor(parts / 2) % 2 == 1 then
      local week = some_week(pick)
      local from, to = dates[pick(3)], pick(2) == 1 and dates[4 + pick(1)] or nil
      if pick(4) == 1 then
        local changes = { { effective_from = from, week = week }, { effective_from = dates[4], reverts = true },
          { effective_from = "always", removed = true } }
        change.hours = { changes = changes }
        steps[#steps + 1] = function()
          assert(monitor:set_hours_changes("a", changes))
        end
      else
        local always = pick(3) == 1 and "always" or from
        change.hours = { week = week, effective_from = always, to = to }
        steps[#steps + 1] = function()
          assert(monitor:set_hours("a", week, { effective_from = always, to = to }))
        end
      end
    end
    if math.floor(parts / 4) % 2 == 1 then
      change.special_days = {}
      for i = 1, pick(3) do
        local date, spans = dates[pick(5)], pick(4) > 1 and some_spans(pick) or false
        change.special_days[i] = { date = date, spans = spans, note = spans and "n" or nil }
        steps[#steps + 1] = function()
          if spans then
            assert(monitor:set_special_day("a", date, spans, "n"))
          else
            monitor:clear_special_day("a", date)
          end
        end
      end
    end
    if math.floor(parts / 8) % 2 == 1 then
      local known = monitor:exclusions()
      local number = known[1] and pick(2) == 1 and known[pick(#known)].number or nil
      local exclusion = some_exclusion(pick, "a")
      change.exclusions = { add = { exclusion }, remove = number and { number } or nil }
      steps[#steps + 1] = function()
        assert(not number or monitor:remove_exclusion(number))
        assert(monitor:exclude(exclusion))
      end
    end
    return change, steps
  end

  -- Where the states of two timelines of one span differ, instant by instant.
  local function difference_of(before, after)
    local function state_at(list, at)
      for _, segment in ipairs(list) do
        if at >= segment.from and at < segment.to then
          return segment.state
        end
      end
    end
    local cuts = {}
    for _, list in ipairs { before, after } do
      for _, segment in ipairs(list) do
        cuts[#cuts + 1] = segment.from
      end
    end
    local seconds = 0
    table.sort(cuts)
    for i, from in ipairs(cuts) do
      local to = cuts[i + 1] or before[#before].to
      seconds = seconds + (state_at(before, from) ~= state_at(after, from) and to - from or 0)
    end
    return seconds
  end

  it("is what it will be, whatever is changed", function()
    for seed = 1, 60 do
      local next_random = random.new(seed * 7919)
      local function pick(n)
        return next_random(1, n)
      end
      for _ = 1, pick(4) do
        store_something(pick)
      end
      local change, steps = some_change(pick)
      change.store, change.windows = "a", windows
      change.preset = pick(2) == 1 and "monitoring" or "loom"
      local found = assert(monitor:preview(change))
      local from, to = NOW, 0
      for _, window in ipairs(found.before.windows) do
        from, to = math.min(from, window.from), math.max(to, window.to)
      end
      local before = assert(monitor:timeline("a", from, to, { preset = change.preset }))
      for _, step in ipairs(steps) do
        step()
      end
      assert.equal(figures(report_now(change)), figures(found.after), "seed " .. seed)
      local after = assert(monitor:timeline("a", from, to, { preset = change.preset }))
      local seconds = 0
      for _, stretch in ipairs(found.changed) do
        seconds = seconds + stretch.seconds
      end
      assert.equal(difference_of(before, after), seconds, "seed " .. seed)
      found.before:close()
      found.after:close()
    end
  end)

  it("tells when a store would have been something else", function()
    local asked = { store = "a", windows = { { name = "w", from = NOW - 3 * DAY, to = NOW } },
      exclusions = { add = { { from = NOW - 2 * DAY, to = NOW - DAY } } }, timezone_str = "UTC" }
    local found = assert(monitor:preview(asked))
    local before = assert(monitor:timeline("a", NOW - 3 * DAY, NOW))
    assert(monitor:set_timezone("a", "UTC"))
    assert(monitor:exclude { store = "a", from = NOW - 2 * DAY, to = NOW - DAY })
    local after = assert(monitor:timeline("a", NOW - 3 * DAY, NOW))
    local seconds = 0
    for i, stretch in ipairs(found.changed) do
      assert.not_equal(stretch.before, stretch.after)
      assert.is_true(i == 1 or found.changed[i - 1].to <= stretch.from)
      seconds = seconds + stretch.seconds
    end
    assert.equal(difference_of(before, after), seconds)
    assert.is_true(seconds > 0)
  end)

  it("fails for what is not known, and raises for what it cannot take", function()
    local found, _, code = monitor:preview { store = "nobody" }
    assert.same({ [2] = "ENOENT" }, { found, code })
    found, _, code = monitor:preview { store = "a", exclusions = { remove = { 77 } } }
    assert.same({ [2] = "ENOENT" }, { found, code })
    found, _, code = monitor:preview { store = "a", timezone_str = "Mars/Base" }
    assert.same({ [2] = "EINPUT" }, { found, code })
    for _, options in ipairs { {}, { store = "a", hours = 5 }, { store = "a", hours = {} }, { store = "a", special_days = { 5 } },
      { store = "a", special_days = { { date = "2026-01-01" } } }, { store = "a", exclusions = { add = 5 } },
      { store = "a", exclusions = { add = { { store = "b", from = 1, to = 2 } } } }, { store = "a", timezone_str = 5 },
      { store = "a", hours = { changes = 5 } }, { store = "a", exclusions = { removed = {} } }, { store = "a", other = 1 } } do
      assert.has_error(function()
        monitor:preview(options)
      end)
    end
  end)

  it("is nothing new where nothing is changed", function()
    local found = assert(monitor:preview { store = "a" })
    assert.same({}, found.changed)
    assert.equal(figures(found.before), figures(found.after))
    assert.equal(3, #found.before.windows)
  end)
end)
