local check = require "loom.check"
local loom = require "loom"

describe("what was misused", function()
  local monitor

  before_each(function()
    monitor = assert(loom.open ":memory:")
  end)

  after_each(function()
    monitor:close()
  end)

  local function misuse(...)
    local called, err = pcall(...)
    assert.is_false(called)
    return check.misuse(err)
  end

  it("is told by the option", function()
    local found = misuse(monitor.report, monitor, { as_of = "x" })
    assert.equal("as_of", found.option)
    assert.equal('timestamp or seconds since 1970 expected, got "x"', found.expected)
    assert.equal("bad option 'as_of' to 'report' (" .. found.expected .. ")", found.message)
    found = misuse(monitor.report, monitor, { colour = 1 })
    assert.equal("colour", found.option)
    assert.is_true(found.is_unknown)
    found = misuse(monitor.exclude, monitor, { store = "a" })
    assert.equal("from", found.option)
    assert.is_true(found.is_missing)
  end)

  it("is told by the argument", function()
    local found = misuse(monitor.timeline, monitor, "a", "x", 1)
    assert.equal(2, found.argument)
    assert.is_nil(found.option)
    assert.is_false(found.is_unknown)
  end)

  it("is nothing where something else was wrong", function()
    assert.is_nil(misuse(error, "bad argument #1 to 'report' (x)"))
    assert.is_nil(misuse(error, {}))
    local called, err = pcall(monitor.report, monitor, 7)
    assert.is_false(called)
    assert.equal("bad options to 'report' (table expected, got 7)", check.misuse(err).message)
    assert.is_nil(misuse(error, "another one"))
  end)
end)
