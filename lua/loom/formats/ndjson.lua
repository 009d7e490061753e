--- JSON, an object to a line: what a line of `loom.formats.json` has of a store.
--
-- Option `flat`: the figures of all windows, and how they stand against the objective, are members of the line's object by
-- the names of their columns (see `loom.columns`), such as `down_last_day`, as programs want that read tables. All of them
-- are numbers, booleans or null, but for the key. With `columns` lines are flat anyway.
-- @module loom.formats.ndjson

local values = require "loom.formats.values"

return function(report, write, options)
  if options.flat and not options.chosen then
    for row in options.rows() do
      write(values.flat_row(report, row) .. "\n")
    end
  else
    values.write_rows(report, write, options, "", "\n", "\n")
  end
end
