-- Alerts over the past: the same events as a slow reference that shares nothing with Loom, and, evaluated live while polls come,
-- the events of a replay of the finished data.
local Evaluation = require "loom.alerts.evaluation"
local loom = require "loom"
local reference = require "support.alerts_reference"
local rules = require "loom.alerts.rules"

local MINUTE, DAY = 60, 1440

-- A fleet begins at this midnight of New York; clocks spring forward on the 10th, at minute 4320 + 120.
local START = loom.parse_timestamp "2024-03-07 00:00:00"
local SPRING = loom.parse_timestamp "2024-03-10 07:00:00"
local MINUTES = 5 * DAY

local function generator(seed)
  local state = seed
  return function(below)
    state = (state * 1103515245 + 12345) % 2 ^ 31
    return math.floor(state / 2 ^ 31 * below)
  end
end

-- ---- fleets ----

-- Minutes that are open: the number of the opening. New York's offset is told by hand.
local function lay_out(store)
  for day = -1, MINUTES / DAY + 1 do
    local midnight = START + day * DAY * MINUTE + 5 * 3600 -- of New York in winter
    local from, to = midnight + store.opens * 3600, midnight + store.closes * 3600
    from = from >= SPRING and from - 3600 or from
    to = to >= SPRING and to - 3600 or to
    for minute = (from - START) / MINUTE, (to - START) / MINUTE - 1 do
      store.open[minute] = day + 2
    end
  end
end

local function make_store(random, id)
  local store = { id = id, first = -2 * DAY, open = {}, excluded = {}, polls = {}, exclusions = {},
    region = ({ "north", "south" })[1 + random(3)] }
  if random(3) > 0 then
    store.opens = 5 + random(6)
    store.closes = store.opens + 6 + random(8)
    lay_out(store)
  end
  for _ = 1, random(3) do
    local from = random(MINUTES)
    local to = from + 10 + random(600)
    table.insert(store.exclusions, { from, to })
    for minute = from, to - 1 do
      store.excluded[minute] = true
    end
  end
  return store
end

-- Polls about every `every` minutes, in runs of one state, and none while the feed stands still.
local function poll(random, store, every, stops)
  local at, active = random(every) + (random(4) == 0 and DAY or 0), true
  while at < MINUTES do
    active = random(6) == 0 and not active or active
    local is_stopped = at >= stops[1] and at < stops[2]
    if not is_stopped then
      table.insert(store.polls, { at = at, active = random(5) > 0 == active })
    end
    at = at + every - 3 + random(7)
  end
end

local function make_fleet(seed)
  local random = generator(seed)
  local fleet = { stores = {}, dormant_after = (1 + random(3)) * DAY }
  local stop = random(MINUTES)
  local stops = { stop, stop + random(400) }
  local every = 8 + random(30)
  for i = 1, 4 do
    local store = make_store(random, "s" .. i)
    poll(random, store, every, stops)
    fleet.stores[i] = store
  end
  for _, store in ipairs(fleet.stores) do
    if not store.opens then -- open 24×7: an opening for each local date
      for minute = -2 * DAY, MINUTES + DAY do
        local local_minutes = minute - 300 + (START + minute * MINUTE >= SPRING and 60 or 0)
        store.open[minute] = 100 + math.floor(local_minutes / DAY)
      end
    end
  end
  return fleet, random
end

local function text_of(lines)
  local given = false
  return function()
    given, lines = true, given and {} or lines
    return #lines > 0 and table.concat(lines, "\n") .. "\n" or nil
  end
end

local function clock_text(hours)
  return ("%02d:00"):format(hours % 24)
end

local function polls_text(polls)
  local lines = { "store_id,status,timestamp_utc" }
  for _, item in ipairs(polls) do
    lines[#lines + 1] = ("%s,%s,%d"):format(item.id, item.active and "active" or "inactive", START + item.at * MINUTE)
  end
  return text_of(lines)
end

-- A monitor that knows the stores' hours and exclusions, and no polls.
local function open_monitor(fleet)
  local monitor = assert(loom.open(":memory:", { create = true, default_zone = "America/New_York" }))
  local hours, exclusions = { "store_id,day,start_time_local,end_time_local" }, { "store_id,from_utc,to_utc" }
  for _, store in ipairs(fleet.stores) do
    for day = 0, store.opens and 6 or -1 do
      hours[#hours + 1] = ("%s,%d,%s,%s"):format(store.id, day, clock_text(store.opens), clock_text(store.closes))
    end
    for _, item in ipairs(store.exclusions) do
      exclusions[#exclusions + 1] = ("%s,%d,%d"):format(store.id, START + item[1] * MINUTE, START + item[2] * MINUTE)
    end
  end
  assert(monitor:ingest { hours = text_of(hours) })
  assert(monitor:ingest { exclusions = text_of(exclusions) })
  for _, store in ipairs(fleet.stores) do
    assert(monitor:set_attributes(store.id, { name = store.id, region = store.region }))
  end
  return monitor
end

-- All polls by instant, those of one instant in any order.
local function arrivals(fleet, random)
  local all = {}
  for _, store in ipairs(fleet.stores) do
    for _, item in ipairs(store.polls) do
      all[#all + 1] = { id = store.id, at = item.at, active = item.active, place = random(1000000) }
    end
  end
  table.sort(all, function(a, b)
    if a.at ~= b.at then
      return a.at < b.at
    end
    return a.place < b.place
  end)
  return all
end

-- ---- rules ----

-- Conditions about a store, and about groups of them, in minutes.
local function conditions(random)
  local clock = random(3) == 0 and "wall" or nil
  return {
    { kind = "down_for", time = random(60), clock = clock },
    { kind = "inactive_polls", of = 2 + random(4), count = 2 },
    { kind = "down_time", window = 60 + random(600), time = 10 + random(60) },
    { kind = "ratio", window = 60 + random(900), below = 0.5 + random(50) / 100, min_known = random(2) * random(100) },
    { kind = "outages", window = 300 + random(900), count = 1 + random(3) },
    { kind = "unknown", window = 60 + random(300), share = random(100) / 100 + 0.01 },
    { kind = "late_open", time = random(60), clock = clock },
    { kind = "no_poll", time = 10 + random(60), clock = clock },
    { kind = "budget", window = 300 + random(2000), target = random(90) / 100, left = random(100) / 100 + 0.01 },
    { kind = "budget", window = 300 + random(2000), target = random(90) / 100, burnt = random(60) / 100 + 0.01,
      within = 60 + random(400), still = 10 + random(40) },
    { kind = "group_down", scope = "group", count = 1 + random(2), share = random(100) / 100 + 0.01 },
    { kind = "no_poll", scope = "group", time = 10 + random(60) },
    { kind = "no_poll", scope = "fleet", time = 10 + random(60) },
    { kind = "down_time", scope = "group", window = 60 + random(600), time = 20 + random(120) },
    { kind = "unknown", scope = "group", window = 60 + random(300), share = random(100) / 100 + 0.01 },
    { kind = "outages", scope = "group", window = 300 + random(900), count = 1 + random(6) },
    { kind = "budget", scope = "group", window = 300 + random(2000), target = random(90) / 100, left = random(100) / 100 + 0.01,
      burnt = random(60) / 100 + 0.01, within = 60 + random(400), still = 10 + random(40) },
  }
end

local function make_rules(random)
  local list = {}
  for i, when in ipairs(conditions(random)) do
    local count = 1 + random(3)
    list[i] = { name = ("r%02d_%s"):format(i, when.kind), when = when, dormant = random(3) == 0,
      max_gap = random(3) == 0 and 45 + random(2) * 60 or nil, group_by = when.scope == "group" and "region" or nil,
      ["for"] = { count = count, of = count + random(3), time = random(3) * random(20) },
      keep = { count = 1 + random(3), time = random(2) * random(30) } }
  end
  return list
end

local IN_MINUTES = { time = true, window = true, within = true, still = true, min_known = true }

-- The same with times in seconds.
local function definitions(list)
  local out = {}
  for i, rule in ipairs(list) do
    local when = {}
    for key, value in pairs(rule.when) do
      when[key] = IN_MINUTES[key] and value * MINUTE or value
    end
    out[i] = { name = rule.name, when = when, keep = { count = rule.keep.count, time = rule.keep.time * MINUTE },
      group_by = rule.group_by, stores = { dormant = rule.dormant }, max_gap = rule.max_gap and rule.max_gap * MINUTE,
      ["for"] = { count = rule["for"].count, of = rule["for"].of, time = rule["for"].time * MINUTE } }
  end
  return out
end

-- Events as the reference tells them.
local function lines_of(events)
  local lines = {}
  for i, event in ipairs(events) do
    lines[i] = ("%06d %s %s %s"):format((event.at - START) / MINUTE, event.rule, event.subject.id, event.state)
  end
  table.sort(lines)
  return lines
end

local function replay(monitor, list, from, to, step, dormant_after)
  return assert(monitor:replay_alerts { rules = definitions(list), from = START + from * MINUTE, to = START + to * MINUTE,
    step = step * MINUTE, dormant_after = dormant_after * MINUTE })
end

describe("alerts", function()
  it("are those of a reference that shares nothing with Loom", function()
    local told = 0
    for seed = 1, 3 do
      local fleet, random = make_fleet(seed * 7919)
      local list, monitor = make_rules(random), open_monitor(fleet)
      assert(monitor:ingest { polls = polls_text(arrivals(fleet, random)) })
      local from, step, clocks = 2 * DAY + random(60), 12 + random(30), {}
      for clock = from, MINUTES, step do
        clocks[#clocks + 1] = clock
      end
      local expected = reference.events(fleet, list, clocks)
      assert.same(expected, lines_of(replay(monitor, list, from, MINUTES, step, fleet.dormant_after).events), "seed " .. seed)
      told = told + #expected
      monitor:close()
    end
    assert.is_true(told > 100, told)
  end)

  it("are the same while polls come as when all have come", function()
    for seed = 1, 2 do
      local fleet, random = make_fleet(seed * 104729)
      local list, live, after = make_rules(random), open_monitor(fleet), open_monitor(fleet)
      local polls, next_poll, events = arrivals(fleet, random), 1, {}
      local evaluation = assert(Evaluation.new(live, assert(rules.read(definitions(list))),
        { dormant_after = fleet.dormant_after * MINUTE * 1000000 }))
      local from, step = 2 * DAY, 10 + random(20)
      for clock = from, MINUTES, step do
        local new = {}
        while polls[next_poll] and polls[next_poll].at <= clock do
          new[#new + 1] = polls[next_poll]
          next_poll = next_poll + 1
        end
        assert(live:ingest { polls = polls_text(new) })
        for _, event in ipairs(assert(evaluation:evaluate((START + clock * MINUTE) * 1000000))) do
          events[#events + 1] = event
        end
      end
      assert(after:ingest { polls = polls_text(polls) })
      local finished = replay(after, list, from, MINUTES, step, fleet.dormant_after).events
      assert.is_true(#events > 0)
      assert.same(finished, events, "seed " .. seed)
      evaluation:close()
      live:close()
      after:close()
    end
  end)

  it("are explained by the verdict that was given", function()
    local fleet, random = make_fleet(31337)
    local list, monitor = make_rules(random), open_monitor(fleet)
    assert(monitor:ingest { polls = polls_text(arrivals(fleet, random)) })
    local events, explained = replay(monitor, list, 2 * DAY, MINUTES, 30, fleet.dormant_after).events, 0
    for i = 1, #events, math.ceil(#events / 40) do
      local event = events[i]
      if event.subject.kind == "store" and (event.state == "firing" or event.reason == "recovered") then
        local found = assert(monitor:explain_alert { rules = definitions(list), rule = event.rule, store = event.subject.id,
          at = event.at, dormant_after = fleet.dormant_after * MINUTE })
        explained = explained + 1
        assert.equal(event.at, found.at)
        assert.equal(event.value, found.value)
        assert.same(event.evidence, found.evidence)
      end
    end
    assert.is_true(explained > 10, explained)
    monitor:close()
  end)
end)
