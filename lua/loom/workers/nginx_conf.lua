--- The configuration of nginx that `loom worker` runs.
-- @module loom.workers.nginx_conf

local nginx_conf = {}

local function lua_string(text)
  return ("%q"):format(text):gsub("\\\n", "\\n")
end

local function quoted(text)
  return '"' .. text:gsub('[\\"$]', "\\%0") .. '"'
end

local template = [[
daemon off;
@user@
worker_processes @processes@;
worker_shutdown_timeout 10s;
pid nginx.pid;
env TMPDIR;
env TZDIR;
error_log stderr notice;
@modules@
events { worker_connections 256; }

http {
  lua_package_path @lua_path@;
  lua_package_cpath @lua_cpath@;
  access_log off;
  server_tokens off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_max_body_size 1m;
  client_body_buffer_size 1m;
  client_header_timeout 15s;
  client_body_timeout 15s;
  send_timeout 600s; # who merges reads as fast as the slowest of all sends
  reset_timedout_connection on;
  lua_check_client_abort on;
  tcp_nodelay on;

  init_by_lua_block { require "loom.http.worker" }
  init_worker_by_lua_block {
    require("loom.http.worker").init_worker { conf = @conf@, shard = @shard@, token_file = @token_file@ }
  }

  server {
    listen @listen@@ssl@;
    @certificate@

    location = /v1/shard-report {
      content_by_lua_block { require("loom.http.worker").content() }
    }

    location / {
      return 404;
    }
  }
}
]]

--- The text of the configuration.
-- @tparam table options `user` (where it is root who starts nginx), `processes`, `modules` (paths to load), `lua_path`,
--   `lua_cpath`, `listen`, `shard`, and absolute paths: `conf`, `token_file`, `certificate` and `key` (both or neither)
-- @treturn string
function nginx_conf.text(options)
  local modules = {}
  for i, path in ipairs(options.modules) do
    modules[i] = "load_module " .. quoted(path) .. ";"
  end
  local values = {
    user = options.user and "user " .. options.user .. ";" or "",
    processes = tostring(options.processes),
    modules = table.concat(modules, "\n"),
    lua_path = quoted(options.lua_path),
    lua_cpath = quoted(options.lua_cpath),
    listen = options.listen,
    ssl = options.certificate and " ssl" or "",
    certificate = options.certificate
      and ("ssl_certificate %s;\n    ssl_certificate_key %s;\n    ssl_protocols TLSv1.2 TLSv1.3;"):format(
        quoted(options.certificate), quoted(options.key)) or "",
    conf = lua_string(options.conf),
    shard = ("%d"):format(options.shard),
    token_file = lua_string(options.token_file),
  }
  return (template:gsub("@([%l_]+)@", values))
end

return nginx_conf
