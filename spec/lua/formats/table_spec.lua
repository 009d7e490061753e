local report = require "support.report"
local table_format = require "loom.formats.table"

describe("the format table", function()
  local windows = { { name = "w", unit = "hours" } }

  it("aligns its columns", function()
    local made = report.make(windows, { { "a", { 3600000000, 0, 0, 0, 0, 0, 0 } },
      { "a longer id", { 604800000000, 36000000, 0, 0, 0, 0, 0 } } })
    assert.equal("store_id     uptime_w  downtime_w\n"
      .. "a                 1.0         0.0\n"
      .. "a longer id     168.0        0.01\n", report.text(table_format, made))
  end)

  it("shows no control characters to a terminal", function()
    local made = report.make(windows, { { "\27[31mred\n\127", { 0, 0, 0, 0, 0, 0, 0 } } })
    assert.is_nil(report.text(table_format, made):find("[\27\127]"))
    assert.equal(2, select(2, report.text(table_format, made):gsub("\n", "")))
  end)

  it("is a header when there are no rows", function()
    assert.equal("store_id  uptime_w  downtime_w\n", report.text(table_format, report.make(windows, {})))
  end)
end)
