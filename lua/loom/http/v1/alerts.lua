--- Alerts: what fires, what has fired, what was told of it, and why.
-- @module loom.http.v1.alerts

local book = require "loom.alerts.book"
local alert_shapes = require "loom.formats.alert_shapes"
local check = require "loom.check"
local core = require "loom.core"
local cursor = require "loom.http.v1.cursor"
local editing = require "loom.http.editing"
local instants = require "loom.formats.instants"
local page = require "loom.http.v1.page"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local restriction = require "loom.http.restriction"
local router = require "loom.http.router"
local rules = require "loom.alerts.rules"
local service = require "loom.http.service"
local tasks = require "loom.http.tasks"
local time = require "loom.time"

local VALUES_MAX = 100 -- of all conditions together

local KINDS = { "store", "group", "fleet", "system" }
local STATES = { "open", "firing", "resolving", "resolved", "expired" }

local time_form = check.choice(instants.names)

local function texts(choices)
  local one = choices and check.choice(choices) or check.text
  return function(list)
    for _, text in ipairs(list) do
      local good, expected = one(text)
      if not good then
        return nil, expected
      end
    end
    return #list <= VALUES_MAX and list or nil, ("up to %d values"):format(VALUES_MAX)
  end
end

local checkers = {
  state = texts(STATES), severity = texts(rules.severities), rule = texts(), store_id = texts(), kind = texts(KINDS),
  from = request.as_text(time.instant), to = request.as_text(time.instant), limit = request.whole(1, book.LIMIT_MAX),
  cursor = cursor.checker, time = time_form,
}
local LISTS = { state = true, severity = true, rule = true, store_id = true, kind = true }

-- The attributes that stores of alerts must have; nil: alerts may be of anything.
local function where_of(parameters)
  local where = restriction.narrow(parameters["where."])
  local count = 0
  for name, values in pairs(where) do
    count = count + #values
    if name == "" then
      problem.raise(400, "where.: the name of an attribute expected", { field = "where." })
    end
  end
  if count > VALUES_MAX then
    problem.raise(400, ("where: at most %d values expected"):format(VALUES_MAX), { field = "where" })
  end
  return next(where) and where or nil
end

-- What is asked for, as one text, so that a cursor of it is none of anything else.
local function key_of(filter)
  return "alerts\0" .. require "loom.canonical"(filter)
end

-- A page is made by a thread, since it may pass over many alerts of which few are wanted.
local function list()
  local parameters = request.parameters(checkers, { ["where."] = true }, LISTS)
  local limit = parameters.limit or book.LIMIT
  local filter = { state = parameters.state, severity = parameters.severity, rule = parameters.rule,
    store_id = parameters.store_id, kind = parameters.kind, from = parameters.from, to = parameters.to,
    where = where_of(parameters) }
  local of = key_of(filter)
  if parameters.cursor then
    local _, number = cursor.read(of, parameters.cursor)
    filter.before = tonumber(number)
  end
  filter.limit = math.min(limit + 1, book.LIMIT_MAX)
  page.send("alerts", of, { filter = filter, limit = math.min(limit, book.LIMIT_MAX - 1), time = parameters.time,
    prefix = router.link "" }, { where = "where" })
end

-- An alert that who asks sees: of the others they hear as of those that there are not.
local function find(id)
  local alert = service.call({ "id" }, function(state)
    return state.monitor:alert(id)
  end)
  if restriction.where() then
    if alert.subject.kind ~= "store" or not restriction.sees(alert.subject.id) then
      problem.raise_failure(("ENOENT: there is no alert %s"):format(check.shown(id)), "ENOENT")
    end
    alert.deliveries = {} -- of channels they know nothing
  end
  return alert
end

local function get(arguments)
  local parameters = request.parameters { time = time_form }
  response.json(200, alert_shapes.whole_alert(find(arguments.id), instants.of(parameters.time), router.link))
end

local function send_changed(alert)
  response.json(200, alert_shapes.whole_alert(alert, instants.of(), router.link))
end

-- What has ended takes no acknowledgement.
local function acknowledge(id, ack)
  local parameters = editing.parameters()
  local alert, message, code = service.patiently(function(state)
    local signed = editing.signed(parameters)
    if ack and not ack.who then
      ack.who = signed.by
    end
    return state.monitor:acknowledge(id, ack, signed)
  end)
  if not alert then
    problem.raise_failure(message, code, nil, code == "EINVAL" and 409 or nil)
  end
  send_changed(alert)
end

local function put_ack(arguments)
  local body = request.json_object()
  if body["until"] then
    local instant, expected = time.instant(body["until"])
    if not instant then
      problem.raise(400, "until: " .. expected .. " expected", { field = "until" })
    end
  end
  acknowledge(arguments.id, body)
end

local function delete_ack(arguments)
  acknowledge(arguments.id, nil)
end

-- The instant that an alert is explained at: the one that is asked for, or the newest poll.
local function send_explanation(options, parameters, alert)
  tasks.enter()
  local spool = service.call({ store = "store_id", at = "at" }, function(state)
    return tasks.run("explain_alert", { database = state.monitor.path, default_zone = state.monitor.default_zone,
      options = options, time = parameters.time, prefix = router.link "", alert = alert,
      hides_deliveries = restriction.where() ~= nil })
  end)
  tasks.send(spool, { ["Content-Type"] = "application/json", ["Cache-Control"] = "no-store" })
end

local explain_checkers = { at = request.as_text(time.instant), time = time_form }

local function explain(arguments)
  local parameters = request.parameters(explain_checkers)
  local alert = find(arguments.id)
  local kind = alert.subject.kind
  if kind == "system" and alert.rule ~= "stale" then
    problem.raise(409, "of the alerts of the system stale alone can be explained")
  end
  send_explanation({ rule = alert.rule, subject = (kind == "store" or kind == "group") and alert.subject.id or nil,
    at = parameters.at }, parameters, alert.id)
end

local function explain_rule(arguments)
  local parameters = request.parameters { at = explain_checkers.at, time = time_form, store_id = check.store_id }
  if not parameters.store_id then
    problem.raise(400, "store_id: is missing", { field = "store_id" })
  elseif not restriction.sees(parameters.store_id) then
    problem.raise_failure(('ENOENT: store "%s" is not known'):format(parameters.store_id), "ENOENT")
  end
  service.call(nil, function(state) -- that it is known
    return state.monitor:store(parameters.store_id)
  end)
  send_explanation({ rule = arguments.name, store = parameters.store_id, at = parameters.at }, parameters)
end

-- ---- routes ----

local text, nullable_text = { type = "string" }, { type = { "string", "null" } }
local nullable_number, flag = { type = { "number", "null" } }, { type = "boolean" }

local function object(properties, optional)
  local required = {}
  for name in pairs(properties) do
    if not (optional and optional[name]) then
      required[#required + 1] = name
    end
  end
  table.sort(required)
  return { type = "object", required = required, additionalProperties = false, properties = properties }
end

local acknowledged = { who = nullable_text, note = nullable_text, at = "FormattedInstant", ["until"] = "NullableInstant" }

local absences = { "closed", "excluded", "dormant", "held", "unknown" }

local function alert_properties(more)
  local properties = {
    id = { type = "string", description = "Of one firing of a rule for a subject; all its events and messages have it." },
    rule = { type = "string", description = "Its name, or of Loom's own such as stale." }, severity = { enum = rules.severities },
    subject = object { kind = { enum = KINDS }, id = text, timezone_str = nullable_text },
    state = { enum = book.states }, since = "FormattedInstant",
    at = { anyOf = { "FormattedInstant" }, description = "When it fired." }, ended = "NullableInstant",
    reason = nullable_text, value = nullable_number, unit = nullable_text, threshold = nullable_number, text = nullable_text,
    flags = object { acknowledged = flag, silenced = flag, muted = flag, inhibited = flag, flapping = flag, frozen = flag },
    inhibited_by = { type = { "string", "null" }, description = "The alert that speaks for it." },
    ack = { anyOf = { object(acknowledged), { type = "null" } } },
    links = object { self = text, store = nullable_text },
  }
  for name, schema in pairs(more or {}) do
    properties[name] = schema
  end
  return properties
end

local event = object { id = nullable_text, state = nullable_text, reason = nullable_text, at = "NullableInstant",
  since = "NullableInstant", value = nullable_number, unit = nullable_text, threshold = nullable_number, text = nullable_text }

local time_parameter = { name = "time", description = "The form of instants.",
  schema = { type = "string", enum = instants.names, default = "text" } }
local instant = { anyOf = { "Instant" } }
local at_parameter = { name = "at", description = "An instant (default: the newest poll).", schema = instant }

local function some(name, description, choices)
  return { name = name, description = description .. "; given more than once, one of them.",
    schema = { type = "array", maxItems = VALUES_MAX, items = { type = "string", enum = choices } } }
end

local one = { [200] = { description = "The alert.", schema = "WholeAlert" } }
local changed = { [200] = one[200], [409] = { description = "It has ended.", problem = true } }

return {
  schemas = {
    Alert = object(alert_properties()),
    Alerts = object { alerts = { type = "array", items = "Alert" }, next_cursor = cursor.schema },
    WholeAlert = object(alert_properties {
      events = { type = "array", maxItems = 1000, items = event, description = "As they were told, the oldest first." },
      deliveries = {
        type = "array", maxItems = 1000, description = "Tries to tell them: none where the token is for some stores alone.",
        items = object { id = text, channel = text, kind = text, event = text, state = text,
          outcome = { enum = { "pending", "delivered", "dead", "dropped" } }, made = "FormattedInstant", due = "FormattedInstant",
          ended = "NullableInstant", tries = { type = "integer", minimum = 0 }, answer = nullable_text },
      },
    }),
    Acknowledgement = {
      type = "object", additionalProperties = false,
      properties = {
        who = { type = "string", maxLength = 200, description = "By default the name of the token." },
        note = { type = "string", maxLength = 1000 },
        ["until"] = { anyOf = { "Instant" }, description = "When it ends; by default with the alert." },
      },
    },
    AlertExplanation = object {
      rule = text, kind = text, of = { enum = KINDS }, store_id = nullable_text, group = nullable_text,
      at = "NullableInstant", result = { enum = { "true", "false", "none" } },
      absence = { anyOf = { { enum = absences }, { type = "null" } } }, value = nullable_number, unit = text,
      threshold = nullable_number, phase = { enum = { "ok", "pending", "firing", "resolving" } }, flapping = flag, stale = flag,
      results = { type = "integer", minimum = 0, description = "How many results are remembered." },
      evidence = { type = "object", description = "What the value was made from." },
      polls = { type = "array", maxItems = 100, description = "Of a store, the last ones that were looked at.",
        items = object { at = "FormattedInstant", active = flag } },
      events = { type = "array", items = event, description = "Of the day before." },
      alert = { anyOf = { "WholeAlert", { type = "null" } }, description = "The one that is explained, or the last one that had "
        .. "begun: its flags, what was told of it, and where." },
    },
  },
  {
    method = "GET", path = "/v1/alerts", access = "read", restricted = "choice", handler = list, tag = "alerts",
    summary = "Alerts: what fires, and what has fired",
    parameters = {
      some("state", "open is both firing and resolving", STATES), some("severity", "How bad it is", rules.severities),
      some("rule", "The name of a rule"), some("store_id", "The id of a store"), some("kind", "What it is about", KINDS),
      { name = "where.ATTRIBUTE", description = "A value that the attribute of the store must have; given more than once, one of "
        .. "them.", schema = text },
      { name = "from", description = "Those that were open at this instant, or later.", schema = instant },
      { name = "to", description = "Those that fired before this instant.", schema = instant },
      { name = "limit", description = "A page may have fewer.",
        schema = { type = "integer", minimum = 1, maximum = book.LIMIT_MAX, default = book.LIMIT } },
      { name = "cursor", description = "The next_cursor of the page before.",
        schema = { type = "string", maxLength = cursor.LENGTH_MAX } },
      time_parameter,
    },
    responses = { [200] = { description = "A page of alerts, the newest first.", schema = "Alerts" } },
  },
  {
    method = "GET", path = "/v1/alerts/{id}", access = "read", restricted = "choice", handler = get, tag = "alerts",
    summary = "An alert, with what was told of it", parameters = { time_parameter }, responses = one,
  },
  {
    method = "PUT", path = "/v1/alerts/{id}/ack", access = "write", handler = put_ack, tag = "alerts",
    summary = "Acknowledge an alert: it is not told again until it ends", request = { schema = "Acknowledgement" },
    parameters = { editing.reason }, responses = changed,
  },
  {
    method = "DELETE", path = "/v1/alerts/{id}/ack", access = "write", handler = delete_ack, tag = "alerts",
    summary = "Take an acknowledgement back", parameters = { editing.reason }, responses = changed,
  },
  {
    method = "GET", path = "/v1/alerts/{id}/explain", access = "read", restricted = "choice", handler = explain, tag = "alerts",
    summary = "Why an alert fires, or why not: by the rule as it is now", parameters = { at_parameter, time_parameter },
    responses = { [200] = { description = "The explanation.", schema = "AlertExplanation" },
      [409] = { description = "It is one of the system's, and not stale.", problem = true } },
  },
  {
    method = "GET", path = "/v1/alert-rules/{name}/explain", access = "read", restricted = "choice", handler = explain_rule,
    tag = "alerts", summary = "Why a rule fires for a store, or why not",
    parameters = { { name = "store_id", required = true, schema = { type = "string", maxLength = core.limits.store_id } },
      at_parameter, time_parameter },
    responses = { [200] = { description = "The explanation.", schema = "AlertExplanation" } },
  },
}
