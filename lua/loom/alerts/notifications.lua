--- Messages to channels, as people ask for them: what waits, what arrived, what was refused; and messages that test a channel.
-- They are made, tried and kept by `loom.agent.outbox`.
-- @module loom.alerts.notifications

local channels = require "loom.agent.channels"
local check = require "loom.check"
local configuration = require "loom.alerts.configuration"
local outbox = require "loom.agent.outbox"
local time = require "loom.time"
local transaction = require "loom.transaction"
local ulid = require "loom.ulid"

local notifications = {}

local LIMIT, LIMIT_MAX = 100, 1000 -- a page, and what is a MB where all answers are as long as they are kept
notifications.LIMIT, notifications.LIMIT_MAX = LIMIT, LIMIT_MAX

--- What became of a message.
notifications.outcomes = { "pending", "delivered", "dead", "dropped" }

local filters = { outcome = check.choice(notifications.outcomes), channel = check.string, limit = check.integer(1, LIMIT_MAX),
  before = check.integer(1, 2 ^ 53) }

local COLUMNS = [[SELECT m.number, m.id, c.name AS channel, c.kind, m.thread AS "group", m.outcome, m.made, m.due, m.tries,
  m.ended, m.answer, (SELECT count(*) FROM alert_message_event WHERE message = m.number) AS events
  FROM alert_message m JOIN alert_channel c ON c.number = m.channel]]

local TIMES = { "made", "due", "ended" }

--- Messages, the newest first: see `loom.monitor:notifications`.
function notifications.list(monitor, options)
  options = check.options("notifications", options, filters)
  local rows, message, code = monitor.database:rows(COLUMNS .. [[ WHERE m.number < ?1 AND (?2 IS NULL OR m.outcome = ?2)
    AND (?3 IS NULL OR c.name = ?3) ORDER BY m.number DESC LIMIT ?4]], options.before or 2 ^ 53, options.outcome, options.channel,
    options.limit or LIMIT)
  return rows and time.set_all(rows, TIMES), message, code
end

local function get(monitor, id)
  local rows, message, code = monitor.database:rows(COLUMNS .. " WHERE m.id = ?", id)
  if not rows then
    return nil, message, code
  end
  return time.set_all(rows, TIMES)[1]
end

-- The message after something was done with it; `which` it had to be.
local function after(monitor, id, which, done, message, code)
  if done == nil then
    return nil, message, code
  elseif not done then
    return nil, ("ENOENT: there is no message %s %s"):format(check.shown(id), which), "ENOENT"
  end
  return get(monitor, id)
end

--- Has a dead letter sent again: see `loom.monitor:retry_notification`.
function notifications.retry(monitor, id)
  check.argument("retry_notification", 1, id, check.string)
  return after(monitor, id, "that is dead", outbox.retry(monitor, id, time.now(monitor)))
end

--- Drops a message: see `loom.monitor:drop_notification`.
function notifications.drop(monitor, id)
  check.argument("drop_notification", 1, id, check.string)
  return after(monitor, id, "that is dead or waits", outbox.drop(monitor, id, time.now(monitor)))
end

-- What a test tells. Where alerts stand until they are resolved, it is resolved at once.
local function test_events(channel, now, by)
  local alert, events = ulid.new(now), {}
  local kind = channels.of(channel.kind)
  for i, state in ipairs((channel.kind == "pagerduty" or kind.renews) and { "firing", "resolved" } or { "firing" }) do
    events[i] = { id = ulid.new(now), alert = alert, rule = "test", severity = "info", subject = { kind = "system",
      id = channel.name }, state = state, reason = "test", at = now, since = now, group = "test", channels = { channel.name },
      text = ("this is a test of the channel %s%s"):format(channel.name, by ~= "" and " by " .. by or "") }
  end
  return events
end

--- Puts a message into the outbox that tests a channel: see `loom.monitor:test_channel`.
function notifications.test(monitor, name, by)
  check.argument("test_channel", 1, name, check.string)
  local item, message, code = configuration.get(monitor, "channel", name)
  if item == nil then
    return nil, message, code
  elseif not item then
    return nil, ("ENOENT: channel %s is not known"):format(check.shown(name)), "ENOENT"
  end
  local channel, why = item.channel, nil
  if channel.disabled then
    why = "is disabled: " .. (channel.disabled_reason or "")
  elseif channel.awaited[1] then
    why = "has not been given its " .. table.concat(channel.awaited, " and ") .. " yet"
  elseif channel.kind == "heartbeat" then
    why = "is a heartbeat, which the agent asks each minute"
  end
  if why then
    return nil, ("EINVAL: channel %s %s"):format(check.shown(name), why), "EINVAL"
  end
  local now, id = time.now(monitor), nil
  local done
  done, message, code = transaction.run(monitor.database, function(execute)
    local events = test_events(channel, now, by or monitor.by)
    outbox.put(execute, events, now)
    local _, _, found = execute([[SELECT m.id FROM alert_message m JOIN alert_message_event o ON o.message = m.number
      JOIN alert_event e ON e.number = o.event WHERE e.id = ?]], events[1].id)
    id = found
    return true
  end, true)
  if not done then
    return nil, message, code
  end
  return get(monitor, id)
end

return notifications
