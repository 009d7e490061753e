-- Prints how many milliseconds it takes to tell what all stores are, the median of many and the least: bench/status.lua DATABASE

local core = require "loom.core"
local loom = require "loom"

local ROUNDS = 21

local monitor = assert(loom.open(arg[1]))
local times = {}
for i = 1, ROUNDS do
  local start = core.clock()
  local status = assert(monitor:status())
  times[i] = (core.clock() - start) * 1000
  status:close()
end
table.sort(times)
print(("%.2f %.2f"):format(times[math.ceil(ROUNDS / 2)], times[1]))
