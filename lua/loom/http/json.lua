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
  local parts, count = {}, select("#", ...)
  local members = { ... }
  for i = 1, count, 2 do
    parts[#parts + 1] = ('"%s":%s'):format(members[i], members[i + 1])
  end
  return "{" .. table.concat(parts, ",") .. "}"
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

return json
