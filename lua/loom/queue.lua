--- Reports that are made in the background, and outlive the process that was asked for them.
--
-- A report is a row of the table `report`: queued, then running, then complete or failed. Every process that serves a database
-- has a queue on it and calls `tick` a few times a second, which never waits: it takes queued reports and computes them on
-- native threads, which also write the files. Who works on a report holds a lease on it, and renews it. When the worker dies
-- another takes the report over, at once where it can see that the process is gone, and else when the lease was not renewed; a
-- process that is seen to live keeps what it has, unless it has been silent for very long. After three attempts the report has
-- failed. A report that is removed while it waits or runs is cancelled: whoever works on it finds its row gone.
--
-- One report must not stop the others: what is raised on the way is that report's failure.
-- @classmod loom.queue

local canonical = require "loom.canonical"
local check = require "loom.check"
local cjson = require "cjson.safe"
local core = require "loom.core"
local details = require "loom.report_details"
local Job = require "loom.job"
local Leash = require "loom.leash"
local lfs = require "lfs"
local owner = require "loom.owner"
local Report = require "loom.report"
local threaded_job = require "loom.threaded_job"
local time = require "loom.time"
local transaction = require "loom.transaction"

local Queue = {}
Queue.__index = Queue

--- What a report may be.
Queue.states = { "queued", "running", "complete", "failed" }

--- The longest options, in bytes of JSON, such as the ids of 1,600 stores: all that are kept make 64 MB.
Queue.OPTIONS_MAX = 64 * 1024

local SECOND = 1000000 -- microseconds
local ATTEMPTS = 3
local LEASE = 15 * SECOND -- several renewals may fail before it is lost
local STUCK = 600 * SECOND -- after its lease, a process that lives but does not renew hangs: no write waits that long
local RENEW_EVERY = 1 -- seconds
local TIDY_EVERY = 60 * SECOND
local FULL_PAUSE = 10 * SECOND -- between two tries to write a report where there is no room for it
local TELL_EVERY = 60 -- seconds between two lines of the log that say the same
local TOLD_MAX = 100 -- lines that are known to have been told
local OWN_MAX = 500 -- reports of one client that may wait: each is looked up when it asks for another one
local GIVE_BACK = 10000 -- milliseconds for which a queue that is closed waits for others who write

local checkers = {
  folder = check.string,
  running = check.integer(1, 64),
  queued = check.integer(0, 1000000),
  keep_seconds = check.number(0, 1e11),
  keep_count = check.integer(0, 1e9),
  threads = check.integer(0, core.limits.threads),
  time_limit = check.number(0, 1e11),
  log_limit = check.integer(0, 2 ^ 53),
  neutralise_formulas = check.boolean,
  on_end = check.callable,
  log = check.callable,
}

-- ---- making ----

--- Makes a queue on a monitor's database.
-- @tparam loom.monitor monitor not `:memory:`
-- @tparam table options `folder`: where report files go, which must exist; `running`: how many reports are computed at a time, by
--   all processes together (default 2); `queued`: how many may wait (default 100); `keep_seconds` and `keep_count`: how long,
--   and how many, reports that have ended are kept (default a week, and 1000); `threads`: of each report; `time_limit`: seconds
--   that a report may compute, and `log_limit`: bytes by which it may let the write-ahead log grow (see `loom.leash`);
--   `neutralise_formulas`: that no spreadsheet is to run what is in the CSV (see `loom.formats.csv`; default: as it is);
--   `on_end`: function (id, state), called when a report that this process computed is complete or has failed; `log`: function
--   (message), told what goes wrong with reports, and with the queue itself (default: nobody is)
-- @treturn loom.queue
function Queue.new(monitor, options)
  options = check.options("queue", options, checkers)
  if not options.folder then
    check.fail("missing option 'folder' to 'queue'")
  end
  local self = setmetatable({
    monitor = monitor,
    folder = options.folder,
    running = options.running or 2,
    queued = options.queued or 100,
    keep = math.floor((options.keep_seconds or 7 * 86400) * SECOND),
    keep_count = options.keep_count or 1000,
    threads = options.threads,
    leash = Leash.new(monitor.file, options.time_limit, options.log_limit),
    neutralise_formulas = options.neutralise_formulas or false,
    on_end = options.on_end,
    log = options.log,
    told = {},
    told_count = 0,
    steady = core.clock, -- seconds of a clock that only moves forward
    leases = {}, -- of reports that run, by id: `owner`, `lease`, and `since` when they have been seen
    jobs = {}, -- by id: `job`, `run` (see `loom.leash`), `renewed`, and `outcome` once it is known
    leaving = {}, -- jobs that are cancelled, whose threads have yet to end
    tidied = 0,
  }, Queue)
  self.owner = owner.make(self)
  return self
end

local function now(self)
  return time.instant(self.monitor.clock())
end

-- Tells the log, but not the same twenty times a second.
local function tell(self, message)
  local at = core.clock()
  if not self.log or at - (self.told[message] or -math.huge) < TELL_EVERY then
    return
  end
  if self.told_count >= TOLD_MAX then
    self.told, self.told_count = {}, 0
  end
  self.told_count = self.told_count + (self.told[message] and 0 or 1)
  self.told[message] = at
  self.log(message)
end

-- Does one of several things that must not stop each other. Returns what it returns; nothing after an error.
local function guarded(self, what, work, ...)
  local good, result = pcall(work, self, ...)
  if not good then
    tell(self, ("%s: %s"):format(what, tostring(result)))
    return nil
  end
  return result
end

-- Changes rows of the queue alone: what reports are made from stays as it is.
local function change(self, work)
  return transaction.run(self.monitor.database, work, true)
end

--- The path of a report's file.
function Queue:path(id)
  return self.folder .. "/" .. id .. ".csv"
end

--- The path of the file that has all of a report's figures.
function Queue:figures_path(id)
  return self.folder .. "/" .. id .. ".figures.csv"
end

--- The path of the file that has the attributes that a report's options name, of every store; where they name any.
function Queue:attributes_path(id)
  return details.attributes_path(self:figures_path(id))
end

--- Whether a text has the form of a report's id.
function Queue.is_id(text)
  return type(text) == "string" and #text == 36
    and text:find("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89abAB]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$") ~= nil
end

-- ---- asking ----

-- The options with what they mean when a report is asked for: one that is begun anew is the same again.
local function settled(self, options)
  if options.as_of ~= "now" then
    return options
  end
  local copy = {}
  for name, value in pairs(options) do
    copy[name] = value
  end
  copy.as_of = time.text(now(self))
  return copy
end

-- How many of some reports wait.
local function count_queued(execute, ids)
  local count = 0
  for _, id in ipairs(ids) do
    local _, _, found = execute("SELECT report_id FROM report WHERE state = 'queued' AND report_id = ?", id)
    count = count + (found and 1 or 0)
  end
  return count
end

--- How many reports of one client may wait where there are several: half of all, so that others find places.
-- @treturn int
function Queue:own_places()
  return math.min(math.ceil(self.queued / 2), OWN_MAX)
end

--- Asks for a report. A report with the same options that still waits serves both who asked.
-- @tparam[opt] table options as in `loom.monitor:report`, but for functions and `progress`; wrong ones raise an error
-- @tparam[opt] {string,...} own ids of reports that the same client has asked for, of which no more than `own_places` wait
-- @treturn string|nil the report's id, a UUID
-- @treturn ?string the failure; EAGAIN when too many wait
-- @treturn ?string its code
-- @treturn ?bool whether it is too many of one client
function Queue:trigger(options, own)
  Report.check_options("trigger", options)
  local text = next(options or {}) and canonical(settled(self, options)) or "{}"
  if #text > Queue.OPTIONS_MAX then
    check.fail("bad options to 'trigger' (at most %d bytes as JSON expected, got %d)", Queue.OPTIONS_MAX, #text)
  end
  local are_own
  local id, message, code = change(self, function(execute)
    local _, _, same = execute("SELECT report_id FROM report WHERE state = 'queued' AND options = ?", text)
    if same then
      return same
    end
    local _, _, waiting = execute("SELECT count(*) FROM report WHERE state = 'queued'")
    if waiting >= self.queued then
      transaction.fail("EAGAIN", "%s waiting already", waiting == 1 and "1 report is" or waiting .. " reports are")
    elseif own and count_queued(execute, own) >= self:own_places() then
      are_own = true
      local places = self:own_places()
      transaction.fail("EAGAIN", "%s waiting already", places == 1 and "1 report of this client is"
        or places .. " reports of this client are")
    end
    local made = core.uuid()
    execute("INSERT INTO report(report_id, options, state, created) VALUES(?, ?, 'queued', ?)", made, text, now(self))
    return made
  end)
  return id, message, code, are_own
end

--- How many reports wait.
-- @treturn table|nil `count`, and `full`, whether no more are taken
-- @treturn ?string the failure
-- @treturn ?string its code
function Queue:waiting()
  local row, message, code = self.monitor.database:row("SELECT count(*) AS count FROM report WHERE state = 'queued'")
  if not row then
    return nil, message, code
  end
  row.full = row.count >= self.queued
  return row
end

local report_sql = [[SELECT report_id, state, progress, error, options, created AS created_us, created, started, finished%s
  FROM report WHERE ]]

local get_sql = report_sql:format ", details" .. "report_id = ?"

-- A row as callers get it. What is running here is further than its row tells.
local function shown(self, row)
  for _, name in ipairs { "created", "started", "finished" } do
    if row and row[name] then
      time.set(row, name, row[name])
    end
  end
  local job = row and row.state == "running" and self.jobs[row.report_id]
  if job then
    row.progress = job.job:progress()
  end
  return row
end

--- How a report stands.
-- @treturn table|false|nil `report_id`, `state` (see `Queue.states`), `progress` (0 to 1), `error`, `options` and `details`
--   (JSON), and the instants `created`, `started`, `finished`, in seconds and, as `created_utc` and so on, as text; false if
--   there is no such report
-- @treturn ?string the failure
-- @treturn ?string its code
function Queue:get(id)
  local row, message, code = self.monitor.database:row(get_sql, id)
  return shown(self, row), message, code
end

-- Ids come first: to sort whole rows would copy the options of all reports, of which a page shows a few.
local list_sql = [[SELECT report_id FROM report
  WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR (created, report_id) < (?2, ?3))
  ORDER BY created DESC, report_id DESC LIMIT ?4]]

local listed_sql = report_sql:format "" .. "report_id = ?"

--- Reports, the newest first.
-- @tparam table options `state`; `limit`; `bytes`: of the options of all reports in the list, which ends with the one that
--   reaches so many; `before` and `before_id`: the `created_us` and `report_id` of the one that those wanted come after
-- @treturn {table,...}|nil what `get` gives, but for `details`, and `created_us` in microseconds
-- @treturn bool|string whether there are more; the failure
-- @treturn ?string its code
function Queue:list(options)
  local database = self.monitor.database
  local ids, message, code = database:rows(list_sql, options.state, options.before, options.before_id, options.limit + 1)
  if not ids then
    return nil, message, code
  end
  local list, bytes, at = {}, 0, 0
  while at < math.min(#ids, options.limit) and bytes < (options.bytes or math.huge) do
    at = at + 1
    local row
    row, message, code = database:row(listed_sql, ids[at].report_id)
    if row == nil then
      return nil, message, code
    elseif row then -- else it has been removed meanwhile
      list[#list + 1] = shown(self, row)
      bytes = bytes + #row.options
    end
  end
  return list, at < #ids
end

-- ---- working ----

-- Removes the files of a report, and what is half written of them.
local function remove_files(self, id)
  os.remove(self:path(id))
  os.remove(self:figures_path(id))
  os.remove(self:attributes_path(id))
end

-- Removes what those who worked on a report before have half written.
local function remove_parts(self, id)
  for name in lfs.dir(self.folder) do
    if name:sub(1, #id) == id and name:sub(-5) == ".part" then
      os.remove(self.folder .. "/" .. name)
    end
  end
end

-- Notes what became of a report, unless somebody else has it by now. Returns whether it was this queue's, or nil if that
-- cannot be noted yet.
local function finish(self, id, state, message, made_of)
  local noted = change(self, function(execute)
    return execute([[UPDATE report SET state = ?1, error = ?2, finished = ?3, owner = NULL, lease = NULL, progress = ?4,
      details = ?7 WHERE report_id = ?5 AND state = 'running' AND owner = ?6]], state, message, now(self),
      state == "complete" and 1 or 0, id, self.owner, made_of)
  end)
  if noted == 1 and self.on_end then
    guarded(self, "on_end", function()
      self.on_end(id, state)
    end)
  end
  return noted and noted == 1
end

-- Gives a report back to the queue as if it had not been taken, to be taken again after an instant. Returns as `finish` does.
local function give_back(self, id, message, after)
  local noted = change(self, function(execute)
    return execute([[UPDATE report SET state = 'queued', error = ?3, owner = NULL, lease = ?4, attempts = attempts - 1,
      progress = 0 WHERE report_id = ?1 AND state = 'running' AND owner = ?2]], id, self.owner, message, after)
  end)
  return noted and noted == 1
end

-- Lets a job go that nobody wants any more: its threads end soon, and nobody waits for them.
local function leave(self, id, entry)
  self.jobs[id] = nil
  entry.id = id
  self.leaving[#self.leaving + 1] = entry
  entry.job:cancel()
end

-- Frees what a job that is left holds, and removes what it may have written after its report had been removed or given up.
local function see_off(self, entry)
  local called, report = pcall(entry.job.result, entry.job)
  if called and report then
    report:close()
  end
  guarded(self, "a job", function()
    entry.job:close()
  end)
  local wanted = self.monitor.database:row(
    "SELECT 1 AS found FROM report WHERE report_id = ? AND state <> 'failed'", entry.id)
  if wanted == false then
    remove_files(self, entry.id)
  end
end

-- Sees off those jobs whose threads have ended.
local function see_off_ended(self)
  for i = #self.leaving, 1, -1 do
    local called, state = pcall(self.leaving[i].job.state, self.leaving[i].job)
    if not called or state ~= "running" then
      see_off(self, table.remove(self.leaving, i))
    end
  end
end

local function renew(self, id, entry)
  if self.steady() - entry.renewed < RENEW_EVERY then
    return
  end
  local held = change(self, function(execute)
    return execute("UPDATE report SET lease = ?, progress = ? WHERE report_id = ? AND state = 'running' AND owner = ?",
      now(self) + LEASE, entry.job:progress(), id, self.owner)
  end)
  if held then
    entry.renewed = self.steady()
  end
  if held == 0 then -- it has been removed, or the lease ran out and another has taken the report over
    leave(self, id, entry)
  end
end

-- Failures by what a report was asked for, or for want of polls: the log has all others.
local of_options = { EINVAL = true, EINPUT = true, EEMPTY = true, ECANCELED = true }

-- What became of a job that has ended: `state`, `message` and `details` for its row. A file that finds no room fails nobody:
-- the report waits until there is some, `after` an instant.
local function outcome_of(self, id, entry)
  local report, message, code = entry.job:result()
  if report then
    local left_out = report:left_out_line()
    if left_out then
      tell(self, ("report %s: %s"):format(id, left_out))
    end
    return { state = "complete", details = report.details or details.of(report, self.neutralise_formulas) }
  elseif code == "EFULL" then
    tell(self, ("report %s is tried again later: %s"):format(id, message))
    return { state = "queued", message = message, after = now(self) + FULL_PAUSE }
  end
  if not of_options[code] then
    tell(self, ("report %s has failed: %s"):format(id, message))
  end
  return { state = "failed", message = message }
end

local function failure_of(err)
  local misuse = check.misuse(err)
  return misuse and "EINVAL: " .. misuse.message or "EIO: " .. tostring(err)
end

local function note(self, id, outcome)
  if outcome.state == "queued" then
    return give_back(self, id, outcome.message, outcome.after)
  end
  return finish(self, id, outcome.state, outcome.message, outcome.details)
end

-- Notes what became of a job that has ended. An error on the way is a failure of that report, and of no other.
local function settle(self, id, entry)
  if not entry.outcome then
    local called, result = pcall(outcome_of, self, id, entry)
    if not called then
      tell(self, ("report %s: %s"):format(id, tostring(result)))
    end
    entry.outcome = called and result or { state = "failed", message = failure_of(result) }
  end
  if note(self, id, entry.outcome) ~= nil then
    leave(self, id, entry)
  end
end

local function look_after_one(self, id, entry)
  if not entry.outcome and entry.job:state() == "running" then
    local reason = self.leash:reason_to_end(entry.run)
    if not reason then
      return renew(self, id, entry)
    end
    tell(self, ("report %s: %s"):format(id, reason))
    entry.outcome = { state = "failed", message = reason }
    entry.job:cancel() -- now, whenever it can be noted
  end
  settle(self, id, entry)
end

-- Looks after the reports that this process computes.
local function look_after(self)
  for id, entry in pairs(self.jobs) do
    local called, err = pcall(look_after_one, self, id, entry)
    if not called then
      tell(self, ("report %s: %s"):format(id, tostring(err)))
      entry.outcome = entry.outcome or { state = "failed", message = failure_of(err) }
    end
  end
  see_off_ended(self)
end

-- Since when a lease has been seen as it is. That is measured here, by a clock that nobody sets: the worker's, and the one on the
-- wall, may jump.
local function seen_since(self, row)
  local known = self.leases[row.report_id]
  return known and known.owner == row.owner and known.lease == row.lease and known.since or self.steady()
end

-- Whether a running report's worker is dead: its process is gone or, where that cannot be seen, it has not renewed its lease
-- for as long as that holds.
local function is_orphan(self, row)
  local lives = owner.lives(row.owner)
  if lives == false then
    return true
  end
  return (self.steady() - row.since) * SECOND > LEASE + (lives and STUCK or 0)
end

local function orphans(self)
  local list, leases = {}, {}
  local rows = self.monitor.database:rows "SELECT report_id, owner, lease FROM report WHERE state = 'running'"
  for _, row in ipairs(rows or {}) do
    row.since = seen_since(self, row)
    leases[row.report_id] = row
    if is_orphan(self, row) then
      list[#list + 1] = row
    end
  end
  self.leases = rows and leases or self.leases
  return list
end

-- Gives reports whose worker has died back to the queue, or up.
local function reclaim(self)
  for _, orphan in ipairs(orphans(self)) do
    change(self, function(execute)
      return execute([[UPDATE report SET owner = NULL, lease = NULL, progress = 0,
          state = CASE WHEN attempts >= ?1 THEN 'failed' ELSE 'queued' END,
          error = CASE WHEN attempts >= ?1 THEN ?2 END,
          finished = CASE WHEN attempts >= ?1 THEN ?3 END
        WHERE report_id = ?4 AND state = 'running' AND owner = ?5 AND lease = ?6]], ATTEMPTS,
        ("EIO: gave up after %d attempts: each time its worker died"):format(ATTEMPTS), now(self), orphan.report_id,
        orphan.owner, orphan.lease)
    end)
  end
end

-- A report that waits until there is room for its files has the instant as its lease. One further ahead than that is left from
-- before the clock was set back.
local waits = ("state = 'queued' AND (lease IS NULL OR lease <= ?2 OR lease > ?2 + %d)"):format(FULL_PAUSE)
local has_room = "(SELECT count(*) FROM report WHERE state = 'running') < ?1"

local wanted_sql = ("SELECT (SELECT count(*) FROM report WHERE state = 'running') AS running WHERE %s AND "
  .. "EXISTS(SELECT 1 FROM report WHERE %s)"):format(has_room, waits)

-- Takes the report that has waited longest: its id and options, and whether somebody died working on it; nil if there is none,
-- or no room for one.
local function claim(self)
  local row = self.monitor.database:row(wanted_sql, self.running, now(self))
  if not row or not self.leash:may_begin(row.running) then
    return nil
  end
  local most = self.leash:is_log_long() and 1 or self.running -- others may have begun one meanwhile
  local claimed
  local good = change(self, function(execute)
    local _, _, id = execute("SELECT report_id FROM report WHERE " .. waits .. " AND " .. has_room
      .. " ORDER BY created LIMIT 1", most, now(self))
    if id then
      execute([[UPDATE report SET state = 'running', owner = ?2, lease = ?3, started = ?4, error = NULL,
        attempts = attempts + 1 WHERE report_id = ?1]], id, self.owner, now(self) + LEASE, now(self))
      local _, _, options = execute("SELECT options FROM report WHERE report_id = ?", id)
      local _, _, attempts = execute("SELECT attempts FROM report WHERE report_id = ?", id)
      claimed = { id = id, options = options, is_again = attempts > 1 }
    end
    return true
  end)
  return good and claimed
end

-- Starts the job of a report; nil and the failure.
local function start_job(self, claimed)
  if claimed.is_again then
    remove_parts(self, claimed.id)
  end
  local options, why = cjson.decode(claimed.options)
  if not options then
    return nil, "EINVAL: the report's options cannot be read: " .. tostring(why)
  end
  options.threads = options.threads or self.threads
  local file = { path = self:path(claimed.id), figures_path = self:figures_path(claimed.id),
    neutralise_formulas = self.neutralise_formulas }
  local is_in_cluster = self.monitor.file ~= self.monitor.path -- which a thread asks as patiently as its file says
  if is_in_cluster or threaded_job.is_needed(options) then
    return threaded_job.start(self.monitor, claimed.options, self.threads, file, self.folder)
  end
  return Job.start(self.monitor, options, file)
end

local function start(self, claimed)
  local called, job, message = pcall(start_job, self, claimed)
  if not called then
    tell(self, ("report %s: %s"):format(claimed.id, tostring(job)))
    job, message = nil, failure_of(job)
  end
  if job then
    self.jobs[claimed.id] = { job = job, run = self.leash:begin(), renewed = self.steady() }
  else
    finish(self, claimed.id, "failed", message)
  end
end

local function take(self)
  local claimed = claim(self)
  while claimed do
    start(self, claimed)
    claimed = claim(self)
  end
end

local ended_sql = [[SELECT report_id FROM report WHERE state IN ('complete', 'failed') AND (finished < ?1
  OR report_id NOT IN (SELECT report_id FROM report WHERE state IN ('complete', 'failed') ORDER BY finished DESC LIMIT ?2))]]

--- Removes a report, and its files. One that waits or runs is cancelled: within a second or so, whichever process computes it.
-- @treturn true|nil
-- @treturn ?string the failure; ENOENT if there is none
-- @treturn ?string its code
function Queue:remove(id)
  local removed, message, code = change(self, function(execute)
    if execute("DELETE FROM report WHERE report_id = ?", id) == 0 then
      transaction.fail("ENOENT", "there is no report %s", id)
    end
    return true
  end)
  if removed then
    if self.jobs[id] then
      leave(self, id, self.jobs[id])
    end
    remove_files(self, id)
  end
  return removed, message, code
end

-- Removes files that no report has: of those that were removed or taken over while they were written.
local function sweep(self)
  if lfs.attributes(self.folder, "mode") ~= "directory" then
    return
  end
  for name in lfs.dir(self.folder) do
    local id = name:match("^([%x-]+)%.csv") or name:match("^([%x-]+)%.figures%.csv") or name:match("^([%x-]+)%.attributes%.json")
    if id and Queue.is_id(id) then
      local row = self.monitor.database:row("SELECT state FROM report WHERE report_id = ?", id)
      local is_part = name:sub(-5) == ".part"
      if row == false or (row and is_part and row.state ~= "running") then
        os.remove(self.folder .. "/" .. name)
      end
    end
  end
end

-- Removes what is too old, or too much.
local function tidy(self)
  if math.abs(now(self) - self.tidied) < TIDY_EVERY then
    return
  end
  self.tidied = now(self)
  for _, row in ipairs(self.monitor.database:rows(ended_sql, now(self) - self.keep, self.keep_count) or {}) do
    self:remove(row.report_id)
  end
  sweep(self)
end

--- Does what there is to do: notes what has ended, renews leases, takes queued reports. It does not wait for reports; where
-- the database is busy, what failed is tried again the next time. What is raised on the way is told to the option `log`.
function Queue:tick()
  guarded(self, "reports that run", look_after)
  guarded(self, "reports whose worker died", reclaim)
  guarded(self, "reports that wait", take)
  guarded(self, "reports that have ended", tidy)
end

--- Whether this process computes any report.
function Queue:is_idle()
  return next(self.jobs) == nil and #self.leaving == 0
end

-- Waits for jobs until a time, and keeps their leases.
local function await(self, deadline)
  for _, entry in pairs(self.jobs) do
    local ended
    repeat
      local called, result = pcall(entry.job.wait, entry.job, math.max(0, math.min(1, deadline - core.clock())))
      ended = not called or result
      guarded(self, "reports that run", look_after)
    until ended or core.clock() >= deadline
  end
end

--- Waits for the reports that this process computes, and notes what became of them; those that take longer are given back to
-- the queue at once, which does not count as an attempt, rather than when this process is gone. Others who write are waited
-- for: it is the last chance.
-- @tparam[opt=30] number seconds how long to wait at the most
function Queue:close(seconds)
  await(self, core.clock() + (seconds or 30))
  self.monitor.database:set_busy_timeout(GIVE_BACK) -- which nobody else asks now
  guarded(self, "reports that run", look_after)
  local deadline = core.clock() + GIVE_BACK / 1000
  for id, entry in pairs(self.jobs) do
    local given
    repeat
      given = guarded(self, "report " .. id, give_back, id)
    until given ~= nil or core.clock() >= deadline
    if given == nil then
      tell(self, ("report %s could not be given back"):format(id))
    end
    leave(self, id, entry)
  end
  for _, entry in ipairs(self.leaving) do
    see_off(self, entry)
  end
  self.leaving = {}
  owner.leave(self.owner)
end

--- Stops the reports that this process computes without noting anything: the database is not the one that they are in.
function Queue:abandon()
  for id, entry in pairs(self.jobs) do
    leave(self, id, entry)
  end
  for _, entry in ipairs(self.leaving) do
    entry.job:close()
  end
  self.leaving = {}
  owner.leave(self.owner)
end

check.methods(Queue, "loom.queue", { "new", "is_id" })

return Queue
