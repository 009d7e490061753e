--- Who works on a report: names of queues that no other one ever has, and whether the one of a name still lives.
-- @module loom.owner

local core = require "loom.core"
local lfs = require "lfs"
local small_file = require "loom.small_file"

local owner = {}

-- The queues of this process by their names: a process outlives those that it has closed, or lost.
local living = setmetatable({}, { __mode = "v" })

-- When a process was started, in ticks since the system was (proc(5), field 22 of stat); nil if there is none of that id, or
-- nothing of it but what its parent has not asked for yet.
local function start_of(pid)
  local text = small_file.read("/proc/" .. pid .. "/stat") or ""
  local state, start = text:match("^%d+ %(.*%) (%S)" .. (" %-?%d+"):rep(18) .. " (%d+)")
  return state and not state:find "[ZX]" and start or nil
end

-- The process ids of another namespace, such as a container's, mean nothing here.
local function pid_namespace()
  return lfs.symlinkattributes("/proc/self/ns/pid", "target") or "none"
end

local function own_pid()
  return lfs.symlinkattributes("/proc/self", "target") or "0"
end

--- Makes a name for a queue of this process.
-- @tparam table queue
-- @treturn string
function owner.make(queue)
  local pid = own_pid()
  local name = ("%s %s %s %s"):format(pid_namespace(), pid, start_of(pid) or "0", core.uuid())
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
  local namespace, pid, start = name:match("^(%S+) (%d+) (%d+) ")
  if namespace ~= pid_namespace() or pid == "0" then
    return nil
  elseif pid == own_pid() and start == start_of(pid) then
    return living[name] ~= nil
  end
  return start_of(pid) == start
end

return owner
