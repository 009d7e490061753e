--- What the thread of `loom.http.flushing` does. It has a Lua state of its own, in which there is no nginx.
-- @module loom.http.flusher

local cjson = require "cjson.safe"
local core = require "loom.core"
local opening = require "loom.opening"

local flusher = {}

local REPLACED_FOR = 3600 -- seconds, after which no report reads it any more

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

-- Writes what work(cluster, path, …) returns, as JSON; its argument is a list as JSON, which begins with the path.
local function answer(write, argument, work)
  local arguments = cjson.decode(argument)
  local cluster, message, code = opening.cluster()
  local is_open, found
  if cluster then
    is_open, message, code = open(cluster, arguments[1])
  end
  if is_open then
    found, message, code = work(cluster, arguments[1], arguments[2])
  end
  if not found then
    return nil, message, code
  end
  write(cjson.encode(found))
  return true
end

--- Takes what is spooled to the cluster, and writes what became of it as JSON.
-- @tparam function write
-- @tparam string argument the path of the cluster's file, in a list as JSON
-- @return true, or nil, the failure and its code
function flusher.flush(write, argument)
  return answer(write, argument, function(cluster, path)
    return cluster.flush(database, path)
  end)
end

--- Writes a day anew that came in many pieces, and writes as JSON whether there was one: `tended`.
-- @tparam function write
-- @tparam string argument a list as JSON: the path of the cluster's file, and whether the ledger is to be folded, too, and
--   what was replaced an hour ago dropped
-- @return true, or nil, the failure and its code
function flusher.tend(write, argument)
  return answer(write, argument, function(cluster, path, is_full)
    local tended, message, code = cluster.tend(database, path)
    local done = tended ~= nil
    if done and is_full then
      done, message, code = cluster.fold(database)
    end
    if done and is_full then
      done, message, code = cluster.drop(database, REPLACED_FOR)
    end
    return done and { tended = tended } or nil, message, code
  end)
end

return flusher
