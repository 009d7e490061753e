--- CSV in the report's standard columns (RFC 4180, lines that end in LF). The rows are made in C: this is what
-- nightly jobs and the web service write.
-- @module loom.formats.csv

local figures = require "loom.formats.figures"

local ROWS_TO_A_WRITE = 1000

return function(report, write)
  local names = figures.columns(report)
  local minutes = {}
  for i, window in ipairs(report.windows) do
    minutes[i] = window.unit == "minutes"
  end
  write(table.concat(names, ",") .. "\n")
  for first = 1, report:count(), ROWS_TO_A_WRITE do
    write(report.native:csv_rows(first, ROWS_TO_A_WRITE, minutes))
  end
end
