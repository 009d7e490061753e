--- Why a rule of alerts fires for a subject at an instant, or why not: what the agent evaluated is evaluated once more, and what
-- it was made from is told.
-- @module loom.alerts.explanation

local book = require "loom.alerts.book"
local check = require "loom.check"
local Evaluation = require "loom.alerts.evaluation"
local inspection = require "loom.inspection"
local replay = require "loom.alerts.replay"
local rounds = require "loom.alerts.rounds"
local rules = require "loom.alerts.rules"
local time = require "loom.time"

local explanation = {}

local MINUTE = 60 * 1000000

-- Before the instant that is explained, so much is evaluated, so that counters are what they were.
local WARM_UP = 86400 * 1000000

-- An agent that has not been at work for so long was not at work at the instant.
local RECENT = 2 * MINUTE

-- Rounds of one instant that are looked at: the clock goes on, and no poll comes, until the feed is stale.
local SAME_INSTANT = 100

local PAGE = 1440 -- rounds read at a time

local POLLS_MAX = 100 -- that are listed, the last ones

-- ---- when ----

-- Rounds that were about a subject: those of some stores are about these, and about the feed.
local function about(list, subject)
  local kept = {}
  for _, round in ipairs(list) do
    local is_about = not round.stores or subject.kind == "system"
    for _, id in ipairs(round.stores or {}) do
      is_about = is_about or subject.kind == "store" and id == subject.id
    end
    kept[#kept + 1] = is_about and round or nil
  end
  return kept
end

-- Evaluates some rounds in as many steps as it takes.
local function evaluate_rounds(evaluation, list, ids, on_events)
  local most = evaluation:most()
  for first = 1, #list, most do
    local part = {}
    for i = first, math.min(#list, first + most - 1) do
      part[#part + 1] = list[i]
    end
    local events, message, code = evaluation:evaluate(part, nil, nil, ids)
    if not events then
      return nil, message, code
    end
    on_events(events)
  end
  return true
end

-- The clock up to which rounds are looked at: it was ahead of an instant at which stores or groups were judged.
local function last_clock(monitor, subject, at)
  if subject.kind ~= "store" and subject.kind ~= "group" then
    return at
  end
  local page, message, code = rounds.of_instant(monitor, at, at + WARM_UP, SAME_INSTANT)
  if not page then
    return nil, message, code
  end
  local first = about(page, subject)[1]
  return first and first.clock or at
end

-- The rounds of the agent by which an instant is explained: those of the day before. None where it was not at work.
local function read_rounds(monitor, subject, at)
  local list, after, page = {}, 0
  local to, message, code = last_clock(monitor, subject, at)
  if not to then
    return nil, message, code
  end
  repeat
    page, message, code = rounds.read(monitor, at - WARM_UP, to, after, PAGE)
    if not page then
      return nil, message, code
    end
    after = message
    for _, round in ipairs(page) do
      list[#list + 1] = round
    end
  until #page < PAGE
  list = about(list, subject)
  local last = list[#list]
  return last and last.clock >= at - RECENT and list or {}
end

-- Evaluates a rule alone, about a subject alone: at the rounds of the agent, or each minute.
local function evaluate(evaluation, subject, at, is_live)
  local found = { events = {} }
  local ids = subject.kind == "store" and { subject.id } or subject.kind == "system" and {} or nil
  local function on_events(events)
    for _, event in ipairs(events) do
      if (event.rule == "stale") == (subject.kind == "system") then
        found.events[#found.events + 1] = event
      end
    end
    local verdict, evidence = evaluation.native:last()
    if verdict then
      found.verdict, found.evidence = verdict, evidence
    end
  end
  local live, message, code = {}, nil, nil
  if is_live then
    live, message, code = read_rounds(evaluation.monitor, subject, at)
  end
  local done = live
  if live and live[1] then
    done, message, code = evaluate_rounds(evaluation, live, ids, on_events)
  elseif live then
    done, message, code = replay.by_step(evaluation, at - WARM_UP, at, MINUTE, ids, on_events)
  end
  if not done then
    return nil, message, code
  end
  found.instant, found.is_stale, found.clock = evaluation.native:instant()
  local _, state = evaluation:state(subject.kind == "system" and 0 or 1, subject.kind == "system" and "" or subject.id)
  found.state = state
  return found
end

-- ---- what it was made from ----

-- The polls of a store that were looked at, the oldest first: those from where the evidence begins, and the one before them.
local function polls_of(monitor, store, from, to)
  local seen, message, code = inspection.polls(monitor, store, from - WARM_UP, to)
  if not seen then
    return nil, message, code
  end
  local begin, first = time.between(seen.from, from), #seen.polls + 1
  while first > 1 and #seen.polls - first + 1 < POLLS_MAX and seen.polls[first - 1].at >= begin do
    first = first - 1
  end
  if first > 1 and #seen.polls - first + 1 < POLLS_MAX then
    first = first - 1
  end
  local list = {}
  for i = first, #seen.polls do
    local poll = { active = seen.polls[i].active }
    time.set_after(poll, "at", seen.from, seen.polls[i].at)
    list[#list + 1] = poll
  end
  return list
end

-- ---- subjects ----

local function find_rule(list, name)
  for _, rule in ipairs(list) do
    if rule.name == name then
      return rule
    end
  end
end

local FIELDS = { store = true, group = true }
local ABOUT = { store = "stores", group = "groups", fleet = "the fleet", system = "the feed" }

-- What is asked about, by the scope of the rule; nil and the failure where that is missing, or of another kind.
local function subject_of(rule, options)
  local scope = rule and rule.when.scope or "system"
  local id, others = options[scope] or FIELDS[scope] and options.subject, 0
  for name in pairs { store = true, group = true, subject = true } do
    others = others + (options[name] and options[name] ~= id and 1 or 0)
  end
  if others > 0 then
    return nil, ("EINVAL: rule %s is about %s"):format(check.shown(options.rule), ABOUT[scope]), "EINVAL"
  elseif FIELDS[scope] and not id then
    return nil, ("EINVAL: rule %s is about %s: the name of one expected"):format(check.shown(options.rule), ABOUT[scope]),
      "EINVAL"
  end
  return { kind = scope, id = id or "" }
end

-- The last alert of a stored rule for a subject that had begun by an instant; false: there was none.
local function alert_at(monitor, name, subject, at)
  local list, message, code = book.list(monitor, { rule = name, kind = subject.kind, store_id = subject.kind == "system"
    and "stale" or subject.id, to = time.seconds(at) + 1, limit = 1 })
  if not list then
    return nil, message, code
  end
  return list[1] and book.get(monitor, list[1].id) or false
end

-- After how long without a poll the feed is stale: the gaps of the day before count, which an evaluation by the clock finds.
local function stale_after(evaluation, options, at)
  local done, message, code = evaluation.native:evaluate(evaluation.monitor.database, at, 1, 1, {})
  if not done then
    return nil, message, code
  end
  local _, gap = evaluation.native:gap()
  return math.max(options.stale_after or 30 * MINUTE, 3 * (gap or 0))
end

-- What becomes of the feed is no rule's: its verdict is the age of the newest poll.
local function add_feed(found, evaluation, options)
  local after, message, code = stale_after(evaluation, options, found.clock)
  if not after then
    return nil, message, code
  end
  found.threshold, found.unit = time.seconds(after), "s"
  if found.instant then
    found.verdict = { result = tostring(found.is_stale), absence = "", value = found.clock - found.instant }
    found.evidence = { last_poll = found.instant, up = 0, down = 0, unknown = 0, excluded = 0 }
  end
  return true
end

-- ---- telling ----

local function result_of(found, rule, options, subject)
  local threshold, unit = found.threshold, found.unit
  if rule then
    threshold, unit = rules.threshold(rule)
  end
  local verdict, state = found.verdict, found.state
  local result = { rule = options.rule, kind = rule and rule.when.kind or "system", of = subject.kind,
    store_id = subject.kind == "store" and subject.id or nil, group = subject.kind == "group" and subject.id or nil,
    threshold = threshold, unit = unit, result = verdict and verdict.result or "none",
    absence = verdict and verdict.absence or "",
    phase = state and state.phase or "ok", events = found.events, stale = found.is_stale,
    flapping = state and state.flapping or false, results = state and state.results or 0 }
  if verdict then
    result.value = unit == "s" and time.seconds(verdict.value) or verdict.value
    result.evidence = Evaluation.evidence(found.evidence)
  end
  if found.is_stale and (subject.kind == "store" or subject.kind == "group") then
    result.result, result.absence = "none", "held"
  end
  if state then
    result.true_for = time.seconds(state.true_for)
  end
  local goes_by_clock = subject.kind == "fleet" or subject.kind == "system"
  local instant = found.instant and goes_by_clock and found.clock or found.instant
  if instant then
    time.set(result, "at", instant)
  end
  return result
end

local function is_feed(list, name)
  return name == "stale" and not find_rule(list, name)
end

local function find_newest(monitor, at)
  if at then
    return at
  end
  return monitor.database:newest()
end

local function explained(monitor, evaluation, rule, subject, options, at)
  local found, message, code = evaluate(evaluation, subject, at, options.is_live)
  local done = found
  if found and subject.kind == "system" then
    done, message, code = add_feed(found, evaluation, options)
  end
  if not done then
    return nil, message, code
  end
  local span = found.evidence and { found.evidence.from or found.instant, found.evidence.to or found.instant }
  local result = result_of(found, rule, options, subject)
  if subject.kind == "store" and found.verdict then
    result.polls, message, code = polls_of(monitor, subject.id, span[1], span[2])
    if not result.polls then
      return nil, message, code
    end
  end
  return result
end

--- Tells why a rule fires, or why not: see `loom.monitor:explain_alert`.
-- @tparam loom.monitor monitor
-- @tparam table options
function explanation.explain(monitor, options)
  options = check.options("explain_alert", options, replay.checkers { rules = check.table, rule = check.string,
    store = check.store_id, group = check.string, subject = check.string, at = time.instant })
  options.is_live = not (options.rules or options.stale_after or options.dormant_after)
  local is_stored = not options.rules
  local list, message, code = replay.rules_of(monitor, options)
  if not list then
    return nil, message, code
  end
  local rule = find_rule(list, options.rule)
  if not rule and not is_feed(list, options.rule) then
    return nil, ('ENOENT: there is no rule "%s"'):format(options.rule), "ENOENT"
  end
  local subject, at, evaluation
  subject, message, code = subject_of(rule, options)
  if subject then
    at, message, code = find_newest(monitor, options.at)
  end
  if not at then
    return nil, message, code
  end
  if rule then
    rule.enabled = true
  end
  evaluation, message, code = Evaluation.new(monitor, { rule }, { stale_after = options.stale_after,
    dormant_after = options.dormant_after, only_group = subject.kind == "group" and subject.id or nil })
  if not evaluation then
    return nil, message, code
  end
  local result
  result, message, code = explained(monitor, evaluation, rule, subject, options, at)
  evaluation:close()
  if not result or not is_stored then
    return result, message, code
  end
  local alert
  alert, message, code = alert_at(monitor, options.rule, subject, at)
  if alert == nil then
    return nil, message, code
  end
  result.alert = alert or nil
  return result
end

return explanation
