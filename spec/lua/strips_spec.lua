-- The option `strips` of a report: a letter to a bin, against timelines.

local golden = require "support.golden"
local loom = require "loom"
local made_up = require "support.report"

local function microseconds(seconds)
  return math.floor(seconds * 1e6 + 0.5)
end

-- The letter of a bin of which so much was up, down, …
local function letter(bin)
  local scheduled = bin.up + bin.down + bin.unknown
  if scheduled + bin.excluded == 0 then
    return "c"
  elseif bin.down > 0 then
    return 2 * bin.down >= scheduled and "d" or "p"
  elseif bin.excluded >= scheduled then
    return "x"
  end
  return 2 * bin.unknown >= scheduled and "n" or "u"
end

-- A timeline cut into bins.
local function strip_of(timeline, bins)
  local from, to = microseconds(timeline[1].from), microseconds(timeline[#timeline].to)
  local length = to - from
  local letters, at = {}, 1
  for number = 1, bins do
    local start = from + math.floor(length * (number - 1) / bins)
    local stop = from + math.floor(length * number / bins)
    local bin = { up = 0, down = 0, unknown = 0, excluded = 0, closed = 0 }
    while start < stop do
      local segment = timeline[at]
      local last = math.min(stop, microseconds(segment.to))
      bin[segment.state] = bin[segment.state] + last - start
      start = last
      if start == microseconds(segment.to) then
        at = at + 1
      end
    end
    letters[number] = letter(bin)
  end
  return table.concat(letters)
end

describe("strips", function()
  for _, case in ipairs(golden.cases) do
    it("show what timelines tell: " .. case, function()
      local monitor, seen = golden.open(case), {}
      for name, rules in pairs(golden.rules) do
        for place, strips in ipairs { { window = "last_hour", bins = 7 }, { window = "last_day", bins = 24 }, true } do
          local report = assert(monitor:report(golden.options(name, { strips = strips, stores = "*[0-7]" })))
          local window = report.windows[place]
          for row in report:rows() do
            local timeline = assert(monitor:timeline(row.store_id, window.from, window.to, rules))
            local expected = strip_of(timeline, strips == true and 168 or strips.bins)
            assert(expected == row.strip, expected .. "\n" .. row.strip)
            for c in expected:gmatch "." do
              seen[c] = true
            end
          end
          report:close()
        end
      end
      monitor:close()
      assert.is_true(seen.u and seen.d and seen.p and seen.c)
    end)
  end

  describe("of one store", function()
    local monitor

    before_each(function()
      monitor = assert(loom.open(":memory:", { default_zone = "UTC" }))
    end)

    after_each(function()
      monitor:close()
    end)

    local function strip(options)
      local report = assert(monitor:report(options))
      local result = report[1].strip
      report:close()
      return result
    end

    it("has every letter, and the bounds between them", function()
      assert(monitor:polls { { "a", true, 3600 }, { "a", false, 5399 }, { "a", true, 7200 }, { "a", false, 9000 },
        { "a", true, 10800 } })
      assert(monitor:exclude { store = "a", from = 14400, to = 16200 })
      assert(monitor:exclude { store = "a", from = 18000, to = 19799 })
      assert(monitor:polls { { "a", true, 17000 }, { "a", true, 21600 } })
      local windows = { { name = "w", from = 0, to = 8 * 3600 } }
      -- By hours: up; down for a second less than half of it; down for half of it; up; excluded for half of it; for less.
      assert.equal("updu", strip { strips = { bins = 4 }, windows = { { name = "w", from = 0, to = 4 * 3600 } } })
      assert.equal("upduxuuu", strip { strips = { bins = 8 }, windows = windows })
      assert.equal("n", strip { strips = { bins = 1 }, windows = windows, max_gap = 0 })
      assert(monitor:set_hours("a", { thu = "01:00-02:00" }, { from = "always" })) -- 1970-01-01 is one
      assert.equal("cpcccccc", strip { strips = { bins = 8 }, windows = windows })
    end)

    it("is nil where the report has none", function()
      assert(monitor:poll("a", true, 3600))
      assert.is_nil(strip {})
      local report = assert(monitor:report {})
      assert.equal("strip\n\n", made_up.text("csv", report, { columns = { "strip" } }))
      assert.is_nil(report:totals().strip)
      report:close()
    end)

    it("has as many letters as there are bins, of the window that was chosen", function()
      assert(monitor:poll("a", true, 0))
      assert(monitor:poll("a", false, 7 * 86400))
      assert.equal(168, #strip { strips = true })
      assert.equal(168, #strip { strips = {} })
      assert.equal(168, #strip { strips = { window = "last_hour" } })
      for _, bins in ipairs { 1, 2, 3, 100, 9999, 10000 } do
        assert.equal(bins, #strip { strips = { bins = bins } })
      end
      assert.equal("d", strip { strips = { window = "last_day", bins = 1 } })
      local windows = { { name = "x", from = -86400, to = 0 }, { name = "y", from = 6 * 86400, to = 7 * 86400 } }
      assert.equal("u", strip { strips = { window = "x", bins = 1 }, windows = windows })
      assert.equal("d", strip { strips = { window = "y", bins = 1 }, windows = windows })
      assert.equal("d", strip { strips = { bins = 1 }, windows = windows })
    end)

    it("may have more bins than the window has microseconds", function()
      assert(monitor:poll("a", true, 10))
      local letters = strip { strips = { bins = 10000 }, windows = { { name = "w", seconds = 0.001 } } }
      assert.equal(1000, select(2, letters:gsub("u", "")))
      assert.equal(9000, select(2, letters:gsub("c", "")))
    end)

    it("can be of jobs", function()
      assert(monitor:poll("a", true, 10))
      local job = assert(monitor:start_report { strips = { bins = 3 }, windows = { { name = "w", seconds = 10 } } })
      assert.is_true(job:wait())
      local report = assert(job:result())
      assert.equal("uuu", report[1].strip)
      report:close()
    end)
  end)
end)
