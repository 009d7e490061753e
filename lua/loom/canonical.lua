--- JSON that is the same for the same value.
-- @module loom.canonical

local cjson = require "cjson.safe"
local digits = require "loom.digits"

-- Options, and what else is only tables, texts, numbers and booleans, as JSON that is the same for the same value.
local function canonical(value)
  if type(value) == "number" then
    return digits(value)
  elseif type(value) ~= "table" then
    return assert(cjson.encode(value))
  elseif #value > 0 or next(value) == nil then
    local parts = {}
    for i, item in ipairs(value) do
      parts[i] = canonical(item)
    end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  local names, parts = {}, {}
  for name in pairs(value) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    parts[i] = cjson.encode(name) .. ":" .. canonical(value[name])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

return canonical
