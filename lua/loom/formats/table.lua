--- Aligned columns, for people.
-- @module loom.formats.table

local text = require "loom.formats.text"

return function(_, write, options)
  local lines, widths = text.grid(options)
  for _, line in ipairs(lines) do
    for i = 1, #line do
      line[i] = text.padded(line[i], widths[i], i)
    end
    write(table.concat(line, "  ") .. "\n")
  end
end
