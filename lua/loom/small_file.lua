--- Files that are small enough to be read in one piece.
-- @module loom.small_file

local small_file = {}

--- Reads a file.
-- @tparam string path
-- @tparam[opt] int limit bytes that are read at the most; default: all
-- @treturn string|nil what is in it
-- @treturn ?string why it cannot be read, with its path
function small_file.read(path, limit)
  local file, why = io.open(path, "rb")
  if not file then
    return nil, why
  end
  local text
  text, why = file:read(limit or "*a") -- nil at once at the end of a file, where there is a limit
  file:close()
  return text or not why and "" or nil, why and ("%s: %s"):format(path, why)
end

return small_file
