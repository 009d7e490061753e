--- A report: the figures of every store in every window.
-- @classmod loom.report

local core = require "loom.core"
local formats = require "loom.formats"

local Report = {}
Report.__index = Report

local MICROSECONDS = 1000000
local FIRST_INSTANT = core.parse_timestamp "0001-01-01 00:00:00" -- of those that can be written

--- The windows of a report that asks for none.
Report.standard_windows = {
  { name = "last_hour", seconds = 3600, unit = "minutes" },
  { name = "last_day", seconds = 86400, unit = "hours" },
  { name = "last_week", seconds = 604800, unit = "hours" },
}

local rule_names = { "slack", "fill", "evidence", "no_data", "max_gap" }
local passed_on = {
  "preset", "fill", "evidence", "no_data", "slack", "default_zone", "stores", "all_stores", "threads",
}
local known_options = { as_of = true, max_gap = true, windows = true, progress = true }
for _, name in ipairs(passed_on) do
  known_options[name] = true
end

local function fail(format, ...)
  error(format:format(...), 0)
end

-- Microseconds, from text or from seconds since the epoch.
local function instant(value, name)
  if type(value) == "number" then
    return math.floor(value * MICROSECONDS)
  elseif type(value) ~= "string" then
    fail("bad option '%s' (timestamp or number expected, got %s)", name, type(value))
  end
  local parsed, reason = core.parse_timestamp(value)
  return parsed or fail("bad option '%s' (%q %s)", name, value, reason)
end

local function core_windows(windows)
  local list, names = {}, {}
  for i, window in ipairs(windows) do
    local name = window.name
    if type(name) ~= "string" or not name:find("^[%w_]+$") or #name > 64 then
      fail("bad option 'windows' (a name of letters, digits and _ expected, got %s)", tostring(name))
    elseif names[name] then
      fail("bad option 'windows' (two windows are called %s)", name)
    elseif window.unit and window.unit ~= "hours" and window.unit ~= "minutes" then
      fail("bad option 'windows' (unit: hours or minutes expected, got %s)", tostring(window.unit))
    end
    names[name] = true
    if window.seconds then
      if type(window.seconds) ~= "number" or window.seconds <= 0 then
        fail("bad option 'windows' (seconds: a positive number expected, got %s)", tostring(window.seconds))
      end
      list[i] = { length = math.floor(window.seconds * MICROSECONDS) }
    else
      list[i] = { from = instant(window.from, "windows"), to = instant(window.to, "windows") }
    end
  end
  return list
end

local function core_options(options)
  for name in pairs(options) do
    if not known_options[name] then
      fail("unknown option '%s'", tostring(name))
    end
  end
  local windows = options.windows or Report.standard_windows
  local passed = { windows = core_windows(windows) }
  for _, name in ipairs(passed_on) do
    passed[name] = options[name]
  end
  if options.max_gap == "none" then
    passed.max_gap = -1
  elseif options.max_gap then
    passed.max_gap = math.floor(options.max_gap * MICROSECONDS)
  end
  if options.as_of then
    passed.as_of = instant(options.as_of, "as_of")
  end
  return passed, windows
end

local function rules_in_force(passed)
  local rules = core.preset(passed.preset or "loom")
  for _, name in ipairs(rule_names) do
    if passed[name] ~= nil then
      rules[name] = passed[name]
    end
  end
  rules.preset = passed.preset or "loom"
  rules.default_zone = passed.default_zone or "America/Chicago"
  rules.max_gap = rules.max_gap >= 0 and rules.max_gap or nil
  return rules
end

-- Waits for the core's report, telling how far it is.
local function wait(native, progress)
  local done, share, code
  repeat
    done, share, code = native:wait(progress and 200 or 1000)
    if done == false and progress then
      progress(share)
    end
  until done ~= false
  return done, share, code
end

function Report.compute(database, options)
  local passed, windows = core_options(options)
  local native, message, code = core.report(database, passed)
  if not native then
    return nil, message, code
  end
  local called, done, why, name = pcall(wait, native, options.progress)
  if not called or not done then
    native:close()
    if not called then
      error(done, 0) -- raised by the progress function
    end
    return nil, why, name
  end
  local report = setmetatable({ native = native, windows = {}, rules = rules_in_force(passed) }, Report)
  --- The instant that the report is for, in microseconds since the epoch.
  report.as_of = native:as_of()
  for i, window in ipairs(windows) do
    local from, to = native:window(i)
    if from < FIRST_INSTANT then
      native:close()
      return nil, ("EINVAL: window %s begins before the year 1"):format(window.name), "EINVAL"
    end
    report.windows[i] = { name = window.name, unit = window.unit or "hours", from = from, to = to }
  end
  return report
end

--- How many stores the report has.
function Report:count()
  return self.native:count()
end

--- The id of a store.
-- @tparam int row from 1 to `count`; rows are sorted by store id as bytes
function Report:store(row)
  return self.native:store(row)
end

--- What a store was in a window.
-- @tparam int row
-- @tparam int window its place in `windows`
-- @return up, down, unknown, excluded, longest outage (microseconds), outages, polls (counts)
function Report:figures(row, window)
  return self.native:figures(row, window)
end

--- Writes the report.
-- @tparam file|function|string output an open file, a function (text), or a path
-- @tparam[opt] table options `format`: a name in `loom.formats` (default "csv"), or a function (report, write)
-- @treturn true|nil
-- @treturn ?string the failure
-- @treturn ?string its code
function Report:write(output, options)
  local format = options and options.format or "csv"
  local writer = type(format) == "function" and format or formats[format]
  if not writer then
    error(("unknown format '%s'"):format(tostring(format)), 2)
  end
  return formats.write(self, writer, output)
end

--- Frees the report's memory before the collector would.
function Report:close()
  self.native:close()
end

return Report
