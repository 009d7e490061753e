--- Figures of a window, and how they are printed.
-- @module loom.figures

--- What one store, or a group of stores, was in one window: `row.last_week`, and so on. Durations are in seconds. The list
-- `loom.figures.names` has the names of all but the last.
-- @table figures
-- @tfield number up
-- @tfield number down
-- @tfield number unknown
-- @tfield number excluded taken out of the schedule by exclusions
-- @tfield number scheduled up + down + unknown
-- @tfield ?number ratio up / (up + down), from 0 to 1; nil where that is 0 / 0, as for a store that was closed
-- @tfield int outages how many
-- @tfield number longest the longest outage
-- @tfield ?number mttr the mean outage (time to recovery); nil without outages
-- @tfield ?number mtbf up time to an outage (time between failures); nil without outages
-- @tfield int polls how many lie inside the pieces, those in exclusions too, since they are evidence
-- @tfield ?table slo how it stands against the objective, if there is one: see `loom.slo`

local time = require "loom.time"

local figures = {}

local MINUTE = 60 * 1000000
local HOUR = 3600 * 1000000
local seconds = time.seconds

--- Hours with one or two decimals.
-- @tparam int microseconds
-- @treturn string such as `"0.0"`, `"24.0"`, `"8.42"`
-- @usage print(require("loom.figures").hours(8.5 * 3600 * 1000000)) --> 8.5
function figures.hours(microseconds)
  local text = ("%.2f"):format(microseconds / HOUR)
  return text:sub(-1) == "0" and text:sub(1, -2) or text
end

--- Whole minutes, cut.
-- @tparam int microseconds
-- @treturn string
-- @usage print(require("loom.figures").minutes(59999999)) --> 0
function figures.minutes(microseconds)
  return ("%d"):format((microseconds - microseconds % MINUTE) / MINUTE)
end

-- What the functions above print, as numbers.
figures.numbers = {
  hours = function(microseconds)
    return tonumber(("%.2f"):format(microseconds / HOUR))
  end,
  minutes = function(microseconds)
    return math.floor((microseconds - microseconds % MINUTE) / MINUTE)
  end,
}

--- Seconds with as many decimals as they need, up to six.
-- @tparam int microseconds
-- @treturn string
-- @usage print(require("loom.figures").seconds(1500000)) --> 1.5
function figures.seconds(microseconds)
  local fraction = microseconds % 1000000
  local whole = ("%d"):format((microseconds - fraction) / 1000000)
  if fraction == 0 then
    return whole
  end
  return whole .. "." .. (("%06d"):format(fraction):gsub("0+$", ""))
end

--- A number with up to six decimals, without the zeros that end them.
-- @tparam number value
-- @treturn ?string nil if it is not finite
-- @usage print(require("loom.figures").decimal(0.25)) --> 0.25
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

-- The names of the figures that a row has in every window.
figures.names = { "up", "down", "unknown", "excluded", "scheduled", "ratio", "outages", "longest", "mttr", "mtbf", "polls" }

--- The figures that the head of this file describes, from the native half's microseconds.
-- @local
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
-- @local
function figures.short_name(window)
  return (window.name:gsub("^last_", ""))
end

return figures
