--- loom delete
-- @module loom.cli.delete

local check = require "loom.check"
local common = require "loom.cli.common"
local options = require "loom.cli.options"
local removal = require "loom.cli.removal"

-- Tells what would go, and does it unless that is all that is wanted, or --yes is missing.
-- @tparam function work (options) as the monitor's method takes them
-- @tparam function tell (found, is_dry)
-- @tparam function refusal (found) why --yes is needed; nil: it is not
local function run(args, work, tell, refusal)
  local found, message = work { dry_run = true }
  if not found then
    return nil, message
  end
  local why = not args.yes and refusal(found)
  if args.dry_run or why then
    tell(found, true)
    return not why or args.dry_run or nil, why and ("%s: nothing was removed: %s, which needs --yes"):format(args.database, why)
  end
  found, message = work { reason = args.reason }
  if not found then
    return nil, message
  end
  tell(found, false)
  return true
end

-- ---- polls ----

local polls = { name = "polls", summary = "Remove polls of a store: one, a stretch, or all of them." }

function polls.add_to(parser)
  parser:usage "Usage: loom delete <database> polls --store STORE [--from T] [--to T] [--reason TEXT] [--dry-run] [--yes]"
  options.add(parser, "--store", "STORE", "Its id.", options.text(check.store_id)):count "1"
  options.add(parser, "--from", "T", "The first instant (default: since ever).", options.instant)
  options.add(parser, "--to", "T", "The last instant, whose poll goes too (default: for ever).", options.instant)
  removal.add_to(parser, "Remove also more than half of the store's polls.")
end

function polls.run(args)
  return common.with_database(args.database, function(monitor)
    local function work(how)
      return monitor:delete_polls(args.store, args.from, args.to, how)
    end
    local function tell(found, is_dry)
      removal.tell(args.store, found, is_dry)
    end
    return run(args, work, tell, function(found)
      return found.gone.polls > found.kept.polls and "it is more than half of the store's polls" or nil
    end)
  end)
end

-- ---- stores ----

local store = { name = "store", summary = "Remove everything that is known of a store." }

function store.add_to(parser)
  parser:usage "Usage: loom delete <database> store <store> [--reason TEXT] [--dry-run] [--yes]"
  options.argument(parser, "store", "The id of a store.", options.text(check.store_id))
  removal.add_to(parser, "Do it.")
end

local rest = {
  { "hours", "row of hours", "rows of hours" }, { "special_days", "special day", "special days" },
  { "exclusions", "exclusion", "exclusions" }, { "attributes", "attribute", "attributes" },
}

local function tell_rest(id, found, is_dry)
  local parts = {}
  for _, item in ipairs(rest) do
    local count = found[item[1]]
    parts[#parts + 1] = count > 0 and ("%d %s"):format(count, count == 1 and item[2] or item[3]) or nil
  end
  parts[#parts + 1] = found.timezone and "its timezone" or nil
  removal.say(id, removal.fate(is_dry) .. " with them: " .. (parts[1] and table.concat(parts, ", ") or "nothing else"))
end

function store.run(args)
  return common.with_database(args.database, function(monitor)
    local function work(how)
      return monitor:delete_store(args.store, how)
    end
    local function tell(found, is_dry)
      removal.tell(args.store, found, is_dry)
      tell_rest(args.store, found, is_dry)
    end
    return run(args, work, tell, function()
      return "it is everything that is known of the store"
    end)
  end)
end

-- ---- the command ----

local verbs = { polls, store }
local command = { name = "delete" }

function command.add_to(parser)
  local summary = "Remove polls of a store, or everything that is known of it."
  local delete = parser:command(command.name):summary(summary):description(summary .. " What goes is printed.")
  options.argument(delete, "database")
  common.add_verbs(delete, verbs)
end

function command.run(args)
  return common.run_verb(verbs, args)
end

return command
