--- loom attributes
-- @module loom.cli.attributes

local common = require "loom.cli.common"
local listing = require "loom.cli.listing"
local options = require "loom.cli.options"

local get = { name = "get", summary = "Show a store's attributes." }

function get.add_to(parser)
  options.add_store(parser)
  options.add_format_or_file(parser, listing.formats)
  options.add_output(parser)
end

function get.run(args)
  return common.with_database(args.database, function(monitor)
    local known, attributes, message
    known, message = monitor:timezone(args.store) -- for a store that is not known there would just be none
    if known then
      attributes, message = monitor:attributes(args.store)
    end
    if not attributes then
      return nil, message
    end
    local list = {}
    for name, value in pairs(attributes) do
      list[#list + 1] = { name = name, value = value }
    end
    table.sort(list, function(a, b)
      return a.name < b.name
    end)
    return listing.write(args, { listing.text "name", listing.text "value" }, list)
  end)
end

local set = { name = "set", summary = "Set attributes of a store, by which reports choose and group.",
  description = "Set attributes of a store, by which reports choose and group. Those that are not named stay." }

function set.add_to(parser)
  options.add_reason(parser)
  options.add_setting(parser, { { "attribute", "NAME=VALUE; NAME= removes it.", args = "*" } })
end

-- What was given as the store is an attribute where stores are chosen.
local function attributes_of(args)
  local attributes, texts = {}, args.attribute
  if next(options.choice_of(args)) then
    table.insert(texts, 1, args.store)
    args.store = nil
  end
  for _, text in ipairs(texts) do
    local pair, reason = options.pair(text)
    if not pair then
      common.wrong_use("attribute: %s", reason)
    end
    attributes[pair[1]] = pair[2] ~= "" and pair[2]
  end
  return next(attributes) ~= nil and attributes or common.wrong_use("missing argument 'attribute'")
end

function set.run(args)
  local attributes = attributes_of(args)
  local choice = options.read_setting(args)
  return common.with_stores(args, choice, function(monitor, store)
    return monitor:set_attributes(store, attributes, { reason = args.reason })
  end)
end

return common.group("attributes", "Show and set a store's attributes.", { get, set })
