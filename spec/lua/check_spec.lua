local check = require "loom.check"
local loom = require "loom"
local misuse = require "support.misuse"

local unpack = table.unpack or unpack -- luacheck: compat

local STORE = "store id (1 to 255 bytes without blanks at its ends)"
local SPANS = 'opening hours (such as "09:00-17:00", a list of them, or "closed")'
local INSTANT = "timestamp or seconds since 1970"

describe("a checker", function()
  -- Values that are taken, and as what if not as themselves; values that are not.
  for name, case in pairs {
    integer = { checker = check.integer(-1, 2 ^ 53), good = { -1, 0, 7, 2 ^ 53 },
      bad = { -2, 0.5, 2 ^ 54, 0 / 0, 1 / 0, -1 / 0, "1", true, {} }, expected = "whole number from -1 to 9007199254740992" },
    number = { checker = check.number(0, 0.5), good = { 0, 0.25, 0.5 }, bad = { -0.1, 0.51, 0 / 0, 1 / 0, "0" },
      expected = "number from 0 to 0.5" },
    choice = { checker = check.choice { "a", "b" }, good = { "a", "b" }, bad = { "c", "", 1, true },
      expected = "one of a, b" },
    text = { checker = check.text, good = { "", "a", "\1\255" }, bad = { "\0", "a\0b", 1, true },
      expected = "text without NUL bytes" },
    store_id = { checker = check.store_id, good = { "a", "a b", "é", "*", ("x"):rep(255), "a\nb", "'\"\\%_" },
      bad = { "", " a", "a ", "\ta", "a\t", "a\0b", ("x"):rep(256), 1, {} }, expected = STORE },
    note = { checker = check.note, good = { "", " ", ("x"):rep(4096) }, bad = { ("x"):rep(4097), "\0", 1 },
      expected = "text of up to 4096 bytes" },
    boolean = { checker = check.boolean, good = { true, false }, bad = { 0, "true" }, expected = "boolean" },
    callable = { checker = check.callable, good = { print }, bad = { {}, "print" }, expected = "function" },
  } do
    it("of the sort " .. name .. " takes what is right and tells what it expects", function()
      for _, value in ipairs(case.good) do
        assert.equal(value, (case.checker(value)))
      end
      for _, value in ipairs(case.bad) do
        assert.same({ nil, case.expected }, { case.checker(value) })
      end
      assert.same({ nil, case.expected }, { case.checker(nil) })
    end)
  end

  it("gives whole numbers that are integers where Lua has such", function()
    assert.equal("7", tostring(check.integer(0, 10)(7.0)))
  end)

  it("tells lists from other tables", function()
    for length, list in pairs { [0] = {}, [1] = { "a" }, [3] = { 1, false, 2 } } do
      assert.equal(length, check.length(list))
    end
    for _, other in ipairs { { nil, 1 }, { 1, nil, 3 }, { a = 1 }, { 1, a = 1 }, { [1.5] = 1 }, { [0] = 1 } } do
      assert.is_nil(check.length(other))
    end
  end)
end)

describe("wrong use", function()
  local monitor

  before_each(function()
    monitor = assert(loom.open ":memory:")
  end)

  after_each(function()
    monitor:close()
  end)

  -- Method, its arguments, and what the message says after "bad argument" or "bad option".
  for _, case in ipairs {
    { "set_hours", {}, "bad argument #1 to 'set_hours' (" .. STORE .. " or list of them expected, got nothing)" },
    { "set_hours", { { "a", 2 } }, "bad argument #1 to 'set_hours' (" .. STORE .. " or list of them expected, got 2)" },
    { "set_hours", { { { store = "a", week = {} }, { store = "b", week = { mon = 9 } } } },
      "bad option 'week' of item 2 to 'set_hours' (" .. SPANS .. " for mon expected, got 9)" },
    { "set_hours", { { { store = "a" } } }, "missing option 'week' of item 1 to 'set_hours'" },
    { "set_hours", { { { store = "a", week = {} }, "b" } }, "bad item 2 to 'set_hours' (table expected, got \"b\")" },
    { "set_special_day", { { { store = "a", date = "2024-12-25", spans = "closed", why = "" } } },
      "unknown option 'why' of item 1 to 'set_special_day'" },
    { "exclude", { { { store = "a", from = 1, to = 2 }, { store = "a", from = 1 } } }, "missing option 'to' to 'exclude'" },
    { "set_attributes", { { { store = "a", attributes = { region = true } } } },
      "bad item 1 to 'set_attributes' (region: string, number or false expected, got true)" },
    { "store_ids", { { stores = 1 } },
      "bad option 'stores' to 'store_ids' (store id, pattern, list of them, or function expected, got 1)" },
    { "transaction", {}, "bad argument #1 to 'transaction' (function expected, got nothing)" },
    { "set_hours", { "a" },
      "bad argument #2 to 'set_hours' (week of opening hours (days from mon to sun) expected, got nothing)" },
    { "set_hours", { "a", { mon = "9-5" } }, "bad argument #2 to 'set_hours' (" .. SPANS .. " for mon expected, got \"9-5\")" },
    { "set_hours", { "a", {}, "today" }, "bad options to 'set_hours' (table expected, got \"today\")" },
    { "set_hours", { "a", {}, { form = "2024-01-01" } }, "unknown option 'form' to 'set_hours'" },
    { "set_hours", { "a", {}, { from = "2024-02-30" } },
      "bad option 'from' to 'set_hours' (date (YYYY-MM-DD) or \"always\" expected, got \"2024-02-30\")" },
    { "set_hours", { "a", {}, { from = "2024-02-02", to = "2024-02-02" } },
      "bad option 'to' to 'set_hours' (a date after 2024-02-02 expected, got \"2024-02-02\")" },
    { "hours", { 17 }, "bad argument #1 to 'hours' (" .. STORE .. " expected, got 17)" },
    { "hours", { "a", { on = 1 } }, "bad option 'on' to 'hours' (date (YYYY-MM-DD) expected, got 1)" },
    { "clear_hours", { false }, "bad argument #1 to 'clear_hours' (" .. STORE .. " or list of them expected, got false)" },
    { "set_timezone", { "a", 1 }, "bad argument #2 to 'set_timezone' (string expected, got 1)" },
    { "set_special_day", { "a", "25.12." }, "bad argument #2 to 'set_special_day' (date (YYYY-MM-DD) expected, got \"25.12.\")" },
    { "set_special_day", { "*", "2024-12-25", "shut" },
      "bad argument #3 to 'set_special_day' (" .. SPANS .. " expected, got \"shut\")" },
    { "set_special_day", { "*", "2024-12-25", "closed", 1 },
      "bad argument #4 to 'set_special_day' (text of up to 4096 bytes expected, got 1)" },
    { "special_days", { { store = " " } },
      "bad option 'store' to 'special_days' (" .. STORE .. " or \"*\" expected, got \" \")" },
    { "clear_special_day", { "a", {} }, "bad argument #2 to 'clear_special_day' (date (YYYY-MM-DD) expected, got {})" },
    { "exclude", {}, "bad argument #1 to 'exclude' (table expected, got nothing)" },
    { "exclude", { { from = 1, to = 2 } }, "missing option 'store' to 'exclude'" },
    { "exclude", { { store = "a", to = 2 } }, "missing option 'from' to 'exclude'" },
    { "exclude", { { store = "a", from = "now", to = 2 } },
      "bad option 'from' to 'exclude' (" .. INSTANT .. " expected, got \"now\")" },
    { "exclude", { { store = "a", from = 2, to = 1 } }, "bad option 'to' to 'exclude' (an instant after "
      .. "1970-01-01 00:00:02.000000 UTC expected, got 1970-01-01 00:00:01.000000 UTC)" },
    { "exclusions", { 1 }, "bad options to 'exclusions' (table expected, got 1)" },
    { "remove_exclusion", { 0 },
      "bad argument #1 to 'remove_exclusion' (whole number from 1 to 9007199254740992 expected, got 0)" },
    { "set_attributes", { "a", "north" }, "bad argument #2 to 'set_attributes' (table expected, got \"north\")" },
    { "set_attributes", { "a", { "north" } }, "bad argument #2 to 'set_attributes' (names of 1 to 64 bytes expected, got 1)" },
    { "set_attributes", { "a", { region = true } },
      "bad argument #2 to 'set_attributes' (region: string, number or false expected, got true)" },
    { "set_attributes", { "a", { region = "a\0" } },
      "bad argument #2 to 'set_attributes' (region: text of up to 4096 bytes expected, got \"a\\0\")" },
    { "attributes", {}, "bad argument #1 to 'attributes' (" .. STORE .. " expected, got nothing)" },
    { "polls", {}, "bad argument #1 to 'polls' (table expected, got nothing)" },
    { "polls", { {}, { max_rejects = -1 } }, "bad option 'max_rejects' to 'polls' (whole number, or \"all\" expected, got -1)" },
    { "polls", { {}, { on_reject = {} } }, "bad option 'on_reject' to 'polls' (function expected, got {})" },
    { "ingest", {}, "bad argument #1 to 'ingest' (table expected, got nothing)" },
    { "ingest", { {} },
      "no files to 'ingest' (polls, hours, timezones, special_days, exclusions or attributes expected)" },
    { "ingest", { { status = 1 } },
      "bad option 'status' to 'ingest' (path, open file, function, or list of them expected, got 1)" },
    { "ingest", { { status = { "a.csv", nil, "b.csv" } } },
      "bad option 'status' to 'ingest' (path, open file, function, or list of them expected, "
        .. 'got { "a.csv", [3] = "b.csv" })' },
    { "ingest", { { hours = { file = "a.csv" } } },
      "bad option 'hours' to 'ingest' (path, open file, function, or list of them expected, got { file = \"a.csv\" })" },
    { "ingest", { { hours = "a\0.csv" } },
      "bad option 'hours' to 'ingest' (path, open file, function, or list of them expected, got \"a\\0.csv\")" },
    { "ingester", {}, "bad argument #1 to 'ingester' "
      .. "(one of polls, hours, timezones, special_days, exclusions, attributes expected, got nothing)" },
    { "ingester", { "status", { source = "\0" } },
      "bad option 'source' to 'ingester' (text without NUL bytes expected, got \"\\0\")" },
    { "query", {}, "bad argument #1 to 'query' (string expected, got nothing)" },
    { "query", { "SELECT ?, ?", 1 }, "bad call of 'query' (the query has 2 parameters, got 1 value)" },
    { "query", { "SELECT 1", 1, 2 }, "bad call of 'query' (the query has 0 parameters, got 2 values)" },
    { "query", { "SELECT ?, ?", 1, {} },
      "bad call of 'query' (parameter 2: nil, boolean, number or string expected, got {})" },
    { "prune", { "long" },
      "bad argument #1 to 'prune' (duration with its unit, such as 90d, 36h or 90m, expected, got \"long\")" },
    { "prune", { 90 }, "bad argument #1 to 'prune' (duration with its unit, such as 90d, 36h or 90m, expected, got 90)" },
    { "delete_polls", {}, "bad argument #1 to 'delete_polls' (" .. STORE .. " expected, got nothing)" },
    { "delete_polls", { "a", "soon" }, "bad argument #2 to 'delete_polls' (" .. INSTANT .. " expected, got \"soon\")" },
    { "delete_polls", { "a", 2, 1 }, "bad argument #3 to 'delete_polls' (an instant not before 1970-01-01 00:00:02.000000 UTC"
      .. " expected, got 1970-01-01 00:00:01.000000 UTC)" },
    { "delete_store", { "" }, "bad argument #1 to 'delete_store' (" .. STORE .. " expected, got \"\")" },
    { "export", { "sales" }, "bad argument #1 to 'export' "
      .. "(one of polls, hours, timezones, special_days, exclusions, attributes expected, got \"sales\")" },
    { "export", { "polls" }, "bad argument #2 to 'export' (function expected, got nothing)" },
    { "report", { { stores = { "a", [3] = "b" } } },
      "bad option 'stores' to 'report' (store id, pattern, list of them, or function expected, got { \"a\", [3] = \"b\" })" },
    { "report", { { stores = { north = "b" } } },
      "bad option 'stores' to 'report' (store id, pattern, list of them, or function expected, got { north = \"b\" })" },
    { "report", { { where = { "north" } } },
      "bad option 'where' to 'report' (table of attributes and their values expected, got { \"north\" })" },
    { "report", { { where = { region = { x = "north" } } } },
      "bad option 'where' to 'report' (table of attributes and their values expected, got { region = { x = \"north\" } })" },
    { "report", { { where = { region = true } } },
      "bad option 'where' to 'report' (table of attributes and their values expected, got true)" },
  } do
    local method, arguments, message = case[1], case[2], case[3]
    it("of " .. method .. " names the place, what was expected and what was given: " .. message, function()
      misuse.expect(message, function() monitor[method](monitor, unpack(arguments, 1, #arguments)) end)
      assert.equal(0, monitor:info().stores)
    end)
  end

  it("of functions without a monitor is told alike", function()
    misuse.expect("bad argument #1 to 'open' (text without NUL bytes expected, got nothing)",
      function() loom.open() end)
    misuse.expect("bad argument #1 to 'open' (text without NUL bytes expected, got \"a\\0b\")",
      function() loom.open "a\0b" end)
    misuse.expect("bad option 'clock' to 'open' (function expected, got 12)",
      function() loom.open(":memory:", { clock = 12 }) end)
    misuse.expect("bad option 'busy_timeout' to 'open' (whole number from 0 to 2147483647 expected, got -1)",
      function() loom.open(":memory:", { busy_timeout = -1 }) end)
    misuse.expect("bad argument #1 to 'format_timestamp' (" .. INSTANT .. " expected, got a function)",
      function() loom.format_timestamp(print) end)
    misuse.expect("bad argument #1 to 'parse_timestamp' (string expected, got 5)",
      function() loom.parse_timestamp(5) end)
  end)

  it("of a closed monitor is told by every method but close", function()
    local methods = getmetatable(monitor)
    monitor:close()
    for name, method in pairs(methods) do
      if type(method) == "function" and not name:find("^__") and name ~= "close" and name ~= "open" then
        misuse.expect(("bad call of '%s' (loom.monitor is closed)"):format(name), function() monitor[name](monitor) end)
      end
    end
    monitor:close()
    assert.equal("loom.monitor (:memory:)", tostring(monitor))
    assert.is_nil(monitor.nonsense)
  end)

  it("shows long values cut, and control characters as numbers", function()
    misuse.expect("bad argument #1 to 'export' (one of polls, hours, timezones, special_days, exclusions, attributes "
      .. 'expected, got "' .. ("x"):rep(60) .. '...")', function() monitor:export(("x"):rep(61)) end)
    misuse.expect("bad argument #2 to 'set_special_day' (date (YYYY-MM-DD) expected, got \"\\10\\34\\92\")",
      function() monitor:set_special_day("a", '\n"\\') end)
  end)

  describe("is placed", function()
    local MESSAGE = "bad argument #1 to 'hours' (" .. STORE .. " expected, got nothing)"

    it("at the call that still is on the stack, when the last one was a tail call", function()
      local function tail()
        return monitor:hours()
      end
      misuse.expect(MESSAGE, function() local _ = tail() end)
    end)

    it("at the call of pcall, when that made it", function()
      misuse.expect(MESSAGE, function() error(select(2, pcall(monitor.hours, monitor)), 0) end)
    end)

    it("nowhere, when nothing but a coroutine made it", function()
      assert.same({ false, MESSAGE }, { coroutine.resume(coroutine.create(monitor.hours), monitor) })
    end)

    it("where the caller's own function made it, which Loom had called", function()
      misuse.expect(MESSAGE, function() monitor:ingest { status = function() return #monitor:hours() end } end)
    end)
  end)
end)
