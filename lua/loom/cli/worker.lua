--- loom worker
-- @module loom.cli.worker

local check = require "loom.check"
local common = require "loom.cli.common"
local core = require "loom.core"
local nginx = require "loom.cli.nginx"
local nginx_conf = require "loom.workers.nginx_conf"
local opening = require "loom.opening"
local options = require "loom.cli.options"
local user = require "loom.cli.user"

local command = { name = "worker" }

function command.add_to(parser)
  local worker = parser:command "worker"
    :summary "Compute reports beside a shard of a cluster."
    :description("Compute reports of one shard's stores for loom report --workers, with nginx and its Lua module, in the "
      .. "foreground, until SIGINT or SIGTERM: see docs/cluster.md.")
  worker:argument "conf":description "A cluster.conf, whose head is this worker's own."
  options.add(worker, "--shard", "K", "The shard, from 1.", options.number(check.integer(1, core.limits.shards)))
  options.add(worker, "--listen", "HOST:PORT", "A numeric address (default: 127.0.0.1:8444).", nginx.address)
  options.add(worker, "--token-file", "FILE",
    "What has to be sent to it, in a file of mode 0600 (default: the conf's worker-token-file).")
  options.add(worker, "--certificate", "FILE", "A certificate, for TLS: needed where others than this machine can reach it.")
  options.add(worker, "--key", "FILE", "Its key.")
  options.add(worker, "--processes", "N", "Worker processes (default: 2).", options.number(check.integer(1, 64)))
  options.add(worker, "--user", "NAME", "Whom they run as where root starts it (default: the owner of the head's folder).")
  worker:flag "--print-config":description "Print the configuration of nginx, and run nothing."
end

-- What the conf has, and the token that it is asked with.
local function read_conf(args)
  if not opening.is_conf(args.conf) then
    common.wrong_use("%s: is no cluster.conf", args.conf)
  end
  local cluster, message = opening.cluster()
  local conf, secret
  if cluster then
    conf, message = cluster.read(args.conf)
  end
  if not conf then
    return nil, message
  end
  if not args.shard or args.shard > #conf.shards then
    common.wrong_use("--shard: 1 to %d expected", #conf.shards)
  end
  args.token_file = args.token_file or conf.worker_token_file or common.wrong_use "--token-file: the conf names none, either"
  secret, message = cluster.secret(args.token_file)
  return secret and conf, message
end

local function check_listen(args)
  args.listen = args.listen or nginx.address "127.0.0.1:8444"
  if (args.certificate ~= nil) ~= (args.key ~= nil) then
    common.wrong_use "--certificate and --key belong together"
  end
  local loopback = nginx.is_loopback(args.listen.host, args.print_config and "0" or args.listen.port)
  if not loopback and not args.certificate then
    common.wrong_use("--listen: others can reach %s: name a --certificate and its --key", args.listen.text)
  end
end

function command.run(args)
  local found, missing = nginx.find()
  if not found then
    return nil, missing
  end
  local conf, message = read_conf(args)
  if not conf then
    return nil, message
  end
  check_listen(args)
  local chosen = user.choose(args.user, nginx.absolute(conf.head):match "^(.*/)")
  local text = nginx_conf.text {
    user = user.directive(chosen),
    workers = args.processes or 2,
    modules = found.modules,
    lua_path = found.lua_path,
    lua_cpath = found.lua_cpath,
    listen = args.listen.text,
    certificate = args.certificate and nginx.absolute(args.certificate),
    key = args.key and nginx.absolute(args.key),
    conf = nginx.absolute(args.conf),
    shard = args.shard,
    token_file = nginx.absolute(args.token_file),
  }
  if args.print_config then
    io.stdout:write(text)
    return true
  end
  message = user.refused(chosen, { { found.native, "r" }, { nginx.absolute(args.conf), "r" },
    { nginx.absolute(args.token_file), "r" }, { nginx.absolute(conf.head):match "^(.*/)", "w" } })
  if message then
    return nil, message
  end
  io.stderr:write(("loom: %s://%s/ is a worker of shard %d of %s\n"):format(args.certificate and "https" or "http",
    args.listen.text, args.shard, args.conf))
  return nginx.serve(found.program, text, chosen ~= false)
end

return command
