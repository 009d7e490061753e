-- The SQL of a cluster in today's ClickHouse, by the engine in the npm package chdb: every statement is answered as Debian's
-- server answers it, byte for byte, and what Loom makes of the answers is what it makes of a file. The tables are not replicated
-- there, since the engine has no ZooKeeper.

local await = require "support.await"
local cjson = require "cjson"
local cluster = require "support.cluster"
local files = require "support.files"
local lfs = require "lfs"
local servers = require "support.servers"
local shell = require "support.shell"

local package = lfs.currentdir() .. "/build/chdb/node_modules/chdb"
local missing = servers.missing() or not files.exists(package) and "the npm package chdb is not installed: make test-chdb"

-- What statements say of versions differs, and nothing else may.
local function is_of_version(sql)
  return sql:find "^SELECT version%(%)" or sql:find "^SELECT concat%('ClickHouse ', version%(%)%)"
end

-- How the statements in the sources begin, as far as that is the same each time.
local function beginnings()
  local found = {}
  for _, name in ipairs(files.list "src/core/cluster") do
    for literal in files.read("src/core/cluster/" .. name):gmatch '"([^"\n]*)"' do
      for _, verb in ipairs { "SELECT", "INSERT", "CREATE", "ALTER", "DROP", "OPTIMIZE" } do
        if literal:find("^" .. verb .. " ") then
          found[literal:match "^[^%%]*"] = name
        end
      end
    end
  end
  return found
end

describe("the SQL of a cluster", function()
  if missing then
    pending(missing)
    return
  end
  local folder, conf, db

  local function log_of(shard)
    return ("%s/%d/log"):format(folder, shard)
  end

  local function start(shard)
    local path = ("%s/%d"):format(folder, shard)
    assert(lfs.mkdir(path))
    shell.run(("mkfifo %s/open; LD_PRELOAD= exec node spec/support/newer_clickhouse.mjs %s %s %s %s <%s/open >%s/port 2>%s/err &")
      :format(path, package, path, log_of(shard), servers.urls()[shard][1], path, path, path))
    return assert(io.open(path .. "/open", "w"))
  end

  local function port_of(shard)
    return await("a server", function()
      local path = ("%s/%d/port"):format(folder, shard)
      return files.exists(path) and files.read(path):match "^(%d+)\n"
    end, function()
      return files.read(("%s/%d/err"):format(folder, shard))
    end)
  end

  local open = {}

  setup(function()
    servers.up { replicas = 1 }
    folder = files.make_folder()
    conf, db = folder .. "/cluster.conf", folder .. "/stores.db"
    for shard = 1, 2 do
      open[shard] = start(shard)
    end
    files.write(conf, ("loom cluster 1\ndatabase newer\nhead head.db\nshard http://127.0.0.1:%s\nshard http://127.0.0.1:%s\n")
      :format(port_of(1), port_of(2)))
  end)

  teardown(function()
    for _, pipe in pairs(open) do -- of which later ones have copies
      pipe:close()
    end
    for shard in pairs(open) do
      await("the end of a server", function()
        return shell.run(("grep -alq %s/%d/log /proc/[0-9]*/cmdline"):format(folder, shard)).status ~= 0
      end)
    end
    servers.down()
    files.remove_folder(folder)
  end)

  local function same(...)
    cluster.expect_same(conf, db, ...)
  end

  local function all_same()
    same("report", "DB", "--preset", "monitoring", "--format", "exact", "--all-stores")
    same("export", "DB", "polls")
    same("info", "DB")
  end

  local function write_polls(name, ...)
    return files.write(folder .. "/" .. name, "store_id,status,timestamp_utc\n" .. table.concat({ ... }, "\n") .. "\n")
  end

  it("gives the figures of a file", function()
    shell.good("cluster", "create", conf)
    for _, path in ipairs { conf, db } do
      shell.good("ingest", path, "spec/fixtures/golden/zones", "--quiet")
    end
    all_same()
    local store = shell.good("report", db):match "\n([^,]+)"
    local one = write_polls("one", store .. ",active,2023-01-25 10:00:00", "b,inactive,2023-01-25 10:00:00",
      store .. ",active,1969-12-25 10:00:00")
    local two = write_polls("two", store .. ",inactive,2023-01-25 10:00:00", "c,active,2023-01-24 23:59:59",
      "c,inactive,2023-01-24 23:59:59")
    same("ingest", "DB", "--quiet", "--status", one, "--status", two) -- warnings are left out where it takes long
    same("ingest", "DB", "--quiet", "--status", two, "--status", one)
    same("status", "DB", "--format", "json")
    same("series", "DB", "--step", "6h")
    same("explain", "DB", store)
    same("timezone", "set", "DB", store, "Asia/Tokyo")
    shell.good("cluster", "compact", conf)
    all_same()
    same("prune", "DB", "--keep", "4d", "--yes")
    all_same()
    local url = files.read(conf):match "shard (%S+)"
    local begun = "%d\\tbegin\\t0\\t65535\\t0\\t0\\t0\\t0\\t0\\t0\\t0\\t1970-01-02 00:00:00\\t\\n"
    -- ingests that began long ago, and were never committed: what comes next is in another partition of the roster
    local address = url .. "/?database=newer&async_insert=0&insert_quorum_parallel=0&query=INSERT+INTO+ledger+FORMAT+TabSeparated"
    shell.run(("printf '%s' | %s -sS --data-binary @- '%s'"):format(begun:format(5) .. begun:format(2 ^ 37), shell.curl, address))
    shell.good("cluster", "compact", conf, "--replaced-for", "0s", "--fold-rows", "1")
    all_same()
    same("ingest", "DB", "--quiet", "--status", write_polls("three", "d,active,2023-01-24 22:00:00"))
    all_same()
    shell.good("cluster", "compact", conf) -- with an ingest that began before, and never committed
    all_same()
    shell.good("cluster", "check", conf)
    shell.good("cluster", "status", conf)
    same("check", "DB")
    shell.expect_failure(shell.loom("info", ("clickhouse://127.0.0.1:%s/newer?cluster=none&head=%s/named.db")
      :format(port_of(1), folder)), 1, "the servers know of no cluster 'none': name one by ?cluster=NAME")
    local other = folder .. "/other.conf" -- whose head learns all of it from the cluster
    files.write(other, (files.read(conf):gsub("head.db", "other.db")))
    shell.good("report", other)
    same("ingest", "DB", "--quiet", "--status", write_polls("four", "d,active,2023-01-24 23:00:00"))
    assert.equal(shell.good("export", db, "polls"), (shell.good("export", other, "polls")))
  end)

  it("is answered by today's as by Debian's, statement by statement, and every statement there is was asked", function()
    local asked = {}
    for shard = 1, 2 do
      for line in files.read(log_of(shard)):gmatch "[^\n]+" do
        local question = cjson.decode(line)
        asked[#asked + 1] = question.sql
        assert.is_nil(question.failed, line)
        assert.is_true(question.same or is_of_version(question.sql) ~= nil, line)
        if question.sql:find "^INSERT" then
          assert.equal("0", question.settings.async_insert)
          assert.equal("0", question.settings.insert_quorum_parallel)
        end
      end
    end
    local all = "\n" .. table.concat(asked, "\n")
    for beginning, name in pairs(beginnings()) do
      assert.is_truthy(all:find(beginning, 1, true), name .. ": this is asked nowhere: " .. beginning)
    end
  end)
end)
