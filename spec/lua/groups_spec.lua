local cjson = require "cjson"
local csv = require "support.csv"
local golden = require "support.golden"
local loom = require "loom"
local made_up = require "support.report"

describe("groups", function()
  local monitor, report

  -- The stores of a golden case, in three regions and without one.
  setup(function()
    monitor = golden.open "zones"
    local number = 0
    local regions = { [0] = "north", "s\195\188d, \"x\"", "=west" }
    local list = assert(monitor:report {})
    for row in list:rows() do
      assert(monitor:set_attributes(row.store_id, { region = regions[number % 4] or false, tier = number % 2 }))
      number = number + 1
    end
    list:close()
    report = assert(monitor:report { group_by = "region", preset = "monitoring" })
  end)

  teardown(function()
    report:close()
    monitor:close()
  end)

  it("have the rows that they add up, in any order", function()
    local groups, seen = report:groups(), 0
    for group in groups:rows() do
      local up, last = 0, nil
      for row in groups:rows_of(group.region, { sort = "ratio_last_week" }) do
        seen, up = seen + 1, up + row.last_week.up
        assert.equal(group.region, row.attributes.region or "")
        assert.is_true(not last or row.last_week.ratio == nil or last <= row.last_week.ratio)
        last = row.last_week.ratio
      end
      assert.near(group.last_week.up, up, 1e-6)
      local first = groups:rows_of(group.region, { limit = 2, descending = true })
      assert.is_true(first().index > first().index)
      assert.is_nil(first())
    end
    assert.equal(#report, seen)
    for _ in groups:rows_of "nowhere" do
      error "no such group"
    end
    local all = report:totals()
    local count = 0
    for _ in all.source:rows_of "total" do
      count = count + 1
    end
    assert.equal(#report, count)
    assert.error_matches(function() groups:rows_of() end, "bad argument #1 to 'rows_of' (string expected, got nothing)", 1, true)
    assert.error_matches(function() groups:rows_of("north", { sort = "x" }) end, "bad option 'sort' to 'rows_of'", 1, true)
  end)

  it("add up what no double can count, and round it once at the most", function()
    local week, list = 604799999999, {}
    for i = 1, 30000 do
      list[i] = { "s" .. i, { week, 0, 1, 0, i, 1, 2 } }
    end
    local total = made_up.make({ { name = "last_week", unit = "hours" } }, list):group_with(function() return "all" end, "group")
    assert.same({ tonumber "18143999999970000", 0, 30000, 0, 30000, 30000, 60000 }, { total:figures(1, 1) })
    assert.equal(18143999999970000, (total:times(1, 1)))
  end)

  it("are a list of rows, with fields and methods", function()
    local groups = report:groups()
    assert.equal(4, #groups)
    assert.equal(4, groups:count())
    assert.equal("loom.groups (4 of region)", tostring(groups))
    for i, key in ipairs { "", "=west", "north", 's\195\188d, "x"' } do
      assert.equal(key, groups[i].region)
      assert.equal(key, groups:store(i))
      assert.equal(i, groups:find(key))
      assert.equal(15, groups:get(key).stores)
    end
    for _, key in ipairs { 0, 5, -1, 1.5, 0 / 0, "x", true } do
      assert.is_nil(groups[key])
    end
    assert.is_nil(groups:find "south")
    assert.is_nil(groups:get "south")
    assert.is_nil(groups[1].store_id)
    assert.is_nil(groups[1].strip)
    assert.is_nil(groups[1].attributes.region)
    assert.equal(report.as_of, groups.as_of)
    assert.equal(report.windows, groups.windows)
    assert.error_matches(function() groups:get(1) end, "bad argument #1 to 'get'", 1, true)
    assert.error_matches(function() groups:find() end, "bad argument #1 to 'find'", 1, true)
  end)

  it("add up the stores that share a value", function()
    local expected = {}
    for row in report:rows() do
      local key = row.attributes.region or ""
      expected[key] = expected[key] or { 0, 0, 0, 0, 0, 0, 0 }
      local sum = expected[key]
      for i, value in ipairs { report:figures(row.index, 3) } do
        sum[i] = i == 5 and math.max(sum[i], value) or sum[i] + value
      end
    end
    for _, groups in ipairs {
      report:groups(), report:group "region",
      report:group_with(function(row) return row.attributes.region or "" end, "region"),
    } do
      for key, sum in pairs(expected) do
        assert.same(sum, { groups:figures(groups:find(key), 3) })
        assert.equal(sum[1] / (sum[1] + sum[2]), groups:get(key).last_week.ratio)
      end
    end
  end)

  it("leave out the stores whose key is nil", function()
    local groups = report:group_with(function(row) return row.index <= 3 and "first" or nil end, "part")
    assert.equal(1, #groups)
    assert.equal(3, groups[1].stores)
    assert.equal("first", groups[1].part)
    assert.equal(0, #report:group_with(function() end, "part"))
  end)

  it("are all of one where no store has the attribute", function()
    local groups = report:group "colour"
    assert.equal(1, #groups)
    assert.equal(60, groups:get("").stores)
    assert.same(report:totals().last_day, groups[1].last_day)
  end)

  it("sort, and have worst ones, percentiles and totals", function()
    local groups, ratios = report:groups(), {}
    for row in groups:rows { sort = "ratio_last_week", descending = true } do
      ratios[#ratios + 1] = row.last_week.ratio
    end
    assert.equal(4, #ratios)
    for i = 2, 4 do
      assert.is_true(ratios[i - 1] >= ratios[i])
    end
    assert.equal(ratios[4], groups:worst(1)[1].last_week.ratio)
    assert.equal(ratios[4], groups:percentiles("ratio", "last_week", { 0 })[0])
    assert.same(report:totals().last_week, groups:totals().last_week)
    local regrouped = groups:group_with(function(row) return row.region == "" and "without" or "with" end, "has_region")
    assert.same({ "with", "without" }, regrouped.keys)
    assert.equal(45, regrouped[1].stores)
  end)

  it("raise what a key function raises, and refuse what is no key", function()
    local mine = {}
    local good, err = pcall(report.group_with, report, function() error(mine) end, "x")
    assert.is_false(good)
    assert.equal(mine, err)
    for _, key in ipairs { 1, true, {} } do
      assert.error_matches(function() report:group_with(function() return key end, "x") end,
        "bad key of a group (text expected, got " .. require("loom.check").shown(key), 1, true)
    end
    assert.error_matches(function() report:group_with("region", "x") end, "bad argument #1 to 'group_with'", 1, true)
    assert.error_matches(function() report:group_with(print) end, "bad argument #2 to 'group_with'", 1, true)
    assert.error_matches(function() report:group() end, "bad argument #1 to 'group' (string expected, got nothing)", 1, true)
  end)

  describe("are written", function()
    it("as CSV", function()
      local rows = csv.rows(made_up.text("csv", report:groups()))
      assert.equal(4, #rows)
      for i, row in ipairs(report:groups().keys) do
        assert.equal(row, rows[i].region)
        assert.equal("15", rows[i].stores)
        assert.equal(report:groups()[i].uptime_last_week, tonumber(rows[i].uptime_last_week))
      end
      assert.matches("^region,stores,uptime_last_hour,uptime_last_day,uptime_last_week,downtime_last_hour,",
        made_up.text("csv", report:groups()))
      assert.matches("\n'=west,15,", made_up.text("csv", report:groups(), { neutralise_formulas = true }), 1, true)
    end)

    it("as exact CSV", function()
      local rows = csv.rows(made_up.text("exact", report:groups()))
      assert.equal('s\195\188d, "x"', rows[4].region)
      assert.equal(tostring(report:groups():figures(4, 3)), rows[4].up_week)
    end)

    it("as JSON, whole or a line to a group", function()
      local parsed = cjson.decode(made_up.text("json", report:groups()))
      assert.equal(4, #parsed.groups)
      assert.is_nil(parsed.stores)
      local lines = {}
      for line in made_up.text("ndjson", report:groups()):gmatch "[^\n]+" do
        lines[#lines + 1] = cjson.decode(line)
      end
      assert.same(parsed.groups, lines)
      assert.equal("=west", parsed.groups[2].region)
      assert.equal(15, parsed.groups[2].stores)
      assert.equal(report:groups()[2].last_week.outages, parsed.groups[2].windows.last_week.outages)
    end)

    it("as tables", function()
      for format, pattern in pairs { table = "\n=west +15 +%d", markdown = "\n| =west | 15 | %d" } do
        local text = made_up.text(format, report:groups())
        assert.equal(format == "table" and 8 or 6, select(2, text:gsub("\n", "")))
        assert.matches(pattern, text)
      end
    end)

    it("with columns of their own", function()
      local text = made_up.text("csv", report:groups(), {
        columns = { "stores", "region", "outages_last_week",
          { name = "first", value = function(row) return row.index == 1 end } },
        sort = "region", descending = true, limit = 1,
      })
      assert.same({ { stores = "15", region = 's\195\188d, "x"', first = "false",
        outages_last_week = tostring(report:groups()[4].last_week.outages) } }, csv.rows(text))
    end)
  end)

  -- The name of an attribute may be that of something else.
  for _, name in ipairs { "stores", "last_week", "up_last_week", "uptime_last_week", "attributes.x", "index", "source", "strip",
    "a,b" } do
    it("can be of an attribute called " .. name, function()
      local other = assert(loom.open ":memory:")
      assert(other:polls { { "a", true, 0 }, { "b", true, 0 } })
      assert(other:set_attributes("a", { [name] = "value" }))
      local made = assert(other:report { group_by = name })
      local groups = made:groups()
      for _, format in ipairs { "csv", "exact" } do
        local records = csv.parse(made_up.text(format, groups))
        assert.same({ name, "", "value" }, { records[1][1], records[2][1], records[3][1] })
      end
      for line in made_up.text("ndjson", groups, { columns = { name } }):gmatch "[^\n]+" do
        assert.is_true(({ [""] = true, value = true })[cjson.decode(line)[name]])
      end
      local parsed = cjson.decode(made_up.text("json", groups))
      assert.same({ "", "value" }, { parsed.groups[1][name], parsed.groups[2][name] })
      local sorted = groups:rows { sort = name, descending = true }
      assert.equal("value", groups:store(sorted().index))
      made:close()
      other:close()
    end)
  end

  it("outlive their report", function()
    local made = assert(monitor:report { group_by = "tier" })
    local groups = made:groups()
    local expected = { made:totals().last_week.up, 60 }
    made:close()
    collectgarbage()
    assert.same(expected, { groups:totals().last_week.up, groups[1].stores + groups[2].stores })
    assert.is_true(#made_up.text("csv", groups) > 100)
  end)
end)
