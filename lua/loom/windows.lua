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

local known = { name = true, seconds = true, from = true, to = true, unit = true }

local function check_fields(window)
  for key in pairs(window) do
    if not known[key] then
      return "windows of name, seconds, from, to and unit"
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

-- A window as the native half takes it, or nil and what was expected, and whether it has the right form: see `loom.check`.
local function native(window)
  if window.seconds ~= nil then
    local length = time.duration(window.seconds)
    if window.from == nil and window.to == nil and length and length > 0 and length <= core.limits.window_length then
      return { length = length }
    end
    return nil, "windows whose seconds are a duration of up to 100 years", length ~= nil
  end
  local from, to = time.instant(window.from), time.instant(window.to)
  if not from or not to then
    return nil, "windows with seconds, or from and to"
  end
  local length = time.between(from, to)
  if length <= 0 or length > core.limits.window_length then
    return nil, "windows that end after they start, and within 100 years", true
  end
  return { from = from, to = to }
end

--- Checker of the option `windows`.
-- @treturn table a list of `name`, `unit` and, for the native half, `native`
function windows.checker(value)
  if type(value) ~= "table" or #value < 1 or #value > core.limits.windows then
    return nil, ("list of 1 to %d windows"):format(core.limits.windows)
  end
  local list, names = {}, {}
  for i, window in ipairs(value) do
    if type(window) ~= "table" then
      return nil, "list of windows", false, window
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
    list[i] = { name = window.name, unit = window.unit or "hours", native = converted }
  end
  return list
end

--- How long checked windows are together.
-- @treturn int microseconds
function windows.length(list)
  local length = 0
  for _, window in ipairs(list) do
    length = length + (window.native.length or time.between(window.native.from, window.native.to))
  end
  return length
end

return windows
