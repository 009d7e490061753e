--- loom export
-- @module loom.cli.export

local common = require "loom.cli.common"
local configuration_text = require "loom.alerts.configuration_text"
local options = require "loom.cli.options"

local command = { name = "export" }

local kinds = { "polls", "hours", "timezones", "special-days", "exclusions", "attributes", "config" }

function command.add_to(parser)
  local export = parser:command "export":summary "Write what is in a database as CSV, or what alerts go by as JSON."
    :description("Write what is in a database as CSV, in a form that loom ingest reads. Where hours, timezones or "
      .. "special days have been set by hand, the column origin (file or override) tells these from what files brought. "
      .. "config is what alerts go by, as JSON that loom apply takes, with true in the place of secrets.")
  export:argument "database":description "A database."
  export:argument "kind":choices(kinds):description "What to write."
  options.add_output(export)
end

local function export_config(args)
  return common.with_database(args.database, function(monitor)
    local all, message = monitor:configuration()
    return all and common.write(args.output, function(write)
      write(configuration_text.write(all))
    end), message
  end)
end

function command.run(args)
  if args.kind == "config" then
    return export_config(args)
  end
  local kind = args.kind:gsub("-", "_")
  return common.with_database(args.database, function(monitor)
    return common.write(args.output, function(write)
      local good, why = monitor:export(kind, function(text)
        write(text)
        return true
      end)
      if not good then
        common.fail(why)
      end
    end)
  end)
end

return command
