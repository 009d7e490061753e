--- The weekly hours of a store.
-- @module loom.http.v1.hours

local hours = require "loom.hours"
local json = require "loom.json"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"
local time = require "loom.time"

-- Every day of a week; null for none, which is open all day.
local function week_json(week)
  if not week then
    return json.null
  end
  local members = {}
  for i, day in ipairs(hours.days) do
    members[2 * i - 1], members[2 * i] = day, json.array(week[day] or {}, json.string)
  end
  return json.object(unpack(members))
end

local function change_json(change)
  return json.object("effective_from", json.text(change.from), "origin", json.string(change.origin),
    "reverts", json.boolean(change.reverts), "week", week_json(change.week))
end

local function send(id, date)
  local found = service.call({ "store_id" }, function(state)
    return state.monitor:hours(id, { on = date })
  end)
  response.json(200, json.object("store_id", json.string(id), "week", week_json(found.week),
    "effective_from", json.text(found.from), "origin", json.text(found.origin),
    "changes", json.array(found.changes, change_json)))
end

local function get(arguments)
  send(arguments.store_id, request.parameters({ on = time.date }).on)
end

local function put(arguments)
  local id = arguments.store_id
  request.parameters {}
  local body = request.fields({ "week", "from", "to" }, "week")
  service.call({ "store_id", "week" }, function(state)
    return state.monitor:set_hours(id, body.week, { from = body.from, to = body.to })
  end)
  send(id, body.from ~= "always" and body.from or nil)
end

local function from_checker(text)
  if text == "always" then
    return text
  end
  local date, expected = time.date(text)
  return date, expected and expected .. ' or "always"'
end

local function delete(arguments)
  local from = request.parameters({ from = from_checker }).from
  service.call({ "store_id" }, function(state)
    return state.monitor:clear_hours(arguments.store_id, { from = from })
  end)
  response.none()
end

-- ---- routes ----

local spans = { type = "array", items = { type = "string" }, description = 'Such as ["09:00-17:00"]; empty: closed.' }
local week = { type = { "object", "null" }, properties = {}, required = hours.days, additionalProperties = false,
  description = "Null: no hours, open all day." }
local new_week = { type = "object", properties = {}, additionalProperties = false,
  description = 'A span, a list of them, or "closed" for each day; a day that is left out is closed.' }
for _, day in ipairs(hours.days) do
  week.properties[day] = spans
  new_week.properties[day] = { type = { "string", "array" }, items = { type = "string" } }
end
local date_or_null = { type = { "string", "null" }, format = "date" }
local effective = { type = "string", description = 'A local date, or "always".' }

return {
  schemas = {
    Week = week,
    HoursChange = {
      type = "object", required = { "week" }, additionalProperties = false,
      properties = {
        week = new_week,
        from = { type = "string", description = 'The first local date, or "always" (default: today where the store is).' },
        to = { type = "string", format = "date",
          description = "The local date from which on what was in force before is so again." },
      },
    },
    Hours = {
      type = "object", required = { "store_id", "week", "effective_from", "origin", "changes" }, additionalProperties = false,
      properties = {
        store_id = { type = "string" }, week = "Week", effective_from = date_or_null,
        origin = { type = { "string", "null" } },
        changes = {
          type = "array",
          items = {
            type = "object", required = { "effective_from", "origin", "reverts", "week" }, additionalProperties = false,
            properties = { effective_from = date_or_null, origin = { enum = { "file", "override" } },
              reverts = { type = "boolean" }, week = "Week" },
          },
        },
      },
    },
  },
  {
    method = "GET", path = "/v1/stores/{store_id}/hours", access = "read", handler = get, tag = "hours",
    summary = "The weekly hours of a store",
    parameters = { { name = "on", description = "A local date (default: today where the store is).",
      schema = { type = "string", format = "date" } } },
    responses = { [200] = { description = "The week in force on the date, and all changes.", schema = "Hours" } },
  },
  {
    method = "PUT", path = "/v1/stores/{store_id}/hours", access = "write", handler = put, tag = "hours",
    summary = "Set the weekly hours of a store from a date on", request = { schema = "HoursChange" },
    responses = { [200] = { description = "The hours from that date on.", schema = "Hours" } },
  },
  {
    method = "DELETE", path = "/v1/stores/{store_id}/hours", access = "write", handler = delete, tag = "hours",
    summary = "Have the file's hours in force again",
    parameters = { { name = "from", description = "Default: today where the store is.", schema = effective } },
    responses = { [204] = { description = "Done." } },
  },
}
