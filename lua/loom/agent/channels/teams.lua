--- Microsoft Teams, by a workflow that is started by a request, whose address is a secret: an Adaptive Card of version 1.2.
-- @module loom.agent.channels.teams

local json = require "loom.json"
local verdict = require "loom.agent.verdict"
local wording = require "loom.agent.wording"

-- Of the 100 an hour that a workflow takes: what may go at once and what comes in an hour are 100 together.
local BURST = 4

local teams = { kind = "teams", secrets = { "url" }, required = { "url" }, optional = { "ca_file" }, judge = verdict.http,
  rate = (100 - BURST) / 3600, burst = BURST }

local LIMIT = 18000 -- bytes of a body
local LINE_MAX = 2000

local COLOURS = { critical = "attention", error = "attention", warning = "warning", info = "accent" }

local function block(text, ...)
  return json.object("type", '"TextBlock"', "text", json.string(text), "wrap", "true", ...)
end

-- What a TextBlock takes for Markdown, and only that.
local function escaped(text)
  return (text:gsub("[%[%]*_`\\]", "\\%0"))
end

local function actions(message)
  return json.array(wording.links(message), function(link)
    return json.object("type", '"Action.OpenUrl"', "title", json.string(link.text), "url", json.string(link.href))
  end)
end

local function body(message, lines, count)
  local colour = wording.is_over(message) and "good" or COLOURS[wording.severity(message)]
  local list = { block(escaped(wording.line(wording.title(message), 500)), "weight", '"bolder"', "size", '"medium"',
    "color", json.string(colour)) }
  for i = 1, count do
    list[#list + 1] = block(escaped((wording.shorten(lines[i], LINE_MAX))))
  end
  if count < #lines then
    list[#list + 1] = block(("… (shortened: %d more)"):format(#lines - count))
  end
  local card = json.object("$schema", '"http://adaptivecards.io/schemas/adaptive-card.json"', "type", '"AdaptiveCard"',
    "version", '"1.2"', "body", "[" .. table.concat(list, ",") .. "]", "actions", actions(message))
  return json.object("type", '"message"', "attachments",
    "[" .. json.object("contentType", '"application/vnd.microsoft.card.adaptive"', "contentUrl", "null", "content", card) .. "]")
end

--- A message as requests.
function teams.requests(message, channel)
  local lines = wording.lines(message)
  local count, bytes = 0, 0
  while count < #lines and bytes <= LIMIT do -- more of them are too long already
    count = count + 1
    bytes = bytes + math.min(#lines[count], LINE_MAX)
  end
  local made = body(message, lines, count)
  while #made > LIMIT and count > 0 do
    count = count - 1
    made = body(message, lines, count)
  end
  return { { url = channel.url, headers = { "Content-Type: application/json" }, body = made, ca_file = channel.ca_file } }
end

return teams
