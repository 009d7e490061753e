--- The document of the API (OpenAPI 3.1), made from the routes: see `loom.http.router`.
-- @module loom.http.openapi

local cjson = require "cjson.safe"
local core = require "loom.core"
local response = require "loom.http.response"
local router = require "loom.http.router"
local sessions = require "loom.http.sessions"

local tags = {
  { name = "reports", description = "Reports that are made in the background." },
  { name = "stores", description = "Stores and their figures." },
  { name = "hours", description = "What stores are measured by: hours, timezones, special days, exclusions." },
  { name = "alerts", description = "What fires, and what alerts go by." },
  { name = "ingestion", description = "Polls as they come, and whole files." },
  { name = "dashboard", description = "Pages for people, made of what is below." },
  { name = "service", description = "The service itself." },
}

local problem_schema = {
  type = "object", required = { "type", "title", "status", "detail" },
  description = "A problem (RFC 9457).",
  properties = {
    type = { type = "string" }, title = { type = "string" }, status = { type = "integer" },
    detail = { type = "string", description = "What happened, for people." },
    field = { type = "string", description = "The parameter, or the field of the body, that is wrong." },
    index = { type = "integer", description = "Of the first poll that is wrong, from 0." },
    line = { type = "integer" }, column = { type = "string" }, value = { type = "string" }, reason = { type = "string" },
    errors = { type = "array", items = { type = "object" }, description = "The first rows that are wrong, each of what of "
      .. "index, line, column, value and reason is known." },
    failing = { type = "array", items = { type = "string" }, description = "Of /readyz: what cannot be done." },
  },
}

local NO_SCOPES = "no scopes" -- an empty array, which cjson cannot tell from an empty object

-- A schema in which names have become references.
local function resolve(schema)
  if type(schema) == "string" then
    return { ["$ref"] = "#/components/schemas/" .. schema }
  end
  local resolved = {}
  for key, value in pairs(schema) do
    resolved[key] = value
    if key == "required" and #value == 0 then
      resolved[key] = nil -- cjson would make an object of the empty list
    elseif key == "items" or key == "additionalProperties" then
      resolved[key] = value and resolve(value)
    elseif key == "properties" or key == "anyOf" then
      resolved[key] = {}
      for name, inner in pairs(value) do
        resolved[key][name] = resolve(inner)
      end
    end
  end
  return resolved
end

local function content_of(described)
  if described.schema then
    return { ["application/json"] = { schema = resolve(described.schema) } }
  elseif described.problem then
    return { ["application/problem+json"] = { schema = resolve "Problem" } }
  elseif not described.content then
    return nil
  end
  local content = {}
  for media_type, of_type in pairs(described.content) do
    content[media_type] = { schema = resolve(of_type.schema) }
  end
  return content
end

-- Arguments of paths that are of so many bytes at the most; texts of JSON Schema have as many characters, or fewer.
local longest = { store_id = core.limits.store_id, date = #"2026-01-05", report_id = #"00000000-0000-0000-0000-000000000000",
  name = 100, id = #"msg_" + 26 }

local function parameters_of(route)
  local list = {}
  for name in route.path:gmatch("{([^}]+)}") do
    list[#list + 1] = { name = name, ["in"] = "path", required = true,
      schema = { type = "string", maxLength = longest[name] } }
  end
  local listed = route.parameters or {}
  for _, group in ipairs { listed, listed.more or {} } do
    for _, parameter in ipairs(group) do
      list[#list + 1] = {
        name = parameter.name, ["in"] = parameter.location or "query", required = parameter.required,
        description = parameter.description, schema = resolve(parameter.schema),
      }
    end
  end
  return #list > 0 and list or nil
end

local revision_header = {
  schema = { type = "integer" }, description = "The revision of the data that the answer is made from, or an earlier one, as "
    .. "the events welcome and revision of /v1/events tell it.",
}

local tag_header = {
  schema = { type = "string" }, description = "Weak; none where the answer hangs on what no change of the data tells, such as "
    .. "as_of=now.",
}

local function operation_of(route)
  local responses = { default = { description = "What was wrong.", content = content_of { problem = true } } }
  for status, described in pairs(route.responses) do
    responses[tostring(status)] = { description = described.description, content = content_of(described),
      headers = described.headers }
  end
  if route.tells_revision or route.by_revision then
    responses["200"].headers = { ["Loom-Revision"] = revision_header, ETag = route.by_revision and tag_header or nil }
  end
  if route.by_revision then
    responses["304"] = { description = "Nothing has changed since the answer that If-None-Match names." }
  end
  return {
    operationId = (route.method:lower() .. route.path:gsub("[^%w]+", "_")):gsub("_$", ""),
    summary = route.summary,
    tags = { route.tag },
    parameters = parameters_of(route),
    requestBody = route.request and { required = not route.request.optional, content = content_of(route.request) },
    responses = responses,
    security = route.access ~= "none" and { { bearer = NO_SCOPES }, { session = NO_SCOPES } } or nil,
  }
end

local openapi = {}

--- The document, as JSON.
function openapi.document()
  local routes, schemas = router.all()
  local paths, components = {}, { Problem = problem_schema }
  for _, route in ipairs(routes) do
    paths[route.path] = paths[route.path] or {}
    paths[route.path][route.method:lower()] = operation_of(route)
  end
  for name, schema in pairs(schemas) do
    components[name] = resolve(schema)
  end
  local text = assert(cjson.encode {
    openapi = "3.1.0",
    info = { title = "Loom", version = core.version, summary = "Uptime of stores in their business hours." },
    servers = router.link "" ~= "" and { { url = router.link "" } } or nil,
    tags = tags,
    paths = paths,
    components = {
      schemas = components,
      securitySchemes = {
        bearer = { type = "http", scheme = "bearer", description = "A token, where the service asks for them." },
        session = { type = "apiKey", ["in"] = "cookie", name = sessions.COOKIE .. "_PORT",
          description = "The cookie of POST /v1/session, whose name ends with the service's port and the path that it is below. "
          .. "What changes something needs Sec-Fetch-Site: same-origin, or an Origin that is the service's own." },
      },
    },
  })
  return (text:gsub('"' .. NO_SCOPES .. '"', "[]"))
end

local text

local function get()
  text = text or openapi.document()
  response.json(200, text)
end

--- Its route.
openapi.routes = {
  {
    method = "GET", path = "/openapi.json", access = "none", handler = get, tag = "service", without_database = true,
    summary = "This document", responses = { [200] = { description = "The document.", schema = { type = "object" } } },
  },
}

return openapi
