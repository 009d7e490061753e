--- What a request brings: its parameters and its body.
-- @module loom.http.request

local check = require "loom.check"
local cjson = require "cjson.safe"
local problem = require "loom.http.problem"
local schema = require "loom.http.schema"
local small_file = require "loom.small_file"
local strict_json = require "loom.http.strict_json"

local request = {}

local PARAMETERS_MAX = 100
local JSON_MAX = 1024 * 1024 -- bytes of a JSON document that is not a stream of polls

local read_last = {} -- the query that was read last, and its parameters, which one request asks for several times

-- The parameters of the query as nginx reads them, not to be changed; it leaves out those beyond the limit.
local function parameters_of_query()
  local query = ngx.var.args
  if read_last.query ~= query or not read_last.parameters then
    local parameters, why = ngx.req.get_uri_args(PARAMETERS_MAX)
    if why then
      problem.raise(400, ("more than %d parameters"):format(PARAMETERS_MAX))
    end
    read_last.query, read_last.parameters = query, parameters
  end
  return read_last.parameters
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

-- The schema of the route's body.
local function body_schema()
  return (((ngx.ctx or {}).route or {}).request or {}).schema
end

--- The JSON object in the body, which is as the document of the API says, without what is null; an empty body is an empty object.
-- Here alone bodies are held against the document: what handlers get has the fields, types and ranges that it names, and what is
-- none of that ends the request, which is told where it is.
-- @tparam[opt] int limit bytes
-- @tparam[opt] bool keeps_null what is null is `request.null`
function request.json_object(limit, keeps_null)
  local text = request.body(limit or JSON_MAX)
  local value, lists, repeated = {}, {}, nil
  if text:find "%S" then
    value, lists, repeated = strict_json.object(text)
  end
  if repeated then
    problem.raise(400, ("%s: is there more than once"):format(repeated), { field = repeated })
  elseif not value then
    problem.raise(400, "the body is not a JSON object" .. lists)
  end
  local path, wrong = schema.find_wrong(body_schema(), value, lists)
  if path then
    problem.raise(400, ("%s: %s"):format(path, wrong), { field = path:match "^[^.%[]+" })
  end
  return keeps_null and value or without_nulls(value)
end

--- What stands for null, where it is kept.
request.null = cjson.null

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

local function sorted_names(map)
  local names = {}
  for name in pairs(map) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

--- The parameters of the query, checked; no others may be there.
-- @tparam table checkers by name, as in `loom.check`
-- @tparam[opt] table prefixes names such as "where." whose parameters become a table, by what follows, of lists of texts
-- @tparam[opt] table lists those that may be there more than once, by name: their checkers get a list of texts
-- @treturn table
function request.parameters(checkers, prefixes, lists)
  local checked, given_ones = {}, parameters_of_query()
  for _, name in ipairs(sorted_names(given_ones)) do -- of two that are wrong the same one is told, whoever is told
    local value = given_ones[name]
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
