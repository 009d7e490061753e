--- The weekly hours of a store.
-- @module loom.http.v1.hours

local cursor = require "loom.http.v1.cursor"
local editing = require "loom.http.editing"
local hours = require "loom.hours"
local overrides = require "loom.overrides"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"
local shapes = require "loom.formats.shapes"
local time = require "loom.time"

local LIMIT = 1000 -- dates of a page, which take some 40 ms
local TAGGED_MAX = 20000 -- changes that a tag is made of: so many are read in some 25 ms, and are one for each day of 54 years

-- What the tag is made of, which ends the request where there are too many changes to make one of.
local function state_of(monitor, id)
  local state, message, code = overrides.hours_state(monitor, id, TAGGED_MAX)
  if state == false then
    problem.raise(422, ("the store has more than %d changes of hours: If-Match cannot be held against them"):format(TAGGED_MAX))
  end
  return state, message, code
end

local function of_store(id)
  return "hours\0" .. id
end

local function page_json(id, found, next_one, notice)
  return shapes.hours(id, found, next_one and cursor.write(of_store(id), next_one, id) or nil, notice and tostring(notice))
end

-- A page, made of what there is at the tag's making or later: so a tag is never newer than what it was sent with.
local function send(id, parameters, notice)
  local from = parameters.cursor and cursor.read(of_store(id), parameters.cursor) or parameters.from
  local state, found, next_one
  service.call({ "store_id" }, function(opened)
    local message, code
    state, message, code = overrides.hours_state(opened.monitor, id, TAGGED_MAX)
    if state ~= nil then
      found, message, code = overrides.hours_page(opened.monitor, id, parameters.on, from, parameters.to,
        parameters.limit or LIMIT)
    end
    next_one = found and message or nil
    return found, message, code
  end)
  if state then
    editing.send_tag(state)
  end
  response.json(200, page_json(id, found, next_one, notice))
end

-- What is set: the changes, since which week is in force depends on the day.
local function current_of(id)
  return function(monitor)
    local state, message, code = state_of(monitor, id)
    if not state then
      return nil, message, code
    end
    local found, next_one, why = overrides.hours_page(monitor, id, nil, nil, nil, LIMIT)
    if not found then
      return nil, next_one, why
    end
    return state, page_json(id, found, next_one)
  end
end

local checkers = { on = time.date, from = time.date, to = time.date, limit = request.whole(1, LIMIT), cursor = cursor.checker }

local function get(arguments)
  send(arguments.store_id, request.parameters(checkers))
end

-- Sets and removes changes, date by date.
local function put_changes(id, body, parameters)
  for _, name in ipairs { "week", "effective_from", "from", "to" } do
    if body[name] ~= nil then
      problem.raise(400, name .. ": expected in a change, beside changes", { field = name })
    end
  end
  editing.change({ "store_id", "changes" }, current_of(id), function(monitor)
    return monitor:set_hours_changes(id, body.changes, editing.signed(parameters))
  end)
  send(id, {})
end

local function put(arguments)
  local id = arguments.store_id
  local parameters = editing.parameters()
  local body = request.json_object()
  if body.changes ~= nil then
    return put_changes(id, body, parameters)
  elseif body.week == nil then
    problem.raise(400, "week: is missing", { field = "week" })
  end
  local options = editing.signed(parameters, { effective_from = body.effective_from, from = body.from, to = body.to })
  local _, notice = editing.change({ "store_id", "week" }, current_of(id), function(monitor)
    return monitor:set_hours(id, body.week, options)
  end)
  local first = body.effective_from or body.from
  send(id, { on = first ~= "always" and first or nil }, notice)
end

local function from_checker(text)
  if text == "always" then
    return text
  end
  local date, expected = time.date(text)
  return date, expected and expected .. ' or "always"'
end

local function delete(arguments)
  local id = arguments.store_id
  local parameters = editing.parameters { effective_from = from_checker, from = from_checker }
  local options = editing.signed(parameters, { effective_from = parameters.effective_from, from = parameters.from })
  editing.change({ "store_id" }, current_of(id), function(monitor)
    return monitor:clear_hours(id, options)
  end)
  response.none()
end

-- ---- routes ----

local spans = { type = "array", items = { type = "string" }, description = 'Such as ["09:00-17:00"]; empty: closed.' }
local week = { type = { "object", "null" }, properties = {}, required = hours.days, additionalProperties = false,
  description = "Null: no hours, open all day." }
local seconds_of_day = { type = "integer", minimum = 0, maximum = 86400 }
local new_week = { type = "object", properties = {}, additionalProperties = false,
  description = 'A span, a list of them, or "closed" for each day; a day that is left out is closed.' }
for _, day in ipairs(hours.days) do
  week.properties[day] = spans
  new_week.properties[day] = "DaySpans"
end
local new_span = { type = { "string", "object" }, required = { "open", "close" }, additionalProperties = false,
  properties = { open = seconds_of_day, close = seconds_of_day } }
local date = { type = "string", format = "date" }
local date_or_null = { type = { "string", "null" }, format = "date" }
local effective = { type = "string", maxLength = #"0001-01-01", description = 'A local date, or "always".' }

return {
  schemas = {
    Week = week,
    NewWeek = new_week,
    NewSpan = new_span,
    DaySpans = {
      type = { "string", "array", "object" }, items = "NewSpan", required = new_span.required,
      properties = new_span.properties, additionalProperties = false,
      description = 'The spans of a day: "closed", "10:00-14:00", or a list of such; also of open and close in seconds since '
        .. "midnight, a close at or before the open being on the next day.",
    },
    HoursChange = {
      type = "object", additionalProperties = false,
      description = "A week, from a date on; or changes, date by date, which leave those of other dates as they are.",
      properties = {
        changes = { type = "array", items = "HoursDate", maxItems = overrides.CHANGES_MAX }, week = "NewWeek",
        effective_from = { type = "string",
          description = 'The first local date, or "always" (default: today where the store is).' },
        from = { type = "string", description = "The same, under the name that it once had." },
        to = { type = "string", format = "date",
          description = "The local date from which on what was in force before is so again." },
      },
    },
    HoursDate = {
      type = "object", required = { "effective_from" }, additionalProperties = false,
      description = "What begins on a date: a week, or the file's hours again; or nothing does, where it is removed.",
      properties = {
        effective_from = effective, week = "NewWeek", reverts = { type = "boolean" }, removed = { type = "boolean" },
      },
    },
    Hours = {
      type = "object", additionalProperties = false,
      required = { "store_id", "week", "effective_from", "origin", "changes", "next_cursor" },
      properties = {
        store_id = { type = "string" }, week = "Week", effective_from = date_or_null,
        origin = { type = { "string", "null" } },
        changes = {
          type = "array", maxItems = 2 * LIMIT, description = "In order of their dates.",
          items = {
            type = "object", required = { "effective_from", "origin", "reverts", "week" }, additionalProperties = false,
            properties = { effective_from = date_or_null, origin = { enum = { "file", "override" } },
              reverts = { type = "boolean" }, week = "Week" },
          },
        },
        next_cursor = cursor.schema,
        notice = { type = "string", description = "Where hours that have been set begin today for want of a date, and the newest "
          .. "poll is from before yesterday: that no report of it changes." },
      },
    },
  },
  {
    method = "GET", path = "/v1/stores/{store_id}/hours", access = "read", restricted = "store",
    is_tagged = true, handler = get, tag = "hours",
    summary = "The weekly hours of a store",
    parameters = { { name = "on", description = "A local date (default: today where the store is).",
      schema = { type = "string", format = "date" } },
      { name = "from", description = "The first date whose changes are told.", schema = date },
      { name = "to", description = "The last one.", schema = date },
      { name = "limit", description = "Dates whose changes a page has.",
        schema = { type = "integer", minimum = 1, maximum = LIMIT, default = LIMIT } },
      { name = "cursor", description = "The next_cursor of the page before.",
        schema = { type = "string", maxLength = cursor.LENGTH_MAX } } },
    responses = { [200] = { description = "The week in force on the date, and a page of all changes.", schema = "Hours",
      headers = editing.headers } },
  },
  {
    method = "PUT", path = "/v1/stores/{store_id}/hours", access = "write", is_tagged = true, handler = put, tag = "hours",
    summary = "Set the weekly hours of a store from a date on", request = { schema = "HoursChange" },
    parameters = { editing.reason, editing.if_match },
    responses = { [200] = { description = "The hours from that date on.", schema = "Hours", headers = editing.headers },
      [409] = editing.conflict },
  },
  {
    method = "DELETE", path = "/v1/stores/{store_id}/hours", access = "write", is_tagged = true, handler = delete, tag = "hours",
    summary = "Have the file's hours in force again",
    parameters = {
      { name = "effective_from", description = "Default: today where the store is.", schema = effective },
      { name = "from", description = "The same, under the name that it once had.", schema = effective },
      editing.reason, editing.if_match,
    },
    responses = { [204] = { description = "Done." }, [409] = editing.conflict },
  },
}
