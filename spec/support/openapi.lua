--- Responses held against the document of the API: by a JSON Schema validator in node, which spec/run starts once for all specs.

local assert = require "luassert"
local cjson = require "cjson"
local document = require "loom.http.openapi".document
local files = require "support.files"
local shell = require "support.shell"

require "loom.http" -- which knows all routes

local openapi = {}

-- Where spec/run lets the validator be asked, if `make test` has had npm install one.
local pipes = os.getenv "TMPDIR"

--- Whether there is a validator.
function openapi.is_possible()
  return files.exists(pipes .. "/asked")
end

-- The method that curl uses with these arguments.
local function method_of(arguments)
  local method = "GET"
  for i, word in ipairs(arguments) do
    if word == "-X" then
      return arguments[i + 1]
    elseif word == "-I" then
      return "HEAD"
    elseif word == "-d" or word == "--data-binary" then
      method = "POST"
    end
  end
  return method
end

--- A response as a line that is held against the document later; nil if it says nothing of it.
-- @tparam {string,...} arguments of curl
-- @tparam string target of the request
-- @tparam table response what `server:request` returns
function openapi.line(arguments, target, response)
  local method, media_type = method_of(arguments), response.headers["content-type"] or ""
  if response.status == 0 or method == "HEAD" or method == "OPTIONS" then
    return nil
  end
  target = target:gsub("^[^?]+", function(path) -- slashes too many do not matter to some routes
    return (path:gsub("//+", "/"):gsub("(.)/$", "%1"))
  end)
  local body = media_type:find("[/+]json") and response.body or response.body ~= "" and "bytes" or ""
  return cjson.encode { method = method, target = target, status = response.status, type = media_type, body = body }
end

--- Holds responses against the document, and the document against the specification of OpenAPI.
-- @tparam {string,...} lines
function openapi.hold(lines)
  if not openapi.is_possible() then
    return
  end
  local folder = files.make_folder()
  files.write(folder .. "/openapi.json", document())
  files.write(folder .. "/lines", table.concat(lines, "\n"))
  local result = shell.run(("echo %s >%s/asked && cat %s/answered"):format(folder, pipes, pipes))
  files.remove_folder(folder)
  assert.equal("", result.err)
  assert.equal("good\n", result.out)
end

return openapi
