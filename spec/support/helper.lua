--- Loaded by busted before the specs: a spec that leaves a descriptor or a temporary file behind fails.
--
-- An error in a subscriber of a test's end is an error of that test, and fails the run. What a test makes in
-- before_each is there when it starts; that after_each removes it is seen at the end of the file.

local busted = require "busted"
local files = require "support.files"
local lfs = require "lfs"

local top = os.getenv "TMPDIR"

-- Open descriptors by number, with what they are; empty where there is no /proc.
local function descriptors()
  local open = {}
  if lfs.attributes("/proc/self/fd", "mode") == "directory" then
    for number in lfs.dir("/proc/self/fd") do
      -- The descriptor that lists the folder is gone when its target is asked for, or is the folder itself.
      local target = number:find("^%d") and lfs.symlinkattributes("/proc/self/fd/" .. number, "target")
      if target and not target:find("^/proc/") then
        open[number] = target
      end
    end
  end
  return open
end

local function entries()
  local found = {}
  for _, name in ipairs(files.list(top)) do
    found[name] = top .. "/" .. name
  end
  return found
end

local function look()
  collectgarbage()
  collectgarbage() -- what the first round's finalizers let go of
  return { descriptors = descriptors(), entries = entries() }
end

local function compare(before, after, what)
  for kind, things in pairs(after) do
    for name, thing in pairs(things) do
      if before[kind][name] ~= thing then
        error(("%s left one of its %s behind: %s (%s)"):format(what, kind, name, thing), 0)
      end
    end
  end
end

local before = {}

for _, scope in ipairs { "file", "test" } do
  busted.subscribe({ scope, "start" }, function()
    before[scope] = look()
    return nil, true
  end)
  busted.subscribe({ scope, "end" }, function(element)
    if before[scope] then
      compare(before[scope], look(), ("%s '%s'"):format(scope, element.name))
    end
    return nil, true
  end)
end
