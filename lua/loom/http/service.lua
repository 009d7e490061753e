--- What a worker of nginx holds: its monitor, its queue and its writer, opened when it starts.
-- @module loom.http.service

local budget = require "loom.http.budget"
local check = require "loom.check"
local cjson = require "cjson.safe"
local core = require "loom.core"
local fleet = require "loom.http.fleet"
local flushing = require "loom.http.flushing"
local lfs = require "lfs"
local log = require "loom.http.log"
local Lru = require "loom.http.lru"
local Monitor = require "loom.monitor"
local opening = require "loom.opening"
local problem = require "loom.http.problem"
local Queue = require "loom.queue"
local report_folder = require "loom.report_folder"
local Stored = require "loom.stored_report"
local tasks = require "loom.http.tasks"
local time = require "loom.time"
local timer = require "loom.http.timer"

local service = {}

local TICK = 0.05 -- seconds between two looks at the queue
local RETRY = 0.005 -- seconds between two tries where the database is busy
local PATIENCE = 10 -- seconds for which tries go on
local JOB_STEP = 0.005 -- seconds between two looks at a job
local REOPEN = 1 -- seconds between two tries to open the database
local LOOK_EVERY = 0.05 -- seconds between two looks whether it still is where it was, which take a microsecond
local CLOSE = 30 -- seconds that reports get to end when the worker does

local POLLS_LIMIT = 8 * 1024 * 1024 -- bytes of a body of polls
local INGEST_LIMIT = 2 * 1024 * 1024 * 1024 -- and of a file
local ROWS_LIMIT = 2000000 -- of a file of anything but polls, held in 120 MB: the weekly hours of 140,000 stores
local UPLOADS = 4 -- files that may come at a time, in each worker
local CLIENT_UPLOADS = 2 -- of them from one client, so that others find a place
local BODY_RATE = 4096 -- bytes a second of a file that comes: every line that is in use is faster
local BODY_TIMEOUT = 30 -- seconds that it may lag behind

--- Seconds for which a cluster is asked at the most before an answer says that it cannot be.
service.CLUSTER_PATIENCE = 5

local state

local COMPLETE_MAX = 10000 -- ten times as many as are kept by default, in some 3 MB

-- Ids of reports that are known to be complete, which they stay until they are removed: whether their CSV is a file.
local complete = Lru.new(COMPLETE_MAX)

local function tick(premature, of)
  if not of or state ~= of then
    return
  end
  local good, err = pcall(state.queue.tick, state.queue)
  if not good then
    log.write(ngx.ERR, "loom: ", tostring(err))
  end
  if not premature then
    return timer.after(TICK, tick, of)
  end
end

local function open_monitor(options, create)
  return Monitor.open(options.database, {
    create = create,
    patience = service.CLUSTER_PATIENCE,
    checkpoint = false, -- nor does it copy the log, which the writer's thread does
    default_zone = options.default_zone,
    max_ahead = options.max_ahead,
    clock = function()
      ngx.update_time()
      return ngx.now()
    end,
  })
end

-- A writer of the database that a monitor has open; nil, and why there can be none, or why it must not be served.
local function open_writer(options, monitor)
  local writer, message = core.writer(monitor.file, { uploads = options.uploads or UPLOADS }, monitor.database)
  if not writer then
    return nil, message
  end
  local refusal = monitor.database:is_lost() and "it was replaced while it was opened"
  if not refusal then
    local _, why, code = report_folder.claim(monitor, options.reports)
    refusal = code == "EINVAL" and why -- all else that it fails with, such as a full disk, is no reason not to serve
  end
  if refusal then
    writer:close()
    return nil, refusal
  end
  return writer
end

local function make_queue(options, monitor)
  return Queue.new(monitor, {
    folder = options.reports, running = options.running, queued = options.queued, threads = options.threads,
    time_limit = options.time_limit, log_limit = options.log_limit,
    neutralise_formulas = options.csv_formulas ~= "raw",
    keep_seconds = options.keep_seconds, keep_count = options.keep_count,
    on_end = function(id, ended)
      if service.on_report then
        service.on_report(id, ended)
      end
    end,
    log = function(line)
      log.write(ngx.ERR, "loom: ", line)
    end,
  })
end

local function limits_of(options)
  return {
    polls = options.polls_limit or POLLS_LIMIT, ingest = options.ingest_limit or INGEST_LIMIT,
    rows = options.rows_limit or ROWS_LIMIT, client_uploads = options.client_uploads or CLIENT_UPLOADS,
    body_rate = options.body_rate or BODY_RATE, body_timeout = options.body_timeout or BODY_TIMEOUT,
  }
end

local function open(options, create)
  problem.hide { options.reports, options.database, options.token_file }
  local monitor, message = open_monitor(options, create)
  if not monitor then
    return nil, message
  end
  local writer
  writer, message = open_writer(options, monitor)
  if not writer then
    monitor:close()
    return nil, message
  end
  assert(monitor.database:set_busy_timeout(0)) -- once it is open, a worker never waits: see patiently
  state = { monitor = monitor, queue = make_queue(options, monitor), writer = writer, limits = limits_of(options) }
  fleet.open(monitor, options.time_limit, options.log_limit)
  budget.open(options.store_days)
  tasks.open(options.reports)
  flushing.open(monitor, options.reports, options.compact_every)
  timer.after(0, tick, state)
  return true
end

-- What is seen of a file from outside, which stays the same while nobody writes to it.
local function looks_of(path)
  local found = lfs.attributes(path)
  return found and found.mode == "file"
    and ("%s %s %s %s %s"):format(found.dev, found.ino, found.size, found.modification, found.change) or nil
end

local place -- of the file that was open last

local look_at_place -- is defined below

local function await_database(options, was_lost, looks)
  return timer.after(REOPEN, function(premature)
    if not premature then
      return service.open(options, was_lost, looks)
    end
  end)
end

--- Opens the database and starts to work on reports: see `loom.http.init_worker`. Where that fails it is tried again until
-- it does not, and meanwhile there is no monitor.
-- @tparam table options
-- @tparam[opt] bool was_lost it was deleted or replaced under this worker: it is not made, since somebody is about to put one
--   there, and not opened before it looks as it did a second ago, since it may still be being copied
-- @tparam[opt] string before how it looked then
function service.open(options, was_lost, before)
  local looks = was_lost and looks_of(opening.is_conf(options.database) and opening.file(options.database) or place)
  if was_lost and not (looks and looks == before) then
    return await_database(options, true, looks)
  end
  local opened, message = open(options, not was_lost)
  if not opened then
    log.write(ngx.ERR, "loom: ", message)
    return await_database(options, was_lost)
  end
  place = state.monitor.file
  if was_lost then
    log.write(ngx.NOTICE, "loom: ", options.database, ": is there again, and open")
  end
  return timer.after(LOOK_EVERY, look_at_place, options, state)
end

-- Lets go of a database that is not where it was: what waits to be written fails, reports that run are stopped.
local function let_go()
  local lost = state
  state = nil
  complete:clear()
  fleet.close()
  tasks.let_go()
  flushing.close(false)
  lost.queue:abandon()
  lost.monitor:close()
  lost.writer:close()
end

function look_at_place(premature, options, of)
  if premature or state ~= of then
    return
  elseif not state.monitor.database:is_lost() then
    return timer.after(LOOK_EVERY, look_at_place, options, of)
  end
  log.write(ngx.ERR, "loom: ", options.database,
    ": was deleted or replaced; requests get 503 until there is a database again that does not change for a second")
  let_go()
  return service.open(options, true)
end

--- Lets what is being written and the reports that run end, and closes the database.
function service.close()
  local closing = state
  state = nil
  if closing then
    closing.writer:close()
    fleet.close()
    tasks.close()
    flushing.close(true)
    closing.queue:close(CLOSE)
    closing.monitor:close()
  end
end

--- The worker's monitor; nil where it is not open yet, or closed.
function service.monitor()
  return state and state.monitor
end

-- Calls work(state); what the rows of a query raise, at some line, is a failure like those that are returned.
local function attempt(work)
  local called, result, message, code = pcall(work, state)
  if called then
    return result, message, code
  end
  local text = type(result) == "string" and (result:match "%.lua:%d+: (E%u+: .*)" or result)
  code = text and text:match "^(E%u+): "
  if not code then
    error(result, 0)
  end
  return nil, text, code
end

--- Calls work(state) until it does not fail because another process is writing. It may be called several times.
-- @return what it returns
function service.patiently(work)
  local deadline = core.clock() + PATIENCE
  while true do
    if not state then
      problem.raise_closed()
    end
    local result, message, code = attempt(work)
    if result ~= nil or code ~= "EBUSY" or core.clock() > deadline then
      return result, message, code
    end
    ngx.sleep(RETRY)
  end
end

-- A report of a job, which has a connection of its own, so that servers of a cluster keep no worker.
local function report_of_job(monitor, options)
  local job, message, code = monitor:start_report(options)
  if not job then
    return nil, message, code
  end
  while not job:wait(0) do
    ngx.sleep(JOB_STEP)
  end
  local report
  report, message, code = job:result()
  job:close()
  return report, message, code
end

--- The row of one store in a window; false if it has none.
function service.store(id, window)
  local options = { stores = { ids = { id } }, windows = { window }, threads = 1 }
  local report, message, code = service.patiently(function(opened)
    local monitor = opened.monitor
    if monitor.file ~= monitor.path then
      return report_of_job(monitor, options)
    end
    return monitor:report(options)
  end)
  if not report then
    return nil, message, code
  end
  local row = report:get(id)
  return row or false
end

local function current()
  return state or problem.raise_closed()
end

--- The writer: see src/lua/writer.c.
function service.writer()
  return current().writer
end

--- The instant of polls that have none, and the latest one that others may have (see `loom.time`), in microseconds.
function service.now()
  local monitor = current().monitor
  local now = time.now(monitor)
  return now, time.latest(now, monitor.max_ahead)
end

--- Limits of what clients send: bytes of a body (`polls`, `ingest`), `rows` of a file, files of one client at a time
-- (`client_uploads`), and how slowly one may come (`body_rate` in bytes a second, `body_timeout` in seconds).
function service.limits()
  return current().limits
end

-- Ends the request with what the library says was wrong, in the client's words.
local function raise_misuse(misuse, fields)
  local name = misuse.option or misuse.argument
  local field = fields and fields[name] or misuse.option
  local detail = misuse.message
  if misuse.is_unknown then
    detail = ("%s: there is no such field"):format(field)
  elseif misuse.is_missing then
    detail = ("%s: is missing"):format(field)
  elseif field and misuse.expected then
    detail = ("%s: %s"):format(field, misuse.expected)
  end
  if field and misuse.item then
    detail = ("%s (item %d)"):format(detail, misuse.item)
  end
  problem.raise(misuse.is_impossible and 422 or 400, detail, { field = field })
end

--- Calls work(state) as `patiently` does, and ends the request with what fails: what is misuse of the library is misuse by
-- the client.
-- @tparam ?table fields how the client names the arguments of the library's function, by position, and its options, by name,
--   where they differ
-- @tparam function work
-- @return what it returns, up to two values
function service.call(fields, work)
  local before = state
  local called, result, message, code = pcall(service.patiently, work)
  if not called then
    local misuse = check.misuse(result)
    if misuse and state ~= before then -- it was closed meanwhile
      problem.raise_closed()
    elseif not misuse then
      error(result, 0)
    end
    raise_misuse(misuse, fields)
  elseif code == "EMISUSE" then -- in a thread: see loom.http.background
    raise_misuse(cjson.decode(message), fields)
  elseif result == nil then
    problem.raise_failure(message, code)
  end
  return result, message
end

--- A report's id as it is stored, of one in any case, with or without dashes; nil if it is none.
function service.report_id(text)
  local id = text:lower():gsub("^(%x%x%x%x%x%x%x%x)(%x%x%x%x)(%x%x%x%x)(%x%x%x%x)(%x%x%x%x%x%x%x%x%x%x%x%x)$", "%1-%2-%3-%4-%5")
  return Queue.is_id(id) and id or nil
end

--- The path of the file that has all of a report's figures.
function service.figures_path(id)
  return current().queue:figures_path(id)
end

--- Whether CSV is written so that no spreadsheet runs what is in it: see `loom.formats.csv`.
function service.neutralises_formulas()
  return current().queue.neutralise_formulas
end

--- All that the worker has open: `monitor`, `queue` and `writer`; nil where it is not open yet, or closed.
function service.state()
  return state
end

--- Whether a report is known, without asking the database, to be complete, and its CSV to be the file that was written.
function service.has_file(id)
  return complete:get(id) == true
end

--- Takes a report for unknown again: it has been removed.
function service.forget(id)
  complete:remove(id)
end

--- How a report stands: see `loom.queue:get`.
function service.report(id)
  local row, message, code = service.patiently(function(opened)
    return opened.queue:get(id)
  end)
  if row and row.state == "complete" then
    if complete:get(id) == nil then
      complete:put(id, Stored.is_standard(row.details, service.neutralises_formulas()))
    end
  end
  return row, message, code
end

return service
