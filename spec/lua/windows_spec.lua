local instants = require "support.instants"
local loom = require "loom"
local windows = require "loom.windows"

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
      { { "last_day" }, "list of windows" },
      { { { name = "w", seconds = 1, length = 2 } }, "windows of name, seconds, from, to and unit" },
      { { { seconds = 1 } }, "windows whose name is of letters, digits and _" },
      { { { name = "", seconds = 1 } }, "windows whose name is of letters, digits and _" },
      { { { name = "a b", seconds = 1 } }, "windows whose name is of letters, digits and _" },
      { { { name = "caf\195\169", seconds = 1 } }, "windows whose name is of letters, digits and _" },
      { { { name = ("x"):rep(65), seconds = 1 } }, "windows whose name is of letters, digits and _" },
      { { { name = 1, seconds = 1 } }, "windows whose name is of letters, digits and _" },
      { { { name = "w", seconds = 1 }, { name = "w", seconds = 2 } }, "windows with different names" },
      { { { name = "w", seconds = 1, unit = "days" } }, "windows whose unit is hours or minutes" },
      { { { name = "w" } }, "windows with seconds, or from and to" },
      { { { name = "w", from = 1 } }, "windows with seconds, or from and to" },
      { { { name = "w", from = "soon", to = 1 } }, "windows with seconds, or from and to" },
      { { { name = "w", from = 2, to = 1 } }, "windows that end after they start, and within 100 years" },
      { { { name = "w", from = 1, to = 1 } }, "windows that end after they start, and within 100 years" },
      { { { name = "w", from = 0, to = 36525 * 86400 + 1 } }, "windows that end after they start, and within 100 years" },
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
end)
