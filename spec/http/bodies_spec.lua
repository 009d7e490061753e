-- Every field of every JSON body that the document of the API tells of, with values of types that are not its own.

local cjson = require "cjson"
local contract = require "support.contract"
local json_schema = require "support.json_schema"
local loom = require "loom"
local random = require "support.random"
local server = require "support.api"

require "loom.http"
local router = require "loom.http.router"
local schemas_of = require "loom.http.schema"

-- What bodies need beside the field that is wrong.
local needed = {
  ["/v1/exclusions"] = { store_id = "*", from_utc = "2024-03-04T00:00:00Z", to_utc = "2024-03-05T00:00:00Z" },
  ["/v1/preview"] = { store_id = "known" },
  ["/v1/stores/{store_id}/timezone"] = { timezone_str = "UTC" },
  ["/v1/stores/{store_id}/attributes"] = { attributes = { brand = "Taco" } },
  ["/v1/stores/{store_id}/special-days/{date}"] = { spans = { "10:00-12:00" } },
}

local wrong = { boolean = false, number = 1.5, string = "wrong", array = cjson.decode "[[]]", object = { none = { 1 } } }

-- The types that a schema allows, as keys; nil where it does not say.
local function types_of(schema, schemas)
  schema = type(schema) == "string" and (schemas[schema] or {}) or schema
  local types = {}
  for _, name in ipairs(type(schema.type) == "table" and schema.type or { schema.type }) do
    types[name == "integer" and "number" or name] = true
  end
  for _, one in ipairs(schema.anyOf or schema.oneOf or {}) do
    for name in pairs(types_of(one, schemas) or {}) do
      types[name] = true
    end
  end
  for _, value in ipairs(schema.enum or { schema.const }) do
    types[type(value)] = true
  end
  return next(types) and types or nil
end

local array, object = json_schema.list, json_schema.object

local week = object { mon = "09:00-17:00", tue = array { "00:00-06:00", "12:00-24:00" },
  wed = object { open = 0, close = 3600 } }

-- Bodies that are good, by route: random changes are made to them.
local examples = {
  ["POST /trigger_report"] = object {
    as_of = "2024-03-04T12:00:00Z", windows = array { object { name = "w", seconds = "2h" }, "yesterday",
      object { name = "v", from = 1709510400, to = "2024-03-05T00:00:00Z", unit = "minutes" } },
    compare = true, preset = "monitoring", fill = "nearest", evidence = "inside", no_data = "up", max_gap = 3600, slack = "60s",
    default_zone = "UTC", stores = array { "known", "k*" }, where = object { brand = array { "Taco", 1 } }, search = "k",
    zones = array { "UTC" }, all_stores = true, hours = object { ["*"] = week },
    slo = object { target = 0.9, attribute = "brand", targets = object { Taco = 1 }, stores = object { known = 0.5 } },
    name_attribute = "brand", strips = object { window = "w", bins = 24 },
  },
  ["POST /v1/exclusions"] = object { store_id = "known", weekly = "sun 02:00-04:00", zone = "store", from_local = "2024-01-01",
    to_local = "2024-02-01", reason = "why" },
  ["POST /v1/preview"] = object {
    store_id = "known", timezone_str = cjson.null,
    hours = object { changes = array { object { effective_from = "2024-03-01", week = week },
      object { effective_from = "always", removed = true } } },
    special_days = array { object { date = "2024-03-04", spans = array { "10:00-14:00" }, note = "n" },
      object { date = "2024-03-05", spans = cjson.null } },
    exclusions = object { add = array { object { from_utc = "2024-03-04T00:00:00Z", to_utc = 1709600000 } }, remove = array {} },
  },
  ["PUT /v1/stores/known/hours"] = object { week = week, effective_from = "2024-03-01", to = "2024-04-01" },
  ["PUT /v1/stores/known/special-days/2024-12-24"] = object { spans = array { "10:00-14:00", object { open = 0, close = 60 } },
    note = "eve" },
  ["PUT /v1/special-days/2024-12-24"] = object { spans = "closed" },
  ["PUT /v1/stores/known/attributes"] = object { attributes = object { brand = "Taco", size = 12 } },
  ["PATCH /v1/stores/known/attributes"] = object { attributes = object { brand = cjson.null, size = 12 } },
  ["PUT /v1/stores/known/timezone"] = object { timezone_str = "America/Denver" },
  ["PUT /v1/alerts/known/ack"] = object { note = "mine" },
  ["PUT /v1/channels/known"] = object { kind = "log" },
  ["PUT /v1/alert-rules/known"] = object { when = object { kind = "down_for", time = "30m" }, channels = array {} },
  ["PUT /v1/silences/known"] = object { matchers = object { store = "west*" }, to = "2099-01-01 00:00:00" },
  ["POST /v1/silences"] = object { matchers = object { store = "west*" }, from = 0, to = 4e9 },
  ["PUT /v1/mutes/known"] = object { hours = "mon-fri 22:00-06:00", zone = "UTC" },
  ["PUT /v1/objectives/known"] = object { target = 0.99 },
  ["PUT /v1/alert-settings"] = object { stale_after = "45m", dormant_after = 604800 },
  ["POST /v1/alert-rules/backtest"] = object { rule = object { name = "x", when = object { kind = "down_for", time = "30m" } },
    from = "2024-03-04 08:00:00", to = "2024-03-04 12:00:00" },
  ["POST /v1/session"] = object { token = "any" },
  ["POST /v1/polls"] = array { object { store_id = "known", status = "active", timestamp_utc = "2024-03-04 11:00:00" },
    object { store_id = "other", status = "inactive", timestamp_utc = 1709510400, more = array { object {} } } },
}

-- What is put in the place of anything.
local odd = { cjson.null, true, false, 0, -1, 1, 1.5, 1e300, -1e300, 2 ^ 53 + 2, "", "x", "*", "\0", "\127", ("x"):rep(5000),
  "2024-02-30", "9999-12-31", "0001-01-01", "25:00-26:00", "closed", array {}, array { array {} }, array { cjson.null },
  object {}, object { none = 1 }, object { ["a.b \"c"] = object {} }, array { "x", 1, object {} } }

local function keys_of(items)
  local keys = {}
  for key in pairs(items) do
    keys[#keys + 1] = key
  end
  table.sort(keys)
  return keys
end

-- Changes something somewhere in a list or an object.
local function change(value, any)
  local items = value.list or value.object
  local keys = keys_of(items)
  local key = keys[#keys > 0 and any(1, #keys) or 1]
  local inner = key ~= nil and items[key] or nil
  if type(inner) == "table" and any(1, 3) > 1 then
    return change(inner, any)
  end
  local what = any(1, 4)
  if what == 1 and value.list then
    table.insert(items, json_schema.copy(odd[any(1, #odd)]))
  elseif what == 1 then
    items[({ "none", "store", "ids", "open", "", "week" })[any(1, 6)]] = json_schema.copy(odd[any(1, #odd)])
  elseif what == 2 and value.list and key then
    table.remove(items, key)
  elseif what == 2 and key then
    items[key] = nil
  elseif what == 3 and type(inner) == "string" then
    items[key] = inner .. ({ " ", "0", "\n", "z", "-" })[any(1, 5)]
  elseif key then
    items[key] = json_schema.copy(odd[any(1, #odd)])
  end
end

local SEED, CHANGED = tonumber(os.getenv "SEED") or 1, tonumber(os.getenv "CHANGED") or 60 -- of each route

describe("bodies of requests", function()
  setup(function()
    local monitor = assert(loom.open(server.start({ workers = 1 }).database, { create = true }))
    assert(monitor:polls { { "known", true, "2024-03-04 10:00:00" } })
    monitor:close()
  end)

  teardown(function()
    server.stop()
  end)

  -- The schemas of objects that a route takes as JSON, without names.
  local function bodies()
    local list, schemas = {}, select(2, router.all())
    for _, route in ipairs((router.all())) do
      local schema = route.request and route.request.schema
      schema = type(schema) == "string" and schemas[schema] or schema
      if schema and schema.properties then
        list[#list + 1] = { route = route, properties = schema.properties, schemas = schemas }
      end
    end
    return list
  end

  it("are refused by the field where one is of another type", function()
    local count, failures = 0, {}
    for _, body in ipairs(bodies()) do
      local path = body.route.path
      for name, schema in pairs(body.properties) do
        local types = types_of(schema, body.schemas)
        for kind, value in pairs(types and wrong or {}) do
          if not types[kind] and not (kind == "array" and types.object) then -- an empty one is the same to Lua
            local sent = { [name] = value }
            for other, good in pairs(needed[path] or {}) do
              sent[other] = sent[other] == nil and good or sent[other]
            end
            local target = path:gsub("{date}", "2024-12-24"):gsub("{[%l_]+}", "known")
            local response, told = contract.request(body.route.method, target, { body = cjson.encode(sent) })
            local what = ("%s %s %s: %s %s"):format(body.route.method, target, cjson.encode(sent), response.status, response.body)
            local is_refused = (response.status == 400 or response.status == 422) and told.field == name
            failures[#failures + 1] = not is_refused and what or nil
            count = count + 1
          end
        end
      end
    end
    assert.same({}, failures)
    assert.is_true(count > 50)
  end)

  -- The schema of a route's JSON, which is found by its method and target.
  local function schema_of(name)
    local method, target = name:match "^(%S+) (.*)$"
    for _, route in ipairs((router.all())) do
      local path = route.path:gsub("{date}", "2024-12-24"):gsub("{[%l_]+}", "known")
      if route.method == method and path == target and route.request then
        return route.request.schema or route.request.content["application/json"].schema
      end
    end
    error(name)
  end

  -- A body that is changed at one to three places.
  local function changed(body, any)
    local copy = json_schema.copy(body)
    for _ = 1, any(1, 3) do
      change(copy, any)
    end
    return copy
  end

  it("are all that routes take as JSON", function()
    local names = {}
    for name in pairs(examples) do
      names[schema_of(name)] = true
    end
    for _, body in ipairs(bodies()) do
      assert.is_true(names[body.route.request.schema] or next(body.properties) == nil, body.route.path)
    end
  end)

  for name, body in pairs(examples) do
    it("of " .. name .. " that the document refuses are refused, and none is more than the service can take", function()
      local schema, schemas, any = schema_of(name), select(2, router.all()), random.new(SEED)
      local method, target = name:match "^(%S+) (.*)$"
      assert.is_true(json_schema.allows(schema, body, schemas))
      local sent, failures, refused = { json_schema.encode(body) }, {}, 0
      local allowed = { true }
      for i = 2, CHANGED do
        local value = changed(body, any)
        sent[i], allowed[i] = json_schema.encode(value), json_schema.allows(schema, value, schemas)
        refused = refused + (allowed[i] and 0 or 1)
      end
      for i, response in ipairs(server.send_all(method, target, sent)) do
        local is_good = response.status < 300 and (allowed[i] or false) or response.status >= 400 and response.status < 500
        failures[#failures + 1] = not is_good and ("%s %s: %d %s"):format(name, sent[i], response.status, response.body) or nil
        if i == 1 and response.status >= 300 and response.status ~= 404 then -- there is no alert to acknowledge
          failures[#failures + 1] = sent[i] .. response.body
        end
      end
      assert.same({}, failures)
      assert.is_true(refused > CHANGED / 5, "few are wrong")
    end)
  end

  it("say where in them something is wrong", function()
    local function expect(detail, field, method, target, text)
      assert.equal(detail, contract.expect_problem(400, field, method, target, text).detail)
    end
    local hours = "/v1/stores/known/hours"
    expect("week.mon[1].close: a whole number from 0 to 86400 expected, got 86401", "week", "PUT", hours,
      '{"week":{"mon":["09:00-10:00",{"open":0,"close":86401}]}}')
    expect("changes[0].week.moon: there is no such field", "changes", "PUT", hours,
      '{"changes":[{"effective_from":"2024-01-01","week":{"moon":"closed"}}]}')
    expect("changes[0].effective_from: is missing", "changes", "PUT", hours, '{"changes":[{"removed":true}]}')
    expect("changes: a list expected, got an object", "changes", "PUT", hours, '{"changes":{}}')
    expect("week: an object expected, got a list", "week", "PUT", hours, '{"week":[]}')
    expect('attributes["a b"]: text or a number expected, got a list', "attributes", "PUT", "/v1/stores/known/attributes",
      '{"attributes":{"a b":[]}}')
    expect("exclusions.add[0].form_utc: there is no such field", "exclusions", "POST", "/v1/preview",
      '{"store_id":"known","exclusions":{"add":[{"form_utc":0}]}}')
    expect("slo.targets.Taco: a number from 0 to 1 expected, got 2", "slo", "POST", "/trigger_report",
      '{"slo":{"attribute":"brand","targets":{"Taco":2}}}')
    expect("strips.bins: a whole number from 1 to 10000 expected, got 0", "strips", "POST", "/trigger_report",
      '{"strips":{"bins":0}}')
    expect("store_id: is missing", "store_id", "POST", "/v1/exclusions", '{"store_id":null}')
  end)

  it("are told all that would do in their place", function()
    local short = { type = "object", properties = { at = { anyOf = { { type = "array", maxItems = 1 }, { type = "string" } } } } }
    assert.same({ "at", "0 to 1 items or text expected, got a list" }, { schemas_of.find_wrong(short, { at = { 1, 2 } }, {}) })
    assert.same({ "at", "a list or text expected, got 3" }, { schemas_of.find_wrong(short, { at = 3 }, {}) })
    assert.same({}, { schemas_of.find_wrong(short, { at = { 1 } }, {}) })
  end)

  it("have no more changes of hours than can be read at once, nor have stores", function()
    local hours, changes = "/v1/stores/busy/hours", {}
    for i = 1, 1001 do
      changes[i] = { effective_from = os.date("!%Y-%m-%d", i * 86400), reverts = true }
    end
    local told = contract.expect_problem(400, "changes", "PUT", hours, { changes = changes })
    assert.equal("changes: 0 to 1000 items expected, got 1001", told.detail)
    local last = table.remove(changes)
    contract.expect(200, "PUT", hours, { changes = changes })
    contract.expect(413, "PUT", hours, { changes = { last } })
    contract.expect(413, "PUT", hours, { week = { mon = "closed" }, effective_from = last.effective_from })
    contract.expect(200, "PUT", hours, { week = { mon = "closed" }, effective_from = changes[1000].effective_from })
    contract.expect(200, "PUT", hours, { changes = { { effective_from = changes[1].effective_from, removed = true } } })
    contract.expect(200, "PUT", hours, { changes = { last } })
    contract.expect(204, "DELETE", hours .. "?effective_from=always")
  end)

  it("have attributes of text and numbers alone", function()
    for _, method in ipairs { "PUT", "PATCH" } do
      for _, value in ipairs { "false", "true", "[1]", '{"a":1}' } do
        contract.expect_problem(400, "attributes", method, "/v1/stores/known/attributes",
          ('{"attributes":{"brand":%s}}'):format(value))
      end
    end
  end)
end)
