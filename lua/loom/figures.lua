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

local check = require "loom.check"
local core = require "loom.core"
local time = require "loom.time"

local figures = {}

local MINUTE = 60 * 1000000
local seconds = time.seconds

local function number(name, value)
  return type(value) == "number" and value or check.argument(name, 1, value, check.numeric)
end

--- Hours with one or two decimals.
-- @tparam int microseconds
-- @treturn string such as `"0.0"`, `"24.0"`, `"8.42"`
-- @usage print(require("loom.figures").hours(8.5 * 3600 * 1000000)) --> 8.5
function figures.hours(microseconds)
  return core.hours(number("hours", microseconds))
end

--- Whole minutes, cut.
-- @tparam int microseconds
-- @treturn string
-- @usage print(require("loom.figures").minutes(59999999)) --> 0
function figures.minutes(microseconds)
  return core.minutes(number("minutes", microseconds))
end

-- What the functions above print, as numbers.
figures.numbers = {
  hours = function(microseconds)
    return tonumber(core.hours(microseconds))
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
  return core.seconds(number("seconds", microseconds))
end

--- A number with up to six decimals, without the zeros that end them.
-- @tparam number value
-- @treturn ?string nil if it is not finite
-- @usage print(require("loom.figures").decimal(0.25)) --> 0.25
function figures.decimal(value)
  return core.decimal(number("decimal", value))
end

-- ---- ratios ----

-- Ratios are printed from whole millionths, which are cut: only what was never down is 1, or 100 %.

local MILLION = 1000000
local LIMIT = 2 ^ 62 -- microseconds that all stores together may have as whole numbers, and be added up once more

--- A part's share of itself and the rest, such as up time's of what is known.
-- @tparam int part microseconds, or any other unit
-- @tparam int rest in the same unit
-- @treturn ?int millionths, cut; nil where that is 0 / 0
-- @usage print(require("loom.figures").millionths(57, 43)) --> 570000
function figures.millionths(part, rest)
  if part + 0.0 + rest < LIMIT then
    return core.millionths(part, rest)
  end
  local share = figures.share(part / (part + 0.0 + rest))
  return rest > 0 and math.min(share, MILLION - 1) or share
end

-- Seconds as the microseconds that they were made of: exact within a century, which is what a window may have.
local function microseconds_of(value)
  return math.floor(value * MILLION + 0.5)
end

--- The same of figures, whose times are in seconds.
-- @tparam table of_window as the head of this file describes it
-- @treturn ?int millionths; nil where there is no ratio
-- @usage print(require("loom.figures").ratio_of(report:row(1).last_week))
function figures.ratio_of(of_window)
  return core.millionths(microseconds_of(of_window.up), microseconds_of(of_window.down))
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

--- How many points lie between two percentages as they are printed, with the sign.
-- @tparam int millionths
-- @tparam int before millionths
-- @treturn string
-- @usage print(require("loom.figures").points(500000, 512345)) --> -1.23
function figures.points(millionths, before)
  local change = math.floor(millionths / 100) - math.floor(before / 100)
  local sign = change == 0 and "" or change < 0 and "-" or "+"
  change = math.abs(change)
  return ("%s%d.%02d"):format(sign, math.floor(change / 100), change % 100)
end

-- The names of the figures that a row has in every window.
figures.names = { "up", "down", "unknown", "excluded", "scheduled", "ratio", "outages", "longest", "mttr", "mtbf", "polls" }

-- Whether a name is one of them.
figures.is_name = {}
for _, name in ipairs(figures.names) do
  figures.is_name[name] = true
end

-- Whether one is in seconds.
figures.is_duration = { up = true, down = true, unknown = true, excluded = true, scheduled = true, longest = true, mttr = true,
  mtbf = true }

-- The sum of two that are not negative; what no whole number holds, as sums of many stores may be, as the nearest number.
local function added(a, b)
  local sum = a + b
  return sum >= a and sum or a + 0.0 + b
end

--- The figures that the head of this file describes, from the native half's microseconds.
-- @local
function figures.of(up, down, unknown, excluded, longest, outages, polls)
  local known = added(up, down)
  return {
    up = seconds(up),
    down = seconds(down),
    unknown = seconds(unknown),
    excluded = seconds(excluded),
    scheduled = seconds(added(known, unknown)),
    ratio = known > 0 and up / known or nil,
    outages = outages,
    longest = seconds(longest),
    mttr = outages > 0 and down / outages / 1000000 or nil,
    mtbf = outages > 0 and up / outages / 1000000 or nil,
    polls = polls,
  }
end

--- The same as JSON. See `src/core/report/report_json.h`.
-- @local
function figures.json(up, down, unknown, excluded, longest, outages, polls)
  if up + 0.0 + down + unknown < LIMIT and excluded < LIMIT then
    return core.figures_json(up, down, unknown, excluded, longest, outages, polls)
  end
  local of, members = figures.of(up, down, unknown, excluded, longest, outages, polls), {}
  for i, name in ipairs(figures.names) do
    local millionths = name == "ratio" and figures.millionths(up, down)
    members[i] = ('"%s":%s'):format(name, millionths and figures.ratio(millionths) or core.json_number(of[name]))
  end
  return "{" .. table.concat(members, ",") .. "}"
end

--- Figures that `figures.of` has made, of one store, as JSON.
-- @local
function figures.json_of(f)
  return core.figures_json(microseconds_of(f.up), microseconds_of(f.down), microseconds_of(f.unknown),
    microseconds_of(f.excluded), microseconds_of(f.longest), f.outages, f.polls)
end

--- A window's short name: "week" for "last_week".
-- @local
function figures.short_name(window)
  return (window.name:gsub("^last_", ""))
end

return figures
