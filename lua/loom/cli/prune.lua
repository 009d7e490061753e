--- loom prune
-- @module loom.cli.prune

local common = require "loom.cli.common"
local loom = require "loom"

local command = { name = "prune" }

function command.add_to(parser)
  local prune = parser:command "prune":summary "Remove old polls."
    :description "Remove the polls that are older than DUR before the newest one, and shrink the file."
  prune:argument "database"
  prune:option "--keep":argname "DUR":count "1":description "For example 90d."
end

function command.run(args)
  local keep = common.duration(args.keep, "--keep")
  local monitor, message = loom.open(args.database)
  local removed
  if monitor then
    removed, message = monitor:prune(math.floor(keep / 1000000))
    monitor:close()
  end
  if not removed then
    return nil, message
  end
  io.stdout:write(("%s: %d poll%s removed\n"):format(args.database, removed, removed == 1 and "" or "s"))
  return true
end

return command
