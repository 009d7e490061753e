--- What alerts go by: rules, channels, silences, mutes and objectives; and what a rule would have told of the past.
--
-- Over HTTP nothing is set that runs programs on this machine, or reads its files: a channel of the kind `command`, and secrets
-- and certificates from files, are set where the database is (`loom apply`). Here they are shown as `true`, which also leaves
-- them as they are.
-- @module loom.http.v1.alert_configuration

local alert_shapes = require "loom.formats.alert_shapes"
local backtest = require "loom.alerts.backtest"
local channel_store = require "loom.agent.channel_store"
local channels = require "loom.agent.channels"
local check = require "loom.check"
local configuration = require "loom.alerts.configuration"
local cursor = require "loom.http.v1.cursor"
local editing = require "loom.http.editing"
local instants = require "loom.formats.instants"
local json = require "loom.json"
local pages = require "loom.http.v1.page"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local router = require "loom.http.router"
local rules = require "loom.alerts.rules"
local service = require "loom.http.service"
local tasks = require "loom.http.tasks"
local time = require "loom.time"

local LIMIT, LIMIT_MAX = 100, 1000
local STRIDE = 20 -- definitions read at a time: each may have 64 KB
local BACKTEST_BYTES = 1024 * 1024 -- of which days and names are a few KB

-- ---- one of a kind, as it is told ----

-- A channel as clients see it: with what there is on this machine as `true`.
local function public_channel(definition)
  local hidden, copy = channel_store.local_of(definition.kind), {}
  for name, value in pairs(definition) do
    copy[name] = hidden[name] and true or value
  end
  return copy
end

local function instant_of(microseconds)
  return microseconds and time.text(microseconds) or nil
end

local function status_of(channel)
  local instant = instants.of()
  return json.object("disabled", json.boolean(channel.disabled ~= nil), "disabled_reason", json.text(channel.disabled_reason),
    "failing_since", instant(instant_of(channel.failing)), "hold_until",
    instant(channel.hold > 0 and instant_of(channel.hold) or nil), "awaited", json.array(channel.awaited, json.string),
    "last_outcome", json.text(channel.last_outcome), "last_at", instant(instant_of(channel.last)))
end

-- What decides the tag of an item.
local function state_of(item)
  return alert_shapes.definition(item.kind == "channel" and public_channel(item.definition) or item.definition)
end

local function text_of(item)
  local text = state_of(item)
  if item.kind == "channel" then
    text = ('%s, "status": %s }'):format(text:sub(1, -3), status_of(item.channel))
  end
  return text
end

local function current_of(kind, name)
  return editing.current(function(monitor)
    local item, message, code = configuration.get(monitor, kind, name)
    return item ~= nil and { item = item }, message, code
  end, function(found)
    return found.item and state_of(found.item)
  end)
end

local function find(kind, name)
  local item = service.call(nil, function(state)
    return configuration.get(state.monitor, kind, name)
  end)
  if not item then
    problem.raise(404, ("%s %s is not known"):format(kind, check.shown(name)))
  end
  return item
end

local function send(item, status)
  editing.send_tag(state_of(item))
  response.json(status or 200, text_of(item))
end

-- ---- lists ----

-- The items after a name, as many as a page has, and whether there are more.
local function page_of(monitor, kind, after, limit)
  local pieces, bytes = {}, 0
  while true do
    local items, message, code = configuration.list(monitor, kind, nil, { after = after, limit = STRIDE })
    if not items then
      return nil, message, code
    end
    for _, item in ipairs(items) do
      if #pieces >= limit or bytes >= pages.BYTES then
        return { pieces = pieces, last = after }
      end
      after = item.name
      pieces[#pieces + 1] = text_of(item)
      bytes = bytes + #pieces[#pieces]
    end
    if #items ~= STRIDE then
      return { pieces = pieces }
    end
  end
end

local function lister(kind, plural)
  return function()
    local parameters = request.parameters { limit = request.whole(1, LIMIT_MAX), cursor = cursor.checker }
    local after
    if parameters.cursor then
      after = select(2, cursor.read(plural, parameters.cursor))
    end
    local page = service.call(nil, function(state)
      return page_of(state.monitor, kind, after, parameters.limit or LIMIT)
    end)
    local more = page.last and cursor.write(plural, "", page.last) or nil
    response.json(200, json.object(plural, "[" .. table.concat(page.pieces, ",\n") .. "]", "next_cursor", json.text(more)))
  end
end

-- ---- changes ----

local schemas -- of the kinds, by which a failure is one of a field

-- The field that a definition was refused for, as failures name it: "EINVAL: rule night: when.time: …".
local function field_of(kind, message)
  local field = message:match("^EINVAL: " .. kind .. " %S+: ([%w_.]+)") or message:match("^EINVAL: " .. kind .. ": ([%w_.]+)")
  return field and schemas[kind].properties[field:match "^[^.]*"] and field or nil
end

-- What `configuration` returns of what is set; a definition that is refused ends the request, with its field.
local function set(monitor, kind, body, signed)
  local item, message, code = configuration.put(monitor, kind, body, signed)
  if code == "EINVAL" then
    problem.raise_failure(message, code, { field = field_of(kind, message) })
  end
  return item, message, code
end

-- What may not be set from elsewhere.
local function check_channel(body)
  if body.kind == "command" or body.kind == "lua" then
    problem.raise(400, ("kind: a channel of the kind %s is set on the machine itself, by loom apply"):format(body.kind),
      { field = "kind" })
  end
  for name in pairs(channel_store.local_of(body.kind)) do
    if body[name] ~= nil and body[name] ~= true then
      problem.raise(400, ("%s: a file is named on the machine itself, by loom apply"):format(name), { field = name })
    end
  end
  body.status = nil -- as it was told
end

-- The definition in the body, whose name is that of the path.
local function definition_of(kind, name)
  local key = kind == "silence" and "id" or "name"
  local body = request.json_object()
  if name and body[key] ~= nil and body[key] ~= name then
    problem.raise(400, ("%s: it is another one than that of the path"):format(key), { field = key })
  end
  body[key] = name or body[key]
  if kind == "channel" then
    check_channel(body)
  end
  return body
end

local function putter(kind)
  return function(arguments)
    local name = arguments.name
    local parameters, body = editing.parameters(), definition_of(kind, arguments.name)
    local item = editing.change(nil, current_of(kind, name), function(monitor)
      return set(monitor, kind, body, editing.signed(parameters))
    end)
    send(item, item.change == "new" and 201 or 200)
  end
end

-- What is in use stays: that is no fault of the request.
local function deleter(kind)
  return function(arguments)
    local parameters = editing.parameters()
    editing.change(nil, current_of(kind, arguments.name), function(monitor)
      local done, message, code = configuration.remove(monitor, kind, arguments.name, editing.signed(parameters))
      if code == "EINVAL" then
        problem.raise(409, (message:gsub("^EINVAL: ", "")))
      end
      return done, message, code
    end)
    response.none()
  end
end

local function getter(kind)
  return function(arguments)
    request.parameters {}
    send(find(kind, arguments.name))
  end
end

local function post_silence()
  local parameters, body = editing.parameters(), definition_of "silence"
  if body.id ~= nil then
    problem.raise(400, "id: a new silence is given one", { field = "id" })
  end
  local signed = editing.signed(parameters)
  body.author = body.author or (signed.by ~= "" and signed.by or nil)
  local item = service.call(nil, function(state)
    return set(state.monitor, "silence", body, signed)
  end)
  ngx.header["Location"] = router.link("/v1/silences/" .. item.name)
  send(item, 201)
end

-- ---- trying ----

local function test_channel(arguments)
  request.parameters {}
  request.json_object()
  local sent, message, code = service.patiently(function(state)
    local signed = editing.signed {}
    return require("loom.alerts.notifications").test(state.monitor, arguments.name, signed.by)
  end)
  if not sent then
    problem.raise_failure(message, code, nil, code == "EINVAL" and 409 or nil)
  end
  response.json(202, alert_shapes.notification(sent, instants.of()))
end

local function post_backtest()
  local parameters = request.parameters { time = check.choice(instants.names) }
  local body = request.json_object()
  tasks.enter()
  local spool = service.call({ rule = "rule", from = "from", to = "to" }, function(state)
    return tasks.run("backtest", { database = state.monitor.path, default_zone = state.monitor.default_zone, options = body,
      time = parameters.time })
  end)
  local text, message, code = spool:read(0, BACKTEST_BYTES)
  spool:close()
  tasks.release()
  if not text then
    problem.raise_failure(message, code)
  end
  response.json(200, text)
end

-- ---- schemas ----

local text, number, flag = { type = "string" }, { type = "number" }, { type = "boolean" }
local count = { type = "integer", minimum = 0 }
local duration = { type = { "string", "number" }, description = "Seconds, or text such as 30m." }
local texts = { anyOf = { text, { type = "array", items = text } } }
local name = { type = "string", minLength = 1, maxLength = 100, pattern = "^[A-Za-z0-9][A-Za-z0-9_.-]*$" }
local clock = { enum = { "business", "wall" } }
local where = { type = "object", description = "Values by attribute: one, or a list." }

local function object(properties, required)
  return { type = "object", required = required or {}, additionalProperties = false, properties = properties }
end

local chosen = object { where = where, ids = texts, dormant = flag }
local need = object { count = count, of = count, time = duration, clock = clock }

local rule = object({
  name = name, enabled = flag, severity = { enum = rules.severities }, stores = chosen,
  when = { type = "object", required = { "kind" }, description = "The kind of condition, and what it takes: see docs/alerts.md.",
    properties = { kind = { enum = rules.kinds } } },
  ["for"] = need, keep = need, group_by = text, ["repeat"] = duration, storm = count, mute = texts, channels = texts,
  text = { type = "string", maxLength = 1000 }, runbook = { type = "string", maxLength = 1000 }, max_gap = duration,
}, { "when" })

local hours = { anyOf = { text, { type = "array", items = text }, { type = "object" } },
  description = "Such as mon-fri 22:00-06:00, a list of such texts, or spans by day." }

local mute = object({ name = name, hours = hours, zone = text, passes = { enum = rules.severities }, comment = text },
  { "hours", "zone" })

local objective = object({ name = name, stores = chosen, target = number, window = duration, comment = text }, { "target" })

local silence = object({
  id = name, matchers = object { rule = texts, store = texts, severity = texts, where = where },
  from = { type = { "string", "number" } }, to = { type = { "string", "number" } }, author = text, comment = text,
}, { "matchers", "to" })

local secret = { type = { "string", "boolean" },
  description = "In answers true where there is one; in requests true leaves it, as leaving it out does, and false removes it." }
local nullable_text = { type = { "string", "null" } }

local channel = object({
  name = name, kind = { enum = channels.kinds }, enabled = flag, url = secret, secret = secret, authorization = secret,
  token = secret, password = secret, routing_key = secret, topic = text, from = text, to = texts, username = text, plain = flag,
  secret_file = flag, url_file = flag, authorization_file = flag, token_file = flag, password_file = flag,
  routing_key_file = flag, ca_file = flag, command = flag,
  status = object({
    disabled = flag, disabled_reason = nullable_text, failing_since = nullable_text, hold_until = nullable_text,
    awaited = { type = "array", items = text, description = "Secrets that have not been given yet." },
    last_outcome = nullable_text, last_at = nullable_text,
  }),
}, { "kind" })

schemas = { rule = rule, channel = channel, silence = silence, mute = mute, objective = objective }

-- ---- routes ----

local routes = {
  schemas = {
    AlertRule = rule, Mute = mute, Objective = objective, Silence = silence, Channel = channel,
    BacktestRequest = object({ rule = "AlertRule", from = "Instant", to = "Instant" }, { "rule", "from", "to" }),
    Backtest = object({
      rule = text, from = "FormattedInstant", to = "FormattedInstant", stores = count, fired = count, resolved = count,
      subjects = { type = "integer", minimum = 0, description = "For how many it fired." },
      step = { type = "integer", minimum = 1, description = "Seconds between two evaluations." },
      of = { enum = { "store", "group", "fleet" } },
      days = { type = "array", maxItems = backtest.LONGEST + 1, items = object({ date = text, fired = count, resolved = count },
        { "date", "fired", "resolved" }) },
      worst = { type = "array", maxItems = 10, items = object({ id = text, fired = count }, { "id", "fired" }) },
      text = { type = "string", description = "Such as: this rule would have fired 37 times for 31 stores." },
    }, { "rule", "from", "to", "step", "stores", "fired", "resolved", "subjects", "of", "days", "worst", "text" }),
  },
  {
    method = "POST", path = "/v1/alert-rules/backtest", access = "read", handler = post_backtest, tag = "alerts",
    summary = "What a rule would have told of the past, stored or not; in longer steps where there are many stores and days",
    parameters = { { name = "time", description = "The form of instants.",
      schema = { type = "string", enum = instants.names, default = "text" } } },
    request = { schema = "BacktestRequest" },
    responses = { [200] = { description = "How often it would have fired.", schema = "Backtest" } },
  },
  {
    method = "POST", path = "/v1/silences", access = "write", handler = post_silence, tag = "alerts",
    summary = "Silence alerts that meet matchers, for a while", request = { schema = "Silence" },
    parameters = { editing.reason },
    responses = { [201] = { description = "The silence.", schema = "Silence", headers = editing.headers } },
  },
  {
    method = "POST", path = "/v1/channels/{name}/test", access = "write", handler = test_channel, tag = "alerts",
    summary = "Have a message sent to a channel that says that it is a test", is_audited = true,
    request = { schema = object {}, optional = true },
    responses = { [202] = { description = "The message: it waits for the agent.", schema = "Notification" },
      [409] = { description = "It is disabled, or lacks a secret.", problem = true } },
  },
}

-- The routes of a kind below a path.
local function add(kind, path, plural, schema, what)
  local of_name = path .. "/{name}"
  local one = { description = "It, as it is set.", schema = schema, headers = editing.headers }
  routes.schemas[schema .. "s"] = object({ [plural] = { type = "array", items = schema }, next_cursor = cursor.schema },
    { plural, "next_cursor" })
  for _, route in ipairs {
    {
      method = "GET", path = path, access = "read", handler = lister(kind, plural), summary = "The " .. what .. "s",
      parameters = {
        { name = "limit", description = "A page has fewer where they are long.",
          schema = { type = "integer", minimum = 1, maximum = LIMIT_MAX, default = LIMIT } },
        { name = "cursor", description = "The next_cursor of the page before.",
          schema = { type = "string", maxLength = cursor.LENGTH_MAX } },
      },
      responses = { [200] = { description = "A page, in order of the names.", schema = schema .. "s" } },
    },
    {
      method = "GET", path = of_name, access = "read", is_tagged = true, handler = getter(kind), summary = "One of the " .. what
        .. "s", responses = { [200] = one },
    },
    {
      method = "PUT", path = of_name, access = "write", is_tagged = true, handler = putter(kind), summary = "Set one of the "
        .. what .. "s", request = { schema = schema }, parameters = { editing.reason, editing.if_match },
      responses = { [200] = one, [201] = one, [409] = editing.conflict },
    },
    {
      method = "DELETE", path = of_name, access = "write", is_tagged = true, handler = deleter(kind),
      summary = "Remove one of the " .. what .. "s", parameters = { editing.reason, editing.if_match },
      responses = { [204] = { description = "Done." },
        [409] = { description = "Something else is set by now, or a rule names it.", problem = true } },
    },
  } do
    route.tag = "alerts"
    routes[#routes + 1] = route
  end
end

add("rule", "/v1/alert-rules", "rules", "AlertRule", "rule")
add("channel", "/v1/channels", "channels", "Channel", "channel")
add("silence", "/v1/silences", "silences", "Silence", "silence")
add("mute", "/v1/mutes", "mutes", "Mute", "mute")
add("objective", "/v1/objectives", "objectives", "Objective", "objective")

return routes
