--- Sessions: who has brought a token once, and is known by a cookie since then.
--
-- A session is a row of the database's table `service`, so that all workers know it and a restart keeps it. Its name is
-- `session ` and the SHA-256 of what the cookie holds, 256 random bits, in hexadecimal; its value has a fixed width: the SHA-256
-- of the token, when the session began and when it was used last, both in seconds since 1970. Whoever reads the database
-- learns no cookie from it, and no token.
--
-- What a session may do is what the token file says of its token, whenever it is asked. Functions have the database as their
-- first argument; those that write return nil, the failure and its code where that fails.
-- @module loom.http.sessions

local tokens = require "loom.http.tokens"
local transaction = require "loom.transaction"

local sessions = {}

--- What the names of cookies begin with.
sessions.COOKIE = "loom_session"

--- The name of a service's cookie. Browsers send cookies to all ports of a host (RFC 6265, section 8.5): services on several of
-- them would end each other's sessions, and so would one below the path of another.
-- @tparam string port that the service listens on
-- @tparam string path that clients have it below, "" for none
-- @treturn string
function sessions.cookie_name(port, path)
  return ("%s_%s%s"):format(sessions.COOKIE, port, (path:gsub("%W", "_")))
end

--- The longest that a session lasts, in seconds.
sessions.LIFETIME = 7 * 86400

local IDLE = 12 * 3600 -- seconds without a request, after which it is over
local NOTE_EVERY = 600 -- seconds between two times that its use is noted, which is a write
local BYTES = 32 -- that are random
local MOST, MOST_OF_TOKEN = 1000, 100 -- that are kept, in 200 KB: a device of each of a thousand people; those used last

-- What all rows of sessions are among, by the primary key: "!" comes after " ".
local ALL = "name >= 'session ' AND name < 'session!'"
local TOKEN, BEGAN, USED = "substr(value, 1, 64)", "CAST(substr(value, 66, 10) AS INTEGER)",
  "CAST(substr(value, 77, 10) AS INTEGER)"

local function name_of(id)
  return "session " .. tokens.hex(tokens.hash(id))
end

local function value_of(token, began, used)
  return ("%s %010d %010d"):format(token, began, used)
end

-- Makes room, of all sessions or of those of one token.
local function bound(execute, condition, most, ...)
  execute(([[DELETE FROM service WHERE name IN
    (SELECT name FROM service WHERE %s AND %s ORDER BY %s DESC, name LIMIT -1 OFFSET %d)]]):format(ALL, condition, USED, most),
    ...)
end

--- Begins a session.
-- @tparam loom.database database
-- @tparam string token its hash, as bytes
-- @tparam number now seconds since 1970
-- @tparam[opt] string before the cookie of an earlier session of the same browser, which ends
-- @treturn string what the cookie is to hold
function sessions.begin(database, token, now, before)
  local id, seconds = tokens.hex(require("openssl.rand").bytes(BYTES)), math.floor(now)
  local hash = tokens.hex(token)
  return transaction.run(database, function(execute)
    if before then
      execute("DELETE FROM service WHERE name = ?", name_of(before))
    end
    execute(("DELETE FROM service WHERE %s AND (%s <= ? OR %s <= ?)"):format(ALL, BEGAN, USED), seconds - sessions.LIFETIME,
      seconds - IDLE)
    bound(execute, TOKEN .. " = ?", MOST_OF_TOKEN - 1, hash)
    bound(execute, "1", MOST - 1)
    execute("INSERT INTO service(name, value) VALUES(?, ?)", name_of(id), value_of(hash, seconds, seconds))
    return id
  end, true)
end

-- The session of a row, which may be over.
local function session_of(row, now)
  local token, began, used = row.value:match "^(%x+) (%d+) (%d+)$"
  began, used = tonumber(began), tonumber(used)
  local expires = math.min(began + sessions.LIFETIME, used + IDLE)
  return now < expires and { token = token, began = began, used = used, expires = expires } or false
end

-- Notes that a session is used. Where somebody else is writing, the next request does.
local function note_use(database, id, session, now)
  local seconds = math.floor(now)
  local noted = transaction.run(database, function(execute)
    return execute("UPDATE service SET value = ? WHERE name = ?", value_of(session.token, session.began, seconds), name_of(id))
  end, true)
  if noted then
    session.expires = math.min(session.began + sessions.LIFETIME, seconds + IDLE)
  end
end

--- The session of a cookie, which is used by that.
-- @tparam loom.database database
-- @tparam string id what the cookie holds
-- @tparam number now seconds since 1970
-- @treturn table|false|nil `token`, the hash of its token as bytes, and when it `expires`, in seconds since 1970, unless it is
--   used; false if there is none, or it is over
function sessions.find(database, id, now)
  if not (#id == 2 * BYTES and id:find "^%x+$") then
    return false
  end
  local row, message, code = database:row("SELECT value FROM service WHERE name = ?", name_of(id))
  local session = row and session_of(row, now)
  if not session then
    return row and false, message, code
  elseif now - session.used >= NOTE_EVERY then
    note_use(database, id, session, now)
  end
  session.token = tokens.unhex(session.token)
  return session
end

--- Ends a session, if it is there.
-- @tparam loom.database database
-- @tparam string id what the cookie holds
-- @treturn true
function sessions.finish(database, id)
  return transaction.run(database, function(execute)
    execute("DELETE FROM service WHERE name = ?", name_of(id))
    return true
  end, true)
end

--- Ends the sessions of tokens that are not in force any more.
-- @tparam loom.database database
-- @treturn true
function sessions.finish_unknown(database)
  local rows, message, code = database:rows(("SELECT DISTINCT %s AS token FROM service WHERE %s"):format(TOKEN, ALL))
  local unknown = {}
  for _, row in ipairs(rows or {}) do
    unknown[#unknown + 1] = not tokens.of_hash(tokens.unhex(row.token)) and row.token or nil
  end
  if not rows then
    return nil, message, code
  elseif #unknown == 0 then
    return true
  end
  return transaction.run(database, function(execute)
    for _, token in ipairs(unknown) do
      execute(("DELETE FROM service WHERE %s AND %s = ?"):format(ALL, TOKEN), token)
    end
    return true
  end, true)
end

return sessions
