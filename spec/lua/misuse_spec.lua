local check = require "loom.check"
local loom = require "loom"
local misuse_spec = require "support.misuse"

local unpack = table.unpack or unpack -- luacheck: compat

describe("a value in a message", function()
  for text, value in pairs {
    ["true"] = true,
    ["1.5"] = 1.5,
    ['"a\\10b"'] = "a\nb",
    ["{}"] = {},
    ['{ "09:00-12:00", "13-17" }'] = { "09:00-12:00", "13-17" },
    ['{ 1, 2, a = { b = {...} } }'] = { 1, 2, a = { b = { c = {} } } },
    ['{ "a", [3] = "b" }'] = { "a", [3] = "b" },
    ['{ [true] = 1, ["a b"] = false }'] = { ["a b"] = false, [true] = 1 },
    ["{ 1, 2, 3, 4, 5, 6, 7, 8, ... }"] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 },
    ["a function"] = print,
    ["a thread"] = coroutine.create(function() end),
  } do
    it("is " .. text, function()
      assert.equal(text, check.shown(value))
    end)
  end

  it("asks no metamethod, and tells handles by what they are", function()
    local monitor = assert(loom.open ":memory:")
    assert.equal("a loom.monitor", check.shown(monitor))
    monitor:close()
    local trap = setmetatable({ 1 }, { __index = error, __len = error, __pairs = error, __tostring = error })
    assert.equal("{ 1 }", check.shown(trap))
  end)

  it("stays one line of bounded length, whatever it is", function()
    local huge, deep = {}, {}
    for i = 1, 100000 do
      huge[i] = ("x\n"):rep(100)
      deep = { deep, [deep] = i }
    end
    for _, value in ipairs { huge, deep, { huge, huge, [huge] = huge }, ("\1"):rep(1000), { [("k"):rep(1e6)] = 1 },
      { a = ("v"):rep(1e6), b = { c = ("v"):rep(1e6), d = huge } } } do
      local text = check.shown(value)
      assert.is_true(#text <= 1200, #text)
      assert.is_nil(text:find "%c")
    end
  end)
end)

describe("the number of a row or window that is none", function()
  it("is told at the caller's line, with what was given", function()
    local monitor = assert(loom.open ":memory:")
    assert(monitor:polls { { "a", true, 0 }, { "b", true, 0 } })
    local report, status = assert(monitor:report()), assert(monitor:status())
    for name, object in pairs { report = report, groups = report:group_with(function(row) return row.store_id end, "key") } do
      for shown, value in pairs { nothing = false, ["0"] = 0, ["3"] = 3, ["1.5"] = 1.5, ['"x"'] = "x", ["{}"] = {} } do
        value = shown ~= "nothing" and value or nil
        local expected = (" (whole number from 1 to 2 expected, got %s)"):format(shown)
        misuse_spec.expect("bad argument #1 to 'store'" .. expected, function() object:store(value) end)
        misuse_spec.expect("bad argument #1 to 'figures'" .. expected, function() object:figures(value, 1) end)
        if shown ~= "3" then
          misuse_spec.expect("bad argument #2 to 'figures'" .. expected:gsub("to 2", "to 3"),
            function() object:figures(1, value) end)
        end
        if name == "groups" then
          misuse_spec.expect("bad argument #1 to 'stores'" .. expected, function() object:stores(value) end)
        end
      end
    end
    for _, object in ipairs { report, report:group "x", status } do
      misuse_spec.expect("bad argument #1 to 'row' (number expected, got \"x\")", function() object:row "x" end)
    end
    local figures, columns = require "loom.figures", require "loom.columns"
    for _, name in ipairs { "hours", "minutes", "seconds", "decimal" } do
      misuse_spec.expect(("bad argument #1 to '%s' (number expected, got {})"):format(name), function() figures[name] {} end)
    end
    misuse_spec.expect("bad argument #1 to 'standard' (report or groups expected, got 1)", function() columns.standard(1) end)
    report:close()
    status:close()
    monitor:close()
  end)
end)

describe("a method that is called as a function", function()
  local monitor, report, handles

  setup(function()
    monitor = assert(loom.open ":memory:")
    assert(monitor:poll("a", true, 0))
    report = assert(monitor:report())
    local job = assert(monitor:start_report())
    local Queue = require "loom.queue"
    handles = {
      ["loom.monitor"] = { monitor, getmetatable(monitor) },
      ["loom.report"] = { report, require "loom.report" },
      ["loom.groups"] = { report:group "x", require "loom.groups" },
      ["loom.status"] = { assert(monitor:status()), require "loom.status" },
      ["loom.series"] = { assert(monitor:series()), require "loom.series" },
      ["loom.job"] = { job, getmetatable(job) },
      ["loom.ingester"] = { assert(monitor:ingester "polls"), require "loom.ingester" },
      ["loom.queue"] = { setmetatable({}, Queue), Queue },
    }
  end)

  teardown(function()
    handles["loom.ingester"][1]:abort()
    handles["loom.job"][1]:close()
    handles["loom.status"][1]:close()
    handles["loom.series"][1]:close()
    report:close()
    monitor:close()
  end)

  -- Made by functions of the module, which are no methods.
  local functions = { open = true, new = true, of = true, run = true, start = true, started = true, is_id = true }

  it("says so at the caller's line, whatever the handle", function()
    for name, handle in pairs(handles) do
      local object, count = name:match "%w+$", 0
      for class, table_of_methods in pairs { own = handle[2], shared = (getmetatable(handle[2]) or {}).__index or {} } do
        for key in pairs(table_of_methods) do
          local method = handle[1][key]
          if type(method) == "function" and not key:find "^__" and not functions[key] then
            count = count + 1
            for got, arguments in pairs { nothing = {}, ['"a"'] = { "a" }, ["{ slo = 0.5 }"] = { { slo = 0.5 } } } do
              misuse_spec.expect(("bad call of '%s' (a %s expected before it, got %s: write %s:%s(...) with a colon)")
                :format(key, name, got, object, key), function() method(unpack(arguments)) end)
            end
          end
        end
        assert.is_string(class)
      end
      assert.is_true(count >= 2, name)
    end
  end)

  it("says so of the rows of a query", function()
    local rows = assert(monitor:query "SELECT 1")
    for _, key in ipairs { "columns", "close" } do
      local method = rows[key]
      misuse_spec.expect(
        "bad call of a method (a loom.rows expected before it, got nothing: write rows:method(...) with a colon)",
        function() method() end)
    end
    rows:close()
  end)
end)

describe("what was misused", function()
  local monitor

  before_each(function()
    monitor = assert(loom.open ":memory:")
  end)

  after_each(function()
    monitor:close()
  end)

  local function misuse(...)
    local called, err = pcall(...)
    assert.is_false(called)
    return check.misuse(err)
  end

  it("is told by the option", function()
    local found = misuse(monitor.report, monitor, { as_of = "x" })
    assert.equal("as_of", found.option)
    assert.equal('timestamp, date, now, or seconds since 1970 expected, got "x"', found.expected)
    assert.equal("bad option 'as_of' to 'report' (" .. found.expected .. ")", found.message)
    found = misuse(monitor.report, monitor, { colour = 1 })
    assert.equal("colour", found.option)
    assert.is_true(found.is_unknown)
    found = misuse(monitor.exclude, monitor, { store = "a" })
    assert.equal("from", found.option)
    assert.is_true(found.is_missing)
  end)

  it("is told by the argument", function()
    local found = misuse(monitor.timeline, monitor, "a", "x", 1)
    assert.equal(2, found.argument)
    assert.is_nil(found.option)
    assert.is_false(found.is_unknown)
  end)

  it("is nothing where something else was wrong", function()
    assert.is_nil(misuse(error, "bad argument #1 to 'report' (x)"))
    assert.is_nil(misuse(error, {}))
    local called, err = pcall(monitor.report, monitor, 7)
    assert.is_false(called)
    assert.equal("bad options to 'report' (table expected, got 7)", check.misuse(err).message)
    assert.is_nil(misuse(error, "another one"))
  end)
end)
