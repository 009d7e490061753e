-- luacheck: no max line length

local cjson = require "cjson"
local command = require "support.command"
local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

local header = "from_utc,to_utc,state,seconds,from_local,to_local\n"

describe("loom timeline", function()
  local folder, db

  files.folder_for_each(function(made)
    folder, db = made, database.make(made .. "/db")
  end)

  -- See report_spec for what these stores were.
  it("tells the week up to the newest poll", function()
    assert.equal(header .. [[
2024-02-26 16:00:00.000000 UTC,2024-02-26 17:00:00.000000 UTC,down,3600,2024-02-26 16:00:00,2024-02-26 17:00:00
2024-02-26 17:00:00.000000 UTC,2024-03-04 09:00:00.000000 UTC,closed,576000,2024-02-26 17:00:00,2024-03-04 09:00:00
2024-03-04 09:00:00.000000 UTC,2024-03-04 09:15:00.000000 UTC,up,900,2024-03-04 09:00:00,2024-03-04 09:15:00
2024-03-04 09:15:00.000000 UTC,2024-03-04 09:30:00.000000 UTC,excluded,900,2024-03-04 09:15:00,2024-03-04 09:30:00
2024-03-04 09:30:00.000000 UTC,2024-03-04 10:00:00.000000 UTC,up,1800,2024-03-04 09:30:00,2024-03-04 10:00:00
2024-03-04 10:00:00.000000 UTC,2024-03-04 12:00:00.250000 UTC,down,7200.25,2024-03-04 10:00:00,2024-03-04 12:00:00.250000
2024-03-04 12:00:00.250000 UTC,2024-03-04 16:00:00.000000 UTC,up,14399.75,2024-03-04 12:00:00.250000,2024-03-04 16:00:00
]], (shell.good("timeline", db, "1481966498820158979")))
  end)

  it("is a table for people, with local times", function()
    assert.equal([[
from_utc                    to_utc                      state         duration  from_local                  to_local
2024-03-04 12:00:00         2024-03-04 13:00:00         closed         1:00:00  2024-03-04 13:00:00         2024-03-04 14:00:00
2024-03-04 13:00:00         2024-03-04 14:59:59.999999  up      1:59:59.999999  2024-03-04 14:00:00         2024-03-04 15:59:59.999999
2024-03-04 14:59:59.999999  2024-03-04 16:00:00         down    1:00:00.000001  2024-03-04 15:59:59.999999  2024-03-04 17:00:00
]], (shell.good("timeline", db, 'café, "north"', "--format", "table", "--from", "2024-03-04 12:00:00")))
  end)

  it("gives JSON", function()
    local list = cjson.decode((shell.good("timeline", db, "night", "--from", "2024-03-03 01:00:00", "--to",
      "2024-03-03T03:00:00+01:00", "--format", "json")))
    assert.same({
      { from_utc = "2024-03-03 01:00:00.000000 UTC", to_utc = "2024-03-03 01:10:00.500000 UTC", state = "excluded",
        seconds = 600.5, from_local = "2024-03-03 01:00:00", to_local = "2024-03-03 01:10:00.500000" },
      { from_utc = "2024-03-03 01:10:00.500000 UTC", to_utc = "2024-03-03 02:00:00.000000 UTC", state = "down",
        seconds = 2999.5, from_local = "2024-03-03 01:10:00.500000", to_local = "2024-03-03 02:00:00" },
    }, list)
  end)

  it("takes rules, and leads up to --as-of", function()
    local out = shell.good("timeline", db, "night", "--from", "2024-03-02 22:00:00", "--as-of", "2024-03-03 00:45:00",
      "--preset", "monitoring", "--max-gap", "30m")
    assert.equal(header .. [[
2024-03-02 22:00:00.000000 UTC,2024-03-02 23:00:00.000000 UTC,unknown,3600,2024-03-02 22:00:00,2024-03-02 23:00:00
2024-03-02 23:00:00.000000 UTC,2024-03-03 00:00:00.000000 UTC,down,3600,2024-03-02 23:00:00,2024-03-03 00:00:00
2024-03-03 00:00:00.000000 UTC,2024-03-03 00:30:00.000000 UTC,unknown,1800,2024-03-03 00:00:00,2024-03-03 00:30:00
2024-03-03 00:30:00.000000 UTC,2024-03-03 00:45:00.000000 UTC,up,900,2024-03-03 00:30:00,2024-03-03 00:45:00
]], out)
  end)

  it("adds up to what the report says", function()
    local list = cjson.decode((shell.good("timeline", db, "night", "--format", "json")))
    local sums = {}
    for _, segment in ipairs(list) do
      sums[segment.state] = (sums[segment.state] or 0) + segment.seconds
    end
    local exact = shell.good("report", db, "--stores", "night", "--window", "week=7d", "--format", "exact")
    local up, down, unknown, excluded = exact:match("\nnight,(%d+),(%d+),(%d+),(%d+)")
    assert.same({ tonumber(up), tonumber(down), tonumber(unknown), tonumber(excluded) },
      { sums.up * 1e6, sums.down * 1e6, (sums.unknown or 0) * 1e6, sums.excluded * 1e6 })
  end)

  it("reads folders, and writes files", function()
    local out = shell.good("timeline", db, "night")
    assert.equal(out, (shell.good("timeline", database.small, "night")))
    assert.equal("", (shell.good("timeline", db, "night", "-o", folder .. "/out")))
    assert.equal(out, files.read(folder .. "/out"))
    shell.expect_failure(shell.loom("timeline", db, "night", "-o", "/dev/full"), 1, "/dev/full: No space left on device")
    assert.equal("", shell.run(shell.line("timeline", db, "night") .. " | true").err)
  end)

  it("takes the default zone for stores without one", function()
    shell.good("hours", "set", db, "new", "--daily", "00:00-24:00", "--from", "always")
    local function first_local(...)
      return shell.good("timeline", db, "new", "--from", "2024-03-04 15:00:00", ...):match("\n[^\n]*,([^,\n]*)\n$")
    end
    assert.equal("2024-03-04 10:00:00", first_local())
    assert.equal("2024-03-05 01:00:00", first_local("--default-zone", "Asia/Tokyo"))
  end)

  local failures = {
    { 1, 'store "nobody" is not known', "nobody" },
    { 1, 'default zone: "Mars/One" is not a zone of the tz database', "night", "--default-zone", "Mars/One" },
    { 2, "store: store id (1 to 255 bytes without blanks at its ends) expected, got \"\"", "" },
    { 2, '--from: "yesterday" is not a timestamp', "night", "--from", "yesterday" },
    { 2, '--to: "2024-02-30 10:00:00" is not a date', "night", "--to", "2024-02-30 10:00:00" },
    { 2, '--as-of: "" is not a timestamp', "night", "--as-of", "" },
    { 2, "--from: 2024-03-04 16:00:00 is not before 2024-03-04 16:00:00", "night", "--from", "2024-03-04 16:00:00" },
    { 2, "--from: 2024-03-03 00:00:00 is not before 2024-03-02 00:00:00", "night", "--from", "2024-03-03 00:00:00",
      "--to", "2024-03-02 00:00:00" },
    { 2, '--slack: duration in whole seconds, less than a day expected, got "1d"', "night", "--slack", "1d" },
    { 2, '--max-gap: duration of up to 100 years, or "none" expected, got "x"', "night", "--max-gap", "x" },
    { 2, "argument for option '--fill' must be one of", "night", "--fill", "x" },
    { 2, "argument for option '--format' must be one of 'table', 'csv', 'json'", "night", "--format", "exact" },
    { 2, "missing argument 'store'" },
  }

  it("fails for what is wrong", function()
    for i, case in ipairs(failures) do
      local name = i % 2 == 0 and "outages" or "timeline" -- they share all of it
      command.expect_failure(db, case[1], case[2], name, db, case[3], case[4], case[5], case[6], case[7])
    end
    command.expect_database_needed(folder, "timeline", "DB", "night")
  end)

  it("needs an end where there are no polls", function()
    local zones = files.write(folder .. "/zones.csv", "store_id,timezone_str\nnew,UTC\n")
    local empty = folder .. "/empty"
    shell.good("ingest", empty, "--timezones", zones, "--quiet")
    shell.expect_failure(shell.loom("timeline", empty, "new"), 1, empty .. ": there are no polls yet: --to is needed")
  end)
end)
