-- Opening: what a path names, and that looking at it takes nothing from those who have it open.

local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local opening = require "loom.opening"
local shell = require "support.shell"

describe("opening", function()
  local folder

  files.folder_for_each(function(made)
    folder = made
  end)

  -- A process loses the locks of a file as soon as it closes that once, however often it has it open: others would then take
  -- themselves for the last ones, and remove its log.
  it("a database again lets go of no lock on it", function()
    local path = folder .. "/db"
    local monitor = database.open_warm(path)
    assert(loom.open(path)):close()
    opening.file(path)
    shell.good("attributes", "set", path, "1", "region=west")
    assert.is_true(files.exists(path .. "-wal"))
    assert.equal("west", assert(monitor:attributes "1").region)
    assert(monitor:set_attributes("1", { region = "east" }))
    assert.matches("east", shell.good("query", path, "SELECT value FROM attribute"))
    monitor:close()
  end)

  it("finds the head of a cluster.conf of any length", function()
    local path = folder .. "/cluster.conf"
    local text = "loom cluster 1\ndatabase a\nshard http://127.0.0.1:1\nhead head.db\n#"
    local head = opening.cluster() and folder .. "/head.db" or path -- without the module no conf can be read
    for _, length in ipairs { #text, 511, 512, 513, 4096, 65536 } do
      files.write(path, text .. ("#"):rep(length - #text))
      assert.equal(head, opening.file(path), length)
    end
    shell.good("ingest", folder .. "/db", "examples/data", "--quiet")
    assert.equal(folder .. "/db", opening.file(folder .. "/db"))
  end)

  it("knows a cluster.conf by its first line, of any length, and leaves it as it is", function()
    local path = folder .. "/cluster.conf"
    for _, length in ipairs { 14, 15, 100, 511, 512, 513, 1024, 16384 } do
      local text = ("loom cluster 1\n" .. ("#"):rep(length)):sub(1, length)
      files.write(path, text)
      assert.equal(length % 512 ~= 0, opening.is_conf(path), length)
      local monitor, message = loom.open(path, { create = true })
      assert.is_nil(monitor)
      assert.is_nil(message:find("SQLite", 1, true), message)
      assert.equal(text, files.read(path))
    end
    assert.is_false(opening.is_conf(folder))
    files.write(path, ("#"):rep(512))
    assert.equal(path, opening.file(path))
    assert.is_false(opening.is_conf(folder .. "/none"))
  end)
end)
