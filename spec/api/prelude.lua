--- What the scripts in these tests share: handles of every kind, and calls of all that they can do.

local core = require "loom.core"

local prelude = { core = core }

--- Writes polls of the stores numbered from `first` to `last`, each a minute after the one before it.
function prelude.add(db, first, last)
  local batch = core.staging(10)
  for i = first, last do
    assert(batch:add("store " .. i, i % 3 > 0, i * 60000000))
  end
  assert(db:begin())
  assert(batch:apply(db))
  assert(db:commit())
  batch:close()
end

function prelude.polls(db)
  local rows = assert(db:query "SELECT count(*) AS n FROM polls")
  local row = rows()
  rows:close()
  return row.n
end

--- A report of an hour, not started.
function prelude.report(db, options)
  options = options or {}
  options.windows = { { length = 3600000000 } }
  options.default_zone = "UTC"
  return assert(core.report(db, options))
end

function prelude.wait(report)
  while not assert(report:wait(1000) ~= nil) or not report:wait(0) do
  end
  return report
end

--- An ingest that has read one poll.
function prelude.ingest(db)
  local ingest = assert(core.ingest(db, { kind = "polls", threads = 1 }))
  assert(ingest:feed "store_id,status,timestamp_utc\nfile,active,2023-01-24 10:00:00\n")
  return ingest
end

--- Handles of every kind on a new database that holds `count` polls.
function prelude.open_all(path, count)
  local h = {}
  h.db = assert(core.open(path, { create = true }))
  prelude.add(h.db, 1, count)
  h.complete = prelude.report(h.db, { strip_window = 1, strip_bins = 4 })
  assert(h.complete:start())
  prelude.wait(h.complete)
  h.prepared = prelude.report(h.db, { private = true })
  h.running = prelude.report(h.db, { private = true })
  assert(h.running:start())
  h.rows = assert(h.db:query "SELECT * FROM polls")
  assert(h.rows())
  h.export = assert(core.export(h.db, "polls"))
  assert(h.export:next())
  h.walk = assert(core.walk(h.db, 0, 86400000000))
  assert(h.walk:next())
  h.facts = core.facts(h.db)
  h.batch = core.staging(1)
  for i = 1, 5 do
    assert(h.batch:add("batch " .. i, true, 0))
  end
  h.ingest = prelude.ingest(h.db)
  h.input = assert(core.input(path))
  return h
end

-- Calls of an object's methods, by the handle's kind and the method.
local function add_calls(calls, kind, object, methods)
  for name, arguments in pairs(methods) do
    calls[#calls + 1] = { kind = kind, name = name, call = function()
      return object[name](object, table.unpack(arguments))
    end }
  end
end

--- Calls of everything that touches files, threads, or what only their own state may touch.
function prelude.calls(h)
  local db, calls = h.db, {}
  add_calls(calls, "monitor", db, { begin = {}, commit = {}, rollback = {}, info = {}, check = {}, prune = { { keep = 1 } },
    removal = { { store = "a" } }, remove = { { store = "a" } }, query = { "SELECT 1" }, execute = { "DELETE FROM store" } })
  local functions = { ingest = { { kind = "polls" } }, report = { { windows = { { length = 1 } }, default_zone = "UTC" } },
    export = { "polls" }, walk = { 0, 1 }, facts = {}, is_timezone = { "UTC" }, local_date = { "UTC", 0 },
    inspect = { { id = "a", length = 1 } } }
  for name, arguments in pairs(functions) do
    calls[#calls + 1] = { kind = "monitor", name = name, call = function()
      return core[name](db, table.unpack(arguments))
    end }
  end
  for _, name in ipairs { "complete", "prepared", "running" } do
    add_calls(calls, "report", h[name], { start = {}, wait = { 0 }, cancel = {}, override_week = { "a", {} },
      override_date = { "a", 0, {} } })
  end
  calls[#calls + 1] = { kind = "rows", name = "call", call = function() return h.rows() end }
  add_calls(calls, "rows", h.rows, { columns = {} })
  add_calls(calls, "export", h.export, { next = {} })
  add_calls(calls, "walk", h.walk, { next = {}, openings = { 0 } })
  add_calls(calls, "facts", h.facts, { begin = {}, put = { { kind = "store", store = "a" } }, list = { { kind = "store" } },
    choose = { {} }, remove = { { kind = "zone", store = "a" } }, names = {}, commit = {}, rollback = {} })
  add_calls(calls, "staging", h.batch, { add = { "a", true, 0 }, apply = { db } })
  add_calls(calls, "ingest", h.ingest, { feed = { "a,active,2023-01-24 10:00:00\n" }, read = { h.input }, finish = {},
    apply = { 1 }, reject = {}, counts = {} })
  add_calls(calls, "input", h.input, { position = {} })
  return calls
end

--- Every call raises that the handle belongs to another process or state.
function prelude.assert_all_raise(h, owner)
  for _, c in ipairs(prelude.calls(h)) do
    local good, message = pcall(c.call)
    local expected = "loom." .. c.kind .. " belongs to another " .. owner
    if good or message:gsub("^%S+:%d+: ", "") ~= expected then
      error(("%s %s: %s"):format(c.kind, c.name, tostring(message)))
    end
  end
end

function prelude.close_all(h)
  for name, handle in pairs(h) do
    handle:close()
    handle:close()
    h[name] = nil
  end
  collectgarbage()
  collectgarbage()
end

return prelude
