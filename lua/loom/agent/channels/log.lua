--- A line to each event, for the log of the agent.
-- @module loom.agent.channels.log

local formats = require "loom.formats.text"
local wording = require "loom.agent.wording"

local log = { kind = "log", secrets = {}, required = {}, optional = {} }

--- A message as requests: functions, which tell the lines.
function log.requests(message, _, _, tell)
  return { { call = function()
    for _, line in ipairs(wording.lines(message)) do
      tell(formats.shown(line))
    end
    return "delivered"
  end } }
end

return log
