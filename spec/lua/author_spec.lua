local author = require "loom.author"
local loom = require "loom"

describe("an author", function()
  local monitor = { by = "the monitor's", clock = function()
    return 5
  end }

  it("is who is named, or else the monitor's", function()
    assert.same({ by = "the monitor's", at = 5000000 }, author.of(monitor))
    assert.same({ by = "ann", reason = "why", at = 5000000 }, author.of(monitor, { by = "ann", reason = "why", other = 1 }))
    local into = { store = "a" }
    assert.equal(into, author.of(monitor, {}, into))
    assert.same({ store = "a", by = "the monitor's", at = 5000000 }, into)
  end)

  it("has a name that a column can hold", function()
    for _, name in ipairs { "", "ann", ("x"):rep(255) } do
      assert.equal(name, author.name(name))
    end
    for _, name in ipairs { 5, false, ("x"):rep(256), "a\0b" } do
      assert.is_nil((author.name(name)))
    end
    assert.has_error(function()
      loom.open(":memory:", { create = true, by = ("x"):rep(256) })
    end)
  end)

  it("is library, where a program does not say who it is", function()
    local opened = assert(loom.open(":memory:", { create = true }))
    assert(opened:set_timezone("a", "UTC"))
    assert.equal("library", opened:audit()[1].by)
    opened:close()
  end)
end)
