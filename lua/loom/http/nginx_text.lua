--- What the configurations of nginx that `loom serve` and `loom worker` run have in common.
-- @module loom.http.nginx_text

local nginx_text = {}

--- A Lua string in the configuration, whose own quotes are braces.
function nginx_text.lua_string(text)
  return (("%q"):format(text):gsub("\\\n", "\\n"))
end

--- A value of a directive.
function nginx_text.quoted(text)
  return '"' .. text:gsub('[\\"$]', "\\%0") .. '"'
end

local main = [[
daemon off;
@user@
worker_processes @workers@;
pid nginx.pid;
env TMPDIR; # nginx lets workers have no other variable than those that are named
env TZDIR; # or they would have other zones than the commands
@modules@]]

local http = [[
lua_package_path @lua_path@;
  lua_package_cpath @lua_cpath@;
  server_tokens off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  client_max_body_size 1m;
  client_header_timeout 15s;
  reset_timedout_connection on;
  lua_check_client_abort on; # what nobody waits for is not computed any further]]

local function filled(template, values)
  return (template:gsub("@([%l_]+)@", values))
end

--- The text of a configuration.
-- @tparam string template with the names of values between @, as `@listen@`. `@main@` and `@http@` are what all begin with, there
--   and in their block `http`
-- @tparam table options `user` (where it is root who starts nginx), `workers`, `modules` (paths to load), `lua_path` and
--   `lua_cpath`
-- @tparam table values of the other names, all of them strings
-- @treturn string
function nginx_text.fill(template, options, values)
  local modules = {}
  for i, path in ipairs(options.modules) do
    modules[i] = "load_module " .. nginx_text.quoted(path) .. ";"
  end
  values.main = filled(main, {
    user = options.user and "user " .. options.user .. ";" or "",
    workers = tostring(options.workers),
    modules = table.concat(modules, "\n"),
  })
  values.http = filled(http, {
    lua_path = nginx_text.quoted(options.lua_path),
    lua_cpath = nginx_text.quoted(options.lua_cpath),
  })
  return filled(template, values)
end

return nginx_text
