-- Series against timelines, which are added up here step by step, and against the sums of reports.

local files = require "support.files"
local fleets = require "support.fleets"
local loom = require "loom"
local time = require "loom.time"

local HOUR, DAY = 3600 * 1000000, 86400 * 1000000
local columns = { "up", "down", "unknown", "excluded", "scheduled", "stores_down" }
local text = fleets.text

local function microseconds(seconds)
  return math.floor(seconds * 1e6 + 0.5)
end

-- Adds a store's timeline to steps, each a table of the columns.
local function add_timeline(steps, timeline, from, step)
  local last_down = 0
  for _, segment in ipairs(timeline) do
    local at, stop = microseconds(segment.from), microseconds(segment.to)
    while at < stop do
      local place = math.floor((at - from) / step) + 1
      local till = math.min(stop, from + place * step)
      local of = steps[place]
      if segment.state ~= "closed" then
        of[segment.state] = of[segment.state] + till - at
        of.scheduled = of.scheduled + (segment.state ~= "excluded" and till - at or 0)
      end
      if segment.state == "down" and place > last_down then
        of.stores_down, last_down = of.stores_down + 1, place
      end
      at = till
    end
  end
end

local function empty_steps(count)
  local steps = {}
  for i = 1, count do
    steps[i] = { up = 0, down = 0, unknown = 0, excluded = 0, scheduled = 0, stores_down = 0 }
  end
  return steps
end

-- What a series has for all stores, or for one of its values, in microseconds.
local function column_of(of, name)
  return name == "stores_down" and of.stores_down or of:microseconds(name)
end

local function assert_steps(steps, of, where)
  for _, name in ipairs(columns) do
    local column = column_of(of, name)
    assert.equal(#steps, #column)
    for i, step in ipairs(steps) do
      assert(step[name] == column[i], ("%s, %s of step %d: %.0f, not %.0f"):format(where, name, i, column[i], step[name]))
      if name ~= "stores_down" then
        assert.equal(step[name], microseconds(of[name][i]))
      end
    end
  end
end

local step_lengths = { 60, 900, 3600, 5400, 7 * 3600 + 1, 86400, 3 * 86400 }

-- A span in the time of a fleet, and steps that it is a whole number of.
local function some_span(choose, first)
  local step = step_lengths[choose(1, #step_lengths)]
  local count = math.min(choose(1, 60), math.floor(12 * 86400 / step))
  local from = first + choose(-86400, 10 * 86400) * 1000000 + (choose(0, 1) == 1 and choose(0, 999999) or 0)
  return from, from + count * step * 1000000, step, count
end

describe("a series", function()
  it("is what timelines add up to, and adds up to a report, whatever the stores, rules and steps", function()
    local seen = {}
    for seed = 1, 40 do
      local monitor, fleet, choose, first = fleets.make(seed)
      local from, to, step, count = some_span(choose, first)
      local _, rules = fleets.some_rules(choose)
      local as_of = text(choose(0, 2) == 0 and from + choose(-2, 20) * DAY or to)
      local options = { from = text(from), to = text(to), step = step, as_of = as_of, all_stores = true, by = "timezone_str" }
      local of_report = { windows = { { name = "w", from = text(from), to = text(to) } }, as_of = as_of, all_stores = true }
      local of_timeline = { as_of = as_of }
      for name, value in pairs(rules) do
        options[name], of_report[name], of_timeline[name] = value, value, value
      end
      local series, report = assert(monitor:series(options)), assert(monitor:report(of_report))
      local where = ("seed %d, %s to %s by %d s, %s"):format(seed, options.from, options.to, step, rules.preset)
      local all, by_zone, stores = empty_steps(count), {}, {}
      for id, store in pairs(fleet) do
        by_zone[store.zone] = by_zone[store.zone] or empty_steps(count)
        stores[store.zone] = (stores[store.zone] or 0) + 1
        local timeline = assert(monitor:timeline(id, text(from), text(to), of_timeline))
        add_timeline(all, timeline, from, step * 1000000)
        add_timeline(by_zone[store.zone], timeline, from, step * 1000000)
      end
      assert.equal(12, series.stores)
      assert_steps(all, series, where)
      for i, of in ipairs(series.by) do
        assert.is_true(i == 1 or series.by[i - 1].value < of.value)
        assert.equal(stores[of.value], of.stores)
        assert_steps(by_zone[of.value], of, where .. ", " .. of.value)
        by_zone[of.value] = nil
      end
      assert.is_nil(next(by_zone))
      local sums = report:sums_of(1, 1)[1] -- up, down, unknown, excluded, …
      for place, name in ipairs { "up", "down", "unknown", "excluded" } do
        local sum = 0
        for _, value in ipairs(series:microseconds(name)) do
          sum = sum + value
        end
        assert(sum == sums[place], ("%s: %s is %.0f, not %.0f"):format(where, name, sum, sums[place]))
        seen[name] = (seen[name] or 0) + (sum > 0 and 1 or 0)
      end
      for i, t in ipairs(series.t_utc) do
        assert.equal(text(from + (i - 1) * step * 1000000), t)
        assert.equal(t, time.text(microseconds(series.t[i])))
      end
      series:close()
      report:close()
      monitor:close()
    end
    for _, name in ipairs { "up", "down", "unknown", "excluded" } do
      assert.is_true(seen[name] > 5, name)
    end
  end)

  describe("of a few stores", function()
    local monitor

    before_each(function()
      monitor = assert(loom.open(":memory:", { default_zone = "UTC" }))
      assert(monitor:polls {
        { "a", true, "2023-01-24 08:00:00" }, { "a", false, "2023-01-24 09:30:00" }, { "a", true, "2023-01-24 09:45:00" },
        { "b", true, "2023-01-24 08:30:00" }, { "b", true, "2023-01-24 10:00:00" }, { "c", false, "2023-01-24 10:00:00" },
      })
      assert(monitor:set_attributes("a", { brand = "Taco", city = "x" }))
      assert(monitor:set_attributes("b", { brand = "Big, \"B\"", city = "y" }))
      assert(monitor:exclude { store = "c", from = "2023-01-24 09:10:00", to = "2023-01-24 09:20:00" })
    end)

    after_each(function()
      monitor:close()
    end)

    local span = { from = "2023-01-24 08:00:00", to = "2023-01-24 10:00:00", step = "1h", by = "brand" }

    it("tells the values of an attribute apart, those without it last", function()
      local series = assert(monitor:series(span))
      -- Each is judged from 08:00 to 10:00 as a whole: a is down until 09:30, whose poll vouches for the time before it.
      assert.same({ 3600, 5400 }, series.up)
      assert.same({ { "Big, \"B\"", 1 }, { "Taco", 1 }, { nil, 1 } }, {
        { series.by[1].value, series.by[1].stores }, { series.by[2].value, series.by[2].stores },
        { series.by[3].value, series.by[3].stores } })
      assert.same({ 1, 1 }, series.by[2].stores_down)
      assert.same({ 3600, 1800 }, series.by[2].down)
      assert.same({ 2, 2 }, series.stores_down)
      assert.same({ 0, 600 }, series.by[3].excluded)
      assert.same({ 10800, 10200 }, series.scheduled)
      assert.equal("loom", series.rules.preset)
      assert.equal("2023-01-24 10:00:00.000000 UTC", series.as_of_utc)
      assert.matches("^loom%.series %(2023%-01%-24 08", tostring(series))
    end)

    it("is of the stores that are chosen, and of the values that these have", function()
      local function stores_of(options)
        for name, value in pairs(span) do
          options[name] = options[name] or value
        end
        local series = assert(monitor:series(options))
        local values = {}
        for i, of in ipairs(series.by) do
          values[i] = of.value
        end
        return series.stores .. ":" .. table.concat(values, ";")
      end
      assert.equal("1:Taco", stores_of { stores = "a" })
      assert.equal("1:Taco", stores_of { where = { city = "x" } })
      assert.equal('2:Big, "B";Taco', stores_of { stores = "[ab]" })
      assert.equal("3:UTC", stores_of { by = "timezone_str" })
      assert.equal("3:", stores_of { by = "nothing" })
      assert.equal("0:", stores_of { stores = "nobody" })
    end)

    it("is of the week before the newest poll, by the hour, unless told otherwise", function()
      local series = assert(monitor:series())
      assert.equal(168, #series.up)
      assert.equal(3600, series.step)
      assert.equal("2023-01-17 10:00:00.000000 UTC", series.t_utc[1])
      assert.equal("2023-01-24 10:00:00.000000 UTC", series.to_utc)
      assert.is_nil(series.by)
      assert.equal("2023-01-17 09:00:00.000000 UTC", assert(monitor:series { to = "2023-01-24 09:00:00" }).from_utc)
      assert.equal("2023-01-24 10:00:00.000000 UTC", assert(monitor:series { from = "2023-01-24 09:00:00" }).to_utc)
    end)

    it("is written as CSV and JSON", function()
      local folder = files.make_folder()
      local path = folder .. "/series"
      assert(assert(monitor:series(span)):write(path))
      assert.equal([[
t_utc,value,up,down,unknown,excluded,scheduled,stores_down
2023-01-24 08:00:00.000000 UTC,"Big, ""B""",3600,0,0,0,3600,0
2023-01-24 08:00:00.000000 UTC,Taco,0,3600,0,0,3600,1
2023-01-24 08:00:00.000000 UTC,,0,3600,0,0,3600,1
]], (files.read(path):gsub("(2023%-01%-24 09.*)$", "")))
      local plain = { from = span.from, to = span.to, step = 7200 }
      assert(assert(monitor:series(plain)):write(path, { format = "csv" }))
      assert.matches("^t_utc,up,down,unknown,excluded,scheduled,stores_down\n2023%-01%-24 08:00:00%.000000 UTC,%d+,",
        files.read(path))
      assert(assert(monitor:series(span)):write(path, { format = "json" }))
      local found = require "cjson".decode(files.read(path))
      assert.equal(3, #found.by)
      assert.equal("Taco", found.by[2].value)
      assert.equal(require "cjson".null, found.by[3].value)
      assert.same({ 3600, 3600 }, found.by[1].up)
      assert.same({ "2023-01-24 08:00:00.000000 UTC", "2023-01-24 09:00:00.000000 UTC" }, found.t)
      files.remove_folder(folder)
    end)

    it("cannot have steps that do not fit, too many of them, or too many values", function()
      local function failure(options)
        local series, message, code = monitor:series(options)
        assert.is_nil(series)
        assert.equal("EINVAL", code)
        return message
      end
      assert.matches("^EINVAL: step: the 7200 s from 2023%-01%-24 08.* are no whole number of steps of 420 s$",
        failure { from = span.from, to = span.to, step = "7m" })
      assert.equal("EINVAL: to: an instant after from, within 100 years, expected", failure { from = span.to, to = span.from })
      assert.equal("EINVAL: step: there would be 10080 steps, of which there may be 2000", failure { step = 60 })
      local stores = {}
      for i = 1, 51 do
        stores[i] = { store = "d" .. i, attributes = { code = i } }
      end
      assert(monitor:set_attributes(stores))
      assert.equal("EINVAL: by: no more than 50 values of so many steps: there are 51", failure { by = "code" })
      assert.equal("EINVAL: by: no more than 10 values of so many steps: there are 51", failure { by = "code",
        from = "2023-01-24 00:00:00", to = "2023-01-25 09:20:00", step = 60 })
      assert(monitor:series { by = "code", stores = "d[1-4]*" })
      assert.has_error(function() monitor:series { step = 59 } end)
      assert.has_error(function() monitor:series { step = 60.5 } end)
      assert.has_error(function() monitor:series { step = "32d" } end)
      assert.has_error(function() monitor:series { from = "2023-01-24" } end)
      assert.has_error(function() monitor:series { windows = {} } end)
    end)
  end)

  it("is none without polls, unless it is told what it is seen from", function()
    local monitor = assert(loom.open ":memory:")
    local series, _, code = monitor:series()
    assert.is_nil(series)
    assert.equal("EEMPTY", code)
    series = assert(monitor:series { as_of = "2023-01-24 10:00:00" })
    assert.equal(0, series.stores)
    assert.equal(168, #series.scheduled)
    monitor:close()
  end)

  it("keeps what was looked at when it is closed, and is closed by the collector", function()
    local monitor = fleets.make(3)
    local series = assert(monitor:series())
    local up = series.up
    series:close()
    series:close()
    assert.equal(up, series.up)
    assert.has_error(function() return series.down end)
    monitor:close()
  end)

  it("is the same in each year that there is, also where its steps end with the last instant", function()
    local monitor = assert(loom.open(":memory:", { default_zone = "UTC", max_ahead = "none" }))
    for _, day in ipairs { "0001-01-02", "1969-12-31", "2255-06-05", "9999-12-30" } do
      assert(monitor:poll("a", false, day .. " 12:00:00"))
      local series = assert(monitor:series { from = day .. " 00:00:00", to = day .. " 23:00:00", as_of = day .. " 23:30:00" })
      assert.equal(day .. " 22:00:00.000000 UTC", series.t_utc[23])
      assert.equal(23, #series.down)
      for _, down in ipairs(series:microseconds "down") do
        assert.equal(HOUR, down)
      end
      series:close()
    end
    monitor:close()
  end)
end)
