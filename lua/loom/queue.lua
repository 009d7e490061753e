--- Reports that are made in the background, and outlive the process that was asked for them.
--
-- A report is a row of the table `report`: queued, then running, then complete or failed. Every process that serves a database
-- has a queue on it and calls `tick` a few times a second, which never waits: it takes queued reports and computes them on
-- native threads, which also write the files. Who works on a report holds a lease on it, and renews it; when the worker dies
-- another takes the report over, at once where it can see that the process is gone, and else when the lease has run out. After
-- three attempts the report has failed.
-- @classmod loom.queue

local check = require "loom.check"
local cjson = require "cjson.safe"
local core = require "loom.core"
local Job = require "loom.job"
local lfs = require "lfs"
local Report = require "loom.report"
local time = require "loom.time"
local transaction = require "loom.transaction"

local Queue = {}
Queue.__index = Queue

--- What a report may be.
Queue.states = { "queued", "running", "complete", "failed" }

local SECOND = 1000000 -- microseconds
local ATTEMPTS = 3
local LEASE = 15 * SECOND -- several renewals may fail before it is lost
local RENEW_EVERY = 1 * SECOND
local TIDY_EVERY = 60 * SECOND

local checkers = {
  folder = check.string,
  running = check.integer(1, 64),
  queued = check.integer(0, 1000000),
  keep_seconds = check.number(0, 1e11),
  keep_count = check.integer(0, 1e9),
  threads = check.integer(0, 64),
  on_end = check.callable,
}

-- ---- owners ----

-- When a process was started, in ticks since the system was (proc(5), field 22 of stat); nil if there is none of that id.
local function start_of(pid)
  local file = io.open("/proc/" .. pid .. "/stat")
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text and text:match("^%d+ %(.*%) %S" .. (" %-?%d+"):rep(18) .. " (%d+)")
end

-- The process ids of another namespace, such as a container's, mean nothing here.
local function pid_namespace()
  return lfs.symlinkattributes("/proc/self/ns/pid", "target") or "none"
end

-- A name for this process that no other one ever has.
local function make_owner()
  local pid = lfs.symlinkattributes("/proc/self", "target") or "0"
  return ("%s %s %s %s"):format(pid_namespace(), pid, start_of(pid) or "0", core.uuid())
end

-- Whether an owner's process is known to be gone.
local function is_gone(owner)
  local namespace, pid, start = owner:match("^(%S+) (%d+) (%d+) ")
  return namespace == pid_namespace() and pid ~= "0" and start_of(pid) ~= start
end

-- ---- making ----

--- Makes a queue on a monitor's database.
-- @tparam loom.monitor monitor not `:memory:`
-- @tparam table options `folder`: where report files go, which must exist; `running`: how many reports are computed at a time, by
--   all processes together (default 2); `queued`: how many may wait (default 100); `keep_seconds` and `keep_count`: how long,
--   and how many, reports that have ended are kept (default a week, and 1000); `threads`: of each report;
--   `on_end`: function (id, state), called when a report that this process computed is complete or has failed
-- @treturn loom.queue
function Queue.new(monitor, options)
  options = check.options("queue", options, checkers)
  if not options.folder then
    check.fail("missing option 'folder' to 'queue'")
  end
  return setmetatable({
    monitor = monitor,
    folder = options.folder,
    running = options.running or 2,
    queued = options.queued or 100,
    keep = math.floor((options.keep_seconds or 7 * 86400) * SECOND),
    keep_count = options.keep_count or 1000,
    threads = options.threads,
    on_end = options.on_end,
    owner = make_owner(),
    jobs = {},
    tidied = 0,
  }, Queue)
end

local function now(self)
  return time.instant(self.monitor.clock())
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

--- Whether a text has the form of a report's id.
function Queue.is_id(text)
  return type(text) == "string" and #text == 36
    and text:find("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89abAB]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$") ~= nil
end

-- Options as text that is the same for the same options.
local function canonical(value)
  if type(value) ~= "table" then
    return assert(cjson.encode(value))
  elseif #value > 0 or next(value) == nil then
    local parts = {}
    for i, item in ipairs(value) do
      parts[i] = canonical(item)
    end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  local names, parts = {}, {}
  for name in pairs(value) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    parts[i] = cjson.encode(name) .. ":" .. canonical(value[name])
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

-- ---- asking ----

--- Asks for a report. A report with the same options that still waits serves both who asked.
-- @tparam[opt] table options as in `loom.monitor:report`, but for functions, `progress` and `strips`; wrong ones raise an error
-- @treturn string|nil the report's id, a UUID
-- @treturn ?string the failure; EBUSY when too many wait
-- @treturn ?string its code
function Queue:trigger(options)
  Report.check_options("trigger", options)
  local text = next(options or {}) and canonical(options) or "{}"
  return change(self, function(execute)
    local _, _, same = execute("SELECT report_id FROM report WHERE state = 'queued' AND options = ?", text)
    if same then
      return same
    end
    local _, _, waiting = execute("SELECT count(*) FROM report WHERE state = 'queued'")
    if waiting >= self.queued then
      transaction.fail("EBUSY", "%d reports are waiting already", waiting)
    end
    local id = core.uuid()
    execute("INSERT INTO report(report_id, options, state, created) VALUES(?, ?, 'queued', ?)", id, text, now(self))
    return id
  end)
end

local function row_of(database, sql, ...)
  local rows, message, code = database:query(sql, ...)
  if not rows then
    return nil, message, code
  end
  local row = rows()
  rows:close()
  return row or false
end

--- How many reports wait.
-- @treturn table|nil `count`, and `full`, whether no more are taken
-- @treturn ?string the failure
-- @treturn ?string its code
function Queue:waiting()
  local row, message, code = row_of(self.monitor.database, "SELECT count(*) AS count FROM report WHERE state = 'queued'")
  if not row then
    return nil, message, code
  end
  row.full = row.count >= self.queued
  return row
end

local report_sql = [[SELECT report_id, state, progress, error, options, details, created AS created_us,
  created / 1e6 AS created, started / 1e6 AS started, finished / 1e6 AS finished FROM report WHERE ]]

-- What is running here is further than its row tells.
local function with_progress(self, row)
  local job = row and row.state == "running" and self.jobs[row.report_id]
  if job then
    row.progress = job.job:progress()
  end
  return row
end

--- How a report stands.
-- @treturn table|false|nil `report_id`, `state` (see `Queue.states`), `progress` (0 to 1), `error`, `options` and `details`
--   (JSON), and in seconds `created`, `started`, `finished`; false if there is no such report
-- @treturn ?string the failure
-- @treturn ?string its code
function Queue:get(id)
  local row, message, code = row_of(self.monitor.database, report_sql .. "report_id = ?", id)
  return with_progress(self, row), message, code
end

local list_sql = report_sql .. [[(?1 IS NULL OR state = ?1) AND (?2 IS NULL OR (created, report_id) < (?2, ?3))
  ORDER BY created DESC, report_id DESC LIMIT ?4]]

--- Reports, the newest first.
-- @tparam table options `state`; `limit`; `before` and `before_id`: the `created_us` and `report_id` of the one that those
--   wanted come after
-- @treturn {table,...}|nil what `get` gives, and `created_us` in microseconds
-- @treturn ?string the failure
-- @treturn ?string its code
function Queue:list(options)
  local rows, message, code = self.monitor.database:query(list_sql, options.state, options.before, options.before_id,
    options.limit)
  if not rows then
    return nil, message, code
  end
  local list = {}
  for row in rows do
    list[#list + 1] = with_progress(self, row)
  end
  return list
end

-- ---- working ----

-- Notes what became of a report, unless somebody else has it by now.
local function finish(self, id, state, message, details)
  local noted = change(self, function(execute)
    return execute([[UPDATE report SET state = ?1, error = ?2, finished = ?3, owner = NULL, lease = NULL, progress = ?4,
      details = ?7 WHERE report_id = ?5 AND state = 'running' AND owner = ?6]], state, message, now(self),
      state == "complete" and 1 or 0, id, self.owner, details)
  end)
  if noted == 1 and self.on_end then
    self.on_end(id, state)
  end
  return noted
end

local function renew(self, id, entry)
  if now(self) - entry.renewed < RENEW_EVERY then
    return
  end
  local held = change(self, function(execute)
    return execute("UPDATE report SET lease = ?, progress = ? WHERE report_id = ? AND state = 'running' AND owner = ?",
      now(self) + LEASE, entry.job:progress(), id, self.owner)
  end)
  if held then
    entry.renewed = now(self)
  end
  if held == 0 then -- the lease ran out, and another has taken the report over
    entry.job:close()
    self.jobs[id] = nil
  end
end

-- What has to be known to write a report's figures in other formats. Instants are text: JSON's numbers lose microseconds.
local function details_of(report)
  local function text(seconds)
    return time.text(time.instant(seconds))
  end
  local windows = {}
  for i, window in ipairs(report.windows) do
    windows[i] = { name = window.name, unit = window.unit, from = text(window.from), to = text(window.to) }
  end
  return cjson.encode { as_of = text(report.as_of), windows = windows, rules = report.rules, stores = report:count() }
end

-- Looks after the reports that this process computes.
local function look_after(self)
  for id, entry in pairs(self.jobs) do
    local state = entry.job:state()
    if state == "running" then
      renew(self, id, entry)
    else
      local report, message = entry.job:result()
      if finish(self, id, report and "complete" or "failed", message, report and details_of(report)) then
        if report then
          report:close()
        end
        entry.job:close()
        self.jobs[id] = nil
      end
    end
  end
end

-- Reports whose worker has died: their lease has run out, or its process is gone.
local function orphans(self)
  local ids = {}
  local rows = self.monitor.database:query("SELECT report_id, owner, lease FROM report WHERE state = 'running'")
  for row in rows or function() end do
    if row.lease < now(self) or is_gone(row.owner) then
      ids[#ids + 1] = row
    end
  end
  return ids
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

local has_room = "(SELECT count(*) FROM report WHERE state = 'running') < ?1"

-- Takes the report that has waited longest: its id and options; nil if there is none, or no room for one.
local function claim(self)
  local row = row_of(self.monitor.database,
    "SELECT 1 AS found WHERE " .. has_room .. " AND EXISTS(SELECT 1 FROM report WHERE state = 'queued')", self.running)
  if not row then
    return nil
  end
  local claimed
  local good = change(self, function(execute)
    local _, _, id = execute("SELECT report_id FROM report WHERE state = 'queued' AND " .. has_room
      .. " ORDER BY created LIMIT 1", self.running)
    if id then
      execute([[UPDATE report SET state = 'running', owner = ?2, lease = ?3, started = ?4, attempts = attempts + 1
        WHERE report_id = ?1]], id, self.owner, now(self) + LEASE, now(self))
      local _, _, options = execute("SELECT options FROM report WHERE report_id = ?", id)
      claimed = { id = id, options = options }
    end
    return true
  end)
  return good and claimed
end

local function start(self, claimed)
  local options, why = cjson.decode(claimed.options)
  local job, message
  if not options then
    message = "EINVAL: the report's options cannot be read: " .. tostring(why)
  else
    options.threads = options.threads or self.threads
    local called
    called, job, message = pcall(Job.start, self.monitor, options,
      { path = self:path(claimed.id), figures_path = self:figures_path(claimed.id) })
    if not called then
      local misuse = check.misuse(job)
      job, message = nil, "EINVAL: " .. (misuse and misuse.message or tostring(job))
    end
  end
  if job then
    self.jobs[claimed.id] = { job = job, renewed = now(self) }
  else
    finish(self, claimed.id, "failed", message)
  end
end

local ended_sql = [[SELECT report_id FROM report WHERE state IN ('complete', 'failed') AND (finished < ?1
  OR report_id NOT IN (SELECT report_id FROM report WHERE state IN ('complete', 'failed') ORDER BY finished DESC LIMIT ?2))]]

--- Removes a report that has ended, and its file.
-- @treturn true|nil
-- @treturn ?string the failure; ENOENT if there is none, EBUSY if it has not ended
-- @treturn ?string its code
function Queue:remove(id)
  local removed, message, code = change(self, function(execute)
    local _, _, state = execute("SELECT state FROM report WHERE report_id = ?", id)
    if not state then
      transaction.fail("ENOENT", "there is no report %s", id)
    elseif state == "queued" or state == "running" then
      transaction.fail("EBUSY", "report %s has not ended", id)
    end
    execute("DELETE FROM report WHERE report_id = ?", id)
    return true
  end)
  if removed then
    os.remove(self:path(id))
    os.remove(self:figures_path(id))
  end
  return removed, message, code
end

-- Removes files that no report has: of those that were removed or taken over while they were written.
local function sweep(self)
  if lfs.attributes(self.folder, "mode") ~= "directory" then
    return
  end
  for name in lfs.dir(self.folder) do
    local id = name:match("^([%x-]+)%.csv") or name:match("^([%x-]+)%.figures%.csv")
    if id and Queue.is_id(id) then
      local row = row_of(self.monitor.database, "SELECT state FROM report WHERE report_id = ?", id)
      local is_part = name:sub(-5) == ".part"
      if row == false or (row and is_part and row.state ~= "running") then
        os.remove(self.folder .. "/" .. name)
      end
    end
  end
end

-- Removes what is too old, or too much.
local function tidy(self)
  if now(self) - self.tidied < TIDY_EVERY then
    return
  end
  self.tidied = now(self)
  local rows = self.monitor.database:query(ended_sql, now(self) - self.keep, self.keep_count)
  local ids = {}
  for row in rows or function() end do
    ids[#ids + 1] = row.report_id
  end
  for _, id in ipairs(ids) do
    self:remove(id)
  end
  sweep(self)
end

--- Does what there is to do: notes what has ended, renews leases, takes queued reports. It does not wait for reports; where
-- the database is busy, what failed is tried again the next time.
function Queue:tick()
  look_after(self)
  reclaim(self)
  local claimed = claim(self)
  while claimed do
    start(self, claimed)
    claimed = claim(self)
  end
  tidy(self)
end

--- Whether this process computes any report.
function Queue:is_idle()
  return next(self.jobs) == nil
end

--- Waits for the reports that this process computes, and notes what became of them; those that take longer are given back to
-- the queue at once, rather than when their lease runs out.
-- @tparam[opt=30] number seconds how long to wait at the most
function Queue:close(seconds)
  local deadline = core.clock() + (seconds or 30)
  for _, entry in pairs(self.jobs) do
    entry.job:wait(math.max(0, deadline - core.clock()))
  end
  look_after(self)
  for id, entry in pairs(self.jobs) do
    entry.job:close()
    change(self, function(execute)
      return execute([[UPDATE report SET state = 'queued', owner = NULL, lease = NULL, attempts = attempts - 1, progress = 0
        WHERE report_id = ? AND state = 'running' AND owner = ?]], id, self.owner)
    end)
    self.jobs[id] = nil
  end
end

--- Stops the reports that this process computes without noting anything: the database is not the one that they are in.
function Queue:abandon()
  for id, entry in pairs(self.jobs) do
    entry.job:close()
    self.jobs[id] = nil
  end
end

return Queue
