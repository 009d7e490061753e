--- loom exclude
-- @module loom.cli.exclude

local check = require "loom.check"
local common = require "loom.cli.common"
local hours = require "loom.hours"
local listing = require "loom.cli.listing"
local options = require "loom.cli.options"

-- ---- add ----

local add = { name = "add", summary = "Take a stretch of time out of the schedule.",
  description = "Take a stretch of time, such as maintenance, out of the schedule: once, between two instants or two local "
    .. "times, or every week. Prints the number by which it can be removed; of stores that are chosen, one to a line." }

function add.add_to(parser)
  options.add(parser, "--from", "T", "The first instant; with --zone a local time; with --weekly the first local date "
    .. "(default then: it always held).")
  options.add(parser, "--to", "T", "The instant at which it ends; with --zone a local time; with --weekly the date after the "
    .. "last (default then: it does not end).")
  options.add(parser, "--weekly", "WEEK", "Every week: such as 'sun 02:00-04:00', 'mon-fri 01:00-02:00,22:00-23:00' or 'daily "
    .. "03:00-03:10'. May be given again.", options.text(hours.weekly)):count "*"
  options.add(parser, "--zone", "ZONE", "Whose clocks --from, --to and --weekly go by: store, for each store's (default with "
    .. "--weekly), or the name of a timezone.")
  options.add(parser, "--reason", "TEXT", "Why.", options.text(check.note))
  options.add_setting(parser, nil, true)
end

-- The exclusion that is asked for, but for its store. Times are read here, so that what is wrong with them is said in full.
local function exclusion_of(args)
  local is_weekly = #args.weekly > 0
  local read = is_weekly and options.date or args.zone and options.shown or options.instant
  for _, name in ipairs { "from", "to" } do
    local value, reason = args[name], nil
    if value then
      value, reason = read(value)
    elseif not is_weekly then
      common.wrong_use("missing option '--%s'", name)
    end
    if reason then
      common.wrong_use("--%s: %s", name, reason)
    end
    args[name] = value
  end
  return { from = args.from, to = args.to, reason = args.reason, zone = args.zone, weekly = is_weekly and args.weekly or nil }
end

function add.run(args)
  local exclusion, choice = exclusion_of(args), options.read_setting(args)
  return common.with_stores(args, choice, function(monitor, store)
    exclusion.store = store
    return monitor:transaction(function() -- a command that fails, since it cannot tell the numbers, changes nothing
      local numbers, message = monitor:exclude(exclusion)
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

-- The columns of the file, of which those of rules are there where any is one.
local function columns_of(exclusions, format)
  local columns = {
    listing.text "number", listing.text "store_id", listing.instant("from_utc", format), listing.instant("to_utc", format),
    listing.text "reason",
  }
  for _, exclusion in ipairs(exclusions) do
    if exclusion.zone and not columns[6] then
      for _, name in ipairs { "weekly", "zone", "from_local", "to_local" } do
        columns[#columns + 1] = listing.text(name)
      end
    end
  end
  return columns
end

function list.run(args)
  local format = common.format_of(args)
  return common.with_database(args.database, function(monitor)
    local exclusions, message = monitor:exclusions { store = args.store }
    if not exclusions then
      return nil, message
    end
    return listing.write(args, columns_of(exclusions, format), exclusions)
  end)
end

-- ---- remove ----

local remove = { name = "remove", summary = "Remove an exclusion." }

function remove.add_to(parser)
  options.argument(parser, "database")
  options.argument(parser, "number", "Its number, as loom exclude list shows it.",
    options.number(check.integer(1, 2 ^ 53)))
  options.add_reason(parser)
end

function remove.run(args)
  return common.with_database(args.database, function(monitor)
    return monitor:remove_exclusion(args.number, { reason = args.reason })
  end)
end

return common.group("exclude", "Take time out of the schedule: maintenance, a strike.", { add, list, remove })
