-- Holidays by country: sets special days for the stores of each country, and shows what the last week became.
--
--   lua5.4 holidays.lua DATABASE
--   loom ingest stores.db examples/data --attributes examples/attributes.csv && lua5.4 examples/holidays.lua stores.db
--
-- A store's country is its attribute `country`, or else that of its timezone. What is set here prevails over what files
-- bring, also later; running this again changes nothing more. In a checkout, `make` and `eval "$(make -s env)"` first.

local loom = require "loom"

-- "*" stands for every store; a country's own day beats it. Spans are as in monitor:set_special_day.
local holidays = {
  { date = "2023-01-22", country = "*", spans = "closed", note = "stocktaking" },
  { date = "2023-01-20", country = "US", spans = { "10:00-13:00", "15:00-18:00" }, note = "short day" },
  { date = "2023-01-23", country = "CA", spans = "closed", note = "company day" },
}

local country_of_zone = {
  ["America/Chicago"] = "US",
  ["America/Denver"] = "US",
  ["America/Los_Angeles"] = "US",
  ["America/New_York"] = "US",
  ["America/Toronto"] = "CA",
}

if not arg[1] then
  io.stderr:write "usage: holidays.lua DATABASE\n"
  os.exit(2)
end
local monitor = assert(loom.open(arg[1]))

local function print_schedule(label)
  local week = assert(monitor:report()):totals().last_week
  print(("%-6s  %7.2f h scheduled, %6.2f h down"):format(label, week.scheduled / 3600, week.down / 3600))
end

-- Ids of stores by country.
local stores = {}
for store in monitor:stores() do
  local country = store.attributes.country or country_of_zone[store.timezone_str] or "unknown"
  stores[country] = stores[country] or {}
  table.insert(stores[country], store.store_id)
end

print_schedule "before"
for _, day in ipairs(holidays) do
  local ids = day.country == "*" and { "*" } or stores[day.country] or {}
  for _, id in ipairs(ids) do
    assert(monitor:set_special_day(id, day.date, day.spans, day.note))
  end
  print(("%s  %-2s  %s: %s"):format(day.date, day.country, day.note,
    day.country == "*" and "every store" or #ids .. " stores"))
end
print_schedule "after"
monitor:close()
