--- What `loom.monitor:info` tells, as JSON.
-- @module loom.formats.info

local json = require "loom.json"

local info = {}

local unpack = table.unpack or unpack -- luacheck: ignore 143 (LuaJIT)

--- The names of its numbers.
info.counts = { "stores", "polled_stores", "polls", "days", "hours", "stores_with_hours", "timezones", "stores_with_timezone",
  "special_days", "exclusions", "overrides", "attributes", "size", "schema_version" }

--- Everything as one object.
function info.json(found)
  local members = {}
  for _, name in ipairs(info.counts) do
    members[#members + 1] = name
    members[#members + 1] = json.number(found[name])
  end
  for _, name in ipairs { "first_poll", "newest_poll" } do
    members[#members + 1] = name
    members[#members + 1] = json.text(found[name .. "_utc"])
  end
  return json.object(unpack(members))
end

return info
