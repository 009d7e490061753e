--- loom explain
-- @module loom.cli.explain

local common = require "loom.cli.common"
local explanation = require "loom.cli.explanation"
local figures = require "loom.figures"
local json = require "loom.json"
local options = require "loom.cli.options"

local command = { name = "explain" }

function command.add_to(parser)
  local explain = parser:command "explain":summary "Tell what a store's figures are made of."
    :description("Tell what a store's figures are made of: for each window the openings and the rule that made them, "
      .. "exclusions, and every stretch of the time inside openings, with the poll that vouches for it and why, or that it is "
      .. "excluded. The stretches add up to the figures.")
  options.add_store(explain, "A database, or a folder of input files.")
  options.add_windows(explain)
  options.add_format(explain, { "text", "json" }, "text")
  options.add_output(explain)
  options.add_rules(explain, "The end of the windows (default: the newest poll).")
end

-- ---- as JSON ----

-- Fields that are shown as text, which is under another name; others are shown as they are.
local is_instant = { as_of = true, from = true, to = true, poll = true, at = true }

-- The fields of objects, in order.
local fields = {
  explanation = { "store_id", "timezone", "as_of", "rules", "windows" },
  rules = { "preset", "slack", "fill", "evidence", "no_data", "max_gap", "default_zone" },
  windows = { "name", "unit", "from", "to", "printed", "figures", "openings", "intervals", "exclusions", "pieces" },
  printed = { "uptime", "downtime" },
  openings = { "date", "span", "rule", "from", "to" },
  intervals = { "from", "to", "seconds" },
  exclusions = { "from", "to", "seconds" },
  pieces = { "from", "to", "seconds", "polls", "cells" },
  polls = { "at", "status" },
  cells = { "from", "to", "seconds", "state", "status", "poll", "reason" },
}
local is_list = { windows = true, openings = true, intervals = true, exclusions = true, pieces = true, polls = true,
  cells = true }

local encode

local function object(kind, value)
  local parts = {}
  for i, name in ipairs(fields[kind]) do
    parts[i] = json.string(name) .. ":" .. encode(name, value[is_instant[name] and name .. "_utc" or name])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

function encode(name, value)
  if type(value) ~= "table" then
    return json.any(value)
  elseif name == "figures" then
    return figures.json_of(value)
  elseif is_list[name] then
    local parts = {}
    for i, item in ipairs(value) do
      parts[i] = object(name, item)
    end
    return "[" .. table.concat(parts, ",\n") .. "]"
  end
  return object(name, value)
end

function command.run(args)
  local wanted = options.rules_of(args)
  wanted.windows = options.windows_of(args)
  return common.with_data(args.database, function(monitor)
    local explained, message = monitor:explain(args.store, wanted)
    if not explained then
      return nil, message
    end
    return common.write(args.output, function(write)
      if args.format == "json" then
        write(object("explanation", explained) .. "\n")
      else
        explanation.write(write, monitor, explained)
      end
    end)
  end)
end

return command
