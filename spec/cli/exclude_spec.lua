local cjson = require "cjson"
local command = require "support.command"
local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

local store = "1481966498820158979"
local from, to = "2024-03-04 10:00:00", "2024-03-04T12:00:00+01:00"

describe("loom exclude", function()
  local folder, db

  files.folder_for_each(function(made)
    folder, db = made, database.make(made .. "/db")
  end)

  local function day_figures()
    return shell.good("report", db, "--window", "day=1d", "--stores", store):match(",([^,\n]*,[^,\n]*)\n$")
  end

  local loaded = [[
number,store_id,from_utc,to_utc,reason
2,night,2024-03-03 01:00:00.000000 UTC,2024-03-03 01:10:00.500000 UTC,
1,*,2024-03-04 09:15:00.000000 UTC,2024-03-04 09:30:00.000000 UTC,"router, new"
]]

  it("lists the exclusions", function()
    assert.equal(loaded, (shell.good("exclude", "list", db)))
    assert.equal([[
number  store_id  from_utc             to_utc                      reason
2       night     2024-03-03 01:00:00  2024-03-03 01:10:00.500000
1       *         2024-03-04 09:15:00  2024-03-04 09:30:00         router, new
]], (shell.good("exclude", "list", db, "--format", "table")))
    local list = cjson.decode((shell.good("exclude", "list", db, "--store", "*", "--format", "json")))
    assert.same({ { number = 1, store_id = "*", from_utc = "2024-03-04 09:15:00.000000 UTC",
      to_utc = "2024-03-04 09:30:00.000000 UTC", reason = "router, new" } }, list)
  end)

  it("adds them, which reports follow, and removes them", function()
    assert.equal("4.75,2.0", day_figures())
    assert.equal("3\n", (shell.good("exclude", "add", db, store, "--from", from, "--to", to, "--reason", "a, b")))
    assert.equal("4.75,1.0", day_figures())
    assert.equal("4\n", (shell.good("exclude", "add", db, "*", "--from", to, "--to", "2024-03-04 16:00:00")))
    assert.equal("0.75,0.0", day_figures())
    assert.equal(loaded .. '3,1481966498820158979,2024-03-04 10:00:00.000000 UTC,2024-03-04 11:00:00.000000 UTC,"a, b"\n'
      .. "4,*,2024-03-04 11:00:00.000000 UTC,2024-03-04 16:00:00.000000 UTC,\n", (shell.good("exclude", "list", db)))
    assert.equal("", (shell.good("exclude", "remove", db, "3")))
    shell.good("exclude", "remove", db, "4")
    assert.equal("4.75,2.0", day_figures())
    assert.equal(loaded, (shell.good("exclude", "list", db)))
  end)

  it("adds rules, lists and removes them as such, and exports them", function()
    assert.equal("3\n", (shell.good("exclude", "add", db, "*", "--weekly", "mon 10:00-11:00", "--weekly", "sat,sun 22:00-06:00",
      "--from", "2024-03-04", "--reason", "a, b")))
    assert.equal("4\n", (shell.good("exclude", "add", db, store, "--zone", "UTC", "--from", "2024-03-04 12:00", "--to",
      "2024-03-04 12:30")))
    local rules = "number,store_id,from_utc,to_utc,reason,weekly,zone,from_local,to_local\n"
      .. "2,night,2024-03-03 01:00:00.000000 UTC,2024-03-03 01:10:00.500000 UTC,,,,,\n"
      .. '3,*,,,"a, b",mon 10:00-11:00; sat-sun 22:00-06:00,store,2024-03-04,\n'
      .. '1,*,2024-03-04 09:15:00.000000 UTC,2024-03-04 09:30:00.000000 UTC,"router, new",,,,\n'
      .. "4,1481966498820158979,,,,,UTC,2024-03-04 12:00:00,2024-03-04 12:30:00\n"
    assert.equal(rules, (shell.good("exclude", "list", db)))
    local file = files.write(folder .. "/rules.csv", (shell.good("export", db, "exclusions")))
    local again = database.make(folder .. "/again")
    shell.good("ingest", again, "--quiet", file)
    assert.equal((shell.good("export", db, "exclusions")), (shell.good("export", again, "exclusions")))
    local excluded = {}
    local timeline = shell.good("timeline", db, store, "--from", "2024-03-04 09:00:00", "--to", "2024-03-05 00:00:00")
    for line in timeline:gmatch "[^\n]+" do
      excluded[#excluded + 1] = line:match "^2024%-03%-04 (%d+:%d+):%d+.*,excluded,"
    end
    assert.is_true(#excluded > 0)
    shell.good("exclude", "remove", db, "3")
    shell.good("exclude", "remove", db, "4")
    assert.equal(loaded, (shell.good("exclude", "list", db)))
  end)

  it("adds none that it cannot tell of", function()
    local result = shell.run(shell.line("exclude", "add", db, "*", "--from", from, "--to", to) .. " >/dev/full")
    shell.expect_failure(result, 1, "standard output: No space left on device")
    assert.equal(loaded, (shell.good("exclude", "list", db)))
  end)

  it("tells that a store is new", function()
    local _, err = shell.good("exclude", "add", db, "new", "--from", from, "--to", to)
    assert.equal('loom: store "new" was not known: it is new\n', err)
  end)

  it("fails for what is wrong, and changes nothing", function()
    local failures = {
      { 1, "there is no exclusion 9", "remove", "9" },
      { 2, "number: whole number from 1 to 9007199254740992 expected, got \"0\"", "remove", "0" },
      { 2, "number: whole number", "remove", "1.5" },
      { 2, "number: whole number", "remove", "0x1" },
      { 2, '--weekly: week of 1 to 100 spans (such as "sun 02:00-04:00") expected, got "sun 2-4"', "add", store, "--weekly",
        "sun 2-4" },
      { 2, '--from: "2024-03-04 10:00:00" is not a date', "add", store, "--weekly", "sun 02:00-04:00", "--from", from },
      { 2, '--from: "2024-03-04 10:00Z" is not a local time', "add", store, "--zone", "store", "--from", "2024-03-04 10:00Z" },
      { 2, "--to: a date after 2024-03-04 00:00:00 expected", "add", store, "--weekly", "sun 02:00-04:00", "--from", "2024-03-04",
        "--to", "2024-03-04" },
      { 2, "missing option '--to'", "add", store, "--zone", "store", "--from", "2024-03-04" },
      { 1, 'timezone "Mars" is not a zone of the tz database', "add", store, "--zone", "Mars", "--weekly", "sun 02:00-04:00" },
      { 2, "missing option '--from'", "add", store, "--to", to },
      { 2, "missing option '--to'", "add", store, "--from", from },
      { 2, '--from: "soon" is not a timestamp', "add", store, "--from", "soon", "--to", to },
      { 2, '--to: "2024-02-30 00:00:00" is not a date', "add", store, "--from", from, "--to", "2024-02-30 00:00:00" },
      { 2, "--to: an instant after ", "add", store, "--from", from, "--to", from },
      { 2, "--reason: text of up to 4096 bytes expected", "add", store, "--from", from, "--to", to, "--reason",
        ("x"):rep(4097) },
      { 2, "store: store id", "add", ("x"):rep(256), "--from", from, "--to", to },
      { 2, "--store: store id", "list", "--store", "" },
    }
    for _, case in ipairs(failures) do
      command.expect_failure(db, case[1], case[2], "exclude", case[3], db, case[4], case[5], case[6], case[7], case[8],
        case[9], case[10])
    end
    command.expect_database_needed(folder, "exclude", "list", "DB")
    command.expect_database_needed(folder, "exclude", "remove", "DB", "1")
    if not command.expect_read_only(db, "exclude", "add", db, store, "--from", from, "--to", to) then
      pending "the superuser may write everything, and setpriv is not there"
    end
  end)
end)
