--- The timezone of a store.
-- @module loom.http.v1.timezone

local editing = require "loom.http.editing"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"
local shapes = require "loom.formats.shapes"

local function send(id)
  local found = service.call({ "store_id" }, function(state)
    return state.monitor:timezone(id)
  end)
  local text = shapes.zone(id, found)
  editing.send_tag(text)
  response.json(200, text)
end

-- What is set.
local function current_of(id)
  return editing.current(function(monitor)
    return monitor:timezone(id)
  end, function(found)
    return shapes.zone(id, found)
  end)
end

local function get(arguments)
  request.parameters {}
  send(arguments.store_id)
end

local function put(arguments)
  local id = arguments.store_id
  local parameters = editing.parameters()
  local zone = request.json_object().timezone_str
  editing.change({ "store_id", "timezone_str" }, current_of(id), function(monitor)
    local done, message, code = monitor:set_timezone(id, zone, editing.signed(parameters))
    if not done and code == "EINPUT" then
      problem.raise(400, "timezone_str: " .. message:gsub("^E%u+: ", ""), { field = "timezone_str" })
    end
    return done, message, code
  end)
  send(id)
end

local function delete(arguments)
  local id = arguments.store_id
  local parameters = editing.parameters()
  editing.change({ "store_id" }, current_of(id), function(monitor)
    return monitor:set_timezone(id, nil, editing.signed(parameters))
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
    method = "GET", path = "/v1/stores/{store_id}/timezone", access = "read", restricted = "store",
    is_tagged = true, handler = get, tag = "hours",
    summary = "The timezone of a store", responses = { [200] = { description = "The timezone.", schema = "Timezone",
      headers = editing.headers } },
  },
  {
    method = "PUT", path = "/v1/stores/{store_id}/timezone", access = "write", is_tagged = true, handler = put, tag = "hours",
    summary = "Set the timezone of a store, in the past too", request = { schema = "TimezoneChange" },
    parameters = { editing.reason, editing.if_match },
    responses = { [200] = { description = "The timezone.", schema = "Timezone", headers = editing.headers },
      [409] = editing.conflict },
  },
  {
    method = "DELETE", path = "/v1/stores/{store_id}/timezone", access = "write",
    is_tagged = true, handler = delete, tag = "hours",
    summary = "Have the file's timezone in force again", parameters = { editing.reason, editing.if_match },
    responses = { [204] = { description = "Done." }, [409] = editing.conflict },
  },
}
