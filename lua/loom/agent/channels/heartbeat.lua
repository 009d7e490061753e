--- A heartbeat: an address that is asked after each round that is complete, so that somebody notices when nobody
-- watches. It gets no alerts.
-- @module loom.agent.channels.heartbeat

local verdict = require "loom.agent.verdict"

local heartbeat = { kind = "heartbeat", secrets = { "url" }, required = { "url" }, optional = { "ca_file" }, judge = verdict.http,
  beats = true }

--- What a round ends with.
function heartbeat.requests(_, channel)
  return { { url = channel.url, method = "GET", ca_file = channel.ca_file } }
end

return heartbeat
