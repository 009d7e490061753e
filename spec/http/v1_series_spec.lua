local contract = require "support.contract"
local core = require "loom.core"
local fleets = require "support.fleets"
local loom = require "loom"
local server = require "support.api"

local expect, problem, escape = contract.expect, contract.expect_problem, server.escape
local text = fleets.text

local SEED = 7
local DAY = 86400 * 1000000
local columns = { "up", "down", "unknown", "excluded", "scheduled" }

local function microseconds(seconds)
  return math.floor(seconds * 1e6 + 0.5)
end

local function query_of(parameters)
  local parts = {}
  for name, value in pairs(parameters) do
    parts[#parts + 1] = escape(name) .. "=" .. escape(tostring(value))
  end
  return table.concat(parts, "&")
end

local function sum(list)
  local total = 0
  for _, seconds in ipairs(list) do
    total = total + microseconds(seconds)
  end
  return total
end

describe("a series over HTTP", function()
  local choose, first

  setup(function()
    local path, monitor, _ = server.start().database
    monitor, _, choose, first = fleets.make(SEED, path)
    for i = 1, 12 do
      assert(monitor:set_attributes("shop " .. i, { brand = i % 4 > 0 and "brand " .. i % 4 or nil, size = "s" }))
    end
    assert(monitor:set_timezone("never polled", "UTC"))
    monitor:close()
  end)

  teardown(function()
    server.stop()
  end)

  -- Which stores, by which rules.
  local function some_parameters()
    local _, parameters = fleets.some_rules(choose)
    local more = { { "where.brand", "brand 1" }, { "store_id", "shop 1*" }, { "q", "2" }, { "timezone_str", "Europe/London" },
      { "state", "up,down,closed" }, { "all_stores", "true" } }
    for _, pair in ipairs(more) do
      if choose(1, 4) == 1 then
        parameters[pair[1]] = pair[2]
      end
    end
    return parameters
  end

  it("adds up to the summary of the same span, to the microsecond", function()
    local seen = 0
    for _ = 1, 40 do
      local parameters = some_parameters()
      local step = ({ 300, 3600, 86400, 7200 })[choose(1, 4)]
      local count = choose(1, 48)
      local from = first + choose(0, 10 * 86400) * 1000000 + choose(0, 999999)
      local to = from + count * step * 1000000
      local query = query_of(parameters)
      local summary = expect(200, "GET", "/v1/summary?" .. query .. "&windows=" .. escape("w:" .. text(from) .. "/" .. text(to)))
      local series = expect(200, "GET", ("/v1/series?%s&from=%s&to=%s&step=%d&by=%s"):format(query, escape(text(from)),
        escape(text(to)), step, choose(1, 2) == 1 and "brand" or "timezone_str"))
      assert.equal(summary.stores, series.stores, query)
      assert.same(summary.rules, series.rules)
      assert.equal(summary.as_of, series.as_of)
      assert.equal(text(from), series.t[1])
      assert.equal(text(to), series.to)
      assert.equal(step, series.step)
      for _, name in ipairs(columns) do
        assert.equal(count, #series[name])
        local total, of_groups = sum(series[name]), 0
        assert(microseconds(summary.figures.w.totals[name]) == total, query .. ": " .. name)
        for _, group in ipairs(series.by) do
          of_groups = of_groups + sum(group[name])
        end
        assert(of_groups == total, query .. ": " .. name .. " by value")
        seen = seen + (total > 0 and 1 or 0)
      end
    end
    assert.is_true(seen > 60)
  end)

  it("is what the module gives", function()
    local monitor = assert(loom.open(server.database()))
    for query, options in pairs {
      [""] = {}, ["?by=brand&preset=monitoring"] = { by = "brand", preset = "monitoring" },
      ["?by=timezone_str&where.size=s&step=1d"] = { by = "timezone_str", where = { size = "s" }, step = "1d" },
      ["?all_stores=true&as_of=" .. escape(text(first + 5 * DAY))] = { all_stores = true, as_of = text(first + 5 * DAY) },
    } do
      local found, series, written = expect(200, "GET", "/v1/series" .. query), assert(monitor:series(options)), {}
      assert(series:write(function(piece) written[#written + 1] = piece end, { format = "json" }))
      assert.same(require "cjson".decode(table.concat(written)), found, query)
      series:close()
    end
    monitor:close()
  end)

  it("follows what is written", function()
    local query = "/v1/series?step=1d&store_id=shop*"
    local before = expect(200, "GET", query)
    assert.same(before, expect(200, "GET", query)) -- kept
    local monitor = assert(loom.open(server.database()))
    assert(monitor:polls { { "shop new", false, before.as_of } })
    monitor:close()
    local deadline = core.clock() + 20
    local after
    repeat
      after = expect(200, "GET", query)
    until after.stores == before.stores + 1 or core.clock() > deadline
    assert.equal(before.stores + 1, after.stores)
    assert.equal(before.as_of, after.as_of)
    assert.equal(microseconds(before.down[7]) + 86400 * 1000000, microseconds(after.down[7]))
  end)

  it("goes by what attributes are now, of however many values", function()
    local query = "/v1/series?step=1d&by=code&store_id="
    local monitor, as_of, polls = assert(loom.open(server.database())), expect(200, "GET", "/v1/series").as_of, {}
    for i = 1, 1001 do
      polls[i] = { "many " .. i, true, as_of }
      assert(monitor:set_attributes("many " .. i, { code = "c" .. i }))
    end
    assert(monitor:polls(polls))
    local function values(of)
      local deadline = core.clock() + 20
      local found, list
      repeat
        found, list = expect(200, "GET", query .. escape(of)), {}
        for i, group in ipairs(found.by) do
          list[i] = group.value
        end
      until found.stores == 10 or core.clock() > deadline
      return table.concat(list, " ")
    end
    assert.equal("c20 c21 c22 c23 c24 c25 c26 c27 c28 c29", values "many 2?")
    problem(422, "by", "GET", query .. escape "many *")
    for i = 30, 1001 do
      assert(monitor:set_attributes("many " .. i, { code = i < 40 and "c" .. i % 2 or "" }))
    end
    local deadline = core.clock() + 20
    local found
    repeat
      found = values "many 3?"
    until found == "c0 c1" or core.clock() > deadline
    assert.equal("c0 c1", found)
    monitor:close()
  end)

  it("is asked for in a way that can be answered", function()
    local span = "/v1/series?from=2024-03-04T00:00Z&to=2024-03-05T00:00Z"
    for query, field in pairs { ["&step=x"] = "step", ["&by="] = "by", ["&by=store_id"] = "by",
      ["&windows=today"] = "windows", ["&compare=true"] = "compare", ["&target=1"] = "target", ["&to=2024-03-05"] = "to" } do
      problem(400, field, "GET", span .. query)
    end
    problem(400, "from", "GET", "/v1/series?from=yesterday")
    for _, step in ipairs { "30", "7h", "32d" } do
      problem(422, "step", "GET", span .. "&step=" .. step)
    end
    problem(422, "to", "GET", "/v1/series?from=2024-03-05T00:00Z&to=2024-03-04T00:00Z")
    problem(422, "to", "GET", "/v1/series?from=1824-03-05T00:00Z&to=2024-03-04T00:00Z&step=31d")
    problem(422, "step", "GET", "/v1/series?step=1m")
    problem(422, "default_zone", "GET", span .. "&default_zone=Mars")
    local monitor, many = assert(loom.open(server.database())), {}
    for i = 1, 51 do
      many[i] = { store = "x" .. i, attributes = { code = i } }
      assert(monitor:set_timezone("x" .. i, "UTC")) -- by which all_stores has it
    end
    assert(monitor:set_attributes(many))
    monitor:close()
    problem(422, "by", "GET", span .. "&by=code&all_stores=true&slack=61")
    expect(200, "GET", span .. "&by=code&all_stores=true&slack=61&store_id=x1*")
  end)
end)

describe("a series of a service without polls", function()
  setup(function()
    server.start()
  end)

  teardown(function()
    server.stop()
  end)

  it("is an empty one", function()
    assert.same({}, expect(200, "GET", "/v1/series").t)
    assert.equal(0, expect(200, "GET", "/v1/series?by=brand&step=1d").stores)
  end)
end)
