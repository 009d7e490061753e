local cjson = require "cjson"
local contract = require "support.contract"
local core = require "loom.core"
local loom = require "loom"
local random_of = require "support.random".new
local server = require "support.api"

local expect, problem, escape = contract.expect, contract.expect_problem, server.escape

local random = random_of(21)
local ZONES = { "America/Chicago", "Asia/Tokyo", "UTC" }
local BRANDS = { "Taco", "taco", "Žito", "", "10", "9" }

-- Stores of all states, most of which share their values with others, or have none.
local function fill(path)
  local monitor = assert(loom.open(path, { create = true }))
  local polls = {}
  for i = 1, 40 do
    local id = ("s%d"):format(i * 7919 % 1000)
    for _ = 1, random(1, 4) do
      polls[#polls + 1] = { id, random(1, 2) == 1, ("2024-03-0%d 1%d:00:00"):format(random(1, 4), random(0, 2)) }
    end
    polls[#polls + 1] = i > 35 and { id, true, "2024-02-20 10:00:00" } or nil
    assert(random(1, 4) == 1 or monitor:set_timezone(id, ZONES[random(1, #ZONES)]))
    assert(random(1, 4) == 1 or monitor:set_attributes(id, { brand = BRANDS[random(1, #BRANDS)], number = tostring(i) }))
    assert(random(1, 4) > 1 or monitor:set_hours(id, { tue = "09:00-17:00" }, { effective_from = "always" }))
  end
  assert(monitor:polls(polls))
  monitor:close()
end

-- What a store is sorted by; nil where it has nothing.
local places = { down = 1, unknown = 2, excluded = 3, closed = 4, up = 5 }
local keys = {
  store_id = function(store)
    return store.store_id
  end,
  state = function(store)
    local since = store.since ~= cjson.null and store.since or "without"
    return places[store.state] + (store.dormant and 5 or 0) .. " " .. since
  end,
  timezone_str = function(store)
    return store.timezone_str
  end,
  ["attribute.brand"] = function(store)
    return store.attributes.brand
  end,
  ["attribute.number"] = function(store)
    return store.attributes.number
  end,
  ["attribute.nothing of this"] = function() end,
  since = function(store)
    return store.since
  end,
  last_poll = function(store)
    return store.last_poll
  end,
  down_last_week = function(store)
    return store.windows.last_week.down
  end,
  ratio_last_day = function(store)
    return store.windows.last_day.ratio
  end,
}

describe("a list of stores", function()
  setup(function()
    fill(server.start().database)
  end)

  teardown(function()
    server.stop()
  end)

  local ALL = "state,since,last_poll,attributes,timezone_str,windows"

  local function get(query)
    return expect(200, "GET", "/v1/stores?" .. query)
  end

  local function ids_of(list)
    local ids = {}
    for i, store in ipairs(list.stores) do
      ids[i] = store.store_id
    end
    return ids
  end

  it("is in order of what it is sorted by, without it last, and of ids", function()
    for sort, key_of in pairs(keys) do
      for _, order in ipairs { "asc", "desc" } do
        local stores = get("limit=1000&fields=" .. ALL .. "&sort=" .. escape(sort) .. "&order=" .. order).stores
        assert.equal(40, #stores)
        for i = 2, #stores do
          local a, b = key_of(stores[i - 1]), key_of(stores[i])
          a, b = a ~= cjson.null and a or nil, b ~= cjson.null and b or nil
          local where = ("%s %s: %s, %s"):format(sort, order, tostring(a), tostring(b))
          if sort == "store_id" then
            assert.is_true((a < b) == (order == "asc"), where)
          elseif a == b then
            assert.is_true(stores[i - 1].store_id < stores[i].store_id, where)
          elseif b ~= nil then
            assert.is_true(a ~= nil and (a < b) == (order == "asc"), where)
          end
        end
      end
    end
  end)

  it("has the strips that there are in all", function()
    local letters, count = {}, 0
    for line in server.request("GET", "/v1/strips?fill=forward").body:gmatch "[^\n]+" do
      letters[(line:match "\t(.*)$" or ""):gsub("%%(%x%x)", function(digits)
        return string.char(tonumber(digits, 16))
      end)] = line:match "^%l+"
    end
    for _, store in ipairs(get("fields=strip&limit=1000&fill=forward&windows=day:1d&compare=true&sort=state").stores) do
      assert.equal(168, #store.strip)
      assert.equal(letters[store.store_id], store.strip)
      count = count + 1
    end
    assert.equal(40, count)
  end)

  it("begins anywhere, and goes on from there", function()
    for sort in pairs(keys) do
      for _, choice in ipairs { "", "&where.brand=Taco&where.brand=taco&where.brand=10", "&state=down,unknown,up" } do
        local query = "fields=state&sort=" .. escape(sort) .. choice
        local whole = ids_of(get(query .. "&limit=1000"))
        for _ = 1, 3 do
          local offset, limit = random(0, #whole + 2), random(1, 9)
          local list = get(("%s&limit=%d&offset=%d"):format(query, limit, offset))
          assert.equal(#whole, list.total)
          local ids = ids_of(list)
          while list.next_cursor ~= cjson.null do
            list = get(("%s&limit=%d&cursor=%s"):format(query, limit, list.next_cursor))
            for _, id in ipairs(ids_of(list)) do
              ids[#ids + 1] = id
            end
          end
          for i, id in ipairs(ids) do
            assert.equal(whole[offset + i], id, query)
          end
          assert.equal(math.max(#whole - offset, 0), #ids, query)
        end
      end
    end
  end)

  it("tells of each store what is asked for", function()
    local monitor = assert(loom.open(server.database()))
    local members = { state = { "state", "dormant" }, since = { "since" }, last_poll = { "last_poll" },
      timezone_str = { "timezone_str" }, attributes = { "attributes" }, windows = { "windows" } }
    local names = {}
    for name in ALL:gmatch "[%l_]+" do
      names[#names + 1] = name
    end
    local whole = {}
    for _, store in ipairs(get("limit=1000&default_zone=Asia/Tokyo&fields=" .. ALL).stores) do
      whole[store.store_id] = store
      local known = assert(monitor:store(store.store_id))
      assert.equal(known.timezone_str or "Asia/Tokyo", store.timezone_str)
      assert.same(known.attributes, store.attributes)
    end
    for _ = 1, 30 do
      local fields, expected = {}, { store_id = true }
      for _, name in ipairs(names) do
        if random(1, 3) == 1 then
          fields[#fields + 1] = name
          for _, member in ipairs(members[name]) do
            expected[member] = true
          end
        end
      end
      if #fields > 0 then
        for _, store in ipairs(get("limit=5&default_zone=Asia/Tokyo&fields=" .. table.concat(fields, ",")).stores) do
          for name, value in pairs(store) do
            assert.is_true(expected[name], name)
            assert.same(whole[store.store_id][name], value)
          end
          for name in pairs(expected) do
            assert.is_true(store[name] ~= nil, name)
          end
        end
      end
    end
    assert.same(get("limit=3&fields=state,since,last_poll,windows"), get "limit=3")
    monitor:close()
  end)

  it("is counted by zones as by attributes", function()
    for _, by in ipairs { "timezone_str", "brand" } do
      for _, choice in ipairs { "", "&state=down,up", "&q=s1", "&default_zone=UTC" } do
        local counts, order = {}, {}
        for _, store in ipairs(get("limit=1000&fields=state,attributes,timezone_str" .. choice).stores) do
          local value = by == "timezone_str" and store.timezone_str or store.attributes.brand
          if value then
            local state = store.dormant and "dormant" or store.state
            order[#order + 1] = not counts[value] and value or nil
            counts[value] = counts[value] or { up = 0, down = 0, unknown = 0, excluded = 0, closed = 0, dormant = 0 }
            counts[value][state] = counts[value][state] + 1
          end
        end
        table.sort(order)
        local expected = {}
        for i, value in ipairs(order) do
          expected[i] = { value = value, counts = counts[value] }
        end
        assert.same(expected, expect(200, "GET", "/v1/now?by=" .. by .. choice).by)
      end
    end
  end)

  it("is checked", function()
    problem(400, "offset", "GET", "/v1/stores?offset=-1")
    problem(400, "offset", "GET", "/v1/stores?offset=1.5")
    problem(400, "offset", "GET", "/v1/stores?offset=0&cursor=" .. get "limit=1".next_cursor)
    problem(400, "cursor", "GET", "/v1/stores?sort=state&cursor=" .. get "limit=1&sort=attribute.brand".next_cursor)
    problem(400, "cursor", "GET", "/v1/stores?sort=attribute.a&cursor=" .. get "limit=1&sort=attribute.brand".next_cursor)
    for _, fields in ipairs { "", "state,", "colour", "dormant", ("state,"):rep(7) .. "state" } do
      problem(400, "fields", "GET", "/v1/stores?fields=" .. fields)
    end
    for _, sort in ipairs { "attribute.", "attribute", "attribute." .. ("x"):rep(1000), "attribute.%00", "dormant" } do
      problem(400, "sort", "GET", "/v1/stores?sort=" .. sort)
    end
  end)
end)

describe("an attribute of very many values", function()
  setup(function()
    server.start()
    local monitor = assert(loom.open(server.database()))
    local polls = {}
    for i = 1, 1001 do
      polls[i] = { ("s%04d"):format(i), true, "2024-03-04 10:00:00" }
    end
    assert(monitor:polls(polls))
    assert(monitor:transaction(function()
      for i, poll in ipairs(polls) do
        assert(monitor:set_attributes(poll[1], { number = ("%04d"):format(1002 - i), most = tostring(math.max(i, 2)) }))
      end
    end))
    monitor:close()
  end)

  teardown(function()
    server.stop()
  end)

  it("is none to count by, whether it was sorted by or not", function()
    for _ = 1, 2 do
      local deadline = core.clock() + 20
      while expect(200, "GET", "/v1/now").counts.unknown + expect(200, "GET", "/v1/now").counts.up < 1001 do
        assert.is_true(core.clock() < deadline)
      end
      problem(400, "by", "GET", "/v1/now?by=number")
      assert.equal(1000, #expect(200, "GET", "/v1/now?by=most").by)
      assert.equal("s1001", expect(200, "GET", "/v1/stores?sort=attribute.number&limit=1").stores[1].store_id)
    end
  end)
end)
