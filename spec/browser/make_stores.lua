-- Makes the database that the view of one store is looked at with: make_stores.lua DATABASE
--
-- Stores in three zones whose clocks change in the weeks that are polled, ids that a careless page would run or be broken by, and
-- stores of which something is missing.

local loom = require "loom"

local HOUR = 3600
local FIRST = assert(loom.parse_timestamp "2024-03-04 00:00:00")
local LAST = assert(loom.parse_timestamp "2024-04-10 12:00:00")

local zones = { york = "America/New_York", berlin = "Europe/Berlin", sydney = "Australia/Sydney", changed = "Europe/Berlin" }

local hostile = {
  "</script><script>window.harmed = 1</script>", "\217\133\216\170\216\172\216\177 \217\161", "\240\159\140\174 taco",
  ("\195\169"):rep(127) .. "x", "a/b?c=d&e#f%2F",
}

local monitor = assert(loom.open(assert(arg[1], "make_stores.lua DATABASE"), { create = true }))

local week = { mon = "08:00-20:00", tue = "08:00-20:00", wed = { "08:00-12:00", "13:00-20:00" }, thu = "08:00-20:00",
  fri = "20:00-04:00", sat = "00:00-24:00", sun = "00:00-12:00" }
for id, zone in pairs(zones) do
  assert(monitor:set_timezone(id, zone))
  assert(monitor:set_hours(id, week, { effective_from = "always" }))
end
assert(monitor:set_attributes("york", { name = "Corner shop", brand = "Taco" }))
assert(monitor:set_timezone("never", "Asia/Tokyo"))
assert(monitor:set_hours("never", week, { effective_from = "always" }))
assert(monitor:set_special_day("berlin", "2024-04-01", "closed", "Ostermontag"))
assert(monitor:exclude { store = "berlin", from = "2024-03-30 10:00:00", to = "2024-03-30 12:00:00", reason = "works" })

local polls = {}
for at = FIRST, LAST, HOUR do
  local hour = (at - FIRST) / HOUR
  for id in pairs(zones) do
    polls[#polls + 1] = { id, hour % 31 > 2, at + 0.25 }
  end
  polls[#polls + 1] = { "bare", hour % 40 > 0, at }
end
for i, id in ipairs(hostile) do
  polls[#polls + 1] = { id, i % 2 == 0, LAST - HOUR }
  assert(monitor:set_attributes(id, { kind = "hostile" }))
end
assert(monitor:polls(polls))
monitor:close()
