local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

describe("loom prune", function()
  local folder, db

  files.folder_for_each(function(made)
    folder, db = made, database.make(made .. "/db")
  end)

  local header = "store_id,status,timestamp_utc\n"

  it("removes what is older than so much before the newest poll", function()
    assert.matches(db .. ": 0 polls removed\n", shell.good("prune", db, "--keep", "7d"), 1, true)
    assert.matches(db .. ": 1 poll removed, of 1 day, ", shell.good("prune", db, "--keep", "40h"), 1, true)
    assert.matches(db .. ": 1 poll removed, of 1 day, ", shell.good("prune", db, "--keep", "360m"), 1, true) -- 10:00 is no older
    assert.equal(header
      .. "1481966498820158979,active,2024-03-04 10:00:00.000000 UTC\n"
      .. "1481966498820158979,inactive,2024-03-04 12:00:00.250000 UTC\n"
      .. "1481966498820158979,active,2024-03-04 16:00:00.000000 UTC\n"
      .. '"café, ""north""",active,2024-03-04 14:59:59.999999 UTC\n'
      .. '"café, ""north""",inactive,2024-03-04 15:30:00.000000 UTC\n', (shell.good("export", db, "polls")))
    assert.equal(db .. ": 4 polls removed, of 1 day, 2024-03-04 10:00:00.000000 UTC to 2024-03-04 15:30:00.000000 UTC\n"
      .. db .. ": 1 poll kept, of 1 day, 2024-03-04 16:00:00.000000 UTC to 2024-03-04 16:00:00.000000 UTC\n",
      (shell.good("prune", db, "--keep", "0s", "--yes")))
    assert.equal(header .. "1481966498820158979,active,2024-03-04 16:00:00.000000 UTC\n", (shell.good("export", db, "polls")))
    assert.equal(db .. ": ok\n", (shell.good("check", db)))
  end)

  it("tells what would be, and does nothing, with --dry-run", function()
    local before = database.dump(db)
    local dry = shell.good("prune", db, "--keep", "40h", "--dry-run")
    assert.equal(before, database.dump(db))
    assert.equal(dry:gsub("would be removed", "removed"):gsub("would stay", "kept"), (shell.good("prune", db, "--keep", "40h")))
    assert.matches(": 6 polls would stay, of ", dry, 1, true)
  end)

  it("removes more than half of the polls with --yes alone", function()
    local before = database.dump(db)
    local result = shell.loom("prune", db, "--keep", "0s")
    assert.equal(1, result.status)
    assert.equal("loom: " .. db .. ": nothing was removed: it is more than half of the polls, which needs --yes\n", result.err)
    assert.equal(shell.good("prune", db, "--keep", "0s", "--dry-run"), result.out)
    assert.equal(before, database.dump(db))
  end)

  -- 90 seconds, which emptied databases that 90 days were meant for.
  it("takes no number without its unit", function()
    local before = database.dump(db)
    for _, bare in ipairs { "90", "0", "7" } do
      shell.expect_failure(shell.loom("prune", db, "--keep", bare, "--yes"), 2)
    end
    assert.equal(before, database.dump(db))
  end)

  it("is not misled by a poll of the future", function()
    local csv = files.write(folder .. "/future.csv", header .. "wrong clock,active,2099-01-01 00:00:00\n")
    shell.good("ingest", db, "--status", csv, "--quiet", "--max-ahead", "none")
    assert.matches(": 7 polls removed, .*2024%-03%-04 16:00:00.000000 UTC\n.*: 1 poll kept, ",
      shell.good("prune", db, "--keep", "90d", "--yes")) -- counted from the clock, these are old
    assert.equal("1\n", (shell.good("query", db, "SELECT count(*) AS n FROM polls"):gsub("n\n", "")))
  end)

  it("leaves everything else", function()
    local before = shell.good("export", db, "hours") .. shell.good("export", db, "timezones")
    shell.good("prune", db, "--keep", "0s", "--yes")
    assert.equal(before, shell.good("export", db, "hours") .. shell.good("export", db, "timezones"))
  end)

  it("shrinks the file", function()
    local polls = { "store_id,status,timestamp_utc" }
    for i = 0, 99999 do
      polls[#polls + 1] = ("%d,active,2024-02-%02d 10:%02d:00"):format(i % 70, 1 + i % 29, math.floor(i / (70 * 29)))
    end
    local csv = files.write(folder .. "/polls.csv", table.concat(polls, "\n") .. "\n")
    shell.good("ingest", db, "--status", csv, "--quiet")
    local before = #files.read(db)
    shell.good("prune", db, "--keep", "1h", "--yes")
    assert.is_true(#files.read(db) < before / 2)
  end)

  it("leaves reports of what is kept as they were", function()
    shell.good("ingest", db, "spec/fixtures/golden/south", "--quiet")
    local before = shell.good("report", db, "--format", "exact", "--window", "day=1d")
    shell.good("prune", db, "--keep", "3d", "--yes")
    local after = shell.good("report", db, "--format", "exact", "--window", "day=1d")
    -- Stores whose polls are all gone are not in a report.
    for line in after:gmatch("[^\n]+") do
      assert.is_truthy(before:find(line, 1, true))
    end
  end)
end)
