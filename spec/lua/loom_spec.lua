local files = require "support.files"
local loom = require "loom"

describe("loom", function()
  it("has a version, which is that of its native half", function()
    assert.matches("^%d+%.%d+%.%d+$", loom.version)
    assert.equal(require("loom.core").version, loom.version)
  end)

  it("has its formats by name", function()
    for _, name in ipairs { "csv", "exact", "json", "table" } do
      assert.equal("function", type(loom.formats[name]))
    end
  end)

  it("opens a database in memory", function()
    local monitor = assert(loom.open ":memory:")
    assert.equal("loom.monitor (:memory:)", tostring(monitor))
    assert.equal(0, monitor:info().stores)
    monitor:close()
    monitor:close()
  end)

  it("makes a file only when something is written", function()
    local folder = files.make_folder()
    local path = folder .. "/db"
    local missing, message, code = loom.open(path)
    local monitor = assert(loom.open(path, { create = true }))
    local before = files.exists(path)
    local failed = monitor:ingest { status = folder .. "/none.csv" }
    local after_failure = files.exists(path)
    assert(monitor:ingest { timezones = "spec/fixtures/small/timezones.csv" })
    local after = files.exists(path)
    monitor:close()
    files.remove_folder(folder)
    assert.is_nil(missing)
    assert.equal("ENOENT: " .. path .. ": no such database", message)
    assert.equal("ENOENT", code)
    assert.is_nil(failed)
    assert.same({ false, false, true }, { before, after_failure, after })
  end)

  it("raises on misuse", function()
    assert.has_error(function() loom.open() end)
    assert.has_error(function() loom.open({}) end)
    assert.has_error(function() loom.open(":memory:", { mode = "w" }) end)
  end)

  it("can be used by two handles on one file", function()
    local folder = files.make_folder()
    local path = folder .. "/db"
    local writer = assert(loom.open(path, { create = true }))
    assert(writer:ingest { status = "spec/fixtures/small/store_status.csv" })
    local reader = assert(loom.open(path))
    assert.equal(7, reader:info().polls)
    assert(writer:ingest { timezones = "spec/fixtures/small/timezones.csv" })
    assert.equal(4, reader:info().stores_with_timezone)
    writer:close()
    reader:close()
    files.remove_folder(folder)
  end)
end)
