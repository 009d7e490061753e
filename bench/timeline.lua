-- Prints how many milliseconds the timeline of one store over a week takes, the mean of many: bench/timeline.lua DATABASE

local core = require "loom.core"
local loom = require "loom"

local STORES = 500

local monitor = assert(loom.open(arg[1]))
local stores = {}
for row in assert(monitor:query("SELECT store_id, newest_poll FROM store ORDER BY random() LIMIT ?", STORES)) do
  stores[#stores + 1] = row
end
local start = core.clock()
for _, store in ipairs(stores) do
  local to = store.newest_poll / 1000000
  assert(monitor:timeline(store.store_id, to - 7 * 86400, to))
end
print(("%.3f"):format((core.clock() - start) * 1000 / #stores))
