--- Conditions that are told by what is there, rather than by the evaluation of polls: those of the system, and rules that are Lua
-- functions. What holds is an alert, and ends when it does not any more.
-- @module loom.agent.system

local channel_store = require "loom.agent.channel_store"
local core = require "loom.core"
local Ledger = require "loom.agent.ledger"

local system = {}

local SECOND = 1000000
local FAILING = 3600 * SECOND -- after which a channel that takes nothing is told
local FAILED = 86400 * SECOND -- for which a report or an ingest that failed is one to look after
local MOST = 1000 -- subjects of one condition
local TEXT_MAX = 1000 -- bytes of what a function tells, as of a rule's text

-- ---- what the system tells ----

local function rows(monitor, ...)
  local found, message = monitor.database:rows(...)
  if not found then
    error(message, 0)
  end
  return found
end

local function failing_channels(monitor, now, add)
  for _, row in ipairs(rows(monitor, [[SELECT name, failing, disabled, disabled_reason FROM alert_channel
      WHERE CASE WHEN disabled IS NULL THEN failing <= ?1 ELSE disabled_reason IS NOT ?2 END]], now - FAILING,
      channel_store.SWITCHED_OFF)) do
    local text = row.disabled and ("the channel %s is disabled: %s"):format(row.name, row.disabled_reason or "")
      or ("the channel %s has not taken a message for an hour"):format(row.name)
    add { rule = Ledger.CHANNEL, subject = row.name, since = row.disabled or row.failing, text = text }
  end
end

local function failed_reports(monitor, now, add)
  for _, row in ipairs(rows(monitor, [[SELECT report_id, finished, error FROM report WHERE state = 'failed' AND finished > ?
      ORDER BY finished LIMIT ?]], now - FAILED, MOST)) do
    add { rule = "report failed", subject = row.report_id, since = row.finished,
      text = ("the report %s has failed: %s"):format(row.report_id, (row.error or ""):sub(1, 500)) }
  end
end

local function failed_ingest(monitor, now, add)
  for _, row in ipairs(rows(monitor, "SELECT value FROM service WHERE name = 'ingest failed'")) do
    local at, message = row.value:match "^(%d+) (.*)$"
    at = tonumber(at)
    if at and at > now - FAILED then
      add { rule = "ingest failed", subject = "files", since = at, text = "files could not be loaded: " .. message }
    end
  end
end

-- What is stored and cannot be gone by.
local function left_out(list, now, add)
  for _, item in ipairs(list or {}) do
    add { rule = "left out", subject = item.kind .. " " .. item.name, since = now,
      text = ("%s is left out: %s"):format(item.kind, item.why:gsub("^%u+: ", "", 1)) }
  end
end

-- ---- rules that are functions ----

-- A number that can be written as JSON; nil for others.
local function finite(value)
  local number = tonumber(value)
  return number and number == number and math.abs(number) < math.huge and number or nil
end

-- What a function returned, as conditions: true, for the fleet; or a table of ids, each with true, a value, or `value` and
-- `text`.
local function of_function(rule, result, now)
  local list = {}
  local function add(condition)
    list[#list + 1] = #list < MOST and condition or nil
  end
  if result == true then
    add { rule = rule.name, kind = "fleet", subject = "", since = now, severity = rule.severity }
    return list
  end
  for id, found in pairs(type(result) == "table" and result or {}) do
    if type(id) == "number" then
      id, found = found, true
    end
    local told = type(found) == "table" and found or { value = type(found) == "number" and found or nil,
      text = type(found) == "string" and found or nil }
    if found then
      add { rule = rule.name, kind = "store", subject = tostring(id), since = now, severity = rule.severity,
        value = finite(told.value), text = told.text and tostring(told.text):sub(1, TEXT_MAX) or rule.text }
    end
  end
  return list
end

-- Nil where the function fails, or what it returns does when it is read: what it has told before stays.
local function call(rule, monitor, now)
  local called, result = pcall(function()
    return of_function(rule, rule.when(monitor, tonumber(now) / SECOND), now)
  end)
  if not called then
    return nil, tostring(result)
  end
  return result
end

-- ---- writing ----

local function event_of(condition, state, at, alert)
  return { id = core.alert_id(at, alert .. "\0" .. state .. "\0" .. tostring(at)), alert = alert, rule = condition.rule,
    severity = condition.severity or "error", state = state, subject = { kind = condition.kind or "system",
    id = condition.subject }, at = at / SECOND, since = condition.since / SECOND, value = condition.value, text = condition.text }
end

-- What begins and what ends, of a number of rules by name.
local function compare(ledger, number, names, holding, now)
  local open, events = {}, {}
  for _, row in ipairs(ledger:open(number)) do
    local key = row.rule .. "\0" .. row.subject
    if names[row.rule] == nil and number == Ledger.FUNCTION then
      row.end_reason = "rule_removed"
    elseif not holding[key] and names[row.rule] then
      row.end_reason = "recovered"
    end
    open[key] = true
    if row.end_reason then
      local event = event_of({ rule = row.rule, severity = row.severity, kind = row.kind, subject = row.subject,
        since = row.since, value = row.value, text = row.text }, "resolved", now, row.id)
      event.reason = row.end_reason
      events[#events + 1] = event
    end
  end
  for key, condition in pairs(holding) do
    if not open[key] then
      local alert = core.alert_id(now, key .. "\0" .. tostring(now))
      events[#events + 1] = event_of(condition, "firing", now, alert)
    end
  end
  table.sort(events, function(a, b)
    if a.rule ~= b.rule then
      return a.rule < b.rule
    end
    return a.subject.id < b.subject.id
  end)
  ledger:events(events, function() return number end)
end

local function gatherer()
  local holding, count = {}, 0
  return holding, function(condition)
    count = count + 1
    if count <= MOST then
      holding[condition.rule .. "\0" .. condition.subject] = condition
    end
  end
end

--- Writes what begins and what ends.
-- @tparam loom.monitor monitor
-- @tparam loom.agent.ledger ledger
-- @tparam {table,...} functions rules: see `loom.agent.config`
-- @tparam int now in microseconds
-- @tparam[opt] {table,...} unusable what is stored and left out: see `loom.alerts.configuration.load`
function system.write(monitor, ledger, functions, now, unusable)
  local holding, add = gatherer()
  failing_channels(monitor, now, add)
  failed_reports(monitor, now, add)
  failed_ingest(monitor, now, add)
  left_out(unusable, now, add)
  compare(ledger, Ledger.SYSTEM, { [Ledger.CHANNEL] = true, ["report failed"] = true, ["ingest failed"] = true,
    ["left out"] = true }, holding, now)
  local names = {}
  holding, add = gatherer()
  for _, rule in ipairs(functions) do
    names[rule.name] = rule.holding ~= nil -- false: it has failed, and nothing is known
    for _, condition in ipairs(rule.holding or {}) do
      add(condition)
    end
  end
  compare(ledger, Ledger.FUNCTION, names, holding, now)
end

--- Asks the rules that are functions, before anything is written.
-- @tparam loom.monitor monitor
-- @tparam {table,...} functions
-- @tparam int now in microseconds
-- @treturn ?string what one has failed with
function system.ask(monitor, functions, now)
  local failure
  for _, rule in ipairs(functions) do
    local why
    rule.holding, why = call(rule, monitor, now)
    failure = failure or why and ("rule %s: %s"):format(rule.name, why)
  end
  return failure
end

return system
