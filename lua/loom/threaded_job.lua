--- Jobs of the queue whose reports take Lua more than a moment: to choose stores by their attributes, and to read and keep the
-- attributes of all of them. A thread with a Lua state of its own does that (`loom.report_thread`), so that whoever starts the
-- job and takes its result does not wait.
-- @module loom.threaded_job

local cjson = require "cjson.safe"
local core = require "loom.core"
local Job = require "loom.job"

local threaded_job = {}

local RESULT_MAX = 16 * 1024 * 1024 -- bytes: the options, and a hundred stores that are left out

--- Whether a report's options name attributes.
-- @tparam table options
-- @treturn bool
function threaded_job.is_needed(options)
  return options.where ~= nil or options.group_by ~= nil or options.name_attribute ~= nil
    or (type(options.slo) == "table" and options.slo.attribute ~= nil)
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

-- Takes what a thread has made, once it has ended.
local function take(thread)
  local spool, message, code = thread:result()
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

-- A thread, as a job has its native half.
local Worker = {}
Worker.__index = Worker

function Worker:wait(milliseconds)
  if not self.thread:wait(milliseconds) then
    return false, self.thread:progress()
  end
  local message, code
  self.made, message, code = take(self.thread)
  self.thread:close()
  if not self.made then
    return nil, message, code
  end
  return true
end

function Worker:cancel()
  self.thread:cancel()
end

function Worker:close()
  self.thread:close()
end

--- Starts one.
-- @tparam loom.monitor monitor whose database it opens anew
-- @tparam string options of the report, as JSON
-- @tparam ?int threads where the options have none
-- @tparam table file as of `loom.job`
-- @tparam string folder where a long result goes
-- @treturn loom.job|nil whose result is no report but what the queue needs of one: `details`, `left_out_line` and `close`
-- @treturn ?string the failure
-- @treturn ?string its code
function threaded_job.start(monitor, options, threads, file, folder)
  local thread, message, code = core.thread { module = "loom.report_thread", folder = folder, limit = RESULT_MAX }
  if not thread then
    return nil, message, code
  end
  thread:start("report", cjson.encode { database = monitor.path, default_zone = monitor.default_zone, options = options,
    threads = threads, file = file })
  local worker = setmetatable({ thread = thread }, Worker)
  return Job.of(worker, function()
    return worker.made
  end)
end

return threaded_job
