local exact = require "loom.formats.exact"
local golden = require "support.golden"
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

  it("gives the golden reports", function()
    local compared = 0
    for _, case in ipairs(golden.cases) do
      local monitor = golden.open(case)
      for rules in pairs(golden.rules) do
        local expected = golden.expected(case, "exact", rules)
        local made = assert(monitor:report(golden.options(rules)))
        assert.is_true(report.text(exact, made) == (expected or report.text(exact, made)))
        made:close()
        compared = compared + (expected and 1 or 0)
      end
      monitor:close()
    end
    assert.equal(20, compared)
  end)
end)
