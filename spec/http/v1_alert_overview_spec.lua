-- What is about to fire, and how often rules have fired: the routes, on what rounds of the real agent have come to.
local contract = require "support.contract"
local loom = require "loom"
local server = require "support.api"
local shell = require "support.shell"

local expect, problem = contract.expect, contract.expect_problem

local T = assert(loom.parse_timestamp "2024-03-12 12:00:00")

local function fill(path)
  local monitor = assert(loom.open(path, { create = true }))
  local polls = {}
  for at = T - 86400, T, 600 do
    polls[#polls + 1] = { "1", at < T - 1800, at }
    polls[#polls + 1] = { "2", true, at }
  end
  assert(monitor:polls(polls))
  assert(monitor:set_timezone("1", "Europe/London"))
  assert(monitor:set_rule { name = "slow", when = { kind = "down_for", time = "10m" }, ["for"] = { time = "1h" } })
  assert(monitor:set_rule { name = "quick", when = { kind = "down_for", time = "10m" } })
  monitor:close()
  shell.good("agent", path, "--once", "--clock", "2024-03-12 12:00:05")
end

describe("the overview of alerts", function()
  setup(function()
    fill(server.start().database)
  end)

  teardown(function()
    server.stop()
  end)

  it("tells what is about to fire", function()
    local found = expect(200, "GET", "/v1/alerts/pending?time=ms").pending
    assert.same({ { rule = "slow", severity = "warning", since = T * 1000, subject = { kind = "store", id = "1",
      timezone_str = "Europe/London" } } }, found)
    problem(400, "limit", "GET", "/v1/alerts/pending?limit=0")
  end)

  it("tells how often rules fired by day", function()
    assert.same({ days = { "2024-03-11", "2024-03-12" }, rules = { quick = { 0, 1 } } },
      expect(200, "GET", "/v1/alerts/days?days=2"))
    assert.equal(28, #expect(200, "GET", "/v1/alerts/days").days)
    problem(400, "days", "GET", "/v1/alerts/days?days=401")
  end)
end)
