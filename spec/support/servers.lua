--- A ClickHouse cluster for specs, of 2 shards with 3 replicas each: see spec/cluster/servers.

local files = require "support.files"
local shell = require "support.shell"

local servers = {}

local folder

-- Ports that nobody else has: of a thousand, by the process that runs the specs.
local function base_port()
  local pid = tonumber(files.read("/proc/self/stat"):match "^(%d+)")
  return 20000 + pid % 10 * 1000
end

--- Why there can be none, or nil.
function servers.missing()
  local found = shell.run [[
    command -v clickhouse-server || test -x /usr/sbin/clickhouse-server || { echo clickhouse-server; exit 1; }
    test -r /usr/share/java/zookeeper.jar || { echo zookeeper; exit 1; }
    command -v java || { echo java; exit 1; }]]
  return found.status ~= 0 and (found.out:match "(%S+)%s*$" .. " is not installed: sh .ci/deps test") or nil
end

local function run(...)
  return shell.run(("CLUSTER_DIR=%s SHARDS=2 REPLICAS=3 BASE_PORT=%d spec/cluster/servers %s"):format(shell.quote(folder),
    base_port(), shell.words(...)))
end

--- Does something with them: "kill", "stop", "cont" or "start", and names such as ch11, of shard 1 and replica 1.
function servers.act(...)
  local result = run(...)
  assert(result.status == 0, result.err)
  return result.out
end

--- Starts them.
function servers.up()
  folder = files.make_folder() .. "/servers"
  servers.act "up"
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
  end
end

--- Asks one server.
-- @tparam int shard
-- @tparam int replica
-- @tparam string sql
function servers.ask(shard, replica, sql)
  local lines, urls = {}, {}
  for line in servers.act "conf":gmatch "shard ([^\n]*)" do
    lines[#lines + 1] = line
  end
  for url in lines[shard]:gmatch "%S+" do
    urls[#urls + 1] = url
  end
  local result = shell.run(("%s -sS --data-binary %s %s"):format(shell.curl, shell.quote(sql), urls[replica]))
  assert(result.status == 0, result.err)
  return result.out
end

local made = 0

--- Writes a cluster.conf with tables of its own.
-- @tparam string path
-- @tparam[opt] string database that is there already
-- @tparam[opt] string more lines of settings
-- @treturn string the database
function servers.conf(path, database, more)
  made = made + 1
  local name = database or ("spec%d_%d"):format(made, os.time())
  files.write(path, ("loom cluster 1\ndatabase %s\nhead %s\npatience 3\n%s%s"):format(name, path:match "[^/]*$" .. ".db",
    more or "", servers.act "conf"))
  if not database then
    shell.good("cluster", "create", path)
  end
  return name
end

return servers
