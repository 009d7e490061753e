--- Reports that are made by a thread with a Lua state of its own: what `loom.threaded_job` starts.
-- @module loom.report_thread

local check = require "loom.check"
local cjson = require "cjson.safe"
local details = require "loom.report_details"
local Job = require "loom.job"
local later = require "loom.later"
local Monitor = require "loom.monitor"
local output = require "loom.output"

later.load_all()

local LOOK = 0.05 -- seconds between two looks whether the report was cancelled

-- Waits for a job, as long as nobody cancels it, which `write` raises.
local function await(job, write, tell)
  repeat
    write ""
    tell(job:progress())
  until job:wait(LOOK)
  return job:result()
end

local function write_attributes(report, figures_path)
  local text = details.attributes(report)
  return not text or output.write(details.attributes_path(figures_path), function(write)
    write(text)
  end)
end

local function result_of(report, file)
  return cjson.encode { left_out_line = report:left_out_line(), details = details.of(report, file.neutralise_formulas) }
end

local function compute(monitor, wanted, write, tell)
  local options = cjson.decode(wanted.options)
  options.threads = options.threads or wanted.threads
  wanted.file.monitor_is_free = true
  local job, message, code = Job.start(monitor, options, wanted.file)
  if not job then
    return nil, message, code
  end
  local called, report
  called, report, message, code = pcall(await, job, write, tell)
  if not called then
    job:close()
    error(report, 0)
  elseif not report then
    return nil, message, code
  end
  local written
  called, written, message, code = pcall(write_attributes, report, wanted.file.figures_path)
  local text = called and written and result_of(report, wanted.file)
  report:close()
  if not called then
    error(written, 0)
  elseif not text then
    return nil, message, code
  end
  write(text)
  return true
end

--- Makes a report, and its files.
-- @tparam function write takes the result, JSON of `left_out_line` and `details`; raises where the report was cancelled
-- @tparam string argument JSON: `database`; `default_zone`; `options` of the report, as JSON; `threads`; `file`, as of `loom.job`
-- @tparam function tell takes how far it is
-- @treturn true|nil
-- @treturn ?string the failure
-- @treturn ?string its code
local function report(write, argument, tell)
  local wanted = assert(cjson.decode(argument))
  local monitor, message, code = Monitor.open(wanted.database, { checkpoint = false, default_zone = wanted.default_zone })
  if not monitor then
    return nil, message, code
  end
  local called, made
  called, made, message, code = pcall(compute, monitor, wanted, write, tell)
  monitor:close()
  if called then
    return made, message, code
  end
  local misuse = check.misuse(made)
  if not misuse then
    error(made, 0)
  end
  return nil, "EINVAL: " .. misuse.message, "EINVAL"
end

return { report = report }
