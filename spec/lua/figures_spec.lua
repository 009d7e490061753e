local cjson = require "cjson"
local figures = require "loom.figures"
local random = require "support.random"

local MINUTE = 60 * 1000000

describe("figures", function()
  it("are hours with one or two decimals, rounded as printf does", function()
    for microseconds, text in pairs {
      [0] = "0.0", [1] = "0.0", [17999999] = "0.0", [18000001] = "0.01", [36000000] = "0.01", [60 * MINUTE] = "1.0",
      [90 * MINUTE] = "1.5", [505.2 * MINUTE] = "8.42", [24 * 60 * MINUTE] = "24.0", [604800000000] = "168.0",
      [604799999999] = "168.0", [10080 * MINUTE - 36000000] = "167.99",
    } do
      assert.equal(text, figures.hours(microseconds))
    end
  end)

  it("halfway between two hundredths are the even one, as printf has it and LuaJIT's own format does not", function()
    for eighths = 1, 8 * 168, 2 do -- an odd number of eighths of an hour ends with a half of a hundredth
      local hundredths = math.floor(eighths * 100 / 8)
      hundredths = hundredths + hundredths % 2
      local text = ("%d.%02d"):format(math.floor(hundredths / 100), hundredths % 100):gsub("0$", "")
      assert.equal(text, figures.hours(eighths * 7.5 * MINUTE))
      assert.equal(hundredths / 100, figures.numbers.hours(eighths * 7.5 * MINUTE))
    end
  end)

  it("are decimals that are rounded to the even one, too", function()
    for value, text in pairs {
      [0.0078125] = "0.007812", [0.0234375] = "0.023438", [2 / 3] = "0.666667", [-0.0078125] = "-0.007812", [0.25] = "0.25",
      [3] = "3", [2 ^ 70] = "1180591620717411303424", [1 + 1e-9] = "1",
    } do
      assert.equal(text, figures.decimal(value))
    end
    assert.is_nil(figures.decimal(math.huge) or figures.decimal(-math.huge) or figures.decimal(0 / 0))
  end)

  it("are whole minutes, cut", function()
    for microseconds, text in pairs {
      [0] = "0", [MINUTE - 1] = "0", [MINUTE] = "1", [60 * MINUTE - 1] = "59", [60 * MINUTE] = "60",
    } do
      assert.equal(text, figures.minutes(microseconds))
    end
  end)

  it("are seconds with as many decimals as they need", function()
    for microseconds, text in pairs {
      [0] = "0", [1] = "0.000001", [1000000] = "1", [1500000] = "1.5", [604800000000] = "604800", [10000010] = "10.00001",
    } do
      assert.equal(text, figures.seconds(microseconds))
    end
  end)

  it("are sums, ratios and means in seconds", function()
    assert.same({ up = 90, down = 30.000001, unknown = 5, excluded = 7, scheduled = 125.000001, outages = 2, longest = 20,
      mttr = 15.0000005, mtbf = 45, polls = 11, ratio = 90000000 / 120000001 },
      figures.of(90000000, 30000001, 5000000, 7000000, 20000000, 2, 11))
    local closed = figures.of(0, 0, 0, 7000000, 0, 0, 0)
    assert.is_nil(closed.ratio or closed.mttr or closed.mtbf)
    assert.equal(1, figures.of(5, 0, 1000000, 0, 0, 0, 1).ratio)
  end)

  describe("as ratios", function()
    local HOUR = 60 * MINUTE

    it("are cut by integers: only what was never down is 1", function()
      for text, times in pairs {
        ["0.57"] = { 2052, 1548 }, ["1"] = { 1, 0 }, ["0"] = { 0, 1 }, ["0.333333"] = { 1, 2 }, ["0.666666"] = { 2, 1 },
        ["0.999999"] = { 168 * HOUR - 1, 1 }, ["0.999988"] = { 86399, 1 },
      } do
        assert.equal(text, figures.ratio(figures.millionths(times[1], times[2])))
      end
      assert.is_nil(figures.millionths(0, 0))
      assert.has_error(function() figures.millionths(-1, 1) end)
      for k = 0, 1000000, 7 do
        assert(figures.millionths(k * 604801, (1000000 - k) * 604801) == k) -- no rounding below what is exact
      end
    end)

    it("of sums beyond what doubles tell apart are still not 1", function()
      assert.equal(999999, figures.millionths(2 ^ 60, 1))
      assert.equal(1000000, figures.millionths(2 ^ 60, 0))
    end)

    it("are percentages with two decimals", function()
      for text, millionths in pairs { ["57.00%"] = 570000, ["99.99%"] = 999999, ["100.00%"] = 1000000, ["0.00%"] = 99,
        ["0.01%"] = 100, ["5.05%"] = 50599 } do
        assert.equal(text, figures.percent(millionths))
      end
    end)

    it("are so many points apart as they are printed", function()
      for text, pair in pairs { ["+84.73"] = { 954512, 107289 }, ["-0.01"] = { 100, 200 }, ["0.00"] = { 199, 100 },
        ["+100.00"] = { 1000000, 0 }, ["-100.00"] = { 0, 1000000 }, ["+0.10"] = { 501000, 500000 } } do
        assert.equal(text, figures.points(pair[1], pair[2]))
      end
    end)

    it("are the same from seconds, and from the quotient", function()
      local next_number = random.new(7)
      for _ = 1, 2000 do
        local up, down = next_number(0, 600000) * 1000003 + next_number(0, 999999), next_number(0, 600000) * 1000003
        local of, expected = figures.of(up, down, 0, 0, 0, 0, 0), figures.millionths(up, down)
        assert(figures.ratio_of(of) == expected)
        assert(expected == nil or figures.share(of.ratio) == expected)
      end
      for k = 0, 1000000, 7 do
        assert(figures.share(k / 1000000) == k)
      end
      assert.equal(999999, figures.share(1 - 2 ^ -53))
    end)

    it("above 1 are rounded up", function()
      assert.equal("1.000001", figures.ratio(figures.share(1 + 2 ^ -52)))
      assert.equal("1.5", figures.ratio(figures.share(1.5)))
      assert.equal("2.000001", figures.ratio(figures.share(2.0000001)))
    end)
  end)

  it("have windows with short names", function()
    assert.equal("week", figures.short_name { name = "last_week" })
    assert.equal("at_last_", figures.short_name { name = "at_last_" })
  end)

  it("of more stores than whole numbers hold microseconds of are rounded", function()
    local huge = 2 ^ 63 * 1.5
    local half = math.maxinteger and math.maxinteger - 5 or 2 ^ 63 -- two of which are more than a whole number
    assert.equal("3843071682.02", figures.hours(huge))
    assert.equal("230584300921", figures.minutes(huge))
    assert.equal(huge / 1e6, tonumber(figures.seconds(huge)))
    assert.equal(500000, figures.millionths(half, half))
    assert.equal(999999, figures.millionths(huge, 1))
    assert.equal(1000000, figures.millionths(huge, 0))
    local of, read = figures.of(half, half, half, 0, 1, 1, 1), cjson.decode(figures.json(half, half, half, 0, 1, 1, 1))
    assert.is_true(math.abs(of.scheduled - 3 * 2 ^ 63 / 1e6) < 1)
    for _, name in ipairs(figures.names) do
      assert.is_true(math.abs(of[name] - read[name]) <= 1e-6 * math.max(1, of[name] * 1e-9), name)
    end
    assert.equal(0.5, read.ratio)
  end)
end)
