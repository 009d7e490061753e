--- What two sides that compute one report have to have in common: the same Loom, and the same tz database, since another one of
-- either may come to other figures.
-- @module loom.workers.handshake

local core = require "loom.core"
local lfs = require "lfs"

local handshake = {}

local FILE_MAX = 256 * 1024 -- bytes of a zone's file
local DEPTH_MAX = 4 -- folders within one another

local of_the_machine = { localtime = true, posixrules = true, Factory = true, posix = true, right = true }

local function read(path, most)
  local file = io.open(path, "rb")
  local text = file and file:read(most)
  if file then
    file:close()
  end
  return text
end

local function find_zones(folder, prefix, depth, found)
  for name in lfs.dir(folder) do
    local path = folder .. "/" .. name
    local mode = name:sub(1, 1) ~= "." and not of_the_machine[prefix .. name] and lfs.attributes(path, "mode")
    if mode == "directory" and depth < DEPTH_MAX then
      find_zones(path, prefix .. name .. "/", depth + 1, found)
    elseif mode == "file" then
      local text = read(path, FILE_MAX)
      if text and text:sub(1, 4) == "TZif" then
        found[#found + 1] = prefix .. name .. "\0" .. core.sha256(text)
      end
    end
  end
end

--- A digest of the tz database: of all zones that it has, by name.
-- @treturn string hex; nothing's where there is none
function handshake.tz_digest()
  local folder, found = core.zone_directory(), {}
  if lfs.attributes(folder, "mode") == "directory" then
    find_zones(folder, "", 1, found)
  end
  table.sort(found)
  local links = read(folder .. "/tzdata.zi", 4 * 1024 * 1024) or read(folder .. "/backward", 4 * 1024 * 1024) or ""
  local digest = core.sha256(table.concat(found) .. core.sha256(links))
  return (digest:gsub(".", function(byte)
    return ("%02x"):format(byte:byte())
  end))
end

--- What this side is.
-- @treturn table `loom`, its version, and `tz`, the digest of its tz database
function handshake.own()
  return { loom = core.version, tz = handshake.tz_digest() }
end

--- Why two sides do not agree; nil if they do.
-- @tparam table own
-- @tparam table other
function handshake.difference(own, other)
  if other.loom ~= own.loom then
    return ("it is Loom %s, and this is %s"):format(tostring(other.loom), own.loom)
  elseif other.tz ~= own.tz then
    return "its tz database is another one than here: figures would differ"
  end
end

return handshake
