--- How long a report may compute, and how far it may keep the write-ahead log from beginning anew.
--
-- While a report reads its snapshot the log cannot begin anew (SQLite, "Write-Ahead Logging", section 6): it grows by all that is
-- written meanwhile. So who computes for others bounds both.
-- @module loom.leash

local core = require "loom.core"
local lfs = require "lfs"

local Leash = {}
Leash.__index = Leash

local TIME_LIMIT = 600 -- seconds: the largest report that the service takes by default computes for a minute or two
local LOG_LIMIT = 1024 * 1024 * 1024 -- bytes: what a thousand stores with a poll a second write in some hours

--- Makes one for a database.
-- @tparam string path the database's
-- @tparam[opt=600] number seconds how long a report may compute
-- @tparam[opt=1 GiB] int bytes by how much the log may grow meanwhile
function Leash.new(path, seconds, bytes)
  return setmetatable({ log = path .. "-wal", seconds = seconds or TIME_LIMIT, bytes = bytes or LOG_LIMIT }, Leash)
end

--- How long the write-ahead log is.
-- @treturn int bytes
function Leash:log_size()
  return lfs.attributes(self.log, "size") or 0
end

--- Whether the log is so long that the reports that run should end before others begin: it never begins anew while one of
-- them overlaps the next.
function Leash:is_log_long()
  return self:log_size() > self.bytes
end

--- Where a report begins.
-- @treturn table for `reason_to_end`
function Leash:begin()
  return { at = core.clock(), log_size = self:log_size() }
end

--- Why a report should not go on.
-- @tparam table run as `begin` gave it
-- @treturn ?string the failure; nil if it may
function Leash:reason_to_end(run)
  local size = self:log_size()
  run.log_size = math.min(run.log_size, size) -- it has begun anew
  if core.clock() - run.at > self.seconds then
    return ("ECANCELED: given up after %g seconds, the limit of a report"):format(self.seconds)
  elseif size - run.log_size > self.bytes then
    return ("ECANCELED: given up because it kept the write-ahead log from beginning anew, which has grown by %d bytes "
      .. "(the limit is %d)"):format(size - run.log_size, self.bytes)
  end
end

return Leash
