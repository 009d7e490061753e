-- Help, version, and wrong use: exit status 2, one line, and nothing done.

local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

local commands = { "ingest", "report", "info", "check", "doctor", "prune", "backup", "export", "timeline", "outages", "explain",
  "query", "hours", "timezone", "special-day", "exclude", "attributes" }

-- Those that are of several verbs.
local verbs = {
  hours = { "get", "set", "clear" },
  timezone = { "get", "set", "clear" },
  ["special-day"] = { "list", "set", "clear" },
  exclude = { "add", "list", "remove" },
  attributes = { "get", "set" },
}

local version = "loom " .. files.read("src/core/base/version.h"):match '#define LOOM_VERSION "([^"]+)"' .. "\n"

describe("loom", function()
  it("has help on every level", function()
    local help = shell.good("--help")
    assert.equal(help, (shell.good("-h")))
    assert.equal(help, (shell.good()))
    assert.matches("^Usage: loom ", help)
    assert.matches("Exit status: 0 done, 1 failed (nothing has changed), 2 wrong use, 3 done, and", help, 1, true)
    for _, command in ipairs(commands) do
      assert.matches("\n +" .. command:gsub("%-", "%%-") .. " ", help)
      local text = shell.good(command, "--help")
      assert.matches("Usage: loom " .. command .. " ", text, 1, true)
      for _, verb in ipairs(verbs[command] or {}) do
        assert.matches("\n +" .. verb .. " ", text)
        assert.matches(("Usage: loom %s %s "):format(command, verb), shell.good(command, verb, "--help"), 1, true)
      end
      for line in text:gmatch("[^\n]+") do
        assert.is_true(#line <= 100, line)
      end
    end
  end)

  it("names every option in its help", function()
    local help = shell.good("report", "--help")
    for _, option in ipairs { "-o", "--format", "--flat", "--as-of", "--preset", "--fill", "--evidence", "--no-data", "--max-gap",
      "--slack", "--default-zone", "--stores", "--all-stores", "--window", "--threads", "--where", "--group-by", "--slo",
      "--slo-attribute", "--columns", "--sort", "--descending", "--limit", "--worst", "--neutralise-formulas" } do
      assert.matches(" " .. option, help, 1, true)
    end
    help = shell.good("ingest", "--help")
    for _, option in ipairs { "--status", "--hours", "--timezones", "--special-days", "--exclusions", "--max-rejects",
      "--rejects", "--quiet" } do
      assert.matches(" " .. option, help, 1, true)
    end
  end)

  it("runs from any folder", function()
    local result = shell.run('here=$(pwd) && cd / && "$here"/bin/loom --version')
    assert.equal(version, result.out)
  end)

  it("tells its version", function()
    assert.equal(version, (shell.good("--version")))
  end)
end)

describe("wrong use of loom", function()
  local folder, db

  files.folder_for_all(function(made)
    folder, db = made, database.make(made .. "/db")
  end)

  local function expect_wrong(message, ...)
    local before = files.read(db)
    local result = shell.loom(...)
    shell.expect_failure(result, 2)
    assert.matches(message, result.err, 1, true)
    assert.matches("(see loom ", result.err, 1, true)
    assert.is_true(before == files.read(db))
    assert.same({ "db" }, files.list(folder))
  end

  it("of the command", function()
    expect_wrong("a command is required", "--")
    expect_wrong("unknown command 'reprot'; did you mean 'report'?", "reprot")
    expect_wrong("unknown option '--bogus'", "--bogus")
    for _, command in ipairs(commands) do
      for _, verb in ipairs(verbs[command] or { false }) do
        expect_wrong("missing ", command, verb or nil)
        expect_wrong("unknown option '--bogus'", command, verb or db, "--bogus")
      end
    end
    expect_wrong("too many arguments", "info", db, db)
  end)

  it("of commands of several verbs", function()
    for command in pairs(verbs) do
      expect_wrong("a command is required (see loom " .. command .. " --help)", command)
      expect_wrong("unknown command 'bogus'", command, "bogus")
    end
    expect_wrong("(see loom hours set --help)", "hours", "set", "--bogus")
    for command in pairs(verbs) do
      expect_wrong("(see loom " .. command .. " --help)", command, "--bogus")
    end
  end)

  it("of ingest", function()
    local csv = database.small .. "/timezones.csv"
    expect_wrong("nothing to ingest: name a folder or a file", "ingest", folder .. "/new")
    expect_wrong("standard input: say of what kind it is, such as --polls -", "ingest", folder .. "/new", "-")
    expect_wrong("option '--status' requires an argument", "ingest", db, "--status")
    for _, count in ipairs { "some", "-1", "1.5", "", "99999999999" } do
      expect_wrong("--max-rejects", "ingest", db, "--timezones", csv, "--max-rejects=" .. count)
    end
  end)

  it("of report", function()
    for _, option in ipairs { "format", "preset", "fill", "evidence", "no-data" } do
      expect_wrong("argument for option '--" .. option .. "' must be one of", "report", db, "--" .. option, "nothing")
    end
    for _, duration in ipairs { "", "-1", "1.5h", "h", "1x", "1h30m", "99999999999999999999", "1 h" } do
      expect_wrong("--max-gap: ", "report", db, "--max-gap=" .. duration)
      expect_wrong("--slack: ", "report", db, "--slack=" .. duration)
      expect_wrong("--window: ", "report", db, "--window=w=" .. duration)
    end
    expect_wrong('--slack: duration in whole seconds, less than a day expected, got "24h"', "report", db, "--slack", "24h")
    for _, gap in ipairs { "9000000d", "40000d" } do
      expect_wrong(('--max-gap: duration of up to 100 years, or "none" expected, got "%s"'):format(gap), "report", db,
        "--max-gap", gap)
    end
    for _, window in ipairs { "day", "", "d=1d:", "w=", "d=2023-01-23", "d=tomorrow" } do
      expect_wrong('--window: NAME=DUR, NAME=FROM/TO, NAME=WORD or WORD (today, yesterday, this-week, last-week, '
        .. 'this-month, last-month), or any with :minutes expected, got "' .. window .. '"', "report", db,
        "--window=" .. window)
    end
    for _, window in ipairs { "=1d", "a-b=1d", "a b=1d", ("w"):rep(65) .. "=1d" } do
      expect_wrong("--window: windows whose name is of letters, digits and _", "report", db, "--window=" .. window)
    end
    for _, window in ipairs { "w=0", "w=36526d" } do
      expect_wrong('--window: windows whose seconds are a duration of up to 100 years expected, got "' .. window .. '"',
        "report", db, "--window", window)
    end
    expect_wrong("--window: windows whose unit is hours or minutes", "report", db, "--window", "d=1d:seconds")
    expect_wrong("--window: windows with seconds, calendar, or from and to", "report", db, "--window", "d=yesterday/today")
    expect_wrong("--window: windows that end after they start", "report", db, "--window",
      "d=2024-03-05 00:00:00/2024-03-04 00:00:00")
    expect_wrong("--window: windows that are not called stores", "report", db, "--window", "stores=1d")
    expect_wrong("--window: windows with different names expected", "report", db, "--window", "w=1d", "--window", "w=2d")
    for _, instant in ipairs { "yesterday", "2023-02-30 10:00:00", "2023-02-30", "" } do
      expect_wrong("--as-of: ", "report", db, "--as-of=" .. instant)
    end
    for _, threads in ipairs { "0", "65", "all", "1.5", "-1", "" } do
      expect_wrong('--threads: whole number from 1 to 64 expected, got "' .. threads .. '"', "report", db,
        "--threads=" .. threads)
    end
    expect_wrong("--stores: patterns of up to 1024 bytes expected", "report", db, "--stores", ("*"):rep(1025))
  end)

  it("of report's choice and layout", function()
    for _, pair in ipairs { "region", "=north", "" } do
      expect_wrong('--where: NAME=VALUE expected, got "' .. pair .. '"', "report", db, "--where=" .. pair)
    end
    for _, ratio in ipairs { "99.5", "-1", "high", "", "0x1", "nan" } do
      expect_wrong('--slo: number from 0 to 1 expected, got "' .. ratio .. '"', "report", db, "--slo=" .. ratio)
    end
    for _, limit in ipairs { "-1", "1.5", "all", "" } do
      expect_wrong('--limit: whole number from 0 to ', "report", db, "--limit=" .. limit)
      expect_wrong('--worst: whole number from 1 to ', "report", db, "--worst=" .. limit)
    end
    expect_wrong("--worst: whole number from 1 to ", "report", db, "--worst=0")
    expect_wrong("--columns: names of columns expected, got \"\"", "report", db, "--columns=")
    for _, column in ipairs { "uptime", "uptime_last_month", "speed_last_day", "slo_speed_last_day", "stores", "region" } do
      local expected = ': name of a column, such as uptime_last_hour or ratio_last_week, expected, got "' .. column .. '"'
      expect_wrong("--columns" .. expected, "report", db, "--columns", "store_id," .. column)
      expect_wrong("--sort" .. expected, "report", db, "--sort", column)
    end
    for _, option in ipairs { "--sort=store_id", "--descending", "--limit=1" } do
      expect_wrong("can not be used together with", "report", db, "--worst=1", option)
    end
  end)

  it("of report, with more than fits", function()
    local windows, patterns, ids = {}, {}, {}
    for i = 1, 65 do
      windows[i] = "--window w" .. i .. "=1h"
    end
    for i = 1, 1001 do
      patterns[i], ids[i] = ("--stores '%d*'"):format(i), "--stores " .. i
    end
    local result = shell.run(shell.line("report", db) .. " " .. table.concat(windows, " "))
    shell.expect_failure(result, 2, "--window: list of 1 to 64 windows expected (see loom report --help)")
    result = shell.run(shell.line("report", db) .. " " .. table.concat(patterns, " "))
    shell.expect_failure(result, 2, "--stores: at most 1000 patterns (see loom report --help)")
    result = shell.run(shell.line("report", db) .. " " .. table.concat(ids, " ")) -- of ids there may be any number
    assert.equal(0, result.status)
  end)

  it("of prune and export", function()
    expect_wrong("missing option '--keep'", "prune", db)
    expect_wrong('--keep: "soon" is not a duration', "prune", db, "--keep", "soon")
    for _, bare in ipairs { "90", "0" } do
      expect_wrong("--keep: duration with its unit, such as 90d, 36h or 90m, expected", "prune", db, "--keep", bare)
    end
    expect_wrong("argument 'kind' must be one of 'polls', 'hours', 'timezones', 'special-days', 'exclusions'",
      "export", db, "reports")
    expect_wrong("missing argument 'kind'", "export", db)
  end)
end)
