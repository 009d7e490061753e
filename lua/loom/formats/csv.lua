--- CSV (RFC 4180, lines that end in LF). The standard columns of all stores, which nightly jobs and the web service write,
-- are made in C.
--
-- Option `neutralise_formulas`: text that begins with = + - @, also as full-width characters, or with a control character
-- gets a ' in front, so that a spreadsheet does not take it for a formula (OWASP, "CSV Injection"). So does text that begins
-- so after apostrophes: no two texts become the same, and one ' less gives them back. Numbers stay as they are.
-- @module loom.formats.csv

local columns = require "loom.columns"
local core = require "loom.core"

local ROWS_TO_A_WRITE = 1000

local function write_standard(report, write, neutralise)
  for first = 1, report:count(), ROWS_TO_A_WRITE do
    write(report:csv_rows(first, ROWS_TO_A_WRITE, neutralise))
  end
end

-- A cell as it is written. Only text can be a formula: a negative number is what it looks like.
local function field(column, row, neutralise)
  if column.text then
    return column.text(row) -- digits and a point
  end
  local value = column.value(row)
  return core.csv_field(columns.text_of(value), neutralise and type(value) == "string")
end

local function write_rows(write, options)
  local list, neutralise = options.columns, options.neutralise_formulas
  local cells, lines, count = {}, {}, 0
  for row in options.rows() do
    for i = 1, #list do
      cells[i] = field(list[i], row, neutralise)
    end
    count = count + 1
    lines[count] = table.concat(cells, ",", 1, #list)
    if count == ROWS_TO_A_WRITE then
      write(table.concat(lines, "\n", 1, count) .. "\n")
      count = 0
    end
  end
  if count > 0 then
    write(table.concat(lines, "\n", 1, count) .. "\n")
  end
end

return function(report, write, options)
  local names = {}
  for i, column in ipairs(options.columns) do
    names[i] = core.csv_field(column.name, options.neutralise_formulas)
  end
  write(table.concat(names, ",") .. "\n")
  if options.standard and report.csv_rows then
    write_standard(report, write, options.neutralise_formulas)
  else
    write_rows(write, options)
  end
end
