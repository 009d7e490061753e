--- Backups of a database that is in use.
-- @module loom.backup

local check = require "loom.check"
local core = require "loom.core"

local backup = {}

local STEP = 4 * 1024 * 1024 -- bytes copied between two calls of `progress`: some milliseconds

local checkers = { progress = check.callable, replace = check.boolean }

--- See `loom.monitor:backup`.
function backup.run(monitor, path, options)
  check.argument("backup", 1, path, check.text)
  options = check.options("backup", options, checkers)
  local copy, message, code = core.backup(monitor.database, path, options.replace)
  if not copy then
    return nil, message, code
  end
  local called, size
  called, size, message, code = pcall(function()
    local complete, done, total
    repeat
      complete, done, total = copy:step(STEP)
      if complete ~= nil and options.progress then
        options.progress(done, total)
      end
    until complete ~= false
    if not complete then
      return nil, done, total -- the failure
    end
    local committed, why, number = copy:commit()
    return committed and total, why, number
  end)
  copy:close()
  if not called then
    error(size, 0) -- raised by the progress function
  elseif not size then
    return nil, message, code
  end
  return size
end

return backup
