--- Who changes what is set by hand, when, and why: what the audit tells of a change (`src/core/write/author.h`).
-- @module loom.author

local check = require "loom.check"
local core = require "loom.core"
local time = require "loom.time"

local author = {}

local NAME_MAX = core.limits.author

--- Checker of who changes something: a name of up to 255 bytes.
function author.name(value)
  if type(value) == "string" and #value <= NAME_MAX and not value:find("\0", 1, true) then
    return value
  end
  return nil, ("name of up to %d bytes"):format(NAME_MAX)
end

--- The checkers of options that all have who change something: `by` and `reason`.
author.checkers = { by = author.name, reason = check.note }

--- Those checkers beside others.
-- @tparam table others by option
-- @treturn table
function author.with(others)
  local all = {}
  for _, checkers in ipairs { author.checkers, others } do
    for name, checker in pairs(checkers) do
      all[name] = checker
    end
  end
  return all
end

--- Whose a change is.
-- @tparam loom.monitor monitor
-- @tparam ?table options `by` (default: the monitor's) and `reason`
-- @tparam[opt] table into where the fields go (default: a table of their own)
-- @treturn table `by`, `reason` and `at`, an instant
function author.of(monitor, options, into)
  into = into or {}
  into.by = options and options.by or monitor.by
  into.reason = options and options.reason
  into.at = time.now(monitor)
  return into
end

return author
