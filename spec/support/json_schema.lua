--- Values of JSON for specs, which know an empty list from an empty object, and how JSON Schema judges them: another reading of
-- it than the service's own.
--
-- A list is `{ list = { … } }`, an object `{ object = { … } }`; all else is as cjson has it.
-- @module spec.support.json_schema

local cjson = require "cjson"

local json_schema = {}

--- A list.
function json_schema.list(items)
  return { list = items }
end

--- An object.
function json_schema.object(members)
  return { object = members }
end

--- A value as text.
function json_schema.encode(value)
  if type(value) ~= "table" then
    return type(value) == "number" and ("%.17g"):format(value) or cjson.encode(value)
  end
  local parts = {}
  for _, item in ipairs(value.list or {}) do
    parts[#parts + 1] = json_schema.encode(item)
  end
  for name, item in pairs(value.object or {}) do
    parts[#parts + 1] = cjson.encode(name) .. ":" .. json_schema.encode(item)
  end
  return (value.list and "[%s]" or "{%s}"):format(table.concat(parts, ","))
end

--- The same value, of which no part is the other one's.
function json_schema.copy(value)
  if type(value) ~= "table" then
    return value
  end
  local copy = {}
  for kind, items in pairs(value) do
    copy[kind] = {}
    for key, item in pairs(items) do
      copy[kind][key] = json_schema.copy(item)
    end
  end
  return copy
end

local is_of = {
  null = function(value) return value == cjson.null end,
  boolean = function(value) return type(value) == "boolean" end,
  number = function(value) return type(value) == "number" end,
  integer = function(value) return type(value) == "number" and value % 1 == 0 end,
  string = function(value) return type(value) == "string" end,
  array = function(value) return type(value) == "table" and value.list ~= nil end,
  object = function(value) return type(value) == "table" and value.object ~= nil end,
}

local function has_type(types, value)
  for _, name in ipairs(type(types) == "table" and types or { types }) do
    if is_of[name](value) then
      return true
    end
  end
  return false
end

local function is_one_of(value, list)
  for _, one in ipairs(list) do
    if rawequal(one, value) or one == value then
      return true
    end
  end
  return false
end

local allows -- is defined below

-- Members that are null, and may not be, are not there.
local function allows_object(schema, object, schemas)
  local there = {}
  for name, value in pairs(object) do
    local of_member = (schema.properties or {})[name]
    if of_member == nil then
      of_member = schema.additionalProperties
    end
    if of_member == false then
      return false
    elseif of_member == nil or allows(of_member, value, schemas) then
      there[name] = true
    elseif value ~= cjson.null then
      return false
    end
  end
  for _, name in ipairs(schema.required or {}) do
    if not there[name] then
      return false
    end
  end
  return true
end

--- Whether a schema allows a value.
-- @tparam table|string schema which may be the name of one
-- @param value
-- @tparam table schemas by name
function allows(schema, value, schemas)
  schema = type(schema) == "string" and schemas[schema] or schema
  if schema.anyOf then
    for _, one in ipairs(schema.anyOf) do
      if allows(one, value, schemas) then
        return true
      end
    end
    return false
  end
  local least, most = schema.minimum or -math.huge, schema.maximum or math.huge
  local shortest, longest = schema.minLength or 0, schema.maxLength or math.huge
  if schema.type and not has_type(schema.type, value) or schema.enum and not is_one_of(value, schema.enum)
    or schema.const ~= nil and value ~= schema.const then
    return false
  elseif type(value) == "number" then
    return value >= least and value <= most
  elseif type(value) == "string" then
    local length = #value:gsub("[\128-\191]", "")
    return length >= shortest and length <= longest
  elseif type(value) == "table" and value.object then
    return allows_object(schema, value.object, schemas)
  elseif type(value) == "table" then
    for _, item in ipairs(schema.items and value.list or {}) do
      if not allows(schema.items, item, schemas) then
        return false
      end
    end
    return #value.list >= (schema.minItems or 0) and #value.list <= (schema.maxItems or math.huge)
  end
  return true
end

json_schema.allows = allows

return json_schema
