--- loom cluster
-- @module loom.cli.cluster

local common = require "loom.cli.common"
local opening = require "loom.opening"
local text = require "loom.formats.text"
local time = require "loom.time"

local function add_conf(parser)
  parser:argument "conf":description "A cluster.conf: see docs/cluster.md."
end

-- Calls a function of the module with the conf, which has to be one.
local function ask(name, path)
  local cluster, message = opening.cluster()
  if not cluster then
    return nil, message
  end
  return cluster[name](path)
end

local create = { name = "create", summary = "Make the tables of polls on every server.",
  description = "Make the database and the tables of polls on every replica of every shard, where they are not there yet. "
    .. "It may be done again." }

create.add_to = add_conf

function create.run(args)
  local created, message = ask("create", args.conf)
  if not created then
    return nil, message
  end
  print(args.conf .. ": there are tables on every server")
  return true
end

local status = { name = "status", summary = "Tell which servers answer, and what the cluster has.",
  description = "Tell which servers answer, and what the cluster has. Exit status 1 if any server does not answer." }

status.add_to = add_conf

function status.run(args)
  local found, message = ask("status", args.conf)
  if not found then
    return nil, message
  end
  local silent = 0
  for number, replicas in ipairs(found.shards) do
    for _, replica in ipairs(replicas) do
      silent = silent + (replica.problem and 1 or 0)
      print(("shard %d  %s  %s"):format(number, replica.url, replica.problem or "ClickHouse " .. replica.version))
    end
  end
  if not found.problem then
    print(("%s in %s of %s; commit %d%s"):format(text.counted(found.polls, "poll"), text.counted(found.blocks, "block"),
      text.counted(found.days, "day"), found.number,
      found.newest and "; newest poll " .. time.text(found.newest) or ""))
  end
  if silent > 0 then
    return nil, ("%s: %s not answer"):format(args.conf, silent == 1 and "1 server does" or silent .. " servers do")
  elseif found.problem then
    return nil, ("%s: %s"):format(args.conf, found.problem)
  end
  return true
end

local check = { name = "check", summary = "Compare what every server has with the ledger.",
  description = "Compare blocks, polls and sums of every day on every replica with the cluster's ledger. Exit status 1 if "
    .. "anything does not add up, or a server does not answer." }

check.add_to = add_conf

function check.run(args)
  local problems, message = ask("check", args.conf)
  if not problems then
    return nil, message
  end
  for _, problem in ipairs(problems) do
    io.stdout:write(problem, "\n")
  end
  if #problems > 0 then
    return nil, ("%s: %s"):format(args.conf, text.counted(#problems, "problem"))
  end
  print(args.conf .. ": ok")
  return true
end

local compact = { name = "compact", summary = "Write days anew that came in pieces.",
  description = "Write each day anew whose polls came in more than one ingest, a block to a store. What was replaced stays on "
    .. "the servers' disks. No figure changes. Reports go on meanwhile; ingests wait." }

compact.add_to = add_conf

function compact.run(args)
  local cluster, message = opening.cluster()
  if not cluster then
    return nil, message
  end
  return common.with_database(args.conf, function(monitor)
    local days, why = cluster.compact(monitor.database)
    if not days then
      return nil, why
    end
    print(("%s: %s written anew"):format(args.conf, text.counted(days, "day")))
    return true
  end)
end

return common.group("cluster", "Look after a cluster that has the polls.", { create, status, check, compact })
