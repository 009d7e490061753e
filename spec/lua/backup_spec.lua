local database = require "support.database"
local files = require "support.files"
local loom = require "loom"

describe("a backup", function()
  local folder, path, copy, monitor

  before_each(function()
    folder = files.make_folder()
    path, copy = folder .. "/db", folder .. "/copy"
    monitor = assert(loom.open(database.make(path)))
  end)

  after_each(function()
    monitor:close()
    files.remove_folder(folder)
  end)

  it("is the database as it was when it began", function()
    local before = database.dump(path)
    local told = {}
    local size = assert(monitor:backup(copy, {
      progress = function(done, total)
        told[#told + 1] = { done, total }
        assert(monitor:poll("later", true, "2023-01-25 10:00:00")) -- the monitor is free
      end,
    }))
    assert.same({ { size, size } }, told)
    assert.equal(size, #files.read(copy))
    assert.is_true(before == database.dump(copy))
    assert.is_false(before == database.dump(path))
    monitor:close() -- SQLite keeps descriptors of the file for as long as it has locks
  end)

  it("replaces a file only when it is asked to", function()
    files.write(copy, "something")
    assert.same({ nil, "EINVAL: " .. copy .. ": exists already", "EINVAL" }, { monitor:backup(copy) })
    assert.equal("something", files.read(copy))
    assert(monitor:backup(copy, { replace = true }))
    assert.is_true(database.dump(path) == database.dump(copy))
    monitor:close()
  end)

  it("leaves nothing where it fails", function()
    local _, message, code = monitor:backup(folder .. "/none/copy")
    assert.equal("EIO: " .. folder .. "/none/copy: No such file or directory", message)
    assert.equal("EIO", code)
    assert.has_error(function()
      monitor:backup(copy, { progress = function() error("mine", 0) end })
    end, "mine")
    assert.error_matches(function() monitor:backup(copy, { force = true }) end, "unknown option 'force' to 'backup'", 1, true)
    assert.error_matches(function() monitor:backup() end, "bad argument #1 to 'backup'", 1, true)
    assert.same({ "db", "db-shm", "db-wal" }, files.list(folder))
    monitor:close()
  end)

  it("that is put in the database's place is what was backed up", function()
    local before = database.dump(path)
    assert(monitor:backup(copy))
    assert(monitor:poll("later", true, "2023-01-25 10:00:00"))
    monitor:close()
    assert(os.rename(copy, path))
    assert.is_true(before == database.dump(path))
    monitor = assert(loom.open(path))
    assert.same({}, monitor:check())
  end)
end)
