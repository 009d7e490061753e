--- What the formats for people share.
-- @module loom.formats.text

local columns = require "loom.columns"
local core = require "loom.core"

local text = {}

--- Text that is safe to show on a terminal and keeps to its line: ids may hold any bytes. It is UTF-8, without control
-- characters; those of ISO 6429's second set, U+0080 to U+009F, are two bytes.
function text.shown(value)
  return (core.utf8(value):gsub("\194[\128-\159]", "?"):gsub("%c", "?"))
end

-- How many columns text takes: characters of UTF-8, not bytes.
local function width(value)
  local _, continuation = value:gsub("[\128-\191]", "")
  return #value - continuation
end

--- All cells of the rows to write, as text; the names of the columns come first.
-- @treturn {{string,...},...} lines
-- @treturn {int,...} the width of each column
function text.grid(options)
  local list, lines, widths = options.columns, { {} }, {}
  for i, column in ipairs(list) do
    lines[1][i] = text.shown(column.name)
  end
  for row in options.rows() do
    local line = {}
    for i, column in ipairs(list) do
      line[i] = text.shown(columns.cell(column, row))
    end
    lines[#lines + 1] = line
  end
  for i = 1, #list do
    widths[i] = 0
    for _, line in ipairs(lines) do
      widths[i] = math.max(widths[i], width(line[i]))
    end
  end
  return lines, widths
end

--- Text padded to a width: on the right if it is to stand on the left.
function text.padded(value, to, left)
  local blanks = (" "):rep(to - width(value))
  return left and value .. blanks or blanks .. value
end

return text
