-- The option `hours` of a report: hours that hold for it alone.

local golden = require "support.golden"
local hours = require "loom.hours"
local made_up = require "support.report"
local yielding = require "support.yielding"

local week = {
  mon = "09:00-17:00", tue = { "08:00-12:00", "13:00-24:00" }, wed = "closed", thu = "22:00-06:00", fri = "10:00-10:00",
  sat = { "09:00-12:00", "11:00-15:30:30" },
}

describe("hours for one report", function()
  local monitor

  before_each(function()
    monitor = golden.open "zones"
  end)

  after_each(function()
    monitor:close()
  end)

  local function dump()
    local parts = {}
    for _, kind in ipairs { "polls", "hours", "timezones", "special_days", "exclusions", "attributes" } do
      assert(monitor:export(kind, function(text)
        parts[#parts + 1] = text
        return true
      end))
    end
    return table.concat(parts)
  end

  local function exact(from, options)
    local report = assert(from:report(options))
    local text = made_up.text("exact", report)
    report:close()
    return text
  end

  local function ids(from)
    local list = {}
    for store in from:stores() do
      list[#list + 1] = store.store_id
    end
    table.sort(list)
    return list
  end

  -- Compares reports of golden cases with an option, which make(ids) gives, to reports of databases in which
  -- set(database, ids) has made it so.
  local function compare(cases, make, set)
    for _, case in ipairs(cases) do
      local plain, changed = golden.open(case), golden.open(case)
      local stores = ids(plain)
      set(changed, stores)
      for rules in pairs(golden.rules) do
        local wanted = exact(changed, golden.options(rules))
        local got = exact(plain, golden.options(rules, { hours = make(stores) }))
        assert.is_true(wanted == got, case .. " " .. rules)
        assert.is_false(wanted == exact(plain, golden.options(rules)))
      end
      plain:close()
      changed:close()
    end
  end

  describe("by tables", function()
    it("are what the database would give with them: some stores", function()
      local function some(stores)
        return { [stores[3]] = week, [stores[7]] = {}, [stores[11]] = { sun = "00:00-24:00" } }
      end
      compare(golden.cases, some, function(changed, stores)
        for id, value in pairs(some(stores)) do
          assert(changed:set_hours(id, value, { from = "always" }))
        end
      end)
    end)

    it("are what the database would give with them: all stores, and all others", function()
      compare(golden.cases, function(stores)
        return { ["*"] = week, [stores[5]] = { mon = "01:00-02:00" } }
      end, function(changed, stores)
        for i, id in ipairs(stores) do
          assert(changed:set_hours(id, i == 5 and { mon = "01:00-02:00" } or week, { from = "always" }))
        end
      end)
    end)

    it("may name stores that are not there", function()
      assert.equal(exact(monitor), exact(monitor, { hours = { nobody = week } }))
      assert.equal(exact(monitor), exact(monitor, { hours = {} }))
    end)
  end)

  describe("by a function", function()
    -- What holds on a date, as the database tells it.
    local function openings(store, date, special)
      for _, id in ipairs { store, "*" } do
        if special[id .. " " .. date] then
          return special[id .. " " .. date]
        end
      end
      local answer = assert(monitor:hours(store, { on = date })).week
      if not answer then
        return { "00:00-24:00" }
      end
      local y, m, d = date:match "(%d+)-(%d+)-(%d+)"
      local weekday = os.date("*t", os.time { year = y, month = m, day = d, hour = 12 }).wday -- 1 = Sunday
      return answer[hours.days[(weekday + 5) % 7 + 1]] or {}
    end

    it("are asked for each store and date, with what would hold otherwise", function()
      assert(monitor:set_special_day("*", "2023-01-20", "10:00-11:00"))
      local special, dates, last = {}, {}, {}
      for _, day in ipairs(assert(monitor:special_days())) do
        special[day.store_id .. " " .. day.date] = day.spans
      end
      local text = exact(monitor, { hours = function(id, date, spans)
        dates[id] = dates[id] or {}
        assert.is_nil(dates[id][date])
        assert.is_true(last[id] == nil or last[id] < date)
        dates[id][date], last[id] = true, date
        assert.same(openings(id, date, special), spans)
      end })
      assert.equal(exact(monitor), text)
      for _, id in ipairs(ids(monitor)) do
        for _, opening in ipairs(assert(monitor:explain(id)).windows[3].openings) do
          assert.is_true(dates[id][opening.date])
        end
        local count = 0
        for _ in pairs(dates[id]) do
          count = count + 1
        end
        assert.is_true(count >= 9)
      end
    end)

    local function noon(id, date)
      return (id:byte(1) + date:sub(-1):byte()) % 3 == 0
    end

    -- Ways to answer, and what stands in the database then.
    for name, case in pairs {
      ["a text"] = { function() return "12:00-13:30" end, "12:00-13:30" },
      ["a list"] = { function() return { "12:00-13:00", "14:00-02:00" } end, { "12:00-13:00", "14:00-02:00" } },
      ["closed"] = { function() return "closed" end, "closed" },
      ["an empty list"] = { function() return {} end, "closed" },
      ["its own list, changed"] = { function(spans)
        for i = #spans, 1, -1 do
          spans[i] = nil
        end
        spans[1] = "12:00-13:00"
        return spans
      end, "12:00-13:00" },
    } do
      it("may be " .. name, function()
        local function change(id, date, spans)
          if noon(id, date) then
            return case[1](spans)
          end
        end
        compare({ "autumn" }, function() return change end, function(changed, stores)
          local report = assert(changed:report())
          local day = report.windows[3].from - 3 * 86400
          while day < report.as_of + 3 * 86400 do
            local date = os.date("!%Y-%m-%d", math.floor(day))
            for _, id in ipairs(stores) do
              if noon(id, date) then
                assert(changed:set_special_day(id, date, case[2]))
              end
            end
            day = day + 86400
          end
          report:close()
        end)
      end)
    end

    it("are as they were where it returns nothing, or what it got", function()
      local before = exact(monitor)
      assert.equal(before, exact(monitor, { hours = function() end }))
      assert.equal(before, exact(monitor, { hours = function(_, _, spans) return spans end }))
      assert.equal(before, exact(monitor, { hours = function(_, _, spans) spans[1] = "01:00-02:00" end }))
    end)

    it("leave the database as it was", function()
      local before = dump()
      exact(monitor, { hours = function() return "closed" end })
      exact(monitor, { hours = { ["*"] = week } })
      assert.is_true(before == dump())
    end)

    it("count for jobs too", function()
      local function half(id) return id:byte(1) % 2 == 0 and "closed" or nil end
      local job = assert(monitor:start_report { hours = half })
      assert.is_true(job:wait())
      local report = assert(job:result())
      assert.equal(exact(monitor, { hours = half }), made_up.text("exact", report))
      report:close()
    end)

    it("may ask the monitor meanwhile", function()
      local asked = 0
      local text = exact(monitor, { hours = function(id, date, spans)
        if asked < 20 then
          asked = asked + 1
          for row in assert(monitor:query("SELECT count(*) AS n FROM store WHERE store_id = ?", id)) do
            assert.equal(1, row.n)
          end
          assert(monitor:hours(id, { on = date }))
          assert(monitor:timeline(id, date .. " 00:00:00", date .. " 12:00:00"))
          assert(monitor:info())
          local inner = assert(monitor:report { stores = id, hours = { [id] = week } })
          assert.equal(1, #inner)
          inner:close()
        end
        return spans
      end })
      assert.equal(20, asked)
      assert.equal(exact(monitor), text)
    end)

    it("fail the report where they change what it is made from", function()
      for _, change in ipairs {
        function(id) return monitor:poll(id, true, 0) end,
        function(id) return monitor:set_special_day(id, "2023-01-20", "closed") end,
      } do
        local changed
        local report, _, code = monitor:report { hours = function(id)
          changed = changed or change(id)
        end }
        assert.same({ nil, "EINVAL" }, { report, code })
        assert.truthy(changed)
      end
    end)

    -- The monitor can be written, so that nothing is under way on it any more.
    local function usable()
      assert(monitor:poll("new", true, 0))
      assert.equal(61, #assert(monitor:report()))
    end

    it("raise what it raises, at any call", function()
      for _, at in ipairs { 1, 2, 100 } do
        local mine, calls = {}, 0
        local good, err = pcall(monitor.report, monitor, { hours = function()
          calls = calls + 1
          return calls == at and error(mine) or nil
        end })
        assert.is_false(good)
        assert.equal(mine, err)
        assert.equal(at, calls)
      end
      assert.has_error(function() monitor:start_report { hours = function() error("mine", 0) end } end, "mine")
      usable()
    end)

    it("raise for what are no hours", function()
      for _, case in ipairs {
        { "noon", '"noon"' }, { "", '""' }, { "09:00", '"09:00"' }, { "25:00-26:00", '"25:00-26:00"' }, { 9, "9" },
        { true, "true" }, { false, "false" }, { { 9 }, "9" }, { { "09:00-17:00", "noon" }, '"noon"' },
        { { mon = "09:00-17:00" }, '{ mon = "09:00-17:00" }' }, { { "closed" }, '"closed"' }, { print, "a function" },
        { { [2] = "09:00-17:00" }, '{ [2] = "09:00-17:00" }' },
      } do
        local good, message = pcall(monitor.report, monitor, { hours = function() return case[1] end })
        assert.is_false(good)
        assert.matches("bad result of the function 'hours' for %S+ on 2023%-01%-%d%d %(opening hours", message)
        assert.equal(1, select(2, message:gsub("expected, got " .. case[2]:gsub("%p", "%%%0") .. "%)$", "")), message)
      end
      usable()
    end)

    it("may yield, where Lua can do it", function()
      local calls = 0
      local run = coroutine.wrap(function()
        return monitor:report { hours = function(id, date)
          calls = calls + 1
          return coroutine.yield(id, date)
        end }
      end)
      if not yielding then
        assert.has_error(run)
        usable()
        return
      end
      local id = run()
      while type(id) == "string" do
        local answer = id:byte(1) % 2 == 0 and "closed" or nil
        id = run(answer)
      end
      assert.is_true(calls > 500)
      assert.equal(exact(monitor, { hours = function(store) return store:byte(1) % 2 == 0 and "closed" or nil end }),
        made_up.text("exact", id))
      id:close()
      usable()
    end)

    if yielding then
      it("may be left half asked", function()
        local run = coroutine.wrap(function()
          return monitor:report { hours = coroutine.yield }
        end)
        run()
        run()
        assert(monitor:poll("new", true, 0))
        local asked, _, code
        repeat
          asked, _, code = run() -- on to the next store
        until not asked
        assert.equal("EINVAL", code)
        run = nil -- luacheck: ignore 311
        collectgarbage()
        collectgarbage()
        usable()
      end)
    end
  end)
end)
