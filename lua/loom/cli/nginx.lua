--- nginx, as the commands that serve run it: where it is, what it has to load, how it is started and ended.
-- @module loom.cli.nginx

local common = require "loom.cli.common"
local core = require "loom.core"
local lfs = require "lfs"
local options = require "loom.cli.options"
local runtime_folder = require "loom.cli.runtime_folder"
local searchpath = require "loom.searchpath"

local nginx = {}

--- A path that holds wherever it is read.
function nginx.absolute(path)
  return path:sub(1, 1) == "/" and path or lfs.currentdir() .. "/" .. path
end

--- Reader of an address and a port: a table of host and port.
function nginx.address(text)
  local host, port = text:match("^%[([%x:.]+)%]:(%d+)$")
  if not host then
    host, port = text:match("^([%d.]+):(%d+)$")
  end
  if not host or tonumber(port) < 1 or tonumber(port) > 65535 then
    return nil, options.expected_but("address and port, such as 127.0.0.1:8080 or [::1]:8080,", text)
  end
  return { text = text, host = host, port = port }
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

-- The program, and the modules it has to load; nil and what is missing.
local function find_program()
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

-- Where the module for LuaJIT may be, when the one that runs here is in a folder: in a checkout, below a prefix, in a tree of
-- LuaRocks; or it is the same one.
local function native_folders(folder)
  if jit then
    return { folder }
  end
  return { (folder:gsub("/lua5%.%d/$", "/luajit/")), (folder:gsub("/lua/5%.%d/$", "/lua/5.1/")), folder .. "luajit/" }
end

-- Where nginx's LuaJIT finds what this command runs: its Lua files, and the native half, which must be the one for LuaJIT.
-- nil and what is missing.
local function find_paths()
  local lua = nginx.absolute(searchpath("loom", package.path)):gsub("loom/init%.lua$", "")
  local here = nginx.absolute(searchpath("loom.core", package.cpath)):gsub("loom/core%.so$", "")
  for _, native in ipairs(native_folders(here)) do
    if (jit or native ~= here) and common.exists(native .. "loom/core.so") then
      return { lua = ("%s?.lua;%s?/init.lua;;"):format(lua, lua), native = native .. "?.so;;", folder = native .. "loom/core.so" }
    end
  end
  local has_headers = output_of("pkg-config --exists luajit && echo yes") == "yes\n"
  return nil, ("Loom's module for nginx's LuaJIT is not installed beside %sloom/core.so: %s"):format(here, has_headers
    and "build and install Loom again, LuaJIT's headers are there now"
    or "install LuaJIT's headers and pkg-config (on Debian: libluajit2-5.1-dev, pkg-config), then build and install Loom again")
end

--- What a service is run by.
-- @treturn table|nil `program`; `modules`, which it has to load; `lua_path` and `lua_cpath`, where its LuaJIT finds what runs
--   here; and `native`, the file of the native half
-- @treturn ?string what is missing
function nginx.find()
  local program, modules = find_program()
  if not program then
    return nil, modules
  end
  local paths, missing = find_paths()
  if not paths then
    return nil, missing
  end
  return { program = program, modules = modules, lua_path = paths.lua, lua_cpath = paths.native, native = paths.folder }
end

--- Whether only this machine can reach an address; the end of the command if there is no listening there.
function nginx.is_loopback(host, port)
  local loopback, message, code = core.probe_listen(host, port)
  if loopback == nil then
    if code == "EINVAL" then
      common.wrong_use("--listen: %s", (message:gsub("^E%u+: ", "")))
    end
    common.fail(message)
  end
  return loopback
end

local function write_file(path, text)
  local file, why = io.open(path, "wb")
  local good = file and file:write(text) and file:close()
  return good, not good and (why or path .. ": cannot be written") or nil
end

local function run_nginx(program, folder, text, agent)
  local path = folder .. "/nginx.conf"
  local good, message = write_file(path, text)
  if not good then
    return nil, message
  end
  local arguments = { program, "-p", folder .. "/", "-c", path, "-e", "stderr" }
  local exit_code
  exit_code, message = core.supervise(arguments, agent)
  if not exit_code then
    return nil, message
  elseif exit_code ~= 0 then
    return nil, ("nginx has ended with status %d"):format(exit_code)
  end
  return true
end

--- Runs it until it ends, in a folder of its own.
-- @tparam string program
-- @tparam string text of the configuration
-- @tparam bool is_shared whether workers are somebody else
-- @tparam ?{string,...} agent the command line of what runs beside it
function nginx.serve(program, text, is_shared, agent)
  runtime_folder.clear()
  local folder, message = runtime_folder.make(is_shared)
  if not folder then
    return nil, message
  end
  local good
  good, message = run_nginx(program, folder.path, text, agent)
  runtime_folder.remove(folder)
  return good, message
end

return nginx
