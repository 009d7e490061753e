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
  local lines = text.grid(options)
  local rule = {}
  for i in ipairs(options.columns) do
    rule[i] = i == 1 and "---" or "---:"
  end
  for number, line in ipairs(lines) do
    for i, cell in ipairs(line) do
      line[i] = escaped(cell)
    end
    write_line(write, line)
    if number == 1 then
      write_line(write, rule)
    end
  end
end
