local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

describe("loom check", function()
  local db

  files.folder_for_each(function(made)
    db = database.make(made .. "/db")
  end)

  it("finds nothing wrong with what ingest made", function()
    assert.equal(db .. ": ok\n", (shell.good("check", db)))
    shell.good("ingest", db, "spec/fixtures/golden/south", "--quiet")
    assert.equal(db .. ": ok\n", (shell.good("check", db)))
    shell.good("prune", db, "--keep", "36h", "--yes")
    assert.equal(db .. ": ok\n", (shell.good("check", db)))
  end)

  -- Each kind of damage, and what is said of it.
  local damages = {
    { "UPDATE poll_block SET day = day + 1000", "the block " },
    { "UPDATE poll_block SET polls = substr(polls, 2)", "the block " },
    { "UPDATE poll_block SET polls = x''", "the block is empty" },
    { "UPDATE poll_block SET polls = CAST(polls || substr(polls, 1, 8) AS BLOB)", "the block is not sorted" },
    { "DELETE FROM store WHERE number = 1", "a row refers to a store that is not there" },
    { "UPDATE store SET newest_poll = newest_poll + 2", "its first or newest poll is not what its blocks hold" },
    { "UPDATE store SET timezone = 'Mars/Olympus'", 'timezone "Mars/Olympus" is not a zone of the tz database any more '
      .. '(Debian keeps old names in its package tzdata-legacy): store "1481966498820158979" (4 in all)' },
    { "UPDATE special_day SET date = '2024-02-30'", 'table special_day: "2024-02-30" is not a date' },
  }

  for _, damage in ipairs(damages) do
    it("finds what is wrong after " .. damage[1], function()
      if not shell.sqlite(db, damage[1]) then
        pending "sqlite3 is not there"
      end
      local result = shell.loom("check", db)
      assert.matches(damage[2], result.out, 1, true)
      assert.matches("^loom: [^\n]+: %d+ problems?\n$", result.err)
      assert.equal(1, result.status)
    end)
  end
end)
