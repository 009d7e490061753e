--- The configuration of nginx that `loom serve` runs.
-- @module loom.http.nginx_conf

local limits = require "loom.http.limits"
local nginx_text = require "loom.http.nginx_text"

local nginx_conf = {}

local lua_string, quoted = nginx_text.lua_string, nginx_text.quoted

-- One JSON object to a line; nginx escapes what clients have sent.
local formats = {
  access = [['{"time":"$time_iso8601","address":"$remote_addr","token":"$loom_token","method":"$request_method",'
    '"target":"$loom_shown_target","route":"$loom_route","status":$loom_status,"bytes":$bytes_sent,"seconds":$request_time,'
    '"agent":"$loom_shown_agent"}']],
  audit = [['{"time":"$time_iso8601","address":"$remote_addr","token":"$loom_token","method":"$request_method",'
    '"route":"$loom_route","store":"$loom_store","target":"$loom_shown_target","status":$loom_status,"sent":$request_length}']],
}

-- What the logs are made of (see loom.http.journal), and where they go: a path, or nil for none.
local function logs(access_log, audit_log)
  if not (access_log or audit_log) then
    return "access_log off;"
  end
  local lines = {}
  for _, name in ipairs { "token", "route", "store", "changes", "raw_status", "target", "agent" } do
    lines[#lines + 1] = ('map "" $loom_%s { default ""; }'):format(name)
  end
  lines[#lines + 1] = 'map $loom_raw_status $loom_sent_status { "" $status; default $loom_raw_status; }'
  lines[#lines + 1] = "map $loom_sent_status $loom_status { ~^0 0; default $loom_sent_status; }"
  -- What is no ASCII is told by Lua, or, where a request does not get that far, not at all.
  for name, sent in pairs { target = "request_uri", agent = "http_user_agent" } do
    lines[#lines + 1] = ('map $%s $loom_plain_%s { ~[^\\x00-\\x7f] ""; default $%s; }'):format(sent, name, sent)
    lines[#lines + 1] = ('map $loom_%s $loom_shown_%s { "" $loom_plain_%s; default $loom_%s; }'):format(name, name, name, name)
  end
  for name, format in pairs(formats) do
    lines[#lines + 1] = ("log_format loom_%s escape=json %s;"):format(name, format)
  end
  if access_log then
    lines[#lines + 1] = ("access_log %s loom_access;"):format(quoted(access_log))
  end
  lines[#lines + 1] = 'map $loom_changes $loom_unused { default ""; }' -- Lua can set what the configuration names somewhere alone
  if audit_log then
    lines[#lines + 1] = ("access_log %s loom_audit if=$loom_changes;"):format(quoted(audit_log))
  end
  return table.concat(lines, "\n  ")
end

-- Headers that let pages of another origin ask (Fetch Standard, "CORS protocol"), and the answer to what browsers ask first.
local function cors(origin)
  if not origin then
    return ""
  end
  return ([[
add_header Access-Control-Allow-Origin %s always;
    add_header Access-Control-Allow-Headers "Authorization, Content-Type" always;
    add_header Access-Control-Allow-Methods "GET, HEAD, POST, PUT, PATCH, DELETE" always;
    add_header Access-Control-Expose-Headers Loom-Progress always;
    add_header Vary Origin always;]]):format(quoted(origin))
end

-- Whose word is taken for the address of a client, which limits and logs then have: of X-Forwarded-For the last one that is no
-- such proxy's (http://nginx.org/en/docs/http/ngx_http_realip_module.html). Its word is also taken for how the client has come,
-- by https or not, as $loom_scheme.
local function proxies(trusted)
  if not trusted or #trusted == 0 then
    return ""
  end
  local lines = { "real_ip_header X-Forwarded-For;", "real_ip_recursive on;" }
  local sources = {}
  for i, network in ipairs(trusted) do
    lines[#lines + 1] = ("set_real_ip_from %s;"):format(network)
    sources[i] = network .. " 1;"
  end
  lines[#lines + 1] = ("geo $realip_remote_addr $loom_proxied { default 0; %s }"):format(table.concat(sources, " "))
  lines[#lines + 1] = "map $loom_proxied:$http_x_forwarded_proto $loom_scheme { ~*^1:https$ https; default $scheme; }"
  return table.concat(lines, "\n  ")
end

-- Requests below the prefix are found by the locations that have limits of their own; what is asked for is read from the
-- request's line anyway. No others are rewritten: after that, nginx would let anybody into the locations that are internal.
local function rewrite(prefix)
  return prefix and ("rewrite ^%s(/v1/(?:polls|ingest/.*))$ $1;"):format((prefix:gsub("%.", "\\."))) or ""
end

local template = [[
@main@
worker_shutdown_timeout 40s;
error_log stderr @log_level@;
worker_rlimit_nofile @descriptors@;
events { worker_connections @connections@; }

http {
  @http@
  lua_shared_dict loom 2m;
  lua_shared_dict loom_events 8m;
  @logs@
  client_body_timeout 30s;
  send_timeout 30s;
  @proxies@
  @limits@
  lua_socket_buffer_size 64k;
  keepalive_requests 100000;
  sendfile on;
  tcp_nopush on;
  gzip on;
  gzip_types text/csv text/plain application/json text/javascript text/css image/svg+xml; # and text/html; event streams never
  gzip_min_length 1024;
  gzip_comp_level 5; # a twentieth shorter than by 1, for half as much time again
  gzip_proxied any;
  gzip_vary on;

  # Reports as pages bring a policy of their own, which allows their style and script alone; the dashboard's files have theirs.
  map $sent_http_content_type $loom_plain_csp {
    default "default-src 'none'; frame-ancestors 'none'";
    ~^text/html "frame-ancestors 'none'";
  }
  map $sent_http_content_security_policy $loom_csp {
    default "";
    "" $loom_plain_csp;
  }

  # So that nginx does not start where something is missing.
  init_by_lua_block { require "loom.http" }
  init_worker_by_lua_block {
    require("loom.http").init_worker {
      ends_with_master = true,
      database = @database@,
      reports = @reports@,
      token_file = @token_file@,
      running = @running@,
      store_days = @store_days@,
      time_limit = @time_limit@,
      log_limit = @log_limit@,
      queued = @queued@,
      csv_formulas = @csv_formulas@,
      polls_limit = @polls_limit@,
      ingest_limit = @ingest_limit@,
      default_zone = @default_zone@,
      max_ahead = @max_ahead@,
      rows_limit = @rows_limit@,
      uploads = @uploads@,
      client_uploads = @client_uploads@,
      body_rate = @body_rate@,
      body_timeout = @body_timeout@,
      cors_origin = @cors_origin@,
      hosts = @hosts@,
      journal = @journal@,
      prefix = @prefix@,
      compact_every = @compact_every@,
    }
  }
  exit_worker_by_lua_block { require("loom.http").exit_worker() }

  server {
    listen @listen@;
    @rewrite@
    @limit@
    add_header X-Content-Type-Options nosniff always;
    add_header Content-Security-Policy $loom_csp always;
    add_header Referrer-Policy no-referrer always;
    @cors@

    log_by_lua_block { require("loom.http").log() }
    error_page 400 403 404 405 408 412 413 414 416 429 500 501 502 503 504 505 /loom-problem;
    error_page 494 =431 /loom-problem; # nginx's own status of headers that are too long

    location = /loom-problem {
      internal;
      client_max_body_size 0; # it is not looked at
      content_by_lua_block { require("loom.http").problem() }
    }

    location = /v1/polls {
      client_max_body_size @polls_limit@;
      client_body_buffer_size @polls_limit@;
      content_by_lua_block { require("loom.http").content() }
    }

    location /v1/ingest/ {
      client_max_body_size @ingest_limit@;
      content_by_lua_block { require("loom.http").content() }
    }

    location /ui/ {
      gzip_min_length 256; # most of the dashboard's files are short, and there are many
      content_by_lua_block { require("loom.http").content() }
    }

    location / {
      content_by_lua_block { require("loom.http").content() }
    }

    location ~ "^/loom-report/(?<loom_report>[0-9a-f-]{36})\.csv$" {
      internal;
      log_by_lua_block { require("loom.http").log("/get_report") }
      alias @report_files@/$loom_report.csv;
      error_page 404 @loom_gone;
      error_page 403 412 416 /loom-problem;
      log_not_found off;
      types {}
      default_type text/csv;
      gzip_min_length 20;
      add_header Content-Disposition 'attachment; filename="report_$loom_report.csv"';
      add_header Vary Accept;
      add_header Cache-Control "private, no-cache"; # it may be removed; the ETag tells whether it is the same
      add_header X-Content-Type-Options nosniff always;
      add_header Content-Security-Policy $loom_csp always;
      add_header Referrer-Policy no-referrer always;
      @cors@
    }

    location @loom_gone {
      content_by_lua_block { require("loom.http").gone() }
    }
  }
}
]]

--- The text of the configuration.
-- @tparam table options `user` (where it is root who starts nginx), `workers`, `descriptors` (of each), `log_level`,
--   `modules` (paths to load), `lua_path`, `lua_cpath`, `listen`, `polls_limit` and `ingest_limit` (bytes), and absolute:
--   `database`, `reports`, `token_file`, `access_log` and `audit_log` (the last three optional, without "$"); `rate`
--   (requests a second of one address), `trust_proxy` (addresses and networks), `prefix` (a path without what nginx or a pattern
--   would take for its own, but for points), `store_days`, `time_limit`, `log_limit`, `csv_formulas`, `default_zone`,
--   `max_ahead`, `cors_origin`, `host`, and those of files that come, `rows_limit`, `uploads`, `client_uploads`, `body_rate`,
--   `body_timeout` and `compact_every`: see `loom.http.init_worker` (all optional)
function nginx_conf.text(options)
  return nginx_text.fill(template, options, {
    descriptors = ("%d"):format(options.descriptors),
    connections = ("%d"):format((limits.of(options.descriptors, options.running))),
    log_level = options.log_level,
    database = lua_string(options.database),
    reports = lua_string(options.reports),
    token_file = options.token_file and lua_string(options.token_file) or "nil",
    running = tostring(options.running),
    store_days = tostring(options.store_days),
    time_limit = tostring(options.time_limit),
    log_limit = tostring(options.log_limit),
    queued = tostring(options.queued),
    csv_formulas = options.csv_formulas and lua_string(options.csv_formulas) or "nil",
    report_files = options.reports:gsub("[%s;{}$\"'\\]", "\\%0"),
    listen = options.listen,
    limits = options.rate and ("limit_req_zone $binary_remote_addr zone=loom_rate:10m rate=%dr/s;\n  limit_req_status 429;")
      :format(options.rate) or "",
    limit = options.rate and ("limit_req zone=loom_rate burst=%d nodelay;"):format(options.rate * 2) or "",
    logs = logs(options.access_log, options.audit_log),
    proxies = proxies(options.trust_proxy),
    rewrite = rewrite(options.prefix),
    prefix = options.prefix and lua_string(options.prefix) or "nil",
    journal = tostring((options.access_log or options.audit_log) ~= nil),
    cors = cors(options.cors_origin),
    polls_limit = ("%d"):format(options.polls_limit),
    ingest_limit = ("%d"):format(options.ingest_limit),
    default_zone = options.default_zone and lua_string(options.default_zone) or "nil",
    max_ahead = options.max_ahead and lua_string(options.max_ahead) or "nil",
    rows_limit = tostring(options.rows_limit),
    uploads = tostring(options.uploads),
    client_uploads = tostring(options.client_uploads),
    body_rate = options.body_rate and ("%d"):format(options.body_rate) or "nil",
    body_timeout = tostring(options.body_timeout),
    hosts = options.host and "{ " .. lua_string(options.host) .. " }" or "nil",
    compact_every = options.compact_every and ("%.3f"):format(options.compact_every) or "nil",
    cors_origin = options.cors_origin and lua_string(options.cors_origin) or "nil",
  })
end

return nginx_conf
