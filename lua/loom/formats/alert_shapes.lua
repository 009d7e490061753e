--- JSON of alerts, of what was told of them, and of what they go by, as answers have them.
-- @module loom.formats.alert_shapes

local configuration_text = require "loom.alerts.configuration_text"
local core = require "loom.core"
local json = require "loom.json"

local alert_shapes = {}

local function subject_of(subject)
  return json.object("kind", json.text(subject.kind), "id", json.text(subject.id), "timezone_str", json.text(subject.zone))
end

--- What is about to fire.
-- @tparam table one of `loom.alerts.overview.pending`
function alert_shapes.pending(one, instant)
  return json.object("rule", json.text(one.rule), "severity", json.text(one.severity), "subject", subject_of(one.subject),
    "since", instant(one.since_utc))
end

local function ack_of(ack, instant)
  return ack and json.object("who", json.text(ack.who), "note", json.text(ack.note), "at", instant(ack.at_utc), "until",
    instant(ack.until_utc)) or json.null
end

-- Where more is told of an alert; `link` makes a path as clients see it.
local function links_of(alert, link)
  local store = alert.subject.kind == "store" and link("/v1/stores/" .. alert.subject.id:gsub("[^%w._~-]", function(c)
    return ("%%%02X"):format(c:byte())
  end)) or nil
  return json.object("self", json.text(link("/v1/alerts/" .. alert.id)), "store", json.text(store))
end

-- The members of an alert, without the braces.
local function members(alert, instant, link)
  local flags = {}
  for name, value in pairs(alert.flags) do
    flags[name] = value and true or false
  end
  return json.object("id", json.text(alert.id), "rule", json.text(alert.rule), "severity", json.text(alert.severity),
    "subject", subject_of(alert.subject), "state", json.text(alert.state), "since", instant(alert.since_utc), "at",
    instant(alert.at_utc), "ended", instant(alert.ended_utc), "reason", json.text(alert.reason), "value", json.any(alert.value),
    "unit", json.text(alert.unit), "threshold", json.any(alert.threshold), "text", json.text(alert.text), "flags",
    json.map(flags, json.boolean), "inhibited_by", json.text(alert.inhibited_by), "ack", ack_of(alert.ack, instant), "links",
    links_of(alert, link)):sub(2, -2)
end

--- An alert of a list.
-- @tparam table alert of `loom.alerts.book`
-- @tparam function instant see `loom.formats.instants`
-- @tparam function link makes a path as clients see it
function alert_shapes.alert(alert, instant, link)
  return "{" .. members(alert, instant, link) .. "}"
end

local function event_of(instant)
  return function(event)
    return json.object("id", json.text(event.id), "state", json.text(event.state), "reason", json.text(event.reason), "at",
      instant(event.at_utc), "since", instant(event.since_utc), "value", json.any(event.value), "unit", json.text(event.unit),
      "threshold", json.any(event.threshold), "text", json.text(event.text))
  end
end

local function delivery_of(instant)
  return function(delivery)
    return json.object("id", json.text(delivery.id), "channel", json.text(delivery.channel), "kind", json.text(delivery.kind),
      "event", json.text(delivery.event), "state", json.text(delivery.state), "outcome", json.text(delivery.outcome), "made",
      instant(delivery.made_utc), "due", instant(delivery.due_utc), "ended", instant(delivery.ended_utc), "tries",
      json.number(delivery.tries), "answer", json.text(delivery.answer))
  end
end

--- An alert with its events and deliveries.
function alert_shapes.whole_alert(alert, instant, link)
  return ("{%s,\"events\":%s,\"deliveries\":%s}"):format(members(alert, instant, link),
    json.array(alert.events, event_of(instant)), json.array(alert.deliveries, delivery_of(instant)))
end

--- A message to a channel.
-- @tparam table message of `loom.alerts.notifications`
function alert_shapes.notification(message, instant)
  return json.object("id", json.text(message.id), "channel", json.text(message.channel), "kind", json.text(message.kind), "group",
    json.text(message.group), "outcome", json.text(message.outcome), "made", instant(message.made_utc), "due",
    instant(message.due_utc), "ended", instant(message.ended_utc), "tries", json.number(message.tries), "events",
    json.number(message.events), "answer", json.text(message.answer))
end

--- A definition, as it is set.
function alert_shapes.definition(definition)
  return core.utf8(configuration_text.line(definition))
end

local evidence_instants = { from_utc = true, to_utc = true, open_utc = true, close_utc = true, last_poll_utc = true }

-- What a value was made from: what is named of seconds has its text alone.
local function evidence_of(evidence, instant)
  local members_of, names = {}, {}
  for name in pairs(evidence or {}) do
    local is_doubled = evidence[name .. "_utc"] ~= nil
    names[#names + 1] = not is_doubled and name or nil
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local value = evidence[name]
    local piece = evidence_instants[name] and instant(value) or json.any(value)
    members_of[#members_of + 1] = json.string((name:gsub("_utc$", ""))) .. ":" .. piece
  end
  return "{" .. table.concat(members_of, ",") .. "}"
end

--- Why a rule fires for a store, a group, the fleet or the feed, or why not.
-- @tparam table found of `loom.monitor:explain_alert`
-- @tparam function instant see `loom.formats.instants`
-- @tparam function link makes a path as clients see it
function alert_shapes.explanation(found, instant, link)
  return json.object("rule", json.text(found.rule), "kind", json.text(found.kind), "of", json.text(found.of), "store_id",
    json.text(found.store_id), "group", json.text(found.group), "at", instant(found.at_utc), "result", json.text(found.result),
    "absence", json.text(found.absence ~= "" and found.absence or nil), "value", json.any(found.value), "unit",
    json.text(found.unit), "threshold", json.any(found.threshold), "phase", json.text(found.phase), "flapping",
    json.boolean(found.flapping), "stale", json.boolean(found.stale), "results", json.number(found.results), "evidence",
    evidence_of(found.evidence, instant), "polls", json.array(found.polls or {}, function(poll)
      return json.object("at", instant(poll.at_utc), "active", json.boolean(poll.active))
    end), "events", json.array(found.events, event_of(instant)), "alert",
    found.alert and alert_shapes.whole_alert(found.alert, instant, link) or json.null)
end

--- What a rule would have told of the past.
-- @tparam table found of `loom.alerts.backtest`
function alert_shapes.backtest(found, instant)
  return json.object("rule", json.text(found.rule), "from", instant(found.from_utc), "to", instant(found.to_utc), "step",
    json.number(found.step), "stores", json.number(found.stores), "fired", json.number(found.fired), "resolved",
    json.number(found.resolved), "subjects", json.number(found.subjects), "of", json.text(found.of), "days",
    json.array(found.days, function(day)
      return json.object("date", json.text(day.date), "fired", json.number(day.fired), "resolved", json.number(day.resolved))
    end), "worst", json.array(found.worst, function(one)
      return json.object("id", json.text(one.id), "fired", json.number(one.fired))
    end), "text", json.text(found.text))
end

return alert_shapes
