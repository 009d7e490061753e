--- loom prune
-- @module loom.cli.prune

local common = require "loom.cli.common"
local core = require "loom.core"
local options = require "loom.cli.options"
local removal = require "loom.cli.removal"
local time = require "loom.time"

local command = { name = "prune" }

-- Reader of a duration that says its unit: 90 would be 90 seconds.
local function with_unit(text)
  local _, reason = core.parse_duration(text)
  if reason then
    return options.duration(text)
  end
  return options.text(time.duration_with_unit)(text)
end

function command.add_to(parser)
  local prune = parser:command "prune":summary "Remove old polls."
    :description("Remove the polls that are older than DUR before the newest one, or before now where that is earlier, and "
      .. "shrink the file. What goes and what stays is printed.")
  prune:argument "database":description "A database."
  options.add(prune, "--keep", "DUR", "With its unit, for example 90d.", with_unit):count "1"
  removal.add_to(prune, "Remove also more than half of the polls.")
end

function command.run(args)
  return common.with_database(args.database, function(monitor)
    local found, message, code = monitor:prune(args.keep, { dry_run = args.dry_run, force = args.yes, reason = args.reason })
    if found then
      removal.tell(args.database, found, args.dry_run)
      return true
    elseif code ~= "ECONFIRM" then
      return nil, message
    end
    found, message = monitor:prune(args.keep, { dry_run = true })
    if not found then
      return nil, message
    end
    removal.tell(args.database, found, true)
    return nil, args.database .. ": nothing was removed: it is more than half of the polls, which needs --yes"
  end)
end

return command
