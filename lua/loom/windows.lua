--- The windows of a report.
-- @module loom.windows

local core = require "loom.core"
local time = require "loom.time"

local windows = {}

local NAME_MAX = 64

--- The windows of a report that asks for none.
windows.standard = {
  { name = "last_hour", seconds = 3600, unit = "minutes" },
  { name = "last_day", seconds = 86400, unit = "hours" },
  { name = "last_week", seconds = 604800, unit = "hours" },
}

-- What a row has beside its windows.
local reserved = { store_id = true, stores = true, attributes = true, strip = true, source = true, index = true }

local known = { name = true, seconds = true, from = true, to = true, calendar = true, unit = true }

local words = table.concat(core.calendar, ", ")

--- The names of windows on the calendar, as the option takes them.
windows.words = core.calendar

windows.is_word = {}
for _, word in ipairs(core.calendar) do
  windows.is_word[word] = true
end

local function check_fields(window)
  for key in pairs(window) do
    if not known[key] then
      return "windows of name, seconds, from, to, calendar and unit"
    end
  end
  local name, unit = window.name, window.unit
  if type(name) ~= "string" or #name > NAME_MAX or not name:find("^[%w_]+$") then
    return "windows whose name is of letters, digits and _"
  elseif reserved[name] then
    return "windows that are not called " .. name
  elseif name:find "^uptime_" or name:find "^downtime_" then -- row.uptime_NAME is a number
    return "windows whose names do not begin with uptime_ or downtime_"
  elseif unit ~= nil and unit ~= "hours" and unit ~= "minutes" then
    return "windows whose unit is hours or minutes"
  end
end

-- A window between two ends as the native half takes it: local dates, the first one and the one after the last, or two instants.
local function between(from, to)
  local first, after_last = time.days(from), time.days(to)
  if first and after_last then
    if after_last <= first or after_last - first > core.limits.window_days then
      return nil, "windows whose second date is after the first, within 100 years", true
    end
    return { calendar = "dates", first = first, after_last = after_last }
  elseif first or after_last then
    return nil, "windows from a date to a date, or from an instant to an instant"
  end
  from, to = time.instant(from), time.instant(to)
  if not from or not to then
    return nil, "windows with seconds, calendar, or from and to"
  end
  local length = time.between(from, to)
  if length <= 0 or length > core.limits.window_length then
    return nil, "windows that end after they start, and within 100 years", true
  end
  return { from = from, to = to }
end

-- A window as the native half takes it, or nil and what was expected, and whether it has the right form: see `loom.check`.
local function native(window)
  local has_ends = window.from ~= nil or window.to ~= nil
  if window.calendar ~= nil then
    if windows.is_word[window.calendar] and window.seconds == nil and not has_ends then
      return { calendar = window.calendar }
    end
    return nil, "windows whose calendar is one of " .. words
  elseif window.seconds ~= nil then
    local length = time.duration(window.seconds)
    if not has_ends and length and length > 0 and length <= core.limits.window_length then
      return { length = length }
    end
    return nil, "windows whose seconds are a duration of up to 100 years", length ~= nil
  end
  return between(window.from, window.to)
end

--- The window that a word alone means: it is called so, with `_` for `-`, since its name is part of columns' names.
-- @tparam string word one of `words`
-- @treturn table as the option `windows` takes it
function windows.of_word(word)
  return { name = (word:gsub("-", "_")), calendar = word }
end

-- How a window on the calendar was asked for: its word, or its dates.
local function calendar_of(window, converted)
  return window.calendar or (converted.calendar and window.from .. "/" .. window.to) or nil
end

--- Checker of the option `windows`.
-- @treturn table a list of `name`, `unit`, `calendar` (as text, where the window is on the calendar) and, for the native half,
--   `native`
function windows.checker(value)
  if type(value) ~= "table" or #value < 1 or #value > core.limits.windows then
    return nil, ("list of 1 to %d windows"):format(core.limits.windows)
  end
  local list, names = {}, {}
  for i, window in ipairs(value) do
    if windows.is_word[window] then
      window = windows.of_word(window)
    elseif type(window) ~= "table" then
      return nil, "list of windows: tables, or any of " .. words .. ",", false, window
    end
    local expected = check_fields(window)
    if expected then
      return nil, expected, false, window
    elseif names[window.name] then
      return nil, "windows with different names", false, window.name
    end
    names[window.name] = true
    local converted, is_impossible
    converted, expected, is_impossible = native(window)
    if not converted then
      return nil, expected, is_impossible, window
    end
    converted.name = window.name
    list[i] = { name = window.name, unit = window.unit or "hours", calendar = calendar_of(window, converted), native = converted }
  end
  return list
end

--- Puts the window before it beside each of some checked windows.
-- @treturn table|nil the longer list, in which those before have `before_of`, the other one's name
-- @treturn ?string what was expected of the windows
function windows.compared(list)
  local compared, names = {}, {}
  if 2 * #list > core.limits.windows then
    return nil, ("at most %d windows"):format(core.limits.windows / 2)
  end
  for _, window in ipairs(list) do
    names[window.name] = true
  end
  for _, window in ipairs(list) do
    local before = { name = window.name .. "_before", before_of = window.name, unit = window.unit, calendar = window.calendar }
    if names[before.name] then
      return nil, ("windows none of which is called %s"):format(before.name)
    end
    before.native = { before = true }
    for field, value in pairs(window.native) do
      before.native[field] = value
    end
    before.native.name = before.name
    compared[#compared + 1], compared[#compared + 2] = window, before
  end
  return compared
end

--- The place of the last window that is not the one before another: the one that is meant where none is named.
-- @tparam table list of windows, checked or of a report
-- @treturn int
function windows.last_place(list)
  local place = #list
  while list[place].before_of do
    place = place - 1
  end
  return place
end

--- The place of the window before another one.
-- @tparam loom.rows report
-- @tparam int place of the other one
-- @treturn ?int nil where the report does not compare
function windows.place_before(report, place)
  local name = report.windows[place].name
  local before = report.window_index[name .. "_before"]
  return before and report.windows[before].before_of == name and before or nil
end

local DAY = 86400 * 1000000 -- microseconds
local longest = { today = 1, yesterday = 1, ["this-week"] = 7, ["last-week"] = 7, ["this-month"] = 31, ["last-month"] = 31 }

local function length_of(window)
  if window.calendar then
    return (longest[window.calendar] or window.after_last - window.first) * DAY
  end
  return window.length or time.between(window.from, window.to)
end

--- How long checked windows are together; those on the calendar, at most.
-- @treturn int microseconds
function windows.length(list)
  local length = 0
  for _, window in ipairs(list) do
    length = length + length_of(window.native)
  end
  return length
end

return windows
