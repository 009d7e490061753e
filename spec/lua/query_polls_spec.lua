-- The polls table in queries: a connection's first query of it used to fail.

local database = require "support.database"
local files = require "support.files"
local loom = require "loom"

describe("a query of the polls table", function()
  it("may be the first one of a connection", function()
    local folder = files.make_folder()
    local monitor = assert(loom.open(database.make(folder .. "/db")))
    local counts = {}
    for row in assert(monitor:query("SELECT count(*) AS n FROM polls WHERE store_id = ?", "1481966498820158979")) do
      counts[#counts + 1] = row.n
    end
    monitor:close()
    files.remove_folder(folder)
    assert.equal(1, #counts)
    assert.is_true(counts[1] > 0)
  end)

  it("does not let other virtual tables be made", function()
    local monitor = assert(loom.open ":memory:")
    local rows, message, code = monitor:query "CREATE VIRTUAL TABLE other USING polls"
    monitor:close()
    assert.is_nil(rows)
    assert.equal("EINVAL: the query does not only read: not authorized", message)
    assert.equal("EINVAL", code)
  end)
end)
