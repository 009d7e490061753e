-- What commands set for many stores at once.

local command = require "support.command"
local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

describe("a command that sets something", function()
  local folder, db

  files.folder_for_each(function(made)
    folder = made
    db = database.make(folder .. "/db")
    for _, store in ipairs { "east", "west", "west 2" } do
      shell.good("attributes", "set", db, store, "side=" .. store:sub(1, 4), "new=1")
    end
  end)

  -- Runs a command that changes so many stores, and returns what it writes.
  local function change(count, ...)
    local out, err = shell.good(...)
    assert.equal(("loom: changed %d store%s\n"):format(count, count == 1 and "" or "s"), err)
    return out
  end

  local function values(sql)
    return (shell.good("query", db, sql, "--format", "csv"):gsub("^[^\n]*\n", ""):gsub("\n", " "))
  end

  it("takes the stores that have an attribute, or whose ids match", function()
    change(2, "attributes", "set", db, "--where", "side=west", "size=big", "new=")
    change(3, "attributes", "set", db, "--where", "side=west", "--where", "side=east", "seen=1")
    change(1, "attributes", "set", db, "--where", "side=west", "--stores", "*2", "last=yes")
    assert.equal("east,new,1 east,seen,1 east,side,east west,seen,1 west,side,west west,size,big "
      .. "west 2,last,yes west 2,seen,1 west 2,side,west west 2,size,big ",
      values "SELECT store_id, name, value FROM attribute JOIN store ON store = number ORDER BY 1, 2")

    assert.equal("", change(2, "hours", "set", db, "--stores", "west*", "--daily", "09:00-10:00", "--from", "2024-01-01"))
    assert.equal("west west 2 ", values [[SELECT store_id FROM hours_week JOIN store ON store = number
      WHERE effective_from = '2024-01-01' ORDER BY 1]])
    change(1, "hours", "clear", db, "--stores", "west", "--from", "always")

    change(2, "special-day", "set", db, "2024-03-04", "closed", "--where", "side=west", "--note", "strike")
    change(1, "special-day", "set", db, "--stores", "east", "2024-03-04", "10:00-11:00,12:00-13:00")
    assert.equal("east,2 west,1 west 2,1 ", values [[SELECT store_id, count(*) FROM special_day JOIN store ON store = number
      WHERE date = '2024-03-04' GROUP BY store_id ORDER BY 1]])
    change(2, "special-day", "clear", db, "--where", "seen=1", "--where", "side=west", "--stores", "west*", "2024-03-04")
  end)

  it("takes those that a text is found in, or that are in a zone", function()
    shell.good("timezone", "set", db, "east", "Asia/Tokyo")
    shell.good("timezone", "set", db, "west 2", "Africa/Cairo")
    change(2, "attributes", "set", db, "--search", "WEST", "found=1")
    change(1, "attributes", "set", db, "--in-zone", "Asia/Tokyo", "--in-zone", "Asia/Seoul", "found=1")
    change(1, "attributes", "set", db, "--in-zone", "Africa/Cairo", "--search", " 2", "found=2")
    assert.equal("east,1 west,1 west 2,2 ", values [[SELECT store_id, value FROM attribute JOIN store ON store = number
      WHERE name = 'found' ORDER BY 1]])
    local report = shell.good("report", db, "--search", "west", "--all-stores", "--as-of", "2024-03-04")
    assert.matches("^[^\n]+\nwest 2,[^\n]+\n$", report) -- of west there are only attributes
    local status = shell.good("status", db, "--in-zone", "Asia/Tokyo", "--all-stores", "--as-of", "2024-03-04", "--format", "csv")
    assert.matches("^[^\n]+\neast,[^\n]+\n$", status)
    command.expect_failure(db, 1, "there is no store of --search 'no such' --in-zone 'UTC'", "attributes", "set", db, "--search",
      "no such", "--in-zone", "UTC", "a=b")
  end)

  it("is one transaction, whose exclusions are told one to a line", function()
    assert.equal("3\n4\n", change(2, "exclude", "add", db, "--where", "side=west", "--from", "2024-03-04 10:00", "--to",
      "2024-03-04 11:00"))
    local result = shell.run(shell.line("exclude", "add", db, "--stores", "*", "--from", "2024-03-04 10:00", "--to",
      "2024-03-04 12:00") .. " >/dev/full")
    shell.expect_failure(result, 1, "standard output: No space left on device")
    assert.equal("4 ", values "SELECT count(*) FROM exclusion")
  end)

  it("fails where no store is chosen, or one is named beside", function()
    local set = { hours = { "--daily", "closed" }, ["special-day"] = { "2024-03-04", "closed" }, attributes = { "a=b" },
      exclude = { "--from", "2024-03-04 10:00", "--to", "2024-03-04 11:00" } }
    for name, words in pairs(set) do
      local verb = name == "exclude" and "add" or "set"
      command.expect_failure(db, 1, "there is no store of --stores '*' --where 'side=north'", name, verb, db, "--stores", "*",
        "--where", "side=north", words[1], words[2], words[3], words[4])
      command.expect_failure(db, 1, 'store "nobody" is not known', name, verb, db, "--stores", "nobody", words[1], words[2],
        words[3], words[4])
      if name ~= "attributes" then
        command.expect_failure(db, 2, "a store is named, and stores are chosen: either will do", name, verb, db, "--stores", "*",
          "east", words[1], words[2], words[3], words[4])
      end
    end
    command.expect_failure(db, 2, "missing argument 'store'", "hours", "set", db, "--daily", "closed")
    command.expect_failure(db, 2, "missing argument 'store'", "special-day", "clear", db)
    command.expect_failure(db, 2, "missing argument 'spans'", "special-day", "set", db, "--stores", "*", "2024-03-04")
    command.expect_failure(db, 2, 'date: "closed" is not a date', "special-day", "set", db, "--stores", "*", "closed", "x")
    command.expect_failure(db, 2, "missing argument 'attribute'", "attributes", "set", db, "--stores", "*")
    command.expect_failure(db, 2, 'attribute: NAME=VALUE expected, got "east"', "attributes", "set", db, "--stores", "*", "east",
      "a=b")
    command.expect_failure(db, 1, "there is no such special day on 2024-03-04", "special-day", "clear", db, "--stores", "*",
      "2024-03-04")
  end)
end)
