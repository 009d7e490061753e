--- JSON: as_of, the rules in force, the windows, and for each store and window what `loom.figures.of` describes. Durations
-- are in seconds; a figure that is not defined is null. With `columns`, a store has these instead.
-- @module loom.formats.json

local json = require "loom.json"
local values = require "loom.formats.values"

local string = json.string

local function write_head(report, write)
  local rules = report.rules
  write(('{"as_of":%s,"rules":{"preset":%s,"slack":%d,"fill":%s,"evidence":%s,"no_data":%s,"max_gap":%s,')
    :format(string(report.as_of_utc), string(rules.preset), rules.slack, string(rules.fill),
      string(rules.evidence), string(rules.no_data), json.number(rules.max_gap)))
  write(('"default_zone":%s},"windows":['):format(string(rules.default_zone)))
  for i, window in ipairs(report.windows) do
    write(('%s{"name":%s,"from":%s,"to":%s}'):format(i > 1 and "," or "", string(window.name),
      string(window.from_utc), string(window.to_utc)))
  end
  write(('],"%s":['):format(report.grouped and "groups" or "stores"))
end

return function(report, write, options)
  write_head(report, write)
  values.write_rows(report, write, options, "\n", ",\n", "")
  write("\n]}\n")
end
