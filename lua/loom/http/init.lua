--- Loom inside nginx: the phases of its Lua module, for `loom serve` and for people with a configuration of their own.
--
--     init_worker_by_lua_block { require("loom.http").init_worker { database = "stores.db", reports = "reports" } }
--     exit_worker_by_lua_block { require("loom.http").exit_worker() }
--     location / { content_by_lua_block { require("loom.http").content() } }
--     location ~ "^/loom-report/(?<loom_report>[0-9a-f-]{36})\.csv$" { internal; alias reports/$loom_report.csv; … }
--
-- See `examples/openresty/nginx.conf` for all of it.
-- @module loom.http

local problem = require "loom.http.problem"
local router = require "loom.http.router"
local service = require "loom.http.service"

local http = {}

for _, name in ipairs {
  "reports", "v1.stores", "v1.summary", "v1.inspection", "v1.hours", "v1.timezone", "v1.special_days", "v1.attributes",
  "v1.exclusions", "v1.reports", "openapi",
} do
  router.add(require("loom.http." .. name))
end

--- For `init_worker_by_lua`: opens the database, which is made if need be, and works on reports.
-- @tparam table options `database`: its path; `reports`: the folder of report files; `running`, `queued`, `threads`,
--   `keep_seconds`, `keep_count`: see `loom.queue`; `default_zone`: of stores without one
function http.init_worker(options)
  service.open(options)
end

--- For `exit_worker_by_lua`: lets the reports that run end.
function http.exit_worker()
  service.close()
end

--- For `content_by_lua`: answers a request.
function http.content()
  local good, err = pcall(function()
    local route, arguments = router.find(ngx.req.get_method(), ngx.var.request_uri)
    return route.handler(arguments)
  end)
  if good then
    return
  elseif problem.is(err) then
    problem.send(err)
  else
    ngx.log(ngx.ERR, "loom: ", tostring(err))
    problem.send { status = 500, detail = "an internal error", more = {} }
  end
end

return http
