--- Requests whose responses are held against the document of the API at the end: a JSON Schema validator, run by node, reads
-- them all at once.

local assert = require "luassert"
local cjson = require "cjson"
local files = require "support.files"
local server = require "support.api"
local shell = require "support.shell"

local contract = {}

-- Where `make test` has npm put the validators; without them there is nothing to hold against.
local MODULES = "build/openapi/node_modules"

local seen = {}

--- Sends a request: see `support.server`.
-- @return the response, and its body decoded, where it is JSON
function contract.request(method, target, options)
  local response = server.request(method, target, options)
  local media_type = response.headers["content-type"]
  if method ~= "HEAD" then
    seen[#seen + 1] = cjson.encode { method = method, target = target, status = response.status, type = media_type or "",
      body = response.body }
  end
  local is_json = media_type and media_type:find("json", 1, true) and response.body ~= ""
  return response, is_json and cjson.decode(response.body) or nil
end

--- Sends a request with a JSON body, and expects a status.
-- @return the body decoded, and the response
function contract.expect(status, method, target, value)
  local body = value and (type(value) == "string" and value or cjson.encode(value))
  local response, decoded = contract.request(method, target, { body = body })
  assert.equal(status, response.status, response.body)
  return decoded, response
end

--- Expects a problem that names a field.
function contract.expect_problem(status, field, method, target, value)
  local problem, response = contract.expect(status, method, target, value)
  assert.equal("application/problem+json", response.headers["content-type"])
  assert.equal(status, problem.status)
  assert.equal(field, problem.field, problem.detail)
  assert.is_string(problem.detail)
  return problem
end

--- Whether the validators are there.
function contract.is_possible()
  return files.exists(MODULES)
end

--- Holds all responses so far against the document, and the document against the specification of OpenAPI.
function contract.check()
  local folder = files.make_folder()
  files.write(folder .. "/openapi.json", server.request("GET", "/openapi.json").body)
  files.write(folder .. "/seen", table.concat(seen, "\n"))
  seen = {}
  local result = shell.run(shell.words("node", "spec/support/contract.mjs", MODULES, folder .. "/openapi.json",
    folder .. "/seen"))
  files.remove_folder(folder)
  assert.equal("", result.err)
  assert.equal("good\n", result.out)
end

return contract
