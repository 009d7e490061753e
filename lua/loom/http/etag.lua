--- Answers that the database's revision decides have an ETag, and are not made again for those who have them already.
--
-- A route that says so (`by_revision`) has an ETag of the revision that its answer is made from, or of an earlier one, and a hash
-- over whatever else decides what it says: what is asked for, in which form and by whom, which database it is, and which run of
-- which version of this service. So an ETag that is the one of now means that nothing has changed since the answer was made, and
-- 304 is the answer before anything is computed. A handler tells what its answer hangs on beside that: an older revision, such
-- as that of a report that was kept (`from`), or what no revision tells, such as the clock (`void`). It has an ETag then that
-- never is that of now again, or none.
--
-- ETags are weak (RFC 9110, section 8.8.1), since nginx gzips what it sends.
-- @module loom.http.etag

local core = require "loom.core"
local lfs = require "lfs"

local etag = {}

-- Of all workers of one nginx, which has the module before it has workers: answers of another version may look different, and a
-- token file that is read anew may give a token other stores.
local RUN = core.uuid()

local known = { opened = 0 } -- the monitor that was open last, and what its database is known by

-- What the database is known by: a backup that is put in its place may have the same revision.
local function database_of(monitor)
  if known.monitor ~= monitor then
    local found = lfs.attributes(monitor.path) or {}
    known.monitor, known.opened = monitor, known.opened + 1
    known.name = ("%s %s %d"):format(found.dev, found.ino, known.opened)
  end
  return known.name
end

--- The ETag of an answer to this request, whose handler is about to be called; from then on `etag.now` tells it.
-- @tparam loom.monitor monitor
-- @tparam int revision the database's
-- @tparam string whose by what the client is known, of whom some see less than others
-- @treturn bool whether the client has this answer already
function etag.begin(monitor, revision, whose)
  local var = ngx.var
  local served = RUN .. "\n" .. database_of(monitor)
  local what = ngx.md5(served .. "\n" .. whose .. "\n" .. (var.http_accept or "") .. "\n" .. var.request_uri)
  local ours = { revision = revision, what = what }
  ngx.ctx.loom_etag = ours
  local theirs = var.http_if_none_match
  return theirs ~= nil and theirs:find(('"%d-%s"'):format(revision, what), 1, true) ~= nil
end

--- An answer that has no ETag, but tells the revision that it is made from: see `etag.revision`.
-- @tparam int revision the database's
function etag.begin_without(revision)
  ngx.ctx.loom_etag = { revision = revision }
end

--- Says that the answer is made from what was read at a revision, or has parts that are.
-- @tparam ?int revision nil if it is not known
function etag.from(revision)
  local ours = ngx.ctx.loom_etag
  if ours and ours.revision and (not revision or revision < ours.revision) then
    ours.revision = revision
  end
end

--- Says that the answer hangs on what no revision tells, such as the clock.
function etag.void()
  etag.from(nil)
end

--- The ETag of the answer that is sent now; nil if it has none.
function etag.now()
  local ours = ngx.ctx.loom_etag
  return ours and ours.revision and ours.what and ('W/"%d-%s"'):format(ours.revision, ours.what) or nil
end

--- The revision that the answer that is sent now is made from, or an earlier one; nil if that is not known.
-- @treturn ?int
function etag.revision()
  local ours = ngx.ctx.loom_etag
  return ours and ours.revision
end

return etag
