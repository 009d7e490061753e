--- The attributes of a store.
-- @module loom.http.v1.attributes

local editing = require "loom.http.editing"
local json = require "loom.json"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"

local function attributes_json(store)
  return json.object("store_id", json.string(store.store_id), "attributes", json.map(store.attributes, json.string))
end

local function store_of(id)
  return service.call({ "store_id" }, function(state)
    return state.monitor:store(id)
  end)
end

local function send(id)
  local text = attributes_json(store_of(id))
  editing.send_tag(text)
  response.json(200, text)
end

-- What is set.
local function current_of(id)
  return editing.current(function(monitor)
    return monitor:store(id)
  end, attributes_json)
end

local function get(arguments)
  request.parameters {}
  send(arguments.store_id)
end

local function set(id, attributes, parameters, replace)
  editing.change({ "store_id", "attributes" }, current_of(id), function(monitor)
    return monitor:set_attributes(id, attributes, editing.signed(parameters, { replace = replace }))
  end)
end

local function put(arguments)
  local id = arguments.store_id
  local parameters = editing.parameters()
  local attributes = request.fields({ "attributes" }, "attributes").attributes
  for name, value in pairs(type(attributes) == "table" and attributes or {}) do
    if value == false then -- which the library would take for one that is removed
      problem.raise(400, ("attributes: %s: text or a number expected"):format(name), { field = "attributes" })
    end
  end
  set(id, attributes, parameters, true)
  send(id)
end

-- A merge patch (RFC 7396): what is null is removed, and what is not named stays.
local function patch(arguments)
  local id = arguments.store_id
  local parameters = editing.parameters()
  local attributes = request.fields({ "attributes" }, "attributes", nil, true).attributes
  if type(attributes) ~= "table" then
    problem.raise(400, "attributes: an object expected", { field = "attributes" })
  end
  for name, value in pairs(attributes) do
    if value == false then -- which the library would take for what null is
      problem.raise(400, ("attributes: %s: text, a number or null expected"):format(name), { field = "attributes" })
    elseif value == request.null then
      attributes[name] = false
    end
  end
  set(id, attributes, parameters, false)
  send(id)
end

local function delete(arguments)
  local id = arguments.store_id
  local parameters = editing.parameters()
  store_of(id)
  set(id, {}, parameters, true)
  response.none()
end

local path = "/v1/stores/{store_id}/attributes"

return {
  schemas = {
    Attributes = {
      type = "object", required = { "store_id", "attributes" }, additionalProperties = false,
      properties = {
        store_id = { type = "string" }, attributes = { type = "object", additionalProperties = { type = "string" } },
      },
    },
    AttributesChange = {
      type = "object", required = { "attributes" }, additionalProperties = false,
      properties = { attributes = { type = "object", additionalProperties = { type = { "string", "number" } } } },
    },
    AttributesPatch = {
      type = "object", required = { "attributes" }, additionalProperties = false,
      description = "Those that are not named stay; null removes one.",
      properties = { attributes = { type = "object", additionalProperties = { type = { "string", "number", "null" } } } },
    },
  },
  {
    method = "GET", path = path, access = "read", restricted = "store", is_tagged = true, handler = get, tag = "stores",
    summary = "The attributes of a store",
    responses = { [200] = { description = "Values by name.", schema = "Attributes", headers = editing.headers } },
  },
  {
    method = "PUT", path = path, access = "write", is_tagged = true, handler = put, tag = "stores",
    summary = "Replace the attributes of a store", request = { schema = "AttributesChange" },
    parameters = { editing.reason, editing.if_match },
    responses = { [200] = { description = "Values by name.", schema = "Attributes", headers = editing.headers },
      [409] = editing.conflict },
  },
  {
    method = "PATCH", path = path, access = "write", is_tagged = true, handler = patch, tag = "stores",
    summary = "Set and remove some attributes of a store", request = { schema = "AttributesPatch" },
    parameters = { editing.reason, editing.if_match },
    responses = { [200] = { description = "Values by name.", schema = "Attributes", headers = editing.headers },
      [409] = editing.conflict },
  },
  {
    method = "DELETE", path = path, access = "write", is_tagged = true, handler = delete, tag = "stores",
    summary = "Remove the attributes of a store", parameters = { editing.reason, editing.if_match },
    responses = { [204] = { description = "Done." }, [409] = editing.conflict },
  },
}
