--- Removing polls and stores.
-- @module loom.retention

local check = require "loom.check"
local time = require "loom.time"

local retention = {}

-- The native half's instants of some polls as the API gives them.
local function set_instants(found, names)
  for _, name in ipairs(names) do
    if found[name] then
      time.set(found, name, found[name])
    end
  end
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
  set_instants(found, { "cut" })
  set_instants(found.gone, { "first", "newest" })
  set_instants(found.kept, { "first", "newest" })
  return found
end

return retention
