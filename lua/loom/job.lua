--- A report that is being computed on threads of its own, while the caller does other things. `loom.monitor:start_report`
-- gives one.
--
-- None of the methods but `wait` and `close` waits for anything. A job that nobody refers to any more is cancelled. Its
-- connection to the database is open until the report is closed, or collected.
-- @classmod loom.job

local later = require "loom.later"

local check = require "loom.check"
local Report = later.module "loom.report"

local Job = {}
Job.__index = Job

-- Takes the native half's end, once it has come.
local function look(job, milliseconds)
  if job.ended then
    return
  end
  local done, share, code = job.native:wait(milliseconds)
  if done then
    job.ended, job.share = "complete", 1
  elseif done == nil then
    job.ended = code == "ECANCELED" and "cancelled" or "failed"
    job.message, job.code = share, code
    job.native:close()
  else
    job.share = share
  end
end

--- One that is under way.
-- @param native what computes: `wait(milliseconds)`, which returns true at the end, false and the share done before it, or nil,
--   the failure and its code; `cancel()`; `close()`, which may be called twice
-- @tparam function finish gives the report, once it is complete; nil, the failure and its code
-- @treturn loom.job
-- @local
function Job.of(native, finish)
  return setmetatable({ native = native, finish = finish, share = 0 }, Job)
end

--- Starts a native half, which is closed where that fails.
-- @param native as of `of`, and `start()`
-- @tparam function finish
-- @treturn loom.job|nil
-- @treturn ?string the failure
-- @treturn ?string its code
-- @local
function Job.started(native, finish)
  local good, message, code = native:start()
  if not good then
    native:close()
    return nil, message, code
  end
  return Job.of(native, finish)
end

--- What a job comes to, which is waited for.
-- @tparam loom.job|nil job
-- @tparam ?string message why there is none
-- @tparam ?string code
-- @return what finish gives, or nil, the failure and its code
-- @local
function Job.run(job, message, code)
  if not job then
    return nil, message, code
  end
  job:wait()
  return job:result()
end

--- Starts one: see `loom.monitor:start_report`.
-- @tparam loom.monitor monitor
-- @tparam ?table options
-- @tparam[opt] table file where the job's threads write the report: `path`, as CSV, and `figures_path`, all figures (see
--   report_csv.h); `neutralise_formulas` is of the CSV alone; a job is complete once they are there. With `monitor_is_free`
--   nobody reads through the monitor meanwhile, so that the job needs no connection of its own
-- @local
function Job.start(monitor, options, file)
  local native, finish, code = Report.start(monitor, options, file)
  if not native then
    return nil, finish, code
  end
  return Job.of(native, finish)
end

--- How it stands.
-- @treturn string `"running"`, `"complete"`, `"failed"` or `"cancelled"`
-- @usage print(job:state())
function Job:state()
  look(self, 0)
  return self.ended or "running"
end

--- How far it is.
-- @treturn number the share of the stores that are done, from 0 to 1
-- @usage print(("%.0f %%"):format(job:progress() * 100))
function Job:progress()
  look(self, 0)
  return self.share
end

--- Waits until the job has ended.
-- @tparam[opt] number seconds how long at the most; 0 only looks (default: as long as it takes)
-- @treturn bool whether it has ended
-- @usage while not job:wait(0.1) do print(job:progress()) end
function Job:wait(seconds)
  local left = seconds == nil and math.huge or check.argument("wait", 1, seconds, check.number(0, 1e9)) * 1000
  repeat
    local now = math.min(left, 1000)
    look(self, math.floor(now))
    left = left - now
  until self.ended or left <= 0
  return self.ended ~= nil
end

--- Asks the job to stop. It does so soon; `wait` for it to be sure.
-- @usage
-- job:cancel()
-- job:wait()
function Job:cancel()
  if not self.ended then
    self.native:cancel()
  end
end

--- The report, once the job is complete; always the same one.
-- @treturn loom.report|nil
-- @treturn ?string the failure; EBUSY while the job runs, ECANCELED after it was cancelled
-- @treturn ?string its code
-- @usage
-- job:wait()
-- local report = assert(job:result())
function Job:result()
  look(self, 0)
  if not self.ended then
    return nil, "EBUSY: the report is not complete", "EBUSY"
  elseif self.ended == "complete" and not self.report and not self.message then
    local message, code
    self.report, message, code = self.finish()
    self.message, self.code = message, code
  end
  if not self.report then
    return nil, self.message, self.code
  end
  return self.report
end

--- Cancels the job if it runs, waits for its threads, and frees what it holds. A report taken from it stays.
-- @usage job:close()
function Job:close()
  if not self.report then
    self.native:close()
    self.ended = self.ended or "cancelled"
    self.message, self.code = self.message or "ECANCELED: the job was closed", self.code or "ECANCELED"
  end
end

Job.__close = Job.close

function Job:__tostring()
  return "loom.job (" .. (self.ended or "running") .. ")"
end

check.methods(Job, "loom.job", { "of", "run", "start", "started" })

return Job
