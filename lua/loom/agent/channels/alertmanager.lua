--- Prometheus' Alertmanager, by its API of version 2: labels identify an alert, annotations tell of it.
-- @module loom.agent.channels.alertmanager

local cjson = require "cjson.safe"
local json = require "loom.json"
local verdict = require "loom.agent.verdict"
local wording = require "loom.agent.wording"

--- `renews`: seconds after which what is firing is sent again, and `settles`: for how long what is resolved is.
local alertmanager = { kind = "alertmanager", secrets = { "authorization" }, required = { "url" },
  optional = { "authorization", "ca_file" }, judge = verdict.http, renews = 60, settles = 300, tells_all = true }

local AHEAD = 240 * 1000000 -- microseconds for which an alert stands without being sent again
local TEXT_MAX = 4000

local function alert(event, message)
  local over = event.state == "resolved" or event.state == "expired"
  local labels = { alertname = event.rule, severity = event.severity, subject_kind = event.subject.kind,
    subject = event.subject.id and tostring(event.subject.id), zone = event.subject.zone, group = event.group or message.group }
  local annotations = { summary = wording.line(wording.event(event), 1024), description = event.text
    and wording.shorten(event.text, TEXT_MAX), reason = event.reason, value = event.value ~= nil and tostring(event.value) or nil,
    runbook_url = event.runbook, alert_id = event.alert, since_local = event.since_local }
  return json.object("labels", json.map(labels, json.string), "annotations", json.map(annotations, json.string),
    "startsAt", json.text(wording.rfc3339(event.since or event.at)),
    "endsAt", json.text(wording.rfc3339(over and event.at or message.at + AHEAD)),
    "generatorURL", json.string(message.link or ""))
end

--- A message as requests: all of its alerts, whatever a storm it is, since each one has to be told when it is over.
function alertmanager.requests(message, channel)
  local headers = { "Content-Type: application/json" }
  if channel.authorization then
    headers[#headers + 1] = "Authorization: " .. channel.authorization
  end
  return { { url = (channel.url:gsub("/+$", "")) .. "/api/v2/alerts", headers = headers, ca_file = channel.ca_file,
    body = json.array(message.all, function(event)
      return alert(type(event) == "string" and cjson.decode(event) or event, message)
    end) } }
end

return alertmanager
