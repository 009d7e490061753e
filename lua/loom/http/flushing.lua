--- Polls on their way to a cluster. Those that are sent to the service are in the head when they are answered, and one worker
-- has a thread take them to the cluster (see src/core/cluster/flush.h): every two seconds, or when there are many. Each flush
-- leaves pieces of days, which the thread writes anew between two flushes (see src/core/cluster/tend.h). What all workers know
-- of it is in the shared dictionary `loom`.
-- @module loom.http.flushing

local cjson = require "cjson.safe"
local core = require "loom.core"
local log = require "loom.http.log"
local problem = require "loom.http.problem"
local timer = require "loom.http.timer"

local flushing = {}

local EVERY = 2 -- seconds from the start of a flush to that of the next one
local SOON = 1 -- where many polls wait, or somebody waits for it: each flush makes files on some servers, which have to be merged
local MANY = 65536 -- polls
local PAUSE_MAX = 30 -- seconds: the longest pause after flushes that have failed, which begins with EVERY and doubles
local LOOK = 10 -- seconds: where nothing waits, what others have committed is asked for, and whether the head writes still
local POLLS_MAX = 16 * 1024 * 1024 -- that may wait: 128 MB of the head, and of memory for who reads all of them
local TICK = 0.05 -- seconds between two looks
local PATIENCE = 30 -- seconds that a request waits for the cluster
local COMPACT_EVERY = 60 -- seconds from one look for a day that is to be written anew to the next
local SHARE = 20 -- and so many times as long as the last one took: a twentieth of the time at the most
local FULL_EVERY = 3600 -- seconds until the ledger is folded, and what was replaced is dropped
local RESULT_MAX = 4096 -- bytes

-- The numbers that workers share, by what they are; a worker's own where there is no dictionary.
local WAITING, BEGUN, DONE, WANTED, LAST = "flush waiting", "flush begun", "flush done", "flush wanted", "flush last"
local TAKEN = "flush taken" -- 1: another head alone writes to the cluster
local OUTCOMES = 'loom_flushes_total{outcome="%s"}'
local COMPACTIONS = 'loom_compactions_total{outcome="%s"}'
local own = {}

local function get(key)
  return ngx.shared.loom and ngx.shared.loom:get(key) or own[key] or 0
end

local function set(key, number)
  if ngx.shared.loom then
    ngx.shared.loom:set(key, number)
  else
    own[key] = number
  end
end

local function add(key, amount)
  if ngx.shared.loom then
    return ngx.shared.loom:incr(key, amount, 0)
  end
  own[key] = (own[key] or 0) + amount
  return own[key]
end

local state -- of the database that is open, where that has a cluster

-- ---- flushes ----

-- The polls that were known to wait when it began are gone, and so many are left at the least.
local function note_success(of, found)
  local waiting = math.max(add(WAITING, -of.took), found.waiting)
  set(WAITING, waiting)
  set(DONE, of.number)
  set(LAST, ngx.now())
  add(OUTCOMES:format "done", 1)
  if get(TAKEN) == 1 then
    log.write(ngx.NOTICE, "loom: ", of.path, ": this head writes to the cluster again")
  elseif of.pause > EVERY or of.is_told then
    log.write(ngx.NOTICE, "loom: ", of.path, ": what had to wait is in the cluster")
  end
  set(TAKEN, 0)
  of.pause, of.is_known, of.is_told = EVERY, true, false
end

local function note_taken(of, message)
  if get(TAKEN) == 0 then
    log.write(ngx.ERR, "loom: polls are refused: ", message)
  end
  set(TAKEN, 1)
  of.pause = LOOK
end

-- Where others write at the same time that is no reason to wait longer.
local function note_failure(of, message, code)
  add(OUTCOMES:format "failed", 1)
  if code == "EOWNER" then
    return note_taken(of, message)
  end
  if not of.is_told then
    log.write(ngx.ERR, "loom: polls wait to get to the cluster: ", tostring(message))
  end
  of.is_told = true
  of.pause = code == "EBUSY" and of.pause or math.min(of.pause * 2, PAUSE_MAX)
end

local function note_compaction(of, found, message)
  local took = core.clock() - of.compacted
  of.compact_pause = math.max(of.compact_every, took * SHARE)
  if found then
    of.is_compaction_told = false
    add(COMPACTIONS:format "done", found.tended and 1 or 0)
    return
  end
  add(COMPACTIONS:format "failed", 1)
  if not of.is_compaction_told then
    log.write(ngx.WARN, "loom: days of the cluster are not compacted: ", tostring(message))
  end
  of.is_compaction_told = true
end

local function take_result(of)
  local spool, message, code = of.thread:result()
  of.is_running = false
  local found = spool and cjson.decode(spool:read(0, RESULT_MAX))
  if spool then
    spool:close()
  end
  if of.is_compacting then
    of.is_compacting = false
    note_compaction(of, found, message)
  elseif found then
    note_success(of, found)
  else
    note_failure(of, message, code)
  end
end

local function start(of)
  if not of.thread then
    local thread, message = core.thread { module = "loom.http.flusher", folder = of.folder, limit = RESULT_MAX }
    of.started = core.clock()
    if not thread then
      return note_failure(of, message)
    end
    of.thread = thread
  end
  of.started, of.took, of.number = core.clock(), get(WAITING), add(BEGUN, 1)
  set(WANTED, 0)
  of.is_running = true
  of.thread:start("flush", cjson.encode { of.path })
end

-- Behind a flush that has gone well, so that the thread is there and the cluster, too.
local function is_compaction_due(of)
  return of.compact_every > 0 and of.is_known and of.pause == EVERY and not of.is_told and get(WANTED) == 0
    and core.clock() - of.compacted >= of.compact_pause
end

local function compact(of)
  local now = core.clock()
  local is_full = now - of.full >= FULL_EVERY
  of.compacted, of.full = now, is_full and now or of.full
  of.is_running, of.is_compacting = true, true
  of.thread:start("tend", cjson.encode { of.path, is_full })
end

local function is_due(of)
  local since = core.clock() - of.started
  if of.pause > EVERY then
    return since >= of.pause
  end
  local waiting = get(WAITING)
  return since >= SOON and (waiting >= MANY or get(WANTED) > 0)
    or since >= EVERY and (waiting > 0 or not of.is_known)
    or since >= LOOK
end

-- Ends with the thread, which a database that is lost leaves to its task.
local function see_off(of)
  if of.thread:state() == "running" then
    return timer.after(TICK, function(premature)
      if not premature then
        return see_off(of)
      end
    end)
  end
  of.thread:close()
end

local function tick(premature, of)
  if premature or state ~= of then
    return
  elseif of.is_running and of.thread:state() == "ended" then
    take_result(of)
  elseif not of.is_running and is_due(of) then
    start(of)
  elseif not of.is_running and is_compaction_due(of) then
    compact(of)
  end
  return timer.after(TICK, tick, of)
end

-- How many polls wait in the head from before, as of a service that ended while the cluster was away.
local function count_waiting(monitor)
  local row = monitor.database:row "SELECT ifnull(sum(length(polls)), 0) / 8 AS polls FROM poll_block"
  return row and row.polls or 0
end

--- Begins, where a monitor has its polls in a cluster.
-- @tparam loom.monitor monitor
-- @tparam string folder for results that are long, which none are
-- @tparam[opt=60] number compact_every seconds from one look for a day that is to be written anew to the next; 0: none is
function flushing.open(monitor, folder, compact_every)
  state = nil
  if monitor.file == monitor.path then
    return
  end
  local every, now = compact_every or COMPACT_EVERY, core.clock()
  state = { path = monitor.path, folder = folder, pause = EVERY, started = -math.huge,
    compact_every = every, compact_pause = every, compacted = now, full = now }
  if not ngx.shared.loom or ngx.worker.id() == 0 then
    set(WAITING, math.max(get(WAITING), count_waiting(monitor)))
    set(TAKEN, 0)
    timer.after(0, tick, state)
  end
end

--- Ends; what is spooled is taken to the cluster when the service is there again.
-- @tparam bool waits for the flush that runs
function flushing.close(waits)
  local closing = state
  state = nil
  if closing and closing.thread then
    closing.thread:cancel()
    if waits then
      closing.thread:close()
    else
      see_off(closing)
    end
  end
end

-- ---- for those who write ----

--- Whether polls go to a cluster.
function flushing.is_on()
  return state ~= nil
end

--- Whether another head alone writes to the cluster, as far as is known.
function flushing.is_taken()
  return state ~= nil and get(TAKEN) == 1
end

--- Ends the request where too many polls wait, or another head alone writes to the cluster.
function flushing.check()
  if flushing.is_taken() then
    problem.raise(503, "another head alone writes to the cluster: polls are for its service, until this one takes over",
      { headers = { ["Retry-After"] = "10" } })
  end
  if state and get(WAITING) >= POLLS_MAX then
    problem.raise(503, ("%d polls wait to get to the cluster, and no more are taken until some are there"):format(get(WAITING)),
      { headers = { ["Retry-After"] = "30" } })
  end
end

--- Notes polls that were written.
function flushing.note(count)
  if state and count > 0 then
    add(WAITING, count)
  end
end

--- Waits until what was written before is in the cluster, or ends the request: it is in the head then, all the same.
function flushing.await()
  local begun, deadline = get(BEGUN), core.clock() + PATIENCE
  while get(DONE) <= begun do
    set(WANTED, 1)
    if not state then
      problem.raise_closed()
    elseif flushing.is_taken() then
      problem.raise(503, "the polls are stored, but another head alone writes to the cluster: they wait until this one does",
        { headers = { ["Retry-After"] = "30" } })
    elseif core.clock() > deadline then
      problem.raise(503, "the polls are stored, but not in the cluster yet: they will be once its servers answer",
        { headers = { ["Retry-After"] = "30" } })
    end
    ngx.sleep(TICK)
  end
end

--- What metrics tell, where there is a cluster: how many polls wait, and when they were flushed last, in seconds since 1970.
-- @treturn ?int
-- @treturn ?number
function flushing.figures()
  if state then
    return get(WAITING), get(LAST)
  end
end

return flushing
