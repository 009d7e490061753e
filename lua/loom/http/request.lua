--- What a request brings: its parameters and its body.
-- @module loom.http.request

local check = require "loom.check"
local cjson = require "cjson.safe"
local problem = require "loom.http.problem"

local request = {}

local PARAMETERS_MAX = 100
local JSON_MAX = 1024 * 1024 -- bytes of a JSON document that is not a stream of polls

--- The value of a query parameter; nil if it is not there.
function request.parameter(name)
  local value = ngx.req.get_uri_args(PARAMETERS_MAX)[name]
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
  if path then
    local file = io.open(path, "rb")
    text = file and file:read(limit + 1)
    if file then
      file:close()
    end
  end
  text = text or ""
  if #text > limit then
    raise_too_long(limit)
  end
  return text
end

-- JSON has null for what is not given, which the library's options have no word for.
local function without_nulls(value)
  if type(value) ~= "table" then
    return value
  end
  local clean = {}
  for key, item in pairs(value) do
    if item ~= cjson.null then
      clean[key] = without_nulls(item)
    end
  end
  return clean
end

--- A JSON object in the body, without what is null; an empty body is an empty object.
function request.json_object()
  local text = request.body(JSON_MAX)
  if not text:find("%S") then
    return {}
  end
  local value, why = cjson.decode(text)
  if type(value) ~= "table" or not text:find("^%s*{") then
    problem.raise(400, "the body is not a JSON object" .. (why and ": " .. why or ""))
  end
  return without_nulls(value)
end

--- The fields of a JSON object in the body, of which no others may be there.
-- @tparam {string,...} known
-- @tparam[opt] string required the name of one that must be there
function request.fields(known, required)
  local object = request.json_object()
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

--- The parameters of the query, checked; no others may be there.
-- @tparam table checkers by name, as in `loom.check`
-- @tparam[opt] table prefixes names such as "where." whose parameters become a table, by what follows, of lists of texts
-- @treturn table
function request.parameters(checkers, prefixes)
  local checked = {}
  for name, value in pairs(ngx.req.get_uri_args(PARAMETERS_MAX)) do
    local prefix = name:match("^[%l_]+%.")
    local checker = checkers[name]
    if prefix and prefixes and prefixes[prefix] then
      local of_prefix = checked[prefix] or {}
      of_prefix[name:sub(#prefix + 1)] = type(value) == "table" and value or { value == true and "" or value }
      checked[prefix] = of_prefix
    elseif not checker then
      problem.raise(400, ("%s: there is no such parameter"):format(name), { field = name })
    elseif type(value) == "table" then
      problem.raise(400, ("%s: is there more than once"):format(name), { field = name })
    else
      local result, expected = checker(value == true and "" or value)
      if result == nil then
        problem.raise(400, ("%s: %s expected"):format(name, expected), { field = name })
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
    local good, expected = checker(text)
    if good == nil then
      return nil, expected
    end
    return text
  end
end

return request
