--- Slack, by an incoming webhook, whose address is a secret.
-- @module loom.agent.channels.slack

local json = require "loom.json"
local verdict = require "loom.agent.verdict"
local wording = require "loom.agent.wording"

local slack = { kind = "slack", secrets = { "url" }, required = { "url" }, optional = { "ca_file" }, judge = verdict.http,
  rate = 1, burst = 1 }

local TITLE_MAX = 150 -- of a header block
local SECTION_MAX = 3000 -- of a section's text
local ALL_MAX = 8000 -- bytes of texts; 10,000 characters may be in a message
local LINKS_MAX = 1500 -- bytes of them all, or there are none
local BLOCKS_MAX = 47 -- of 50, with the header, what says that there is more, and the links

local SIGNS = { critical = ":red_circle:", error = ":large_orange_circle:",
  warning = ":large_yellow_circle:", info = ":large_blue_circle:" }

-- What Slack takes for markup, and only that.
local function escaped(text)
  return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }))
end

-- A text of which not more than so many bytes are left when it is escaped.
local function fitted(text, limit)
  local made = escaped(wording.shorten(text, limit))
  while #made > limit do
    limit = limit - math.max(1, #made - limit)
    made = escaped(wording.shorten(text, math.max(limit, 20)))
    if limit <= 20 then
      break
    end
  end
  return made
end

local function section(text)
  return json.object("type", '"section"', "text", json.object("type", '"mrkdwn"', "text", json.string(text)))
end

-- The links of a message in a line: what may stand in one is no markup.
local function links(message)
  local list = {}
  for i, link in ipairs(wording.links(message)) do
    list[i] = ("<%s|%s>"):format(escaped(link.href:gsub("|", "%%7C")), link.text)
  end
  return table.concat(list, " · ")
end

local function blocks(message)
  local title = wording.line(wording.title(message), TITLE_MAX)
  local list = { json.object("type", '"header"', "text", json.object("type", '"plain_text"', "text", json.string(title))) }
  local used = #title
  for i, line in ipairs(wording.lines(message)) do
    local event = message.events[i]
    local text = (event and SIGNS[event.severity] .. " " or "") .. fitted(line, SECTION_MAX - 100)
    used = used + #text
    if #list >= BLOCKS_MAX or used > ALL_MAX then
      list[#list + 1] = section "… (shortened: there are more)"
      break
    end
    list[#list + 1] = section(text)
  end
  local where = links(message)
  list[#list + 1] = #where > 0 and #where <= LINKS_MAX and section(where) or nil
  return "[" .. table.concat(list, ",") .. "]"
end

--- A message as requests.
function slack.requests(message, channel)
  local text = fitted(wording.line(wording.title(message), TITLE_MAX), 1000)
  return { { url = channel.url, headers = { "Content-Type: application/json" }, ca_file = channel.ca_file,
    body = json.object("text", json.string(text), "blocks", blocks(message)) } }
end

return slack
