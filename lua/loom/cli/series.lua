--- loom series
-- @module loom.cli.series

local common = require "loom.cli.common"
local options = require "loom.cli.options"
local stepping = require "loom.stepping"
local stores = require "loom.stores"

local command = { name = "series" }

function command.add_to(parser)
  local series = parser:command "series":summary "Tell what stores were together, step by step."
    :description("Tell what stores were together in each step of a span: how long up, down, unknown, excluded and scheduled, in "
      .. "seconds, and how many of them were down. The sums are those of a report of the same span.")
  options.argument(series, "database", "A database, or a folder of input files.")
  options.add(series, "--from", "T", "The first instant (default: a week before the last one).", options.instant)
  options.add(series, "--to", "T", "The last instant (default: that of --as-of, or else the newest poll).", options.instant)
  options.add(series, "--step", "DUR", "How long a step is, from 60 s to 31 days; the span is a whole number of them, 2,000 at "
    .. "the most (default: 1h).", options.text(stepping.checkers.step))
  options.add(series, "--by", "NAME", "A line to a step and value of this attribute, or with timezone_str to a zone; 50 of them "
    .. "at the most.", options.text(stores.attribute_name))
  options.add_choice(series)
  series:flag "--all-stores":description "Also stores that have hours or a zone but no poll."
  series:option "--format":argname "FORMAT":description "csv (default) or json.":choices { "csv", "json" }
  options.add_output(series)
  series:flag "--neutralise-formulas":description "In csv, put ' before text that a spreadsheet would take for a formula."
  options.add_rules(series, "Polls after it are not known yet (default: the newest poll).")
end

function command.run(args)
  local wanted = options.rules_of(args)
  for name, value in pairs(options.choice_of(args)) do
    wanted[name] = value
  end
  for _, name in ipairs { "from", "to", "step", "by", "all_stores" } do
    wanted[name] = args[name]
  end
  return common.with_data(args.database, function(monitor)
    local series, message = monitor:series(wanted)
    if not series then
      return nil, message
    end
    local written
    written, message = series:write(args.output or io.stdout, { format = args.format,
      neutralise_formulas = args.neutralise_formulas })
    series:close()
    return written, message
  end)
end

return command
