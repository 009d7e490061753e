--- loom exclude
-- @module loom.cli.exclude

local check = require "loom.check"
local common = require "loom.cli.common"
local listing = require "loom.cli.listing"
local options = require "loom.cli.options"

-- ---- add ----

local add = { name = "add", summary = "Take a stretch of time out of the schedule.",
  description = "Take a stretch of time, such as maintenance, out of the schedule. Prints the number by which it can be "
    .. "removed; of stores that are chosen, one to a line." }

function add.add_to(parser)
  options.add(parser, "--from", "T", "The first instant.", options.instant):count "1"
  options.add(parser, "--to", "T", "The instant at which it ends.", options.instant):count "1"
  options.add(parser, "--reason", "TEXT", "Why.", options.text(check.note))
  options.add_setting(parser, nil, true)
end

function add.run(args)
  local choice = options.read_setting(args)
  return common.with_stores(args, choice, function(monitor, store)
    return monitor:transaction(function() -- a command that fails, since it cannot tell the numbers, changes nothing
      local numbers, message = monitor:exclude { store = store, from = args.from, to = args.to, reason = args.reason }
      if not numbers then
        return nil, message
      end
      return common.write(nil, function(write)
        write(type(numbers) == "table" and table.concat(numbers, "\n") .. "\n" or ("%d\n"):format(numbers))
      end)
    end)
  end)
end

-- ---- list ----

local list = { name = "list", summary = "List the exclusions, whoever made them." }

function list.add_to(parser)
  options.argument(parser, "database")
  options.add(parser, "--store", "STORE", "Only those of this store, or '*': of every store.", options.text(check.store_id))
  options.add_format_or_file(parser, listing.formats)
  options.add_output(parser)
end

function list.run(args)
  local format = common.format_of(args)
  return common.with_database(args.database, function(monitor)
    local exclusions, message = monitor:exclusions { store = args.store }
    if not exclusions then
      return nil, message
    end
    return listing.write(args, {
      listing.text "number",
      listing.text "store_id",
      listing.instant("from_utc", format),
      listing.instant("to_utc", format),
      listing.text "reason",
    }, exclusions)
  end)
end

-- ---- remove ----

local remove = { name = "remove", summary = "Remove an exclusion." }

function remove.add_to(parser)
  options.argument(parser, "database")
  options.argument(parser, "number", "Its number, as loom exclude list shows it.",
    options.number(check.integer(1, 2 ^ 53)))
end

function remove.run(args)
  return common.with_database(args.database, function(monitor)
    return monitor:remove_exclusion(args.number)
  end)
end

return common.group("exclude", "Take time out of the schedule: maintenance, a strike.", { add, list, remove })
