--- PagerDuty, by its Events API of version 2: an incident to each alert, whose id is the key, and one to a storm: see
-- `loom.agent.incidents`.
-- @module loom.agent.channels.pagerduty

local json = require "loom.json"
local verdict = require "loom.agent.verdict"
local wording = require "loom.agent.wording"

--- `has_incidents`: its messages have `incidents`.
local pagerduty = { kind = "pagerduty", secrets = { "routing_key" }, required = { "routing_key" },
  optional = { "url", "ca_file" }, judge = verdict.http, has_incidents = true }

local URL = "https://events.pagerduty.com/v2/enqueue"
local SUMMARY_MAX, KEY_MAX = 1024, 255
local DETAILS_MAX = 100000 -- bytes; an event may have 512 KB

local function details(event, message)
  local all = wording.json { evidence = event.evidence, reason = event.reason, text = event.text, value = event.value,
    unit = event.unit, threshold = event.threshold, since_local = event.since_local, alerts_of_message = message.total }
  return #all <= DETAILS_MAX and all or wording.json { reason = event.reason, value = event.value, shortened = true }
end

local function payload(event, message)
  return json.object("summary", json.string(wording.line(wording.event(event), SUMMARY_MAX)),
    "source", json.string(wording.line(wording.subject(event), 255)), "severity", json.string(event.severity),
    "timestamp", json.text(wording.rfc3339(event.at)),
    "component", json.string(wording.line(tostring(event.subject.id or "loom"), 255)),
    "group", json.text(message.group), "class", json.text(event.rule), "custom_details", details(event, message))
end

-- Of many alerts: their counts, and the worst of them.
local function payload_of_many(message)
  local worst = message.events[1]
  local all = wording.json { alerts_of_message = message.total, worst = wording.lines(message) }
  return json.object("summary", json.string(wording.line(wording.title(message), SUMMARY_MAX)), "source", '"Loom"',
    "severity", json.string(wording.severity(message)), "timestamp", json.text(wording.rfc3339(worst.at)),
    "group", json.text(message.group), "class", json.text(worst.rule),
    "custom_details", #all <= DETAILS_MAX and all or wording.json { alerts_of_message = message.total, shortened = true })
end

local function links(message, event)
  return json.array(wording.links(message, event), function(link)
    return json.object("href", json.string(link.href), "text", json.string(link.text))
  end)
end

local function body(incident, message, channel)
  local event, over = incident.event, incident.over
  if event then
    over = event.state == "resolved" or event.state == "expired"
  end
  return json.object("routing_key", json.string(channel.routing_key), "event_action", over and '"resolve"' or '"trigger"',
    "dedup_key", json.string((event and event.alert or incident.key):sub(1, KEY_MAX)), "client", '"Loom"',
    "payload", event and payload(event, message) or payload_of_many(message),
    "links", links(message, event))
end

-- Of a message that is in no outbox: a test.
local function incidents_of(message)
  if message.total > #message.events then
    return { { key = message.id, over = wording.is_over(message) } }
  end
  local list = {}
  for i, event in ipairs(message.events) do
    list[i] = { event = event }
  end
  return list
end

--- A message as requests, one to each incident that it opens or closes.
function pagerduty.requests(message, channel)
  local list = {}
  for i, incident in ipairs(message.incidents or incidents_of(message)) do
    list[i] = { url = channel.url or URL, headers = { "Content-Type: application/json" },
      body = body(incident, message, channel), ca_file = channel.ca_file }
  end
  return list
end

return pagerduty
