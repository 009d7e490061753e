-- Stores whose zone has left the tz database, over HTTP.

local await = require "support.await"
local contract = require "support.contract"
local loom = require "loom"
local server = require "support.api"
local transaction = require "loom.transaction"

local expect, problem = contract.expect, contract.expect_problem

local HINT = 'timezone "US/Olympus" is not a zone of the tz database any more (Debian keeps old names in its package '
  .. "tzdata-legacy)"

local function reason_of(id)
  return ('store "%s": %s'):format(id, HINT)
end

describe("stores whose zone is none any more, over HTTP,", function()
  local monitor

  before_each(function()
    monitor = assert(loom.open(server.start { workers = 1 }.database))
    local polls = {}
    for i = 1, 15 do
      polls[i] = { ("s%02d"):format(i), true, "2024-03-04 10:00:00" }
    end
    assert(monitor:polls(polls))
  end)

  after_each(function()
    monitor:close()
    server.stop()
  end)

  local function lose_zones(ids)
    assert(transaction.run(monitor.database, function(execute)
      return execute("UPDATE store SET timezone = 'US/Olympus' WHERE store_id GLOB ?", ids)
    end))
  end

  local function reported()
    local id = expect(200, "POST", "/trigger_report").report_id
    return await("the report", function()
      local report = expect(200, "GET", "/v1/reports/" .. id)
      if report.status ~= "running" and report.status ~= "queued" then
        return report
      end
      assert.equal(require("cjson").null, report.left_out)
    end)
  end

  local function lines_of_log(pattern)
    local _, count = server.log():gsub(pattern, "")
    return count
  end

  it("are told of wherever they are missing", function()
    local none = { count = 0, stores = {} }
    assert.same(none, expect(200, "GET", "/v1/summary").left_out)
    assert.same(none, reported().left_out)
    assert.matches("\nloom_stores_left_out 0\n", server.request("GET", "/metrics").body)
    lose_zones "s1*" -- not s01 to s09
    lose_zones "s0[1-5]"
    local named = {}
    for i, number in ipairs { 1, 2, 3, 4, 5, 10, 11, 12, 13, 14 } do
      local id = ("s%02d"):format(number)
      named[i] = { store_id = id, reason = reason_of(id) }
    end
    local summary = await("the summary of now", function() -- one that is a few seconds old may be served
      local answer = expect(200, "GET", "/v1/summary")
      return answer.left_out.count > 0 and answer
    end)
    assert.same({ count = 11, stores = named }, summary.left_out)
    assert.equal(4, summary.stores)
    assert.same(summary.left_out, reported().left_out)
    assert.matches("\nloom_stores_left_out 11\n", server.request("GET", "/metrics").body)
    local told = reason_of("s01"):gsub("%p", "%%%0") .. " and 10 other stores: left out"
    assert.equal(1, lines_of_log("report %x+%-[%x-]+: " .. told))
  end)

  it("are a problem that names the zone where one of them is asked for", function()
    lose_zones "s03"
    for _, path in ipairs { "/v1/stores/s03", "/v1/stores/s03?preset=seed", "/v1/stores/s03/timeline", "/v1/stores/s03/outages",
      "/v1/stores/s03/explain", "/badge/s03.svg" } do
      assert.equal(reason_of "s03", problem(409, nil, "GET", path).detail, path)
    end
    expect(200, "GET", "/v1/stores/s04")
    expect(200, "PUT", "/v1/stores/s03/timezone", { timezone_str = "America/Denver" })
    assert.equal("America/Denver", expect(200, "GET", "/v1/stores/s03").timezone_str)
  end)

  it("are counted where there are no others", function()
    lose_zones "*"
    assert.matches("\nloom_stores_left_out 15\n", server.request("GET", "/metrics").body)
    assert.equal(reason_of "s01", problem(409, nil, "GET", "/v1/summary").detail)
    local failed = reported()
    assert.same({ "failed", reason_of "s01" }, { failed.status, failed.error })
  end)
end)
