--- What a path of a database names: its file, or a cluster.conf, whose polls are in a cluster and all else in a file, the head. A
-- cluster may be named, too: see `loom.cluster_name`.
-- @module loom.opening

local cluster_name = require "loom.cluster_name"
local core = require "loom.core"
local lfs = require "lfs"

local FIRST_LINE = "loom cluster 1"
local NO_MODULE = "EUNAVAILABLE: clusters are asked by libcurl, for which Loom's module is not there (on Debian: the package "
  .. "lua-loom-curl; elsewhere: install libcurl's headers, then build and install Loom again)"

local PAGE = 512 -- bytes: SQLite's smallest page, of which every database's size is a multiple

local CONF_MOST = 1048576 -- bytes of a cluster.conf

local opening = {}

-- By its first line. This must not be done to a database: as soon as a process closes a file once, it has lost all the locks
-- on it that its other descriptors hold (fcntl(2)); who comes then takes itself for the only one, and removes the log.
local function begins_as_conf(path)
  local file = io.open(path, "rb")
  if not file then
    return false
  end
  local start = file:read(#FIRST_LINE + 1)
  file:close()
  return start ~= nil and start:gsub("[\r\n]$", "") == FIRST_LINE
end

--- Whether a file is a cluster.conf, by its first line. Nothing of a cluster is loaded for that. Of a file that may be a
-- database, by its size, it is not known: false.
function opening.is_conf(path)
  local found = lfs.attributes(path)
  return found ~= nil and found.mode == "file" and found.size % PAGE ~= 0 and begins_as_conf(path)
end

--- The module by which clusters are asked.
-- @treturn table|nil or nil, the failure and its code; EUNAVAILABLE: there is no libcurl
function opening.cluster()
  local found, cluster = pcall(require, "loom.cluster")
  if not found then
    return nil, NO_MODULE, "EUNAVAILABLE"
  end
  return cluster
end

local function native_options(options)
  return { create = options.create, busy_timeout = options.busy_timeout, checkpoint = options.checkpoint }
end

local function open_conf(path, options)
  local cluster, message, code = opening.cluster()
  if not cluster then
    return nil, message, code
  end
  local conf
  conf, message, code = cluster.read(path)
  if not conf then
    return nil, message, code
  end
  local database
  database, message, code = core.open(conf.head, { create = options.create ~= false, busy_timeout = options.busy_timeout,
    checkpoint = options.checkpoint })
  if not database then
    return nil, message, code
  end
  local attached
  attached, message, code = cluster.attach(database, path, options.patience)
  if not attached then
    database:close()
    return nil, message, code
  end
  return database, conf.head
end

-- Whether what `core.open` has said of a file is that it is no database of SQLite's at all, which is the one thing that lets
-- it be opened and closed.
local function is_no_database(path, message, code)
  return code == "ENOTDB" and message:find(": is not an SQLite database", 1, true) ~= nil
    and lfs.attributes(path, "mode") == "file"
end

-- The same of a file that has the size of one: SQLite looks.
local function is_conf_of_that_size(path)
  local found = lfs.attributes(path)
  if not found or found.mode ~= "file" or found.size == 0 or found.size % PAGE ~= 0 or found.size > CONF_MOST then
    return false
  end
  local database, message, code = core.open(path, { create = false })
  if database then
    database:close()
    return false
  end
  return is_no_database(path, message, code) and begins_as_conf(path)
end

--- The path of a file that stands for what was named: of a cluster's name its conf, and of all else what it is.
-- @tparam string path
-- @tparam[opt] bool anew the servers of a cluster that is named are asked once more which there are
-- @treturn string|nil or nil, the failure and its code
function opening.path(path, anew)
  if not cluster_name.is(path) then
    if path:lower():find "clickhouses?://" then -- nor is it told again, since it may have a password in it
      return nil, "EINVAL: what is named has the name of a cluster in it, and does not begin with clickhouse://", "EINVAL"
    end
    return path
  end
  local cluster, message, code = opening.cluster()
  if not cluster then
    return nil, message, code
  end
  return cluster_name.conf(path, cluster, anew)
end

--- The path of the file that a path names: a cluster's head, or the path itself, which it is, too, where the conf cannot be
-- read.
function opening.file(path)
  local cluster = (opening.is_conf(path) or is_conf_of_that_size(path)) and opening.cluster()
  local conf = cluster and cluster.read(path)
  return conf and conf.head or path
end

--- How many shards the cluster of a path has.
-- @treturn ?int nil: it is no cluster, or its conf cannot be read
-- @treturn ?string and then why not
function opening.shards(path)
  if not opening.is_conf(path) then
    return nil
  end
  local cluster, message = opening.cluster()
  local conf
  if cluster then
    conf, message = cluster.read(path)
  end
  return conf and #conf.shards, message
end

--- Opens what a path names. A cluster's head that is not there is made, unless `create` is false.
-- @tparam string path
-- @tparam table options as `core.open` takes them, and `patience`: for how many seconds a cluster is asked at the most
-- @return the native handle, and the path of its file; or nil, the failure and its code
function opening.open(path, options)
  if opening.is_conf(path) then
    return open_conf(path, options)
  end
  local database, message, code = core.open(path, native_options(options))
  if database then
    return database, path
  elseif is_no_database(path, message, code) and begins_as_conf(path) then
    return open_conf(path, options)
  end
  return nil, message, code
end

return opening
