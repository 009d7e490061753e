local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local shell = require "support.shell"

local kinds = {
  polls = "store_status.csv",
  hours = "menu_hours.csv",
  timezones = "timezones.csv",
  ["special-days"] = "special_days.csv",
  exclusions = "exclusions.csv",
}

describe("loom export", function()
  local folder, db

  files.folder_for_each(function(made)
    folder, db = made, made .. "/db"
  end)

  it("writes what ingest reads", function()
    database.make(db)
    assert.equal('store_id,status,timestamp_utc\n'
      .. 'night,inactive,2024-03-02 23:30:00.000000 UTC\n'
      .. 'night,active,2024-03-03 00:30:00.000000 UTC\n'
      .. '1481966498820158979,active,2024-03-04 10:00:00.000000 UTC\n'
      .. '1481966498820158979,inactive,2024-03-04 12:00:00.250000 UTC\n'
      .. '1481966498820158979,active,2024-03-04 16:00:00.000000 UTC\n'
      .. '"café, ""north""",active,2024-03-04 14:59:59.999999 UTC\n'
      .. '"café, ""north""",inactive,2024-03-04 15:30:00.000000 UTC\n', shell.good("export", db, "polls"))
    assert.equal('store_id,dayOfWeek,start_time_local,end_time_local,effective_from\n'
      .. '1481966498820158979,0,09:00:00,17:00:00,\n'
      .. '1481966498820158979,0,09:00:00,18:00:00,2024-06-01\n'
      .. '"café, ""north""",0,08:00:00,12:30:00,\n'
      .. '"café, ""north""",0,14:00:00,24:00:00,\n'
      .. 'night,5,22:00:00,02:00:00,\n', shell.good("export", db, "hours"))
    assert.equal('store_id,timezone_str\n1481966498820158979,UTC\n"café, ""north""",Europe/Paris\n'
      .. 'known only by zone,Asia/Kathmandu\nnight,UTC\n', shell.good("export", db, "timezones"))
    assert.equal('store_id,date,open,close,note\n*,2024-12-25,,,"Christmas, ""closed"""\n'
      .. '1481966498820158979,2024-12-25,10:00:00,12:00:00,open all the same\n', shell.good("export", db, "special-days"))
    assert.equal('store_id,from_utc,to_utc,reason\n'
      .. '*,2024-03-04 09:15:00.000000 UTC,2024-03-04 09:30:00.000000 UTC,"router, new"\n'
      .. 'night,2024-03-03 01:00:00.000000 UTC,2024-03-03 01:10:00.500000 UTC,\n', shell.good("export", db, "exclusions"))
  end)

  it("writes to a file", function()
    database.make(db)
    assert.equal("", shell.good("export", db, "hours", "-o", folder .. "/hours.csv"))
    assert.equal(shell.good("export", db, "hours"), files.read(folder .. "/hours.csv"))
    assert.is_false(files.exists(folder .. "/hours.csv.part"))
  end)

  local function expect_round_trip()
    local again = folder .. "/again"
    local out = folder .. "/exported"
    shell.run("mkdir " .. out)
    for kind, name in pairs(kinds) do
      shell.good("export", db, kind, "-o", out .. "/" .. name)
    end
    shell.good("ingest", again, out, "--quiet", "--max-ahead", "none")
    for kind, name in pairs(kinds) do
      assert.is_true(files.read(out .. "/" .. name) == shell.good("export", again, kind), kind)
    end
    assert.equal(shell.good("report", db, "--format", "exact", "--all-stores"),
      shell.good("report", again, "--format", "exact", "--all-stores"))
    -- Into the database that it came from, it changes nothing.
    local _, err = shell.good("ingest", db, out, "--max-ahead", "none")
    for rows, new, duplicates in err:gmatch(": ([%d,]+) rows: ([%d,]+) new, ([%d,]+) duplicates, 0 conflicts") do
      assert.equal("0", new)
      assert.equal(rows, duplicates)
    end
    assert.same({ files.read(again):len() }, { files.read(db):len() })
    assert.is_true(database.dump(db) == database.dump(again))
  end

  it("makes a round trip that changes nothing", function()
    database.make(db)
    expect_round_trip()
  end)

  it("makes a round trip of a generated case that changes nothing", function()
    shell.good("ingest", db, "spec/fixtures/golden/zones", "--quiet")
    expect_round_trip()
  end)

  it("makes a round trip of odd ids and of closed weeks", function()
    files.write(folder .. "/hours.csv", "store_id,dayOfWeek,start_time_local,end_time_local,effective_from\n"
      .. "shut,0,closed,,\nshut,0,10:00,10:00,2024-05-01\nfull,3,00:00,24:00,\n")
    files.write(folder .. "/polls.csv", "store_id,status,timestamp_utc\n*,active,2024-01-01 10:00:00\n"
      .. '"a\nb",active,2024-01-01 10:00:00\n' .. "\255\254,inactive,1969-12-31 23:59:59.999999\n"
      .. ("z"):rep(255) .. ",active,9999-12-31 23:59:59.999999\n")
    files.write(folder .. "/zones.csv", "store_id,timezone_str\nshut,Australia/Lord_Howe\n")
    files.write(folder .. "/special.csv", "store_id,date,open,close,note\nshut,2024-01-01,22:00,02:00,\n"
      .. 'shut,2024-01-01,08:00,09:00,"two\nlines"\n')
    files.write(folder .. "/exclusions.csv", "store_id,from_utc,to_utc\nshut,2024-01-01 00:00:00,2024-01-01 00:00:00.000001\n")
    shell.good("ingest", db, "--quiet", "--hours", folder .. "/hours.csv", "--status", folder .. "/polls.csv",
      "--timezones", folder .. "/zones.csv", "--special-days", folder .. "/special.csv",
      "--exclusions", folder .. "/exclusions.csv", "--max-ahead", "none")
    expect_round_trip()
  end)

  it("makes a round trip of what was set by hand, which stays so", function()
    shell.good("ingest", db, "spec/fixtures/small", "--quiet", "--max-ahead", "none")
    local monitor = assert(loom.open(db))
    assert(monitor:set_hours("night", { mon = "09:00-17:00", tue = { "08:00-12:00", "14:00-24:00" } }, { from = "always" }))
    assert(monitor:set_hours("night", {}, { from = "2024-02-01", to = "2024-02-20" }))
    assert(monitor:set_hours("by hand alone", { sun = "22:00-02:00" }, { from = "2024-03-01" }))
    assert(monitor:clear_hours("by hand alone", { from = "2024-03-04" }))
    assert(monitor:set_timezone("night", "Asia/Kathmandu"))
    assert(monitor:set_timezone("by hand alone", "Asia/Tokyo"))
    assert(monitor:set_special_day("*", "2024-12-25", { "10:00-11:00", "10:00-11:00", "12:00-13:00" }, "by hand"))
    assert(monitor:set_special_day("night", "2024-03-03", "closed", "two\nlines"))
    assert(monitor:exclude { store = "night", from = "2024-03-02 10:00:00", to = "2024-03-02 11:00:00" })
    monitor:close()
    for _, kind in ipairs { "hours", "timezones", "special-days" } do
      assert.matches("^[^\n]*,origin\n", shell.good("export", db, kind))
    end
    assert.matches("\nby hand alone,0,reverts,,2024%-03%-04,override\n", shell.good("export", db, "hours"))
    expect_round_trip()
    -- In the copy they can still be taken back, and what files brought is in force again.
    for _, path in ipairs { db, folder .. "/again" } do
      monitor = assert(loom.open(path))
      assert(monitor:clear_hours("night", { from = "always" }))
      assert(monitor:set_timezone("night", nil))
      assert(monitor:clear_special_day("*", "2024-12-25"))
      assert.equal("file", monitor:hours("night").origin)
      assert.equal("file", monitor:timezone("night").origin)
      monitor:close()
    end
    assert.equal(shell.good("report", db, "--format", "exact", "--all-stores"),
      shell.good("report", folder .. "/again", "--format", "exact", "--all-stores"))
  end)

  it("makes a round trip of nothing", function()
    files.write(folder .. "/none.csv", "store_id,timezone_str\n")
    shell.good("ingest", db, "--timezones", folder .. "/none.csv", "--quiet")
    for kind in pairs(kinds) do
      assert.matches("^[^\n]+\n$", shell.good("export", db, kind))
    end
  end)
end)
