-- What is set by hand. Hours are also held against a model that knows nothing but what is in force on each date.

local core = require "loom.core"
local database = require "support.database"
local hours = require "loom.hours"
local instants = require "support.instants"
local loom = require "loom"
local random_of = require "support.random".new

local unpack = table.unpack or unpack -- luacheck: compat

local SECOND, HOUR = 1000000, 3600
local UNKNOWN = 'ENOENT: store "nobody" is not known'

-- An input file that is given as text.
local function text(content)
  return function()
    local piece = content
    content = nil
    return piece
  end
end

local function date_of(day)
  return core.format_date(day)
end

local function midnight(date)
  return loom.parse_timestamp(date .. " 00:00:00")
end

-- The same without openings, which have to say what the texts of the spans say.
local function without_openings(list)
  local function check(spans, openings)
    for i, span in ipairs(spans) do
      local from, to = span:match "^(.*)-(.*)$"
      assert.same({ open = core.parse_time_of_day(from), close = core.parse_time_of_day(to), span = span }, openings[i])
    end
    assert.equal(#spans, #openings)
  end
  for _, item in ipairs(list) do
    for day, spans in pairs(item.week or {}) do
      check(spans, item.openings[day])
    end
    if item.spans then
      check(item.spans, item.openings)
    end
    assert.equal(item.reverts or false, item.openings == nil)
    item.openings = nil
  end
  return list
end

describe("what is set by hand:", function()
  local monitor, now

  before_each(function()
    now = "2024-02-15 12:00:00"
    monitor = assert(loom.open(":memory:", { default_zone = "UTC", clock = function() return now end }))
  end)

  after_each(function()
    assert.same({}, monitor:check())
    monitor:close()
  end)

  local function load(kind, ...)
    return assert(monitor:ingest { [kind] = text(table.concat({ ... }, "\n")) })
  end

  local function load_hours(...)
    return load("hours", "store_id,day,start_time_local,end_time_local,effective_from", ...)
  end

  -- How many seconds a store is scheduled from one date to another, in UTC.
  local function scheduled(store, from, to)
    local report = assert(monitor:report { all_stores = true, as_of = 0, stores = { store },
      windows = { { name = "w", from = midnight(from), to = midnight(to) } } })
    local up, down, unknown = report:figures(1, 1)
    report:close()
    return (up + down + unknown) / SECOND
  end

  local function week_on(store, date)
    local found = assert(monitor:hours(store, { on = date }))
    return found.week, found.effective_from, found.origin
  end

  describe("hours", function()
    it("are in force from a date on, and not before", function()
      load_hours "a,0,08:00,10:00,"
      local before = scheduled("a", "2024-01-29", "2024-02-12")
      assert.equal(4 * HOUR, before)
      assert.is_true(monitor:set_hours("a", { mon = "09:00-17:00", tue = { "10:00-11:00", "12:00-14:00" } },
        { from = "2024-02-12" }))
      assert.equal(before, scheduled("a", "2024-01-29", "2024-02-12"))
      assert.equal(11 * HOUR, scheduled("a", "2024-02-12", "2024-02-19"))
      assert.same({ { mon = { "08:00-10:00" } }, nil, "file" }, { week_on("a", "2024-02-11") })
      assert.same({ { mon = { "09:00-17:00" }, tue = { "10:00-11:00", "12:00-14:00" } }, "2024-02-12", "override" },
        { week_on("a", "2024-02-12") })
    end)

    it("are those of every date when they are set for always", function()
      load_hours("a,0,08:00,10:00,", "a,0,08:00,11:00,2024-02-01")
      assert(monitor:set_hours("a", { sun = "00:00-24:00" }, { effective_from = "always" }))
      for _, date in ipairs { "0001-01-01", "1970-01-01", "2024-02-01", "9999-12-31" } do
        assert.same({ { sun = { "00:00-24:00" } }, nil, "override" }, { week_on("a", date) })
      end
      assert.equal(24 * HOUR, scheduled("a", "2024-01-29", "2024-02-05"))
    end)

    it("end at a date, after which what was in force before is so again", function()
      assert(monitor:set_hours("a", { mon = "08:00-09:00" }, { effective_from = "2024-01-01" }))
      assert(monitor:set_hours("a", { mon = "08:00-10:00" }, { effective_from = "2024-03-01" }))
      assert(monitor:set_hours("a", { mon = "08:00-16:00" }, { effective_from = "2024-01-15", to = "2024-01-29" }))
      assert(monitor:set_hours("a", {}, { effective_from = "2024-02-19", to = "2024-03-11" }))
      for date, close in pairs { ["2024-01-14"] = "09", ["2024-01-15"] = "16", ["2024-01-28"] = "16", ["2024-01-29"] = "09",
        ["2024-02-18"] = "09", ["2024-02-19"] = false, ["2024-03-10"] = false, ["2024-03-11"] = "10" } do
        assert.same(close and { mon = { "08:00-" .. close .. ":00" } } or {}, (week_on("a", date)))
      end
    end)

    it("without any before leave the store open all day before and after", function()
      assert(monitor:set_hours("a", { mon = "08:00-09:00" }, { effective_from = "2024-01-15", to = "2024-01-22" }))
      assert.equal(7 * 24 * HOUR, scheduled("a", "2024-01-08", "2024-01-15"))
      assert.equal(HOUR, scheduled("a", "2024-01-15", "2024-01-22"))
      assert.equal(7 * 24 * HOUR, scheduled("a", "2024-01-22", "2024-01-29"))
      assert.is_nil((week_on("a", "2024-01-14")))
      assert.is_nil((week_on("a", "2024-01-22")))
    end)

    it("last until the next change that is planned already", function()
      assert(monitor:set_hours("a", { mon = "08:00-09:00" }, { effective_from = "2024-03-01" }))
      assert(monitor:set_hours("a", { tue = "08:00-09:00" }, { effective_from = "2024-02-01" }))
      assert.same({ tue = { "08:00-09:00" } }, (week_on("a", "2024-02-29")))
      assert.same({ mon = { "08:00-09:00" } }, (week_on("a", "2024-03-01")))
      assert.same({
        { origin = "override", effective_from = "2024-02-01", week = { tue = { "08:00-09:00" } } },
        { origin = "override", effective_from = "2024-03-01", week = { mon = { "08:00-09:00" } } },
      }, without_openings(monitor:hours("a").changes))
    end)

    it("begin with a date that may be called from, too", function()
      assert(monitor:set_hours("a", { mon = "08:00-09:00" }, { from = "2024-03-01" }))
      assert(monitor:set_hours("a", { tue = "08:00-09:00" }, { effective_from = "2024-03-01" }))
      assert.same({ { origin = "override", effective_from = "2024-03-01", week = { tue = { "08:00-09:00" } } } },
        without_openings(monitor:hours("a").changes))
      assert(monitor:clear_hours("a", { from = "2024-02-01" }))
      assert.same({}, without_openings(monitor:hours("a").changes))
      for _, name in ipairs { "set_hours", "clear_hours" } do
        local both = { effective_from = "always", from = "always" }
        assert.error_matches(function()
          return name == "set_hours" and monitor:set_hours("a", {}, both) or monitor:clear_hours("a", both)
        end, ("bad option 'from' to '%s' (effective_from or from expected, got both)"):format(name), 1, true)
      end
    end)

    it("are set by the openings that are told, too", function()
      local week = { mon = { "09:00-12:30", { open = 13 * HOUR, close = 14 * HOUR } }, sat = { open = 0, close = 86400 } }
      assert(monitor:set_hours("a", week, { effective_from = "always" }))
      local told = monitor:hours "a"
      assert.same({ mon = { "09:00-12:30", "13:00-14:00" }, sat = { "00:00-24:00" } }, told.week)
      assert(monitor:set_hours("b", told.openings, { effective_from = "always" }))
      assert.same(told, monitor:hours "b")
      assert(monitor:set_special_day("a", "2024-12-24", told.openings.mon))
      assert.same(told.openings.mon, monitor:special_days()[1].openings)
      for _, wrong in ipairs { { open = 1 }, { open = -1, close = 5 }, { open = 1, close = 86401 },
        { open = "09:00", close = "17:00" }, { open = 1.5, close = 2 } } do
        assert.error_matches(function() monitor:set_hours("a", { mon = wrong }) end, "opening hours (such as", 1, true)
        assert.error_matches(function()
          monitor:set_special_day("a", "2024-12-24", { wrong })
        end, "opening hours (such as", 1, true)
      end
    end)

    it("set again for the same date replace those", function()
      for _, day in ipairs { "mon", "tue" } do
        assert(monitor:set_hours("a", { [day] = "08:00-09:00" }, { effective_from = "2024-02-01" }))
      end
      assert.same({ { origin = "override", effective_from = "2024-02-01", week = { tue = { "08:00-09:00" } } } },
        without_openings(monitor:hours("a").changes))
    end)

    it("are set from today, where the store is", function()
      for store, zone in pairs { Tokyo = "Asia/Tokyo", ["Los Angeles"] = "America/Los_Angeles",
        Kiritimati = "Pacific/Kiritimati" } do
        assert(monitor:set_timezone(store, zone))
      end
      for instant, dates in pairs {
        ["2024-02-15 15:30:00"] = { Tokyo = "2024-02-16", ["Los Angeles"] = "2024-02-15", Kiritimati = "2024-02-16",
          nowhere = "2024-02-15" },
        ["2024-02-15 07:30:00"] = { Tokyo = "2024-02-15", ["Los Angeles"] = "2024-02-14", Kiritimati = "2024-02-15",
          nowhere = "2024-02-15" },
        ["2023-12-31 23:59:59.999999"] = { Tokyo = "2024-01-01", ["Los Angeles"] = "2023-12-31",
          Kiritimati = "2024-01-01", nowhere = "2023-12-31" },
        ["2024-03-10 09:59:59"] = { Tokyo = "2024-03-10", ["Los Angeles"] = "2024-03-10", Kiritimati = "2024-03-10",
          nowhere = "2024-03-10" },
      } do
        now = instant
        for store, date in pairs(dates) do
          assert(monitor:set_hours(store, { mon = "08:00-09:00" }))
          local found = monitor:hours(store)
          assert.equal(date, found.effective_from)
          assert(monitor:clear_hours(store))
          assert.is_nil(monitor:hours(store).week)
          assert(monitor:clear_hours(store, { effective_from = "always" }))
        end
      end
    end)

    it("that are cleared are the file's again, from a date or from today on", function()
      load_hours "a,0,08:00,10:00,"
      local function set()
        assert(monitor:set_hours("a", { tue = "08:00-09:00" }, { effective_from = "2024-02-01" }))
        assert(monitor:set_hours("a", { wed = "08:00-09:00" }, { effective_from = "2024-03-01" }))
      end
      set()
      assert(monitor:clear_hours("a", { effective_from = "2024-02-10" }))
      assert.same({ tue = { "08:00-09:00" } }, (week_on("a", "2024-02-09")))
      assert.same({ { mon = { "08:00-10:00" } }, nil, "file" }, { week_on("a", "2024-02-10") })
      assert.same({ mon = { "08:00-10:00" } }, (week_on("a", "2024-03-01")))
      assert.same({ { origin = "file", week = { mon = { "08:00-10:00" } } },
        { origin = "override", effective_from = "2024-02-01", week = { tue = { "08:00-09:00" } } },
        { origin = "override", effective_from = "2024-02-10", reverts = true } }, without_openings(monitor:hours("a").changes))
      assert(monitor:clear_hours("a", { effective_from = "always" }))
      set()
      assert(monitor:clear_hours "a")
      assert.same({ tue = { "08:00-09:00" } }, (week_on("a", "2024-02-14")))
      assert.same({ mon = { "08:00-10:00" } }, (week_on("a", "2024-02-15")))
      assert(monitor:clear_hours("a", { effective_from = "always" }))
      assert.same({ { origin = "file", week = { mon = { "08:00-10:00" } } } }, without_openings(monitor:hours("a").changes))
    end)

    it("stay when files are loaded, unless they are to give way for the stores in the file", function()
      for _, store in ipairs { "a", "b" } do
        assert(monitor:set_hours(store, { tue = "08:00-09:00" }, { effective_from = "2024-02-01" }))
        assert(monitor:set_timezone(store, "Asia/Tokyo"))
      end
      load_hours("a,0,08:00,10:00,", "b,0,08:00,10:00,")
      load("timezones", "store_id,timezone_str", "a,Europe/Paris", "b,Europe/Paris")
      for _, store in ipairs { "a", "b" } do
        assert.same({ tue = { "08:00-09:00" } }, (week_on(store, "2024-02-01")))
      end
      assert(monitor:ingest { replace_overrides = true,
        hours = text "store_id,day,start_time_local,end_time_local\na,0,08:00,11:00\n",
        timezones = text "store_id,timezone_str\na,Europe/Rome\n" })
      assert.same({ mon = { "08:00-11:00" } }, (week_on("a", "2024-02-01")))
      assert.same({ tue = { "08:00-09:00" } }, (week_on("b", "2024-02-01")))
      local zones = {}
      for store in monitor:stores() do
        zones[store.store_id] = store.timezone_str
      end
      assert.same({ a = "Europe/Rome", b = "Asia/Tokyo" }, zones)
    end)

    it("of unknown stores are made by setting, and not found by asking or clearing", function()
      for _, attempt in ipairs { { monitor:hours "nobody" }, { monitor:clear_hours "nobody" },
        { monitor:clear_hours("nobody", { effective_from = "always" }) } } do
        assert.same({ nil, UNKNOWN, "ENOENT" }, attempt)
      end
      assert.equal(0, monitor:info().stores)
      assert(monitor:set_hours("nobody", {}))
      assert.same({}, monitor:hours("nobody").week)
      assert.equal(1, monitor:info().stores)
    end)

    it("are kept for ids of any text", function()
      for _, id in ipairs { "é", "'", '"; DROP TABLE store; --', "a\nb", "%_", "[a-z]*", ("x"):rep(255), "\255\254", "NULL" } do
        assert(monitor:set_hours(id, { mon = "08:00-09:00" }, { effective_from = "always" }))
        assert(monitor:set_timezone(id, "Asia/Tokyo"))
        assert(monitor:set_attributes(id, { name = id }))
        assert(monitor:set_special_day(id, "2024-02-15", "closed", id))
        assert(monitor:exclude { store = id, from = 1, to = 2, reason = id })
        assert.same({ mon = { "08:00-09:00" } }, monitor:hours(id).week)
        assert.same({ name = id }, monitor:attributes(id))
        assert.equal(id, monitor:special_days({ store = id })[1].note)
        assert.equal(id, monitor:exclusions({ store = id })[1].reason)
      end
    end)

    describe("in any order of changes", function()
      local FIRST, LAST = core.parse_date "2024-01-01", core.parse_date "2024-03-31"
      local TODAY = core.parse_date "2024-02-15"
      local STEPS = 15
      local ALWAYS = FIRST - 1 -- stands for all dates before

      local function weekday(day)
        return hours.days[(day + 3) % 7 + 1] -- 1970-01-01 was a Thursday
      end

      -- Days with one or two spans, or closed.
      local function random_week(random)
        local week = {}
        for _, day in ipairs(hours.days) do
          local spans = {}
          for half = 0, random(0, 2) - 1 do
            local hour = half * 12 + random(0, 9)
            spans[#spans + 1] = ("%02d:00-%02d:30"):format(hour, hour + random(0, 1))
          end
          week[day] = #spans > 0 and spans or nil
        end
        return week
      end

      -- What is in force day by day. `planned` are the dates of changes, which is where a change without an end ends.
      local Model = {}
      Model.__index = Model

      function Model.new()
        return setmetatable({ override = {}, file = {}, planned = {} }, Model)
      end

      function Model:set(week, from, to)
        local day = from
        while day <= LAST and (to and day < to or not to and (day == from or not self.planned[day])) do
          self.override[day], self.planned[day] = week, nil
          day = day + 1
        end
        self.planned[from] = true
        if to then
          self.planned[to] = true
        end
      end

      function Model:clear(from)
        for day = from, LAST do
          self.override[day], self.planned[day] = nil, nil
        end
        self.planned[from] = self.override[from - 1] ~= nil or nil
      end

      function Model:load(weeks)
        self.file = {}
        for day = ALWAYS, LAST do
          self.file[day] = weeks[day] or self.file[day - 1]
        end
      end

      function Model:week(day)
        return self.override[day] or self.file[day]
      end

      local function name_of(day)
        return day == ALWAYS and "always" or date_of(day)
      end

      local operations = {
        function(model, random) -- a change until the next one
          local week, from = random_week(random), random(ALWAYS, LAST)
          assert(monitor:set_hours("a", week, { effective_from = name_of(from) }))
          model:set(week, from)
        end,
        function(model, random) -- one until a date
          local week, from = random_week(random), random(ALWAYS, LAST - 1)
          local to = random(from + 1, LAST)
          assert(monitor:set_hours("a", week, { effective_from = name_of(from), to = date_of(to) }))
          model:set(week, from, to)
        end,
        function(model, random) -- from today on
          local week, to = random_week(random), random(0, 1) == 1 and random(TODAY + 1, LAST) or nil
          assert(monitor:set_hours("a", week, to and { to = date_of(to) }))
          model:set(week, TODAY, to)
        end,
        function(model, random)
          local from = random(ALWAYS, LAST)
          assert(monitor:clear_hours("a", { effective_from = name_of(from) }))
          model:clear(from)
        end,
        function(model)
          assert(monitor:clear_hours "a")
          model:clear(TODAY)
        end,
        function(model, random) -- a file, which may make what was set by hand give way
          local weeks, lines = {}, { "store_id,day,start_time_local,end_time_local,effective_from" }
          for _ = 1, random(1, 3) do
            local week = random_week(random)
            week.mon = week.mon or { "20:00-21:00" } -- a file cannot say closed all week
            weeks[random(ALWAYS, LAST)] = week
          end
          for day, week in pairs(weeks) do
            for i, name in ipairs(hours.days) do
              for _, span in ipairs(week[name] or {}) do
                lines[#lines + 1] = ("a,%d,%s,%s"):format(i - 1, span:gsub("-", ","), day == ALWAYS and "" or date_of(day))
              end
            end
          end
          local replace = random(1, 4) == 1
          assert(monitor:ingest { hours = text(table.concat(lines, "\n")), replace_overrides = replace })
          model:load(weeks)
          if replace then
            model:clear(ALWAYS)
          end
        end,
      }

      -- Holds single dates against the model, in what `hours` says and in what reports and explanations do.
      local function compare(model, days)
        local windows, lengths = {}, {}
        for i, day in ipairs(days) do
          local expected, seconds = model:week(day), 0
          assert.same(expected, (week_on("a", date_of(day))), date_of(day))
          local spans = expected and expected[weekday(day)] or {}
          for j = 1, #spans do
            local list = hours.spans(spans[j])
            seconds = seconds + list[2] - list[1]
          end
          lengths[i] = expected and seconds or 24 * HOUR
          windows[i] = { name = "w" .. i, from = midnight(date_of(day)), to = midnight(date_of(day + 1)) }
          local openings = assert(monitor:explain("a", { as_of = 0, windows = { windows[i] } })).windows[1].openings
          local explained = {}
          for j, opening in ipairs(openings) do
            explained[j] = opening.date == date_of(day) and opening.span or nil
          end
          assert.same(expected and spans or { "00:00-24:00" }, explained)
        end
        local report = assert(monitor:report { all_stores = true, as_of = 0, windows = windows })
        for i in ipairs(days) do
          local up, down, unknown = report:figures(1, i)
          assert.equal(lengths[i], (up + down + unknown) / SECOND)
        end
        report:close()
      end

      for seed = 1, 12 do
        it("are as in the model, number " .. seed, function()
          local random, model = random_of(seed * 1000), Model.new()
          assert(monitor:set_timezone("a", "UTC"))
          for step = 1, STEPS do
            operations[random(1, #operations)](model, random)
            local days = { ALWAYS, FIRST, TODAY - 1, TODAY, LAST }
            for i = #days + 1, step == STEPS and 40 or 8 do
              days[i] = random(FIRST, LAST)
            end
            compare(model, days)
          end
        end)
      end
    end)
  end)

  describe("a timezone", function()
    local function zone_of(store)
      for known in monitor:stores() do
        if known.store_id == store then
          return known.timezone_str
        end
      end
    end

    it("prevails over the file's, until it is taken back", function()
      load("timezones", "store_id,timezone_str", "a,Europe/Paris")
      assert.is_true(monitor:set_timezone("a", "Asia/Tokyo"))
      assert.equal("Asia/Tokyo", zone_of "a")
      load("timezones", "store_id,timezone_str", "a,Europe/Rome")
      assert.equal("Asia/Tokyo", zone_of "a")
      assert.equal("Asia/Tokyo", monitor:explain("a", { as_of = 0 }).timezone_str)
      assert.is_true(monitor:set_timezone("a", nil))
      assert.equal("Europe/Rome", zone_of "a")
      assert(monitor:set_timezone("b", "Asia/Tokyo"))
      assert(monitor:set_timezone("b"))
      assert.is_nil(zone_of "b")
    end)

    it("applies to the past", function()
      assert(monitor:set_hours("a", { thu = "12:00-13:00" }, { effective_from = "always" }))
      local function open_from()
        return monitor:explain("a", { as_of = 0, windows = { { name = "w", from = midnight "2024-02-15",
          to = midnight "2024-02-16" } } }).windows[1].openings[1].from
      end
      local utc = open_from()
      assert(monitor:set_timezone("a", "Asia/Tokyo"))
      assert.equal(utc - 9 * HOUR, open_from())
    end)

    it("exists", function()
      for zone, reason in pairs { ["Mars/Olympus"] = "is not a zone of the tz database", [""] = false, ["../UTC"] = false,
        ["UTC\0"] = false, [("x"):rep(1000)] = false } do
        local good, message, code = monitor:set_timezone("a", zone)
        assert.is_nil(good)
        assert.equal("EINPUT", code)
        assert.matches("^EINPUT: timezone \"", message)
        assert.is_true(not reason or message == ('EINPUT: timezone "%s" %s'):format(zone, reason))
      end
      assert.equal(0, monitor:info().stores)
    end)
  end)

  describe("special days", function()
    it("take the place of the weekly hours, a store's own before those of all", function()
      assert(monitor:set_hours("a", { thu = "08:00-18:00" }, { effective_from = "always" }))
      assert(monitor:set_hours("b", { thu = "08:00-18:00" }, { effective_from = "always" }))
      local function lengths()
        return { scheduled("a", "2024-02-15", "2024-02-16") / HOUR, scheduled("b", "2024-02-15", "2024-02-16") / HOUR }
      end
      assert.same({ 10, 10 }, lengths())
      assert.is_true(monitor:set_special_day("*", "2024-02-15", "closed", "strike"))
      assert.same({ 0, 0 }, lengths())
      assert.is_true(monitor:set_special_day("a", "2024-02-15", { "10:00-12:00", "13:00-14:00" }))
      assert.same({ 3, 0 }, lengths())
      assert.is_true(monitor:set_special_day("a", "2024-02-15", "10:00-11:00"))
      assert.same({ 1, 0 }, lengths())
      assert.is_true(monitor:clear_special_day("*", "2024-02-15"))
      assert.same({ 1, 10 }, lengths())
      assert.is_true(monitor:clear_special_day("a", "2024-02-15"))
      assert.same({ 10, 10 }, lengths())
    end)

    local file = { "store_id,date,open,close,note", "a,2024-12-24,10:00,12:00,eve", "a,2024-12-24,13:00,14:00,eve",
      "*,2024-12-25,,,Christmas", "b,2024-12-25,10:00,12:00," }

    it("are listed by date and store, those in force", function()
      load("special_days", unpack(file))
      local eve = { store_id = "a", date = "2024-12-24", spans = { "10:00-12:00", "13:00-14:00" }, note = "eve", origin = "file" }
      local all = { store_id = "*", date = "2024-12-25", spans = {}, note = "Christmas", origin = "file" }
      local own = { store_id = "b", date = "2024-12-25", spans = { "10:00-12:00" }, note = "", origin = "file" }
      assert.same({ eve, all, own }, without_openings(monitor:special_days()))
      assert.same({ eve }, without_openings(monitor:special_days({ store = "a" })))
      assert.same({ all }, without_openings(monitor:special_days({ store = "*" })))
      assert.same({}, without_openings(monitor:special_days({ store = "nobody" })))
      assert.same({ eve }, without_openings(monitor:special_days({ to = "2024-12-24" })))
      assert.same({ all, own }, without_openings(monitor:special_days({ from = "2024-12-25", to = "2024-12-25" })))
      assert.same({ own }, without_openings(monitor:special_days({ from = "2024-12-25", store = "b" })))
      assert.same({}, without_openings(monitor:special_days({ from = "2024-12-26" })))
      assert(monitor:set_special_day("a", "2024-12-24", "closed", "all day"))
      eve = { store_id = "a", date = "2024-12-24", spans = {}, note = "all day", origin = "override" }
      assert.same({ eve, all, own }, without_openings(monitor:special_days()))
    end)

    it("set by hand prevail over those of files for the same store and date, also over later ones", function()
      assert(monitor:set_timezone("a", "UTC"))
      assert(monitor:set_special_day("a", "2024-12-24", "20:00-21:00", "by hand"))
      load("special_days", unpack(file))
      assert.same({ "20:00-21:00" }, monitor:special_days({ store = "a" })[1].spans)
      assert.equal(HOUR, scheduled("a", "2024-12-24", "2024-12-25"))
      assert(monitor:clear_special_day("a", "2024-12-24"))
      assert.same({ "10:00-12:00", "13:00-14:00" }, monitor:special_days({ store = "a" })[1].spans)
      assert.equal(3 * HOUR, scheduled("a", "2024-12-24", "2024-12-25"))
    end)

    it("give way to a file that is to replace them", function()
      load("special_days", unpack(file))
      for _, store in ipairs { "a", "c", "*" } do
        assert(monitor:set_special_day(store, "2024-12-24", "20:00-21:00"))
      end
      assert(monitor:ingest { special_days = text "store_id,date,open,close\na,2024-12-24,10:00,12:00\n",
        replace_overrides = true })
      local left = {}
      for _, day in ipairs(monitor:special_days { to = "2024-12-24" }) do
        left[#left + 1] = day.store_id .. " " .. day.origin
      end
      assert.same({ "* override", "a file", "c override" }, left)
    end)

    it("are cleared, those of files only when that is asked for", function()
      load("special_days", unpack(file))
      local none = { nil, "ENOENT: there is no such special day on 2024-12-24", "ENOENT" }
      assert.same(none, { monitor:clear_special_day("a", "2024-12-24") })
      assert.same(none, { monitor:clear_special_day("a", "2024-12-24", { loaded = false }) })
      assert.same(none, { monitor:clear_special_day("nobody", "2024-12-24", { loaded = true }) })
      assert.same(none, { monitor:clear_special_day("*", "2024-12-24", { loaded = true }) })
      assert.is_true(monitor:clear_special_day("a", "2024-12-24", { loaded = true }))
      assert.same({}, monitor:special_days { store = "a" })
      assert.is_true(monitor:clear_special_day("*", "2024-12-25", { loaded = true }))
      assert.equal(1, #monitor:special_days())
      load("special_days", unpack(file))
      assert.equal(3, #monitor:special_days())
    end)

    it("of all stores are not those of a store that is called *", function()
      assert(monitor:poll("*", true))
      assert(monitor:set_special_day("*", "2024-12-25", "closed"))
      assert(monitor:clear_special_day("*", "2024-12-25"))
      assert.same({}, monitor:special_days())
    end)
  end)

  describe("exclusions", function()
    it("are numbered, listed and removed", function()
      local first = assert(monitor:exclude { store = "a", from = "2024-02-15 02:00:00", to = "2024-02-15 04:00:00" })
      local second = assert(monitor:exclude { store = "*", from = 0.5, to = 1, reason = "network, 'main'" })
      assert.is_true(first ~= second)
      local a = instants.with_texts { number = first, store_id = "a", from = 1707962400, to = 1707969600, reason = "" }
      local all = instants.with_texts { number = second, store_id = "*", from = 0.5, to = 1, reason = "network, 'main'" }
      assert.same({ all, a }, monitor:exclusions())
      assert.same({ a }, monitor:exclusions { store = "a" })
      assert.same({ all }, monitor:exclusions { store = "*" })
      assert.same({}, monitor:exclusions { store = "nobody" })
      assert.is_true(monitor:remove_exclusion(second))
      assert.same({ nil, "ENOENT: there is no exclusion " .. second, "ENOENT" }, { monitor:remove_exclusion(second) })
      assert.same({ a }, monitor:exclusions())
    end)

    it("that are the same are one, set by hand or from a file", function()
      local week = { store = "a", from = "2024-02-15 02:00:00", to = "2024-02-15 04:00:00", reason = "x" }
      local all = { store = "*", from = week.from, to = week.to }
      local first, everyone = assert(monitor:exclude(week)), assert(monitor:exclude(all))
      assert.equal(first, monitor:exclude(week))
      assert.equal(everyone, monitor:exclude(all))
      load("exclusions", "store_id,from_utc,to_utc,reason", "a,2024-02-15 02:00:00,2024-02-15 04:00:00,x",
        "*,2024-02-15T02:00:00Z,2024-02-15T04:00:00Z,")
      assert.equal(2, #monitor:exclusions())
      week.reason = "another"
      assert.is_true(first ~= assert(monitor:exclude(week)))
      load("exclusions", "store_id,from_utc,to_utc,reason", "a,2024-02-15 02:00:00,2024-02-15 04:00:00,another")
      assert.equal(3, #monitor:exclusions())
    end)

    it("are taken out of the schedule, of one store or of all", function()
      for _, store in ipairs { "a", "b" } do
        assert(monitor:set_hours(store, { thu = "08:00-18:00" }, { effective_from = "always" }))
      end
      local one = assert(monitor:exclude { store = "a", from = "2024-02-15 09:00:00", to = "2024-02-15 10:30:00" })
      assert(monitor:exclude { store = "*", from = "2024-02-15 17:00:00", to = "2024-02-16 17:00:00" })
      assert.equal(7.5, scheduled("a", "2024-02-15", "2024-02-16") / HOUR)
      assert.equal(9, scheduled("b", "2024-02-15", "2024-02-16") / HOUR)
      assert(monitor:remove_exclusion(one))
      assert.equal(9, scheduled("a", "2024-02-15", "2024-02-16") / HOUR)
    end)

    it("of files are listed and removed alike", function()
      load("exclusions", "store_id,from_utc,to_utc,reason", "a,2024-02-15 09:00:00,2024-02-15 10:00:00,router")
      local listed = monitor:exclusions()
      assert.equal("router", listed[1].reason)
      assert(monitor:remove_exclusion(listed[1].number))
      assert.same({}, monitor:exclusions())
    end)
  end)

  describe("attributes", function()
    it("are set and removed one by one", function()
      assert.is_true(monitor:set_attributes("a", { region = "north", brand = "x", tier = 2 }))
      assert.same({ region = "north", brand = "x", tier = "2" }, monitor:attributes "a")
      assert(monitor:set_attributes("a", { region = "south", brand = false, tier = "" }))
      assert.same({ region = "south" }, monitor:attributes "a")
      assert(monitor:set_attributes("a", {}))
      assert(monitor:set_attributes("a", { none = false }))
      assert.same({ region = "south" }, monitor:attributes "a")
    end)

    it("are the same text for a number on every Lua", function()
      assert(monitor:set_attributes("a", { whole = 10 / 5, negative = -1.0, half = 0.5, big = 2 ^ 40, text = "2.0" }))
      local got = monitor:attributes "a"
      assert.same({ "2", "-1", "0.5", "2.0" }, { got.whole, got.negative, got.half, got.text })
      assert.equal(2 ^ 40, tonumber(got.big))
      assert(monitor:poll("a", true))
      local report = assert(monitor:report { where = { whole = 2, half = 1 / 2, text = "2.0" } })
      assert.equal(1, report:count())
      report:close()
    end)

    it("are numbers with every digit, or are refused", function()
      local numbers = { [2 ^ 53] = "9007199254740992", [-2 ^ 53] = "-9007199254740992", [1234567890123456] = "1234567890123456",
        [0.1] = "0.1", [123456.78901234567] = "123456.78901234567", [0.1 + 0.2] = "0.30000000000000004", [1e-7] = "1e-07",
        [1e15] = "1000000000000000" }
      assert(monitor:poll("a", true))
      for value, expected in pairs(numbers) do
        assert(monitor:set_attributes("a", { code = value, zero = -0.0 }))
        assert.same({ code = expected, zero = "0" }, monitor:attributes "a")
        for _, wanted in ipairs { value, expected } do
          local report = assert(monitor:report { where = { code = wanted } })
          assert.equal(1, report:count(), expected)
          report:close()
        end
      end
      for _, wrong in ipairs { 12345678901234567890, 1e300, 1 / 0, -1 / 0, 0 / 0 } do
        assert.has_error(function() monitor:set_attributes("a", { code = wrong }) end)
        assert.has_error(function() monitor:report { where = { code = wrong } } end)
      end
      assert.has_error(function() monitor:report { where = { [""] = "x" } } end)
    end)

    it("may have odd names and values", function()
      local odd = { [" "] = " ", ["'"] = "'", ['"'] = '"', ["é"] = "日本", ["a,b"] = "c,d", ["%"] = "%", [("n"):rep(64)] = "x",
        long = ("v"):rep(4096), lines = "a\nb", ["SELECT"] = "NULL", ["1"] = "false" }
      assert(monitor:set_attributes("a", odd))
      assert.same(odd, monitor:attributes "a")
    end)

    it("of a wrong sort are refused, all of them", function()
      for _, wrong in ipairs { { [("n"):rep(65)] = "x" }, { [""] = "x" }, { ["a\n"] = "x" }, { store_id = "x" }, { "x" },
        { Store_Id = "x" }, { [" store_id "] = "x" },
        { a = {} }, { a = true }, { a = ("v"):rep(4097) }, { a = "x\0" } } do
        assert.has_error(function() monitor:set_attributes("a", wrong) end)
      end
      assert.equal(0, monitor:info().stores)
    end)

    it("fit a file however they were set, with the longest names and values, or are refused", function()
      local id, quotes = ('"'):rep(255), ('"'):rep(4000)
      local function name(i)
        return ("%03d"):format(i) .. ('"'):rep(61)
      end
      local many = {}
      for i = 1, 255 do
        many[name(i)] = i <= 8 and quotes or nil
      end
      assert(monitor:set_attributes(id, many))
      for i = 9, 255 do
        assert(monitor:set_attributes("b", { [name(i)] = i }))
      end
      local function refused(what, ...)
        local good, message, code = monitor:set_attributes(...)
        assert.same({ nil, "ELIMIT" }, { good, code })
        assert.truthy(message:find(what, 1, true), message)
      end
      refused("there would be 256 names of them in all stores, 255 at the most", "c", { more = "x" })
      refused("their values would have 32001 bytes, 32000 at the most", id, { [name(9)] = "x" })
      assert.equal(2, monitor:info().stores)
      local pieces, before = {}, {}
      assert(monitor:export("attributes", function(piece)
        pieces[#pieces + 1] = piece
        return true
      end))
      for _, store in ipairs { id, "b" } do
        before[store] = monitor:attributes(store)
        assert(monitor:set_attributes(store, {}, { replace = true }))
      end
      assert(monitor:ingest { attributes = text(table.concat(pieces)) })
      assert.same(before, { [id] = monitor:attributes(id), b = monitor:attributes "b" })
      assert(monitor:set_attributes("b", { [name(9)] = false }))
      assert(monitor:set_attributes("b", { more = "x" }))
    end)

    it("of files stand beside them", function()
      load("attributes", "store_id,region,brand", "a,north,x", "b,south,")
      assert.same({ region = "north", brand = "x" }, monitor:attributes "a")
      assert.same({ region = "south" }, monitor:attributes "b")
      assert(monitor:set_attributes("a", { region = "east", size = "big" }))
      assert.same({ region = "east", brand = "x", size = "big" }, monitor:attributes "a")
    end)

    it("of an unknown store are none, and it stays unknown", function()
      assert.same({}, monitor:attributes "nobody")
      assert.equal(0, monitor:info().stores)
    end)
  end)

  it("stays when it cannot be changed", function()
    assert(monitor:set_hours("a", { mon = "08:00-09:00" }, { effective_from = "2024-02-01" }))
    local before = database.contents(monitor)
    assert(monitor.database:begin()) -- one transaction at a time
    for _, call in ipairs {
      function() return monitor:set_hours("b", {}) end,
      function() return monitor:clear_hours "a" end,
      function() return monitor:set_special_day("b", "2024-01-01", "closed") end,
      function() return monitor:set_attributes("b", { x = "y" }) end,
    } do
      local good, _, code = call()
      assert.same({ nil, "EINVAL" }, { good, code })
    end
    monitor.database:rollback()
    assert.same(before, database.contents(monitor))
  end)

  describe("lists", function()
    local days = {}
    for i = 1, 730 do
      days[i] = { store = i % 2 == 0 and "*" or "a", date = date_of(19000 + i), spans = i % 3 == 0 and "closed" or "10:00-12:00",
        note = i % 5 == 0 and "five" or nil }
    end

    it("are what one call for each would set, in one transaction", function()
      local one_by_one = assert(loom.open(":memory:", { default_zone = "UTC" }))
      for _, day in ipairs(days) do
        assert(one_by_one:set_special_day(day.store, day.date, day.spans, day.note))
      end
      local revision = monitor.database:revision()
      assert.is_true(monitor:set_special_day(days))
      assert.equal(revision + 1, monitor.database:revision())
      assert.same(one_by_one:special_days(), monitor:special_days())

      local week = { mon = "09:00-17:00" }
      for _, store in ipairs { "a", "b" } do
        assert(one_by_one:set_hours(store, week, { from = "2024-01-01" }))
        assert(one_by_one:set_attributes(store, { region = "north" }))
      end
      assert(one_by_one:set_hours("c", week, { from = "2024-01-01", to = "2024-02-01" }))
      assert(monitor:set_hours({ "a", "b" }, week, { from = "2024-01-01" }))
      assert(monitor:set_attributes({ "a", "b" }, { region = "north" }))
      assert(monitor:set_hours { { store = "c", week = week, effective_from = "2024-01-01", to = "2024-02-01" } })
      assert.equal(database.dump_of(one_by_one), database.dump_of(monitor))
      assert.same({ region = "north" }, monitor:attributes "b")
      one_by_one:close()
    end)

    it("have numbers of exclusions as many as there are stores", function()
      assert.same({ 1, 2 }, monitor:exclude { store = { "a", "b" }, from = 0, to = 1 })
      assert.same({ 1, 3, 4 }, monitor:exclude { { store = "a", from = 0, to = 1 }, { store = { "*", "c" }, from = 0, to = 1 } })
      assert.same({}, monitor:exclude { store = {}, from = 0, to = 1 })
      assert.equal(5, monitor:exclude { store = "d", from = 0, to = 1 })
    end)

    it("are refused as a whole", function()
      assert(monitor:set_hours("a", { mon = "09:00-10:00" }, { from = "always" }))
      local before = database.dump_of(monitor)
      local _, _, code = monitor:clear_hours({ "a", "nobody" }, { from = "always" })
      assert.equal("ENOENT", code)
      local too_many = {}
      for i = 1, core.limits.attribute_names do
        too_many["name " .. i] = "x"
      end
      _, _, code = monitor:set_attributes { { store = "a", attributes = too_many }, { store = "b", attributes = { more = 1 } } }
      assert.equal("ELIMIT", code)
      assert.has_error(function()
        monitor:set_hours { { store = "a", week = {}, from = "always" }, { store = "b", week = {}, from = "2024-02-02",
          to = "2024-02-02" } }
      end)
      assert.equal(before, database.dump_of(monitor))
      assert.same({}, monitor:attributes "a")
    end)

    it("clear special days of those stores that have one", function()
      assert(monitor:set_special_day({ "a", "b" }, "2024-05-01", "closed"))
      assert.equal(2, monitor:clear_special_day({ "a", "b", "c" }, "2024-05-01"))
      local _, _, code = monitor:clear_special_day({ "a", "b", "c" }, "2024-05-01")
      assert.equal("ENOENT", code)
    end)

    it("may be of the stores that are chosen", function()
      assert(monitor:set_attributes({ "b", "a", "c1" }, { region = "north" }))
      assert(monitor:set_attributes("c2", { region = "south" }))
      assert.same({ "a", "b", "c1", "c2" }, monitor:store_ids())
      assert.same({ "a", "b", "c1" }, monitor:store_ids { where = { region = "north" } })
      assert.same({ "c1" }, monitor:store_ids { where = { region = "north" }, stores = { "c*", "c2" } })
      assert.same({}, monitor:store_ids { stores = "x*" })
      local _, message, code = monitor:store_ids { stores = { "a", "nobody" } }
      assert.same({ UNKNOWN, "ENOENT" }, { message, code })
      assert.is_true(monitor:set_hours(monitor:store_ids { stores = "x*" }, {}))
    end)
  end)

  describe("hours that begin today", function()
    -- What setting and clearing them tells of, with a newest poll.
    local function notices(newest)
      assert(monitor:poll("a", true, newest))
      local set, set_notice = monitor:set_hours("a", { mon = "09:00-17:00" })
      local cleared, clear_notice = monitor:clear_hours "a"
      assert.is_true(set and cleared)
      assert.same(set_notice, clear_notice)
      return set_notice
    end

    it("are told of where the data ends before yesterday", function()
      local notice = notices "2024-01-31 10:00:00"
      assert.equal("2024-02-15", notice.effective_from)
      assert.equal("2024-01-31 10:00:00.000000 UTC", notice.newest_poll_utc)
      assert.equal("this begins today, 2024-02-15, and the newest poll is of 2024-01-31 10:00:00: no report of the data so far "
        .. "changes; effective_from (a date, or always) makes it begin earlier", tostring(notice))
      assert.is_table(notices "2024-02-13 23:59:59")
      assert.is_nil(notices "2024-02-14 00:00:00")
    end)

    it("are not where a date is given, or nothing is known", function()
      assert.is_nil(select(2, monitor:set_hours("a", {})))
      assert(monitor:poll("a", true, "2024-01-31 10:00:00"))
      assert.is_nil(select(2, monitor:set_hours("a", {}, { from = "2024-02-15" })))
      assert.is_nil(select(2, monitor:set_hours("a", {}, { effective_from = "always" })))
      local _, notice = monitor:set_hours { { store = "b", week = {}, from = "always" }, { store = "a", week = {} } }
      assert.equal("2024-02-15", notice.effective_from)
    end)
  end)
end)
