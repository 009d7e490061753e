--- A folder that is written as a whole: beside the one that is there, whose place it takes when it is complete.
--
-- What is replaced is only ever a site: a folder with the page that says that it is one, and with nothing that none has.
-- @module loom.site.folder

local core = require "loom.core"
local lfs = require "lfs"
local small_file = require "loom.small_file"

local folder = {}

local PAGE, MARK = "index.html", '<meta name="generator" content="Loom, a site">'

local is_own = { [PAGE] = true, ["loom.js"] = true, ["loom.css"] = true, ["icon.svg"] = true, data = true }

local function is_data(name)
  return name == "fleet.js" or name:find "^stores?%-%d+%.js$" ~= nil
end

local function names_in(path)
  local names = {}
  for name in lfs.dir(path) do
    if name ~= "." and name ~= ".." then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

-- The first of what is in a folder and in no site; nil if there is nothing of that kind.
local function stranger(path)
  for _, name in ipairs(names_in(path)) do
    local mode = lfs.symlinkattributes(path .. "/" .. name, "mode")
    if not is_own[name] or mode ~= (name == "data" and "directory" or "file") then
      return name
    end
  end
  for _, name in ipairs(lfs.attributes(path .. "/data", "mode") and names_in(path .. "/data") or {}) do
    if not is_data(name) or lfs.symlinkattributes(path .. "/data/" .. name, "mode") ~= "file" then
      return "data/" .. name
    end
  end
end

-- What is at a path: nil for nothing, "empty", "site", or what is wrong with it. Raises where a folder cannot be read.
local function look(path)
  local mode = lfs.attributes(path, "mode")
  if not mode then
    return nil
  elseif mode ~= "directory" then
    return nil, path .. ": is no folder"
  elseif lfs.symlinkattributes(path, "mode") == "link" then
    return nil, path .. ": is a link, in whose place no folder is put"
  elseif not names_in(path)[1] then
    return "empty"
  end
  local other, page = stranger(path), small_file.read(path .. "/" .. PAGE, 4096)
  if other then
    return nil, ("%s: has other things in it, such as %s: a site needs a folder of its own"):format(path, other)
  elseif not page or not page:find(MARK, 1, true) then
    return nil, path .. ": is no site that this command has made, so that it is not replaced"
  end
  return "site"
end

-- Removes what a site has, and nothing else.
local function remove(path)
  for _, below in ipairs { "/data", "" } do
    for _, name in ipairs(lfs.attributes(path .. below, "mode") and names_in(path .. below) or {}) do
      os.remove(path .. below .. "/" .. name)
    end
  end
  lfs.rmdir(path)
end

local function failed(why)
  return nil, "EIO: " .. tostring(why), "EIO"
end

-- Puts a complete folder in the place of what is there.
local function put(new, path, old)
  local good, why
  if old then
    good, why = os.rename(path, old)
    if not good then
      return failed(why)
    end
  end
  good, why = os.rename(new, path)
  if not good and old then
    os.rename(old, path)
  end
  return good or nil, good and nil or "EIO: " .. tostring(why), not good and "EIO" or nil
end

-- What writes a file of a folder that is made for a path; it raises where it cannot, and counts.
local function writer(new, path, written)
  return function(name, text)
    local file, why = io.open(new .. "/" .. name, "wb")
    local good = file ~= nil
    if file then
      good, why = file:write(text)
      local closed, why_not = file:close()
      good, why = good and closed, why or why_not
    end
    if not good then
      error({ folder = ("%s: %s"):format(path, tostring(why)) }, 0)
    end
    written.files, written.bytes = written.files + 1, written.bytes + #text
  end
end

-- The path without what stands for no name: a folder is renamed, which "." and ".." are not.
local function plain(path)
  path = path:gsub("(.)/+$", "%1")
  if path == "/" or path:find "^%.%.?$" or path:find "/%.%.?$" then
    return nil
  end
  return path
end

--- Looks whether a site may be written to a path, for those who have much to do before.
-- @tparam string path
-- @treturn true|nil
-- @treturn ?string the failure
-- @treturn ?string its code
function folder.check(path)
  local name = plain(path)
  if not name then
    return nil, ("EINVAL: %s: the name of a folder is needed, which is put in the place of the one that is there"):format(path),
      "EINVAL"
  end
  local called, found, problem = pcall(look, name)
  if not called then
    return failed((tostring(found):gsub("^.-:%d+: ", ""))) -- without the place here
  elseif problem then
    return nil, "EINVAL: " .. problem, "EINVAL"
  end
  return true
end

--- Writes one.
-- @tparam string path of the folder: where there is one it is empty, or a site
-- @tparam function produce called with a function (name, text) that writes a file, of a name such as `data/fleet.js`; nil and the
--   failure end it
-- @treturn table|nil `files` and `bytes`, how many there are
-- @treturn ?string the failure
-- @treturn ?string its code
function folder.write(path, produce)
  local good, message, code = folder.check(path)
  if not good then
    return nil, message, code
  end
  path = plain(path)
  local tag, written = core.uuid():sub(1, 8), { files = 0, bytes = 0 }
  local new, old = ("%s.new-%s"):format(path, tag), look(path) and ("%s.old-%s"):format(path, tag)
  for _, name in ipairs { new, new .. "/data" } do
    local made, why = lfs.mkdir(name)
    if not made then
      return failed(("%s: %s"):format(path, why))
    end
  end
  local called, done
  called, done, message, code = pcall(produce, writer(new, path, written))
  if called and done then
    done, message, code = put(new, path, old)
  end
  if not called or not done then
    remove(new)
  elseif old then
    remove(old)
  end
  if not called and type(done) == "table" and done.folder then
    return failed(done.folder)
  elseif not called then
    error(done, 0)
  end
  return done and written, message, code
end

return folder
