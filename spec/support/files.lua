--- Files for specs: all of them below $TMPDIR, which spec/run makes and removes.

local lfs = require "lfs"

local files = {}

local top = assert(os.getenv "TMPDIR", "specs are run by spec/run, which sets TMPDIR")

--- A new folder; remove it with remove_folder.
function files.make_folder()
  local number = 1
  while not lfs.mkdir(top .. "/" .. number) do -- the numbers of folders in use are skipped
    number = number + 1
    assert(number < 1000, top)
  end
  return top .. "/" .. number
end

function files.remove_folder(path)
  for name in lfs.dir(path) do
    local inner = path .. "/" .. name
    if name ~= "." and name ~= ".." then
      if lfs.symlinkattributes(inner, "mode") == "directory" then
        files.remove_folder(inner)
      else
        assert(os.remove(inner))
      end
    end
  end
  assert(lfs.rmdir(path))
end

-- Registers what makes a folder, and what removes it.
local function around(before, after, take)
  local busted = require "busted" -- which not all have who use these files
  local folder
  busted[before](function()
    folder = files.make_folder()
    take(folder)
  end)
  busted[after](function()
    files.remove_folder(folder)
  end)
end

--- Gives each test of a block a folder, which is removed after it.
-- @tparam function take is told the folder before the test
function files.folder_for_each(take)
  around("before_each", "after_each", take)
end

--- Gives all tests of a block one folder.
-- @tparam function take is told the folder before the first
function files.folder_for_all(take)
  around("setup", "teardown", take)
end

--- The names in a folder, sorted.
function files.list(path)
  local names = {}
  for name in lfs.dir(path) do
    if name ~= "." and name ~= ".." then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

function files.exists(path)
  return lfs.symlinkattributes(path, "mode") ~= nil
end

function files.write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
  return path
end

function files.read(path)
  local file = assert(io.open(path, "rb"))
  local text = assert(file:read("*a"))
  file:close()
  return text
end

return files
