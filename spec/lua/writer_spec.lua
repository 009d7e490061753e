-- The native writer as Lua has it.

local core = require "loom.core"
local files = require "support.files"
local loom = require "loom"

local HEADER = "store_id,status,timestamp_utc\n"

describe("a writer", function()
  local folder, writer

  files.folder_for_each(function(made)
    folder = made
  end)

  -- A test with a writer, whose files are closed when it ends.
  local function with_writer(work)
    return function()
      writer = assert(core.writer(folder .. "/db"))
      local good, err = pcall(work)
      writer:close()
      if not good then
        error(err, 0)
      end
    end
  end

  -- Waits for a write, for a minute at the most.
  local function await(write)
    local deadline, done, message, code = core.clock() + 60
    repeat
      done, message, code = write:is_done()
    until done ~= false or core.clock() > deadline
    return done, message, code
  end

  local function count()
    local monitor = assert(loom.open(folder .. "/db"))
    local polls = monitor:info().polls
    monitor:close()
    return polls
  end

  it("writes batches", with_writer(function()
    local batch = core.staging(2)
    assert(batch:add("a", true, 1700000000000000))
    assert(batch:add("a", true, 1700000000000000))
    local write = assert(writer:polls(batch))
    assert.error_matches(function()
      batch:add("a", true, 0)
    end, "loom.staging is closed")
    assert.is_true(await(write))
    assert.same({ rows = 2, new = 1, duplicates = 1, conflicts = 0, rejected = 0 }, write:counts())
    assert.same({}, write:rejects())
    write:close()
    assert.equal(1, count())
  end))

  it("writes texts, and tells what is bad about them", with_writer(function()
    local write = assert(writer:poll_text("json", '[{"store_id":"a","status":"up"}]', { now = 0 }))
    local done, message, code = await(write)
    assert.same({ "EINPUT: 1 of 1 polls are bad: number 1: status: \"up\" is not a status (active or inactive)", "EINPUT" },
      { message, code })
    assert.is_nil(done)
    assert.same({ { number = 1, line = 1, column = "status", value = "up", reason = "is not a status (active or inactive)",
      well_formed = false } }, write:rejects())
    write = assert(writer:poll_text("csv", HEADER .. "a,active,2023-01-01 00:00:00\nb,x,y\n", { max_rejects = -1 }))
    assert.is_true(await(write))
    assert.equal(1, write:counts().rejected)
    assert.equal(1, count())
  end))

  it("removes polls and stores step by step, between which others write", with_writer(function()
    local rows = { HEADER }
    for day = 1, 600 do
      rows[#rows + 1] = ("long,active,%s\n"):format(os.date("!%Y-%m-%d 00:00:00", day * 86400))
    end
    assert.is_true(await(assert(writer:poll_text("csv", table.concat(rows), { max_rejects = 0 }))))
    local gone, is_last = 0, false
    for step = 1, 3 do
      assert.is_false(is_last)
      local write = assert(writer:remove { store = "long", whole_store = true })
      local other = assert(writer:poll_text("csv", HEADER .. "a,active,2023-01-01 00:00:0" .. step .. "\n"))
      assert.is_true(await(write))
      local removed
      removed, is_last = write:removed()
      gone = gone + removed.gone.polls
      assert.has_error(function() write:rejects() end, "the write is a removal")
      assert.is_true(await(other))
      assert.has_error(function() other:removed() end, "the write is no removal")
    end
    assert.is_true(is_last)
    assert.equal(600, gone)
    assert.equal(3, count())
    local _, _, code = await(assert(writer:remove { store = "long" }))
    assert.equal("ENOENT", code)
    for _, wrong in ipairs { {}, { store = "" }, { store = ("x"):rep(256) }, { store = "a", until_ = 1 } } do
      assert.has_error(function() writer:remove(wrong) end)
    end
  end))

  it("takes uploads piece by piece", with_writer(function()
    local upload = assert(writer:upload { kind = "polls", source = "file" })
    for _, piece in ipairs { HEADER, "a,active,2023-01-01 ", "00:00:00\n" } do
      assert.is_true(upload:push(piece))
    end
    assert.error_matches(function()
      upload:counts()
    end, "still under way")
    upload:finish()
    assert.is_true(await(upload))
    assert.equal(1, upload:counts().new)
    local parsed, written = upload:progress()
    assert.same({ #HEADER + 29, 1 }, { parsed, written })
  end))

  it("drops uploads that are aborted, closed or left to the collector", with_writer(function()
    local upload = assert(writer:upload { kind = "polls" })
    assert.is_true(upload:push(HEADER .. "a,active,2023-01-01 00:00:00\n"))
    upload:abort()
    local _, _, code = await(upload)
    assert.equal("ECANCELED", code)
    assert(writer:upload { kind = "polls" }):close()
    assert(writer:upload { kind = "polls" })
    collectgarbage()
    collectgarbage()
    assert(writer:upload { kind = "polls" })
    writer:close()
    assert.equal(0, count())
  end))

  it("refuses misuse", with_writer(function()
    local batch = core.staging(1)
    local write = assert(writer:polls(batch))
    assert.error_matches(function()
      write:push("x")
    end, "no upload")
    assert.error_matches(function()
      writer:upload { kind = "nothing" }
    end, "kind")
    assert.error_matches(function()
      writer:poll_text("xml", "", {})
    end, "xml")
    assert.error_matches(function()
      writer:poll_text("json", "", { then_ = 1 })
    end, "unknown option")
    writer:close()
    assert.error_matches(function()
      writer:polls(core.staging(1))
    end, "loom.writer is closed")
    assert.is_nil((core.writer("/nowhere/db")))
  end))

  it("has metatables that release it", with_writer(function()
    for _, handle in ipairs { writer, assert(writer:polls(core.staging(1))) } do
      local metatable = debug.getmetatable(handle)
      assert.matches("^loom%.write", metatable.__name)
      assert.equal("function", type(metatable.__gc))
    end
  end))
end)
