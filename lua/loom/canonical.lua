--- JSON that is the same for the same value.
-- @module loom.canonical

local cjson = require "cjson.safe"

-- A number with all its digits, which cjson cuts after 14.
local function number_text(value)
  local text
  for digits = 15, 17 do -- enough for every double
    text = ("%%.%dg"):format(digits):format(value)
    if tonumber(text) == value then
      break
    end
  end
  return text
end

-- Options, and what else is only tables, texts, numbers and booleans, as JSON that is the same for the same value.
local function canonical(value)
  if type(value) == "number" then
    return number_text(value)
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
