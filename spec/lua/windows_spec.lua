local instants = require "support.instants"
local loom = require "loom"
local windows = require "loom.windows"

local words = "today, yesterday, this-week, last-week, this-month, last-month"

describe("windows", function()
  local monitor

  setup(function()
    monitor = assert(loom.open ":memory:")
    assert(monitor:polls { { "a", true, 1000000.25 }, { "a", false, 1003600.25 } })
  end)

  teardown(function()
    monitor:close()
  end)

  -- The windows of a report as they were resolved.
  local function resolved(list)
    local report = assert(monitor:report { windows = list })
    local result = report.windows
    report:close()
    return result
  end

  it("are the standard ones where none are given", function()
    local names = {}
    for i, window in ipairs(resolved(nil)) do
      names[i] = window.name .. " " .. window.unit .. " " .. ("%d"):format(window.to - window.from)
    end
    assert.same({ "last_hour minutes 3600", "last_day hours 86400", "last_week hours 604800" }, names)
  end)

  it("end with the report, or where they are told to", function()
    assert.same(instants.with_texts {
      { name = "number", unit = "hours", from = 1003600.25 - 90, to = 1003600.25 },
      { name = "text", unit = "minutes", from = 1003600.25 - 7200, to = 1003600.25 },
      { name = "fraction", unit = "hours", from = 1003600.125, to = 1003600.25 },
      { name = "fixed", unit = "hours", from = 1000.5, to = 86400 * 20 },
    }, resolved {
      { name = "number", seconds = 90 }, { name = "text", seconds = "2h", unit = "minutes" },
      { name = "fraction", seconds = 0.125, unit = "hours" },
      { name = "fixed", from = 1000.5, to = "1970-01-21T00:00:00Z" },
    })
    assert.same(instants.with_texts { { name = "century", unit = "hours", from = 1003600.25 - 36525 * 86400, to = 1003600.25 } },
      resolved { { name = "century", seconds = 36525 * 86400 } })
  end)

  it("may have names that something else has, too", function()
    local names = { "ratio", "count", "rows", "up", "down", "w", "get", "windows", "key", "native", "slo", "target", "a_b_c", "1",
      "_", ("x"):rep(64) }
    local list = {}
    for i, name in ipairs(names) do
      list[i] = { name = name, seconds = i }
    end
    local report = assert(monitor:report { windows = list })
    assert.equal(#names, #report.windows)
    assert.equal(1, report:count())
    for i, name in ipairs(names) do
      assert.equal(i, report[1][name].scheduled)
      assert.equal(0, report[1]["uptime_" .. name])
    end
    local columns = require "support.csv".rows(require "support.report".text("csv", report, {
      columns = { "ratio_ratio", "down_count", "slo_met_slo", "uptime_up", "polls_a_b_c" },
    }))
    assert.same({ { ratio_ratio = "0", down_count = "2", slo_met_slo = "", uptime_up = "0.0", polls_a_b_c = "1" } }, columns)
    report:close()
  end)

  it("name what is wrong with them", function()
    for _, case in ipairs {
      { {}, "list of 1 to 64 windows" },
      { "last_day", "list of 1 to 64 windows" },
      { { name = "w", seconds = 1 }, "list of 1 to 64 windows" },
      { { "last_day" }, "list of windows: tables, or any of " .. words .. "," },
      { { 1 }, "list of windows: tables, or any of " .. words .. "," },
      { { { name = "w", seconds = 1, length = 2 } }, "windows of name, seconds, from, to, calendar and unit" },
      { { { seconds = 1 } }, "windows whose name is of letters, digits and _" },
      { { { name = "", seconds = 1 } }, "windows whose name is of letters, digits and _" },
      { { { name = "a b", seconds = 1 } }, "windows whose name is of letters, digits and _" },
      { { { name = "caf\195\169", seconds = 1 } }, "windows whose name is of letters, digits and _" },
      { { { name = ("x"):rep(65), seconds = 1 } }, "windows whose name is of letters, digits and _" },
      { { { name = 1, seconds = 1 } }, "windows whose name is of letters, digits and _" },
      { { { name = "w", seconds = 1 }, { name = "w", seconds = 2 } }, "windows with different names" },
      { { { name = "w", seconds = 1, unit = "days" } }, "windows whose unit is hours or minutes" },
      { { { name = "w" } }, "windows with seconds, calendar, or from and to" },
      { { { name = "w", from = 1 } }, "windows with seconds, calendar, or from and to" },
      { { { name = "w", from = "soon", to = 1 } }, "windows with seconds, calendar, or from and to" },
      { { { name = "w", from = 2, to = 1 } }, "windows that end after they start, and within 100 years" },
      { { { name = "w", from = 1, to = 1 } }, "windows that end after they start, and within 100 years" },
      { { { name = "w", from = 0, to = 36525 * 86400 + 1 } }, "windows that end after they start, and within 100 years" },
      { { { name = "w", calendar = "tomorrow" } }, "windows whose calendar is one of " .. words },
      { { { name = "w", calendar = "today", seconds = 1 } }, "windows whose calendar is one of " .. words },
      { { { name = "w", calendar = "today", from = 1, to = 2 } }, "windows whose calendar is one of " .. words },
      { { { name = "w", from = "2026-02-01", to = "2026-01-01" } },
        "windows whose second date is after the first, within 100 years" },
      { { { name = "w", from = "2026-02-01", to = "2026-02-01" } },
        "windows whose second date is after the first, within 100 years" },
      { { { name = "w", from = "1926-02-01", to = "2026-02-02" } },
        "windows whose second date is after the first, within 100 years" },
      { { { name = "w", from = "2026-02-01", to = "2026-02-02 00:00" } },
        "windows from a date to a date, or from an instant to an instant" },
      { { { name = "w", from = "2026-02-01" } }, "windows from a date to a date, or from an instant to an instant" },
      { { { name = "w", from = "2026-02-30", to = "2026-03-01" } },
        "windows from a date to a date, or from an instant to an instant" },
      { { "this-week", { name = "this_week", seconds = 1 } }, "windows with different names" },
      { { { name = "w", seconds = 0 } }, "windows whose seconds are a duration of up to 100 years" },
      { { { name = "w", seconds = -1 } }, "windows whose seconds are a duration of up to 100 years" },
      { { { name = "w", seconds = "soon" } }, "windows whose seconds are a duration of up to 100 years" },
      { { { name = "w", seconds = "1000000d" } }, "windows whose seconds are a duration of up to 100 years" },
      { { { name = "w", seconds = 0 / 0 } }, "windows whose seconds are a duration of up to 100 years" },
      { { { name = "w", seconds = 36525 * 86400 + 1 } }, "windows whose seconds are a duration of up to 100 years" },
      { { { name = "w", seconds = 1, from = 1, to = 2 } }, "windows whose seconds are a duration of up to 100 years" },
    } do
      local list, expected = windows.checker(case[1])
      assert.is_nil(list)
      assert.equal(case[2], expected)
    end
    for _, name in ipairs { "report", "start_report", "explain" } do
      assert.error_matches(function()
        if name == "explain" then
          monitor:explain("a", { windows = {} })
        end
        monitor[name](monitor, { windows = {} })
      end, ("bad option 'windows' to '%s' (list of 1 to 64 windows expected, got {})"):format(name), 1, true)
    end
  end)

  it("are not called what a row has beside them", function()
    for _, name in ipairs { "store_id", "stores", "attributes", "strip", "source", "index" } do
      local list, expected = windows.checker { { name = name, seconds = 1 } }
      assert.is_nil(list)
      assert.equal("windows that are not called " .. name, expected)
    end
    -- row.uptime_day would be the number of one and the figures of the other.
    for _, name in ipairs { "uptime_day", "downtime_day" } do
      local list, expected = windows.checker { { name = "day", seconds = 1 }, { name = name, seconds = 1 } }
      assert.is_nil(list)
      assert.equal("windows whose names do not begin with uptime_ or downtime_", expected)
    end
  end)

  it("are up to 64", function()
    local list = {}
    for i = 1, 64 do
      list[i] = { name = "w" .. i, seconds = i }
    end
    assert.equal(64, #resolved(list))
    list[65] = { name = "w65", seconds = 65 }
    assert.is_nil((windows.checker(list)))
  end)

  describe("on the calendar", function()
    local stores

    setup(function()
      stores = assert(loom.open ":memory:")
      for id, zone in pairs { chicago = "America/Chicago", tokyo = "Asia/Tokyo", apia = "Pacific/Apia" } do
        assert(stores:set_timezone(id, zone))
        assert(stores:poll(id, "active", "2026-11-24 12:00:00"))
        assert(stores:poll(id, "inactive", "2011-12-30 12:00:00"))
      end
    end)

    teardown(function()
      stores:close()
    end)

    -- The window of each store, without what all midnights have.
    local function spans_of(window, as_of)
      local report = assert(stores:report { windows = { window }, as_of = as_of })
      local spans = {}
      for i, row in ipairs { report[1], report[2], report[3] } do
        local span = report:span(i, 1)
        spans[row.store_id] = (span.from_utc .. " " .. span.to_utc):gsub(":00%.000000 UTC", "")
        assert.equal(span.to - span.from, row[report.windows[1].name].scheduled)
      end
      report:close()
      return spans
    end

    it("are those of each store", function()
      assert.same({ chicago = "2026-11-23 06:00 2026-11-24 06:00", tokyo = "2026-11-23 15:00 2026-11-24 15:00",
        apia = "2026-11-23 11:00 2026-11-24 11:00" }, spans_of("yesterday", "2026-11-24 20:00:00"))
      assert.same({ chicago = "2026-11-24 06:00 2026-11-24 20:00", tokyo = "2026-11-24 15:00 2026-11-24 20:00",
        apia = "2026-11-24 11:00 2026-11-24 20:00" }, spans_of({ name = "w", calendar = "today" }, "2026-11-24 20:00:00"))
      assert.same({ chicago = "2025-12-01 06:00 2026-01-01 06:00", tokyo = "2025-11-30 15:00 2025-12-31 15:00",
        apia = "2025-11-30 11:00 2025-12-31 11:00" },
        spans_of({ name = "december", from = "2025-12-01", to = "2026-01-01" }, "2026-11-24 20:00:00"))
    end)

    it("are empty where the clock skipped them, or they are to come", function()
      assert.same({ chicago = "2011-12-29 06:00 2011-12-30 06:00", tokyo = "2011-12-29 15:00 2011-12-30 15:00",
        apia = "2011-12-30 10:00 2011-12-30 10:00" }, spans_of("yesterday", "2011-12-30 20:00:00"))
      assert.same({ chicago = "2011-12-30 20:00 2011-12-30 20:00", tokyo = "2011-12-30 20:00 2011-12-30 20:00",
        apia = "2011-12-30 20:00 2011-12-30 20:00" },
        spans_of({ name = "w", from = "2012-01-02", to = "2012-01-03" }, "2011-12-30 20:00:00"))
    end)

    it("are told of by the word or the dates, and by what they cover of all stores", function()
      local report = assert(stores:report { as_of = "2026-11-24 20:00:00",
        windows = { "this-week", { name = "w", unit = "minutes", from = "2026-11-01", to = "2026-11-02" } } })
      assert.same(instants.with_texts {
        { name = "this_week", unit = "hours", calendar = "this-week", from = assert(loom.parse_timestamp "2026-11-22 11:00"),
          to = report.as_of },
        { name = "w", unit = "minutes", calendar = "2026-11-01/2026-11-02",
          from = assert(loom.parse_timestamp "2026-10-31 11:00"), to = assert(loom.parse_timestamp "2026-11-02 06:00") },
      }, report.windows)
      assert.equal(38 * 3600, report:get("chicago").this_week.scheduled)
      report:close()
    end)

    it("are seen from the clock, and from the first instant of a date", function()
      local now = assert(loom.parse_timestamp "2026-11-24 20:00:00")
      local clocked = assert(loom.open(":memory:", { clock = function() return now end }))
      assert(clocked:poll("a", "active", "2026-11-01 00:00:00"))
      for as_of, expected in pairs { now = now, ["2026-11-24"] = now - 20 * 3600 } do
        local report = assert(clocked:report { as_of = as_of })
        assert.equal(expected, report.as_of)
        report:close()
        assert.equal(expected, assert(clocked:explain("a", { as_of = as_of })).as_of)
        assert.equal(expected, assert(clocked:status { as_of = as_of }).as_of)
        local segments = assert(clocked:timeline("a", "today", nil, { as_of = as_of, default_zone = "UTC" }))
        assert.equal(as_of == "now" and now or nil, segments[#segments] and segments[#segments].to)
      end
      clocked:close()
    end)

    it("are what timelines and outages are of", function()
      local segments = assert(stores:timeline("tokyo", "2026-11-23", "2026-11-24"))
      assert.equal("2026-11-22 15:00:00.000000 UTC", segments[1].from_utc)
      assert.equal("2026-11-23 15:00:00.000000 UTC", segments[#segments].to_utc)
      assert.same(assert(stores:outages("tokyo", "2026-11-22 15:00", "2026-11-23 15:00")),
        assert(stores:outages("tokyo", "2026-11-23", "2026-11-24")))
      assert.same(segments, assert(stores:timeline("tokyo", "yesterday", nil, { as_of = "2026-11-23 15:00" })))
      for _, case in ipairs {
        { "2026-11-23", "2026-11-24 00:00", "bad argument #3 to 'timeline' (a date expected, as #2 is)" },
        { "2026-11-23 00:00", "2026-11-24", "bad argument #3 to 'timeline' (an instant expected, as #2 is)" },
        { "2026-11-23", "2026-11-23", "bad argument #3 to 'timeline' (a date after #2, 2026-11-23, expected, got 2026-11-23)" },
        { "yesterday", "2026-11-23", "bad argument #2 to 'timeline' (timestamp, date, or seconds since 1970 expected, "
          .. 'got "yesterday")' },
        { "tomorrow", nil, "bad argument #2 to 'timeline' (timestamp, date, or seconds since 1970 expected, got \"tomorrow\")" },
      } do
        assert.error_matches(function()
          stores:timeline("tokyo", case[1], case[2])
        end, case[3], 1, true)
      end
    end)
  end)

  describe("that are compared", function()
    it("have the one before them beside them", function()
      local report = assert(monitor:report { compare = true, windows = {
        { name = "w", seconds = "30m", unit = "minutes" }, { name = "fixed", from = 1000000, to = 1003600 } } })
      assert.same(instants.with_texts {
        { name = "w", unit = "minutes", from = 1003600.25 - 1800, to = 1003600.25 },
        { name = "w_before", before_of = "w", unit = "minutes", from = 1003600.25 - 3600, to = 1003600.25 - 1800 },
        { name = "fixed", unit = "hours", from = 1000000, to = 1003600 },
        { name = "fixed_before", before_of = "fixed", unit = "hours", from = 996400, to = 1000000 },
      }, report.windows)
      local other = assert(monitor:report { windows = { { name = "w", from = 1003600.25 - 3600, to = 1003600.25 - 1800 } } })
      assert.same(other[1].w, report[1].w_before)
      -- Down at the end alone, and all of the time before the first poll.
      assert.equal(0, report[1].w.ratio)
      assert.equal(1, report[1].w_before.ratio)
      local text = require "support.report".text("csv", report, { columns = { "change_ratio_w", "change_down_w", "change_up_w" },
        sort = "change_ratio_w" })
      assert.equal("change_ratio_w,change_down_w,change_up_w\n-1,1800,-1800\n", text)
      assert.is_false(require "loom.columns".exists(report, "change_ratio_w_before"))
      assert.is_false(require "loom.columns".exists(other, "change_ratio_w"))
      assert.equal(report:percentiles("ratio", "fixed", { 50 })[50], report:percentiles("ratio", nil, { 50 })[50])
      other:close()
      report:close()
    end)

    it("have as many dates before them, or months", function()
      local report = assert(monitor:report { compare = true, default_zone = "UTC", as_of = "2026-03-31",
        windows = { "last-month", { name = "w", from = "2026-03-02", to = "2026-03-04" } } })
      local froms = {}
      for i, window in ipairs(report.windows) do
        froms[i] = window.from_utc:sub(1, 10) .. " " .. window.calendar
      end
      assert.same({ "2026-02-01 last-month", "2026-01-01 last-month", "2026-03-02 2026-03-02/2026-03-04",
        "2026-02-28 2026-03-02/2026-03-04" }, froms)
      report:close()
    end)

    it("are up to 32, and leave names for those before", function()
      local list = {}
      for i = 1, 33 do
        list[i] = { name = "w" .. i, seconds = i }
      end
      assert.error_matches(function()
        monitor:report { compare = true, windows = list }
      end, "bad option 'compare' to 'report' (at most 32 windows expected, got true)", 1, true)
      list[33] = nil
      assert.equal(64, #assert(monitor:report { compare = true, windows = list }).windows)
      assert.error_matches(function()
        monitor:report { compare = true, windows = { { name = "a", seconds = 1 }, { name = "a_before", seconds = 1 } } }
      end, "bad option 'compare' to 'report' (windows none of which is called a_before expected, got true)", 1, true)
    end)
  end)
end)
