local timer = require "loom.http.timer"

describe("a timer", function()
  local pending, logged, slept, refused, now, exiting

  before_each(function()
    pending, logged, slept, refused, now, exiting = {}, {}, {}, 0, 1000, false
    _G.ngx = {
      ERR = "error",
      now = function() return now end,
      log = function(_, ...) logged[#logged + 1] = table.concat { ... } end,
      sleep = function(seconds)
        now = now + seconds
        slept[#slept + 1] = seconds
      end,
      worker = { exiting = function() return exiting end },
      timer = { at = function(seconds, work, ...)
        if refused > 0 then
          refused = refused - 1
          return nil, "too many pending timers"
        end
        pending[#pending + 1] = { seconds, work, ... }
        return true
      end },
    }
  end)

  after_each(function()
    _G.ngx = nil
  end)

  it("is made by nginx where it can be", function()
    timer.after(5, print, 1, 2)
    assert.same({ { 5, print, 1, 2 } }, pending)
    assert.same({}, slept)
  end)

  it("that cannot be made is waited for, and told of once a minute, so that a chain never ends", function()
    local calls = 0
    local function tick(premature, name)
      assert.same({ false, "x" }, { premature, name })
      calls = calls + 1
      return timer.after(0.05, tick, "x")
    end
    refused = 100000 -- more than the stack has room for
    tick(false, "x")
    assert.same({ 100001, 100000 }, { calls, #slept })
    assert.same({ { 0.05, tick, "x" } }, pending)
    assert.equal("loom: no timer can be made: too many pending timers", logged[1])
    assert.equal(math.ceil(100000 * 0.05 / 60), #logged)
  end)

  it("is not made any more, and not missed, by a worker that exits", function()
    refused, exiting = 1, true
    timer.after(5, error)
    assert.same({ {}, {}, {} }, { pending, slept, logged })
  end)

  it("is told when the worker exits meanwhile", function()
    refused = 1
    local sleep, premature = _G.ngx.sleep, nil
    _G.ngx.sleep = function(seconds)
      sleep(seconds)
      exiting = true
    end
    timer.after(5, function(early) premature = early end)
    assert.is_true(premature)
  end)
end)
