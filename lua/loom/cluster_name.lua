--- Names of clusters: `clickhouse://host[:8123][,host…]/database[?setting=value&…]`, and `clickhouses://` where they are asked by
-- TLS (port 8443).
--
-- The hosts are asked which shards there are (ClickHouse's table `system.clusters`) of the cluster that the setting `cluster`
-- names, by default the one of the database's name. All of its servers listen on the same port. What they say is written into
-- a cluster.conf beside the head, with `.conf` behind its name, and the hosts are taken from there from then on: so what was
-- named once can be opened while no server answers. The other settings are those of a cluster.conf, and may be others each time;
-- the head is, unless one is named, a file in the working folder that is called as the database is, with `.head.db` behind it.
--
-- A name is seen by all who see a command line: a password in it is refused, and is in no message.
-- @module loom.cluster_name

local core = require "loom.core"
local lfs = require "lfs"
local small_file = require "loom.small_file"

local cluster_name = {}

local LENGTH_MOST = 4096 -- bytes of a name
local CONF_MOST = 1024 * 1024 -- bytes of a conf, as src/core/cluster/conf.c has it
local PORTS = { clickhouse = 8123, clickhouses = 8443 }
local SCHEMES = { clickhouse = "http", clickhouses = "https" }
local SETTINGS = { "user", "password-file", "ca-file", "worker", "worker-token-file", "patience" } -- that a conf has, too
local PATHS = { ["password-file"] = true, ["ca-file"] = true, ["worker-token-file"] = true }
local PAGE = 512 -- bytes: what has a multiple of it as its size may be a database, for loom.opening.is_conf
local ASKING_MOST = 10 -- seconds for which servers are asked for the shards, unless `patience` is less

local is_known = { cluster = true, head = true }
for _, name in ipairs(SETTINGS) do
  is_known[name] = true
end

local function refuse(why)
  return nil, "EINVAL: the name of a cluster: " .. why, "EINVAL"
end

--- Whether a path is the name of a cluster.
function cluster_name.is(path)
  return path:lower():find "^clickhouses?://" ~= nil
end

-- Percent-encoding (RFC 3986, section 2.1); nil: it is cut off, or no digits.
local function decoded(text)
  if text:gsub("%%%x%x", ""):find("%", 1, true) then
    return nil
  end
  return (text:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

-- The settings behind the question mark.
local function read_settings(query)
  local settings = {}
  for item in query:gmatch "[^&]+" do
    local name, value = item:match "^([^=]*)=(.*)$"
    value = value and decoded(value)
    if not name or not is_known[name] then
      return refuse(("there is no setting of that name: cluster, head, %s expected"):format(table.concat(SETTINGS, ", ")))
    elseif settings[name] then
      return refuse(("'%s' is given twice"):format(name))
    elseif not value or value == "" or value:find "[%c%s#]" then
      return refuse(("'%s' has no value, or one with blanks or # in it"):format(name))
    elseif name == "worker" and value:find("@", 1, true) then
      return refuse "the address of a worker has no user and no password"
    end
    settings[name] = value
  end
  return settings
end

-- The hosts, and the port that all of them have.
local function read_hosts(list, scheme)
  local hosts, port = {}, nil
  for item in (list .. ","):gmatch "([^,]*)," do
    local host, own = item:match "^(%[[%x:.]+%])(.*)$"
    if not host then
      host, own = item:match "^([%w._-]+)(.*)$"
    end
    local number = own and tonumber(own:match "^:(%d%d?%d?%d?%d?)$")
    if not host or own ~= "" and not (number and number >= 1 and number <= 65535) then
      return refuse "a host is a name or a number, perhaps with a port behind a colon"
    elseif number and port and number ~= port then
      return refuse "all hosts have the same port"
    end
    hosts[#hosts + 1], port = host, number or port
  end
  return hosts, port or PORTS[scheme]
end

--- What a name says.
-- @tparam string name
-- @treturn table|nil `scheme` (http or https), `hosts` (a list), `port`, `database`, `head`, `cluster`, and the other `settings`
-- by name; or nil, what is wrong with it, which says nothing of what may be a password, and the code
function cluster_name.parse(name)
  local scheme, rest = name:match "^(%a+)://(.*)$"
  scheme = scheme and scheme:lower()
  if not PORTS[scheme] or #name > LENGTH_MOST then
    return refuse(("clickhouse://host/database, of %d bytes at the most, expected"):format(LENGTH_MOST))
  end
  local place, query = rest:match "^([^?]*)%??(.*)$"
  local authority, database = place:match "^([^/]*)/([^/]*)$"
  if not authority then
    return refuse "clickhouse://host/database expected"
  elseif authority:find("@", 1, true) then
    return refuse "who asks is told by ?user=NAME&password-file=FILE, not before the host"
  elseif not database:find "^[%a_][%w_]*$" then
    return refuse "the database behind the hosts is of letters, digits and _"
  end
  local hosts, port = read_hosts(authority, scheme)
  if not hosts then
    return nil, port, "EINVAL"
  end
  local settings, message = read_settings(query)
  if not settings then
    return nil, message, "EINVAL"
  end
  return { scheme = SCHEMES[scheme], hosts = hosts, port = port, database = database, cluster = settings.cluster or database,
    head = settings.head or database .. ".head.db", settings = settings }
end

-- ---- its conf ----

local function absolute(path)
  return path:sub(1, 1) == "/" and path or lfs.currentdir() .. "/" .. path
end

local function url_of(parsed, host)
  local is_bare = host:find(":", 1, true) and host:sub(1, 1) ~= "[" -- a number of version 6
  return ("%s://%s:%d"):format(parsed.scheme, is_bare and "[" .. host .. "]" or host, parsed.port)
end

-- The second line of a conf that was made of a name: what its hosts are of.
local function mark_of(parsed)
  return ("# made of %s, port %d, cluster %s, database %s"):format(parsed.scheme, parsed.port, parsed.cluster, parsed.database)
end

-- A conf with these shards, lists of hosts. Files are named from the working folder, but a conf is seen from its own.
local function conf_text(parsed, database, shards, patience)
  local lines = { "loom cluster 1", mark_of(parsed), "database " .. database, "head " .. parsed.head:match "[^/]*$" }
  for _, setting in ipairs(SETTINGS) do
    local value = parsed.settings[setting]
    if setting == "patience" then
      value = patience or value
    elseif setting == "worker" then
      value = value and value:gsub(",", " ")
    elseif value and PATHS[setting] then
      value = absolute(value)
    end
    lines[#lines + 1] = value and setting .. " " .. value
  end
  for _, hosts in ipairs(shards) do
    local urls = {}
    for i, host in ipairs(hosts) do
      urls[i] = url_of(parsed, host)
    end
    lines[#lines + 1] = "shard " .. table.concat(urls, " ")
  end
  local text = table.concat(lines, "\n") .. "\n"
  return #text % PAGE == 0 and text .. "\n" or text
end

-- What servers tell goes into a conf, of which a host that has more than its own letters would be other lines.
local function is_host(host)
  return host:find "^[%w._-]+$" ~= nil or host:find "^%x*:[%x.]*:[%x:.]*$" ~= nil or host:find "^%[%x*:[%x:.]*%]$" ~= nil
end

-- The shards, each a list of hosts, as the servers tell of them.
local function find_shards(parsed, path, cluster)
  local given = tonumber((parsed.settings.patience or ""):match "^%d%d?$")
  local patience = math.min(given or ASKING_MOST, ASKING_MOST)
  local asking = conf_text(parsed, "system", { parsed.hosts }, ("%d"):format(patience))
  local replicas, message, code = cluster.topology(asking, path, parsed.cluster)
  if not replicas then
    return nil, message, code
  end
  local shards, last = {}, nil
  for _, replica in ipairs(replicas) do
    if not is_host(replica.host) then
      return nil, ("EINPUT: the servers tell of a host of shard %d that is none"):format(replica.shard), "EINPUT"
    elseif replica.shard ~= last then
      shards[#shards + 1], last = {}, replica.shard
    end
    local hosts = shards[#shards]
    hosts[#hosts + 1] = replica.host
  end
  if #shards == 0 then
    return nil, ("ENOENT: the servers know of no cluster '%s': name one by ?cluster=NAME"):format(parsed.cluster), "ENOENT"
  end
  return shards
end

local function write(path, text)
  local new = ("%s.%s"):format(path, core.uuid())
  local file, why = io.open(new, "wb")
  local good = file and file:write(text)
  if file then
    local closed, failure = file:close()
    good, why = good and closed, why or failure
  end
  if good then
    good, why = os.rename(new, path)
  end
  if not good then
    os.remove(new)
    return nil, ("EIO: %s: cannot be written: %s"):format(path, why or "the disk may be full"), "EIO"
  end
  return true
end

-- Whether a file is of somebody who may say where this process connects to: its own user, root, or the owner of the folder.
local function is_trusted(path)
  local owner = lfs.attributes(path, "uid")
  if owner == 0 or owner == lfs.attributes(path:match "^(.*/)", "uid") then
    return true
  end
  local own = os.tmpname()
  local is_own = owner == lfs.attributes(own, "uid")
  os.remove(own)
  return is_own
end

-- The shards of the conf that was made of a name; nil: there is none. Nothing but hosts is taken from it.
local function kept_shards(parsed, path)
  local text = small_file.read(path, CONF_MOST)
  if not text then
    return nil
  elseif not is_trusted(path) then
    return nil, ("EACCESS: %s: is somebody else's: name another head, by ?head=FILE"):format(path), "EACCESS"
  elseif text:match "^[^\n]*\n([^\n]*)" ~= mark_of(parsed) then
    return nil, ("EINVAL: %s: is of another cluster: name another head, by ?head=FILE"):format(path), "EINVAL"
  end
  local shards = {}
  for urls in text:gmatch "\nshard ([^\n]*)" do
    local hosts = {}
    for url in urls:gmatch "%S+" do
      hosts[#hosts + 1] = url:gsub("^%l+://", ""):gsub(":%d+$", "")
    end
    shards[#shards + 1] = hosts
  end
  return shards, text
end

--- The path of a name's conf, which is made where it is not there, or has other settings.
-- @tparam string name
-- @tparam table cluster the module loom.cluster
-- @tparam[opt] bool anew the servers are asked once more which there are
-- @treturn string|nil or nil, the failure and its code
function cluster_name.conf(name, cluster, anew)
  local parsed, message, code = cluster_name.parse(name)
  if not parsed then
    return nil, message, code
  end
  local path = absolute(parsed.head) .. ".conf"
  local kept, before, kind = kept_shards(parsed, path)
  if kind then
    return nil, before, kind
  end
  local shards = kept
  if anew or not kept then
    shards, message, code = find_shards(parsed, path, cluster)
  end
  if not shards then
    return nil, message, code
  elseif kept and #kept ~= #shards then
    return nil, ("EINVAL: %s: had %d shards, and now the servers tell of %d: how many there are cannot be changed")
      :format(path, #kept, #shards), "EINVAL"
  end
  local text = conf_text(parsed, parsed.database, shards)
  if text == before then
    return path
  end
  local written
  written, message, code = cluster.is_conf(text, path)
  if written then
    written, message, code = write(path, text)
  end
  return written and path, message, code
end

return cluster_name
