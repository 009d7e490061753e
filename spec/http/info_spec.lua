local contract = require "support.contract"
local loom = require "loom"
local server = require "support.api"

describe("/v1/info", function()
  setup(function()
    server.start()
  end)

  teardown(function()
    server.stop()
  end)

  it("tells what loom.monitor:info does", function()
    local told = contract.expect(200, "GET", "/v1/info")
    assert.same(require("cjson").null, told.newest_poll)
    local monitor = assert(loom.open(server.database(), { create = false }))
    assert(monitor:poll("s", true, "2024-03-01 10:00:00"))
    local found = assert(monitor:info())
    monitor:close()
    told = contract.expect(200, "GET", "/v1/info")
    for name, value in pairs(told) do
      assert.equal(name:find "_poll$" and found[name .. "_utc"] or found[name], value, name)
    end
    assert.equal(1, told.polls)
  end)

  it("has no parameters", function()
    contract.expect_problem(400, "x", "GET", "/v1/info?x=1")
  end)
end)
