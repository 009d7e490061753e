--- Loom: uptime and downtime of stores inside their business hours, from raw polls.
--
-- Functions that can fail at run time return nil, `"CODE: what happened"`, `"CODE"`. The codes are EINVAL (what is asked
-- for cannot be computed), EINPUT (bad input), ELIMIT (more of it than a limit of the service), EEMPTY (no polls yet), EBUSY,
-- ECANCELED, ECONFIRM (more would be removed than is without being forced), ENOENT, EACCESS, EREADONLY, EIO, EFULL (no space
-- left), ENOMEM, ENOTDB (no database of Loom's), EVERSION (one of a newer Loom), ECORRUPT, EMOVED (the file was deleted or
-- replaced while it was open: open it again), EUNREACHABLE (servers of a cluster do not
-- answer, and may later) and EOWNER (another head alone writes to it).
-- Wrong use, such as an option that does not exist, raises an error at the place of the call.
--
-- A handle belongs to the process that opened it: after a fork, open the database again.
-- @module loom
-- @usage
-- local loom = require "loom"
-- local monitor = assert(loom.open("stores.db", { create = true }))
-- assert(monitor:ingest { polls = "store_status.csv", hours = "menu_hours.csv" })
-- local report = assert(monitor:report())
-- assert(report:write("report.csv"))

local check = require "loom.check"
local core = require "loom.core"
local Monitor = require "loom.monitor"
local time = require "loom.time"

--- Fields of the module.
-- @table fields
-- @tfield string version of Loom
-- @tfield table formats the output formats by name: see `loom.formats`

local loom = {
  version = core.version,
  formats = require "loom.formats",
}

--- Opens a database.
-- @tparam string path a file, `":memory:"`, or a cluster.conf or `clickhouse://host/database`, whose polls are in a cluster
--   (docs/cluster.md)
-- @tparam[opt] table options
-- @tparam[opt=false] bool options.create make the file if it does not exist
-- @tparam[opt=10000] int options.busy_timeout milliseconds to wait for another writer
-- @tparam[opt="America/Chicago"] string options.default_zone of stores without a zone
-- @tparam[opt="24h"] string|number options.max_ahead polls further ahead of the clock than this duration are not taken, so
--   that one wrong clock does not move `as_of` for every store; or `"none"`
-- @tparam[opt=os.time] function options.clock gives the seconds since 1970, for "now" and "today"
-- @tparam[opt="library"] string options.by who changes something through this monitor, for `loom.monitor:audit`: up to 255 bytes
-- @treturn loom.monitor|nil
-- @treturn ?string the failure: ENOENT, EACCESS, ENOTDB, EVERSION, ECORRUPT or EBUSY; of a cluster also EINPUT, EIO,
--   EUNREACHABLE (no replica of a shard answers) and EUNAVAILABLE (there is no libcurl)
-- @treturn ?string its code
-- @usage local monitor = assert(loom.open("stores.db", { create = true }))
function loom.open(path, options)
  return Monitor.open(path, options)
end

--- An instant as text, in the form of the input files.
-- @tparam number seconds since 1970-01-01 UTC
-- @treturn string `"YYYY-MM-DD HH:MM:SS.ffffff UTC"`
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
