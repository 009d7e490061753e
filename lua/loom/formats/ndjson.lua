--- JSON, an object to a line: what a line of `loom.formats.json` has of a store.
-- @module loom.formats.ndjson

local values = require "loom.formats.values"

return function(report, write, options)
  values.write_rows(report, write, options, "", "\n", "\n")
end
