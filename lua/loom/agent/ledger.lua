--- What a round comes to, written down: states, alerts, events, and what is told of them. All of it is in one transaction, which
-- ends before anything is sent.
--
-- An event is always written. It is told unless its alert is silenced, muted, acknowledged or spoken for; an alert of which
-- nothing was told, and that still goes on when nothing holds it back any more, is told then, together with others of its kind.
-- What has been told as firing is told when it is over.
-- @classmod loom.agent.ledger

local cjson = require "cjson.safe"
local core = require "loom.core"
local messages = require "loom.agent.message"
local outbox = require "loom.agent.outbox"
local transaction = require "loom.transaction"

local Ledger = {}
Ledger.__index = Ledger

local MICROSECONDS = 1000000
local PACE = 60 * MICROSECONDS -- a thread that storms has a message so often
local PAGE = 1000 -- alerts looked at at a time

--- Threads of their own: of what many rules or subjects tell together.
Ledger.MANY, Ledger.LATE = "many alerts", "still firing"

--- The rule whose subjects are channels.
Ledger.CHANNEL = "channel failing"

--- The number of rules that are functions, and of what the system tells.
Ledger.FUNCTION, Ledger.SYSTEM = -1, -2

local function microseconds(seconds)
  return math.floor(seconds * MICROSECONDS + 0.5)
end

--- Begins to write.
-- @tparam table fields `execute`: see `loom.transaction.run`; `monitor`; `now`, in microseconds; `rules` by name; `channels`: the
--   names of all; `quiet`: see `loom.agent.quiet`; `threads`: what each has been told of late, which outlives the round;
--   `group_of`: function (rule, store's id); `make_event`: function (place, subject), of events that are noted
function Ledger.new(fields)
  return setmetatable(fields, Ledger)
end

local function rows(self, sql, ...)
  local found, message, code = self.monitor.database:rows(sql, ...)
  if not found then
    transaction.fail(code or "EIO", "%s", (message:gsub("^%u+: ", "", 1)))
  end
  return found
end

-- ---- threads ----

local function storm_of(rule)
  return rule and rule.storm or messages.STORM
end

-- When a thread's next message is due: at once, unless it has been told a storm within the last minute.
local function due_of(self, thread, rule)
  local told = self.threads[thread]
  if not told or self.now - told.from >= PACE or self.now < told.from then
    told = { from = self.now, count = 0 }
    self.threads[thread] = told
  end
  told.count = told.count + 1
  return told.count > storm_of(rule) and told.from < self.now and told.from + PACE or self.now
end

-- A channel is told nothing of itself: neither that it fails, which it could not take, nor that it does not any more.
local function channels_of(self, rule, rule_name, subject)
  local names = rule and rule.channels or self.channels
  local except = rule_name == Ledger.CHANNEL and subject
  if not except then
    return names
  end
  local others = {}
  for _, other in ipairs(names) do
    others[#others + 1] = other ~= except and other or nil
  end
  return others
end

-- What ends is told where it was told before, whatever its rule has become since, and nowhere else. A message that was dropped
-- before it was tried has reached nobody.
local function channels_told(self, alert)
  local names = {}
  for i, row in ipairs(rows(self, [[SELECT DISTINCT c.name FROM alert_event e JOIN alert_message_event o ON o.event = e.number
      JOIN alert_message m ON m.number = o.message JOIN alert_channel c ON c.number = m.channel
      WHERE e.alert = ? AND (m.outcome <> 'dropped' OR m.tries > 0) ORDER BY c.name]], alert)) do
    names[i] = row.name
  end
  return names
end

-- The events of a round by rule and state: more than the rule's storm go together.
local function count_storms(events)
  local counts = {}
  for _, event in ipairs(events) do
    local key = event.rule .. "\0" .. event.state
    counts[key] = (counts[key] or 0) + 1
  end
  return counts
end

local function own_thread(self, event, rule)
  local subject = event.subject
  if subject.kind == "group" then
    return event.rule .. ": " .. subject.id
  end
  local group = rule and subject.kind == "store" and rule.group_by and self.group_of(rule, subject.id)
  return group and event.rule .. ": " .. group or event.rule
end

-- What has been told as firing may be in its thread's way still.
local function is_waiting(self, thread)
  local _, _, found = self.execute("SELECT 1 FROM alert_message WHERE thread = ? AND outcome = 'pending' LIMIT 1", thread)
  return found ~= nil
end

local function thread_of(self, event, rule, told_in)
  local is_storm = (self.storms[event.rule .. "\0" .. event.state] or 0) > storm_of(rule)
  if told_in then
    return is_storm and told_in ~= Ledger.MANY and not is_waiting(self, told_in) and Ledger.MANY or told_in
  end
  return is_storm and Ledger.MANY or own_thread(self, event, rule)
end

-- ---- events ----

-- What of an event is not looked at before it is written, and cannot be made again.
local PACKED = { "severity", "reason", "value", "unit", "threshold", "evidence", "text" }

--- An event with most of it as one text, of which a storm's events take a quarter of the room.
function Ledger.pack(event)
  local rest = {}
  for _, name in ipairs(PACKED) do
    rest[name] = event[name]
  end
  return { id = event.id, alert = event.alert, rule = event.rule, state = event.state, subject = event.subject, at = event.at,
    at_utc = event.at_utc, since = event.since, packed = assert(cjson.encode(rest)) }
end

--- An event that is made again when it is written: no more of it is kept than it takes to put events in order.
function Ledger.note(event, place)
  return { place = place, alert = event.alert, rule = event.rule, state = event.state, subject = event.subject, at = event.at,
    at_utc = event.at_utc }
end

local function unpack_event(self, event)
  if event.place then
    local whole = self.make_event(event.place, event.subject)
    whole.inhibited = event.inhibited
    return whole
  elseif not event.packed then
    return event
  end
  local whole = cjson.decode(event.packed)
  for _, name in ipairs { "id", "alert", "rule", "state", "subject", "at", "since", "inhibited" } do
    whole[name] = event[name]
  end
  return whole
end

-- The group that an alert's events are of, as the first one told it: labels of it must not change.
local function group_of(self, event, rule)
  local _, _, group = self.execute([[SELECT json_extract(event, '$.group') FROM alert_event WHERE alert = ?
    ORDER BY number LIMIT 1]], event.alert)
  return group or own_thread(self, event, rule)
end

-- As the outbox has them; without a thread it is told nowhere.
local function put(self, event, rule, thread, names)
  local subject = event.subject
  outbox.put(self.execute, { {
    id = event.id, alert = event.alert, rule = event.rule, severity = event.severity, state = event.state, reason = event.reason,
    subject = { kind = subject.kind, id = subject.id, zone = subject.zone }, at = microseconds(event.at),
    since = microseconds(event.since), value = event.value, unit = event.unit, threshold = event.threshold,
    evidence = event.evidence, text = event.text, runbook = rule and rule.runbook, storm = rule and rule.storm,
    inhibited = event.inhibited, group = group_of(self, event, rule), thread = thread or nil,
    channels = thread and names or nil,
  } }, self.now, thread and due_of(self, thread, rule) or nil)
end

local function alert_of(self, id)
  return rows(self, "SELECT number, told, thread, silenced, muted, inhibited, acked, ack_until FROM alert WHERE id = ?", id)[1]
end

-- Of what somebody has acknowledged nothing is told but its end.
local function is_acked(row, now)
  return row.acked and not (row.ack_until and row.ack_until <= now)
end

local insert_sql = [[INSERT INTO alert(id, rule, rule_number, severity, kind, subject, zone, state, since, at, value, unit,
    threshold, text, flapping, silenced, muted, inhibited)
  VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, 'firing', ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
  ON CONFLICT(id) DO UPDATE SET state = 'firing', ended = NULL, reason = NULL, value = ?10, text = ?13, flapping = ?14,
    silenced = ?15, muted = ?16, inhibited = ?17]]

local function flag(value)
  return value and 1 or 0
end

-- An alert begins, or is told again.
local function begin(self, event, rule, number)
  local subject = event.subject
  local alert = { rule = event.rule, severity = event.severity, kind = subject.kind, subject = subject.id }
  local silenced, muted = self.quiet:is_silenced(alert), self.quiet:is_muted(alert, rule)
  self.execute(insert_sql, event.alert, event.rule, number, event.severity, subject.kind, subject.id, subject.zone,
    microseconds(event.since), microseconds(event.at), event.value, event.unit, event.threshold, event.text,
    flag(event.state == "flapping"), flag(silenced), flag(muted), event.inhibited)
  local row = alert_of(self, event.alert)
  if silenced or muted or event.inhibited or is_acked(row, self.now) then
    return put(self, event, rule, nil)
  end
  local thread = thread_of(self, event, rule, row.told > 0 and row.thread)
  put(self, event, rule, thread, channels_of(self, rule, event.rule, subject.id))
  self.execute("UPDATE alert SET told = ?2, thread = ?3 WHERE id = ?1", event.alert, self.now, thread)
end

local function finish(self, event, rule)
  local row = alert_of(self, event.alert)
  local thread = row and row.told > 0 and thread_of(self, event, rule, row.thread)
  put(self, event, rule, thread or nil, thread and channels_told(self, event.alert))
  self.execute([[UPDATE alert SET state = ?2, ended = ?3, reason = ?4, flapping = 0, frozen = 0 WHERE id = ?1]], event.alert,
    event.state, microseconds(event.at), event.reason)
end

--- Writes events, in their order.
-- @tparam {table,...} events of `loom.alerts.evaluation`
-- @tparam function number_of (name of a rule): its number
function Ledger:events(events, number_of)
  self.storms = count_storms(events)
  for _, light in ipairs(events) do
    local event = unpack_event(self, light)
    local rule = self.rules[event.rule]
    if event.state == "firing" or event.state == "flapping" then
      begin(self, event, rule, number_of(event.rule))
      for _, member in ipairs(light.speaks_for or {}) do
        self.execute("UPDATE alert SET inhibited = ?2 WHERE id = ?1 AND ended IS NULL", member, event.alert)
      end
    else
      finish(self, event, rule)
    end
  end
end

--- The alerts that are open, of those that have the number of no rule.
function Ledger:open(number)
  return rows(self, [[SELECT id, rule, severity, kind, subject, since, value, text FROM alert
    WHERE ended IS NULL AND rule_number = ?]], number)
end

--- Ends alerts that nothing will end any more: their rules are gone, or their groups.
-- @tparam {table,...} list `id`, `rule`, `severity`, `kind`, `subject`, `zone`, `since`, `value`, `unit`, `threshold`, `text` as
--   they are in the table, and `end_reason`
-- @tparam int at the instant
function Ledger:finish(list, at)
  local events = {}
  for i, row in ipairs(list) do
    local id = core.alert_id(at, table.concat({ row.id, "resolved", row.end_reason }, "\0"))
    events[i] = { id = id, alert = row.id, rule = row.rule,
      severity = row.severity, subject = { kind = row.kind, id = row.subject, zone = row.zone }, state = "resolved",
      reason = row.end_reason, at = at / MICROSECONDS, since = row.since / MICROSECONDS, value = row.value, unit = row.unit,
      threshold = row.threshold, text = row.text }
  end
  self:events(events, function() return 0 end)
end

-- ---- states ----

--- Writes a state that has become another one.
-- @tparam int number of the rule; 0: the feed
-- @tparam string subject
-- @tparam ?string bytes nil: it need not be kept
-- @tparam string phase
-- @tparam bool is_flapping
-- @tparam bool is_frozen there is no result now
function Ledger:state(number, subject, bytes, phase, is_flapping, is_frozen)
  if not bytes then
    return self.execute("DELETE FROM alert_state WHERE rule = ? AND subject = ?", number, subject)
  end
  self.execute("INSERT OR REPLACE INTO alert_state VALUES(?, ?, CAST(? AS BLOB))", number, subject, bytes)
  if phase ~= "pending" then
    self.execute([[UPDATE alert SET state = ?3, flapping = ?4, frozen = ?5 WHERE rule_number = ?1 AND subject = ?2
      AND ended IS NULL]], number, subject, phase == "firing" and "firing" or "resolving", flag(is_flapping), flag(is_frozen))
  end
end

-- ---- what holds alerts back, and what is told again ----

local function names_where(rules, is_one)
  local names = {}
  for name, rule in pairs(rules) do
    names[#names + 1] = is_one(rule) and name or nil
  end
  return assert(cjson.encode(#names > 0 and names or { "" }))
end

-- Alerts that may be of another opinion about being told: all where anything is silent.
local function candidates(self, after)
  local repeating = names_where(self.rules, function(rule) return rule["repeat"] ~= nil end)
  return rows(self, [[SELECT number, id, rule, severity, kind, subject, told, thread, silenced, muted, inhibited, flapping,
      frozen, acked, ack_until, EXISTS(SELECT 1 FROM alert o WHERE o.id = a.inhibited AND o.ended IS NULL) AS is_inhibited
    FROM alert a WHERE ended IS NULL AND number > ?1 AND (?2 OR told = 0 OR silenced = 1 OR muted = 1
      OR rule IN (SELECT value FROM json_each(?3))) ORDER BY number LIMIT ?4]], after, flag(self.quiet:is_any()), repeating, PAGE)
end

local function last_event(self, id)
  return rows(self, [[SELECT number, event FROM alert_event WHERE alert = ? AND state IN ('firing', 'flapping')
    ORDER BY number DESC LIMIT 1]], id)[1]
end

local function tell_late(self, row, rule)
  local event = last_event(self, row.id)
  if event then
    outbox.send(self.execute, event.number, channels_of(self, rule, row.rule, row.subject), Ledger.LATE, self.now,
      due_of(self, Ledger.LATE, rule))
  end
  self.execute("UPDATE alert SET told = ?2, thread = ?3 WHERE number = ?1", row.number, self.now, Ledger.LATE)
end

-- What goes on is told again, as an event of its own.
local function remind(self, row, rule)
  local last = last_event(self, row.id)
  local event = last and cjson.decode(last.event)
  if event then
    event.id = core.alert_id(self.now, row.id .. "\0repeat\0" .. tostring(self.now))
    event.reason, event.at, event.thread, event.channels = "repeat", self.now, row.thread,
      channels_of(self, rule, row.rule, row.subject)
    outbox.put(self.execute, { event }, self.now, due_of(self, row.thread, rule))
  end
  self.execute("UPDATE alert SET told = ?2 WHERE number = ?1", row.number, self.now)
end

local function look_at(self, row)
  local rule = self.rules[row.rule]
  local silenced, muted = self.quiet:is_silenced(row), self.quiet:is_muted(row, rule)
  local inhibited = row.is_inhibited == 1
  if silenced ~= (row.silenced == 1) or muted ~= (row.muted == 1) then
    self.execute("UPDATE alert SET silenced = ?2, muted = ?3 WHERE number = ?1", row.number, flag(silenced), flag(muted))
  end
  local every = rule and rule["repeat"]
  if silenced or muted or inhibited or is_acked(row, self.now) then
    return
  elseif row.told == 0 then
    tell_late(self, row, rule)
  elseif every and self.now - row.told >= every and row.flapping == 0 and row.frozen == 0 then
    remind(self, row, rule)
  end
end

--- Looks at what is open: what is silent now, what is not any more, and what is to be told again.
function Ledger:review()
  local after = 0
  repeat
    local page = candidates(self, after)
    for _, row in ipairs(page) do
      look_at(self, row)
      after = row.number
    end
  until #page < PAGE
end

return Ledger
