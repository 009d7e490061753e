--- JSON: as_of, the rules in force, the windows, and for each store and window what `loom.figures.of` describes. Durations
-- are in seconds; a figure that is not defined is null. With `columns`, a store has these instead.
-- @module loom.formats.json

local json = require "loom.json"
local shapes = require "loom.formats.shapes"
local values = require "loom.formats.values"

local function write_head(report, write)
  write(('{"as_of":%s,"rules":%s,"windows":%s,"%s":['):format(json.string(report.as_of_utc), shapes.rules(report.rules),
    json.array(report.windows, shapes.window), report.grouped and "groups" or "stores"))
end

return function(report, write, options)
  write_head(report, write)
  values.write_rows(report, write, options, "\n", ",\n", "")
  write("\n]}\n")
end
