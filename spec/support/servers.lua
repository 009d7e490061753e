--- A ClickHouse cluster for specs, of 2 shards with 3 replicas each: see spec/cluster/servers.

local core = require "loom.core"
local files = require "support.files"
local lfs = require "lfs"
local shell = require "support.shell"

local servers = {}

local folder

-- Ports that nobody has: other specs, which run beside these, have servers, too.
local PORTS = { 1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24, 31, 32, 33, 34, 41, 42, 43, 44, 51, 52, 53, 54, 911, 912, 913, 921,
  922, 923, 931, 932, 933 }
local base_port
local shape
local lock -- of the ports

-- Servers take seconds to listen, and others would find their ports free until then: a byte of this file is locked for each
-- hundred of them, as long as this process has it open.
local function lock_ports(base)
  lock = assert(io.open("spec/support/servers.lua", "r+"))
  return lfs.lock(lock, "w", base / 100, 1) and lfs.lock(lock, "w", base / 100 + 9, 1)
end

local function unlock_ports()
  lock:close()
  lock = nil
end

local function are_free(base)
  for _, port in ipairs(PORTS) do
    if not core.probe_listen("127.0.0.1", tostring(base + port)) then
      return false
    end
  end
  return true
end

local function choose_ports()
  for _ = 1, 50 do
    local base = 20000 + tonumber(core.uuid():sub(1, 4), 16) % 110 * 100
    if lock_ports(base) and are_free(base) then
      return base
    end
    unlock_ports()
  end
  error "no ports are free"
end

--- Why there can be none, or nil.
function servers.missing()
  local found = shell.run [[
    command -v clickhouse-server || test -x /usr/sbin/clickhouse-server || { echo clickhouse-server; exit 1; }
    test -r /usr/share/java/zookeeper.jar || { echo zookeeper; exit 1; }
    command -v java || { echo java; exit 1; }]]
  return found.status ~= 0 and (found.out:match "(%S+)%s*$" .. " is not installed: sh .ci/deps test") or nil
end

local function line_of(...)
  return ("CLUSTER_DIR=%s SHARDS=2 REPLICAS=%d ZOOKEEPERS=%d TLS=%d SPREAD=%d BASE_PORT=%d "
    .. "spec/cluster/servers %s")
    :format(shell.quote(folder), shape.replicas or 3, shape.zookeepers or 1, shape.tls and 1 or 0,
      shape.spread and 1 or 0, base_port, shell.words(...))
end

local function run(...)
  return shell.run(line_of(...))
end

--- Does something with them: "kill", "stop", "cont" or "start", and names such as ch11, of shard 1 and replica 1.
function servers.act(...)
  local result = run(...)
  assert(result.status == 0, result.err)
  return result.out
end

--- Starts one again, and does not wait for it.
-- @tparam string name
-- @tparam string path where its answers are told of, by a line that begins with 0
function servers.start_behind(name, path)
  shell.run(("(%s >%s.log 2>&1; echo $? >%s) >/dev/null 2>&1 &"):format(line_of("start", name), path, path))
end

--- Starts them.
-- @tparam[opt] table wanted `replicas` of each shard (3), `zookeepers` (1, or 3), `tls`: whether they have it, too, and
-- `spread`: each server has an address of its own, and all have the same ports
function servers.up(wanted)
  folder, base_port, shape = files.make_folder() .. "/servers", choose_ports(), wanted or {}
  servers.act "up"
end

--- The path of what has signed the servers' certificates.
function servers.ca()
  return folder .. "/ca.pem"
end

--- All that servers have logged.
function servers.logs()
  return shell.run("cat " .. shell.quote(folder) .. "/ch*/*.log").out
end

--- Has all of them run again.
function servers.mend()
  local names = {}
  for name, state in servers.act "status":gmatch "(%w+) pid=%d+ state=(%w)" do
    names[#names + 1] = state == "T" and name or nil
  end
  if names[1] then
    servers.act("cont", (table.unpack or unpack)(names))
  end
  servers.act "up"
end

--- Ends them, and removes what they have.
function servers.down()
  if folder then
    run("down", "--delete")
    files.remove_folder((folder:match "^(.*)/"))
    folder = nil
    unlock_ports()
  end
end

--- The URLs of the servers: lists of the shards' replicas.
function servers.urls()
  local shards = {}
  for line in servers.act "conf":gmatch "shard ([^\n]*)" do
    local urls = {}
    for url in line:gmatch "%S+" do
      urls[#urls + 1] = url
    end
    shards[#shards + 1] = urls
  end
  return shards
end

--- Asks one server.
-- @tparam int shard
-- @tparam int replica
-- @tparam string sql
function servers.ask(shard, replica, sql)
  local result = shell.run(("%s -sS --data-binary %s %s"):format(shell.curl, shell.quote(sql), servers.urls()[shard][replica]))
  assert(result.status == 0, result.err)
  return result.out
end

local made = 0

--- Writes a cluster.conf with tables of its own.
-- @tparam string path
-- @tparam[opt] string database that is there already
-- @tparam[opt] string more lines of settings
-- @tparam[opt] string scheme "--tls": by https
-- @treturn string the database
function servers.conf(path, database, more, scheme)
  made = made + 1
  local name = database or ("spec%d_%d"):format(made, os.time())
  files.write(path, ("loom cluster 1\ndatabase %s\nhead %s\n%s%s"):format(name, path:match "[^/]*$" .. ".db",
    more or "", servers.act("conf", scheme)))
  if not database then
    shell.good("cluster", "create", path)
  end
  return name
end

return servers
