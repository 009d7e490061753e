-- The stores that a database knows, and the choice of some of them for a report.

local coroutines = require "support.coroutines"
local loom = require "loom"
local stores = require "loom.stores"
local yielding = require "support.yielding"

describe("stores", function()
  local monitor

  setup(function()
    monitor = assert(loom.open ":memory:")
    assert(monitor:polls {
      { "north 1", true, 10 }, { "north 1", false, 20.5 }, { "north 2", true, 30 }, { "south 1", true, 40 }, { "é", true, 50 },
      { "a*", true, 60 }, { "a?", true, 70 }, { "a[b]", true, 80 }, { "ab", true, 90 }, { "A", true, 100 },
    })
    for id, attributes in pairs {
      ["north 1"] = { region = "north", brand = "x", tier = 1 }, ["north 2"] = { region = "north", brand = "y" },
      ["south 1"] = { region = "south", brand = "x" }, ["é"] = { region = "north", brand = "" },
      ["without polls"] = { region = "north", brand = "x" },
    } do
      assert(monitor:set_attributes(id, attributes))
    end
    assert(monitor:set_timezone("north 1", "Europe/Oslo"))
    assert(monitor:set_timezone("without polls", "UTC"))
    assert(monitor:set_hours("north 2", { mon = "09:00-17:00" }, { from = "always" }))
  end)

  teardown(function()
    monitor:close()
  end)

  it("have a newest poll, unless there are no polls", function()
    assert.equal("1970-01-01 00:01:40.000000 UTC", stores.newest_poll(monitor.database))
    local empty = assert(loom.open ":memory:")
    assert.is_false(stores.newest_poll(empty.database))
    empty:close()
  end)

  it("are given with all that is known of them", function()
    local known = {}
    for store in monitor:stores() do
      known[store.store_id] = store
    end
    assert.same({ store_id = "north 1", timezone_str = "Europe/Oslo", has_hours = false,
      first_poll = 10, first_poll_utc = "1970-01-01 00:00:10.000000 UTC",
      last_poll = 20.5, last_poll_utc = "1970-01-01 00:00:20.500000 UTC",
      attributes = { region = "north", brand = "x", tier = "1" } }, known["north 1"])
    assert.same({ store_id = "north 2", has_hours = true,
      first_poll = 30, first_poll_utc = "1970-01-01 00:00:30.000000 UTC",
      last_poll = 30, last_poll_utc = "1970-01-01 00:00:30.000000 UTC",
      attributes = { region = "north", brand = "y" } }, known["north 2"])
    assert.same({ store_id = "without polls", timezone_str = "UTC", has_hours = false,
      attributes = { region = "north", brand = "x" } }, known["without polls"])
    assert.same({ store_id = "A", has_hours = false,
      first_poll = 100, first_poll_utc = "1970-01-01 00:01:40.000000 UTC",
      last_poll = 100, last_poll_utc = "1970-01-01 00:01:40.000000 UTC", attributes = {} }, known.A)
  end)

  it("may be none", function()
    local empty = assert(loom.open ":memory:")
    assert.is_nil(empty:stores()())
    empty:close()
  end)

  describe("by the thousands", function()
    local many
    local COUNT = 2500

    setup(function()
      many = assert(loom.open ":memory:")
      local polls, lines = {}, { "store_id,number" }
      for i = 1, COUNT do
        polls[i] = { "store " .. i, true, i }
        lines[i + 1] = ("store %d,%d"):format(i, i % 7)
      end
      assert(many:polls(polls))
      assert(many:ingest { attributes = coroutine.wrap(function()
        coroutine.yield(table.concat(lines, "\n"))
      end) })
    end)

    teardown(function()
      many:close()
    end)

    it("are given once each, whatever is done meanwhile", function()
      local seen, count = {}, 0
      for store in many:stores() do
        local i = tonumber(store.store_id:match "%d+")
        assert.is_nil(seen[i])
        seen[i], count = true, count + 1
        assert.equal(i, store.first_poll)
        assert.same({ number = tostring(i % 7) }, store.attributes)
        if count % 900 == 0 then -- none of it is in a transaction
          assert(many:poll("store " .. i, false, i))
          assert(many:query "SELECT 1"):close()
        end
      end
      assert.equal(COUNT, count)
    end)

    it("are left out by filters of every sort alike", function()
      for _, options in ipairs {
        { where = { number = 3 } },
        { stores = function(store) return store.attributes.number == "3" end },
        { stores = "store *", where = { number = { "3", "none" } } },
        { stores = function(store) return store.attributes.number ~= "5" end, where = { number = { 3, 5 } } },
      } do
        local report = assert(many:report(options))
        assert.equal(math.floor((COUNT + 4) / 7), report:count())
        for i = 1, report:count(), 50 do
          assert.equal(3, report:store(i):match "%d+" % 7)
        end
        report:close()
      end
    end)
  end)

  -- The ids of a report's rows.
  local function chosen(options)
    local report = assert(monitor:report(options))
    local ids = {}
    for i = 1, report:count() do
      ids[i] = report:store(i)
    end
    report:close()
    return ids
  end

  local ALL = { "A", "a*", "a?", "a[b]", "ab", "north 1", "north 2", "south 1", "é" }

  for _, case in ipairs {
    { "nothing", {}, ALL },
    { "an id", { stores = "ab" }, { "ab" } },
    { "an id that nobody has", { stores = "nobody" }, {} },
    { "a list of ids, in any order and twice", { stores = { "south 1", "ab", "ab", "nobody" } }, { "ab", "south 1" } },
    { "an empty list", { stores = {} }, {} },
    { "an empty id", { stores = "" }, {} },
    { "a pattern", { stores = "north *" }, { "north 1", "north 2" } },
    { "a pattern for all", { stores = "*" }, ALL },
    { "a pattern with ?", { stores = "a?" }, { "a*", "a?", "ab" } },
    { "a pattern with a set", { stores = "[ns]o* 1" }, { "north 1", "south 1" } },
    { "patterns that heed case", { stores = "[A-Z]" }, { "A" } },
    { "a pattern of one character, not of one byte", { stores = "?" }, { "A", "é" } },
    { "glob characters as they are", { stores = { "a[*]", "a[?]", "a[[]b]" } }, { "a*", "a?", "a[b]" } },
    { "patterns and ids", { stores = { "south*", "ab", "[é]" } }, { "ab", "south 1", "é" } },
    { "an attribute", { where = { region = "north" } }, { "north 1", "north 2", "é" } },
    { "attributes", { where = { region = "north", brand = "x" } }, { "north 1" } },
    { "a list of values", { where = { brand = { "x", "y" } } }, { "north 1", "north 2", "south 1" } },
    { "a number", { where = { tier = 1 } }, { "north 1" } },
    { "no value", { where = { brand = {} } }, {} },
    { "an attribute that nobody has", { where = { size = "big" } }, {} },
    { "no conditions", { where = {} }, ALL },
    { "conditions and a pattern", { where = { brand = "x" }, stores = "north*" }, { "north 1" } },
    { "conditions and ids", { where = { region = "north" }, stores = { "north 2", "south 1" } }, { "north 2" } },
    { "conditions and both", { where = { region = { "north", "south" } }, stores = { "n*", "south 1", "ab" } },
      { "north 1", "north 2", "south 1" } },
    { "a function", { stores = function(store) return (store.first_poll or 0) > 60 end }, { "A", "a?", "a[b]", "ab" } },
    { "a function that says nothing", { stores = function() end }, {} },
    { "a function that says false", { stores = function() return false end }, {} },
    { "a function that says anything", { stores = function(store) return store.store_id == "ab" and 0 end }, { "ab" } },
    { "conditions and a function", { where = { region = "north" }, stores = function(store) return store.has_hours end },
      { "north 2" } },
    { "a text in ids", { search = "NORTH" }, { "north 1", "north 2", "é" } }, -- the last one is in that region
    { "a text in attributes", { search = "x" }, { "north 1", "south 1" } },
    { "a text that is no pattern", { search = "*" }, { "a*" } },
    { "a text of as many characters as it may have", { search = ("\240\159\140\174"):rep(100) }, {} }, -- of four bytes each
    { "a text that is nowhere", { search = "nowhere" }, {} },
    { "a zone", { zones = "Europe/Oslo" }, { "north 1" } },
    { "the default zone", { zones = { "America/Chicago", "UTC" }, stores = "?*" },
      { "A", "a*", "a?", "a[b]", "ab", "north 2", "south 1", "é" } },
    { "the default zone of a report", { zones = "Europe/Oslo", default_zone = "Europe/Oslo" }, ALL },
    { "no zone", { zones = {} }, {} },
    { "a text, a zone, conditions and a pattern", { search = "x", zones = "Europe/Oslo", where = { region = "north" },
      stores = "*1" }, { "north 1" } },
    { "stores without polls, too", { all_stores = true, where = { region = "north", brand = "x" } },
      { "north 1", "without polls" } },
    { "stores without polls by a function", { all_stores = true, stores = function(store) return not store.last_poll end },
      { "without polls" } },
  } do
    it("are chosen by " .. case[1], function()
      case[2].as_of = 100
      assert.same(case[3], chosen(case[2]))
    end)
  end

  it("are not chosen by what is no text or no zone", function()
    for _, call in ipairs { "report", "status", "store_ids", "series" } do
      for _, options in ipairs { { search = "" }, { search = ("x"):rep(101) }, { search = ("é"):rep(101) },
        { zones = { 1 } }, { zones = true } } do
        local called, message = pcall(monitor[call], monitor, options)
        assert.is_false(called)
        assert.matches(("bad option '%s' to '"):format((next(options))), message, 1, true)
      end
      local result, message, code = monitor[call](monitor, { zones = { "UTC", "Mars" } })
      assert.is_nil(result)
      assert.equal("EINVAL", code)
      assert.matches('^EINVAL: zones: "Mars" is ', message)
    end
    assert.same({ "north 1" }, monitor:store_ids { zones = "Europe/Oslo", search = "1" })
  end)

  it("are chosen alike by a pattern and by the same one with conditions", function()
    for _, pattern in ipairs { "*", "?", "a?", "a*", "a[*]", "[!a]*", "[^a]*", "[a-z]*", "*1", "* *", "[]", "[", "a[b", "é",
      "[é]", "*[?]", "a[[]b[]]", "**", "" } do
      assert.same(chosen { stores = { pattern } }, chosen { stores = { pattern }, where = {} }, pattern)
    end
  end)

  it("are those that a function would choose, by attributes and texts, however it is done", function()
    local many = { "north" }
    for i = 2, 1000 do -- too many for the native half
      many[i] = "value " .. i
    end
    for _, where in ipairs { {}, { region = "north" }, { region = { "north", "south" }, brand = "x" }, { brand = "" },
      { tier = 1 }, { region = {} }, { nothing = "x" }, { region = many }, { region = "North" } } do
      for _, search in ipairs { false, "NORTH", "1", "é", "a[", "%" } do
        local options = { where = next(where) and where or nil, search = search or nil }
        local expected = assert(monitor:store_ids(options)) -- looks at each
        for _, more in ipairs { {}, { stores = function() return true end } } do
          local report = assert(monitor:report { where = options.where, search = options.search, stores = more.stores,
            all_stores = true })
          local found = {}
          for i = 1, report:count() do
            found[i] = report:row(i).store_id
          end
          assert.same(expected, found)
        end
        options.all_stores = true
        assert.equal(#expected, assert(monitor:status(options)):count())
      end
    end
  end)

  it("are shown to a function with all that is documented", function()
    local seen = {}
    chosen { stores = function(store)
      seen[store.store_id] = store
    end }
    local count = 0
    for store in monitor:stores() do
      assert.same(store, seen[store.store_id])
      count = count + 1
    end
    assert.equal(#ALL + 1, count)
  end)

  it("may be chosen by a function that asks the monitor, changes it, and yields", function()
    local function filter(store)
      assert.is_table(monitor:hours(store.store_id))
      assert(monitor:poll("ab", true, 90))
      return store.store_id == "ab"
    end
    assert.same({ "ab" }, chosen { stores = filter })
    if yielding then
      local yields, ids = coroutines.run(chosen, { stores = function(store)
        coroutine.yield()
        return filter(store)
      end })
      assert.same({ #ALL + 1, { "ab" } }, { yields, ids })
    end
  end)

  it("are not chosen by a function that raises, whose error comes through", function()
    for _, start in ipairs { "report", "start_report" } do
      local called, err = pcall(monitor[start], monitor, { stores = function() error { "mine" } end })
      assert.is_false(called)
      assert.same({ "mine" }, err)
      assert(monitor:poll("ab", true, 90))
    end
  end)

  -- The stores of a report that a chooser chooses, and in how many pieces.
  local function choose(report, glob, conditions, seconds, meanwhile, search)
    local choice, go_on = report:chooser(glob, conditions and stores.conditions(conditions), search)
    local pieces, done = 0, false
    while not done do
      done = go_on(monitor.database, seconds)
      assert.is_boolean(done)
      pieces = pieces + 1
      if meanwhile then
        meanwhile(pieces)
      end
    end
    local ids = {}
    for i, row in ipairs((report:page(nil, 1, false, 100000, choice))) do
      ids[i] = report:store(row)
    end
    assert.equal(#ids, choice:count())
    choice:close()
    return ids, pieces
  end

  it("are chosen in pieces as they are in one", function()
    local report = assert(monitor:report { all_stores = true })
    for _, case in ipairs {
      { "*" }, { "north*" }, { "a[*?[]*" }, { "[!a-z]*" }, { "" }, { "é" }, { "[" }, { nil, { region = "north" } },
      { "*1", { region = { "north", "south" }, brand = "x" } }, { nil, { nothing = "x" } }, { nil, {} },
      { nil, nil, "NORTH" }, { nil, nil, "*" }, { nil, nil, "É" }, { nil, nil, "é" }, { "*1", { brand = "x" }, "out" },
      { nil, nil, ("é"):rep(100) },
    } do
      local expected = {}
      for store in monitor:stores() do
        local only = assert(monitor:report { all_stores = true, stores = case[1], where = case[2],
          search = case[3] })
        if only:find(store.store_id) then
          expected[#expected + 1] = store.store_id
        end
        only:close()
      end
      table.sort(expected)
      assert.same(expected, (choose(report, case[1], case[2], 1, nil, case[3])))
      assert.same(expected, (choose(report, case[1], case[2], 0, nil, case[3])))
    end
    report:close()
  end)

  -- A report's column of an attribute, read in pieces of so many seconds.
  local function column_of(report, name, seconds, most)
    local column, go_on = stores.column(report.native, name, most)
    local done
    repeat
      done = go_on(monitor.database, seconds)
      assert.is_boolean(done)
    until done
    return column
  end

  it("have columns of what they are sorted and counted by", function()
    local report = assert(monitor:report { all_stores = true })
    for _, seconds in ipairs { 0, 1 } do
      local column = column_of(report, "brand", seconds)
      assert.same({ "x", "y" }, column:values())
      assert.equal(2, column:count())
      assert.has_error(function() column:rank(0) end)
      assert.is_true(column:size() > 0)
      for _, descending in ipairs { false, true } do
        local expected = {}
        for store in monitor:stores() do
          expected[#expected + 1] = { store.store_id, store.attributes.brand }
        end
        table.sort(expected, function(a, b)
          if a[2] == b[2] then
            return a[1] < b[1]
          elseif a[2] and b[2] then
            return (a[2] < b[2]) ~= descending
          end
          return a[2] ~= nil
        end)
        local numbers = report.native:order { by = "rank", column = column, descending = descending }
        for i, row in ipairs(numbers) do
          assert.equal(expected[i][1], report:store(row))
        end
        assert.equal(#expected, #numbers)
      end
      column:close()
    end
    local none = column_of(report, "nothing", 1)
    assert.same({}, none:values())
    none:close()
    report:close()
  end)

  it("have columns that are those of one report, and of texts while they are few", function()
    local report, other = assert(monitor:report()), assert(monitor:report { all_stores = true })
    local column = report.native:column()
    assert.error_matches(function() other.native:order { by = "rank", column = column } end, "the column is of another report")
    assert.error_matches(function() column:take_states(report.native, report.native) end, "the report is not of states")
    assert.error_matches(function() report.native:order { by = "rank" } end, "loom.column expected")
    column:take_zones(report.native)
    assert.same({ "America/Chicago", "Europe/Oslo" }, column:values())
    local sums = report.native:group_sums(1, 2, column)
    assert.equal(#report - 1, sums[1].stores)
    assert.equal(1, sums[2].stores)
    assert.error_matches(function() report.native:group_sums(1, 1, column) end, "no more values than groups expected")
    column:close()
    assert.error_matches(function() column:values() end, "loom.column is closed", 1, true)
    report:close()
    other:close()
  end)

  describe("of which there are many", function()
    local many, report

    setup(function()
      many, monitor = monitor, assert(loom.open ":memory:") -- the helpers above look at `monitor`
      local polls = {}
      for i = 1, 3000 do
        polls[i] = { ("a"):rep(i % 200) .. i, true, i }
      end
      assert(monitor:polls(polls))
      report = assert(monitor:report())
    end)

    teardown(function()
      report:close()
      monitor:close()
      monitor = many
    end)

    it("are chosen in many pieces where there is no time for one, whatever matches", function()
      for _, glob in ipairs { "*", "nothing", "*[" .. ("~"):rep(240) .. "]", "*a*a*a*b" } do
        local all, pieces = choose(report, glob, nil, 0)
        assert.is_true(pieces >= 3000 / 16, glob)
        local same, one = choose(report, glob, nil, 1000)
        assert.equal(1, one)
        assert.same(all, same)
      end
      assert.equal(3000, #choose(report, "*", nil, 0))
    end)

    it("have columns of many values, which are given up where that is too many", function()
      assert(monitor:transaction(function()
        for i = 1, report:count() do
          assert(monitor:set_attributes(report:store(i), { number = ("%04d"):format(i * 7 % 3001), half = i % 2 }))
        end
      end))
      local column = column_of(report, "number", 0)
      assert.is_nil(column:values())
      assert.equal(3000, column:count())
      local last
      for _, row in ipairs((report.native:order { by = "rank", column = column })) do
        assert.is_true(not last or row * 7 % 3001 > last)
        last = row * 7 % 3001
      end
      column:close()
      column = column_of(report, "number", 1000, 10)
      assert.equal(11, column:count())
      column:close()
      column = column_of(report, "half", 0, 10)
      assert.same({ "0", "1" }, column:values())
      column:close()
    end)

    it("may be written to between two pieces", function()
      local ids = choose(report, "*", nil, 0, function(piece)
        if piece % 50 == 1 then
          assert(monitor:polls { { "new " .. piece, true, 5000 + piece }, { "a1", true, 6000 + piece } })
          assert(monitor:set_attributes("a1", { piece = piece }))
        end
      end)
      assert.equal(3000, #ids)
    end)
  end)
end)
