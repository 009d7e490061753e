--- Stores of every make, at random: hours, special days, exclusions, zones whose clocks change, and polls; and rules.

local loom = require "loom"
local random = require "support.random"

local fleets = {}

local DAY = 86400 * 1000000
local HOUR = 3600 * 1000000
local MINUTE = 60 * 1000000

local presets = {
  loom = { slack = 60, fill = "backward", evidence = "inside", no_data = "down" },
  seed = { slack = 0, fill = "backward", evidence = "inside", no_data = "down" },
  monitoring = { slack = 60, fill = "forward", evidence = "around", no_data = "unknown", max_gap = 2 * HOUR },
}
local day_names = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" }
local zone_names = { "America/Chicago", "Europe/London", "Asia/Kolkata" }

-- Days around which clocks change, in days since 1970.
local changes = { 19428, 19442, 19660, 19666 } -- 2023-03-12, -03-26, -10-29, -11-05

--- An instant in microseconds as text.
function fleets.text(microseconds)
  return loom.format_timestamp(microseconds / 1000000)
end

-- Openings of a day, as seconds since midnight.
local function some_openings(choose)
  local kinds = {
    {}, { { 0, 86400 } }, { { 0, 86340 } }, { { 32400, 61200 } }, { { 64800, 7200 } }, { { 39600, 50400 }, { 61200, 81000 } },
    { { 43200, 43200 } }, { { 0, 43200 }, { 36000, 86400 } }, { { 3600, 9000 } }, { { 0, 43200 }, { 43200, 86400 } },
  }
  return kinds[choose(1, #kinds)]
end

local function spans_of(openings)
  local spans = {}
  for i, opening in ipairs(openings) do
    spans[i] = ("%02d:%02d:%02d-%02d:%02d:%02d"):format(math.floor(opening[1] / 3600), math.floor(opening[1] / 60) % 60,
      opening[1] % 60, math.floor(opening[2] / 3600), math.floor(opening[2] / 60) % 60, opening[2] % 60)
  end
  return #spans > 0 and spans or "closed"
end

local function some_week(choose)
  local kind, week = choose(1, 4), {}
  if kind == 1 then
    return nil
  end
  local same = some_openings(choose)
  for weekday = 0, 6 do
    week[weekday] = kind == 2 and { { 0, 86400 } } or kind == 3 and same or some_openings(choose)
  end
  return week
end

-- Polls in order of time, of stores that are polled often, seldom, with gaps, and not at all for a while.
local function some_polls(choose, first, last)
  local polls, at, active = {}, first + choose(0, 2 * 86400) * 1000000, choose(0, 1) == 1
  local mean, turns = ({ 10, 60, 60, 300, 2000 })[choose(1, 5)], ({ 1, 10, 50, 90 })[choose(1, 4)]
  while at < last do
    polls[#polls + 1] = { at, active }
    at = at + choose(1, 2 * mean) * MINUTE + (choose(1, 3) == 1 and choose(0, 999999) or 0)
    if choose(1, 60) == 1 then
      at = at + choose(0, 4 * 24) * HOUR
    end
    active = active ~= (choose(1, 100) <= turns)
  end
  return polls
end

local function some_store(choose, first, last)
  local store = { zone = zone_names[choose(1, #zone_names)], week = some_week(choose), special_days = {}, exclusions = {},
    polls = some_polls(choose, first, last) }
  for _ = 1, choose(0, 3) do
    store.special_days[math.floor(first / DAY) + choose(0, 16)] = some_openings(choose)
  end
  for _ = 1, choose(0, 2) do
    local from = first + choose(0, 14 * 24 * 60) * MINUTE
    table.insert(store.exclusions, { from, from + choose(1, 30) * HOUR })
  end
  return store
end

--- A monitor of twelve random stores, `shop 1` to `shop 12`, with polls around a day on which clocks change.
-- @tparam int seed
-- @tparam[opt] string path of the database that is made (default: in memory)
-- @treturn loom.monitor
-- @treturn table the stores by id, as `support.states` takes them
-- @treturn function what chooses further (see `support.random`)
-- @treturn int the first instant that a poll may have, in microseconds
-- @treturn int and the last one
function fleets.make(seed, path)
  local choose, fleet = random.new(seed), {}
  local middle = changes[choose(1, #changes)] * DAY
  local first, last = middle - 12 * DAY, middle + 3 * DAY
  local monitor = assert(loom.open(path or ":memory:", { create = true }))
  local polls = {}
  for i = 1, 12 do
    local id, store = "shop " .. i, some_store(choose, first, last)
    fleet[id] = store
    assert(monitor:set_timezone(id, store.zone))
    if store.week then
      local week = {}
      for weekday, name in ipairs(day_names) do
        week[name] = spans_of(store.week[weekday - 1])
      end
      assert(monitor:set_hours(id, week, { effective_from = "always" }))
    end
    for date, openings in pairs(store.special_days) do
      assert(monitor:set_special_day(id, fleets.text(date * DAY):sub(1, 10), spans_of(openings)))
    end
    for _, exclusion in ipairs(store.exclusions) do
      assert(monitor:exclude { store = id, from = fleets.text(exclusion[1]), to = fleets.text(exclusion[2]) })
    end
    for _, poll in ipairs(store.polls) do
      polls[#polls + 1] = { id, poll[2], fleets.text(poll[1]) }
    end
  end
  assert(monitor:polls(polls))
  return monitor, fleet, choose, first, last
end

--- Rules: as `support.states` takes them, and as options.
function fleets.some_rules(choose)
  local names = { "loom", "seed", "monitoring" }
  local preset = names[choose(1, 3)]
  local rules, asked = {}, { preset = preset }
  for name, value in pairs(presets[preset]) do
    rules[name] = value
  end
  local function vary(name, values)
    if choose(1, 3) == 1 then
      rules[name] = values[choose(1, #values)]
      asked[name] = rules[name]
    end
  end
  vary("fill", { "backward", "forward", "nearest" })
  vary("evidence", { "inside", "around" })
  vary("no_data", { "down", "up", "unknown" })
  vary("max_gap", { 0, 30 * MINUTE, 5 * HOUR, 40 * HOUR })
  asked.max_gap = asked.max_gap and math.floor(asked.max_gap / 1000000) -- 1800.0 is no duration in a query
  return rules, asked
end

return fleets
