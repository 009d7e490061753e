--- Databases for specs.

local files = require "support.files"
local loom = require "loom"
local transaction = require "loom.transaction"

local database = {}

--- Input files of a few stores, with an id and texts that need quotes.
database.small = "spec/fixtures/small"

database.kinds = { "polls", "hours", "timezones", "special_days", "exclusions" }

--- Opens a database, a new one if there is none, and writes to it twice: after the first time the file is open, then
-- its log. So the descriptors that are left over are a test's own.
-- @tparam string path
-- @tparam[opt] table options of loom.open
function database.open_warm(path, options)
  options = options or {}
  options.create = true
  local monitor = assert(loom.open(path, options))
  for _ = 1, 2 do
    assert(transaction.run(monitor.database, function(execute)
      return execute "INSERT INTO service VALUES('spec', 'x') ON CONFLICT(name) DO NOTHING"
    end, true))
  end
  return monitor
end

--- The files of a folder as options of monitor:ingest.
function database.files(folder)
  return {
    status = folder .. "/store_status.csv",
    hours = folder .. "/menu_hours.csv",
    timezones = folder .. "/timezones.csv",
    special_days = folder .. "/special_days.csv",
    exclusions = folder .. "/exclusions.csv",
  }
end

--- Makes a database of the small files.
function database.make(path)
  local monitor = assert(loom.open(path, { create = true }))
  assert(monitor:ingest(database.files(database.small)))
  monitor:close()
  return path
end

--- Writes a file of polls of 997 stores in May 2024.
-- @tparam string path
-- @tparam int count 60,000 are more than fit the buffers of sockets
function database.write_polls(path, count)
  local lines = { "store_id,status,timestamp_utc" }
  for i = 1, count do
    lines[#lines + 1] = ("%d,%s,2024-05-%02d %02d:%02d:%02d UTC"):format(i % 997, i % 7 == 0 and "inactive" or "active",
      i % 28 + 1, i % 24, i % 60, math.floor(i / 60) % 60)
  end
  return files.write(path, table.concat(lines, "\n") .. "\n")
end

local tables = {
  store = "number", polls = "store_id, timestamp_utc", hours_week = "store, origin, effective_from",
  hours = "store, origin, effective_from, weekday, open_s, close_s", special_day = "store, date, origin, open_s",
  exclusion = "number", attribute = "store, name",
}

--- The rows of all tables that an open database has, for comparing.
function database.contents(monitor)
  local contents = {}
  for name, order in pairs(tables) do
    contents[name] = {}
    for row in assert(monitor:query(("SELECT * FROM %s ORDER BY %s"):format(name, order))) do
      table.insert(contents[name], row)
    end
  end
  return contents
end

--- What an open database holds, as text: as contents, but the same for stores that came in another order.
function database.dump_of(monitor)
  local parts = {}
  for _, kind in ipairs(database.kinds) do
    assert(monitor:export(kind, function(text)
      parts[#parts + 1] = text
      return true
    end))
  end
  return table.concat(parts)
end

--- Everything that a database holds, as text.
function database.dump(path)
  local monitor = assert(loom.open(path))
  local dump = database.dump_of(monitor)
  monitor:close()
  return dump
end

return database
