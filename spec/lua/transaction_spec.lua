local core = require "loom.core"
local files = require "support.files"
local loom = require "loom"
local transaction = require "loom.transaction"
local yielding = require "support.yielding"

describe("a transaction", function()
  -- A database that notes what is asked of it, and fails at one step.
  local function make(fails)
    local database = { log = {} }
    for _, step in ipairs { "begin", "execute", "commit", "rollback" } do
      database[step] = function(_, ...)
        database.log[#database.log + 1] = step
        if step == fails then
          return nil, "EFULL: no room", "EFULL"
        elseif step == "execute" then
          return select("#", ...), 7, "first"
        end
        database.argument = ...
        return true
      end
    end
    return database
  end

  it("is committed with what its work returns", function()
    local database = make()
    local got
    assert.equal("result", transaction.run(database, function(execute)
      got = { execute("SQL", 1, 2) }
      return "result"
    end, "keep"))
    assert.same({ 3, 7, "first" }, got)
    assert.same({ "begin", "execute", "commit" }, database.log)
    assert.equal("keep", database.argument)
    database = make()
    assert.same({ "a", "b" }, { transaction.native(database, function() return "a", "b" end) })
    assert.same({ "begin", "commit" }, database.log)
  end)

  it("fails as its first step that fails, and leaves nothing begun", function()
    for fails, log in pairs {
      begin = { "begin" }, execute = { "begin", "execute", "rollback" }, commit = { "begin", "execute", "commit" },
    } do
      local database, went_on = make(fails), false
      local failure = { transaction.run(database, function(execute)
        execute "SQL"
        went_on = true
        return "result"
      end) }
      assert.same({ nil, "EFULL: no room", "EFULL" }, failure)
      assert.same({ log, fails == "commit" }, { database.log, went_on })
    end
    for fails, log in pairs { begin = { "begin" }, commit = { "begin", "commit" } } do
      local database = make(fails)
      assert.same({ nil, "EFULL: no room", "EFULL" }, { transaction.native(database, function() return true end) })
      assert.same(log, database.log)
    end
  end)

  it("is undone where its work fails, by a failure of its own or an error of somebody's", function()
    local database = make()
    assert.same({ nil, "ENOTFOUND: no 5", "ENOTFOUND" }, { transaction.run(database, function()
      transaction.fail("ENOTFOUND", "no %d", 5)
    end) })
    assert.same({ "begin", "rollback" }, database.log)
    database = make()
    local thrown = { "anything" }
    local called, err = pcall(transaction.run, database, function() error(thrown) end)
    assert.is_false(called)
    assert.equal(thrown, err)
    assert.same({ "begin", "rollback" }, database.log)
    database = make()
    local _, text = pcall(transaction.run, database, function() error("text", 0) end)
    assert.equal("text", text)
    database = make()
    assert.same({ nil, "EINVAL: x", "EINVAL" }, { transaction.native(database, function()
      return nil, "EINVAL: x", "EINVAL"
    end) })
    assert.same({ "begin", "rollback" }, database.log)
  end)

  describe("of facts", function()
    local database, monitor

    before_each(function()
      database = assert(core.open(":memory:", { create = true }))
      monitor = { database = database, by = "test", clock = os.time }
    end)

    after_each(function()
      database:close()
    end)

    local function days()
      return #assert(transaction.list(database, { kind = "special_day" }))
    end

    it("is one, however many are put", function()
      local before = assert(database:revision())
      assert.is_true(transaction.facts(monitor, nil, function(facts)
        for day = 1, 28 do
          facts:put { kind = "special_day", store = "a", date = ("2023-02-%02d"):format(day), openings = { 0, 3600 } }
        end
        assert.equal(1, #facts:list { kind = "store" })
        return true
      end))
      assert.equal(28, days())
      assert.equal(before + 1, database:revision())
      assert.same({ { store = "a", date = "2023-02-10", openings = { 0, 3600 }, override = true, reverts = false, text = "" } },
        transaction.list(database, { kind = "special_day", first = "2023-02-10", last = "2023-02-10" }))
    end)

    it("is undone where a fact fails, or its work does", function()
      local function put_and(fail)
        return transaction.facts(monitor, nil, function(facts)
          facts:put { kind = "special_day", store = "*", date = "2023-02-01" }
          fail(facts)
        end)
      end
      local result, message, code = put_and(function() transaction.fail("ENOENT", "no %d", 5) end)
      assert.same({ [2] = "ENOENT: no 5", [3] = "ENOENT" }, { result, message, code })
      assert.has_error(function() put_and(function() error("text", 0) end) end, "text")
      result, message, code = put_and(function(facts)
        facts:put { kind = "exclusion", store = "*", from = 1, to = 0 } -- which the schema refuses
      end)
      assert.is_nil(result)
      assert.matches("^" .. code .. ": ", message)
      assert.equal(0, days())
    end)

    it("raises on misuse", function()
      for expected, fact in pairs {
        ["bad field 'store' of a fact (a store expected)"] = { kind = "zone" },
        ["bad field 'store' of a fact (1 to 255 bytes expected)"] = { kind = "zone", store = "" },
        ["bad field 'date' of a fact (a date expected)"] = { kind = "week", store = "a", date = "tomorrow" },
        ["bad field 'from' of a fact (a whole number expected)"] = { kind = "exclusion", store = "a", from = "x" },
        ["bad field 'openings' of a fact (a list of openings expected)"] =
          { kind = "week", store = "a", date = "2023-02-01", openings = { 1, 2 } },
        ["bad field 'openings' of a fact (weekdays and times of day expected)"] =
          { kind = "week", store = "a", date = "2023-02-01", openings = { 7, 0, 1 } },
      } do
        local called, message = pcall(transaction.facts, monitor, nil, function(facts) facts:put(fact) end)
        assert.is_false(called)
        assert.matches(expected, message, 1, true)
      end
      assert.equal(0, days())
    end)
  end)

  it("is rolled back when what guards it is collected, but not once it has ended", function()
    for _, ended in ipairs { false, true } do
      local database = make()
      function database.writing() return 1, 0 end
      transaction.guard(database).ended = ended
      collectgarbage()
      collectgarbage()
      assert.same(ended and {} or { "rollback" }, database.log)
    end
  end)
end)

describe("a transaction of the monitor", function()
  local path, monitor, other

  files.folder_for_each(function(made)
    path = made .. "/loom.db"
  end)

  -- A test with a monitor, and another one of the same file.
  local function test(name, work)
    it(name, function()
      monitor = assert(loom.open(path, { create = true }))
      assert(monitor:poll("a", true, "2024-03-04 10:00:00"))
      other = assert(loom.open(path))
      work()
      monitor:close()
      other:close()
    end)
  end

  local function set(store, zone)
    return monitor:set_timezone(store, zone or "Europe/Paris")
  end

  -- The stores that a monitor knows, in one text.
  local function known(of)
    return table.concat(assert(of:store_ids()), " ")
  end

  test("is kept as a whole, and seen from outside when it is", function()
    local revision = monitor.database:revision()
    local results = { monitor:transaction(function()
      assert(set "b")
      assert(monitor:poll("c", false, "2024-03-04 11:00:00"))
      assert(monitor:ingest { timezones = function() return nil end } == nil) -- an empty file: a failure that is let pass
      assert.equal("a b c", known(monitor))
      assert.equal("a", known(other))
      return "some", nil, "results"
    end) }
    assert.same({ "some", nil, "results" }, results)
    assert.equal("a b c", known(other))
    assert.equal(revision + 1, monitor.database:revision())
    assert.is_true(monitor:transaction(function() end))
    assert.is_true(monitor:transaction(function() return nil end))
    assert.is_false(monitor:transaction(function() return false end))
  end)

  test("is undone where its work fails or raises, which passes what it says on", function()
    assert.same({ nil, "ELIMIT: enough", "ELIMIT" }, { monitor:transaction(function()
      assert(set "b")
      return nil, "ELIMIT: enough", "ELIMIT"
    end) })
    local thrown = {}
    local called, err = pcall(monitor.transaction, monitor, function()
      assert(set "b")
      error(thrown)
    end)
    assert.same({ false, thrown }, { called, err })
    assert.has_error(function()
      monitor:transaction(function()
        set "b"
        monitor:set_timezone("")
      end)
    end)
    assert.equal("a", known(monitor))
    assert(set "b") -- and nothing is left open
    assert.equal("a b", known(other))
  end)

  test("has parts, which are kept or undone by themselves", function()
    local inner
    assert(monitor:transaction(function()
      assert(set "b")
      inner = { monitor:transaction(function()
        assert(set "c")
        assert(monitor:transaction(function() return set "d" end))
        return nil, "no"
      end) }
      assert.is_false(pcall(monitor.transaction, monitor, function()
        assert(set "e")
        error "no"
      end))
      assert(monitor:transaction(function() return set "f" end))
      assert.equal("a b f", known(monitor))
      assert.equal("a", known(other))
      local _, _, code = monitor:clear_special_day("*", "2024-03-04") -- one that fails has no effect
      assert.equal("ENOENT", code)
    end))
    assert.same({ nil, "no" }, inner)
    assert.equal("a b f", known(other))
    assert.is_nil((monitor:transaction(function()
      assert(monitor:transaction(function() return set "g" end))
      return nil, "no"
    end)))
    assert.equal("a b f", known(other))
  end)

  test("has reports of what has been written in it, while one in the background is of what was before", function()
    local here, background
    local function down(report)
      return report:get("a").last_day.down
    end
    local before = down(assert(monitor:report()))
    monitor:transaction(function()
      assert(monitor:poll("a", false, "2024-03-04 09:59:00"))
      assert(monitor:exclude { store = "*", from = "2024-03-04 00:00:00", to = "2024-03-04 09:59:00" })
      here = down(assert(monitor:report { as_of = "2024-03-04 10:00:00" }))
      local job = assert(monitor:start_report())
      assert.is_true(job:wait(60))
      background = down(assert(job:result()))
      assert.is_table(monitor:explain("a"))
      for row in assert(monitor:query("SELECT count(*) AS n FROM exclusion")) do
        assert.equal(1, row.n)
        local _, _, code = monitor:report() -- which has the handle to itself, as always
        assert.equal("EINVAL", code)
      end
      return nil, "undone"
    end)
    assert.equal(before, background)
    assert.are_not.equal(before, here)
    assert.equal(before, down(assert(monitor:report())))
  end)

  test("is not kept open by a coroutine that is forgotten, nor by a part of one", function()
    if not yielding then
      return
    end
    for _, outer in ipairs { false, true } do
      local wrapped = coroutine.wrap(function()
        monitor:transaction(function()
          assert(set "b")
          coroutine.yield()
        end)
      end)
      if outer then
        assert(monitor:transaction(function()
          assert(set "c")
          wrapped()
        end))
      else
        wrapped()
      end
      wrapped = nil -- luacheck: ignore 311
      collectgarbage()
      collectgarbage()
      assert(other:set_timezone("d", "Europe/Paris"))
      assert.equal(outer and "a c d" or "a d", known(other))
    end
  end)

  test("that goes on when it has ended says so", function()
    if not yielding then
      return
    end
    local wrapped = coroutine.wrap(function()
      return monitor:transaction(function()
        assert(set "b")
        coroutine.yield()
      end)
    end)
    assert(monitor:transaction(wrapped))
    assert(set "c")
    local _, message, code = wrapped()
    assert.equal("EINVAL", code)
    assert.matches("was ended while it was under way", message, 1, true)
    assert.equal("a c", known(other))
    local closing = assert(loom.open(path))
    _, _, code = closing:transaction(function()
      assert(closing:set_timezone("x", "Europe/Paris"))
      closing:close()
    end)
    assert.equal("EINVAL", code)
    assert.equal("a c", known(other))
  end)

  test("fails as a whole where it cannot begin, and in memory knows no background", function()
    local busy = assert(loom.open(path, { busy_timeout = 0 }))
    monitor:transaction(function()
      assert(set "b")
      local called = false
      local _, _, code = busy:transaction(function() called = true end)
      assert.same({ "EBUSY", false }, { code, called })
    end)
    busy:close()
    local memory = assert(loom.open(":memory:", { create = true }))
    assert(memory:transaction(function()
      assert(memory:poll("a", true, "2024-03-04 10:00:00"))
      assert.equal(1, assert(memory:report()):count())
      local _, _, code = memory:start_report() -- a copy in mid-change would be none
      assert.equal("EINVAL", code)
    end))
    memory:close()
  end)
end)
