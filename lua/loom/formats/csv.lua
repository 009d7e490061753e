--- CSV (RFC 4180, lines that end in LF). The standard columns of all stores, which nightly jobs and the web service write,
-- are made in C.
--
-- Option `neutralise_formulas`: text that begins with = + - @, also as full-width characters, or with a control character
-- gets a ' in front, so that a spreadsheet does not take it for a formula (OWASP, "CSV Injection"). So does text that begins
-- so after apostrophes: no two texts become the same, and one ' less gives them back. Numbers stay as they are.
-- @module loom.formats.csv

local csv_line = require "loom.formats.csv_line"

local ROWS_TO_A_WRITE = 1000

local function write_standard(report, write, neutralise)
  for first = 1, report:count(), ROWS_TO_A_WRITE do
    write(report:csv_rows(first, ROWS_TO_A_WRITE, neutralise))
  end
end

local function write_rows(write, options)
  local list, neutralise = options.columns, options.neutralise_formulas
  local line_of, lines, count = csv_line.maker(list, neutralise), {}, 0
  for row in options.rows() do
    count = count + 1
    lines[count] = line_of(row)
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
  write(csv_line.names(options.columns, options.neutralise_formulas) .. "\n")
  if options.standard and report.csv_rows then
    write_standard(report, write, options.neutralise_formulas)
  else
    write_rows(write, options)
  end
end
