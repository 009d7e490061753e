--- Loom: uptime and downtime of stores inside their business hours, from raw polls.
--
--     local loom = require "loom"
--     local monitor = assert(loom.open("stores.db", { create = true }))
--     assert(monitor:ingest { status = "store_status.csv", hours = "menu_hours.csv" })
--     local report = assert(monitor:report {})
--     report:write(io.stdout, { format = "csv" })
--
-- Functions that can fail at run time return nil, "CODE: what happened", "CODE".
-- @module loom

local core = require "loom.core"
local Monitor = require "loom.monitor"

local loom = {
  --- The version of Loom.
  version = core.version,
  --- The output formats by name: each is a function (report, write).
  formats = require "loom.formats",
}

--- Opens a database.
-- @tparam string path a file, or ":memory:"
-- @tparam[opt] table options `create`: make the file if it does not exist (default false);
--   `busy_timeout`: milliseconds to wait for another writer (default 10000)
-- @treturn loom.monitor|nil
-- @treturn ?string the failure: ENOENT, EACCESS, ENOTDB, EVERSION, ECORRUPT, EBUSY
-- @treturn ?string its code
function loom.open(path, options)
  return Monitor.open(path, options)
end

return loom
