-- The bindings: what they check, what they raise, what they return, and what becomes of their handles.

local core = require "loom.core"
local files = require "support.files"
local memory = require "support.memory"

local HOUR = 3600 * 1000000

local header = "store_id,status,timestamp_utc\n"
local rows = header .. "a,active,2024-01-01 10:00:00\nb,inactive,2024-01-01 11:00:00\n"

local unpack = table.unpack or unpack -- luacheck: compat

-- A database in memory, with the polls above.
local function make_database(text)
  local database = assert(core.open(":memory:", { create = true }))
  local ingest = assert(core.ingest(database, { kind = "polls" }))
  assert(ingest:feed(text or rows))
  assert(ingest:finish())
  assert(database:begin())
  repeat
    local done = ingest:apply(10000)
    assert(done ~= nil)
  until done
  assert(database:commit())
  ingest:close()
  return database
end

local function report_options(changes)
  local options = { windows = { { length = 24 * HOUR } }, default_zone = "UTC" }
  for name, value in pairs(changes or {}) do
    options[name] = value
  end
  return options
end

-- Starts a report, which takes its database over from then on.
local function start_report(database, options)
  local report, message, code = core.report(database, options)
  if not report then
    return nil, message, code
  end
  local started
  started, message, code = report:start()
  if not started then
    return nil, message, code
  end
  return report
end

local function complete(report)
  local done, message
  repeat
    done, message = report:wait(1000)
  until done ~= false
  assert(done, message)
  return report
end

describe("loom.core", function()
  local database

  before_each(function()
    database = make_database()
  end)

  after_each(function()
    database:close()
  end)

  -- One of each type.
  local function make_handles()
    local handles = {
      ["loom.monitor"] = assert(core.open ":memory:"),
      ["loom.ingest"] = assert(core.ingest(database, { kind = "polls" })),
      ["loom.input"] = assert(core.input "/dev/null"),
      ["loom.report"] = assert(start_report(database, report_options())),
    }
    complete(handles["loom.report"])
    return handles
  end

  describe("handles", function()
    it("have a metatable that the collector and `local x <close>` find", function()
      local handles = make_handles()
      handles["loom.export"] = assert(core.export(database, "polls"))
      for name, handle in pairs(handles) do
        local metatable = debug.getmetatable(handle)
        assert.equal("userdata", type(handle))
        assert.equal(name, metatable.__name)
        assert.equal("function", type(metatable.__gc))
        assert.equal("function", type(metatable.__close))
        metatable.__gc(handle) -- all of them release
        metatable.__close(handle)
        handle:close()
      end
    end)

    it("can be closed twice, and then raise", function()
      local handles = make_handles()
      local methods = {
        ["loom.monitor"] = { "begin", "commit", "rollback", "info", "check", "prune", "removal", "remove", "query", "execute" },
        ["loom.ingest"] = { "feed", "read", "finish", "apply", "reject", "counts" },
        ["loom.input"] = { "position" },
        ["loom.report"] = { "override_week", "override_date", "start", "wait", "cancel", "as_of", "window", "zone", "days",
          "hull", "count", "store", "find", "figures", "strip", "csv_rows" },
        ["loom.export"] = { "next" },
      }
      handles["loom.export"] = assert(core.export(database, "polls"))
      for name, handle in pairs(handles) do
        assert.equal(0, select("#", handle:close()))
        handle:close()
        for _, method in ipairs(methods[name]) do
          assert.has_error(function()
            handle[method](handle, 1, 1, {})
          end, name .. " is closed")
        end
      end
    end)

    it("that are closed raise when they are arguments", function()
      local closed = assert(core.open ":memory:")
      closed:close()
      assert.has_error(function() core.ingest(closed, { kind = "polls" }) end, "loom.monitor is closed")
      assert.has_error(function() start_report(closed, report_options()) end, "loom.monitor is closed")
      assert.has_error(function() core.export(closed, "polls") end, "loom.monitor is closed")
      local ingest, input = assert(core.ingest(database, { kind = "polls" })), assert(core.input "/dev/null")
      input:close()
      assert.has_error(function() ingest:read(input) end, "loom.input is closed")
      ingest:close()
    end)

    it("of the wrong type raise", function()
      local input = assert(core.input "/dev/null")
      local method = getmetatable(database).__index.begin
      for _, wrong in ipairs { input, io.stdout, {}, "text", 1, true } do
        assert.has_error(function() method(wrong) end)
        assert.has_error(function() core.ingest(wrong, { kind = "polls" }) end)
      end
      assert.has_error(function() method() end)
      input:close()
    end)

    it("keep their database alive", function()
      local report = assert(start_report(make_database(), report_options()))
      local ingest = assert(core.ingest(make_database(), { kind = "timezones" }))
      local export = assert(core.export(make_database(), "polls"))
      collectgarbage()
      collectgarbage()
      complete(report)
      assert.equal(2, report:count())
      assert.is_true(ingest:feed "store_id,timezone_str\na,Europe/Berlin\n")
      assert.is_true(ingest:finish())
      assert.matches("^store_id,status", export:next())
    end)

    it("may be closed before what was made from them, and after", function()
      for _, first in ipairs { "parent", "child" } do
        for _, make in ipairs {
          function(parent) return start_report(parent, report_options()) end,
          function(parent) return core.export(parent, "polls") end,
          function(parent) return core.ingest(parent, { kind = "polls" }) end,
        } do
          local handles = { parent = make_database() }
          handles.child = assert(make(handles.parent))
          handles[first]:close()
          handles.child:close()
          handles.parent:close()
        end
      end
    end)

    it("of a running report can go at any time", function()
      for i = 1, 50 do
        local report = assert(start_report(database, report_options()))
        if i % 2 == 0 then
          report:close()
        end
        report = nil -- luacheck: ignore 311
        collectgarbage()
        collectgarbage()
      end
    end)
  end)

  describe("open", function()
    it("checks its arguments", function()
      for _, wrong in ipairs { {}, { {} }, { ":memory:", "create" }, { ":memory:", { create = 1 } },
        { ":memory:", { busy_timeout = -1 } }, { ":memory:", { busy_timeout = 1.5 } },
        { ":memory:", { busy_timeout = "1" } }, { ":memory:", { bogus = 1 } }, { ":memory:", { 1 } } } do
        assert.has_error(function() core.open(unpack(wrong)) end)
      end
      assert.error_matches(function() core.open(":memory:", { bogus = 1 }) end, "unknown option 'bogus'", 1, true)
      assert.error_matches(function() core.open(":memory:", { create = 1 }) end,
        "bad option 'create' (boolean expected, got number)", 1, true)
      assert.error_matches(function() core.open(":memory:", { busy_timeout = -1 }) end,
        "bad option 'busy_timeout' (-1 is not between 0 and 2147483647)", 1, true)
    end)

    it("lets the busy timeout be set anew", function()
      local folder = files.make_folder()
      local one = assert(core.open(folder .. "/db", { create = true }))
      assert(one:begin())
      assert(one:commit())
      local other = assert(core.open(folder .. "/db"))
      assert(one:begin())
      for _, timeout in ipairs { 0, 15 } do
        other:set_busy_timeout(timeout)
        assert.same({ nil, ("EBUSY: %s/db: is locked by another process (waited %d ms)"):format(folder, timeout), "EBUSY" },
          { other:begin() })
      end
      assert.has_error(function() other:set_busy_timeout(-1) end)
      one:close()
      other:close()
      files.remove_folder(folder)
    end)

    it("returns its failures", function()
      local folder = files.make_folder()
      files.write(folder .. "/text", "no database")
      local expected = { ENOENT = folder .. "/none", ENOTDB = folder .. "/text", EINVAL = folder }
      local got = {}
      for code, path in pairs(expected) do
        got[code] = { core.open(path) }
      end
      files.remove_folder(folder)
      for code, path in pairs(expected) do
        assert.is_nil(got[code][1])
        assert.equal(code, got[code][3])
        assert.equal(1, got[code][2]:find(code .. ": " .. path .. ": ", 1, true))
      end
    end)
  end)

  describe("a database", function()
    it("tells what it holds", function()
      local info = database:info()
      assert.equal(2, info.stores)
      assert.equal(2, info.polls)
      assert.equal(core.parse_timestamp "2024-01-01 11:00:00", info.newest_poll)
      local empty = assert(core.open ":memory:")
      assert.equal(0, empty:info().polls)
      assert.is_nil(empty:info().newest_poll)
      empty:close()
    end)

    it("is checked", function()
      assert.same({}, database:check())
    end)

    it("is pruned by whole microseconds", function()
      for _, wrong in ipairs { -1, 1.5, "1", {}, 0 / 0, 1 / 0, 2 ^ 70 } do
        assert.has_error(function() database:prune { keep = wrong } end)
      end
      assert.has_error(function() database:prune(HOUR) end)
      assert.has_error(function() database:prune {} end)
      assert.equal(0, database:prune({ keep = HOUR }).gone.polls)
      local dry = database:prune { keep = HOUR - 1, dry_run = true }
      assert.same({ gone = 1, kept = 1 }, { gone = dry.gone.polls, kept = dry.kept.polls })
      assert.same(dry, database:prune { keep = HOUR - 1 })
      assert.equal(1, database:info().polls)
    end)

    it("undoes what was not committed", function()
      database:rollback()
      assert.is_true(database:begin())
      local ingest = assert(core.ingest(database, { kind = "polls" }))
      assert(ingest:feed(header .. "c,active,2024-01-01 10:00:00\n"))
      assert(ingest:finish())
      assert(ingest:apply(1000))
      ingest:close()
      database:rollback()
      assert.equal(2, database:info().polls)
      local committed, _, code = database:commit()
      assert.is_nil(committed)
      assert.equal("EINVAL", code)
    end)
  end)

  it("does one thing at a time on a database", function()
    local export = assert(core.export(database, "polls"))
    -- Readers share, and a report that is not alone gets a connection of its own.
    local other = assert(core.export(database, "polls"))
    assert.matches("^store_id", other:next())
    other:close()
    complete(assert(start_report(database, report_options()))):close()
    assert.matches("^store_id", export:next())
    export:close()
    assert(database:begin())
    assert.equal("EINVAL", (select(3, start_report(database, report_options()))))
    assert.equal("EINVAL", (select(3, database:begin())))
    database:rollback()
    complete(assert(start_report(database, report_options())))
  end)

  describe("ingest", function()
    it("checks its options", function()
      for _, wrong in ipairs { { kind = "sales" }, { kind = 1 }, {}, { kind = "polls", bogus = 1 },
        { kind = "polls", max_rejects = -2 }, { kind = "polls", max_rejects = 0.5 }, { kind = "polls", max_rejects = "all" },
        { kind = "polls", threads = 65 }, { kind = "polls", block_size = -1 }, { kind = "polls", sort_capacity = 2 ^ 40 },
        { kind = "polls", source = "a\0b" }, { kind = "polls", always_libcsv = 1 } } do
        assert.has_error(function() core.ingest(database, wrong) end)
      end
      assert.has_error(function() core.ingest() end)
      assert.has_error(function() core.ingest(database, "polls") end)
      assert.error_matches(function() core.ingest(database, { kind = "sales" }) end,
        "bad option 'kind' ('sales' is not a kind of file)", 1, true)
      assert.error_matches(function() core.ingest(database, { kind = "polls", source = "a\0b" }) end,
        "bad option 'source' (it holds a NUL byte)", 1, true)
    end)

    it("gives the same for every cut of the text", function()
      local text = header .. 'a,active,2024-01-01 10:00:00\r\n\r\n"b ""c""",inactive,2024-01-02 11:00:00.25Z\nbad\n,x,\nz,active,'
        .. "2024-01-02T23:00:00-05:00"
      local function feed(size)
        local ingest = assert(core.ingest(database, { kind = "polls", max_rejects = -1 }))
        for at = 1, #text, size do
          assert.is_true(ingest:feed(text:sub(at, at + size - 1)))
        end
        assert.is_true(ingest:finish())
        local got = { ingest:counts() }
        for reject in function() return ingest:reject() end do
          got[#got + 1] = reject
        end
        ingest:close()
        return got
      end
      local whole = feed(#text)
      assert.equal(5, whole[1].rows)
      assert.equal(3, #whole)
      for size = 1, #text - 1 do
        assert.same(whole, feed(size))
      end
    end)

    it("returns what is wrong with the input, and goes on doing so", function()
      local ingest = assert(core.ingest(database, { kind = "polls", source = "polls.csv" }))
      assert(ingest:feed(header .. "a,up,2024-01-01 10:00:00\n"))
      for _ = 1, 2 do
        local good, message, code = ingest:finish()
        assert.is_nil(good)
        assert.equal('EINPUT: polls.csv:2: status: "up" is not a status (active or inactive)', message)
        assert.equal("EINPUT", code)
      end
      assert.is_nil((ingest:feed "more"))
      assert.is_nil((ingest:apply(1)))
      ingest:close()
    end)

    it("gives its rejects one by one", function()
      local ingest = assert(core.ingest(database, { kind = "polls", max_rejects = 2 }))
      assert(ingest:feed(header .. "a,up,2024-01-01 10:00:00\na,active\n"))
      assert(ingest:finish())
      assert.same({ line = 2, column = "status", value = "up", reason = "is not a status (active or inactive)",
        row = "a,up,2024-01-01 10:00:00" }, ingest:reject())
      assert.same({ line = 3, column = "", value = "", reason = "has 2 fields, but the header has 3", row = "a,active" },
        ingest:reject())
      assert.is_nil(ingest:reject())
      assert.same({ rows = 2, new = 0, duplicates = 0, conflicts = 0, rejected = 2 }, ingest:counts())
      ingest:close()
    end)

    it("is not applied before it is read, nor outside of a transaction", function()
      local ingest = assert(core.ingest(database, { kind = "polls" }))
      assert(ingest:feed(rows))
      local good, _, code = ingest:apply(1)
      assert.is_nil(good)
      assert.equal("EINVAL", code)
      assert(ingest:finish())
      for _, wrong in ipairs { 0, -1, 1.5, "many" } do
        assert.has_error(function() ingest:apply(wrong) end)
      end
      ingest:close()
    end)

    it("is applied step by step", function()
      local lines = { "store_id,timezone_str" }
      for i = 1, 100 do
        lines[#lines + 1] = i .. ",UTC"
      end
      local ingest = assert(core.ingest(database, { kind = "timezones" }))
      assert(ingest:feed(table.concat(lines, "\n")))
      assert(ingest:finish())
      assert(database:begin())
      local done, share = ingest:apply(30)
      assert.is_false(done)
      assert.equal(0.3, share)
      assert.is_false((ingest:apply(30)))
      done, share = ingest:apply(1000)
      assert.is_true(done)
      assert.equal(1, share)
      assert(database:commit())
      assert.equal(100, ingest:counts().new)
      ingest:close()
    end)

    it("reads inputs", function()
      local folder = files.make_folder()
      local path = files.write(folder .. "/polls.csv", rows)
      local input = assert(core.input(path))
      local ingest = assert(core.ingest(database, { kind = "polls" }))
      assert.same({ 0, #rows }, { input:position() })
      assert.is_true(ingest:read(input))
      assert.same({ #rows, #rows }, { input:position() })
      assert.is_false(ingest:read(input))
      assert.is_true(ingest:finish())
      input:close()
      ingest:close()
      files.remove_folder(folder)
      local missing, message, code = core.input(path)
      assert.is_nil(missing)
      assert.equal("ENOENT: " .. path .. ": cannot be opened: No such file or directory", message)
      assert.equal("ENOENT", code)
      assert.has_error(function() core.input() end)
    end)
  end)

  describe("report", function()
    it("checks its options", function()
      for name, wrong in pairs { preset = "none", fill = "sideways", evidence = 1, no_data = {}, slack = 86400, max_gap = -2,
        windows = {}, globs = "a*", ids = "a", all_stores = "yes", threads = -1, as_of = "now", default_zone = 1,
        bogus = true } do
        assert.has_error(function() start_report(database, report_options { [name] = wrong }) end)
      end
      for _, windows in ipairs { { 1 }, { { length = -1 } }, { { length = 1.5 } }, { { from = "a", to = 1 } }, { {}, "b" } } do
        assert.has_error(function() start_report(database, report_options { windows = windows }) end)
      end
      assert.has_error(function() start_report(database, report_options { globs = { 1 } }) end)
      assert.has_error(function() start_report(database, report_options { globs = { ("a"):rep(1025) } }) end)
      assert.has_error(function() start_report(database, report_options { ids = { "a", 1 } }) end)
      assert.has_error(function() start_report(database) end)
      assert.error_matches(function() start_report(database, report_options { fill = "sideways" }) end,
        "bad option 'fill' ('sideways' is not one of backward, forward, nearest)", 1, true)
    end)

    it("returns its failures", function()
      local empty = assert(core.open ":memory:")
      for code, arguments in pairs { EEMPTY = { empty, report_options() },
        EINPUT = { database, report_options { default_zone = "Mars/Olympus" } },
        EINVAL = { database, report_options { windows = { { from = 2, to = 1 } } } } } do
        local report, message, got = start_report(arguments[1], arguments[2])
        if report then
          repeat
            report, message, got = report:wait(1000)
          until report ~= false
        end
        assert.is_nil(report)
        assert.equal(code, got)
        assert.matches("^" .. code .. ": ", message)
      end
      empty:close()
    end)

    it("gives figures, rows and windows", function()
      local report = complete(assert(start_report(database, report_options())))
      assert.equal(core.parse_timestamp "2024-01-01 11:00:00", report:as_of())
      assert.same({ report:as_of() - 24 * HOUR, report:as_of() }, { report:window(1) })
      assert.equal(2, report:count())
      assert.equal("a", report:store(1))
      assert.same({ 11 * HOUR, 13 * HOUR, 0, 0, 13 * HOUR, 1, 1 }, { report:figures(1, 1) })
      assert.same({ 0, 24 * HOUR, 0, 0, 24 * HOUR, 1, 1 }, { report:figures(2, 1) })
      assert.equal("a,11.0,13.0\nb,0.0,24.0\n", report:csv_rows(1, 10, {}))
      assert.equal("b,0,1440\n", report:csv_rows(2, 1, { true }, true))
      assert.equal("", report:csv_rows(3, 1, {}))
      for _, row in ipairs { 0, 3, -1, 1.5, 2 ^ 53, "1st" } do
        assert.has_error(function() report:store(row) end)
        assert.has_error(function() report:figures(row, 1) end)
        assert.has_error(function() report:figures(1, row == 3 and 2 or row) end)
        assert.has_error(function() report:window(row) end)
      end
      assert.has_error(function() report:csv_rows(0, 1, {}) end)
      assert.has_error(function() report:csv_rows(1, -1, {}) end)
      assert.has_error(function() report:csv_rows(1, 1) end)
      assert.has_error(function() report:wait(-1) end)
      report:close()
    end)

    it("keeps its patterns alive", function()
      local report = assert(start_report(database, report_options { globs = { ("a"):rep(1) .. "*", "zz" } }))
      collectgarbage()
      complete(report)
      assert.equal(1, report:count())
      report:close()
    end)

    it("can be cancelled", function()
      local lines = { header }
      for i = 1, 20000 do
        lines[#lines + 1] = i .. ",active,2024-01-01 10:00:00\n"
      end
      local big = make_database(table.concat(lines))
      local report = assert(start_report(big, report_options { threads = 1, windows = { { length = 36500 * 24 * HOUR } } }))
      report:cancel()
      local done, _, code
      repeat
        done, _, code = report:wait(1000)
      until done ~= false
      assert.is_nil(done)
      assert.equal("ECANCELED", code)
      assert.has_error(function() report:count() end, "the report is not complete")
      report:close()
      big:close()
    end)
  end)

  describe("export", function()
    it("checks its arguments", function()
      assert.has_error(function() core.export(database, "sales") end)
      assert.has_error(function() core.export(database) end)
      assert.has_error(function() core.export() end)
    end)

    it("gives text until it gives false", function()
      local export = assert(core.export(database, "polls"))
      assert.equal(header .. "a,active,2024-01-01 10:00:00.000000 UTC\nb,inactive,2024-01-01 11:00:00.000000 UTC\n",
        export:next())
      assert.is_false(export:next())
      assert.is_false(export:next())
      export:close()
    end)
  end)

  describe("functions", function()
    it("read and write instants", function()
      assert.equal(0, core.parse_timestamp "1970-01-01 00:00:00")
      assert.equal(-1, core.parse_timestamp "1969-12-31T23:59:59.999999Z")
      assert.equal(1709550000250000, core.parse_timestamp "2024-03-04 12:00:00.25+01:00")
      assert.equal("2024-03-04 11:00:00.250000 UTC", core.format_timestamp(1709550000250000))
      assert.same({ nil, "is not a date" }, { core.parse_timestamp "2023-02-30 00:00:00" })
      assert.has_error(function() core.parse_timestamp {} end)
      for _, wrong in ipairs { 2 ^ 62, 1.5, "x" } do
        assert.has_error(function() core.format_timestamp(wrong) end)
      end
    end)

    it("read durations", function()
      assert.equal(90 * 1000000, core.parse_duration "90")
      assert.equal(90 * 60 * 1000000, core.parse_duration "90m")
      assert.equal(7 * 24 * HOUR, core.parse_duration "7d")
      assert.is_nil((core.parse_duration "soon"))
    end)

    it("tell presets", function()
      assert.same({ slack = 60, fill = "backward", evidence = "inside", no_data = "down", max_gap = -1 }, core.preset "loom")
      assert.equal(0, core.preset("seed").slack)
      assert.same({ slack = 60, fill = "forward", evidence = "around", no_data = "unknown", max_gap = 2 * HOUR },
        core.preset "monitoring")
      assert.is_nil(core.preset "none")
    end)

    it("tell the names of rules, and the limits that they hold to themselves", function()
      for _, name in ipairs(core.rules.preset) do
        for option, value in pairs(core.preset(name)) do
          local is_known = core.rules[option] == nil
          for _, known in ipairs(core.rules[option] or {}) do
            is_known = is_known or known == value
          end
          assert.is_true(is_known, option)
        end
      end
      assert.same({ preset = { "loom", "seed", "monitoring" }, fill = { "backward", "forward", "nearest" },
        evidence = { "inside", "around" }, no_data = { "down", "up", "unknown" } }, core.rules)
      local limits = core.limits
      local inspection = { id = "a", default_zone = "UTC", from = 0, to = HOUR, as_of = HOUR }
      local most = { slack = limits.slack, max_gap = limits.max_gap, length = limits.window_length }
      for name, value in pairs(most) do
        for more = 0, 1 do
          local options = { [name] = value + more }
          for key, other in pairs(inspection) do
            options[key] = other
          end
          local called, message = pcall(core.inspect, database, options)
          assert.equal(more == 0, called, tostring(message))
        end
      end
      local batch = core.staging(1)
      assert.is_true(batch:add(("x"):rep(limits.store_id), true, 0))
      assert.error_matches(function() batch:add(("x"):rep(limits.store_id + 1), true, 0) end, "1 to 255 bytes", 1, true)
    end)

    it("tell terminals and time", function()
      assert.equal('=1', core.csv_field "=1")
      assert.equal("'=1", core.csv_field("=1", true))
      assert.equal('"\'=""\0"', core.csv_field('="\0', true))
      assert.equal("", core.csv_field("", true))
      assert.has_error(function() core.csv_field() end)
      assert.equal("boolean", type(core.is_terminal "stdout"))
      assert.has_error(function() core.is_terminal "stdin" end)
      local first = core.clock()
      assert.is_true(core.clock() >= first)
    end)
  end)

  describe("under stress", function()
    it("by the collector, works as ever", function()
      -- Without a pause those of Lua 5.2 and 5.3 start anew at each allocation.
      local restless = (_VERSION == "Lua 5.2" or _VERSION == "Lua 5.3") and 100 or 0
      local pause, step = collectgarbage("setpause", restless), collectgarbage("setstepmul", 1000)
      local good, err = pcall(function()
        for _ = 1, 20 do
          local other = make_database()
          local report = complete(assert(start_report(other, report_options { globs = { "*" } })))
          assert.equal("a,11.0,13.0\nb,0.0,24.0\n", report:csv_rows(1, 2, {}))
          local export = assert(core.export(other, "polls"))
          assert.matches("^store_id", export:next())
          local query = assert(other:query("SELECT store_id, ? AS text FROM store ORDER BY store_id", "x"))
          assert.same({ "store_id", "text" }, query:columns())
          assert.same({ store_id = "a", text = "x" }, query())
          local walk = assert(core.walk(other, 0, 24 * HOUR))
          local id, first = walk:next()
          assert.equal("a", id)
          assert.same({ 0, 86400 }, walk:openings(first))
          assert.equal("UTC", core.inspect(other, { id = "a", default_zone = "UTC", from = 0, to = HOUR, as_of = HOUR }).zone)
          local ingest = assert(core.ingest(other, { kind = "hours", max_rejects = -1 }))
          assert(ingest:feed("store_id,day,start_time_local,end_time_local\n" .. ("x\n"):rep(100)))
          assert(ingest:finish())
          for i = 1, 100 do
            assert.equal(i + 1, ingest:reject().line)
          end
          local batch = core.staging(1)
          for i = 1, 100 do
            assert.is_true(batch:add("store " .. i, true, i))
          end
          batch, walk, query, export, report = nil, nil, nil, nil, nil -- luacheck: ignore
        end
      end)
      collectgarbage("setpause", pause)
      collectgarbage("setstepmul", step)
      collectgarbage() -- the next cycle begins after the pause that was
      assert.is_true(good, err)
    end)

    it("by thousands of failing calls, takes no more memory", function()
      local failing = {
        function() return core.open "/nonexistent/database" end,
        function() return core.open "/" end,
        function() return core.input "/nonexistent/input" end,
        function() return core.input "/" end,
        function() return start_report(database, report_options { default_zone = "Mars/Olympus", globs = { "a", "b" } }) end,
        function() return start_report(database, report_options { windows = { { from = 2, to = 1 } } }) end,
        function() return database:commit() end,
        function() return database:query "DELETE FROM store" end,
        function() return database:query("SELECT ?", {}) end,
        function() return database:execute "SELECT 1" end,
        function() return core.inspect(database, { id = "nobody", default_zone = "UTC", from = 0, to = HOUR, as_of = HOUR }) end,
        function() return core.parse_timestamp "never" end,
        function() return pcall(core.open, ":memory:", { bogus = true }) end,
        function() return pcall(core.ingest, database, { kind = "sales" }) end,
        function() return pcall(start_report, database, report_options { globs = { "a", 1 } }) end,
        function() return pcall(core.export, database, "sales") end,
        function() return pcall(core.walk, database, "now", "then") end,
        function() return pcall(core.staging, 0.5) end,
        function() return pcall(core.staging(1).add, core.staging(1), "", true, 0) end,
        function()
          local ingest = assert(core.ingest(database, { kind = "timezones" }))
          ingest:feed "store_id,timezone_str\n1,Mars/Olympus\n"
          local good, message, code = ingest:finish()
          ingest:close()
          return good, message, code
        end,
      }
      for i, call in ipairs(failing) do
        failing[i] = function()
          assert(not call())
        end
      end
      memory.expect_bounded(failing, 1000)
    end)
  end)
end)
