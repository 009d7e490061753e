-- The figures in SQL are those of reports, to the last digit.

local figures = require "loom.figures"
local loading = require "loom.loading"
local loom = require "loom"

local NAMES = { "up", "down", "unknown", "excluded", "scheduled", "outages", "longest", "mttr", "mtbf", "polls" }

local windows = {
  { name = "h", seconds = 3600, unit = "minutes" }, { name = "m", seconds = 30 * 86400 }, "yesterday", "this-month",
  { name = "d", from = "2023-01-20", to = "2023-01-24" },
  { name = "i", from = "2023-01-23 07:30:00.5 UTC", to = "2023-01-24 01:00" },
}
local words = [['h=1h:minutes', 'm=30d', 'yesterday', 'this-month', 'd=2023-01-20/2023-01-24',
  'i=2023-01-23 07:30:00.5 UTC/2023-01-24 01:00']]

describe("figures in SQL", function()
  local monitor

  after_each(function()
    monitor:close()
  end)

  -- The rows of a query by store and window, and how many they are.
  local function rows_of(sql)
    local found, count = {}, 0
    for row in assert(monitor:query(sql)) do
      local key = row.store_id .. "\0" .. row.window
      assert.is_nil(found[key])
      found[key], count = row, count + 1
    end
    return found, count
  end

  local function compare(options, sql)
    local report = assert(monitor:report(options))
    local found, count = rows_of("SELECT * FROM figures(" .. words .. sql .. ")")
    assert.equal(#report * #report.windows, count)
    for row in report:rows() do
      for _, window in ipairs(report.windows) do
        local of, other = row[window.name], found[row.store_id .. "\0" .. window.name]
        for _, name in ipairs(NAMES) do
          assert.equal(of[name], other[name], name)
        end
        local ratio = figures.ratio_of(of)
        assert.equal(ratio and ratio / 1e6, other.ratio)
        assert.equal(row["uptime_" .. window.name], other.uptime)
        assert.equal(row["downtime_" .. window.name], other.downtime)
      end
    end
    report:close()
    return found
  end

  for _, case in ipairs { "autumn", "south", "spring", "utc", "zones" } do
    it("are those of reports: " .. case, function()
      monitor = assert(loom.open ":memory:")
      assert(monitor:ingest(assert(loading.find("spec/fixtures/golden/" .. case))))
      for _, preset in ipairs { "loom", "seed", "monitoring" } do
        compare({ windows = windows, preset = preset }, (", 'preset=%s'"):format(preset))
      end
      compare({ windows = windows, fill = "nearest", evidence = "around", max_gap = "90m", default_zone = "Asia/Tokyo",
        all_stores = true, as_of = "2023-01-24" },
        ", 'fill=nearest', 'evidence=around', 'max_gap=90m', 'default_zone=Asia/Tokyo', 'all_stores=true', 'as_of=2023-01-24'")
    end)
  end

  it("begin and end where the windows of reports do, in the form of timestamp_utc", function()
    monitor = assert(loom.open ":memory:")
    assert(monitor:ingest(assert(loading.find "spec/fixtures/golden/utc")))
    local report = assert(monitor:report { windows = windows, default_zone = "UTC" })
    local found = rows_of("SELECT * FROM figures(" .. words .. ", 'default_zone=UTC')")
    for _, window in ipairs(report.windows) do
      local row = found[report[1].store_id .. "\0" .. window.name]
      assert.equal(window.from_utc, row.from_utc)
      assert.equal(window.to_utc, row.to_utc)
    end
    report:close()
  end)

  it("read what a write through the same monitor has changed, and are closed by it", function()
    monitor = assert(loom.open ":memory:")
    assert(monitor:polls { { "a", true, "2024-01-01 10:00" }, { "b", false, "2024-01-01 10:00" } })
    local rows = assert(monitor:query "SELECT store_id, up FROM figures('w=1h')")
    assert.is_truthy(rows())
    assert(monitor:polls { { "c", true, "2024-01-01 10:00" } })
    assert.has_error(function() rows() end)
    local _, count = rows_of "SELECT * FROM figures('w=1h')"
    assert.equal(3, count)
  end)

  it("tell what is wrong", function()
    monitor = assert(loom.open ":memory:")
    local rows = assert(monitor:query "SELECT * FROM figures('w=3x')")
    assert.has_error(function() rows() end,
      'EINVAL: the query failed: "w=3x" is no duration, no FROM/TO, and no word of the calendar')
  end)
end)
