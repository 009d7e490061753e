--- What a worker does: it computes a report of its shard's stores at the snapshot that is asked for, and writes its rows as a
-- stream (row_stream.h).
-- @module loom.workers.shard_report

local canonical = require "loom.canonical"
local check = require "loom.check"
local core = require "loom.core"
local handshake = require "loom.workers.handshake"
local Job = require "loom.job"
local lines = require "loom.workers.lines"
local Monitor = require "loom.monitor"
local Report = require "loom.report"

local shard_report = {}

local ROWS_AT_A_TIME = 1000
local TELL_EVERY = 1 -- seconds between two frames of progress

-- Raised where it cannot go on; nothing else is a reason for the one who asks.
local refusal = {}

local function refuse(message)
  error(setmetatable({ message = message }, refusal), 0)
end

-- What is told beside the rows: what `loom report` says of a report.
local function tail_of(report)
  local left_out, count = report:left_out()
  local windows, silence = {}, {}
  for i, window in ipairs(report.windows) do
    local open, silent = report:silence(i)
    windows[i] = { name = window.name, calendar = window.calendar, before_of = window.before_of, from_utc = window.from_utc,
      to_utc = window.to_utc }
    silence[i] = { open, silent }
  end
  return canonical { left_out = { count = count, stores = left_out }, windows = windows, silence = silence,
    rules = { no_data = report.rules.no_data, evidence = report.rules.evidence } }
end

local function write_rows(report, request, write)
  local caption, frames = lines.of(report, request)
  write(core.frame("C", caption))
  for first = 1, report:count(), ROWS_AT_A_TIME do
    write(frames(first, ROWS_AT_A_TIME))
  end
  write(core.frame("E", tail_of(report), report:count()))
end

-- Waits for a job, and tells how far it is.
local function wait_for(job, write, pause)
  local told = core.clock()
  while not job:wait(0) do
    pause()
    if core.clock() - told >= TELL_EVERY then
      told = core.clock()
      write(core.frame("P", "", math.floor(job:progress() * 1e6)))
    end
  end
end

local function compute(monitor, worker, request, write, pause)
  local options = request.options
  options.shard = { number = worker.shard, of = worker.shards }
  local native, finish, code = Report.start(monitor, options, nil, { number = request.commit, ingest = request.ingest })
  if not native then
    refuse(finish or code)
  end
  local job = Job.of(native, finish)
  local called, problem = pcall(wait_for, job, write, pause)
  local report, message
  if called then
    report, message = job:result()
  end
  if not report then
    job:close()
    if not called then
      error(problem, 0)
    end
    refuse(message)
  end
  called, problem = pcall(write_rows, report, request, write)
  report:close()
  if not called then
    error(problem, 0)
  end
end

--- Why a request is none that a worker answers; nil if it is one.
-- @tparam table worker `shard`, from 1, `shards` and `database` of the cluster
-- @param request what was asked for
-- @treturn ?string
function shard_report.problem(worker, request)
  if type(request) ~= "table" then
    return "EINVAL: JSON of a report is expected"
  end
  local difference = handshake.difference(handshake.own(), request)
  if difference then
    return "EVERSION: who asks is another one: " .. difference
  elseif request.hello then
    return nil
  elseif request.shard ~= worker.shard or request.shards ~= worker.shards or request.database ~= worker.database then
    return ("EINVAL: this is a worker of shard %d of %d, of the database %s"):format(worker.shard, worker.shards, worker.database)
  elseif type(request.options) ~= "table" or not lines.formats[request.format] or not check.integer(0, 2 ^ 53)(request.commit)
    or not check.integer(0, 2 ^ 53)(request.ingest) then
    return "EINVAL: options, a format and a commit of a report are expected"
  end
end

--- Answers a request that has no problem.
-- @tparam table worker as of `problem`, and `conf`, the path of the cluster's
-- @tparam table request
-- @tparam function write is called with the stream's bytes, and raises where it cannot go on
-- @tparam function pause is called while the report is computed, and lets others have their turn
function shard_report.answer(worker, request, write, pause)
  local own = handshake.own()
  write(core.frame("H", canonical { loom = own.loom, tz = own.tz, shard = worker.shard, shards = worker.shards,
    database = worker.database, commit = request.commit, ingest = request.ingest }))
  if request.hello then
    return write(core.frame("C", "") .. core.frame("E", "{}", 0))
  end
  local monitor, message = Monitor.open(worker.conf)
  local good, problem
  if monitor then
    good, problem = pcall(compute, monitor, worker, request, write, pause)
    monitor:close()
  else
    good, problem = pcall(refuse, message)
  end
  if good then
    return
  elseif getmetatable(problem) == refusal then
    return write(core.frame("F", problem.message))
  end
  local misused = check.misuse(problem)
  if misused then
    return write(core.frame("F", "EINVAL: " .. misused.message))
  end
  error(problem, 0)
end

return shard_report
