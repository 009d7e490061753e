--- Whether a worker can do its work: what `/readyz` tells.
--
-- Reading is tried on a connection of its own, which sees the file as whoever opens it now does, rather than pages that were
-- read long ago; writing by writing. What requests have met counts, too: damage is in some place, and a disk that is full may
-- have room for a small write. However often it is asked, all of this is done once a second. What cannot be done is logged,
-- with paths, when it begins and when it is over.
-- @module loom.http.readiness

local core = require "loom.core"
local flushing = require "loom.http.flushing"
local log = require "loom.http.log"
local tokens = require "loom.http.tokens"
local transaction = require "loom.transaction"

local readiness = {}

local KEEP = 1 -- seconds for which what was found holds
local UNREACHABLE_KEPT = 5 -- and one that servers of a cluster do not answer, who often come back
local MET_KEPT = 60 -- seconds after which a failure that a request has met is history, unless it is met again

-- One row of each of the large tables: the newest block of polls, the last store.
local read_sql = [[SELECT (SELECT store_id FROM store ORDER BY number DESC LIMIT 1) AS store,
  (SELECT length(polls) FROM poll_block ORDER BY day DESC, store DESC LIMIT 1) AS polls,
  (SELECT revision FROM overall) AS revision, (SELECT count(*) FROM report WHERE state = 'queued') AS queued]]

local kinds = { ECORRUPT = "read", ENOTDB = "read", EIO = "read", EUNREACHABLE = "read", EFULL = "write", EREADONLY = "write" }

local met = {} -- by what could not be done: `message`, and `till` when it counts

--- Notes a failure that a request has met.
-- @tparam string message
-- @tparam string code
function readiness.note_failure(message, code)
  if kinds[code] then
    local kept = code == "EUNREACHABLE" and UNREACHABLE_KEPT or MET_KEPT
    met[kinds[code]] = { message = message, till = core.clock() + kept }
  end
end

local function met_lately(what)
  return met[what] and core.clock() < met[what].till and met[what].message
end

local checks = {}

function checks.read(state)
  if met_lately "read" then
    return nil, met_lately "read"
  end
  local database, message = state.monitor.database:clone()
  if not database then
    return nil, message
  end
  local row, code
  row, message, code = database:row(read_sql)
  database:close()
  return code == "EBUSY" or row ~= nil, message
end

-- What is written changes nothing; another writer is proof enough that it can be done.
function checks.write(state)
  if met_lately "write" then
    return nil, met_lately "write"
  end
  local written, message, code = transaction.run(state.monitor.database, function(execute)
    return execute "UPDATE overall SET revision = revision"
  end, true)
  return written ~= nil or code == "EBUSY" or code == "EINVAL", message
end

function checks.reports(state)
  local path = ("%s/.ready-%s"):format(state.queue.folder, core.uuid())
  local file, message = io.open(path, "wb")
  local good = false
  if file then
    good, message = file:write "x"
    if good then
      good, message = file:flush()
    end
    file:close()
    os.remove(path)
  end
  return good and true, message
end

function checks.queue(state)
  local waiting, message = state.queue:waiting()
  return not (waiting and waiting.full), message or "too many reports are waiting"
end

function checks.owner()
  return not flushing.is_taken(), "another head alone writes to the cluster"
end

function checks.tokens()
  return tokens.state() ~= 0, "there is no token by which anybody gets in"
end

local order = { "read", "write", "reports", "queue", "owner", "tokens" }

local found = { at = -math.huge, failing = {} }
local told = {} -- by name

local function tell(name, good, message)
  if good == (told[name] == nil) then
    return
  end
  told[name] = not good or nil
  log.write(ngx.ERR, "loom: not ready: ", name, good and " works again" or ": " .. tostring(message))
end

--- What cannot be done.
-- @tparam ?table state the service's; nil where the database is not open
-- @treturn {string,...} of "read" and "write" (the database), "reports" (files of reports), "queue" (too many reports wait),
--   "owner" (another head alone writes to the cluster) and "tokens" (there is none by which anybody gets in)
function readiness.failing(state)
  if state == found.state and core.clock() - found.at < KEEP then
    return found.failing
  end
  local failing = {}
  for _, name in ipairs(order) do
    local good, message
    if state or name == "tokens" then
      good, message = checks[name](state)
    else
      good, message = name ~= "read" and name ~= "write", "the database is not open"
    end
    tell(name, good and true or false, message)
    failing[#failing + 1] = not good and name or nil
  end
  found = { at = core.clock(), state = state, failing = failing }
  return failing
end

--- What is wrong without keeping anything from being done.
-- @treturn {string,...} "tokens": the token file has lines that cannot be read, which let nobody in
function readiness.warnings()
  local count, wrong = tokens.state()
  return count and wrong > 0 and { "tokens" } or {}
end

return readiness
