local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

-- Writes polls one by one until its file is removed, in transactions of their own: mostly into the log.
local writer = [[
local loom = require "loom"
local monitor = assert(loom.open(arg[1]))
for i = 1, 1e6 do
  assert(monitor:poll("store " .. i % 50, i % 3 > 0, 1700000000 + i))
  if i % 20 == 0 and not io.open(arg[2]) then
    break
  end
end
monitor:close()
]]

describe("loom backup", function()
  local folder, db, copy

  files.folder_for_each(function(made)
    folder = made
    db, copy = database.make(folder .. "/db"), folder .. "/copy"
  end)

  local function expect_failure(message, ...)
    shell.expect_failure(shell.loom("backup", ...), 1, message)
  end

  it("makes one whole file, and replaces none unless it is told to", function()
    assert.equal(("%s: backed up to %s, %d bytes\n"):format(db, copy, #files.read(db)), (shell.good("backup", db, copy)))
    assert.is_true(database.dump(db) == database.dump(copy))
    expect_failure(copy .. ": exists already: --force replaces it", db, copy)
    shell.good("backup", db, copy, "--force", "--quiet")
    expect_failure(db .. ": is the database itself", db, db, "--force")
    expect_failure(folder .. "/none: no such database", folder .. "/none", copy, "--force")
    assert.same({ "copy", "db" }, files.list(folder))
  end)

  it("is good while others write", function()
    files.write(folder .. "/writer.lua", writer)
    files.write(folder .. "/go", "")
    local checks = ""
    for i = 1, 3 do
      local to = copy .. i
      checks = checks .. (" && %s && %s && %s"):format(shell.line("backup", db, to), shell.line("check", to),
        shell.line("query", to, "SELECT count(*) AS n FROM polls", "--format", "csv"))
    end
    local result = shell.run(("%s %s/writer.lua %s %s/go & pid=$!\n { true%s; }; status=$?; rm %s/go; wait $pid && exit $status")
      :format(shell.lua, folder, db, folder, checks, folder))
    assert.equal("", result.err)
    assert.equal(0, result.status)
    local counts = {}
    for count in result.out:gmatch("\nn\n(%d+)\n") do
      counts[#counts + 1] = tonumber(count)
    end
    assert.equal(3, #counts)
    assert.is_true(counts[1] <= counts[2] and counts[2] <= counts[3])
  end)
end)
