local core = require "loom.core"
local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local shell = require "support.shell"
local Watch = require "loom.watch"

describe("a watch", function()
  local folder, path, monitor

  -- A test with a database of its own.
  local function test(name, body)
    it(name, function()
      folder = files.make_folder()
      path = folder .. "/db"
      monitor = assert(loom.open(path, { create = true }))
      local good, err = pcall(body)
      monitor:close()
      files.remove_folder(folder)
      if not good then
        error(err, 0)
      end
    end)
  end

  -- A watch, and a function that looks and gives what was told, as lines.
  local function watch_of(watched, since, only)
    local watch, told = assert(Watch.new(watched, since, only)), {}
    watch:subscribe(function(change)
      told[#told + 1] = table.concat({ change.kind, change.store_id or "-", change.status or nil }, " ")
        .. (change.turned and " turned" or "")
    end)
    return watch, function(pause)
      told = {}
      assert.is_not_nil(watch:look(pause))
      return told
    end
  end

  test("tells each kind of change once", function()
    local _, look = watch_of(monitor)
    assert.same({}, look())
    local changes = {
      { function() assert(monitor:poll("a", true, 1000)) end, "polls a active" },
      { function() assert(monitor:poll("a", false, 1001)) end, "polls a inactive turned" },
      { function() assert(monitor:poll("a", true, 900)) end, "polls a inactive" },
      { function() assert(monitor:set_hours("a", { mon = "09:00-17:00" }, { from = "2020-01-01" })) end, "hours a" },
      { function() assert(monitor:clear_hours("a", { from = "2020-01-01" })) end, "hours a" },
      { function() assert(monitor:set_timezone("a", "UTC")) end, "timezones a" },
      { function() assert(monitor:set_special_day("a", "2020-01-01", {})) end, "special_days a" },
      { function() assert(monitor:set_special_day("*", "2020-01-01", {})) end, "special_days -" },
      { function() assert(monitor:clear_special_day("*", "2020-01-01")) end, "special_days -" },
      { function() assert(monitor:exclude { store = "a", from = 0, to = 10 }) end, "exclusions a" },
      { function() assert(monitor:remove_exclusion(1)) end, "exclusions a" },
      { function() assert(monitor:set_attributes("a", { x = "1", y = "2" })) end, "attributes a" },
      { function() assert(monitor:delete_polls("a", 1001, 1001)) end, "polls a active turned" },
    }
    for i, change in ipairs(changes) do
      change[1]()
      assert.same({ change[2] }, look(), i)
      assert.same({}, look())
    end
  end)

  test("tells of the removal of a store", function()
    local _, look = watch_of(monitor)
    assert(monitor:poll("a", true, 1000))
    assert(monitor:set_timezone("a", "UTC"))
    assert(monitor:poll("b", true, 1000))
    look()
    assert(monitor:delete_store "a")
    assert.same({ "removal a" }, look())
    assert(monitor:poll("a", true, 1000))
    assert.same({ "polls a active" }, look())
  end)

  test("tells of stores that have turned alone, if that is wanted", function()
    local _, look = watch_of(monitor, nil, "turned")
    for i, step in ipairs {
      { true, 1000 }, { true, 1001 }, { false, 900 }, { false, 1002, "polls a inactive turned" }, { false, 1003 },
      { true, 1003, "polls a active turned" }, -- corrected
    } do
      assert(monitor:poll("a", step[1], step[2]))
      assert(monitor:set_timezone("b", "UTC"))
      assert.same({ step[3] }, look(), i)
    end
  end)

  test("tells every subscriber", function()
    local watch, look = watch_of(monitor)
    local count = 0
    watch:subscribe(function() count = count + 1 end)
    assert(monitor:poll("a", true, 1000))
    assert.equal(1, #look())
    assert.equal(1, count)
  end)

  test("tells what has changed several times once, as it is then", function()
    local _, look = watch_of(monitor)
    for i = 1, 5 do
      assert(monitor:poll("a", i % 2 == 0, 1000 + i))
      assert(monitor:set_attributes("b", { x = tostring(i) }))
    end
    assert.same({ "attributes b", "polls a inactive turned" }, look())
  end)

  test("tells nothing of what is known already, and nothing twice", function()
    local _, look = watch_of(monitor)
    for _ = 1, 2 do
      assert(monitor:poll("a", true, 1000))
    end
    assert.equal(1, #look())
    assert(monitor:poll("a", true, 1000))
    assert.same({}, look())
  end)

  test("hears other processes, and what happened while nobody watched", function()
    local watch, look = watch_of(monitor)
    local polls = folder .. "/polls.csv"
    files.write(polls, "store_id,status,timestamp_utc\na,active,2024-01-01 00:00:00\nb,inactive,2024-01-01 00:00:00\n")
    assert.equal(0, shell.run(shell.command .. " " .. shell.words("ingest", path, "--quiet", "--status", polls)).status)
    assert.same({ "polls a active", "polls b inactive" }, look())
    local seen = watch.seen
    files.write(polls, "store_id,status,timestamp_utc\na,inactive,2024-01-01 00:00:01\n")
    assert.equal(0, shell.run(shell.command .. " " .. shell.words("ingest", path, "--quiet", "--status", polls)).status)
    monitor:close()
    monitor = assert(loom.open(path))
    local _, go_on = watch_of(monitor, seen)
    assert.same({ "polls a inactive turned" }, go_on())
    local _, from_now = watch_of(monitor)
    assert.same({}, from_now())
    local _, from_the_start = watch_of(monitor, 0)
    assert.equal(2, #from_the_start())
  end)

  test("sees one snapshot after the other, whoever else reads or writes", function()
    assert(monitor:polls {})
    local writer = assert(loom.open(path))
    local _, look = watch_of(monitor)
    assert(writer:poll("a", true, 1000))
    -- A reader of the same handle keeps its snapshot of the past: what comes is told when it has ended.
    local rows = assert(monitor:query "SELECT store_id FROM store UNION ALL SELECT 'more'")
    rows()
    assert(writer:poll("b", true, 1000))
    assert.same({ "polls a active" }, look())
    rows:close()
    assert.same({ "polls b active" }, look())
    -- A reader of another handle keeps nobody from anything.
    local reader = assert(loom.open(path))
    rows = assert(reader:query "SELECT store_id FROM store UNION ALL SELECT 'more'")
    rows()
    assert(writer:poll("a", false, 1001))
    assert.same({ "polls a inactive turned" }, look())
    rows:close()
    reader:close()
    writer:close()
  end)

  test("tells what is changed during a look in this one or the next, and not in both", function()
    assert(monitor:polls {})
    local writer = assert(loom.open(path))
    local polls = { "store_id,status,timestamp_utc" }
    for i = 1, 5000 do
      polls[#polls + 1] = ("s%d,active,2024-01-01 00:00:00"):format(i)
    end
    files.write(folder .. "/polls.csv", table.concat(polls, "\n") .. "\n")
    local _, look = watch_of(monitor)
    assert(writer:ingest { status = folder .. "/polls.csv" })
    local paused, counts = 0, {}
    local function count(told)
      for _, line in ipairs(told) do
        counts[line] = (counts[line] or 0) + 1
      end
    end
    count(look(function()
      paused = paused + 1
      assert(writer:poll("s1", false, "2024-01-02 00:00:00")) -- it was told already, and will be again
      assert(writer:poll("s5000", false, "2024-01-02 00:00:00")) -- it was not
    end))
    assert.equal(3, paused)
    assert.is_nil(counts["polls s5000 active"])
    assert.is_nil(counts["polls s5000 inactive turned"])
    count(look())
    assert.equal(1, counts["polls s1 active"])
    assert.equal(1, counts["polls s1 inactive turned"])
    assert.equal(1, counts["polls s5000 inactive turned"])
    assert.equal(1, counts["polls s4999 active"])
    writer:close()
  end)

  test("misses nothing and repeats nothing while another process writes", function()
    assert(monitor:polls {})
    local script = folder .. "/write.lua"
    files.write(script, ([[
      local monitor = assert(require("loom").open(%q))
      for i = 1, 160 do
        assert(monitor:poll("s" .. i %% 20, i %% 3 == 0, i))
      end
      monitor:close()
      io.open(%q, "w"):close()]]):format(path, folder .. "/done"))
    local watch, newest, status, told = assert(Watch.new(monitor)), {}, {}, 0
    watch:subscribe(function(change)
      assert.is_true(change.instant > (newest[change.store_id] or 0))
      newest[change.store_id], status[change.store_id], told = change.instant, change.status, told + 1
    end)
    shell.run(shell.words(shell.lua, script) .. " >/dev/null 2>&1 &")
    local deadline = core.clock() + 60
    repeat
      local is_done = files.exists(folder .. "/done")
      assert.is_not_nil(watch:look())
      assert.is_true(core.clock() < deadline)
    until is_done
    for i = 141, 160 do
      assert.equal(i * 1000000, newest["s" .. i % 20])
      assert.equal(i % 3 == 0 and "active" or "inactive", status["s" .. i % 20])
    end
    assert.is_true(told >= 20 and told <= 160)
  end)

  test("that is broken off tells again what it told", function()
    local _, look = watch_of(monitor)
    assert(monitor:poll("a", true, 1000))
    assert.error_matches(function() look(function() error("enough", 0) end) end, "enough", 1, true)
    assert.same({ "polls a active" }, look())
  end)

  test("that was away for long is told that anything may have changed", function()
    local watch, look = watch_of(monitor)
    assert(monitor:set_attributes("a", { x = "1" }))
    local seen = watch.seen
    assert(monitor.database:begin())
    assert(monitor.database:execute([[WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
      INSERT INTO change(number, kind, store_id) SELECT revision + 1, 'hours', 's' || i FROM n, overall]]))
    assert(monitor.database:commit())
    assert(monitor:poll("a", true, 1000))
    assert.same({ "attributes -", "exclusions -", "hours -", "polls a active", "removal -", "special_days -", "timezones -" },
      (function(told) table.sort(told) return told end)(look()))
    assert.same({}, look())
    local _, behind = watch_of(monitor, seen)
    assert.equal(7, #behind())
  end)

  test("tells when another database is in the place of the one before", function()
    local _, look = watch_of(monitor, 1000)
    assert(monitor:poll("a", true, 1000))
    assert.same({ "everything -", "polls a active" }, look())
    assert(monitor:poll("b", true, 1000))
    assert.same({ "polls b active" }, look())
  end)

  test("knows the newest status, as the stores' polls tell it", function()
    math.randomseed(11)
    local _, look = watch_of(monitor)
    local newest, status = {}, {}
    for _ = 1, 300 do
      local id, active, instant = "s" .. math.random(5), math.random(2) == 1, math.random(200)
      assert(monitor:poll(id, active, instant - 100))
      if instant >= (newest[id] or 0) then
        newest[id], status[id] = instant, active
      end
      for _, line in ipairs(look()) do
        assert.equal(("polls %s %s"):format(id, status[id] and "active" or "inactive"), (line:gsub(" turned", "")))
      end
    end
  end)

  test("costs next to nothing where nothing changes", function()
    database.make(folder .. "/other")
    local _, look = watch_of(monitor)
    look()
    local started = core.clock()
    for _ = 1, 1000 do
      look()
    end
    assert.is_true(core.clock() - started < 1) -- a thousand of them
  end)
end)
