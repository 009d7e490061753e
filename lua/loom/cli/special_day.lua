--- loom special-day
-- @module loom.cli.special_day

local check = require "loom.check"
local common = require "loom.cli.common"
local json = require "loom.json"
local listing = require "loom.cli.listing"
local options = require "loom.cli.options"

-- ---- list ----

local list = { name = "list", summary = "List the special days in force." }

function list.add_to(parser)
  options.argument(parser, "database")
  options.add(parser, "--store", "STORE", "Only those of this store, or '*': of every store.", options.text(check.store_id))
  options.add(parser, "--from", "DATE", "Only those from this date on.", options.date)
  options.add(parser, "--to", "DATE", "Only those up to this date.", options.date)
  options.add_format_or_file(parser, listing.formats)
  options.add_output(parser)
end

local columns = {
  listing.text "date",
  listing.text "store_id",
  { name = "spans", left = true, value = function(row)
    return row.spans[1] and table.concat(row.spans, ",") or "closed"
  end, json = function(_, row)
    return json.array(row.spans, json.string)
  end },
  listing.text "origin",
  listing.text "note",
}

function list.run(args)
  return common.with_database(args.database, function(monitor)
    local days, message = monitor:special_days { store = args.store, from = args.from, to = args.to }
    if not days then
      return nil, message
    end
    return listing.write(args, columns, days)
  end)
end

-- ---- set ----

local set = { name = "set", summary = "Set the openings of a date.",
  description = "Set the openings of a date, in place of the weekly hours and of a special day that a file brings." }

local date = { "date", "A local date.", options.date }
local set_arguments = { date, { "spans", "Such as 10:00-14:00 or 11:00-14:30,17:00-02:00, or closed.", options.spans } }

function set.add_to(parser)
  options.add(parser, "--note", "TEXT", "What day it is.", options.text(check.note))
  options.add_reason(parser)
  options.add_setting(parser, set_arguments, true)
end

function set.run(args)
  local choice = options.read_setting(args, set_arguments)
  return common.with_stores(args, choice, function(monitor, store)
    return monitor:set_special_day(store, args.date, args.spans[2] and args.spans or args.spans[1], args.note,
      { reason = args.reason })
  end)
end

-- ---- clear ----

local clear = { name = "clear", summary = "Take back what was set by hand for a date.",
  description = "Take back what was set by hand for a date; what a file brought for it is in force again." }

function clear.add_to(parser)
  parser:flag "--loaded":description "Remove what a file brought, too. Loading the file again brings it back."
  options.add_reason(parser)
  options.add_setting(parser, { date }, true)
end

function clear.run(args)
  local choice = options.read_setting(args, { date })
  return common.with_stores(args, choice, function(monitor, store)
    return monitor:clear_special_day(store, args.date, { loaded = args.loaded, reason = args.reason })
  end)
end

return common.group("special-day", "List and set dates with openings of their own.", { list, set, clear })
