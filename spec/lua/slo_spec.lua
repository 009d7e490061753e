local csv = require "support.csv"
local loom = require "loom"
local made_up = require "support.report"
local slo = require "loom.slo"

local MINUTE = 60 * 1000000

describe("an objective", function()
  it("is a ratio, or a table of targets", function()
    for _, value in ipairs { 0, 1, 0.999, 1e-9 } do
      assert.same({ target = value }, slo.checker(value))
    end
    for _, value in ipairs {
      { target = 0.9 }, { stores = { a = 0.9 } }, { attribute = "tier" }, { attribute = "tier", targets = { gold = 1 } },
      { target = 0, stores = {}, attribute = "tier", targets = {} },
    } do
      assert.same(value, slo.checker(value))
    end
    for _, value in ipairs {
      -0.1, 1.1, 99.9, 0 / 0, 1 / 0, "0.9", true, {}, { 0.9 }, { target = "0.9" }, { target = 2 }, { bogus = 1, target = 0.9 },
      { stores = 0.9 }, { stores = { a = "0.9" } }, { stores = { a = 2 } }, { targets = { gold = 1 } },
      { attribute = 1 }, { attribute = "tier", targets = { gold = "1" } }, { attribute = "tier", targets = 0.9 },
    } do
      local checked, expected = slo.checker(value)
      assert.is_nil(checked)
      assert.equal("target ratio from 0 to 1, or table of target, stores, attribute, targets", expected)
    end
  end)

  it("finds a store's own target first, then its attribute's, then that of all", function()
    for _, case in ipairs {
      { { target = 0.9 }, nil, 0.9 },
      { { target = 0.9, stores = { a = 0 } }, nil, 0 },
      { { target = 0.9, stores = { b = 0.5 } }, nil, 0.9 },
      { { stores = { b = 0.5 } }, nil, nil },
      { { target = 0.9, attribute = "sla" }, "0.95", 0.95 },
      { { target = 0.9, attribute = "sla" }, "0", 0 },
      { { target = 0.9, attribute = "sla" }, "1", 1 },
      { { target = 0.9, attribute = "sla" }, "gold", 0.9 },
      { { target = 0.9, attribute = "sla" }, "99.5", 0.9 },
      { { target = 0.9, attribute = "sla" }, "nan", 0.9 },
      { { target = 0.9, attribute = "sla" }, nil, 0.9 },
      { { attribute = "sla" }, "", nil },
      { { target = 0.9, attribute = "tier", targets = { gold = 0.99, none = 0 } }, "gold", 0.99 },
      { { target = 0.9, attribute = "tier", targets = { gold = 0.99, none = 0 } }, "none", 0 },
      { { target = 0.9, attribute = "tier", targets = { gold = 0.99 } }, "0.5", 0.9 },
      { { target = 0.9, attribute = "tier", targets = { gold = 0.99 }, stores = { a = 0.7 } }, "gold", 0.7 },
    } do
      assert.equal(case[3], slo.target(case[1], "a", case[2]))
    end
  end)

  -- { target, up, down, met, budget, burn }, in minutes.
  for _, case in ipairs {
    { 0.9, 90, 10, true, 10, 1 },
    { 0.9, 90, 10 + 1 / MINUTE, false, 10, 1 + 1e-7 },
    { 0.9, 91, 9, true, 10, 0.9 },
    { 0.99, 9900, 100, true, 100, 1 },
    { 0.999, 52543404, 52596, true, 52596, 1 }, -- a century
    { 0.7, 7, 3, true, 3, 1 },
    { 0.1, 1, 9, true, 9, 1 },
    { 1, 60, 0, true, 0, nil },
    { 1, 60, 1, false, 0, 1 / 0 },
    { 1, 0, 1, false, 0, 1 / 0 },
    { 0, 60, 40, true, 100, 0.4 },
    { 0, 0, 100, true, 100, 1 },
    { 0.5, 0, 0, nil, 0, nil },
    { 1, 0, 0, nil, 0, nil },
  } do
    local target, up, down, met, budget, burn = (table.unpack or unpack)(case, 1, 6) -- luacheck: compat
    it(("of %g is %s with %g minutes up and %g down"):format(target, tostring(met), up, down), function()
      local up_us, down_us = math.floor(up * MINUTE + 0.5), math.floor(down * MINUTE + 0.5)
      local judged = slo.judge(slo.budget(target, up_us, down_us), up_us, down_us, target)
      assert.equal(target, judged.target)
      assert.equal(met, judged.met)
      assert.is_true(math.abs(budget - judged.budget) < 1e-6, judged.budget)
      assert.equal(down_us / MINUTE, judged.spent)
      assert.is_true(math.abs(judged.budget - judged.spent - judged.left) < 1e-6)
      if burn == nil or burn == 1 / 0 then
        assert.equal(burn, judged.burn)
      else
        assert.is_true(math.abs(burn - judged.burn) < 1e-6, judged.burn)
      end
    end)
  end
end)

describe("an objective", function()
  it("is refused where it has what nothing would look at", function()
    for _, wrong in ipairs { { stores = { 0.5 } }, { attribute = "tier", targets = { 0.5 } }, { target = 0.5, goal = 1 }, {},
      { targets = { gold = 0.9 } }, { stores = { a = 2 } } } do
      assert.is_nil((slo.checker(wrong)))
    end
  end)
end)

describe("a report with an objective", function()
  local monitor

  -- Stores that are open all day: by the hour, so many down of ten.
  setup(function()
    monitor = assert(loom.open(":memory:", { default_zone = "UTC" }))
    for store, down in pairs { a = 0, b = 1, c = 5, d = 10 } do
      local polls = {}
      for hour = 1, 10 do
        polls[hour] = { store, hour > down, hour * 3600 }
      end
      assert(monitor:polls(polls))
    end
    assert(monitor:set_attributes("a", { tier = "gold", sla = 0.95 }))
    assert(monitor:set_attributes("b", { tier = "gold", sla = "0.85" }))
    assert(monitor:set_attributes("c", { tier = "silver", sla = "best effort" }))
  end)

  teardown(function()
    monitor:close()
  end)

  local function report_of(objective)
    return assert(monitor:report {
      slo = objective,
      windows = { { name = "w", seconds = 36000 }, { name = "first", from = 0, to = 1 } }, -- before any poll
    })
  end

  -- A part of the objective by store; false stands for nil.
  local function parts(objective, part)
    local report, list = report_of(objective), {}
    for i = 1, #report do
      local value = report[i].w.slo and report[i].w.slo[part]
      list[i] = value == nil and "nil" or value
    end
    report:close()
    return list
  end

  it("judges each store by its target", function()
    assert.same({ 0.9, 0.9, 0.9, 0.9 }, parts(0.9, "target"))
    assert.same({ 0.9, 0.5, 0.9, 0.9 }, parts({ target = 0.9, stores = { b = 0.5, nobody = 1 } }, "target"))
    assert.same({ 0.95, 0.85, 0.5, 0.5 }, parts({ target = 0.5, attribute = "sla" }, "target"))
    assert.same({ 1, 1, "nil", "nil" }, parts({ attribute = "tier", targets = { gold = 1 } }, "target"))
    assert.same({ true, true, false, false }, parts(0.9, "met"))
    assert.same({ 60, 60, 60, 60 }, parts(0.9, "budget"))
    assert.same({ 0, 60, 300, 600 }, parts(0.9, "spent"))
    assert.same({ 60, 0, -240, -540 }, parts(0.9, "left"))
    assert.same({ 0, 1, 5, 10 }, parts(0.9, "burn"))
    assert.same({ "nil", 1 / 0, 1 / 0, 1 / 0 }, parts(1, "burn"))
    assert.same({ true, false, false, false }, parts(1, "met"))
    assert.same({ true, true, true, true }, parts(0, "met"))
  end)

  it("has columns of it", function()
    local report = report_of { target = 0.9, stores = { a = 1 } }
    local rows = csv.rows(made_up.text("csv", report, { columns = { "store_id", "slo_target_w", "slo_met_w", "slo_budget_w",
      "slo_spent_w", "slo_left_w", "slo_burn_w", "slo_met_first" }, limit = 3 }))
    report:close()
    assert.same({
      { store_id = "a", slo_target_w = "1", slo_met_w = "true", slo_budget_w = "0", slo_spent_w = "0", slo_left_w = "0",
        slo_burn_w = "", slo_met_first = "false" },
      { store_id = "b", slo_target_w = "0.9", slo_met_w = "true", slo_budget_w = "60", slo_spent_w = "60", slo_left_w = "0",
        slo_burn_w = "1", slo_met_first = "false" },
      { store_id = "c", slo_target_w = "0.9", slo_met_w = "false", slo_budget_w = "60", slo_spent_w = "300",
        slo_left_w = "-240", slo_burn_w = "5", slo_met_first = "false" },
    }, rows)
  end)

  it("adds budgets up in groups, where all of a group have one", function()
    local report = report_of { attribute = "tier", targets = { gold = 0.9, silver = 0.4 } }
    local groups = report:group "tier"
    assert.same({ budget = 120, spent = 60, left = 60, burn = 0.5, met = true }, groups:get("gold").w.slo)
    assert.same({ budget = 360, spent = 300, left = 60, burn = 300 / 360, met = true }, groups:get("silver").w.slo)
    assert.is_nil(groups:get("").w.slo)
    assert.is_nil(report:totals().w.slo)
    report:close()
    report = report_of(0.6)
    assert.same({ budget = 960, spent = 960, left = 0, burn = 1, met = true }, report:totals().w.slo)
    assert.same(report:totals().w.slo, report:group("tier"):totals().w.slo)
    report:close()
  end)

  it("has a total without stores", function()
    local report = assert(monitor:report { slo = 0.9, stores = {} })
    assert.same({ budget = 0, spent = 0, left = 0 }, report:totals().last_week.slo)
    report:close()
  end)

  it("without one has none", function()
    local report = assert(monitor:report {})
    assert.is_nil(report[1].last_week.slo)
    assert.is_nil(report:totals().last_week.slo)
    assert.same({ { slo_met_last_week = "" } }, csv.rows(made_up.text("csv", report,
      { columns = { "slo_met_last_week" }, limit = 1 })))
    report:close()
  end)
end)
