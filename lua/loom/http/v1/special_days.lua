--- Dates whose openings replace the weekly hours: of one store, or of all.
-- @module loom.http.v1.special_days

local cursor = require "loom.http.v1.cursor"
local editing = require "loom.http.editing"
local json = require "loom.json"
local overrides = require "loom.overrides"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"
local shapes = require "loom.formats.shapes"
local time = require "loom.time"

local EVERY = "*" -- what the library calls all stores

local LIMIT = 1000 -- dates of a page, which take some 15 ms

local checkers = { from = time.date, to = time.date, limit = request.whole(1, LIMIT), cursor = cursor.checker }

-- The store of the path; that it is known is checked where it need not be made.
local function store_of(arguments, must_be_known)
  local id = arguments.store_id
  if id == EVERY then
    problem.raise(400, "store_id: special days of all stores are those of the path special-days", { field = "store_id" })
  elseif id and must_be_known then
    service.call({ "store_id" }, function(state)
      return state.monitor:store(id)
    end)
  end
  return id or EVERY
end

local function days_of(id, from, to)
  return service.call({ store = "store_id", from = "date", to = "date" }, function(state)
    return state.monitor:special_days { store = id, from = from, to = to }
  end)
end

-- Where a page begins: no earlier than what its cursor has.
local function first_of(of, parameters)
  local from, place = parameters.from, nil
  if parameters.cursor then
    place = cursor.read(of, parameters.cursor)
  end
  return place and (not from or from < place) and place or from
end

local function list(arguments)
  local parameters = request.parameters(checkers)
  local id = store_of(arguments, true)
  local of = "special days\0" .. id
  local from = first_of(of, parameters)
  local ends = service.call(nil, function(state)
    return overrides.special_days_ends(state.monitor, id, from, parameters.to, parameters.limit or LIMIT)
  end)
  local last, next_one = ends[1], ends[2]
  local days = last and days_of(id, from, last) or {}
  response.json(200, json.object("special_days", json.array(days, shapes.special_day),
    "next_cursor", json.text(next_one and cursor.write(of, next_one, id) or nil)))
end

local function send(id, date)
  local day = days_of(id, date, date)[1]
  if not day then
    problem.raise(404, "there is no special day on " .. date)
  end
  editing.send_tag(shapes.special_day(day))
  response.json(200, shapes.special_day(day))
end

-- What is set.
local function current_of(id, date)
  return editing.current(function(monitor)
    return monitor:special_days { store = id, from = date, to = date }
  end, function(days)
    return days[1] and shapes.special_day(days[1])
  end)
end

local function get(arguments)
  request.parameters {}
  send(store_of(arguments, true), arguments.date)
end

local function put(arguments)
  local id, date = store_of(arguments), arguments.date
  local parameters = editing.parameters()
  local body = request.json_object()
  if not time.days(date) then -- which is asked before it is known what is set
    problem.raise(400, "date: a date expected", { field = "date" })
  end
  editing.change({ "store_id", "date", "spans", "note" }, current_of(id, date), function(monitor)
    return monitor:set_special_day(id, date, body.spans, body.note, editing.signed(parameters))
  end)
  send(id, date)
end

local function delete(arguments)
  local parameters = editing.parameters { loaded = request.flag }
  local id, date = store_of(arguments, true), arguments.date
  if not time.days(date) then
    problem.raise(400, "date: a date expected", { field = "date" })
  end
  editing.change({ "store_id", "date" }, current_of(id, date), function(monitor)
    return monitor:clear_special_day(id, date, editing.signed(parameters, { loaded = parameters.loaded }))
  end)
  response.none()
end

-- ---- routes ----

local routes = {
  schemas = {
    SpecialDay = {
      type = "object", required = { "store_id", "date", "spans", "note", "origin" }, additionalProperties = false,
      properties = {
        store_id = { type = "string", description = "* stands for all stores." }, date = { type = "string", format = "date" },
        spans = { type = "array", items = { type = "string" }, description = "Empty: closed." },
        note = { type = "string" }, origin = { enum = { "file", "override" } },
      },
    },
    SpecialDays = {
      type = "object", required = { "special_days", "next_cursor" }, additionalProperties = false,
      properties = { special_days = { type = "array", maxItems = LIMIT, items = "SpecialDay" }, next_cursor = cursor.schema },
    },
    SpecialDayChange = {
      type = "object", required = { "spans" }, additionalProperties = false,
      properties = {
        spans = "DaySpans",
        note = { type = "string" },
      },
    },
  },
}

-- The routes below a path.
local function add(path, whose, restricted)
  local date = { type = "string", format = "date" }
  local of_date = path .. "/{date}"
  for _, route in ipairs {
    {
      method = "GET", path = path, access = "read", restricted = restricted, handler = list,
      summary = "The special days of " .. whose,
      parameters = { { name = "from", description = "The first date.", schema = date },
        { name = "to", description = "The last date.", schema = date },
        { name = "limit", schema = { type = "integer", minimum = 1, maximum = LIMIT, default = LIMIT } },
        { name = "cursor", description = "The next_cursor of the page before.",
          schema = { type = "string", maxLength = cursor.LENGTH_MAX } } },
      responses = { [200] = { description = "A page of special days in order of date.", schema = "SpecialDays" } },
    },
    {
      method = "GET", path = of_date, access = "read", restricted = restricted, is_tagged = true, handler = get,
      summary = "A special day of " .. whose,
      responses = { [200] = { description = "The special day.", schema = "SpecialDay", headers = editing.headers } },
    },
    {
      method = "PUT", path = of_date, access = "write", is_tagged = true, handler = put,
      summary = "Set a special day of " .. whose,
      request = { schema = "SpecialDayChange" }, parameters = { editing.reason, editing.if_match },
      responses = { [200] = { description = "The special day.", schema = "SpecialDay", headers = editing.headers },
        [409] = editing.conflict },
    },
    {
      method = "DELETE", path = of_date, access = "write", is_tagged = true, handler = delete,
      summary = "Remove a special day of " .. whose .. " that was set by hand",
      parameters = { { name = "loaded", description = "Remove what files brought, too.", schema = { type = "boolean" } },
        editing.reason, editing.if_match },
      responses = { [204] = { description = "Done." }, [409] = editing.conflict },
    },
  } do
    route.tag = "hours"
    routes[#routes + 1] = route
  end
end

add("/v1/stores/{store_id}/special-days", "a store", "store")
add("/v1/special-days", "all stores", "nothing")

return routes
