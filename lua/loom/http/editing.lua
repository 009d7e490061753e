--- What routes share by which something is set by hand: who does it, and that it still is what it was when they saw it.
--
-- What is set has an entity tag (RFC 9110, section 8.8.3), which is the same as long as the same is set. A write with `If-Match`
-- is made only where one of the tags is that of what is set now; this is looked at in the transaction of the write. Otherwise
-- the answer is 409, whose member `current` is what is set.
-- @module loom.http.editing

local access = require "loom.http.access"
local check = require "loom.check"
local core = require "loom.core"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local service = require "loom.http.service"

local editing = {}

--- The parameters of a write: those that it has, and `reason`.
-- @tparam[opt] table checkers by name
-- @treturn table
function editing.parameters(checkers)
  local all = { reason = check.note }
  for name, checker in pairs(checkers or {}) do
    all[name] = checker
  end
  return request.parameters(all)
end

--- Adds who makes the request to options of the library, and why.
-- @tparam table parameters as `editing.parameters` gives them
-- @tparam[opt] table options
-- @treturn table
function editing.signed(parameters, options)
  options = options or {}
  local who = access.who()
  options.by = who and (who.token.name or ""):sub(1, core.limits.author) or ""
  options.reason = parameters.reason
  return options
end

-- ---- entity tags ----

--- The tag of what is set.
-- @tparam string state text that is the same where, and only where, the same is set
function editing.tag(state)
  return ('"%s"'):format(ngx.md5(state))
end

--- Gives the answer the tag of what is set.
-- @tparam string state
function editing.send_tag(state)
  ngx.header["ETag"] = editing.tag(state)
end

-- Whether one of the tags in a header is that of a state; of what is not there none is.
local function matches(header, state)
  if not state then
    return false
  elseif header:find "^%s*%*%s*$" then
    return true
  end
  local wanted = editing.tag(state)
  for tag in header:gmatch '[^%s,]+' do
    if tag:gsub("^W/", "") == wanted then -- nginx makes the tag of what it gzips a weak one
      return true
    end
  end
  return false
end

--- What is set, as `editing.change` asks for it.
-- @tparam function read (monitor) gives it; or nil, the failure and its code
-- @tparam function write (found) gives its state and, where that is another text, its JSON; nil where there is nothing
-- @treturn function
function editing.current(read, write)
  return function(monitor)
    local found, message, code = read(monitor)
    if not found then
      return nil, message, code
    end
    local state, text = write(found)
    return state, text or state
  end
end

--- Makes a change, and ends the request with what fails: see `service.call`.
-- @tparam ?table fields
-- @tparam function current (monitor) gives the state and JSON of what is set; nil where there is nothing; or nil, the failure and
--   its code
-- @tparam function work (monitor)
-- @return what it returns
function editing.change(fields, current, work)
  local header = ngx.var.http_if_match
  ngx.req.clear_header "If-Match" -- nginx would compare it with the tag of the answer
  return service.call(fields, function(state)
    local monitor = state.monitor
    if not header then
      return work(monitor)
    end
    return monitor:transaction(function()
      local text, json, code = current(monitor)
      if code and code ~= "ENOENT" then
        return nil, json, code
      elseif not matches(header, text) then
        problem.raise(409, "it has been changed since", { current = text and json or "null" })
      end
      return work(monitor)
    end)
  end)
end

-- ---- for the document of the API ----

--- The parameter `reason`.
editing.reason = { name = "reason", description = "Why: /v1/audit tells it.",
  schema = { type = "string", maxLength = core.limits.note } }

--- The header `If-Match`.
editing.if_match = { name = "If-Match", location = "header",
  description = "ETags of what may be replaced: nothing is changed where something else is set by now.",
  schema = { type = "string" } }

--- The header `ETag` of an answer.
editing.headers = { ETag = { description = "Of what is set: for If-Match.", schema = { type = "string" } } }

--- The answer to a write whose `If-Match` does not match.
editing.conflict = { problem = true,
  description = "Something else is set by now: current, which is null where there is nothing." }

return editing
