--- A monitor: one database, with what can be loaded into it and asked of it. `loom.open` gives one.
--
-- An instant is given as text in the form of the input files, `"2023-01-25 18:13:22 UTC"`, or as seconds since
-- 1970-01-01 UTC; the latter is what is returned: with the same as text, exact in every year, in the field whose name ends
-- with `_utc` (`from_utc` beside `from`). A duration is given in seconds or as text, `"90m"`, `"2h"`, `"7d"`, and
-- returned in seconds. A date is `"YYYY-MM-DD"`, local to the store. Store ids are text of 1 to 255 bytes.
--
-- What fails at run time returns nil, `"CODE: what happened"`, `"CODE"`; wrong use raises an error. Every method that
-- reads or writes the database can fail with EBUSY (another writer was not done in time), EIO, ENOMEM and ECORRUPT.
-- @classmod loom.monitor

local later = require "loom.later"

local alert_doors = later.module "loom.alerts.doors"
local alert_explanation = later.module "loom.alerts.explanation"
local alert_replay = later.module "loom.alerts.replay"
local audit = later.module "loom.audit"
local author = require "loom.author"
local backup = later.module "loom.backup"
local book = later.module "loom.alerts.book"
local check = require "loom.check"
local core = require "loom.core"
local doctor = later.module "loom.doctor"
local exclusions = later.module "loom.exclusions"
local Ingester = later.module "loom.ingester"
local inspection = later.module "loom.inspection"
local Job = later.module "loom.job"
local loading = require "loom.loading"
local opening = require "loom.opening"
local overrides = later.module "loom.overrides"
local preview = later.module "loom.preview"
local Report = later.module "loom.report"
local retention = later.module "loom.retention"
local single_polls = later.module "loom.single_polls"
local Status = later.module "loom.status"
local stepping = later.module "loom.stepping"
local stores = require "loom.stores"
local time = require "loom.time"
local transaction = require "loom.transaction"

local Monitor = {}
Monitor.__index = Monitor

local MAX_AHEAD = 86400 * 1000000 -- microseconds, by default: clocks that are wrong are rarely less so

local checkers = {
  create = check.boolean,
  busy_timeout = check.integer(0, 2 ^ 31 - 1),
  default_zone = check.text,
  max_ahead = time.max_ahead,
  clock = check.callable,
  by = author.name,
  patience = check.integer(1, 3600), -- seconds for which a cluster is asked, of the service
  checkpoint = check.boolean, -- for the service, which has another connection make them
}

--- Opens a database: see `loom.open`.
-- @local
function Monitor.open(path, options)
  check.argument("open", 1, path, check.text)
  options = check.options("open", options, checkers)
  local found, message, kind = opening.path(path)
  if not found then
    return nil, message, kind
  end
  path = found
  local database, file, code = opening.open(path, {
    create = options.create, busy_timeout = options.busy_timeout, checkpoint = options.checkpoint,
    patience = options.patience,
  })
  if not database then
    return nil, file, code
  end
  return setmetatable({
    database = database,
    path = path,
    file = file,
    default_zone = options.default_zone or "America/Chicago",
    max_ahead = options.max_ahead or MAX_AHEAD,
    clock = options.clock or os.time,
    by = options.by or "library",
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

--- Closes the database. Closing twice does no harm; reports and jobs go on. In Lua 5.4 a monitor can be a to-be-closed
-- variable.
-- @usage monitor:close()
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
Closed.__name = "loom.monitor"

--- Loading
-- @section loading

--- Loads input files, all of them in one transaction: either every file is in, or nothing has changed.
--
-- A file is a path (`"-"` is standard input), an open file, a function that returns the next bytes and nil at the end (or
-- nil and why it failed), a table of `read`, which is one of these, and `name`, or a list of them. Plain text and gzip are
-- told apart by content.
-- @tparam table options at least one of the files
-- @param[opt] options.polls polls: `store_id, status, timestamp_utc`
-- @param[opt] options.status the same
-- @param[opt] options.hours weekly hours: `store_id, dayOfWeek, start_time_local, end_time_local` and, if wanted,
--   `effective_from`; this and the next two also with `origin`, as `export` writes it
-- @param[opt] options.timezones zones: `store_id, timezone_str`
-- @param[opt] options.special_days special days: `store_id, date, open, close` and, if wanted, `note`
-- @param[opt] options.exclusions maintenance: `store_id, from_utc, to_utc` and, if wanted, `reason`; of rules `weekly`, `zone`,
--   `from_local` and `to_local`
-- @param[opt] options.attributes attributes: `store_id` and a column for each
-- @tparam[opt=0] int|string options.max_rejects how many bad rows of each file to leave out, or `"all"`; 0: the first one
--   fails the file
-- @tparam[opt] function options.on_reject called with a table of `source`, `line`, `column`, `value`, `reason` and `row`
--   for each row that is left out
-- @tparam[opt] string|number options.max_ahead polls further ahead of the clock than this duration are bad rows; or `"none"`
--   (default: the monitor's)
-- @tparam[opt] function options.progress called as (done, total, source, phase), where phase is `"reading"` (in bytes;
--   total is nil if it is not known) or `"writing"` (the share written, of 1)
-- @tparam[opt=false] bool options.replace_overrides what was set by hand for the stores in the files gives way to rows that
--   are not of origin `override` themselves
-- @tparam[opt] int options.threads that parse polls, 1 to 64 (default: one for each processor, up to 8)
-- @tparam[opt] string options.by who loads them, for the audit (default: the monitor's)
-- @tparam[opt] string options.reason why, for the audit
-- @treturn {table,...}|nil for each file: `source`, `kind`, the counts `rows`, `new`, `duplicates`, `conflicts` and
--   `rejected`, and `seconds`
-- @treturn ?string the failure; ENOENT, EACCESS or EIO for a file that cannot be read, EINPUT for a bad row or header,
--   with file, line, column, value and reason
-- @treturn ?string its code
-- @usage assert(monitor:ingest { polls = "store_status.csv", hours = "menu_hours.csv", timezones = "timezones.csv" })
function Monitor:ingest(options)
  return loading.ingest(self, options)
end

--- Begins an ingest that is fed. Nothing reaches the database before it is finished, and the monitor can be used meanwhile.
-- @tparam string kind `"polls"` (also `"status"`), `"hours"`, `"timezones"`, `"special_days"`, `"exclusions"` or `"attributes"`
-- @tparam[opt] table options
-- @tparam[opt] string options.source its name in messages (default: the kind)
-- @tparam[opt=0] int|string options.max_rejects as in `ingest`
-- @tparam[opt] function options.on_reject as in `ingest`
-- @tparam[opt=false] bool options.replace_overrides as in `ingest`
-- @tparam[opt] string|number options.max_ahead as in `ingest`
-- @tparam[opt] int options.threads as in `ingest`
-- @tparam[opt] string options.by as in `ingest`
-- @tparam[opt] string options.reason as in `ingest`
-- @treturn loom.ingester|nil
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage
-- local ingester = assert(monitor:ingester("polls"))
-- for chunk in chunks do assert(ingester:feed(chunk)) end
-- local summary = assert(ingester:finish())
function Monitor:ingester(kind, options)
  return Ingester.new(self, kind, options)
end

--- Stores polls that come one by one, in one transaction: they are on the disk when this returns.
-- @tparam {table,...} polls each `{ store_id, status, when }` or a table of `store_id`, `status` and `timestamp_utc`; a
--   status is `"active"`, `"inactive"` or a boolean; the instant defaults to now
-- @tparam[opt] table options
-- @tparam[opt=0] int|string options.max_rejects how many bad ones to leave out, or `"all"`; 0: one is enough for
--   nothing to be stored
-- @tparam[opt] function options.on_reject called with a table of `index`, `column`, `value` and `reason`
-- @tparam[opt] string|number options.max_ahead one further ahead of the clock than this duration is bad; or `"none"`
--   (default: the monitor's)
-- @treturn table|nil the counts `rows`, `new`, `duplicates`, `conflicts` and `rejected`
-- @treturn ?string the failure; EINPUT for a bad poll, which is named by its place
-- @treturn ?string its code
-- @usage monitor:polls { { "1481966498820158979", true, "2023-01-25 18:13:22 UTC" }, { "shop 2", false } }
function Monitor:polls(polls, options)
  return single_polls.store(self, polls, options)
end

--- Stores one poll: see `polls`, which is faster for many.
-- @tparam string store its id
-- @tparam string|bool active `"active"`, `"inactive"` or a boolean
-- @tparam[opt] string|number when the instant (default: now)
-- @tparam[opt] table options as in `polls`
-- @treturn table|nil as in `polls`
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage assert(monitor:poll("1481966498820158979", true))
function Monitor:poll(store, active, when, options)
  return single_polls.store(self, { { store, active, when } }, options)
end

--- Hours, special days, exclusions, attributes
-- @section overrides

--- Makes changes that are all kept, or none of them: what `work` sets, loads and removes through this monitor is one transaction,
-- which is also much faster than one for each. What it reads, reports among it, sees what it has written so far; others, and
-- reports in the background, see the database as it was before.
--
-- A method that fails in it has no effect, and what it returns decides nothing: only where `work` returns nil and a message, or
-- raises an error, all is undone. A transaction within one is a part of it, which is undone by itself. Where the disk is full, or
-- fails, all of it is, and whatever is tried after that fails with EIO.
-- @tparam function work
-- @treturn any what `work` returns, true where that is nothing; nil where it fails. An error comes through
-- @treturn ?string the failure, `work`'s or the database's
-- @treturn ?string its code
-- @usage
-- monitor:transaction(function()
--   assert(monitor:set_timezone("shop 1", "Europe/Paris"))
--   assert(monitor:set_hours("shop 1", { mon = "09:00-17:00" }, { effective_from = "always" }))
-- end)
function Monitor:transaction(work)
  return transaction.group(self.database, check.argument("transaction", 1, work, check.callable))
end

--- Sets a store's weekly hours from a date on, until the next change that is already planned. They prevail over hours that
-- files bring, also later; the past stays as it was.
--
-- Of many stores in one transaction: with a list of ids, or with a list of tables instead of all arguments,
-- `{ { store =, week =, effective_from =, to = }, … }`; `by` and `reason` are among the options then, too.
-- @tparam string|table store its id, or a list; a store that is not known yet is made
-- @tparam table week days by `mon` … `sun`: `"09:00-17:00"`, a list of spans, or `"closed"`; a day that is left out is
--   closed; a close at or before the open is on the next day. A span may be a table of `open` and `close` in seconds since
--   midnight
-- @tparam[opt] table options
-- @tparam[opt] string options.effective_from the first date, or `"always"` (default: today where the store is); also `from`
-- @tparam[opt] string options.to the date from which on what was in force before is so again
-- @tparam[opt] string options.by who changes it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn true|nil
-- @return the failure; or, where the hours begin today for want of a date, and the newest poll is from before yesterday, a notice
--   that they change no report of it: `effective_from`, `newest_poll` (an instant), and by `tostring` a line of text
-- @treturn ?string the failure's code
-- @usage
-- monitor:set_hours("shop 1", { mon = "09:00-17:00", fri = { "11:00-14:30", "17:00-02:00" } }, { effective_from = "2026-12-01" })
function Monitor:set_hours(store, week, options)
  return overrides.set_hours(self, store, week, options)
end

--- The weekly hours of a store.
-- @tparam string store its id
-- @tparam[opt] table options
-- @tparam[opt] string options.on a date (default: today where the store is)
-- @treturn table|nil `week`, a list of spans for each day that has any, in force on the date (nil: none, open all day);
--   `openings`, the same as tables of `open` and `close`, in seconds since midnight, and `span`, the text; `effective_from`
--   (nil: always) and `origin` (`"file"` or `"override"`) of it; `changes`: all that are stored, each with `effective_from`,
--   `origin`, and `week` and `openings` or `reverts` (the file's hours are in force again)
-- @treturn ?string the failure; ENOENT if the store is not known
-- @treturn ?string its code
-- @usage print(monitor:hours("shop 1").week.mon[1]) --> 09:00-17:00
function Monitor:hours(store, options)
  return overrides.hours(self, store, options)
end

--- Ends what `set_hours` has set: from a date on the file's hours are in force again, and nothing is planned any more.
-- @tparam string|{string,...} store its id, or a list of them
-- @tparam[opt] table options
-- @tparam[opt] string options.effective_from a date, or `"always"`, as if nothing had ever been set (default: today); also
--   `from`
-- @tparam[opt] string options.by who changes it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn true|nil
-- @return the failure; ENOENT if a store is not known; or a notice, as of `set_hours`
-- @treturn ?string the failure's code
-- @usage monitor:clear_hours("shop 1", { effective_from = "2027-02-01" })
function Monitor:clear_hours(store, options)
  return overrides.clear_hours(self, store, options)
end

--- Sets and removes changes of a store's weekly hours, date by date, and leaves those of other dates as they are: what
-- `set_hours` and `clear_hours` are made of, and what undoes them.
-- @tparam string store its id; one that is not known yet is made
-- @tparam {table,...} changes each of `effective_from`, a date or `"always"`, and one of `week`, as in `set_hours`,
--   `reverts = true` (the file's hours are in force again from then on) and `removed = true` (nothing changes on the date)
-- @tparam[opt] table options
-- @tparam[opt] string options.by who changes it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn true|nil
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage
-- local change = monitor:audit({ store = "shop 1", kind = "hours" })[1]
-- monitor:set_hours_changes("shop 1", change.before.changes, { reason = "undone" })
function Monitor:set_hours_changes(store, changes, options)
  return overrides.set_hours_changes(self, store, changes, options)
end

--- Sets a store's timezone, over the one that files bring. It applies to the past too: a zone is corrected, not changed.
-- @tparam string store its id; one that is not known yet is made
-- @tparam[opt] string zone an IANA name; nil: that of the file again
-- @tparam[opt] table options
-- @tparam[opt] string options.by who changes it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn true|nil
-- @treturn ?string the failure; EINPUT if there is no such zone, ENOENT if the store is not known and there is no zone to set
-- @treturn ?string its code
-- @usage monitor:set_timezone("shop 1", "Europe/Paris")
function Monitor:set_timezone(store, zone, options)
  return overrides.set_timezone(self, store, zone, options)
end

--- A store's timezone.
-- @tparam string store its id
-- @treturn table|nil `timezone_str`, and `origin`: "file", "override" or "default"
-- @treturn ?string the failure; ENOENT if the store is not known
-- @treturn ?string its code
-- @usage print(monitor:timezone("shop 1").timezone_str)
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
--
-- Many in one transaction: with a list of ids, or with a list of tables instead of all arguments,
-- `{ { store =, date =, spans =, note = }, … }`.
-- @tparam string|table store its id, or `"*"` for every store, or a list; a store's own special day beats one of every store
-- @tparam string date
-- @tparam string|{string,...} spans `"closed"`, `"10:00-14:00"`, or a list of spans, as in `set_hours`
-- @tparam[opt=""] string note up to 4096 bytes
-- @tparam[opt] table options
-- @tparam[opt] string options.by who changes it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn true|nil
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage monitor:set_special_day("*", "2026-12-25", "closed", "Christmas")
function Monitor:set_special_day(store, date, spans, note, options)
  return overrides.set_special_day(self, store, date, spans, note, options)
end

--- The special days in force.
-- @tparam[opt] table options
-- @tparam[opt] string options.store an id, or `"*"` for the days of every store (default: all there are)
-- @tparam[opt] string options.from the first date
-- @tparam[opt] string options.to the last date
-- @treturn {table,...}|nil in order of date: `store_id` (or `"*"`), `date`, `spans` (a list; empty: closed), `openings`
--   (the same as tables of `open` and `close`, in seconds since midnight, and `span`), `note` and `origin` (`"file"` or
--   `"override"`)
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage for _, day in ipairs(monitor:special_days { store = "*" }) do print(day.date, day.note) end
function Monitor:special_days(options)
  return overrides.special_days(self, options)
end

--- Removes a special day that was set by hand; one that a file brought for the same date is in force again.
-- @tparam string|{string,...} store its id, or `"*"`, or a list of them
-- @tparam string date
-- @tparam[opt] table options
-- @tparam[opt=false] bool options.loaded remove what files brought, too; loading the file again brings it back
-- @tparam[opt] string options.by who changes it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn true|int|nil of a list, how many stores had one
-- @treturn ?string the failure; ENOENT if there is nothing to remove
-- @treturn ?string its code
-- @usage monitor:clear_special_day("*", "2026-12-25")
function Monitor:clear_special_day(store, date, options)
  return overrides.clear_special_day(self, store, date, options)
end

--- Takes a stretch of time out of the schedule: maintenance, a strike. One that is there already stays the one that it is.
-- @tparam table exclusion or a list of them, for one transaction
-- @tparam string|{string,...} exclusion.store an id, or `"*"` for every store, or a list of ids
-- @tparam string|number exclusion.from an instant; with `zone` a local time, `"2026-11-24 02:00"`; with `weekly` the first local
--   date (default then: it always held)
-- @tparam string|number exclusion.to an instant after it, or a local time; with `weekly` the date after the last (default then:
--   it does not end)
-- @tparam[opt] string|table exclusion.weekly spans of every week: `"sun 02:00-04:00"`, `"mon-fri 01:00-02:00,22:00-23:00; daily
--   03:00-03:10"`, a list of such texts, or a week as in `set_hours`; up to 100
-- @tparam[opt] string exclusion.zone whose clocks the times are of: `"store"`, for each store's (default with `weekly`), or an
--   IANA name. Such an exclusion is a rule, which becomes instants when it is read, as openings do
-- @tparam[opt=""] string exclusion.reason up to 4096 bytes
-- @tparam[opt] table options
-- @tparam[opt] string options.by who takes it out, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why it is set, where that is another than the exclusion's own
-- @treturn int|{int,...}|nil the exclusion's number; of a list of exclusions, or of stores, a list
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage
-- monitor:exclude { store = "*", from = "2026-11-24 02:00:00", to = "2026-11-24 04:00:00", reason = "network" }
-- monitor:exclude { store = "*", weekly = "sun 02:00-04:00", zone = "store", from = "2026-12-01" }
function Monitor:exclude(exclusion, options)
  return exclusions.add(self, exclusion, options)
end

--- The exclusions, whoever made them.
-- @tparam[opt] table options
-- @tparam[opt] string options.store an id, or `"*"` for those of every store (default: all there are)
-- @treturn {table,...}|nil in order of time: `number`, `store_id` (or `"*"`), `from` and `to` (instants), `reason`; a rule has
--   `zone`, `weekly` (nil: it is once), and in the place of instants `from_local` and `to_local`, text
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage for _, exclusion in ipairs(monitor:exclusions()) do print(exclusion.number, exclusion.reason) end
function Monitor:exclusions(options)
  return exclusions.list(self, options)
end

--- Removes an exclusion.
-- @tparam int number as `exclude` and `exclusions` give it
-- @tparam[opt] table options
-- @tparam[opt] string options.by who changes it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn true|nil
-- @treturn ?string the failure; ENOENT if there is none of that number
-- @treturn ?string its code
-- @usage monitor:remove_exclusion(3)
function Monitor:remove_exclusion(number, options)
  return exclusions.remove(self, number, options)
end

--- Sets attributes of a store, by which reports choose and group. Those that are not named stay. All stores together may have
-- 255 names, and a store 32,000 bytes of values, so that all of it fits a file.
--
-- Of many stores in one transaction: with a list of ids, or with a list of tables instead of all arguments,
-- `{ { store =, attributes =, replace = }, … }`.
-- @tparam string|table store its id, or a list; a store that is not known yet is made
-- @tparam table attributes values by name (1 to 64 bytes): text or numbers, which are stored as text; false removes
-- @tparam[opt] table options
-- @tparam[opt=false] bool options.replace those that are not named are removed
-- @tparam[opt] string options.by who changes it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn true|nil
-- @treturn ?string the failure; ELIMIT if there would be more than there may be
-- @treturn ?string its code
-- @usage monitor:set_attributes("shop 1", { region = "north", brand = "x" })
function Monitor:set_attributes(store, attributes, options)
  return overrides.set_attributes(self, store, attributes, options)
end

--- The attributes of a store.
-- @tparam string store its id
-- @treturn table|nil values by name; empty for a store that is not known
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage print(monitor:attributes("shop 1").region)
function Monitor:attributes(store)
  return overrides.attributes(self, store)
end

--- An iterator over the stores that are known, in no order. It raises an error when reading fails.
-- @treturn function that gives a table of `store_id`, `timezone_str` (nil: the default one), `has_hours`, `first_poll`
--   and `last_poll` (instants; nil without polls) and `attributes`
-- @usage for store in monitor:stores() do print(store.store_id, store.timezone_str) end
function Monitor:stores()
  return stores.each(self.database)
end

--- The ids of some of the stores that are known, to set something for all of them.
-- @tparam[opt] table options without any, all
-- @param[opt] options.stores as in `report`
-- @tparam[opt] table options.where as in `report`
-- @tparam[opt] string options.search as in `report`
-- @param[opt] options.zones as in `report`
-- @treturn {string,...}|nil sorted; there may be none
-- @treturn ?string the failure; ENOENT if an id is asked for, rather than a pattern, and not known
-- @treturn ?string its code
-- @usage monitor:set_special_day(assert(monitor:store_ids { where = { region = "north" } }), "2026-12-24", "10:00-14:00")
function Monitor:store_ids(options)
  return stores.ids(self.database, options, self.default_zone)
end

--- One store.
-- @tparam string store its id
-- @treturn table|nil what `stores` gives
-- @treturn ?string the failure; ENOENT if the store is not known
-- @treturn ?string its code
-- @usage print(monitor:store("shop 1").timezone_str)
function Monitor:store(store)
  return stores.get(self.database, store)
end

--- The audit: what was changed by hand, by whom, when, from what to what, and why. It has what `set_hours`, `clear_hours`,
-- `set_timezone`, `set_special_day`, `clear_special_day`, `exclude`, `remove_exclusion`, `set_attributes`, `delete_polls`,
-- `delete_store` and `prune` have changed, in whichever process, written in the same transaction; not what files bring. The last
-- 100,000 entries are kept, and 64 MiB of them. They stay when their store goes.
--
-- What was and what is have the names and the shapes of the service's writes (docs/service.md), so that a change is undone by
-- setting what was before.
-- @tparam[opt] table options
-- @tparam[opt] string options.store an id, or `"*"` for what was set for every store (default: all there is)
-- @tparam[opt] string options.kind `"hours"`, `"special_day"`, `"exclusion"`, `"timezone"`, `"attributes"`, `"store"`,
--   `"polls"`, `"ingest"`, or of what alerts go by `"rule"`, `"channel"`, `"mute"`, `"silence"`, `"objective"`, `"setting"` or
--   `"alert"`
-- @tparam[opt=100] int options.limit how many entries at the most, up to 1000
-- @tparam[opt] int options.after only entries before that of this number: the last one of the page before
-- @treturn {table,...}|nil the newest first: `number`, which ascends; `at` (an instant); `by`; `store_id` (or `"*"`); `kind`;
--   `before` and `after`, nil where there was nothing, or is: of hours `changes`, one to each date, with `effective_from`, and
--   `week`, or `reverts`, or `removed` where there was, or is, no change on the date; of a special day `date`, `spans` and
--   `note`; of an exclusion its fields, with instants as text; of a timezone `timezone_str`; of attributes `attributes`, values
--   by name, false for one that there was not; of polls and stores how much has gone; of what alerts go by its definition; and
--   `reason` (nil: none was given)
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage for _, entry in ipairs(monitor:audit { store = "shop 1" }) do print(entry.at_utc, entry.by, entry.kind) end
function Monitor:audit(options)
  return audit.list(self, options)
end

--- Reports
-- @section reports

--- Computes a report.
-- @tparam[opt] table options
-- @tparam[opt] {table,...} options.windows 1 to 64 of `{ name =, seconds =, unit = }`, `{ name =, from =, to =, unit = }` or
--   `{ name =, calendar =, unit = }`: a name of letters, digits and `_`; a duration that ends at `as_of`, two instants, two
--   dates, the first one and the one after the last, or one of `"today"`, `"yesterday"`, `"this-week"`, `"last-week"` (from
--   Monday), `"this-month"`, `"last-month"`, which alone stands for `{ name = "this_week", calendar = "this-week" }`; and
--   `"hours"` (default) or `"minutes"`, in which the standard columns are printed (default: last_hour in minutes, last_day and
--   last_week in hours). Dates are those of each store's own calendar, from midnight to midnight, cut at `as_of`
-- @tparam[opt] string|number options.as_of the instant that it is seen from, at which windows of `seconds` end: also a date,
--   which is its first instant in UTC, or `"now"` (default: the newest poll)
-- @tparam[opt=false] bool options.compare puts beside each window, as `NAME_before`, the one before it: as long, or of as many
--   dates or whole months
-- @tparam[opt="loom"] string options.preset rules by name: `"loom"`, `"seed"` or `"monitoring"`. Each of the next five
--   overrides one of them
-- @tparam[opt] string options.fill which time a poll vouches for: `"backward"`, `"forward"` or `"nearest"`
-- @tparam[opt] string options.evidence which polls count for an opening: `"inside"`, or `"around"` it too
-- @tparam[opt] string options.no_data what an opening without evidence is: `"down"`, `"up"` or `"unknown"`
-- @tparam[opt] string|number options.max_gap time further from its poll than this duration is unknown; or `"none"`
-- @tparam[opt] string|number options.slack a close within this duration of midnight is midnight; whole seconds, less than
--   a day
-- @tparam[opt] string options.default_zone of stores without one (default: the monitor's)
-- @param[opt] options.stores which ones: an id, a pattern (`*`, `?`, `[a-z]`), a list of them, `{ ids = list }` of ids that
--   are no patterns, or a function, called with what `stores` gives, that tells whether the store is wanted
-- @tparam[opt] table options.where attributes that stores must have: `{ region = "north", brand = { "x", "y" } }`
-- @tparam[opt] string options.search a text that ids or values of attributes must contain, whichever case A to Z are in
-- @param[opt] options.zones the timezone that stores must be measured by, or a list of those that will do
-- @tparam[opt=false] bool options.all_stores also those known only from hours or zones
-- @tparam[opt] table options.shard `{ number = K, of = N }`: of these only the stores of one shard, from 1, of a cluster that has
--   so many
-- @param[opt] options.hours weekly hours for this report alone: `{ ["shop 1"] = week, ["*"] = week }`, with weeks as in
--   `set_hours`, or a function, called as (store_id, date, spans, openings) for each store and date, that returns other
--   spans (nil: they stay)
-- @param[opt] options.slo an objective: a target ratio from 0 to 1, or a table (see `loom.slo`)
-- @tparam[opt] string options.group_by the attribute that `loom.report:groups` adds up by
-- @tparam[opt] string options.name_attribute the attribute that pages (the format html) call stores by, beside their ids
-- @param[opt] options.strips true, or `{ window =, bins = }`: a letter to a bin for each store as `strip` of its row
--   (default: 168 bins of the last window; at most 10000): u up, p partly down, d down (half of the open time, or more),
--   n unknown, x excluded, c closed
-- @tparam[opt] int options.threads how many to use, 1 to 64 (default: one for each processor, up to 8)
-- @tparam[opt] function options.progress called a few times a second with the share that is done, of 1
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
-- @tparam[opt] table options as in `report`, but for `progress`; functions among them are called before this returns
-- @treturn loom.job|nil
-- @treturn ?string the failure; EEMPTY when there are no polls and no `as_of`
-- @treturn ?string its code
-- @usage
-- local job = assert(monitor:start_report())
-- while not job:wait(0.1) do print(job:progress()) end
-- local report = assert(job:result())
function Monitor:start_report(options)
  return Job.start(self, options)
end

--- What every store is now, or at another instant, and since when.
-- @tparam[opt] table options `stores`, `where`, `search`, `zones`, `all_stores`, `default_zone`, `threads` and the rules, as in
--   `report`
-- @tparam[opt="monitoring"] string options.preset rules by name
-- @tparam[opt] string|number options.as_of the instant, also a date or `"now"`, as in `report` (default: the newest poll); polls
--   after it are as if they were not there
-- @tparam[opt="7d"] string|number options.dormant_after a store that had openings, but no active poll, for this duration is
--   dormant; up to 366 days
-- @tparam[opt=true] bool options.since_up false: since when a store is up is not looked for, which takes long where stores that
--   never close have been up for years
-- @treturn loom.status|nil
-- @treturn ?string the failure; EEMPTY when there are no polls and no `as_of`
-- @treturn ?string its code
-- @usage
-- local status = assert(monitor:status { where = { region = "north" } })
-- print(status.counts.down, status.counts.dormant)
-- for store in status:stores { state = "down", sort = "since" } do print(store.store_id, store.since_utc) end
function Monitor:status(options)
  return Status.compute(self, options)
end

--- What stores were together, step by step: the trend of a week by the hour, for one.
-- @tparam[opt] table options `stores`, `where`, `search`, `zones`, `all_stores`, `default_zone`, `threads`, `as_of` and the
--   rules, as in `report`
-- @param[opt] options.from an instant (default: a week before `to`)
-- @param[opt] options.to an instant after it (default: `as_of`, which is the newest poll unless given)
-- @tparam[opt="1h"] string|number options.step how long each step is: a duration of whole seconds, from 60 s to 31 days; the span
--   is a whole number of them, 2,000 at the most
-- @tparam[opt] string options.by tells apart the values of this attribute, or with `"timezone_str"` the zones that stores are in:
--   50 values at the most, and 20,000 steps of all of them together
-- @treturn loom.series|nil
-- @treturn ?string the failure; EEMPTY when there are no polls and no `as_of`; EINVAL where span and step do not fit, or
--   there are too many values
-- @treturn ?string its code
-- @usage
-- local series = assert(monitor:series { from = "2023-01-24 00:00:00", to = "2023-01-25 00:00:00", step = "1h", by = "region" })
-- for i, down in ipairs(series.down) do print(series.t_utc[i], down, series.stores_down[i]) end
-- for _, region in ipairs(series.by) do print(region.value, region.stores, region.down[1]) end
function Monitor:series(options)
  return stepping.compute(self, options)
end

--- What a store was, moment by moment.
-- @tparam string store its id
-- @tparam string|number from an instant; or a local date of the store; or a word such as `"yesterday"` (see `report`), without
--   `to`
-- @tparam ?string|number to an instant after it; or the date after the last
-- @tparam[opt] table options `as_of`, `default_zone` and the rules (`preset`, `fill`, …), as in `report`
-- @treturn {table,...}|nil segments without gaps: `from` and `to` (instants), `seconds`, and `state`, which is
--   `"up"`, `"down"`, `"unknown"`, `"closed"` or `"excluded"`
-- @treturn ?string the failure; ENOENT if the store is not known
-- @treturn ?string its code
-- @usage for _, s in ipairs(monitor:timeline("shop 1", "2023-01-24 00:00:00", "2023-01-25 00:00:00")) do print(s.state) end
function Monitor:timeline(store, from, to, options)
  local segments, message, code = inspection.timeline(self, store, from, to, options)
  return segments, not segments and message or nil, code
end

--- The outages of a store: maximal runs of down time. Closed hours and excluded time end one, openings that touch do not.
-- @tparam string store its id
-- @tparam string|number from as in `timeline`
-- @tparam ?string|number to as in `timeline`
-- @tparam[opt] table options as in `timeline`
-- @treturn {table,...}|nil `from` and `to` (instants), and `seconds`
-- @treturn ?string the failure; ENOENT if the store is not known
-- @treturn ?string its code
-- @usage
-- print(#monitor:outages("shop 1", "2023-01-18 00:00:00", "2023-01-25 00:00:00"))
-- print(#monitor:outages("shop 1", "last-week"))
function Monitor:outages(store, from, to, options)
  local outages, message, code = inspection.outages(self, store, from, to, options)
  return outages, not outages and message or nil, code
end

--- Everything that made a store's figures.
-- @tparam string store its id
-- @tparam[opt] table options `windows`, `compare`, `as_of`, `default_zone` and the rules, as in `report`
-- @treturn table|nil `store_id`, `timezone_str`, `as_of`, `rules`, and `windows`: for each its `name`, `unit`, `from`, `to`,
--   `calendar` where it is on the calendar, `before_of` where it is the one before another, `uptime` and `downtime` as the
--   report prints them, `figures` (see `loom.figures`), and lists of `openings` (`date`, `span`, `open` and `close` in seconds
--   since midnight, `rule`, `from`, `to`), `intervals`, `exclusions` and `pieces`, which have `polls` (`timestamp`, and as text
--   `timestamp_utc`, and `status`: those in the piece) and `cells` (`from`, `to`, `seconds`, `state`, `reason`, and `poll` and
--   `status` of the poll that vouches for them), which cover the piece and add up to the figures; what exclusions take out is a
--   cell whose state is `"excluded"`; and `polls_outside`, such as came in the window while the store was closed, like `polls`
-- @treturn ?string the failure; ENOENT if the store is not known
-- @treturn ?string its code
-- @usage print(monitor:explain("shop 1", { preset = "monitoring" }).windows[1].uptime)
function Monitor:explain(store, options)
  return inspection.explain(self, store, options)
end

--- The hours of a store, day by day: what its openings are by the weekly hours, special days and zone in force on each date, also
-- on dates that are still to come.
-- @tparam string store its id
-- @tparam[opt] table options `as_of`, `default_zone` and the rules, as in `report`, of which `slack` alone matters
-- @tparam[opt] string options.from the first local date (default: six days before the date at `as_of`, or at the newest poll, or
--   now where there are none)
-- @tparam[opt] string options.to the date after the last, at most 62 days after the first (default: 14)
-- @treturn table|nil `store_id`, `timezone_str`, `as_of`, and `days`: for each its `date`, `from` and `to` (instants: 23 or 25
--   hours apart where clocks change), `rule` (`"weekly hours"`, `"special day"`, `"special day of all stores"` or
--   `"no hours: open all day"`), `note` of a special day, and `openings` that begin on it, as in `explain`. Dates that the clock
--   skips are left out
-- @treturn ?string the failure; ENOENT if the store is not known
-- @treturn ?string its code
-- @usage
-- for _, day in ipairs(monitor:schedule("shop 1", { from = "2023-01-20", to = "2023-01-27" }).days) do
--   print(day.date, day.rule, #day.openings)
-- end
function Monitor:schedule(store, options)
  return inspection.schedule(self, store, options)
end

--- What a store's figures would be if something else were set for it: before and after, and when it would have been something
-- else. Nothing is stored, and nobody waits. After the change has been made, a report has the figures that this tells.
-- @tparam table options
-- @tparam string options.store its id
-- @tparam[opt] table options.hours `week`, `effective_from` and `to`, as `set_hours` takes them; or `changes`, as
--   `set_hours_changes` does
-- @tparam[opt] {table,...} options.special_days each of `date` and `spans`, as `set_special_day` takes them; spans of false
--   remove it
-- @tparam[opt] table options.exclusions `add`, a list as `exclude` takes it, and `remove`, a list of numbers
-- @tparam[opt] string|bool options.timezone_str a zone's name; false: that of the file again
-- @tparam[opt] {table,...} options.windows as in `report`, and so `as_of`, `default_zone` and the rules
-- @treturn table|nil `store_id`; `as_of` (an instant); `before` and `after`, reports of the store alone; `changed`, the stretches
--   between the first window's start and the last one's end in which it would have been something else: `from` and `to`
--   (instants), `seconds`, and the states `before` and `after`, up to 10,000 of them; and `left_out`, how many more there are
-- @treturn ?string the failure; ENOENT if the store or an exclusion is not known
-- @treturn ?string its code
-- @usage
-- local week = { mon = "10:00-18:00", sat = "10:00-16:00" }
-- local found = assert(monitor:preview { store = "shop 1", hours = { week = week, effective_from = "always" } })
-- print(found.before:get("shop 1").last_week.ratio, found.after:get("shop 1").last_week.ratio, #found.changed)
function Monitor:preview(options)
  return preview.look(self, options)
end

--- Alerts
-- @section alerts

--- Sets a rule of alerts. One of the same name is replaced.
-- @tparam table definition `name`, `when`, and what docs/alerts.md tells of rules; `channels` and `mute` are names of those
--   that there are
-- @tparam[opt] table options
-- @tparam[opt] string options.by who does it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn string|nil its name
-- @treturn ?string the failure; EINVAL names the field and the value that is wrong
-- @treturn ?string its code
-- @usage assert(monitor:set_rule { name = "down", severity = "critical", when = { kind = "down_for", time = "30m" } })
function Monitor:set_rule(definition, options)
  return alert_doors.set(self, "rule", definition, options)
end

--- The rules of alerts, in order of the names.
-- @treturn {table,...}|nil as they were set
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage for _, rule in ipairs(monitor:rules()) do print(rule.name, rule.when.kind) end
function Monitor:rules()
  return alert_doors.list(self, "rule")
end

--- Removes a rule of alerts. What it fires for is resolved.
-- @tparam string name
-- @tparam[opt] table options
-- @tparam[opt] string options.by who does it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn true|nil
-- @treturn ?string the failure; ENOENT: there is none
-- @treturn ?string its code
-- @usage
-- assert(monitor:set_rule { name = "late", when = { kind = "late_open", time = "20m" } })
-- assert(monitor:delete_rule "late")
function Monitor:delete_rule(name, options)
  return alert_doors.delete(self, "rule", name, options)
end

--- Sets a channel, to which alerts are told. One of the same name is replaced.
-- @tparam table definition `name`, `kind`, and what docs/alerts.md tells of the kind. A secret that is left out, or `true`,
--   stays as it was; one that is false goes. Where `url` is another, the others are to be given again
-- @tparam[opt] table options
-- @tparam[opt] string options.by who does it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn string|nil its name
-- @treturn ?string the failure; EINVAL names the field and the value that is wrong
-- @treturn ?string its code
-- @usage assert(monitor:set_channel { name = "ops", kind = "webhook", url = "https://example.org/hook", secret = "s3cret" })
function Monitor:set_channel(definition, options)
  return alert_doors.set(self, "channel", definition, options)
end

--- The channels, in order of the names.
-- @treturn {table,...}|nil as they were set; `true` stands for a secret, which nothing gives back
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage for _, channel in ipairs(monitor:channels()) do print(channel.name, channel.kind) end
function Monitor:channels()
  return alert_doors.list(self, "channel")
end

--- Removes a channel, with what is on its way to it.
-- @tparam string name
-- @tparam[opt] table options
-- @tparam[opt] string options.by who does it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn true|nil
-- @treturn ?string the failure; ENOENT: there is none; EINVAL: a rule names it
-- @treturn ?string its code
-- @usage
-- assert(monitor:set_channel { name = "console", kind = "log" })
-- assert(monitor:delete_channel "console")
function Monitor:delete_channel(name, options)
  return alert_doors.delete(self, "channel", name, options)
end

--- Sets a silence: alerts that meet its matchers are not told while it lasts. One of the same id is replaced.
-- @tparam table definition `matchers`, of which all must hold: `rule` and `store` (texts or lists, with `*` and `?`),
--   `severity` and `where` (attributes of the store); `to`, an instant; and, if wanted, `from` (default: now), `author`,
--   `comment`, and `id` (default: a new one)
-- @tparam[opt] table options
-- @tparam[opt] string options.by who does it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn string|nil its id
-- @treturn ?string the failure; EINVAL names the field and the value that is wrong
-- @treturn ?string its code
-- @usage assert(monitor:set_silence { matchers = { store = "shop 1" }, to = os.time() + 3600, comment = "works" })
function Monitor:set_silence(definition, options)
  return alert_doors.set(self, "silence", definition, options)
end

--- The silences, also those that ended in the last 30 days, in order of the ids.
-- @treturn {table,...}|nil as they were set
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage for _, silence in ipairs(monitor:silences()) do print(silence.id, silence.comment) end
function Monitor:silences()
  return alert_doors.list(self, "silence")
end

--- Removes a silence.
-- @tparam string id
-- @tparam[opt] table options
-- @tparam[opt] string options.by who does it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn true|nil
-- @treturn ?string the failure; ENOENT: there is none
-- @treturn ?string its code
-- @usage
-- local id = assert(monitor:set_silence { matchers = { rule = "down" }, to = os.time() + 3600 })
-- assert(monitor:delete_silence(id))
function Monitor:delete_silence(id, options)
  return alert_doors.delete(self, "silence", id, options)
end

--- Sets a mute: hours of the week in which rules that name it are not told. One of the same name is replaced.
-- @tparam table definition `name`, `hours` (as `exclude` takes `weekly`: `"mon-fri 22:00-06:00"`), `zone`, and, if wanted,
--   `passes` (the least severity that is told all the same) and `comment`
-- @tparam[opt] table options
-- @tparam[opt] string options.by who does it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn string|nil its name
-- @treturn ?string the failure; EINVAL names the field and the value that is wrong
-- @treturn ?string its code
-- @usage assert(monitor:set_mute { name = "night", hours = "daily 22:00-06:00", zone = "Europe/Paris", passes = "critical" })
function Monitor:set_mute(definition, options)
  return alert_doors.set(self, "mute", definition, options)
end

--- The mutes, in order of the names.
-- @treturn {table,...}|nil as they were set
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage for _, mute in ipairs(monitor:mutes()) do print(mute.name, mute.zone) end
function Monitor:mutes()
  return alert_doors.list(self, "mute")
end

--- Removes a mute.
-- @tparam string name
-- @tparam[opt] table options
-- @tparam[opt] string options.by who does it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn true|nil
-- @treturn ?string the failure; ENOENT: there is none; EINVAL: a rule names it
-- @treturn ?string its code
-- @usage
-- assert(monitor:set_mute { name = "lunch", hours = "mon-fri 12:00-13:00", zone = "UTC" })
-- assert(monitor:delete_mute "lunch")
function Monitor:delete_mute(name, options)
  return alert_doors.delete(self, "mute", name, options)
end

--- Sets an objective, by which rules of the kind `budget` go that name it as `when.objective`. One of the same name is
-- replaced.
-- @tparam table definition `name`, `target` (a ratio between 0 and 1), and, if wanted, `stores` (as rules have it), `window`
--   (default: 28 days; `"month"`: the calendar month) and `comment`
-- @tparam[opt] table options
-- @tparam[opt] string options.by who does it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn string|nil its name
-- @treturn ?string the failure; EINVAL names the field and the value that is wrong
-- @treturn ?string its code
-- @usage assert(monitor:set_objective { name = "west", target = 0.99, stores = { where = { region = "west" } } })
function Monitor:set_objective(definition, options)
  return alert_doors.set(self, "objective", definition, options)
end

--- The objectives, in order of the names.
-- @treturn {table,...}|nil as they were set
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage for _, objective in ipairs(monitor:objectives()) do print(objective.name, objective.target) end
function Monitor:objectives()
  return alert_doors.list(self, "objective")
end

--- Removes an objective.
-- @tparam string name
-- @tparam[opt] table options
-- @tparam[opt] string options.by who does it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn true|nil
-- @treturn ?string the failure; ENOENT: there is none; EINVAL: a rule names it
-- @treturn ?string its code
-- @usage
-- assert(monitor:set_objective { name = "east", target = 0.98 })
-- assert(monitor:delete_objective "east")
function Monitor:delete_objective(name, options)
  return alert_doors.delete(self, "objective", name, options)
end

--- Sets what all rules go by. Settings that are not named stay.
-- @tparam table settings
-- @tparam[opt] string|number settings.stale_after how long without a poll makes the feed stale (30 minutes where it is not set);
--   false: as if it had not been set
-- @tparam[opt] string|number settings.dormant_after how long without an active poll makes a store dormant (7 days); or false
-- @tparam[opt] table options
-- @tparam[opt] string options.by who does it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn true|nil
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage assert(monitor:set_settings { stale_after = "45m" })
function Monitor:set_settings(settings, options)
  return alert_doors.set_settings(self, settings, options)
end

--- The settings that were set.
-- @treturn table|nil values by name, as they were set
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage print(monitor:settings().stale_after)
function Monitor:settings()
  return alert_doors.settings(self)
end

--- Applies rules, channels, mutes, silences, objectives and settings: all of them, or nothing. What is the same already is left
-- as it is.
-- @tparam table wanted
-- @tparam[opt] {table,...} wanted.rules as `set_rule` takes them
-- @tparam[opt] {table,...} wanted.channels as `set_channel` takes them
-- @tparam[opt] {table,...} wanted.mutes as `set_mute` takes them
-- @tparam[opt] {table,...} wanted.silences as `set_silence` takes them
-- @tparam[opt] {table,...} wanted.objectives as `set_objective` takes them
-- @tparam[opt] table wanted.settings as `set_settings` takes them
-- @tparam[opt] table options
-- @tparam[opt=false] bool options.dry_run nothing is changed
-- @tparam[opt=false] bool options.prune what is not in the table is removed
-- @tparam[opt] string options.by who applies it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn {table,...}|nil what has changed, or with `dry_run` would: `kind`, `name`, `change` (`"new"`, `"changed"` or
--   `"removed"`), `before` and `after`, and `secrets`, the names of those of a channel that are others
-- @treturn ?string the failure; EINVAL names the definition, the field and the value that is wrong
-- @treturn ?string its code
-- @usage
-- local wanted = { rules = { { name = "down", when = { kind = "down_for", time = "30m" } } } }
-- for _, change in ipairs(assert(monitor:apply(wanted, { dry_run = true }))) do print(change.change, change.name) end
function Monitor:apply(wanted, options)
  return alert_doors.apply(self, wanted, options)
end

--- Rules, channels, mutes, silences, objectives and settings, as `apply` takes them. `true` stands for secrets: who applies that
-- to the same database leaves them as they are; in another one they are to be given.
-- @treturn table|nil
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage print(#monitor:configuration().rules)
function Monitor:configuration()
  return alert_doors.configuration(self)
end

--- Alerts: what fires, and what has fired, the newest first. `loom agent` evaluates the rules.
-- @tparam[opt] table options
-- @tparam[opt] string|{string,...} options.state `"open"` (which is both firing and resolving), `"firing"`, `"resolving"`,
--   `"resolved"` or `"expired"`
-- @tparam[opt] string|{string,...} options.severity `"critical"`, `"error"`, `"warning"` or `"info"`
-- @tparam[opt] string|{string,...} options.rule the names of rules
-- @tparam[opt] string|{string,...} options.store_id the ids of stores
-- @tparam[opt] string|{string,...} options.kind of the subject: `"store"`, `"group"`, `"fleet"` or `"system"`
-- @tparam[opt] table options.where attributes of the store, as `report` takes them
-- @tparam[opt] string|number options.from those that were open at this instant, or later
-- @tparam[opt] string|number options.to and those that began before this one
-- @tparam[opt=100] int options.limit how many at the most, up to 1000
-- @tparam[opt] int options.before only alerts before that of this number: the last one of the page before
-- @treturn {table,...}|nil each of `number`, `id`, `rule`, `severity`, `subject` (`kind`, `id`, `zone`), `state`, `since`, `at`
--   (it fired) and `ended` (instants), `reason`, `value`, `unit`, `threshold`, `text`, `flags` (`acknowledged`, `silenced`,
--   `muted`, `inhibited`, `flapping`, `frozen`), `inhibited_by` and `ack`
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage for _, alert in ipairs(monitor:alerts { state = "open" }) do print(alert.rule, alert.subject.id, alert.text) end
function Monitor:alerts(options)
  return book.list(self, options)
end

--- One alert, with what was told of it.
-- @tparam string id
-- @treturn table|nil as of `alerts`, with `events`, the oldest first, and `deliveries`: `id` (the message's), `channel`, `kind`,
--   `event`, `state`, `made`, `due`, `ended`, `tries`, `outcome`, `answer`
-- @treturn ?string the failure; ENOENT: there is none
-- @treturn ?string its code
-- @usage for _, alert in ipairs(monitor:alerts()) do print(#monitor:alert(alert.id).events) end
function Monitor:alert(id)
  return book.get(self, id)
end

--- Acknowledges an alert, which is then not told again until it ends; or takes that back.
-- @tparam string id
-- @tparam ?table ack nil takes it back
-- @tparam[opt] string ack.who who does it, up to 200 bytes (default: `by`)
-- @tparam[opt] string ack.note up to 1000 bytes
-- @tparam[opt] string|number ack.until an instant at which it ends
-- @tparam[opt] table options
-- @tparam[opt] string options.by who does it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn table|nil the alert, as `alert` gives it
-- @treturn ?string the failure; ENOENT: there is none; EINVAL: it has ended
-- @treturn ?string its code
-- @usage
-- for _, alert in ipairs(monitor:alerts { state = "open" }) do assert(monitor:acknowledge(alert.id, { note = "seen" })) end
function Monitor:acknowledge(id, ack, options)
  return alert_doors.acknowledge(self, id, ack, options)
end

--- Messages to channels, the newest first.
-- @tparam[opt] table options
-- @tparam[opt] string options.outcome `"pending"`, `"delivered"`, `"dead"` or `"dropped"`
-- @tparam[opt] string options.channel the name of one
-- @tparam[opt=100] int options.limit how many at the most, up to 1000
-- @tparam[opt] int options.before only messages before that of this number: the last one of the page before
-- @treturn {table,...}|nil each of `number`, `id`, `channel`, `kind`, `group`, `outcome`, `made`, `due` and `ended` (instants),
--   `tries`, `answer` (its first KB, or why there was none) and `events` (how many it tells of)
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage for _, letter in ipairs(monitor:notifications { outcome = "dead" }) do print(letter.channel, letter.answer) end
function Monitor:notifications(options)
  return alert_doors.notifications.list(self, options)
end

--- Has a dead letter sent again, under its id.
-- @tparam string id of a message
-- @treturn table|nil the message, as of `notifications`
-- @treturn ?string the failure; ENOENT: there is no dead one of that id
-- @treturn ?string its code
-- @usage
-- for _, letter in ipairs(monitor:notifications { outcome = "dead" }) do assert(monitor:retry_notification(letter.id)) end
function Monitor:retry_notification(id)
  return alert_doors.notifications.retry(self, id)
end

--- Drops a message that is dead, or waits.
-- @tparam string id of a message
-- @treturn table|nil the message, as of `notifications`
-- @treturn ?string the failure; ENOENT: there is none of that id that is dead or waits
-- @treturn ?string its code
-- @usage
-- for _, letter in ipairs(monitor:notifications { outcome = "dead" }) do assert(monitor:drop_notification(letter.id)) end
function Monitor:drop_notification(id)
  return alert_doors.notifications.drop(self, id)
end

--- Has a message sent to a channel that says that it is a test. `loom agent` delivers it.
-- @tparam string name of the channel
-- @treturn table|nil the message, as of `notifications`
-- @treturn ?string the failure; ENOENT: there is none; EINVAL: it is disabled, or lacks a secret
-- @treturn ?string its code
-- @usage
-- assert(monitor:set_channel { name = "console", kind = "log" })
-- print(assert(monitor:test_channel "console").outcome) --> pending
function Monitor:test_channel(name)
  return alert_doors.notifications.test(self, name)
end

--- What rules of alerts would have told of the past: all of them evaluated at one instant after the other, by the same code that
-- tells of the present. It begins with nothing known of what fired before.
--
-- Rules see preset `monitoring`, and only business time: openings less exclusions. A store that is closed or excluded has no
-- result, which moves nothing; nor has a dormant one, unless the rule's `stores.dormant` is true. No rule sees further than the
-- newest poll there is at an instant; where that is too old, rules are held and `stale` fires alone.
-- @tparam table options
-- @tparam[opt] table options.rules a list of rules, or a table with it as `rules` (default: those that are stored); each has a
--   `name` and `when`, a table of its `kind`, `"inactive_polls"`, `"down_for"`, `"down_time"`, `"ratio"`, `"outages"`,
--   `"unknown"`, `"late_open"`, `"no_poll"`, `"group_down"` or `"budget"`, and what that takes, and may have `for` and `keep`
--   (`count`, `of`, `time`), `stores` (`where`, `ids`, `dormant`), `group_by`, `severity`, `max_gap`, `storm` and `text`.
--   docs/alerts.md has them all
-- @tparam string|number options.from the first instant
-- @tparam string|number options.to the last
-- @tparam[opt="60s"] string|number options.step how often rules are evaluated; 100,000 times at the most. Where neither `rules`,
--   `step` nor settings are given, and the agent was at work in that time, they are evaluated when it did
-- @tparam[opt] string|number options.stale_after how long without a poll makes the feed stale: three times its median gap, if
--   that is longer (default: as it is set, or `"30m"`)
-- @tparam[opt] string|number options.dormant_after how long without an active poll makes a store with openings dormant (default:
--   as it is set, or `"7d"`)
-- @treturn table|nil `rules`, in their order a table of `name`, `severity`, `of` (`"store"`, `"group"` or `"fleet"`), `fired`,
--   `resolved` and `subjects` (for how many it fired); and `events`, in the order in which they happened: each has `id`, `alert`
--   (one firing of a rule for a subject), `rule`, `severity`, `subject` (`kind`, `id`, `zone`), `state` (`"firing"`,
--   `"resolved"`, `"flapping"` or `"expired"`), `reason`, `at`, `since`, `value`, `unit`, `threshold`, `evidence`, `text`, and
--   `inhibited`, the
--   alert of a group that speaks for it
-- @treturn ?string the failure; EINVAL names the rule, the field and the value that is wrong
-- @treturn ?string its code
-- @usage local rules = { { name = "down", when = { kind = "down_for", time = "30m" } } }
-- local past = assert(monitor:replay_alerts { rules = rules, from = "2023-01-24 00:00:00", to = "2023-01-25 00:00:00" })
-- print(past.rules[1].fired, past.rules[1].subjects)
function Monitor:replay_alerts(options)
  return alert_replay.run(self, options)
end

--- Why a rule of alerts fires for a store, a group or the fleet at an instant, or why not. The day before is evaluated, so that
-- counters are what they were: at the rounds of the agent, where it was at work and neither rules nor settings are given, or each
-- minute.
-- @tparam table options
-- @tparam[opt] table options.rules as in `replay_alerts`
-- @tparam string options.rule the name of one of them, or `"stale"`, by which all rules about stores are held
-- @tparam[opt] string options.store the id of a store, of rules about stores
-- @tparam[opt] string options.group the name of a group, of rules about groups
-- @tparam[opt] string options.subject either of them, by what the rule is about
-- @tparam[opt] string|number options.at the instant (default: the newest poll)
-- @tparam[opt] string|number options.stale_after as in `replay_alerts`
-- @tparam[opt] string|number options.dormant_after as in `replay_alerts`
-- @treturn table|nil `rule`, `kind`, `of` (`"store"`, `"group"`, `"fleet"` or `"system"`), `store_id` or `group`, `at` (no later
--   than the newest poll, but of the fleet and the feed), `result` (`"true"`, `"false"` or `"none"`), `absence` (of a result:
--   `"closed"`, `"excluded"`, `"dormant"`, `"held"` or `"unknown"`), `value`, `unit`,
--   `threshold`,
--   `evidence`, `polls` (of a store: the last 100 that were looked at, each with `at` and `active`), `phase` (`"ok"`,
--   `"pending"`, `"firing"` or `"resolving"`), `flapping`, `stale`, `results` (how many are remembered) and `events` (of the day
--   before); of a rule that is stored also `alert`, the last one that had begun, as `loom.alerts.book.get` gives it, with its
--   flags, events and deliveries
-- @treturn ?string the failure; ENOENT: there is no such rule
-- @treturn ?string its code
-- @usage local rules = { { name = "down", when = { kind = "down_for", time = "30m" } } }
-- print(monitor:explain_alert({ rules = rules, rule = "down", store = "shop 1" }).result)
function Monitor:explain_alert(options)
  return alert_explanation.explain(self, options)
end

--- The database
-- @section database

local is_parameter = { ["nil"] = true, boolean = true, number = true, string = true }

--- Asks the database in SQL. Only statements that read are allowed; `polls(store_id, timestamp_utc, active, unix)`
-- is a table that shows the packed polls, the view `store_now` has the newest one of each store, and `figures(WORD, …)` those
-- of reports in any windows; docs/sql.md tells of all tables, with recipes. SQLite's functions of dates (`date`, `strftime` and
-- so on) read `timestamp_utc`; `unix` is the same in whole seconds since 1970.
--
-- On LuaJIT, whose numbers are exact to 2^53, a whole number beyond that is text of its digits.
--
-- While rows are being taken, the monitor can be read. Whatever writes through the same monitor closes the query: the next
-- row raises EINVAL then. So a loop that is left early stands in nobody's way, on every Lua.
-- @tparam string sql with a `?` for each parameter
-- @param ... values of the parameters: nil, booleans (as 0 and 1), numbers, strings
-- @treturn userdata|nil called without arguments it gives the next row, a table by column names (NULL is nil), and nil at
--   the end; it raises what fails then. `:columns()` lists the names, `:close()` ends it early
-- @treturn ?string the failure; EINVAL if the statement does not compile or would do something other than read
-- @treturn ?string its code
-- @usage for row in assert(monitor:query("SELECT count(*) AS n FROM polls WHERE store_id = ?", "shop 1")) do print(row.n) end
function Monitor:query(sql, ...)
  check.argument("query", 1, sql, check.string)
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if not is_parameter[type(value)] then
      check.fail("bad call of 'query' (parameter %d: nil, boolean, number or string expected, got %s)", i, check.shown(value))
    end
  end
  local rows, message, code = self.database:query(sql, ...)
  if not rows and not code then
    check.fail("bad call of 'query' (%s)", message)
  elseif not rows then
    return nil, message, code
  end
  return rows, nil, nil, rows -- the last one is closed when a loop in Lua 5.4 is left
end

--- What the database holds.
-- @treturn table|nil the counts `stores`, `polled_stores`, `polls`, `days` (that have polls), `hours` (rows),
--   `stores_with_hours`, `timezones`, `stores_with_timezone`, `special_days`, `exclusions`, `overrides` and `attributes`;
--   `first_poll` and `newest_poll` (instants; nil without polls), `size` (bytes) and `schema_version`
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage print(monitor:info().polls)
function Monitor:info()
  local info, message, code = self.database:info()
  if not info then
    return nil, message, code
  end
  for _, name in ipairs { "first_poll", "newest_poll" } do
    if info[name] then
      time.set(info, name, info[name])
    end
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

--- What is likely wrong with the data, though nothing of it is damaged: ids, zones and hours that do not go together, gaps of the
-- feed, stores that nobody polls, polls that are far from all others. It looks at all stores and at the polls of the last 15 days
-- that have any.
-- @tparam[opt] table options
-- @tparam[opt=3] int options.examples how many examples a finding has at the most, up to 100
-- @tparam[opt] string|number options.time_limit a duration: a look that takes longer fails with ECANCELED
-- @treturn table|nil `stores`, `polled_stores`, `polls` and `days` (that were looked at), `interval` (seconds from a store's poll
--   to the next one, the median; nil where there are no two), `as_of` and `from` (instants between which it looked; nil without
--   polls), and `findings`: each a `code`, its `severity` (`"warning"` or `"note"`), `count`, `of` (how many there are in all;
--   nil where that is not known) and `share` (of these, or of the time), `text` (what it is), `effect` (what it makes of the
--   figures), `command` (that mends it; `DB` is the database) and `examples`, which have, as it comes, `store_id`, `other_id`,
--   `timezone_str`, `timestamp_utc`, `polls`, `outside`, `from_utc` and `to_utc`; that of openings without a poll has `windows`,
--   each with its `name`, `stores` (that were open), `silent` (those without a poll) and `share` (of the open time). See
--   docs/doctor.md
-- @treturn ?string the failure
-- @treturn ?string its code
-- @usage for _, finding in ipairs(monitor:doctor().findings) do print(finding.code, finding.text) end
function Monitor:doctor(options)
  return doctor.look(self, options)
end

--- Removes the polls that are older than a duration before the newest one, or before now where that is earlier: one poll of
-- the future does not make the others old. Shrinks the file.
-- @tparam string keep a duration as text with its unit, such as `"90d"`: a bare number raises an error
-- @tparam[opt] table options
-- @tparam[opt=false] bool options.dry_run nothing is removed
-- @tparam[opt=false] bool options.force remove also more than half of the polls
-- @tparam[opt] string options.by who removes them, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn table|nil what has gone and what stays, with `dry_run` what would: `gone` and `kept`, each of `polls`, `days` (that
--   have any of them), and where there are polls `first` and `newest` (seconds since 1970); and `cut`, the instant from which
--   on polls stay (nil without polls)
-- @treturn ?string the failure; ECONFIRM if more than half would go, and it is not forced
-- @treturn ?string its code
-- @usage print(monitor:prune("90d", { dry_run = true }).gone.polls)
function Monitor:prune(keep, options)
  return retention.prune(self, keep, options)
end

--- Backs the database up while it is in use, by this process and by others: one snapshot, in a single file that is complete or
-- not there. A copy made by other means lacks what is in the write-ahead log.
--
-- To restore it, put it in the database's place by renaming it, so that both are whole at any time.
-- @tparam string path of the backup; its folder has to be there
-- @tparam[opt] table options
-- @tparam[opt=false] bool options.replace a file that is there is replaced, unless it is a database in use
-- @tparam[opt] function options.progress called as (done, total), in bytes
-- @treturn int|nil the backup's size in bytes
-- @treturn ?string the failure; EINVAL if something is there that is not to be replaced, EFULL, EACCESS
-- @treturn ?string its code
-- @usage assert(monitor:backup("stores.backup.db", { replace = true }))
function Monitor:backup(path, options)
  return backup.run(self, path, options)
end

--- Removes polls of a store. Nothing else that is known of the store goes, nor the store itself.
--
-- Many are removed in several transactions, the oldest first, so that other writers are not held up; where that fails half
-- way, calling it again removes the others.
-- @tparam string store its id
-- @tparam[opt] string|number from the first instant (default: since ever)
-- @tparam[opt] string|number to the last instant, whose poll goes too: the same as `from` for one poll (default: for ever)
-- @tparam[opt] table options
-- @tparam[opt=false] bool options.dry_run nothing is removed
-- @tparam[opt] string options.by who removes them, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn table|nil what has gone and which polls of the store stay, with `dry_run` what would: `gone` and `kept`, as `prune`
--   returns them
-- @treturn ?string the failure; ENOENT if the store is not known
-- @treturn ?string its code
-- @usage print(monitor:delete_polls("shop 1", "2023-01-24 10:00:00", "2023-01-24 11:00:00").gone.polls)
function Monitor:delete_polls(store, from, to, options)
  return retention.delete_polls(self, store, from, to, options)
end

--- Removes everything that is known of a store: polls, hours, timezone, special days, exclusions and attributes, whoever set
-- them. What holds for every store stays. As `delete_polls` it may take several transactions; the store goes with the last.
-- @tparam string store its id
-- @tparam[opt] table options
-- @tparam[opt=false] bool options.dry_run nothing is removed
-- @tparam[opt] string options.by who removes it, for the `audit` (default: the monitor's)
-- @tparam[opt] string options.reason why, up to 4096 bytes
-- @treturn table|nil what has gone, with `dry_run` what would: `gone`, as `prune` returns it; the counts of rows `hours`,
--   `special_days`, `exclusions` and `attributes`; and `timezone`, whether it had one
-- @treturn ?string the failure; ENOENT if the store is not known
-- @treturn ?string its code
-- @usage print(monitor:delete_store("shop 1").gone.polls)
function Monitor:delete_store(store, options)
  return retention.delete_store(self, store, options)
end

local export_kinds = {}
for i, kind in ipairs(loading.kinds) do
  export_kinds[i] = kind.name
end

--- Writes what the database holds as CSV, in a form that `ingest` reads. Where hours, zones or special days have been set by
-- hand, these have the column `origin`, `file` or `override`, so that either comes back as it was.
-- @tparam string kind `"polls"`, `"hours"`, `"timezones"`, `"special_days"`, `"exclusions"` or `"attributes"`
-- @tparam function write takes text, piece by piece, and returns true; false or nil from it ends the export, with its
--   second result as the failure
-- @treturn true|nil
-- @treturn ?string the failure; EIO with what `write` has said
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

check.methods(Monitor, "loom.monitor", { "open" })

return Monitor
