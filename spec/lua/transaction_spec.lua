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
