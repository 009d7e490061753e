--- Messages: events of one group that go to a channel together.
-- @module loom.agent.message

local time = require "loom.time"

local message = {}

local STORM = 50 -- of what has no rule of its own
local EVENTS_MAX = 500 -- told one by one, whatever their rules say: a few MB, of which no channel takes as much
local WORST = 10
message.STORM, message.EVENTS_MAX, message.WORST = STORM, EVENTS_MAX, WORST

local RANK = { critical = 4, error = 3, warning = 2, info = 1 }

-- The worst of many events, by severity and then by value; of equals the earlier ones.
local function worst(events)
  local order = {}
  for i, event in ipairs(events) do
    order[i] = { event = event, rank = RANK[event.severity] or 0, value = tonumber(event.value) or 0, number = i }
  end
  table.sort(order, function(a, b)
    if a.rank ~= b.rank then
      return a.rank > b.rank
    elseif a.value ~= b.value then
      return a.value > b.value
    end
    return a.number < b.number
  end)
  local list = {}
  for i = 1, math.min(WORST, #order) do
    list[i] = order[i].event
  end
  return list
end

local function count(events, of)
  local counts = {}
  for _, event in ipairs(events) do
    local key = of(event)
    if key then
      counts[key] = (counts[key] or 0) + 1
    end
  end
  return counts
end

-- Zones with how many events they have, the most first.
local function zones_of(events)
  local list = {}
  for zone, number in pairs(count(events, function(event) return event.subject.zone end)) do
    list[#list + 1] = { zone, number }
  end
  table.sort(list, function(a, b)
    return a[2] > b[2] or a[2] == b[2] and a[1] < b[1]
  end)
  while #list > WORST do
    list[#list] = nil
  end
  return list
end

--- Tells when an alert began on the clock of its store, in an event of it.
function message.add_local_time(event, database)
  if event.subject.zone and event.since and not event.since_local then
    local shown = time.on_clock(database, event.subject.zone, event.since)
    event.since_local = shown and shown:sub(1, 16)
  end
end

-- Tells when alerts began on the clocks of their stores.
local function with_local_times(made, database)
  for _, event in ipairs(database and made.events or {}) do
    message.add_local_time(event, database)
  end
  return made
end

--- Whether events are so many that a message tells their counts and the worst: more of one rule and state than that rule's
-- `storm`, or more of all than the largest `storm` of their rules.
-- @tparam {table,...} tallies of each rule and state, `count` and `storm`
function message.is_storm(tallies)
  local total, most = 0, 0
  for _, tally in ipairs(tallies) do
    if tally.count > tally.storm then
      return true
    end
    total, most = total + tally.count, math.max(most, tally.storm)
  end
  return total > math.min(most, EVENTS_MAX)
end

local function tallies_of(events)
  local tallies, by_key = {}, {}
  for _, event in ipairs(events) do
    local key = event.rule .. "\0" .. event.state
    local tally = by_key[key]
    if not tally then
      tally = { count = 0, storm = 0 }
      tallies[#tallies + 1], by_key[key] = tally, tally
    end
    tally.count, tally.storm = tally.count + 1, math.max(tally.storm, event.storm or STORM)
  end
  return tallies
end

--- Makes a message, which channels format.
-- @tparam table fields `id`: one for all tries; `group`; `at`: when it is sent, in microseconds; `test`; `link`: where the
--   dashboard is
-- @tparam {table,...} events in their order: `id`, `alert`, `rule`, `severity`, `subject`, `state`, `reason`, `at`, `since`,
--   `value`, `unit`, `threshold`, `evidence`, `text`, `runbook`, `storm` (of the rule)
-- @param[opt] database whose zones tell when an alert began on its store's clock
-- @treturn table with `all` events, `events`, those that are told one by one, `total`, `counts` by state, and in a storm `zones`
function message.new(fields, events, database)
  local made = { id = fields.id, group = fields.group, at = fields.at, test = fields.test, link = fields.link, total = #events,
    counts = count(events, function(event) return event.state end) }
  made.all, made.events = events, events
  if message.is_storm(tallies_of(events)) then
    made.events, made.zones = worst(events), zones_of(events)
  end
  return with_local_times(made, database)
end

--- Makes a message of so many events that only the worst of them are told one by one.
-- @tparam table fields as of `new`
-- @tparam table summary see `loom.agent.outbox.summary`
-- @tparam ?{string|table,...} all the events, as JSON for kinds that tell all
-- @param[opt] database
function message.of_many(fields, summary, all, database)
  return with_local_times({ id = fields.id, group = fields.group, at = fields.at, link = fields.link, total = summary.total,
    counts = summary.counts, all = all, events = summary.events, zones = summary.zones,
    attributes = summary.attributes, groups = #summary.groups > 1 and summary.groups or nil }, database)
end

return message
