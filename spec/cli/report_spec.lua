local cjson = require "cjson"
local core = require "loom.core"
local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local shell = require "support.shell"

local standard = "store_id,uptime_last_hour,uptime_last_day,uptime_last_week,"
  .. "downtime_last_hour,downtime_last_day,downtime_last_week\n"

describe("loom report", function()
  local folder, db

  files.folder_for_all(function(made)
    folder, db = made, database.make(made .. "/db")
  end)

  local function report(...)
    return (shell.good("report", db, ...))
  end

  -- Monday 2024-03-04, up to 16:00 UTC. The numbered store is open from 9 to 17, less 9:15 to 9:30: up to 10:00, down to
  -- 12:00:00.25, and up. The last hour of the Monday before, from 16:00 on, is down. The café's time is UTC + 1: from 7 to
  -- 11:30 without a poll, less that quarter, is down; from 13:00 on it is up to 14:59:59.999999, then down; and so are the 7
  -- hours to midnight of the Monday before. The night's opening on Saturday is from 22 to 2: down to 23:30, and up but for
  -- 1:00 to 1:10:00.5.
  it("gives the standard columns", function()
    assert.equal(standard .. '1481966498820158979,60,4.75,4.75,0,2.0,3.0\n'
      .. '"café, ""north""",0,2.0,2.0,60,5.25,12.25\nnight,0,0.0,2.33,0,0.0,1.5\n', report())
  end)

  it("leaves a store out whose zone is none any more, and says so; alone it fails", function()
    local broken = database.make(folder .. "/broken")
    local monitor = assert(loom.open(broken))
    assert(monitor.database:begin())
    assert(monitor.database:execute("UPDATE store SET timezone = 'US/Olympus' WHERE store_id = 'night'"))
    assert(monitor.database:commit())
    local list, count = assert(monitor:report()):left_out()
    assert.same({ 1, "night" }, { count, list[1].store_id })
    monitor:close()
    local why = 'store "night": timezone "US/Olympus" is not a zone of the tz database any more (Debian keeps old names in its '
      .. "package tzdata-legacy)"
    local result = shell.loom("report", broken)
    assert.equal(report():gsub("night[^\n]*\n", ""), result.out)
    assert.same({ 0, "loom: " .. why .. ": left out\n" }, { result.status, result.err })
    shell.expect_failure(shell.loom("report", broken, "--stores", "night"), 1, why)
  end)

  it("is a table when it is asked for one", function()
    local lines = {}
    for line in report("--format", "table"):gmatch("[^\n]+") do
      lines[#lines + 1] = line
    end
    assert.equal(7, #lines)
    assert.matches("^ +%-+ uptime %-+  %-+ downtime %-+$", lines[1])
    assert.matches("^store_id +min +h +h +min +h +h$", lines[4])
    assert.matches("^1481966498820158979 +60 +4%.75 +4%.75 +0 +2%.0 +3%.0$", lines[5])
    assert.equal(#lines[1], #lines[5])
  end)

  local small = database.small

  it("is a table that fits where standard output is a terminal, and one as wide as it is elsewhere", function()
    local function good(script)
      local result = shell.run(script)
      assert.equal(0, result.status, result.err)
      return result.out
    end
    local function on_terminal(columns, command)
      local text = good(("script -qec %s /dev/null </dev/null"):format(shell.quote(
        ("stty cols %d; bin/loom %s"):format(columns, command))))
      local widest = 0
      for line in text:gmatch "[^\r\n]+" do
        widest = math.max(widest, core.utf8_width(line))
      end
      return widest, text
    end
    for _, command in ipairs { "report %s --quiet", "query %s 'SELECT * FROM polls'", "report %s --quiet -o -" } do
      command = command:format(shell.quote(small))
      for _, columns in ipairs { 20, 37, 50 } do
        local widest, text = on_terminal(columns, command)
        assert.is_true(widest <= columns, text)
        assert.matches(("(width %d: "):format(columns), text, 1, true)
      end
      local _, text = on_terminal(200, command)
      assert.is_nil(text:find("width", 1, true))
    end
    local _, text = on_terminal(200, "report " .. shell.quote(small) .. " -o /dev/null; COLUMNS=30 bin/loom report "
      .. shell.quote(small))
    assert.matches("(width 30: ", text, 1, true)
    local piped = good("COLUMNS=30 bin/loom report " .. shell.quote(small) .. " --format table")
    assert.is_nil(piped:find("width", 1, true))
  end)

  it("shows the ratio that the worst rows are chosen by", function()
    assert.matches("^store_id,.*,downtime_last_week,ratio_last_week\n", report("--worst", "2"))
    assert.matches("ratio\n", (report("--worst", "2", "--format", "table")))
    assert.matches("ratio\\_last\\_week |\n", report("--worst", "2", "--format", "markdown"), 1, true)
    assert.matches("^store_id,uptime_last_day\n", report("--worst", "2", "--columns", "store_id,uptime_last_day"))
    local header = report("--worst", "2", "--slo", "0.9"):match "[^\n]*"
    assert.equal(1, select(2, header:gsub("ratio_last_week", "")))
  end)

  it("has windows on each store's calendar", function()
    -- The Monday before had no polls: 9 to 17; for the café 7 to 11:30 and 14 to 24 of its own clock.
    assert.equal("store_id,uptime_today,uptime_w,downtime_today,downtime_w\n"
      .. '1481966498820158979,4.75,0,2.0,480\n"café, ""north""",2.0,0,5.25,870\nnight,0.0,0,0.0,0\n',
      report("--window", "today", "--window", "w=2024-02-26/2024-02-27:minutes"))
    assert.equal(report("--window", "w=2024-03-01/2024-04-01"), (report("--window", "w=this-month")))
    assert.equal(report("--window", "yesterday", "--as-of", "2024-03-04"),
      (report("--window", "yesterday", "--as-of", "2024-03-04 00:00")))
    local parsed = cjson.decode(report("--window", "last-week", "--format", "json"))
    assert.same({ { name = "last_week", calendar = "last-week", from = "2024-02-25 23:00:00.000000 UTC",
      to = "2024-03-04 00:00:00.000000 UTC" } }, parsed.windows)
  end)

  it("says which window on the calendar begins after the data", function()
    local _, err = shell.good("report", db, "--window", "may=2024-05-01/2024-06-01", "--window", "today", "--compare")
    assert.matches("loom: window may is empty: it begins after 2024-03-04 16:00:00.000000 UTC, which the report is as of; "
      .. "see --as-of\n", err, 1, true)
    assert.is_nil(err:find("today is empty", 1, true) or err:find("before is empty", 1, true))
    _, err = shell.good("report", db, "--window", "may=2024-05-01/2024-06-01", "--quiet")
    assert.equal("", err)
  end)

  it("compares each figure with that of the window before", function()
    local header = "store_id,uptime_w,uptime_w_before,downtime_w,downtime_w_before\n"
    local function lines_of(...)
      return report("--window", "w=4h", ...)
    end
    local before = lines_of("--as-of", "2024-03-04 12:00:00"):match("\n1481966498820158979,([%d.]+),")
    local compared = lines_of("--compare")
    assert.equal(header, compared:match("^[^\n]*\n"))
    assert.equal(before, compared:match("\n1481966498820158979,[%d.]+,([%d.]+),"))
    local changes = lines_of("--compare", "--columns", "store_id,change_ratio_w,change_down_w", "--sort", "change_ratio_w")
    assert.matches("^store_id,change_ratio_w,change_down_w\n", changes)
    for _, format in ipairs { "json", "ndjson", "html", "table", "markdown", "exact" } do
      assert.matches("w\\?_before", lines_of("--compare", "--format", format) .. "w_before")
    end
  end)

  local function check_json(text)
    local parsed = cjson.decode(text)
    for _, store in ipairs(parsed.stores) do
      for _, window in ipairs(parsed.windows) do
        local figures = store.windows[window.name]
        assert.is_true(math.abs(figures.up + figures.down + figures.unknown - figures.scheduled) < 1e-6)
        if figures.up + figures.down == 0 then
          assert.equal(cjson.null, figures.ratio)
        else
          assert.is_true(math.abs(figures.up / (figures.up + figures.down) - figures.ratio) < 1e-6)
        end
        if figures.outages == 0 then
          assert.equal(cjson.null, figures.mttr)
          assert.equal(cjson.null, figures.mtbf)
          assert.equal(0, figures.down)
          assert.equal(0, figures.longest)
        else
          assert.is_true(math.abs(figures.mttr * figures.outages - figures.down) < 1e-5 * figures.outages)
          assert.is_true(math.abs(figures.mtbf * figures.outages - figures.up) < 1e-5 * figures.outages)
          assert.is_true(figures.longest <= figures.down and figures.longest >= figures.mttr - 1e-6)
        end
      end
    end
    return parsed
  end

  it("gives everything as JSON", function()
    local parsed = check_json(report("--format", "json"))
    assert.equal("2024-03-04 16:00:00.000000 UTC", parsed.as_of)
    assert.same({ preset = "loom", slack = 60, fill = "backward", evidence = "inside", no_data = "down",
      max_gap = cjson.null, default_zone = "America/Chicago" }, parsed.rules)
    assert.equal("2024-03-04 15:00:00.000000 UTC", parsed.windows[1].from)
    assert.equal("2024-03-04 16:00:00.000000 UTC", parsed.windows[1].to)
    assert.equal(3, #parsed.stores)
    assert.equal("1481966498820158979", parsed.stores[1].store_id)
    assert.equal('café, "north"', parsed.stores[2].store_id)
    local week = parsed.stores[1].windows.last_week
    assert.equal(8 * 3600 - 900, week.scheduled)
    assert.equal(900, week.excluded)
    assert.equal(3 * 3600 + 0.25, math.floor(week.down * 1e6 + 0.5) / 1e6)
    assert.equal(2, week.outages)
    assert.equal(7200.25, week.longest)
    assert.equal(3, week.polls)
    local closed = parsed.stores[3].windows.last_hour
    assert.equal(0, closed.scheduled)
    assert.equal(cjson.null, closed.ratio)
  end)

  it("tells the rules in force", function()
    local parsed = check_json(report("--format", "json", "--preset", "monitoring", "--max-gap", "90m",
      "--no-data", "up", "--slack", "2m", "--default-zone", "Europe/Rome"))
    assert.same({ preset = "monitoring", slack = 120, fill = "forward", evidence = "around", no_data = "up",
      max_gap = 5400, default_zone = "Europe/Rome" }, parsed.rules)
    parsed = check_json(report("--format", "json", "--preset", "monitoring", "--max-gap", "none"))
    assert.equal(cjson.null, parsed.rules.max_gap)
  end)

  it("gives JSON that adds up for a generated case", function()
    for _, preset in ipairs { "loom", "monitoring" } do
      local text = shell.good("report", "spec/fixtures/golden/autumn", "--format", "json", "--preset", preset)
      assert.equal(60, #check_json(text).stores)
    end
  end)

  it("gives microseconds as exact", function()
    local out = report("--format", "exact", "--window", "day=1d", "--window", "last_hour=60m", "--stores", "1*")
    assert.equal("store_id,up_day,down_day,unknown_day,excluded_day,outages_day,longest_day,"
      .. "up_hour,down_hour,unknown_hour,excluded_hour,outages_hour,longest_hour\n"
      .. "1481966498820158979,17099750000,7200250000,0,900000000,1,7200250000,3600000000,0,0,0,0,0\n", out)
  end)

  it("takes windows of any length, in hours or minutes", function()
    assert.equal("store_id,uptime_shift,uptime_m,uptime_h,downtime_shift,downtime_m,downtime_h\n"
      .. "1481966498820158979,4.0,284,0.5,2.0,120,0.0\n",
      report("--window", "shift=6h", "--window", "m=1d:minutes", "--window", "h=1800:hours", "--stores", "1481*"))
  end)

  it("takes the stores that patterns name", function()
    local function ids(...)
      local found = {}
      for line in report("--format", "exact", ...):gsub("^[^\n]*\n", ""):gmatch("[^\n]+") do
        found[#found + 1] = line:match('^"') and "café" or line:match("^[^,]*")
      end
      return found
    end
    assert.same({ "1481966498820158979", "café", "night" }, ids())
    assert.same({ "night" }, ids("--stores", "n*"))
    assert.same({ "1481966498820158979", "night" }, ids("--stores", "n?ght", "--stores", "[0-9]*"))
    assert.same({}, ids("--stores", "none*"))
    assert.same({ "1481966498820158979", "café", "known only by zone", "night" }, ids("--all-stores"))
    assert.same({ "known only by zone" }, ids("--all-stores", "--stores", "known*"))
  end)

  it("is for any instant", function()
    assert.equal(standard .. "1481966498820158979,60,1.75,1.75,0,0.0,6.0\n",
      report("--as-of", "2024-03-04 11:00:00", "--stores", "1*", "--preset", "seed"))
    assert.equal(report("--as-of", "2024-03-04T17:00:00+01:00"), report())
  end)

  it("gives the same with any number of threads", function()
    local one = shell.good("report", "spec/fixtures/golden/utc", "--format", "exact", "--threads", "1")
    for _, threads in ipairs { 2, 3, 64 } do
      assert.is_true(one == shell.good("report", "spec/fixtures/golden/utc", "--format", "exact", "--threads", threads))
    end
  end)

  it("reports straight from a folder, and leaves nothing in it", function()
    local before = files.list(database.small)
    assert.equal(report(), (shell.good("report", database.small)))
    assert.same(before, files.list(database.small))
  end)

  it("writes to a file, in place of the one that was there", function()
    local path = files.write(folder .. "/report.csv", "old")
    assert.equal("", report("-o", path))
    assert.equal(report(), files.read(path))
    report("--output", path, "--format", "exact")
    assert.matches("^store_id,up_hour,", files.read(path))
    assert.is_false(files.exists(path .. ".part"))
    assert(os.remove(path))
  end)

  it("writes into a pipe or a device by its name", function()
    local result = shell.run(("mkfifo %s/pipe; cat %s/pipe & %s; wait"):format(folder, folder,
      shell.line("report", db, "-o", folder .. "/pipe")))
    assert.equal(report(), result.out)
    assert(os.remove(folder .. "/pipe"))
    result = shell.run(shell.line("report", db, "-o", "-") .. " && test ! -e ./-")
    assert.same({ 0, report() }, { result.status, result.out })
    result = shell.run(shell.line("report", db, "-o", "/dev/stdout") .. " | cat")
    assert.equal(report(), result.out)
  end)

  it("does not change the database", function()
    local before = files.read(db)
    report("--all-stores", "--as-of", "2030-01-01 00:00:00")
    assert.is_true(before == files.read(db))
  end)

  it("ends quietly when its reader has gone", function()
    local result = shell.run(shell.line("report", "spec/fixtures/golden/utc", "--quiet", "--format", "json") .. " | head -n 1")
    assert.equal("", (result.err:gsub("loom: left out: [^\n]*\n", ""))) -- of the folder
    assert.equal(0, result.status)
  end)
end)
