--- CSV in the report's standard columns (RFC 4180, lines that end in LF).
-- @module loom.formats.csv

local figures = require "loom.formats.figures"

local ROWS_TO_A_WRITE = 500

local function quoted(text)
  if text:find('[,"\r\n]') then
    return '"' .. text:gsub('"', '""') .. '"'
  end
  return text
end

return function(report, write)
  local names, cells = figures.columns(report)
  local lines = { table.concat(names, ",") }
  for row = 1, report:count() do
    local values = cells(row)
    values[1] = quoted(values[1])
    lines[#lines + 1] = table.concat(values, ",")
    if #lines == ROWS_TO_A_WRITE then
      lines[#lines + 1] = ""
      write(table.concat(lines, "\n"))
      lines = {}
    end
  end
  lines[#lines + 1] = ""
  write(table.concat(lines, "\n"))
end
