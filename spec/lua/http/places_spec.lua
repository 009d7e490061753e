-- Places that clients share: nobody has all of them, and clients take turns.

local core = require "loom.core"

-- Semaphores as nginx has them, between coroutines.
local function make_semaphore()
  return {
    count = 0,
    post = function(self, count) self.count = self.count + count end,
    wait = function(self, seconds)
      local deadline = core.clock() + seconds
      while self.count == 0 and core.clock() < deadline do
        coroutine.yield()
      end
      local got = self.count > 0
      self.count = got and self.count - 1 or 0
      return got
    end,
  }
end

describe("places", function()
  local Places, before

  setup(function()
    before = package.loaded["ngx.semaphore"]
    package.loaded["ngx.semaphore"] = { new = make_semaphore }
    package.loaded["loom.http.places"] = nil
    Places = require "loom.http.places"
  end)

  teardown(function()
    package.loaded["ngx.semaphore"], package.loaded["loom.http.places"] = before, nil
  end)

  it("are for several clients: none has all of them", function()
    local places = Places.new { all = 3, of_client = 2 }
    assert.is_true(places:try "a")
    assert.is_true(places:try "a")
    assert.is_false(places:try "a")
    assert.is_true(places:try "b")
    assert.is_false(places:try "c")
    assert.same({ false, true }, { places:enter("c", 10) })
    places:leave "b"
    assert.is_false(places:try "a")
    assert.is_true(places:try "c")
    places:leave "a"
    places:leave "a"
    places:leave "c"
    assert.same({ 0, {} }, { places.taken, places.clients })
  end)

  -- Starts to wait as a client; its coroutine, whose name goes to the log when it has its place.
  local function wait(places, name, seconds, log, watch)
    local thread = coroutine.create(function()
      local entered, are_too_many = places:enter(name, seconds, watch)
      log[#log + 1] = entered and name or are_too_many and "too many" or "late"
    end)
    assert(coroutine.resume(thread))
    return thread
  end

  local function resume_all(threads)
    for _, thread in ipairs(threads) do
      if coroutine.status(thread) == "suspended" then
        assert(coroutine.resume(thread))
      end
    end
  end

  it("go round among the clients who wait, however often each of them asks", function()
    local places, threads, log = Places.new { all = 1, of_client = 1, waiting = 100, waiting_of_client = 90 }, {}, {}
    assert.is_true(places:try "greedy")
    for i = 1, 20 do
      threads[i] = wait(places, "greedy", 60, log)
    end
    threads[21], threads[22] = wait(places, "b", 60, log), wait(places, "c", 60, log)
    local holder = "greedy"
    for _ = 1, 22 do
      places:leave(holder)
      resume_all(threads)
      holder = log[#log]
    end
    assert.is_false(places:are_wanted())
    places:leave(holder)
    assert.equal(22, #log)
    local firsts = table.concat(log, " ", 1, 3)
    assert.truthy(firsts:find "b" and firsts:find "c", firsts)
    assert.same({ 0, {}, {} }, { places.taken, places.clients, places.queue })
  end)

  it("are not waited for by too many, nor for ever, nor by those who have gone", function()
    local places, log, watch = Places.new { all = 1, of_client = 1, waiting = 3, waiting_of_client = 2 }, {}, {}
    assert.is_true(places:try "a")
    local threads = { wait(places, "b", 0, log), wait(places, "b", 60, log, watch), wait(places, "b", 60, log),
      wait(places, "b", 60, log), wait(places, "c", 60, log), wait(places, "d", 60, log) }
    assert.same({ "late", "too many", "too many" }, log)
    watch.wake()
    resume_all(threads)
    assert.equal("late", log[4])
    places:leave "a"
    resume_all(threads)
    places:leave(log[5])
    resume_all(threads)
    places:leave(log[6])
    table.sort(log)
    assert.same({ "b", "c", "late", "late", "too many", "too many" }, log)
    assert.same({ 0, {}, {} }, { places.taken, places.queue, places.clients })
  end)
end)
