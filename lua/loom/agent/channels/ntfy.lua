--- ntfy: JSON to the server's root.
-- @module loom.agent.channels.ntfy

local json = require "loom.json"
local verdict = require "loom.agent.verdict"
local wording = require "loom.agent.wording"

local ntfy = { kind = "ntfy", secrets = { "token" }, required = { "topic" }, optional = { "url", "token", "ca_file" },
  judge = verdict.http }

local URL = "https://ntfy.sh/"
local MESSAGE_MAX, TITLE_MAX = 4096, 250 -- bytes

local PRIORITIES = { critical = "5", error = "4", warning = "3", info = "2" }
local TAGS = { critical = "rotating_light", error = "warning", warning = "warning", info = "information_source" }

--- A message as requests.
function ntfy.requests(message, channel)
  local severity, over = wording.severity(message), wording.is_over(message)
  local headers = { "Content-Type: application/json" }
  if channel.token then
    headers[#headers + 1] = "Authorization: Bearer " .. channel.token
  end
  local parts = { "topic", json.string(channel.topic), "title", json.string(wording.line(wording.title(message), TITLE_MAX)),
    "message", json.string((wording.shorten(table.concat(wording.lines(message), "\n"), MESSAGE_MAX))),
    "priority", over and "3" or PRIORITIES[severity],
    "tags", json.array({ over and "white_check_mark" or TAGS[severity] }, json.string) }
  if message.link then
    parts[#parts + 1], parts[#parts + 2] = "click", json.string(message.link)
  end
  return { { url = channel.url or URL, headers = headers, body = json.object((table.unpack or unpack)(parts)), -- luacheck: compat
    ca_file = channel.ca_file } }
end

return ntfy
