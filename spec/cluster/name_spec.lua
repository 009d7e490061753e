-- Clusters by their names, clickhouse://host/database: what the servers know of themselves is what a conf has.

local cluster = require "support.cluster"
local files = require "support.files"
local loom = require "loom"
local servers = require "support.servers"
local shell = require "support.shell"

local made = 0

cluster.describe("a cluster's name", function(each)
  local folder, database, name

  each(function(of_test)
    folder, made = of_test, made + 1
    database = "named" .. made
    local host = servers.urls()[2][1]:match "//(.*)$"
    -- The first host does not answer.
    name = ("clickhouse://127.0.0.1,%s/%s?cluster=loom&head=%s/head.db"):format(host, database, folder)
  end)

  local function create()
    assert.equal(folder .. "/head.db.conf: there are tables on every server\n", (shell.good("cluster", "create", name)))
  end

  it("stands for the shards that its servers know of", function()
    create()
    local urls = {}
    for url in files.read(folder .. "/head.db.conf"):gmatch "http://%S+" do
      urls[#urls + 1] = url
    end
    local expected = {}
    for _, shard in ipairs(servers.urls()) do
      for _, url in ipairs(shard) do
        expected[#expected + 1] = url
      end
    end
    assert.same(expected, urls)
    assert.equal(4, #urls)
  end)

  it("stands where a database does, in commands and in Lua", function()
    create()
    shell.good("ingest", name, "examples/data", "--quiet")
    local db = folder .. "/stores.db"
    shell.good("ingest", db, "examples/data", "--quiet")
    local report = shell.good("report", db)
    assert.equal(report, (shell.good("report", name)))
    assert.equal(shell.good("export", db, "hours"), (shell.good("export", name, "hours")))
    assert.equal(shell.good("status", db, "--format", "json"), (shell.good("status", name, "--format", "json")))
    assert.matches("commit", (shell.good("cluster", "status", name)))
    local monitor = assert(loom.open(name))
    assert.equal(select(2, report:gsub("\n", "")) - 1, #assert(monitor:report()))
    monitor:close()
  end)

  it("is kept beside its head, and looked up anew by create alone", function()
    create()
    local kept = folder .. "/head.db.conf"
    local text = files.read(kept)
    files.write(kept, (text:gsub("//127%.[%d.]+", "//127.9.9.9")))
    assert.matches("shard 2  http://127.9.9.9:", shell.loom("cluster", "status", name).out, 1, true)
    create()
    assert.equal(text, files.read(kept))
    files.write(kept, (text:gsub("\nshard [^\n]*\n$", "\n")))
    shell.expect_failure(shell.loom("cluster", "create", name), 1,
      kept .. ": had 1 shards, and now the servers tell of 2: how many there are cannot be changed")
    files.write(kept, text)
    shell.good("info", name .. "&patience=5")
    assert.matches("\npatience 5\n", files.read(kept))
    shell.expect_failure(shell.loom("info", (name:gsub("cluster=loom", "cluster=other"))), 1,
      kept .. ": is of another cluster: name another head, by ?head=FILE")
  end)

  it("is of a cluster that the servers know", function()
    shell.expect_failure(shell.loom("report", (name:gsub("cluster=loom", "cluster=other"))), 1,
      "the servers know of no cluster 'other': name one by ?cluster=NAME")
    shell.expect_failure(shell.loom("report", (name:gsub("cluster=loom&", ""))), 1,
      ("the servers know of no cluster '%s': name one by ?cluster=NAME"):format(database))
    assert.is_false(files.exists(folder .. "/head.db"))
    assert.is_false(files.exists(folder .. "/head.db.conf"))
  end)
end, { replicas = 2, spread = true })
