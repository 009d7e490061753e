--- Aligned columns, for people: the first one, and those whose field `left` is true, to the left.
-- @module loom.formats.table

local text = require "loom.formats.text"

return function(_, write, options)
  local lines, widths = text.grid(options)
  for _, line in ipairs(lines) do
    for i = 1, #line do
      line[i] = text.padded(line[i], widths[i], i == 1 or options.columns[i].left)
    end
    write((table.concat(line, "  "):gsub(" +$", "")) .. "\n")
  end
end
