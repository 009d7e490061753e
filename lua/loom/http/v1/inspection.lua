--- One store, looked at closely: its timeline, its outages, and what its figures are made of.
-- @module loom.http.v1.inspection

local check = require "loom.check"
local inspection = require "loom.inspection"
local options = require "loom.http.v1.options"
local problem = require "loom.http.problem"
local service = require "loom.http.service"
local sheet = require "loom.http.v1.sheet"
local stores = require "loom.stores"
local tasks = require "loom.http.tasks"
local time = require "loom.time"
local windows = require "loom.windows"

-- Polls and openings that one answer tells of: a week of polls every seven seconds. To explain so many takes a second of a
-- thread, 80 MB while it does, and 25 MB of JSON.
local MOST = 100000

local function end_checker(text)
  if time.days(text) then
    return text
  end
  local instant, expected = time.instant(text)
  return instant and text, not instant and expected .. ", or date" or nil
end

local span_checkers = { from = end_checker, to = end_checker, window = check.choice(windows.words),
  format = sheet.checkers.format }

-- The newest poll as text, where something has to end there; false where there are none and `or_none` allows that.
local function newest_poll(or_none)
  local newest, message, code = stores.newest_poll(service.monitor().database)
  if newest == nil then
    problem.raise_failure(message, code)
  elseif not newest and not or_none then
    problem.raise(409, "there are no polls: from and to are needed")
  end
  return newest
end

-- The stretch that is asked for, else the week up to `as_of`: two instants or dates as text, or a word alone.
local function span_of(parameters)
  local from, to = parameters.from, parameters.to
  if parameters.window then
    if from or to then
      problem.raise(400, "window: nothing expected beside from and to", { field = "window" })
    end
    return parameters.window
  end
  local is_span
  from, to, is_span = inspection.ends(from, to, function()
    local as_of = parameters.as_of and time.text(time.seen_from(parameters.as_of))
    return as_of or newest_poll(from and not time.days(from)) or from
  end)
  if not from then
    problem.raise(400, "to: two dates, or two instants expected", { field = "to" })
  elseif not is_span then
    problem.raise(400, ("to: %s after from expected"):format(time.days(to) and "a date" or "an instant"), { field = "to" })
  elseif not time.days(from) then
    from, to = time.text(time.instant(from)), time.text(time.instant(to))
  end
  return from, to
end

-- Has the answer made, and sends it. `fields`: see `service.call`; `field`: which one asks for too much; `more`: options beside
-- those of reports; `headers`: those of what is no JSON.
local function send(name, parameters, arguments, fields, field, more, headers)
  local monitor = service.monitor()
  arguments.database, arguments.default_zone = monitor.path, monitor.default_zone
  arguments.options, arguments.time = (options.report(parameters)), parameters.time
  for option, value in pairs(more) do
    arguments.options[option] = value
  end
  tasks.enter()
  local spool = service.call(fields, function()
    local made, message, code = tasks.run(name, arguments)
    if code == "EINVAL" then
      problem.raise(400, field .. ": " .. message:gsub("^E%u+: ", ""), { field = field })
    elseif code == "EINPUT" then
      problem.raise_uncomputed(message, code)
    end
    return made, message, code
  end)
  headers = headers or { ["Content-Type"] = "application/json" }
  headers["Cache-Control"] = "no-store"
  tasks.send(spool, headers)
end

local span_fields = { "store_id", "from", "to" }

local function send_spans(name, id)
  local parameters = options.read(span_checkers, false)
  options.refuse(parameters, "windows")
  options.refuse(parameters, "compare")
  local from, to = span_of(parameters)
  local arguments, headers = { store_id = id, from = from, to = to }, { ["Content-Type"] = "application/json", Vary = "Accept" }
  if sheet.is_csv(parameters) then
    arguments.csv, arguments.neutralise_formulas = true, service.neutralises_formulas()
    headers["Content-Type"], headers["Content-Disposition"] = "text/csv", ('attachment; filename="%s.csv"'):format(name)
  end
  send(name, parameters, arguments, span_fields, "from", { most = MOST }, headers)
end

local function timeline(arguments)
  send_spans("timeline", arguments.store_id)
end

local function outages(arguments)
  send_spans("outages", arguments.store_id)
end

local function explain(arguments)
  send("explain", options.read({}, false), { store_id = arguments.store_id }, { "store_id" }, "windows",
    { most = MOST })
end

local schedule_checkers = { from = time.date, to = time.date }

local function schedule(arguments)
  local parameters = options.read(schedule_checkers, false)
  options.refuse(parameters, "windows")
  options.refuse(parameters, "compare")
  send("schedule", parameters, { store_id = arguments.store_id }, { "store_id", "to" }, "to",
    { from = parameters.from, to = parameters.to })
end

-- ---- routes ----

local span = {
  type = "object", required = { "from", "to", "seconds" }, additionalProperties = false,
  properties = { from = "FormattedInstant", to = "FormattedInstant", seconds = { type = "number" } },
}
local states = { "up", "down", "unknown", "closed", "excluded" }
local statuses = { "active", "inactive" }

local span_parameters = {
  { name = "from", description = "An instant, or a date on the store's calendar. Default: a week before to.",
    schema = "Instant" },
  { name = "to", description = "An instant, or the date after the last. Default: as_of, or else the newest poll.",
    schema = "Instant" },
  { name = "window", description = "Instead of from and to, on the store's calendar up to as_of.",
    schema = { type = "string", enum = windows.words } },
  { name = "format", description = "By default csv where Accept wants text/csv more than JSON, else json. CSV has the columns "
    .. "store_id, from_utc, to_utc, of a timeline state, seconds, and what the store's clock showed: from_local, to_local.",
    schema = { type = "string", enum = { "json", "csv" } } },
}
for _, parameter in ipairs(options.without(options.parameters, { windows = true, compare = true })) do
  table.insert(span_parameters, parameter)
end

local schedule_parameters = {
  { name = "from", description = "A date. Default: six days before the one that the store's clock shows at as_of.",
    schema = { type = "string", format = "date" } },
  { name = "to", description = "The date after the last, at most 62 days after the first. Default: 14 days after it.",
    schema = { type = "string", format = "date" } },
}
for _, parameter in ipairs(options.without(options.parameters, { windows = true, compare = true })) do
  table.insert(schedule_parameters, parameter)
end

local function list_schema(name, item)
  return {
    type = "object", required = { "store_id", "from", "to", name }, additionalProperties = false,
    properties = {
      store_id = { type = "string" }, from = "FormattedInstant", to = "FormattedInstant",
      [name] = { type = "array", items = item },
    },
  }
end

local function list_of(item)
  return { type = "array", items = item }
end

local function json_or_csv(schema)
  return { ["application/json"] = { schema = schema }, ["text/csv"] = { schema = { type = "string" } } }
end

return {
  schemas = {
    Span = span,
    Timeline = list_schema("segments", {
      type = "object", required = { "from", "to", "seconds", "state" }, additionalProperties = false,
      properties = {
        from = "FormattedInstant", to = "FormattedInstant", seconds = { type = "number" }, state = { enum = states },
      },
    }),
    Outages = list_schema("outages", "Span"),
    Opening = {
      type = "object", required = { "date", "span", "rule", "from", "to" }, additionalProperties = false,
      properties = { date = { type = "string", format = "date" }, span = { type = "string" }, rule = { type = "string" },
        from = "FormattedInstant", to = "FormattedInstant" },
    },
    PollSeen = {
      type = "object", required = { "timestamp_utc", "status" }, additionalProperties = false,
      properties = { timestamp_utc = "FormattedInstant", status = { enum = statuses } },
    },
    Piece = {
      type = "object", required = { "from", "to", "seconds", "polls", "cells" }, additionalProperties = false,
      properties = {
        from = "FormattedInstant", to = "FormattedInstant", seconds = { type = "number" },
        polls = list_of "PollSeen",
        cells = list_of {
          type = "object", required = { "from", "to", "seconds", "state", "poll", "status", "reason" },
          additionalProperties = false,
          properties = {
            from = "FormattedInstant", to = "FormattedInstant", seconds = { type = "number" }, state = { enum = states },
            poll = "NullableInstant", status = { type = { "string", "null" } }, reason = { type = "string" },
          },
        },
      },
    },
    Schedule = {
      type = "object", required = { "store_id", "timezone_str", "as_of", "days" }, additionalProperties = false,
      properties = {
        store_id = { type = "string" }, timezone_str = { type = "string" }, as_of = "FormattedInstant",
        days = list_of {
          type = "object", required = { "date", "from", "to", "rule", "note", "openings" }, additionalProperties = false,
          properties = {
            date = { type = "string", format = "date" }, from = "FormattedInstant", to = "FormattedInstant",
            rule = { type = "string" }, note = { type = { "string", "null" }, description = "Of a special day." },
            openings = list_of "Opening",
          },
        },
      },
    },
    Explanation = {
      type = "object", required = { "store_id", "timezone_str", "as_of", "rules", "windows" }, additionalProperties = false,
      properties = {
        store_id = { type = "string" }, timezone_str = { type = "string" }, as_of = "FormattedInstant", rules = "Rules",
        windows = list_of {
          type = "object", additionalProperties = false,
          required = { "name", "from", "to", "uptime", "downtime", "unit", "figures", "openings", "intervals", "exclusions",
            "pieces", "polls_outside" },
          properties = {
            name = { type = "string" }, from = "FormattedInstant", to = "FormattedInstant", calendar = { type = "string" },
            before_of = { type = "string", description = "With compare: the window that this is the one before." },
            uptime = { type = "string" },
            downtime = { type = "string" }, unit = { enum = { "hours", "minutes" } }, figures = "Figures",
            openings = list_of "Opening", intervals = list_of "Span", exclusions = list_of "Span", pieces = list_of "Piece",
            polls_outside = { type = "array", items = "PollSeen", description = "In no piece: the store was closed." },
          },
        },
      },
    },
  },
  {
    method = "GET", path = "/v1/stores/{store_id}/timeline", access = "read", restricted = "store", by_revision = true,
    handler = timeline, tag = "stores",
    summary = "What a store was, moment by moment", parameters = span_parameters,
    responses = { [200] = { description = "Segments without gaps.", content = json_or_csv "Timeline" } },
  },
  {
    method = "GET", path = "/v1/stores/{store_id}/outages", access = "read", restricted = "store", by_revision = true,
    handler = outages, tag = "stores",
    summary = "The outages of a store", parameters = span_parameters,
    responses = { [200] = { description = "Maximal runs of down time; closed hours and excluded time end them.",
      content = json_or_csv "Outages" } },
  },
  {
    method = "GET", path = "/v1/stores/{store_id}/explain", access = "read", restricted = "store", by_revision = true,
    handler = explain, tag = "stores",
    summary = "Everything that made a store's figures", parameters = options.parameters,
    responses = { [200] = { description = "Openings, pieces and polls. Cells cover their piece; what exclusions take out is "
      .. "a cell of state excluded, without a poll.", schema = "Explanation" } },
  },
  {
    method = "GET", path = "/v1/stores/{store_id}/schedule", access = "read", restricted = "store", by_revision = true,
    handler = schedule, tag = "stores",
    summary = "The hours of a store, day by day, also of days to come", parameters = schedule_parameters,
    responses = { [200] = { description = "Local days, 23 or 25 hours long where clocks change, and the openings that begin on "
      .. "them. Dates that the clock skips are left out.", schema = "Schedule" } },
  },
}
