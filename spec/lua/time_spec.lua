local core = require "loom.core"
local loom = require "loom"
local misuse = require "support.misuse"
local random_of = require "support.random".new
local time = require "loom.time"

local FIRST, LAST = -62135596800, 253402300799 -- seconds of the years 1 to 9999

describe("an instant", function()
  it("is text as in the input files, or seconds", function()
    for given, microseconds in pairs {
      ["1970-01-01 00:00:00"] = 0, ["1970-01-01T00:00:01Z"] = 1000000,
      ["1970-01-01 01:00:00+01:00"] = 0, ["1969-12-31 23:59:59.999999 UTC"] = -1, [0] = 0, [-1] = -1000000,
      [0.000001] = 1, [0.0000004] = 0, [-0.25] = -250000, [1674670402.5] = 1674670402500000,
      [FIRST] = FIRST * 1000000, [LAST] = LAST * 1000000,
    } do
      assert.equal(microseconds, time.instant(given))
    end
    for _, last in ipairs { "9999-12-31 23:59:59.999999", LAST + 0.999999 } do -- which LuaJIT's numbers do not hold
      assert.equal("253402300799999999", tostring(time.instant(last)))
    end
  end)

  it("is exact in every year, on every Lua", function()
    local random = random_of(2)
    for _ = 1, 1000 do
      local date = core.format_date(random(-719162, 2932896))
      local whole = ("%s %s.%06d UTC"):format(date, core.format_time_of_day(random(0, 86399)), random(0, 999999))
      local instant = time.instant(whole)
      assert.equal(whole, time.text(instant))
      local offset = random(0, 365 * 86400) * 1000000 + random(0, 999999)
      local later = time.text_after(instant, offset)
      if later ~= "9999-12-31 23:59:59.999999 UTC" then
        assert.equal(offset, time.between(instant, time.instant(later)))
        assert.equal(-offset, time.between(time.instant(later), instant))
        assert.equal(whole, time.text_after(time.instant(later), -offset))
      end
      local item = {}
      time.set(item, "at", instant)
      assert.equal(whole, item.at_utc)
      assert.is_true(math.abs(item.at - time.seconds(instant)) < 1)
    end
    assert.equal("9999-12-31 23:59:59.999999 UTC", time.text_after(time.instant "9999-12-31 23:59:59.999998", 2))
    assert.equal("0001-01-01 00:00:00.000000 UTC", time.text_after(time.FIRST, -1))
  end)

  it("is also now or a date, where something is seen from it", function()
    assert.equal("now", time.seen_from "now")
    assert.equal(time.instant "2024-01-01 00:00:00", time.seen_from "2024-01-01")
    assert.equal(time.instant(1.5), time.seen_from(1.5))
    local monitor = { clock = function() return "2024-01-01 10:00:00" end }
    assert.equal(time.instant "2024-01-01 10:00:00", time.as_of(monitor, "now"))
    assert.equal(5, time.as_of(monitor, 5))
    assert.is_nil(time.as_of(monitor, nil))
    for _, wrong in ipairs { "", "Now", "2024-02-30", "today", true } do
      assert.same({ nil, "timestamp, date, now, or seconds since 1970" }, { time.seen_from(wrong) })
    end
  end)

  it("is nothing else", function()
    for _, wrong in ipairs { "", "now", "2024-01-01", "2024-02-30", "2024-01-01 25:00:00", "167467040", FIRST - 1, LAST + 2,
      0 / 0, 1 / 0, -1 / 0, true, {}, print } do
      assert.same({ nil, "timestamp or seconds since 1970" }, { time.instant(wrong) })
    end
    assert.is_nil((time.instant(nil)))
  end)

  it("is the same whether it is given or read as seconds or as text", function()
    local random = random_of(1)
    for _ = 1, 1000 do
      local whole = random(-8500000000, 8500000000) -- of the years 1700 to 2239
      local seconds = time.seconds(whole * 1000000 + random(0, 999999))
      local text = loom.format_timestamp(seconds)
      assert.equal(seconds, loom.parse_timestamp(text))
      assert.equal(time.instant(text), time.instant(seconds))
      assert.equal(seconds, time.seconds(time.instant(seconds)))
      assert.equal(text, time.text(time.instant(seconds)))
    end
  end)

  it("in seconds is whole where it can be", function()
    assert.equal("1674670402", ("%d"):format(time.seconds(1674670402000000)))
    assert.equal("-1", tostring(time.seconds(-1000000)))
    assert.equal("1.5", tostring(time.seconds(1500000)))
  end)

  it("that is none is told with the reason", function()
    assert.same({ nil, "is not a date" }, { loom.parse_timestamp "2023-02-30 00:00:00" })
  end)
end)

describe("a duration", function()
  it("is seconds, or text with a unit", function()
    for given, seconds in pairs { [0] = 0, [1.5] = 1.5, ["90"] = 90, ["90s"] = 90, ["90m"] = 5400, ["2h"] = 7200, ["7d"] = 604800,
      [1e11] = 1e11 } do
      assert.equal(seconds * 1000000, time.duration(given))
    end
  end)

  it("is nothing else", function()
    for _, wrong in ipairs { "", "soon", "-1", "1 fortnight", "h", -1, 1e12, 0 / 0, 1 / 0, true, {} } do
      assert.same({ nil, "duration (seconds, or text such as 90m, 2h, 7d)" }, { time.duration(wrong) })
    end
  end)
end)

describe("a date", function()
  it("exists and is written in full", function()
    for _, date in ipairs { "0001-01-01", "2024-02-29", "9999-12-31" } do
      assert.equal(date, time.date(date))
    end
    for _, wrong in ipairs { "2023-02-29", "2024-1-1", "2024-01-01 ", "2024-01-01T00:00:00", "0000-01-01", "tomorrow", "",
      20240101, true } do
      assert.same({ nil, "date (YYYY-MM-DD)" }, { time.date(wrong) })
    end
  end)
end)

describe("the clock of a monitor", function()
  it("may give what an instant is, and is asked only for now", function()
    local answer
    local monitor = assert(loom.open(":memory:", { clock = function() return answer end }))
    for _, now in ipairs { 1674670402, 1674670402.5, "2023-01-25 18:13:22 UTC" } do
      answer = now
      assert(monitor:poll(tostring(now), true))
    end
    for store in monitor:stores() do
      assert.equal(time.seconds(time.instant(tonumber(store.store_id) or store.store_id)), store.last_poll)
    end
    monitor:close()
  end)

  it("that gives nonsense is to blame, and nothing is stored", function()
    local monitor = assert(loom.open(":memory:", { clock = function() return "noon" end }))
    local MESSAGE = "bad result of the function 'clock' (timestamp or seconds since 1970 expected, got \"noon\")"
    misuse.expect(MESSAGE, function() monitor:poll("a", true) end)
    misuse.expect(MESSAGE, function() monitor:set_hours("a", {}) end)
    misuse.expect(MESSAGE, function() monitor:clear_hours "a" end)
    misuse.expect(MESSAGE, function() monitor:set_hours("a", {}, { from = "2024-01-01" }) end) -- the audit tells when
    assert.equal(0, monitor:info().stores)
    assert.same({}, (monitor:audit()))
    monitor:close()
  end)

  it("may raise, and the monitor goes on", function()
    local monitor = assert(loom.open(":memory:", { clock = function() error { "mine" } end }))
    for _, call in ipairs {
      function() monitor:poll("a", true) end,
      function() monitor:set_hours("a", {}) end,
      function() monitor:set_timezone("a", "UTC") end,
    } do
      local called, err = pcall(call)
      assert.is_false(called)
      assert.same({ "mine" }, err)
    end
    assert.equal(0, monitor:info().stores)
    monitor:close()
  end)
end)
