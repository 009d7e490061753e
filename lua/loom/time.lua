--- Instants, durations and dates, between what people write and what the native half counts in.
--
-- The Lua API gives and takes seconds: numbers, which are exact to the microsecond from 1700 to 2242. Beside each one that it
-- gives is the same instant as text, whose name ends with `_utc` and which is always exact. The native half counts whole
-- microseconds. LuaJIT's numbers hold these to the year 2255: those of other years come from the native half as text of their
-- digits, which it takes back, so that none is rounded. So instants in microseconds are not calculated with or compared, but
-- by the functions below.
-- @module loom.time

local check = require "loom.check"
local core = require "loom.core"

local time = {}

local MICROSECONDS = 1000000
local FIRST = core.parse_timestamp "0001-01-01 00:00:00"
local LAST = core.parse_timestamp "9999-12-31 23:59:59.999999"

--- Microseconds as seconds; a whole number where they are whole.
function time.seconds(microseconds)
  microseconds = tonumber(microseconds)
  local rest = microseconds % MICROSECONDS
  if rest == 0 then
    return math.floor(microseconds / MICROSECONDS)
  end
  return microseconds / MICROSECONDS
end

-- Whole seconds apart from their fraction, whose product would else be rounded once more.
local function microseconds_of(seconds)
  local whole = math.floor(seconds)
  return whole * MICROSECONDS + math.floor((seconds - whole) * MICROSECONDS + 0.5)
end

--- Checker of an instant: text such as "2023-01-25 18:13:22 UTC" or seconds since 1970-01-01 UTC.
-- @treturn int microseconds
function time.instant(value)
  if type(value) == "number" and value >= FIRST / MICROSECONDS and value <= LAST / MICROSECONDS then
    local instant = microseconds_of(value)
    return instant < tonumber(LAST) and instant or LAST
  end
  local parsed = type(value) == "string" and core.parse_timestamp(value)
  if parsed then
    return parsed
  end
  return nil, "timestamp or seconds since 1970"
end

--- Checker of an instant that a report is seen from: one, a date, which is its first instant in UTC, or "now".
-- @treturn int|string microseconds, or "now" (see `time.as_of`)
function time.seen_from(value)
  if value == "now" then
    return value
  end
  local instant = time.instant(value)
  if not instant and time.date(value) then
    instant = time.instant(value .. " 00:00")
  end
  return instant, not instant and "timestamp, date, now, or seconds since 1970" or nil
end

--- What the checker before this one returned, with "now" as what the monitor's clock tells.
-- @treturn ?int microseconds; nil for nil
function time.as_of(monitor, seen_from)
  if seen_from == "now" then
    return time.now(monitor)
  end
  return seen_from
end

--- The first and the last instant that can be written, in microseconds.
time.FIRST, time.LAST = FIRST, LAST

--- Microseconds from an instant to another, both in microseconds. On LuaJIT it is exact within 285 years.
-- @function time.between
-- @treturn int less than 0 where the second one is earlier
time.between = core.between

--- Sets a field of a table to an instant in seconds, and the one whose name ends with `_utc` to the same as text.
-- @tparam table item
-- @tparam string name
-- @tparam int instant in microseconds
function time.set(item, name, instant)
  item[name], item[name .. "_utc"] = time.seconds(instant), time.text(instant)
end

--- The same of those of some fields that each item of a list has.
-- @treturn table the list
function time.set_all(items, names)
  for _, item in ipairs(items) do
    for _, name in ipairs(names) do
      if item[name] then
        time.set(item, name, item[name])
      end
    end
  end
  return items
end

--- As `set`, so many microseconds after an instant. What is beyond the first and last instant that can be written is as text
-- one of these.
function time.set_after(item, name, instant, offset)
  item[name] = time.seconds(tonumber(instant) + offset)
  item[name .. "_utc"] = time.text_after(instant, offset)
end

--- The instant that a monitor's clock tells.
-- @treturn int microseconds
function time.now(monitor)
  return check.result("clock", monitor.clock(), time.instant)
end

--- Checker of a duration: seconds, or text such as "90m", "2h", "7d".
-- @treturn int microseconds
function time.duration(value)
  if type(value) == "number" and value >= 0 and value <= 1e11 then
    return microseconds_of(value)
  end
  local parsed = type(value) == "string" and core.parse_duration(value)
  if parsed then
    return parsed
  end
  return nil, "duration (seconds, or text such as 90m, 2h, 7d)"
end

--- Checker of how far a poll may lie ahead of the clock: a duration, or "none".
-- @treturn number microseconds, or infinity
function time.max_ahead(value)
  if value == "none" then
    return math.huge
  end
  local duration = time.duration(value)
  return duration, not duration and 'duration, or "none"' or nil
end

--- The latest instant that a poll may have.
-- @tparam int now in microseconds
-- @tparam number max_ahead as the checker returns it
-- @treturn ?int microseconds; nil where any may
function time.latest(now, max_ahead)
  local latest = now + max_ahead
  return latest < tonumber(LAST) and latest or nil
end

--- Checker of a duration that says its unit, as text: where a number of seconds that was meant as days would do harm.
-- @treturn int microseconds
function time.duration_with_unit(value)
  local parsed = type(value) == "string" and value:find("%a$") and core.parse_duration(value)
  if parsed then
    return parsed
  end
  return nil, "duration with its unit, such as 90d, 36h or 90m,"
end

--- Checker of a local date, "YYYY-MM-DD".
function time.date(value)
  if type(value) == "string" and core.parse_date(value) then
    return value
  end
  return nil, "date (YYYY-MM-DD)"
end

--- A local date as days since 1970-01-01.
-- @treturn ?int nil for what is no date
function time.days(value)
  return type(value) == "string" and core.parse_date(value) or nil
end

--- Checker of what a clock shows, without saying where it is: "YYYY-MM-DD" for midnight, or with a time as an instant has it.
-- @treturn int microseconds since it showed 1970-01-01 00:00:00
function time.shown(value)
  local shown = type(value) == "string" and core.parse_local(value)
  if shown then
    return shown
  end
  return nil, "local time (YYYY-MM-DD, or HH:MM:SS behind it, without a zone)"
end

--- An instant in microseconds as text.
time.text = core.format_timestamp

--- The instant so many microseconds after another one, as text; or the first or last that can be written.
-- @function time.text_after
time.text_after = core.format_offset

--- An instant in microseconds as text that is no longer than it has to be: in UTC, without saying so.
function time.short(instant)
  return (time.text(instant):gsub(" UTC$", ""):gsub("%.000000$", ""))
end

--- What the clocks in a zone show at an instant in microseconds; nil and the failure if there is no such zone.
function time.on_clock(database, zone, instant)
  local shown, message, code = core.local_time(database, zone, instant)
  if not shown then
    return nil, message, code
  end
  return time.short(shown)
end

return time
