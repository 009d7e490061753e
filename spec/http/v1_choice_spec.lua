local cjson = require "cjson"
local contract = require "support.contract"
local core = require "loom.core"
local loom = require "loom"
local random_of = require "support.random".new
local time = require "loom.time"
local server = require "support.api"

local expect, problem, escape = contract.expect, contract.expect_problem, server.escape

local random = random_of(12)
local ZONES = { "America/Chicago", "Asia/Tokyo", "UTC", false } -- false: the default zone
local BRANDS = { "Taco", "taco bell", "Pizza", "50%_off", false }

-- Stores of all states, some dormant, in zones and of brands at random, and one without polls.
local function fill(path)
  local monitor = assert(loom.open(path, { create = true }))
  local polls = {}
  for i = 1, 40 do
    local id, zone = ("%s %02d"):format(i % 3 == 0 and "Taco" or "shop", i), ZONES[random(1, #ZONES)]
    local brand = BRANDS[random(1, #BRANDS)]
    polls[#polls + 1] = { id, i % 5 ~= 0, ("2024-03-0%d 10:00:00"):format(i % 4 + 1) }
    polls[#polls + 1] = { id, random(1, 2) == 1, ("2024-03-04 1%d:30:00"):format(random(0, 2)) }
    assert(not zone or monitor:set_timezone(id, zone))
    assert(not brand or monitor:set_attributes(id, { brand = brand, size = tostring(i % 3) }))
    if i % 7 == 0 then
      assert(monitor:set_hours(id, { tue = "09:00-17:00" }, { effective_from = "always" }))
    end
  end
  for i = 1, 4 do
    polls[#polls + 1] = { ("gone %d"):format(i), true, "2024-02-20 10:00:00" }
  end
  assert(monitor:polls(polls))
  assert(monitor:set_attributes("never polled", { brand = "Taco" }))
  monitor:close()
end

-- Parameters of a request by their names, as a query; what has several values is a list.
local function query_of(parameters)
  local parts = {}
  for name, value in pairs(parameters) do
    for _, item in ipairs(type(value) == "table" and value or { value }) do
      parts[#parts + 1] = escape(name) .. "=" .. escape(item)
    end
  end
  return "?" .. table.concat(parts, "&")
end

local function has_lasted(lasted, since, as_of)
  local from, to = lasted:match "^(.-)%.%.(.*)$"
  local age = since and time.between(time.instant(since), time.instant(as_of)) or math.huge
  return (from == "" or age >= time.duration(from)) and (to == "" or age < time.duration(to))
end

-- Whether a store is one of those that parameters choose, said plainly.
local function is_chosen(store, state, parameters, as_of)
  local function is_among(value, list)
    for _, item in ipairs(list) do
      if item == value then
        return true
      end
    end
    return false
  end
  if parameters.q then
    local q, found = parameters.q:lower(), store.store_id:lower():find(parameters.q:lower(), 1, true)
    for _, value in pairs(store.attributes) do
      found = found or value:lower():find(q, 1, true)
    end
    if not found then
      return false
    end
  end
  local zone = store.timezone_str or parameters.default_zone or "America/Chicago"
  local dormant = parameters.dormant or parameters.state and "false" or "any"
  return (not parameters.timezone_str or is_among(zone, parameters.timezone_str))
    and (not parameters.store or is_among(store.store_id, parameters.store))
    and (not parameters["where.brand"] or is_among(store.attributes.brand, parameters["where.brand"]))
    and (not parameters.store_id or core.matches(parameters.store_id, store.store_id))
    and (not parameters.state or ("," .. parameters.state .. ","):find("," .. state.state .. ",", 1, true) ~= nil)
    and (dormant == "any" or tostring(state.dormant) == dormant)
    and (not parameters.lasted or has_lasted(parameters.lasted, state.since_utc, as_of))
end

-- Some values of each parameter, of which random requests are made.
local names = { "q", "store", "timezone_str", "where.brand", "store_id", "state", "dormant", "lasted", "dormant_after",
  "default_zone", "as_of" }
local values = {
  q = { "taco", "TACO", "o 1", "%", "_", "1", "nothing of this" },
  store = { { "shop 01", "nobody", "shop 01" }, { "shop 02", "Taco 03", "shop 04", "gone 1", "shop 10", "shop 11" } },
  timezone_str = { { "UTC" }, { "Asia/Tokyo", "America/Chicago" }, { "Europe/Paris" } },
  ["where.brand"] = { { "Taco" }, { "Pizza", "taco bell" } },
  store_id = { "shop*", "*1?" },
  state = { "down", "up,unknown", "closed", "down,up" },
  dormant = { "true", "false", "any" },
  lasted = { "1h..", "..1h", "20m..90m", "..", "90m..2d" },
  dormant_after = { "1d" },
  default_zone = { "Europe/Paris" },
  as_of = { "2024-03-04 11:15:00" },
}

describe("the choice of stores", function()
  setup(function()
    fill(server.start().database)
  end)

  teardown(function()
    server.stop()
  end)

  local function random_parameters()
    local parameters = {}
    for _, name in ipairs(names) do
      if random(1, 3) == 1 then
        parameters[name] = values[name][random(1, #values[name])]
      end
    end
    return parameters
  end

  it("is the same on every route, whatever it is made of", function()
    local monitor, chosen_some = assert(loom.open(server.database())), 0
    for round = 1, 40 do
      local parameters = random_parameters()
      local query, expected = query_of(parameters), {}
      local status = assert(monitor:status { as_of = parameters.as_of, dormant_after = parameters.dormant_after,
        default_zone = parameters.default_zone })
      for store in monitor:stores() do
        local state = status:store(store.store_id)
        expected[#expected + 1] = state and is_chosen(store, state, parameters, status.as_of_utc) and store.store_id or nil
      end
      table.sort(expected)
      local list, ids, polls = expect(200, "GET", "/v1/stores" .. query .. "&limit=1000"), {}, 0
      for i, store in ipairs(list.stores) do
        ids[i], polls = store.store_id, polls + store.windows.last_week.polls
      end
      assert.same(expected, ids, query)
      assert.equal(#expected, list.total, query)
      chosen_some = chosen_some + (#expected > 0 and #expected < #status and 1 or 0)
      local by_since = expect(200, "GET", "/v1/stores" .. query .. "&sort=since&limit=1")
      assert.equal(#expected, by_since.total, query)
      local now, count = expect(200, "GET", "/v1/now" .. query), 0
      for _, of_state in pairs(now.counts) do
        count = count + of_state
      end
      assert.equal(#expected, count, query)
      local summary = expect(200, "GET", "/v1/summary" .. query)
      assert.equal(#expected, summary.stores, query)
      assert.equal(polls, summary.figures.last_week.totals.polls, query)
      if round % 4 == 0 then -- each of these is computed for itself
        assert.equal(#expected, expect(200, "GET", "/v1/series" .. query .. "&step=24h").stores, query)
        local strips = server.request("GET", "/v1/strips" .. query .. "&bins=1")
        assert.equal(200, strips.status, query)
        assert.equal(#expected, cjson.decode(strips.body:match "^[^\n]+").stores, query)
      end
      local series = expect(200, "GET", "/v1/series" .. query .. "&by=brand")
      assert.equal(#expected, series.stores, query)
      local of_groups = 0
      for _, group in ipairs(expect(200, "GET", "/v1/groups" .. query .. "&by=brand").groups) do
        of_groups = of_groups + group.stores
      end
      assert.equal(#expected, of_groups, query)
      local strips = {}
      for id in server.request("GET", "/v1/strips" .. query .. "&order=store_id&bins=3").body:gmatch "\t([^\n]*)" do
        strips[#strips + 1] = (id:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
      end
      assert.same(expected, strips, query)
      status:close()
    end
    assert.is_true(chosen_some > 12)
    monitor:close()
  end)

  it("is checked", function()
    for _, path in ipairs { "/v1/stores", "/v1/now", "/v1/summary", "/v1/series", "/v1/strips", "/v1/groups" } do
      problem(400, "q", "GET", path .. "?q=")
      problem(400, "q", "GET", path .. "?q=" .. ("x"):rep(101))
      problem(400, "q", "GET", path .. "?q=a&q=b")
      assert.equal(200, server.request("GET", path .. "?q=" .. ("x"):rep(100)).status)
      assert.equal(200, server.request("GET", path .. "?q=%00%ff").status)
      problem(422, "timezone_str", "GET", path .. "?timezone_str=UTC&timezone_str=Mars")
      problem(400, "timezone_str", "GET", path .. "?timezone_str")
      problem(422, "timezone_str", "GET", path .. "?timezone_str=")
      problem(400, "timezone_str", "GET", path .. "?" .. ("timezone_str=UTC&"):rep(21))
      problem(400, "store", "GET", path .. "?store=")
      problem(400, "store", "GET", path .. "?" .. ("store=a&"):rep(81))
      problem(400, "state", "GET", path .. "?state=dead")
      problem(400, "dormant", "GET", path .. "?dormant=yes")
      for _, lasted in ipairs { "", "1h", "1h..1h", "2h..1h", "a..", "..0", "1h..2h..3h", (" "):rep(60) .. ".." } do
        problem(400, "lasted", "GET", path .. "?lasted=" .. escape(lasted))
      end
      problem(422, "dormant_after", "GET", path .. "?dormant_after=0")
    end
  end)

  it("of states follows what is written, also where an answer was kept", function()
    local monitor = assert(loom.open(server.database()))
    for _ = 1, 3 do
      local status = assert(monitor:status())
      local up = status.counts.up
      local deadline = core.clock() + 20
      local summary
      repeat
        summary = expect(200, "GET", "/v1/summary?state=up")
      until summary.stores == up or core.clock() > deadline
      assert.equal(up, summary.stores)
      for store in status:stores { state = "up", limit = 1 } do
        assert(monitor:polls { { store.store_id, false, status.as_of_utc } })
      end
      status:close()
    end
    monitor:close()
  end)
end)
