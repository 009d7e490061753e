--- Loading of input files: reading each, then writing all of them in one transaction.
-- @module loom.loading

local author = require "loom.author"
local check = require "loom.check"
local core = require "loom.core"
local lfs = require "lfs"
local small_file = require "loom.small_file"
local source = require "loom.source"
local time = require "loom.time"
local transaction = require "loom.transaction"

local loading = {}

--- The kinds of file in the order in which they are loaded, with their usual names. `also` is what else a kind is called where
-- it is asked for.
loading.kinds = {
  { name = "polls", also = "status", file = "store_status.csv" },
  { name = "hours", file = "menu_hours.csv" },
  { name = "timezones", file = "timezones.csv" },
  { name = "special_days", file = "special_days.csv" },
  { name = "exclusions", file = "exclusions.csv" },
  { name = "attributes", file = "attributes.csv" },
}

-- How databases begin (SQLite's file format documentation, section 1.3).
local SQLITE_MAGIC = "SQLite format 3\0"

-- Records written between two calls of the progress function.
local WRITE_STEP = 200000

local function max_rejects(value)
  if value == "all" then
    return -1
  end
  local number = check.integer(0, 2 ^ 53)(value)
  return number, not number and 'whole number, or "all"' or nil
end

--- Checkers of the options that ingests of every sort share.
loading.checkers = author.with {
  max_ahead = time.max_ahead,
  max_rejects = max_rejects,
  on_reject = check.callable,
  replace_overrides = check.boolean,
  threads = check.integer(0, core.limits.threads),
}

-- One source or a list of them, resolved.
local function sources_checker(name)
  return function(value)
    local expected = "path, open file, function, or list of them"
    local list, values = {}, source.is_one(value) and { value } or value
    if not check.length(values) then
      return nil, expected
    end
    for i, item in ipairs(values) do
      list[i] = source.resolve(item, name)
      if not list[i] then
        return nil, expected, false, item
      end
    end
    return list
  end
end

local checkers = { progress = check.callable }
for name, checker in pairs(loading.checkers) do
  checkers[name] = checker
end
for _, kind in ipairs(loading.kinds) do
  checkers[kind.name] = sources_checker(kind.name)
  if kind.also then
    checkers[kind.also] = sources_checker(kind.also)
  end
end

-- All sources of a kind, by whichever name they were given.
local function sources_of(options, kind)
  local list = {}
  for _, name in ipairs { kind.name, kind.also } do
    for _, from in ipairs(options[name] or {}) do
      list[#list + 1] = from
    end
  end
  return list
end

-- The kind whose files usually have a name, or that name with ".gz"; nil if there is none.
local function kind_by_name(name)
  for _, kind in ipairs(loading.kinds) do
    if name == kind.file or name == kind.file .. ".gz" then
      return kind.name
    end
  end
end

--- The usual name of a kind's files.
function loading.usual_name(wanted)
  for _, kind in ipairs(loading.kinds) do
    if kind.name == wanted then
      return kind.file
    end
  end
end

--- The kind of a file, by its usual name, or else by its header: see src/core/read/recognize.h.
-- @tparam string path
-- @treturn string|nil the kind's name
-- @treturn ?string why it is not known
-- @treturn ?string its code
function loading.recognize(path)
  local kind = kind_by_name(path:match "[^/]*$")
  if kind then
    return kind
  end
  return core.kind_of_file(path)
end

-- Whether a file is a database, or a part of one, which may be in the folder that its data come from.
local function is_database(path)
  return path:find "%-wal$" or path:find "%-shm$" or path:find "%-journal$"
    or small_file.read(path, #SQLITE_MAGIC) == SQLITE_MAGIC
end

--- The files of a folder: those by their usual names, each also with ".gz", and those that are known by their headers.
-- @tparam string folder
-- @treturn table|nil paths by kind, each a sorted list
-- @treturn {string,...}|string what is left out, and why; where there are no files, the failure
function loading.find(folder)
  local names, files, left_out = {}, {}, {}
  for name in lfs.dir(folder) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local path = folder:gsub("/*$", "") .. "/" .. name
    local is_twin = name:sub(-3) == ".gz" and lfs.attributes(path:sub(1, -4), "mode") == "file"
    local is_candidate = not name:find "^%." and lfs.attributes(path, "mode") == "file" and not is_twin and not is_database(path)
    local kind, message
    if is_candidate then
      kind, message = loading.recognize(path)
    end
    if kind then
      files[kind] = files[kind] or {}
      table.insert(files[kind], path)
    elseif message then
      left_out[#left_out + 1] = message:gsub("^E%u+: ", "")
    end
  end
  if next(files) then
    return files, left_out
  end
  return nil, ("%s: has none of the files that loom ingest knows%s"):format(folder, left_out[1] and "; " .. left_out[1] or "")
end

--- Passes the bad rows that an ingest has met on to the caller's function.
function loading.take_rejects(ingest, name, on_reject)
  local reject = ingest:reject()
  while reject do
    if on_reject then
      reject.source = name
      on_reject(reject)
    end
    reject = ingest:reject()
  end
end

--- Opens a native ingest.
-- @param database
-- @tparam string kind
-- @tparam string name
-- @tparam table options that have been checked, and `latest`: see `loom.time`; and `author`: see `loom.author`
-- @param beside another one of the same load, whose stores it shares
function loading.open(database, kind, name, options, beside)
  local by = options.author
  return core.ingest(database, {
    by = by.by,
    reason = by.reason,
    at = by.at,
    kind = kind,
    source = name,
    latest = options.latest,
    max_rejects = options.max_rejects,
    threads = options.threads,
    replace_overrides = options.replace_overrides,
    beside = beside,
  })
end

-- Reads a file to its end: true, or nil and the failure.
local function read(file, options)
  local function on_chunk(done, total)
    if options.progress then
      options.progress(done, total, file.source, "reading")
    end
    loading.take_rejects(file.ingest, file.source, options.on_reject)
  end
  local good, message, code = source.read(file.ingest, file.from, on_chunk)
  if good then
    good, message, code = file.ingest:finish()
  end
  loading.take_rejects(file.ingest, file.source, options.on_reject)
  return good, message, code
end

-- Opens an ingest for each file; `files` is filled as far as it goes, so that the caller can close them. Where there are polls
-- all share their stores, which are put in order when the polls are.
local function open(database, options, files)
  for _, kind in ipairs(loading.kinds) do
    for _, from in ipairs(sources_of(options, kind)) do
      local beside = files[1] and files[1].kind == "polls" and files[1].ingest or nil
      local ingest, message, code = loading.open(database, kind.name, from.name, options, beside)
      if not ingest then
        return nil, message, code
      end
      files[#files + 1] = { ingest = ingest, from = from, source = from.name, kind = kind.name }
    end
  end
  return true
end

local function write(file, options)
  local done, share, code
  repeat
    done, share, code = file.ingest:apply(WRITE_STEP)
    if done == nil then
      return nil, share, code
    end
    if options.progress then
      options.progress(share, 1, file.source, "writing")
    end
  until done
  return true
end

local function timed(file, step, ...)
  local start = core.clock()
  local good, message, code = step(...)
  file.seconds = (file.seconds or 0) + core.clock() - start
  return good, message, code
end

-- Calls a step for each file, until one fails.
local function each(files, step, options)
  for _, file in ipairs(files) do
    local good, message, code = timed(file, step, file, options)
    if not good then
      return nil, message, code
    end
  end
  return true
end

--- Writes files that have been read, in one transaction of their own.
function loading.commit(database, files, options)
  local good, message, code = database:begin()
  if not good then
    return nil, message, code
  end
  local called
  local guard = transaction.guard(database)
  called, good, message, code = pcall(each, files, write, options)
  guard.ended = true
  if called and good then
    return timed(files[#files], database.commit, database)
  end
  database:rollback()
  if not called then
    error(good, 0) -- raised by a function of the caller's
  end
  return nil, message, code
end

local function load_files(database, files, options)
  local good, message, code = open(database, options, files)
  if good then
    good, message, code = each(files, read, options)
  end
  if good then
    good, message, code = loading.commit(database, files, options)
  end
  return good, message, code
end

--- What became of a file: see `loom.monitor:ingest`.
function loading.summary(file)
  local counts = file.ingest:counts()
  counts.source, counts.kind, counts.seconds = file.source, file.kind, file.seconds
  return counts
end

-- The agent tells of files that could not be loaded (`loom.agent.system`), where there is somebody to tell.
local FAILED = "ingest failed"

local function has_row(monitor, sql, ...)
  local rows = monitor.path ~= ":memory:" and lfs.attributes(monitor.path) and monitor.database:rows(sql, ...)
  return rows and rows[1] ~= nil
end

-- A text with another in the place of a part, wherever that is.
local function replace(text, part, with)
  local parts, from = {}, 1
  local first, last = text:find(part, 1, true)
  while first do
    parts[#parts + 1] = text:sub(from, first - 1) .. with
    from = last + 1
    first, last = text:find(part, from, true)
  end
  return table.concat(parts) .. text:sub(from)
end

-- Who hears of it need not know where files are on this machine. All else stays as it is: values have slashes, too.
local function without_folders(monitor, message, options)
  local paths = { monitor.path }
  for _, kind in ipairs(loading.kinds) do
    for _, from in ipairs(sources_of(options, kind)) do
      paths[#paths + 1] = from.path
    end
  end
  table.sort(paths, function(a, b) return #a > #b end) -- one may begin with another
  for _, path in ipairs(paths) do
    if path:find("/", 1, true) then
      message = replace(message, path, path:match "[^/]*/*$")
    end
  end
  return message
end

local function note_failure(monitor, message, options)
  message = without_folders(monitor, message, options)
  if has_row(monitor, "SELECT 1 AS found FROM alert_channel LIMIT 1") then
    transaction.run(monitor.database, function(execute)
      return execute("INSERT OR REPLACE INTO service(name, value) VALUES(?, ?)", FAILED,
        ("%d %s"):format(time.now(monitor), core.utf8(message):sub(1, 500)))
    end, true)
  end
end

local function note_success(monitor)
  if has_row(monitor, "SELECT 1 AS found FROM service WHERE name = ?", FAILED) then
    transaction.run(monitor.database, function(execute)
      return execute("DELETE FROM service WHERE name = ?", FAILED)
    end, true)
  end
end

--- See `loom.monitor:ingest`.
function loading.ingest(monitor, options)
  options = check.options("ingest", check.argument("ingest", 1, options, check.table), checkers)
  local any = false
  for _, kind in ipairs(loading.kinds) do
    any = any or #sources_of(options, kind) > 0
  end
  if not any then
    check.fail("no files to 'ingest' (polls, hours, timezones, special_days, exclusions or attributes expected)")
  end
  options.author = author.of(monitor, options)
  options.latest = time.latest(options.author.at, options.max_ahead or monitor.max_ahead)
  local files, summaries = {}, {}
  local called, good, message, code = pcall(load_files, monitor.database, files, options)
  for i, file in ipairs(files) do
    summaries[i] = called and good and loading.summary(file) or nil
    file.ingest:close()
  end
  if not called then
    error(good, 0)
  elseif not good then
    if code ~= "EBUSY" then -- who has waited for another that writes would wait as long again
      pcall(note_failure, monitor, message, options) -- the caller's functions may have closed the monitor
    end
    return nil, message, code
  end
  pcall(note_success, monitor)
  return summaries
end

return loading
