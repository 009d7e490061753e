--- What messages of all channels say, and how it is made to fit.
-- @module loom.agent.wording

local core = require "loom.core"
local formats = require "loom.formats.text"
local json = require "loom.json"

local wording = {}

local LINE_MAX = 8000 -- bytes of what is told of an event: of a storm's ten worst, as much as a mail should have
local SHORTENED = "… (shortened)"

--- An instant in microseconds, as RFC 3339 has it, in whole seconds; nil for nil.
function wording.rfc3339(instant)
  local text = instant and core.format_timestamp(instant)
  return text and text:sub(1, 10) .. "T" .. text:sub(12, 19) .. "Z"
end

-- The start of a text, whose last character is whole.
local function start_of(text, length)
  while length > 0 and text:byte(length + 1) and text:byte(length + 1) >= 128 and text:byte(length + 1) < 192 do
    length = length - 1
  end
  return text:sub(1, length)
end

--- A text as UTF-8 of at most so many bytes. What is longer ends with saying so.
-- @tparam string text
-- @tparam int limit in bytes, at least 20
-- @treturn string
-- @treturn bool whether it was shortened
function wording.shorten(text, limit)
  text = core.utf8(text)
  if #text <= limit then
    return text, false
  end
  return start_of(text, limit - #SHORTENED) .. SHORTENED, true
end

--- The same in one line without control characters, for titles and headers.
function wording.line(text, limit)
  return (wording.shorten((text:gsub("%c+", " ")), limit))
end

local function sorted_keys(map)
  local keys = {}
  for key in pairs(map) do
    keys[#keys + 1] = tostring(key)
  end
  table.sort(keys)
  return keys
end

--- Any Lua value as JSON whose members are in order of their names, so that one value has one text. A table with a first item
-- is a list.
function wording.json(value)
  if type(value) ~= "table" then
    return json.any(value)
  elseif value[1] ~= nil then
    return json.array(value, wording.json)
  end
  local named = {}
  for _, key in ipairs(sorted_keys(value)) do
    named[key] = value[key] ~= nil and value[key] or value[tonumber(key)]
  end
  return json.map(named, wording.json)
end

--- What an event is about: "store 42", "group brand=Taco", "the fleet".
function wording.subject(event)
  local subject = event.subject
  if subject.kind == "fleet" then
    return "the fleet"
  elseif subject.kind == "system" then
    return "Loom"
  end
  return subject.kind .. " " .. tostring(subject.id)
end

--- An event in a line: "[critical] firing: down 30 min: store 42".
function wording.event(event)
  local text = event.text ~= nil and event.text ~= "" and ": " .. event.text or ""
  return ("[%s] %s: %s: %s%s"):format(event.severity, event.state, event.rule, wording.subject(event), text)
end

--- Since when, for people: on the store's clock where it has a zone.
function wording.since(event)
  return event.since_local and event.subject.zone and event.since_local .. " " .. event.subject.zone
    or event.since and core.format_timestamp(event.since):sub(1, 16) .. " UTC"
end

--- What a message is about, in a line.
function wording.title(message)
  if message.test then
    return "Loom: this is a test"
  elseif message.total == 1 then
    return wording.event(message.events[1])
  end
  local parts = {}
  for _, state in ipairs(sorted_keys(message.counts)) do
    parts[#parts + 1] = ("%s %s"):format(formats.grouped(message.counts[state]), state)
  end
  return ("%s: %s"):format(message.group, table.concat(parts, ", "))
end

--- The lines that tell of a message's events, the worst first where not all are shown.
function wording.lines(message)
  local lines = {}
  for i, event in ipairs(message.events) do
    local since = wording.since(event)
    lines[i] = wording.shorten(wording.event(event), LINE_MAX) .. (since and " (since " .. since .. ")" or "")
  end
  if message.total > #message.events then
    lines[#lines + 1] = ("and %s more"):format(formats.grouped(message.total - #message.events))
  end
  for _, list in ipairs { message.groups or {}, message.zones or {}, message.attributes or {} } do
    for _, item in ipairs(list) do
      lines[#lines + 1] = ("%s: %s"):format(item[1], formats.counted(item[2], "alert"))
    end
  end
  return lines
end

--- Where a message leads to: the runbook, where it is the address of a page, and the dashboard, to the alert where there is one.
-- @tparam table message see `loom.agent.message`
-- @tparam[opt] table event whose runbook it is, and which alone is told
-- @treturn {table,...} of `href` and `text`
function wording.links(message, event)
  local list = {}
  local runbook = (event or message.events[1] or {}).runbook
  if type(runbook) == "string" and runbook:find "^https?://[^%s%c]+$" then
    list[1] = { href = runbook, text = "Runbook" }
  end
  if message.link then
    event = event or message.total == 1 and message.events[1] or nil
    list[#list + 1] = { href = message.link .. (event and event.alert and "?alert=" .. event.alert or ""), text = "Loom" }
  end
  return list
end

--- The worst severity among a message's events.
function wording.severity(message)
  for _, severity in ipairs { "critical", "error", "warning" } do
    for _, event in ipairs(message.events) do
      if event.severity == severity then
        return severity
      end
    end
  end
  return "info"
end

--- Whether all that a message tells is over.
function wording.is_over(message)
  for state in pairs(message.counts) do
    if state ~= "resolved" and state ~= "expired" then
      return false
    end
  end
  return true
end

return wording
