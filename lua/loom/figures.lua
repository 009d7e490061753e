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

local core = require "loom.core"
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
  local text = core.fixed(microseconds / HOUR, 2)
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
    return tonumber(core.fixed(microseconds / HOUR, 2))
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
    return (core.fixed(value, 6):gsub("%.?0+$", ""))
  elseif value >= -2 ^ 63 and value < 2 ^ 63 then -- what %d takes
    return ("%d"):format(value)
  end
  return ("%.0f"):format(value)
end

-- ---- ratios ----

-- Ratios are printed from whole millionths, which are cut: only what was never down is 1, or 100 %.

local MILLION = 1000000

--- A part's share of itself and the rest, such as up time's of what is known.
-- @tparam int part microseconds, or any other unit
-- @tparam int rest in the same unit
-- @treturn ?int millionths, cut; nil where that is 0 / 0
-- @usage print(require("loom.figures").millionths(57, 43)) --> 570000
function figures.millionths(part, rest)
  return core.millionths(part, rest)
end

--- The same of figures, whose times are in seconds.
-- @tparam table of_window as the head of this file describes it
-- @treturn ?int millionths; nil where there is no ratio
-- @usage print(require("loom.figures").ratio_of(report:row(1).last_week))
function figures.ratio_of(of_window)
  return core.millionths(math.floor(of_window.up * MILLION + 0.5), math.floor(of_window.down * MILLION + 0.5))
end

--- The same of a number that is a ratio, as far as its 53 bits tell.
-- @tparam number ratio not negative; above 1, as a burn may be, it is rounded up, so that only what is 1 is printed so
-- @treturn int millionths
-- @usage print(require("loom.figures").share(0.57)) --> 570000
function figures.share(ratio)
  local cut = math.floor(ratio * MILLION)
  if (cut + 1) / MILLION <= ratio then -- the product was rounded
    cut = cut + 1
  elseif cut / MILLION > ratio then
    cut = cut - 1
  end
  return ratio > 1 and cut / MILLION < ratio and cut + 1 or cut
end

--- Millionths as a ratio with up to six decimals.
-- @tparam int millionths
-- @treturn string
-- @usage print(require("loom.figures").ratio(999999)) --> 0.999999
function figures.ratio(millionths)
  return figures.seconds(millionths)
end

--- Millionths as a percentage with two decimals, cut once more.
-- @tparam int millionths
-- @treturn string
-- @usage print(require("loom.figures").percent(999999)) --> 99.99%
function figures.percent(millionths)
  local hundredths = math.floor(millionths / 100)
  return ("%d.%02d%%"):format(math.floor(hundredths / 100), hundredths % 100)
end

-- The names of the figures that a row has in every window.
figures.names = { "up", "down", "unknown", "excluded", "scheduled", "ratio", "outages", "longest", "mttr", "mtbf", "polls" }

-- Whether a name is one of them.
figures.is_name = {}
for _, name in ipairs(figures.names) do
  figures.is_name[name] = true
end

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
