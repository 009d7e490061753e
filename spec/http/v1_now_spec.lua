local cjson = require "cjson"
local contract = require "support.contract"
local core = require "loom.core"
local loom = require "loom"
local server = require "support.api"

local expect, problem = contract.expect, contract.expect_problem

-- Stores that are up, down for an hour or so, silent, shut, and dormant.
local function fill(path)
  local monitor = assert(loom.open(path, { create = true }))
  local polls = {}
  for i = 1, 12 do
    local id = ("s%02d"):format(i)
    polls[#polls + 1] = { id, i ~= 12, "2024-03-04 10:00:00" }
    if i % 3 ~= 0 then
      polls[#polls + 1] = { id, i % 2 == 0, "2024-03-04 11:30:00" }
    end
    monitor:set_attributes(id, { region = i <= 6 and "north" or "south" })
  end
  polls[#polls + 1] = { "s01", false, "2024-03-04 12:30:00" }
  assert(monitor:polls(polls))
  assert(monitor:set_hours("s02", { tue = "09:00-17:00" }, { effective_from = "always" }))
  monitor:close()
end

-- What has been written may not be told of for two seconds: a test that compares is tried until then, or for as long as it takes.
local function settling(work)
  return function()
    local deadline = core.clock() + 20
    local good, failure = pcall(work)
    while not good and core.clock() < deadline do
      good, failure = pcall(work)
    end
    if not good then
      error(failure, 0)
    end
  end
end

describe("what the fleet is now", function()
  setup(function()
    fill(server.start().database)
  end)

  teardown(function()
    server.stop()
  end)

  local function get(query)
    return expect(200, "GET", "/v1/now" .. (query or ""))
  end

  it("is what the module tells", settling(function()
    local monitor = assert(loom.open(server.database()))
    for query, options in pairs {
      [""] = {}, ["?preset=loom"] = { preset = "loom" }, ["?as_of=2024-03-04%2011:00:00"] = { as_of = "2024-03-04 11:00:00" },
      ["?max_gap=3h&dormant_after=1h"] = { max_gap = "3h", dormant_after = "1h" },
      ["?store_id=s0*"] = { stores = "s0*" }, ["?where.region=north"] = { where = { region = "north" } },
    } do
      local now, status = get(query), assert(monitor:status(options))
      assert.same(status.counts, now.counts, query)
      assert.equal(status.as_of_utc, now.as_of)
      assert.equal("2024-03-04 12:30:00.000000 UTC", now.newest_poll)
      assert.equal(options.preset or "monitoring", now.rules.preset)
      assert.equal(status.dormant_after, now.dormant_after)
      for i, age in ipairs(status:by_age()) do
        assert.equal(age.stores, now.down_for[i].stores, query)
      end
      assert.is_true(now.lag > 1e6)
    end
    monitor:close()
  end))

  it("is counted by an attribute", settling(function()
    local now = get "?by=region"
    assert.equal("north", now.by[1].value)
    assert.equal("south", now.by[2].value)
    for state, count in pairs(now.counts) do
      assert.equal(count, now.by[1].counts[state] + now.by[2].counts[state])
    end
    assert.same(get "?where.region=south".counts, now.by[2].counts)
    assert.same({}, get "?by=colour".by)
  end))

  it("follows what is written", function()
    local before = get().counts
    expect(204, "DELETE", "/v1/stores/s02/hours?effective_from=always")
    settling(function()
      assert.equal(before.closed - 1, get().counts.closed)
    end)()
  end)

  it("is told to Prometheus, by state and store by store, with attributes as labels", settling(function()
    local function samples(query)
      local response = server.request("GET", "/metrics" .. query)
      assert.equal(200, response.status, response.body)
      local found = {}
      for name, labels, value in response.body:gmatch "(loom_stores?[%l_]*){(.-)} ([%d.]+)\n" do
        found[name .. "{" .. labels .. "}"] = tonumber(value)
      end
      return found
    end
    local monitor = assert(loom.open(server.database()))
    local status, found = assert(monitor:status()), samples ""
    for state, count in pairs(status.counts) do
      assert.equal(count, found[('loom_stores{state="%s"}'):format(state)])
    end
    assert.is_nil(found['loom_store_last_poll_timestamp_seconds{store_id="s01"}'])
    found = samples "?store_id=*&labels=region,colour"
    for store in status:stores() do
      local labels = ('store_id="%s",region="%s"'):format(store.store_id, store.store_id <= "s06" and "north" or "south")
      assert.equal(1, found[('loom_store_state{%s,state="%s",dormant="%s"}'):format(labels, store.state,
        tostring(store.dormant))], labels)
      assert.equal(store.since, found["loom_store_since_timestamp_seconds{" .. labels .. "}"])
      assert.equal(store.last_poll, found["loom_store_last_poll_timestamp_seconds{" .. labels .. "}"])
      assert.is_number(found["loom_store_uptime_ratio{" .. labels .. ',window="last_week"}'])
    end
    monitor:close()
    problem(400, "labels", "GET", "/metrics?store_id=*&labels=a,a")
    problem(400, "labels", "GET", "/metrics?store_id=*&labels=a.b,a_b")
    problem(400, "labels", "GET", "/metrics?store_id=*&labels=,")
  end))

  describe("in lists of stores", function()
    local function ids(query)
      local found, list = {}, expect(200, "GET", "/v1/stores?" .. query)
      for i, store in ipairs(list.stores) do
        found[i] = store.store_id
      end
      return table.concat(found, " "), list
    end

    it("stands beside the figures, by rules of its own", settling(function()
      local monitor = assert(loom.open(server.database()))
      for query, options in pairs { [""] = {}, ["preset=loom"] = { preset = "loom" },
        ["dormant_after=1h"] = { dormant_after = "1h" }, ["as_of=2024-03-04%2011:00:00"] = { as_of = "2024-03-04 11:00:00" } } do
        local status, _, list = assert(monitor:status(options)), ids(query)
        assert.equal(#status, #list.stores)
        for i, store in ipairs(list.stores) do
          local expected = status[i]
          assert.equal(expected.state, store.state)
          assert.equal(expected.since_utc or cjson.null, store.since)
          assert.equal(expected.dormant, store.dormant)
          assert.equal(expected.last_poll_utc or cjson.null, store.last_poll)
        end
      end
      monitor:close()
    end))

    it("is told of one store alone, too", settling(function()
      local monitor = assert(loom.open(server.database()))
      for query, options in pairs { [""] = {}, ["?preset=loom"] = { preset = "loom" },
        ["?as_of=2024-03-04%2011:00:00"] = { as_of = "2024-03-04 11:00:00" } } do
        for store in assert(monitor:status(options)):stores() do
          local found = expect(200, "GET", "/v1/stores/" .. store.store_id .. query)
          assert.same({ store.state, store.since_utc or cjson.null, store.dormant }, { found.state, found.since, found.dormant })
        end
      end
      assert(monitor:set_hours("never polled", { mon = "09:00-17:00" }, { effective_from = "always" }))
      expect(200, "GET", "/v1/now") -- so that the fleet's is there, which has no stores without polls
      local found = expect(200, "GET", "/v1/stores/never%20polled")
      assert.equal(assert(monitor:status { stores = "never polled", all_stores = true })[1].state, found.state)
      assert(monitor:delete_store "never polled")
      monitor:close()
      problem(422, "as_of", "GET", "/v1/stores/s01?as_of=9999-12-31") -- thousands of years would hold up others
    end))

    it("chooses and sorts them", settling(function()
      local monitor = assert(loom.open(server.database()))
      local status = assert(monitor:status())
      local function expected(options)
        local found = {}
        for store in status:stores(options) do
          found[#found + 1] = store.store_id
        end
        return table.concat(found, " ")
      end
      assert.equal(expected { state = "down" }, (ids "state=down"))
      assert.equal(expected { state = { "down", "unknown" }, dormant = "any" }, (ids "state=down,unknown&dormant=any"))
      assert.equal(expected { dormant = true }, (ids "dormant=true"))
      assert.equal(expected { state = "up", sort = "since" }, (ids "state=up&sort=since"))
      assert.equal(expected { sort = "last_poll", descending = true }, (ids "sort=last_poll&order=desc"))
      local north = ids "where.region=north&state=unknown"
      assert.equal(expected { state = "unknown" }:gsub("s0[7-9]", ""):gsub("s1%d", ""):gsub("^ +", ""):gsub(" +$", ""), north)
      assert.equal(north, (ids "where.region=north&state=unknown&sort=since"))
      local down, list = ids "state=down,unknown&sort=ratio_last_week&limit=2"
      assert.equal(2, #list.stores)
      assert.equal(list.total, select(2, ids "state=down,unknown").total)
      assert.not_equal(down, (ids("state=down,unknown&sort=ratio_last_week&limit=2&cursor=" .. list.next_cursor)))
      monitor:close()
    end))

    it("comes in pages", settling(function()
      local all, _, list = "", nil, nil
      local query = "sort=since&limit=5"
      for _ = 1, 3 do
        local page
        page, list = ids(query)
        all = all .. " " .. page
        query = "sort=since&limit=5&cursor=" .. tostring(list.next_cursor)
      end
      assert.equal(cjson.null, list.next_cursor)
      assert.equal(" " .. ids "sort=since", all)
    end))

    it("is checked", function()
      problem(422, "dormant_after", "GET", "/v1/stores?dormant_after=0")
      problem(400, "state", "GET", "/v1/stores?state=dead")
      problem(400, "dormant", "GET", "/v1/stores?dormant=yes")
    end)
  end)

  it("says what is wrong", function()
    problem(400, "windows", "GET", "/v1/now?windows=a:1h")
    problem(400, "compare", "GET", "/v1/now?compare=true")
    assert.matches("^%d+%-%d+%-%d+ %d+:%d+:%d+%.000000 UTC$", expect(200, "GET", "/v1/now?as_of=now").as_of)
    problem(400, "by", "GET", "/v1/now?by=")
    problem(422, "dormant_after", "GET", "/v1/now?dormant_after=400d")
    problem(400, "state", "GET", "/v1/now?state=dead")
  end)
end)

describe("metrics with labels", function()
  setup(function()
    server.start()
  end)

  teardown(function()
    server.stop()
  end)

  it("have a bound of their size", function()
    local monitor = assert(loom.open(server.database()))
    local polls, attributes = {}, { region = "north" }
    for name = 1, 5 do
      attributes["long" .. name] = ("x"):rep(2000)
    end
    for i = 1, 2000 do
      polls[i] = { ("s%04d"):format(i), true, "2024-03-04 10:00:00" }
    end
    assert(monitor:polls(polls))
    assert(monitor:transaction(function()
      for _, poll in ipairs(polls) do
        assert(monitor:set_attributes(poll[1], attributes))
      end
    end))
    monitor:close()
    problem(400, "labels", "GET", "/metrics?store_id=*&labels=region,long1,long2,long3,long4,long5")
    problem(400, "labels", "GET", "/metrics?store_id=s0001&labels=long1,long2,long3,long4,long5")
  end)
end)
