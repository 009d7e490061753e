--- What a report is of, in words: its windows, the stores that it was asked for, its objective and its rules.
-- @module loom.formats.words

local core = require "loom.core"
local figures = require "loom.figures"
local text = require "loom.formats.text"
local time = require "loom.time"

local words = {}

local DASH = " \226\128\147 " -- an en dash

local DAYS = { [0] = "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" }
local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }
local MONDAY = 4 -- 1970-01-05, in days since 1970-01-01

-- ---- instants ----

-- An instant as text ("2024-03-04 16:30:00 UTC") as a date and the time of day: minutes, and seconds where there are some.
local function parts(instant)
  local date, clock = instant:match("^(%d+%-%d+%-%d+) (%d+:%d+:%d+)")
  local year, month, day = date:match("^0*(%d+)%-(%d+)%-(%d+)$")
  local weekday = (core.parse_date(date) - MONDAY) % 7
  return ("%s %d %s %s"):format(DAYS[weekday], tonumber(day), MONTHS[tonumber(month)], year), (clock:gsub(":00$", ""))
end

--- An instant as people write it: "Mon 4 Mar 2024, 16:30 UTC". Fractions of a second are cut.
-- @tparam string instant such as `as_of_utc` of a report
-- @treturn string
function words.instant(instant)
  local date, clock = parts(instant)
  return ("%s, %s UTC"):format(date, clock)
end

--- Two instants: "Mon 4 Mar 2024, 15:30 – 16:30 UTC".
-- @tparam string from
-- @tparam string to
-- @treturn string
function words.range(from, to)
  local date, clock = parts(from)
  local last_date, last_clock = parts(to)
  return ("%s, %s%s%s%s UTC"):format(date, clock, DASH, date ~= last_date and last_date .. ", " or "", last_clock)
end

-- ---- durations ----

local units = { { 86400000000, "day" }, { 3600000000, "hour" }, { 60000000, "minute" }, { 1000000, "second" } }

--- A duration in the largest unit of which it is a whole number: "7 days", "36 hours", "1.5 seconds".
-- @tparam int microseconds
-- @treturn string
function words.duration(microseconds)
  for _, unit in ipairs(units) do
    if microseconds >= unit[1] and microseconds % unit[1] == 0 then
      return text.counted(math.floor(microseconds / unit[1]), unit[2])
    end
  end
  return core.seconds(microseconds) .. " seconds"
end

-- ---- windows ----

--- A window: how long it is and what it lies between, "7 days, Mon 26 Feb 2024, 16:30 – Mon 4 Mar 2024, 16:30 UTC". One on the
-- calendar has a length of its own in each zone, and lies between the earliest and the latest of them.
-- @tparam table window one of a report's
-- @treturn string
function words.window(window)
  if window.calendar then
    return ("%s%s by each store's clock, %s"):format(window.before_of and "before " or "", (window.calendar:gsub("/", DASH)),
      words.range(window.from_utc, window.to_utc))
  end
  local length = time.between(time.instant(window.from_utc), time.instant(window.to_utc))
  return words.duration(length) .. ", " .. words.range(window.from_utc, window.to_utc)
end

-- ---- stores ----

-- "a", "a or b", "a, b or c", or "a, b and 7 more".
local function any_of(list)
  local more = list.count - #list.first
  if more > 0 then
    return ("%s and %d more"):format(table.concat(list.first, ", "), more)
  elseif #list.first < 2 then
    return list.first[1] or "none"
  end
  return table.concat(list.first, ", ", 1, #list.first - 1) .. " or " .. list.first[#list.first]
end

--- The stores that a report was asked for: "region is east or west; only with a poll".
-- @tparam ?table filter see `loom.stores.described`
-- @treturn string
function words.filter(filter)
  local said = {}
  if filter and filter.ids then
    said[1] = "store_id is " .. any_of(filter.ids)
  elseif filter and filter.by_function then
    said[1] = "chosen by a function"
  end
  for _, condition in ipairs(filter and filter.where or {}) do
    said[#said + 1] = condition.name .. " is " .. any_of(condition.values)
  end
  if filter and filter.search then
    said[#said + 1] = ("%q is in an id or an attribute"):format(filter.search)
  end
  if filter and filter.zones then
    said[#said + 1] = "timezone is " .. any_of(filter.zones)
  end
  if filter and filter.all_stores then
    said[#said + 1] = "also without a poll"
  elseif not said[1] then
    said[1] = "every one with a poll"
  end
  return table.concat(said, "; ")
end

-- ---- the objective ----

-- A ratio from 0 to 1 as a percentage with as many decimals as it needs, of up to four.
local function percent(ratio)
  return core.seconds(figures.share(ratio) * 100) .. "%"
end

--- The objective: "up for 99.5% of the time that is known, or for what the attribute tier says".
-- @tparam ?table objective see `loom.slo`
-- @treturn ?string nil if there is none
function words.objective(objective)
  if not objective then
    return nil
  end
  local said = {}
  if objective.target then
    said[1] = "for " .. percent(objective.target) .. " of the time that is known"
  end
  if objective.attribute then
    said[#said + 1] = "for what the attribute " .. objective.attribute .. " says"
  end
  if objective.stores then
    said[#said + 1] = "for what is set for single stores"
  end
  return "up " .. table.concat(said, ", or ")
end

-- ---- rules ----

local of_fill = { backward = "A poll tells of the time before it, back to the poll before",
  forward = "A poll tells of the time after it, up to the next one", nearest = "A poll tells of the time that is nearest to it" }
local of_evidence = { inside = "polls outside opening hours do not count",
  around = "of those outside opening hours the nearest ones count, too" }

--- The rules, as sentences.
-- @tparam table rules of a report
-- @treturn string
function words.rules(rules)
  local said = ("%s; %s. An opening without evidence is %s."):format(of_fill[rules.fill], of_evidence[rules.evidence],
    rules.no_data)
  if rules.max_gap then
    said = ("%s Time further than %s from its poll is unknown."):format(said, words.duration(rules.max_gap * 1000000))
  end
  return said
end

return words
