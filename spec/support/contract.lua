--- Requests whose responses are expected to be what they should.

local assert = require "luassert"
local cjson = require "cjson"
local server = require "support.api"

local contract = {}

--- Sends a request: see `support.server`.
-- @return the response, and its body decoded, where it is JSON
function contract.request(method, target, options)
  local response = server.request(method, target, options)
  local media_type = response.headers["content-type"]
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

return contract
