--- Figures of a window, and how they are printed.
-- @module loom.figures

local time = require "loom.time"

local figures = {}

local MINUTE = 60 * 1000000
local HOUR = 3600 * 1000000
local seconds = time.seconds

--- Hours with one or two decimals: "0.0", "24.0", "8.42".
function figures.hours(microseconds)
  local text = ("%.2f"):format(microseconds / HOUR)
  return text:sub(-1) == "0" and text:sub(1, -2) or text
end

--- Whole minutes, cut.
function figures.minutes(microseconds)
  return ("%d"):format((microseconds - microseconds % MINUTE) / MINUTE)
end

--- What the functions above print, as numbers.
figures.numbers = {
  hours = function(microseconds)
    return tonumber(("%.2f"):format(microseconds / HOUR))
  end,
  minutes = function(microseconds)
    return math.floor((microseconds - microseconds % MINUTE) / MINUTE)
  end,
}

--- Seconds with as many decimals as they need, up to six.
function figures.seconds(microseconds)
  local fraction = microseconds % 1000000
  local whole = ("%d"):format((microseconds - fraction) / 1000000)
  if fraction == 0 then
    return whole
  end
  return whole .. "." .. (("%06d"):format(fraction):gsub("0+$", ""))
end

--- A number with up to six decimals, without the zeros that end them; nil if it is not finite.
function figures.decimal(value)
  if value ~= value or value == math.huge or value == -math.huge then
    return nil
  elseif value % 1 ~= 0 then
    return (("%.6f"):format(value):gsub("%.?0+$", ""))
  elseif value >= -2 ^ 63 and value < 2 ^ 63 then -- what %d takes
    return ("%d"):format(value)
  end
  return ("%.0f"):format(value)
end

--- The names of the figures that `figures.of` gives.
figures.names = { "up", "down", "unknown", "excluded", "scheduled", "ratio", "outages", "longest", "mttr", "mtbf", "polls" }

--- What one store was in one window, from the native half's microseconds.
-- @treturn table in seconds `up`, `down`, `unknown`, `excluded`, `scheduled` (up + down + unknown), `longest` (the longest
--   outage), `mttr` (the mean outage) and `mtbf` (up time to an outage; both nil without outages); `ratio`, which is
--   up / (up + down), nil where that is 0 / 0; and `outages` and `polls`, which are counts
function figures.of(up, down, unknown, excluded, longest, outages, polls)
  local known = up + down
  return {
    up = seconds(up),
    down = seconds(down),
    unknown = seconds(unknown),
    excluded = seconds(excluded),
    scheduled = seconds(known + unknown),
    ratio = known > 0 and up / known or nil,
    outages = outages,
    longest = seconds(longest),
    mttr = outages > 0 and down / outages / 1000000 or nil,
    mtbf = outages > 0 and up / outages / 1000000 or nil,
    polls = polls,
  }
end

--- A window's short name: "week" for "last_week".
function figures.short_name(window)
  return (window.name:gsub("^last_", ""))
end

return figures
