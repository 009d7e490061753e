local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local retention = require "loom.retention"
local transaction = require "loom.transaction"

local STORE = "1481966498820158979"

describe("pruning", function()
  it("removes nothing where it fails", function()
    local monitor = assert(loom.open ":memory:")
    assert(monitor:ingest(database.files(database.small)))
    local before = monitor:info().polls
    assert(transaction.run(monitor.database, function(execute) -- as where another writes for longer than is waited
      execute "INSERT INTO alert_event(id, alert, rule, state, at, event) VALUES('e', 'a', 'down', 'firing', 0, '{}')"
      execute "DROP TABLE alert_message_event"
      return true
    end))
    local found, message = monitor:prune("0s", { force = true })
    assert.is_nil(found)
    assert.matches("alert_message_event", message, 1, true)
    assert.equal(before, monitor:info().polls)
    monitor:close()
  end)
end)

describe("removing", function()
  local monitor

  before_each(function()
    monitor = assert(loom.open ":memory:")
    assert(monitor:ingest(database.files(database.small)))
  end)

  after_each(function()
    monitor:close()
  end)

  describe("polls of a store", function()
    it("takes one, a stretch with both its ends, or all", function()
      local newest = monitor:store(STORE).last_poll
      assert.equal(1, monitor:delete_polls(STORE, newest, newest).gone.polls)
      assert.equal(6, monitor:info().polls)
      local found = monitor:delete_polls(STORE, nil, "2024-03-04 10:00:00")
      local ten, twelve = "2024-03-04 10:00:00.000000 UTC", "2024-03-04 12:00:00.250000 UTC"
      assert.same({
        gone = { polls = 1, days = 1, first = newest - 21600, newest = newest - 21600, first_utc = ten, newest_utc = ten },
        kept = { polls = 1, days = 1, first = newest - 14399.75, newest = newest - 14399.75, first_utc = twelve,
          newest_utc = twelve },
      }, found)
      assert.equal(1, monitor:delete_polls(STORE).gone.polls)
      assert.same({ gone = { polls = 0, days = 0 }, kept = { polls = 0, days = 0 } }, monitor:delete_polls(STORE))
      assert.is_nil(monitor:store(STORE).first_poll)
      assert.equal(4, monitor:info().polls)
      assert.same({}, monitor:check())
    end)

    it("takes those up to the end of time", function()
      assert(monitor:polls({ { "late", true, "9999-12-31 23:59:59.999999" } }, { max_ahead = "none" }))
      assert.equal(1, monitor:delete_polls("late", nil, "9999-12-31 23:59:59.999999").gone.polls)
    end)

    it("tells what would go, and does nothing, with dry_run", function()
      local before = database.dump_of(monitor)
      local found = monitor:delete_polls(STORE, nil, nil, { dry_run = true })
      assert.equal(before, database.dump_of(monitor))
      assert.same(found, monitor:delete_polls(STORE))
    end)

    it("is refused what is wrong", function()
      local nobody, message, code = monitor:delete_polls "nobody"
      assert.same({ n = 0, 'ENOENT: store "nobody" is not known', "ENOENT" }, { n = nobody and 1 or 0, message, code })
      for _, wrong in ipairs { {}, { "" }, { STORE, "soon" }, { STORE, 2, 1 }, { STORE, 1, 2, { force = true } } } do
        assert.error_matches(function() monitor:delete_polls(wrong[1], wrong[2], wrong[3], wrong[4]) end, "delete_polls", 1, true)
      end
      assert.equal(7, monitor:info().polls)
    end)
  end)

  it("a store takes everything that is known of it", function()
    assert(monitor:set_hours(STORE, { mon = "09:00-17:00" }, { from = "always" }))
    assert(monitor:set_special_day(STORE, "2024-03-04", "closed"))
    assert(monitor:exclude { store = STORE, from = 1, to = 2 })
    assert(monitor:set_attributes(STORE, { region = "north" }))
    local before = database.dump_of(monitor)
    local found = monitor:delete_store(STORE, { dry_run = true })
    assert.equal(before, database.dump_of(monitor))
    local gone = monitor:delete_store(STORE)
    assert.same(found, gone)
    assert.equal(3, gone.gone.polls)
    assert.is_true(gone.hours > 0 and gone.special_days > 0 and gone.exclusions > 0 and gone.attributes == 1 and gone.timezone)
    assert.is_nil(database.dump_of(monitor):find(STORE, 1, true))
    assert.equal("ENOENT", (select(3, monitor:store(STORE))))
    assert.equal("ENOENT", (select(3, monitor:delete_store(STORE))))
    assert.same({}, monitor:check())
    assert.error_matches(function() monitor:delete_store("x", { force = true }) end, "unknown option 'force'", 1, true)
  end)

  -- What remains is what a database holds that never had them.
  it("leaves the same reports as if they had never been there", function()
    local function report_of(source)
      local report = assert(source:report { all_stores = true })
      local path = os.tmpname()
      assert(report:write(path, { format = "exact" }))
      report:close()
      local text = files.read(path)
      os.remove(path)
      return text
    end
    local other = assert(loom.open ":memory:")
    local polls, left = {}, {}
    for i = 1, 600 do
      local poll = { "s" .. i % 3, i % 7 > 1, 1.7e9 + i * 7321 }
      polls[i] = poll
      if not (poll[1] == "s1" and i >= 100 and i <= 590) and poll[1] ~= "s2" then
        left[#left + 1] = poll
      end
    end
    monitor:close()
    monitor = assert(loom.open ":memory:")
    assert(monitor:polls(polls))
    assert(other:polls(left))
    assert(monitor:delete_polls("s1", polls[100][3], polls[590][3]))
    assert(monitor:delete_store "s2")
    assert.equal(database.dump_of(other), database.dump_of(monitor))
    assert.equal(report_of(other), report_of(monitor))
    local expected, info = other:info(), monitor:info()
    expected.size, info.size = nil, nil
    assert.same(expected, info)
    other:close()
  end)

  it("takes transactions of so much work each", function()
    local polls = {}
    for day = 1, 600 do
      polls[day] = { "long", true, day * 86400 }
    end
    assert(monitor:polls(polls))
    local function revision()
      return monitor.database:revision()
    end
    local before = revision()
    local gone = monitor:delete_polls("long").gone
    assert.same({ polls = 600, days = 600, first = 86400, newest = 600 * 86400,
      first_utc = "1970-01-02 00:00:00.000000 UTC", newest_utc = "1971-08-24 00:00:00.000000 UTC" }, gone)
    assert.equal(before + 3, revision())
  end)

  it("ends with what others have left, or with the first failure", function()
    local steps = { { { gone = { polls = 2, days = 1, first = 5, newest = 6 } }, false }, { nil, "ENOENT: x", "ENOENT" } }
    local function take_step()
      local step = table.remove(steps, 1)
      return step[1], step[2], step[3]
    end
    assert.equal(2, retention.remove(take_step).gone.polls)
    steps = { { nil, "ENOENT: x", "ENOENT" } }
    assert.same({ nil, "ENOENT: x", "ENOENT" }, { retention.remove(take_step) })
    steps = { { { gone = { polls = 0, days = 0 } }, false }, { nil, "EIO: x", "EIO" } }
    assert.same({ nil, "EIO: x", "EIO" }, { retention.remove(take_step) })
  end)
end)
