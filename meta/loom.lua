---@meta loom

-- What LuaLS knows of Loom: its functions, tables of options and classes. Made by `make annotations` from the doc
-- comments in lua/loom, where everything is to be changed.

---Loom: uptime and downtime of stores inside their business hours, from raw polls.
---
---Functions that can fail at run time return nil, `"CODE: what happened"`, `"CODE"`. The codes are EINVAL (what is asked
---for cannot be computed), EINPUT (bad input), ELIMIT (more of it than a limit of the service), EEMPTY (no polls yet), EBUSY,
---ECANCELED, ECONFIRM (more would be removed than is without being forced), ENOENT, EACCESS, EREADONLY, EIO, EFULL (no space
---left), ENOMEM, ENOTDB (no database of Loom's), EVERSION (one of a newer Loom), ECORRUPT, EMOVED (the file was deleted or
---replaced while it was open: open it again), EUNREACHABLE (servers of a cluster do not
---answer, and may later) and EOWNER (another head alone writes to it).
---Wrong use, such as an option that does not exist, raises an error at the place of the call.
---
---A handle belongs to the process that opened it: after a fork, open the database again.
---@class loom
---@field version string of Loom
---@field formats table the output formats by name: see `loom.formats`
local loom = {}

---@class loom.open.options
---@field create? boolean make the file if it does not exist (default: false)
---@field busy_timeout? integer milliseconds to wait for another writer (default: 10000)
---@field default_zone? string of stores without a zone (default: "America/Chicago")
---@field max_ahead? string|number|"none" polls further ahead of the clock than this duration are not taken, so that one wrong clock does not move `as_of` for every store; or `"none"` (default: "24h")
---@field clock? function gives the seconds since 1970, for "now" and "today" (default: os.time)
---@field by? string who changes something through this monitor, for `loom.monitor:audit`: up to 255 bytes (default: "library")

---Opens a database.
---
---```lua
---local monitor = assert(loom.open("stores.db", { create = true }))
---```
---@param path string a file, `":memory:"`, or a cluster.conf or `clickhouse://host/database`, whose polls are in a cluster (docs/cluster.md)
---@param options? loom.open.options
---@return loom.monitor|nil
---@return string? # the failure: ENOENT, EACCESS, ENOTDB, EVERSION, ECORRUPT or EBUSY; of a cluster also EINPUT, EIO, EUNREACHABLE (no replica of a shard answers) and EUNAVAILABLE (there is no libcurl)
---@return string? # its code
function loom.open(path, options) end

---An instant as text, in the form of the input files.
---
---```lua
---print(loom.format_timestamp(report.as_of))
---```
---@param seconds number since 1970-01-01 UTC
---@return string # `"YYYY-MM-DD HH:MM:SS.ffffff UTC"`
function loom.format_timestamp(seconds) end

---Text as an instant.
---
---```lua
---local as_of = assert(loom.parse_timestamp "2023-01-25 18:13:22 UTC")
---```
---@param text string a timestamp as in the input files
---@return number|nil # seconds since 1970-01-01 UTC
---@return string? # why it is none
function loom.parse_timestamp(text) end

---A monitor: one database, with what can be loaded into it and asked of it. `loom.open` gives one.
---
---An instant is given as text in the form of the input files, `"2023-01-25 18:13:22 UTC"`, or as seconds since
---1970-01-01 UTC; the latter is what is returned: with the same as text, exact in every year, in the field whose name ends
---with `_utc` (`from_utc` beside `from`). A duration is given in seconds or as text, `"90m"`, `"2h"`, `"7d"`, and
---returned in seconds. A date is `"YYYY-MM-DD"`, local to the store. Store ids are text of 1 to 255 bytes.
---
---What fails at run time returns nil, `"CODE: what happened"`, `"CODE"`; wrong use raises an error. Every method that
---reads or writes the database can fail with EBUSY (another writer was not done in time), EIO, ENOMEM and ECORRUPT.
---@class loom.monitor
local monitor = {}

---Closes the database. Closing twice does no harm; reports and jobs go on. In Lua 5.4 a monitor can be a to-be-closed
---variable.
---
---```lua
---monitor:close()
---```
function monitor:close() end

---@class loom.monitor.ingest.options
---@field polls? any polls: `store_id, status, timestamp_utc`
---@field status? any the same
---@field hours? any weekly hours: `store_id, dayOfWeek, start_time_local, end_time_local` and, if wanted, `effective_from`; this and the next two also with `origin`, as `export` writes it
---@field timezones? any zones: `store_id, timezone_str`
---@field special_days? any special days: `store_id, date, open, close` and, if wanted, `note`
---@field exclusions? any maintenance: `store_id, from_utc, to_utc` and, if wanted, `reason`; of rules `weekly`, `zone`, `from_local` and `to_local`
---@field attributes? any attributes: `store_id` and a column for each
---@field max_rejects? integer|string|"all" how many bad rows of each file to leave out, or `"all"`; 0: the first one fails the file (default: 0)
---@field on_reject? function called with a table of `source`, `line`, `column`, `value`, `reason` and `row` for each row that is left out
---@field max_ahead? string|number|"none" polls further ahead of the clock than this duration are bad rows; or `"none"` (default: the monitor's)
---@field progress? function called as (done, total, source, phase), where phase is `"reading"` (in bytes; total is nil if it is not known) or `"writing"` (the share written, of 1)
---@field replace_overrides? boolean what was set by hand for the stores in the files gives way to rows that are not of origin `override` themselves (default: false)
---@field threads? integer that parse polls, 1 to 64 (default: one for each processor, up to 8)
---@field by? string who loads them, for the audit (default: the monitor's)
---@field reason? string why, for the audit

---Loads input files, all of them in one transaction: either every file is in, or nothing has changed.
---
---A file is a path (`"-"` is standard input), an open file, a function that returns the next bytes and nil at the end (or
---nil and why it failed), a table of `read`, which is one of these, and `name`, or a list of them. Plain text and gzip are
---told apart by content.
---
---```lua
---assert(monitor:ingest { polls = "store_status.csv", hours = "menu_hours.csv", timezones = "timezones.csv" })
---```
---@param options loom.monitor.ingest.options at least one of the files
---@return table[]|nil # for each file: `source`, `kind`, the counts `rows`, `new`, `duplicates`, `conflicts` and `rejected`, and `seconds`
---@return string? # the failure; ENOENT, EACCESS or EIO for a file that cannot be read, EINPUT for a bad row or header, with file, line, column, value and reason
---@return string? # its code
function monitor:ingest(options) end

---@class loom.monitor.ingester.options
---@field source? string its name in messages (default: the kind)
---@field max_rejects? integer|string as in `ingest` (default: 0)
---@field on_reject? function as in `ingest`
---@field replace_overrides? boolean as in `ingest` (default: false)
---@field max_ahead? string|number as in `ingest`
---@field threads? integer as in `ingest`
---@field by? string as in `ingest`
---@field reason? string as in `ingest`

---Begins an ingest that is fed. Nothing reaches the database before it is finished, and the monitor can be used meanwhile.
---
---```lua
---local ingester = assert(monitor:ingester("polls"))
---for chunk in chunks do assert(ingester:feed(chunk)) end
---local summary = assert(ingester:finish())
---```
---@param kind string|"polls"|"status"|"hours"|"timezones"|"special_days"|"exclusions"|"attributes" `"polls"` (also `"status"`), `"hours"`, `"timezones"`, `"special_days"`, `"exclusions"` or `"attributes"`
---@param options? loom.monitor.ingester.options
---@return loom.ingester|nil
---@return string? # the failure
---@return string? # its code
function monitor:ingester(kind, options) end

---@class loom.monitor.polls.options
---@field max_rejects? integer|string|"all" how many bad ones to leave out, or `"all"`; 0: one is enough for nothing to be stored (default: 0)
---@field on_reject? function called with a table of `index`, `column`, `value` and `reason`
---@field max_ahead? string|number|"none" one further ahead of the clock than this duration is bad; or `"none"` (default: the monitor's)

---Stores polls that come one by one, in one transaction: they are on the disk when this returns.
---
---```lua
---monitor:polls { { "1481966498820158979", true, "2023-01-25 18:13:22 UTC" }, { "shop 2", false } }
---```
---@param polls table[] each `{ store_id, status, when }` or a table of `store_id`, `status` and `timestamp_utc`; a status is `"active"`, `"inactive"` or a boolean; the instant defaults to now
---@param options? loom.monitor.polls.options
---@return table|nil # the counts `rows`, `new`, `duplicates`, `conflicts` and `rejected`
---@return string? # the failure; EINPUT for a bad poll, which is named by its place
---@return string? # its code
function monitor:polls(polls, options) end

---Stores one poll: see `polls`, which is faster for many.
---
---```lua
---assert(monitor:poll("1481966498820158979", true))
---```
---@param store string its id
---@param active string|boolean|"active"|"inactive" `"active"`, `"inactive"` or a boolean
---@param when? string|number the instant (default: now)
---@param options? loom.monitor.polls.options as in `polls`
---@return table|nil # as in `polls`
---@return string? # the failure
---@return string? # its code
function monitor:poll(store, active, when, options) end

---Makes changes that are all kept, or none of them: what `work` sets, loads and removes through this monitor is one transaction,
---which is also much faster than one for each. What it reads, reports among it, sees what it has written so far; others, and
---reports in the background, see the database as it was before.
---
---A method that fails in it has no effect, and what it returns decides nothing: only where `work` returns nil and a message, or
---raises an error, all is undone. A transaction within one is a part of it, which is undone by itself. Where the disk is full, or
---fails, all of it is, and whatever is tried after that fails with EIO.
---
---```lua
---monitor:transaction(function()
---  assert(monitor:set_timezone("shop 1", "Europe/Paris"))
---  assert(monitor:set_hours("shop 1", { mon = "09:00-17:00" }, { effective_from = "always" }))
---end)
---```
---@param work function
---@return any # what `work` returns, true where that is nothing; nil where it fails. An error comes through
---@return string? # the failure, `work`'s or the database's
---@return string? # its code
function monitor:transaction(work) end

---@class loom.monitor.set_hours.options
---@field effective_from? string|"always" the first date, or `"always"` (default: today where the store is); also `from`
---@field to? string the date from which on what was in force before is so again
---@field by? string who changes it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Sets a store's weekly hours from a date on, until the next change that is already planned. They prevail over hours that
---files bring, also later; the past stays as it was.
---
---Of many stores in one transaction: with a list of ids, or with a list of tables instead of all arguments,
---`{ { store =, week =, effective_from =, to = }, … }`; `by` and `reason` are among the options then, too.
---
---```lua
---monitor:set_hours("shop 1", { mon = "09:00-17:00", fri = { "11:00-14:30", "17:00-02:00" } }, { effective_from = "2026-12-01" })
---```
---@param store string|table its id, or a list; a store that is not known yet is made
---@param week table days by `mon` … `sun`: `"09:00-17:00"`, a list of spans, or `"closed"`; a day that is left out is closed; a close at or before the open is on the next day. A span may be a table of `open` and `close` in seconds since midnight
---@param options? loom.monitor.set_hours.options
---@return true|nil
---@return any # the failure; or, where the hours begin today for want of a date, and the newest poll is from before yesterday, a notice that they change no report of it: `effective_from`, `newest_poll` (an instant), and by `tostring` a line of text
---@return string? # the failure's code
function monitor:set_hours(store, week, options) end

---@class loom.monitor.hours.options
---@field on? string a date (default: today where the store is)

---The weekly hours of a store.
---
---```lua
---print(monitor:hours("shop 1").week.mon[1]) --> 09:00-17:00
---```
---@param store string its id
---@param options? loom.monitor.hours.options
---@return table|nil # `week`, a list of spans for each day that has any, in force on the date (nil: none, open all day); `openings`, the same as tables of `open` and `close`, in seconds since midnight, and `span`, the text; `effective_from` (nil: always) and `origin` (`"file"` or `"override"`) of it; `changes`: all that are stored, each with `effective_from`, `origin`, and `week` and `openings` or `reverts` (the file's hours are in force again)
---@return string? # the failure; ENOENT if the store is not known
---@return string? # its code
function monitor:hours(store, options) end

---@class loom.monitor.clear_hours.options
---@field effective_from? string|"always" a date, or `"always"`, as if nothing had ever been set (default: today); also `from`
---@field by? string who changes it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Ends what `set_hours` has set: from a date on the file's hours are in force again, and nothing is planned any more.
---
---```lua
---monitor:clear_hours("shop 1", { effective_from = "2027-02-01" })
---```
---@param store string|string[] its id, or a list of them
---@param options? loom.monitor.clear_hours.options
---@return true|nil
---@return any # the failure; ENOENT if a store is not known; or a notice, as of `set_hours`
---@return string? # the failure's code
function monitor:clear_hours(store, options) end

---@class loom.monitor.set_hours_changes.options
---@field by? string who changes it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Sets and removes changes of a store's weekly hours, date by date, and leaves those of other dates as they are: what
---`set_hours` and `clear_hours` are made of, and what undoes them.
---
---```lua
---local change = monitor:audit({ store = "shop 1", kind = "hours" })[1]
---monitor:set_hours_changes("shop 1", change.before.changes, { reason = "undone" })
---```
---@param store string its id; one that is not known yet is made
---@param changes table[] each of `effective_from`, a date or `"always"`, and one of `week`, as in `set_hours`, `reverts = true` (the file's hours are in force again from then on) and `removed = true` (nothing changes on the date)
---@param options? loom.monitor.set_hours_changes.options
---@return true|nil
---@return string? # the failure
---@return string? # its code
function monitor:set_hours_changes(store, changes, options) end

---@class loom.monitor.set_timezone.options
---@field by? string who changes it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Sets a store's timezone, over the one that files bring. It applies to the past too: a zone is corrected, not changed.
---
---```lua
---monitor:set_timezone("shop 1", "Europe/Paris")
---```
---@param store string its id; one that is not known yet is made
---@param zone? string an IANA name; nil: that of the file again
---@param options? loom.monitor.set_timezone.options
---@return true|nil
---@return string? # the failure; EINPUT if there is no such zone, ENOENT if the store is not known and there is no zone to set
---@return string? # its code
function monitor:set_timezone(store, zone, options) end

---A store's timezone.
---
---```lua
---print(monitor:timezone("shop 1").timezone_str)
---```
---@param store string its id
---@return table|nil # `timezone_str`, and `origin`: "file", "override" or "default"
---@return string? # the failure; ENOENT if the store is not known
---@return string? # its code
function monitor:timezone(store) end

---What the clocks in a zone show at an instant.
---
---```lua
---print(monitor:local_time("Europe/Paris", "2024-03-04 16:00:00")) --> 2024-03-04 17:00:00
---```
---@param zone string an IANA name
---@param when any the instant
---@return string|nil # "YYYY-MM-DD HH:MM:SS", with a fraction if there is one
---@return string? # the failure; EINPUT if there is no such zone, EINVAL if the clocks do not show a year from 1 to 9999
---@return string? # its code
function monitor:local_time(zone, when) end

---@class loom.monitor.set_special_day.options
---@field by? string who changes it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Sets what is special about a date: its openings take the place of the weekly hours, and of a special day that a file
---brings for the same store and date.
---
---Many in one transaction: with a list of ids, or with a list of tables instead of all arguments,
---`{ { store =, date =, spans =, note = }, … }`.
---
---```lua
---monitor:set_special_day("*", "2026-12-25", "closed", "Christmas")
---```
---@param store string|table its id, or `"*"` for every store, or a list; a store's own special day beats one of every store
---@param date string
---@param spans string|string[]|"closed" `"closed"`, `"10:00-14:00"`, or a list of spans, as in `set_hours`
---@param note? string up to 4096 bytes (default: "")
---@param options? loom.monitor.set_special_day.options
---@return true|nil
---@return string? # the failure
---@return string? # its code
function monitor:set_special_day(store, date, spans, note, options) end

---@class loom.monitor.special_days.options
---@field store? string an id, or `"*"` for the days of every store (default: all there are)
---@field from? string the first date
---@field to? string the last date

---The special days in force.
---
---```lua
---for _, day in ipairs(monitor:special_days { store = "*" }) do print(day.date, day.note) end
---```
---@param options? loom.monitor.special_days.options
---@return table[]|nil # in order of date: `store_id` (or `"*"`), `date`, `spans` (a list; empty: closed), `openings` (the same as tables of `open` and `close`, in seconds since midnight, and `span`), `note` and `origin` (`"file"` or `"override"`)
---@return string? # the failure
---@return string? # its code
function monitor:special_days(options) end

---@class loom.monitor.clear_special_day.options
---@field loaded? boolean remove what files brought, too; loading the file again brings it back (default: false)
---@field by? string who changes it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Removes a special day that was set by hand; one that a file brought for the same date is in force again.
---
---```lua
---monitor:clear_special_day("*", "2026-12-25")
---```
---@param store string|string[] its id, or `"*"`, or a list of them
---@param date string
---@param options? loom.monitor.clear_special_day.options
---@return true|integer|nil # of a list, how many stores had one
---@return string? # the failure; ENOENT if there is nothing to remove
---@return string? # its code
function monitor:clear_special_day(store, date, options) end

---@class loom.monitor.exclude.exclusion
---@field store string|string[] an id, or `"*"` for every store, or a list of ids
---@field from string|number an instant; with `zone` a local time, `"2026-11-24 02:00"`; with `weekly` the first local date (default then: it always held)
---@field to string|number an instant after it, or a local time; with `weekly` the date after the last (default then: it does not end)
---@field weekly? string|table spans of every week: `"sun 02:00-04:00"`, `"mon-fri 01:00-02:00,22:00-23:00; daily 03:00-03:10"`, a list of such texts, or a week as in `set_hours`; up to 100
---@field zone? string|"store" whose clocks the times are of: `"store"`, for each store's (default with `weekly`), or an IANA name. Such an exclusion is a rule, which becomes instants when it is read, as openings do
---@field reason? string up to 4096 bytes (default: "")

---@class loom.monitor.exclude.options
---@field by? string who takes it out, for the `audit` (default: the monitor's)
---@field reason? string why it is set, where that is another than the exclusion's own

---Takes a stretch of time out of the schedule: maintenance, a strike. One that is there already stays the one that it is.
---
---```lua
---monitor:exclude { store = "*", from = "2026-11-24 02:00:00", to = "2026-11-24 04:00:00", reason = "network" }
---monitor:exclude { store = "*", weekly = "sun 02:00-04:00", zone = "store", from = "2026-12-01" }
---```
---@param exclusion loom.monitor.exclude.exclusion or a list of them, for one transaction
---@param options? loom.monitor.exclude.options
---@return integer|integer[]|nil # the exclusion's number; of a list of exclusions, or of stores, a list
---@return string? # the failure
---@return string? # its code
function monitor:exclude(exclusion, options) end

---@class loom.monitor.exclusions.options
---@field store? string an id, or `"*"` for those of every store (default: all there are)

---The exclusions, whoever made them.
---
---```lua
---for _, exclusion in ipairs(monitor:exclusions()) do print(exclusion.number, exclusion.reason) end
---```
---@param options? loom.monitor.exclusions.options
---@return table[]|nil # in order of time: `number`, `store_id` (or `"*"`), `from` and `to` (instants), `reason`; a rule has `zone`, `weekly` (nil: it is once), and in the place of instants `from_local` and `to_local`, text
---@return string? # the failure
---@return string? # its code
function monitor:exclusions(options) end

---@class loom.monitor.remove_exclusion.options
---@field by? string who changes it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Removes an exclusion.
---
---```lua
---monitor:remove_exclusion(3)
---```
---@param number integer as `exclude` and `exclusions` give it
---@param options? loom.monitor.remove_exclusion.options
---@return true|nil
---@return string? # the failure; ENOENT if there is none of that number
---@return string? # its code
function monitor:remove_exclusion(number, options) end

---@class loom.monitor.set_attributes.options
---@field replace? boolean those that are not named are removed (default: false)
---@field by? string who changes it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Sets attributes of a store, by which reports choose and group. Those that are not named stay. All stores together may have
---255 names, and a store 32,000 bytes of values, so that all of it fits a file.
---
---Of many stores in one transaction: with a list of ids, or with a list of tables instead of all arguments,
---`{ { store =, attributes =, replace = }, … }`.
---
---```lua
---monitor:set_attributes("shop 1", { region = "north", brand = "x" })
---```
---@param store string|table its id, or a list; a store that is not known yet is made
---@param attributes table values by name (1 to 64 bytes): text or numbers, which are stored as text; false removes
---@param options? loom.monitor.set_attributes.options
---@return true|nil
---@return string? # the failure; ELIMIT if there would be more than there may be
---@return string? # its code
function monitor:set_attributes(store, attributes, options) end

---The attributes of a store.
---
---```lua
---print(monitor:attributes("shop 1").region)
---```
---@param store string its id
---@return table|nil # values by name; empty for a store that is not known
---@return string? # the failure
---@return string? # its code
function monitor:attributes(store) end

---An iterator over the stores that are known, in no order. It raises an error when reading fails.
---
---```lua
---for store in monitor:stores() do print(store.store_id, store.timezone_str) end
---```
---@return function # that gives a table of `store_id`, `timezone_str` (nil: the default one), `has_hours`, `first_poll` and `last_poll` (instants; nil without polls) and `attributes`
function monitor:stores() end

---@class loom.monitor.store_ids.options
---@field stores? any as in `report`
---@field where? table as in `report`
---@field search? string as in `report`
---@field zones? any as in `report`

---The ids of some of the stores that are known, to set something for all of them.
---
---```lua
---monitor:set_special_day(assert(monitor:store_ids { where = { region = "north" } }), "2026-12-24", "10:00-14:00")
---```
---@param options? loom.monitor.store_ids.options without any, all
---@return string[]|nil # sorted; there may be none
---@return string? # the failure; ENOENT if an id is asked for, rather than a pattern, and not known
---@return string? # its code
function monitor:store_ids(options) end

---One store.
---
---```lua
---print(monitor:store("shop 1").timezone_str)
---```
---@param store string its id
---@return table|nil # what `stores` gives
---@return string? # the failure; ENOENT if the store is not known
---@return string? # its code
function monitor:store(store) end

---@class loom.monitor.audit.options
---@field store? string an id, or `"*"` for what was set for every store (default: all there is)
---@field kind? string|"hours"|"special_day"|"exclusion"|"timezone"|"attributes"|"store"|"polls"|"ingest"|"rule"|"channel"|"mute"|"silence"|"objective"|"setting"|"alert" `"hours"`, `"special_day"`, `"exclusion"`, `"timezone"`, `"attributes"`, `"store"`, `"polls"`, `"ingest"`, or of what alerts go by `"rule"`, `"channel"`, `"mute"`, `"silence"`, `"objective"`, `"setting"` or `"alert"`
---@field limit? integer how many entries at the most, up to 1000 (default: 100)
---@field after? integer only entries before that of this number: the last one of the page before

---The audit: what was changed by hand, by whom, when, from what to what, and why. It has what `set_hours`, `clear_hours`,
---`set_timezone`, `set_special_day`, `clear_special_day`, `exclude`, `remove_exclusion`, `set_attributes`, `delete_polls`,
---`delete_store` and `prune` have changed, in whichever process, written in the same transaction; not what files bring. The last
---100,000 entries are kept, and 64 MiB of them. They stay when their store goes.
---
---What was and what is have the names and the shapes of the service's writes (docs/service.md), so that a change is undone by
---setting what was before.
---
---```lua
---for _, entry in ipairs(monitor:audit { store = "shop 1" }) do print(entry.at_utc, entry.by, entry.kind) end
---```
---@param options? loom.monitor.audit.options
---@return table[]|nil # the newest first: `number`, which ascends; `at` (an instant); `by`; `store_id` (or `"*"`); `kind`; `before` and `after`, nil where there was nothing, or is: of hours `changes`, one to each date, with `effective_from`, and `week`, or `reverts`, or `removed` where there was, or is, no change on the date; of a special day `date`, `spans` and `note`; of an exclusion its fields, with instants as text; of a timezone `timezone_str`; of attributes `attributes`, values by name, false for one that there was not; of polls and stores how much has gone; of what alerts go by its definition; and `reason` (nil: none was given)
---@return string? # the failure
---@return string? # its code
function monitor:audit(options) end

---@class loom.monitor.report.options
---@field windows? table[] 1 to 64 of `{ name =, seconds =, unit = }`, `{ name =, from =, to =, unit = }` or `{ name =, calendar =, unit = }`: a name of letters, digits and `_`; a duration that ends at `as_of`, two instants, two dates, the first one and the one after the last, or one of `"today"`, `"yesterday"`, `"this-week"`, `"last-week"` (from Monday), `"this-month"`, `"last-month"`, which alone stands for `{ name = "this_week", calendar = "this-week" }`; and `"hours"` (default) or `"minutes"`, in which the standard columns are printed (default: last_hour in minutes, last_day and last_week in hours). Dates are those of each store's own calendar, from midnight to midnight, cut at `as_of`
---@field as_of? string|number|"now" the instant that it is seen from, at which windows of `seconds` end: also a date, which is its first instant in UTC, or `"now"` (default: the newest poll)
---@field compare? boolean puts beside each window, as `NAME_before`, the one before it: as long, or of as many dates or whole months (default: false)
---@field preset? string|"loom"|"seed"|"monitoring" rules by name: `"loom"`, `"seed"` or `"monitoring"`. Each of the next five overrides one of them (default: "loom")
---@field fill? string|"backward"|"forward"|"nearest" which time a poll vouches for: `"backward"`, `"forward"` or `"nearest"`
---@field evidence? string|"inside"|"around" which polls count for an opening: `"inside"`, or `"around"` it too
---@field no_data? string|"down"|"up"|"unknown" what an opening without evidence is: `"down"`, `"up"` or `"unknown"`
---@field max_gap? string|number|"none" time further from its poll than this duration is unknown; or `"none"`
---@field slack? string|number a close within this duration of midnight is midnight; whole seconds, less than a day
---@field default_zone? string of stores without one (default: the monitor's)
---@field stores? any which ones: an id, a pattern (`*`, `?`, `[a-z]`), a list of them, `{ ids = list }` of ids that are no patterns, or a function, called with what `stores` gives, that tells whether the store is wanted
---@field where? table attributes that stores must have: `{ region = "north", brand = { "x", "y" } }`
---@field search? string a text that ids or values of attributes must contain, whichever case A to Z are in
---@field zones? any the timezone that stores must be measured by, or a list of those that will do
---@field all_stores? boolean also those known only from hours or zones (default: false)
---@field shard? table `{ number = K, of = N }`: of these only the stores of one shard, from 1, of a cluster that has so many
---@field hours? any weekly hours for this report alone: `{ ["shop 1"] = week, ["*"] = week }`, with weeks as in `set_hours`, or a function, called as (store_id, date, spans, openings) for each store and date, that returns other spans (nil: they stay)
---@field slo? any an objective: a target ratio from 0 to 1, or a table (see `loom.slo`)
---@field group_by? string the attribute that `loom.report:groups` adds up by
---@field name_attribute? string the attribute that pages (the format html) call stores by, beside their ids
---@field strips? any true, or `{ window =, bins = }`: a letter to a bin for each store as `strip` of its row (default: 168 bins of the last window; at most 10000): u up, p partly down, d down (half of the open time, or more), n unknown, x excluded, c closed
---@field threads? integer how many to use, 1 to 64 (default: one for each processor, up to 8)
---@field progress? function called a few times a second with the share that is done, of 1

---Computes a report.
---
---```lua
---local report = assert(monitor:report { windows = { { name = "month", seconds = 30 * 86400 } }, preset = "monitoring" })
---for row in report:rows() do print(row.store_id, row.month.ratio) end
---```
---@param options? loom.monitor.report.options
---@return loom.report|nil
---@return string? # the failure; EEMPTY when there are no polls and no `as_of`
---@return string? # its code
function monitor:report(options) end

---Starts a report on threads and a connection of its own, so that the monitor stays free. It sees what is stored now.
---
---```lua
---local job = assert(monitor:start_report())
---while not job:wait(0.1) do print(job:progress()) end
---local report = assert(job:result())
---```
---@param options? loom.monitor.report.options as in `report`, but for `progress`; functions among them are called before this returns
---@return loom.job|nil
---@return string? # the failure; EEMPTY when there are no polls and no `as_of`
---@return string? # its code
function monitor:start_report(options) end

---@class loom.monitor.status.options: loom.monitor.report.options
---@field preset? string rules by name (default: "monitoring")
---@field as_of? string|number|"now" the instant, also a date or `"now"`, as in `report` (default: the newest poll); polls after it are as if they were not there
---@field dormant_after? string|number a store that had openings, but no active poll, for this duration is dormant; up to 366 days (default: "7d")
---@field since_up? boolean false: since when a store is up is not looked for, which takes long where stores that never close have been up for years (default: true)

---What every store is now, or at another instant, and since when.
---
---```lua
---local status = assert(monitor:status { where = { region = "north" } })
---print(status.counts.down, status.counts.dormant)
---for store in status:stores { state = "down", sort = "since" } do print(store.store_id, store.since_utc) end
---```
---@param options? loom.monitor.status.options `stores`, `where`, `search`, `zones`, `all_stores`, `default_zone`, `threads` and the rules, as in `report`
---@return loom.status|nil
---@return string? # the failure; EEMPTY when there are no polls and no `as_of`
---@return string? # its code
function monitor:status(options) end

---@class loom.monitor.series.options: loom.monitor.report.options
---@field from? any an instant (default: a week before `to`)
---@field to? any an instant after it (default: `as_of`, which is the newest poll unless given)
---@field step? string|number how long each step is: a duration of whole seconds, from 60 s to 31 days; the span is a whole number of them, 2,000 at the most (default: "1h")
---@field by? string|"timezone_str" tells apart the values of this attribute, or with `"timezone_str"` the zones that stores are in: 50 values at the most, and 20,000 steps of all of them together

---What stores were together, step by step: the trend of a week by the hour, for one.
---
---```lua
---local series = assert(monitor:series { from = "2023-01-24 00:00:00", to = "2023-01-25 00:00:00", step = "1h", by = "region" })
---for i, down in ipairs(series.down) do print(series.t_utc[i], down, series.stores_down[i]) end
---for _, region in ipairs(series.by) do print(region.value, region.stores, region.down[1]) end
---```
---@param options? loom.monitor.series.options `stores`, `where`, `search`, `zones`, `all_stores`, `default_zone`, `threads`, `as_of` and the rules, as in `report`
---@return loom.series|nil
---@return string? # the failure; EEMPTY when there are no polls and no `as_of`; EINVAL where span and step do not fit, or there are too many values
---@return string? # its code
function monitor:series(options) end

---What a store was, moment by moment.
---
---```lua
---for _, s in ipairs(monitor:timeline("shop 1", "2023-01-24 00:00:00", "2023-01-25 00:00:00")) do print(s.state) end
---```
---@param store string its id
---@param from string|number|"yesterday" an instant; or a local date of the store; or a word such as `"yesterday"` (see `report`), without `to`
---@param to string|number? an instant after it; or the date after the last
---@param options? loom.monitor.report.options `as_of`, `default_zone` and the rules (`preset`, `fill`, …), as in `report`
---@return table[]|nil # segments without gaps: `from` and `to` (instants), `seconds`, and `state`, which is `"up"`, `"down"`, `"unknown"`, `"closed"` or `"excluded"`
---@return string? # the failure; ENOENT if the store is not known
---@return string? # its code
function monitor:timeline(store, from, to, options) end

---The outages of a store: maximal runs of down time. Closed hours and excluded time end one, openings that touch do not.
---
---```lua
---print(#monitor:outages("shop 1", "2023-01-18 00:00:00", "2023-01-25 00:00:00"))
---print(#monitor:outages("shop 1", "last-week"))
---```
---@param store string its id
---@param from string|number as in `timeline`
---@param to string|number? as in `timeline`
---@param options? table as in `timeline`
---@return table[]|nil # `from` and `to` (instants), and `seconds`
---@return string? # the failure; ENOENT if the store is not known
---@return string? # its code
function monitor:outages(store, from, to, options) end

---Everything that made a store's figures.
---
---```lua
---print(monitor:explain("shop 1", { preset = "monitoring" }).windows[1].uptime)
---```
---@param store string its id
---@param options? loom.monitor.report.options `windows`, `compare`, `as_of`, `default_zone` and the rules, as in `report`
---@return table|nil # `store_id`, `timezone_str`, `as_of`, `rules`, and `windows`: for each its `name`, `unit`, `from`, `to`, `calendar` where it is on the calendar, `before_of` where it is the one before another, `uptime` and `downtime` as the report prints them, `figures` (see `loom.figures`), and lists of `openings` (`date`, `span`, `open` and `close` in seconds since midnight, `rule`, `from`, `to`), `intervals`, `exclusions` and `pieces`, which have `polls` (`timestamp`, and as text `timestamp_utc`, and `status`: those in the piece) and `cells` (`from`, `to`, `seconds`, `state`, `reason`, and `poll` and `status` of the poll that vouches for them), which cover the piece and add up to the figures; what exclusions take out is a cell whose state is `"excluded"`; and `polls_outside`, such as came in the window while the store was closed, like `polls`
---@return string? # the failure; ENOENT if the store is not known
---@return string? # its code
function monitor:explain(store, options) end

---@class loom.monitor.schedule.options: loom.monitor.report.options
---@field from? string the first local date (default: six days before the date at `as_of`, or at the newest poll, or now where there are none)
---@field to? string the date after the last, at most 62 days after the first (default: 14)

---The hours of a store, day by day: what its openings are by the weekly hours, special days and zone in force on each date, also
---on dates that are still to come.
---
---```lua
---for _, day in ipairs(monitor:schedule("shop 1", { from = "2023-01-20", to = "2023-01-27" }).days) do
---  print(day.date, day.rule, #day.openings)
---end
---```
---@param store string its id
---@param options? loom.monitor.schedule.options `as_of`, `default_zone` and the rules, as in `report`, of which `slack` alone matters
---@return table|nil # `store_id`, `timezone_str`, `as_of`, and `days`: for each its `date`, `from` and `to` (instants: 23 or 25 hours apart where clocks change), `rule` (`"weekly hours"`, `"special day"`, `"special day of all stores"` or `"no hours: open all day"`), `note` of a special day, and `openings` that begin on it, as in `explain`. Dates that the clock skips are left out
---@return string? # the failure; ENOENT if the store is not known
---@return string? # its code
function monitor:schedule(store, options) end

---@class loom.monitor.preview.options
---@field store string its id
---@field hours? table `week`, `effective_from` and `to`, as `set_hours` takes them; or `changes`, as `set_hours_changes` does
---@field special_days? table[] each of `date` and `spans`, as `set_special_day` takes them; spans of false remove it
---@field exclusions? table `add`, a list as `exclude` takes it, and `remove`, a list of numbers
---@field timezone_str? string|boolean a zone's name; false: that of the file again
---@field windows? table[] as in `report`, and so `as_of`, `default_zone` and the rules

---What a store's figures would be if something else were set for it: before and after, and when it would have been something
---else. Nothing is stored, and nobody waits. After the change has been made, a report has the figures that this tells.
---
---```lua
---local week = { mon = "10:00-18:00", sat = "10:00-16:00" }
---local found = assert(monitor:preview { store = "shop 1", hours = { week = week, effective_from = "always" } })
---print(found.before:get("shop 1").last_week.ratio, found.after:get("shop 1").last_week.ratio, #found.changed)
---```
---@param options loom.monitor.preview.options
---@return table|nil # `store_id`; `as_of` (an instant); `before` and `after`, reports of the store alone; `changed`, the stretches between the first window's start and the last one's end in which it would have been something else: `from` and `to` (instants), `seconds`, and the states `before` and `after`, up to 10,000 of them; and `left_out`, how many more there are
---@return string? # the failure; ENOENT if the store or an exclusion is not known
---@return string? # its code
function monitor:preview(options) end

---@class loom.monitor.set_rule.options
---@field by? string who does it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Sets a rule of alerts. One of the same name is replaced.
---
---```lua
---assert(monitor:set_rule { name = "down", severity = "critical", when = { kind = "down_for", time = "30m" } })
---```
---@param definition table `name`, `when`, and what docs/alerts.md tells of rules; `channels` and `mute` are names of those that there are
---@param options? loom.monitor.set_rule.options
---@return string|nil # its name
---@return string? # the failure; EINVAL names the field and the value that is wrong
---@return string? # its code
function monitor:set_rule(definition, options) end

---The rules of alerts, in order of the names.
---
---```lua
---for _, rule in ipairs(monitor:rules()) do print(rule.name, rule.when.kind) end
---```
---@return table[]|nil # as they were set
---@return string? # the failure
---@return string? # its code
function monitor:rules() end

---@class loom.monitor.delete_rule.options
---@field by? string who does it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Removes a rule of alerts. What it fires for is resolved.
---
---```lua
---assert(monitor:set_rule { name = "late", when = { kind = "late_open", time = "20m" } })
---assert(monitor:delete_rule "late")
---```
---@param name string
---@param options? loom.monitor.delete_rule.options
---@return true|nil
---@return string? # the failure; ENOENT: there is none
---@return string? # its code
function monitor:delete_rule(name, options) end

---@class loom.monitor.set_channel.options
---@field by? string who does it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Sets a channel, to which alerts are told. One of the same name is replaced.
---
---```lua
---assert(monitor:set_channel { name = "ops", kind = "webhook", url = "https://example.org/hook", secret = "s3cret" })
---```
---@param definition table `name`, `kind`, and what docs/alerts.md tells of the kind. A secret that is left out, or `true`, stays as it was; one that is false goes. Where `url` is another, the others are to be given again
---@param options? loom.monitor.set_channel.options
---@return string|nil # its name
---@return string? # the failure; EINVAL names the field and the value that is wrong
---@return string? # its code
function monitor:set_channel(definition, options) end

---The channels, in order of the names.
---
---```lua
---for _, channel in ipairs(monitor:channels()) do print(channel.name, channel.kind) end
---```
---@return table[]|nil # as they were set; `true` stands for a secret, which nothing gives back
---@return string? # the failure
---@return string? # its code
function monitor:channels() end

---@class loom.monitor.delete_channel.options
---@field by? string who does it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Removes a channel, with what is on its way to it.
---
---```lua
---assert(monitor:set_channel { name = "console", kind = "log" })
---assert(monitor:delete_channel "console")
---```
---@param name string
---@param options? loom.monitor.delete_channel.options
---@return true|nil
---@return string? # the failure; ENOENT: there is none; EINVAL: a rule names it
---@return string? # its code
function monitor:delete_channel(name, options) end

---@class loom.monitor.set_silence.options
---@field by? string who does it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Sets a silence: alerts that meet its matchers are not told while it lasts. One of the same id is replaced.
---
---```lua
---assert(monitor:set_silence { matchers = { store = "shop 1" }, to = os.time() + 3600, comment = "works" })
---```
---@param definition table `matchers`, of which all must hold: `rule` and `store` (texts or lists, with `*` and `?`), `severity` and `where` (attributes of the store); `to`, an instant; and, if wanted, `from` (default: now), `author`, `comment`, and `id` (default: a new one)
---@param options? loom.monitor.set_silence.options
---@return string|nil # its id
---@return string? # the failure; EINVAL names the field and the value that is wrong
---@return string? # its code
function monitor:set_silence(definition, options) end

---The silences, also those that ended in the last 30 days, in order of the ids.
---
---```lua
---for _, silence in ipairs(monitor:silences()) do print(silence.id, silence.comment) end
---```
---@return table[]|nil # as they were set
---@return string? # the failure
---@return string? # its code
function monitor:silences() end

---@class loom.monitor.delete_silence.options
---@field by? string who does it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Removes a silence.
---
---```lua
---local id = assert(monitor:set_silence { matchers = { rule = "down" }, to = os.time() + 3600 })
---assert(monitor:delete_silence(id))
---```
---@param id string
---@param options? loom.monitor.delete_silence.options
---@return true|nil
---@return string? # the failure; ENOENT: there is none
---@return string? # its code
function monitor:delete_silence(id, options) end

---@class loom.monitor.set_mute.options
---@field by? string who does it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Sets a mute: hours of the week in which rules that name it are not told. One of the same name is replaced.
---
---```lua
---assert(monitor:set_mute { name = "night", hours = "daily 22:00-06:00", zone = "Europe/Paris", passes = "critical" })
---```
---@param definition table `name`, `hours` (as `exclude` takes `weekly`: `"mon-fri 22:00-06:00"`), `zone`, and, if wanted, `passes` (the least severity that is told all the same) and `comment`
---@param options? loom.monitor.set_mute.options
---@return string|nil # its name
---@return string? # the failure; EINVAL names the field and the value that is wrong
---@return string? # its code
function monitor:set_mute(definition, options) end

---The mutes, in order of the names.
---
---```lua
---for _, mute in ipairs(monitor:mutes()) do print(mute.name, mute.zone) end
---```
---@return table[]|nil # as they were set
---@return string? # the failure
---@return string? # its code
function monitor:mutes() end

---@class loom.monitor.delete_mute.options
---@field by? string who does it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Removes a mute.
---
---```lua
---assert(monitor:set_mute { name = "lunch", hours = "mon-fri 12:00-13:00", zone = "UTC" })
---assert(monitor:delete_mute "lunch")
---```
---@param name string
---@param options? loom.monitor.delete_mute.options
---@return true|nil
---@return string? # the failure; ENOENT: there is none; EINVAL: a rule names it
---@return string? # its code
function monitor:delete_mute(name, options) end

---@class loom.monitor.set_objective.options
---@field by? string who does it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Sets an objective, by which rules of the kind `budget` go that name it as `when.objective`. One of the same name is
---replaced.
---
---```lua
---assert(monitor:set_objective { name = "west", target = 0.99, stores = { where = { region = "west" } } })
---```
---@param definition table `name`, `target` (a ratio between 0 and 1), and, if wanted, `stores` (as rules have it), `window` (default: 28 days; `"month"`: the calendar month) and `comment`
---@param options? loom.monitor.set_objective.options
---@return string|nil # its name
---@return string? # the failure; EINVAL names the field and the value that is wrong
---@return string? # its code
function monitor:set_objective(definition, options) end

---The objectives, in order of the names.
---
---```lua
---for _, objective in ipairs(monitor:objectives()) do print(objective.name, objective.target) end
---```
---@return table[]|nil # as they were set
---@return string? # the failure
---@return string? # its code
function monitor:objectives() end

---@class loom.monitor.delete_objective.options
---@field by? string who does it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Removes an objective.
---
---```lua
---assert(monitor:set_objective { name = "east", target = 0.98 })
---assert(monitor:delete_objective "east")
---```
---@param name string
---@param options? loom.monitor.delete_objective.options
---@return true|nil
---@return string? # the failure; ENOENT: there is none; EINVAL: a rule names it
---@return string? # its code
function monitor:delete_objective(name, options) end

---@class loom.monitor.set_settings.settings
---@field stale_after? string|number how long without a poll makes the feed stale (30 minutes where it is not set); false: as if it had not been set
---@field dormant_after? string|number how long without an active poll makes a store dormant (7 days); or false

---@class loom.monitor.set_settings.options
---@field by? string who does it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Sets what all rules go by. Settings that are not named stay.
---
---```lua
---assert(monitor:set_settings { stale_after = "45m" })
---```
---@param settings loom.monitor.set_settings.settings
---@param options? loom.monitor.set_settings.options
---@return true|nil
---@return string? # the failure
---@return string? # its code
function monitor:set_settings(settings, options) end

---The settings that were set.
---
---```lua
---print(monitor:settings().stale_after)
---```
---@return table|nil # values by name, as they were set
---@return string? # the failure
---@return string? # its code
function monitor:settings() end

---@class loom.monitor.apply.wanted
---@field rules? table[] as `set_rule` takes them
---@field channels? table[] as `set_channel` takes them
---@field mutes? table[] as `set_mute` takes them
---@field silences? table[] as `set_silence` takes them
---@field objectives? table[] as `set_objective` takes them
---@field settings? table as `set_settings` takes them

---@class loom.monitor.apply.options
---@field dry_run? boolean nothing is changed (default: false)
---@field prune? boolean what is not in the table is removed (default: false)
---@field by? string who applies it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Applies rules, channels, mutes, silences, objectives and settings: all of them, or nothing. What is the same already is left
---as it is.
---
---```lua
---local wanted = { rules = { { name = "down", when = { kind = "down_for", time = "30m" } } } }
---for _, change in ipairs(assert(monitor:apply(wanted, { dry_run = true }))) do print(change.change, change.name) end
---```
---@param wanted loom.monitor.apply.wanted
---@param options? loom.monitor.apply.options
---@return table[]|nil # what has changed, or with `dry_run` would: `kind`, `name`, `change` (`"new"`, `"changed"` or `"removed"`), `before` and `after`, and `secrets`, the names of those of a channel that are others
---@return string? # the failure; EINVAL names the definition, the field and the value that is wrong
---@return string? # its code
function monitor:apply(wanted, options) end

---Rules, channels, mutes, silences, objectives and settings, as `apply` takes them. `true` stands for secrets: who applies that
---to the same database leaves them as they are; in another one they are to be given.
---
---```lua
---print(#monitor:configuration().rules)
---```
---@return table|nil
---@return string? # the failure
---@return string? # its code
function monitor:configuration() end

---@class loom.monitor.alerts.options
---@field state? string|string[]|"open"|"firing"|"resolving"|"resolved"|"expired" `"open"` (which is both firing and resolving), `"firing"`, `"resolving"`, `"resolved"` or `"expired"`
---@field severity? string|string[]|"critical"|"error"|"warning"|"info" `"critical"`, `"error"`, `"warning"` or `"info"`
---@field rule? string|string[] the names of rules
---@field store_id? string|string[] the ids of stores
---@field kind? string|string[]|"store"|"group"|"fleet"|"system" of the subject: `"store"`, `"group"`, `"fleet"` or `"system"`
---@field where? table attributes of the store, as `report` takes them
---@field from? string|number those that were open at this instant, or later
---@field to? string|number and those that began before this one
---@field limit? integer how many at the most, up to 1000 (default: 100)
---@field before? integer only alerts before that of this number: the last one of the page before

---Alerts: what fires, and what has fired, the newest first. `loom agent` evaluates the rules.
---
---```lua
---for _, alert in ipairs(monitor:alerts { state = "open" }) do print(alert.rule, alert.subject.id, alert.text) end
---```
---@param options? loom.monitor.alerts.options
---@return table[]|nil # each of `number`, `id`, `rule`, `severity`, `subject` (`kind`, `id`, `zone`), `state`, `since`, `at` (it fired) and `ended` (instants), `reason`, `value`, `unit`, `threshold`, `text`, `flags` (`acknowledged`, `silenced`, `muted`, `inhibited`, `flapping`, `frozen`), `inhibited_by` and `ack`
---@return string? # the failure
---@return string? # its code
function monitor:alerts(options) end

---One alert, with what was told of it.
---
---```lua
---for _, alert in ipairs(monitor:alerts()) do print(#monitor:alert(alert.id).events) end
---```
---@param id string
---@return table|nil # as of `alerts`, with `events`, the oldest first, and `deliveries`: `id` (the message's), `channel`, `kind`, `event`, `state`, `made`, `due`, `ended`, `tries`, `outcome`, `answer`
---@return string? # the failure; ENOENT: there is none
---@return string? # its code
function monitor:alert(id) end

---@class loom.monitor.acknowledge.ack
---@field who? string who does it, up to 200 bytes (default: `by`)
---@field note? string up to 1000 bytes
---@field until? string|number an instant at which it ends

---@class loom.monitor.acknowledge.options
---@field by? string who does it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Acknowledges an alert, which is then not told again until it ends; or takes that back.
---
---```lua
---for _, alert in ipairs(monitor:alerts { state = "open" }) do assert(monitor:acknowledge(alert.id, { note = "seen" })) end
---```
---@param id string
---@param ack loom.monitor.acknowledge.ack? nil takes it back
---@param options? loom.monitor.acknowledge.options
---@return table|nil # the alert, as `alert` gives it
---@return string? # the failure; ENOENT: there is none; EINVAL: it has ended
---@return string? # its code
function monitor:acknowledge(id, ack, options) end

---@class loom.monitor.notifications.options
---@field outcome? string|"pending"|"delivered"|"dead"|"dropped" `"pending"`, `"delivered"`, `"dead"` or `"dropped"`
---@field channel? string the name of one
---@field limit? integer how many at the most, up to 1000 (default: 100)
---@field before? integer only messages before that of this number: the last one of the page before

---Messages to channels, the newest first.
---
---```lua
---for _, letter in ipairs(monitor:notifications { outcome = "dead" }) do print(letter.channel, letter.answer) end
---```
---@param options? loom.monitor.notifications.options
---@return table[]|nil # each of `number`, `id`, `channel`, `kind`, `group`, `outcome`, `made`, `due` and `ended` (instants), `tries`, `answer` (its first KB, or why there was none) and `events` (how many it tells of)
---@return string? # the failure
---@return string? # its code
function monitor:notifications(options) end

---Has a dead letter sent again, under its id.
---
---```lua
---for _, letter in ipairs(monitor:notifications { outcome = "dead" }) do assert(monitor:retry_notification(letter.id)) end
---```
---@param id string of a message
---@return table|nil # the message, as of `notifications`
---@return string? # the failure; ENOENT: there is no dead one of that id
---@return string? # its code
function monitor:retry_notification(id) end

---Drops a message that is dead, or waits.
---
---```lua
---for _, letter in ipairs(monitor:notifications { outcome = "dead" }) do assert(monitor:drop_notification(letter.id)) end
---```
---@param id string of a message
---@return table|nil # the message, as of `notifications`
---@return string? # the failure; ENOENT: there is none of that id that is dead or waits
---@return string? # its code
function monitor:drop_notification(id) end

---Has a message sent to a channel that says that it is a test. `loom agent` delivers it.
---
---```lua
---assert(monitor:set_channel { name = "console", kind = "log" })
---print(assert(monitor:test_channel "console").outcome) --> pending
---```
---@param name string of the channel
---@return table|nil # the message, as of `notifications`
---@return string? # the failure; ENOENT: there is none; EINVAL: it is disabled, or lacks a secret
---@return string? # its code
function monitor:test_channel(name) end

---@class loom.monitor.replay_alerts.options
---@field rules? table a list of rules, or a table with it as `rules` (default: those that are stored); each has a `name` and `when`, a table of its `kind`, `"inactive_polls"`, `"down_for"`, `"down_time"`, `"ratio"`, `"outages"`, `"unknown"`, `"late_open"`, `"no_poll"`, `"group_down"` or `"budget"`, and what that takes, and may have `for` and `keep` (`count`, `of`, `time`), `stores` (`where`, `ids`, `dormant`), `group_by`, `severity`, `max_gap`, `storm` and `text`. docs/alerts.md has them all
---@field from string|number the first instant
---@field to string|number the last
---@field step? string|number how often rules are evaluated; 100,000 times at the most. Where neither `rules`, `step` nor settings are given, and the agent was at work in that time, they are evaluated when it did (default: "60s")
---@field stale_after? string|number how long without a poll makes the feed stale: three times its median gap, if that is longer (default: as it is set, or `"30m"`)
---@field dormant_after? string|number how long without an active poll makes a store with openings dormant (default: as it is set, or `"7d"`)

---What rules of alerts would have told of the past: all of them evaluated at one instant after the other, by the same code that
---tells of the present. It begins with nothing known of what fired before.
---
---Rules see preset `monitoring`, and only business time: openings less exclusions. A store that is closed or excluded has no
---result, which moves nothing; nor has a dormant one, unless the rule's `stores.dormant` is true. No rule sees further than the
---newest poll there is at an instant; where that is too old, rules are held and `stale` fires alone.
---
---```lua
---local rules = { { name = "down", when = { kind = "down_for", time = "30m" } } }
---local past = assert(monitor:replay_alerts { rules = rules, from = "2023-01-24 00:00:00", to = "2023-01-25 00:00:00" })
---print(past.rules[1].fired, past.rules[1].subjects)
---```
---@param options loom.monitor.replay_alerts.options
---@return table|nil # `rules`, in their order a table of `name`, `severity`, `of` (`"store"`, `"group"` or `"fleet"`), `fired`, `resolved` and `subjects` (for how many it fired); and `events`, in the order in which they happened: each has `id`, `alert` (one firing of a rule for a subject), `rule`, `severity`, `subject` (`kind`, `id`, `zone`), `state` (`"firing"`, `"resolved"`, `"flapping"` or `"expired"`), `reason`, `at`, `since`, `value`, `unit`, `threshold`, `evidence`, `text`, and `inhibited`, the alert of a group that speaks for it
---@return string? # the failure; EINVAL names the rule, the field and the value that is wrong
---@return string? # its code
function monitor:replay_alerts(options) end

---@class loom.monitor.explain_alert.options
---@field rules? table as in `replay_alerts`
---@field rule string|"stale" the name of one of them, or `"stale"`, by which all rules about stores are held
---@field store? string the id of a store, of rules about stores
---@field group? string the name of a group, of rules about groups
---@field subject? string either of them, by what the rule is about
---@field at? string|number the instant (default: the newest poll)
---@field stale_after? string|number as in `replay_alerts`
---@field dormant_after? string|number as in `replay_alerts`

---Why a rule of alerts fires for a store, a group or the fleet at an instant, or why not. The day before is evaluated, so that
---counters are what they were: at the rounds of the agent, where it was at work and neither rules nor settings are given, or each
---minute.
---
---```lua
---local rules = { { name = "down", when = { kind = "down_for", time = "30m" } } }
---print(monitor:explain_alert({ rules = rules, rule = "down", store = "shop 1" }).result)
---```
---@param options loom.monitor.explain_alert.options
---@return table|nil # `rule`, `kind`, `of` (`"store"`, `"group"`, `"fleet"` or `"system"`), `store_id` or `group`, `at` (no later than the newest poll, but of the fleet and the feed), `result` (`"true"`, `"false"` or `"none"`), `absence` (of a result: `"closed"`, `"excluded"`, `"dormant"`, `"held"` or `"unknown"`), `value`, `unit`, `threshold`, `evidence`, `polls` (of a store: the last 100 that were looked at, each with `at` and `active`), `phase` (`"ok"`, `"pending"`, `"firing"` or `"resolving"`), `flapping`, `stale`, `results` (how many are remembered) and `events` (of the day before); of a rule that is stored also `alert`, the last one that had begun, as `loom.alerts.book.get` gives it, with its flags, events and deliveries
---@return string? # the failure; ENOENT: there is no such rule
---@return string? # its code
function monitor:explain_alert(options) end

---Asks the database in SQL. Only statements that read are allowed; `polls(store_id, timestamp_utc, active, unix)`
---is a table that shows the packed polls, the view `store_now` has the newest one of each store, and `figures(WORD, …)` those
---of reports in any windows; docs/sql.md tells of all tables, with recipes. SQLite's functions of dates (`date`, `strftime` and
---so on) read `timestamp_utc`; `unix` is the same in whole seconds since 1970.
---
---On LuaJIT, whose numbers are exact to 2^53, a whole number beyond that is text of its digits.
---
---While rows are being taken, the monitor can be read. Whatever writes through the same monitor closes the query: the next
---row raises EINVAL then. So a loop that is left early stands in nobody's way, on every Lua.
---
---```lua
---for row in assert(monitor:query("SELECT count(*) AS n FROM polls WHERE store_id = ?", "shop 1")) do print(row.n) end
---```
---@param sql string with a `?` for each parameter
---@param ... any values of the parameters: nil, booleans (as 0 and 1), numbers, strings
---@return userdata|nil # called without arguments it gives the next row, a table by column names (NULL is nil), and nil at the end; it raises what fails then. `:columns()` lists the names, `:close()` ends it early
---@return string? # the failure; EINVAL if the statement does not compile or would do something other than read
---@return string? # its code
function monitor:query(sql, ...) end

---What the database holds.
---
---```lua
---print(monitor:info().polls)
---```
---@return table|nil # the counts `stores`, `polled_stores`, `polls`, `days` (that have polls), `hours` (rows), `stores_with_hours`, `timezones`, `stores_with_timezone`, `special_days`, `exclusions`, `overrides` and `attributes`; `first_poll` and `newest_poll` (instants; nil without polls), `size` (bytes) and `schema_version`
---@return string? # the failure
---@return string? # its code
function monitor:info() end

---Checks the database's integrity, SQLite's and Loom's own.
---
---```lua
---assert(#assert(monitor:check()) == 0)
---```
---@return string[]|nil # the problems found; empty when all is well
---@return string? # the failure
---@return string? # its code
function monitor:check() end

---@class loom.monitor.doctor.options
---@field examples? integer how many examples a finding has at the most, up to 100 (default: 3)
---@field time_limit? string|number a duration: a look that takes longer fails with ECANCELED

---What is likely wrong with the data, though nothing of it is damaged: ids, zones and hours that do not go together, gaps of the
---feed, stores that nobody polls, polls that are far from all others. It looks at all stores and at the polls of the last 15 days
---that have any.
---
---```lua
---for _, finding in ipairs(monitor:doctor().findings) do print(finding.code, finding.text) end
---```
---@param options? loom.monitor.doctor.options
---@return table|nil # `stores`, `polled_stores`, `polls` and `days` (that were looked at), `interval` (seconds from a store's poll to the next one, the median; nil where there are no two), `as_of` and `from` (instants between which it looked; nil without polls), and `findings`: each a `code`, its `severity` (`"warning"` or `"note"`), `count`, `of` (how many there are in all; nil where that is not known) and `share` (of these, or of the time), `text` (what it is), `effect` (what it makes of the figures), `command` (that mends it; `DB` is the database) and `examples`, which have, as it comes, `store_id`, `other_id`, `timezone_str`, `timestamp_utc`, `polls`, `outside`, `from_utc` and `to_utc`; that of openings without a poll has `windows`, each with its `name`, `stores` (that were open), `silent` (those without a poll) and `share` (of the open time). See docs/doctor.md
---@return string? # the failure
---@return string? # its code
function monitor:doctor(options) end

---@class loom.monitor.prune.options
---@field dry_run? boolean nothing is removed (default: false)
---@field force? boolean remove also more than half of the polls (default: false)
---@field by? string who removes them, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Removes the polls that are older than a duration before the newest one, or before now where that is earlier: one poll of
---the future does not make the others old. Shrinks the file.
---
---```lua
---print(monitor:prune("90d", { dry_run = true }).gone.polls)
---```
---@param keep string a duration as text with its unit, such as `"90d"`: a bare number raises an error
---@param options? loom.monitor.prune.options
---@return table|nil # what has gone and what stays, with `dry_run` what would: `gone` and `kept`, each of `polls`, `days` (that have any of them), and where there are polls `first` and `newest` (seconds since 1970); and `cut`, the instant from which on polls stay (nil without polls)
---@return string? # the failure; ECONFIRM if more than half would go, and it is not forced
---@return string? # its code
function monitor:prune(keep, options) end

---@class loom.monitor.backup.options
---@field replace? boolean a file that is there is replaced, unless it is a database in use (default: false)
---@field progress? function called as (done, total), in bytes

---Backs the database up while it is in use, by this process and by others: one snapshot, in a single file that is complete or
---not there. A copy made by other means lacks what is in the write-ahead log.
---
---To restore it, put it in the database's place by renaming it, so that both are whole at any time.
---
---```lua
---assert(monitor:backup("stores.backup.db", { replace = true }))
---```
---@param path string of the backup; its folder has to be there
---@param options? loom.monitor.backup.options
---@return integer|nil # the backup's size in bytes
---@return string? # the failure; EINVAL if something is there that is not to be replaced, EFULL, EACCESS
---@return string? # its code
function monitor:backup(path, options) end

---@class loom.monitor.delete_polls.options
---@field dry_run? boolean nothing is removed (default: false)
---@field by? string who removes them, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Removes polls of a store. Nothing else that is known of the store goes, nor the store itself.
---
---Many are removed in several transactions, the oldest first, so that other writers are not held up; where that fails half
---way, calling it again removes the others.
---
---```lua
---print(monitor:delete_polls("shop 1", "2023-01-24 10:00:00", "2023-01-24 11:00:00").gone.polls)
---```
---@param store string its id
---@param from? string|number the first instant (default: since ever)
---@param to? string|number the last instant, whose poll goes too: the same as `from` for one poll (default: for ever)
---@param options? loom.monitor.delete_polls.options
---@return table|nil # what has gone and which polls of the store stay, with `dry_run` what would: `gone` and `kept`, as `prune` returns them
---@return string? # the failure; ENOENT if the store is not known
---@return string? # its code
function monitor:delete_polls(store, from, to, options) end

---@class loom.monitor.delete_store.options
---@field dry_run? boolean nothing is removed (default: false)
---@field by? string who removes it, for the `audit` (default: the monitor's)
---@field reason? string why, up to 4096 bytes

---Removes everything that is known of a store: polls, hours, timezone, special days, exclusions and attributes, whoever set
---them. What holds for every store stays. As `delete_polls` it may take several transactions; the store goes with the last.
---
---```lua
---print(monitor:delete_store("shop 1").gone.polls)
---```
---@param store string its id
---@param options? loom.monitor.delete_store.options
---@return table|nil # what has gone, with `dry_run` what would: `gone`, as `prune` returns it; the counts of rows `hours`, `special_days`, `exclusions` and `attributes`; and `timezone`, whether it had one
---@return string? # the failure; ENOENT if the store is not known
---@return string? # its code
function monitor:delete_store(store, options) end

---Writes what the database holds as CSV, in a form that `ingest` reads. Where hours, zones or special days have been set by
---hand, these have the column `origin`, `file` or `override`, so that either comes back as it was.
---
---```lua
---monitor:export("hours", function(text) return io.write(text) end)
---```
---@param kind string|"polls"|"hours"|"timezones"|"special_days"|"exclusions"|"attributes" `"polls"`, `"hours"`, `"timezones"`, `"special_days"`, `"exclusions"` or `"attributes"`
---@param write function takes text, piece by piece, and returns true; false or nil from it ends the export, with its second result as the failure
---@return true|nil
---@return string? # the failure; EIO with what `write` has said
---@return string? # its code
function monitor:export(kind, write) end

---A report: the figures of every store in every window. `loom.monitor:report` and `loom.job:result` give one.
---
---`#report` is how many stores there are and `report[i]` a row (see `loom.row`), counted from 1 in order of store id as
---bytes. The methods of `loom.rows` find, sort, add up and write rows. A report stays as it is when the database changes,
---but for attributes of stores: those that no option of the report names are read when they are first looked at.
---@class loom.report: loom.rows
---@field as_of number the end of the windows that end there, in seconds since 1970
---@field as_of_utc string the same as text, with every digit
---@field windows table[] `name`, `unit`, and `from` and `to` in seconds since 1970, and as text: `from_utc` and `to_utc`. One on the calendar has `calendar`, its word or dates; it is another one for each zone, and `from` and `to` are the earliest and the latest of any store (see `span`). With `compare`, the one before another has its name as `before_of`
---@field rules table those in force: `preset`, `slack` and `max_gap` in seconds (nil: none), `fill`, `evidence`, `no_data`, `default_zone`
---@field key string|"store_id" the name of the first column: `"store_id"`
---@field strips table? what strips are of: `window`, its name, and `bins`
---@field name_attribute string? the attribute that pages call stores by
---@field [integer] loom.row
---@operator len: integer
local report = {}

---How many stores the report has; also `#report`.
---
---```lua
---print(report:count())
---```
---@return integer
function report:count() end

---Stores without a row because their zone is not in the tz database any more: in another one their figures would be wrong. A
---report that would have no row at all for that reason fails instead. `loom check` finds such stores.
---
---```lua
---for _, store in ipairs(report:left_out()) do print(store.reason) end
---```
---@return table[] # the first hundred, by id: `store_id`, and `reason`, which names the store and its zone
---@return integer # how many there are
function report:left_out() end

---The id of the store in a row.
---
---```lua
---print(report:store(1))
---```
---@param index integer from 1
---@return string
function report:store(index) end

---The number of a store's row.
---
---```lua
---print(report:find("shop 1"))
---```
---@param id string of the store
---@return integer? # nil if it has none
function report:find(id) end

---The instants of a window for one store: others for each zone where it is on the calendar.
---
---```lua
---print(report:span(1, 3).from_utc)
---```
---@param index integer of the row, from 1
---@param window integer its place in `windows`, from 1
---@return table # `from` and `to` in seconds since 1970, and as text: `from_utc` and `to_utc`
function report:span(index, window) end

---What a store was in a window, exactly.
---
---```lua
---local up, down = report:figures(1, 3)
---```
---@param index integer of the row, from 1
---@param window integer its place in `windows`, from 1
---@return integer # up, in microseconds like the next four; up + down + unknown is what was scheduled
---@return integer # down
---@return integer # unknown
---@return integer # excluded
---@return integer # the longest outage
---@return integer # how many outages
---@return integer # how many polls inside the pieces
function report:figures(index, window) end

---Totals by the attribute that the report's option `group_by` names; see `loom.rows:group`.
---
---```lua
---local by_region = assert(monitor:report { group_by = "region" })
---for group in by_region:groups():rows() do print(group.region, group.stores, group.last_week.ratio) end
---```
---@return loom.groups
function report:groups() end

---Frees the report's memory before the collector would. In Lua 5.4 a report can be a to-be-closed variable.
---
---```lua
---report:close()
---```
function report:close() end

---The methods that a report and its groups have in common: find rows, sort them, add them up, write them.
---
---Rows are numbered from 1, in order of their key (a report's store ids) as bytes; `loom.row` says what they have.
---@class loom.rows
local rows = {}

---Frees what the rows are held in; groups have nothing to free. In Lua 5.4 either can be a to-be-closed variable.
---
---```lua
---report:close()
---```
function rows:close() end

---@class loom.rows.rows.options
---@field sort? string|function the name of a column (see `loom.columns`), or a function (row), to sort by; where it is nil comes last (default: the order of the report)
---@field descending? boolean the greatest first (default: false)
---@field limit? integer how many rows at the most

---An iterator over rows: `for row in report:rows() do`. Rows are made one at a time.
---
---```lua
---for row in report:rows { sort = "downtime_last_week", descending = true, limit = 3 } do print(row.store_id) end
---```
---@param options? loom.rows.rows.options
---@return fun(): loom.row? # that gives a `loom.row`, or nil at the end
function rows:rows(options) end

---A row by its number; also `report[index]`.
---
---```lua
---print(report:row(1).store_id)
---```
---@param index integer from 1
---@return loom.row? # nil if there is none
function rows:row(index) end

---The row of a store, or of a group.
---
---```lua
---local row = report:get("shop 1")
---```
---@param id string of the store, or the group's value of the attribute
---@return loom.row? # nil if there is none
function rows:get(id) end

---The stores that did worst in a window: the lowest ratio of up time first, then the most down time.
---
---```lua
---for _, row in ipairs(report:worst(5, "last_day")) do print(row.store_id, row.last_day.ratio) end
---```
---@param limit? integer how many (default: 10)
---@param window? string its name (default: the last window)
---@return loom.row[] # those without a ratio are left out
function rows:worst(limit, window) end

---All rows added up, as one row: for each window the sums, the longest outage of all, and the ratio, MTTR and MTBF of the
---sums. `stores` is how many there are.
---
---```lua
---print(report:totals().last_week.down)
---```
---@return loom.row
function rows:totals() end

---Percentiles of a figure over the rows in which it is defined, by nearest rank: the smallest value that at least so many
---percent of the rows do not exceed.
---
---```lua
---print(report:percentiles("ratio", "last_week", { 5, 50 })[50])
---```
---@param figure string one of `loom.figures.names`; durations are in seconds
---@param window? string its name (default: the last window)
---@param percents? number[] from 0 to 100 (default: 5, 25, 50, 75, 95)
---@return table # values by percentage; empty if the figure is defined nowhere
function rows:percentiles(figure, window, percents) end

---The rows that share a key, added up.
---
---```lua
---local groups = report:group_with(function(row) return row.last_week.down > 0 and "down" or "up" end, "state")
---print(groups:get("up").stores)
---```
---@param key_of function called with each row; gives text, or nil for those that are in no group
---@param name string of the key: groups have it under that name, in place of `store_id`
---@return loom.groups
function rows:group_with(key_of, name) end

---Totals for each value of an attribute of the stores; those without it are in the group "".
---
---```lua
---for group in report:group("region"):rows() do print(group.region, group.stores, group.last_week.ratio) end
---```
---@param attribute string
---@return loom.groups
function rows:group(attribute) end

---@class loom.rows.write.options
---@field format? string|function a name in `loom.formats`, or a function like those there (default: "csv")
---@field columns? table a list of columns (see `loom.columns`; default: the standard ones)
---@field sort? string|function as in `rows`
---@field descending? boolean as in `rows` (default: false)
---@field limit? integer as in `rows`
---@field flat? boolean of ndjson: every figure as a value of its own (see `loom.formats.ndjson`) (default: false)
---@field neutralise_formulas? boolean of csv and exact: put ' before text that a spreadsheet would take for a formula (see `loom.formats.csv`) (default: false)
---@field width? integer of table: how many columns a line may have; see `loom.formats.table`
---@field [string] any what the format takes

---Writes the rows.
---
---```lua
---assert(report:write("report.csv", { columns = { "store_id", "ratio_last_week" }, sort = "ratio_last_week" }))
---```
---@param target file*|function|string an open file, a function (text), which ends it by returning nil and why, or a path, which is written under another name and renamed when it is complete ("-" is standard output)
---@param options? loom.rows.write.options those below, and what the format takes
---@return true|nil
---@return string? # the failure: EIO; the file at a path is then as it was
---@return string? # its code
function rows:write(target, options) end

---One row of a report, made when it is asked for: its figures are fetched as they are looked at.
---
---Beside the fields below a row has, under the name of each window, the figures that `loom.figures` describes, such as
---`row.last_week.ratio`; and `uptime_WINDOW` and `downtime_WINDOW`, the numbers that the standard columns print, such as
---`row.uptime_last_week`. `tostring(row)` shows what the standard columns print, and `pairs(row)` gives all of it; in Lua 5.1 and
---LuaJIT, whose `pairs` asks nobody, only what was looked at.
---@class loom.row
---@field store_id string the store; a row of groups has the group's value instead, under the attribute's name
---@field stores integer of a row of groups: how many there are in it
---@field attributes table of the store, by name; read when they are asked for. Empty for groups
---@field strip string? a letter to a bin; where the report has strips (see `loom.monitor:report`)
---@field index integer its number in the report, from 1
---@field [string] any the figures of a window by its name (`loom.figures.figures`), and what the standard columns print
---@field last_hour loom.figures.figures in the standard windows
---@field last_day loom.figures.figures
---@field last_week loom.figures.figures
local row = {}

---Totals of the rows that share a key: a table of figures like a report, with a row to a group.
---
---`loom.rows:group`, `loom.rows:group_with` and `loom.report:groups` give them. `#groups` is how many groups there are,
---`groups[i]` a row (see `loom.row`), in order of the key as bytes, and the methods of `loom.rows` are theirs too. Figures are
---sums over the group's stores, but for the longest outage; ratio, MTTR and MTBF are those of the sums, and so is the
---objective: the budgets are added up, and there is none if a store of the group has none. Groups stay when their report is
---closed.
---@class loom.groups: loom.rows
---@field [integer] loom.row
---@operator len: integer
local groups = {}

---How many groups there are; also `#groups`.
---
---```lua
---print(groups:count())
---```
---@return integer
function groups:count() end

---The key of a group: the value that its stores share.
---
---```lua
---print(groups:store(1))
---```
---@param index integer from 1
---@return string
function groups:store(index) end

---The number of a group's row.
---
---```lua
---print(groups:find("north"))
---```
---@param key string the value that its stores share
---@return integer? # nil if there is none
function groups:find(key) end

---@class loom.groups.rows_of.options
---@field sort? string|function as in `loom.rows:rows` (default: the order of the report)
---@field descending? boolean the greatest first (default: false)
---@field limit? integer how many rows at the most

---The rows of one group: those of the report that are added up in it. They are the report's, and end with it.
---
---```lua
---for row in groups:rows_of("north", { sort = "ratio_last_week", limit = 3 }) do print(row.store_id) end
---```
---@param key string the value that its stores share
---@param options? loom.groups.rows_of.options
---@return fun(): loom.row? # that gives a `loom.row`, or nil at the end; at once, where there is no such group
function groups:rows_of(key, options) end

---How many stores are in a group; also `stores` of its row.
---
---```lua
---print(groups:stores(1))
---```
---@param index integer from 1
---@return integer
function groups:stores(index) end

---The sums of a group in a window, exactly; on LuaJIT those beyond 2^53 are rounded, once.
---
---```lua
---local up, down = groups:figures(1, 3)
---```
---@param index integer of the group, from 1
---@param window integer its place in `windows`, from 1
---@return integer # up, in microseconds like the next four
---@return integer # down
---@return integer # unknown
---@return integer # excluded
---@return integer # the longest outage of any store
---@return integer # how many outages
---@return integer # how many polls
function groups:figures(index, window) end

---A report that is being computed on threads of its own, while the caller does other things. `loom.monitor:start_report`
---gives one.
---
---None of the methods but `wait` and `close` waits for anything. A job that nobody refers to any more is cancelled. Its
---connection to the database is open until the report is closed, or collected.
---@class loom.job
local job = {}

---How it stands.
---
---```lua
---print(job:state())
---```
---@return string|"running"|"complete"|"failed"|"cancelled" # `"running"`, `"complete"`, `"failed"` or `"cancelled"`
function job:state() end

---How far it is.
---
---```lua
---print(("%.0f %%"):format(job:progress() * 100))
---```
---@return number # the share of the stores that are done, from 0 to 1
function job:progress() end

---Waits until the job has ended.
---
---```lua
---while not job:wait(0.1) do print(job:progress()) end
---```
---@param seconds? number how long at the most; 0 only looks (default: as long as it takes)
---@return boolean # whether it has ended
function job:wait(seconds) end

---Asks the job to stop. It does so soon; `wait` for it to be sure.
---
---```lua
---job:cancel()
---job:wait()
---```
function job:cancel() end

---The report, once the job is complete; always the same one.
---
---```lua
---job:wait()
---local report = assert(job:result())
---```
---@return loom.report|nil
---@return string? # the failure; EBUSY while the job runs, ECANCELED after it was cancelled
---@return string? # its code
function job:result() end

---Cancels the job if it runs, waits for its threads, and frees what it holds. A report taken from it stays.
---
---```lua
---job:close()
---```
function job:close() end

---What every store is at an instant, since when, and which ones are dormant. `loom.monitor:status` gives one.
---
---`#status` is how many stores there are and `status[i]` one of them, counted from 1 in order of store id as bytes. It stays as
---it is when the database changes. A store is a table of `store_id`; `state`, which is `"up"`, `"down"`, `"unknown"`,
---`"excluded"` or `"closed"`; `since`, when the run of that state began (nil when closed or excluded, and where it began more
---than a year before the store's first poll); `dormant`, whether it had openings and no active poll for `dormant_after`; and
---`last_poll`, the last one up to then (nil: none).
---@class loom.status
---@field as_of number the instant, in seconds since 1970, and as text: `as_of_utc`
---@field newest_poll number the newest poll of all stores, and as text: `newest_poll_utc`; nil if there are none
---@field rules table those in force: see `loom.report`
---@field dormant_after number in seconds
---@field counts table how many stores are `up`, `down`, `unknown`, `excluded` and `closed`, without those that are `dormant`
---@field dormant table how many of the dormant ones are in each state
local status = {}

---How many stores there are; the same as `#status`, also where Lua 5.1 runs.
---
---```lua
---print(status:count())
---```
---@return integer
function status:count() end

---Frees what the stores are held in. In Lua 5.4 a status can be a to-be-closed variable.
---
---```lua
---status:close()
---```
function status:close() end

---One store.
---
---```lua
---print(monitor:status():store("shop 1").state)
---```
---@param id string
---@return table? # nil if it is not among them
function status:store(id) end

---@class loom.status.stores.options
---@field state? string|string[] only stores in this state, or one of these; without those that are dormant, unless `dormant` is given
---@field dormant? boolean|string|"any" true: only dormant stores; false: none of them; `"any"`: both (default, without `state`)
---@field sort? string|"store_id"|"since"|"last_poll" `"store_id"`, `"since"` (the longest first; without it last) or `"last_poll"` (default: "store_id")
---@field descending? boolean the other way round (default: false)
---@field first? integer the place of the first one to give (default: 1)
---@field limit? integer how many at the most

---An iterator over stores.
---
---```lua
---for store in status:stores { state = "down", sort = "since" } do print(store.store_id, store.since_utc) end
---```
---@param options? loom.status.stores.options
---@return function
---@return integer # how many there are without `first` and `limit`
function status:stores(options) end

---The stores that are left out, since their zone has left the tz database: see `loom.report:left_out`.
---
---```lua
---local _, count = status:left_out()
---```
---@return table[] # the first of them, each with `store_id` and `reason`
---@return integer # how many there are
function status:left_out() end

---How long stores have been in a state: those that are not dormant, by bounds of 15 minutes, an hour and four hours.
---
---```lua
---for _, age in ipairs(status:by_age()) do print(age.from, age.to, age.stores) end
---```
---@param state? string (default: "down")
---@param only? string a choice among the stores, as the service makes it (default: all)
---@return table[] # from the shortest to the longest time: `from` and `to` in seconds (nil: any longer), and `stores`; what began before all that is known counts as longest
function status:by_age(state, only) end

---Whether a count or a share of stores is beyond a bound, such as `"down > 5%"`. A share of stores that are up, down or unknown
---is one of all that are either; of others it is one of all stores. Those that are dormant are only counted as such.
---
---```lua
---print(status:is("down>5%"))
---```
---@param condition string a state or `dormant`, one of `>`, `>=`, `<`, `<=`, and a number, with `%` for a share
---@return boolean
---@return string # what it is, in words
function status:is(condition) end

---@class loom.status.write.options
---@field format? string|"csv"|"json"|"ndjson" `"csv"`, in the columns `store_id,state,since_utc,dormant,last_poll_utc`; `"json"`: an object that tells of the status, too; or `"ndjson"` (default: "csv")
---@field neutralise_formulas? boolean see `loom.formats.csv` (default: false)

---Writes stores.
---
---```lua
---assert(status:write("status.csv"))
---```
---@param target string|file*|function as in `loom.rows:write`
---@param options? loom.status.write.options those of `stores`, and
---@return true|nil
---@return string? # the failure: EFULL, EACCESS or EIO
---@return string? # its code
function status:write(target, options) end

---What stores were together, step by step: the figures of a window cut into steps of equal length. `loom.monitor:series` gives
---one.
---
---Each opening is judged as a whole, as a report of the window judges it, and only what it was judged to be is cut at the steps:
---the sums over the steps are the report's figures, to the microsecond. A series stays as it is when the database changes.
---@class loom.series
---@field as_of number in seconds since 1970, and as text: `as_of_utc`
---@field from number the start of the first step, and as text: `from_utc`
---@field to number the end of the last one, and as text: `to_utc`
---@field step number how long each is, in seconds
---@field rules table those in force: see `loom.report`
---@field stores integer how many stores it is of
---@field t number[] the start of each step, in seconds since 1970, and as text: `t_utc`
---@field up number[] for each step how long the stores were up, all together, in seconds like the next four
---@field down number[]
---@field unknown number[]
---@field excluded number[] taken out of the schedule by exclusions
---@field scheduled number[] up + down + unknown
---@field stores_down integer[] how many stores were down at some time of the step
---@field by table[]? the same for each value that the option `by` tells apart, in their order: its `value` (nil for the stores that have none, which come last), `stores`, and the columns `up` to `stores_down`
local series = {}

---A column exactly, of all stores or, as a method of one of `by`, of a value's.
---
---```lua
---print(series:microseconds("down")[1])
---```
---@param column string|"up"|"down"|"unknown"|"excluded"|"scheduled" `"up"`, `"down"`, `"unknown"`, `"excluded"` or `"scheduled"`
---@return integer[] # microseconds, which LuaJIT rounds beyond 2^53: 285 years of all stores together
function series:microseconds(column) end

---@class loom.series.write.options
---@field format? string|"csv"|"json" `"csv"`: a line to a step, and to each value where there are any, in the columns `t_utc`, `value` (where there are any), and `up` to `stores_down`, times in seconds; or `"json"`, an object as `GET /v1/series` gives it (default: "csv")
---@field neutralise_formulas? boolean see `loom.formats.csv` (default: false)

---Writes a series.
---
---```lua
---assert(series:write("trend.csv"))
---```
---@param target string|file*|function as in `loom.rows:write`
---@param options? loom.series.write.options
---@return true|nil
---@return string? # the failure: EFULL, EACCESS or EIO
---@return string? # its code
function series:write(target, options) end

---Frees what it is held in; columns that have been looked at stay.
---
---```lua
---series:close()
---```
function series:close() end

---An ingest that is fed: bytes go in as they come, from a socket or a pipe, and reach the database when it is finished.
---`loom.monitor:ingester` gives one.
---@class loom.ingester
local ingester = {}

---Takes the next bytes, cut anywhere; plain text or gzip.
---
---```lua
---assert(ingester:feed("store_id,status,timestamp_utc\nshop 1,active,2023-01-25 18:13:22 UTC\n"))
---```
---@param chunk string
---@return true|nil
---@return string? # the failure, EINPUT for a bad row; every further call then fails alike
---@return string? # its code
function ingester:feed(chunk) end

---Ends the input and writes all of it in one transaction. The ingester is of no more use afterwards.
---
---```lua
---print(assert(ingester:finish()).new)
---```
---@return table|nil # what became of it: see `loom.monitor:ingest`
---@return string? # the failure; the database is then as it was
---@return string? # its code
function ingester:finish() end

---Drops what was fed. Harmless when the ingester is finished. In Lua 5.4 an ingester can be a to-be-closed variable,
---which aborts it.
---
---```lua
---ingester:abort()
---```
function ingester:abort() end

---The formats that there are.
---@class loom.formats.formats
---@field csv function CSV (RFC 4180); the standard columns as the Python service wrote them
---@field exact function CSV of every window's up, down, unknown, excluded, outages and longest outage, durations in microseconds
---@field html function a page that needs nothing else
---@field json function one object: as_of, rules, windows, and for each store and window its figures; durations in seconds
---@field markdown function a table in Markdown
---@field ndjson function an object for each store, on a line of its own
---@field table function aligned columns, for people

---What a format is called with, beside whatever else was given to `loom.rows:write`.
---@class loom.formats.options
---@field columns table[] the resolved list: each has `name` and `value`, a function (row); see `loom.columns.cell`
---@field chosen boolean whether the caller asked for these columns
---@field rows function gives an iterator over the rows to write, sorted and limited as the caller asked

---Output formats by name, for the option `format` of `loom.rows:write`. More can be added to this table.
---
---A format is a function, called as (report, write, options). It calls `write` with text, in as many pieces as it likes, several
---in a call or one; `write` raises an error when it cannot go on, which `loom.rows:write` returns as its failure. An error of the
---format's own comes through.
---@class loom.formats
---@field csv function CSV (RFC 4180); the standard columns as the Python service wrote them
---@field exact function CSV of every window's up, down, unknown, excluded, outages and longest outage, durations in microseconds
---@field html function a page that needs nothing else
---@field json function one object: as_of, rules, windows, and for each store and window its figures; durations in seconds
---@field markdown function a table in Markdown
---@field ndjson function an object for each store, on a line of its own
---@field table function aligned columns, for people
local formats = {}

---The names of columns; WINDOW is the name of a window.
---@class loom.columns.names
---@field store_id any the store; groups have the attribute that they are of instead
---@field stores any of groups: how many stores they have
---@field strip any of reports with strips: a letter to a bin

---Columns of the formats: by name, or made by the caller. They are what the option `columns` of `loom.rows:write` lists;
---the option `sort` takes the names, too.
---
---A column of the caller's is `{ name = "weight", value = function(row) return … end }`; what it returns is a number, text, a
---boolean or nil, which is an empty cell.
---@class loom.columns
local columns = {}

---The names of a report's standard columns.
---
---```lua
---local columns = require "loom.columns"
---print(table.concat(columns.standard(report), ","))
---```
---@param report loom.report or groups
---@return string[]
function columns.standard(report) end

---A value as text: numbers with up to six decimals; nil and what is not finite as `""`.
---
---```lua
---print(require("loom.columns").text_of(2 / 3)) --> 0.666667
---```
---@param value any of a column
---@return string
function columns.text_of(value) end

---A row's cell as text, for formats.
---
---```lua
---local columns = require "loom.columns"
---local function first_column(_, write, options)
---  for row in options.rows() do
---    write(columns.cell(options.columns[1], row) .. "\n")
---  end
---end
---report:write(io.stdout, { format = first_column })
---```
---@param column table one of the option `columns` that a format is called with
---@param row loom.row
---@return string
function columns.cell(column, row) end

---The option `slo` of `loom.monitor:report`: a target for all stores, `slo = 0.99`, or a table of at least one of these. A
---store's target is the first of `stores`, the attribute's, and `target` that it has; without any it has no objective.
---@class loom.slo.objective
---@field target number? of all other stores, from 0 to 1
---@field stores table? targets by store id
---@field attribute string? the name of an attribute; without `targets` its value is itself the target
---@field targets table? targets by the value of the attribute

---How a store stands in a window: `row.last_week.slo`, nil for a store without an objective.
---@class loom.slo.slo
---@field target number of the store; nil for groups
---@field met boolean? whether the down time is within the budget; nil where nothing was measured
---@field budget number of down time, in minutes
---@field spent number the down time, in minutes
---@field left number budget - spent, in minutes; negative when the objective is missed
---@field burn number? spent / budget; nil where both are 0, infinite where only the budget is

---Service level objectives: a target ratio of up time, and the error budget that it leaves.
---
---The budget of a window is (1 - target) × (up + down): how long a store may be down in it. The burn is down time as a
---share of the budget: 1 uses it up (Beyer et al., "The Site Reliability Workbook", chapter 5). Unknown time counts for
---neither.
---@class loom.slo
local slo = {}

---What one store, or a group of stores, was in one window: `row.last_week`, and so on. Durations are in seconds. The list
---`loom.figures.names` has the names of all but the last.
---@class loom.figures.figures
---@field up number
---@field down number
---@field unknown number
---@field excluded number taken out of the schedule by exclusions
---@field scheduled number up + down + unknown
---@field ratio number? up / (up + down), from 0 to 1; nil where that is 0 / 0, as for a store that was closed
---@field outages integer how many
---@field longest number the longest outage
---@field mttr number? the mean outage (time to recovery); nil without outages
---@field mtbf number? up time to an outage (time between failures); nil without outages
---@field polls integer how many lie inside the pieces, those in exclusions too, since they are evidence
---@field slo table? how it stands against the objective, if there is one: see `loom.slo`

---Figures of a window, and how they are printed.
---@class loom.figures
local figures = {}

---Hours with one or two decimals.
---
---```lua
---print(require("loom.figures").hours(8.5 * 3600 * 1000000)) --> 8.5
---```
---@param microseconds integer
---@return string # such as `"0.0"`, `"24.0"`, `"8.42"`
function figures.hours(microseconds) end

---Whole minutes, cut.
---
---```lua
---print(require("loom.figures").minutes(59999999)) --> 0
---```
---@param microseconds integer
---@return string
function figures.minutes(microseconds) end

---Seconds with as many decimals as they need, up to six.
---
---```lua
---print(require("loom.figures").seconds(1500000)) --> 1.5
---```
---@param microseconds integer
---@return string
function figures.seconds(microseconds) end

---A number with up to six decimals, without the zeros that end them.
---
---```lua
---print(require("loom.figures").decimal(0.25)) --> 0.25
---```
---@param value number
---@return string? # nil if it is not finite
function figures.decimal(value) end

---A part's share of itself and the rest, such as up time's of what is known.
---
---```lua
---print(require("loom.figures").millionths(57, 43)) --> 570000
---```
---@param part integer microseconds, or any other unit
---@param rest integer in the same unit
---@return integer? # millionths, cut; nil where that is 0 / 0
function figures.millionths(part, rest) end

---The same of figures, whose times are in seconds.
---
---```lua
---print(require("loom.figures").ratio_of(report:row(1).last_week))
---```
---@param of_window table as the head of this file describes it
---@return integer? # millionths; nil where there is no ratio
function figures.ratio_of(of_window) end

---The same of a number that is a ratio, as far as its 53 bits tell.
---
---```lua
---print(require("loom.figures").share(0.57)) --> 570000
---```
---@param ratio number not negative; above 1, as a burn may be, it is rounded up, so that only what is 1 is printed so
---@return integer # millionths
function figures.share(ratio) end

---Millionths as a ratio with up to six decimals.
---
---```lua
---print(require("loom.figures").ratio(999999)) --> 0.999999
---```
---@param millionths integer
---@return string
function figures.ratio(millionths) end

---Millionths as a percentage with two decimals, cut once more.
---
---```lua
---print(require("loom.figures").percent(999999)) --> 99.99%
---```
---@param millionths integer
---@return string
function figures.percent(millionths) end

---How many points lie between two percentages as they are printed, with the sign.
---
---```lua
---print(require("loom.figures").points(500000, 512345)) --> -1.23
---```
---@param millionths integer
---@param before integer millionths
---@return string
function figures.points(millionths, before) end

return loom
