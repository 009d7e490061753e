--- JSON (RFC 8259), built from pieces that are JSON already: members stay in order, and null and empty lists are what they are
-- meant to be. Texts and numbers are the native half's (`src/core/base/json_text.h`): what is not UTF-8 is replaced, and numbers
-- have up to six decimals. Instants are texts, too, which are exact.
-- @module loom.json

local core = require "loom.core"

local json = {}

json.null = "null"

--- A text.
json.string = core.json_string

--- A number with up to six decimals; null if there is none, or if it is not finite.
json.number = core.json_number

--- Text, or null for nil.
function json.text(value)
  return value == nil and "null" or core.json_string(value)
end

--- Whatever a column or a row of a query holds.
function json.any(value)
  local kind = type(value)
  if value == nil or kind == "number" then
    return core.json_number(value)
  elseif kind == "boolean" then
    return json.boolean(value)
  end
  return core.json_string(tostring(value))
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
    parts[i] = core.json_string(name) .. ":" .. piece_of(map[name])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

return json
