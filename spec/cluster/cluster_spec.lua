-- Polls in a cluster of servers: figures and counts are those of a file, whatever becomes of servers and writers.

local cluster = require "support.cluster"
local files = require "support.files"
local golden = require "support.golden"
local servers = require "support.servers"
local shell = require "support.shell"

cluster.describe("polls in a cluster", function(each)
  local folder, conf, db

  each(function(...)
    folder, conf, db = ...
  end)

  after_each(servers.mend)

  local function same(...)
    cluster.expect_same(conf, db, ...)
  end

  local function all_same()
    same("report", "DB", "--format", "exact")
    same("report", "DB", "--preset", "monitoring", "--all-stores")
    same("status", "DB", "--format", "json")
    same("series", "DB", "--step", "6h")
    same("export", "DB", "polls")
    same("info", "DB")
  end

  local function load(case)
    same("ingest", "DB", "spec/fixtures/golden/" .. case)
  end

  local function write_polls(name, ...)
    local path = folder .. "/" .. name
    files.write(path, "store_id,status,timestamp_utc\n" .. table.concat({ ... }, "\n") .. "\n")
    return path
  end

  for _, case in ipairs(golden.cases) do
    it("has the figures of case " .. case, function()
        load(case)
      for rules in pairs(golden.rules) do
        local expected = golden.expected(case, "report", rules)
        if expected then
          assert.equal(expected, (shell.good("report", conf, "--preset", rules)))
        end
      end
      all_same()
      same("check", "DB")
    end)
  end

  it("counts what is new, known and contradicted, over files and within them", function()
    local one = write_polls("one", "a,active,2023-01-25 10:00:00", "a,active,2023-01-25 10:00:00",
      "b,inactive,2023-01-25 10:00:00")
    local two = write_polls("two", "a,inactive,2023-01-25 10:00:00", "c,active,2023-01-24 23:59:59",
      "b,inactive,2023-01-25 10:00:00", "c,inactive,2023-01-24 23:59:59")
    same("ingest", "DB", "--status", one, "--status", two)
    all_same()
    same("ingest", "DB", "--status", two, "--status", one)
    all_same()
    same("explain", "DB", "c")
    same("timeline", "DB", "a")
    same("doctor", "DB")
  end)

  it("is set by hand, pruned and written anew as a database is", function()
    load "zones"
    local store = shell.good("report", db):match "\n([^,]+)"
    same("timezone", "set", "DB", store, "Asia/Tokyo")
    same("exclude", "add", "DB", store, "--from", "2023-01-24 10:00", "--to", "2023-01-24 12:00")
    same("hours", "set", "DB", store, "--daily", "09:00-17:00")
    same("attributes", "set", "DB", store, "region=north")
    same("report", "DB", "--where", "region=north")
    local more = write_polls("more", store .. ",active,2023-01-20 10:00:00", "new,inactive,2023-01-21 11:00:00")
    same("ingest", "DB", "--status", more)
    all_same()
    assert.equal(conf .. ": 2 days written anew\n", (shell.good("cluster", "compact", conf)))
    all_same()
    same("prune", "DB", "--keep", "4d", "--dry-run")
    same("prune", "DB", "--keep", "4d", "--yes")
    all_same()
    assert.equal(conf .. ": ok\n", (shell.good("cluster", "check", conf)))
  end)

  it("is read and written while one replica of each shard is dead, frozen, or behind", function()
    load "utc"
    servers.act("kill", "ch11")
    servers.act("stop", "ch23")
    all_same()
    same("ingest", "DB", "--status", write_polls("more", "a,active,2023-01-25 10:00:00", "b,active,2023-01-25 10:00:00"))
    all_same()
    servers.act("start", "ch11")
    servers.act("cont", "ch23")
    servers.ask(1, 1, "SYSTEM STOP FETCHES")
    same("ingest", "DB", "--status", write_polls("late", "a,inactive,2023-01-25 10:10:00", "c,active,2023-01-25 10:10:00"))
    all_same()
    servers.ask(1, 1, "SYSTEM START FETCHES")
  end)

  it("has no polls in SQL, and none that are removed but by age, and says so", function()
    load "south"
    for _, words in ipairs { { "query", conf, "SELECT * FROM polls" }, { "query", conf, "SELECT * FROM figures" },
        { "delete", conf, "store", "a", "--yes" } } do
      local result = shell.loom((table.unpack or unpack)(words))
      assert.equal(1, result.status)
      assert.matches("the polls are in a cluster", result.err, 1, true)
    end
    local result = shell.loom("report", conf .. ".db")
    shell.expect_failure(result, 1)
    assert.matches("the polls are in a cluster: reports need the cluster's file", result.err, 1, true)
  end)

  it("says which shard does not answer, and writes no file", function()
    load "south"
    local hasty = files.write(folder .. "/hasty.conf", files.read(conf) .. "patience 3\n")
    servers.act("kill", "ch21", "ch22", "ch23")
    local result = shell.loom("report", hasty, "-o", folder .. "/report.csv")
    shell.expect_failure(result, 1)
    assert.matches("shard 2 does not answer: http://127%.0%.0%.1:%d+: ", result.err)
    assert.is_false(files.exists(folder .. "/report.csv"))
    local more = write_polls("more", "a,active,2023-01-25 10:00:00", "b,active,2023-01-25 10:00:00")
    shell.expect_failure(shell.loom("ingest", hasty, "--status", more), 1)
    result = shell.loom("cluster", "status", hasty)
    assert.equal(1, result.status)
    servers.act("start", "ch21", "ch22", "ch23")
    shell.good("report", conf, "-o", folder .. "/report.csv")
    same("ingest", "DB", "--status", more)
    all_same()
  end)

  it("keeps nothing of a writer that was killed, and takes its file again", function()
    load "south"
    local lines = {}
    for i = 1, 30000 do
      lines[i] = ("shop %d,active,2023-02-%02d %02d:00:00"):format(i % 100, 1 + i % 28, i % 24)
    end
    local path = write_polls("many", (table.unpack or unpack)(lines, 1, 200))
    local file = assert(io.open(path, "a"))
    file:write(table.concat(lines, "\n", 201), "\n")
    file:close()
    local before = shell.good("report", conf, "--format", "exact")
    for tenths = 1, 4 do
      local line = shell.line("ingest", conf, "--status", path)
      shell.run(("%s >/dev/null 2>&1 & sleep 0.%d; kill -9 $!; wait"):format(line, tenths))
      local found = shell.good("report", conf, "--format", "exact") -- none of the file, or all of it
      assert.is_true(found == before or shell.good("info", conf):find "days with polls +37\n" ~= nil)
    end
    shell.good("ingest", conf, "--status", path, "--quiet")
    shell.good("ingest", db, "--status", path, "--quiet")
    all_same()
  end)

  it("is the same for every head, with all that files brought or that was set by hand", function()
    local other = files.write(folder .. "/other.conf", (files.read(conf):gsub("head %S+", "head other.db")))
    local function all_same_there()
      for _, words in ipairs { { "report", "DB", "--format", "exact" }, { "status", "DB", "--format", "json" },
          { "export", "DB", "hours" }, { "export", "DB", "timezones" }, { "export", "DB", "special-days" },
          { "export", "DB", "exclusions" }, { "export", "DB", "attributes" }, { "export", "DB", "polls" } } do
        cluster.expect_same(other, db, (table.unpack or unpack)(words))
        same((table.unpack or unpack)(words))
      end
    end
    local function do_both(through, ...)
      cluster.expect_same(through, db, ...)
    end
    load "zones"
    all_same_there()
    local store = shell.good("report", db):match "\n([^,]+)"
    do_both(other, "timezone", "set", "DB", store, "Asia/Tokyo")
    do_both(conf, "exclude", "add", "DB", store, "--from", "2023-01-24 10:00", "--to", "2023-01-24 12:00")
    do_both(other, "hours", "set", "DB", "new one", "--daily", "09:00-17:00")
    do_both(conf, "attributes", "set", "DB", store, "region=north")
    do_both(other, "special-day", "set", "DB", "*", "2023-01-24", "closed")
    all_same_there()
    do_both(conf, "timezone", "clear", "DB", store)
    do_both(other, "ingest", "DB", "--status", write_polls("more", "another,active,2023-01-25 10:00:00"))
    all_same_there()
    os.remove(conf .. ".db") -- and is made anew
    all_same_there()
    do_both(conf, "ingest", "DB", "spec/fixtures/golden/utc")
    all_same_there()
  end)

  it("is read by who may only read, and written by nobody who may not", function()
    load "south"
    files.write(folder .. "/key", "only reads\n")
    os.execute("chmod 600 " .. folder .. "/key")
    local database = files.read(conf):match "database (%S+)"
    local reader = folder .. "/reader.conf"
    servers.conf(reader, database, "user reporter\npassword-file key\n")
    assert.equal((shell.good("report", conf)):sub(1, 100), (shell.good("report", reader)):sub(1, 100))
    local result = shell.loom("ingest", reader, "--status", write_polls("more", "a,active,2023-01-25 10:00:00"))
    shell.expect_failure(result, 1)
    assert.matches("the user reporter may only read (Code: 164)", result.err, 1, true)
    files.write(folder .. "/key", "another\n")
    result = shell.loom("report", reader)
    shell.expect_failure(result, 1)
    assert.is_nil(result.err:find("another", 1, true))
  end)
end)
