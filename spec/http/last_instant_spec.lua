-- A service whose newest poll is at the last microsecond that there is: every route that reads answers, and exactly.

local await = require "support.await"
local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local server = require "support.server"

local LAST, FIRST = "9999-12-31 23:59:59.999999 UTC", "0001-01-01 00:00:00.000001 UTC"

describe("a service whose newest poll is at the last instant", function()
  local folder, service

  setup(function()
    folder = files.make_folder()
    local monitor = assert(loom.open(database.make(folder .. "/db"), { max_ahead = "none" }))
    assert(monitor:polls { { "last", "active", FIRST }, { "last", "inactive", "9999-12-31 23:59:59.999993" },
      { "last", "active", LAST } })
    assert(monitor:exclude { store = "last", from = "9999-12-31 23:59:59.999993", to = LAST })
    monitor:close()
    service = server.start(folder, { arguments = { "--max-ahead", "none" } })
  end)

  teardown(function()
    service:stop()
    files.remove_folder(folder)
  end)

  it("answers on every route that reads", function()
    for path, told in pairs {
      ["/v1/stores"] = ('"as_of":"%s"'):format(LAST), ["/v1/stores?sort=ratio_last_day&limit=1"] = '"next_cursor":"',
      ["/v1/stores/last"] = ('"first_poll":"%s","last_poll":"%s"'):format(FIRST, LAST),
      ["/v1/stores?as_of=9999-12-31T23:59:59.999999Z"] = ('"as_of":"%s"'):format(LAST),
      ["/v1/summary"] = ('"as_of":"%s"'):format(LAST), ["/v1/exclusions"] = ('"to_utc":"%s"'):format(LAST),
      ["/v1/series"] = ('"to":"%s"'):format(LAST), ["/v1/series?time=ms&step=31d&from=9999-11-30T23:59:59.999999Z"] = '"t":[',
      ["/v1/series?from=0001-01-01T00:00Z&to=0001-01-02T00:00Z"] = '"from":"0001-01-01 00:00:00.000000 UTC"',
      ["/v1/groups?by=timezone_str"] = ('"as_of":"%s"'):format(LAST), ["/v1/strips"] = ('"to":"%s","bins":168,'):format(LAST),
      ["/v1/strips?from=0001-01-01T00:00Z&to=0001-01-02T00:00Z"] = "\tlast\n",
      ["/v1/stores/last/timeline"] = ('"to":"%s"'):format(LAST), ["/v1/stores/last/outages"] = '"outages":[',
      ["/v1/stores/last/timeline?from=9999-12-31T23:59:59.999991Z"] = '{"from":"9999-12-31 23:59:59.999991 UTC"',
      ["/v1/stores/last/schedule"] = '"date":"9999-12-30"', ["/v1/stores/last/explain"] = ('"as_of":"%s"'):format(LAST),
      ["/v1/stores/last/explain?preset=monitoring"] = '"timestamp_utc":"9999-12-31 23:59:59.999993 UTC"',
      ["/v1/stores/last/timeline?from=0001-01-01T00:00:00Z&to=0001-01-02T00:00:00Z"] = '"from":"0001-01-01 00:00:00.000000 UTC"',
      ["/v1/stores/last/hours"] = "{", ["/v1/special-days"] = "{", ["/v1/stores/last/timezone"] = "{",
      ["/v1/stores/last/special-days"] = "{", ["/v1/stores/last/attributes"] = "{", ["/v1/reports"] = '"reports":[',
      ["/badge/last.svg"] = "<svg", ["/metrics"] = "\nloom_newest_poll_timestamp_seconds 253402300799.999999\n",
      ["/metrics?store_id=*"] = "loom_store_uptime_ratio", ["/readyz"] = "ok",
    } do
      local response = service:request(path)
      assert.equal(200, response.status, path .. ": " .. response.body)
      assert.matches(told, response.body, 1, true)
    end
    server.expect_problem(service:request "/v1/stores?as_of=10000-01-01T00:00:00Z", 400, "as_of")
  end)

  it("makes reports, in every format", function()
    local id = service:request("/trigger_report", "-X", "POST").json.report_id
    local response = await("the report", function()
      local answer = service:request("/get_report/" .. id)
      return answer.headers["content-type"] == "text/csv" and answer
    end)
    assert.matches("\nlast,", response.body, 1, true)
    for _, format in ipairs { "csv", "exact", "html", "json", "markdown", "ndjson", "table" } do
      response = service:request(("/get_report/%s?format=%s"):format(id, format))
      assert.equal(200, response.status)
      assert.matches(format == "json" and ('"as_of":"%s"'):format(LAST) or "last", response.body, 1, true)
    end
  end)

  it("takes another poll there, and goes on", function()
    assert.equal(200, service:post("/v1/polls", "application/json",
      ('{"store_id":"more","status":"active","timestamp_utc":"%s"}'):format(LAST)).status)
    assert.matches(('"last_poll":"%s"'):format(LAST), service:request("/v1/stores/more").body, 1, true)
    assert.is_nil(files.read(folder .. "/server.log"):find("[error]", 1, true))
  end)
end)
