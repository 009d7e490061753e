--- Where the bytes of an input file come from: a path, an open file, or a function.
-- @module loom.source

local check = require "loom.check"
local core = require "loom.core"

local source = {}

local CHUNK = 256 * 1024

--- Checker of one source: a path ("-" is standard input), an open file, a function that returns the next bytes and nil or
-- "" at the end (or nil and why it failed), or a table of `read`, which is one of these, and `name`, for messages.
-- @tparam string name what messages call it where it has no name of its own
-- @treturn table `name`, and `path` or `next`
function source.resolve(value, name)
  if check.text(value) then
    return { name = value == "-" and "standard input" or value, path = value }
  elseif type(value) == "function" then
    return { name = name, next = value }
  elseif io.type(value) == "file" then
    return { name = name, next = function() return value:read(CHUNK) end }
  elseif type(value) == "table" and check.text(value.name) and value.read ~= nil then
    local inner = source.resolve(value.read, name)
    if inner then
      inner.name = value.name
    end
    return inner
  end
end

--- Whether a value is one source rather than a list of them.
function source.is_one(value)
  return type(value) ~= "table" or value.read ~= nil
end

-- Feeds what a function returns.
local function feed_from(ingest, from, on_chunk)
  local done = 0
  while true do
    local chunk, why = from.next()
    if chunk == nil and why ~= nil then
      return nil, ("EIO: %s: %s"):format(from.name, tostring(why)), "EIO"
    elseif chunk == nil or chunk == "" then
      return true
    end
    check.result(from.name, chunk, check.string)
    local good, message, code = ingest:feed(chunk)
    done = done + #chunk
    on_chunk(done)
    if not good then
      return nil, message, code
    end
  end
end

-- Feeds a file that the native half reads.
local function feed_file(ingest, input, on_chunk)
  local more, message, code
  repeat
    more, message, code = ingest:read(input)
    if more then
      on_chunk(input:position())
    end
  until not more
  if more == nil then
    return nil, message, code
  end
  return true
end

--- Reads a source to its end.
-- @tparam loom.ingest ingest
-- @tparam table from as `resolve` returns it
-- @tparam function on_chunk called with the bytes read, and how many there are where that is known
-- @treturn true|nil
-- @treturn ?string the failure
-- @treturn ?string its code
function source.read(ingest, from, on_chunk)
  if not from.path then
    return feed_from(ingest, from, on_chunk)
  end
  local input, message, code = core.input(from.path)
  if not input then
    return nil, message, code
  end
  local called, good
  called, good, message, code = pcall(feed_file, ingest, input, on_chunk)
  input:close()
  if not called then
    error(good, 0)
  end
  return good, message, code
end

return source
