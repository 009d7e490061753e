--- Openings as people write them: spans of a day, and weeks of them.
--
-- A span is "09:00-17:00", "9:00 AM-5:00 PM", or with seconds; a close at or before the open is on the next day. A day is one
-- span, a list of them, or "closed". A week is a table of days by `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`; a day that is
-- left out is closed. A span may also be a table of `open` and `close` in seconds since midnight, as `hours.openings` gives it.
-- @module loom.hours

local check = require "loom.check"
local core = require "loom.core"

local hours = {}

--- The days of a week in order; the first one is weekday 0 of the input files.
hours.days = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" }

local weekday_of = {}
for i, day in ipairs(hours.days) do
  weekday_of[day] = i - 1
end

local SPANS_MAX = 100 -- to a day

local seconds_of_day = check.integer(0, 86400)

-- Open and close of a span, in seconds since midnight; nil if it is none.
local function bounds_of(span)
  if type(span) == "table" then
    return seconds_of_day(span.open), (seconds_of_day(span.close))
  elseif type(span) ~= "string" then
    return nil
  end
  local from, to = span:match("^%s*([%d:]+ ?%a*)%s*%-%s*([%d:]+ ?%a*)%s*$")
  from = from and from:gsub(" $", "")
  to = to and to:gsub(" $", "")
  return from and core.parse_time_of_day(from), to and core.parse_time_of_day(to)
end

local function append_span(span, list)
  local open, close = bounds_of(span)
  if not open or not close then
    return false
  end
  list[#list + 1], list[#list + 2] = open, close
  return true
end

--- Checker of a day's openings.
-- @treturn {int,...} open and close of each span in turn, in seconds since midnight; empty when closed
function hours.spans(value)
  local expected = 'opening hours (such as "09:00-17:00", a list of them, or "closed")'
  local list = {}
  if value == "closed" then
    return list
  elseif type(value) == "string" or (type(value) == "table" and value.open ~= nil) then
    value = { value }
  elseif type(value) ~= "table" or (check.length(value) or math.huge) > SPANS_MAX then
    return nil, expected
  end
  for i = 1, #value do
    if not append_span(value[i], list) then
      return nil, expected, false, value[i]
    end
  end
  return list
end

local function clock(seconds)
  return (core.format_time_of_day(seconds):gsub("^(%d+:%d+):00$", "%1"))
end

--- A day's openings as text.
-- @tparam {int,...} list as `hours.spans` returns them
-- @treturn {string,...}
function hours.texts(list)
  local texts = {}
  for i = 1, #list, 2 do
    texts[#texts + 1] = clock(list[i]) .. "-" .. clock(list[i + 1])
  end
  return texts
end

--- A day's openings as tables.
-- @tparam {int,...} list as `hours.spans` returns them
-- @treturn {table,...} `open` and `close` in seconds since midnight, a close at or before the open being on the next day; and
--   `span`, the same as text
function hours.openings(list)
  local openings = {}
  for i = 1, #list, 2 do
    openings[#openings + 1] = { open = list[i], close = list[i + 1], span = clock(list[i]) .. "-" .. clock(list[i + 1]) }
  end
  return openings
end

--- Checker of a week.
-- @treturn {int,...} weekday (0 = Monday), open and close of each span in turn
function hours.week(value)
  local expected = "week of opening hours (days from mon to sun)"
  if type(value) ~= "table" then
    return nil, expected
  end
  local list = {}
  for day in pairs(value) do
    if not weekday_of[day] then
      return nil, expected, false, day
    end
  end
  for weekday, day in ipairs(hours.days) do
    local spans, what, _, wrong = hours.spans(value[day] == nil and "closed" or value[day])
    if not spans then
      return nil, what .. " for " .. day, false, wrong == nil and value[day] or wrong
    end
    for i = 1, #spans, 2 do
      list[#list + 1], list[#list + 2], list[#list + 3] = weekday - 1, spans[i], spans[i + 1]
    end
  end
  return list
end

--- Checker of spans that come every week: text such as "sun 02:00-04:00" or "mon-fri 01:00-02:00; sat,sun 22:00-06:00" (see
-- src/core/measure/week_text.h), a list of such texts, or a week.
-- @treturn {int,...} as `hours.week` returns it
function hours.weekly(value)
  local expected = ('week of 1 to %d spans (such as "sun 02:00-04:00")'):format(core.limits.weekly_spans)
  if type(value) == "table" and value[1] ~= nil then
    for i = 1, check.length(value) or 1 do
      if type(value[i]) ~= "string" then
        return nil, expected
      end
    end
    value = table.concat(value, ";")
  end
  local list
  if type(value) == "string" then
    list = core.parse_week(value)
  else
    list = hours.week(value)
  end
  if not list or not list[1] or #list > 3 * core.limits.weekly_spans then
    return nil, expected
  end
  return list
end

--- A week as text: a list of spans for each day that has any.
-- @tparam {int,...} list as `hours.week` returns them
function hours.week_texts(list)
  local week = {}
  for i = 1, #list, 3 do
    local day = hours.days[list[i] + 1]
    week[day] = week[day] or {}
    week[day][#week[day] + 1] = clock(list[i + 1]) .. "-" .. clock(list[i + 2])
  end
  return week
end

--- A week as tables: a list of openings for each day that has any.
-- @tparam {int,...} list as `hours.week` returns them
function hours.week_openings(list)
  local week = {}
  for i = 1, #list, 3 do
    local day = hours.days[list[i] + 1]
    week[day] = week[day] or {}
    week[day][#week[day] + 1] = hours.openings({ list[i + 1], list[i + 2] })[1]
  end
  return week
end

return hours
