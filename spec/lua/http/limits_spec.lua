local limits = require "loom.http.limits"
local shell = require "support.shell"

describe("limits", function()
  it("leave descriptors for everything but connections", function()
    for _, running in ipairs { 1, 2, 64 } do
      for _, descriptors in ipairs { 800, 1024, 4096, 65536, math.huge } do
        local connections, streams = limits.of(descriptors, running)
        assert.is_true(2 * connections + 8 * running + 100 <= descriptors)
        assert.is_true(streams >= 1 and 2 * streams <= connections)
      end
    end
    assert.same({ 454, 227 }, { limits.of(1024) })
    assert.same({ 4096, 1000 }, { limits.of(1 / 0) })
  end)

  it("are least ones with next to none", function()
    assert.same({ 16, 8 }, { limits.of(10) })
  end)

  it("are all there are with as many as are wanted", function()
    assert.equal(limits.wanted(2), limits.wanted())
    for _, running in ipairs { 1, 64 } do
      assert.equal(4096, (limits.of(limits.wanted(running), running)))
      assert.equal(4095, (limits.of(limits.wanted(running) - 1, running)))
    end
  end)

  it("are those of the process", function()
    local soft, hard = limits.descriptors(), limits.descriptors "hard"
    assert.is_true(soft >= 1 and soft <= hard)
    local result = shell.run("ulimit -Sn 60 && ulimit -Hn 70 && " .. os.getenv "LOOM_LUA"
      .. [[ -e 'local of = require("loom.http.limits").descriptors print(of() .. " " .. of "soft" .. " " .. of "hard")']])
    assert.equal("60 60 70\n", result.out, result.err)
  end)
end)
