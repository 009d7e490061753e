--- Files of definitions: JSON, or Lua that returns a table of the same form.
-- @module loom.cli.definitions

local cjson = require "cjson.safe"
local common = require "loom.cli.common"
local small_file = require "loom.small_file"

local definitions = {}

local MOST = 16 * 1024 * 1024 -- bytes: a thousand rules with ten thousand ids each would not be a file of rules

local function load_lua(path, source)
  local chunk, why = (loadstring or load)(source, "@" .. path)
  if not chunk then
    common.fail(why)
  end
  local good, found = pcall(chunk)
  return good and found or common.fail(good and path .. ": returns nothing" or tostring(found))
end

local function read_bounded(path)
  local source, why
  if path == "-" then
    source = io.read(MOST + 1) or ""
  else
    source, why = small_file.read(path, MOST + 1)
  end
  if not source then
    common.fail(why)
  elseif #source > MOST then
    common.fail(("%s: it has more than %d MiB"):format(path, MOST / 1024 / 1024))
  end
  return source
end

--- Reads a file; ends the command where that fails.
-- @tparam string path `"-"` is standard input, which is JSON
-- @tparam[opt] bool is_object JSON that is a list is refused: an empty one would say the same as an empty object
-- @treturn table
function definitions.read(path, is_object)
  local source = read_bounded(path)
  if path:find "%.lua$" then
    return load_lua(path, source)
  end
  local found, message = cjson.decode(source)
  if type(found) ~= "table" then
    common.fail(("%s: JSON expected: %s"):format(path, message or "it is no list or object"))
  elseif is_object and not source:find "^%s*{" then
    common.fail(("%s: an object expected, such as { \"rules\": [] }, found a list"):format(path))
  end
  return found
end

return definitions
