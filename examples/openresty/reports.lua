-- A page of one's own inside nginx, a report at once: /report?format=csv|json&preset=loom|seed|monitoring. See nginx.conf
-- beside this file. Where tokens are needed it needs one, or a session's cookie, as the service does, and tells of the stores
-- that the token may see.
--
-- A report is computed on threads of its own. The request looks every few milliseconds whether it is done, and lets the
-- worker serve others meanwhile.

local http = require "loom.http"
local loom = require "loom"

local ngx = ngx -- luacheck: ignore 113

local LOOK_EVERY = 0.005 -- seconds

local types = { csv = "text/csv", json = "application/json" }
local presets = { loom = true, seed = true, monitoring = true }

local reports = {}

local monitor -- this worker's own: a database is opened after the fork

local function finish(status, message)
  ngx.status = status
  ngx.header.content_type = "text/plain"
  ngx.say(message)
  return ngx.exit(status)
end

local function start(options)
  local message
  if not monitor then
    monitor, message = loom.open(os.getenv "LOOM_DB" or "stores.db")
    if not monitor then
      return nil, message
    end
  end
  return monitor:start_report(options)
end

function reports.serve()
  local where = http.admit "read"
  local format, preset = ngx.var.arg_format or "csv", ngx.var.arg_preset or "loom"
  if not types[format] or not presets[preset] then
    return finish(400, "format is csv or json; preset is loom, seed or monitoring")
  end
  local job, message = start { preset = preset, where = where }
  if not job then
    ngx.log(ngx.ERR, message)
    return finish(503, "there is no report at the moment")
  end
  while not job:wait(0) do
    ngx.sleep(LOOK_EVERY)
  end
  local report
  report, message = job:result()
  if not report then
    ngx.log(ngx.ERR, message)
    return finish(500, "the report has failed")
  end
  ngx.header.content_type = types[format]
  report:write(ngx.print, { format = format })
  report:close()
end

return reports
