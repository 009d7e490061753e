--- loom timezone
-- @module loom.cli.timezone

local common = require "loom.cli.common"
local options = require "loom.cli.options"
local text = require "loom.formats.text"

local get = { name = "get", summary = "Show a store's timezone, and where it comes from." }

get.add_to = options.add_store

local origins = { file = "from a file", override = "set by hand", default = "the default: it has none" }

function get.run(args)
  return common.with_database(args.database, function(monitor)
    local zone, message = monitor:timezone(args.store)
    if not zone then
      return nil, message
    end
    return common.write(nil, function(write)
      write(("%s (%s)\n"):format(text.shown(zone.timezone_str), origins[zone.origin]))
    end)
  end)
end

local set = { name = "set", summary = "Set a store's timezone.",
  description = "Set a store's timezone, over the one that files bring. It applies to the past too." }

function set.add_to(parser)
  options.add_store(parser)
  options.argument(parser, "zone", "An IANA name, such as Europe/Paris.")
  options.add_reason(parser)
end

function set.run(args)
  return common.with_stores(args, nil, function(monitor)
    return monitor:set_timezone(args.store, args.zone, { reason = args.reason })
  end)
end

local clear = { name = "clear", summary = "Give a store the timezone of the file again." }

function clear.add_to(parser)
  options.add_store(parser)
  options.add_reason(parser)
end

function clear.run(args)
  return common.with_database(args.database, function(monitor)
    return monitor:set_timezone(args.store, nil, { reason = args.reason })
  end)
end

return common.group("timezone", "Show and set a store's timezone.", { get, set, clear })
