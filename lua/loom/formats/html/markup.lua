--- Texts and numbers as a page shows them.
-- @module loom.formats.html.markup

local core = require "loom.core"
local figures = require "loom.figures"
local json = require "loom.json"

local markup = {}

local MINUTE, HOUR, DAY = 60, 3600, 86400 -- seconds

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

--- Text that is safe in elements and in quoted attributes. HTML has no way to write most control characters: they become
-- U+FFFD.
function markup.text(value)
  return (core.utf8(value):gsub("[%c\127]", "\239\191\189"):gsub("[&<>\"']", entities))
end

--- A text as JSON inside a script element, which "</script" would end and "<!--" would change.
function markup.json(text)
  return (json.string(text):gsub("<", "\\u003c"))
end

--- A number's text with commas between thousands.
function markup.grouped(text)
  local whole, rest = text:match("^(%d+)(.*)$")
  local head = #whole % 3
  local groups = head > 0 and { whole:sub(1, head) } or {}
  for at = head + 1, #whole, 3 do
    groups[#groups + 1] = whole:sub(at, at + 2)
  end
  return table.concat(groups, ",") .. rest
end

function markup.count(number)
  return markup.grouped(("%d"):format(number))
end

function markup.hours(microseconds)
  return markup.grouped(figures.hours(microseconds))
end

--- The share of up time as a percentage; a dash where nothing is known.
function markup.percent(up, down)
  local millionths = figures.millionths(up, down)
  return millionths and figures.percent(millionths) or "\226\128\147"
end

--- A length of time in its two largest units, as markup.
function markup.duration(microseconds)
  local seconds = math.floor(microseconds / 1000000)
  local function two(unit, name, smaller, smaller_name)
    local rest = math.floor(seconds % unit / smaller)
    local text = ("%d %s"):format(math.floor(seconds / unit), name)
    return rest > 0 and ("%s %d %s"):format(text, rest, smaller_name) or text
  end
  if seconds >= DAY then
    return two(DAY, "d", HOUR, "h")
  elseif seconds >= HOUR then
    return two(HOUR, "h", MINUTE, "min")
  elseif seconds >= MINUTE then
    return two(MINUTE, "min", 1, "s")
  end
  return microseconds > 0 and seconds == 0 and "&lt; 1 s" or ("%d s"):format(seconds)
end

--- A window's name in words.
function markup.name(window)
  return markup.text((window.name:gsub("_", " ")))
end

local others = {}
for letter in ("updnxc"):gmatch(".") do
  others[letter] = "[^" .. letter .. "]"
end

--- A strip's letters, shorter: a run of a letter is its length and the letter, as in "12u3d"; one letter stands for itself.
function markup.runs(strip)
  local parts, at = {}, 1
  while at <= #strip do
    local letter = strip:sub(at, at)
    local stop = strip:find(others[letter], at) or #strip + 1
    parts[#parts + 1] = stop - at > 1 and (stop - at) .. letter or letter
    at = stop
  end
  return table.concat(parts)
end

return markup
