local later = require "loom.later"
local shell = require "support.shell"

describe("a module that is loaded later", function()
  local loads

  before_each(function()
    loads = 0
    for name in pairs { ["some.module"] = true, ["some.other"] = true } do
      package.loaded[name] = nil
      package.preload[name] = function()
        loads = loads + 1
        return { name = name, call = function(value) return value end }
      end
    end
  end)

  after_each(function()
    for name in pairs { ["some.module"] = true, ["some.other"] = true } do
      package.loaded[name], package.preload[name] = nil, nil
    end
  end)

  it("is loaded once, when a field of it is read", function()
    local module = later.module "some.module"
    assert.equal(0, loads)
    assert.equal("some.module", module.name)
    assert.equal(7, module.call(7))
    assert.is_nil(module.none)
    assert.equal(1, loads)
  end)

  it("has one stand-in for all who name it, and knows one that is loaded", function()
    local first, second = later.module "some.module", later.module "some.module"
    assert.equal(first.call, second.call)
    assert.equal(first.call, later.module("some.module").call)
    assert.equal(1, loads)
  end)

  it("is loaded with all others on request, for what runs for long", function()
    local one, other = later.module "some.module", later.module "some.other"
    later.load_all()
    assert.equal(2, loads)
    later.load_all()
    assert.equal("some.module", one.name)
    assert.equal("some.other", other.name)
    assert.equal(2, loads)
  end)

  it("raises what loading it raises", function()
    package.preload["some.module"] = function() error "broken" end
    local module = later.module "some.module"
    assert.error_matches(function() return module.name end, "broken")
    package.loaded["some.module"] = { name = "mended" }
    assert.equal("mended", module.name)
  end)
end)

describe("loom", function()
  it("does not load what a small script does not ask for", function()
    local script = [[local loom = require "loom" assert(loom.open ":memory:"):close()
      for _, name in ipairs { "loom.doctor", "loom.overrides", "loom.alerts.replay", "loom.preview", "loom.report" } do
        assert(not package.loaded[name], name)
      end
      require("loom.later").load_all()
      assert(package.loaded["loom.alerts.replay"])]]
    local result = shell.run(shell.words(shell.lua, "-e", script))
    assert.equal("", result.err)
    assert.equal(0, result.status)
  end)
end)
