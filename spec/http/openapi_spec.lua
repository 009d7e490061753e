local cjson = require "cjson"
local openapi = require "support.openapi"
local server = require "support.api"

require "loom.http"
local router = require "loom.http.router"

describe("the document of the API", function()
  local document

  setup(function()
    server.start()
    document = cjson.decode(server.request("GET", "/openapi.json").body)
  end)

  teardown(function()
    server.stop()
  end)

  it("has the routes that there are, and no others", function()
    local routes, count = router.all(), 0
    for _, route in ipairs(routes) do
      local path = document.paths[route.path]
      assert.is_table(path and path[route.method:lower()], route.method .. " " .. route.path)
    end
    for _, path in pairs(document.paths) do
      for _ in pairs(path) do
        count = count + 1
      end
    end
    assert.equal(#routes, count)
  end)

  it("tells of each what it is, takes and gives", function()
    for path, methods in pairs(document.paths) do
      for method, operation in pairs(methods) do
        local name = method .. " " .. path
        assert.is_string(operation.summary, name)
        assert.is_string(operation.tags[1], name)
        assert.is_table(operation.responses.default, name)
        assert.equal(method == "post" or method == "put" or method == "patch", operation.requestBody ~= nil, name)
        for argument in path:gmatch("{(.-)}") do
          local found = false
          for _, parameter in ipairs(operation.parameters) do
            found = found or (parameter["in"] == "path" and parameter.name == argument)
          end
          assert.is_true(found, name)
        end
      end
    end
  end)

  -- Parameters whose form alone bounds them: durations, numbers, lists, and values that are compared.
  local by_form = { max_gap = true, slack = true, dormant_after = true, step = true, windows = true, percents = true,
    labels = true, max_rejects = true, number = true, file = true, view = true, hash = true, part = true,
    ["where.ATTRIBUTE"] = true }

  -- A parameter's schema, where it is of text, and no header, which nginx bounds.
  local function text_schema(parameter)
    if parameter["in"] == "header" then
      return nil
    end
    local schema = parameter.schema
    local name = (schema["$ref"] or ""):match "([^/]+)$"
    schema = name and document.components.schemas[name] or schema
    return schema.type == "string" and schema or nil
  end

  it("has pages that all end in one way", function()
    local given, taken = {}, {}
    for name, schema in pairs(document.components.schemas) do
      local properties, is_required = schema.properties or {}, false
      for _, required in ipairs(schema.required or {}) do
        is_required = is_required or required == "next_cursor"
      end
      if properties.next_cursor then
        assert.is_true(is_required, name)
        assert.same({ "string", "null" }, properties.next_cursor.type, name)
        given[name] = true
      end
    end
    for path, methods in pairs(document.paths) do -- whatever takes a cursor gives one
      for _, parameter in ipairs(methods.get and methods.get.parameters or {}) do
        if parameter.name == "cursor" then
          local content = methods.get.responses["200"].content["application/json"]
          local name = content and (content.schema["$ref"] or ""):match "([^/]+)$"
          assert.is_true(given[name], path)
          taken[name] = true
        end
      end
    end
    assert.same(given, taken)
  end)

  it("has bounds of texts, and longer ones are refused", function()
    local asked = {}
    for path, methods in pairs(document.paths) do
      for method, operation in pairs(methods) do
        for _, parameter in ipairs(operation.parameters or {}) do
          local schema, name = text_schema(parameter), parameter.name
          if schema and not schema.enum then
            assert.is_true(schema.maxLength ~= nil or schema.format ~= nil or by_form[name:gsub("%d$", "")] or false,
              ("%s %s: %s"):format(method, path, name))
          end
          if schema and schema.maxLength and method == "get" then
            local long = ("a"):rep(schema.maxLength + 1)
            local target = parameter["in"] == "path" and path:gsub("{" .. name .. "}", long) or path .. "?" .. name .. "=" .. long
            local response = server.request("GET", (target:gsub("{date}", "2024-03-04"):gsub("{.-}", "a")))
            assert.is_true(response.status >= 400 and response.status < 500, target)
            asked[name] = true
          end
        end
      end
    end
    for _, name in ipairs { "store_id", "q", "sort", "as_of", "cursor", "default_zone", "by", "fields" } do
      assert.is_true(asked[name], name)
    end
  end)

  local check = openapi.is_possible() and it or pending
  check("finds out a response that is not as it says", function()
    local response = { status = 200, headers = { ["content-type"] = "application/json" }, body = '{"status":"good"}' }
    local held, why = pcall(openapi.hold, { openapi.line({}, "/healthz", response) })
    assert.is_false(held)
    assert.matches("GET /healthz 200: ", tostring(why), 1, true)
  end)

  it("names only schemas that it has", function()
    for name in cjson.encode(document):gmatch("#\\?/components\\?/schemas\\?/(%w+)") do
      assert.is_table(document.components.schemas[name], name)
    end
  end)
end)
