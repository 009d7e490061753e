local figures = require "loom.figures"

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

  it("have windows with short names", function()
    assert.equal("week", figures.short_name { name = "last_week" })
    assert.equal("at_last_", figures.short_name { name = "at_last_" })
  end)
end)
