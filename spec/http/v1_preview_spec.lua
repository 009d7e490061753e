-- Previews over HTTP: what they tell is what the service tells once the change is made.

local cjson = require "cjson"
local contract = require "support.contract"
local loom = require "loom"
local server = require "support.api"

local expect = contract.expect

local START = 1704067200 -- 2024-01-01

describe("a preview over HTTP", function()
  setup(function()
    local state = server.start()
    local monitor = assert(loom.open(state.database))
    local polls = {}
    for at = START, START + 9 * 86400, 3000 do
      polls[#polls + 1] = { "known", at / 3000 % 4 > 1, at }
    end
    assert(monitor:polls(polls))
    monitor:close()
  end)

  teardown(function()
    server.stop()
  end)

  local query = "?windows=week:7d,day:2024-01-05/2024-01-06&preset=monitoring"

  local function store()
    return expect(200, "GET", "/v1/stores/known" .. query).windows
  end

  local function preview(change)
    change.store_id = "known"
    return expect(200, "POST", "/v1/preview" .. query, change)
  end

  local null = cjson.null

  local changes = {
    { { timezone_str = "Europe/Rome" }, "PUT", "/timezone", { timezone_str = "Europe/Rome" } },
    { { hours = { week = { fri = "09:00-17:00", sat = { "10:00-12:00", "20:00-02:00" } }, effective_from = "always" } }, "PUT",
      "/hours", { week = { fri = "09:00-17:00", sat = { "10:00-12:00", "20:00-02:00" } }, effective_from = "always" } },
    { { special_days = { { date = "2024-01-05", spans = { "11:00-13:00" }, note = "x" } } }, "PUT", "/special-days/2024-01-05",
      { spans = { "11:00-13:00" } } },
    { { special_days = { { date = "2024-01-05", spans = null } } }, "DELETE", "/special-days/2024-01-05" },
    { { hours = { changes = { { effective_from = "2024-01-06", week = { sat = "00:00-24:00" } } } } }, "PUT", "/hours",
      { changes = { { effective_from = "2024-01-06", week = { sat = "00:00-24:00" } } } } },
    { { timezone_str = null }, "DELETE", "/timezone" },
  }

  it("tells what is told once the change is made, and changes nothing", function()
    for i, change in ipairs(changes) do
      local was = store()
      local found = preview(change[1])
      assert.same(was, found.before.windows, i)
      assert.same(was, store(), i)
      local body = change[4] and cjson.encode(change[4])
      local response = server.request(change[2], "/v1/stores/known" .. change[3], { body = body })
      assert.is_true(response.status < 300, response.body)
      assert.same(store(), found.after.windows, i)
      assert.not_same(was, found.after.windows, i)
      assert.is_true(found.changed[1] ~= nil or change[1].timezone_str ~= nil, i) -- open all day, only a day's ends are others
    end
  end)

  it("tells so of exclusions, that are added and removed", function()
    local added = { store_id = "*", from_utc = "2024-01-05 10:00:00", to_utc = "2024-01-05 18:00:00", reason = "x" }
    local found = preview { exclusions = { add = { added } } }
    local made = expect(201, "POST", "/v1/exclusions", added)
    assert.same(store(), found.after.windows)
    found = preview { exclusions = { add = { { weekly = "daily 12:00-13:00" } }, remove = { made.number } } }
    expect(201, "POST", "/v1/exclusions", { store_id = "known", weekly = "daily 12:00-13:00" })
    expect(204, "DELETE", ("/v1/exclusions/%d"):format(made.number))
    assert.same(store(), found.after.windows)
    assert.equal(0, found.left_out)
    for _, stretch in ipairs(found.changed) do
      assert.not_equal(stretch.before, stretch.after)
    end
  end)

  it("gives instants in the form that is asked for", function()
    local found = expect(200, "POST", "/v1/preview?time=rfc3339", { store_id = "known",
      special_days = { { date = "2024-01-08", spans = "10:00-11:00" } } })
    assert.matches("^2024%-01%-%d%dT%d%d:%d%d:%d%dZ$", found.as_of)
    assert.matches("Z$", found.windows[1].from)
    assert.matches("Z$", found.changed[1].to)
  end)

  it("refuses what it cannot take, by its field", function()
    for _, case in ipairs {
      { 400, "store_id", "{}" }, { 400, "store_id", '{"store_id":5}' }, { 404, nil, '{"store_id":"nobody"}' },
      { 400, "hours", '{"store_id":"known","hours":5}' }, { 400, "week", '{"store_id":"known","hours":{}}' },
      { 400, "special_days", '{"store_id":"known","special_days":{"a":1}}' },
      { 400, "special_days", '{"store_id":"known","special_days":[{"date":"2024-01-05","spans":"soon"}]}' },
      { 400, "date", '{"store_id":"known","special_days":[{"date":"soon","spans":"closed"}]}' },
      { 400, "exclusions", '{"store_id":"known","exclusions":5}' },
      { 400, "exclusions", '{"store_id":"known","exclusions":{"add":[5]}}' },
      { 400, "exclusions", '{"store_id":"known","exclusions":{"add":[{"other":1}]}}' },
      { 400, "weekly", '{"store_id":"known","exclusions":{"add":[{"weekly":"someday"}]}}' },
      { 404, nil, '{"store_id":"known","exclusions":{"remove":[777]}}' },
      { 400, "timezone_str", '{"store_id":"known","timezone_str":"Mars/Base"}' },
      { 400, "other", '{"store_id":"known","other":1}' },
    } do
      contract.expect_problem(case[1], case[2], "POST", "/v1/preview", case[3])
    end
    contract.expect_problem(422, "windows", "POST", "/v1/preview?windows=none:0d", '{"store_id":"known"}')
  end)
end)
