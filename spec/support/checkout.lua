--- Folders in which a user tries things out, with copies of `examples`, and a shell set up by `make env`.

local assert = require "luassert"
local files = require "support.files"
local lfs = require "lfs"
local shell = require "support.shell"

local checkout = {}

local environment -- what `make env` prints

local function make_environment()
  local result = shell.run(shell.words("make", "-s", "env", "BUILD=" .. os.getenv "LOOM_BUILD"))
  assert.equal("", result.err)
  return result.out
end

local function copy(from, to)
  assert(lfs.mkdir(to))
  for _, name in ipairs(files.list(from)) do
    local path = from .. "/" .. name
    if lfs.attributes(path, "mode") == "directory" then
      copy(path, to .. "/" .. name)
    else
      files.write(to .. "/" .. name, files.read(path))
    end
  end
end

local Folder = {}
Folder.__index = Folder

--- Runs a script in the folder, where `lua5.4` is the interpreter that the specs run on.
-- @return a table with `status`, `out` and `err`
function Folder:run(script)
  environment = environment or make_environment()
  return shell.run(("%s\ncd %s && PATH=%s:$PATH\n%s"):format(environment, shell.quote(self.path),
    shell.quote(self.path .. "/.bin"), script))
end

--- Runs a script and expects it to end well.
-- @return its output
function Folder:good(script)
  local result = self:run(script)
  assert.equal(0, result.status, script .. "\n" .. result.out .. result.err)
  return result.out
end

function Folder:remove()
  files.remove_folder(self.path)
end

--- Makes one.
function checkout.folder()
  local path = files.make_folder()
  copy("examples", path .. "/examples")
  assert(lfs.mkdir(path .. "/.bin"))
  assert(lfs.link(shell.lua, path .. "/.bin/lua5.4", true))
  return setmetatable({ path = path }, Folder)
end

return checkout
