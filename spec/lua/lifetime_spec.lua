-- Handles in the wrong order: what works on a database keeps it open, and has it to itself.

local core = require "loom.core"
local files = require "support.files"
local loom = require "loom"

local POLLS = "store_id,status,timestamp_utc\na,active,2023-01-02 10:00:00 UTC\nb,inactive,2023-01-02 11:00:00 UTC\n"

local function loaded()
  local database = assert(core.open(":memory:", { create = true }))
  local ingest = assert(core.ingest(database, { kind = "polls", source = "polls" }))
  assert(ingest:feed(POLLS))
  assert(ingest:finish())
  assert(database:begin())
  assert(ingest:apply(1000))
  assert(database:commit())
  ingest:close()
  return database
end

local CLOSED = "closed by a change that was made on this handle meanwhile"

local unpack = table.unpack or unpack -- luacheck: ignore 143 (LuaJIT)

local windows = { { length = 3600 * 1000000 } }

describe("the lifetime of handles", function()
  it("lets a report outlive its monitor", function()
    local function compute()
      local monitor = assert(loom.open(":memory:", { create = true }))
      return assert(monitor:report { as_of = "2023-01-02 12:00:00", all_stores = true })
    end
    local report = compute()
    collectgarbage()
    collectgarbage()
    assert.equal(0, report:count())
    report:close()
  end)

  it("lets a database be closed under a report, an export and an ingest", function()
    local database = loaded()
    local report = assert(core.report(database, { windows = windows }))
    assert(report:start())
    database:close()
    assert.is_true(report:wait(10000))
    assert.equal(2, report:count())
    report:close()

    database = loaded()
    local export = assert(core.export(database, "polls"))
    database:close()
    assert.matches("^store_id,", export:next())
    export:close()

    database = loaded()
    local ingest = assert(core.ingest(database, { kind = "timezones", source = "zones" }))
    database:close()
    assert(ingest:feed("store_id,timezone_str\na,Europe/London\n"))
    assert.is_true(ingest:finish())
    ingest:close()
  end)

  it("closes what reads when someone writes", function()
    local database = loaded()
    local export, walk = assert(core.export(database, "polls")), assert(core.walk(database, 0, 1))
    local rows = assert(database:query "SELECT store_id FROM store")
    assert(rows())
    assert.equal("a", walk:next())
    assert(database:begin())
    for _ = 1, 2 do
      for _, handle in ipairs { export, walk } do
        local result, message, code = handle:next()
        assert.is_nil(result)
        assert.equal("EINVAL", code)
        assert.matches(CLOSED, message, 1, true)
      end
    end
    assert.has_error(function() rows:columns() end)
    local called, message = pcall(rows)
    assert.is_false(called)
    assert.matches("EINVAL: .*" .. CLOSED, message)
    database:rollback()
    export:close()
    walk:close()
    rows:close()
    assert.equal(2, database:info().polls)
    database:close()
  end)

  describe("while a report computes", function()
    local monitor, report

    -- As many windows and letters as there may be: it takes long enough for everything else to be asked meanwhile.
    before_each(function()
      monitor = assert(loom.open(":memory:", { create = true }))
      local polls = {}
      for i = 1, 2000 do
        polls[i] = { "store " .. i, i % 2 == 0, i * 1000 }
      end
      assert(monitor:polls(polls))
      local wide = {}
      for i = 1, 64 do
        wide[i] = { from = 0, to = i * 86400 * 1000000 }
      end
      report = assert(core.report(monitor.database, { windows = wide, strip_window = 64, strip_bins = 10000, threads = 2 }))
    end)

    after_each(function()
      report:close()
      monitor:close()
    end)

    -- Calls every function of a table but those named until the report is complete, each once at least.
    local function call_all(functions, arguments, but)
      assert(report:start())
      local rounds = 0
      repeat
        for name, method in pairs(functions) do
          if type(method) == "function" and not but[name] then
            local given = arguments[name] or {}
            assert(arguments[name], name .. " is not tried")
            local called, result, message, code = pcall(method, unpack(given))
            assert.is_true(called, name .. ": " .. tostring(result))
            if result == nil and code and not report:wait(0) then -- which it may have come to the end of meanwhile
              assert.matches("^EINVAL: ", message, name)
            end
          end
        end
        rounds = rounds + 1
        local done = report:wait(0)
        assert.is_boolean(done)
      until done or rounds == 1000
      assert.is_true(report:wait(60000))
      assert.equal(2000, report:count())
    end

    it("every entry of the database's handle answers or says so", function()
      local database = monitor.database
      for _, name in ipairs { "begin", "info", "check", "revision", "query", "row", "rows" } do -- the report's
        local result, message, code = database[name](database, "SELECT 1")
        assert.is_nil(result, name)
        assert.equal("EINVAL", code)
        assert.matches("a report is still under way on this handle", message, 1, true)
      end
      assert.equal("EINVAL", (select(3, database:set_busy_timeout(1))))
      call_all(getmetatable(database).__index, {
        begin = { database }, commit = { database, true }, info = { database }, rollback = { database }, check = { database },
        removal = { database, { store = "a" } }, remove = { database, { store = "a" } },
        prune = { database, { keep = 0 } }, query = { database, "SELECT 1" }, row = { database, "SELECT 1" },
        rows = { database, "SELECT 1" }, execute = { database, "SELECT 1" },
        is_lost = { database }, revision = { database }, newest = { database }, set_busy_timeout = { database, 10 },
        clone = { database }, stay_small = { database }, writing = { database }, audit = { database, { kind = "rule" } },
      }, { close = true })
    end)

    it("so does every function that takes one", function()
      local database = monitor.database
      local batch = assert(core.staging(1))
      assert(batch:add("a", true, 0))
      local ingest = assert(core.ingest(database, { kind = "polls" }))
      assert(ingest:feed(POLLS))
      assert(ingest:finish())
      local function closing(make)
        return function(...)
          local handle, message, code = make(...)
          if handle then
            handle:close()
          end
          return handle, message, code
        end
      end
      call_all({
        ingest = closing(core.ingest), export = core.export, walk = core.walk, inspect = core.inspect, report = core.report,
        private = core.report, is_timezone = core.is_timezone, local_date = core.local_date, local_time = core.local_time,
        apply_batch = batch.apply, apply_ingest = ingest.apply, backup = core.backup,
        facts = function(...)
          local facts = core.facts(...)
          local list, message, code = facts:list { kind = "store" }
          facts:close()
          return list, message, code
        end,
      }, {
        ingest = { database, { kind = "hours" } }, export = { database, "hours" }, walk = { database, 0, 1 },
        inspect = { database, { id = "store 1", from = 0, to = 1 } }, report = { database, { windows = windows } },
        private = { database, { windows = windows, private = true } }, is_timezone = { database, "Europe/Paris" },
        local_date = { database, "Asia/Tokyo", 0 }, local_time = { database, "America/Denver", 0 },
        facts = { database }, backup = { database, "/dev/null" }, apply_batch = { batch, database }, apply_ingest = { ingest, 1 },
      }, {})
      ingest:close()
      batch:close()
    end)

    it("so does every method of the monitor", function()
      local from, to = "2023-01-01 00:00:00", "2023-01-02 00:00:00"
      local rules = { { name = "down", when = { kind = "down_for", time = 60 } } }
      local arguments = {
        ingest = { { status = function() end } }, ingester = { "hours" }, polls = { { { "a", true, 0 } } },
        poll = { "a", true, 0 }, set_hours = { "a", { mon = "closed" }, { from = "always" } }, hours = { "a" },
        audit = {}, preview = { { store = "a" } }, set_hours_changes = { "a", { { effective_from = "always", removed = true } } },
        clear_hours = { "a", { from = "always" } }, set_timezone = { "a", "UTC" }, timezone = { "a" },
        local_time = { "Europe/Paris", 0 }, set_special_day = { "a", "2023-01-01", "closed" }, special_days = {},
        clear_special_day = { "a", "2023-01-01" }, exclude = { { store = "*", from = 0, to = 1 } }, exclusions = {},
        remove_exclusion = { 1 }, set_attributes = { "a", { x = "y" } }, attributes = { "a" }, store = { "a" },
        report = {}, start_report = {}, status = {}, series = {}, timeline = { "a", from, to }, outages = { "a", from, to },
        explain = { "a" }, schedule = { "a" }, query = { "SELECT 1" }, info = {}, store_ids = {},
        transaction = { function() end }, check = {}, doctor = {},
        prune = { "90d" }, delete_polls = { "a" }, delete_store = { "a" },
        export = { "hours", function() return true end }, backup = { "/dev/null" },
        replay_alerts = { { rules = rules, from = from, to = to } },
        explain_alert = { { rules = rules, rule = "down", store = "a" } },
        set_rule = { rules[1] }, rules = {},
        delete_rule = { "down" }, channels = {}, set_channel = { { name = "c", kind = "log" } },
        delete_channel = { "c" }, set_silence = { { matchers = { rule = "down" }, to = to } }, silences = {},
        delete_silence = { "s" }, set_mute = { { name = "m", hours = "mon 00:00-01:00", zone = "UTC" } }, mutes = {},
        delete_mute = { "m" }, set_objective = { { name = "o", target = 0.9 } }, objectives = {}, delete_objective = { "o" },
        set_settings = { { stale_after = "1h" } }, settings = {}, apply = { { rules = rules } }, configuration = {},
        alerts = {}, alert = { "a" }, acknowledge = { "a", {} }, notifications = {}, retry_notification = { "m" },
        drop_notification = { "m" }, test_channel = { "c" },
      }
      for _, given in pairs(arguments) do
        table.insert(given, 1, monitor)
      end
      local methods = {}
      for name, method in pairs(getmetatable(monitor)) do
        methods[name] = method
      end
      function methods.ingest(...) -- a file without rows is refused before the database is asked
        local done, message, code = monitor.ingest(...)
        return done, code ~= "EINPUT" and message, code ~= "EINPUT" and code or nil
      end
      call_all(methods, arguments, { open = true, close = true, __gc = true, __close = true, __tostring = true,
        stores = true }) -- an iterator, which raises what a query fails with
    end)
  end)

  it("keeps an ingest whole when its callback asks for something else", function()
    local monitor = assert(loom.open(":memory:", { create = true }))
    local path = os.getenv("TMPDIR") .. "/lifetime_polls.csv"
    local file = assert(io.open(path, "w"))
    file:write(POLLS)
    file:close()
    local codes = {}
    assert(monitor:ingest {
      status = path,
      progress = function(_, _, _, phase)
        local _, _, code = monitor:info()
        codes[phase] = code or "none"
      end,
    })
    os.remove(path)
    assert.same({ reading = "none", writing = "EINVAL" }, codes)
    assert.equal(2, monitor:info().polls)
    monitor:close()
  end)

  it("writes what was read again after a rollback, and nothing new the second time", function()
    local database = assert(core.open(":memory:", { create = true }))
    local ingest = assert(core.ingest(database, { kind = "polls", source = "polls" }))
    assert(ingest:feed(POLLS))
    assert(database:begin())
    local _, message, code = ingest:apply(1000)
    assert.equal("EINVAL", code)
    assert.matches("has not been read to its end", message, 1, true)
    assert(ingest:finish())
    assert.is_true(ingest:apply(1000))
    local first = ingest:counts()
    assert.is_true(first.new > 0)
    database:rollback()
    assert(database:begin())
    assert.is_true(ingest:apply(1000))
    assert.same(first, ingest:counts())
    assert.is_true(ingest:apply(1000))
    assert.equal(0, ingest:counts().new)
    assert.equal(first.new + first.duplicates, ingest:counts().duplicates)
    assert(database:commit())
    ingest:close()
    database:close()
  end)

  it("lets several monitors have one file, and others their own memory", function()
    local folder = files.make_folder()
    local monitors = {}
    for i = 1, 3 do
      monitors[i] = assert(loom.open(folder .. "/db", { create = true }))
      monitors[i + 3] = assert(loom.open ":memory:")
    end
    for i, monitor in ipairs(monitors) do
      assert(monitor:poll("store " .. i, true, i))
      assert(monitor:set_attributes("store " .. i, { number = i }))
    end
    for i, monitor in ipairs(monitors) do
      assert.equal(i <= 3 and 3 or 1, monitor:info().polls)
      local report = assert(monitor:report { where = { number = i } })
      assert.equal(1, report:count())
      assert.equal("store " .. i, report:store(1))
      report:close()
    end
    local rows = assert(monitors[1]:query "SELECT store_id FROM polls ORDER BY store_id")
    assert.equal("store 1", rows().store_id)
    assert(monitors[2]:poll("store 0", true, 7)) -- what one reads keeps no other from writing
    assert(monitors[4]:poll("store 0", true, 7))
    assert.equal("store 2", rows().store_id)
    assert.equal("store 3", rows().store_id)
    assert.is_nil(rows())
    for i = #monitors, 1, -1 do
      assert.equal(i <= 3 and 4 or i == 4 and 2 or 1, monitors[i]:info().polls)
      monitors[i]:close()
    end
    files.remove_folder(folder)
  end)

  it("of every sort ends with a clear error when they are used after it", function()
    local monitor = assert(loom.open ":memory:")
    assert(monitor:poll("a", true))
    local stores = monitor:stores()
    local report = assert(monitor:report())
    local rows = assert(monitor:query "SELECT 1")
    local ingester = assert(monitor:ingester "status")
    report:close()
    rows:close()
    ingester:abort()
    monitor:close()
    for message, call in pairs {
      ["bad call of 'info' (loom.monitor is closed)"] = function() monitor:info() end,
      ["loom.report is closed"] = function() report:count() end,
      ["loom.rows is closed"] = function() rows() end,
      ["bad call of 'feed' (the ingester is finished)"] = function() ingester:feed "" end,
      ["loom.monitor is closed"] = function() stores() end,
    } do
      assert.error_matches(call, message, 1, true)
    end
    for _, handle in ipairs { monitor, report, rows } do
      handle:close()
    end
    ingester:abort()
  end)
end)
