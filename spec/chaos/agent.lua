-- An agent that does some rounds, and may be killed in any: lua agent.lua DATABASE NOW
local Agent = require "loom.agent"
local loom = require "loom"

local ROUNDS = 3
local STEP = 10 * 1000000 -- microseconds of its clock, between two rounds
local TIME_LIMIT = 3000 -- milliseconds of a request: receivers hang, and on a busy machine good ones are slow

local database, now = arg[1], tonumber(arg[2])
local monitor = assert(loom.open(database))
local agent = assert(Agent.new(monitor, { allow = { "127.0.0.1" }, now = function() return now end, time_limit = TIME_LIMIT }))
for _ = 1, ROUNDS do
  local counts, message = agent:round()
  assert(counts ~= nil, message)
  agent:pause(0.02)
  now = now + STEP
end
agent:close()
monitor:close()
