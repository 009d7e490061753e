--- How many connections a worker may have, by how many descriptors it may.
--
-- A worker without descriptors is worse than one that refuses: it neither takes connections nor opens its database. So nginx
-- gets fewer connections than there are descriptors, and of these, streams of events, which stay for hours, get a half.
-- @module loom.http.limits

local core = require "loom.core"

local limits = {}

local CONNECTIONS_MAX = 4096 -- of a worker
local CONNECTIONS_MIN = 16 -- nginx does not start with much less
local STREAMS_MAX = 1000 -- of a worker: each looks for events five times a second
local OWN = 100 -- descriptors of nginx and of the worker: logs, sockets, the database, reports for listings
local OF_REPORT = 8 -- and of each report that it may compute: a database's three files, two that are written, pipes
local OF_CONNECTION = 2 -- the socket, and a file that is sent or received

--- What can be had with so many descriptors.
-- @tparam number descriptors of a process
-- @tparam[opt=2] int running reports computed at a time
-- @treturn int connections of a worker
-- @treturn int streams of events among them
function limits.of(descriptors, running)
  local left = (descriptors - OWN - OF_REPORT * (running or 2)) / OF_CONNECTION
  local connections = math.floor(math.max(CONNECTIONS_MIN, math.min(CONNECTIONS_MAX, left)))
  return connections, math.min(STREAMS_MAX, math.floor(connections / 2))
end

--- How many descriptors give as many connections as a worker ever has.
-- @tparam[opt=2] int running
-- @treturn int
function limits.wanted(running)
  return OWN + OF_REPORT * (running or 2) + OF_CONNECTION * CONNECTIONS_MAX
end

--- How many descriptors this process may have.
-- @tparam[opt="soft"] string which "soft", what is in force, or "hard", what it may be raised to
-- @treturn number math.huge without a limit, or where that cannot be told
function limits.descriptors(which)
  local soft, hard = core.descriptors()
  return (which == "hard" and hard or which ~= "hard" and soft) or math.huge
end

return limits
