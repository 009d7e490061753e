local database = require "support.database"
local files = require "support.files"
local lfs = require "lfs"
local loom = require "loom"
local shell = require "support.shell"

local small = database.small

describe("loom ingest", function()
  local folder, db

  files.folder_for_each(function(made)
    folder, db = made, made .. "/db"
  end)

  local function expected()
    local path = database.make(folder .. "/expected")
    return database.dump(path)
  end

  it("is told of by the audit: who loaded which file, why, and what became of its rows; not of what is refused", function()
    local polls = "store_id,status,timestamp_utc\n1,active,2024-01-01 00:00:00\n1,active,2024-01-01 00:00:00\n"
    files.write(folder .. "/polls.csv", polls)
    files.write(folder .. "/bad.csv", polls .. "2,asleep,2024-01-01 00:00:00\n")
    files.write(folder .. "/stores.csv", "store_id,brand\n1,Taco\n")
    shell.good("ingest", db, "--polls", folder .. "/polls.csv", "--attributes", folder .. "/stores.csv", "--reason", "first",
      "--quiet")
    assert.equal(1, shell.loom("ingest", db, folder .. "/bad.csv").status)
    shell.good("ingest", db, folder .. "/bad.csv", "--max-rejects", "1", "--quiet")
    local monitor = assert(loom.open(db))
    local told = {}
    for _, entry in ipairs(assert(monitor:audit { kind = "ingest" })) do
      local after = entry.after
      assert.matches("^command:.", entry.by)
      assert.equal("*", entry.store_id)
      table.insert(told, 1, ("%s %s %s: %d %d %d %d %d"):format(entry.reason, after.kind, after.source:match "[^/]*$", after.rows,
        after.new, after.duplicates, after.conflicts, after.rejected))
    end
    monitor:close()
    table.sort(told)
    assert.same({ "first attributes stores.csv: 1 1 0 0 0", "first polls polls.csv: 2 1 1 0 0",
      "nil polls bad.csv: 3 0 2 0 1" }, told)
  end)

  it("takes a folder, and says what it did", function()
    local out, err = shell.good("ingest", db, small)
    assert.equal("", out)
    local lines = {}
    for line in err:gmatch("[^\n]+") do
      if not line:find "^loom: " then -- a warning about the data
        lines[#lines + 1] = line:gsub("[%d.]+ s, [%d,]+ rows/s$", "TIME")
      end
    end
    assert.same({
      small .. "/store_status.csv: 7 rows: 7 new, 0 duplicates, 0 conflicts, 0 rejected; TIME",
      small .. "/menu_hours.csv: 5 rows: 5 new, 0 duplicates, 0 conflicts, 0 rejected; TIME",
      small .. "/timezones.csv: 4 rows: 4 new, 0 duplicates, 0 conflicts, 0 rejected; TIME",
      small .. "/special_days.csv: 2 rows: 2 new, 0 duplicates, 0 conflicts, 0 rejected; TIME",
      small .. "/exclusions.csv: 2 rows: 2 new, 0 duplicates, 0 conflicts, 0 rejected; TIME",
    }, lines)
    assert.equal(expected(), database.dump(db))
    assert.same({ "db", "expected" }, files.list(folder))
  end)

  -- As a spreadsheet saves it: ASCII in UTF-16, lines of CR LF, and a row of separators alone at the end.
  local function as_saved(text, separator, first_line, byte_order)
    text = first_line .. text:gsub(",", separator):gsub("\r?\n", "\r\n") .. separator:rep(3) .. "\r\n"
    local little = byte_order == "little"
    return (little and "\255\254" or "\254\255") .. text:gsub(".", little and "%0\0" or "\0%0")
  end

  it("makes the same reports of what a spreadsheet has saved", function()
    local plain = { "store_status.csv", "menu_hours.csv", "timezones.csv" }
    local reports = {}
    for i, variant in ipairs {
      {}, { ";", "sep=;\n", "little" }, { ";", "", "big" }, { "\t", "", "little" }, { "\t", "sep=\t\n", "big" },
    } do
      local saved = ("%s/%d"):format(folder, i)
      assert(lfs.mkdir(saved))
      for _, name in ipairs(plain) do
        local text = files.read("examples/data/" .. name)
        files.write(saved .. "/" .. name, variant[1] and as_saved(text, variant[1], variant[2], variant[3]) or text)
      end
      shell.good("ingest", ("%s/db%d"):format(folder, i), saved, "--quiet")
      reports[i] = shell.good("report", ("%s/db%d"):format(folder, i), "--format", "exact")
      assert.equal(reports[1], reports[i])
    end
    assert.matches("03b061f6-6135-4836-a8dc-fc58bb70252f", reports[1], 1, true)
  end)

  it("changes nothing the second time", function()
    shell.good("ingest", db, small, "--quiet")
    local before = database.dump(db)
    local _, err = shell.good("ingest", db, small .. "/")
    local files_seen = 0
    for rows, new, duplicates in err:gmatch(": (%d+) rows: (%d+) new, (%d+) duplicates, 0 conflicts, 0 rejected;") do
      files_seen = files_seen + 1
      assert.equal("0", new)
      assert.equal(rows, duplicates)
    end
    assert.equal(5, files_seen)
    assert.equal(before, database.dump(db))
  end)

  it("says nothing when it is to be quiet", function()
    local out, err = shell.good("ingest", db, small, "--quiet")
    assert.equal("", out .. err)
  end)

  it("takes files by name, in any order of options", function()
    shell.good("ingest", "--exclusions", small .. "/exclusions.csv", "--special-days", small .. "/special_days.csv",
      "--timezones", small .. "/timezones.csv", "--hours", small .. "/menu_hours.csv",
      "--status", small .. "/store_status.csv", db)
    assert.equal(expected(), database.dump(db))
  end)

  it("takes several files of a kind, and a named one instead of the folder's", function()
    local header = "store_id,status,timestamp_utc\n"
    files.write(folder .. "/a.csv", header .. "1,active,2024-01-01 10:00:00\n")
    files.write(folder .. "/b.csv", header .. "1,inactive,2024-01-01 10:00:00\n2,active,2024-01-02 10:00:00\n")
    local _, err = shell.good("ingest", db, small, "--status", folder .. "/a.csv", "--status", folder .. "/b.csv")
    assert.matches("b.csv: 2 rows: 1 new, 0 duplicates, 1 conflict, 0 rejected; ", err, 1, true)
    assert.equal(header .. "1,inactive,2024-01-01 10:00:00.000000 UTC\n2,active,2024-01-02 10:00:00.000000 UTC\n",
      shell.good("export", db, "polls"))
  end)

  it("reads gzip, by content or found by name, with several members", function()
    for _, name in ipairs(files.list(small)) do
      shell.run(("gzip -c %s/%s >%s/%s.gz"):format(small, name, folder, name))
    end
    shell.run(("gzip -c /dev/null >>%s/store_status.csv.gz"):format(folder))
    shell.good("ingest", db, folder, "--quiet")
    assert.equal(expected(), database.dump(db))
    local other = folder .. "/other"
    shell.run(("mv %s/menu_hours.csv.gz %s/hours.csv"):format(folder, folder))
    shell.good("ingest", other, "--hours", folder .. "/hours.csv", "--quiet")
    assert.equal(shell.good("export", db, "hours"), shell.good("export", other, "hours"))
  end)

  it("reads standard input, plain and gzipped", function()
    for i, pipe in ipairs { "cat %s/store_status.csv | ", "gzip -c %s/store_status.csv | " } do
      local result = shell.run(pipe:format(small) .. shell.line("ingest", db .. i, "--status", "-"))
      assert.equal(0, result.status)
      assert.matches("^standard input: 7 rows: 7 new,", result.err)
    end
    assert.equal(database.dump(db .. 1), database.dump(db .. 2))
  end)

  it("reads a pipe", function()
    local result = shell.run(("mkfifo %s/pipe; cat %s/store_status.csv >%s/pipe & "):format(folder, small, folder)
      .. shell.line("ingest", db, "--status", folder .. "/pipe"))
    assert.equal(0, result.status)
    assert.matches("/pipe: 7 rows: 7 new,", result.err, 1, true)
  end)

  it("understands headers in any order and case, a mark at the beginning, CRLF, quotes and blank lines", function()
    files.write(folder .. "/odd.csv", '\239\187\191 Timestamp_UTC ,"more, and more",STORE_ID,status\r\n\r\n'
      .. '2024-01-01T10:00:00+01:00,x," 7 ",active\r\n"2024-01-01 10:00:00.5Z",,"a ""b""",inactive')
    shell.good("ingest", db, "--status", folder .. "/odd.csv", "--quiet")
    assert.equal('store_id,status,timestamp_utc\n7,active,2024-01-01 09:00:00.000000 UTC\n'
      .. '"a ""b""",inactive,2024-01-01 10:00:00.500000 UTC\n', shell.good("export", db, "polls"))
  end)

  it("refuses a poll of the future, unless any may come, and has nothing against exclusions and hours of the future", function()
    files.write(folder .. "/typo.csv", "store_id,status,timestamp_utc\nb,active,2024-01-01 10:00:00\n"
      .. "b,active,2204-01-02 00:00:00\n")
    files.write(folder .. "/hours.csv", "store_id,day,start_time_local,end_time_local,effective_from\n"
      .. "b,1,10:00,11:00,2204-01-01\n")
    files.write(folder .. "/exclusions.csv", "store_id,from_utc,to_utc\nb,2204-01-01 00:00:00,2204-01-02 00:00:00\n")
    local result = shell.loom("ingest", db, "--status", folder .. "/typo.csv")
    assert.equal(1, result.status)
    assert.matches('typo.csv:3: timestamp_utc: "2204-01-02 00:00:00" is too far in the future: after ', result.err, 1, true)
    result = shell.loom("ingest", db, "--status", folder .. "/typo.csv", "--rejects", folder .. "/rejects.csv")
    assert.equal(0, result.status)
    assert.matches('typo.csv,3,timestamp_utc,2204-01-02 00:00:00,"is too far in the future:',
      files.read(folder .. "/rejects.csv"), 1, true)
    shell.good("ingest", db, "--hours", folder .. "/hours.csv", "--exclusions", folder .. "/exclusions.csv", "--quiet")
    local _, err = shell.good("ingest", db, "--status", folder .. "/typo.csv", "--max-ahead", "none")
    assert.matches(" 2 rows: 1 new, 1 duplicate, ", err, 1, true)
    assert.equal(2, shell.loom("ingest", db, "--status", folder .. "/typo.csv", "--max-ahead", "soon").status)
  end)

  it("takes a header without rows", function()
    files.write(folder .. "/none.csv", "store_id,status,timestamp_utc\n")
    local _, err = shell.good("ingest", db, "--status", folder .. "/none.csv")
    assert.matches(": 0 rows: 0 new, 0 duplicates, 0 conflicts, 0 rejected; ", err, 1, true)
  end)

  it("replaces the hours and zones of the stores in a file, and of no other", function()
    shell.good("ingest", db, small, "--quiet")
    files.write(folder .. "/hours.csv", "store_id,day,start_time_local,end_time_local\nnight,6,10:00,11:00\n")
    files.write(folder .. "/zones.csv", "store_id,timezone_str\nnight,Asia/Tokyo\n")
    shell.good("ingest", db, "--hours", folder .. "/hours.csv", "--timezones", folder .. "/zones.csv", "--quiet")
    local hours, zones = shell.good("export", db, "hours"), shell.good("export", db, "timezones")
    assert.matches("\nnight,6,10:00:00,11:00:00,\n", hours, 1, true)
    assert.is_nil(hours:find("night,5", 1, true))
    assert.matches("\n1481966498820158979,0,09:00:00,17:00:00,\n", hours, 1, true)
    assert.matches("\nnight,Asia/Tokyo\n", zones, 1, true)
    assert.matches('\n"café, ""north""",Europe/Paris\n', zones, 1, true)
  end)

  it("gives the same whatever the order of the rows", function()
    local lines = {}
    for line in files.read(small .. "/store_status.csv"):gmatch("[^\n]+") do
      table.insert(lines, lines[1] and 2 or 1, line)
    end
    files.write(folder .. "/reversed.csv", table.concat(lines, "\n"))
    shell.good("ingest", db, small, "--status", folder .. "/reversed.csv", "--quiet")
    local forward = shell.good("report", small, "--format", "exact")
    assert.equal(forward, shell.good("report", db, "--format", "exact"))
  end)
end)
