--- loom cluster
-- @module loom.cli.cluster

local checkers = require "loom.check"
local common = require "loom.cli.common"
local core = require "loom.core"
local opening = require "loom.opening"
local options = require "loom.cli.options"
local text = require "loom.formats.text"
local time = require "loom.time"

-- A verb that calls run(cluster, conf, args), with the module and the path of a conf; add_more(parser) adds its options.
local function verb(name, summary, description, run, add_more)
  return {
    name = name, summary = summary, description = description,
    add_to = function(parser)
      parser:argument "conf":description "A cluster.conf, or clickhouse://host/database: see docs/cluster.md."
      if add_more then
        add_more(parser)
      end
    end,
    run = function(args)
      local cluster, message = opening.cluster()
      if not cluster then
        return nil, message
      end
      return run(cluster, args.conf, args)
    end,
  }
end

local create = verb("create", "Make the tables of polls on every server.",
  "Make the database and the tables of polls on every replica of every shard, where they are not there yet. "
    .. "It may be done again.",
  function(cluster, conf)
    local created, message = cluster.create(conf)
    if created then
      print(conf .. ": there are tables on every server")
    end
    return created, message
  end)

-- Who took the cluster over last, of which the head knows where that was done for it.
local function tell_writer(conf, owner)
  if not owner then
    return print "every head may write"
  end
  local head = core.open(opening.file(conf), { create = false })
  local own = head and head:row "SELECT value FROM service WHERE name = 'owner'"
  if head then
    head:close()
  end
  print(("%s alone writes, by take-over %s"):format(own and own.value == owner and "this head" or "another head", owner))
end

-- Tells of every server, and what they have.
local function tell_status(conf, found)
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
    tell_writer(conf, found.owner)
  end
  if silent > 0 then
    return nil, ("%s: %s not answer"):format(conf, silent == 1 and "1 server does" or silent .. " servers do")
  elseif found.problem then
    return nil, ("%s: %s"):format(conf, found.problem)
  end
  return true
end

local status = verb("status", "Tell which servers answer, what the cluster has, and which head writes.",
  "Tell which servers answer, what the cluster has, and whether this head writes to it. Exit status 1 if any server does not "
    .. "answer.",
  function(cluster, conf)
    local found, message = cluster.status(conf)
    if not found then
      return nil, message
    end
    return tell_status(conf, found)
  end)

local check = verb("check", "Compare what every server has with the ledger.",
  "Compare blocks, polls and sums of every day on every replica with the cluster's ledger. Exit status 1 if "
    .. "anything does not add up, or a server does not answer.",
  function(cluster, conf)
    return common.tell_problems(conf, cluster.check(conf))
  end)

-- Folds, writes anew and drops, and tells of it.
local function compact_all(conf, cluster, handle, args)
  local function tell(count, what, done)
    print(("%s: %s %s"):format(conf, text.counted(count, what), done))
  end
  local folded, why = cluster.fold(handle, args.fold_rows)
  if not folded then
    return nil, why
  elseif folded > 0 then
    tell(folded, "row", "of the ledger folded")
  end
  local days, superseded = cluster.compact(handle, args.fold_rows)
  if not days then
    return nil, superseded
  end
  tell(days, "day", "written anew")
  if superseded > 0 then
    tell(superseded, "row", "of the roster superseded, which was written anew")
  end
  local dropped
  dropped, why = cluster.drop(handle, math.floor(core.parse_duration(args.replaced_for) / 1e6))
  if dropped and dropped > 0 then
    tell(dropped, "partition", "dropped that had been replaced")
  end
  return dropped, why
end

local compact = verb("compact", "Write days anew that came in pieces, and fold the ledger.",
  "Write each day anew whose polls came in more than one ingest, a block to a store; fold the ledger where many commits came "
    .. "since that was done, and write the roster of stores anew where much of it is superseded; and drop what was replaced so, "
    .. "or removed by loom prune, so long ago that no report reads it. No figure changes. Reports go on meanwhile; ingests wait.",
  function(cluster, conf, args)
    return common.with_database(conf, function(monitor)
      return compact_all(conf, cluster, monitor.database, args)
    end)
  end,
  function(parser)
    options.add(parser, "--replaced-for", "DUR", "How long ago what is dropped was replaced.", options.duration):default "1h"
    options.add(parser, "--fold-rows", "N", "Fold the ledger where it has so many rows behind the last fold, and write the "
      .. "roster anew where so many rows of it are superseded, and not where it is worth it.",
      options.number(checkers.integer(1, 2 ^ 53)))
  end)

local take_over = verb("take-over", "Have this machine's head be the only one that writes.",
  "Have the head of this cluster.conf be the only one that writes to the cluster: all others are refused, until it is done for "
    .. "one of them. Until it is done for the first time, every head may write.",
  function(cluster, conf)
    return common.with_database(conf, function(monitor)
      local taken, why = cluster.take_over(monitor.database)
      if taken then
        print(conf .. ": this head alone writes to the cluster from now on")
      end
      return taken, why
    end)
  end)

return common.group("cluster", "Look after a cluster that has the polls.", { create, status, check, compact, take_over })
