--- loom info
-- @module loom.cli.info

local common = require "loom.cli.common"

local command = { name = "info" }

function command.add_to(parser)
  local info = parser:command "info":summary "Tell what is in a database."
    :description "Tell what is in a database: stores, polls, hours, timezones, and its size."
  info:argument "database":description "A database."
end

local lines = {
  { "stores", "stores" },
  { "stores with polls", "polled_stores" },
  { "polls", "polls" },
  { "days with polls", "days" },
  { "first poll", "first_poll_utc" },
  { "newest poll", "newest_poll_utc" },
  { "weekly hours", "hours" },
  { "stores with hours", "stores_with_hours" },
  { "timezones", "timezones" },
  { "stores with a timezone", "stores_with_timezone" },
  { "special days", "special_days" },
  { "exclusions", "exclusions" },
  { "overrides", "overrides" },
  { "attributes", "attributes" },
  { "size in bytes", "size" },
  { "schema version", "schema_version" },
}

function command.run(args)
  local info, message = common.with_database(args.database, function(monitor)
    return monitor:info()
  end)
  if not info then
    return nil, message
  end
  for _, line in ipairs(lines) do
    local value, show = info[line[2]], line[3] or tostring
    io.stdout:write(("%-24s%s\n"):format(line[1], value and show(value) or "none"))
  end
  return true
end

return command
