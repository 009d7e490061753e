--- A monitor: one database, with what can be loaded into it and asked of it.
-- @classmod loom.monitor

local core = require "loom.core"
local loading = require "loom.loading"
local Report = require "loom.report"

local Monitor = {}
Monitor.__index = Monitor

function Monitor.open(path, options)
  local database, message, code = core.open(path, options)
  if not database then
    return nil, message, code
  end
  return setmetatable({ database = database, path = path }, Monitor)
end

--- Closes the database. Closing twice does no harm.
function Monitor:close()
  self.database:close()
end

Monitor.__gc = Monitor.close
Monitor.__close = Monitor.close

function Monitor:__tostring()
  return ("loom.monitor (%s)"):format(self.path)
end

--- Loads input files, all of them in one transaction: either every file is in, or nothing has changed.
--
-- A file is a path, "-" for standard input, or a list of them. Plain text and gzip are told apart by content.
-- @tparam table options `status`, `hours`, `timezones`, `special_days`, `exclusions`: the files;
--   `max_rejects`: how many bad rows of a file to leave out, or "all" (default 0: a bad row fails the file);
--   `on_reject`: function (reject), called with `source`, `line`, `column`, `value`, `reason` and `row`;
--   `progress`: function (done, total, source, phase), where phase is "reading" (bytes; total is nil
--   if it is not known) or "writing" (the share written, of 1);
--   `threads`: that parse polls (default: one for each processor, up to 8)
-- @treturn {table,...}|nil for each file: `source`, `kind`, `rows`, `new`, `duplicates`, `conflicts`, `rejected`,
--   `seconds`
-- @treturn ?string the failure
-- @treturn ?string its code
function Monitor:ingest(options)
  return loading.ingest(self.database, options)
end

--- Computes a report. Durations are in seconds; instants are text as in the input files, or numbers of seconds
-- since the epoch.
-- @tparam[opt] table options `windows`: list of `{ name =, seconds =, unit = "hours" | "minutes" }` or
--   `{ name =, from =, to =, unit = }` (default: last_hour in minutes, last_day and last_week in hours);
--   `as_of`: the end of windows given in seconds (default: the newest poll);
--   `preset`: "loom", "seed" or "monitoring"; and, each overriding the preset, `fill`: "backward", "forward",
--   "nearest"; `evidence`: "inside", "around"; `no_data`: "down", "up", "unknown"; `max_gap`: seconds or
--   "none"; `slack`: seconds;
--   `default_zone`: of stores without one (default "America/Chicago");
--   `stores`: list of patterns for store ids (`*`, `?`, `[a-z]`);
--   `all_stores`: also stores without polls; `threads`: how many to use;
--   `progress`: function (share), called a few times a second
-- @treturn loom.report|nil
-- @treturn ?string the failure; EEMPTY when there are no polls and no `as_of`
-- @treturn ?string its code
function Monitor:report(options)
  return Report.compute(self.database, options or {})
end

--- What the database holds.
-- @treturn table `stores`, `polled_stores`, `polls`, `days`, `first_poll` and `newest_poll` (microseconds since
--   the epoch; nil without polls), `hours`, `stores_with_hours`, `timezones`, `stores_with_timezone`,
--   `special_days`, `exclusions`, `size` (bytes), `schema_version`
function Monitor:info()
  return self.database:info()
end

--- Checks the database's integrity, SQLite's and Loom's own.
-- @treturn {string,...} the problems found; empty when all is well
function Monitor:check()
  return self.database:check()
end

--- Removes the polls that are more than so many seconds older than the newest one.
-- @tparam number keep whole seconds
-- @treturn int how many polls were removed
function Monitor:prune(keep)
  if type(keep) ~= "number" or keep < 0 or keep > 1e11 then
    error("bad argument to prune (seconds from 0 to 1e11 expected)", 2)
  end
  return self.database:prune(math.floor(keep) * 1000000)
end

--- Writes what the database holds as CSV, in a form that `ingest` reads.
-- @tparam string kind "polls", "hours", "timezones", "special_days" or "exclusions"
-- @tparam function write takes text, piece by piece; false or nil from it ends the export, with its second result
--   as the failure
-- @treturn true|nil
-- @treturn ?string the failure
-- @treturn ?string its code
function Monitor:export(kind, write)
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
