--- The fleet as a worker last saw it: reports over all stores, computed in the background on native threads, that listings,
-- summaries and single stores are served from.
--
-- The standard report is kept, and computed anew when the data have changed and somebody asks; others are made as they are
-- asked for, and a few of them kept. While a report is computed anew, the one before serves listings, but never one that
-- is older than a few seconds, or than a few times what computing takes. A single store is served from the standard report
-- only as long as nothing has changed, so that clients read what they have written.
-- @module loom.http.fleet

local core = require "loom.core"
local Job = require "loom.job"
local problem = require "loom.http.problem"

local fleet = {}

local OTHERS_MAX = 4 -- reports with options that are kept
local COMPUTING_MAX = 2 -- of them at a time
local STALE = 2 -- seconds, or so many pauses, for which what has changed since may still be served
local LEAST_PAUSE, MOST_PAUSE = 1, 10 -- seconds between two starts of the same report
local SHARE = 4 -- and not more than this part of the time is spent on computing it
local WATCH = 0.05 -- seconds between two looks at one that nobody may wait for
local LOOK = 0.005 -- seconds between two looks at a report that is waited for
local PATIENCE = 20 -- seconds

local monitor
local entries = {} -- by options as text: `options`, `report`, `revision` and `seen` (when that was the newest), `job`,
                   -- `job_revision`, `started`, `took`, `failure`, `used`

local function close_entry(entry)
  if entry.job then
    entry.job:close()
  end
  if entry.report then
    entry.report:close()
  end
  entry.job, entry.report, entry.revision, entry.seen, entry.started = nil, nil, nil, nil, nil
end

--- Begins: see `loom.http.service`.
function fleet.open(opened)
  monitor, entries = opened, {}
end

--- Ends, and waits for what is computed.
function fleet.close()
  for _, entry in pairs(entries) do
    close_entry(entry)
  end
  entries = {}
end

--- The revision of the database: see `loom_database_revision`.
function fleet.revision()
  local revision, message, code = monitor.database:revision()
  if not revision then
    problem.raise_failure(message, code)
  end
  return revision
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
    if entry.report then
      entry.report:close()
    end
    entry.report, entry.seen, entry.failure, entry.ids = report, entry.started, nil, {}
  else
    job:close()
    entry.failure = { message = message, code = code }
  end
  entry.revision = entry.job_revision
end

local function computing()
  local count = 0
  for _, entry in pairs(entries) do
    collect(entry)
    count = count + (entry.job and 1 or 0)
  end
  return count
end

-- Takes the report as soon as it is there: how long it took tells how often it may be computed.
local function watch(premature, entry)
  collect(entry)
  if entry.job and not premature then
    ngx.timer.at(WATCH, watch, entry)
  end
end

local function start(entry, revision)
  local options = { threads = 1 }
  for name, value in pairs(entry.options) do
    options[name] = value
  end
  entry.started, entry.job_revision = core.clock(), revision
  local job, message, code = Job.start(monitor, options)
  entry.job = job
  if job then
    ngx.timer.at(WATCH, watch, entry)
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
  if not entry.job and is_due(entry) then
    start(entry, revision)
  end
  return false
end

-- Drops the report with options that was not used for the longest time.
local function make_room()
  local count, oldest = 0, nil
  for key, entry in pairs(entries) do
    if key ~= "" and not entry.job then
      count = count + 1
      oldest = (not oldest or entry.used < entries[oldest].used) and key or oldest
    end
  end
  if count >= OTHERS_MAX then
    close_entry(entries[oldest]) -- somebody may still wait for it, and will have it computed again
    entries[oldest] = nil
  end
end

local function entry_of(key, options)
  local entry = entries[key]
  if not entry then
    if key ~= "" and computing() >= COMPUTING_MAX then
      problem.raise(503, "other reports are being computed", { headers = { ["Retry-After"] = "1" } })
    end
    make_room()
    entry = { options = options, ids = {} }
    entries[key] = entry
  end
  entry.used = core.clock()
  return entry
end

--- The report of some options, at most a few seconds old. It is good until the caller yields.
-- @tparam string key the options as text, "" for none
-- @tparam table options of `loom.monitor:start_report`
-- @treturn ?loom.report nil if there are no polls
-- @treturn ?table sets of stores that were made for it, by any key
function fleet.report(key, options)
  local entry, deadline = entry_of(key, options), core.clock() + PATIENCE
  while true do
    local is_newest = refresh(entry, fleet.revision())
    if entry.failure and entry.failure.code ~= "EEMPTY" then
      local failure = entry.failure
      entry.failure, entry.revision = nil, nil -- it is tried again for the next one who asks
      problem.raise_failure(failure.message, failure.code)
    elseif is_newest and entry.failure then
      return nil
    elseif is_newest or is_recent(entry) then
      return entry.report, entry.ids
    elseif core.clock() > deadline then
      problem.raise(503, "the report takes long to compute", { headers = { ["Retry-After"] = "5" } })
    end
    ngx.sleep(LOOK)
    entry.used = core.clock()
    entries[key] = entry -- it may have been dropped meanwhile
  end
end

--- The standard report if nothing has changed since it was computed; it is good until the caller yields.
-- @tparam int revision the database's
function fleet.newest(revision)
  local entry = entry_of("", {})
  if refresh(entry, revision) and not entry.failure then
    return entry.report
  end
end

return fleet
