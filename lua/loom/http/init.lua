--- Loom inside nginx: the phases of its Lua module, for `loom serve` and for people with a configuration of their own.
--
--     init_worker_by_lua_block { require("loom.http").init_worker { database = "stores.db", reports = "reports" } }
--     exit_worker_by_lua_block { require("loom.http").exit_worker() }
--     location / { content_by_lua_block { require("loom.http").content() } }
--     location ~ "^/loom-report/(?<loom_report>[0-9a-f-]{36})\.csv$" { internal; alias reports/$loom_report.csv; … }
--
-- `loom.http.nginx_conf` has all of it, limits and headers among them.
-- @module loom.http

local access = require "loom.http.access"
local core = require "loom.core"
local etag = require "loom.http.etag"
local events = require "loom.http.events"
local fleet = require "loom.http.fleet"
local journal = require "loom.http.journal"
local later = require "loom.later"
local log = require "loom.http.log"
local metrics = require "loom.http.metrics"
local problem = require "loom.http.problem"
local readiness = require "loom.http.readiness"
local reports = require "loom.http.reports"
local response = require "loom.http.response"
local restriction = require "loom.http.restriction"
local router = require "loom.http.router"
local service = require "loom.http.service"
local sessions = require "loom.http.sessions"
local tasks = require "loom.http.tasks"
local timer = require "loom.http.timer"
local turns = require "loom.http.turns"
local ui = require "loom.http.ui"

local http = {}

local FINISH_EVERY = 1 -- seconds between two tries to end sessions whose tokens are not in force any more

for _, routes in ipairs {
  reports.routes,
  require "loom.http.writing",
  require "loom.http.about",
  require "loom.http.health",
  require "loom.http.badge",
  metrics.routes,
  events.routes,
  ui.routes,
  require "loom.http.v1.schemas",
  require "loom.http.v1.session",
  require "loom.http.v1.stores",
  require "loom.http.v1.removal",
  require "loom.http.v1.summary",
  require "loom.http.v1.series",
  require "loom.http.v1.strips",
  require "loom.http.v1.groups",
  require "loom.http.v1.now",
  require "loom.http.v1.doctor",
  require "loom.http.v1.info",
  require "loom.http.v1.inspection",
  require "loom.http.v1.hours",
  require "loom.http.v1.timezone",
  require "loom.http.v1.special_days",
  require "loom.http.v1.attributes",
  require "loom.http.v1.exclusions",
  require "loom.http.v1.audit",
  require "loom.http.v1.preview",
  require "loom.http.v1.alert_overview",
  require "loom.http.v1.reports",
  require "loom.http.v1.alerts",
  require "loom.http.v1.alert_configuration",
  require "loom.http.v1.alert_settings",
  require "loom.http.v1.notifications",
  require "loom.http.openapi".routes,
} do
  router.add(routes)
end

-- Ends the sessions whose tokens have left the file, as soon as the database is open.
local function finish_sessions(premature)
  if premature then
    return
  end
  local called, done, message = pcall(service.patiently, function(state)
    return sessions.finish_unknown(state.monitor.database)
  end)
  if not called then -- it is not open
    return timer.after(FINISH_EVERY, finish_sessions)
  elseif not done then
    log.write(ngx.ERR, "loom: sessions of tokens that have left the file: ", message)
  end
end

later.load_all() -- before the master forks, so that workers share them

if ngx and ngx.get_phase() == "init" then
  ui.load()
end

--- For `init_worker_by_lua`: opens the database, which is made if need be, and works on reports. While it cannot
-- be opened requests get 503, and it is tried again every second.
-- @tparam table options `database`: its path; `reports`: the folder of report files; `running`, `queued`, `threads`,
--   `keep_seconds`, `keep_count`, `time_limit`, `log_limit`: see `loom.queue`; `store_days`: see `loom.http.budget`;
--   `csv_formulas`: `"raw"` writes text in CSV as it is, `"escape"` (the default) so that no spreadsheet runs it;
--   `default_zone`: of stores without one; `token_file`: see `loom.http.access` (without one everyone may do everything:
--   listen on loopback alone); `hosts`: names, in a list, by which the service may be called without tokens, beside addresses
--   and localhost; `cors_origin`: whose pages may change things without tokens, and read the responses that nginx does not send
--   itself (to files that come in chunks; the configuration tells of it for all others); `polls_limit` and `ingest_limit`: bytes
--   of a body (default 8 MiB, and 2 GiB); `max_ahead`: see `loom.open`; of files that come, `rows_limit`: rows, or attributes, or
--   the stores or bad rows of polls (default 2,000,000), `uploads` and `client_uploads`: how many may come at a time to a
--   worker (default 4), and from one client (2), which is a token, or an address where none are needed, `body_rate` and
--   `body_timeout`: bytes a second that one has to come by (default 4096), and seconds that it may lag behind (30); `prefix`: a
--   path such as `/loom`, below which a proxy in front has the service, for the links in answers; `journal`: the configuration
--   has the variables of `loom.http.journal`; `compact_every`: see `loom.http.flushing`; `ends_with_master`: the worker
--   ends when nginx's master does, also by SIGKILL (not where there is none: `master_process off`)
function http.init_worker(options)
  if options.ends_with_master then
    assert(core.end_with_parent())
  end
  router.mount(options.prefix or "")
  journal.init_worker(options.journal)
  access.init_worker(options)
  problem.on_failure = readiness.note_failure
  if options.cors_origin then
    response.allow_origin(options.cors_origin)
  end
  service.open(options)
  service.on_report = function(id, state)
    events.publish("report", { report_id = id, status = state == "complete" and "Complete" or "Failed" })
  end
  events.init_worker(options.running)
  if options.token_file and ngx.worker.id() == 0 then
    timer.after(0, finish_sessions)
  end
end

--- For `exit_worker_by_lua`: lets the reports that run end.
function http.exit_worker()
  service.close()
  metrics.tell()
end

-- Nothing but the files of reports and what is set by hand has an ETag that is not weak, as If-Match needs, and nothing but the
-- former a date (RFC 9110, section 13.1). What nginx would find only once the request has been carried out is found before.
local function check_preconditions(route)
  ngx.req.clear_header "If-Unmodified-Since"
  if route.is_tagged then -- which looks for itself
    return
  end
  local match = ngx.var.http_if_match
  if match and match ~= "*" then
    problem.raise(412, "nothing at this path has an ETag that is not weak", { field = "If-Match" })
  end
  ngx.req.clear_header "If-Match"
end

-- Answers a request, or raises a problem.
local function answer()
  journal.begin()
  local route, arguments = router.find(ngx.req.get_method(), ngx.var.request_uri)
  ngx.ctx.route = route
  journal.note(route, arguments)
  local monitor = service.monitor()
  access.check(route, monitor and monitor.database)
  if not route.sends_file and (ngx.var.http_if_match or ngx.var.http_if_unmodified_since) then
    check_preconditions(route)
  end
  if not (service.monitor() or route.without_database) then
    problem.raise_closed()
  end
  restriction.check(route, arguments)
  if route.by_revision then
    local who = access.who()
    if etag.begin(service.monitor(), fleet.revision(), who and who.token.hash or "") then
      return response.not_modified()
    end
  elseif route.tells_revision then
    etag.begin_without(fleet.revision())
  end
  return route.handler(arguments)
end

--- For `content_by_lua`: answers a request.
function http.content()
  local monitor = service.monitor()
  local good, err = pcall(answer)
  if not good and not problem.is(err) and service.monitor() ~= monitor then -- the database was let go of under the request
    good, err = pcall(problem.raise_closed)
  end
  if good then
    return
  end
  tasks.release()
  if ngx.headers_sent then -- an answer that has begun is cut short, so that nobody takes it for whole
    log.write(ngx.ERR, "loom: broken off: ", problem.is(err) and err.detail or tostring(err))
    return ngx.exit(444)
  elseif problem.is(err) then
    problem.send(restriction.public(ngx.ctx.route, err))
  else
    log.write(ngx.ERR, "loom: ", tostring(err))
    problem.send { status = 500, detail = "an internal error", more = {} }
  end
end

--- For a page of one's own, in `content_by_lua` or `access_by_lua`: ends the request with a problem unless it may read, or write,
-- by its token or its session, or, where no tokens are needed, as whatever this machine asks for itself.
-- @tparam string needed "read" or "write"
-- @treturn ?table what stores must have to be seen by who asks, as the option `where` of `loom.monitor:report` and others; nil:
--   nothing, all stores are seen
function http.admit(needed)
  local monitor = service.monitor()
  local good, err = pcall(access.check, { access = needed }, monitor and monitor.database)
  if good then
    return restriction.where()
  elseif not problem.is(err) then
    error(err, 0)
  end
  problem.send(err)
  return ngx.exit(ngx.HTTP_OK)
end

--- For `content_by_lua` where the file of a report was not found: it has been removed.
function http.gone()
  if router.target(ngx.var.request_uri):find "^/+get_report[/?]" then
    reports.send_gone(ngx.var.loom_report)
  else -- nobody has passed the request on
    problem.send { status = 404, detail = "there is nothing at this path", more = {} }
  end
end

--- For `log_by_lua`: counts the request. It needs `lua_shared_dict loom 2m`.
-- @tparam[opt] string route of requests that were passed on to another location
function http.log(route)
  tasks.release()
  turns.release()
  metrics.log(route)
end

-- What nginx finds by itself.
local found_by_nginx = {
  [400] = "the request is malformed: its line, its path or its headers", [404] = "there is nothing at this path",
  [405] = "the method is not allowed here", [408] = "the request did not arrive in time",
  [412] = "the file is another one", [413] = "the body is longer than this path takes",
  [414] = "the request's target is too long", [416] = "the range is not in the file",
  [429] = "this address has asked too often", [431] = "the headers are too long",
  [501] = "the transfer encoding is not known",
}

--- For `content_by_lua` of an `error_page`: answers with the problem that nginx has found by itself.
function http.problem()
  journal.begin()
  local status = ngx.status
  local headers = status == 429 and { ["Retry-After"] = "1" } or nil
  if status == 405 then -- of methods that nginx refuses before it looks for a path
    local methods = router.methods(ngx.var.request_uri)
    status, headers = methods and 405 or 404, methods and { Allow = methods } or nil
  end
  problem.send { status = status, detail = found_by_nginx[status] or "the request has failed", more = { headers = headers } }
end

return http
