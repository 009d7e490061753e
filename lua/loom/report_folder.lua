--- The folder of a database's report files, which belongs to that database alone: what has no row there is removed from it.
--
-- A mark in the folder names the database, and a row of the table `service` the folder. What they name may be gone, moved or
-- replaced meanwhile, and then binds nobody.
-- @module loom.report_folder

local lfs = require "lfs"
local small_file = require "loom.small_file"
local transaction = require "loom.transaction"

local report_folder = {}

local MARK = ".loom-database"

-- What a file or folder is known by, whatever path leads to it; nil if it is not there.
local function identity(path)
  local found = lfs.attributes(path)
  return found and ("%s:%s"):format(found.dev, found.ino)
end

-- The identity of the database that a folder belongs to; nil if it belongs to none that is where it was.
local function owner_of(folder)
  local id, path = (small_file.read(folder .. "/" .. MARK) or ""):match "^(%S+) (.*)\n$"
  return id and identity(path) == id and id or nil, path
end

local function write_mark(folder, id, path)
  local name = folder .. "/" .. MARK
  os.remove(name) -- it may be root's, who started the service
  local file, why = io.open(name, "wb")
  local good = file and file:write(id, " ", path, "\n")
  if not (file and file:close() and good) then
    transaction.fail("EIO", "%s", why or name .. ": cannot be written")
  end
end

local function check_owner(folder, id)
  local owner, path = owner_of(folder)
  if owner and owner ~= id then
    transaction.fail("EINVAL", "%s: has the reports of another database, %s: each one needs a folder of its own", folder, path)
  end
  return owner == id
end

--- Takes a folder for a database.
-- @tparam loom.monitor monitor
-- @tparam string folder which exists; both paths are absolute, or from a folder that is always the same
-- @treturn true|nil
-- @treturn ?string the failure; EINVAL if the folder has the reports of another database, or the database reports in another
--   folder
-- @treturn ?string its code
function report_folder.claim(monitor, folder)
  local id = identity(monitor.path)
  return transaction.run(monitor.database, function(execute)
    local _, _, before = execute "SELECT value FROM service WHERE name = 'reports'"
    local is_marked = check_owner(folder, id)
    if is_marked and before == folder then
      return true
    elseif before and identity(before) ~= identity(folder) and owner_of(before) == id then
      transaction.fail("EINVAL", "%s: its reports are in %s: go on there, or remove %s in it to begin another folder",
        monitor.path, before, MARK)
    end
    execute("INSERT OR REPLACE INTO service(name, value) VALUES('reports', ?)", folder)
    write_mark(folder, id, monitor.path)
    return true
  end, true)
end

return report_folder
