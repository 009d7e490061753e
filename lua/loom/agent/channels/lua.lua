--- A Lua function of a configuration, which is called with the message: what it returns is `true` or nothing, delivered; `false`
-- and seconds, to be tried again. What it raises is told, and tried again.
-- @module loom.agent.channels.lua

local lua = { kind = "lua", secrets = {}, required = { "call" }, optional = {} }

--- A message as requests.
function lua.requests(message, channel)
  return { { call = function()
    local called, good, after = pcall(channel.call, message)
    if called and good ~= false then
      return "delivered"
    end
    after = called and tonumber(after)
    return "again", after and after >= 0 and after or nil, not called and tostring(good) or nil -- NaN is none either
  end } }
end

return lua
