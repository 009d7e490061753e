--- What the thread of `loom.http.flushing` does. It has a Lua state of its own, in which there is no nginx.
-- @module loom.http.flusher

local cjson = require "cjson.safe"
local core = require "loom.core"
local opening = require "loom.opening"

local flusher = {}

local PATIENCE = 5 -- seconds for which servers are asked whether the head is theirs: it is flushed to them later

-- The head that was opened before is still open, unless it was deleted or replaced.
local database, opened

local function close()
  if database then
    database:close()
    database = nil
  end
end

-- Opens the head of a cluster's file.
local function open(cluster, path)
  local file = opening.file(path)
  if database and opened == file and not database:is_lost() then
    return true
  end
  close()
  local message, code, attached
  database, message, code = core.open(file, { create = false, checkpoint = false })
  if not database then
    return nil, message, code
  end
  attached, message, code = cluster.attach(database, path, PATIENCE)
  if not attached then
    close()
    return nil, message, code
  end
  opened = file
  return true
end

--- Takes what is spooled to the cluster, and writes what became of it as JSON.
-- @tparam function write
-- @tparam string argument the path of the cluster's file, in a list as JSON
-- @return true, or nil, the failure and its code
function flusher.flush(write, argument)
  local path = cjson.decode(argument)[1]
  local cluster, message, code = opening.cluster()
  local is_open, flushed
  if cluster then
    is_open, message, code = open(cluster, path)
  end
  if is_open then
    flushed, message, code = cluster.flush(database, path)
  end
  if not flushed then
    return nil, message, code
  end
  write(cjson.encode(flushed))
  return true
end

return flusher
