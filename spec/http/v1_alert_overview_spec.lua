-- What is about to fire, and how often rules have fired: the routes, on what rounds of the real agent have come to.
local cjson = require "cjson"
local contract = require "support.contract"
local files = require "support.files"
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
  assert(monitor:set_channel { name = "log", kind = "log" })
  assert(monitor:set_rule { name = "slow", when = { kind = "down_for", time = "10m" }, ["for"] = { time = "1h" } })
  assert(monitor:set_rule { name = "quick", when = { kind = "down_for", time = "10m" } })
  monitor:close()
  shell.good("agent", path, "--once", "--clock", "2024-03-12 12:00:05")
end

describe("the overview of alerts", function()
  local started

  setup(function()
    started = server.start { arguments = { "--no-agent" } }
    fill(started.database)
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

  it("counts alerts and messages in the metrics", function()
    local body = started.service:request("/metrics").body
    local path = files.write(started.folder .. "/metrics", body)
    local checked = shell.run("promtool check metrics <" .. path)
    assert.same({ 0, "" }, { checked.status, checked.err })
    assert.matches('\nloom_alerts{rule="quick",severity="warning",state="firing"} 1\n', body)
    assert.matches("\nloom_alert_evaluation_seconds 0%.%d+\n", body)
    assert.matches('\nloom_alert_evaluation_timestamp_seconds 1710244805%.000\n', body)
    assert.matches("\nloom_dead_letters 0\n", body)
    assert.matches('\nloom_notifications_total{channel="log",outcome="delivered"} 1\n', body)
    assert.matches('\nloom_notifications_pending{channel="log"} 0\n', body)
  end)

  it("tells of alerts as it happens", function()
    local path = started.folder .. "/heard"
    local pid = shell.run(started.service:curl("/v1/events", "-N") .. (" >%s 2>&1 & echo $!"):format(path)).out
    local data, is_ready
    for _ = 1, 2000 do
      local heard = files.exists(path) and files.read(path) or ""
      for told in heard:gmatch "event: alert\ndata: ([^\n]*)\n" do
        data = told:find('"other"', 1, true) and told or data
      end
      if data then
        break
      elseif not is_ready and heard:find("welcome", 1, true) then
        is_ready = true
        local monitor = assert(loom.open(started.database))
        assert(monitor:set_rule { name = "other", severity = "error", when = { kind = "down_for", time = "5m" } })
        monitor:close()
        shell.good("agent", started.database, "--once", "--clock", "2024-03-12 12:01:05")
      end
      started.service:request "/healthz"
    end
    shell.run("kill " .. pid)
    local alert = cjson.decode(data)
    assert.same({ "other", "error", "firing", "1", { kind = "store", id = "1" } }, { alert.rule, alert.severity, alert.state,
      alert.store_id, alert.subject })
    assert.equal("2024-03-12 12:00:00.000000 UTC", alert.at)
  end)
end)
