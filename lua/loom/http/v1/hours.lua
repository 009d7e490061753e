--- The weekly hours of a store.
-- @module loom.http.v1.hours

local hours = require "loom.hours"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"
local shapes = require "loom.formats.shapes"
local time = require "loom.time"

local function send(id, date, notice)
  local found = service.call({ "store_id" }, function(state)
    return state.monitor:hours(id, { on = date })
  end)
  response.json(200, shapes.hours(id, found, notice and tostring(notice)))
end

local function get(arguments)
  send(arguments.store_id, request.parameters({ on = time.date }).on)
end

local function put(arguments)
  local id = arguments.store_id
  request.parameters {}
  local body = request.fields({ "week", "effective_from", "from", "to" }, "week")
  local _, notice = service.call({ "store_id", "week" }, function(state)
    return state.monitor:set_hours(id, body.week, { effective_from = body.effective_from, from = body.from, to = body.to })
  end)
  local first = body.effective_from or body.from
  send(id, first ~= "always" and first or nil, notice)
end

local function from_checker(text)
  if text == "always" then
    return text
  end
  local date, expected = time.date(text)
  return date, expected and expected .. ' or "always"'
end

local function delete(arguments)
  local parameters = request.parameters { effective_from = from_checker, from = from_checker }
  service.call({ "store_id" }, function(state)
    return state.monitor:clear_hours(arguments.store_id, parameters)
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
        effective_from = { type = "string",
          description = 'The first local date, or "always" (default: today where the store is).' },
        from = { type = "string", description = "The same, under the name that it once had." },
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
        notice = { type = "string", description = "Where hours that have been set begin today for want of a date, and the newest "
          .. "poll is from before yesterday: that no report of it changes." },
      },
    },
  },
  {
    method = "GET", path = "/v1/stores/{store_id}/hours", access = "read", restricted = "store", handler = get, tag = "hours",
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
    parameters = {
      { name = "effective_from", description = "Default: today where the store is.", schema = effective },
      { name = "from", description = "The same, under the name that it once had.", schema = effective },
    },
    responses = { [204] = { description = "Done." } },
  },
}
