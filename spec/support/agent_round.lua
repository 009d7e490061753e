-- One round of delivery in a process of its own, which may be killed: lua agent_round.lua DATABASE NOW
local Delivery = require "loom.agent.delivery"
local loom = require "loom"

local database, now = arg[1], tonumber(arg[2])
local monitor = assert(loom.open(database))
local delivery = assert(Delivery.new(monitor, { allow = { "127.0.0.1" }, now = function() return now end, time_limit = 300 }))
assert(delivery:round())
delivery:close()
monitor:close()
