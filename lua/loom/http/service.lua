--- What a worker of nginx holds: its monitor and its queue, opened when it starts.
-- @module loom.http.service

local check = require "loom.check"
local fleet = require "loom.http.fleet"
local Monitor = require "loom.monitor"
local problem = require "loom.http.problem"
local Queue = require "loom.queue"

local service = {}

local TICK = 0.05 -- seconds between two looks at the queue
local RETRY = 0.005 -- seconds between two tries where the database is busy
local PATIENCE = 10 -- seconds for which tries go on
local CLOSE = 30 -- seconds that reports get to end when the worker does

local state

local function tick(premature)
  if not state then
    return
  end
  local good, err = pcall(state.queue.tick, state.queue)
  if not good then
    ngx.log(ngx.ERR, "loom: ", err)
  end
  if not premature then
    ngx.timer.at(TICK, tick)
  end
end

--- Opens the database and starts to work on reports: see `loom.http.init_worker`.
function service.open(options)
  local monitor = assert(Monitor.open(options.database, {
    create = true,
    busy_timeout = 0, -- a worker never waits: see patiently
    default_zone = options.default_zone,
    clock = function()
      ngx.update_time()
      return ngx.now()
    end,
  }))
  state = {
    monitor = monitor,
    queue = Queue.new(monitor, {
      folder = options.reports, running = options.running, queued = options.queued, threads = options.threads,
      keep_seconds = options.keep_seconds, keep_count = options.keep_count,
    }),
  }
  fleet.open(monitor)
  assert(ngx.timer.at(0, tick))
end

--- Lets the reports that run end, and closes the database.
function service.close()
  local closing = state
  state = nil
  if closing then
    fleet.close()
    closing.queue:close(CLOSE)
    closing.monitor:close()
  end
end

--- Calls work(state) until it does not fail because another process is writing.
-- @return what it returns
function service.patiently(work)
  local deadline = ngx.now() + PATIENCE
  while true do
    local result, message, code = work(state)
    if result ~= nil or code ~= "EBUSY" or not message:find("is locked", 1, true) or ngx.now() > deadline then
      return result, message, code
    end
    ngx.sleep(RETRY)
  end
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
  problem.raise(400, detail, { field = field })
end

--- Calls work(state) as `patiently` does, and ends the request with what fails: what is misuse of the library is misuse by
-- the client.
-- @tparam ?table fields how the client names the arguments of the library's function, by position, and its options, by name,
--   where they differ
-- @tparam function work
-- @return what it returns
function service.call(fields, work)
  local called, result, message, code = pcall(service.patiently, work)
  if not called then
    local misuse = check.misuse(result)
    if not misuse then
      error(result, 0)
    end
    raise_misuse(misuse, fields)
  elseif result == nil then
    problem.raise_failure(message, code)
  end
  return result
end

--- The worker's monitor.
function service.monitor()
  return state.monitor
end

service.is_report_id = Queue.is_id

--- How a report stands: see `loom.queue:get`.
function service.report(id)
  return service.patiently(function(opened)
    return opened.queue:get(id)
  end)
end

return service
