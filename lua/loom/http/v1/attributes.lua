--- The attributes of a store.
-- @module loom.http.v1.attributes

local json = require "loom.json"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"

local function store_of(id)
  return service.call({ "store_id" }, function(state)
    return state.monitor:store(id)
  end)
end

local function send(id)
  response.json(200, json.object("store_id", json.string(id), "attributes", json.map(store_of(id).attributes, json.string)))
end

local function get(arguments)
  request.parameters {}
  send(arguments.store_id)
end

local function put(arguments)
  local id = arguments.store_id
  request.parameters {}
  local attributes = request.fields({ "attributes" }, "attributes").attributes
  service.call({ "store_id", "attributes" }, function(state)
    return state.monitor:set_attributes(id, attributes, { replace = true })
  end)
  send(id)
end

local function delete(arguments)
  local id = arguments.store_id
  request.parameters {}
  store_of(id)
  service.call({ "store_id" }, function(state)
    return state.monitor:set_attributes(id, {}, { replace = true })
  end)
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
  },
  {
    method = "GET", path = path, access = "read", restricted = "store", handler = get, tag = "stores",
    summary = "The attributes of a store",
    responses = { [200] = { description = "Values by name.", schema = "Attributes" } },
  },
  {
    method = "PUT", path = path, access = "write", handler = put, tag = "stores",
    summary = "Replace the attributes of a store", request = { schema = "AttributesChange" },
    responses = { [200] = { description = "Values by name.", schema = "Attributes" } },
  },
  {
    method = "DELETE", path = path, access = "write", handler = delete, tag = "stores",
    summary = "Remove the attributes of a store", responses = { [204] = { description = "Done." } },
  },
}
