-- Handles in the wrong order: what works on a database keeps it open, and has it to itself.

local core = require "loom.core"
local files = require "support.files"
local loom = require "loom"

local POLLS = "store_id,status,timestamp_utc\na,active,2023-01-02 10:00:00 UTC\nb,inactive,2023-01-02 11:00:00 UTC\n"

local function loaded()
  local database = assert(core.open(":memory:", { create = true }))
  local ingest = assert(core.ingest(database, { kind = "polls", source = "polls" }))
  assert(ingest:feed(POLLS))
  assert(ingest:finish())
  assert(database:begin())
  assert(ingest:apply(1000))
  assert(database:commit())
  ingest:close()
  return database
end

local windows = { { length = 3600 * 1000000 } }

describe("the lifetime of handles", function()
  it("lets a report outlive its monitor", function()
    local function compute()
      local monitor = assert(loom.open(":memory:", { create = true }))
      return assert(monitor:report { as_of = "2023-01-02 12:00:00", all_stores = true })
    end
    local report = compute()
    collectgarbage()
    collectgarbage()
    assert.equal(0, report:count())
    report:close()
  end)

  it("lets a database be closed under a report, an export and an ingest", function()
    local database = loaded()
    local report = assert(core.report(database, { windows = windows }))
    assert(report:start())
    database:close()
    assert.is_true(report:wait(10000))
    assert.equal(2, report:count())
    report:close()

    database = loaded()
    local export = assert(core.export(database, "polls"))
    database:close()
    assert.matches("^store_id,", export:next())
    export:close()

    database = loaded()
    local ingest = assert(core.ingest(database, { kind = "timezones", source = "zones" }))
    database:close()
    assert(ingest:feed("store_id,timezone_str\na,Europe/London\n"))
    assert.is_true(ingest:finish())
    ingest:close()
  end)

  it("refuses to write while someone reads", function()
    local database = loaded()
    local export = assert(core.export(database, "polls"))
    for _, attempt in ipairs {
      function() return database:begin() end,
      function() return database:prune(0) end,
    } do
      local result, message, code = attempt()
      assert.is_nil(result)
      assert.equal("EINVAL", code)
      assert.matches("a query or an export is still under way", message, 1, true)
    end
    export:close()
    assert.equal(2, database:info().polls)
    database:close()
  end)

  it("keeps an ingest whole when its callback asks for something else", function()
    local monitor = assert(loom.open(":memory:", { create = true }))
    local path = os.getenv("TMPDIR") .. "/lifetime_polls.csv"
    local file = assert(io.open(path, "w"))
    file:write(POLLS)
    file:close()
    local codes = {}
    assert(monitor:ingest {
      status = path,
      progress = function(_, _, _, phase)
        local _, _, code = monitor:info()
        codes[phase] = code or "none"
      end,
    })
    os.remove(path)
    assert.same({ reading = "none", writing = "EINVAL" }, codes)
    assert.equal(2, monitor:info().polls)
    monitor:close()
  end)

  it("does not write twice, nor after a rollback", function()
    local database = assert(core.open(":memory:", { create = true }))
    local ingest = assert(core.ingest(database, { kind = "polls", source = "polls" }))
    assert(ingest:feed(POLLS))
    assert(ingest:finish())
    assert(database:begin())
    assert.is_true(ingest:apply(1000))
    database:rollback()
    assert(database:begin())
    local _, message, code = ingest:apply(1000)
    assert.equal("EINVAL", code)
    assert.matches("has been written already", message, 1, true)
    database:rollback()
    ingest:close()
    database:close()
  end)

  it("lets several monitors have one file, and others their own memory", function()
    local folder = files.make_folder()
    local monitors = {}
    for i = 1, 3 do
      monitors[i] = assert(loom.open(folder .. "/db", { create = true }))
      monitors[i + 3] = assert(loom.open ":memory:")
    end
    for i, monitor in ipairs(monitors) do
      assert(monitor:poll("store " .. i, true, i))
      assert(monitor:set_attributes("store " .. i, { number = i }))
    end
    for i, monitor in ipairs(monitors) do
      assert.equal(i <= 3 and 3 or 1, monitor:info().polls)
      local report = assert(monitor:report { where = { number = i } })
      assert.equal(1, report:count())
      assert.equal("store " .. i, report:store(1))
      report:close()
    end
    local rows = assert(monitors[1]:query "SELECT store_id FROM polls ORDER BY store_id")
    assert.equal("store 1", rows().store_id)
    assert(monitors[2]:poll("store 0", true, 7)) -- what one reads keeps no other from writing
    assert(monitors[4]:poll("store 0", true, 7))
    assert.equal("store 2", rows().store_id)
    assert.equal("store 3", rows().store_id)
    assert.is_nil(rows())
    for i = #monitors, 1, -1 do
      assert.equal(i <= 3 and 4 or i == 4 and 2 or 1, monitors[i]:info().polls)
      monitors[i]:close()
    end
    files.remove_folder(folder)
  end)

  it("of every sort ends with a clear error when they are used after it", function()
    local monitor = assert(loom.open ":memory:")
    assert(monitor:poll("a", true))
    local stores = monitor:stores()
    local report = assert(monitor:report())
    local rows = assert(monitor:query "SELECT 1")
    local ingester = assert(monitor:ingester "status")
    report:close()
    rows:close()
    ingester:abort()
    monitor:close()
    for message, call in pairs {
      ["bad call of 'info' (loom.monitor is closed)"] = function() monitor:info() end,
      ["loom.report is closed"] = function() report:count() end,
      ["loom.rows is closed"] = function() rows() end,
      ["bad call of 'feed' (the ingester is finished)"] = function() ingester:feed "" end,
      ["loom.monitor is closed"] = function() stores() end,
    } do
      assert.error_matches(call, message, 1, true)
    end
    for _, handle in ipairs { monitor, report, rows } do
      handle:close()
    end
    ingester:abort()
  end)
end)
