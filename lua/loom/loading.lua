--- Loading of input files: reading each, then writing all of them in one transaction.
-- @module loom.loading

local core = require "loom.core"

local loading = {}

--- The kinds of file in the order in which they are loaded, with their usual names.
loading.kinds = {
  { name = "status", kind = "polls", file = "store_status.csv" },
  { name = "hours", kind = "hours", file = "menu_hours.csv" },
  { name = "timezones", kind = "timezones", file = "timezones.csv" },
  { name = "special_days", kind = "special_days", file = "special_days.csv" },
  { name = "exclusions", kind = "exclusions", file = "exclusions.csv" },
}

-- Records written between two calls of the progress function.
local WRITE_STEP = 200000

local known_options = { max_rejects = true, on_reject = true, progress = true, threads = true }
for _, kind in ipairs(loading.kinds) do
  known_options[kind.name] = true
end

--- The files of a folder that go by their usual names, or by those with ".gz", as options of `ingest`.
-- @tparam string folder
-- @tparam function exists takes a path
-- @treturn table|nil nil if there are none
function loading.find(folder, exists)
  local files = {}
  for _, kind in ipairs(loading.kinds) do
    local path = folder:gsub("/*$", "") .. "/" .. kind.file
    for _, candidate in ipairs { path, path .. ".gz" } do
      if not files[kind.name] and exists(candidate) then
        files[kind.name] = candidate
      end
    end
  end
  return next(files) and files or nil
end

local function take_rejects(file, on_reject)
  local reject = file.ingest:reject()
  while reject do
    if on_reject then
      reject.source = file.source
      on_reject(reject)
    end
    reject = file.ingest:reject()
  end
end

-- Reads a file to its end: true, or nil and the failure.
local function read(file, options)
  local input, message, code = core.input(file.path)
  if not input then
    return nil, message, code
  end
  local more
  repeat
    more, message, code = file.ingest:read(input)
    if more and options.progress then
      local done, total = input:position()
      options.progress(done, total, file.source, "reading")
    end
    take_rejects(file, options.on_reject)
  until not more
  input:close()
  if more == false then
    more, message, code = file.ingest:finish()
    take_rejects(file, options.on_reject)
  end
  return more, message, code
end

-- Opens an ingest for each file; `files` is filled as far as it goes, so that the caller can close them.
local function open(database, options, files)
  local max_rejects = options.max_rejects == "all" and -1 or options.max_rejects
  for _, kind in ipairs(loading.kinds) do
    local paths = options[kind.name]
    for _, path in ipairs(type(paths) == "table" and paths or { paths }) do
      local source = path == "-" and "standard input" or path
      local ingest, message, code = core.ingest(database, {
        kind = kind.kind,
        source = source,
        max_rejects = max_rejects,
        threads = options.threads,
      })
      if not ingest then
        return nil, message, code
      end
      files[#files + 1] = { ingest = ingest, path = path, source = source, kind = kind.kind }
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

local function load_files(database, files, options)
  local good, message, code = open(database, options, files)
  for i = 1, good and #files or 0 do
    good, message, code = timed(files[i], read, files[i], options)
    if not good then
      return nil, message, code
    end
  end
  if good then
    good, message, code = database:begin()
  end
  for i = 1, good and #files or 0 do
    good, message, code = timed(files[i], write, files[i], options)
    if not good then
      return nil, message, code
    end
  end
  if not good then
    return nil, message, code
  end
  local last = files[#files]
  return timed(last, database.commit, database)
end

local function summary(file)
  local counts = file.ingest:counts()
  counts.source, counts.kind, counts.seconds = file.source, file.kind, file.seconds
  return counts
end

local function check_options(options)
  local any = false
  for name in pairs(options) do
    if not known_options[name] then
      error(("unknown option '%s'"):format(tostring(name)), 4)
    end
  end
  for _, kind in ipairs(loading.kinds) do
    any = any or options[kind.name] ~= nil
  end
  if not any then
    error("no files to ingest (status, hours, timezones, special_days or exclusions expected)", 4)
  end
end

--- See `loom.monitor:ingest`.
function loading.ingest(database, options)
  check_options(options)
  local files = {}
  local called, good, message, code = pcall(load_files, database, files, options)
  local summaries = {}
  if called and good then
    for i, file in ipairs(files) do
      summaries[i] = summary(file)
    end
  end
  for _, file in ipairs(files) do
    file.ingest:close()
  end
  if not called or not good then
    database:rollback()
  end
  if not called then
    error(good, 0) -- raised by a function of the caller's
  end
  if not good then
    return nil, message, code
  end
  return summaries
end

return loading
