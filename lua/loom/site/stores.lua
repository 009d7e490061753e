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

local need, milliseconds = fleet.need, instants.of "ms"

-- ---- rows ----

-- Milliseconds with the microseconds behind the point, for those who keep a row.
local function exact(given)
  local text = given and time.text(given)
  local whole, micro = milliseconds(text), text and text:sub(24, 26)
  return micro and micro ~= "000" and ("%.3f"):format(tonumber(whole) + tonumber("0." .. micro)) or whole
end

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
    json.string(id), json.text(state), exact(since), json.boolean(is_dormant),
    exact(last_poll), json.string(of.report.native:zone(number)),
    json.map(need(of.monitor:attributes(id)), json.string), values_alone(of.report:json_of(number)),
    json.string(of.report.native:strip_lines({ number }, 1, 1, nil, true):match "^%w*"),
  }, ",") .. "]"
end

-- ---- one store ----

-- In one line, since ends of lines would have to be escaped.
local function collected(produce, ...)
  local parts = {}
  produce(function(text)
    parts[#parts + 1] = text:sub(1, 2) == ",\n" and "," .. text:sub(3) or text
  end, ...)
  return table.concat(parts)
end

-- Milliseconds of an instant as text, or of one that is counted in microseconds.
local function instant(given)
  if type(given) == "number" then
    return ("%d"):format((given - given % 1000) / 1000)
  end
  return milliseconds(given)
end

-- The same by RFC 3339.
local function rfc3339(given)
  return instants.of "rfc3339"(type(given) == "number" and time.text(given) or given)
end

-- The dates that are shown, the first one and the one after the last, as days since 1970.
local function dates_of(of, zone)
  local clock = need(time.on_clock(of.monitor.database, zone, time.instant(of.as_of)))
  local today = time.days(clock:sub(1, 10))
  return today - WEEK + 1, today + 1
end

local function outages_json(id, list, span)
  return collected(shapes.write_spans, id, "outages", list, span, shapes.span, rfc3339)
end

-- What the store was in the days, where there are more polls than are told.
local function without_explanation(of, id, from, to)
  local segments, span, code = inspection.timeline(of.monitor, id, from, to, of:rules {})
  need(segments, span, code)
  local outages = need(inspection.outages(of.monitor, id, from, to, of:rules {}))
  return json.null, collected(shapes.write_spans, id, "segments", segments, span, shapes.segment, instant),
    outages_json(id, outages, span)
end

-- What made the figures of the days, or what the store was; null for the other one; and the outages.
local function explanation(of, id, from, to)
  local found, outages, code = inspection.explain_outages(of.monitor, id,
    of:rules { windows = { { name = "shown", from = from, to = to } }, most = POLLS_MAX }, true)
  if not found and code == "EINVAL" then
    return without_explanation(of, id, from, to)
  end
  need(found, outages, code)
  return collected(shapes.write_explanation, found, instant), json.null,
    outages_json(id, outages[1].list, outages[1].span)
end

-- ---- its hours ----

local SCHEDULES_MAX = 1000 -- that are kept, in 3 MB: most stores have the hours of others

local function special_day_key(day)
  return json.string(day.date) .. json.array(day.spans, json.string) .. json.string(day.note)
end

-- The hours of the days, laid out once for all stores that are in one zone, and have the same hours and special days.
local function schedule(of, store)
  local key = table.concat({ store.zone, store.first, shapes.hours_changes(store.hours),
    json.array(store.special_days, special_day_key) }, "\n")
  local head = '{"store_id":' .. json.string(store.id)
  local kept = of.schedules or { count = 0 }
  if not kept[key] then
    local laid_out = need(of.monitor:schedule(store.id, of:rules { from = core.format_date(store.first - 1),
      to = core.format_date(store.after_last + AHEAD) }))
    of.schedules = kept.count < SCHEDULES_MAX and kept or { count = 0 }
    kept = of.schedules
    kept.count = kept.count + 1
    kept[key] = collected(shapes.write_schedule, laid_out, instant):sub(#head + 1)
  end
  return head .. kept[key]
end

--- All that is told of one store when it is opened.
-- @tparam table of what `loom.site` has computed
-- @tparam int number of its row in the report
-- @treturn string
function stores.text(of, number)
  local monitor, id, zone = of.monitor, of.report:store(number), of.report.native:zone(number)
  local first, after_last = dates_of(of, zone)
  local from, to = core.format_date(first), core.format_date(after_last)
  local hours = need(monitor:hours(id, { on = core.format_date(after_last - 1) }))
  local special_days = need(monitor:special_days { store = id, from = core.format_date(first - PAST) })
  local explained, course, outages = explanation(of, id, from, to)
  return json.object("from", json.string(from), "to", json.string(to),
    "schedule", schedule(of, { id = id, zone = zone, first = first, after_last = after_last, hours = hours,
      special_days = special_days }),
    "explanation", explained, "timeline", course, "outages", outages,
    "hours", shapes.hours(id, hours), "timezone", shapes.zone(id, need(monitor:timezone(id))),
    "special_days", json.array(special_days, shapes.special_day),
    "exclusions", json.array(need(monitor:exclusions { store = id }), shapes.exclusion))
end

return stores
