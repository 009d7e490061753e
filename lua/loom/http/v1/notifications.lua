--- Messages to channels: what waits, what arrived, and what was refused.
-- @module loom.http.v1.notifications

local alert_shapes = require "loom.formats.alert_shapes"
local check = require "loom.check"
local cursor = require "loom.http.v1.cursor"
local instants = require "loom.formats.instants"
local notifications = require "loom.alerts.notifications"
local page = require "loom.http.v1.page"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"


local function channel_name(text)
  return #text <= 100 and text or nil, "name of up to 100 bytes"
end

local checkers = { outcome = check.choice(notifications.outcomes), channel = channel_name, cursor = cursor.checker,
  limit = request.whole(1, notifications.LIMIT_MAX), time = check.choice(instants.names) }

-- A page is made by a thread, which passes over all messages where few are wanted.
local function list()
  local parameters = request.parameters(checkers)
  local of = ("notifications\0%s\0%s"):format(parameters.outcome or "", parameters.channel or "")
  local limit = math.min(parameters.limit or notifications.LIMIT, notifications.LIMIT_MAX - 1)
  local filter = { outcome = parameters.outcome, channel = parameters.channel, limit = limit + 1 }
  if parameters.cursor then
    local _, number = cursor.read(of, parameters.cursor)
    filter.before = tonumber(number)
  end
  page.send("notifications", of, { filter = filter, limit = limit, time = parameters.time })
end

local function retry(arguments)
  request.parameters {}
  request.json_object()
  local message = service.call({ "id" }, function(state)
    return state.monitor:retry_notification(arguments.id)
  end)
  response.json(200, alert_shapes.notification(message, instants.of()))
end

local function drop(arguments)
  request.parameters {}
  service.call({ "id" }, function(state)
    return state.monitor:drop_notification(arguments.id)
  end)
  response.none()
end

local text = { type = "string" }

return {
  schemas = {
    Notification = {
      type = "object", additionalProperties = false,
      required = { "id", "channel", "kind", "group", "outcome", "made", "due", "ended", "tries", "events", "answer" },
      properties = {
        id = { type = "string", description = "The same for all tries." }, channel = text, kind = text,
        group = { type = "string", description = "Messages of one group of a channel go in order." },
        outcome = { enum = notifications.outcomes }, made = "FormattedInstant",
        due = { anyOf = { "FormattedInstant" }, description = "When it is tried next, or was tried last." },
        ended = "NullableInstant", tries = { type = "integer", minimum = 0 },
        events = { type = "integer", minimum = 0, description = "How many it tells of." },
        answer = { type = { "string", "null" }, description = "The first KB of it, or why there was none." },
      },
    },
    Notifications = {
      type = "object", required = { "notifications", "next_cursor" }, additionalProperties = false,
      properties = { notifications = { type = "array", items = "Notification" }, next_cursor = cursor.schema },
    },
  },
  {
    method = "GET", path = "/v1/notifications", access = "read", handler = list, tag = "alerts",
    summary = "Messages to channels; those that are dead were refused",
    parameters = {
      { name = "outcome", schema = { type = "string", enum = notifications.outcomes } },
      { name = "channel", description = "To this one.", schema = { type = "string", maxLength = 100 } },
      { name = "limit", description = "A page may have fewer.",
        schema = { type = "integer", minimum = 1, maximum = notifications.LIMIT_MAX, default = notifications.LIMIT } },
      { name = "cursor", description = "The next_cursor of the page before.",
        schema = { type = "string", maxLength = cursor.LENGTH_MAX } },
      { name = "time", description = "The form of instants.",
        schema = { type = "string", enum = instants.names, default = "text" } },
    },
    responses = { [200] = { description = "A page of messages, the newest first.", schema = "Notifications" } },
  },
  {
    method = "POST", path = "/v1/notifications/{id}/retry", access = "write", handler = retry, tag = "alerts", is_audited = true,
    summary = "Send a dead letter again, under its id",
    request = { schema = { type = "object", additionalProperties = false, properties = {} }, optional = true },
    responses = { [200] = { description = "The message, which waits for the agent.", schema = "Notification" } },
  },
  {
    method = "DELETE", path = "/v1/notifications/{id}", access = "write", handler = drop, tag = "alerts", is_audited = true,
    summary = "Drop a message that is dead, or waits", responses = { [204] = { description = "Done." } },
  },
}
