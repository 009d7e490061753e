-- Threads with Lua states of their own: what tasks write, return and raise, and that they end.

local core = require "loom.core"
local database = require "support.database"
local files = require "support.files"

local LIMIT = 60 -- seconds, under Valgrind and on a busy machine
local MEMORY = 256 * 1024 -- bytes that a spool keeps in memory

describe("a thread", function()
  local folder, thread

  before_each(function()
    folder = files.make_folder()
    thread = assert(core.thread { module = "support.tasks", folder = folder, limit = 10 * MEMORY })
  end)

  after_each(function()
    thread:close()
    files.remove_folder(folder)
  end)

  local function await()
    local deadline = core.clock() + LIMIT
    while thread:state() ~= "ended" do
      assert(core.clock() < deadline, "the task does not end")
    end
    return thread:result()
  end

  local function run(name, argument)
    thread:start(name, argument or "")
    return await()
  end

  local function read(spool)
    local parts, at = {}, 0
    repeat
      local text = assert(spool:read(at, 100000))
      parts[#parts + 1], at = text, at + #text
    until text == ""
    assert.equal(spool:size(), at)
    spool:close()
    return table.concat(parts)
  end

  it("does one task after the other, and gives what they write", function()
    assert.equal("idle", thread:state())
    for _, text in ipairs { "x", "", "a\0b\255", ("long "):rep(MEMORY) } do
      assert.is_true(text == read(assert(run("echo", text))))
      assert.equal("idle", thread:state())
    end
    assert.is_true(("abc"):rep(MEMORY) == read(assert(run("times", MEMORY .. " abc"))))
    assert.same({}, files.list(folder))
  end)

  it("is waited for, and tells how far its task is", function()
    assert.is_false(thread:wait(0))
    assert.equal(0, thread:progress())
    for _, share in ipairs { 0, 0.25, 1 } do
      thread:start("tell", tostring(share))
      assert.is_true(thread:wait(1000) or thread:wait(1000) or thread:wait(1000))
      assert.equal(share, thread:progress())
      thread:result():close()
    end
    thread:start("tell", "1.5")
    local _, message = await()
    assert.matches("0 to 1 expected", message)
    thread:start("forever", "")
    assert.is_false(thread:wait(1))
    assert.is_false(pcall(thread.wait, thread, -1))
    thread:cancel()
    await()
  end)

  it("works on a database in a state of its own", function()
    database.make(folder .. "/db")
    local monitor = assert(core.open(folder .. "/db"))
    local rows = monitor:query "SELECT count(*) AS n FROM store"
    assert.equal(tostring(rows().n), read(assert(run("count_stores", folder .. "/db"))))
    rows:close()
    monitor:close()
  end)

  it("tells what a task fails with", function()
    assert.same({ nil, "ENOENT: there is no such thing", "ENOENT" }, { run "fail" })
    local spool, message, code = run "raise"
    assert.same({ nil, "raised", nil }, { spool, message, code })
    spool, message, code = run "raise_table"
    assert.same({ nil, "an error that is no text", nil }, { spool, message, code })
    spool, message = run "nothing"
    assert.is_nil(spool)
    assert.matches("nil value", message)
    assert.equal("x", read(assert(run("echo", "x"))))
  end)

  it("ends a task that was cancelled, also one that would go on for ever", function()
    thread:start("forever", "")
    thread:cancel()
    local spool, message, code = await()
    assert.same({ nil, "ECANCELED: the task was cancelled", "ECANCELED" }, { spool, message, code })
    assert.equal("x", read(assert(run("echo", "x"))))
    thread:start("forever", "")
    thread:close()
  end)

  it("takes no more than its limit", function()
    local spool, message, code = run("forever", "0123456789")
    assert.is_nil(spool)
    assert.equal("EFULL", code)
    assert.matches("longer than " .. 10 * MEMORY, message)
    assert.same({}, files.list(folder))
  end)

  it("says that there is no folder for what is long", function()
    local other = assert(core.thread { module = "support.tasks", folder = folder .. "/none" })
    thread, other = other, thread
    other:close()
    assert.equal("x", read(assert(run("echo", "x"))))
    local _, message, code = run("echo", ("x"):rep(MEMORY))
    assert.equal("EIO", code)
    assert.is_nil(message:find(folder, 1, true))
  end)

  it("says that its module cannot be loaded", function()
    local other = assert(core.thread { module = "support.nothing", folder = folder })
    thread, other = other, thread
    other:close()
    local _, message = run "echo"
    assert.matches("support.nothing", message, 1, true)
  end)

  it("refuses what makes no sense", function()
    assert.error_matches(function() core.thread { folder = folder } end, "module and folder expected")
    assert.error_matches(function() core.thread { module = "x", folder = folder, limits = 1 } end, "limits")
    assert.error_matches(function() thread:result() end, "has not ended")
    thread:start("forever", "")
    assert.error_matches(function() thread:start("echo", "") end, "has a task")
    thread:cancel()
    await()
    local spool = assert(run("echo", "x"))
    for _, bad in ipairs { { -1, 1 }, { 0, 0 }, { 0, 2 ^ 30 } } do
      assert.error(function() spool:read(bad[1], bad[2]) end)
    end
    spool:close()
    assert.error_matches(function() spool:read(0, 1) end, "is closed")
    thread:close()
    assert.error_matches(function() thread:state() end, "is closed")
  end)
end)
