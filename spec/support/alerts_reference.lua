-- What alerts are, written from their definition alone, the slow way: a store is a list of minutes, each open or not, excluded or
-- not, and what the last poll says of it; an instant is looked at minute by minute. It shares nothing with Loom. All times are
-- whole minutes, counted from the first of the fleet.

local reference = {}

local GAP = 120 -- of preset monitoring; a store has its rule's as `gap` while it is judged
local MICROSECONDS = 60000000 -- of a minute: budgets are compared in numbers that are rounded

-- What a minute is as seen from an instant: closed, excluded, up, down or unknown.
local function state_of(store, minute, instant)
  if not store.open[minute] then
    return "closed"
  elseif store.excluded[minute] then
    return "excluded"
  end
  local before, first = store.before[minute], store.polls[1]
  first = first and first.at <= instant and first
  if before then
    return minute - before.at < store.gap and (before.active and "up" or "down") or "unknown"
  elseif first then
    return first.at - minute <= store.gap and (first.active and "up" or "down") or "unknown"
  end
  return "unknown"
end

local BUSINESS = { up = true, down = true, unknown = true }

local function business(store, from, to)
  local minutes = 0
  for minute = math.max(from, store.first), to - 1 do
    minutes = minutes + (store.open[minute] and not store.excluded[minute] and 1 or 0)
  end
  return minutes
end

-- The last poll at each minute or before it.
local function note_polls(store, last)
  local at = 0
  store.before = {}
  for minute = store.first, last do
    while store.polls[at + 1] and store.polls[at + 1].at <= minute do
      at = at + 1
    end
    store.before[minute] = store.polls[at]
  end
end

local function is_dormant(store, instant, after)
  for _, poll in ipairs(store.polls) do
    if poll.active and poll.at >= instant - after and poll.at <= instant then
      return false
    end
  end
  for minute = instant - after, instant - 1 do
    if store.open[minute] then
      return true
    end
  end
  return false
end

local function last_poll(store, instant)
  local last
  for _, poll in ipairs(store.polls) do
    last = poll.at <= instant and poll.at or last
  end
  return last
end

-- Business time, or all of it.
local function time_of(when, store, from, to)
  return when.clock == "wall" and to - from or business(store, from, to)
end

local judges = {}

function judges.down_for(when, store, instant, now)
  if now == "unknown" then
    return nil
  elseif now == "up" then
    return false
  end
  local since = instant - 1
  while state_of(store, since - 1, instant) == "down" do
    since = since - 1
  end
  return time_of(when, store, since, instant) >= when.time
end

function judges.inactive_polls(when, store, instant)
  local polls, inactive = 0, 0
  for i = #store.polls, 1, -1 do
    local poll = store.polls[i]
    local counts = BUSINESS[state_of(store, poll.at, instant)] or BUSINESS[state_of(store, poll.at - 1, instant)]
    if poll.at <= instant and polls < when.of and counts then
      polls, inactive = polls + 1, inactive + (poll.active and 0 or 1)
    end
  end
  if polls == 0 then
    return nil
  end
  return inactive >= when.count
end

-- Adds up a store's minutes from an instant on.
local function add_minutes(found, store, from, instant)
  local last
  for minute = from, instant - 1 do
    local state = state_of(store, minute, instant)
    if found[state] then
      found[state] = found[state] + 1
    end
    if state == "down" and last ~= "down" then
      found.outages = found.outages + 1
    end
    last = state
  end
end

-- Down time in the last minutes of business time.
local function burnt_in(store, minutes, instant)
  local down, minute = 0, instant - 1
  while minutes > 0 and minute >= store.first do
    local state = state_of(store, minute, instant)
    minutes = minutes - (BUSINESS[state] and 1 or 0)
    down = down + (state == "down" and 1 or 0)
    minute = minute - 1
  end
  return down
end

-- The figures of some stores in a rule's window, together.
local function sums(when, stores, instant)
  local found = { up = 0, down = 0, unknown = 0, outages = 0, within = 0, still = 0 }
  for _, store in ipairs(stores) do
    add_minutes(found, store, instant - when.window, instant)
    if when.burnt then
      found.within = found.within + burnt_in(store, when.within, instant)
      found.still = found.still + burnt_in(store, when.still, instant)
    end
  end
  return found
end

local of_windows = {}

function of_windows.down_time(when, found)
  return found.down >= when.time
end

function of_windows.ratio(when, found)
  return found.up / (found.up + found.down) < when.below
end

function of_windows.outages(when, found)
  return found.outages >= when.count
end

function of_windows.unknown(when, found)
  return found.unknown / (found.up + found.down + found.unknown) >= when.share
end

function of_windows.budget(when, found)
  local budget = (1 - when.target) * ((found.up + found.down) * MICROSECONDS)
  local is_spent = when.left and 1 - found.down * MICROSECONDS / budget < when.left or false
  return is_spent or when.burnt and found.within * MICROSECONDS >= when.burnt * budget and found.still > 0 or false
end

local function judge_window(when, stores, instant)
  local found = sums(when, stores, instant)
  local known = found.up + found.down + (when.kind == "unknown" and found.unknown or 0)
  if known == 0 or known < (when.min_known or 0) then
    return nil
  end
  return of_windows[when.kind](when, found)
end

function judges.late_open(when, store, instant)
  local start = instant - 1
  while store.open[start - 1] and store.open[start - 1] == store.open[start] do
    start = start - 1
  end
  for _, poll in ipairs(store.polls) do
    if poll.active and poll.at >= start and poll.at <= instant then
      return false
    end
  end
  return time_of(when, store, start, instant) >= when.time
end

function judges.no_poll(when, store, instant)
  return time_of(when, store, last_poll(store, instant), instant) >= when.time
end

local function verdict(rule, store, instant, after)
  local now = state_of(store, instant - 1, instant)
  if not BUSINESS[now] or (not rule.dormant and is_dormant(store, instant, after)) then
    return nil
  elseif of_windows[rule.when.kind] then
    return judge_window(rule.when, { store }, instant)
  end
  return judges[rule.when.kind](rule.when, store, instant, now)
end

-- ---- groups ----

-- The members that have been heard of and are not dormant, and those of them in business time.
local function present(rule, members, instant, after)
  local all, open = {}, {}
  for _, store in ipairs(members) do
    store.gap = rule.max_gap or GAP
    if last_poll(store, instant) and (rule.dormant or not is_dormant(store, instant, after)) then
      all[#all + 1] = store
      open[#open + 1] = BUSINESS[state_of(store, instant - 1, instant)] and store or nil
    end
  end
  return all, open
end

-- The verdict about a group or the fleet, and whether it is in business time.
local function verdict_of_group(rule, members, instant, after)
  local when = rule.when
  local all, open = present(rule, members, instant, after)
  if #open == 0 then
    return nil, false
  elseif of_windows[when.kind] then
    return judge_window(when, all, instant), true
  elseif when.kind == "no_poll" then
    local is_silent = true
    for _, store in ipairs(open) do
      is_silent = is_silent and time_of(when, store, last_poll(store, instant), instant) >= when.time
    end
    return is_silent, true
  end
  local known, down = 0, 0
  for _, store in ipairs(open) do
    local state = state_of(store, instant - 1, instant)
    known, down = known + (state ~= "unknown" and 1 or 0), down + (state == "down" and 1 or 0)
  end
  if known == 0 then
    return nil, true
  end
  return down >= (when.count or 1) and down / known >= (when.share or 0), true
end

-- The groups of a rule: each a name and its members.
local function groups_of(rule, fleet)
  if rule.when.scope == "fleet" then
    return { { id = "", members = fleet.stores } }
  end
  local groups, by_name = {}, {}
  for _, store in ipairs(fleet.stores) do
    local name = store[rule.group_by]
    if name and not by_name[name] then
      by_name[name] = { id = name, members = {} }
      groups[#groups + 1] = by_name[name]
    end
    table.insert(name and by_name[name].members or {}, store)
  end
  return groups
end

-- ---- states ----

local function count(list, of, wanted)
  local found = 0
  for i = math.max(1, #list - of + 1), #list do
    found = found + (list[i] == wanted and 1 or 0)
  end
  return found
end

-- Notes a transition, and returns what is told of it: clocks are of business time since the first instant.
local function transition(alert, told)
  table.insert(alert.transitions, alert.clock)
  local last = #alert.transitions
  local is_too_many = last >= 4 and alert.transitions[last] - alert.transitions[last - 3] <= 1440
  if alert.flapping then
    alert.quiet = true
    return nil
  elseif is_too_many then
    alert.flapping, alert.quiet = true, true
    return "flapping"
  end
  return told
end

local function step(rule, alert, result)
  local need, keep = rule["for"], rule.keep
  table.insert(alert.results, result)
  if result then
    if alert.phase == "resolving" then
      alert.phase = "firing"
    elseif alert.phase == "ok" then
      alert.phase, alert.first = "pending", alert.clock
    end
    if alert.phase == "pending" and count(alert.results, need.of, true) >= need.count
      and alert.clock - alert.first >= need.time then
      alert.phase = "firing"
      return transition(alert, "firing")
    end
    return nil
  end
  if alert.phase == "pending" and count(alert.results, need.of, true) == 0 then
    alert.phase = "ok"
  elseif alert.phase == "firing" then
    alert.phase, alert.ended = "resolving", alert.clock
  end
  if alert.phase == "resolving" and count(alert.results, keep.count, false) >= keep.count
    and alert.clock - alert.ended >= keep.time then
    alert.phase, alert.results = "ok", {}
    return transition(alert, "resolved")
  end
end

local function calm_down(alert)
  if not alert.flapping or alert.clock - alert.transitions[#alert.transitions] < 120 then
    return nil
  end
  local was_quiet = alert.quiet
  alert.flapping, alert.quiet = false, false
  if was_quiet then
    return (alert.phase == "firing" or alert.phase == "resolving") and "firing" or "resolved"
  end
end

-- ---- the feed ----

local function median_gap(fleet, day)
  local gaps = {}
  for _, store in ipairs(fleet.stores) do
    for i = 2, #store.polls do
      local at = store.polls[i].at
      if at >= day * 1440 and at < (day + 1) * 1440 then
        gaps[#gaps + 1] = at - store.polls[i - 1].at
      end
    end
  end
  table.sort(gaps)
  return #gaps > 0 and gaps[math.ceil(#gaps / 2)] or 0
end

-- The instant of a clock, and whether the feed is stale; nil: there was no poll.
local function moment(fleet, clock, medians)
  local newest
  for _, store in ipairs(fleet.stores) do
    for _, poll in ipairs(store.polls) do
      if poll.at <= clock then
        newest = math.max(newest or poll.at, poll.at)
      end
    end
  end
  if not newest then
    return nil
  end
  local day = math.floor(clock / 1440) - 1
  medians[day] = medians[day] or median_gap(fleet, day)
  local after = math.max(30, 3 * medians[day])
  return math.min(clock, newest), clock - newest > after
end

local function new_alert()
  return { phase = "ok", results = {}, transitions = {}, clock = 0 }
end

-- One instant of a rule about each store.
local function judge_stores(rule, fleet, instant, alerts, tell)
  for _, store in ipairs(fleet.stores) do
    alerts[store.id] = alerts[store.id] or new_alert()
    local alert = alerts[store.id]
    store.gap = rule.max_gap or GAP
    if instant ~= alert.at and last_poll(store, instant) then
      alert.clock = alert.clock + (alert.at and business(store, alert.at, instant) or 0)
      alert.at = instant
      local result = verdict(rule, store, instant, fleet.dormant_after)
      if result ~= nil then
        tell(instant, rule.name, store.id, step(rule, alert, result) or calm_down(alert))
      end
    end
  end
end

-- And of one about groups, whose time is that from a result to the next instant at which any of its stores is in business time.
local function judge_groups(rule, fleet, instant, alerts, tell)
  for _, group in ipairs(groups_of(rule, fleet)) do
    alerts[group.id] = alerts[group.id] or new_alert()
    local alert = alerts[group.id]
    if instant ~= alert.at then
      local result, in_business = verdict_of_group(rule, group.members, instant, fleet.dormant_after)
      alert.clock = alert.clock + (in_business and alert.had_result and instant - alert.at or 0)
      alert.at, alert.had_result = instant, result ~= nil
      if result ~= nil then
        tell(instant, rule.name, group.id, step(rule, alert, result) or calm_down(alert))
      end
    end
  end
end

--- The events of rules, and of the feed, as texts "minute rule subject state", sorted.
-- @tparam table fleet `stores`: each `id`, `first` (its first minute), `open` (by minute, what tells openings apart), `excluded`
--   (by minute), `polls` (in order, each `at` and `active`), and its groups by attribute; and `dormant_after`
-- @tparam {table,...} rules with all times in minutes, and `for` and `keep` whole
-- @tparam {int,...} clocks
function reference.events(fleet, rules, clocks)
  local events, alerts, medians = {}, {}, {}
  for _, store in ipairs(fleet.stores) do
    note_polls(store, clocks[#clocks])
  end
  for _, rule in ipairs(rules) do
    alerts[rule] = {}
  end
  local stale = new_alert()
  local at_once = { ["for"] = { count = 1, of = 1, time = 0 }, keep = { count = 1, time = 0 } }
  local function tell(at, rule, subject, told)
    if told then
      events[#events + 1] = ("%06d %s %s %s"):format(at, rule, subject, told)
    end
  end
  local last_clock
  for _, clock in ipairs(clocks) do
    local instant, is_stale = moment(fleet, clock, medians)
    if instant then
      stale.clock = stale.clock + (last_clock and clock - last_clock or 0)
      last_clock = clock
      tell(clock, "stale", "stale", step(at_once, stale, is_stale) or calm_down(stale))
    end
    for _, rule in ipairs(instant and rules or {}) do
      local is_fleet = rule.when.scope == "fleet" -- that goes by the clock, and is not held
      if is_fleet or not is_stale then
        local judge = rule.when.scope and judge_groups or judge_stores
        judge(rule, fleet, is_fleet and clock or instant, alerts[rule], tell)
      end
    end
  end
  table.sort(events)
  return events
end

return reference
