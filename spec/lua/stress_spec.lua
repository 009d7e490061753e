-- The module's functions called thousands of times, and failing: heap and memory stay as they are, and so does the database.

local database = require "support.database"
local loom = require "loom"
local memory = require "support.memory"

local HEADER = "store_id,status,timestamp_utc\n"
local TIMES = 200

local function mine()
  error("mine", 0)
end

-- A function that gives a text once.
local function once(text)
  return function()
    local piece = text
    text = nil
    return piece
  end
end

describe("failing over and over", function()
  local monitor, report

  before_each(function()
    monitor = assert(loom.open ":memory:")
    assert(monitor:ingest(database.files(database.small)))
    assert(monitor:poll("zoneless", true, 0))
    report = assert(monitor:report { slo = 0.9 })
  end)

  after_each(function()
    report:close()
    monitor:close()
  end)

  for name, calls in pairs {
    reports = {
      function() return monitor:report { hours = mine } end,
      function() return monitor:report { hours = function() return "noon" end } end,
      function() return monitor:start_report { hours = mine } end,
      function() return monitor:report { stores = mine } end,
      function() return monitor:report { stores = { "a", ("*"):rep(2000) } } end,
      function() return monitor:report { default_zone = "Mars/Olympus", strips = true } end,
      function() return monitor:report { as_of = "0001-01-01 10:00:00" } end,
      function() -- windows too far apart
        return monitor:report { windows = { { name = "a", from = 0, to = 1 }, { name = "b", from = 4e9, to = 4e9 + 1 } } }
      end,
      function() return monitor:report { bogus = 1 } end,
      function() return monitor:start_report { default_zone = "Mars/Olympus" } end,
      function() -- jobs that are cancelled
        local job = assert(monitor:start_report())
        job:close()
        return job:result()
      end,
      function() -- jobs whose report fails
        local job = assert(monitor:start_report { as_of = "0001-01-01 10:00:00" })
        job:wait()
        return job:result()
      end,
      function() -- columns that raise
        return report:write(function() end, { columns = { { name = "x", value = mine } } })
      end,
      function() return report:write(function() end, { columns = { "x" } }) end,
      function() return report:rows { sort = mine } end,
      function() return report:group_with(mine, "x") end,
      function() return report:write(function() end, { format = mine }) end,
      function() return report:write(mine) end,
      function() return report:write(function() return nil, "no room" end, { format = "json" }) end,
      function() return report:write "/nonexistent/report.csv" end,
      function() return monitor:timeline("nobody", 0, 1) end,
      function() -- timelines in zones that are not known
        return monitor:timeline("zoneless", 0, 1, { default_zone = "Mars/Olympus" })
      end,
      function() return monitor:explain "nobody" end,
    },
    ingests = {
      function() return monitor:ingest { status = mine } end,
      function() return monitor:ingest { status = { once(HEADER .. "a,active,2024-01-01 10:00:00\n"), mine } } end,
      function() return monitor:ingest { status = function() return nil, "gone" end } end,
      function() return monitor:ingest { status = function() return 5 end } end,
      function() return monitor:ingest { status = once(HEADER .. "a,up,2024-01-01 10:00:00\n") } end,
      function() return monitor:ingest { status = once "\31\139\8\0damaged" } end,
      function() return monitor:ingest { status = "/nonexistent/file" } end,
      function() return monitor:ingest { status = "/" } end,
      function() return monitor:ingest { status = once(HEADER), progress = mine } end,
      function() return monitor:ingest { status = once(HEADER .. "bad\n"), max_rejects = "all", on_reject = mine } end,
      function() return monitor:ingest { status = { "a", nil, "b" } } end,
      function() return monitor:ingester("status", { bogus = true }) end,
      function()
        local ingester = assert(monitor:ingester "status")
        assert(ingester:feed "no,header\n")
        return ingester:finish()
      end,
      function() -- forgotten
        local ingester = assert(monitor:ingester "status")
        assert(ingester:feed(HEADER))
      end,
    },
    changes = {
      function() return monitor:poll("a", "up") end,
      function() return monitor:polls({ { "a", true, 1 }, {} }, { max_rejects = "all", on_reject = mine }) end,
      function() return monitor:set_hours("a", { mon = "9-5" }) end,
      function() return monitor:set_hours("a", {}, { from = "soon" }) end,
      function() return monitor:hours "nobody" end,
      function() return monitor:clear_hours "nobody" end,
      function() return monitor:set_timezone("a", "Mars/Olympus") end,
      function() return monitor:clear_special_day("a", "2024-01-01") end,
      function() return monitor:remove_exclusion(12345) end,
      function() return monitor:exclude { store = "a", from = 2, to = 1 } end,
      function() return monitor:set_attributes("a", { [1] = 2 }) end,
      function() return monitor:prune "long" end,
    },
    queries = {
      function() return monitor:query "DELETE FROM store" end,
      function() return monitor:query "SELECT" end,
      function() return monitor:query("SELECT ?", {}) end,
      function() return monitor:query "SELECT ?" end,
      function() return assert(monitor:query "SELECT abs(-9223372036854775807 - 1)")() end,
      function() -- forgotten
        assert(monitor:query "SELECT * FROM polls")()
      end,
      function() -- forgotten
        monitor:stores()()
      end,
      function() return monitor:export("polls", mine) end,
      function() return monitor:export("polls", function() return nil, "full" end) end,
      function() return monitor:export("sales", print) end,
      function() return loom.open "/nonexistent/database" end,
      function() return loom.open(":memory:", { bogus = true }) end,
      function() -- forgotten
        assert(loom.open ":memory:")
      end,
    },
  } do
    it("takes no more memory: " .. name, function()
      local before = database.contents(monitor)
      for i, call in ipairs(calls) do
        calls[i] = function()
          local called, result = pcall(call)
          assert(not called or not result)
        end
      end
      memory.expect_bounded(calls, TIMES)
      assert.same(before, database.contents(monitor))
      assert(monitor:poll("a", true))
    end)
  end
end)
