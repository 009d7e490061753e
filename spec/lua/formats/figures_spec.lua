local figures = require "loom.formats.figures"
local report = require "support.report"

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

  it("come in the standard columns", function()
    local made = report.make({ { name = "last_hour", unit = "minutes" }, { name = "night", unit = "hours" } },
      { { "a", { 90 * MINUTE, 30 * MINUTE }, { 90 * MINUTE, 30 * MINUTE } }, { "b", { 0, 0 }, { MINUTE, 0 } } })
    local names, cells = figures.columns(made)
    assert.same({ "store_id", "uptime_last_hour", "uptime_night", "downtime_last_hour", "downtime_night" }, names)
    assert.same({ "a", "90", "1.5", "30", "0.5" }, cells(1))
    assert.same({ "b", "0", "0.02", "0", "0.0" }, cells(2))
  end)

  it("have windows with short names", function()
    assert.equal("week", figures.short_name { name = "last_week" })
    assert.equal("at_last_", figures.short_name { name = "at_last_" })
  end)
end)
