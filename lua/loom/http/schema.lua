--- Values of JSON held against schemas of the document of the API: JSON Schema (2020-12), as far as the routes use it.
--
-- What is null is not there, unless its schema says null. A text in the place of a schema is the name of one (see
-- `loom.http.router`). What takes more than a schema can say, such as a date that exists, is for the handlers and the library.
-- @module loom.http.schema

local check = require "loom.check"
local cjson = require "cjson.safe"
local router = require "loom.http.router"

local schema = {}

local words = {
  string = "text", number = "a number", integer = "a whole number", boolean = "true or false", array = "a list",
  object = "an object", null = "null",
}

local function resolve(wanted)
  local _, schemas = router.all()
  return type(wanted) == "string" and schemas[wanted] or wanted
end

-- What a path says of a member of an object.
local function member(path, name)
  if not name:find "^[%a_][%w_]*$" then
    return ("%s[%s]"):format(path, check.shown(name))
  end
  return path == "" and name or path .. "." .. name
end

local function item(path, place)
  return ("%s[%d]"):format(path, place - 1)
end

-- The types of JSON that a value is of. `lists` has empty tables that are lists, as keys.
local function types_of(value, lists)
  if value == cjson.null then
    return "null"
  elseif type(value) == "table" then
    return (#value > 0 or lists[value]) and "array" or "object"
  elseif type(value) == "number" then
    return "number", value % 1 == 0 and "integer" or nil
  end
  return type(value)
end

local function any_of(list, ...)
  for _, name in ipairs(type(list) == "table" and list or { list }) do
    for i = 1, select("#", ...) do
      if select(i, ...) == name then
        return true
      end
    end
  end
  return false
end

-- What was given, as a message shows it.
local function shown(value, lists)
  local kind = types_of(value, lists)
  return (kind == "object" or kind == "array" or kind == "null") and words[kind] or check.shown(value)
end

-- What is expected of a value of any of some types, in words.
local function expected_type(list)
  local texts = {}
  for _, name in ipairs(type(list) == "table" and list or { list }) do
    texts[#texts + 1] = name ~= "null" and words[name] or nil
  end
  return table.concat(texts, " or ")
end

local function expected_number(wanted)
  local what = wanted.type == "integer" and "a whole number" or "a number"
  if wanted.minimum and wanted.maximum then
    return ("%s from %.14g to %.14g"):format(what, wanted.minimum, wanted.maximum)
  end
  return ("%s of at %s %.14g"):format(what, wanted.minimum and "least" or "most", wanted.minimum or wanted.maximum)
end

local function expected_length(wanted)
  if wanted.minLength and wanted.maxLength then
    return ("text of %d to %d characters"):format(wanted.minLength, wanted.maxLength)
  end
  return ("text of at %s %d characters"):format(wanted.minLength and "least" or "most", wanted.minLength or wanted.maxLength)
end

local function expected_choice(list)
  local texts = {}
  for i, value in ipairs(list) do
    texts[i] = tostring(value)
  end
  return (#texts > 1 and "one of " or "") .. table.concat(texts, ", ")
end

local function is_among(value, list)
  for _, one in ipairs(list) do
    if value == one then
      return true
    end
  end
  return false
end

local function is_beyond(number, least, most)
  return number < (least or -math.huge) or number > (most or math.huge)
end

-- What is expected of a value that is no table, or has to be one of some that are none; nil where it is as it should be.
local function check_plain(wanted, value)
  local choices = wanted.enum or wanted.const ~= nil and { wanted.const }
  if choices and not is_among(value, choices) then
    return expected_choice(choices)
  elseif type(value) == "number" and is_beyond(value, wanted.minimum, wanted.maximum) then
    return expected_number(wanted)
  elseif type(value) == "string" and (wanted.minLength or wanted.maxLength)
    and is_beyond(#value:gsub("[\128-\191]", ""), wanted.minLength, wanted.maxLength) then
    return expected_length(wanted)
  end
end

local function unexpected(path, expected, value, lists)
  return { path = path, expected = expected, detail = ("%s expected, got %s"):format(expected, shown(value, lists)) }
end

local find_wrong -- is defined below

local function sorted_names(object)
  local names = {}
  for name in pairs(object) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

local function check_object(wanted, object, path, lists)
  local properties, others = wanted.properties or {}, wanted.additionalProperties
  for _, name in ipairs(sorted_names(object)) do
    local of_member = properties[name]
    if of_member == nil then
      of_member = others
    end
    local wrong
    if of_member == false then
      wrong = { path = member(path, name), detail = "there is no such field" }
    elseif of_member then
      wrong = find_wrong(of_member, object[name], member(path, name), lists, true)
    end
    if wrong then
      return wrong
    end
  end
  for _, name in ipairs(wanted.required or {}) do
    if object[name] == nil or object[name] == cjson.null and find_wrong(properties[name], cjson.null, "", lists) then
      return { path = member(path, name), detail = "is missing" }
    end
  end
end

local function check_list(wanted, list, path, lists)
  if is_beyond(#list, wanted.minItems, wanted.maxItems) then
    local expected = ("%d to %s items"):format(wanted.minItems or 0, wanted.maxItems or "any number of")
    return { path = path, expected = expected, detail = ("%s expected, got %d"):format(expected, #list) }
  end
  for place, value in ipairs(wanted.items and list or {}) do
    local wrong = find_wrong(wanted.items, value, item(path, place), lists)
    if wrong then
      return wrong
    end
  end
end

-- Of what is wrong by each of some schemas that which is deepest in the value: by that one it was meant.
local function check_any(list, value, path, lists)
  local deepest, expected = nil, {}
  for _, one in ipairs(list) do
    local wrong = find_wrong(one, value, path, lists)
    if not wrong then
      return nil
    elseif wrong.path ~= path then
      deepest = wrong
    end
    expected[#expected + 1] = wrong.expected
  end
  return deepest or unexpected(path, table.concat(expected, " or "), value, lists)
end

-- `may_be_null`: null stands for what is not there.
function find_wrong(wanted, value, path, lists, may_be_null)
  wanted = resolve(wanted)
  if type(wanted) ~= "table" then
    return nil
  elseif wanted.anyOf then
    return not (may_be_null and value == cjson.null) and check_any(wanted.anyOf, value, path, lists) or nil
  elseif wanted.type and not any_of(wanted.type, types_of(value, lists)) then
    return not (may_be_null and value == cjson.null) and unexpected(path, expected_type(wanted.type), value, lists) or nil
  elseif value == cjson.null then
    return nil
  elseif type(value) ~= "table" or wanted.enum or wanted.const ~= nil then
    local expected = check_plain(wanted, value)
    return expected and unexpected(path, expected, value, lists)
  elseif types_of(value, lists) == "array" then
    return check_list(wanted, value, path, lists)
  end
  return check_object(wanted, value, path, lists)
end

--- What of an object is not as a schema says, the first in order of names.
-- @tparam table|string wanted the schema
-- @tparam table object as cjson decodes it
-- @tparam table lists empty tables that are lists and no objects, as keys
-- @treturn ?string where it is, such as `hours.week.mon[0]`; nil where all is as it should be
-- @treturn ?string what is wrong with it
function schema.find_wrong(wanted, object, lists)
  local wrong = find_wrong(wanted, object, "", lists)
  if not wrong then
    return nil
  end
  return wrong.path, wrong.detail
end

return schema
