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
local reports = require "loom.http.reports"
local service = require "loom.http.service"

local http = {}

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

-- Handlers by path and method.
local routes = {
  ["/trigger_report"] = { POST = reports.trigger },
  ["/get_report"] = { GET = reports.get, HEAD = reports.get },
}

local function find()
  local path = ngx.var.uri
  local route, argument = routes[path], nil
  if not route then
    argument = path:match("^/get_report/([^/]+)$")
    route = argument and routes["/get_report"]
  end
  if not route then
    problem.raise(404, "there is nothing at this path")
  end
  local handler = route[ngx.req.get_method()]
  if not handler then
    local allowed = {}
    for method in pairs(route) do
      allowed[#allowed + 1] = method
    end
    table.sort(allowed)
    problem.raise(405, "the method is not allowed here", { headers = { Allow = table.concat(allowed, ", ") } })
  end
  return handler, argument
end

--- For `content_by_lua`: answers a request.
function http.content()
  local good, err = pcall(function()
    local handler, argument = find()
    return handler(argument)
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
