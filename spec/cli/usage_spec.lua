-- Help, version, and wrong use: exit status 2, one line, and nothing done.

local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

local commands = { "ingest", "report", "info", "check", "prune", "export" }

describe("loom", function()
  it("has help on every level", function()
    local help = shell.good("--help")
    assert.equal(help, (shell.good("-h")))
    assert.matches("^Usage: loom ", help)
    assert.matches("Exit status: 0 done, 1 failed (nothing has changed), 2 wrong use.", help, 1, true)
    for _, command in ipairs(commands) do
      assert.matches("\n +" .. command .. " ", help)
      assert.matches("^Usage: loom " .. command .. " ", (shell.good(command, "--help")))
    end
  end)

  it("names every option in its help", function()
    local help = shell.good("report", "--help")
    for _, option in ipairs { "-o", "--format", "--as-of", "--preset", "--fill", "--evidence", "--no-data", "--max-gap",
      "--slack", "--default-zone", "--stores", "--all-stores", "--window", "--threads" } do
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
    assert.equal("loom " .. require("loom").version .. "\n", result.out)
  end)

  it("tells its version", function()
    assert.equal("loom " .. require("loom").version .. "\n", (shell.good("--version")))
  end)
end)

describe("wrong use of loom", function()
  local folder, db

  setup(function()
    folder = files.make_folder()
    db = database.make(folder .. "/db")
  end)

  teardown(function()
    files.remove_folder(folder)
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
    expect_wrong("a command is required")
    expect_wrong("unknown command 'reprot' Did you mean 'report'?", "reprot")
    expect_wrong("unknown option '--bogus'", "--bogus")
    for _, command in ipairs(commands) do
      expect_wrong("missing ", command)
      expect_wrong("unknown option '--bogus'", command, db, "--bogus")
    end
    expect_wrong("too many arguments", "info", db, db)
  end)

  it("of ingest", function()
    local csv = database.small .. "/timezones.csv"
    expect_wrong("nothing to ingest: name a folder or a file", "ingest", folder .. "/new")
    expect_wrong(csv .. ": is not a folder", "ingest", folder .. "/new", csv)
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
      expect_wrong("--window w: ", "report", db, "--window=w=" .. duration)
    end
    expect_wrong("--slack: 24h is not less than a day", "report", db, "--slack", "24h")
    expect_wrong("--max-gap: \"9000000d\" is longer than 10,000 years", "report", db, "--max-gap", "9000000d")
    expect_wrong("--max-gap: 40000d is longer than 100 years", "report", db, "--max-gap", "40000d")
    for _, window in ipairs { "day", "=1d", "a-b=1d", "a b=1d", "d=1d:", "d=1d:seconds", "" } do
      expect_wrong("is not NAME=DUR or NAME=DUR:minutes", "report", db, "--window=" .. window)
    end
    expect_wrong("--window w: 0 is not between a second and 100 years", "report", db, "--window", "w=0")
    expect_wrong("--window w: 36526d is not between a second and 100 years", "report", db, "--window", "w=36526d")
    expect_wrong("--window: there are two windows w", "report", db, "--window", "w=1d", "--window", "w=2d")
    expect_wrong("is longer than 64 characters", "report", db, "--window", ("w"):rep(65) .. "=1d")
    for _, instant in ipairs { "yesterday", "2023-02-30 10:00:00", "2023-02-03", "" } do
      expect_wrong("--as-of: ", "report", db, "--as-of=" .. instant)
    end
    for _, threads in ipairs { "0", "65", "all", "1.5", "-1", "" } do
      expect_wrong('--threads: "' .. threads .. '" is not a whole number from 1 to 64', "report", db, "--threads=" .. threads)
    end
    expect_wrong("--stores: a pattern is longer than 1024 bytes", "report", db, "--stores", ("*"):rep(1025))
  end)

  it("of report, with more than fits", function()
    local windows, patterns = {}, {}
    for i = 1, 65 do
      windows[i] = "--window w" .. i .. "=1h"
    end
    for i = 1, 1001 do
      patterns[i] = "--stores " .. i
    end
    local result = shell.run(shell.line("report", db) .. " " .. table.concat(windows, " "))
    shell.expect_failure(result, 2, "--window: there are 65, more than 64 (see loom report --help)")
    result = shell.run(shell.line("report", db) .. " " .. table.concat(patterns, " "))
    shell.expect_failure(result, 2, "--stores: there are 1001 patterns, more than 1000 (see loom report --help)")
  end)

  it("of prune and export", function()
    expect_wrong("missing option '--keep'", "prune", db)
    expect_wrong('--keep: "soon" is not a duration', "prune", db, "--keep", "soon")
    expect_wrong("argument 'kind' must be one of 'polls', 'hours', 'timezones', 'special-days', 'exclusions'",
      "export", db, "reports")
    expect_wrong("missing argument 'kind'", "export", db)
  end)
end)
