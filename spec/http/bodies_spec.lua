-- Every field of every JSON body that the document of the API tells of, with values of types that are not its own.

local cjson = require "cjson"
local contract = require "support.contract"
local loom = require "loom"
local server = require "support.api"

require "loom.http"
local router = require "loom.http.router"

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
            local target = path:gsub("{store_id}", "known"):gsub("{date}", "2024-12-24")
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

  it("have attributes of text and numbers alone", function()
    for _, method in ipairs { "PUT", "PATCH" } do
      for _, value in ipairs { "false", "true", "[1]", '{"a":1}' } do
        contract.expect_problem(400, "attributes", method, "/v1/stores/known/attributes",
          ('{"attributes":{"brand":%s}}'):format(value))
      end
    end
  end)
end)
