local database = require "support.database"
local files = require "support.files"
local loom = require "loom"

describe("a monitor", function()
  local folder, monitor

  before_each(function()
    folder = files.make_folder()
    monitor = assert(loom.open ":memory:")
    assert(monitor:ingest(database.files(database.small)))
  end)

  after_each(function()
    monitor:close()
    files.remove_folder(folder)
  end)

  it("raises once it is closed", function()
    monitor:close()
    for _, method in ipairs { "info", "check" } do
      assert.error_matches(function() monitor[method](monitor) end, "loom.monitor is closed", 1, true)
    end
    assert.error_matches(function() monitor:report() end, "loom.monitor is closed", 1, true)
    assert.error_matches(function() monitor:prune "1d" end, "loom.monitor is closed", 1, true)
    assert.error_matches(function() monitor:export("polls", print) end, "loom.monitor is closed", 1, true)
  end)

  it("tells what it holds", function()
    local info = monitor:info()
    assert.equal(4, info.stores)
    assert.equal(3, info.polled_stores)
    assert.equal(7, info.polls)
    assert.equal(9, info.schema_version)
  end)

  it("is checked", function()
    assert.same({}, monitor:check())
  end)

  it("is pruned", function()
    assert.equal(2, monitor:prune("1d").gone.polls)
    assert.equal(0, monitor:prune("1d").gone.polls)
    assert.equal(5, monitor:info().polls)
  end)

  it("is pruned by a duration with its unit alone: 90 is no 90 days", function()
    for _, wrong in ipairs { -1, 90, 0, "90", "0", "1e3", "day", {}, false, "90 d" } do
      assert.error_matches(function() monitor:prune(wrong) end, "duration with its unit, such as 90d", 1, true)
    end
    assert.error_matches(function() monitor:prune() end, "bad argument #1 to 'prune'", 1, true)
    assert.error_matches(function() monitor:prune("1d", { yes = true }) end, "unknown option 'yes' to 'prune'", 1, true)
    assert.equal(7, monitor:info().polls)
  end)

  it("tells what would go and what stays", function()
    local found = monitor:prune("1d", { dry_run = true })
    assert.equal(7, monitor:info().polls)
    assert.same({ 2, 5 }, { found.gone.polls, found.kept.polls })
    assert.equal(monitor:info().newest_poll, found.kept.newest)
    assert.equal(found.kept.newest - 86400, found.cut)
    assert.equal(monitor:info().first_poll, found.gone.first)
    assert.is_true(found.gone.newest < found.cut and found.cut <= found.kept.first)
    assert.same(found, monitor:prune "1d")
    local empty = assert(loom.open(":memory:"))
    assert.same({ gone = { polls = 0, days = 0 }, kept = { polls = 0, days = 0 } }, empty:prune "1d")
    empty:close()
  end)

  it("loses more than half of its polls by force alone", function()
    local removed, message, code = monitor:prune "0s"
    assert.is_nil(removed)
    assert.equal("ECONFIRM", code)
    assert.matches("^ECONFIRM: :memory:: 6 of 7 polls are from before ", message)
    assert.equal(7, monitor:info().polls)
    assert.equal(6, monitor:prune("0s", { force = true }).gone.polls)
  end)

  it("counts from its clock where a poll is of the future", function()
    local now = monitor:info().newest_poll + 3600
    local clocked = assert(loom.open(":memory:", { clock = function() return now end, max_ahead = "none" }))
    assert(clocked:polls { { "a", true, now - 3 * 86400 }, { "a", true, now - 86400 }, { "a", true, now },
      { "b", true, now + 40 * 365 * 86400 } })
    assert.equal(1, clocked:prune("2d").gone.polls)
    assert.equal(3, clocked:info().polls)
    clocked:close()
  end)

  describe("exports", function()
    it("piece by piece", function()
      local pieces = {}
      assert.is_true(monitor:export("timezones", function(text)
        pieces[#pieces + 1] = text
        return true
      end))
      assert.equal('store_id,timezone_str\n1481966498820158979,UTC\n"café, ""north""",Europe/Paris\n'
        .. "known only by zone,Asia/Kathmandu\nnight,UTC\n", table.concat(pieces))
    end)

    it("until writing fails, and can then be used again", function()
      local good, message, code = monitor:export("polls", function()
        return nil, "no room"
      end)
      assert.is_nil(good)
      assert.equal("EIO: no room", message)
      assert.equal("EIO", code)
      assert.has_error(function()
        monitor:export("polls", function() error("of the caller's", 0) end)
      end, "of the caller's")
      assert.is_true(monitor:export("polls", function() return true end))
      assert(monitor:ingest { timezones = database.small .. "/timezones.csv" })
    end)

    it("no other kinds", function()
      assert.error_matches(function() monitor:export("sales", print) end, "one of polls, hours", 1, true)
    end)
  end)

  it("works on after a failure", function()
    assert.is_nil((monitor:ingest { status = folder .. "/none.csv" }))
    assert.is_nil((monitor:report { default_zone = "Mars/Olympus" }))
    local report = assert(monitor:report())
    assert.equal(3, report:count())
    report:close()
    assert(monitor:ingest(database.files(database.small)))
  end)

  it("may be closed before its report", function()
    local report = assert(monitor:report())
    monitor:close()
    assert.equal(3, report:count())
    report:close()
  end)

  -- The only test that knows about Lua versions: 5.1 has no such variables.
  it("closes at the end of its scope, where there is such a thing", function()
    local chunk = (loadstring or load) [[
      local open, path = ...
      local seen
      do
        local monitor <close> = open(path, { create = true })
        seen = monitor
      end
      return seen
    ]]
    if chunk then
      local closed = chunk(loom.open, folder .. "/db")
      assert.has_error(function() closed:info() end)
    end
  end)
end)
