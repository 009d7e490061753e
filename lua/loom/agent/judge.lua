--- The agent's judgement: when rules are evaluated, of which stores, and from where it goes on after it was killed.
--
-- All stores are evaluated every minute of the clock; those that a write has changed, as soon as it is seen. What a round comes
-- to is one transaction (`loom.agent.ledger`), after which the database knows all that the next round needs: whoever begins
-- anew, here or in another agent, comes to the same events. If the transaction fails, what was evaluated is forgotten.
-- @classmod loom.agent.judge

local book = require "loom.alerts.book"
local check = require "loom.check"
local cjson = require "cjson.safe"
local Evaluation = require "loom.alerts.evaluation"
local Ledger = require "loom.agent.ledger"
local Quiet = require "loom.agent.quiet"
local rounds = require "loom.alerts.rounds"
local system = require "loom.agent.system"
local transaction = require "loom.transaction"
local Watch = require "loom.watch"

local Judge = {}
Judge.__index = Judge

local MINUTE = 60 * 1000000
local PAGE = 2000 -- states read at a time, 300 KB
local ROUND = "alert round" -- in `service`: the last complete one

--- Makes one.
-- @tparam loom.monitor monitor
-- @tparam table options `now`: function, the instant in microseconds; `configuration`: what has `load` and `revision`, which is
--   `loom.alerts.configuration` without it; `rules`: functions, see `loom.agent.config`; `fence`: function (execute), false
--   where somebody else has the lease
function Judge.new(monitor, options)
  return setmetatable({ monitor = monitor, now = options.now, functions = options.rules or {}, fence = options.fence,
    configuration = options.configuration or require "loom.alerts.configuration", threads = {} }, Judge)
end

--- Forgets what it knows: the next round begins with what the database does.
function Judge:forget()
  if self.evaluation then
    self.gap_day, self.gap = self.evaluation.native:gap() -- which a whole day of polls was read for
    self.evaluation:close()
  end
  self.evaluation = nil
end

-- ---- beginning ----

local function seconds_of(microseconds)
  return microseconds / 1000000
end

-- Gives the evaluation the states that there are; what is of nobody any more is noted.
local function restore_states(self)
  local after_rule, after_subject = -1, ""
  repeat
    local rows, message, code = self.monitor.database:rows([[SELECT rule, subject, state FROM alert_state
      WHERE (rule, subject) > (?, ?) ORDER BY rule, subject LIMIT ?]], after_rule, after_subject, PAGE)
    if not rows then
      return nil, message, code
    end
    for _, row in ipairs(rows) do
      local place = row.rule == 0 and 0 or self.place_of[row.rule]
      if not self.left_out[row.rule] and not (place and self.evaluation:put(place, row.subject, row.state)) then
        self.orphans[#self.orphans + 1] = { row.rule, row.subject }
      end
      after_rule, after_subject = row.rule, row.subject
    end
  until #rows < PAGE
  return true
end

local open_sql = [[SELECT a.id, a.rule, a.rule_number, a.severity, a.kind, a.subject, a.zone, a.since, a.at, a.value, a.unit,
    a.threshold, a.text, a.inhibited, s.rule AS has_state
  FROM alert a LEFT JOIN alert_state s ON s.rule = a.rule_number
    AND s.subject = CASE a.kind WHEN 'system' THEN '' WHEN 'fleet' THEN '' ELSE a.subject END
  WHERE a.ended IS NULL AND a.rule_number >= 0]]

-- Why an alert that is open will not be ended by its rule; nil where it will, or where that is left out, which somebody mends.
local function end_reason_of(self, row, orphans)
  if self.left_out[row.rule_number] then
    return nil
  elseif row.rule_number ~= 0 and not self.place_of[row.rule_number] then
    return self.disabled[row.rule_number] and "rule_changed" or "rule_removed"
  elseif orphans[row.rule_number .. "\0" .. row.subject] then
    return row.kind == "group" and "store_left" or "rule_changed"
  end
  return not row.has_state and "rule_changed" or nil
end

local function restore_alerts(self)
  local rows, message, code = self.monitor.database:rows(open_sql)
  if not rows then
    return nil, message, code
  end
  local orphans, open = {}, {}
  for _, orphan in ipairs(self.orphans) do
    orphans[orphan[1] .. "\0" .. orphan[2]] = true
  end
  for _, row in ipairs(rows) do
    row.end_reason = end_reason_of(self, row, orphans)
    if row.end_reason then
      self.to_end[#self.to_end + 1] = row
    else
      open[#open + 1] = { id = row.id, rule = row.rule, kind = row.kind, subject = row.subject, at = seconds_of(row.at),
        inhibited = row.inhibited }
    end
  end
  self.evaluation:recall(open)
  return true
end

-- How many stores there are: another number, and those of a rule may be others.
local function count_stores(self)
  local row = self.monitor.database:row "SELECT count(*) AS count, ifnull(max(number), 0) AS last FROM store"
  return row and row.count .. " " .. row.last
end

-- Takes the rules that are functions, but for those whose names are those of rules that have been stored since.
local function add_functions(self, configured, left_out)
  local names = {}
  for _, list in ipairs { configured.rules, left_out } do
    for _, item in ipairs(list) do
      names[item.name] = names[item.name] or item.kind == nil or item.kind == "rule"
    end
  end
  self.asked, self.unusable = {}, {}
  for i, item in ipairs(left_out) do
    self.unusable[i] = item
  end
  for _, rule in ipairs(self.functions) do
    if names[rule.name] then
      self.unusable[#self.unusable + 1] = { kind = "function", name = rule.name,
        why = ("rule %s: one of this name has been stored"):format(check.shown(rule.name)) }
    else
      self.asked[#self.asked + 1], self.by_name[rule.name] = rule, rule
    end
  end
end

local function begin(self)
  local configured, message, code = self.configuration.load(self.monitor)
  if not configured then
    return nil, message, code
  end
  self:forget()
  self.place_of, self.disabled, self.by_name, self.orphans, self.to_end, self.left_out = {}, {}, {}, {}, {}, {}
  -- first: what comes while it is evaluated is told afterwards
  if not self.watch then
    self.watch, message, code = Watch.new(self.monitor)
    if not self.watch then
      return nil, message, code
    end
    self.watch:subscribe(function(change) self:hear(change) end)
  end
  self.stores = count_stores(self)
  local evaluation
  local settings = configured.settings or {}
  evaluation, message, code = Evaluation.new(self.monitor, configured.rules, { stale_after = settings.stale_after,
    dormant_after = settings.dormant_after, leave_out = true })
  if not evaluation then
    return nil, message, code
  end
  local left_out = {}
  for _, list in ipairs { configured.left_out or {}, evaluation.left_out } do
    for _, item in ipairs(list) do
      left_out[#left_out + 1] = item
    end
  end
  self.evaluation, self.configured, self.revision = evaluation, configured, configured.revision
  if self.gap_day then
    evaluation.native:know_gap(self.gap_day, self.gap)
  end
  for place, rule in ipairs(evaluation.rules) do
    self.place_of[rule.number], self.by_name[rule.name] = place, rule
  end
  for _, rule in ipairs(configured.rules) do
    self.disabled[rule.number] = not rule.enabled or nil
  end
  for _, item in ipairs(left_out) do
    self.left_out[item.number] = item.kind == "rule" or nil
  end
  add_functions(self, configured, left_out)
  local last
  last, message, code = book.last_round(self.monitor)
  if not last then
    self:forget()
    return nil, message, code
  end
  evaluation:resume(last.instant or 0)
  local done
  done, message, code = restore_states(self)
  if done then
    done, message, code = restore_alerts(self)
  end
  if not done then
    self:forget()
    return nil, message, code
  end
  self.all_due, self.is_stale_members, self.changed = true, false, {}
  return true
end

-- ---- what has changed ----

local ABOUT_MEMBERS = { attributes = true, timezones = true, removal = true, everything = true }

--- Hears of a change: see `loom.watch`.
-- @local
function Judge:hear(change)
  if change.kind == "everything" then
    self:forget()
  elseif ABOUT_MEMBERS[change.kind] then
    self.is_stale_members = true
  end
  if change.store_id and change.kind ~= "removal" then
    self.changed[change.store_id] = true
  else
    self.all_due = true
  end
end

-- Whether it has to begin anew, as far as that is known.
local function is_outdated(self)
  if not self.evaluation then
    return true
  end
  local revision = self.configuration.revision(self.monitor)
  return revision ~= nil and revision ~= self.revision
end

-- Looks at what has been written since; nil and the failure if that cannot be seen.
local function look(self, now)
  if is_outdated(self) then
    local begun, message, code = begin(self)
    if not begun then
      return nil, message, code
    end
  end
  local looked, message, code = self.watch:look()
  if looked == nil then
    return nil, message, code
  end
  self.all_due = self.all_due or math.abs(now - (self.last_all or 0)) >= MINUTE
    or math.floor(now / MINUTE) ~= math.floor((self.last_all or 0) / MINUTE)
  local is_outdated_now = not self.evaluation
  if self.evaluation and self.evaluation:has_members() then
    is_outdated_now = self.is_stale_members or (self.all_due and count_stores(self) ~= self.stores)
  end
  if is_outdated_now then
    return begin(self)
  end
  return true
end

-- ---- evaluating ----

-- Evaluates stores that have changed. Another evaluation may follow before what it came to is written.
local function gather_some(self, ids, now, found)
  local events, message, code = self.evaluation:gather(now, 1, 1, ids, Ledger.pack)
  if not events then
    return nil, message, code
  end
  found.events = events
  self.evaluation:each_moved(function(place, ...)
    local rule = self.evaluation.rules[place]
    found.states[#found.states + 1] = { rule and rule.number or 0, ... }
  end)
  return true
end

-- Evaluates all. What it comes to is written before anything else is evaluated, so that of a storm little is kept here.
local function gather_all(self, now, found)
  local events, message, code = self.evaluation:gather(now, 1, 1, nil, Ledger.note)
  if not events then
    return nil, message, code
  end
  for _, event in ipairs(events) do
    found.events[#found.events + 1] = event
  end
  return true
end

-- Evaluates all, or those that have changed. Where an alert of one of these begins, groups are asked, too, which may speak for
-- it.
local function evaluate(self, now)
  local found, ids = { events = {}, states = {} }, {}
  for id in pairs(self.changed) do
    ids[#ids + 1] = id
  end
  found.is_all = self.all_due or #ids > rounds.STORES_MAX
  local done, message, code = true, nil, nil
  if not found.is_all then
    done, message, code = gather_some(self, ids, now, found)
    found.is_all = done and found.events[1] ~= nil and self.evaluation:speaks_for_stores()
  end
  if done and found.is_all then
    done, message, code = gather_all(self, now, found)
  end
  if not done then
    return nil, message, code
  end
  self.evaluation:arrange(found.events)
  if found.is_all then
    found.failure = system.ask(self.monitor, self.asked, now)
  end
  return found
end

-- ---- writing ----

local function ledger_of(self, execute, now)
  return Ledger.new { execute = execute, monitor = self.monitor, now = now, rules = self.by_name,
    channels = self.configured.channels or {}, quiet = Quiet.new(self.monitor, self.configured, now), threads = self.threads,
    make_event = function(place, subject) return self.evaluation:event(place, subject) end,
    group_of = function(rule, id) return rule.when and rule.number and self.evaluation:group_of(rule, id) or nil end }
end

local function write_round(self, execute, now, seconds)
  local instant, is_stale = self.evaluation.native:instant()
  execute("INSERT OR REPLACE INTO service(name, value) VALUES(?, ?)", ROUND, cjson.encode {
    clock = ("%d"):format(now), instant = instant and ("%d"):format(instant), -- lua-cjson writes 14 digits of a number
    stale = is_stale, seconds = seconds, rules = #self.evaluation.rules })
end

-- The stores of which a round of some has made something else; nil: it was one of all.
local function moved_stores(found)
  if found.is_all then
    return nil
  end
  local ids, known = {}, {}
  for _, state in ipairs(found.states) do
    local number, subject = state[1], state[2]
    if number ~= 0 and not known[subject] then
      ids[#ids + 1], known[subject] = subject, true
    end
  end
  return ids
end

local function write_states(self, ledger, found)
  for _, state in ipairs(found.states) do
    ledger:state(state[1], state[2], state[3], state[4], state[5], state[6])
  end
  if found.is_all then
    self.evaluation:each_moved(function(place, ...)
      local rule = self.evaluation.rules[place]
      ledger:state(rule and rule.number or 0, ...)
    end)
  end
end

local function write(self, found, now, seconds)
  return transaction.run(self.monitor.database, function(execute)
    if self.fence and not self.fence(execute) then
      return false
    end
    local ledger = ledger_of(self, execute, now)
    for _, orphan in ipairs(self.orphans) do
      execute("DELETE FROM alert_state WHERE rule = ? AND subject = ?", orphan[1], orphan[2])
    end
    write_states(self, ledger, found)
    ledger:finish(self.to_end, now)
    ledger:events(found.events, function(name)
      local rule = self.by_name[name]
      return rule and rule.number or 0
    end)
    local newest, is_stale = self.evaluation.native:instant() -- it is no later than the clock, and the instant of both
    rounds.put(execute, now, newest, is_stale, moved_stores(found))
    if found.is_all then
      system.write(self.monitor, ledger, self.asked, now, self.unusable)
      ledger:review()
      write_round(self, execute, now, seconds)
    end
    return true
  end, true, true) -- in which it may be read what is open
end

--- What is stored and no evaluation goes by: `kind`, `name` and `why`.
function Judge:not_evaluated()
  return self.unusable or {}
end

--- Does what is due: nothing, the stores that have changed, or all.
-- @tparam[opt] bool is_all all, whatever the clock says
-- @treturn table|bool|nil `events`, how many there were, and `seconds`; false where somebody else has the lease; or nil, the
--   failure and its code
function Judge:round(is_all)
  local now, begun = self.now(), os.clock()
  local looked, message, code = look(self, now)
  if not looked then
    return nil, message, code
  end
  self.all_due = self.all_due or is_all or false
  if not self.all_due and next(self.changed) == nil then
    return { events = 0, seconds = 0 }
  end
  local found
  found, message, code = evaluate(self, now)
  if not found then
    self:forget()
    return nil, message, code
  end
  local seconds = os.clock() - begun
  local needs_writing = found.is_all or found.events[1] or found.states[1]
  local written = true
  if needs_writing then
    written, message, code = write(self, found, now, seconds)
  end
  if not written then
    self:forget() -- what was evaluated has moved its states, and nobody has heard of it
    return written, message, code
  end
  self.changed, self.all_due, self.orphans, self.to_end = {}, false, {}, {}
  self.last_all = found.is_all and now or self.last_all
  return { events = #found.events, seconds = seconds, is_all = found.is_all, failure = found.failure }
end

return Judge
