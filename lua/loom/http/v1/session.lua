--- Sessions: a browser brings a token once, and is known by a cookie from then on, which scripts cannot read. See
-- `loom.http.sessions`.
-- @module loom.http.v1.session

local access = require "loom.http.access"
local core = require "loom.core"
local journal = require "loom.http.journal"
local json = require "loom.json"
local Lru = require "loom.http.lru"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local router = require "loom.http.router"
local service = require "loom.http.service"
local sessions = require "loom.http.sessions"
local time = require "loom.time"
local tokens = require "loom.http.tokens"
local viewer = require "loom.http.viewer"

local BODY_MAX = 4096 -- bytes: a token has 512 at the most
local FAILURES_MAX, FAILURES_PERIOD = 10, 60 -- tokens that are not known, of a client, in so many seconds of a worker
local CLIENTS_MAX = 10000 -- whose failures are remembered, in 3 MB

-- ---- how often a client may be wrong ----

local failures = Lru.new(CLIENTS_MAX) -- by client: `count`, and `since` when

local function failures_of(client)
  local found = failures:get(client)
  if not found or core.clock() - found.since >= FAILURES_PERIOD then
    found = failures:put(client, { count = 0, since = core.clock() })
  end
  return found
end

-- The token of the request's body, or the end of the request.
local function check_token(text)
  local of_client = failures_of(access.address())
  if of_client.count >= FAILURES_MAX then
    problem.raise(429, "too many tokens of this client were not known", { headers = {
      ["Retry-After"] = ("%d"):format(math.ceil(of_client.since + FAILURES_PERIOD - core.clock())),
    } })
  end
  local token = tokens.of(text)
  if not token then
    of_client.count = of_client.count + 1
    problem.raise(401, "the token is not known", { field = "token", headers = { ["WWW-Authenticate"] = "Bearer" } })
  end
  return token
end

-- ---- the cookie ----

-- What is said to a browser in TLS it is to say in TLS alone. Of requests that a proxy passes on the configuration tells how they
-- came, where it trusts the proxy: see `loom.http.nginx_conf`.
local function set_cookie(value, seconds)
  local path, scheme = router.link "", ngx.var.loom_scheme or ngx.var.scheme
  ngx.header["Set-Cookie"] = ("%s=%s; Path=%s; Max-Age=%d; HttpOnly; SameSite=Strict%s"):format(access.cookie_name(), value,
    path ~= "" and path or "/", seconds, scheme == "https" and "; Secure" or "")
end

-- ---- routes ----

-- Answers with what somebody may do; nil: nobody who is known.
local function send(who)
  response.json(200, viewer.text(who, "expires", json.text(who and who.expires and time.text(who.expires * 1000000))))
end

local function database()
  return service.monitor().database
end

local function get()
  request.parameters {}
  local who = viewer.find()
  journal.note_token(who and who.token.name)
  send(who)
end

local function post()
  request.parameters {}
  access.refuse_foreign()
  local sent = request.json_object(BODY_MAX).token
  if not tokens.state() then
    return send()
  end
  local token, before = check_token(sent), access.cookie()
  journal.note_token(token.name)
  local id = service.call(nil, function(state)
    return sessions.begin(state.monitor.database, token.hash, ngx.now(), before)
  end)
  set_cookie(id, sessions.LIFETIME)
  send { token = token, expires = sessions.find(database(), id, ngx.now()).expires }
end

local function delete()
  request.parameters {}
  local id = access.cookie()
  if id then
    access.check_session_page()
    local who = viewer.find()
    journal.note_token(who and who.token.name)
    set_cookie("", 0) -- which the browser drops also where the session cannot be ended, as on a full disk
    service.call(nil, function(state)
      return sessions.finish(state.monitor.database, id)
    end)
  end
  set_cookie("", 0)
  response.none()
end

local set_cookie_header = {
  ["Set-Cookie"] = { description = "The cookie of the session, for HTTP alone.", schema = { type = "string" } },
}

return {
  schemas = {
    Session = {
      type = "object", required = { "tokens", "name", "scope", "where", "expires" }, additionalProperties = false,
      properties = {
        tokens = { type = "boolean", description = "Whether tokens are needed; where they are not, everyone may do everything." },
        name = { type = { "string", "null" }, description = "The token's." },
        scope = { anyOf = { { enum = { "read", "write" } }, { type = "null" } }, description = "What may be done." },
        where = {
          type = { "object", "null" }, additionalProperties = { type = "array", items = { type = "string" } },
          description = "Of a token that sees some stores alone: the attributes that these have, with the values that will do.",
        },
        expires = { anyOf = { "Instant", { type = "null" } }, description = "When the session is over, unless it is used." },
      },
    },
    NewSession = {
      type = "object", required = { "token" }, additionalProperties = false,
      properties = { token = { type = "string" } },
    },
  },
  {
    method = "GET", path = "/v1/session", access = "none", handler = get, tag = "service",
    summary = "Who asks, and what they may do",
    responses = { [200] = { description = "What is known of who asks.", schema = "Session" } },
  },
  {
    method = "POST", path = "/v1/session", access = "none", handler = post, tag = "service", is_audited = true,
    summary = "Begin a session by a token: a cookie then stands for it", request = { schema = "NewSession" },
    responses = {
      [200] = { description = "The session, of seven days at the most, twelve hours of them without a request.",
        schema = "Session", headers = set_cookie_header },
      [401] = { description = "The token is not known.", problem = true },
      [429] = { description = "Too many tokens were not known.", problem = true },
    },
  },
  {
    method = "DELETE", path = "/v1/session", access = "none", handler = delete, tag = "service", is_audited = true,
    summary = "End the session", responses = { [204] = { description = "It is over.", headers = set_cookie_header } },
  },
}
