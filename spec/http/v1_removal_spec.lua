local cjson = require "cjson"
local contract = require "support.contract"
local database = require "support.database"
local loom = require "loom"
local server = require "support.api"

local expect, problem, escape = contract.expect, contract.expect_problem, server.escape

local STORE = "1481966498820158979"

describe("removing over HTTP", function()
  before_each(function()
    database.make(server.start().database)
  end)

  after_each(function()
    server.stop()
  end)

  local function count(sql, ...)
    local monitor = assert(loom.open(server.database()))
    local row = assert(monitor:query(sql, ...))()
    assert.same({}, monitor:check())
    monitor:close()
    return row.n
  end

  local function polls()
    return count "SELECT count(*) AS n FROM polls"
  end

  it("takes a poll, a stretch, and all polls of a store", function()
    local path = "/v1/stores/" .. STORE .. "/polls"
    assert.equal(7, polls())
    assert.same({ store_id = STORE, polls = 1, days = 1, first_poll = "2024-03-04 16:00:00.000000 UTC",
      last_poll = "2024-03-04 16:00:00.000000 UTC" },
      (expect(200, "DELETE", path .. "?from=2024-03-04T16:00:00Z&to=2024-03-04T16:00:00Z")))
    assert.equal(6, polls())
    assert.equal("2024-03-04 12:00:00.250000 UTC", expect(200, "GET", "/v1/stores/" .. STORE).last_poll)
    assert.equal("2024-03-04 15:30:00.000000 UTC", expect(200, "GET", "/v1/stores/" .. STORE).as_of)
    local none = expect(200, "DELETE", path .. "?from=2025-01-01T00:00:00Z")
    assert.same({ 0, 0, cjson.null, cjson.null }, { none.polls, none.days, none.first_poll, none.last_poll })
    assert.equal(1, expect(200, "DELETE", path .. "?to=2024-03-04T11:00:00Z").polls)
    assert.equal(1, expect(200, "DELETE", path).polls)
    assert.equal(0, count("SELECT count(*) AS n FROM polls WHERE store_id = ?", STORE))
    assert.equal(cjson.null, expect(200, "GET", "/v1/stores/" .. STORE).last_poll)
  end)

  it("takes everything that is known of a store, whatever its id", function()
    for _, id in ipairs { STORE, 'café, "north"', "known only by zone" } do
      local removed = expect(200, "DELETE", "/v1/stores/" .. escape(id))
      assert.equal(id, removed.store_id)
      assert.is_true(removed.timezone)
      expect(404, "GET", "/v1/stores/" .. escape(id))
      problem(404, nil, "DELETE", "/v1/stores/" .. escape(id))
    end
    assert.equal(1, count "SELECT count(*) AS n FROM store")
    -- One that comes again is new.
    local polled = server.request("POST", "/v1/polls", { headers = { ["Content-Type"] = "application/json" },
      body = cjson.encode { store_id = STORE, status = "active", timestamp_utc = "2024-03-05 00:00:00" } })
    assert.equal(200, polled.status)
    assert.equal("2024-03-05 00:00:00.000000 UTC", expect(200, "GET", "/v1/stores/" .. STORE).first_poll)
  end)

  it("takes every id that polls may have, line feeds at their ends among them", function()
    for _, id in ipairs { "line\n", "\r\n", "\vtab", "\255\n", "*" } do
      local polled = server.request("POST", "/v1/polls", { headers = { ["Content-Type"] = "application/json" },
        body = '{"store_id":"' .. id:gsub("%c", function(c) return ("\\u%04x"):format(c:byte()) end)
          .. '","status":"active","timestamp_utc":"2024-03-05 00:00:00"}' })
      assert.equal(200, polled.status, polled.body)
      local path = "/v1/stores/" .. server.escape(id)
      expect(200, "GET", path)
      assert.equal(1, expect(200, "DELETE", path).polls)
      problem(404, nil, "GET", path)
    end
  end)

  it("does nothing for what is wrong", function()
    local path = "/v1/stores/" .. STORE .. "/polls"
    problem(404, nil, "DELETE", "/v1/stores/nobody/polls")
    problem(400, "from", "DELETE", path .. "?from=yesterday")
    problem(400, "to", "DELETE", path .. "?from=2024-03-04T16:00:00Z&to=2024-03-04T15:59:59Z")
    problem(400, "until", "DELETE", path .. "?until=2024-03-04T16:00:00Z")
    problem(400, "dry_run", "DELETE", "/v1/stores/" .. STORE .. "?dry_run=true")
    assert.equal(7, polls())
  end)

  -- More days than a step takes.
  it("takes steps, between which others write", function()
    local text = { "store_id,status,timestamp_utc" }
    for day = 0, 999 do
      text[#text + 1] = "long," .. (day % 2 == 0 and "active," or "inactive,") .. loom.format_timestamp(1e9 + day * 86400)
    end
    local ingested = server.request("POST", "/v1/ingest/status", { body = table.concat(text, "\n") .. "\n",
      headers = { ["Content-Type"] = "text/csv" } })
    assert.equal(200, ingested.status, ingested.body)
    local before = count "SELECT revision AS n FROM overall"
    local removed = expect(200, "DELETE", "/v1/stores/long")
    assert.same({ 1000, 1000 }, { removed.polls, removed.days })
    assert.equal(loom.format_timestamp(1e9), removed.first_poll)
    assert.equal(7, polls())
    assert.equal(before + 4, count "SELECT revision AS n FROM overall")
  end)
end)
