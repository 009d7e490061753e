local contract = require "support.contract"
local loom = require "loom"
local server = require "support.api"

local expect, problem = contract.expect, contract.expect_problem

-- Three stores with a zone that are polled every half hour, day and night, for eight days.
local function fill(path)
  local monitor = assert(loom.open(path, { create = true }))
  local polls, start = {}, loom.parse_timestamp "2024-03-01 00:00:00"
  for _, id in ipairs { "a", "b", "c" } do
    for i = 0, 8 * 48 do
      polls[#polls + 1] = { id, true, start + i * 1800 }
    end
    assert(monitor:set_timezone(id, "UTC"))
    local week = {}
    for _, day in ipairs { "mon", "tue", "wed", "thu", "fri", "sat", "sun" } do
      week[day] = "00:00-24:00"
    end
    assert(monitor:set_hours(id, week, { effective_from = "always" }))
  end
  assert(monitor:polls(polls))
  monitor:close()
end

describe("/v1/doctor", function()
  setup(function()
    fill(server.start().database)
  end)

  teardown(function()
    server.stop()
  end)

  local function codes()
    local found, list = expect(200, "GET", "/v1/doctor"), {}
    for i, finding in ipairs(found.findings) do
      list[i] = finding.code
    end
    return list, found
  end

  -- Asks until the answer is what it should be: threads keep what they have found for two seconds.
  local function await(wanted)
    local deadline = os.time() + 60
    local list, found, is_there
    repeat
      list, found = codes()
      list = table.concat(list, " ")
      is_there = list == wanted
      if not is_there then
        os.execute "sleep 0.1"
      end
    until is_there or os.time() > deadline
    assert.are.equal(wanted, list)
    return found
  end

  it("tells what the command tells, and sees what changes", function()
    local list, found = codes()
    assert.are.same({ "feed-stopped" }, list) -- long ago
    assert.are.equal("2024-03-09 00:00:00.000000 UTC", found.as_of)
    assert.are.equal(3, found.polled_stores)
    assert.are.equal(1800, found.interval)
    expect(204, "DELETE", "/v1/stores/b/timezone")
    local after = await "no-timezone feed-stopped"
    assert.are.same({ { store_id = "b" } }, after.findings[1].examples)
    assert.are.equal("loom timezone set DB 'b' ZONE", after.findings[1].command)
    expect(200, "PUT", "/v1/stores/b/timezone", { timezone_str = "UTC" })
    await "feed-stopped"
  end)

  it("takes no parameters", function()
    problem(400, "examples", "GET", "/v1/doctor?examples=5")
  end)
end)
