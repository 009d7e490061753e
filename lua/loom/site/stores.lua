--- What a site tells of each store: a row of the table of all, and what is seen when one is opened. It is JSON, as the service
-- gives it; but rows are without the names of their members, which are told once, since there are many.
-- @module loom.site.stores

local core = require "loom.core"
local figures = require "loom.figures"
local fleet = require "loom.site.fleet"
local inspection = require "loom.inspection"
local instants = require "loom.formats.instants"
local json = require "loom.json"
local shapes = require "loom.formats.shapes"
local time = require "loom.time"

local stores = {}

local WEEK = 7 -- days that are shown of a store
local AHEAD = 7 -- days after them whose hours are told, so that the next opening is
local PAST = 31 -- days before today whose special days are told
local POLLS_MAX = 11000 -- of a week that is explained: one a minute; of more only what the store was is told

local need, instant = fleet.need, instants.of "ms"

-- ---- rows ----

--- The members of a row, in their order.
stores.members = { "store_id", "state", "since", "dormant", "last_poll", "timezone_str", "attributes", "windows", "strip" }

--- The figures of a window, in their order.
stores.figures = figures.names

-- Objects as arrays, by nothing but their values: those of figures have neither texts nor other objects in them.
local function values_alone(text)
  return (text:gsub('"[%w_]+":', ""):gsub("[{}]", { ["{"] = "[", ["}"] = "]" }))
end

--- A row.
-- @tparam table of what `loom.site` has computed
-- @tparam int number of the row in the report
-- @treturn string
function stores.row(of, number)
  local id = of.report:store(number)
  local place = of.status.native:find(id)
  local state, since, last_poll, is_dormant
  if place then
    state, since, last_poll, is_dormant = of.status.native:state(place)
  end
  return "[" .. table.concat({
    json.string(id), json.text(state), instant(since and time.text(since)), json.boolean(is_dormant),
    instant(last_poll and time.text(last_poll)), json.string(of.report.native:zone(number)),
    json.map(need(of.monitor:attributes(id)), json.string), values_alone(of.report:json_of(number)),
    json.string(of.report.native:strip_lines({ number }, 1, 1, nil, true):match "^%w*"),
  }, ",") .. "]"
end

-- ---- one store ----

local function collected(produce, ...)
  local parts = {}
  produce(function(text)
    parts[#parts + 1] = text
  end, ...)
  return table.concat(parts)
end

-- The dates that are shown, the first one and the one after the last, as days since 1970.
local function dates_of(of, number)
  local clock = need(time.on_clock(of.monitor.database, of.report.native:zone(number), time.instant(of.as_of)))
  local today = time.days(clock:sub(1, 10))
  return today - WEEK + 1, today + 1
end

-- What made the figures of the days; null where there are more polls than are told.
local function explanation(of, id, from, to)
  local found, message, code = of.monitor:explain(id, of:rules { windows = { { name = "shown", from = from, to = to } },
    most = POLLS_MAX })
  if not found and code == "EINVAL" then
    return json.null
  end
  return collected(shapes.write_explanation, need(found, message, code), instant)
end

local function spans(of, id, method, name, piece_of, form, from, to)
  local list, span, code = inspection[method](of.monitor, id, from, to, of:rules {})
  return collected(shapes.write_spans, id, name, need(list, span, code), span, piece_of, form)
end

-- What is set of it.
local function settings(of, id, from)
  local monitor = of.monitor
  return "hours", shapes.hours(id, need(monitor:hours(id, { on = core.format_date(from + WEEK - 1) }))),
    "timezone", shapes.zone(id, need(monitor:timezone(id))),
    "special_days", json.array(need(monitor:special_days { store = id, from = core.format_date(from - PAST) }),
      shapes.special_day),
    "exclusions", json.array(need(monitor:exclusions { store = id }), shapes.exclusion)
end

--- All that is told of one store when it is opened.
-- @tparam table of what `loom.site` has computed
-- @tparam int number of its row in the report
-- @treturn string
function stores.text(of, number)
  local id, first, after_last = of.report:store(number), dates_of(of, number)
  local from, to = core.format_date(first), core.format_date(after_last)
  local explained = explanation(of, id, from, to)
  local schedule = need(of.monitor:schedule(id, of:rules { from = core.format_date(first - 1),
    to = core.format_date(after_last + AHEAD) }))
  return json.object("from", json.string(from), "to", json.string(to),
    "schedule", collected(shapes.write_schedule, schedule, instant), "explanation", explained,
    "timeline", explained == json.null and spans(of, id, "timeline", "segments", shapes.segment, instant, from, to) or json.null,
    "outages", spans(of, id, "outages", "outages", shapes.span, instants.of "rfc3339", from, to),
    settings(of, id, first))
end

return stores
