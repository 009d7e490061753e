--- loom explain
-- @module loom.cli.explain

local common = require "loom.cli.common"
local explanation = require "loom.cli.explanation"
local options = require "loom.cli.options"
local shapes = require "loom.formats.shapes"

local command = { name = "explain" }

function command.add_to(parser)
  local explain = parser:command "explain":summary "Tell what a store's figures are made of."
    :description("Tell what a store's figures are made of: for each window the openings and the rule that made them, "
      .. "exclusions, and every stretch of the time inside openings, with the poll that vouches for it and why, or that it is "
      .. "excluded. The stretches add up to the figures.")
  options.add_store(explain, "A database, or a folder of input files.")
  options.add_windows(explain)
  options.add_compare(explain)
  options.add_text_format(explain)
  options.add_output(explain)
  options.add_rules(explain, "The end of the windows (default: the newest poll).")
end

function command.run(args)
  local wanted = options.rules_of(args)
  wanted.windows, wanted.compare = options.windows_of(args), args.compare
  local at
  local write = common.writer_of(args, { text = function(found, put)
    explanation.write(put, at, found, common.width_of(args))
  end, json = function(found, put)
    shapes.write_explanation(put, found)
    put "\n"
  end })
  return common.with_data(args.database, function(monitor)
    at = monitor
    local explained, message = monitor:explain(args.store, wanted)
    if not explained then
      return nil, message
    end
    return write(explained)
  end)
end

return command
