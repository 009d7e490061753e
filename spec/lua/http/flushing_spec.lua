local core = require "loom.core"
local flushing = require "loom.http.flushing"

local clock, thread = core.clock, core.thread

-- A worker whose clock stands still, and whose thread does what the test says.
describe("flushing", function()
  local now, pending, shared, task, log, left
  local monitor = { path = "cluster.conf", file = "head.db", database = { row = function() return { polls = left } end } }

  before_each(function()
    now, pending, shared, task, log, left = 1000, {}, {}, { state = "idle", count = 0 }, {}, 0
    core.clock = function() return now end
    core.thread = function()
      return {
        start = function(_, work, argument)
          task.state, task.count = "running", task.count + 1
          task.work, task.argument = work, argument
        end,
        state = function() return task.state end,
        result = function()
          task.state = "idle"
          if not task.answer then
            return nil, (task.code or "EUNREACHABLE") .. ": shard 1 does not answer", task.code or "EUNREACHABLE"
          end
          return { read = function() return task.answer end, close = function() end }
        end,
        cancel = function() end,
        close = function() task.is_closed = true end,
      }
    end
    _G.ngx = {
      ERR = 1, NOTICE = 2,
      log = function(_, ...) log[#log + 1] = table.concat { ... } end,
      now = function() return now end,
      timer = { at = function(_, work, ...)
        local arguments = { ... }
        pending[#pending + 1] = function() return work(false, (table.unpack or unpack)(arguments)) end
        return true
      end },
      worker = { id = function() return 0 end, exiting = function() return false end },
      shared = { loom = {
        get = function(_, key) return shared[key] end,
        set = function(_, key, value) shared[key] = value end,
        incr = function(_, key, amount, first)
          shared[key] = (shared[key] or first) + amount
          return shared[key]
        end,
      } },
    }
    flushing.open(monitor, "folder", 0)
  end)

  after_each(function()
    flushing.close(true)
    _G.ngx, core.clock, core.thread = nil, clock, thread
  end)

  -- Lets so many seconds pass, with a look of the worker's.
  local function pass(seconds)
    now = now + (seconds or 0)
    local due = pending
    pending = {}
    for _, work in ipairs(due) do
      work()
    end
    return task.count
  end

  local function finish(waiting)
    task.answer = waiting and ('{"polls":1,"new":1,"duplicates":0,"conflicts":0,"waiting":%d}'):format(waiting)
    task.state = "ended"
    return pass()
  end

  it("begins when the service does, and then every two seconds as long as polls wait", function()
    assert.equal(1, pass())
    finish(0)
    assert.equal(1, pass(1.9))
    flushing.note(3)
    assert.equal(2, pass(0.2))
    finish(0)
    flushing.note(1)
    assert.equal(2, pass(1.9))
    assert.equal(3, pass(0.2))
    flushing.note(2) -- while it runs: of these it may know nothing
    finish(0)
    assert.equal(2, (flushing.figures()))
    assert.equal(4, pass(2))
    finish(5)
    assert.equal(5, (flushing.figures()))
  end)

  it("begins after a second where many polls wait", function()
    pass()
    finish(0)
    flushing.note(65536)
    assert.equal(1, pass(0.9))
    assert.equal(2, pass(0.2))
  end)

  it("tries less and less often while the cluster is away, and says so once", function()
    assert.equal(1, pass())
    finish(nil)
    local count = 1
    for _, pause in ipairs { 4, 8, 16, 30, 30 } do
      flushing.note(65536)
      assert.equal(count, pass(pause - 0.1))
      count = count + 1
      assert.equal(count, pass(0.2))
      finish(nil)
    end
    assert.equal(1, #log)
    assert.equal(6, shared['loom_flushes_total{outcome="failed"}'])
    pass(31)
    finish(0)
    assert.equal(2, #log)
    assert.equal(0, (flushing.figures()))
  end)

  it("looks now and then where nothing waits", function()
    pass()
    finish(0)
    assert.equal(1, pass(9.9))
    assert.equal(2, pass(0.2))
    finish(0)
    assert.equal(2, pass(9.9))
  end)

  it("tries again soon where others write at the same time", function()
    task.code = "EBUSY"
    pass()
    for i = 2, 5 do
      finish(nil)
      flushing.note(1)
      assert.equal(i, pass(2))
    end
    assert.equal(1, #log)
    finish(0)
    assert.equal(2, #log)
  end)

  it("has polls refused while another head alone writes", function()
    pass()
    flushing.note(1)
    task.code = "EOWNER"
    finish(nil)
    for i = 2, 4 do
      local called, problem = pcall(flushing.check)
      assert.is_false(called)
      assert.equal(503, problem.status)
      assert.matches("another head alone writes", problem.detail)
      assert.is_false((pcall(flushing.await)))
      assert.equal(i, pass(10))
      finish(nil)
    end
    assert.equal(1, #log)
    assert.is_true(flushing.is_taken())
    task.code = nil
    pass(10)
    finish(nil) -- nobody knows better while the cluster is away
    assert.is_true(flushing.is_taken())
    pass(30)
    finish(0)
    assert.is_false(flushing.is_taken())
    flushing.check()
    assert.equal(0, (flushing.figures()))
    assert.matches("this head writes to the cluster again", log[#log])
  end)

  local function finish_compaction(tended)
    task.answer, task.state = ('{"tended":%s}'):format(tostring(tended)), "ended"
    return pass()
  end

  it("has days written anew between flushes, one at a time", function()
    flushing.open(monitor, "folder", 5)
    pass()
    finish(0)
    assert.equal(1, pass(4.9))
    assert.equal(2, pass(0.2))
    assert.equal("tend", task.work)
    assert.equal('["cluster.conf",false]', task.argument)
    flushing.note(1)
    assert.equal(2, pass(2)) -- it takes two seconds, of which twenty times as many have to pass
    finish_compaction(true)
    assert.equal(3, pass())
    assert.equal("flush", task.work)
    finish(0)
    assert.equal(1, shared['loom_compactions_total{outcome="done"}'])
    assert.equal(4, pass(37)) -- a look
    finish(0)
    assert.equal(4, pass(0.5))
    pass(1)
    assert.equal("tend", task.work)
    task.answer, task.state = nil, "ended"
    pass()
    assert.equal(1, shared['loom_compactions_total{outcome="failed"}'])
    assert.matches("shard 1 does not answer", log[#log])
    pass(3600)
    finish(0)
    pass()
    assert.equal('["cluster.conf",true]', task.argument)
    finish_compaction(false)
    assert.equal(1, shared['loom_compactions_total{outcome="done"}'])
  end)

  it("takes no more polls when too many wait", function()
    flushing.note(16 * 1024 * 1024 - 1)
    flushing.check()
    flushing.note(1)
    local called, problem = pcall(flushing.check)
    assert.is_false(called)
    assert.equal(503, problem.status)
  end)

  it("knows of what waits from before", function()
    left = 16 * 1024 * 1024
    flushing.open(monitor, "folder")
    assert.equal(left, (flushing.figures()))
    assert.is_false((pcall(flushing.check)))
  end)

  it("is for clusters alone", function()
    flushing.open({ path = "db", file = "db" }, "folder")
    assert.is_false(flushing.is_on())
    flushing.note(16 * 1024 * 1024)
    flushing.check()
    assert.is_nil(flushing.figures())
  end)
end)
