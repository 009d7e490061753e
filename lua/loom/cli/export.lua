--- loom export
-- @module loom.cli.export

local common = require "loom.cli.common"
local loom = require "loom"

local command = { name = "export" }

local kinds = { "polls", "hours", "timezones", "special-days", "exclusions" }

function command.add_to(parser)
  local export = parser:command "export":summary "Write what is in a database as CSV."
    :description "Write what is in a database as CSV, in a form that loom ingest reads."
  export:argument "database"
  export:argument "kind":choices(kinds):description(table.concat(kinds, ", "))
  export:option "-o --output":argname "FILE":description "Write there instead of to standard output."
end

function command.run(args)
  local monitor, message = loom.open(args.database)
  if not monitor then
    return nil, message
  end
  local exported
  exported, message = common.write(args.output, function(write)
    local good, why = monitor:export(args.kind:gsub("-", "_"), function(text)
      write(text)
      return true
    end)
    if not good then
      common.fail(why)
    end
  end)
  monitor:close()
  return exported, message
end

return command
