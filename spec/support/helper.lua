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
  return { descriptors = descriptors(), entries = entries() }
end

-- What there is now and was not before, in words; nil if there is nothing.
local function left(before)
  for kind, things in pairs(look()) do
    local known = {} -- by what they are: what is opened anew may have another number, since garbage keeps some
    for _, thing in pairs(before[kind]) do
      known[thing] = (known[thing] or 0) + 1
    end
    for name, thing in pairs(things) do
      known[thing] = (known[thing] or 0) - 1
      if known[thing] < 0 then
        return ("one of its %s behind: %s (%s)"):format(kind, name, thing)
      end
    end
  end
end

-- Collects garbage only where something is left that a finalizer may let go of: all specs share one heap.
local function expect_nothing_left(before, what)
  if left(before) then
    collectgarbage()
    collectgarbage() -- what the first round's finalizers let go of
    local found = left(before)
    if found then
      error(("%s left %s"):format(what, found), 0)
    end
  end
end

-- Where several processes share the files (see spec/run), the one that makes a folder for a file first runs it.
local taken = os.getenv "LOOM_TAKEN"

local function is_taken(name)
  local path = ("%s/%s"):format(taken, (name:gsub("/", "-")))
  return not lfs.mkdir(path) and lfs.attributes(path, "mode") ~= nil -- and not for want of room
end

busted.subscribe({ "file", "start" }, function(file)
  if taken and is_taken(file.name) then
    setmetatable(file.run, { __call = function() end }) -- busted asks the first file for the traces of all
  end
  return nil, true
end)

-- What takes longest comes first there, in any order, so that none of it is alone at the end.
local long = { ["cli/packaging"] = true, ["cli/bad_input"] = true, ["http/reports"] = true, ["http/access"] = true }

busted.subscribe({ "suite", "start" }, function(suite)
  local all = busted.children(suite)
  for i = 1, taken and #all or 0 do
    if long[all[i].name:match "^spec/(.*)_spec%.lua$"] then
      table.insert(all, 1, table.remove(all, i))
    end
  end
  return nil, true
end)

local before = {}

for _, scope in ipairs { "file", "test" } do
  busted.subscribe({ scope, "start" }, function()
    before[scope] = look()
    return nil, true
  end)
  busted.subscribe({ scope, "end" }, function(element)
    if before[scope] then
      expect_nothing_left(before[scope], ("%s '%s'"):format(scope, element.name))
    end
    return nil, true
  end)
end
