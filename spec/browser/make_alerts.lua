-- Makes the database that alerts are looked at with: make_alerts.lua DATABASE
--
-- Twelve stores over two days that end at 2024-03-12 18:00 UTC. Two are down since an hour, one was for an hour before; the ids
-- of two are such as a careless page would run. One channel takes what is sent, another cannot be reached. Rules are evaluated by
-- `loom agent DATABASE --once --clock T`, which the test runs.

local loom = require "loom"

local MINUTE = 60
local FIRST, LAST = assert(loom.parse_timestamp "2024-03-10 18:00:00"), assert(loom.parse_timestamp "2024-03-12 18:00:00")
local EVERY = 10 * MINUTE

local down = {
  ["</script><script>window.harmed = 1</script>"] = { LAST - 65 * MINUTE, LAST + 1 },
  ["store-05"] = { LAST - 70 * MINUTE, LAST + 1 },
  ["store-08"] = { LAST - 140 * MINUTE, LAST - 75 * MINUTE },
}

local ids = { "</script><script>window.harmed = 1</script>", "🌮 taco" }
for number = 3, 12 do
  ids[number] = ("store-%02d"):format(number)
end

local monitor = assert(loom.open(assert(arg[1], "make_alerts.lua DATABASE"), { create = true }))
assert(monitor:transaction(function()
  for number, id in ipairs(ids) do
    assert(monitor:set_timezone(id, number % 2 == 0 and "America/New_York" or "Europe/London"))
    assert(monitor:set_attributes(id, { brand = number % 2 == 0 and "Taco" or "Burger" }))
    assert(monitor:set_hours(id, { mon = "08:00-22:00", tue = "08:00-22:00", sun = "08:00-22:00" },
      { effective_from = "always" }))
  end
  return true
end))
local polls = {}
for at = FIRST, LAST, EVERY do
  for _, id in ipairs(ids) do
    local span = down[id]
    polls[#polls + 1] = { id, not (span and at >= span[1] and at < span[2]), at }
  end
end
assert(monitor:polls(polls))
assert(monitor:apply {
  channels = { { name = "console", kind = "log" },
    { name = "ops", kind = "webhook", url = "http://127.0.0.1:9/", secret = "s3cret" } },
  rules = {
    { name = "down", severity = "critical", when = { kind = "down_for", time = "30m" }, channels = { "console", "ops" },
      runbook = "https://example.org/down" },
    { name = "week", severity = "info", when = { kind = "ratio", window = "1d", below = 0.95 }, channels = "console" },
  },
})
monitor:close()
