--- loom prune
-- @module loom.cli.prune

local common = require "loom.cli.common"
local options = require "loom.cli.options"

local command = { name = "prune" }

function command.add_to(parser)
  local prune = parser:command "prune":summary "Remove old polls."
    :description "Remove the polls that are older than DUR before the newest one, and shrink the file."
  prune:argument "database"
  options.add(prune, "--keep", "DUR", "For example 90d.", options.duration):count "1"
end

function command.run(args)
  local removed, message = common.with_database(args.database, function(monitor)
    return monitor:prune(args.keep)
  end)
  if not removed then
    return nil, message
  end
  io.stdout:write(("%s: %d poll%s removed\n"):format(args.database, removed, removed == 1 and "" or "s"))
  return true
end

return command
