--- PagerDuty, by its Events API of version 2: an incident to each alert, whose id is the key.
-- @module loom.agent.channels.pagerduty

local json = require "loom.json"
local verdict = require "loom.agent.verdict"
local wording = require "loom.agent.wording"

local pagerduty = { kind = "pagerduty", secrets = { "routing_key" }, required = { "routing_key" },
  optional = { "url", "ca_file" }, judge = verdict.http }

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

local function links(event, message)
  local list = {}
  for _, link in ipairs { { event.runbook, "Runbook" }, { message.link, "Loom" } } do
    list[#list + 1] = link[1] and json.object("href", json.string(link[1]), "text", json.string(link[2])) or nil
  end
  return "[" .. table.concat(list, ",") .. "]"
end

local function body(event, message, channel)
  local over = event.state == "resolved" or event.state == "expired"
  return json.object("routing_key", json.string(channel.routing_key), "event_action", over and '"resolve"' or '"trigger"',
    "dedup_key", json.string(event.alert:sub(1, KEY_MAX)), "client", '"Loom"', "payload", payload(event, message),
    "links", links(event, message))
end

--- A message as requests, one to each alert that it tells.
function pagerduty.requests(message, channel)
  local list = {}
  for i, event in ipairs(message.events) do
    list[i] = { url = channel.url or URL, headers = { "Content-Type: application/json" }, body = body(event, message, channel),
      ca_file = channel.ca_file }
  end
  return list
end

return pagerduty
