local csv = require "support.csv"
local golden = require "support.golden"
local made_up = require "support.report"

describe("a row", function()
  local windows = { { name = "ratio", unit = "minutes" }, { name = "count", unit = "hours" }, { name = "rows", unit = "hours" } }
  local report, fetched

  before_each(function()
    report = made_up.make(windows, {
      { "a", { 61e6, 60e6, 3, 4, 5, 6, 7 }, { 3600e6, 0, 0, 0, 0, 0, 1 }, { 1, 2, 3, 4, 5, 6, 7 }, strip = "udc",
        attributes = { region = "north" } },
    })
    fetched = 0
    local figures = report.plain.figures
    function report.plain:figures(...)
      fetched = fetched + 1
      return figures(self, ...)
    end
  end)

  it("has fields by name, whatever the windows are called", function()
    local row = report:row(1)
    assert.equal("a", row.store_id)
    assert.equal(61, row.ratio.up)
    assert.equal(3600, row.count.up)
    assert.equal(6, row.rows.outages)
    assert.equal(1, row.uptime_ratio)
    assert.equal(1, row.downtime_ratio)
    assert.equal(1, row.uptime_count)
    assert.equal(0, row.downtime_count)
    assert.equal("north", row.attributes.region)
    assert.equal("udc", row.strip)
    assert.is_nil(row.stores)
  end)

  it("has no others", function()
    local row = report:row(1)
    for _, key in ipairs {
      "nonsense", "uptime_nonsense", "uptime_", "time_ratio", "uptimes_ratio", "ratio_ratio", 1, true, {},
    } do
      assert.is_nil(row[key])
    end
    assert.is_nil(row.ratio.slo)
  end)

  it("fetches nothing before it is asked, and a window's figures once", function()
    local row = report:row(1)
    assert.equal("a", row.store_id)
    assert.equal(0, fetched)
    for _ = 1, 3 do
      assert.equal(row.ratio, row.ratio)
    end
    assert.equal(1, fetched)
  end)
end)

describe("what a row shows of itself", function()
  local windows = { { name = "last_hour", unit = "minutes" }, { name = "w", unit = "hours" } }
  local report = made_up.make(windows, {
    { 'a"b', { 60e6, 120e6, 0, 0, 0, 1, 2 }, { 3600e6, 0, 0, 0, 0, 0, 1 }, strip = "u", attributes = { region = "north" } },
  })
  local with_pairs = _VERSION ~= "Lua 5.1" -- which LuaJIT says, too

  it("is as text what the standard columns print", function()
    assert.equal('loom.row (store_id = "a\\34b", uptime_last_hour = 1, uptime_w = 1, downtime_last_hour = 2, downtime_w = 0)',
      (tostring(report:row(1)):gsub("(%d)%.0", "%1")))
    local group = report:group_with(function() return "x" end, "region"):row(1)
    assert.matches('^loom.row %(region = "x", uptime_last_hour = 1', tostring(group))
  end)

  it("is to pairs all that it has, where pairs asks", function()
    local row, found = report:row(1), {}
    for name, value in pairs(row) do
      assert.is_nil(found[name], name)
      found[name] = value
    end
    assert.equal('a"b', found.store_id)
    if with_pairs then
      for _, name in ipairs { "store_id", "uptime_last_hour", "uptime_w", "downtime_last_hour", "downtime_w", "last_hour", "w",
        "attributes", "strip", "index" } do
        assert.same(row[name], found[name], name)
        found[name] = nil
      end
      assert.same({}, found)
    end
  end)

  it("is of a report its fields, and its rows to ipairs, where they ask", function()
    if with_pairs then
      local found = {}
      for name, value in pairs(report) do
        found[name] = value
        assert.equal(report[name], value)
      end
      assert.is_table(found.windows)
      assert.equal("store_id", found.key)
      assert.equal(3600, found.as_of)
      local count = 0
      for i, row in ipairs(report) do
        count = count + 1
        assert.equal(i, row.index)
      end
      assert.equal(1, count)
    end
  end)
end)

describe("rows of a report", function()
  for _, case in ipairs(golden.cases) do
    it("have the numbers that its CSV prints: " .. case, function()
      local monitor = golden.open(case)
      for rules in pairs(golden.rules) do
        local report = assert(monitor:report(golden.options(rules)))
        local text = made_up.text("csv", report)
        local expected = golden.expected(case, "report", rules)
        assert.is_true(text == (expected or text))
        for i, printed in ipairs(csv.rows(text)) do
          for name, field in pairs(printed) do
            assert.equal(name == "store_id" and field or tonumber(field), report[i][name])
          end
        end
        report:close()
      end
      monitor:close()
    end)
  end

  describe("outlive", function()
    local monitor, kept, expected

    before_each(function()
      monitor, kept, expected = golden.open "utc", {}, {}
    end)

    after_each(function()
      monitor:close()
    end)

    local function keep(report)
      for row in report:rows() do
        kept[#kept + 1] = row
        expected[#expected + 1] = { report:store(row.index), report:figures(row.index, 3) }
      end
    end

    local function compare()
      for i, row in ipairs(kept) do
        local f = row.last_week
        assert.same({ expected[i][1], expected[i][2] / 1e6, expected[i][3] / 1e6, expected[i][8] },
          { row.store_id, f.up, f.down, f.polls })
      end
    end

    it("the loop", function()
      local report = assert(monitor:report())
      keep(report)
      assert.equal(60, #kept)
      compare()
      report:close()
    end)

    it("a report that nobody else holds, and the monitor", function()
      keep(assert(monitor:report()))
      monitor:close()
      collectgarbage()
      collectgarbage()
      compare()
    end)

    it("a closed report with what they have fetched, and raise for the rest", function()
      local report = assert(monitor:report())
      local row = report[1]
      local day, id = row.last_day, row.store_id
      report:close()
      assert.equal(day, row.last_day)
      assert.equal(id, row.store_id)
      assert.has_error(function() return row.last_week end, "loom.report is closed")
      assert.has_error(function() return row.uptime_last_hour end, "loom.report is closed")
    end)
  end)
end)
