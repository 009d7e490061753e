--- JSON of responses, built from pieces that are JSON already: members stay in order, and null and empty lists are what they are
-- meant to be. Numbers and texts are those of `loom.formats.values`; instants are texts from the native half, which are exact.
-- @module loom.http.json

local values = require "loom.formats.values"

local json = {}

json.null = "null"
json.string = values.string
json.number = values.number

--- Text, or null for nil.
function json.text(value)
  return value == nil and "null" or values.string(value)
end

function json.boolean(value)
  return value and "true" or "false"
end

--- An object of names and pieces in turn.
function json.object(...)
  -- No text is made of a name and its piece alone: LuaJIT hashes a few bytes of a text, which many such have in common.
  local members, parts = { ... }, {}
  for i = 1, select("#", ...), 2 do
    local at = #parts
    parts[at + 1], parts[at + 2], parts[at + 3], parts[at + 4] = i > 1 and ',"' or '"', members[i], '":', members[i + 1]
  end
  return "{" .. table.concat(parts) .. "}"
end

--- An array of what a function makes of each item.
function json.array(list, piece_of)
  local parts = {}
  for i, item in ipairs(list) do
    parts[i] = piece_of(item)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

--- An object of any names, in order of them.
function json.map(map, piece_of)
  local names, parts = {}, {}
  for name in pairs(map) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    parts[i] = values.string(name) .. ":" .. piece_of(map[name])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

local LEFT_OUT_MAX = 10 -- of which an answer tells: who has more has the log, and `loom check`

local function left_out_store(store)
  return json.object("store_id", json.string(store.store_id), "reason", json.string(store.reason))
end

--- The stores that a report leaves out: see `loom.report:left_out`.
-- @tparam {table,...} list the first of them
-- @tparam int count of all
function json.left_out(list, count)
  local first = {}
  for i = 1, math.min(#list, LEFT_OUT_MAX) do
    first[i] = list[i]
  end
  return json.object("count", json.number(count), "stores", json.array(first, left_out_store))
end

--- The rules in force: see `loom.rules.in_force`.
function json.rules(rules)
  return json.object("preset", json.string(rules.preset), "slack", json.number(rules.slack), "fill", json.string(rules.fill),
    "evidence", json.string(rules.evidence), "no_data", json.string(rules.no_data), "max_gap", json.number(rules.max_gap),
    "default_zone", json.string(rules.default_zone))
end

return json
