--- Output formats by name, for the option `format` of `loom.rows:write`. More can be added to this table.
--
-- A format is a function, called as (report, write, options). It calls `write` with text, in as many pieces as it likes, several
-- in a call or one; `write` raises an error when it cannot go on, which `loom.rows:write` returns as its failure. An error of the
-- format's own comes through.
-- @module loom.formats
-- @usage
-- function loom.formats.ids(report, write, options)
--   for row in options.rows() do
--     write(row[report.key] .. "\n")
--   end
-- end
-- report:write(io.stdout, { format = "ids", sort = "ratio_last_week" })

--- The formats that there are.
-- @table formats
-- @field csv CSV (RFC 4180); the standard columns as the Python service wrote them
-- @field exact CSV of every window's up, down, unknown, excluded, outages and longest outage, durations in microseconds
-- @field html a page that needs nothing else
-- @field json one object: as_of, rules, windows, and for each store and window its figures; durations in seconds
-- @field markdown a table in Markdown
-- @field ndjson an object for each store, on a line of its own
-- @field table aligned columns, for people

--- What a format is called with, beside whatever else was given to `loom.rows:write`.
-- @table options
-- @tfield {table,...} columns the resolved list: each has `name` and `value`, a function (row); see `loom.columns.cell`
-- @tfield bool chosen whether the caller asked for these columns
-- @tfield function rows gives an iterator over the rows to write, sorted and limited as the caller asked

-- Most programs write one of them: a module is loaded when its format is first called.
local function format(name)
  return function(...)
    return require("loom.formats." .. name)(...)
  end
end

return {
  csv = format "csv",
  exact = format "exact",
  html = format "html",
  json = format "json",
  markdown = format "markdown",
  ndjson = format "ndjson",
  table = format "table",
}
