--- Databases for specs.

local loom = require "loom"

local database = {}

--- Input files of a few stores, with an id and texts that need quotes.
database.small = "spec/fixtures/small"

database.kinds = { "polls", "hours", "timezones", "special_days", "exclusions" }

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

--- Everything that a database holds, as text.
function database.dump(path)
  local monitor = assert(loom.open(path))
  local parts = {}
  for _, kind in ipairs(database.kinds) do
    assert(monitor:export(kind, function(text)
      parts[#parts + 1] = text
      return true
    end))
  end
  monitor:close()
  return table.concat(parts)
end

return database
