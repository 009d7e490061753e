-- What a cluster's ledger keeps true, on servers.

local cluster = require "support.cluster"
local files = require "support.files"
local servers = require "support.servers"
local shell = require "support.shell"

cluster.describe("the ledger of a cluster", function(each)
  local folder, conf, db, database

  each(function(...)
    folder, conf, db = ...
    database = files.read(conf):match "database (%S+)"
  end)

  local function write_polls(name, ...)
    return files.write(folder .. "/" .. name, "store_id,status,timestamp_utc\n" .. table.concat({ ... }, "\n") .. "\n")
  end

  it("has a commit once that a server without others has twice", function()
    local alone, lines = folder .. "/alone.conf", files.read(conf):gsub("(shard %S+)[^\n]*", "%1")
    files.write(alone, (lines:gsub("database %S+", "%0_alone"):gsub("head %S+", "head alone.db")))
    shell.good("cluster", "create", alone)
    local one = write_polls("one", "a,active,2023-01-25 10:00:00", "b,inactive,2023-01-25 11:00:00")
    local two = write_polls("two", "a,active,2023-01-25 10:30:00", "b,inactive,2023-01-26 11:00:00")
    cluster.expect_same(alone, db, "ingest", "DB", "--status", one)
    servers.ask(1, 1, ("INSERT INTO %s_alone.ledger SELECT * FROM %s_alone.ledger"):format(database, database))
    local other = folder .. "/other.conf"
    files.write(other, (files.read(alone):gsub("head alone", "head other")))
    for _, name in ipairs { alone, other } do
      cluster.expect_same(name, db, "report", "DB", "--format", "exact")
    end
    cluster.expect_same(alone, db, "ingest", "DB", "--status", two)
    servers.ask(1, 1, ("INSERT INTO %s_alone.ledger SELECT * FROM %s_alone.ledger"):format(database, database))
    for _, name in ipairs { alone, other } do
      cluster.expect_same(name, db, "report", "DB", "--format", "exact")
    end
    assert.equal(alone .. ": ok\n", (shell.good("cluster", "check", alone)))
  end)

  -- How many blocks are on a server's disk, of all generations.
  local function count_blocks(shard, replica)
    servers.ask(shard, replica, ("SYSTEM SYNC REPLICA %s.block"):format(database))
    return tonumber(servers.ask(shard, replica,
      ("SELECT sum(rows) FROM system.parts WHERE database = '%s' AND table = 'block' AND active"):format(database)))
  end

  it("is read and written when what was replaced is gone from the disks", function()
    for hour = 10, 13 do
      local lines = {}
      for store = 1, 40 do
        lines[store] = ("shop %d,active,2023-01-%d %d:00:00"):format(store, 20 + store % 3, hour)
      end
      cluster.expect_same(conf, db, "ingest", "DB", "--status", write_polls("hour", (table.unpack or unpack)(lines)))
    end
    assert.equal(conf .. ": 3 days written anew\n", (shell.good("cluster", "compact", conf)))
    local before = count_blocks(1, 1)
    assert.equal(conf .. ": 0 days written anew\n", (shell.good("cluster", "compact", conf)))
    servers.act("kill", "ch12")
    assert.equal(("%s: 0 days written anew\n%s: 6 partitions dropped that had been replaced\n"):format(conf, conf),
      (shell.good("cluster", "compact", conf, "--replaced-for", "0s")))
    servers.act("start", "ch12")
    for replica = 1, 3 do
      assert.equal(before / 5, count_blocks(1, replica))
    end
    for hour = 14, 23 do
      cluster.expect_same(conf, db, "ingest", "DB", "--status", write_polls("hour", ("shop %d,inactive,2023-01-21 %d:00:00")
        :format(hour, hour), ("shop 2,active,2023-01-21 %d:30:00"):format(hour)))
      cluster.expect_same(conf, db, "report", "DB", "--format", "exact")
    end
    shell.good("cluster", "compact", conf, "--replaced-for", "0s")
    cluster.expect_same(conf, db, "prune", "DB", "--keep", "2d", "--yes")
    shell.good("cluster", "compact", conf, "--replaced-for", "0s")
    cluster.expect_same(conf, db, "report", "DB", "--format", "exact")
    for replica = 1, 3 do -- a majority has all, and the others may be behind by a moment
      count_blocks(1, replica)
      count_blocks(2, replica)
      servers.ask(1, replica, ("SYSTEM SYNC REPLICA %s.roster"):format(database))
    end
    assert.equal(conf .. ": ok\n", (shell.good("cluster", "check", conf)))
    local other = folder .. "/other.conf"
    servers.conf(other, database)
    cluster.expect_same(other, db, "report", "DB", "--format", "exact")
    cluster.expect_same(other, db, "info", "DB")
  end)

  local function count_rows(step)
    return tonumber(servers.ask(1, 1, ("SELECT count() FROM %s.ledger WHERE step = '%s'"):format(database, step)))
  end

  it("says the same when the ledger is folded, to whoever was away", function()
    local behind, new = folder .. "/behind.conf", folder .. "/new.conf"
    servers.conf(behind, database)
    servers.conf(new, database)
    local function all_same()
      for _, path in ipairs { conf, behind } do
        cluster.expect_same(path, db, "report", "DB", "--format", "exact")
        cluster.expect_same(path, db, "info", "DB")
      end
      for replica = 1, 3 do
        servers.ask(1, replica, ("SYSTEM SYNC REPLICA %s.block"):format(database))
        servers.ask(2, replica, ("SYSTEM SYNC REPLICA %s.block"):format(database))
        servers.ask(1, replica, ("SYSTEM SYNC REPLICA %s.roster"):format(database))
      end
      assert.equal(conf .. ": ok\n", (shell.good("cluster", "check", conf)))
    end
    for hour = 10, 15 do
      cluster.expect_same(conf, db, "ingest", "DB", "--status", write_polls("hour", ("shop %d,active,2023-01-2%d %d:00:00")
        :format(hour, hour % 3, hour), ("shop 2,inactive,2023-01-20 %d:30:00"):format(hour)))
      if hour == 11 then
        shell.good("info", behind)
      end
    end
    assert.matches("^[^\n]+ days written anew\n$", (shell.good("cluster", "compact", conf))) -- its rows are few
    assert.equal(0, count_rows "sealed")
    assert.matches(": %d+ rows of the ledger folded\n", (shell.good("cluster", "compact", conf, "--fold-rows", "5")))
    assert.equal(1, count_rows "sealed")
    all_same()
    for hour = 16, 18 do
      cluster.expect_same(hour % 2 == 0 and conf or behind, db, "ingest", "DB", "--status", write_polls("hour",
        ("shop %d,active,2023-01-2%d %d:00:00"):format(hour, hour % 3, hour)))
    end
    cluster.expect_same(conf, db, "prune", "DB", "--keep", "1d", "--yes")
    all_same()
    servers.act("kill", "ch11")
    assert.matches(": %d+ rows of the ledger folded\n", (shell.good("cluster", "compact", behind, "--fold-rows", "5",
      "--replaced-for", "0s")))
    servers.act("start", "ch11")
    all_same()
    cluster.expect_same(new, db, "report", "DB", "--format", "exact")
    cluster.expect_same(new, db, "info", "DB")
  end)

  it("has a roster that is written anew, and drops what it was", function()
    local behind, new = folder .. "/behind.conf", folder .. "/new.conf"
    servers.conf(behind, database)
    servers.conf(new, database)
    local function same(...)
      cluster.expect_same(conf, db, ...)
    end
    local function expect_roster(path)
      for _, what in ipairs { "hours", "exclusions", "attributes", "timezones" } do
        assert.equal(shell.good("export", db, what), (shell.good("export", path, what)), what)
      end
      cluster.expect_same(path, db, "report", "DB", "--format", "exact")
    end
    same("ingest", "DB", "--status", write_polls("one", "a,active,2023-01-25 10:00:00", "b,inactive,2023-01-25 11:00:00"))
    same("exclude", "add", "DB", "a", "--from", "2023-01-20", "--to", "2023-01-21")
    expect_roster(behind)
    same("exclude", "remove", "DB", "1")
    for _, zone in ipairs { "Asia/Tokyo", "Europe/Berlin", "Asia/Kolkata", "America/Chicago" } do
      same("timezone", "set", "DB", "b", zone)
    end
    -- ingests are numbered by the last one in the ledger: what comes next is in another partition
    servers.ask(1, 1, ("INSERT INTO %s.ledger SELECT max(ingest) + 68719476736, 'begin', 0, 65535, 0, 0, 0, 0, 0, 0, 0, now(), "
      .. "'' FROM %s.ledger"):format(database, database))
    for replica = 1, 3 do
      servers.ask(1, replica, ("SYSTEM SYNC REPLICA %s.ledger"):format(database))
    end
    same("timezone", "set", "DB", "a", "Asia/Tokyo")
    assert.matches(": %d+ rows of the roster superseded, which was written anew\n",
      (shell.good("cluster", "compact", conf, "--fold-rows", "1")))
    expect_roster(conf)
    assert.matches(": 1 partition dropped that had been replaced\n",
      (shell.good("cluster", "compact", conf, "--replaced-for", "0s")))
    local shape = servers.ask(1, 1, ("SELECT kind, count() FROM %s.roster GROUP BY kind ORDER BY kind"):format(database))
    assert.equal(nil, shape:match "exclusion")
    expect_roster(conf)
    expect_roster(behind)
    expect_roster(new)
    same("timezone", "set", "DB", "a", "Europe/Berlin")
    expect_roster(behind)
    assert.equal(conf .. ": ok\n", (shell.good("cluster", "check", conf)))
  end)

  it("has it written by the head alone that took over last", function()
    cluster.expect_same(conf, db, "ingest", "DB", "--status", write_polls("one", "a,active,2023-01-25 10:00:00"))
    local other = folder .. "/other.conf"
    servers.conf(other, database)
    local two = write_polls("two", "a,inactive,2023-01-25 11:00:00")
    assert.matches("\nevery head may write\n", (shell.good("cluster", "status", conf)))
    assert.equal(other .. ": this head alone writes to the cluster from now on\n",
      (shell.good("cluster", "take-over", other)))
    local owner = shell.good("cluster", "status", other):match "\nthis head alone writes, by take%-over (%x+)\n"
    assert.equal(32, #owner)
    assert.matches("\nanother head alone writes, by take%-over " .. owner .. "\n", (shell.good("cluster", "status", conf)))
    local result = shell.loom("ingest", conf, "--status", two)
    shell.expect_failure(result, 1)
    assert.matches("another head alone writes to this cluster, until loom cluster take-over has this one do so",
      result.err, 1, true)
    cluster.expect_same(conf, db, "report", "DB", "--format", "exact")
    cluster.expect_same(other, db, "ingest", "DB", "--status", two)
    cluster.expect_same(conf, db, "report", "DB", "--format", "exact")
    shell.good("cluster", "take-over", conf)
    assert.matches("\nthis head alone writes, by take%-over ", (shell.good("cluster", "status", conf)))
    cluster.expect_same(conf, db, "ingest", "DB", "--status", write_polls("three", "b,inactive,2023-01-25 11:00:00"))
    shell.expect_failure(shell.loom("cluster", "compact", other), 1)
  end)

  it("tells it from another cluster of the same name and as many commits", function()
    local polls = write_polls("polls", "a,active,2023-01-25 10:00:00", "b,inactive,2023-01-25 11:00:00")
    cluster.expect_same(conf, db, "ingest", "DB", "--status", polls)
    shell.good("cluster", "create", conf) -- again, which changes nothing
    cluster.expect_same(conf, db, "report", "DB", "--format", "exact")
    for shard = 1, 2 do
      for replica = 1, 3 do
        servers.ask(shard, replica, "DROP DATABASE " .. database)
      end
    end
    shell.good("cluster", "create", conf)
    local head = conf .. ".db"
    os.rename(head, head .. ".old")
    shell.good("ingest", conf, "--status", polls)
    os.remove(head)
    os.rename(head .. ".old", head)
    for _, words in ipairs { { "report", conf }, { "ingest", conf, "--status", polls } } do
      local result = shell.loom((table.unpack or unpack)(words))
      shell.expect_failure(result, 1)
      assert.matches("is the head of another cluster of the same name", result.err, 1, true)
    end
  end)
end)
