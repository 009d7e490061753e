-- A database that Loom wrote when version 4 of the schema was the newest, and what that Loom gave of it.

local files = require "support.files"
local shell = require "support.shell"

local fixtures = "spec/fixtures/version_4/"

-- The database of a version, where it may be written to.
local function unpacked(folder, version)
  local db = folder .. "/loom.db"
  assert(shell.run(("gzip -dc spec/fixtures/version_%d/loom.db.gz >%s"):format(version, db)).status == 0)
  return db
end

describe("a database of version 4", function()
  local folder, db

  files.folder_for_each(function(made)
    folder, db = made, unpacked(made, 4)
  end)

  local function expect(fixture, ...)
    local text = shell.good(...)
    assert.is_true(files.read(fixtures .. fixture) == text, fixture)
  end

  it("gives what it gave before it was upgraded", function()
    for _ = 1, 2 do -- the first command upgrades it
      for _, kind in ipairs { "hours", "polls", "timezones", "special-days", "exclusions", "attributes" } do
        expect(kind .. ".csv", "export", db, kind)
      end
      expect("report.csv", "report", db)
      expect("exact.csv", "report", db, "--all-stores", "--preset", "monitoring", "--format", "exact")
      expect("table_hours.csv", "query", db, "SELECT * FROM hours")
      expect("table_hours_week.csv", "query", db, "SELECT store, origin, effective_from, reverts FROM hours_week")
    end
    assert.equal(db .. ": ok\n", shell.good("check", db))
    assert.is_truthy(shell.good("info", db):find("\nweekly hours            40\n", 1, true))
  end)

  it("is as good as a new one that its exports are loaded into", function()
    local new = folder .. "/new.db"
    shell.good("ingest", new, "--quiet", "--status", fixtures .. "polls.csv", "--hours", fixtures .. "hours.csv",
      "--timezones", fixtures .. "timezones.csv", "--special-days", fixtures .. "special-days.csv", "--exclusions",
      fixtures .. "exclusions.csv", "--attributes", fixtures .. "attributes.csv")
    local sql = [[SELECT store_id, origin, effective_from, reverts, openings FROM hours_week
      JOIN store ON number = store ORDER BY store_id, origin, effective_from]]
    assert.equal(shell.good("query", new, sql), shell.good("query", db, sql))
    local schema = "SELECT name, sql FROM sqlite_schema WHERE name LIKE 'hours%' ORDER BY name"
    assert.equal(shell.good("query", new, schema), shell.good("query", db, schema))
  end)
end)

-- One that the Loom of version 7 made of the same files, with an exclusion that is a rule.
describe("a database of version 7", function()
  local db

  files.folder_for_each(function(made)
    db = unpacked(made, 7)
  end)

  it("gives what it gave before it was upgraded, and tells from then on who changes what", function()
    for _ = 1, 2 do
      for _, kind in ipairs { "hours", "polls", "timezones", "special-days", "attributes" } do
        assert.is_true(files.read(fixtures .. kind .. ".csv") == shell.good("export", db, kind), kind)
      end
      assert.is_truthy(shell.good("exclude", "list", db):find("sun 03:00-03:10", 1, true))
      assert.equal("at_utc,by,store_id,kind,before,after,reason\n", (shell.good("audit", db)))
    end
    shell.good("exclude", "remove", db, "2", "--reason", "not needed")
    assert.is_true(files.read(fixtures .. "report.csv") == shell.good("report", db))
    assert.matches(",exclusion,.*,not needed\n$", (shell.good("audit", db)))
    assert.equal(db .. ": ok\n", shell.good("check", db))
  end)
end)

-- One that the Loom of version 6 made of the same files.
describe("a database of version 6", function()
  local db

  files.folder_for_each(function(made)
    db = unpacked(made, 6)
  end)

  it("gives what it gave before it was upgraded, and takes exclusions that are rules", function()
    for _ = 1, 2 do
      for _, kind in ipairs { "hours", "polls", "timezones", "special-days", "exclusions", "attributes" } do
        assert.is_true(files.read(fixtures .. kind .. ".csv") == shell.good("export", db, kind), kind)
      end
      assert.is_true(files.read(fixtures .. "report.csv") == shell.good("report", db))
    end
    assert.equal("2\n", (shell.good("exclude", "add", db, "*", "--weekly", "daily 10:00-11:00")))
    assert.equal(db .. ": ok\n", shell.good("check", db))
    assert.is_false(files.read(fixtures .. "report.csv") == shell.good("report", db))
  end)
end)
