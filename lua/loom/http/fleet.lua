--- The fleet as a worker last saw it: reports over all stores, computed in the background on native threads, that listings,
-- summaries and single stores are served from.
--
-- The standard report is kept, and computed anew when the data have changed and somebody asks; others are made as they are
-- asked for, and a few of them kept. While a report is computed anew, the one before serves listings, but never one that
-- is older than a few seconds, or than a few times what computing takes. A single store is served from the standard report
-- only as long as nothing has changed, so that clients read what they have written.
-- @module loom.http.fleet

local budget = require "loom.http.budget"
local core = require "loom.core"
local etag = require "loom.http.etag"
local Job = require "loom.job"
local Leash = require "loom.leash"
local log = require "loom.http.log"
local Lru = require "loom.http.lru"
local made_of = require "loom.http.made"
local problem = require "loom.http.problem"
local Status = require "loom.status"

local fleet = {}

local OTHERS_MAX = 4 -- reports with options that are kept
local COMPUTING_MAX = 2 -- of them at a time
local STALE = 2 -- seconds, or so many pauses, for which what has changed since may still be served
local LEAST_PAUSE, MOST_PAUSE = 1, 10 -- seconds between two starts of the same report
local SHARE = 4 -- and not more than this part of the time is spent on computing it
local WATCH = 0.05 -- seconds between two looks at one that nobody may wait for
local LOOK = 0.005 -- seconds between two looks at a report that is waited for
local PATIENCE = 20 -- seconds
local WAITING_MAX = 64 -- requests that wait for others to be computed, each of which looks fifty times a second
local TURN = 0.02 -- seconds between two such looks
local GRACE = 30 -- seconds that a job goes on without anybody who waits, since those whose patience ends come back

local monitor, leash
local made_once = 0 -- how many are computed for one answer alone, which are not kept: see `fleet.compute`
local waiting_for_others = 0 -- requests that do

-- Reports: `options`, `report`, `revision` and `seen` (when that was the newest), `job`, `job_revision`, `started`, `took`,
-- `failure`, `made`; of its job `run` (see `loom.leash`) and `reason`, why it was ended; how many are `waiting` for it, and since
-- when (`left`) nobody is; and marks of before the report and the job were begun (`mark`, `job_mark`: see `loom.http.made`).
-- The standard one stays, and so does that of what stores are now; the others are kept by
-- their options as text.
local standard, now, others

-- Reports and choices that somebody uses over a while: by how many, and whether they are to be closed by the last one.
local in_use = {}

local function close_when_unused(thing)
  if in_use[thing] then
    in_use[thing].is_over = true
  else
    thing:close()
  end
end

local function close_entry(entry)
  if entry.job then
    entry.job:close()
  end
  if entry.report then
    close_when_unused(entry.report)
  end
  made_of.clear(entry.made)
  entry.job, entry.report, entry.revision, entry.seen, entry.started = nil, nil, nil, nil, nil
end

-- What clients choose of a report is kept with it: choices, which are memory that Lua's collector does not know of, and texts.
local function new_entry(options, begin)
  return { options = options, made = made_of.new(close_when_unused), waiting = 0, begin = begin or Job.start }
end

--- Begins: see `loom.http.service`.
-- @tparam loom.monitor opened
-- @tparam[opt] number time_limit seconds that a report may compute
-- @tparam[opt] int log_limit bytes by which it may let the write-ahead log grow: see `loom.leash`
function fleet.open(opened, time_limit, log_limit)
  monitor, standard, others = opened, new_entry {}, Lru.new(OTHERS_MAX, close_entry)
  now = new_entry({}, Status.start)
  leash = Leash.new(opened.path, time_limit, log_limit)
end

--- Ends, and waits for what is computed.
function fleet.close()
  monitor = nil
  close_entry(standard)
  close_entry(now)
  others:clear()
end

--- The revision of the database: see `loom_database_revision`.
function fleet.revision()
  if not monitor then -- it was closed while somebody waited
    problem.raise_closed()
  end
  local revision, message, code = monitor.database:revision()
  if not revision then
    problem.raise_failure(message, code)
  end
  return revision
end

-- Tells the log of the standard report's stores that are left out, when they are others than before.
local function tell_left_out(entry)
  local told = entry == standard and entry.report:left_out_line() or entry.told
  if told and told ~= entry.told then
    log.write(ngx.WARN, "loom: the report of all stores: ", told)
  end
  entry.told = told
end

-- Takes a report whose job has ended.
local function collect(entry)
  local job = entry.job
  if not job or job:state() == "running" then
    return
  end
  local report, message, code = job:result()
  entry.job, entry.took = nil, core.clock() - entry.started
  if report then
    if entry.report then -- those who still use it keep theirs
      entry.made = made_of.next(entry.made, close_when_unused, monitor.database, entry.mark, entry.report.native, report.native)
      close_when_unused(entry.report)
    end
    entry.report, entry.seen, entry.failure, entry.mark = report, entry.started, nil, entry.job_mark
    tell_left_out(entry)
  else
    job:close()
    if code == "ECANCELED" and not entry.reason then -- nobody wanted it any more: the next one who does has it made
      entry.started = nil
      return
    end
    entry.failure = { message = entry.reason or message, code = code }
  end
  entry.reason, entry.revision = nil, entry.job_revision
end

-- How many reports are being computed.
local function computing()
  collect(standard)
  collect(now)
  local count = made_once + (standard.job and 1 or 0) + (now.job and 1 or 0)
  for _, entry in others:each() do
    collect(entry)
    count = count + (entry.job and 1 or 0)
  end
  return count
end

-- Takes the report as soon as it is there: how long it took tells how often it may be computed.
local watch_later

-- Ends a job that takes too much, or that nobody has waited for for a while. Everybody wants the standard report.
local function restrain(entry)
  entry.reason = entry.reason or leash:reason_to_end(entry.run)
  if entry.reason or (entry ~= standard and entry.waiting == 0 and core.clock() - entry.left > GRACE) then
    entry.job:cancel()
  end
end

local function watch(premature, entry)
  collect(entry)
  if entry.job and not premature then
    restrain(entry)
    watch_later(entry)
  end
end

function watch_later(entry)
  local made, why = ngx.timer.at(WATCH, watch, entry)
  if not made and not ngx.worker.exiting() then -- it is taken when somebody asks
    log.write(ngx.WARN, "loom: no timer can be made: ", tostring(why))
  end
end

local function start(entry, revision)
  local options = { threads = 1 }
  for name, value in pairs(entry.options) do
    options[name] = value
  end
  entry.started, entry.job_revision, entry.run, entry.left = core.clock(), revision, leash:begin(), core.clock()
  entry.job_mark = made_of.mark(monitor.database)
  local job, message, code = entry.begin(monitor, options)
  entry.job = job
  if job then
    watch_later(entry)
  else
    entry.failure, entry.revision, entry.took = { message = message, code = code }, revision, 0
  end
end

local function pause_of(entry)
  return math.min(math.max(LEAST_PAUSE, SHARE * (entry.took or 0)), MOST_PAUSE)
end

-- Whether a report may be computed anew already.
local function is_due(entry)
  return not entry.started or core.clock() - entry.started >= pause_of(entry)
end

-- Whether a report that is not the newest will still do.
local function is_recent(entry)
  return entry.report and not entry.failure and core.clock() - entry.seen <= STALE * pause_of(entry)
end

-- Looks whether the report is the newest, and has it computed if not. Whether it is.
local function refresh(entry, revision)
  collect(entry)
  if entry.revision == revision then
    entry.seen = core.clock()
    return true
  end
  if not entry.job and is_due(entry) and leash:may_begin(computing()) then
    start(entry, revision)
  end
  return false
end

local NOW = "now\0" -- the key of states by the usual rules, and what those of others begin with

-- Whether the client has gone, as far as nginx is told to look (lua_check_client_abort): `has_left` of what this returns.
local function watch_client()
  local client = ngx.ctx.loom_client
  if not client then
    client = {}
    ngx.ctx.loom_client = client
    ngx.on_abort(function()
      client.has_left = true
    end)
  end
  return client
end

-- Waits until there is room for one more computation; there is until the caller yields.
local function wait_for_room(client, deadline)
  if computing() < COMPUTING_MAX then
    return
  end
  local has_room = false
  waiting_for_others = waiting_for_others + 1
  if waiting_for_others <= WAITING_MAX then
    repeat
      ngx.sleep(TURN)
      has_room = monitor and computing() < COMPUTING_MAX
    until has_room or not monitor or client.has_left or core.clock() > deadline
  end
  waiting_for_others = waiting_for_others - 1
  if not monitor then
    problem.raise_closed()
  elseif not has_room then
    problem.raise(503, "other reports are being computed", { headers = { ["Retry-After"] = "1" } })
  end
end

-- One that nobody has asked for lately makes room, and is not computed any further.
local function entry_of(key, options, waiter)
  if key == "" or key == NOW then
    return key == "" and standard or now
  end
  local entry = others:get(key)
  if not entry then
    wait_for_room(waiter.client, waiter.deadline)
    entry = others:get(key) -- somebody else may have been quicker
  end
  if not entry then
    entry = others:put(key, new_entry(options, key:sub(1, #NOW) == NOW and Status.start or nil))
  end
  return entry
end

-- Joins those who wait for a report, or leaves them. A job that the last one of them leaves because the client has gone is wanted
-- by nobody.
local function wait_for(waiter, entry)
  local before = waiter.entry
  if before == entry then
    return
  elseif entry then
    entry.waiting = entry.waiting + 1
  end
  if before then
    before.waiting, before.left = before.waiting - 1, core.clock()
    if waiter.client.has_left and before.waiting == 0 and before ~= standard and before.job then
      before.job:cancel()
    end
  end
  waiter.entry = entry
end

local function await(waiter, key, options)
  while true do
    local entry = entry_of(key, options, waiter) -- it may have had to make room meanwhile
    wait_for(waiter, entry)
    local is_newest = refresh(entry, fleet.revision())
    if entry.failure and entry.failure.code ~= "EEMPTY" then
      local failure = entry.failure
      entry.failure, entry.revision = nil, nil -- it is tried again for the next one who asks
      problem.raise_uncomputed(failure.message, failure.code)
    elseif is_newest and entry.failure then
      return nil
    elseif is_newest or is_recent(entry) then
      etag.from(entry.revision)
      return entry.report, entry.made
    elseif waiter.client.has_left or core.clock() > waiter.deadline then
      problem.raise(503, "the report takes long to compute", { headers = { ["Retry-After"] = "5" } })
    end
    ngx.sleep(LOOK)
  end
end

local function wait_and_take(key, options)
  local waiter = { deadline = core.clock() + PATIENCE, client = watch_client() }
  local good, report, made = pcall(await, waiter, key, options)
  wait_for(waiter, nil)
  if not good then
    error(report, 0)
  end
  return report, made
end

--- The report of some options, at most a few seconds old. It is good until the caller yields.
-- @tparam string key the options as text, "" for none
-- @tparam table options of `loom.monitor:start_report`
-- @treturn ?loom.report nil if there are no polls
-- @treturn ?loom.http.lru what was made for it: see `fleet.once`
function fleet.report(key, options)
  if not monitor then
    problem.raise_closed()
  elseif key ~= "" then
    budget.check(monitor.database, options)
  end
  return wait_and_take(key, options)
end

--- What stores are, in the same way.
-- @tparam string key the options as text, "" for none
-- @tparam table options of `loom.monitor:status`
-- @treturn ?loom.status nil if there are no polls
-- @treturn ?loom.http.lru what was made for it
function fleet.status(key, options)
  if not monitor then
    problem.raise_closed()
  elseif key ~= "" then
    budget.check_status(monitor, options)
  end
  return wait_and_take(NOW .. key, options)
end

local function release(thing)
  local use = in_use[thing]
  use.count = use.count - 1
  if use.count == 0 then
    in_use[thing] = nil
    if use.is_over then
      thing:close()
    end
  end
end

--- Does what yields with a report, or with something that was made for one, which stays good meanwhile.
-- @param thing with a method `close`
-- @tparam function work
-- @return what it returns
function fleet.use(thing, work)
  in_use[thing] = in_use[thing] or { count = 0 }
  in_use[thing].count = in_use[thing].count + 1
  local good, result = pcall(work)
  release(thing)
  if not good then
    error(result, 0)
  end
  return result
end

--- What was made for a report by a key, or is made now; those who ask for it meanwhile wait for it.
-- @tparam loom.http.lru made as `fleet.report` gives it
-- @tparam string key
-- @tparam function make it may yield; returns a text or a choice, and its weight in bytes
-- @return what it made, which is good until the caller yields
function fleet.once(made, key, make)
  local marker, deadline = "making\0" .. key, core.clock() + PATIENCE
  while not made:get(key) and made:get(marker) do
    if core.clock() > deadline then
      problem.raise(503, "the answer takes long to make", { headers = { ["Retry-After"] = "1" } })
    end
    ngx.sleep(LOOK)
  end
  local known = made:get(key)
  if known then
    return known
  end
  made:put(marker, "", Lru.OVERHEAD + #marker)
  local called, value, weight = pcall(make)
  made:remove(marker)
  if not called then
    error(value, 0)
  end
  return made:put(key, value, Lru.OVERHEAD + #key + weight)
end

-- Waits for a job that is computed for this request alone, and ends it where it takes too much, or where nobody waits any more.
local function wait_for_job(job, client, run)
  local of, reason = monitor, nil
  while job:state() == "running" do
    reason = reason or leash:reason_to_end(run)
    if reason or client.has_left or monitor ~= of then
      job:cancel()
    end
    ngx.sleep(LOOK)
  end
  local result, message, code = job:result()
  if not result then
    problem.raise_uncomputed(reason or message, code)
  elseif monitor ~= of then
    result:close()
    problem.raise_closed()
  end
  return result
end

--- Computes something on native threads for an answer that is kept with others of a report (see `fleet.once`), so that nothing
-- else of it is. What begins, and how many there are at a time, has the bounds that reports have.
-- @tparam function begin (monitor) that starts a job, or fails
-- @return the job's result
function fleet.compute(begin)
  local client = watch_client()
  local deadline = core.clock() + PATIENCE
  wait_for_room(client, deadline)
  if not leash:may_begin(computing()) then
    problem.raise(503, "the write-ahead log is too long for another report", { headers = { ["Retry-After"] = "5" } })
  end
  local run = leash:begin()
  local job, message, code = begin(monitor)
  if not job then
    problem.raise_uncomputed(message, code)
  end
  made_once = made_once + 1
  local good, result = pcall(wait_for_job, job, client, run)
  made_once = made_once - 1
  if not good then
    job:close()
    error(result, 0)
  end
  return result
end

local function newest(entry, revision)
  if refresh(entry, revision) and not entry.failure then
    return entry.report
  end
end

--- The standard report if nothing has changed since it was computed; it is good until the caller yields.
-- @tparam int revision the database's
-- @treturn ?loom.report
function fleet.newest(revision)
  return newest(standard, revision)
end

--- The same of what stores are by the usual rules.
-- @treturn ?loom.status
function fleet.newest_status(revision)
  return newest(now, revision)
end

return fleet
