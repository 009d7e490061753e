--- A monitor: one database, with what can be loaded into it and asked of it.
--
-- Instants are text as in the input files ("2023-01-25 18:13:22 UTC") or seconds since 1970-01-01 UTC where they are given,
-- and seconds where they are returned; durations are seconds, or text such as "2h". What fails at run time returns nil,
-- "CODE: what happened", "CODE"; wrong use raises an error.
-- @classmod loom.monitor

local check = require "loom.check"
local core = require "loom.core"
local Ingester = require "loom.ingester"
local inspection = require "loom.inspection"
local Job = require "loom.job"
local live = require "loom.live"
local loading = require "loom.loading"
local overrides = require "loom.overrides"
local Report = require "loom.report"
local stores = require "loom.stores"
local time = require "loom.time"

local Monitor = {}
Monitor.__index = Monitor

local checkers = {
  create = check.boolean,
  busy_timeout = check.integer(0, 2 ^ 31 - 1),
  default_zone = check.text,
  clock = check.callable,
}

--- Opens a database: see `loom.open`.
function Monitor.open(path, options)
  check.argument("open", 1, path, check.text)
  options = check.options("open", options, checkers)
  local database, message, code = core.open(path, { create = options.create, busy_timeout = options.busy_timeout })
  if not database then
    return nil, message, code
  end
  return setmetatable({
    database = database,
    path = path,
    default_zone = options.default_zone or "America/Chicago",
    clock = options.clock or os.time,
  }, Monitor)
end

-- What a closed monitor is: its methods raise, at the place where they are called.
local Closed = { __close = function() end }

function Closed.__index(_, name)
  local method = Monitor[name]
  if name == "close" or type(method) ~= "function" then
    return method
  end
  return function()
    check.fail("bad call of '%s' (loom.monitor is closed)", name)
  end
end

--- Closes the database. Closing twice does no harm; reports and jobs go on.
function Monitor:close()
  self.database:close()
  setmetatable(self, Closed)
end

Monitor.__gc = Monitor.close
Monitor.__close = Monitor.close

function Monitor:__tostring()
  return ("loom.monitor (%s)"):format(self.path)
end

Closed.__tostring = Monitor.__tostring

-- ---- loading ----

--- Loads input files, all of them in one transaction: either every file is in, or nothing has changed.
--
-- A file is a path ("-" is standard input), an open file, a function that returns the next bytes and nil at the end (or nil
-- and why it failed), a table of `read`, which is one of these, and `name`, or a list of them. Plain text and gzip are told
-- apart by content.
-- @tparam table options `status`, `hours`, `timezones`, `special_days`, `exclusions`, `attributes`: the files;
--   `max_rejects`: how many bad rows of a file to leave out, or "all" (default 0: a bad row fails the file);
--   `on_reject`: function (reject), called with `source`, `line`, `column`, `value`, `reason` and `row`;
--   `progress`: function (done, total, source, phase), where phase is "reading" (bytes; total is nil
--   if it is not known) or "writing" (the share written, of 1);
--   `replace_overrides`: what was set by hand for the stores in the files gives way (default false: it stays in force);
--   `threads`: that parse polls (default: one for each processor, up to 8)
-- @treturn {table,...}|nil for each file: `source`, `kind`, `rows`, `new`, `duplicates`, `conflicts`, `rejected`,
--   `seconds`
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage assert(monitor:ingest { status = "store_status.csv", hours = "menu_hours.csv", timezones = "timezones.csv" })
function Monitor:ingest(options)
  return loading.ingest(self.database, options)
end

--- Begins an ingest that is fed. Nothing reaches the database before it is finished, and the monitor can be used meanwhile.
-- @tparam string kind "status", "hours", "timezones", "special_days", "exclusions" or "attributes"
-- @tparam[opt] table options `source`: the name in messages; `max_rejects`, `on_reject`, `replace_overrides`, `threads`: as
--   in `ingest`
-- @treturn loom.ingester|nil
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage
-- local ingester = assert(monitor:ingester("status"))
-- for chunk in chunks do assert(ingester:feed(chunk)) end
-- local summary = assert(ingester:finish())
function Monitor:ingester(kind, options)
  return Ingester.new(self.database, kind, options)
end

--- Stores polls that come one by one, in one transaction: they are on the disk when this returns.
-- @tparam {table,...} polls each `{ store_id, status, when }` or a table of `store_id`, `status` and `timestamp_utc`; a status
--   is "active", "inactive" or a boolean; the instant defaults to now
-- @tparam[opt] table options `max_rejects`: how many bad ones to leave out, or "all" (default 0: nothing is stored);
--   `on_reject`: function (reject), called with `index`, `column`, `value` and `reason`
-- @treturn table|nil `rows`, `new`, `duplicates`, `conflicts`, `rejected`
-- @treturn ?string the failure, which names the bad poll by its place
-- @treturn ?string its code
-- @usage monitor:polls { { "1481966498820158979", true, "2023-01-25 18:13:22 UTC" }, { "shop 2", false } }
function Monitor:polls(polls, options)
  return live.polls(self, polls, options)
end

--- Stores one poll: see `polls`, which is faster for many.
-- @tparam string store its id
-- @param active "active", "inactive" or a boolean
-- @param[opt] when the instant (default: now)
-- @usage assert(monitor:poll("1481966498820158979", true))
function Monitor:poll(store, active, when)
  return live.polls(self, { { store, active, when } })
end

-- ---- hours, special days, exclusions, attributes ----

--- Sets a store's weekly hours from a date on, until the next change that is already planned. They prevail over hours that
-- files bring, also later; the past stays as it was.
-- @tparam string store its id; one that is not known yet is made
-- @tparam table week days by `mon` … `sun`: "09:00-17:00", a list of spans, or "closed"; a day that is left out is closed
-- @tparam[opt] table options `from`: the first local date, or "always" (default: today where the store is); `to`: the local
--   date from which on what was in force before is so again
-- @treturn true|nil
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage monitor:set_hours("shop 1", { mon = "09:00-17:00", fri = { "11:00-14:30", "17:00-02:00" } }, { from = "2026-12-01" })
function Monitor:set_hours(store, week, options)
  return overrides.set_hours(self, store, week, options)
end

--- The weekly hours of a store.
-- @tparam string store its id
-- @tparam[opt] table options `on`: a local date (default: today where the store is)
-- @treturn table|nil `week`, in force on the date (nil: none, open all day), `from` (nil: always) and `origin` ("file" or
--   "override") of it; `changes`: all that are stored, each with `from`, `origin`, and `week` or `reverts` (the file's hours
--   are in force again)
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage print(monitor:hours("shop 1").week.mon[1]) --> 09:00-17:00
function Monitor:hours(store, options)
  return overrides.hours(self, store, options)
end

--- Ends what `set_hours` has set: from a date on the file's hours are in force again, and nothing is planned any more.
-- @tparam string store its id
-- @tparam[opt] table options `from`: a local date, or "always", as if nothing had ever been set (default: today)
-- @treturn true|nil
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage monitor:clear_hours("shop 1", { from = "2027-02-01" })
function Monitor:clear_hours(store, options)
  return overrides.clear_hours(self, store, options)
end

--- Sets a store's timezone, over the one that files bring. It applies to the past too: a zone is corrected, not changed.
-- @tparam string store its id
-- @tparam ?string zone an IANA name; nil: that of the file again
-- @treturn true|nil
-- @treturn ?string the failure; EINPUT if there is no such zone, ENOENT if the store is not known and there is no zone to set
-- @treturn ?string its code
-- @usage monitor:set_timezone("shop 1", "Europe/Paris")
function Monitor:set_timezone(store, zone)
  return overrides.set_timezone(self, store, zone)
end

--- A store's timezone.
-- @tparam string store its id
-- @treturn table|nil `timezone`, and `origin`: "file", "override" or "default"
-- @treturn ?string the failure; ENOENT if the store is not known
-- @treturn ?string its code
-- @usage print(monitor:timezone("shop 1").timezone)
function Monitor:timezone(store)
  return overrides.timezone(self, store)
end

--- What the clocks in a zone show at an instant.
-- @tparam string zone an IANA name
-- @param when the instant
-- @treturn string|nil "YYYY-MM-DD HH:MM:SS", with a fraction if there is one
-- @treturn ?string the failure; EINPUT if there is no such zone, EINVAL if the clocks do not show a year from 1 to 9999
-- @treturn ?string its code
-- @usage print(monitor:local_time("Europe/Paris", "2024-03-04 16:00:00")) --> 2024-03-04 17:00:00
function Monitor:local_time(zone, when)
  check.argument("local_time", 1, zone, check.string)
  return time.on_clock(self.database, zone, check.argument("local_time", 2, when, time.instant))
end

--- Sets what is special about a date: its openings take the place of the weekly hours, and of a special day that a file
-- brings for the same store and date.
-- @tparam string store its id, or "*" for every store; a store's own special day beats one of every store
-- @tparam string date local, "YYYY-MM-DD"
-- @param spans "closed", "10:00-14:00", or a list of spans
-- @tparam[opt] string note
-- @treturn true|nil
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage monitor:set_special_day("*", "2026-12-25", "closed", "Christmas")
function Monitor:set_special_day(store, date, spans, note)
  return overrides.set_special_day(self, store, date, spans, note)
end

--- The special days in force.
-- @tparam[opt] table options `store`: an id or "*"; `from`, `to`: first and last date
-- @treturn {table,...}|nil `store_id`, `date`, `spans` (empty: closed), `note`, `origin` ("file" or "override")
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage for _, day in ipairs(monitor:special_days { store = "*" }) do print(day.date, day.note) end
function Monitor:special_days(options)
  return overrides.special_days(self, options)
end

--- Removes a special day that was set by hand; one that a file brought for the same date is in force again.
-- @tparam string store its id, or "*"
-- @tparam string date
-- @tparam[opt] table options `loaded`: remove what files brought, too; loading the file again brings it back
-- @treturn true|nil
-- @treturn ?string the failure; ENOENT if there is nothing to remove
-- @treturn ?string its code
-- @usage monitor:clear_special_day("*", "2026-12-25")
function Monitor:clear_special_day(store, date, options)
  return overrides.clear_special_day(self, store, date, options)
end

--- Takes a stretch of time out of the schedule: maintenance, a strike.
-- @tparam table exclusion `store` (an id, or "*"), `from` and `to` (instants), `reason` (optional)
-- @treturn int|nil the exclusion's number
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage monitor:exclude { store = "*", from = "2026-11-24 02:00:00", to = "2026-11-24 04:00:00", reason = "network" }
function Monitor:exclude(exclusion)
  return overrides.exclude(self, exclusion)
end

--- The exclusions, whoever made them.
-- @tparam[opt] table options `store`: an id, or "*"
-- @treturn {table,...}|nil `number`, `store_id`, `from` and `to` (seconds), `reason`
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage for _, exclusion in ipairs(monitor:exclusions()) do print(exclusion.number, exclusion.reason) end
function Monitor:exclusions(options)
  return overrides.exclusions(self, options)
end

--- Removes an exclusion.
-- @tparam int number
-- @treturn true|nil
-- @treturn ?string the failure; ENOENT if there is none of that number
-- @treturn ?string its code
-- @usage monitor:remove_exclusion(3)
function Monitor:remove_exclusion(number)
  return overrides.remove_exclusion(self, number)
end

--- Sets attributes of a store, by which reports choose and group. Those that are not named stay.
-- @tparam string store its id; one that is not known yet is made
-- @tparam table attributes values by name: text or numbers, which are stored as text; false removes
-- @treturn true|nil
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage monitor:set_attributes("shop 1", { region = "north", brand = "x" })
function Monitor:set_attributes(store, attributes)
  return overrides.set_attributes(self, store, attributes)
end

--- The attributes of a store.
-- @tparam string store its id
-- @treturn table|nil values by name
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage print(monitor:attributes("shop 1").region)
function Monitor:attributes(store)
  return overrides.attributes(self, store)
end

--- An iterator over the stores that are known, in no order. It raises an error when reading fails.
-- @treturn function that gives a table of `store_id`, `timezone` (nil: the default one), `has_hours`, `first_poll` and
--   `last_poll` (seconds; nil without polls) and `attributes`
-- @usage for store in monitor:stores() do print(store.store_id, store.timezone) end
function Monitor:stores()
  return stores.each(self.database)
end

-- ---- reports ----

--- Computes a report.
-- @tparam[opt] table options
--   `windows`: list of `{ name =, seconds =, unit = "hours" | "minutes" }` or `{ name =, from =, to =, unit = }` (default:
--   last_hour in minutes, last_day and last_week in hours);
--   `as_of`: the end of windows given in seconds (default: the newest poll);
--   `preset`: "loom", "seed" or "monitoring"; and, each overriding the preset, `fill`: "backward", "forward", "nearest";
--   `evidence`: "inside", "around"; `no_data`: "down", "up", "unknown"; `max_gap`: a duration or "none"; `slack`: a duration;
--   `default_zone`: of stores without one (default: the monitor's);
--   `stores`: an id, a pattern (`*`, `?`, `[a-z]`), a list of them, or a function (store), called with what `stores` gives,
--   that tells whether the store is wanted;
--   `where`: attributes that stores must have, `{ region = "north", brand = { "x", "y" } }`;
--   `all_stores`: also stores without polls;
--   `hours`: weekly hours for this report alone, `{ ["shop 1"] = week, ["*"] = week }`, or a function (store_id, date, spans),
--   called for each store and local date with the openings of that date, that returns others (nil: they stay);
--   `slo`: a target ratio, or a table (see `loom.slo`);
--   `group_by`: the attribute that `report:groups()` adds up by;
--   `strips`: true, or `{ window =, bins = }`: a letter to a bin for each store, as `row.strip` (default: 168 bins of the last
--   window): u up, p partly down, d down (half of the open time, or more), n unknown, x excluded, c closed;
--   `threads`: how many to use; `progress`: function (share), called a few times a second
-- @treturn loom.report|nil
-- @treturn ?string the failure; EEMPTY when there are no polls and no `as_of`
-- @treturn ?string its code
-- @usage
-- local report = assert(monitor:report { windows = { { name = "month", seconds = 30 * 86400 } }, preset = "monitoring" })
-- for row in report:rows() do print(row.store_id, row.month.ratio) end
function Monitor:report(options)
  return Report.compute(self, options)
end

--- Starts a report on threads and a connection of its own, so that the monitor stays free. It sees what is stored now.
-- @tparam[opt] table options as in `report`, but for `progress`
-- @treturn loom.job|nil
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage
-- local job = assert(monitor:start_report())
-- while not job:wait(0.1) do print(job:progress()) end
-- local report = assert(job:result())
function Monitor:start_report(options)
  return Job.start(self, options)
end

--- What a store was, moment by moment.
-- @tparam string store its id
-- @param from an instant
-- @param to an instant after it
-- @tparam[opt] table options rules as in `report` (`preset`, `fill`, …) and `as_of`
-- @treturn {table,...}|nil segments without gaps: `from`, `to`, `seconds`, and `state`, which is "up", "down", "unknown",
--   "closed" or "excluded"
-- @treturn ?string the failure; ENOENT if the store is not known
-- @treturn ?string its code
-- @usage for _, s in ipairs(monitor:timeline("shop 1", "2023-01-24 00:00:00", "2023-01-25 00:00:00")) do print(s.state) end
function Monitor:timeline(store, from, to, options)
  return inspection.timeline(self, store, from, to, options)
end

--- The outages of a store: maximal runs of down time. Arguments and failures are those of `timeline`.
-- @treturn {table,...}|nil `from`, `to` and `seconds`
-- @usage print(#monitor:outages("shop 1", "2023-01-18 00:00:00", "2023-01-25 00:00:00"))
function Monitor:outages(store, from, to, options)
  return inspection.outages(self, store, from, to, options)
end

--- Everything that made a store's figures.
-- @tparam string store its id
-- @tparam[opt] table options `windows`, `as_of` and rules, as in `report`
-- @treturn table|nil `store_id`, `timezone`, `as_of`, `rules`, and `windows`: for each its `name`, `from`, `to`, `figures` (see
--   `loom.figures.of`), `printed` (`uptime`, `downtime`), and lists of `openings` (`date`, `span`, `rule`, `from`, `to`),
--   `intervals`, `exclusions` and `pieces`, which have `polls` (`at`, `status`: those in the piece) and `cells` (`from`, `to`,
--   `seconds`, `state`, `reason`, and `poll` and `status` of the poll that vouches for them), which add up to the figures
-- @treturn ?string the failure; ENOENT if the store is not known
-- @treturn ?string its code
-- @usage print(monitor:explain("shop 1", { preset = "monitoring" }).windows[1].printed.uptime)
function Monitor:explain(store, options)
  return inspection.explain(self, store, options)
end

-- ---- the database ----

--- Asks the database in SQL. Only statements that read are allowed; `polls(store_id, timestamp_utc, active)` is a table that
-- shows the packed polls, the other tables are described in `src/core/schema.c`.
--
-- While rows are being taken, the monitor can be read but not written.
-- @tparam string sql with a `?` for each parameter
-- @param ... values of the parameters: nil, booleans (as 0 and 1), numbers, strings
-- @treturn loom.rows|nil called without arguments it gives the next row, a table by column names (NULL is nil), and nil at the
--   end; it raises what fails then. `:columns()` lists the names, `:close()` ends it early
-- @treturn ?string the failure; EINVAL if the statement does not compile or would do something other than read
-- @treturn ?string its code
-- @usage for row in assert(monitor:query("SELECT count(*) AS n FROM polls WHERE store_id = ?", "shop 1")) do print(row.n) end
function Monitor:query(sql, ...)
  check.argument("query", 1, sql, check.string)
  local rows, message, code = self.database:query(sql, ...)
  if not rows and not code then
    check.fail("bad call of 'query' (%s)", message)
  elseif not rows then
    return nil, message, code
  end
  return rows, nil, nil, rows -- the last one is closed when a loop in Lua 5.4 is left
end

--- What the database holds.
-- @treturn table|nil `stores`, `polled_stores`, `polls`, `days`, `first_poll` and `newest_poll` (seconds since 1970;
--   nil without polls), `hours`, `stores_with_hours`, `timezones`, `stores_with_timezone`,
--   `special_days`, `exclusions`, `overrides`, `attributes`, `size` (bytes), `schema_version`
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage print(monitor:info().polls)
function Monitor:info()
  local info, message, code = self.database:info()
  if not info then
    return nil, message, code
  end
  for _, name in ipairs { "first_poll", "newest_poll" } do
    info[name] = info[name] and time.seconds(info[name])
  end
  return info
end

--- Checks the database's integrity, SQLite's and Loom's own.
-- @treturn {string,...}|nil the problems found; empty when all is well
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage assert(#assert(monitor:check()) == 0)
function Monitor:check()
  return self.database:check()
end

--- Removes the polls that are older than a duration before the newest one, and shrinks the file.
-- @param keep a duration
-- @treturn int|nil how many polls were removed
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage monitor:prune("90d")
function Monitor:prune(keep)
  return self.database:prune(check.argument("prune", 1, keep, time.duration))
end

local export_kinds = {}
for i, kind in ipairs(loading.kinds) do
  export_kinds[i] = kind.kind
end

--- Writes what the database holds as CSV, in a form that `ingest` reads.
-- @tparam string kind "polls", "hours", "timezones", "special_days", "exclusions" or "attributes"
-- @tparam function write takes text, piece by piece; false or nil from it ends the export, with its second result
--   as the failure
-- @treturn true|nil
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage monitor:export("hours", function(text) return io.write(text) end)
function Monitor:export(kind, write)
  check.argument("export", 1, kind, check.choice(export_kinds))
  check.argument("export", 2, write, check.callable)
  local export, message, code = core.export(self.database, kind)
  if not export then
    return nil, message, code
  end
  local text
  local good, err = pcall(function()
    repeat
      text, message, code = export:next()
      if text then
        local written, why = write(text)
        if not written then
          text, message, code = nil, "EIO: " .. tostring(why), "EIO"
        end
      end
    until not text
  end)
  export:close()
  if not good then
    error(err, 0)
  end
  if text == nil then
    return nil, message, code
  end
  return true
end

return Monitor
