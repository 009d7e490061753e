--- The attributes of a store.
-- @module loom.http.v1.attributes

local editing = require "loom.http.editing"
local json = require "loom.json"
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
  set(id, request.json_object().attributes, parameters, true)
  send(id)
end

-- A merge patch (RFC 7396): what is null is removed, and what is not named stays.
local function patch(arguments)
  local id = arguments.store_id
  local parameters = editing.parameters()
  local attributes = request.json_object(nil, true).attributes
  for name, value in pairs(attributes) do
    if value == request.null then
      attributes[name] = false -- the library's word for what is removed
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
