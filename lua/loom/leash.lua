--- How long a report may compute, and how far it may keep the write-ahead log from beginning anew.
--
-- While a report reads its snapshot the log cannot begin anew (SQLite, "Write-Ahead Logging", section 6): it grows by all that is
-- written meanwhile. So who computes for others bounds both. Reports that overlap keep it from beginning anew as one does that
-- never ends: where it is long, none begins before those that run have ended and the writer has had time to begin it anew
-- (see `checkpoint` in src/core/write/writer.c).
-- @module loom.leash

local core = require "loom.core"
local lfs = require "lfs"

local Leash = {}
Leash.__index = Leash

local TIME_LIMIT = 600 -- seconds: the largest report that the service takes by default computes for a minute or two
local LOG_LIMIT = 1024 * 1024 * 1024 -- bytes: what a thousand stores with a poll a second write in some hours
local LOG_KEPT = 64 * 1024 * 1024 -- bytes of its file that stay when it begins anew: journal_size_limit in sqlite/connect.c
local REST, REST_MAX = 3, 30 -- seconds without a report; the writer tries every second

--- Makes one for a database.
-- @tparam string path the database's
-- @tparam[opt=600] number seconds how long a report may compute
-- @tparam[opt=1 GiB] int bytes by how much the log may grow meanwhile
-- @tparam[opt] function clock seconds of a clock that only moves forward
function Leash.new(path, seconds, bytes, clock)
  return setmetatable({ log = path .. "-wal", seconds = seconds or TIME_LIMIT, bytes = bytes or LOG_LIMIT,
    clock = clock or core.clock, rest = REST }, Leash)
end

--- How long the write-ahead log is.
-- @treturn int bytes
function Leash:log_size()
  return lfs.attributes(self.log, "size") or 0
end

--- Whether the log is so long that it should begin anew before other reports begin.
function Leash:is_log_long()
  return self:log_size() > math.max(self.bytes, LOG_KEPT)
end

--- Whether another report may begin. Where the log is long, that is after a rest in which none runs; and where it is not over
-- then, since somebody else keeps it, each rest is twice as long as the one before, up to half a minute.
-- @tparam int running how many there are
-- @treturn bool
function Leash:may_begin(running)
  if not self:is_log_long() then
    self.rests_since, self.rest = nil, REST
    return true
  elseif running > 0 then
    self.rests_since = nil
    return false
  end
  self.rests_since = self.rests_since or self.clock()
  return self.clock() - self.rests_since >= self.rest
end

--- Where a report begins.
-- @treturn table for `reason_to_end`
function Leash:begin()
  if self.rests_since then
    self.rests_since, self.rest = nil, math.min(self.rest * 2, REST_MAX)
  end
  return { at = self.clock(), log_size = self:log_size() }
end

--- Why a report should not go on.
-- @tparam table run as `begin` gave it
-- @treturn ?string the failure; nil if it may
function Leash:reason_to_end(run)
  local size = self:log_size()
  run.log_size = math.min(run.log_size, size) -- it has begun anew
  if self.clock() - run.at > self.seconds then
    return ("ECANCELED: given up after %g seconds, the limit of a report"):format(self.seconds)
  elseif size - run.log_size > self.bytes then
    return ("ECANCELED: given up because it kept the write-ahead log from beginning anew, which has grown by %d bytes "
      .. "(the limit is %d)"):format(size - run.log_size, self.bytes)
  end
end

return Leash
