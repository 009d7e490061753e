local database = require "support.database"
local figures = require "loom.figures"
local golden = require "support.golden"
local instants = require "support.instants"
local loom = require "loom"
local random = require "support.random"

local unpack = table.unpack or unpack -- luacheck: compat

local function microseconds(seconds)
  return math.floor(seconds * 1e6 + 0.5)
end

-- Seconds by state of a list of segments or cells, in microseconds.
local function sums(list)
  local result = { up = 0, down = 0, unknown = 0, excluded = 0, closed = 0 }
  for _, item in ipairs(list) do
    result[item.state] = result[item.state] + microseconds(item.to) - microseconds(item.from)
  end
  return result
end

-- A list covers from … to in order, without gaps, and no two neighbours are alike. (Plain `assert`, here and below, where
-- much is looked at: luassert takes its time.)
local function check_timeline(list, from, to)
  assert(microseconds(from) == microseconds(list[1].from) and microseconds(to) == microseconds(list[#list].to))
  for i, segment in ipairs(list) do
    assert(segment.from < segment.to)
    assert(microseconds(segment.to) - microseconds(segment.from) == microseconds(segment.seconds))
    assert(i == 1 or list[i - 1].to == segment.from and list[i - 1].state ~= segment.state)
  end
end

-- Maximal runs of down time: closed hours between two openings end one, and so does all else.
local function check_outages(list, timeline)
  local count = 0
  for _, segment in ipairs(timeline) do
    if segment.state == "down" then
      count = count + 1
      local outage = list[count]
      assert(outage.from == segment.from and outage.to == segment.to and outage.seconds == segment.seconds)
    end
  end
  assert(#list == count)
end

describe("one store, looked at", function()
  -- Compares what timeline and outages give with a report's figures of its window number `place`.
  local function compare(monitor, report, place, rules)
    local window = report.windows[place]
    for index = 1, #report do
      local id = report:store(index)
      local up, down, unknown, excluded, longest, outages = report:figures(index, place)
      local timeline = assert(monitor:timeline(id, window.from, window.to, rules))
      check_timeline(timeline, window.from, window.to)
      local total = sums(timeline)
      assert(up == total.up and down == total.down and unknown == total.unknown and excluded == total.excluded)
      assert(microseconds(window.to) - microseconds(window.from) == up + down + unknown + excluded + total.closed)
      local list = assert(monitor:outages(id, window.from, window.to, rules))
      check_outages(list, timeline)
      local most = 0
      for _, outage in ipairs(list) do
        most = math.max(most, microseconds(outage.seconds))
      end
      assert(#list == outages and most == longest)
    end
  end

  for _, case in ipairs(golden.cases) do
    it("adds up to the report: " .. case, function()
      local monitor = golden.open(case)
      for name, rules in pairs(golden.rules) do
        local report = assert(monitor:report(golden.options(name)))
        for place = 1, #report.windows do
          compare(monitor, report, place, rules)
        end
        report:close()
      end
      monitor:close()
    end)

    it("adds up to the report in any window: " .. case, function()
      local monitor, next_number = golden.open(case), random.new(#case)
      local newest = monitor:info().newest_poll
      for name, rules in pairs(golden.rules) do
        local windows = {}
        for i = 1, 4 do
          local from = math.floor(newest) - next_number(-86400, 9 * 86400) + next_number(0, 999999) / 1e6
          windows[i] = { name = "w" .. i, from = from, to = from + next_number(1, i * 40000) }
        end
        local report = assert(monitor:report(golden.options(name, { windows = windows, stores = "*[05]" })))
        for place = 1, #windows do
          compare(monitor, report, place, rules)
        end
        report:close()
      end
      monitor:close()
    end)
  end

  describe("is explained", function()
    local reasons = {
      ["the poll that follows"] = function(cell) return cell.to <= cell.poll end,
      ["the poll before"] = function(cell) return cell.from >= cell.poll end,
      ["the poll in it"] = function(cell) return cell.from < cell.poll and cell.poll < cell.to end,
      ["the poll before this piece"] = function(cell, piece) return cell.poll < piece.from end,
      ["the poll after this piece"] = function(cell, piece) return cell.poll > piece.to end,
      ["further than max_gap from the poll"] = function(cell, _, gap)
        return gap and (cell.from >= cell.poll + gap or cell.to <= cell.poll - gap)
      end,
    }

    local function check_cell(cell, piece, rules)
      if cell.poll then
        assert(reasons[cell.reason](cell, piece, rules.max_gap), cell.reason)
        assert(cell.state == (cell.reason:find "max_gap" and "unknown" or cell.status == "active" and "up" or "down"))
      elseif cell.state == "excluded" then
        assert(cell.reason == "taken out by an exclusion" and cell.status == nil)
      else
        assert(cell.reason == "no poll speaks for this piece: no_data = " .. rules.no_data)
        assert(cell.state == rules.no_data and cell.status == nil)
      end
    end

    -- Pieces are the openings' times in the window; their cells have no gaps.
    local function check_pieces(window, rules)
      local all, pieces = {}, 0
      for _, piece in ipairs(window.pieces) do
        pieces = pieces + microseconds(piece.to) - microseconds(piece.from)
        local at = piece.from
        for _, cell in ipairs(piece.cells) do
          assert(at == cell.from)
          at = cell.to
          check_cell(cell, piece, rules)
          all[#all + 1] = cell
        end
        assert(piece.to == at)
      end
      return sums(all), pieces
    end

    local function check_window(window, head, row, rules)
      local f = row[window.name]
      for name, value in pairs(head) do
        assert(window[name] == value)
      end
      for _, name in ipairs(figures.names) do
        assert(window.figures[name] == f[name])
      end
      assert(tonumber(window.uptime) == row["uptime_" .. window.name])
      assert(tonumber(window.downtime) == row["downtime_" .. window.name])
      local total, pieces = check_pieces(window, rules)
      assert(f.up == total.up / 1e6 and f.down == total.down / 1e6 and f.unknown == total.unknown / 1e6)
      assert(f.excluded == total.excluded / 1e6 and f.scheduled == (pieces - total.excluded) / 1e6)
    end

    for _, case in ipairs(golden.cases) do
      it("by what adds up to its figures, printed as in the report: " .. case, function()
        local monitor = golden.open(case)
        for name, rules in pairs(golden.rules) do
          local report = assert(monitor:report(golden.options(name, { stores = "*[0-7]" })))
          assert.same(report.rules, assert(monitor:explain(report:store(1), rules)).rules)
          for row in report:rows() do
            local explained = assert(monitor:explain(row.store_id, rules))
            assert(explained.store_id == row.store_id and explained.as_of == report.as_of)
            assert(#explained.windows == #report.windows)
            for place, window in ipairs(explained.windows) do
              check_window(window, report.windows[place], row, report.rules)
            end
          end
          report:close()
        end
        monitor:close()
      end)
    end

    it("beside the window before, as reports compare", function()
      local monitor = golden.open(golden.cases[1])
      local windows = { "yesterday", { name = "w", seconds = "5h" } }
      for name, rules in pairs(golden.rules) do
        local report = assert(monitor:report(golden.options(name, { stores = "*[0-3]", windows = windows, compare = true })))
        for row in report:rows() do
          local options = { windows = windows, compare = true }
          for option, value in pairs(rules) do
            options[option] = value
          end
          local explained = assert(monitor:explain(row.store_id, options))
          assert.equal(4, #explained.windows)
          for place, window in ipairs(explained.windows) do
            local of = report.windows[place]
            check_window(window, { name = of.name, unit = of.unit, calendar = of.calendar }, row, report.rules)
            assert.equal(of.before_of, window.before_of)
          end
          assert.equal(explained.windows[3].from, explained.windows[4].to)
        end
        report:close()
      end
      assert.error_matches(function()
        monitor:explain("s01", { compare = true,
          windows = { { name = "a", seconds = 60 }, { name = "a_before", seconds = 60 } } })
      end, "bad option 'compare' to 'explain' %(windows none of which is called a_before expected", nil)
      monitor:close()
    end)

    it("with the polls that came while it was closed, apart from those that count", function()
      local monitor = assert(loom.open ":memory:")
      assert(monitor:set_timezone("s", "America/New_York"))
      assert(monitor:set_hours("s", { sun = { "00:00-01:30", "04:00-04:00:01" }, mon = "22:00-02:00" },
        { effective_from = "always" }))
      local first, count = loom.parse_timestamp "2024-11-02 12:00:00", 0
      local polls, seen = {}, {}
      for i = 0, 3 * 48 do
        polls[i + 1] = { "s", i % 3 > 0, first + i * 1800 }
      end
      assert(monitor:polls(polls))
      local window = assert(monitor:explain("s", { windows = { { name = "w", from = "2024-11-02 14:00:00",
        to = "2024-11-05 12:00:00" } } })).windows[1]
      for _, piece in ipairs(window.pieces) do
        for _, poll in ipairs(piece.polls) do
          seen[poll.timestamp], count = true, count + 1
        end
      end
      assert.equal(window.figures.polls, count)
      local segments, place = assert(monitor:timeline("s", window.from, window.to)), 1
      for i, poll in ipairs(window.polls_outside) do
        while segments[place].to <= poll.timestamp do
          place = place + 1
        end
        assert(segments[place].state == "closed" and not seen[poll.timestamp])
        assert(i == 1 or window.polls_outside[i - 1].timestamp < poll.timestamp)
        assert(poll.status == (math.floor((poll.timestamp - first) / 1800) % 3 > 0 and "active" or "inactive"))
      end
      assert.equal(70 * 2, count + #window.polls_outside) -- all there are in 70 hours
      monitor:close()
    end)

    it("with its openings and exclusions, and where they come from", function()
      local monitor = assert(loom.open ":memory:")
      assert(monitor:ingest(database.files(database.small)))
      local explained = assert(monitor:explain("1481966498820158979", { windows = { { name = "w", seconds = "8h" } } }))
      assert.equal("UTC", explained.timezone_str)
      local day = loom.parse_timestamp "2024-03-04 00:00:00"
      local window = explained.windows[1]
      local opening
      for _, item in ipairs(window.openings) do
        opening = item.date == "2024-03-04" and item or opening
      end
      assert.same(instants.with_texts { date = "2024-03-04", span = "09:00-17:00", rule = "weekly hours",
        open = 9 * 3600, close = 17 * 3600, from = day + 9 * 3600, to = day + 17 * 3600 }, opening)
      assert.same(instants.with_texts { { from = day + 33300, to = day + 34200, seconds = 900 } }, window.exclusions)
      assert.equal(1, #window.pieces)
      local states = {}
      for i, cell in ipairs(window.pieces[1].cells) do
        states[i] = cell.state .. " " .. cell.seconds
      end
      assert.same({ "up 900", "excluded 900", "up 1800", "down 7200.25", "up 14399.75" }, states)
      assert.equal("Asia/Kathmandu", assert(monitor:explain "known only by zone").timezone_str)
      monitor:close()
    end)
  end)

  describe("by a monitor", function()
    local monitor
    local from, to = "2024-03-04 08:00:00", "2024-03-04 18:00:00"

    before_each(function()
      monitor = assert(loom.open ":memory:")
      assert(monitor:ingest(database.files(database.small)))
    end)

    after_each(function()
      monitor:close()
    end)

    local uses = {
      timeline = function(...) return monitor:timeline(...) end,
      outages = function(...) return monitor:outages(...) end,
    }

    it("has states in order", function()
      local states = {}
      for i, segment in ipairs(assert(monitor:timeline("1481966498820158979", from, to))) do
        states[i] = ("%s %.2f"):format(segment.state, segment.seconds)
      end
      assert.same({ "closed 3600.00", "up 900.00", "excluded 900.00", "up 1800.00", "down 7200.25", "up 17999.75",
        "closed 3600.00" }, states)
    end)

    it("takes instants as text and as numbers", function()
      for _, use in pairs(uses) do
        assert.same(use("night", from, to), use("night", loom.parse_timestamp(from), loom.parse_timestamp(to)))
      end
    end)

    it("may have no polls, no hours, or nothing but a zone", function()
      local list = assert(monitor:timeline("known only by zone", from, to))
      assert.equal("excluded", list[2].state)
      assert.same({ "down", "down" }, { list[1].state, list[3].state })
      assert.equal("unknown", assert(monitor:timeline("known only by zone", from, to, { no_data = "unknown" }))[1].state)
      assert.same({}, assert(monitor:outages("known only by zone", from, to, { no_data = "up" })))
    end)

    it("that is not known fails", function()
      for name, use in pairs(uses) do
        local list, message, code = use("nobody", from, to)
        assert.is_nil(list, name)
        assert.matches("nobody", message, 1, true)
        assert.equal("ENOENT", code)
      end
      assert.equal("ENOENT", (select(3, monitor:explain "nobody")))
      assert.equal("ENOENT", (select(3, monitor:explain "*")))
    end)

    it("in a zone that is not known fails", function()
      assert(monitor:poll("zoneless", true, from))
      for _, use in pairs(uses) do
        local list, message, code = use("zoneless", from, to, { default_zone = "Mars/Olympus" })
        assert.is_nil(list)
        assert.matches("Mars/Olympus", message, 1, true)
        assert.equal("EINPUT", code)
      end
    end)

    it("without any polls needs an end", function()
      local empty = assert(loom.open ":memory:")
      assert(empty:set_timezone("a", "UTC"))
      assert.equal("EEMPTY", (select(3, empty:explain "a")))
      assert.equal(3, #assert(empty:explain("a", { as_of = 86400 * 30 })).windows)
      empty:close()
    end)

    it("names the argument that is wrong", function()
      for name, use in pairs(uses) do
        for _, case in ipairs {
          { 1, { 1, from, to } }, { 1, { nil, from, to } }, { 1, { "", from, to } }, { 1, { " a", from, to } },
          { 1, { ("x"):rep(256), from, to } }, { 1, { "a\0b", from, to } },
          { 2, { "night", nil, to } }, { 2, { "night", "soon", to } }, { 2, { "night", 0 / 0, to } }, { 2, { "night", {}, to } },
          { 3, { "night", from } }, { 3, { "night", from, "later" } }, { 3, { "night", from, from } },
          { 3, { "night", to, from } },
        } do
          assert.error_matches(function() use(unpack(case[2], 1, 3)) end,
            ("bad argument #%d to '%s' ("):format(case[1], name), 1, true)
        end
        assert.error_matches(function() use("night", from, to, "loom") end, ("bad options to '%s'"):format(name), 1, true)
        assert.error_matches(function() use("night", from, to, { windows = {} }) end, "unknown option 'windows'", 1, true)
      end
      assert.error_matches(function() monitor:explain() end, "bad argument #1 to 'explain'", 1, true)
      assert.error_matches(function() monitor:explain("night", { stores = "night" }) end,
        "unknown option 'stores' to 'explain'", 1, true)
    end)

    it("can be looked at while a query is open", function()
      local rows = assert(monitor:query "SELECT store_id FROM store ORDER BY store_id")
      local seen = {}
      for row in rows do
        seen[#seen + 1] = row.store_id
        assert(monitor:timeline(row.store_id, from, to))
        assert(monitor:outages(row.store_id, from, to))
        assert(monitor:explain(row.store_id))
      end
      assert.equal(4, #seen)
      assert(monitor:poll("night", true, to))
    end)

    it("can be looked at over decades, but not over more than a century", function()
      local list = assert(monitor:timeline("night", "2000-01-01 00:00:00", "2030-01-01 00:00:00"))
      check_timeline(list, loom.parse_timestamp "2000-01-01 00:00:00", loom.parse_timestamp "2030-01-01 00:00:00")
      local none, message, code = monitor:timeline("night", "1900-01-01 00:00:00", "2024-01-01 00:00:00")
      assert.is_nil(none)
      assert.equal("EINVAL", code)
      assert.matches("100 years", message, 1, true)
    end)
  end)

  describe("by its schedule", function()
    local monitor

    before_each(function()
      monitor = assert(loom.open ":memory:")
    end)

    after_each(function()
      monitor:close()
    end)

    local function lengths(days)
      local list = {}
      for i, day in ipairs(days) do
        list[i] = ("%g"):format((day.to - day.from) / 3600)
        assert.equal(i > 1 and days[i - 1].to or day.from, day.from)
      end
      return table.concat(list, " ")
    end

    it("has days as long as the clock makes them", function()
      for zone, case in pairs {
        ["America/Chicago"] = { "2024-03-09", "2024-03-12", "24 23 24" },
        ["Europe/Berlin"] = { "2024-10-26", "2024-10-29", "24 25 24" },
        ["Australia/Lord_Howe"] = { "2024-04-06", "2024-04-09", "24 24.5 24" },
        ["Pacific/Apia"] = { "2011-12-29", "2012-01-01", "24 24" }, -- which skipped the 30th
      } do
        assert(monitor:set_timezone("a", zone))
        local found = assert(monitor:schedule("a", { from = case[1], to = case[2] }))
        assert.equal(zone, found.timezone_str)
        assert.equal(case[3], lengths(found.days))
      end
    end)

    it("has the openings that explanations have, when all of them are over", function()
      local source = random.new(7)
      for _, zone in ipairs { "America/Chicago", "Asia/Kathmandu", "Pacific/Apia" } do
        assert(monitor:set_timezone("a", zone))
        assert(monitor:set_hours("a", { mon = "09:00-17:00", tue = "22:00-06:00", fri = { "10:00-12:00", "13:00-18:30" } },
          { from = "always" }))
        for _ = 1, 20 do
          local date = ("2024-%02d-%02d"):format(source(1, 12), source(1, 27))
          local next_date = date:sub(1, 8) .. ("%02d"):format(date:sub(9) + 1)
          local day = assert(monitor:schedule("a", { from = date, to = next_date })).days[1]
          local window = { name = "day", from = day.from, to = day.to }
          local expected, found = {}, assert(monitor:explain("a", { as_of = day.to, windows = { window } }))
          for _, opening in ipairs(found.windows[1].openings) do
            expected[#expected + 1] = opening.date == date and opening or nil
          end
          assert.same(expected, day.openings)
        end
      end
    end)

    it("tells the rule of each day, and the note of special ones", function()
      assert(monitor:set_hours("a", { mon = "09:00-17:00" }, { from = "always" }))
      assert(monitor:set_timezone("b", "UTC"))
      assert(monitor:set_special_day("*", "2024-01-02", "10:00-12:00", "all"))
      assert(monitor:set_special_day("*", "2024-01-03", "closed", "holiday"))
      assert(monitor:set_special_day("a", "2024-01-02", "closed", "own"))
      local function told(store)
        local list = {}
        for i, day in ipairs(assert(monitor:schedule(store, { from = "2024-01-01", to = "2024-01-05" })).days) do
          list[i] = ("%s|%s|%d"):format(day.rule, day.note or "", #day.openings)
        end
        return list
      end
      assert.same({ "weekly hours||1", "special day|own|0", "special day of all stores|holiday|0", "weekly hours||0" }, told "a")
      assert.same({ "no hours: open all day||1", "special day of all stores|all|1", "special day of all stores|holiday|0",
        "no hours: open all day||1" }, told "b")
    end)

    it("is around the date that its clock shows", function()
      assert(monitor:set_timezone("a", "Pacific/Auckland"))
      local function ends(options)
        local days = assert(monitor:schedule("a", options)).days
        return days[1].date .. " " .. days[#days].date
      end
      assert.equal("2024-06-10 2024-06-23", ends { as_of = "2024-06-15 13:00:00" })
      assert(monitor:poll("a", true, "2024-06-15 10:00:00"))
      assert.equal("2024-06-09 2024-06-22", ends())
      assert.equal("2024-06-01 2024-06-14", ends { from = "2024-06-01" })
      assert.equal("2024-06-01 2024-06-14", ends { to = "2024-06-15" })
      assert.equal("9999-12-20 9999-12-30", ends { from = "9999-12-20" })
      assert.error_matches(function() monitor:schedule("a", { from = "2024-01-01", to = "2024-03-04" }) end, "at most 62 days",
        1, true)
      assert.equal("ENOENT", (select(3, monitor:schedule "nobody")))
    end)
  end)
end)
