local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

local unpack = table.unpack or unpack -- luacheck: compat

local STORE = "1481966498820158979"

describe("loom delete", function()
  local folder, db

  files.folder_for_each(function(made)
    folder, db = made, database.make(made .. "/db")
  end)

  local function expect_asked(why, ...)
    local before = database.dump(db)
    local result = shell.loom("delete", db, ...)
    assert.equal(1, result.status)
    assert.equal(("loom: %s: nothing was removed: it is %s, which needs --yes\n"):format(db, why), result.err)
    assert.equal(before, database.dump(db))
    local words = { ... }
    words[#words + 1] = "--dry-run"
    assert.equal(result.out, (shell.good("delete", db, unpack(words))))
    assert.equal(before, database.dump(db))
    return result.out
  end

  it("takes one poll, and tells which stay", function()
    assert.equal(STORE .. ": 1 poll removed, of 1 day, 2024-03-04 12:00:00.250000 UTC to 2024-03-04 12:00:00.250000 UTC\n"
      .. STORE .. ": 2 polls kept, of 1 day, 2024-03-04 10:00:00.000000 UTC to 2024-03-04 16:00:00.000000 UTC\n",
      (shell.good("delete", db, "polls", "--store", STORE, "--from", "2024-03-04 12:00:00.25", "--to", "2024-03-04 12:00:00.25")))
    assert.equal(db .. ": ok\n", (shell.good("check", db)))
  end)

  it("asks before more than half of a store's polls", function()
    local told = expect_asked("more than half of the store's polls", "polls", "--store", STORE, "--from", "2024-03-04 12:00:00")
    assert.equal(told:gsub("would be removed", "removed"):gsub("would stay", "kept"),
      (shell.good("delete", db, "polls", "--store", STORE, "--from", "2024-03-04 12:00:00", "--yes")))
    assert.matches(": 0 polls removed\n", shell.good("delete", db, "polls", "--store", STORE, "--to", "2020-01-01 00:00:00"))
  end)

  it("asks before everything that is known of a store", function()
    assert.equal("night: 2 polls would be removed, of 2 days, 2024-03-02 23:30:00.000000 UTC to 2024-03-03 00:30:00.000000 UTC\n"
      .. "night: would be removed with them: 1 row of hours, 1 exclusion, its timezone\n",
      expect_asked("everything that is known of the store", "store", "night"))
    assert.matches("night: removed with them: 1 row of hours, 1 exclusion, its timezone\n",
      shell.good("delete", db, "store", "night", "--yes"), 1, true)
    assert.is_nil(database.dump(db):find("night", 1, true))
    assert.equal(db .. ": ok\n", (shell.good("check", db)))
    assert.matches("0 polls removed\n.*with them: its timezone", shell.good("delete", db, "store", "known only by zone", "--yes"))
  end)

  it("has help on every level", function()
    assert.matches("^Usage: loom delete %[%-h%] <database> ", shell.good("delete", "--help"))
    assert.matches("^Usage: loom delete <database> polls .*%-%-from T ", shell.good("delete", db, "polls", "--help"))
    assert.matches("^Usage: loom delete <database> store <store> ", shell.good("delete", db, "store", "--help"))
  end)

  it("shows ids of any bytes on one line", function()
    local csv = files.write(folder .. "/x.csv", 'store_id,status,timestamp_utc\n"a\27[31m\nb",active,2024-03-04 10:00:00\n')
    shell.good("ingest", db, "--status", csv, "--quiet")
    local out = shell.good("delete", db, "store", "a\27[31m\nb", "--yes")
    assert.is_nil(out:find "\27")
    assert.equal(2, select(2, out:gsub("\n", "\n")))
  end)

  it("is refused what is wrong", function()
    shell.expect_failure(shell.loom("delete", db, "store", "nobody", "--yes"), 1, 'store "nobody" is not known')
    shell.expect_failure(shell.loom("delete", db, "polls", "--store", "nobody"), 1, 'store "nobody" is not known')
    shell.expect_failure(shell.loom("delete", folder .. "/none", "store", "a"), 1, folder .. "/none: no such database")
    for _, wrong in ipairs { {}, { "polls" }, { "store" }, { "store", "" }, { "polls", "--store", STORE, "--from", "soon" },
      { "polls", "--store", STORE, "--from", "2024-03-05 00:00:00", "--to", "2024-03-04 00:00:00" } } do
      shell.expect_failure(shell.loom("delete", db, unpack(wrong)), 2)
    end
  end)
end)
