local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

describe("loom prune", function()
  local folder, db

  before_each(function()
    folder = files.make_folder()
    db = database.make(folder .. "/db")
  end)

  after_each(function()
    files.remove_folder(folder)
  end)

  local header = "store_id,status,timestamp_utc\n"

  it("removes what is older than so much before the newest poll", function()
    assert.equal(db .. ": 0 polls removed\n", (shell.good("prune", db, "--keep", "7d")))
    assert.equal(db .. ": 1 poll removed\n", (shell.good("prune", db, "--keep", "40h")))
    assert.equal(db .. ": 1 poll removed\n", (shell.good("prune", db, "--keep", "360m"))) -- 10:00 is kept: it is no older
    assert.equal(header
      .. "1481966498820158979,active,2024-03-04 10:00:00.000000 UTC\n"
      .. "1481966498820158979,inactive,2024-03-04 12:00:00.250000 UTC\n"
      .. "1481966498820158979,active,2024-03-04 16:00:00.000000 UTC\n"
      .. '"café, ""north""",active,2024-03-04 14:59:59.999999 UTC\n'
      .. '"café, ""north""",inactive,2024-03-04 15:30:00.000000 UTC\n', (shell.good("export", db, "polls")))
    assert.equal(db .. ": 4 polls removed\n", (shell.good("prune", db, "--keep", "0")))
    assert.equal(header .. "1481966498820158979,active,2024-03-04 16:00:00.000000 UTC\n", (shell.good("export", db, "polls")))
    assert.equal(db .. ": ok\n", (shell.good("check", db)))
  end)

  it("leaves everything else", function()
    local before = shell.good("export", db, "hours") .. shell.good("export", db, "timezones")
    shell.good("prune", db, "--keep", "0")
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
    shell.good("prune", db, "--keep", "1h")
    assert.is_true(#files.read(db) < before / 2)
  end)

  it("leaves reports of what is kept as they were", function()
    shell.good("ingest", db, "spec/fixtures/golden/south", "--quiet")
    local before = shell.good("report", db, "--format", "exact", "--window", "day=1d")
    shell.good("prune", db, "--keep", "3d")
    local after = shell.good("report", db, "--format", "exact", "--window", "day=1d")
    -- Stores whose polls are all gone are not in a report.
    for line in after:gmatch("[^\n]+") do
      assert.is_truthy(before:find(line, 1, true))
    end
  end)
end)
