-- Measures the first storm of a fleet: bench/alert_storm.lua DATABASE, which it makes. Of 14,000 stores 10,000 have been down for
-- fifty minutes when an agent sees them for the first time. Prints how long its round takes and the most memory of the process.

collectgarbage("setpause", 110) -- as the command does
collectgarbage("setstepmul", 400)

local Agent = require "loom.agent"
local loom = require "loom"

local STORES, DOWN, RULES = 14000, 10000, 10
local NOW = loom.parse_timestamp "2024-03-07 12:00:00"

-- The text of a file of polls, in pieces.
local function polls()
  local store = -1
  return function()
    store = store + 1
    if store == 0 then
      return "store_id,status,timestamp_utc\n"
    elseif store > STORES then
      return nil
    end
    local lines = {}
    for minute = -240, 0, 10 do
      local status = minute > -60 and store <= DOWN and "inactive" or "active"
      lines[#lines + 1] = ("00000000-0000-4000-8000-%012d,%s,%d\n"):format(store, status, NOW + minute * 60 - store % 60)
    end
    return table.concat(lines)
  end
end

local function make(path)
  local monitor = assert(loom.open(path, { create = true, default_zone = "UTC" }))
  assert(monitor:ingest { polls = polls() })
  assert(monitor:set_rule { name = "down", when = { kind = "down_for", time = "20m" } })
  for i = 1, RULES - 1 do -- which nothing fires
    assert(monitor:set_rule { name = "rule-" .. i, when = { kind = "ratio", window = i .. "h", below = 0.0001 } })
  end
  assert(monitor:apply { channels = { { name = "log", kind = "log" } } })
  monitor:close()
end

local function kilobytes(name)
  for line in io.lines "/proc/self/status" do
    local found = line:match("^" .. name .. ":%s+(%d+)")
    if found then
      return found
    end
  end
end

if arg[2] == "make" then -- in a process of its own, which needs more memory
  make(arg[1])
  return
end
local monitor = assert(loom.open(arg[1]))
monitor.database:stay_small()
local agent = assert(Agent.new(monitor, { now = function() return NOW * 1000000 end, tell = function() end }))
local start = os.clock()
assert(agent:round(true))
print(("%d events: %.1f s, %.0f MB"):format(monitor:query "SELECT count(*) AS n FROM alert_event"().n, os.clock() - start,
  kilobytes "VmHWM" / 1024))
agent:close()
monitor:close()
