local cjson = require "cjson"
local json = require "loom.formats.json"
local report = require "support.report"

describe("the format json", function()
  it("gives seconds, and null for what is not defined", function()
    local made = report.make({ { name = "w", unit = "hours" } }, {
      { 'caf\195\169 "/\\\n', { 90000000, 30000001, 5000000, 7000000, 20000000, 2, 11 } },
      { "closed", { 0, 0, 0, 1000000, 0, 0, 0 } },
      { "up", { 1000000, 0, 0, 0, 0, 0, 1 } },
      { "unknown", { 0, 0, 1500000, 0, 0, 0, 0 } },
    })
    local text = report.text(json, made)
    local parsed = cjson.decode(text)
    assert.equal("1970-01-01 01:00:00.000000 UTC", parsed.as_of)
    assert.same({ preset = "loom", slack = 60, fill = "backward", evidence = "inside", no_data = "down",
      max_gap = cjson.null, default_zone = "America/Chicago" }, parsed.rules)
    assert.same({ { name = "w", from = "1970-01-01 00:00:00.000000 UTC", to = "1970-01-01 01:00:00.000000 UTC" } },
      parsed.windows)
    assert.equal('caf\195\169 "/\\\n', parsed.stores[1].store_id)
    assert.same({ up = 90, down = 30.000001, unknown = 5, excluded = 7, scheduled = 125.000001, ratio = 0.75,
      outages = 2, longest = 20, mttr = 15.000001, mtbf = 45, polls = 11 }, parsed.stores[1].windows.w)
    assert.same({ up = 0, down = 0, unknown = 0, excluded = 1, scheduled = 0, ratio = cjson.null,
      outages = 0, longest = 0, mttr = cjson.null, mtbf = cjson.null, polls = 0 }, parsed.stores[2].windows.w)
    assert.equal(1, parsed.stores[3].windows.w.ratio)
    assert.equal(cjson.null, parsed.stores[4].windows.w.ratio)
    assert.equal(1.5, parsed.stores[4].windows.w.scheduled)
  end)

  it("is valid without stores, and with a maximal gap", function()
    local made = report.make({ { name = "a", unit = "hours" }, { name = "b", unit = "minutes" } }, {})
    made.rules.max_gap = 5400.5
    local parsed = cjson.decode(report.text(json, made))
    assert.same({}, parsed.stores)
    assert.equal(2, #parsed.windows)
    assert.equal(5400.5, parsed.rules.max_gap)
  end)
end)
