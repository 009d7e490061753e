--- A table in Markdown (GitHub Flavored Markdown, "Tables").
-- @module loom.formats.markdown

local text = require "loom.formats.text"

-- What Markdown would take for markup shows as itself.
local function escaped(value)
  return (value:gsub("[\\|`*_~<>%[%]&]", "\\%0"))
end

local function write_line(write, cells)
  write("| " .. table.concat(cells, " | ") .. " |\n")
end

return function(_, write, options)
  local names, rule = {}, {}
  for i, column in ipairs(options.columns) do
    names[i], rule[i] = escaped(text.shown(column.name)), i == 1 and "---" or "---:"
  end
  write_line(write, names)
  write_line(write, rule)
  for _, line in ipairs(text.cells(options)) do
    for i, cell in ipairs(line) do
      line[i] = escaped(cell)
    end
    write_line(write, line)
  end
end
