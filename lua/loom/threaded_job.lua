--- A job of the queue whose report takes Lua more than a moment: to choose stores by their attributes, and to read and keep the
-- attributes of all of them. A thread with a Lua state of its own does that (`loom.report_thread`), so that whoever starts the
-- job and takes its result does not wait.
--
-- The methods are those of `loom.job`; the result is no report but what the queue needs of one: `details`, `left_out_line` and
-- `close`.
-- @classmod loom.threaded_job

local cjson = require "cjson.safe"
local core = require "loom.core"

local ThreadedJob = {}
ThreadedJob.__index = ThreadedJob

local RESULT_MAX = 16 * 1024 * 1024 -- bytes: the options, and a hundred stores that are left out

--- Whether a report's options name attributes.
-- @tparam table options
-- @treturn bool
function ThreadedJob.is_needed(options)
  return options.where ~= nil or options.group_by ~= nil or (type(options.slo) == "table" and options.slo.attribute ~= nil)
end

--- Starts one.
-- @tparam loom.monitor monitor whose database it opens anew
-- @tparam string options of the report, as JSON
-- @tparam ?int threads where the options have none
-- @tparam table file as of `loom.job`
-- @tparam string folder where a long result goes
-- @treturn loom.threaded_job|nil
-- @treturn ?string the failure
-- @treturn ?string its code
function ThreadedJob.start(monitor, options, threads, file, folder)
  local thread, message, code = core.thread { module = "loom.report_thread", folder = folder, limit = RESULT_MAX }
  if not thread then
    return nil, message, code
  end
  thread:start("report", cjson.encode { database = monitor.path, default_zone = monitor.default_zone, options = options,
    threads = threads, file = file })
  return setmetatable({ thread = thread }, ThreadedJob)
end

-- What the thread has written, as a table.
local function read(spool)
  local parts, at = {}, 0
  while at < spool:size() do
    local text, message = spool:read(at, 64 * 1024)
    if not text then
      return nil, message
    end
    parts[#parts + 1], at = text, at + #text
  end
  return cjson.decode(table.concat(parts))
end

-- Takes what the thread has made, once it has ended.
local function take(job)
  local spool, message, code = job.thread:result()
  if not spool then
    return nil, code and message or "EIO: " .. message, code or "EIO"
  end
  local result, why = read(spool)
  spool:close()
  if not result then
    return nil, "EIO: " .. tostring(why), "EIO"
  end
  return { details = result.details, close = function() end, left_out_line = function() return result.left_out_line end }
end

-- Looks whether the thread has ended, and waits for that.
local function look(job, milliseconds)
  if not job.ended and job.thread:wait(milliseconds) then
    job.report, job.message, job.code = take(job)
    job.ended = job.report and "complete" or job.code == "ECANCELED" and "cancelled" or "failed"
    job.thread:close()
  end
end

--- As `loom.job:state`.
function ThreadedJob:state()
  look(self, 0)
  return self.ended or "running"
end

--- As `loom.job:progress`.
function ThreadedJob:progress()
  look(self, 0)
  return self.ended and (self.report and 1 or 0) or self.thread:progress()
end

--- As `loom.job:wait`.
function ThreadedJob:wait(seconds)
  local left = (seconds or math.huge) * 1000
  repeat
    local now = math.min(left, 1000)
    look(self, math.floor(now))
    left = left - now
  until self.ended or left <= 0
  return self.ended ~= nil
end

--- As `loom.job:cancel`.
function ThreadedJob:cancel()
  if not self.ended then
    self.thread:cancel()
  end
end

--- As `loom.job:result`.
function ThreadedJob:result()
  look(self, 0)
  if not self.ended then
    return nil, "EBUSY: the report is not complete", "EBUSY"
  end
  return self.report, self.message, self.code
end

--- As `loom.job:close`.
function ThreadedJob:close()
  if not self.ended then
    self.thread:close()
    self.ended, self.message, self.code = "cancelled", "ECANCELED: the job was closed", "ECANCELED"
  end
end

return ThreadedJob
