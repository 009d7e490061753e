local figures = require "loom.figures"
local golden = require "support.golden"
local made_up = require "support.report"

local WINDOWS = { { name = "first", unit = "minutes" }, { name = "w", unit = "hours" } }
local NONE = { 0, 0, 0, 0, 0, 0, 0 }

-- A report made up of rows { id, up, down, … } of its last window.
local function make(list)
  local full = {}
  for i, row in ipairs(list) do
    full[i] = { row[1], NONE, { row[2] or 0, row[3] or 0, row[4] or 0, 0, row[3] or 0, (row[3] or 0) > 0 and 1 or 0, 1 },
      attributes = row.attributes }
  end
  return made_up.make(WINDOWS, full)
end

-- The ids of rows, which an iterator gives or a list holds.
local function ids(rows)
  local list = {}
  if type(rows) == "table" then
    for i, row in ipairs(rows) do
      list[i] = row.store_id
    end
  else
    for row in rows do
      list[#list + 1] = row.store_id
    end
  end
  return table.concat(list, " ")
end

describe("rows", function()
  local report = make {
    { "a", 3000000, 1000000, attributes = { size = "10" } }, { "b", 0, 0 }, { "c", 1000000, 3000000 },
    { "d", 5000000, 0, attributes = { size = "9" } }, { "e", 3000000, 1000000 }, { "f", 0, 0 },
  }

  it("come in order of id, and the other way round", function()
    assert.equal("a b c d e f", ids(report:rows()))
    assert.equal("f e d c b a", ids(report:rows { descending = true }))
    assert.equal("a b c d e f", ids(report:rows { descending = false }))
  end)

  it("come as many as are wanted", function()
    for limit, expected in pairs { [0] = "", "a", "a b", [6] = "a b c d e f", [7] = "a b c d e f", [2 ^ 53] = "a b c d e f" } do
      assert.equal(expected, ids(report:rows { limit = limit }))
    end
    assert.equal("f e", ids(report:rows { limit = 2, descending = true }))
    assert.equal("c a", ids(report:rows { limit = 2, sort = "ratio_w" }))
  end)

  it("end for good", function()
    local next_row = report:rows { limit = 1 }
    assert.equal("a", next_row().store_id)
    assert.is_nil(next_row())
    assert.is_nil(next_row())
  end)

  it("can be taken by several loops at once", function()
    local pairs_seen = 0
    for outer in report:rows() do
      for inner in report:rows { sort = "down_w", descending = true } do
        pairs_seen = pairs_seen + (outer.store_id ~= inner.store_id and 1 or 0)
      end
    end
    assert.equal(30, pairs_seen)
  end)

  it("of no stores are none", function()
    assert.equal("", ids(make({}):rows { sort = "ratio_w", descending = true, limit = 3 }))
  end)

  it("are sorted: ties by id, and last what is not defined", function()
    local function is_good(row)
      return row.w.ratio and row.w.ratio > 0.5
    end
    for _, case in ipairs {
      { "ratio_w", "c a e d b f", "d a e c b f" },
      { "down_w", "b d f a e c", "c a e b d f" },
      { "mttr_w", "a e c b d f", "c a e b d f" },
      { "uptime_w", "a b c d e f", "a b c d e f" }, -- all of them print 0.0
      { "store_id", "a b c d e f", "f e d c b a" },
      { "attributes.size", "a d b c e f", "d a b c e f" }, -- as text
      { "attributes.none", "a b c d e f", "a b c d e f" },
      { is_good, "c a d e b f", "a d e c b f" }, -- false comes before true
      { function(row) return row.store_id == "e" end, "a b c d f e", "e a b c d f" },
      { function() end, "a b c d e f", "a b c d e f" },
      { function(row) return -row.index end, "f e d c b a", "a b c d e f" },
      { function(row) return row.w.ratio and 1 / 0 or -1 / 0 end, "b f a c d e", "a c d e b f" },
    } do
      assert.equal(case[2], ids(report:rows { sort = case[1] }))
      assert.equal(case[3], ids(report:rows { sort = case[1], descending = true }))
    end
  end)

  it("cannot be sorted by what does not compare", function()
    for _, key in ipairs {
      function() return {} end, function() return 0 / 0 end, function(row) return row.w end,
      function(row) return row.index == 3 and "text" or row.index end,
      function(row) return row.index == 3 and true or "text" end,
    } do
      assert.error_matches(function() report:rows { sort = key } end,
        "bad option 'sort' to 'rows' (it gives what cannot be compared: ", 1, true)
    end
  end)

  it("name the option that is wrong", function()
    for _, case in ipairs {
      { { sort = "" }, "bad option 'sort' to 'rows' (name of a column, or function expected, got \"\")" },
      { { sort = 1 }, "bad option 'sort' to 'rows' (name of a column, or function expected, got 1)" },
      { { sort = "nonsense" }, "bad option 'sort' to 'rows' (name of a column, or function expected, got \"nonsense\")" },
      { { sort = "w" }, "bad option 'sort' to 'rows' (name of a column, or function expected, got \"w\")" },
      { { sort = "ratio_v" }, "bad option 'sort' to 'rows' (name of a column, or function expected, got \"ratio_v\")" },
      { { descending = 1 }, "bad option 'descending' to 'rows' (boolean expected, got 1)" },
      { { limit = -1 }, "bad option 'limit' to 'rows' (whole number from 0 to 9007199254740992 expected, got -1)" },
      { { limit = 0.5 }, "bad option 'limit' to 'rows'" },
      { { limit = 0 / 0 }, "bad option 'limit' to 'rows'" },
      { { limit = "1" }, "bad option 'limit' to 'rows'" },
      { { order = "up" }, "unknown option 'order' to 'rows'" },
      { "ratio_w", "bad options to 'rows' (table expected, got \"ratio_w\")" },
    } do
      assert.error_matches(function() report:rows(case[1]) end, case[2], 1, true)
    end
  end)

  it("raise at the place of the call", function()
    local _, message = pcall(function() report:rows { sort = "nonsense" } end)
    assert.matches("^spec/lua/rows_spec%.lua:%d+: bad option", message)
  end)

  it("raise what a key function raises", function()
    local mine = {}
    local good, err = pcall(report.rows, report, { sort = function() error(mine) end })
    assert.is_false(good)
    assert.equal(mine, err)
  end)

  it("are made on demand", function()
    local big = made_up.make(WINDOWS, {})
    function big.plain:count() return 1e6 end
    function big.plain:store(row) return ("%07d"):format(row) end
    function big.plain:figures(row) return row, 1, 0, 0, 1, 1, 1 end
    local alive, seen = setmetatable({}, { __mode = "k" }), 0
    collectgarbage()
    collectgarbage()
    local before = collectgarbage "count"
    for row in big:rows { limit = 100000 } do
      seen = seen + row.w.outages
      alive[row] = true
      if row.index % 25000 == 0 then
        collectgarbage()
        collectgarbage()
        local count = 0
        for _ in pairs(alive) do
          count = count + 1
        end
        assert.is_true(count <= 2, count)
        assert.is_true(collectgarbage "count" - before < 2048)
      end
    end
    assert.equal(100000, seen)
  end)
end)

describe("the worst rows", function()
  it("have the lowest ratio, then the most down time, then the first id", function()
    local report = make {
      { "a", 1, 1 }, { "b", 2, 2 }, { "c", 1, 1 }, { "d", 0, 1 }, { "e", 9, 0 }, { "closed", 0, 0 }, { "unknown", 0, 0, 5 },
    }
    assert.equal("d b a c e", ids(report:worst()))
    assert.equal("d b", ids(report:worst(2)))
    assert.equal("d b", ids(report:worst(2, "w")))
    assert.equal("", ids(report:worst(2, "first")))
    assert.equal("", ids(report:worst(0)))
    assert.equal("d b a c e", ids(report:worst(100)))
  end)

  it("are ten where nothing else is said", function()
    local list = {}
    for i = 1, 30 do
      list[i] = { ("%02d"):format(i), i, 1 }
    end
    assert.equal("01 02 03 04 05 06 07 08 09 10", ids(make(list):worst()))
  end)

  it("name the argument that is wrong", function()
    local report = make {}
    for _, limit in ipairs { -1, 1.5, "2", {}, false } do
      assert.error_matches(function() report:worst(limit) end, "bad argument #1 to 'worst'", 1, true)
    end
    for _, window in ipairs { "v", 1, {}, false, "ratio_w" } do
      assert.error_matches(function() report:worst(1, window) end,
        "bad argument #2 to 'worst' (name of one of the report's windows expected, got ", 1, true)
    end
  end)
end)

-- The percentile as it is defined: the smallest value that at least so many percent of all do not exceed.
local function nearest_rank(values, percent)
  local sorted = {}
  for i, value in ipairs(values) do
    sorted[i] = value
  end
  table.sort(sorted)
  for rank, value in ipairs(sorted) do
    if rank * 100 >= percent * #sorted then
      return value
    end
  end
end

describe("percentiles", function()
  it("are nearest ranks, for any number of rows", function()
    for _, count in ipairs { 1, 2, 3, 5, 7, 10, 19, 20, 25, 40, 99, 100, 101, 200, 1000 } do
      local list, values = {}, {}
      for i = 1, count do
        local down = i * 7919 % 1009
        list[i], values[i] = { ("%04d"):format(i), 1, down * 1000000 }, down
      end
      local report, percents = make(list), {}
      for percent = 0, 100 do
        percents[#percents + 1] = percent
      end
      for _, percent in ipairs { 0.1, 2.5, 12.5, 33.3, 97.5, 99.9, 99.99 } do
        percents[#percents + 1] = percent
      end
      local got = report:percentiles("down", "w", percents)
      for _, percent in ipairs(percents) do
        assert.equal(nearest_rank(values, percent), got[percent], ("%g %% of %d"):format(percent, count))
      end
    end
  end)

  it("are of the rows in which the figure is defined", function()
    local report = make { { "a", 1, 1 }, { "b" }, { "c", 3, 1 }, { "d" } }
    assert.same({ [5] = 0.5, [25] = 0.5, [50] = 0.5, [75] = 0.75, [95] = 0.75 }, report:percentiles "ratio")
    assert.same({}, report:percentiles("ratio", "first"))
    assert.same({}, make({}):percentiles("down", "w", { 50 }))
    assert.same({ [50] = 0 }, report:percentiles("down", "first", { 50 }))
  end)

  it("name the argument that is wrong", function()
    local report = make {}
    assert.error_matches(function() report:percentiles "uptime" end, "bad argument #1 to 'percentiles' "
      .. "(one of up, down, unknown, excluded, scheduled, ratio, outages, longest, mttr, mtbf, polls expected, got \"uptime\")",
      1, true)
    assert.error_matches(function() report:percentiles() end, "bad argument #1 to 'percentiles'", 1, true)
    assert.error_matches(function() report:percentiles("up", "v") end, "bad argument #2 to 'percentiles'", 1, true)
    for _, percents in ipairs { {}, 50, { 101 }, { -1 }, { 0 / 0 }, { "50" }, { median = 50 } } do
      assert.error_matches(function() report:percentiles("up", "w", percents) end,
        "bad argument #3 to 'percentiles' (list of percentages", 1, true)
    end
  end)
end)

describe("totals", function()
  it("of no rows are zero", function()
    local totals = make({}):totals()
    assert.equal("total", totals.group)
    assert.equal(0, totals.stores)
    assert.same(figures.of(0, 0, 0, 0, 0, 0, 0), totals.w)
    assert.equal(0, totals.uptime_w)
  end)

  it("of groups are those of the stores", function()
    local report = make { { "a", 1, 2 }, { "b", 3, 4 }, { "c", 5, 6 } }
    local groups = report:group_with(function(row) return row.store_id == "b" and "x" or "y" end, "side")
    assert.equal(3, groups:totals().stores)
    assert.same(report:totals().w, groups:totals().w)
  end)

  for _, case in ipairs(golden.cases) do
    it("are sums over the rows: " .. case, function()
      local monitor = golden.open(case)
      for rules in pairs(golden.rules) do
        local report = assert(monitor:report(golden.options(rules)))
        local totals = report:totals()
        assert.equal(#report, totals.stores)
        for place, window in ipairs(report.windows) do
          local sum = { 0, 0, 0, 0, 0, 0, 0 }
          for index = 1, #report do
            for i, value in ipairs { report:figures(index, place) } do
              sum[i] = i == 5 and math.max(sum[i], value) or sum[i] + value
            end
          end
          local up, down, unknown, excluded, longest, outages, polls = (table.unpack or unpack)(sum) -- luacheck: compat
          local got = totals[window.name]
          assert.same({ up / 1e6, down / 1e6, unknown / 1e6, excluded / 1e6, (up + down + unknown) / 1e6, longest / 1e6 },
            { got.up, got.down, got.unknown, got.excluded, got.scheduled, got.longest })
          assert.same({ up / (up + down), outages, down / outages / 1e6, up / outages / 1e6, polls },
            { got.ratio, got.outages, outages > 0 and got.mttr or down / outages / 1e6,
              outages > 0 and got.mtbf or up / outages / 1e6, got.polls })
        end
        report:close()
      end
      monitor:close()
    end)
  end
end)
