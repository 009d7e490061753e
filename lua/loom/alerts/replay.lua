--- What rules would have told of the past: the evaluation over instants that are gone.
-- @module loom.alerts.replay

local check = require "loom.check"
local Evaluation = require "loom.alerts.evaluation"
local rounds = require "loom.alerts.rounds"
local rules = require "loom.alerts.rules"
local time = require "loom.time"

local replay = {}

local MICROSECONDS = 1000000

-- So many instants: two months of minutes, which takes minutes for a large fleet.
local MOST = 100000

local function step(value)
  local length = time.duration(value)
  if length and length >= MICROSECONDS then
    return length
  end
  return nil, "duration of at least a second"
end

local settings = { stale_after = time.duration, dormant_after = time.duration }

--- How options are checked that settings are among.
-- @local
function replay.checkers(more)
  for name, checker in pairs(settings) do
    more[name] = checker
  end
  return more
end

--- The rules that options name, or those that are stored, read; what settings they do not name are those that are stored.
-- @local
function replay.rules_of(monitor, options)
  local given = options.rules and (options.rules.rules or options.rules)
  if given and (type(given) ~= "table" or not check.length(given)) then
    return rules.read(given) -- which tells what is wrong
  end
  local stored, values, code = require("loom.alerts.configuration").rules(monitor, given)
  if not stored then
    return nil, values, code
  end
  for name, value in pairs(values) do
    options[name] = options[name] or time.duration(value)
  end
  return rules.read(stored)
end

--- Evaluates step by step, in as many instants at a time as the evaluator takes.
-- @local
function replay.by_step(evaluation, from, to, length, ids, on_events)
  local left, first = math.floor((to - from) / length) + 1, from
  while left > 0 do
    local count = math.min(left, evaluation:most())
    local events, message, code = evaluation:evaluate(first, length, count, ids)
    if not events then
      return nil, message, code
    end
    on_events(events)
    left, first = left - count, first + count * length
  end
  return true
end

--- Evaluates at the agent's rounds from one clock to another.
-- @local
function replay.by_rounds(evaluation, from, to, on_events)
  local after, limit = 0, evaluation:most()
  repeat
    local page, last, code = rounds.read(evaluation.monitor, from, to, after, limit)
    if not page then
      return nil, last, code
    end
    after = last
    if page[1] then
      local events, message
      events, message, code = evaluation:evaluate(page)
      if not events then
        return nil, message, code
      end
      on_events(events)
    end
  until #page < limit
  return true
end

-- How many rounds of the agent a replay goes by: those of the period, where nothing is asked for that was not so then.
local function count_rounds(monitor, options)
  if options.rules or options.step or options.stale_after or options.dormant_after then
    return 0
  end
  return rounds.count(monitor, options.from, options.to)
end

-- How often each rule fired, and for how many subjects.
local function summarize(list, events)
  local summary, by_name = {}, {}
  for _, rule in ipairs(list) do
    local line = { name = rule.name, severity = rule.severity, of = rule.when.scope,
      fired = 0, resolved = 0, subjects = 0, seen = {} }
    summary[#summary + 1], by_name[rule.name] = line, line
  end
  for _, event in ipairs(events) do
    local line = by_name[event.rule]
    if line and event.state == "firing" then
      line.fired = line.fired + 1
      line.subjects = line.subjects + (line.seen[event.subject.id] and 0 or 1)
      line.seen[event.subject.id] = true
    elseif line and event.state == "resolved" then
      line.resolved = line.resolved + 1
    end
  end
  for _, line in ipairs(summary) do
    line.seen = nil
  end
  return summary
end

--- Evaluates rules over the past: see `loom.monitor:replay_alerts`.
-- @tparam loom.monitor monitor
-- @tparam table options
-- @tparam[opt] function on_step called now and then
function replay.run(monitor, options, on_step)
  options = check.options("replay_alerts", options, replay.checkers { rules = check.table, from = time.instant, to = time.instant,
    step = step })
  for _, name in ipairs { "from", "to" } do
    if options[name] == nil then
      check.fail("missing option '%s' to 'replay_alerts'", name)
    end
  end
  local length = options.step or 60 * MICROSECONDS
  local live, message, code = count_rounds(monitor, options)
  if not live then
    return nil, message, code
  elseif options.to < options.from or (live > 0 and live or (options.to - options.from) / length) > MOST then
    return nil, ("EINVAL: a replay is of 1 to %d instants"):format(MOST), "EINVAL"
  end
  local list
  list, message, code = replay.rules_of(monitor, options)
  local evaluation
  if list then
    evaluation, message, code = Evaluation.new(monitor, list, options)
  end
  if not evaluation then
    return nil, message, code
  end
  local all = {}
  local function add(events)
    for _, event in ipairs(events) do
      all[#all + 1] = event
    end
    if on_step then
      on_step()
    end
  end
  local done
  if live > 0 then
    done, message, code = replay.by_rounds(evaluation, options.from, options.to, add)
  else
    done, message, code = replay.by_step(evaluation, options.from, options.to, length, nil, add)
  end
  evaluation:close()
  if not done then
    return nil, message, code
  end
  return { rules = summarize(list, all), events = all }
end

return replay
