--- A worker inside nginx: see `loom.workers.nginx_conf`.
-- @module loom.http.worker

local cjson = require "cjson.safe"
local core = require "loom.core"
local later = require "loom.later"
local log = require "loom.http.log"
local Monitor = require "loom.monitor"
local opening = require "loom.opening"
local shard_report = require "loom.workers.shard_report"

local worker_service = {}

local RUNNING_MAX = 4 -- reports of one process at a time
local PAUSE = 0.02 -- seconds between two looks at a report

later.load_all()

local worker, token
local running = 0

-- Whether what was sent is the token; how long that takes tells nothing of it.
local function is_token(sent)
  local key = core.uuid()
  return core.hmac_sha256(key, sent) == core.hmac_sha256(key, token)
end

-- Has the head come up to the cluster before anybody asks: a new one reads all that there is of stores.
local function prepare(conf)
  local monitor, message = Monitor.open(conf)
  if monitor then
    monitor:close()
  else
    log.write(ngx.ERR, "loom: ", message)
  end
end

--- For `init_worker_by_lua`. Requests wait until it returns, which is when the head is what the cluster is, or cannot be.
-- @tparam table options `conf`, the path of the cluster's; `shard`, from 1; `token`
function worker_service.init_worker(options)
  assert(core.end_with_parent())
  local cluster = assert(opening.cluster())
  local conf = assert(cluster.read(options.conf))
  token = assert(cluster.secret(options.token_file))
  prepare(options.conf)
  worker = { conf = options.conf, shard = options.shard, shards = #conf.shards, database = conf.database }
end

local function refuse(status, message)
  ngx.status = status
  ngx.header.content_type = "text/plain"
  ngx.print((message:gsub("%c", " ")), "\n")
end

local closed = {} -- raised where nobody reads any more

local function write(bytes)
  if not ngx.print(bytes) or not ngx.flush(true) then
    error(closed, 0)
  end
end

local function pause()
  ngx.sleep(PAUSE)
end

local function answer(request)
  ngx.header.content_type = "application/octet-stream"
  local good, problem = pcall(shard_report.answer, worker, request, write, pause)
  if not good then
    if problem ~= closed then
      log.write(ngx.ERR, "loom: ", tostring(problem))
    end
    ngx.exit(444) -- no end: what has been sent is not all
  end
end

--- For `content_by_lua`.
function worker_service.content()
  local sent = (ngx.var.http_authorization or ""):match "^[Bb]earer +(.+)$"
  if not sent or not is_token(sent) then
    ngx.header.www_authenticate = "Bearer"
    return refuse(401, "EACCESS: the worker has another token")
  elseif ngx.req.get_method() ~= "POST" then
    ngx.header.allow = "POST"
    return refuse(405, "EINVAL: POST is expected")
  end
  ngx.req.read_body()
  local request = cjson.decode(ngx.req.get_body_data() or "")
  local problem = shard_report.problem(worker, request)
  if problem then
    return refuse(409, problem)
  elseif running >= RUNNING_MAX and not request.hello then
    return refuse(503, "EAGAIN: the worker computes as many reports as it may")
  end
  running = running + 1
  local good, raised = pcall(answer, request)
  running = running - 1
  if not good then
    error(raised, 0)
  end
end

return worker_service
