--- What the thread of `loom.http.flushing` does. It has a Lua state of its own, in which there is no nginx.
-- @module loom.http.flusher

local cjson = require "cjson.safe"
local core = require "loom.core"
local opening = require "loom.opening"

local flusher = {}

-- The head that was opened before is still open, unless it was deleted or replaced.
local database, opened

local function open(path)
  if database and (opened ~= path or database:is_lost()) then
    database:close()
    database = nil
  end
  if not database then
    local message, code
    database, message, code = core.open(path, { create = false, checkpoint = false })
    opened = path
    return database, message, code
  end
  return database
end

--- Takes what is spooled to the cluster, and writes what became of it as JSON.
-- @tparam function write
-- @tparam string argument the path of the cluster's file, in a list as JSON
-- @return true, or nil, the failure and its code
function flusher.flush(write, argument)
  local path = cjson.decode(argument)[1]
  local cluster, message, code = opening.cluster()
  local head, flushed
  if cluster then
    head, message, code = open(opening.file(path))
  end
  if head then
    flushed, message, code = cluster.flush(head, path)
  end
  if not flushed then
    return nil, message, code
  end
  write(cjson.encode(flushed))
  return true
end

return flusher
