-- What a rule would have told of the past, in figures: those of a replay in the same steps.
local backtest = require "loom.alerts.backtest"
local loom = require "loom"

describe("a backtest", function()
  local monitor

  before_each(function()
    monitor = assert(loom.open(":memory:", { create = true }))
    local polls = {}
    for store = 1, 6 do
      for hour = 0, 95 do
        local at = ("2024-03-%02d %02d:10:00"):format(4 + math.floor(hour / 24), hour % 24)
        polls[#polls + 1] = { "shop " .. store, (hour * store) % 7 > 2, at }
      end
    end
    assert(monitor:polls(polls))
  end)

  after_each(function()
    monitor:close()
  end)

  local FROM, TO = "2024-03-04 12:00:00", "2024-03-07 20:00:00"

  it("counts what a replay tells, by day and by store", function()
    for _, rule in ipairs {
      { name = "down", when = { kind = "down_for", time = "90m" } },
      { name = "poor", when = { kind = "ratio", window = "12h", below = 0.6 }, keep = { time = "1h" } },
    } do
      local steps = 0
      local found = assert(backtest.run(monitor, { rule = rule, from = FROM, to = TO }, function()
        steps = steps + 1
      end))
      local past = assert(monitor:replay_alerts { rules = { rule }, from = FROM, to = TO, step = found.step })
      assert.same({ past.rules[1].fired, past.rules[1].resolved, past.rules[1].subjects, 6 }, { found.fired, found.resolved,
        found.subjects, found.stores })
      assert.is_true(steps > 0 and found.fired > 0)
      local fired, worst, days = 0, 0, {}
      for _, day in ipairs(found.days) do
        fired = fired + day.fired
        days[#days + 1] = day.date
      end
      for _, one in ipairs(found.worst) do
        worst = worst + one.fired
      end
      assert.same({ found.fired, found.fired }, { fired, worst })
      assert.same({ "2024-03-04", "2024-03-05", "2024-03-06", "2024-03-07" }, days)
      assert.same({ FROM .. ".000000 UTC", TO .. ".000000 UTC" }, { found.from_utc, found.to_utc })
    end
  end)

  it("goes by an objective that is stored", function()
    assert(monitor:set_objective { name = "all", target = 0.5, window = "1d" })
    local found = assert(backtest.run(monitor, { rule = { name = "b", when = { kind = "budget", objective = "all", left = 0.5 } },
      from = FROM, to = TO }))
    assert.is_true(found.fired > 0)
  end)

  it("is of a quarter at the most, and of a rule that is one", function()
    for _, options in ipairs {
      { from = "2023-01-01 00:00:00", to = TO }, { from = TO, to = FROM },
      { from = FROM, to = TO, rule = { name = "x", when = { kind = "y" } } },
      { from = FROM, to = TO, rule = { name = "x", when = { kind = "budget", objective = "none", left = 0.5 } } },
    } do
      options.rule = options.rule or { name = "down", when = { kind = "down_for", time = "90m" } }
      local found, message, code = backtest.run(monitor, options)
      assert.is_nil(found)
      assert.equal("EINVAL", code, message)
    end
  end)
end)
