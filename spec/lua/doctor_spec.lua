-- What loom doctor finds: nothing in clean fleets, and each fault, brought into one alone, as its finding and no other.
local loom = require "loom"

local HOUR, DAY = 3600, 86400
local AS_OF = loom.parse_timestamp "2024-05-15 18:00:00"

-- A generator of numbers that is the same everywhere.
local function generator(seed)
  local state = seed
  return function(below)
    state = (state * 1103515245 + 12345) % 2 ^ 31
    return math.floor(state / 2 ^ 31 * below)
  end
end

local ZONES = { ["America/New_York"] = -4, ["America/Denver"] = -6, ["Europe/Berlin"] = 2, ["Asia/Tokyo"] = 9 }
local ZONE_NAMES = { "America/New_York", "America/Denver", "Europe/Berlin", "Asia/Tokyo" }

-- A fleet: stores with zones, daily hours, and polls about every `every` seconds of the last ten days, while they are open.
local function fleet(seed, count, every)
  local random = generator(seed)
  local stores = {}
  for i = 1, count do
    local zone = ZONE_NAMES[random(4) + 1]
    local open = 6 + random(5)
    local store = { id = ("store %03d"):format(i), zone = zone, open = open, close = open + 9 + random(4), polls = {} }
    local at = AS_OF - 10 * DAY + random(every)
    while at <= AS_OF do
      local clock = (at + ZONES[zone] * HOUR) % DAY / HOUR
      if clock >= store.open and clock <= store.close then
        store.polls[#store.polls + 1] = { at, random(50) > 0 }
      end
      at = at + every + random(120) - 60
    end
    stores[i] = store
  end
  return stores
end

local function lines_of(list)
  local at = 0
  return function()
    at = at + 1
    return list[at]
  end
end

local function quoted(text)
  return '"' .. text:gsub('"', '""') .. '"'
end

-- A monitor with a fleet, whose clock is a minute after the newest poll.
local function load(stores, now)
  local monitor = assert(loom.open(":memory:", { create = true, max_ahead = "none", clock = function()
    return now or AS_OF + 60
  end }))
  local polls, hours, zones = { "store_id,status,timestamp_utc\n" }, { "store_id,day,start_time_local,end_time_local\n" },
    { "store_id,timezone_str\n" }
  for _, store in ipairs(stores) do
    for _, poll in ipairs(store.polls) do
      polls[#polls + 1] = ("%s,%s,%s\n"):format(quoted(store.id), poll[2] and "active" or "inactive",
        loom.format_timestamp(poll[1]))
    end
    for day = 0, store.open and 6 or -1 do
      hours[#hours + 1] = ("%s,%d,%02d:00,%02d:00\n"):format(quoted(store.id), day, store.open, store.close)
    end
    if store.zone then
      zones[#zones + 1] = ("%s,%s\n"):format(quoted(store.id), store.zone)
    end
  end
  assert(monitor:ingest { polls = lines_of(polls), hours = lines_of(hours), timezones = lines_of(zones) })
  return monitor
end

local function codes_of(found)
  local codes = {}
  for _, finding in ipairs(found.findings) do
    codes[#codes + 1] = finding.code
  end
  return codes
end

local function look(stores, now, damage)
  local monitor = load(stores, now)
  if damage then
    assert(monitor.database:begin())
    assert(monitor.database:execute(damage))
    assert(monitor.database:commit())
  end
  local found = assert(monitor:doctor())
  monitor:close()
  return found
end

-- Takes polls away where a function says so.
local function drop(store, is_dropped)
  local kept = {}
  for _, poll in ipairs(store.polls) do
    if not is_dropped(poll[1]) then
      kept[#kept + 1] = poll
    end
  end
  store.polls = kept
end

-- Brings a fault into a clean fleet, which is found as what is returned: its code, and, if wanted, its count and first example.
local faults = {
  {
    name = "a store without a zone", code = "no-timezone", count = 1, store_id = "store 004",
    bring = function(stores)
      stores[4].zone = nil
      drop(stores[4], function(at) -- so that it is open when it is polled
        local clock = (at - 5 * HOUR) % DAY / HOUR
        return clock < stores[4].open or clock > stores[4].close
      end)
      for at = AS_OF - 10 * DAY, AS_OF, HOUR do
        local clock = (at - 5 * HOUR) % DAY / HOUR
        if clock >= stores[4].open and clock <= stores[4].close then
          table.insert(stores[4].polls, { at, true })
        end
      end
    end,
  },
  {
    name = "a store without hours", code = "no-hours", count = 1, store_id = "store 007",
    bring = function(stores)
      stores[7].open = nil
      stores[7].polls = {}
      for at = AS_OF - 10 * DAY, AS_OF, HOUR do
        table.insert(stores[7].polls, { at, true })
      end
    end,
  },
  {
    name = "hours of a store that has no polls", code = "hours-without-polls", count = 1, store_id = "store 999",
    bring = function(stores)
      table.insert(stores, { id = "store 999", zone = "UTC", open = 9, close = 17, polls = {} })
    end,
  },
  {
    name = "a zone of a store that has nothing else", code = "zone-without-polls", count = 1, store_id = "store 998",
    bring = function(stores)
      table.insert(stores, { id = "store 998", zone = "UTC", polls = {} })
    end,
  },
  {
    name = "the id of a store spelled otherwise", code = "ids-alike", count = 2,
    bring = function(stores)
      local twin = {}
      for name, value in pairs(stores[10]) do
        twin[name] = value
      end
      twin.id = "STORE\194\1600010" -- with a blank that no trimming takes away
      stores[10].id = "Store0010"
      table.insert(stores, twin)
    end,
  },
  {
    name = "an id that a spreadsheet has rounded", code = "ids-rounded", count = 1, store_id = "8.41954E+18",
    bring = function(stores)
      stores[2].id = "8.41954E+18"
    end,
  },
  {
    name = "a zone that is gone", code = "zone-gone", count = 1, store_id = "store 012",
    bring = function() end,
    damage = "UPDATE store SET timezone = 'Mars/Olympus' WHERE store_id = 'store 012'",
  },
  {
    name = "a poll a year ahead", code = "stray-polls", count = 1, store_id = "store 005",
    bring = function(stores)
      table.insert(stores[5].polls, { AS_OF + 365 * DAY, true })
    end,
  },
  {
    name = "a poll of the year 1970", code = "stray-polls", count = 1, store_id = "store 009",
    bring = function(stores)
      table.insert(stores[9].polls, { 0, true })
    end,
  },
  {
    name = "a store that is never active", code = "never-active", count = 1, store_id = "store 003",
    bring = function(stores)
      for _, poll in ipairs(stores[3].polls) do
        poll[2] = false
      end
    end,
  },
  {
    name = "a feed that rested for five hours", code = "feed-gaps", count = 1,
    bring = function(stores)
      for _, store in ipairs(stores) do
        drop(store, function(at)
          return at > AS_OF - 2 * DAY and at < AS_OF - 2 * DAY + 5 * HOUR
        end)
      end
    end,
  },
  {
    name = "a feed that stopped", code = "feed-stopped", count = 1, now = AS_OF + 6 * HOUR,
    bring = function() end,
  },
  {
    name = "a store that is not polled any more", code = "no-evidence", count = 1, store_id = "store 006",
    bring = function(stores)
      drop(stores[6], function(at)
        return at > AS_OF - 3 * DAY
      end)
    end,
  },
  {
    name = "hours that are wrong", code = "polls-outside-hours", count = 1, store_id = "store 008",
    bring = function(stores)
      stores[8].open, stores[8].close = stores[8].open + 4, stores[8].close + 4
      stores[8].close = math.min(stores[8].close, 24)
    end,
  },
  {
    name = "a feed that ignores hours", code = "feed-ignores-hours",
    bring = function(stores)
      for _, store in ipairs(stores) do
        store.polls = {}
        for at = AS_OF - 10 * DAY, AS_OF, HOUR do
          table.insert(store.polls, { at, true })
        end
      end
    end,
  },
  {
    name = "a feed that comes every four hours", code = "sparse-polls",
    bring = function(stores)
      for _, store in ipairs(stores) do
        store.polls = {}
        store.open, store.close = 0, 24
        for at = AS_OF - 10 * DAY, AS_OF, 4 * HOUR do
          table.insert(store.polls, { at, true })
        end
      end
    end,
  },
}

describe("loom.doctor", function()
  it("finds nothing in clean fleets, however large and however often polled", function()
    for seed = 1, 12 do
      local random = generator(seed * 77)
      local count, every = ({ 1, 3, 10, 40 })[random(4) + 1], ({ 300, 900, 1800, 3600 })[random(4) + 1]
      local found = look(fleet(seed, count, every))
      assert.are.same({}, codes_of(found), ("%d stores every %d s, seed %d"):format(count, every, seed))
      assert.are.equal(count, found.polled_stores)
      assert.is_true(math.abs(found.interval - every) <= 120)
    end
  end)

  it("is given up when it takes longer than it may", function()
    local monitor = load(fleet(1, 3, 3600))
    local found, message, code = monitor:doctor { time_limit = 0.000001 }
    assert.is_nil(found)
    assert.are.equal("ECANCELED: the survey takes longer than it may", message)
    assert.are.equal("ECANCELED", code)
    assert.are.same({}, codes_of(assert(monitor:doctor { time_limit = "1m" })))
    monitor:close()
  end)

  for _, fault in ipairs(faults) do
    it("finds " .. fault.name .. ", and nothing else", function()
      for seed = 1, 3 do
        local stores = fleet(seed, 30, 1800)
        fault.bring(stores)
        local found = look(stores, fault.now, fault.damage)
        assert.are.same({ fault.code }, codes_of(found))
        local finding = found.findings[1]
        assert.are.equal(fault.count or finding.count, finding.count)
        if fault.store_id then
          assert.are.equal(fault.store_id, finding.examples[1].store_id)
        end
        assert.is_truthy(finding.command:find "^loom %l[%l ]+ DB")
        assert.is_truthy(finding.severity == "warning" or finding.severity == "note")
      end
    end)
  end
end)
