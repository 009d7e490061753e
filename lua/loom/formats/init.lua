--- Output formats by name. Each is a function (report, write, options) that calls `write` with text, piece by piece; `write`
-- raises an error when it cannot go on. More can be added to this table.
--
-- `options` has `columns`, the resolved list (see `loom.columns`); `chosen`, whether they were asked for; `rows`, a function
-- that gives an iterator over the rows to write; and whatever else was given to `report:write`.
-- @module loom.formats

return {
  csv = require "loom.formats.csv",
  exact = require "loom.formats.exact",
  html = require "loom.formats.html",
  json = require "loom.formats.json",
  markdown = require "loom.formats.markdown",
  ndjson = require "loom.formats.ndjson",
  table = (require "loom.formats.table"), -- require gives two values, and the last ones of a list are all kept
}
