-- Makes a script of modules, or a folder of several: make_bundle.lua FOLDER ENTRY OUT [parts]

local bundle = require "loom.bundle"
local small_file = require "loom.small_file"

local folder, entry, out, parts = ...

local function read(name)
  return assert(small_file.read(folder .. "/" .. name))
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

if parts then
  for name, text in pairs(bundle.parts(read, entry, {})) do
    write(out .. "/" .. name, text)
  end
else
  write(out, bundle.of(read, entry))
end
