--- loom serve
-- @module loom.cli.serve

local common = require "loom.cli.common"
local core = require "loom.core"
local lfs = require "lfs"
local loom = require "loom"
local nginx_conf = require "loom.http.nginx_conf"

local command = { name = "serve" }

local WORKERS_MAX = 64
local SIZE_MAX = 2 ^ 50

function command.add_to(parser)
  local serve = parser:command "serve"
    :summary "Serve reports over HTTP."
    :description("Serve POST /trigger_report and GET /get_report?report_id=ID with nginx and its Lua module, in the foreground. "
      .. "SIGINT and SIGTERM end it once the reports that run are complete.")
  serve:argument "database":description "A database, which is made if it does not exist."
  serve:option "--listen":argname "HOST:PORT":default "127.0.0.1:8080":description "A numeric address."
  serve:option "--workers":argname "N":default "2":description "Worker processes."
  serve:option "--reports":argname "DIR":description "Where report files go (default: DATABASE-reports)."
  serve:option "--polls-limit":argname "SIZE":default "8m":description "Longest body of POST /v1/polls: bytes, or with k, m, g."
  serve:option "--ingest-limit":argname "SIZE":default "2g":description "Longest body of POST /v1/ingest/..."
  serve:option "--log-level":argname "L":choices { "error", "warn", "notice", "info", "debug" }:default "notice"
    :description "What goes to standard error: error, warn, notice, info or debug."
end

local function absolute(path)
  return path:sub(1, 1) == "/" and path or lfs.currentdir() .. "/" .. path
end

-- What a program prints, errors included.
local function output_of(command_line)
  local pipe = io.popen(command_line .. " 2>&1")
  local text = pipe and pipe:read("*a") or ""
  if pipe then
    pipe:close()
  end
  return text
end

-- nginx, and the modules it has to load; nil and what is missing.
local function find_nginx()
  for _, program in ipairs { "nginx", "/usr/sbin/nginx", "openresty" } do
    local version = output_of(program .. " -V")
    if version:find("nginx version:", 1, true) then
      if version:find("lua-nginx-module", 1, true) or version:find("ngx_lua", 1, true) then
        return program, {}
      end
      local folder = version:match("%-%-modules%-path=(%S+)")
      local lua_module = folder and folder .. "/ngx_http_lua_module.so"
      if lua_module and common.exists(lua_module) then
        local kit = folder .. "/ndk_http_module.so"
        return program, common.exists(kit) and { kit, lua_module } or { lua_module }
      end
      return nil, "nginx has no Lua module (on Debian: the package libnginx-mod-http-lua)"
    end
  end
  return nil, "there is no nginx (on Debian: the packages nginx-light and libnginx-mod-http-lua)"
end

-- Where nginx's LuaJIT finds what this command runs: its Lua files, and the native half, which must be the one for LuaJIT.
-- nil and what is missing.
local function module_paths()
  local lua = absolute(package.searchpath("loom", package.path)):gsub("loom/init%.lua$", "")
  local native = absolute(package.searchpath("loom.core", package.cpath)):gsub("loom/core%.so$", "")
  native = native:gsub("/lua5%.4/$", "/luajit/"):gsub("/lua/5%.4/$", "/lua/5.1/")
  if not common.exists(native .. "loom/core.so") then
    return nil, ("%sloom/core.so: Loom's module for nginx's LuaJIT is not there (on Debian: install libluajit2-5.1-dev and "
      .. "build again)"):format(native)
  end
  return { lua = ("%s?.lua;%s?/init.lua;;"):format(lua, lua), native = native .. "?.so;;" }
end

-- Host and port; the end of the command if there is no listening there.
local function check_listen(text)
  local host, port = text:match("^%[([%x:.]+)%]:(%d+)$")
  if not host then
    host, port = text:match("^([%d.]+):(%d+)$")
  end
  if not host then
    common.wrong_use('--listen: "%s" is not an address and a port, such as 127.0.0.1:8080 or [::1]:8080', text)
  end
  local loopback, message, code = core.probe_listen(host, port)
  if loopback == nil then
    if code == "EINVAL" then
      common.wrong_use("--listen: %s", (message:gsub("^E%u+: ", "")))
    end
    common.fail(message)
  elseif not loopback then
    common.wrong_use("--listen: %s is not an address of this machine alone, and there is no token to ask for", text)
  end
end

-- Opens the database once, so that what is wrong with it is said now.
local function check_database(path)
  local monitor, message = loom.open(path, { create = true })
  local info
  if monitor then
    info, message = monitor:info()
    monitor:close()
  end
  return info ~= nil, message
end

local function make_folder(path)
  if common.is_folder(path) then
    return true
  end
  local made, why = lfs.mkdir(path)
  return made, not made and path .. ": " .. why or nil
end

-- nginx's own folder, which nobody else can read.
local function make_runtime_folder()
  local path = ("%s/loom-%s"):format(os.getenv "TMPDIR" or "/tmp", core.uuid())
  if output_of("umask 077 && mkdir " .. common.shell_quote(path)) ~= "" then
    return nil, path .. ": cannot be made"
  end
  return path
end

local function remove_runtime_folder(path)
  os.execute("rm -rf " .. common.shell_quote(path))
end

local function write_file(path, text)
  local file, why = io.open(path, "wb")
  local good = file and file:write(text) and file:close()
  return good, not good and (why or path .. ": cannot be written") or nil
end

local units = { [""] = 1, k = 2 ^ 10, m = 2 ^ 20, g = 2 ^ 30 }

-- Bytes of a size such as "8m".
local function size(text, name)
  local number, unit = text:match("^(%d+)([kKmMgG]?)$")
  local bytes = number and tonumber(number) * units[unit:lower()]
  if not bytes or bytes < 1 or bytes > SIZE_MAX then
    common.wrong_use('%s: "%s" is not a size, such as 512k, 8m or 2g', name, text)
  end
  return math.floor(bytes)
end

local function configuration(args, database, reports, modules, paths)
  return nginx_conf.text {
    user = output_of("id -u"):match("^0%s") and "root" or nil,
    workers = common.whole(args.workers, "--workers", 1, WORKERS_MAX),
    log_level = args.log_level,
    modules = modules,
    lua_path = paths.lua,
    lua_cpath = paths.native,
    listen = args.listen,
    polls_limit = size(args.polls_limit, "--polls-limit"),
    ingest_limit = size(args.ingest_limit, "--ingest-limit"),
    database = database,
    reports = reports,
  }
end

local function run_nginx(program, folder, text)
  local path = folder .. "/nginx.conf"
  local good, message = write_file(path, text)
  if not good then
    return nil, message
  end
  local arguments = { program, "-p", folder .. "/", "-c", path, "-e", "stderr" }
  local exit_code
  exit_code, message = core.supervise(arguments)
  if not exit_code then
    return nil, message
  elseif exit_code ~= 0 then
    return nil, ("nginx has ended with status %d"):format(exit_code)
  end
  return true
end

function command.run(args)
  local program, modules = find_nginx()
  if not program then
    return nil, modules
  end
  local paths, missing = module_paths()
  if not paths then
    return nil, missing
  end
  check_listen(args.listen)
  local database = absolute(args.database)
  local reports = absolute(args.reports or args.database .. "-reports")
  local good, message = check_database(database)
  if good then
    good, message = make_folder(reports)
  end
  local folder
  if good then
    folder, message = make_runtime_folder()
  end
  if not folder then
    return nil, message
  end
  local text = configuration(args, database, reports, modules, paths)
  io.stderr:write(("loom: http://%s/ serves %s\n"):format(args.listen, args.database))
  good, message = run_nginx(program, folder, text)
  remove_runtime_folder(folder)
  return good, message
end

return command
