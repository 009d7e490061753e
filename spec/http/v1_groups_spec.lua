local cjson = require "cjson"
local contract = require "support.contract"
local core = require "loom.core"
local fleets = require "support.fleets"
local loom = require "loom"
local server = require "support.api"

local expect, problem, escape = contract.expect, contract.expect_problem, server.escape
local text = fleets.text

local null = cjson.null

describe("groups over HTTP", function()
  local choose, first

  setup(function()
    local path, monitor, _ = server.start().database
    monitor, _, choose, first = fleets.make(5, path)
    for i = 1, 12 do
      assert(monitor:set_attributes("shop " .. i, { brand = i % 4 > 0 and "brand " .. i % 4 or nil, ["100% \"x\""] = "y" .. i,
        size = i < 3 and "s" or nil }))
    end
    assert(monitor:set_attributes("never polled", { brand = "unseen", colour = "red" }))
    monitor:close()
  end)

  teardown(function()
    server.stop()
  end)

  local function query_of(parameters)
    local parts = {}
    for name, value in pairs(parameters) do
      parts[#parts + 1] = escape(name) .. "=" .. escape(tostring(value))
    end
    return "?" .. table.concat(parts, "&")
  end

  local function some_parameters()
    local _, parameters = fleets.some_rules(choose)
    local more = { { "store_id", "shop 1*" }, { "q", "2" }, { "state", "up,down,closed" }, { "dormant_after", "1d" },
      { "compare", "true" }, { "windows", "day:1d,span:" .. text(first) .. "/" .. text(first + 5 * 86400000000) },
      { "percents", "0,50,99.9" } }
    for _, pair in ipairs(more) do
      if choose(1, 3) == 1 then
        parameters[pair[1]] = pair[2]
      end
    end
    return parameters
  end

  -- What is told of the stores of one value is what the summary and /v1/now tell of them.
  local function check_group(group, by, query)
    local chosen = ("%s&%s=%s"):format(query, by == "timezone_str" and by or "where." .. by, escape(group.value))
    local summary = expect(200, "GET", "/v1/summary" .. chosen)
    assert.equal(summary.stores, group.stores, chosen)
    for name, of_window in pairs(summary.figures) do
      local found = group.windows[name]
      for _, member in ipairs { "totals", "change", "percentiles" } do
        assert.same(of_window[member], found[member], chosen .. " " .. name .. " " .. member)
      end
    end
    local now = chosen:gsub("[?&]windows=[^&]*", "?"):gsub("[?&]compare=[^&]*", "?"):gsub("[?&]percents=[^&]*", "?")
    assert.same(expect(200, "GET", "/v1/now?" .. now:gsub("%?", "&")).counts, group.states, chosen)
  end

  it("are of each value what a summary and the states of its stores are", function()
    local seen, without = 0, 0
    for _ = 1, 25 do
      local query = query_of(some_parameters())
      local by = choose(1, 2) == 1 and "brand" or "timezone_str"
      local found = expect(200, "GET", "/v1/groups" .. query .. "&by=" .. by)
      local whole = expect(200, "GET", "/v1/summary" .. query)
      local stores, last = 0, nil
      for _, group in ipairs(found.groups) do
        assert.is_true(last == nil or group.value == null or last < group.value)
        stores, last = stores + group.stores, group.value
        if group.value == null then
          without = without + 1
          assert.equal(group, found.groups[#found.groups])
          assert.equal(by, "brand")
        else
          check_group(group, by, query)
          seen = seen + 1
        end
      end
      assert.equal(whole.stores, stores, query)
      assert.same(whole.windows, found.windows)
      assert.same(whole.rules, found.rules)
      assert.equal(by, found.by)
      assert.equal(null, found.values)
    end
    assert.is_true(seen > 20 and without > 2)
  end)

  it("have what is left of the stores as those without a value", function()
    local found = expect(200, "GET", "/v1/groups?by=size&windows=w:3d")
    local whole, now = expect(200, "GET", "/v1/summary?windows=w:3d").figures.w.totals, expect(200, "GET", "/v1/now").counts
    assert.equal(2, #found.groups)
    assert.equal("s", found.groups[1].value)
    assert.equal(10, found.groups[2].stores)
    for _, name in ipairs { "up", "down", "unknown", "outages", "polls" } do
      local sum = found.groups[1].windows.w.totals[name] + found.groups[2].windows.w.totals[name]
      assert.is_true(math.abs(whole[name] - sum) < 1e-5, name)
    end
    for state, count in pairs(now) do
      assert.equal(count, found.groups[1].states[state] + found.groups[2].states[state])
    end
  end)

  it("are held against a target", function()
    local found = expect(200, "GET", "/v1/groups?by=brand&target=0.9&windows=w:7d")
    local monitor = assert(loom.open(server.database()))
    local report = assert(monitor:report { windows = { { name = "w", seconds = "7d" } }, slo = 0.9, group_by = "brand" })
    local compared = 0
    for row in report:groups():rows() do
      for _, group in ipairs(found.groups) do
        if group.value == row.brand then
          local slo = group.windows.w.slo
          assert.equal(0.9, slo.target)
          assert.equal(row.w.slo.met, slo.met)
          for _, name in ipairs { "budget", "spent", "left" } do
            assert.is_true(math.abs(row.w.slo[name] - slo[name]) < 1e-4, name)
          end
          compared = compared + 1
        end
      end
    end
    assert.equal(3, compared)
    assert.is_nil(expect(200, "GET", "/v1/groups?by=brand").groups[1].windows.last_day.slo)
    report:close()
    monitor:close()
  end)

  it("tell which attributes the chosen stores have", function()
    local found = expect(200, "GET", "/v1/groups")
    assert.same({ { name = "100% \"x\"", values = 12, stores = 12 }, { name = "brand", values = 3, stores = 9 },
      { name = "size", values = 1, stores = 2 } }, found.names)
    assert.equal(null, found.by)
    assert.equal(null, found.groups)
    assert.equal(null, found.values)
    found = expect(200, "GET", "/v1/groups?store_id=shop%201*")
    assert.same({ { name = "100% \"x\"", values = 4, stores = 4 }, { name = "brand", values = 3, stores = 3 },
      { name = "size", values = 1, stores = 1 } }, found.names)
    assert.same({}, expect(200, "GET", "/v1/groups?store_id=nobody").names)
  end)

  it("tell the values that stores have", function()
    local found = expect(200, "GET", "/v1/groups?values=brand")
    assert.same({ { value = "brand 1", stores = 3 }, { value = "brand 2", stores = 3 }, { value = "brand 3", stores = 3 } },
      found.values)
    assert.equal(null, found.names)
    local zones = 0
    for _, of in ipairs(expect(200, "GET", "/v1/groups?values=timezone_str&where.brand=brand%201").values) do
      zones = zones + of.stores
    end
    assert.equal(3, zones)
    assert.same({}, expect(200, "GET", "/v1/groups?values=nothing").values)
    assert.same({}, expect(200, "GET", "/v1/groups?by=brand&store_id=nobody").groups)
  end)

  it("are asked for in a way that can be answered", function()
    for query, field in pairs { ["?by="] = "by", ["?values="] = "values", ["?by=a&values=b"] = "values",
      ["?target=1.1"] = "target", ["?target=x"] = "target", ["?percents=101"] = "percents", ["?bins=3"] = "bins" } do
      problem(400, field, "GET", "/v1/groups" .. query)
    end
    local monitor, polls, attributes = assert(loom.open(server.database())), {}, {}
    for i = 1, 1001 do
      polls[i] = { "many " .. i, true, text(first) }
      attributes[i] = { store = "many " .. i, attributes = { code = i } }
    end
    assert(monitor:polls(polls))
    assert(monitor:set_attributes(attributes))
    monitor:close()
    problem(400, "by", "GET", "/v1/groups?by=code&slack=59")
    problem(400, "values", "GET", "/v1/groups?values=code&slack=59")
    local names = expect(200, "GET", "/v1/groups?slack=59").names
    assert.same({ name = "code", values = 1001, stores = 1001 }, names[3])
  end)

  it("follow what is written", function()
    local monitor = assert(loom.open(server.database()))
    assert(monitor:set_attributes("shop 1", { brand = "new" }))
    monitor:close()
    local deadline, values = core.clock() + 20
    repeat
      values = expect(200, "GET", "/v1/groups?values=brand").values
    until values[4] or core.clock() > deadline
    assert.same({ value = "new", stores = 1 }, values[4])
  end)
end)

describe("groups of a service without polls", function()
  setup(function()
    server.start()
  end)

  teardown(function()
    server.stop()
  end)

  it("are none", function()
    assert.same({}, expect(200, "GET", "/v1/groups").names)
    assert.same({}, expect(200, "GET", "/v1/groups?by=brand").groups)
    assert.same({}, expect(200, "GET", "/v1/groups?values=brand").values)
  end)
end)

describe("groups of many values over HTTP", function()
  setup(function()
    local monitor = assert(loom.open(server.start({ workers = 1 }).database, { create = true }))
    assert(monitor:transaction(function()
      for i = 1, 1000 do
        assert(monitor:set_attributes("shop " .. i, { each = "v" .. i, half = "h" .. i % 500 }))
        assert(monitor:poll("shop " .. i, true, "2024-03-04 10:00:00"))
      end
      return true
    end))
    monitor:close()
  end)

  teardown(function()
    server.stop()
  end)

  it("have so many percentiles, and more are refused before they are computed", function()
    local target = "/v1/groups?by=each&windows=a:1h,b:2h,c:3h,d:4h,e:5h,f:6h,g:7h,h:8h"
    assert.equal(1000, #expect(200, "GET", target).groups)
    local refused = problem(422, "percents", "GET", target .. "&percents=5,25,50,75,95,99,1")
    assert.matches("7 percentages, of 1000 values in 8 windows, are 56000 percentiles of a figure", refused.detail, 1, true)
    problem(422, "percents", "GET",
      "/v1/groups?by=each&compare=true&windows=a:1h,b:2h,c:3h,d:4h&percents=1,2,3,4,5,6,7")
    assert.equal(500, #expect(200, "GET", target:gsub("each", "half") .. "&percents=5,25,50,75,95,99,1,2,3,4").groups)
    assert.equal(1, #expect(200, "GET", target .. "&percents=5,25,50,75,95,99,1&store_id=shop+1").groups)
  end)
end)
