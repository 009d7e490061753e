--- What `loom.monitor:doctor` finds, as JSON, which the command and the service write alike, and as text for people.
-- @module loom.formats.findings

local json = require "loom.json"
local text = require "loom.formats.text"

local findings = {}

local unpack = table.unpack or unpack -- luacheck: ignore 143 (LuaJIT)

local example_fields = {
  { "store_id", json.string }, { "other_id", json.string }, { "timezone_str", json.string }, { "timestamp_utc", json.string },
  { "polls", json.number }, { "outside", json.number }, { "from_utc", json.string }, { "to_utc", json.string },
}

local function example_json(example)
  local members = {}
  for _, field in ipairs(example_fields) do
    if example[field[1]] ~= nil then
      members[#members + 1] = field[1]
      members[#members + 1] = field[2](example[field[1]])
    end
  end
  return json.object(unpack(members))
end

local function window_json(window)
  return json.object("name", json.string(window.name), "stores", json.number(window.stores),
    "silent", json.number(window.silent), "share", json.number(window.share))
end

local function finding_json(finding)
  local members = {
    "code", json.string(finding.code), "severity", json.string(finding.severity), "count", json.number(finding.count),
    "of", json.number(finding.of), "share", json.number(finding.share), "text", json.string(finding.text),
    "effect", json.string(finding.effect), "command", json.string(finding.command),
    "examples", json.array(finding.examples, example_json),
  }
  if finding.windows then
    members[#members + 1] = "windows"
    members[#members + 1] = json.array(finding.windows, window_json)
  end
  return json.object(unpack(members))
end

--- Everything as one object.
function findings.json(found)
  return json.object("as_of", json.text(found.as_of_utc), "from", json.text(found.from_utc),
    "stores", json.number(found.stores), "polled_stores", json.number(found.polled_stores), "days", json.number(found.days),
    "polls", json.number(found.polls), "interval", json.number(found.interval),
    "findings", json.array(found.findings, finding_json))
end

-- ---- for people ----

local EXAMPLE_WORDS = { "other_id", "timezone_str", "timestamp_utc" }

local function example_text(example)
  if example.from_utc then
    return ("%s to %s"):format(example.from_utc:sub(1, 16), example.to_utc:sub(1, 16))
  end
  local more
  for _, field in ipairs(EXAMPLE_WORDS) do
    more = more or example[field]
  end
  if example.outside then
    more = ("%d of %d polls"):format(example.outside, example.polls)
  end
  return more and ("%s (%s)"):format(example.store_id, more) or example.store_id
end

--- Examples of a finding on a line; nil where it has none.
function findings.examples(finding)
  local list = {}
  for i, example in ipairs(finding.examples) do
    list[i] = text.shown(example_text(example))
  end
  return list[1] and table.concat(list, ", ")
end

--- How many findings of each severity there are.
-- @treturn int warnings
-- @treturn int notes
function findings.count(found)
  local warnings = 0
  for _, finding in ipairs(found.findings) do
    warnings = warnings + (finding.severity == "warning" and 1 or 0)
  end
  return warnings, #found.findings - warnings
end

return findings
