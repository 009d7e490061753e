--- Who asks, in the words of the API.
-- @module loom.http.viewer

local access = require "loom.http.access"
local json = require "loom.json"
local service = require "loom.http.service"
local tokens = require "loom.http.tokens"

local viewer = {}

--- Whom a request comes from, where tokens are needed: see `access.identify`. Ends the request where that cannot be told.
-- @treturn ?table
function viewer.find()
  if not tokens.state() then
    return nil
  end
  local monitor = service.monitor()
  return access.identify(monitor and monitor.database)
end

local function values_json(values)
  return json.array(values, json.string)
end

--- What somebody may do, as JSON.
-- @tparam ?table who as `viewer.find` gives it; nil: nobody who is known
-- @param ... names and pieces of JSON in turn, which are added
-- @treturn string
function viewer.text(who, ...)
  local token = who and who.token
  local are_needed = tokens.state() ~= nil
  return json.object("tokens", json.boolean(are_needed), "name", json.text(token and token.name),
    "scope", json.text(not are_needed and "write" or token and token.scope),
    "where", token and token.where and json.map(token.where, values_json) or json.null, ...)
end

return viewer
