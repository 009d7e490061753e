--- Writing text to files so that a failure is noticed, and a file is either complete or as it was.
-- @module loom.output

local core = require "loom.core"

local output = {}

local failure = {} -- marks the errors that writing raises, apart from those of the caller's functions

local function checked(written, message, code)
  if not written then
    error(setmetatable({ message = message, code = code }, failure), 0)
  end
end

-- Calls produce(write); nil, the message and the code if writing failed. As `io.write` does, it takes several pieces.
local function run(produce, write)
  local good, err = pcall(produce, function(text, ...)
    checked(write(text))
    for i = 1, select("#", ...) do
      checked(write((select(i, ...))))
    end
  end)
  if good then
    return true
  elseif getmetatable(err) == failure then
    return nil, err.message, err.code
  end
  error(err, 0)
end

local function io_failure(why)
  return nil, "EIO: " .. tostring(why), "EIO"
end

local function write_to_file(file, name, produce)
  local function named(written, why)
    if written then
      return true
    end
    return io_failure(name .. ": " .. tostring(why))
  end
  local good, message, code = run(produce, function(text)
    return named(file:write(text))
  end)
  if good then
    return named(file:flush())
  end
  return good, message, code
end

local function write_to_path(path, produce)
  local file, message, code = core.output(path)
  if not file then
    return nil, message, code
  end
  local called, good
  called, good, message, code = pcall(run, produce, function(text)
    return file:write(text)
  end)
  if called and good then
    return file:commit()
  end
  file:close()
  if not called then
    error(good, 0)
  end
  return nil, message, code
end

--- Writes what a function produces.
-- @tparam string|file|function target a path, whose file is replaced when all is written ("-" is standard output, as it is
--   standard input where files are read); an open file; or a function (text),
--   which ends it by returning nil and why
-- @tparam function produce called with a function (text, …)
-- @treturn true|nil
-- @treturn ?string the failure: EFULL, EACCESS or EIO
-- @treturn ?string its code
function output.write(target, produce)
  if target == "-" then
    target = io.stdout
  end
  if type(target) == "string" then
    return write_to_path(target, produce)
  elseif type(target) == "function" then
    return run(produce, function(text)
      local written, why = target(text)
      if written or why == nil then
        return true
      end
      return io_failure(why)
    end)
  end
  return write_to_file(target, target == io.stdout and "standard output" or "output", produce)
end

return output
