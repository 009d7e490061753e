-- Bad input: one line says what is wrong and where, the exit status is 1 (2 for wrong use), and the database is as it
-- was, or is still not there.

local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

local headers = {
  status = "store_id,status,timestamp_utc\n",
  hours = "store_id,dayOfWeek,start_time_local,end_time_local\n",
  timezones = "store_id,timezone_str\n",
  ["special-days"] = "store_id,date,open,close\n",
  exclusions = "store_id,from_utc,to_utc\n",
}

local not_a_timestamp = "is not a timestamp (YYYY-MM-DD HH:MM[:SS[.ffffff]] then nothing, UTC, Z or like +HH:MM; "
  .. "or seconds since 1970)"
local not_a_time = "is not a time of day (HH:MM or HH:MM:SS, 00:00 to 24:00, or with AM or PM)"
local not_a_weekday = "is not a weekday (0 = Monday to 6 = Sunday, or its English name)"

-- Good rows around the bad one, so that a failure has something to undo.
local good_rows = {
  status = "new,active,2024-03-05 10:00:00 UTC\n",
  hours = "new,0,09:00,17:00\n",
  timezones = "new,UTC\n",
  ["special-days"] = "new,2024-03-05,,\n",
  exclusions = "new,2024-03-05 10:00:00,2024-03-05 11:00:00\n",
}

local long_id = ("x"):rep(300)
local long_id_shown = '"' .. ("x"):rep(80) .. '..."'

-- Option, row, and what follows "FILE:3: ".
local bad_rows = {
  { "status", "1,active,2023-02-30 10:00:00 UTC", 'timestamp_utc: "2023-02-30 10:00:00 UTC" is not a date' },
  { "status", "1,active,2023-13-01 10:00:00 UTC", 'timestamp_utc: "2023-13-01 10:00:00 UTC" is not a date' },
  { "status", "1,active,0000-01-01 10:00:00 UTC", 'timestamp_utc: "0000-01-01 10:00:00 UTC" is not a date' },
  { "status", "1,active,2023-01-01 25:00:00 UTC", 'timestamp_utc: "2023-01-01 25:00:00 UTC" ' .. not_a_timestamp },
  { "status", "1,active,2023-01-01 10:60:00 UTC", 'timestamp_utc: "2023-01-01 10:60:00 UTC" ' .. not_a_timestamp },
  { "status", "1,active,yesterday", 'timestamp_utc: "yesterday" ' .. not_a_timestamp },
  { "status", "1,active,", 'timestamp_utc: "" ' .. not_a_timestamp },
  { "status", "1,up,2023-01-01 10:00:00 UTC", 'status: "up" is not a status (active or inactive)' },
  { "status", "1,,2023-01-01 10:00:00 UTC", 'status: "" is not a status (active or inactive)' },
  { "status", ",active,2023-01-01 10:00:00 UTC", 'store_id: "" is not a store id: it is empty' },
  { "status", "  ,active,2023-01-01 10:00:00 UTC", 'store_id: "" is not a store id: it is empty' },
  { "status", long_id .. ",active,2023-01-01 10:00:00 UTC",
    "store_id: " .. long_id_shown .. " is not a store id: it is longer than 255 bytes" },
  { "status", "1,active", "the row has 2 fields, but the header has 3" },
  { "status", "1", "the row has 1 field, but the header has 3" },
  { "status", "1,active,2023-01-01 10:00:00 UTC,more", "the row has 4 fields, but the header has 3" },
  { "status", "1,act\0ive,2023-01-01 10:00:00 UTC", "the row has a NUL byte" },
  { "status", '1,"act"ive,2023-01-01 10:00:00 UTC', "the row has an invalid quote" },
  { "status", "1,\27[31mred,2023-01-01 10:00:00 UTC",
    'status: "\\x1b[31mred" is not a status (active or inactive)' },
  { "status", "1,active,2023-01-01 10:00:00 UTC" .. (" "):rep(65536), "the row is longer than 65536 bytes" },
  { "hours", "1,-1,09:00,17:00", 'dayOfWeek: "-1" ' .. not_a_weekday },
  { "hours", "1,7,09:00,17:00", 'dayOfWeek: "7" ' .. not_a_weekday },
  { "hours", "1,Montag,09:00,17:00", 'dayOfWeek: "Montag" ' .. not_a_weekday },
  { "hours", "1,,09:00,17:00", 'dayOfWeek: "" ' .. not_a_weekday },
  { "hours", "1,0,24:01,17:00", 'start_time_local: "24:01" ' .. not_a_time },
  { "hours", "1,0,9am,17:00", 'start_time_local: "9am" ' .. not_a_time },
  { "hours", "1,0,09:00,24:01", 'end_time_local: "24:01" ' .. not_a_time },
  { "hours", "1,0,09:00,", 'end_time_local: "" ' .. not_a_time },
  { "timezones", "1,Mars/Olympus", 'timezone_str: "Mars/Olympus" is not a zone of the tz database' },
  { "timezones", "1,../../etc/passwd", 'timezone_str: "../../etc/passwd" is not a zone of the tz database' },
  { "timezones", "1,", 'timezone_str: "" is not a zone of the tz database' },
  { "special-days", "1,2023-02-30,,", 'date: "2023-02-30" is not a date' },
  { "special-days", "1,2023-02-03,09:00,", 'close: "" ' .. not_a_time },
  { "special-days", "1,2023-02-03,late,10:00", 'open: "late" ' .. not_a_time },
  { "special-days", ",2023-02-03,,", 'store_id: "" is not a store id: it is empty' },
  { "exclusions", "1,2023-02-30 10:00:00,2023-03-01 10:00:00", 'from_utc: "2023-02-30 10:00:00" is not a date' },
  { "exclusions", "1,2023-02-03 10:00:00,later", 'to_utc: "later" ' .. not_a_timestamp },
  { "exclusions", "1,2023-02-03 10:00:00,2023-02-03 10:00:00",
    'to_utc: "2023-02-03 10:00:00" is not after from_utc' },
}

describe("bad input", function()
  local folder, db, before

  files.folder_for_each(function(made)
    folder = made
    db = database.make(folder .. "/db")
    before = database.dump(db)
  end)

  -- Into a database that is there, and into one that is not.
  local function expect_ingest_fails(message, ...)
    shell.expect_failure(shell.loom("ingest", db, ...), 1, message)
    assert.equal(before, database.dump(db))
    shell.expect_failure(shell.loom("ingest", folder .. "/new", ...), 1, message)
    assert.is_false(files.exists(folder .. "/new"))
  end

  local function write(text)
    return files.write(folder .. "/input.csv", text)
  end

  it("of layers is refused with its place", function()
    for option, text in pairs {
      hours = "store_id,day,start_time_local,end_time_local,origin\nnew,0,09:00,17:00,override\n1,0,09:00,17:00,me\n",
      timezones = "store_id,timezone_str,origin\nnew,UTC,override\n1,UTC,me\n",
      ["special-days"] = "store_id,date,open,close,origin\nnew,2024-03-05,,,override\n1,2024-03-05,,,me\n",
    } do
      local path = write(text)
      expect_ingest_fails(path .. ':3: origin: "me" is not an origin (file or override)', "--" .. option, path)
    end
  end)

  describe("files", function()
    it("that are missing", function()
      local path = folder .. "/nothing.csv"
      expect_ingest_fails(path .. ": cannot be opened: No such file or directory", "--status", path)
    end)

    it("that are missing after one that is good", function()
      local path = folder .. "/nothing.csv"
      expect_ingest_fails(path .. ": cannot be opened: No such file or directory",
        "--status", write(headers.status .. good_rows.status), "--hours", path)
    end)

    it("that are folders", function()
      expect_ingest_fails(folder .. ": is a folder", "--status", folder)
    end)

    it("that may not be read", function()
      local unprivileged = shell.unprivileged()
      if not unprivileged then
        pending "the superuser may read everything, and setpriv is not there"
      end
      local path = write(headers.status)
      shell.run("chmod 000 " .. path)
      local result = shell.run(unprivileged .. shell.line("ingest", db, "--status", path))
      shell.expect_failure(result, 1, path .. ": cannot be opened: Permission denied")
      assert.equal(before, database.dump(db))
    end)

    it("that are empty", function()
      for option, header in pairs { status = "store_id,status,timestamp_utc",
        hours = "store_id,dayOfWeek,start_time_local,end_time_local,effective_from",
        timezones = "store_id,timezone_str",
        ["special-days"] = "store_id,date,open,close,note",
        exclusions = "store_id,from_utc,to_utc,reason" } do
        for _, text in ipairs { "", "\n", "\239\187\191", "\r\n  \n" } do
          local path = write(text)
          expect_ingest_fails(path .. ": is empty: expected a header with " .. header, "--" .. option, path)
        end
      end
    end)

    it("that are binary", function()
      local path = write("\127ELF\2\1\1" .. ("\1\200\3"):rep(100))
      expect_ingest_fails(path .. ': is not a text file: expected store_id, status, timestamp_utc; found "\\x7fELF\\x02\\x01\\x01'
        .. ("\\x01\\xc8\\x03"):rep(24) .. '\\x01..."', "--status", path)
    end)

    it("that are binary with NUL bytes", function()
      local path = write("\0\1\2\3" .. ("\0"):rep(1000))
      expect_ingest_fails(path .. ":1: is not a text file with a header: its first row has a NUL byte", "--status", path)
    end)

    it("that are truncated gzip", function()
      local path = folder .. "/input.csv.gz"
      write(headers.status .. good_rows.status:rep(1000))
      shell.run(("gzip -c %s/input.csv | head -c 60 >%s"):format(folder, path))
      expect_ingest_fails(path .. ": is truncated gzip data", "--status", path)
    end)

    it("that are damaged gzip", function()
      local path = folder .. "/input.csv.gz"
      write(headers.status .. good_rows.status:rep(1000))
      shell.run(("gzip -c %s/input.csv >%s"):format(folder, path))
      local text = files.read(path)
      files.write(path, text:sub(1, -9) .. "\1\2\3\4" .. text:sub(-4))
      expect_ingest_fails(path .. ": is damaged gzip data: incorrect data check", "--status", path)
    end)

    it("that lack a column", function()
      local path = write("store_id,timestamp_utc\n1,2023-01-01 10:00:00 UTC\n")
      expect_ingest_fails(path .. ": the header has no column status: expected store_id, status, timestamp_utc; "
        .. 'found "store_id,timestamp_utc"', "--status", path)
    end)

    it("that are of another kind", function()
      local path = write(headers.status .. good_rows.status)
      expect_ingest_fails(path .. ": the header has no column dayOfWeek: expected store_id, dayOfWeek (or day), "
        .. 'start_time_local, end_time_local; found "store_id,status,timestamp_utc"', "--hours", path)
    end)

    it("that have a column twice", function()
      local path = write("store_id,status,Status,timestamp_utc\n")
      expect_ingest_fails(path .. ": the header has the column status twice: expected store_id, status, "
        .. 'timestamp_utc; found "store_id,status,Status,timestamp_utc"', "--status", path)
      path = write("store_id,day,dayOfWeek,start_time_local,end_time_local\n")
      expect_ingest_fails(path .. ": the header has the column dayOfWeek twice: expected store_id, dayOfWeek (or day), "
        .. 'start_time_local, end_time_local; found "store_id,day,dayOfWeek,start_time_local,end_time_local"',
        "--hours", path)
    end)

    it("whose quote is not closed", function()
      local path = write(headers.status .. '1,"active,2023-01-01 10:00:00 UTC\n' .. good_rows.status)
      expect_ingest_fails(path .. ":2: the row has a quote that is not closed", "--status", path)
    end)

    it("on standard input", function()
      local result = shell.run(shell.line("ingest", db, "--status", "-") .. " <<'END'\nnonsense\nEND")
      shell.expect_failure(result, 1, "standard input: the header has no column store_id: expected store_id, status, "
        .. 'timestamp_utc; found "nonsense"')
      assert.equal(before, database.dump(db))
    end)

    it("whose names would break the line", function()
      local path = folder .. "/two\nlines\27[31m"
      expect_ingest_fails(folder .. "/two lines?[31m: cannot be opened: No such file or directory", "--status", path)
    end)

    it("in a folder that has none of them", function()
      local inner = folder .. "/inner"
      shell.run("mkdir " .. inner)
      expect_ingest_fails(inner .. ": has none of the files that loom ingest knows", inner)
      shell.expect_failure(shell.loom("report", inner), 1, inner .. ": has none of the files that loom ingest knows")
    end)
  end)

  describe("rows:", function()
    for _, case in ipairs(bad_rows) do
      local option, row, message = case[1], case[2], case[3]
      it(("%s %q"):format(option, row:sub(1, 60)), function()
        local path = write(headers[option] .. good_rows[option] .. row .. "\n" .. good_rows[option])
        local options = { "--" .. option, path }
        if option ~= "status" then -- a file before the bad one is not left in either
          options[3], options[4] = "--status", folder .. "/status.csv"
          files.write(options[4], headers.status .. good_rows.status)
        end
        expect_ingest_fails(path .. ":3: " .. message, options[1], options[2], options[3], options[4])
      end)
    end

    it("fail a report from a folder", function()
      files.write(folder .. "/store_status.csv", headers.status .. "1,up,2023-01-01 10:00:00 UTC\n")
      shell.expect_failure(shell.loom("report", folder), 1,
        folder .. '/store_status.csv:2: status: "up" is not a status (active or inactive)')
    end)
  end)

  describe("rows that may be rejected", function()
    local path, rejects

    before_each(function()
      rejects = folder .. "/rejects.csv"
      path = write(headers.status .. "1,up,2023-01-01 10:00:00 UTC\n" .. good_rows.status
        .. '2,active,"tomorrow, ""maybe"""\n3,active\n')
    end)

    it("are left out, as many as are allowed", function()
      local _, err = shell.good("ingest", db, "--status", path, "--max-rejects", "3")
      assert.matches(": 4 rows: 1 new, 0 duplicates, 0 conflicts, 3 rejected; ", err, 1, true)
      assert.matches("\nnew,active,2024-03-05 10:00:00.000000 UTC\n", database.dump(db), 1, true)
    end)

    it("fail the file when there is one more than that", function()
      expect_ingest_fails(path .. ":5: the row has 2 fields, but the header has 3", "--status", path, "--max-rejects", "2")
      expect_ingest_fails(path .. ':2: status: "up" is not a status (active or inactive)',
        "--status", path, "--max-rejects", "0")
    end)

    it("are counted for each file", function()
      local other = files.write(folder .. "/hours.csv", headers.hours .. "1,8,09:00,17:00\n1,0,09:00,17:00\n")
      expect_ingest_fails(path .. ":5: the row has 2 fields, but the header has 3",
        "--status", path, "--hours", other, "--max-rejects", "2")
      local _, err = shell.good("ingest", db, "--status", path, "--hours", other, "--max-rejects", "3")
      assert.matches("hours.csv: 2 rows: 1 new, 0 duplicates, 0 conflicts, 1 rejected; ", err, 1, true)
    end)

    local written = 'source,line,column,value,reason,row\n'
      .. 'PATH,2,status,up,is not a status (active or inactive),"1,up,2023-01-01 10:00:00 UTC"\n'
      .. 'PATH,4,timestamp_utc,"tomorrow, ""maybe""",' .. '"' .. not_a_timestamp .. '"'
      .. ',"2,active,""tomorrow, """"maybe"""""""\n'
      .. 'PATH,5,,,"has 2 fields, but the header has 3","3,active"\n'

    it("are written with line and reason", function()
      for _, options in ipairs { { "--max-rejects", "all" }, { "--max-rejects", "3" }, {} } do
        shell.good("ingest", db, "--status", path, "--rejects", rejects, options[1], options[2])
        assert.equal((written:gsub("PATH", (path:gsub("%%", "%%%%")))), files.read(rejects))
      end
    end)

    it("cannot be written: then nothing is ingested", function()
      expect_ingest_fails(folder .. "/none/rejects.csv: No such file or directory",
        "--status", path, "--rejects", folder .. "/none/rejects.csv")
    end)

    it("all of them", function()
      local only_bad = write(headers.status .. ("1,up,2023-01-01 10:00:00 UTC\n"):rep(5000))
      local _, err = shell.good("ingest", db, "--status", only_bad, "--max-rejects", "all")
      assert.matches(": 5,000 rows: 0 new, 0 duplicates, 0 conflicts, 5,000 rejected; ", err, 1, true)
      assert.equal(before, database.dump(db))
    end)
  end)

  describe("a database", function()
    local timezones
    before_each(function()
      timezones = files.write(folder .. "/timezones.csv", headers.timezones .. good_rows.timezones)
    end)

    -- Every command says so, and none touches the file.
    local function expect_all_fail(path, message, prefix)
      local bytes = files.exists(path) and files.read(path)
      for _, arguments in ipairs {
        { "ingest", path, "--timezones", timezones }, { "report", path }, { "info", path }, { "check", path },
        { "prune", path, "--keep", "1d" }, { "export", path, "polls" },
      } do
        local result = shell.run((prefix or "") .. shell.line(arguments[1], arguments[2], arguments[3], arguments[4]))
        shell.expect_failure(result, 1, path .. ": " .. message)
        assert.is_true(bytes == (files.exists(path) and files.read(path)))
      end
    end

    it("that is not there", function()
      local path = folder .. "/none"
      for _, arguments in ipairs { { "report" }, { "info" }, { "check" }, { "prune", "--keep", "1d" }, { "export", "polls" } } do
        shell.expect_failure(shell.loom(arguments[1], path, arguments[2], arguments[3]), 1, path .. ": no such database")
        assert.is_false(files.exists(path))
      end
    end)

    it("in a folder that is not there", function()
      local path = folder .. "/none/db"
      shell.expect_failure(shell.loom("ingest", path, "--timezones", timezones), 1,
        path .. ": cannot be opened: No such file or directory")
    end)

    it("that is a folder", function()
      local path = folder .. "/inner"
      shell.run("mkdir " .. path)
      shell.expect_failure(shell.loom("ingest", path, "--timezones", timezones), 1, path .. ": is a folder, not a database")
      shell.expect_failure(shell.loom("info", path), 1, path .. ": is a folder, not a database")
    end)

    it("that is empty", function()
      local path = files.write(folder .. "/empty", "")
      for _, arguments in ipairs { { "report" }, { "info" }, { "check" }, { "prune", "--keep", "1d" }, { "export", "polls" } } do
        shell.expect_failure(shell.loom(arguments[1], path, arguments[2], arguments[3]), 1,
          path .. ": is empty, not one of Loom's databases")
        assert.equal("", files.read(path))
      end
    end)

    it("that is not SQLite", function()
      expect_all_fail(files.write(folder .. "/text", ("This is a letter.\n"):rep(500)), "is not an SQLite database")
      expect_all_fail(files.write(folder .. "/short", "no"), "is not an SQLite database")
    end)

    it("that is not Loom's", function()
      local path = folder .. "/foreign"
      if not shell.sqlite(path, "CREATE TABLE t(x); INSERT INTO t VALUES(1)") then
        -- Without the shell: a database of ours with another application's mark, which is at offset 68.
        local bytes = files.read(db)
        files.write(path, bytes:sub(1, 68) .. "none" .. bytes:sub(73))
      end
      expect_all_fail(path, "is an SQLite database, but not one of Loom's")
    end)

    it("from a newer version", function()
      local bytes = files.read(db) -- user_version: offset 60, 4 bytes
      local path = files.write(folder .. "/newer", bytes:sub(1, 60) .. "\0\0\0\99" .. bytes:sub(65))
      expect_all_fail(path, ("was written by a newer Loom (its schema is version 99, this Loom knows %d)"):format(bytes:byte(64)))
    end)

    it("that is corrupt", function()
      local bytes = files.read(db)
      local parts = { bytes:sub(1, 16384) } -- the first page, with the schema, is left
      for at = 16385, #bytes, 4096 do
        parts[#parts + 1] = bytes:sub(at, at + 63):gsub(".", function(c)
          return string.char(255 - c:byte())
        end)
        parts[#parts + 1] = bytes:sub(at + 64, at + 4095)
      end
      expect_all_fail(files.write(folder .. "/corrupt", table.concat(parts)),
        "is corrupt: database disk image is malformed")
    end)

    it("that was cut short", function()
      expect_all_fail(files.write(folder .. "/short", files.read(db):sub(1, 8192)),
        "is corrupt: database disk image is malformed")
    end)

    it("with a byte changed at any place never crashes the command, and is not lost", function()
      local bytes = files.read(db)
      local path = folder .. "/changed"
      for at = 100, #bytes, shell.pace(2111, 21111) do
        files.write(path, bytes:sub(1, at - 1) .. string.char(255 - bytes:byte(at)) .. bytes:sub(at + 1))
        for _, arguments in ipairs { { "report" }, { "check" } } do
          local result = shell.loom(arguments[1], path)
          assert.is_true(result.status == 0 or result.status == 1, result.err)
          if result.status == 1 then
            assert.matches("^loom: [^\n]+\n$", result.err)
          end
        end
      end
    end)

    it("with blocks that are damaged is told by check", function()
      local path = folder .. "/db"
      if not shell.sqlite(path, "UPDATE poll_block SET polls = substr(polls, 2)") then
        pending "sqlite3 is not there"
      end
      local result = shell.loom("check", path)
      assert.equal(1, result.status)
      assert.matches("^loom: [^\n]+: %d+ problems\n$", result.err)
      assert.matches("polls of store number 1 on day 19786: the block ", result.out, 1, true)
    end)

    it("that is read-only can be read, but not written", function()
      local unprivileged = shell.unprivileged()
      if not unprivileged then
        pending "the superuser may write everything, and setpriv is not there"
      end
      shell.run("chmod 444 " .. db)
      for _, arguments in ipairs { { "ingest", db, "--timezones", timezones }, { "prune", db, "--keep", "1d" } } do
        shell.expect_failure(shell.run(unprivileged .. shell.line(arguments[1], arguments[2], arguments[3], arguments[4])), 1,
          db .. ": is read-only")
      end
      assert.equal(0, shell.run(unprivileged .. shell.line("report", db)).status)
      assert.equal(before, database.dump(db))
    end)

    it("that may not be read", function()
      local unprivileged = shell.unprivileged()
      if not unprivileged then
        pending "the superuser may read everything, and setpriv is not there"
      end
      shell.run("chmod 000 " .. db)
      expect_all_fail(db, "Permission denied", unprivileged)
      shell.run("chmod 600 " .. db)
      assert.equal(before, database.dump(db))
    end)

    it("in a folder that may not be written", function()
      local unprivileged = shell.unprivileged()
      if not unprivileged then
        pending "the superuser may write everything, and setpriv is not there"
      end
      local inner = folder .. "/inner"
      shell.run(("mkdir %s; cp %s %s/db; chmod 555 %s"):format(inner, db, inner, inner))
      local old = shell.run(unprivileged .. shell.line("ingest", inner .. "/db", "--timezones", timezones))
      local new = shell.run(unprivileged .. shell.line("ingest", inner .. "/new", "--timezones", timezones))
      local report = shell.run(unprivileged .. shell.line("report", inner .. "/db"))
      shell.run("chmod 755 " .. inner)
      assert.equal((shell.good("report", db)), report.out) -- it can be read all the same
      shell.expect_failure(old, 1, inner .. "/db: is read-only")
      shell.expect_failure(new, 1)
      assert.matches(inner .. "/new: cannot be opened: ", new.err, 1, true)
      assert.same({ "db" }, files.list(inner))
      assert.equal(before, database.dump(inner .. "/db"))
    end)
  end)

  describe("a report", function()
    it("as of before all polls has no evidence", function()
      local out = shell.good("report", db, "--as-of", "2020-01-06 12:00:00", "--format", "csv", "--stores", "148*")
      assert.equal("store_id,uptime_last_hour,uptime_last_day,uptime_last_week,"
        .. "downtime_last_hour,downtime_last_day,downtime_last_week\n1481966498820158979,0,0.0,0.0,60,3.0,8.0\n", out)
    end)

    it("as of the beginning of time has no window before it", function()
      for _, format in ipairs { "csv", "json" } do
        shell.expect_failure(shell.loom("report", db, "--as-of", "0001-01-01 10:00:00", "--format", format), 1,
          "window last_day begins before the year 1")
      end
      shell.good("report", db, "--as-of", "0001-01-01 10:00:00", "--format", "json", "--window", "h=10h")
      shell.good("report", db, "--as-of", "9999-12-31 23:59:59.999999", "--format", "json", "--all-stores")
    end)

    it("before any poll", function()
      local path = folder .. "/zones"
      shell.good("ingest", path, "--timezones", write(headers.timezones .. good_rows.timezones), "--quiet")
      shell.expect_failure(shell.loom("report", path), 1)
      assert.matches("^loom: .*no polls yet", shell.loom("report", path).err)
      local header = "store_id,uptime_last_hour,uptime_last_day,uptime_last_week,"
        .. "downtime_last_hour,downtime_last_day,downtime_last_week\n"
      assert.equal(header, shell.good("report", path, "--as-of", "2024-03-04 12:00:00"))
      assert.equal(header .. "new,0,0.0,0.0,60,24.0,168.0\n",
        shell.good("report", path, "--as-of", "2024-03-04 12:00:00", "--all-stores"))
      assert.matches("\npolls                   0\n", shell.good("info", path), 1, true)
      assert.equal("0", shell.good("prune", path, "--keep", "1d"):match("(%d+) polls removed\n"))
      assert.equal("store_id,status,timestamp_utc\n", shell.good("export", path, "polls"))
    end)

    it("in a zone that is not there", function()
      shell.expect_failure(shell.loom("report", db, "--default-zone", "Nope/Nope"), 1,
        'default zone: "Nope/Nope" is not a zone of the tz database')
    end)

    it("to a place that cannot be written", function()
      shell.expect_failure(shell.loom("report", db, "-o", folder .. "/none/report.csv"), 1)
      shell.expect_failure(shell.loom("report", db, "-o", "/dev/full"), 1, "/dev/full: No space left on device")
    end)

    it("that fails leaves the file that was there", function()
      local path = files.write(folder .. "/report.csv", "the one of yesterday\n")
      shell.expect_failure(shell.loom("report", folder .. "/none", "-o", path), 1)
      -- The limit is on what the specs keep of standard error too, but not on a pipe.
      local full = shell.run(("exec 3>&1; { trap '' XFSZ; ulimit -f 0; %s 2>&3; } 3>&1 | cat >&2")
        :format(shell.line("report", db, "-o", path)))
      assert.matches("^loom: [^\n]*File too large\n$", full.err)
      assert.equal("the one of yesterday\n", files.read(path))
      assert.is_false(files.exists(path .. ".part"))
    end)
  end)

  it("of no known kind is told with what to say, and only that is", function()
    local path = folder .. "/file"
    local function failure(text)
      files.write(path, text)
      local result = shell.loom("ingest", folder .. "/db", path)
      shell.expect_failure(result, 1)
      return result.err
    end
    assert.matches('known: "a,b"; say of what kind it is, such as --attributes ' .. path .. "\n", failure "a,b\nc,d\n", 1, true)
    files.write(folder .. "/a file", "a,b\n")
    local of_blanks = shell.loom("ingest", folder .. "/db", folder .. "/a file")
    assert.matches("such as --attributes '" .. folder .. "/a file'\n", of_blanks.err, 1, true)
    for _, text in ipairs { "PK\3\4 a spreadsheet", "\31\139 gzip", "" } do
      assert.is_nil(failure(text):find("of what kind", 1, true))
    end
    local result = shell.loom("ingest", folder .. "/db", "/dev/null")
    assert.matches("/dev/null: is not a regular file: say of what kind it is, such as --polls /dev/null\n", result.err, 1, true)
  end)

  it("of output that does not fit is told", function()
    for _, arguments in ipairs { { "report" }, { "info" }, { "check" }, { "export", "polls" } } do
      local result = shell.run(shell.line(arguments[1], db, arguments[2]) .. " >/dev/full")
      shell.expect_failure(result, 1, "standard output: No space left on device")
    end
  end)
end)
