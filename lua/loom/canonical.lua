--- JSON that is the same for the same value, and has all of it: numbers with all their digits, and texts byte for byte, also what
-- is not UTF-8. Only Loom reads it; what clients get of it goes through `core.utf8`.
-- @module loom.canonical

local core = require "loom.core"

-- Options, and what else is only tables, texts, numbers and booleans, as JSON that is the same for the same value.
local function canonical(value)
  local kind = type(value)
  if kind == "number" then
    return assert(core.digits(value))
  elseif kind == "string" then
    return core.json_string(value, true)
  elseif kind ~= "table" then
    assert(kind == "boolean", kind)
    return tostring(value)
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
    parts[i] = core.json_string(name, true) .. ":" .. canonical(value[name])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

return canonical
