--- Webhooks, signed as Standard Webhooks has it (https://www.standardwebhooks.com).
-- @module loom.agent.channels.webhook

local base64 = require "loom.agent.base64"
local core = require "loom.core"
local json = require "loom.json"
local verdict = require "loom.agent.verdict"
local wording = require "loom.agent.wording"

local webhook = { kind = "webhook", secrets = { "secret", "url", "authorization" }, required = { "url" },
  optional = { "secret", "authorization", "ca_file" }, judge = verdict.http }

local LIMIT = 20000 -- bytes of a body
local TEXT_MAX = 1000 -- of a text, where all are too long

-- Whether there is room for what may be left out, from the first try on.
local TRIES = { { evidence = true }, {}, { text = TEXT_MAX }, { text = 200 } }

local function alert(event, how, link)
  local text = event.text and (how.text and wording.shorten(event.text, how.text) or event.text)
  return json.object("id", json.text(event.alert), "event", json.text(event.id), "state", json.text(event.state),
    "rule", json.text(event.rule), "severity", json.text(event.severity), "subject", wording.json(event.subject),
    "reason", json.text(event.reason), "text", json.text(text), "value", json.any(event.value), "unit", json.text(event.unit),
    "threshold", json.any(event.threshold), "since", json.text(wording.rfc3339(event.since)),
    "since_local", json.text(event.since_local), "as_of", json.text(wording.rfc3339(event.at)),
    "evidence", how.evidence and wording.json(event.evidence or {}) or "null",
    "links", wording.json { runbook = event.runbook, alert = link and link .. "?alert=" .. event.alert })
end

local function zone(item)
  return json.object("zone", json.string(item[1]), "count", json.number(item[2]))
end

local function attribute(item)
  return json.object("attribute", json.string(item.attribute), "value", json.string(item.value), "count", json.number(item[2]))
end

local function encode(message, how, count)
  local list = {}
  for i = 1, count do
    list[i] = message.events[i]
  end
  return json.object("type", json.string(message.test and "test" or "alerts"), "timestamp",
    json.text(wording.rfc3339(message.at)), "data", json.object("group", json.text(message.group),
      "total", json.number(message.total), "counts", wording.json(message.counts), "left_out", json.number(message.total - count),
      "zones", json.array(message.zones or {}, zone), "attributes", json.array(message.attributes or {}, attribute),
      "alerts", json.array(list, function(event) return alert(event, how, message.link) end)))
end

--- A message as JSON of at most 20 KB: what does not fit is left out by degrees, evidence first, then ends of texts, then alerts,
-- of which `left_out` tells how many.
function webhook.body(message)
  for _, how in ipairs(TRIES) do
    local body = encode(message, how, #message.events)
    if #body < LIMIT then
      return body
    end
  end
  local least, most = 0, #message.events -- the most alerts that fit
  while least < most do
    local middle = math.ceil((least + most) / 2)
    if #encode(message, TRIES[#TRIES], middle) < LIMIT then
      least = middle
    else
      most = middle - 1
    end
  end
  return encode(message, TRIES[#TRIES], least)
end

--- The bytes of a secret: what follows `whsec_`, in Base64, or as it is.
function webhook.key(secret)
  local text = secret:match "^whsec_(.*)$"
  return text and base64.decode(text) or secret
end

--- The signature of a body.
-- @tparam string key
-- @tparam string id of the message
-- @tparam int timestamp of this try, in seconds since 1970
-- @tparam string body
function webhook.signature(key, id, timestamp, body)
  return "v1," .. base64.encode(core.hmac_sha256(key, ("%s.%d.%s"):format(id, timestamp, body)))
end

--- A message as requests.
function webhook.requests(message, channel, now)
  local body, timestamp = webhook.body(message), math.floor(now / 1000000)
  local headers = { "Content-Type: application/json", "webhook-id: " .. message.id, ("webhook-timestamp: %d"):format(timestamp) }
  if channel.secret then
    headers[#headers + 1] = "webhook-signature: " .. webhook.signature(webhook.key(channel.secret), message.id, timestamp, body)
  end
  if channel.authorization then
    headers[#headers + 1] = "Authorization: " .. channel.authorization
  end
  return { { url = channel.url, headers = headers, body = body, ca_file = channel.ca_file } }
end

return webhook
