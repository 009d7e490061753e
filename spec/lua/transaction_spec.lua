local core = require "loom.core"
local transaction = require "loom.transaction"

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
    local database

    before_each(function()
      database = assert(core.open(":memory:", { create = true }))
    end)

    after_each(function()
      database:close()
    end)

    local function days()
      return #assert(transaction.list(database, { kind = "special_day" }))
    end

    it("is one, however many are put", function()
      local before = assert(database:revision())
      assert.is_true(transaction.facts(database, function(facts)
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
        return transaction.facts(database, function(facts)
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
        local called, message = pcall(transaction.facts, database, function(facts) facts:put(fact) end)
        assert.is_false(called)
        assert.matches(expected, message, 1, true)
      end
      assert.equal(0, days())
    end)
  end)

  it("is rolled back when what guards it is collected, but not once it has ended", function()
    for _, ended in ipairs { false, true } do
      local database = make()
      transaction.guard(database).ended = ended
      collectgarbage()
      collectgarbage()
      assert.same(ended and {} or { "rollback" }, database.log)
    end
  end)
end)
