local database = require "support.database"
local loom = require "loom"
local values = require "loom.formats.values"

describe("one store", function()
  local monitor

  before_each(function()
    monitor = assert(loom.open ":memory:")
    assert(monitor:ingest(database.files(database.small)))
  end)

  after_each(function()
    monitor:close()
  end)

  it("is what the stores have of it", function()
    monitor:set_attributes("1481966498820158979", { region = "north", size = 3 })
    local count = 0
    for store in monitor:stores() do
      assert.same(store, monitor:store(store.store_id))
      count = count + 1
    end
    assert.equal(4, count)
    assert.equal("north", monitor:store("1481966498820158979").attributes.region)
    assert.same({ nil, 'ENOENT: store "nobody" is not known', "ENOENT" }, { monitor:store("nobody") })
    assert.error_matches(function() monitor:store(7) end, "bad argument #1 to 'store'", 1, true)
  end)

  it("has a timezone, whose origin is known", function()
    monitor:set_attributes("new", { a = "b" })
    assert.same({ timezone_str = "America/Chicago", origin = "default" }, monitor:timezone("new"))
    monitor:set_timezone("new", "Asia/Tokyo")
    assert.same({ timezone_str = "Asia/Tokyo", origin = "override" }, monitor:timezone("new"))
    assert.same({ nil, 'ENOENT: store "nobody" is not known', "ENOENT" }, { monitor:timezone("nobody") })
  end)

  it("has its attributes replaced", function()
    monitor:set_attributes("a", { x = "1", y = "2" })
    monitor:set_attributes("a", { z = "3" }, { replace = true })
    assert.same({ z = "3" }, monitor:attributes("a"))
    monitor:set_attributes("a", { x = "1" })
    assert.same({ x = "1", z = "3" }, monitor:attributes("a"))
    assert.error_matches(function() monitor:set_attributes("a", {}, { all = true }) end,
      "unknown option 'all' to 'set_attributes'", 1, true)
  end)

  it("is chosen by an id that looks like a pattern", function()
    assert(monitor:polls { { "a*", true, "2024-03-04 12:00:00" }, { "ab", true, "2024-03-04 12:00:00" } })
    local report = assert(monitor:report { stores = { ids = { "a*", "nobody" } } })
    assert.equal(1, #report)
    assert.equal("a*", report[1].store_id)
    report:close()
    report = assert(monitor:report { stores = { "a*" } })
    assert.equal(2, #report)
    report:close()
    for _, wrong in ipairs { { ids = "a" }, { ids = { 7 } }, { ids = { "a" }, more = 1 } } do
      assert.error_matches(function() monitor:report { stores = wrong } end, "bad option 'stores'", 1, true)
    end
  end)

  it("is the same JSON from the native half as from Lua", function()
    local report = assert(monitor:report { preset = "monitoring" })
    for i = 1, #report do
      local row = values.row(report, report[i], {})
      assert.equal(row, report:json_stores { i })
      assert.equal(row:match('"windows":(.*)}$'), report:json_of(i))
    end
    report:close()
  end)

  it("is among those that are chosen", function()
    local report = assert(monitor:report())
    local choice, go_on = report:chooser("*")
    assert.is_true(go_on(monitor.database, 1))
    assert.equal(3, choice:count())
    local rows, left, total, last = report:page("up", 1, true, 2, choice)
    assert.equal(2, #rows)
    assert.equal(3, left)
    assert.equal(3, total)
    assert.is_number(last)
    local other = assert(monitor:report { all_stores = true })
    assert.error_matches(function() other:page("up", 1, true, 2, choice) end, "the choice is of another report", 1, true)
    other:close()
    choice:close()
    assert.error_matches(function() report:page("up", 1, true, 2, choice) end, "loom.choice is closed", 1, true)
    assert.error_matches(function() report:page("speed", 1, true, 2) end, "name of a figure expected", 1, true)
    report:close()
  end)
end)
