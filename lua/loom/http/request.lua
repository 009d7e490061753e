--- What a request brings: its parameters and its body.
-- @module loom.http.request

local cjson = require "cjson.safe"
local problem = require "loom.http.problem"

local request = {}

local JSON_MAX = 1024 * 1024 -- bytes of a JSON document that is not a stream of polls

--- The value of a query parameter; nil if it is not there.
function request.parameter(name)
  local values = ngx.req.get_uri_args(100)
  local value = values[name]
  if type(value) == "table" then
    problem.raise(400, ("the parameter %s is there more than once"):format(name), { field = name })
  elseif value == true then
    return ""
  end
  return value
end

--- The whole body, up to a limit.
function request.body(limit)
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
    problem.raise(413, ("the body is longer than %d bytes"):format(limit))
  end
  return text
end

--- A JSON object in the body; an empty body is an empty object.
function request.json_object()
  local text = request.body(JSON_MAX)
  if not text:find("%S") then
    return {}
  end
  local value, why = cjson.decode(text)
  if type(value) ~= "table" or (#value > 0 and not text:find("^%s*{")) or text:find("^%s*%[") then
    problem.raise(400, "the body is not a JSON object" .. (why and ": " .. why or ""))
  end
  return value
end

return request
