local database = require "support.database"
local loom = require "loom"

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
      assert.same({ name = "last_hour", unit = "minutes", from = report.as_of - 3600, to = report.as_of }, report.windows[1])
      assert.equal(168 * 3600, report.windows[3].to - report.windows[3].from)
      assert.same({ preset = "loom", slack = 60, fill = "backward", evidence = "inside", no_data = "down",
        default_zone = "America/Chicago" }, report.rules)
      assert.same({ 16199750000, 8100250000, 0, 900000000, 7200250000, 2, 3 }, { report:figures(1, 2) })
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

  it("calls its progress function, whose errors come through", function()
    local shares = {}
    with_report({ progress = function(share) shares[#shares + 1] = share end }, function() end)
    for _, share in ipairs(shares) do
      assert.is_true(share >= 0 and share <= 1)
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

  it("raises on misuse", function()
    for _, options in ipairs {
      { bogus = 1 }, { as_of = true }, { as_of = "soon" }, { fill = "sideways" }, { stores = 1 }, { stores = { 1 } },
      { threads = 0.5 },
      { windows = {} }, { windows = { {} } }, { windows = { { name = "a b", seconds = 1 } } },
      { windows = { { name = "a", seconds = 0 } } }, { windows = { { name = "a", seconds = "soon" } } },
      { windows = { { name = "w", from = 2, to = 1 } } },
      { windows = { { name = "a", from = 1 } } }, { windows = { { name = "a", seconds = 1, unit = "days" } } },
      { windows = { { name = "a", seconds = 1 }, { name = "a", seconds = 2 } } }, { preset = "best" }, { slack = -1 },
    } do
      assert.has_error(function() monitor:report(options) end)
    end
    assert.error_matches(function() monitor:report { as_of = "soon" } end,
      "bad option 'as_of' to 'report' (timestamp or seconds since 1970 expected, got \"soon\")", 1, true)
    with_report(nil, function(report)
      assert.has_error(function() report:store(4) end)
      assert.has_error(function() report:figures(1, 4) end)
      assert.error_matches(function() report:write(io.stdout, { format = "xml" }) end,
        "bad option 'format' to 'write' (name of a format or function expected, got \"xml\")", 1, true)
    end)
  end)

  it("raises once it is closed", function()
    local report = assert(monitor:report())
    report:close()
    report:close()
    assert.error_matches(function() report:count() end, "loom.report is closed", 1, true)
    assert.error_matches(function() report:write(function() end) end, "loom.report is closed", 1, true)
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
      .. "downtime_last_hour,downtime_last_day,downtime_last_week\nnight,0,0.0,1.5,0,0.0,2.33\nnight\n", text)
  end)
end)
