--- Aligned columns, for people: the first one, and those whose field `left` is true, to the left. A column of a window has its
-- name over several lines, with the unit at the end: "uptime", "last", "hour", "min".
--
-- Option `width`: how many columns a line may have at the most, as of a terminal; without it lines are as long as they need
-- to be. Ids and other text are shortened where they do not fit, in the middle, and then columns are left out from the right;
-- a note at the end says so. Characters of East Asian scripts take two columns, accents that join a letter none.
-- @module loom.formats.table

local check = require "loom.check"
local core = require "loom.core"
local text = require "loom.formats.text"

local GAP = "  "
local LEAST = 12    -- columns that shortened text keeps: enough to know an id by
local WIDTH_MAX = 1000000

local width_of = core.utf8_width

-- ---- heads ----

local function words_of(name)
  local words = {}
  for word in name:gmatch("[^_]+") do
    words[#words + 1] = word
  end
  return words
end

local function append(list, more)
  for _, item in ipairs(more) do
    list[#list + 1] = item
  end
end

-- The lines of a column's head, the last of which is the lowest.
local function head_of(column, has_units)
  if not column.window then
    return { text.shown(column.name) }
  end
  local lines = words_of(column.figure)
  append(lines, words_of(column.window))
  if has_units then
    lines[#lines + 1] = column.unit or ""
  end
  return lines
end

-- The same of every column, with as many lines each.
local function heads_of(columns)
  local has_units, most, heads = false, 0, {}
  for _, column in ipairs(columns) do
    has_units = has_units or (column.window and column.unit ~= nil)
  end
  for i, column in ipairs(columns) do
    heads[i] = head_of(column, has_units)
    most = math.max(most, #heads[i])
  end
  for _, head in ipairs(heads) do
    while #head < most do
      table.insert(head, 1, "")
    end
  end
  return heads, most
end

-- ---- widths ----

-- Whether text is of numbers alone, as those of instants and durations are, too: a part of it would be another number.
local function is_number(value)
  return not value:gsub(" UTC$", ""):find("[^%d%p ]")
end

-- Each column: its `place`; its `figure`, if that is one word, which may stand over neighbours, too; and how wide at the most
-- the words of the rest of its head are, and its cells.
local function measure(columns, heads, lines)
  local list = {}
  for i, column in ipairs(columns) do
    local figure = column.figure and not column.figure:find("_") and column.figure or nil
    local item = { place = i, figure = figure, head = 0, widest = 0, is_text = column.is_key or column.name == "store_id" }
    local is_strip = column.is_key == false and column.name == "strip"
    for _, word in ipairs(heads[i]) do
      item.head = math.max(item.head, word ~= figure and width_of(word) or 0)
    end
    for _, line in ipairs(lines) do
      item.widest = math.max(item.widest, width_of(line[i]))
      item.is_text = item.is_text or not (is_strip or is_number(line[i]))
    end
    list[i] = item
  end
  return list
end

-- Gives each column its `width`, and the `least` that it can be shortened to.
local function arrange(list)
  for i, item in ipairs(list) do
    local head, figure = item.head, item.figure
    local is_alone = figure and (not list[i - 1] or list[i - 1].figure ~= figure)
      and (not list[i + 1] or list[i + 1].figure ~= figure)
    if is_alone then
      head = math.max(head, width_of(figure))
    end
    item.width = math.max(head, item.widest)
    item.least = item.is_text and math.min(item.width, math.max(head, LEAST)) or item.width
  end
end

local function total_of(list, field)
  local total = #GAP * (#list - 1)
  for _, item in ipairs(list) do
    total = total + item[field]
  end
  return total
end

-- Which of the columns to leave out first: one that is most of the line, else the last one. The first one stays.
local function least_wanted(list, width)
  for i = #list, 2, -1 do
    if list[i].least > width / 2 then
      return i
    end
  end
  return #list
end

-- Takes from the widest column until they fit.
local function shorten(list, width)
  local surplus = total_of(list, "width") - width
  while surplus > 0 do
    local widest
    for _, item in ipairs(list) do
      if item.width > item.least and (not widest or item.width > widest.width) then
        widest = item
      end
    end
    widest.width, surplus = widest.width - 1, surplus - 1
  end
end

-- Makes columns fit.
-- @treturn {table,...} those that stay
-- @treturn {int,...} the places of those that do not
-- @treturn bool whether text has to be shortened
local function fit(list, width)
  local left_out = {}
  while #list > 1 and total_of(list, "least") > width do
    left_out[#left_out + 1] = table.remove(list, least_wanted(list, width)).place
    arrange(list)
  end
  table.sort(left_out)
  list[1].least = math.min(list[1].least, width)
  local is_short = total_of(list, "width") > width
  shorten(list, width)
  return list, left_out, is_short
end

-- ---- text that is too long ----

local CHARACTER = "[^\128-\191][\128-\191]*"
local ELLIPSIS = "\226\128\166"

-- So many characters as take no more than some columns.
local function beginning(characters, columns, from, to, step)
  local parts, used = {}, 0
  for i = from, to, step do
    used = used + width_of(characters[i])
    if used > columns then
      break
    end
    parts[#parts + 1] = characters[i]
  end
  return parts
end

-- An accent at the start of what is kept would join the ellipsis.
local function ending(characters, columns)
  local parts = beginning(characters, columns, #characters, 1, -1)
  while #parts > 0 and width_of(parts[#parts]) == 0 do
    table.remove(parts)
  end
  for i = 1, math.floor(#parts / 2) do
    parts[i], parts[#parts + 1 - i] = parts[#parts + 1 - i], parts[i]
  end
  return parts
end

-- Text in no more than so many columns: its beginning and its end, in which ids differ.
local function shortened(value, columns)
  if width_of(value) <= columns then
    return value
  end
  local characters = {}
  for character in value:gmatch(CHARACTER) do
    characters[#characters + 1] = character
  end
  local tail = math.floor((columns - 1) / 2)
  return table.concat(beginning(characters, columns - 1 - tail, 1, #characters, 1)) .. ELLIPSIS
    .. table.concat(ending(characters, tail))
end

local function padded(value, to, left)
  local blanks = (" "):rep(to - width_of(value))
  return left and value .. blanks or blanks .. value
end

-- ---- writing ----

-- Writes a line without the blanks at its end.
local function write_cells(write, cells)
  write((table.concat(cells, GAP):gsub(" +$", "")) .. "\n")
end

-- The last of the columns from one on that have the same figure, of different windows, and how wide they are together.
local function span_of(list, from)
  local to, width, figure = from, list[from].width, list[from].figure
  while figure and list[to + 1] and list[to + 1].figure == figure do
    to = to + 1
    width = width + #GAP + list[to].width
  end
  return to, width
end

-- "--- uptime ---", over several columns.
local function over(name, width)
  local rest = width - width_of(name) - 2
  if rest < 2 then
    return padded(name, width)
  end
  return ("-"):rep(math.floor(rest / 2)) .. " " .. name .. " " .. ("-"):rep(math.ceil(rest / 2))
end

local function write_heads(write, columns, list, heads, count)
  local is_first = true
  for number = 1, count do
    local cells, i, is_empty = {}, 1, true
    while i <= #list do
      local item = list[i]
      local word, to, width = heads[item.place][number], span_of(list, i)
      is_empty = is_empty and word == ""
      if to > i and word == item.figure then
        cells[#cells + 1], i = over(word, width), to + 1
      else
        local column = columns[item.place]
        cells[#cells + 1], i = padded(shortened(word, item.width), item.width, item.place == 1 or column.left), i + 1
      end
    end
    if not (is_first and is_empty) then -- the tallest head may have been left out
      write_cells(write, cells)
      is_first = false
    end
  end
end

local function write_lines(write, columns, list, lines)
  for _, line in ipairs(lines) do
    local cells = {}
    for i, item in ipairs(list) do
      cells[i] = padded(shortened(line[item.place], item.width), item.width, item.place == 1 or columns[item.place].left)
    end
    write_cells(write, cells)
  end
end

-- What has been done to make it fit, in lines that fit, too.
local function write_note(write, columns, left_out, is_short, width)
  local names, said = {}, { is_short and "text is shortened" or nil }
  for i, place in ipairs(left_out) do
    names[i] = text.shown(columns[place].name)
  end
  if names[1] then
    said[#said + 1] = "left out: " .. table.concat(names, ", ")
  end
  local line = ""
  for word in ("(width %d: %s)"):format(width, table.concat(said, "; ")):gmatch("%S+") do
    if line ~= "" and width_of(line) + 1 + width_of(word) > width then
      write(line .. "\n")
      line = ""
    end
    line = shortened((line == "" and "" or line .. " ") .. word, width)
  end
  write(line .. "\n")
end

local checkers = { width = check.integer(1, WIDTH_MAX) }

return function(_, write, options)
  local width = check.options("write", { width = options.width }, checkers).width
  local columns, lines = options.columns, text.cells(options)
  local heads, count = heads_of(columns)
  local list, left_out, is_short = measure(columns, heads, lines), {}, false
  arrange(list)
  if width then
    list, left_out, is_short = fit(list, width)
  end
  write_heads(write, columns, list, heads, count)
  write_lines(write, columns, list, lines)
  if left_out[1] or is_short then
    write_note(write, columns, left_out, is_short, width)
  end
end
