--- An ingest that is fed: bytes go in as they come, from a socket or a pipe, and reach the database when it is finished.
-- `loom.monitor:ingester` gives one.
-- @classmod loom.ingester

local author = require "loom.author"
local check = require "loom.check"
local loading = require "loom.loading"
local time = require "loom.time"

local Ingester = {}
Ingester.__index = Ingester

local kind_names, kind_of = {}, {}
for i, kind in ipairs(loading.kinds) do
  kind_names[i], kind_of[kind.name] = kind.name, kind.name
  if kind.also then
    kind_of[kind.also] = kind.name
  end
end

local function kind_checker(value)
  return kind_of[value], not kind_of[value] and "one of " .. table.concat(kind_names, ", ") or nil
end

local checkers = { source = check.text }
for name, checker in pairs(loading.checkers) do
  checkers[name] = checker
end

--- Makes one: see `loom.monitor:ingester`.
-- @local
function Ingester.new(monitor, name, options)
  local kind = check.argument("ingester", 1, name, kind_checker)
  options = check.options("ingester", options, checkers)
  options.author = author.of(monitor, options)
  options.latest = time.latest(options.author.at, options.max_ahead or monitor.max_ahead)
  local database, from = monitor.database, options.source or name
  local ingest, message, code = loading.open(database, kind, from, options)
  if not ingest then
    return nil, message, code
  end
  local file = { ingest = ingest, source = from, kind = kind }
  return setmetatable({ database = database, file = file, options = options }, Ingester)
end

local function check_open(self, name)
  if not self.file then
    check.fail("bad call of '%s' (the ingester is finished)", name)
  end
  return self.file
end

local function take_rejects(self, file)
  loading.take_rejects(file.ingest, file.source, self.options.on_reject)
end

--- Takes the next bytes, cut anywhere; plain text or gzip.
-- @tparam string chunk
-- @treturn true|nil
-- @treturn ?string the failure, EINPUT for a bad row; every further call then fails alike
-- @treturn ?string its code
-- @usage assert(ingester:feed("store_id,status,timestamp_utc\nshop 1,active,2023-01-25 18:13:22 UTC\n"))
function Ingester:feed(chunk)
  local file = check_open(self, "feed")
  local good, message, code = file.ingest:feed(check.argument("feed", 1, chunk, check.string))
  take_rejects(self, file)
  return good, message, code
end

--- Ends the input and writes all of it in one transaction. The ingester is of no more use afterwards.
-- @treturn table|nil what became of it: see `loom.monitor:ingest`
-- @treturn ?string the failure; the database is then as it was
-- @treturn ?string its code
-- @usage print(assert(ingester:finish()).new)
function Ingester:finish()
  local file = check_open(self, "finish")
  local called, good, message, code = pcall(function()
    local done, why, name = file.ingest:finish()
    take_rejects(self, file)
    if not done then
      return nil, why, name
    end
    return loading.commit(self.database, { file }, {})
  end)
  local summary = called and good and loading.summary(file) or nil
  self:abort()
  if not called then
    error(good, 0)
  end
  return summary, message, code
end

--- Drops what was fed. Harmless when the ingester is finished. In Lua 5.4 an ingester can be a to-be-closed variable,
-- which aborts it.
-- @usage ingester:abort()
function Ingester:abort()
  if self.file then
    self.file.ingest:close()
    self.file = nil
  end
end

Ingester.__close = Ingester.abort

function Ingester:__tostring()
  return ("loom.ingester (%s)"):format(self.file and self.file.kind or "finished")
end

check.methods(Ingester, "loom.ingester", { "new" })

return Ingester
