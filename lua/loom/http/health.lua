--- Whether the service lives, and whether it can do its work.
-- @module loom.http.health

local problem = require "loom.http.problem"
local service = require "loom.http.service"

-- The worker answers: that is all.
local function live()
  ngx.header["Content-Type"] = "application/json"
  ngx.header["Cache-Control"] = "no-store"
  ngx.print '{"status":"ok"}\n'
end

-- The database can be read, and the queue is not full.
local function ready()
  local waiting, message = service.waiting()
  if not waiting then
    ngx.log(ngx.ERR, message)
    problem.raise(503, "the database cannot be read")
  elseif waiting.full then
    problem.raise(503, "too many reports are waiting", { headers = { ["Retry-After"] = "1" } })
  end
  live()
end

--- Its routes.
return {
  schemas = {
    Health = { type = "object", required = { "status" }, properties = { status = { const = "ok" } } },
  },
  {
    method = "GET", path = "/healthz", access = "none", handler = live, tag = "service", without_database = true,
    summary = "Whether the service lives", responses = { [200] = { description = "It does.", schema = "Health" } },
  },
  {
    method = "GET", path = "/readyz", access = "none", handler = ready, tag = "service",
    summary = "Whether the database can be read, and reports may be asked for",
    responses = { [200] = { description = "Both.", schema = "Health" } },
  },
}
