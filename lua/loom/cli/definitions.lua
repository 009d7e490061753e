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

--- Reads a file; ends the command where that fails.
-- @tparam string path `"-"` is standard input, which is JSON
-- @treturn table
function definitions.read(path)
  local source, why
  if path == "-" then
    source = io.read "*a"
  else
    source, why = small_file.read(path, MOST)
  end
  if not source then
    common.fail(why)
  elseif path:find "%.lua$" then
    return load_lua(path, source)
  end
  local found, message = cjson.decode(source)
  if type(found) ~= "table" then
    common.fail(("%s: JSON expected: %s"):format(path, message or "it is no list or object"))
  end
  return found
end

return definitions
