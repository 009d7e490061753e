local exact = require "loom.formats.exact"
local report = require "support.report"

describe("the format exact", function()
  it("gives microseconds and counts as they are", function()
    local made = report.make({ { name = "last_hour", unit = "minutes" }, { name = "w", unit = "hours" } }, {
      { 'a "b", c', { 1, 2, 3, 4, 5, 6, 7 }, { 604800000000, 0, 0, 0, 0, 0, 9 } },
      { "1481966498820158979", { 0, 0, 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0, 0, 0 } },
    })
    assert.equal("store_id,up_hour,down_hour,unknown_hour,excluded_hour,outages_hour,longest_hour,"
      .. "up_w,down_w,unknown_w,excluded_w,outages_w,longest_w\n"
      .. '"a ""b"", c",1,2,3,4,6,5,604800000000,0,0,0,0,0\n'
      .. "1481966498820158979,0,0,0,0,0,0,0,0,0,0,0,0\n", report.text(exact, made))
  end)
end)
