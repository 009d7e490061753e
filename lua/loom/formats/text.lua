--- What the formats for people share.
-- @module loom.formats.text

local later = require "loom.later"

local columns = later.module "loom.columns"
local core = require "loom.core"

local text = {}

--- Text that is safe to show on a terminal and keeps to its line: ids may hold any bytes. It is UTF-8, without control
-- characters; those of ISO 6429's second set, U+0080 to U+009F, are two bytes.
function text.shown(value)
  return (core.utf8(value):gsub("\194[\128-\159]", "?"):gsub("%c", "?"))
end

--- 1234567 as "1,234,567".
function text.grouped(number)
  local digits = ("%d"):format(number):reverse():gsub("(%d%d%d)", "%1,"):reverse()
  return (digits:gsub("^,", ""))
end

--- How many of what: "1,234 polls", "1 poll".
function text.counted(number, noun)
  return ("%s %s%s"):format(text.grouped(number), noun, number == 1 and "" or "s")
end

--- A word as the shell takes it.
function text.shell_quoted(word)
  return "'" .. word:gsub("'", [['\'']]) .. "'"
end

--- A duration in seconds, in the unit that people would use.
function text.duration(seconds)
  if seconds < 2 * 60 then
    return ("%d s"):format(seconds)
  elseif seconds < 2 * 3600 then
    return ("%d min"):format(math.floor(seconds / 60))
  elseif seconds < 2 * 86400 then
    return ("%.1f h"):format(seconds / 3600)
  end
  return ("%.1f days"):format(seconds / 86400)
end

--- All cells of the rows to write, as text.
-- @treturn {{string,...},...} lines
function text.cells(options)
  local list, lines = options.columns, {}
  for row in options.rows() do
    local line = {}
    for i, column in ipairs(list) do
      line[i] = text.shown(columns.cell(column, row))
    end
    lines[#lines + 1] = line
  end
  return lines
end

return text
