local figures = require "loom.figures"
local golden = require "support.golden"
local loom = require "loom"
local made_up = require "support.report"
local plain = require "loom.rows" -- whose methods compute in Lua what reports have their native half do

local unpack = table.unpack or unpack -- luacheck: compat

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
          local up, down, unknown, excluded, longest, outages, polls = unpack(sum)
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

-- A report of random stores with few polls each: many figures are equal, some are printed alike, and some are not defined.
local DAYS = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" }

local function random_report(stores, slo)
  local monitor, polls = assert(loom.open(":memory:", { default_zone = "UTC" })), {}
  for i = 1, stores do
    local id = ("s%d"):format(i)
    for _ = 1, math.random(4) do
      local instant = ("2023-01-2%d 1%d:%02d:%02d.%06d"):format(math.random(0, 6), math.random(0, 9), math.random(0, 1) * 30,
        math.random(0, 2), math.random(0, 1) * math.random(0, 999999))
      polls[#polls + 1] = { id, math.random(2) == 1, instant }
    end
  end
  assert(monitor:polls(polls))
  for i = 1, stores do
    local id = ("s%d"):format(i)
    if math.random(2) == 1 then
      assert(monitor:set_hours(id, { [DAYS[math.random(7)]] = "08:00-12:00" }))
    end
    if math.random(3) > 1 then
      assert(monitor:set_attributes(id, { region = ("r%d"):format(math.random(5)) }))
    end
  end
  local report = assert(monitor:report { preset = "monitoring", as_of = "2023-01-27 00:00:00", slo = slo, windows = {
    { name = "short", seconds = 3 * 86400, unit = "minutes" }, { name = "long", seconds = 7 * 86400 },
    { name = "none", seconds = 1 },
  } })
  return report, monitor
end

describe("what a report has its native half do", function()
  local WINDOW_NAMES = { "short", "long", "none" }

  -- Calls check(report) with random reports of several sizes.
  local function with_reports(check, slo)
    math.randomseed(4)
    for _, stores in ipairs { 1, 2, 7, 40, 160 } do
      local report, monitor = random_report(stores, slo)
      check(report.plain)
      report:close()
      monitor:close()
    end
  end

  -- 1 and 1.0 are printed differently in Lua 5.4.
  local function assert_identical(expected, got, what)
    assert.same(expected, got, what)
    for key, value in pairs(expected) do
      assert.equal(tostring(value), tostring(got[key]), what)
    end
  end

  it("is sorted as it is in Lua, by every column", function()
    local prefixes = { "uptime", "downtime", "slo_left", "slo_met" }
    for _, name in ipairs(figures.names) do
      prefixes[#prefixes + 1] = name
    end
    with_reports(function(report)
      local columns = { "store_id", "attributes.region" }
      for _, prefix in ipairs(prefixes) do
        for _, window in ipairs(WINDOW_NAMES) do
          columns[#columns + 1] = prefix .. "_" .. window
        end
      end
      for _, column in ipairs(columns) do
        for _, descending in ipairs { false, true } do
          local expected = plain.ordered(report, column, descending)
          for _, limit in ipairs { 0, 1, #expected - 1, #expected, 2 ^ 53 } do
            local what = ("%s %s, %g of %d"):format(column, tostring(descending), limit, #expected)
            local numbers = {}
            for row in report:rows { sort = column, descending = descending, limit = limit } do
              numbers[#numbers + 1] = row.index
            end
            assert.same({ unpack(expected, 1, math.min(limit, #expected)) }, numbers, what)
          end
        end
      end
    end, 0.9)
  end)

  it("has the same worst rows", function()
    with_reports(function(report)
      for place = 1, 3 do
        for _, limit in ipairs { 0, 1, 5, 10, report:count(), 2 ^ 53 } do
          assert.same(plain.worst_of(report, place, limit), report:worst_of(place, limit))
        end
      end
    end)
  end)

  it("has the same percentiles", function()
    local percents = { 0.1, 2.5, 33.3, 97.5, 99.99 }
    for percent = 0, 100 do
      percents[#percents + 1] = percent
    end
    with_reports(function(report)
      for _, figure in ipairs(figures.names) do
        for place, window in ipairs(WINDOW_NAMES) do
          assert_identical(plain.percentiles_of(report, figure, place, percents), report:percentiles(figure, window, percents),
            figure .. "_" .. window)
        end
      end
    end)
  end)

  it("has the same sums, of all rows and of groups", function()
    with_reports(function(report)
      for place = 1, 3 do
        assert_identical(plain.sums_of(report, place, 1)[1], report:sums_of(place, 1)[1])
        for _, count in ipairs { 1, 3, 9 } do
          local group_of = {}
          for i = 1, report:count() do
            group_of[i] = math.random(4) > 1 and math.random(math.min(count, report:count()))
          end
          count = math.min(count, report:count())
          local expected, got = plain.sums_of(report, place, count, group_of), report:sums_of(place, count, group_of)
          assert.equal(#expected, #got)
          for group = 1, count do
            assert_identical(expected[group], got[group])
          end
        end
      end
    end)
  end)

  it("has totals and groups of the same figures and objectives", function()
    with_reports(function(report)
      local mixed = setmetatable({ sums_of = plain.sums_of }, { __index = report })
      mixed.plain = mixed
      for _, groups in ipairs { { mixed:group("region"), report:group("region") }, { mixed:group(""), report:group("") } } do
        assert.equal(#groups[1], #groups[2])
        for i = 1, #groups[1] do
          assert.equal(groups[1]:store(i), groups[2]:store(i))
          assert.equal(groups[1][i].stores, groups[2][i].stores)
          for _, window in ipairs(WINDOW_NAMES) do
            assert.same(groups[1][i][window], groups[2][i][window])
          end
        end
      end
      for _, window in ipairs(WINDOW_NAMES) do
        assert.same(mixed:totals()[window], report:totals()[window])
        assert.same(report:totals()[window], report:group("region"):totals()[window])
      end
    end, { target = 0.9, stores = { s1 = 0.5 } })
  end)
end)

describe("sums", function()
  local function sum_of(count, microseconds)
    local report = make {}
    function report.plain:count() return count end
    function report.plain:store(row) return tostring(row) end
    function report.plain:figures() return microseconds, 1, 0, 0, 1, 1, 1 end
    return report:totals()
  end

  it("beyond what whole numbers hold are rounded, and not less than nothing", function()
    local century = 36525 * 86400 * 1000000
    assert.equal(2000 * century / 1e6, sum_of(2000, century).w.up)
    assert.equal(4000 * 3155760000, sum_of(4000, century).w.up)
    assert.equal(4000 * 3155760000 / (4000 * 3155760000 + 0.004), sum_of(4000, century).w.ratio)
  end)
end)
