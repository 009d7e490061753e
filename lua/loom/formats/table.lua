--- Aligned columns, for people.
-- @module loom.formats.table

local figures = require "loom.formats.figures"

-- Ids may hold any bytes: a terminal gets only what is safe to show.
local function shown(text)
  return (text:gsub("[%c\127]", "?"))
end

return function(report, write)
  local names, cells = figures.columns(report)
  local widths = {}
  for i, name in ipairs(names) do
    widths[i] = #name
  end
  local count = report:count()
  for row = 1, count do
    widths[1] = math.max(widths[1], #report:store(row))
  end
  local function write_line(values)
    local line = { shown(values[1]) .. (" "):rep(widths[1] - #values[1]) }
    for i = 2, #names do
      line[i] = (" "):rep(widths[i] - #values[i]) .. values[i]
    end
    write(table.concat(line, "  ") .. "\n")
  end
  write_line(names)
  for row = 1, count do
    write_line(cells(row))
  end
end
