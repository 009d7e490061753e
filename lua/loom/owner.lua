--- Who works on a report: names of queues that no other one ever has, and whether the one of a name still lives.
-- @module loom.owner

local core = require "loom.core"

local owner = {}

-- The queues of this process by their names: a process outlives those that it has closed, or lost.
local living = setmetatable({}, { __mode = "v" })

--- Makes a name for a queue of this process.
-- @tparam table queue
-- @treturn string
function owner.make(queue)
  local pid = core.process_id()
  local name = ("%s %d %s %s"):format(core.process_space(), pid, core.process_start(pid) or "0", core.uuid())
  living[name] = queue
  return name
end

--- Takes a queue of this process for gone.
function owner.leave(name)
  living[name] = nil
end

--- Whether the queue of a name lives.
-- @tparam string name
-- @treturn ?bool nil where that cannot be seen: it is another machine's, or container's
function owner.lives(name)
  local space, digits, start = name:match("^(%S+) (%d+) (%d+) ")
  local pid = math.min(tonumber(digits), 2 ^ 31) -- beyond what any system gives
  if space ~= core.process_space() or pid == 0 then
    return nil
  elseif pid == core.process_id() and start == (core.process_start(pid) or "0") then
    return living[name] ~= nil
  elseif start == "0" then -- the system does not tell
    return nil
  end
  return core.process_start(pid) == start
end

return owner
