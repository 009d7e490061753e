--- Failures as responses: problem documents (RFC 9457).
-- @module loom.http.problem

local core = require "loom.core"
local log = require "loom.http.log"
local response = require "loom.http.response"

local problem = {}

local titles = response.reasons

local TEXT_MAX = 2048 -- bytes of a detail

--- The status that a failure's code stands for.
problem.status_of = {
  EINVAL = 400, EINPUT = 400, ENOENT = 404, EBUSY = 503, EAGAIN = 503, EFULL = 507, EREADONLY = 403, EEMPTY = 409,
  ECANCELED = 503, EMOVED = 503, ELIMIT = 413, EVERSION = 503,
  EUNREACHABLE = 503, EOWNER = 503,
}

local marker = {}

local hidden = {} -- paths that clients are not told, as patterns

--- Keeps paths from clients; those that are absolute are kept from them anyway, unless they hold blanks.
function problem.hide(paths)
  hidden = {}
  for _, path in ipairs(paths) do
    local pattern = path:gsub("%p", "%%%0") .. "[^%s:]*:?%s?"
    hidden[#hidden + 1] = path:find("/", 1, true) and pattern or "^" .. pattern -- "db" alone may be anybody's word
  end
end

--- What clients may read of a failure: without its code, and without paths of this machine, such as those that SQLite, the
-- system and Lua's errors begin with. What a message quotes is the client's own.
-- @tparam string message
-- @treturn string
function problem.public(message)
  local text = message:gsub("^E%u+: ", "")
  for _, pattern in ipairs(hidden) do
    text = text:gsub(pattern, "")
  end
  text = text:gsub("(shard %d+ does not answer): .*", "%1") -- with the addresses of servers
  return (text:gsub("[^%s:\"']+%.lua:%d+:%s?", ""):gsub("%f[^%s%z(]/[^%s:\"']*:?%s?", ""))
end

--- Ends the request with a problem.
-- @tparam int status
-- @tparam string detail what happened, for people
-- @tparam[opt] table more further members, such as `field`; `current`, which is JSON; `headers`; and `discreet`, the detail for
--   those who see some stores alone, where the other one tells of all (see `loom.http.restriction`)
function problem.raise(status, detail, more)
  error(setmetatable({ status = status, detail = detail, more = more or {} }, marker), 0)
end

--- Called with each failure and its code before it ends a request.
function problem.on_failure() end

--- Ends the request with what a function of Loom returned.
-- @tparam string message
-- @tparam string code
-- @tparam[opt] table more further members
-- @tparam[opt] int status by default the one that the code stands for
function problem.raise_failure(message, code, more, status)
  status = status or problem.status_of[code] or 500
  if message:find "^EINVAL: the query " then
    status = 500 -- which is the database's fault: no client sends SQL
  end
  local text = problem.public(message)
  problem.on_failure(message, code)
  -- What is wrong inside, such as a path, is for the log.
  log.write(status >= 500 and ngx.ERR or message:sub(-#text - 2) ~= ": " .. text and ngx.WARN or ngx.INFO, message)
  local detail = status >= 500 and status ~= 503 and titles[status] or text
  if code == "EUNREACHABLE" then -- whose hosts are for the log
    detail = ("the polls cannot be had now: %s"):format(text:match "shard %d+ does not answer" or "their servers do not answer")
  end
  more = more or {}
  more.headers = status == 503 and { ["Retry-After"] = "1" } or nil
  problem.raise(status, detail, more)
end

--- Ends the request with what kept figures from being computed. What a client chose had been checked before: input that cannot
-- be used is in the database, such as a zone that has left the tz database.
-- @tparam string message
-- @tparam string code
function problem.raise_uncomputed(message, code)
  problem.raise_failure(message, code, nil, code == "EINPUT" and problem.status_of.EEMPTY or nil)
end

--- Ends the request because the database is not open, or was closed while the request was waiting.
function problem.raise_closed()
  problem.raise(503, "the database is not open", { headers = { ["Retry-After"] = "1" } })
end

--- Whether an error was raised by the functions above.
function problem.is(err)
  return getmetatable(err) == marker
end

local is_no_member = { headers = true, current = true, discreet = true } -- of the document, at least not as it is

-- What may quote what the client has sent, in one line that terminals do nothing by, and not much longer than can be read.
local function readable(text)
  text = core.utf8(text:sub(1, TEXT_MAX)) .. (#text > TEXT_MAX and "..." or "")
  return (text:gsub("[%z\1-\31\127]", function(c)
    return ("\\%d"):format(c:byte())
  end))
end

--- Sends a problem.
function problem.send(found)
  local document = { type = "about:blank", title = titles[found.status] or "Error", status = found.status,
    detail = readable(problem.public(found.detail)) }
  for name, value in pairs(found.more) do
    if not is_no_member[name] then
      document[name] = type(value) == "string" and readable(value) or value
    end
  end
  local headers = { ["Content-Type"] = "application/problem+json", ["Cache-Control"] = "no-store" }
  for name, value in pairs(found.more.headers or {}) do
    headers[name] = value
  end
  local text = response.encode(document)
  if found.more.current then
    text = ('%s,"current":%s}'):format(text:sub(1, -2), found.more.current)
  end
  response.send(found.status, headers, text .. "\n")
end

return problem
