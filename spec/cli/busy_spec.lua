-- Commands on a database that another process is writing, which is this one.

local core = require "loom.core"
local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

describe("a database that another process is writing", function()
  local folder, db, before

  files.folder_for_each(function(made)
    folder = made
    db = database.make(folder .. "/db")
    before = database.dump(db)
  end)

  it("can be read, but not written", function()
    local timezones = files.write(folder .. "/timezones.csv", "store_id,timezone_str\nnew,UTC\n")
    local holder = assert(core.open(db))
    assert(holder:begin())
    -- The command as it is, but for a wait of 20 milliseconds instead of ten seconds.
    local hurried = files.write(folder .. "/hurried.lua", [[
      local loom = require "loom"
      local open = loom.open
      loom.open = function(path, options)
        return open(path, { create = options and options.create, busy_timeout = 20 })
      end
      os.exit(require("loom.cli").main(arg))
    ]])
    local ingest = shell.run(shell.words(shell.lua, hurried, "ingest", db, "--timezones", timezones))
    local prune = shell.run(shell.words(shell.lua, hurried, "prune", db, "--keep", "1d"))
    local report = shell.loom("report", db)
    holder:rollback()
    holder:close()
    shell.expect_failure(ingest, 1, db .. ": is locked by another process (waited 20 ms)")
    shell.expect_failure(prune, 1, db .. ": is locked by another process (waited 20 ms)")
    assert.equal(0, report.status) -- readers need not wait
    assert.equal(before, database.dump(db))
    shell.good("ingest", db, "--timezones", timezones, "--quiet")
  end)
end)
