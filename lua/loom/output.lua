--- Writing text to files so that a failure is noticed, and a file is either complete or as it was.
-- @module loom.output

local output = {}

local failure = {} -- marks the errors that writing raises, apart from those of the caller's functions

local function checked(written, why)
  if not written then
    error(setmetatable({ message = tostring(why) }, failure), 0)
  end
end

-- Calls produce(write); nil and the message if writing failed.
local function run(produce, write)
  local good, err = pcall(produce, function(text)
    checked(write(text))
  end)
  if good then
    return true
  elseif getmetatable(err) == failure then
    return nil, "EIO: " .. err.message, "EIO"
  end
  error(err, 0)
end

-- `name` is what messages call the file.
local function write_to_file(file, name, produce)
  local function named(written, why)
    return written, not written and name .. ": " .. tostring(why) or nil
  end
  local good, message, code = run(produce, function(text)
    return named(file:write(text))
  end)
  if good then
    local flushed, why = named(file:flush())
    if not flushed then
      return nil, "EIO: " .. why, "EIO"
    end
  end
  return good, message, code
end

-- Only a regular file, or none, can be replaced by renaming.
local function is_replaceable(path)
  local lfs = require "lfs"
  local mode = lfs.attributes(path, "mode")
  return (mode == nil or mode == "file") and lfs.symlinkattributes(path, "mode") ~= "link"
end

local function write_to_path(path, produce)
  local replace = is_replaceable(path)
  local part = replace and path .. ".part" or path
  local file, why = io.open(part, "wb")
  if not file then
    return nil, "EIO: " .. why, "EIO"
  end
  local called, good, message, code = pcall(write_to_file, file, path, produce)
  local closed, close_error = file:close()
  if called and good and not closed then
    good, message, code = nil, "EIO: " .. path .. ": " .. tostring(close_error), "EIO"
  end
  if called and good and replace then
    local renamed, rename_error = os.rename(part, path)
    if not renamed then
      good, message, code = nil, "EIO: " .. tostring(rename_error), "EIO"
    end
  end
  if replace and not (called and good) then
    os.remove(part)
  end
  if not called then
    error(good, 0)
  end
  return good, message, code
end

--- Writes what a function produces.
-- @tparam string|file|function target a path, an open file, or a function (text), which ends it by returning nil and why
-- @tparam function produce called with a function (text)
-- @treturn true|nil
-- @treturn ?string the failure
-- @treturn ?string its code
function output.write(target, produce)
  if type(target) == "string" then
    return write_to_path(target, produce)
  elseif type(target) == "function" then
    return run(produce, function(text)
      local written, why = target(text)
      return written or why == nil, why
    end)
  end
  return write_to_file(target, target == io.stdout and "standard output" or "output", produce)
end

return output
