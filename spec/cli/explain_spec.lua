-- luacheck: no max line length

local unpack = table.unpack or unpack -- luacheck: compat

local cjson = require "cjson"
local command = require "support.command"
local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

describe("loom explain", function()
  local folder, db

  files.folder_for_each(function(made)
    folder, db = made, database.make(made .. "/db")
  end)

  it("tells what the figures are made of", function()
    assert.equal([[
store night, whose clocks show the time of UTC
as of 2024-03-04 16:00:00 UTC
rules: preset loom, fill backward, evidence inside, no data down, max gap none, slack 0:01:00

two: uptime 2.33, downtime 1.5 hours
  from 2024-03-02 16:00:00 to 2024-03-04 16:00:00 UTC
  up 2:19:59.5 + down 1:30:00 + unknown 0:00:00 = 3:49:59.5 scheduled; 0:10:00.5 excluded
  ratio of up time 0.608681; 1 outage, longest 1:30:00; 2 polls inside
  openings:
    date            hours        rule          from_utc             to_utc               local
    Sat 2024-03-02  22:00-02:00  weekly hours  2024-03-02 22:00:00  2024-03-03 02:00:00  Sat 22:00:00 - Sun 02:00:00
  intervals (openings, overlapping ones merged):
       duration  from_utc             to_utc               local
    1   4:00:00  2024-03-02 22:00:00  2024-03-03 02:00:00  Sat 22:00:00 - Sun 02:00:00
  exclusions:
        duration  from_utc             to_utc                      local
    1  0:10:00.5  2024-03-03 01:00:00  2024-03-03 01:10:00.500000  Sun 01:00:00 - 01:10:00.500000
    2    0:15:00  2024-03-04 09:15:00  2024-03-04 09:30:00         Mon 09:15:00 - 09:30:00
  pieces (intervals inside the window):
       duration  from_utc             to_utc               local                        polls
    1   4:00:00  2024-03-02 22:00:00  2024-03-03 02:00:00  Sat 22:00:00 - Sun 02:00:00  2
  what they were, and what vouches for it:
    piece  state      duration  from_utc                    to_utc                      local                           why
    1      down        1:30:00  2024-03-02 22:00:00         2024-03-02 23:30:00         Sat 22:00:00 - 23:30:00         the poll that follows, inactive at 2024-03-02 23:30:00
    1      up          1:30:00  2024-03-02 23:30:00         2024-03-03 01:00:00         Sat 23:30:00 - Sun 01:00:00     the poll in it, active at 2024-03-03 00:30:00
    1      excluded  0:10:00.5  2024-03-03 01:00:00         2024-03-03 01:10:00.500000  Sun 01:00:00 - 01:10:00.500000  taken out by an exclusion
    1      up        0:49:59.5  2024-03-03 01:10:00.500000  2024-03-03 02:00:00         Sun 01:10:00.500000 - 02:00:00  the poll before, active at 2024-03-03 00:30:00
]], (shell.good("explain", db, "night", "--window", "two=2d")))
  end)

  it("fits the terminal, with the reasons below what they are of", function()
    local function on_terminal(columns)
      local line = ("stty cols %d; %s"):format(columns, shell.line("explain", db, "night", "--window", "two=2d"))
      return (shell.run(("script -qec %s /dev/null </dev/null"):format(shell.quote(line))).out:gsub("\r", ""))
    end
    assert.equal((shell.good("explain", db, "night", "--window", "two=2d")), on_terminal(250))
    local narrow = on_terminal(80)
    for line in narrow:gmatch "\n(    [^\n]*)" do
      assert.is_true(#line <= 80, line)
    end
    assert.matches([[
  pieces (intervals inside the window):
       duration  from_utc             local                        polls
    1   4:00:00  2024-03-02 22:00:00  Sat 22:00:00 - Sun 02:00:00  2
    (width 80: left out: to_utc)
  what they were, and what vouches for it:
    piece  state      duration  from_utc
    1      down        1:30:00  2024-03-02 22:00:00
        the poll that follows, inactive at 2024-03-02 23:30:00
    1      up          1:30:00  2024-03-02 23:30:00
        the poll in it, active at 2024-03-03 00:30:00
    1      excluded  0:10:00.5  2024-03-03 01:00:00
        taken out by an exclusion
    1      up        0:49:59.5  2024-03-03 01:10:00.500000
        the poll before, active at 2024-03-03 00:30:00
    (width 80: left out: to_utc, local)
]], narrow, 1, true)
  end)

  it("tells how it was before", function()
    local out = shell.good("explain", db, "night", "--window", "one=1d", "--compare")
    local uptime, ratio = out:match "\none_before: uptime ([%d.]+),.-\n  ratio of up time ([%d.a-z]+);"
    assert.matches("\n  before, from 2024-03-02 16:00:00: uptime " .. uptime .. ", downtime 1.5 hours, ratio of up time " .. ratio
      .. "\n", out, 1, true)
    local found = cjson.decode((shell.good("explain", db, "night", "--window", "one=1d", "--compare", "--format", "json")))
    assert.equal("one", found.windows[2].before_of)
    command.expect_failure(db, 2, "--compare: windows none of which is called a_before expected", "explain", db, "night",
      "--window", "a=1h", "--window", "a_before=1h", "--compare")
  end)

  it("tells the rule of each opening", function()
    shell.good("special-day", "set", db, "night", "2024-03-02", "23:00-24:00")
    shell.good("special-day", "set", db, "*", "2024-03-03", "10:00-11:00")
    local out = shell.good("explain", db, "night", "--window", "two=2d")
    assert.matches("\n    Sat 2024%-03%-02  23:00%-24:00  special day                ", out)
    assert.matches("\n    Sun 2024%-03%-03  10:00%-11:00  special day of all stores  ", out)
    out = shell.good("explain", db, "known only by zone", "--window", "day=1d")
    assert.matches("whose clocks show the time of Asia/Kathmandu\n", out, 1, true)
    assert.matches("\n    Mon 2024-03-04  00:00-24:00  no hours: open all day  2024-03-03 18:15:00  2024-03-04 18:15:00  "
      .. "Mon 00:00:00 - Tue 00:00:00\n", out, 1, true)
    out = shell.good("explain", db, "night", "--window", "h=1h")
    assert.matches("  ratio of up time none; 0 outages, longest 0:00:00; 0 polls inside\n"
      .. "  openings: none, closed all through\n  intervals (openings, overlapping ones merged): none\n  exclusions: none\n"
      .. "  pieces (intervals inside the window): none\n  what they were, and what vouches for it: there are none\n", out, 1, true)
  end)

  it("prints what the report prints, and its cells add up to it", function()
    for _, rules in ipairs { { "--preset", "seed" }, { "--preset", "monitoring", "--max-gap", "1h" } } do
      local line = shell.good("report", db, "--stores", "caf*", rules[1], rules[2], rules[3], rules[4]):match("\n(.*)\n$")
      local told = cjson.decode((shell.good("explain", db, 'café, "north"', "--format", "json", rules[1], rules[2],
        rules[3], rules[4])))
      local up, down = {}, {}
      for i, window in ipairs(told.windows) do
        up[i], down[i] = window.uptime, window.downtime
        local sums = { up = 0, down = 0, unknown = 0, excluded = 0 }
        for _, piece in ipairs(window.pieces) do
          for _, cell in ipairs(piece.cells) do
            sums[cell.state] = sums[cell.state] + cell.seconds
          end
        end
        for state, sum in pairs(sums) do
          assert.is_true(math.abs(sum - window.figures[state]) < 1e-6)
        end
      end
      assert.equal('"café, ""north""",' .. table.concat(up, ",") .. "," .. table.concat(down, ","), line)
    end
  end)

  it("gives the figures as a report's JSON does: what was down for a moment has no ratio of 1", function()
    local status = folder .. "/status.csv"
    files.write(status, "store_id,status,timestamp_utc\na,active,2024-03-11 12:00:00\na,active,2024-03-12 11:59:59.9\n"
      .. "a,inactive,2024-03-12 11:59:59.93\na,active,2024-03-12 12:00:00\n")
    shell.good("ingest", folder .. "/moment.db", "--status", status)
    local wanted = { folder .. "/moment.db", "--window", "day=24h", "--format", "json" }
    local reported = shell.good("report", unpack(wanted)):match('"day":({.-})')
    table.insert(wanted, 2, "a")
    assert.equal(reported, shell.good("explain", unpack(wanted)):match('"figures":({.-})'))
    assert.matches('"ratio":0.999999,', reported, 1, true)
  end)

  it("gives everything as JSON", function()
    local told = cjson.decode((shell.good("explain", db, "1481966498820158979", "--format", "json", "--as-of",
      "2024-03-04 11:00:00", "--window", "day=24h:minutes")))
    assert.equal("2024-03-04 11:00:00.000000 UTC", told.as_of)
    assert.equal(cjson.null, told.rules.max_gap)
    local day = told.windows[1]
    assert.same({ "105", "0" }, { day.uptime, day.downtime })
    assert.same({ { date = "2024-03-04", span = "09:00-17:00", rule = "weekly hours",
      from = "2024-03-04 09:00:00.000000 UTC", to = "2024-03-04 17:00:00.000000 UTC" } }, day.openings)
    assert.same({ { timestamp_utc = "2024-03-04 10:00:00.000000 UTC", status = "active" } }, day.pieces[1].polls)
    assert.equal("active", day.pieces[1].cells[1].status)
    assert.same({ from = "2024-03-04 09:15:00.000000 UTC", to = "2024-03-04 09:30:00.000000 UTC", seconds = 900,
      state = "excluded", status = cjson.null, poll = cjson.null, reason = "taken out by an exclusion" }, day.pieces[1].cells[2])
  end)

  it("reads folders, writes files, and changes nothing", function()
    local before = files.read(db)
    local out = shell.good("explain", db, "night")
    assert.equal(out, (shell.good("explain", database.small, "night")))
    assert.equal("", (shell.good("explain", db, "night", "-o", folder .. "/out")))
    assert.equal(out, files.read(folder .. "/out"))
    assert.is_true(before == files.read(db))
    shell.expect_failure(shell.loom("explain", db, "night", "-o", folder .. "/none/out"), 1)
  end)

  it("shows ids safely", function()
    local id = "a\27[31m\194\155b\255c"
    shell.good("hours", "set", db, id, "--mon", "09:00-17:00")
    local out = shell.good("explain", db, id)
    assert.matches("^store a%?%[31m%?b\239\191\189c, whose", out)
    assert.is_nil(out:gsub("\n", ""):find("%c"))
  end)

  local failures = {
    { 1, 'store "nobody" is not known', "nobody" },
    { 1, 'default zone: "Mars/One" is not a zone of the tz database', "night", "--default-zone", "Mars/One" },
    { 2, '--as-of: "soon" is not a timestamp', "night", "--as-of", "soon" },
    { 2, "--window: NAME=DUR, NAME=FROM/TO, NAME=WORD or WORD", "night", "--window", "w=soon" },
    { 2, "--window: windows with different names expected", "night", "--window=w=1d", "--window=w=2d" },
    { 2, "argument for option '--format' must be one of 'text', 'json'", "night", "--format", "csv" },
    { 2, "missing argument 'store'" },
  }

  it("fails for what is wrong", function()
    for _, case in ipairs(failures) do
      command.expect_failure(db, case[1], case[2], "explain", db, case[3], case[4], case[5])
    end
    command.expect_database_needed(folder, "explain", "DB", "night")
  end)
end)
