-- What a stream of events has where nothing happens, on a clock of its own.

local core = require "loom.core"

describe("a silent stream of events", function()
  local clock, before = 0, {}

  before_each(function()
    clock, before.ngx, before.clock = 0, _G.ngx, core.clock
    core.clock = function()
      return clock
    end
  end)

  after_each(function()
    _G.ngx, core.clock = before.ngx, before.clock
  end)

  it("beats every fifteen seconds, which pages tell a service that hangs by", function()
    local printed, at = {}, {}
    _G.ngx = {
      header = {}, var = {}, ctx = {},
      shared = { loom_events = { get = function() end } },
      req = { get_method = function()
        return "GET"
      end },
      print = function(...)
        printed[#printed + 1], at[#at + 1] = table.concat { ... }, clock
      end,
      flush = function()
        return true
      end,
      sleep = function(seconds)
        clock = clock + seconds
      end,
      worker = { exiting = function()
        return clock > 50
      end },
    }
    local events = require "loom.http.events"
    events.routes[1].handler()
    assert.equal(4, #printed)
    for i = 2, 4 do
      assert.equal("event: beat\ndata: {}\n\n", printed[i])
      assert.is_true(at[i] - at[i - 1] >= 14.9 and at[i] - at[i - 1] < 15.5, at[i] - at[i - 1])
    end
  end)
end)
