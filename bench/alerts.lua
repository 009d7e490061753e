-- Times the evaluation of ten rules: bench/alerts.lua DATABASE. Prints how many milliseconds one of all stores takes, and one of
-- 200 stores, the medians of many, and the most memory of the process in MB. The clock goes on by a minute each time.

local Evaluation = require "loom.alerts.evaluation"
local loom = require "loom"
local rules = require "loom.alerts.rules"

local ROUNDS, STORES = 11, 200

local definitions = {
  { name = "polls", when = { kind = "inactive_polls", count = 2, of = 3 } },
  { name = "down", when = { kind = "down_for", time = "30m" }, ["for"] = { count = 2, of = 3 } },
  { name = "down long", when = { kind = "down_for", time = "4h" }, severity = "critical" },
  { name = "hour", when = { kind = "down_time", window = "1h", time = "30m" } },
  { name = "day", when = { kind = "ratio", window = "1d", below = 0.9 } },
  { name = "week", when = { kind = "ratio", window = "7d", below = 0.95 } },
  { name = "outages", when = { kind = "outages", window = "1d", count = 3 } },
  { name = "unknown", when = { kind = "unknown", window = "1d", share = 0.5 } },
  { name = "late", when = { kind = "late_open", time = "30m" } },
  { name = "silent", when = { kind = "no_poll", time = "2h" } },
}

local function median_of(work)
  local times = {}
  for i = 1, ROUNDS do
    local start = os.clock()
    work(i)
    times[i] = (os.clock() - start) * 1000 -- of the processor: all of it is one thread
  end
  table.sort(times)
  return times[math.ceil(ROUNDS / 2)]
end

local function peak()
  for line in io.lines "/proc/self/status" do
    local kilobytes = line:match "^VmHWM:%s+(%d+)"
    if kilobytes then
      return kilobytes / 1024
    end
  end
end

local monitor = assert(loom.open(arg[1]))
for i, definition in ipairs(definitions) do
  definition.name = ("%s-%d"):format(definition.name:gsub(" ", "-"), i)
end
local evaluation = assert(Evaluation.new(monitor, assert(rules.read(definitions))))
local newest, ids = assert(monitor.database:newest()), {}
for store in monitor:stores() do
  ids[#ids + 1] = #ids < STORES and store.store_id or nil
end
local first = newest - 60 * 60 * 1000000
assert(evaluation:evaluate(first)) -- the median gap of the day is found once
local at = first
local all = median_of(function()
  at = at + 60 * 1000000
  assert(evaluation.native:evaluate(monitor.database, at, 1, 1))
end)
local some = median_of(function()
  at = at + 60 * 1000000
  assert(evaluation.native:evaluate(monitor.database, at, 1, 1, ids))
end)
local live = median_of(function(i)
  assert(evaluation.native:evaluate(monitor.database, newest + i * 1000000, 1, 1))
end)
local live_some = median_of(function(i)
  assert(evaluation.native:evaluate(monitor.database, newest + (100 + i) * 1000000, 1, 1, ids))
end)
print(("live: all stores %.1f ms, %d stores %.1f ms; in the past: %.1f ms, %.1f ms; %.0f MB"):format(live, #ids, live_some, all,
  some, peak()))
