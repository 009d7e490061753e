local cjson = require "cjson"
local files = require "support.files"
local shell = require "support.shell"

describe("loom doctor", function()
  local folder, db

  files.folder_for_each(function(made)
    folder = made
    db = folder .. "/the db's"
  end)

  -- Two stores that are polled every half hour, day and night, for eight days up to 2023-01-09 00:00, and further lines.
  local function make(more)
    local lines = { "store_id,status,timestamp_utc\n" }
    for _, store in ipairs { "a", "b" } do
      for i = 0, 8 * 48 do
        lines[#lines + 1] = ("%s,active,2023-01-%02d %02d:%02d:00\n"):format(store, math.floor(i / 48) + 1,
          math.floor(i / 2) % 24, i % 2 * 30)
      end
    end
    lines[#lines + 1] = more
    files.write(folder .. "/polls.csv", table.concat(lines))
    shell.good("ingest", db, "--polls", folder .. "/polls.csv", "--max-ahead", "none", "--quiet")
  end

  local function codes_of(found)
    local codes = {}
    for _, finding in ipairs(found.findings) do
      codes[#codes + 1] = finding.code
    end
    return codes
  end

  it("tells people what it has found, with the commands that mend it, which can be run", function()
    make ""
    local zoned = folder .. "/zones.csv"
    files.write(zoned, "store_id,timezone_str\na,UTC\n")
    shell.good("ingest", db, "--timezones", zoned, "--quiet")
    local told = shell.good("doctor", db)
    assert.is_truthy(told:find("2 stores, 2 of them with polls; looked at 770 polls of 9 days up to 2023-01-09 00:00", 1, true))
    assert.is_truthy(told:find("warning  no-timezone  (1 of 2, 50 %)", 1, true))
    assert.is_truthy(told:find("note  no-hours  (2 of 2, 100 %)", 1, true))
    assert.is_truthy(told:find("\n1 warning, 2 notes\n", 1, true)) -- the feed has stopped long ago
    local mend = told:match "mend: (loom timezone set [^\n]*) ZONE"
    local mended = shell.run(mend:gsub("^loom", shell.command) .. " Europe/Berlin")
    assert.are.equal(0, mended.status, mended.err)
    assert.is_nil(shell.good("doctor", db):find("no-timezone", 1, true))
    assert.is_truthy(shell.good("doctor", db):find("\n0 warnings, 2 notes\n", 1, true))
  end)

  it("tells programs the same, of folders too, and exits with 1 where that is wanted", function()
    make ""
    local found = cjson.decode((shell.good("doctor", db, "--format", "json", "--examples", "1")))
    assert.are.same({ "feed-stopped", "no-timezone", "no-hours" }, codes_of(found))
    assert.are.equal("2023-01-09 00:00:00.000000 UTC", found.as_of)
    assert.are.equal(1800, found.interval)
    assert.are.same({ { store_id = "a" } }, found.findings[2].examples)
    assert.are.equal("loom timezone set DB 'a' ZONE", found.findings[2].command)
    assert.are.same(found, cjson.decode((shell.good("doctor", folder, "--format", "json", "--examples", "1"))))
    shell.good("doctor", db, "--fail")
    files.write(folder .. "/zones.csv", "store_id,timezone_str\na,UTC\n")
    shell.good("ingest", db, "--timezones", folder .. "/zones.csv", "--quiet")
    local failed = shell.loom("doctor", db, "--fail")
    assert.are.equal(1, failed.status)
    assert.are.equal(("loom: %s: 1 warning\n"):format(db), failed.err)
  end)

  it("looks past a poll that is far from all others, which its command removes", function()
    local lines = {}
    for store = 1, 10 do
      for hour = 0, 200 do
        lines[#lines + 1] = ("s%d,active,%d\n"):format(store, 1672531200 + hour * 3600)
      end
    end
    make(table.concat(lines) .. "a,active,2099-01-01 00:00:00\n")
    local found = cjson.decode((shell.good("doctor", db, "--format", "json")))
    assert.are.equal("stray-polls", found.findings[1].code)
    assert.are.equal("2023-01-09 08:00:00.000000 UTC", found.as_of)
    local mended = shell.run(found.findings[1].command:gsub("^loom", shell.command):gsub(" DB ", function()
      return " " .. shell.quote(db) .. " "
    end))
    assert.are.equal(0, mended.status, mended.err)
    assert.is_nil(shell.good("doctor", db):find("stray-polls", 1, true))
  end)

  it("has its warnings told by ingest, in a few lines on standard error, and none where there are none", function()
    local path, zones = folder .. "/hours.csv", folder .. "/zones.csv"
    files.write(path, "store_id,day,start_time_local,end_time_local\n8.41954E+18,0,09:00,17:00\n1.48197E+18,0,09:00,17:00\n")
    local out, told = shell.good("ingest", db, path)
    assert.are.equal("", out)
    assert.are.equal(1, select(2, told:gsub("E%+18", "")))
    assert.is_truthy(told:find("\nloom: ids-rounded: 2 store ids are what a spreadsheet makes of a long number", 1, true))
    assert.is_truthy(told:find("\nloom: loom doctor " .. shell.quote(db) .. " tells more, and how to mend it\n", 1, true))
    assert.are.equal("", select(2, shell.good("ingest", db, path, "--quiet")))
    os.remove(db)
    make ""
    files.write(path, "store_id,day,start_time_local,end_time_local\na,0,00:00,24:00\n")
    files.write(zones, "store_id,timezone_str\na,UTC\nb,UTC\n")
    assert.is_nil(select(2, shell.good("ingest", db, zones)):find("loom:", 1, true))
    local lines = {}
    for line in select(2, shell.good("ingest", db, path)):gmatch "loom: ([%l-]+):" do
      lines[#lines + 1] = line
    end
    assert.are.same({ "no-hours" }, lines)
  end)

  it("has what a report's figures show told by it, and leaves standard output alone", function()
    make "c,active,2023-01-01 00:00:00\n"
    files.write(folder .. "/zones.csv", "store_id,timezone_str\na,UTC\nb,UTC\nc,UTC\n")
    shell.good("ingest", db, folder .. "/zones.csv", "--quiet")
    local quiet, nothing = shell.good("report", db, "--quiet")
    assert.are.equal("", nothing)
    local out, told = shell.good("report", db)
    assert.are.equal(quiet, out)
    assert.are.equal("loom: no-evidence: 1 of 3 open stores has no poll in last_hour, 1 of 3 in last_day, 1 of 3 in last_week: "
      .. "without a poll they count as down; see --preset monitoring, or loom doctor " .. shell.quote(db) .. "\n", told)
    assert.are.equal("", select(2, shell.good("report", db, "--preset", "monitoring")))
    assert.are.equal("", select(2, shell.good("report", db, "--stores", "a")))
    os.remove(db)
    os.remove(db .. "-wal")
    local _, of_folder = shell.good("report", folder)
    assert.is_truthy(of_folder:find("loom: no-evidence: 1 of 3 open stores has no poll in the last hour", 1, true))
  end)

  it("speaks of time where no store is without a poll, but much of the time is", function()
    local alone = folder .. "/alone.csv"
    files.write(alone, "store_id,status,timestamp_utc\na,active,2024-01-01 10:00:00\n")
    local _, told = shell.good("ingest", folder .. "/alone", alone)
    assert.is_truthy(told:find("loom: no-evidence: of the open time of the last hour, day and week 0 %, 83 %, 97 % is in "
      .. "openings without a poll: they count as down; see --preset monitoring\n", 1, true), told)
  end)

  it("finds nothing to say of an empty folder's database", function()
    files.write(folder .. "/hours.csv", "store_id,day,start_time_local,end_time_local\na,0,09:00,17:00\n")
    shell.good("ingest", db, "--hours", folder .. "/hours.csv", "--quiet")
    assert.are.equal(db .. ": 1 store, 0 of them with polls\nnothing found\n", (shell.good("doctor", db)))
  end)
end)
