--- One store, looked at closely: its timeline, its outages, and what its figures are made of.
-- @module loom.http.v1.inspection

local json = require "loom.http.json"
local options = require "loom.http.v1.options"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"
local store_routes = require "loom.http.v1.stores"
local stores = require "loom.stores"
local time = require "loom.time"

local WEEK = 7 * 86400 * 1000000 -- microseconds
-- Seconds that one look may reach over, so that it takes some milliseconds: a quarter for states, a month in all for
-- explanations, which tell much more.
local SPAN_MAX, EXPLAINED_MAX = 92 * 86400, 31 * 86400

local number = json.number

local span_checkers = { from = request.as_text(time.instant), to = request.as_text(time.instant) }

-- The stretch that is asked for, else the week up to `as_of`, as text.
local function span_of(parameters)
  local to = parameters.to or parameters.as_of
  if not to then
    local newest, message, code = stores.newest_poll(service.monitor().database)
    if newest == nil then
      problem.raise_failure(message, code)
    elseif not newest and not parameters.from then
      problem.raise(409, "there are no polls: from and to are needed")
    end
    to = newest or parameters.from
  end
  local last = time.instant(to)
  local first = parameters.from and time.instant(parameters.from) or time.instant(time.text_after(last, -WEEK))
  local length = time.between(first, last)
  if length <= 0 then
    problem.raise(400, "to: an instant after from expected", { field = "to" })
  elseif length > SPAN_MAX * 1e6 then
    problem.raise(400, ("from: at most %d days before to expected"):format(SPAN_MAX / 86400), { field = "from" })
  end
  return time.text(first), time.text(last)
end

local function rules_of(parameters)
  local chosen = options.report(parameters)
  chosen.windows = nil
  return chosen
end

local span_fields = { "store_id", "from", "to" }

-- Asks a method of the monitor for a list of spans, and sends it under a name.
local function send_spans(id, method, name, piece_of)
  local parameters = options.read(span_checkers, false)
  if parameters.windows then
    problem.raise(400, "windows: there is no such parameter", { field = "windows" })
  end
  local from, to = span_of(parameters)
  local chosen = rules_of(parameters)
  local list = service.call(span_fields, function(state)
    return state.monitor[method](state.monitor, id, from, to, chosen)
  end)
  response.json(200, json.object("store_id", json.string(id), "from", json.string(from), "to", json.string(to),
    name, json.array(list, piece_of)))
end

local function timeline(arguments)
  send_spans(arguments.store_id, "timeline", "segments", function(segment)
    return json.object("from", json.string(segment.from_utc), "to", json.string(segment.to_utc), "seconds",
      number(segment.seconds), "state", json.string(segment.state))
  end)
end

local function span_json(span)
  return json.object("from", json.string(span.from_utc), "to", json.string(span.to_utc), "seconds", number(span.seconds))
end

local function outages(arguments)
  send_spans(arguments.store_id, "outages", "outages", span_json)
end

-- ---- explaining ----

local function opening_json(opening)
  return json.object("date", json.string(opening.date), "span", json.string(opening.span), "rule", json.string(opening.rule),
    "from", json.string(opening.from_utc), "to", json.string(opening.to_utc))
end

local function cell_json(cell)
  return json.object("from", json.string(cell.from_utc), "to", json.string(cell.to_utc), "seconds", number(cell.seconds),
    "state", json.string(cell.state), "poll", json.text(cell.poll_utc), "status", json.text(cell.status),
    "reason", json.string(cell.reason))
end

local function poll_json(poll)
  return json.object("timestamp_utc", json.string(poll.at_utc), "status", json.string(poll.status))
end

local function piece_json(piece)
  return json.object("from", json.string(piece.from_utc), "to", json.string(piece.to_utc), "seconds", number(piece.seconds),
    "polls", json.array(piece.polls, poll_json), "cells", json.array(piece.cells, cell_json))
end

local function figures_json(figures)
  return require("loom.formats.values").figures(figures)
end

local function window_json(window)
  return json.object("name", json.string(window.name), "from", json.string(window.from_utc), "to", json.string(window.to_utc),
    "uptime", json.string(window.printed.uptime), "downtime", json.string(window.printed.downtime),
    "unit", json.string(window.unit), "figures", figures_json(window.figures),
    "openings", json.array(window.openings, opening_json), "intervals", json.array(window.intervals, span_json),
    "exclusions", json.array(window.exclusions, span_json), "pieces", json.array(window.pieces, piece_json))
end

local function check_windows(windows)
  local total = 0
  for _, window in ipairs(windows or {}) do
    total = total + (window.from and time.between(time.instant(window.from), time.instant(window.to))
      or time.duration(window.seconds))
  end
  if total > EXPLAINED_MAX * 1e6 then
    problem.raise(400, ("windows: at most %d days in all expected"):format(EXPLAINED_MAX / 86400), { field = "windows" })
  end
end

local function explain(arguments)
  local id = arguments.store_id
  local chosen = options.report(options.read({}, false))
  check_windows(chosen.windows)
  local found = service.call({ "store_id" }, function(state)
    return state.monitor:explain(id, chosen)
  end)
  response.json(200, json.object("store_id", json.string(id), "timezone_str", json.string(found.timezone),
    "as_of", json.string(found.as_of_utc), "rules", store_routes.rules_json(found.rules),
    "windows", json.array(found.windows, window_json)))
end

-- ---- routes ----

local span = {
  type = "object", required = { "from", "to", "seconds" }, additionalProperties = false,
  properties = { from = "Instant", to = "Instant", seconds = { type = "number" } },
}
local states = { "up", "down", "unknown", "closed", "excluded" }
local statuses = { "active", "inactive" }

local span_parameters = {
  { name = "from", description = "Default: a week before to.", schema = "Instant" },
  { name = "to", description = "At most 92 days after from (default: the newest poll).", schema = "Instant" },
}
for _, parameter in ipairs(options.parameters) do
  if parameter.name ~= "windows" then
    table.insert(span_parameters, parameter)
  end
end

local function list_schema(name, item)
  return {
    type = "object", required = { "store_id", "from", "to", name }, additionalProperties = false,
    properties = { store_id = { type = "string" }, from = "Instant", to = "Instant", [name] = { type = "array", items = item } },
  }
end

local function list_of(item)
  return { type = "array", items = item }
end

return {
  schemas = {
    Span = span,
    Timeline = list_schema("segments", {
      type = "object", required = { "from", "to", "seconds", "state" }, additionalProperties = false,
      properties = { from = "Instant", to = "Instant", seconds = { type = "number" }, state = { enum = states } },
    }),
    Outages = list_schema("outages", "Span"),
    Opening = {
      type = "object", required = { "date", "span", "rule", "from", "to" }, additionalProperties = false,
      properties = { date = { type = "string", format = "date" }, span = { type = "string" }, rule = { type = "string" },
        from = "Instant", to = "Instant" },
    },
    Piece = {
      type = "object", required = { "from", "to", "seconds", "polls", "cells" }, additionalProperties = false,
      properties = {
        from = "Instant", to = "Instant", seconds = { type = "number" },
        polls = list_of {
          type = "object", required = { "timestamp_utc", "status" }, additionalProperties = false,
          properties = { timestamp_utc = "Instant", status = { enum = statuses } },
        },
        cells = list_of {
          type = "object", required = { "from", "to", "seconds", "state", "poll", "status", "reason" },
          additionalProperties = false,
          properties = {
            from = "Instant", to = "Instant", seconds = { type = "number" }, state = { enum = states },
            poll = { type = { "string", "null" } }, status = { type = { "string", "null" } }, reason = { type = "string" },
          },
        },
      },
    },
    Explanation = {
      type = "object", required = { "store_id", "timezone_str", "as_of", "rules", "windows" }, additionalProperties = false,
      properties = {
        store_id = { type = "string" }, timezone_str = { type = "string" }, as_of = "Instant", rules = "Rules",
        windows = list_of {
          type = "object", additionalProperties = false,
          required = { "name", "from", "to", "uptime", "downtime", "unit", "figures", "openings", "intervals", "exclusions",
            "pieces" },
          properties = {
            name = { type = "string" }, from = "Instant", to = "Instant", uptime = { type = "string" },
            downtime = { type = "string" }, unit = { enum = { "hours", "minutes" } }, figures = "Figures",
            openings = list_of "Opening", intervals = list_of "Span", exclusions = list_of "Span", pieces = list_of "Piece",
          },
        },
      },
    },
  },
  {
    method = "GET", path = "/v1/stores/{store_id}/timeline", access = "read", handler = timeline, tag = "stores",
    summary = "What a store was, moment by moment", parameters = span_parameters,
    responses = { [200] = { description = "Segments without gaps.", schema = "Timeline" } },
  },
  {
    method = "GET", path = "/v1/stores/{store_id}/outages", access = "read", handler = outages, tag = "stores",
    summary = "The outages of a store", parameters = span_parameters,
    responses = { [200] = { description = "Maximal runs of down time; closed hours and excluded time end them.",
      schema = "Outages" } },
  },
  {
    method = "GET", path = "/v1/stores/{store_id}/explain", access = "read", handler = explain, tag = "stores",
    summary = "Everything that made a store's figures", parameters = options.parameters,
    responses = { [200] = { description = "Openings, pieces and polls. Cells cover their piece; what exclusions take out is "
      .. "a cell of state excluded, without a poll.", schema = "Explanation" } },
  },
}
