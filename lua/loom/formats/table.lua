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

local function add_words(list, name)
  for word in name:gmatch("[^_]+") do
    list[#list + 1] = word
  end
end

-- A column's head: the figure, if that is one word, which may stand once over neighbours, and the words below it, from the top.
local function head_of(column, has_units)
  if not column.window then
    return nil, { text.shown(column.name) }
  end
  local words, figure = {}, column.figure
  if figure:find("_") then
    add_words(words, figure)
    figure = nil
  end
  add_words(words, column.window)
  if has_units then
    words[#words + 1] = column.unit or ""
  end
  return figure, words
end

local function has_units(columns)
  for _, column in ipairs(columns) do
    if column.window and column.unit then
      return true
    end
  end
  return false
end

-- ---- widths ----

-- Whether text is of numbers alone, as those of instants and durations are, too: a part of it would be another number.
local function is_number(value)
  return not value:gsub(" UTC$", ""):find("[^%d%p ]")
end

-- Each column: its `place`; its `figure` and the `words` below it; and how wide at the most these words are, and its cells.
local function measure(columns, lines)
  local list, is_with_units = {}, has_units(columns)
  for i, column in ipairs(columns) do
    local figure, words = head_of(column, is_with_units)
    local item = { place = i, figure = figure, words = words, head = 0, widest = 0,
      is_text = column.is_key or column.name == "store_id" }
    local is_strip = column.is_key == false and column.name == "strip"
    for _, word in ipairs(words) do
      item.head = math.max(item.head, width_of(word))
    end
    for _, line in ipairs(lines) do
      item.widest = math.max(item.widest, width_of(line[i]))
      item.is_text = item.is_text or not (is_strip or is_number(line[i]))
    end
    list[i] = item
  end
  return list
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

-- Gives each column its `width`, and the `least` that it can be shortened to. The last of those below a figure has room for it.
local function arrange(list)
  for _, item in ipairs(list) do
    item.width = math.max(item.head, item.widest)
    item.least = item.is_text and math.min(item.width, math.max(item.head, LEAST)) or item.width
  end
  local from = 1
  while from <= #list do
    local to, width = span_of(list, from)
    local lacking = list[from].figure and width_of(list[from].figure) - width or 0
    if lacking > 0 then
      list[to].width = list[to].width + lacking
      list[to].least = list[to].width
    end
    from = to + 1
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

-- "--- uptime ---", over several columns.
local function over(name, width)
  local rest = width - width_of(name) - 2
  if rest < 2 then
    return padded(name, width)
  end
  return ("-"):rep(math.floor(rest / 2)) .. " " .. name .. " " .. ("-"):rep(math.ceil(rest / 2))
end

-- Columns below the same figure: which ones, how wide they are together, and on which line the figure is, counted from below.
local function spans_of(list)
  local spans, from = {}, 1
  while from <= #list do
    local span = { from = from, figure = list[from].figure }
    span.to, span.width = span_of(list, from)
    span.top = 0
    for i = span.from, span.to do
      span.top = math.max(span.top, #list[i].words)
    end
    if span.figure then
      span.top = span.top + 1
    end
    spans[#spans + 1], from = span, span.to + 1
  end
  return spans
end

local function write_heads(write, columns, list)
  local spans, top = spans_of(list), 0
  for _, span in ipairs(spans) do
    top = math.max(top, span.top)
  end
  for number = top, 1, -1 do
    local cells = {}
    for _, span in ipairs(spans) do
      local is_figure = span.figure and number == span.top
      if is_figure and span.to > span.from then
        cells[#cells + 1] = over(span.figure, span.width)
      else
        for i = span.from, span.to do
          local item = list[i]
          local word = is_figure and span.figure or item.words[#item.words + 1 - number] or ""
          cells[#cells + 1] = padded(shortened(word, item.width), item.width, item.place == 1 or columns[item.place].left)
        end
      end
    end
    write_cells(write, cells)
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
  local list, left_out, is_short = measure(columns, lines), {}, false
  arrange(list)
  if width then
    list, left_out, is_short = fit(list, width)
  end
  write_heads(write, columns, list)
  write_lines(write, columns, list, lines)
  if left_out[1] or is_short then
    write_note(write, columns, left_out, is_short, width)
  end
end
