local files = require "support.files"
local loom = require "loom"
local made_up = require "support.report"

-- Options of a report that takes a while: a century of many stores, on one thread.
local function slow(more)
  local options = { threads = 1, windows = { { name = "century", seconds = 36500 * 86400 } } }
  for name, value in pairs(more or {}) do
    options[name] = value
  end
  return options
end

local STORES = 30

local function fill(monitor)
  local polls = {}
  for i = 1, STORES do
    polls[i] = { ("%03d"):format(i), i % 3 > 0, i * 3600 }
  end
  assert(monitor:polls(polls))
  return monitor
end

for _, place in ipairs { "memory", "a file" } do
  describe("a job on a database in " .. place, function()
    -- A test with a monitor of its own, which is closed before the test ends: until then SQLite keeps some descriptors of
    -- connections that were closed.
    local function test(name, check)
      it(name, function()
        local folder = files.make_folder()
        local monitor = fill(assert(loom.open(place == "memory" and ":memory:" or folder .. "/db", { create = true })))
        local good, err = pcall(check, monitor)
        collectgarbage() -- jobs that were left running
        collectgarbage()
        monitor:close()
        files.remove_folder(folder)
        if not good then
          error(err, 0)
        end
      end)
    end

    test("runs, and then has a report", function(monitor)
      local job = assert(monitor:start_report(slow()))
      assert.equal("running", job:state())
      assert.equal("loom.job (running)", tostring(job))
      assert.is_false(job:wait(0))
      local none, message, code = job:result()
      assert.is_nil(none)
      assert.equal("EBUSY: the report is not complete", message)
      assert.equal("EBUSY", code)
      local last = 0
      while not job:wait(0.01) do
        local share = job:progress()
        assert.is_true(share >= last and share <= 1)
        last = share
      end
      assert.equal("complete", job:state())
      assert.equal("loom.job (complete)", tostring(job))
      assert.equal(1, job:progress())
      assert.is_true(job:wait(0))
      assert.is_true(job:wait())
      local report = assert(job:result())
      assert.equal(report, job:result())
      assert.equal(STORES, #report)
      local direct = assert(monitor:report(slow()))
      assert.is_true(made_up.text("exact", direct) == made_up.text("exact", report))
      job:cancel() -- too late
      assert.equal("complete", job:state())
      job:close()
      job:close()
      assert.equal(STORES, #report)
      assert.equal(report, job:result())
      direct:close()
      report:close()
    end)

    test("is cancelled", function(monitor)
      local job = assert(monitor:start_report(slow()))
      job:cancel()
      job:cancel()
      assert.is_true(job:wait())
      assert.equal("cancelled", job:state())
      for _ = 1, 2 do
        local none, message, code = job:result()
        assert.is_nil(none)
        assert.matches("^ECANCELED: ", message)
        assert.equal("ECANCELED", code)
      end
      assert.is_true(job:progress() < 1)
      job:cancel()
      job:close()
    end)

    test("is cancelled by closing it", function(monitor)
      local job = assert(monitor:start_report(slow()))
      job:close()
      job:close()
      assert.equal("cancelled", job:state())
      assert.is_true(job:wait(0))
      assert.same({ nil, "ECANCELED: the job was closed", "ECANCELED" }, { job:result() })
      job:cancel()
      local another = assert(monitor:start_report(slow()))
      getmetatable(another).__close(another)
      assert.equal("cancelled", another:state())
    end)

    test("is complete, but has no report any more when it is closed without having been asked", function(monitor)
      local job = assert(monitor:start_report())
      assert.is_true(job:wait())
      job:close()
      assert.equal("ECANCELED", (select(3, job:result())))
    end)

    test("sees what was stored when it started", function(monitor)
      local before = assert(monitor:report(slow()))
      local job = assert(monitor:start_report(slow { all_stores = true }))
      assert.equal("running", job:state())
      assert(monitor:polls { { "new", true, 1e9 }, { "001", false, 1e9 } })
      assert(monitor:set_hours("002", { mon = "09:00-10:00" }, { from = "always" }))
      assert(monitor:set_timezone("003", "Asia/Kathmandu"))
      assert(monitor:exclude { store = "*", from = 0, to = 1e9 })
      assert(monitor:ingest { status = "spec/fixtures/small/store_status.csv" })
      assert(monitor:prune("0s", { force = true }))
      assert.is_true(job:wait())
      local report = assert(job:result())
      assert.equal(before.as_of, report.as_of)
      assert.is_true(made_up.text("exact", before) == made_up.text("exact", report))
      before:close()
      report:close()
    end)

    test("runs beside others, while the monitor is used", function(monitor)
      local jobs = {}
      for i = 1, 5 do
        jobs[i] = assert(monitor:start_report(slow { stores = ("%03d"):format(i * 3), threads = i % 2 }))
        assert(monitor:poll(("%03d"):format(i * 3), true, 1e6 + i))
      end
      local report = assert(monitor:report())
      assert.equal(STORES, #report)
      report:close()
      for i = #jobs, 1, -1 do
        assert.is_true(jobs[i]:wait())
        report = assert(jobs[i]:result())
        assert.equal(1, #report)
        assert.equal(("%03d"):format(i * 3), report:store(1))
        assert.equal(i == 1 and STORES * 3600 or 1e6 + i - 1, report.as_of)
        report:close()
      end
    end)

    test("outlives its monitor", function(monitor)
      local job = assert(monitor:start_report(slow()))
      monitor:close()
      assert.is_true(job:wait())
      local report = assert(job:result())
      assert.equal(STORES, report:totals().stores)
      assert.is_true(#made_up.text("json", report) > 1000)
      report:close()
    end)

    test("can be dropped while it runs", function(monitor)
      for _ = 1, 8 do
        assert(monitor:start_report(slow()))
        collectgarbage()
      end
    end)

    test("can be started while a query is open, and a job runs while one is", function(monitor)
      local rows = assert(monitor:query "SELECT store_id FROM store")
      rows()
      local job = assert(monitor:start_report())
      rows()
      assert.is_true(job:wait())
      assert.equal(STORES, #assert(job:result()))
      assert.is_truthy(rows())
      rows:close()
    end)

    test("fails as the report does", function(monitor)
      local none, message, code = monitor:start_report { default_zone = "Mars/Olympus" }
      assert.is_nil(none)
      assert.equal('EINPUT: default zone: "Mars/Olympus" is not a zone of the tz database', message)
      assert.equal("EINPUT", code)

      assert.same({ nil, "EINVAL: window last_day begins before the year 1", "EINVAL" },
        { monitor:start_report { as_of = "0001-01-01 10:00:00" } })

      -- A zone that was in the tz database once, and is not any more: without another store there is nothing to report.
      assert(monitor.database:begin())
      assert(monitor.database:execute("UPDATE store SET timezone = 'Mars/Olympus'"))
      assert(monitor.database:commit())
      local job = assert(monitor:start_report())
      assert.is_true(job:wait())
      assert.equal("failed", job:state())
      assert.equal("loom.job (failed)", tostring(job))
      for _ = 1, 2 do
        none, message, code = job:result()
        assert.is_nil(none)
        assert.matches("Mars/Olympus", message, 1, true)
        assert.equal("EINPUT", code)
      end
      assert.same({ none, message, code }, { monitor:report() })
      job:cancel()
      job:close()
      assert.equal("failed", job:state())
      assert.same({ nil, message, code }, { job:result() })
    end)

    test("names what is wrong", function(monitor)
      local job = assert(monitor:start_report())
      for _, seconds in ipairs { -1, 0 / 0, 1e10, "1", {}, false } do
        assert.error_matches(function() job:wait(seconds) end,
          "bad argument #1 to 'wait' (number from 0 to 1e+09 expected", 1, true)
      end
      job:close()
      local empty = assert(loom.open ":memory:")
      assert.equal("EEMPTY", (select(3, empty:start_report())))
      empty:close()
      assert.error_matches(function() empty:start_report() end, "loom.monitor is closed", 1, true)
    end)
  end)
end
