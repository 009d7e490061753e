--- Timezones that requests name.
-- @module loom.http.v1.zones

local check = require "loom.check"
local core = require "loom.core"
local problem = require "loom.http.problem"
local service = require "loom.http.service"

local zones = {}

--- Ends the request if a timezone, where there is one, is none of the tz database.
-- @tparam string field the parameter's name
-- @param zone its value
function zones.check(field, zone)
  local known, reason = true, nil
  if type(zone) == "string" and zone:find "%c" then -- which none has, and texts of the native half end with a NUL
    known, reason = false, check.shown(zone) .. " is not a zone of the tz database"
  elseif type(zone) == "string" then
    known, reason = core.is_timezone(service.monitor().database, zone)
  end
  if not known then
    problem.raise(422, ("%s: %s"):format(field, reason), { field = field })
  end
end

return zones
