local files = require "support.files"
local loom = require "loom"
local report_folder = require "loom.report_folder"
local shell = require "support.shell"

describe("the folder of a database's reports", function()
  local folder

  files.folder_for_each(function(made)
    folder = made
    assert.equal(0, shell.run(("cd %s && mkdir one two"):format(folder)).status)
  end)

  -- What claim gives for a database and a folder.
  local function claim(name, reports)
    local monitor = assert(loom.open(folder .. "/" .. name, { create = true }))
    assert(monitor:polls { { "a", "active", 0 } })
    local good, message, code = report_folder.claim(monitor, folder .. "/" .. reports)
    monitor:close()
    return good, message, code
  end

  it("is its own, again and again", function()
    assert.is_true(claim("a.db", "one"))
    assert.is_true(claim("a.db", "one"))
  end)

  it("is no other database's", function()
    assert(claim("a.db", "one"))
    local good, message, code = claim("b.db", "one")
    assert.same({ nil, "EINVAL" }, { good, code })
    assert.equal(("EINVAL: %s/one: has the reports of another database, %s/a.db: each one needs a folder of its own")
      :format(folder, folder), message)
    assert.is_true(claim("b.db", "two"))
    assert.is_true(claim("a.db", "one"))
  end)

  it("is the only one", function()
    assert(claim("a.db", "one"))
    local good, message, code = claim("a.db", "two")
    assert.same({ nil, "EINVAL" }, { good, code })
    assert.matches("/a.db: its reports are in " .. folder .. "/one: go on there", message, 1, true)
    os.remove(folder .. "/one/.loom-database")
    assert.is_true(claim("a.db", "two"))
  end)

  it("may be moved, as the database may, and be that of one that came in its place", function()
    assert(claim("a.db", "one"))
    os.rename(folder .. "/one", folder .. "/three")
    assert.is_true(claim("a.db", "three"))
    os.rename(folder .. "/a.db", folder .. "/moved.db")
    assert.is_true(claim("moved.db", "two"))
    assert.is_true(claim("a.db", "three"))
    assert(shell.run(("cd %s && cp moved.db copy.db"):format(folder)).status == 0)
    os.remove(folder .. "/moved.db")
    assert.is_true(claim("copy.db", "two"))
  end)

  it("is left as it is by what cannot be written", function()
    local monitor = assert(loom.open(folder .. "/a.db", { create = true }))
    assert(monitor:polls { { "a", "active", 0 } })
    local good, _, code = report_folder.claim(monitor, folder .. "/none")
    assert.same({ nil, "EIO" }, { good, code })
    local rows = assert(monitor:query "SELECT * FROM service")
    assert.is_nil(rows())
    monitor:close()
  end)
end)
