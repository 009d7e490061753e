--- The timezone of a store.
-- @module loom.http.v1.timezone

local json = require "loom.json"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"

local function send(id)
  local found = service.call({ "store_id" }, function(state)
    return state.monitor:timezone(id)
  end)
  response.json(200, json.object("store_id", json.string(id), "timezone_str", json.string(found.timezone_str),
    "origin", json.string(found.origin)))
end

local function get(arguments)
  request.parameters {}
  send(arguments.store_id)
end

local function put(arguments)
  local id = arguments.store_id
  request.parameters {}
  local zone = request.fields({ "timezone_str" }, "timezone_str").timezone_str
  service.call({ "store_id", "timezone_str" }, function(state)
    local done, message, code = state.monitor:set_timezone(id, zone)
    if not done and code == "EINPUT" then
      problem.raise(400, "timezone_str: " .. message:gsub("^E%u+: ", ""), { field = "timezone_str" })
    end
    return done, message, code
  end)
  send(id)
end

local function delete(arguments)
  local id = arguments.store_id
  request.parameters {}
  service.call({ "store_id" }, function(state)
    return state.monitor:timezone(id) -- clearing would make the store
  end)
  service.call({ "store_id" }, function(state)
    return state.monitor:set_timezone(id, nil)
  end)
  response.none()
end

return {
  schemas = {
    Timezone = {
      type = "object", required = { "store_id", "timezone_str", "origin" }, additionalProperties = false,
      properties = {
        store_id = { type = "string" }, timezone_str = { type = "string", description = "An IANA name." },
        origin = { enum = { "override", "file", "default" } },
      },
    },
    TimezoneChange = {
      type = "object", required = { "timezone_str" }, additionalProperties = false,
      properties = { timezone_str = { type = "string", description = "An IANA name." } },
    },
  },
  {
    method = "GET", path = "/v1/stores/{store_id}/timezone", access = "read", restricted = "store", handler = get, tag = "hours",
    summary = "The timezone of a store", responses = { [200] = { description = "The timezone.", schema = "Timezone" } },
  },
  {
    method = "PUT", path = "/v1/stores/{store_id}/timezone", access = "write", handler = put, tag = "hours",
    summary = "Set the timezone of a store, in the past too", request = { schema = "TimezoneChange" },
    responses = { [200] = { description = "The timezone.", schema = "Timezone" } },
  },
  {
    method = "DELETE", path = "/v1/stores/{store_id}/timezone", access = "write", handler = delete, tag = "hours",
    summary = "Have the file's timezone in force again", responses = { [204] = { description = "Done." } },
  },
}
