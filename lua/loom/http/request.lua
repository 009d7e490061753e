--- What a request brings: its parameters and its body.
-- @module loom.http.request

local check = require "loom.check"
local cjson = require "cjson.safe"
local core = require "loom.core"
local problem = require "loom.http.problem"
local router = require "loom.http.router"
local small_file = require "loom.small_file"

local request = {}

local strict_json = cjson.new()
strict_json.decode_invalid_numbers(false)

local PARAMETERS_MAX = 100
local JSON_MAX = 1024 * 1024 -- bytes of a JSON document that is not a stream of polls

-- The parameters of the query as nginx reads them; it leaves out those beyond the limit.
local function parameters_of_query()
  local parameters, why = ngx.req.get_uri_args(PARAMETERS_MAX)
  if why then
    problem.raise(400, ("more than %d parameters"):format(PARAMETERS_MAX))
  end
  return parameters
end

--- The value of a query parameter; nil if it is not there.
function request.parameter(name)
  local value = parameters_of_query()[name]
  if type(value) == "table" then
    problem.raise(400, ("the parameter %s is there more than once"):format(name), { field = name })
  elseif value == true then
    return ""
  end
  return value
end

local function raise_too_long(limit)
  problem.raise(413, ("the body is longer than %d bytes"):format(limit))
end

--- The whole body, up to a limit.
function request.body(limit)
  if (tonumber(ngx.var.http_content_length) or 0) > limit then -- nginx may let more through, by another path
    raise_too_long(limit)
  end
  ngx.req.read_body()
  local text = ngx.req.get_body_data()
  local path = not text and ngx.req.get_body_file()
  text = text or path and small_file.read(path, limit + 1) or ""
  if #text > limit then
    raise_too_long(limit)
  end
  return text
end

-- JSON has null for what is not given, which the library's options have no word for; a list cannot leave anything out.
local function without_nulls(value)
  if type(value) ~= "table" then
    return value
  end
  local clean = {}
  for key, item in pairs(value) do
    if item ~= cjson.null then
      clean[key] = without_nulls(item)
    elseif type(key) == "number" then
      problem.raise(400, "the body has a list with null in it")
    end
  end
  return clean
end

-- Where the string ends that begins at `at`.
local function end_of_string(text, at)
  repeat
    at = text:find('["\\]', at + 1)
    local escapes = text:sub(at, at) == "\\"
    at = escapes and at + 1 or at
  until not escapes
  return at
end

-- A name that an object in good JSON has more than once, of which parsers take one or the other (RFC 8259, section 4).
local function repeated_name(text)
  local objects, at = {}, text:find '["{}]'
  while at do
    local c = text:sub(at, at)
    if c == "{" then
      objects[#objects + 1] = {}
    elseif c == "}" then
      objects[#objects] = nil
    else
      local stop = end_of_string(text, at)
      if text:find("^%s*:", stop + 1) then
        local name, names = strict_json.decode("[" .. text:sub(at, stop) .. "]")[1], objects[#objects]
        if names[name] then
          return name
        end
        names[name] = true
      end
      at = stop
    end
    at = text:find('["{}]', at + 1)
  end
end

-- Whether a number in what was parsed has no digit on one side of its point: 5. or -.5, which JSON has not (RFC 8259, section 6).
local function has_bad_number(text)
  local bare = text:gsub("\\.", ""):gsub('"[^"]*"', "")
  return bare:find "%.%D" or bare:find "%D%."
end

-- ---- types ----

local words = { string = "text", number = "a number", boolean = "true or false", array = "a list", object = "an object" }

-- Adds the types that a schema of the document of the API allows, as keys. Whether it says.
local function add_types(types, schema)
  local _, schemas = router.all()
  schema = type(schema) == "string" and schemas[schema] or schema
  if type(schema) ~= "table" then
    return false
  end
  for _, name in ipairs(type(schema.type) == "table" and schema.type or { schema.type }) do
    types[name == "integer" and "number" or name] = true
  end
  local says = schema.type ~= nil
  for _, one in ipairs(schema.anyOf or schema.oneOf or {}) do
    if not add_types(types, one) then
      return false
    end
    says = true
  end
  for _, value in ipairs(schema.enum or { schema.const }) do
    types[type(value)], says = true, true
  end
  return says
end

-- Whether a value is of one of some types; an empty table may be a list or an object.
local function is_of(types, value)
  if type(value) ~= "table" then
    return types[type(value)] or false
  end
  return types.object and #value == 0 or types.array and (#value > 0 or next(value) == nil) or false
end

-- Ends the request where a field of a body is of another type than the document says: handlers and the library have uses of
-- their own for some, such as false for what is removed, and numbers for instants.
local function check_types(object)
  local schema = (((ngx.ctx or {}).route or {}).request or {}).schema
  local _, schemas = router.all()
  schema = type(schema) == "string" and schemas[schema] or schema or {}
  for name, value in pairs(object) do
    local types = {}
    local says = value ~= cjson.null and add_types(types, (schema.properties or {})[name])
    if says and not is_of(types, value) then
      local expected = {}
      for kind in pairs(types) do
        expected[#expected + 1] = words[kind]
      end
      table.sort(expected)
      problem.raise(400, ("%s: %s expected"):format(name, table.concat(expected, " or ")), { field = name })
    end
  end
end

--- A JSON object in the body, without what is null; an empty body is an empty object. JSON is UTF-8 (RFC 8259, section 8.1),
-- and its numbers are no words such as NaN.
-- @tparam[opt] int limit bytes
-- @tparam[opt] bool keeps_null what is null is `request.null`
function request.json_object(limit, keeps_null)
  local text = request.body(limit or JSON_MAX)
  if not text:find("%S") then
    return {}
  elseif core.utf8(text) ~= text then
    problem.raise(400, "the body is not a JSON object: it is not UTF-8")
  end
  local value, why = strict_json.decode(text)
  if type(value) ~= "table" or not text:find("^%s*{") then
    problem.raise(400, "the body is not a JSON object" .. (why and ": " .. why or ""))
  elseif has_bad_number(text) then
    problem.raise(400, "the body is not a JSON object: a number is not written as JSON has it")
  end
  local name = repeated_name(text)
  if name then
    problem.raise(400, ("%s: is there more than once"):format(name), { field = name })
  end
  check_types(value)
  return keeps_null and value or without_nulls(value)
end

--- What stands for null, where it is kept.
request.null = cjson.null

--- The fields of a JSON object in the body, of which no others may be there.
-- @tparam {string,...} known
-- @tparam[opt] string required the name of one that must be there
-- @tparam[opt] int limit bytes
-- @tparam[opt] bool keeps_null as of `request.json_object`
function request.fields(known, required, limit, keeps_null)
  local object = request.json_object(limit, keeps_null)
  local names = {}
  for _, name in ipairs(known) do
    names[name] = true
  end
  for name in pairs(object) do
    if not names[name] then
      problem.raise(400, ("%s: there is no such field"):format(name), { field = name })
    end
  end
  if required and object[required] == nil then
    problem.raise(400, required .. ": is missing", { field = required })
  end
  return object
end

-- The values of a parameter that may be there more than once.
local function texts_of(name, value)
  local texts = {}
  for i, item in ipairs(type(value) == "table" and value or { value }) do
    if item == true then
      problem.raise(400, ("%s: has no value"):format(name), { field = name })
    end
    texts[i] = item
  end
  return texts
end

--- The parameters of the query, checked; no others may be there.
-- @tparam table checkers by name, as in `loom.check`
-- @tparam[opt] table prefixes names such as "where." whose parameters become a table, by what follows, of lists of texts
-- @tparam[opt] table lists those that may be there more than once, by name: their checkers get a list of texts
-- @treturn table
function request.parameters(checkers, prefixes, lists)
  local checked = {}
  for name, value in pairs(parameters_of_query()) do
    local prefix, rest = name:match("^([%l_]+%.)(.*)$")
    local checker = checkers[name]
    if prefix and prefixes and prefixes[prefix] then
      checked[prefix] = checked[prefix] or {}
      checked[prefix][rest] = texts_of(name, value)
    elseif not checker then
      problem.raise(400, ("%s: there is no such parameter"):format(name), { field = name })
    elseif type(value) == "table" and not (lists and lists[name]) then
      problem.raise(400, ("%s: is there more than once"):format(name), { field = name })
    else
      local given = lists and lists[name] and texts_of(name, value) or value == true and "" or value
      local result, expected, is_impossible = checker(given)
      if result == nil then
        problem.raise(is_impossible and 422 or 400, ("%s: %s expected"):format(name, expected), { field = name })
      end
      checked[name] = result
    end
  end
  return checked
end

--- A checker of numbers that a query holds as text.
function request.whole(least, most)
  local checker = check.integer(least, most)
  return function(text)
    return checker(text:find("^%d+$") and tonumber(text))
  end
end

--- A checker of "true" and "false".
function request.flag(text)
  if text == "true" or text == "false" then
    return text == "true"
  end
  return nil, "true or false"
end

--- A checker that lets what is a value of the library's options through as it is.
function request.as_text(checker)
  return function(text)
    local good, expected, is_impossible = checker(text)
    if good == nil then
      return nil, expected, is_impossible
    end
    return text
  end
end

return request
