local cjson = require "cjson"
local database = require "support.database"
local golden = require "support.golden"
local instants = require "support.instants"
local loom = require "loom"
local made_up = require "support.report"
local yielding = require "support.yielding"

local HOUR = 3600 * 1000000

describe("a report", function()
  local monitor

  setup(function()
    monitor = assert(loom.open ":memory:")
    assert(monitor:ingest(database.files(database.small)))
  end)

  teardown(function()
    monitor:close()
  end)

  -- Calls check(report) and closes the report.
  local function with_report(options, check)
    local report = assert(monitor:report(options))
    local good, err = pcall(check, report)
    report:close()
    if not good then
      error(err, 0)
    end
  end

  it("has rows, windows, rules and an end", function()
    with_report(nil, function(report)
      assert.equal(3, report:count())
      assert.equal("1481966498820158979", report:store(1))
      assert.equal(loom.parse_timestamp "2024-03-04 16:00:00", report.as_of)
      assert.equal("2024-03-04 16:00:00.000000 UTC", report.as_of_utc)
      assert.same(instants.with_texts { name = "last_hour", unit = "minutes", from = report.as_of - 3600, to = report.as_of },
        report.windows[1])
      assert.equal(168 * 3600, report.windows[3].to - report.windows[3].from)
      assert.same({ preset = "loom", slack = 60, fill = "backward", evidence = "inside", no_data = "down",
        default_zone = "America/Chicago" }, report.rules)
      assert.same({ 17099750000, 7200250000, 0, 900000000, 7200250000, 1, 3 }, { report:figures(1, 2) })
    end)
  end)

  it("is a list of rows, with fields and methods", function()
    with_report(nil, function(report)
      assert.equal(3, #report)
      for i, id in ipairs { "1481966498820158979", 'café, "north"', "night" } do
        assert.equal(id, report[i].store_id)
        assert.equal(i, report:find(id))
        assert.equal(id, report:get(id).store_id)
      end
      for _, key in ipairs { 0, -1, 4, 1.5, 0 / 0, 1 / 0, -1 / 0, 2 ^ 53, 2 ^ 64, "x", "1", true, {} } do
        assert.is_nil(report[key])
      end
      assert.is_nil(report:find "known only by zone")
      assert.is_nil(report:get "")
      assert.equal("loom.report (as of 2024-03-04 16:00:00.000000 UTC, 3 stores, windows last_hour, last_day, last_week)",
        tostring(report))
      assert.error_matches(function() report:find(1) end, "bad argument #1 to 'find' (string expected, got 1)", 1, true)
      assert.error_matches(function() report:get() end, "bad argument #1 to 'get' (string expected, got nothing)", 1, true)
    end)
  end)

  it("has rules that override a preset", function()
    with_report({ preset = "monitoring", max_gap = 90, fill = "nearest", slack = 0, default_zone = "UTC" }, function(report)
      assert.same({ preset = "monitoring", slack = 0, fill = "nearest", evidence = "around", no_data = "unknown",
        max_gap = 90, default_zone = "UTC" }, report.rules)
    end)
    with_report({ preset = "monitoring", max_gap = "none" }, function(report)
      assert.is_nil(report.rules.max_gap)
    end)
  end)

  it("takes windows by their length or their ends", function()
    with_report({ windows = {
      { name = "shift", seconds = 6 * 3600 },
      { name = "monday", from = "2024-03-04 00:00:00", to = 1709596800, unit = "minutes" },
    } }, function(report)
      assert.equal("hours", report.windows[1].unit)
      assert.equal(loom.parse_timestamp "2024-03-05 00:00:00", report.windows[2].to)
      local up, down, unknown, excluded = report:figures(1, 2)
      assert.equal(8 * HOUR, up + down + unknown + excluded)
    end)
  end)

  it("takes its end as text or in seconds", function()
    local from_text, from_number
    with_report({ as_of = "2024-03-04T12:00:00+01:00" }, function(report) from_text = report.as_of end)
    with_report({ as_of = 1709550000 }, function(report) from_number = report.as_of end)
    assert.equal(from_text, from_number)
  end)

  it("adds up: a window split at a closed moment", function()
    local first, cut, last = "2024-02-28 00:00:00", "2024-03-03 12:00:00", "2024-03-05 12:00:00"
    with_report({ windows = { { name = "whole", from = first, to = last }, { name = "left", from = first, to = cut },
      { name = "right", from = cut, to = last } } }, function(report)
      for row = 1, report:count() do
        local whole, left, right = { report:figures(row, 1) }, { report:figures(row, 2) }, { report:figures(row, 3) }
        for i = 1, 4 do
          assert.equal(whole[i], left[i] + right[i])
        end
      end
    end)
  end)

  it("has sums that no whole number holds", function()
    local Report = require "loom.report"
    local up, down = 3 * 2 ^ 62, 2 ^ 62 -- microseconds, as the native half gives sums that great
    local native = { sum = function()
      return { up, down, 0, 0, 3600000000, 2, 7, stores = 5000 }
    end }
    local text, count = Report.json_sums({ native = native }, 1)
    local sums = cjson.decode(text)
    assert.equal(5000, count)
    assert.equal(up / 1e6, sums.up)
    assert.equal((up + down) / 1e6, sums.scheduled)
    assert.equal(0.75, sums.ratio)
    assert.equal(3600, sums.longest)
  end)

  it("takes stores by patterns", function()
    with_report({ stores = { "night" } }, function(report)
      assert.equal(1, report:count())
    end)
    with_report({ stores = {}, all_stores = true }, function(report)
      assert.equal(0, report:count())
    end)
    with_report({ all_stores = true }, function(report)
      assert.equal(4, report:count())
    end)
  end)

  describe("that takes a while", function()
    local slow, options = nil, { threads = 1, windows = { { name = "century", seconds = 36500 * 86400 } } }

    setup(function()
      local polls = {}
      for i = 1, 300 do
        polls[i] = { tostring(i), true, i }
      end
      slow = assert(loom.open ":memory:")
      assert(slow:polls(polls))
    end)

    teardown(function()
      slow:close()
    end)

    before_each(function()
      options.progress = nil
    end)

    it("tells how far it is", function()
      local last, calls = 0, 0
      function options.progress(share)
        assert.is_true(share >= last and share <= 1)
        last, calls = share, calls + 1
      end
      assert(slow:report(options)):close()
      assert.is_true(calls > 0)
    end)

    it("ends when the progress function raises", function()
      local mine = {}
      function options.progress()
        error(mine)
      end
      for _ = 1, 3 do
        local good, err = pcall(slow.report, slow, options)
        assert.is_false(good)
        assert.equal(mine, err)
      end
      assert(slow:poll("1", true, 1))
    end)

    if yielding then
      it("lets the progress function yield", function()
        options.progress = coroutine.yield
        local run = coroutine.wrap(function() return slow:report(options) end)
        local result
        repeat
          result = run()
        until type(result) ~= "number"
        assert.equal(300, #result)
        result:close()
      end)
    end
  end)

  it("takes its end from itself", function()
    for _, case in ipairs(golden.cases) do
      local full = golden.open(case)
      local report = assert(full:report { preset = "monitoring" })
      local text, as_of = made_up.text("exact", report), report.as_of
      report:close()
      for _, given in ipairs { as_of, loom.format_timestamp(as_of) } do
        local again = assert(full:report { preset = "monitoring", as_of = given })
        assert.equal(as_of, again.as_of)
        assert.is_true(text == made_up.text("exact", again))
        again:close()
      end
      full:close()
    end
  end)

  it("returns its failures", function()
    local empty = assert(loom.open ":memory:")
    local missing, message, code = empty:report()
    empty:close()
    assert.is_nil(missing)
    assert.equal("EEMPTY: :memory:: there are no polls yet", message)
    assert.equal("EEMPTY", code)
    missing, message, code = monitor:report { default_zone = "Mars/Olympus" }
    assert.is_nil(missing)
    assert.equal('EINPUT: default zone: "Mars/Olympus" is not a zone of the tz database', message)
    assert.equal("EINPUT", code)
    missing, message, code = monitor:report { as_of = "0001-01-01 10:00:00" }
    assert.is_nil(missing)
    assert.equal("EINVAL: window last_day begins before the year 1", message)
    assert.equal("EINVAL", code)
  end)

  it("names the option that is wrong", function()
    for _, case in ipairs {
      { "as_of", true, "timestamp, date, now, or seconds since 1970 expected, got true" },
      { "as_of", "soon", 'timestamp, date, now, or seconds since 1970 expected, got "soon"' },
      { "as_of", 1e12, "timestamp, date, now, or seconds since 1970 expected, got 1" },
      { "as_of", 0 / 0, "timestamp, date, now, or seconds since 1970 expected, got " },
      { "stores", 1, "store id, pattern, list of them, or function expected, got 1" },
      { "stores", { 1 }, "store id, pattern, list of them, or function expected, got { 1 }" },
      { "stores", { a = "b" }, "store id, pattern, list of them, or function expected, got { a = \"b\" }" },
      { "where", "region", 'table of attributes and their values expected, got "region"' },
      { "where", { region = true }, "table of attributes and their values expected, got true" },
      { "all_stores", 1, "boolean expected, got 1" },
      { "threads", 0.5, "whole number from 0 to 64 expected, got 0.5" },
      { "threads", 65, "whole number from 0 to 64 expected, got 65" },
      { "threads", -1, "whole number from 0 to 64 expected, got -1" },
      { "progress", true, "function expected, got true" },
      { "group_by", 1, "name of an attribute (1 to 64 bytes) expected, got 1" },
      { "group_by", "", "name of an attribute (1 to 64 bytes) expected, got \"\"" },
      { "slo", 1.5, "target ratio from 0 to 1, or table of target, stores, attribute, targets expected, got 1.5" },
      { "hours", "09:00-17:00", 'weeks of opening hours by store id, or function expected, got "09:00-17:00"' },
      { "hours", { {} }, "weeks of opening hours by store id expected, got { {} }" },
      { "hours", { a = { mon = 1 } },
        'opening hours (such as "09:00-17:00", a list of them, or "closed") for mon expected, got 1' },
      { "hours", { a = { monday = "closed" } }, "week of opening hours (days from mon to sun) expected, got \"monday\"" },
      { "strips", 1, "true, or table of window and bins expected, got 1" },
      { "strips", { bins = 0 }, "true, or table of window and bins expected, got { bins = 0 }" },
      { "strips", { bins = 10001 }, "true, or table of window and bins expected, got { bins = 10001 }" },
      { "strips", { bins = 0.5 }, "true, or table of window and bins expected, got { bins = 0.5 }" },
      { "strips", { bin = 5 }, "true, or table of window and bins expected, got { bin = 5 }" },
      { "strips", { window = 3 }, "window: name of one of the windows expected" },
      { "strips", { window = "last_year" }, "window: name of one of the windows expected" },
    } do
      local option, value, expected = case[1], case[2], case[3]
      assert.error_matches(function() monitor:report { [option] = value } end,
        ("bad option '%s' to 'report' (%s"):format(option, expected), 1, true)
    end
    assert.error_matches(function() monitor:report { bogus = 1 } end, "unknown option 'bogus' to 'report'", 1, true)
    assert.error_matches(function() monitor:report { "as_of" } end, "unknown option '1' to 'report'", 1, true)
    assert.error_matches(function() monitor:report "csv" end, "bad options to 'report' (table expected, got \"csv\")", 1, true)
    assert.error_matches(function() monitor:start_report { bogus = 1 } end, "unknown option 'bogus' to 'start_report'", 1, true)
    assert.error_matches(function() monitor:start_report { progress = print } end, "bad option 'progress' to 'start_report'",
      1, true)
    local _, message = pcall(function() monitor:report { fill = "sideways" } end)
    assert.equal(1, message:find "^spec/lua/report_spec%.lua:%d+: bad option 'fill' to 'report'")
  end)

  it("names what it has not", function()
    with_report(nil, function(report)
      assert.error_matches(function() report:store(4) end, "whole number from 1 to 3 expected, got 4", 1, true)
      assert.error_matches(function() report:figures(1, 4) end, "whole number from 1 to 3 expected, got 4", 1, true)
      assert.error_matches(function() report:groups() end, "the report has no option 'group_by'", 1, true)
      assert.error_matches(function() report:write(io.stdout, { format = "xml" }) end,
        "bad option 'format' to 'write' (name of a format or function expected, got \"xml\")", 1, true)
      assert.error_matches(function() report:write(1) end,
        "bad argument #1 to 'write' (path, file or function expected, got 1)", 1, true)
      assert.error_matches(function() report:write(io.stdout, "csv") end, "bad argument #2 to 'write'", 1, true)
    end)
  end)

  it("raises once it is closed", function()
    local report = assert(monitor:report { group_by = "region" })
    report:close()
    report:close()
    for _, use in ipairs {
      function() return #report end, function() return report[1] end, function() return report:count() end,
      function() return report:store(1) end, function() return report:find "night" end, function() return report:get "x" end,
      function() return report:figures(1, 1) end, function() return report:rows() end, function() return report:worst() end,
      function() return report:totals() end, function() return report:percentiles "ratio" end,
      function() return report:groups() end, function() return report:strip(1) end,
      function() return report:write(function() end) end,
      function() return report:write(function() end, { format = "json" }) end,
    } do
      assert.error_matches(use, "loom.report is closed", 1, true)
    end
    assert.equal(3, #report.windows)
    assert.equal("loom.report (as of 2024-03-04 16:00:00.000000 UTC, closed, windows last_hour, last_day, last_week)",
      tostring(report))
  end)

  it("is closed at the end of its scope, where there is such a thing", function()
    local report = assert(monitor:report())
    debug.getmetatable(report).__close(report)
    assert.has_error(function() return #report end, "loom.report is closed")
  end)

  it("outlives its monitor, with all that it was asked for", function()
    local other = assert(loom.open ":memory:")
    assert(other:ingest(database.files(database.small)))
    assert(other:set_attributes("night", { target = "0.5", region = "north" }))
    local options = { group_by = "region", slo = { attribute = "target", target = 0.25 } }
    local report, job = assert(other:report(options)), assert(other:start_report(options))
    other:close()
    assert.is_true(job:wait())
    for _, made in ipairs { report, assert(job:result()) } do
      assert.equal(3, #made)
      assert.same({ 0.25, 0.5 }, { made[1].last_week.slo.target, made[3].last_week.slo.target })
      assert.equal(1, made:groups():get("north").stores)
      assert.equal(3, made:totals().stores)
      for _, format in ipairs { "csv", "json", "table" } do
        assert.is_true(#made_up.text(format, made) > 100)
      end
      assert.has_error(function() return made[1].attributes.colour end, "loom.monitor is closed")
      made:close()
    end
  end)

  it("is written to a function, in a format of the caller's", function()
    local text = ""
    local function append(piece)
      text = text .. piece
    end
    with_report({ stores = { "night" } }, function(report)
      assert.is_true(report:write(append))
      assert.is_true(report:write(append, { format = function(given, write)
        write(given:store(1) .. "\n")
      end }))
    end)
    assert.equal("store_id,uptime_last_hour,uptime_last_day,uptime_last_week,"
      .. "downtime_last_hour,downtime_last_day,downtime_last_week\nnight,0,0.0,2.33,0,0.0,1.5\nnight\n", text)
  end)
end)
