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

local check = require "loom.check"
local core = require "loom.core"
local Monitor = require "loom.monitor"
local time = require "loom.time"

local loom = {
  --- The version of Loom.
  version = core.version,
  --- The output formats by name: see `loom.formats`.
  formats = require "loom.formats",
}

--- Opens a database.
-- @tparam string path a file, or ":memory:"
-- @tparam[opt] table options `create`: make the file if it does not exist (default false);
--   `busy_timeout`: milliseconds to wait for another writer (default 10000);
--   `default_zone`: of stores without a zone (default "America/Chicago");
--   `clock`: function that gives the seconds since 1970, for "now" and "today" (default `os.time`)
-- @treturn loom.monitor|nil
-- @treturn ?string the failure: ENOENT, EACCESS, ENOTDB, EVERSION, ECORRUPT, EBUSY
-- @treturn ?string its code
-- @usage local monitor <close> = assert(loom.open("stores.db", { create = true }))
function loom.open(path, options)
  return Monitor.open(path, options)
end

--- An instant as text, in the form of the input files.
-- @tparam number seconds since 1970-01-01 UTC
-- @treturn string "YYYY-MM-DD HH:MM:SS.ffffff UTC"
-- @usage print(loom.format_timestamp(report.as_of))
function loom.format_timestamp(seconds)
  return time.text(check.argument("format_timestamp", 1, seconds, time.instant))
end

--- Text as an instant.
-- @tparam string text a timestamp as in the input files
-- @treturn number|nil seconds since 1970-01-01 UTC
-- @treturn ?string why it is none
-- @usage local as_of = assert(loom.parse_timestamp "2023-01-25 18:13:22 UTC")
function loom.parse_timestamp(text)
  local parsed, reason = core.parse_timestamp(check.argument("parse_timestamp", 1, text, check.string))
  if not parsed then
    return nil, reason
  end
  return time.seconds(parsed)
end

return loom
