--- What stores are at an instant, from the text of the rules: a slow second opinion. Nothing of Loom is used. All times are whole
-- microseconds since 1970, and local ones microseconds since 1970 on the local clock.

local states = {}

local SECOND, DAY = 1000000, 86400 * 1000000
local HOUR = 3600 * SECOND

-- Offsets of a few zones, east positive, in force from an instant on, as tzdata has them.
states.zones = {
  ["America/Chicago"] = { { -math.huge, -6 }, { 1678608000, -5 }, { 1699167600, -6 }, { 1710057600, -5 } },
  ["Europe/London"] = { { -math.huge, 0 }, { 1679792400, 1 }, { 1698541200, 0 }, { 1711846800, 1 } },
  ["Asia/Kolkata"] = { { -math.huge, 5.5 } },
}

-- The instant of a local time: the first one at which the clock shows it; where it never does, the offset before the change.
local function instant_of(zone, at)
  local changes = states.zones[zone]
  for i, change in ipairs(changes) do
    local instant = at - change[2] * HOUR
    local from, to = change[1] * SECOND, changes[i + 1] and changes[i + 1][1] * SECOND or math.huge
    if instant >= from and instant < to then
      return instant
    elseif i > 1 and instant < from then -- it was skipped
      return at - changes[i - 1][2] * HOUR
    end
  end
end

-- 0 is Monday; 1970-01-01 was a Thursday.
local function weekday_of(date)
  return (date + 3) % 7
end

-- The openings of a date, as seconds since midnight.
local function openings_of(store, date, slack)
  local special = store.special_days[date]
  if special then
    return special
  elseif not store.week then
    return { { 0, slack == 0 and 86399 or 86400 } }
  end
  return store.week[weekday_of(date)] or {}
end

local function interval_of(store, date, opening, slack)
  local open, close = opening[1], opening[2]
  if close >= 86400 - slack then
    close = 86400
  end
  local last = close <= open and date + 1 or date
  return { instant_of(store.zone, date * DAY + open * SECOND), instant_of(store.zone, last * DAY + close * SECOND) }
end

-- The intervals of the dates from first to last: overlaps are merged, what touches stays apart.
local function intervals_of(store, first, last, slack)
  local list, merged = {}, {}
  for date = first, last do
    for _, opening in ipairs(openings_of(store, date, slack)) do
      local interval = interval_of(store, date, opening, slack)
      if interval[1] < interval[2] then
        list[#list + 1] = interval
      end
    end
  end
  table.sort(list, function(a, b)
    return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2])
  end)
  for _, interval in ipairs(list) do
    local before = merged[#merged]
    if before and interval[1] < before[2] then
      before[2] = math.max(before[2], interval[2])
    else
      merged[#merged + 1] = interval
    end
  end
  return merged
end

-- The polls in a piece, and those next to it that are known at T.
local function evidence_of(store, piece, rules, at)
  local evidence = { inside = {} }
  for _, poll in ipairs(store.polls) do
    if poll[1] >= piece[1] and poll[1] <= piece[2] and poll[1] <= at then
      table.insert(evidence.inside, poll)
    elseif rules.evidence == "around" and poll[1] < piece[1] then
      evidence.before = poll
    elseif rules.evidence == "around" and poll[1] > piece[2] and poll[1] <= at and not evidence.after then
      evidence.after = poll
    end
  end
  return evidence
end

local function midpoint(a, b)
  return math.floor((a[1] + b[1]) / 2)
end

-- Until when a poll speaks, where another one follows it.
local function hands_over(fill, poll, following)
  return fill == "forward" and following[1] or fill == "backward" and poll[1] or midpoint(poll, following)
end

-- The poll that vouches for the moment that begins at x; nil for none.
local function voucher(evidence, fill, x)
  local list = {}
  table.insert(list, evidence.before)
  for _, poll in ipairs(evidence.inside) do
    table.insert(list, poll)
  end
  table.insert(list, evidence.after)
  for i, poll in ipairs(list) do
    if not list[i + 1] or x < hands_over(fill, poll, list[i + 1]) then
      return poll
    end
  end
end

local function judge(evidence, rules, x)
  local poll = voucher(evidence, rules.fill, x)
  if not poll then
    return rules.no_data
  elseif rules.max_gap and (x >= poll[1] + rules.max_gap or x < poll[1] - rules.max_gap) then
    return "unknown"
  end
  return poll[2] and "up" or "down"
end

-- All instants at which the state in a piece may change.
local function changes_of(store, piece, rules)
  local found = { piece[1] }
  local function add(instant)
    if instant > piece[1] and instant < piece[2] then
      found[#found + 1] = instant
    end
  end
  for i, poll in ipairs(store.polls) do
    add(poll[1])
    add(store.polls[i + 1] and midpoint(poll, store.polls[i + 1]) or poll[1])
    add(poll[1] + (rules.max_gap or 0))
    add(poll[1] - (rules.max_gap or 0))
  end
  for _, exclusion in ipairs(store.exclusions) do
    add(exclusion[1])
    add(exclusion[2])
  end
  table.sort(found)
  return found
end

local function is_excluded(store, x)
  for _, exclusion in ipairs(store.exclusions) do
    if x >= exclusion[1] and x < exclusion[2] then
      return true
    end
  end
end

-- The run of a state that reaches `at`, and when it began.
local function run_of(store, intervals, rules, at)
  local state, since = nil, at
  for i = #intervals, 1, -1 do
    local piece = { intervals[i][1], math.min(intervals[i][2], at) }
    if piece[1] < at and piece[2] == since then
      local evidence, changes = evidence_of(store, piece, rules, at), changes_of(store, piece, rules)
      for k = #changes, 1, -1 do
        local here = is_excluded(store, changes[k]) and "excluded" or judge(evidence, rules, changes[k])
        state = state or here
        if here ~= state then
          return state, since
        end
        since = changes[k]
      end
    elseif piece[1] < at then
      return state or "closed", since
    end
  end
  return state or "closed", since
end

--- What a store is at an instant.
-- @tparam table store `zone`; `polls`, each { instant, active }, in order; `week`, openings by weekday, or nil; `special_days` by
--   date; `exclusions`, each { from, to }
-- @tparam table rules `slack` (seconds), `fill`, `evidence`, `no_data`, `max_gap` (microseconds, or nil)
-- @treturn table `state`, `since` (nil: none), `last_poll`, `dormant`
function states.at(store, rules, at)
  local known = { polls = {}, zone = store.zone, exclusions = store.exclusions, week = store.week,
    special_days = store.special_days }
  for _, poll in ipairs(store.polls) do
    if poll[1] <= at then
      table.insert(known.polls, poll)
    end
  end
  local first = math.min(known.polls[1] and known.polls[1][1] or at, at) - 366 * DAY
  local intervals = intervals_of(known, math.floor(first / DAY) - 3, math.floor(at / DAY) + 2, rules.slack)
  local state, since = run_of(known, intervals, rules, at)
  local last = known.polls[#known.polls]
  local week, opened, active = at - 7 * DAY, false, false
  for _, interval in ipairs(intervals) do
    opened = opened or (interval[1] < at and interval[2] > week)
  end
  for _, poll in ipairs(known.polls) do
    active = active or (poll[2] and poll[1] >= week)
  end
  if state == "closed" or state == "excluded" or (since and since <= first) then
    since = nil
  end
  return { state = state, since = since or nil, last_poll = last and last[1], dormant = opened and not active }
end

return states
