--- The configuration of nginx that `loom worker` runs.
-- @module loom.workers.nginx_conf

local nginx_text = require "loom.http.nginx_text"

local nginx_conf = {}

local lua_string, quoted = nginx_text.lua_string, nginx_text.quoted

local template = [[
@main@
worker_shutdown_timeout 10s;
error_log stderr notice;
events { worker_connections 256; }

http {
  @http@
  access_log off;
  client_body_buffer_size 1m;
  client_body_timeout 15s;
  send_timeout 600s; # who merges reads as fast as the slowest of all sends
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
-- @tparam table options `user` (where it is root who starts nginx), `workers`, `modules` (paths to load), `lua_path`,
--   `lua_cpath`, `listen`, `shard`, and absolute paths: `conf`, `token_file`, `certificate` and `key` (both or neither)
-- @treturn string
function nginx_conf.text(options)
  return nginx_text.fill(template, options, {
    listen = options.listen,
    ssl = options.certificate and " ssl" or "",
    certificate = options.certificate
      and ("ssl_certificate %s;\n    ssl_certificate_key %s;\n    ssl_protocols TLSv1.2 TLSv1.3;"):format(
        quoted(options.certificate), quoted(options.key)) or "",
    conf = lua_string(options.conf),
    shard = ("%d"):format(options.shard),
    token_file = lua_string(options.token_file),
  })
end

return nginx_conf
