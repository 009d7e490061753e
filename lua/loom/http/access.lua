--- Who may do what: whoever brings a token, or the cookie of a session that one has begun; see `loom.http.tokens` and
-- `loom.http.sessions`.
-- @module loom.http.access

local journal = require "loom.http.journal"
local log = require "loom.http.log"
local problem = require "loom.http.problem"
local router = require "loom.http.router"
local sessions = require "loom.http.sessions"
local tokens = require "loom.http.tokens"

local access = {}

local hosts, origin = {}, nil -- that may ask where everyone may
local known_host -- the last one that might, since it nearly always is the same

-- Whether a request comes from a page of another origin: browsers tell (Fetch Metadata Request Headers, W3C), and those that do
-- not tell the origin at least of what changes something. Another port of this machine is another origin of the same site. An
-- address that somebody types, and a bookmark, is of no site.
local function is_foreign(host)
  local from, site = ngx.var.http_origin, ngx.var.http_sec_fetch_site
  if from and from == origin then
    return false
  end
  return (site and site ~= "same-origin" and site ~= "none") or (from and from:lower():gsub("^https?://", "") ~= host:lower())
end

-- A link, as opposed to what a page fetches, frames or shows.
local function is_link()
  return ngx.var.http_sec_fetch_mode == "navigate" and ngx.var.http_sec_fetch_dest == "document"
end

-- Where everyone may do everything, that is everyone on this machine, not pages that its browsers show: neither by requests to
-- another origin, nor by a name of theirs that has come to mean this machine (DNS rebinding).
local function check_page(may_be_linked)
  local host = ngx.var.http_host or ""
  if host ~= known_host then
    local name = host:lower():gsub(":%d+$", "")
    if not (name:find "^[%d.]+$" or name:find "^%[[%x:.]+%]$" or name == "localhost" or hosts[name]) then
      problem.raise(403, "without tokens this service answers to addresses, localhost and the name given by --host")
    end
    known_host = host
  end
  if is_foreign(host) and not (may_be_linked and is_link()) then
    problem.raise(403, "without tokens this service is not for pages of other origins")
  end
end

-- The token that a request brings (RFC 6750, section 2.1); nil if there is none.
local function sent_token()
  local scheme, token = (ngx.var.http_authorization or ""):match("^(%a+) +([%w%-._~+/]+=*)$")
  return token and scheme:lower() == "bearer" and token or nil
end

--- The name of the cookie of this service's sessions.
function access.cookie_name()
  return sessions.cookie_name(ngx.var.server_port or "", router.link "")
end

--- The cookie of a session that a request brings; nil if there is none, or it brings a token.
-- @treturn ?string
function access.cookie()
  return not sent_token() and ngx.var["cookie_" .. access.cookie_name()] or nil
end

-- Who has a session: see `access.identify`.
local function of_session(database, id)
  if not database then
    problem.raise_closed()
  end
  local session, message, code = sessions.find(database, id, ngx.now())
  if session == nil then
    problem.raise_failure(message, code)
  end
  local token = session and tokens.of_hash(session.token)
  return token and { token = token, expires = session.expires } or nil
end

--- Whom a request comes from, where tokens are needed.
-- @tparam ?loom.database database where sessions are
-- @treturn ?table `token`, as `loom.http.tokens` gives it, and of a session `expires`, in seconds since 1970; nil if nobody is
--   known by what the request brings
function access.identify(database)
  local token, cookie = sent_token(), access.cookie()
  if token then
    local found = tokens.of(token)
    return found and { token = found } or nil
  end
  return cookie and of_session(database, cookie) or nil
end

local function refuse(status, detail, challenge)
  problem.raise(status, detail, { headers = { ["WWW-Authenticate"] = challenge } })
end

--- Ends a request that brings the cookie of a session unless a page of this service has made it: browsers add the cookie to
-- whatever a page asks for. They say where what changes something comes from, or tell at least the page's origin. What is only
-- read is not for pages of others either, but for links.
function access.check_session_page()
  local method, site, from = ngx.req.get_method(), ngx.var.http_sec_fetch_site, ngx.var.http_origin
  local host = ngx.var.http_host or ""
  local is_own = site == "same-origin" or (not site and from and from:lower():gsub("^https?://", "") == host:lower())
  if method == "GET" or method == "HEAD" then
    is_own = not is_foreign(host) or is_link()
  end
  if not is_own then
    problem.raise(403, "a session is for the pages of this service alone")
  end
end

-- Ends the request of somebody who is not known.
local function refuse_unknown()
  if sent_token() then
    refuse(401, "the token is not known", 'Bearer error="invalid_token"')
  elseif access.cookie() then
    refuse(401, "the session is over", "Bearer")
  end
  refuse(401, "a token is needed: Authorization: Bearer TOKEN", "Bearer")
end

--- Ends the request unless it may do what a route asks for (RFC 6750).
-- @tparam table route its `access`: "none", "read" or "write"; and `may_be_linked`: whether pages of any origin may link to it,
--   though not fetch it
-- @tparam ?loom.database database where sessions are
function access.check(route, database)
  if route.access == "none" then
    return
  elseif not tokens.state() then
    return check_page(route.may_be_linked)
  end
  local who = access.identify(database)
  journal.note_token(who and who.token.name)
  if not who then
    refuse_unknown()
  elseif who.expires then
    access.check_session_page()
  end
  if route.access == "write" and who.token.scope ~= "write" then
    refuse(403, "the token may only read", 'Bearer error="insufficient_scope", scope="write"')
  end
  ngx.ctx.loom_who = who
end

--- Ends the request if a page of another origin has made it.
function access.refuse_foreign()
  if is_foreign(ngx.var.http_host or "") then
    problem.raise(403, "this is not for pages of other origins")
  end
end

--- Whom the request that was checked comes from: see `access.identify`.
-- @treturn ?table nil where no tokens are needed, or anybody may ask
function access.who()
  return ngx.ctx.loom_who
end

--- Where a request comes from: an address; of IPv6 the network, in which a client has as many addresses as it likes.
-- @treturn string
function access.address()
  local address = ngx.var.binary_remote_addr
  return "address " .. (#address == 16 and address:sub(1, 8) or address)
end

--- Whom a request comes from, for limits of each client: the token that was checked, whichever way it came, or else the address.
-- @treturn string
function access.client()
  local who = access.who()
  return who and "token " .. who.token.hash or access.address()
end

local TOLD_MAX = 10 -- bad lines that are told one by one

--- Begins in a worker: with a `token_file`, requests need one of its tokens. What is wrong with the file is told to the log, to
-- the metrics, and by /readyz; it never lets in a token that is not there any more.
-- @tparam table options `token_file`, `hosts` and `cors_origin`: see `loom.http.init_worker`
function access.init_worker(options)
  for _, name in ipairs(options.hosts or {}) do
    hosts[name:lower()] = true
  end
  origin = options.cors_origin
  if not options.token_file then
    return
  end
  local count, found = tokens.load(options.token_file)
  if ngx.worker.id() ~= 0 then -- one of them tells
    return
  end
  for i = 1, math.min(#found, TOLD_MAX) do
    log.write(ngx.ERR, "loom: ", found[i])
  end
  if #found > TOLD_MAX then
    log.write(ngx.ERR, ("loom: %s: %d lines cannot be read in all"):format(options.token_file, #found))
  end
  if count == 0 then
    log.write(ngx.ERR, ("loom: %s: no token is in force: nobody gets in"):format(options.token_file))
  end
end

return access
