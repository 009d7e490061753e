-- An ingest that is stopped at any point leaves the database as it was, and the next one works.

local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

-- Polls of several megabytes: more than one block of input, and more than fits below the file size limits used here.
-- Starts the command on a pipe as its input, and goes on when it has opened it. What follows is in the middle of the
-- reading, however fast or slow the machine is; the pipe's writing end is descriptor 3.
local on_pipe = [[
mkfifo FOLDER/pipe
LOOM & pid=$!
exec 3>FOLDER/pipe
echo store_id,status,timestamp_utc >&3
cat FOLDER/polls.csv | tail -n +2 >&3
]]

-- Stops while the transaction is open and all its rows are written: says so on descriptor 3, and waits.
local stopped_writer = [[
local loom = require "loom"
local monitor = assert(loom.open(arg[1], { create = true }))
local good, message = monitor:ingest {
  status = arg[2],
  progress = function(done, total, source, phase)
    if phase == "writing" and done == 1 then
      io.stdout:write("written\n")
      io.stdout:flush()
      io.stdin:read("*l")
    end
  end,
}
io.stdout:write(good and "done" or message, "\n")
]]

describe("an ingest", function()
  local folder, db, polls

  files.folder_for_each(function(made)
    folder = made
    db = folder .. "/db"
    polls = database.write_polls(folder .. "/polls.csv", 60000)
  end)

  local function expect_next_works(path, before)
    if before then
      assert.is_true(before == database.dump(path))
    end
    local _, err = shell.good("ingest", path, "--status", polls)
    assert.matches(": 60,000 rows: 60,000 new, 0 duplicates, ", err, 1, true)
    assert.equal(path .. ": ok\n", (shell.good("check", path)))
  end

  local function interrupt(path, rest)
    local command = shell.line("ingest", path, "--status", folder .. "/pipe")
    local script = on_pipe:gsub("LOOM", (command:gsub("%%", "%%%%"))) .. rest .. "\nstatus=$?\nrm FOLDER/pipe\nexit $status"
    return shell.run((script:gsub("FOLDER", folder)))
  end

  for _, existing in ipairs { true, false } do
    local into = existing and " into a database" or " into a new database"
    local before

    local function prepare()
      before = existing and database.dump(database.make(db))
    end

    it("that is killed while it reads" .. into, function()
      prepare()
      local result = interrupt(db, "kill -9 $pid; wait $pid")
      assert.equal(128 + 9, result.status)
      assert.equal(existing, files.exists(db))
      expect_next_works(db, before)
    end)

    it("that is interrupted while it reads" .. into, function()
      prepare()
      -- It sees the signal at the end of its reading, which the closed pipe brings about.
      local result = interrupt(db, "kill -INT $pid; exec 3>&-; wait $pid")
      shell.expect_failure(result, 1, "interrupted")
      assert.equal(existing, files.exists(db))
      expect_next_works(db, before)
    end)

    it("that is terminated while it reads" .. into, function()
      prepare()
      local result = interrupt(db, "kill -TERM $pid; wait $pid")
      assert.equal(128 + 15, result.status)
      expect_next_works(db, before)
    end)

    it("that is killed in the middle of its transaction" .. into, function()
      prepare()
      local writer = files.write(folder .. "/writer.lua", stopped_writer)
      local result = shell.run(([[
        mkfifo FOLDER/in FOLDER/out
        %s %s %s %s <FOLDER/in >FOLDER/out & pid=$!
        exec 3>FOLDER/in 4<FOLDER/out
        read line <&4
        kill -9 $pid
        wait $pid
        echo "$line $?"
      ]]):gsub("FOLDER", folder):format(shell.lua, writer, db, polls))
      assert.equal("written 137\n", result.out)
      expect_next_works(db, before)
    end)

    it("that is interrupted in the middle of its transaction" .. into, function()
      prepare()
      local writer = files.write(folder .. "/writer.lua", stopped_writer)
      local result = shell.run(([[
        mkfifo FOLDER/in FOLDER/out
        %s %s %s %s <FOLDER/in >FOLDER/out & pid=$!
        exec 3>FOLDER/in 4<FOLDER/out
        read line <&4
        trap '' PIPE # the signal may end it before it reads that
        kill -INT $pid
        echo go on >&3
        wait $pid
        echo "$line $?"
      ]]):gsub("FOLDER", folder):format(shell.lua, writer, db, polls))
      assert.equal("written 1\n", result.out)
      expect_next_works(db, before)
    end)

    it("that meets a full disk" .. into, function()
      prepare()
      -- Blocks of the limit are 512 bytes in some shells and 1024 in others.
      local result = shell.run("trap '' XFSZ; ulimit -f 400; " .. shell.line("ingest", db, "--status", polls))
      shell.expect_failure(result, 1)
      assert.matches("^loom: " .. db:gsub("%p", "%%%0") .. ": ", result.err)
      expect_next_works(db, before)
    end)
  end

  -- The moment is not chosen: whatever it is, all of the file is in the database, or nothing of it.
  it("that is killed as soon as it has begun to write to the disk", function()
    for _ = 1, shell.pace(5, 1) do
      local before = database.dump(database.make(db))
      shell.run(([[
        %s & pid=$!
        while kill -0 $pid 2>/dev/null && ! [ -s %s-wal ]; do :; done
        kill -9 $pid
        wait $pid
      ]]):format(shell.line("ingest", db, "--status", polls), db))
      assert.equal(db .. ": ok\n", (shell.good("check", db)))
      local after = database.dump(db)
      if after ~= before then
        assert.matches("\npolls +60007\n", (shell.good("info", db)))
      end
      for _, name in ipairs { "", "-wal", "-shm" } do
        os.remove(db .. name)
      end
    end
  end)

  it("that meets a full disk does so wherever the limit is", function()
    local before = database.dump(database.make(db))
    for limit = 100, 1500, shell.pace(200, 700) do
      local result = shell.run(("trap '' XFSZ; ulimit -f %d; "):format(limit)
        .. shell.line("ingest", db, "--status", polls, "--quiet"))
      shell.expect_failure(result, 1)
      assert.is_true(before == database.dump(db))
    end
    expect_next_works(db, before)
  end)
end)

describe("a prune", function()
  it("that meets a full disk leaves the database as it was", function()
    local folder = files.make_folder()
    local db = folder .. "/db"
    shell.good("ingest", db, "--status", database.write_polls(folder .. "/polls.csv", 60000), "--quiet")
    local before = database.dump(db)
    local result = shell.run("trap '' XFSZ; ulimit -f 8; " .. shell.line("prune", db, "--keep", "20d", "--yes"))
    local after = database.dump(db)
    files.remove_folder(folder)
    shell.expect_failure(result, 1)
    assert.matches("the change needs %d+ KiB or more beside the database\n$", result.err)
    assert.is_true(before == after)
  end)
end)

describe("reading", function()
  it("needs no room on the disk", function()
    local folder = files.make_folder()
    local db = database.make(folder .. "/db")
    local script = table.concat({ shell.line("report", db, "--format", "csv"), shell.line("info", db), shell.line("check", db),
      shell.line("export", db, "polls"), shell.line("query", db, "SELECT count(*) FROM polls"),
      shell.line("alerts", "list", db) }, " && ")
    local before = shell.run(script)
    local full = shell.run("exec 3>&1; { trap '' XFSZ; ulimit -f 0; { " .. script .. "; } 2>&1; } | cat >&3")
    assert.equal(0, before.status)
    assert.equal(before.out, full.out)
    files.remove_folder(folder)
  end)
end)

describe("a query", function()
  local folder

  files.folder_for_each(function(made)
    folder = made
  end)

  -- Interrupted once it has computed for so long that it has nothing else to do any more.
  it("ends at Ctrl-C, however long it would take", function()
    local db = database.make(folder .. "/db")
    for _, sql in ipairs {
      "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
      "SELECT count(*) FROM polls a, polls b, polls c, polls d, polls e, polls f, polls g, polls h, polls i, polls j",
      "WITH n(x) AS (VALUES(1), (2), (3), (4), (5), (6), (7), (8), (9), (10)) SELECT count(*) FROM n a, n b, n c, n d, n e, "
        .. "n f, n g CROSS JOIN figures('w=7d')",
    } do
      local result = shell.run(("%s >/dev/null & pid=$!\n"):format(shell.line("query", db, sql)) .. [[
        for i in $(seq 400); do
          [ "$(cut -d ' ' -f 14 /proc/$pid/stat)" -lt 60 ] || break
          sleep 0.05
        done
        kill -INT $pid
        wait $pid
        echo $?]])
      assert.equal("loom: interrupted\n", result.err)
      assert.equal("1\n", result.out)
    end
  end)
end)
