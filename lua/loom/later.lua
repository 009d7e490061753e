--- Modules that are loaded when something of them is first asked for: most scripts and commands need little of what a monitor
-- can do, and to load the rest takes longer than a small report.
-- @module loom.later
-- @local

local later = {}

local waiting = {} -- the stand-ins by the names of modules that are not loaded yet

local function load(stand_in, name)
  local module = require(name)
  waiting[name] = nil
  setmetatable(stand_in, { __index = module })
  return module
end

--- A stand-in for a module, of which fields can be read.
-- @tparam string name as `require` takes it
-- @treturn table
-- @usage local doctor = later.module "loom.doctor"
function later.module(name)
  local stand_in = waiting[name] or setmetatable({}, {
    __index = function(stand_in, key)
      return load(stand_in, name)[key]
    end,
  })
  waiting[name] = not package.loaded[name] and stand_in or nil
  return stand_in
end

--- Loads all modules that are not yet: what runs for long must not load them from files of another version, which an upgrade
-- has put in their place.
-- @usage later.load_all()
function later.load_all()
  local name, stand_in = next(waiting)
  while name do
    load(stand_in, name)
    name, stand_in = next(waiting)
  end
end

return later
