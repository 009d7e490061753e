-- Commits of writers that were killed, which land when others have come after them: what counts is decided once, and by all
-- alike.

local await = require "support.await"
local cluster = require "support.cluster"
local files = require "support.files"
local lfs = require "lfs"
local servers = require "support.servers"
local shell = require "support.shell"

cluster.describe("a commit of a writer that was killed", function(each)
  local folder, conf, db, late, open

  -- The first shard, which has the ledger, is behind what holds back; the head is the same.
  each(function(...)
    folder, conf, db = ...
    late = folder .. "/late.conf"
    shell.run(("cd %s; mkfifo open; LD_PRELOAD= exec node %s/spec/support/holder.mjs %s %s <open >ports 2>&1 &")
      :format(folder, lfs.currentdir(), folder, table.concat(servers.urls()[1], " ")))
    open = assert(io.open(folder .. "/open", "w"))
    local ports = await("the ports", function()
      return files.exists(folder .. "/ports") and files.read(folder .. "/ports"):match "^([%d ]+)\n"
    end)
    files.write(late, (files.read(conf):gsub("shard [^\n]*", (ports:gsub("%d+", "http://127.0.0.1:%0"):gsub("^", "shard ")), 1)))
    for _, path in ipairs { conf, db } do
      shell.good("ingest", path, "--quiet", "--status", "spec/fixtures/golden/south/store_status.csv")
    end
  end)

  after_each(function()
    open:close()
    await("the end of what holds back", function()
      return shell.run(("grep -alq 'holder.mjs.%s.http' /proc/[0-9]*/cmdline"):format(folder)).status ~= 0
    end)
  end)

  local function write_polls(name, status)
    local store = shell.good("report", db):match "\n([^,]+)"
    return files.write(folder .. "/" .. name, (([[
store_id,status,timestamp_utc
STORE,STATUS,2023-01-25 10:00:00
STORE,active,2023-01-24 0HOUR:00:00
]]):gsub("%u%u+", { STORE = store, STATUS = status, HOUR = #name })))
  end

  local function hold(what)
    files.write(folder .. "/hold.new", what .. "\n")
    assert(os.rename(folder .. "/hold.new", folder .. "/hold"))
  end

  local function until_there(name)
    return await(name, function()
      return files.exists(folder .. "/" .. name) and files.read(folder .. "/" .. name)
    end)
  end

  local function release(number)
    files.write(("%s/release.%d"):format(folder, number), "")
    assert.equal("200\n", until_there("released." .. number))
  end

  -- Starts one, until it is held back; returns its process id.
  local function start_ingest(path, number)
    local pid = shell.run(("%s >%s/out.%d 2>&1 & echo $!"):format(shell.line("ingest", late, "--status", path), folder, number))
      .out:match "%d+"
    until_there("held." .. number)
    return pid
  end

  local function kill(pid)
    shell.run("kill -9 " .. pid)
    shell.await_end(pid, 20)
  end

  local function all_same()
    cluster.expect_same(conf, db, "report", "DB", "--format", "exact")
    cluster.expect_same(conf, db, "export", "DB", "polls")
    assert.equal(conf .. ": ok\n", (shell.good("cluster", "check", conf)))
  end

  it("changes nothing behind that of the next one", function()
    local one, two = write_polls("one", "active"), write_polls("second", "inactive")
    hold "ledger commit"
    kill(start_ingest(one, 1))
    cluster.expect_same(conf, db, "ingest", "DB", "--status", two)
    all_same()
    release(1)
    all_same()
    cluster.expect_same(conf, db, "ingest", "DB", "--status", one)
    all_same()
  end)

  it("changes nothing beside that of the next one", function()
    local one, two = write_polls("one", "active"), write_polls("second", "inactive")
    hold "ledger commit"
    kill(start_ingest(one, 1))
    local pid = start_ingest(two, 2)
    release(1)
    release(2)
    assert.is_true(shell.await_end(pid, 60))
    assert.matches("2 rows: %d new", files.read(folder .. "/out.2"))
    shell.good("ingest", db, "--status", two)
    all_same()
  end)

  it("has the next one try again where that has not committed yet", function()
    local one, two = write_polls("one", "active"), write_polls("second", "inactive")
    hold "ledger commit"
    kill(start_ingest(one, 1))
    hold "ledger begin"
    local pid = start_ingest(two, 2)
    os.remove(folder .. "/hold")
    release(1)
    shell.good("ingest", db, "--status", one)
    release(2)
    assert.is_true(shell.await_end(pid, 60))
    assert.matches("loom: .*: try again", files.read(folder .. "/out.2"))
    all_same()
    cluster.expect_same(conf, db, "ingest", "DB", "--status", two)
    all_same()
  end)

  it("changes nothing behind a fold", function()
    local one, two = write_polls("one", "active"), write_polls("second", "inactive")
    hold "ledger commit"
    kill(start_ingest(one, 1))
    cluster.expect_same(conf, db, "ingest", "DB", "--status", two)
    cluster.expect_same(conf, db, "ingest", "DB", "--status", write_polls("the third", "active"))
    assert.matches(": %d+ rows of the ledger folded\n", (shell.good("cluster", "compact", conf, "--fold-rows", "1")))
    release(1)
    all_same()
    cluster.expect_same(conf, db, "ingest", "DB", "--status", one)
    all_same()
  end)

  it("writes nothing where the ledger was folded before its beginning came", function()
    local one, two = write_polls("one", "active"), write_polls("second", "inactive")
    local other = folder .. "/other.conf"
    servers.conf(other, files.read(conf):match "database (%S+)")
    hold "ledger begin"
    local pid = start_ingest(one, 1)
    os.remove(folder .. "/hold")
    cluster.expect_same(other, db, "ingest", "DB", "--status", two)
    cluster.expect_same(other, db, "ingest", "DB", "--status", write_polls("the third", "active"))
    shell.good("cluster", "compact", other, "--fold-rows", "1")
    release(1)
    assert.is_true(shell.await_end(pid, 60))
    assert.matches("loom: .*: try again", files.read(folder .. "/out.1"))
    all_same()
    cluster.expect_same(conf, db, "ingest", "DB", "--status", one)
    all_same()
  end)
end)
