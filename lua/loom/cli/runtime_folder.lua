--- The private folder of a running service, and those that dead ones have left.
--
-- It is made in $TMPDIR, as loom-UUID, and holds a file that the service and all that it has started hold as long as they live
-- (see src/core/base/hold.h). A folder of that name whose file nobody holds is one that was left: by a service that was killed.
-- @module loom.cli.runtime_folder

local core = require "loom.core"
local lfs = require "lfs"
local text = require "loom.formats.text"

local runtime_folder = {}

local LOCK = "/lock"
local UUID = ("%x"):rep(8) .. ("%-" .. ("%x"):rep(4)):rep(3) .. "%-" .. ("%x"):rep(12)

local function temporary_folder()
  local named = os.getenv "TMPDIR"
  return named and named ~= "" and named or "/tmp"
end

local function shell(command, path)
  return os.execute(("%s %s 2>/dev/null"):format(command, text.shell_quoted(path)))
end

local function remove(path)
  shell("rm -rf --", path)
end

--- Makes one that nobody else can read.
-- @tparam[opt] bool may_pass others may get to what is given to them in it, which nginx does with its folders
-- @treturn table|nil `path`, and what `remove` needs
-- @treturn ?string the failure
function runtime_folder.make(may_pass)
  local path = temporary_folder() .. "/loom-" .. core.uuid()
  local unfinished = path .. ".new" -- under its own name it is held from the first moment on
  shell("umask 077; mkdir --", unfinished)
  if may_pass then
    shell("chmod 711 --", unfinished)
  end
  local held, message = core.hold(unfinished .. LOCK)
  local renamed = held and os.rename(unfinished, path)
  if not renamed then
    if held then
      held:close()
      remove(unfinished)
    end
    return nil, path .. ": cannot be made" .. (held and "" or ": " .. message)
  end
  return { path = path, held = held }
end

--- Removes it.
function runtime_folder.remove(folder)
  remove(folder.path)
  folder.held:close()
end

local function is_left(path, user)
  local found = lfs.symlinkattributes(path)
  if not found or found.mode ~= "directory" or found.uid ~= user or not lfs.attributes(path .. LOCK, "mode") then
    return nil
  end
  return core.hold(path .. LOCK)
end

--- Removes those that services of the same user have left. Whatever else there is stays.
-- @treturn int how many
function runtime_folder.clear()
  local top, count, names, user = temporary_folder(), 0, {}, core.user_id()
  if lfs.attributes(top, "mode") ~= "directory" then
    return 0
  end
  for name in lfs.dir(top) do
    names[#names + 1] = name:find("^loom%-" .. UUID .. "$") and name or nil
  end
  for _, name in ipairs(names) do
    local held = is_left(top .. "/" .. name, user)
    if held then
      remove(top .. "/" .. name)
      held:close()
      count = count + 1
    end
  end
  return count
end

return runtime_folder
