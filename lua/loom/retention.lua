--- Removing polls and stores.
-- @module loom.retention

local check = require "loom.check"
local time = require "loom.time"

local retention = {}

-- The native half's instants of some polls as the API gives them.
local function in_seconds(extent)
  extent.first = extent.first and time.seconds(extent.first)
  extent.newest = extent.newest and time.seconds(extent.newest)
  return extent
end

local prune_options = { dry_run = check.boolean, force = check.boolean }

--- See `loom.monitor:prune`.
function retention.prune(monitor, keep, options)
  keep = check.argument("prune", 1, keep, time.duration_with_unit)
  options = check.options("prune", options, prune_options)
  local found, message, code = monitor.database:prune {
    keep = keep, now = time.now(monitor), dry_run = options.dry_run, force = options.force,
  }
  if not found then
    return nil, message, code
  end
  found.cut = found.cut and time.seconds(found.cut)
  in_seconds(found.gone)
  in_seconds(found.kept)
  return found
end

return retention
