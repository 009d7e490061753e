-- What is about to fire, and how often rules have fired, against what the agent's rounds come to.
local Judge = require "loom.agent.judge"
local loom = require "loom"
local overview = require "loom.alerts.overview"

local HOUR, DAY = 3600, 86400
local T = assert(loom.parse_timestamp "2024-03-12 12:00:00")

describe("the overview of alerts", function()
  local monitor, now

  before_each(function()
    now = T
    monitor = assert(loom.open(":memory:", { clock = function() return now end }))
    local polls = {}
    for at = T - DAY, T, 600 do
      polls[#polls + 1] = { "1", at < T - HOUR / 2, at }
      polls[#polls + 1] = { "2", true, at }
    end
    assert(monitor:polls(polls))
    assert(monitor:set_attributes("1", { region = "west" }))
    assert(monitor:set_timezone("1", "Europe/London"))
    assert(monitor:set_rule { name = "down", severity = "error", when = { kind = "down_for", time = "10m" },
      ["for"] = { time = "1h" } })
    assert(monitor:set_rule { name = "quick", when = { kind = "down_for", time = "10m" } })
  end)

  after_each(function()
    monitor:close()
  end)

  local function round()
    local judge = Judge.new(monitor, { now = function() return now * 1000000 end })
    assert(judge:round())
    judge:forget()
  end

  it("tells what is true, but not yet for long enough", function()
    assert.same({}, overview.pending(monitor))
    round()
    local list = assert(overview.pending(monitor))
    assert.equal(1, #list)
    assert.same({ "down", "error", "store", "1", "Europe/London", "2024-03-12 12:00:00.000000 UTC" }, { list[1].rule,
      list[1].severity, list[1].subject.kind, list[1].subject.id, list[1].subject.zone, list[1].since_utc })
    assert.equal(1, #overview.pending(monitor, { where = { region = "west" } }))
    assert.equal(0, #overview.pending(monitor, { where = { region = "east" } }))
  end)

  it("has as many as are wanted of what is chosen, and no group that is named like a store", function()
    local polls = {}
    for at = T - DAY, T, 600 do
      for i = 0, 9 do
        polls[#polls + 1] = { "0" .. i, at < T - HOUR / 2, at }
      end
    end
    assert(monitor:polls(polls))
    for i = 0, 9 do
      assert(monitor:set_attributes("0" .. i, { region = "east", brand = "1" }))
    end
    assert(monitor:set_rule { name = "a", when = { kind = "group_down", count = 2 }, group_by = "brand",
      ["for"] = { time = "1h" } })
    round()
    assert.equal(12, #overview.pending(monitor))
    local list = overview.pending(monitor, { where = { region = "west" }, limit = 2 })
    assert.equal(1, #list)
    assert.same({ "down", "store", "1" }, { list[1].rule, list[1].subject.kind, list[1].subject.id })
    list = overview.pending(monitor, { where = { region = { "east", "west" } }, limit = 3 })
    assert.equal(3, #list)
    assert.equal("02", list[3].subject.id)
  end)

  it("counts what fired by rule and day", function()
    round()
    local days = assert(overview.days(monitor, T * 1000000, 3))
    assert.same({ quick = { 0, 0, 1 } }, days)
    assert.same({ quick = { 1, 0 } }, overview.days(monitor, (T + DAY) * 1000000, 2))
    assert.same({}, overview.days(monitor, (T - DAY) * 1000000, 28))
  end)
end)
