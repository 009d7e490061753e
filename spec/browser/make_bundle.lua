-- Makes a script of modules: make_bundle.lua FOLDER ENTRY OUT

local bundle = require "loom.bundle"
local small_file = require "loom.small_file"

local folder, entry, out = ...
local file = assert(io.open(out, "wb"))
assert(file:write(bundle.of(function(name)
  return assert(small_file.read(folder .. "/" .. name))
end, entry)))
assert(file:close())
