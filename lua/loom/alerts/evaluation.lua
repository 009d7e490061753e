--- The evaluation of alert rules: which stores each is for, and the events that come of it (src/core/alert/evaluator.h).
--
-- An event is a table of
--
--     id         26 characters that sort by time; the same whenever the same is evaluated
--     alert      the id of the alert: of one firing of a rule for a subject
--     rule       its name, or "stale"
--     severity   of the rule
--     subject    { kind = "store"|"group"|"fleet"|"system", id, zone }
--     state      "firing", "resolved", "flapping" or "expired"
--     reason     of what is resolved or expired: "recovered", "rule_changed", "excluded", "store_left", "rule_removed",
--                "no_result"
--     at, since  in seconds since 1970-01-01 UTC; at_utc and since_utc are the same as text
--     value, unit, threshold   what the rule compares: see `loom.alerts.rules`
--     evidence   what it was made from
--     text       the rule's text, its fields filled in
--     inhibited  the id of the alert of the group that speaks for it; or nil
--     speaks_for the ids of the alerts that began before it, and for which it speaks from now on; or nil
--
-- @module loom.alerts.evaluation

local check = require "loom.check"
local core = require "loom.core"
local rules = require "loom.alerts.rules"
local stores = require "loom.stores"
local time = require "loom.time"

local Evaluation = {}
Evaluation.__index = Evaluation

--- So many groups a rule may have, some 400 bytes each while it is evaluated.
Evaluation.GROUPS_MAX = 65535

-- What a group tells speaks for the alerts of its members that began so close to it, in seconds.
local INHIBITED = 900

-- ---- members ----

local function set_of(list)
  local set = {}
  for _, item in ipairs(list or {}) do
    set[item] = true
  end
  return list and set
end

-- A rule that is for all stores, and judges them one by one, needs no list of them.
local function needs_members(rule)
  return rule.when.scope == "group" or (rule.stores and (rule.stores.where or rule.stores.ids))
end

local function is_for(rule, ids, store)
  local choice = rule.stores or {}
  return (not ids or ids[store.store_id]) and (not choice.where or stores.meets(store, choice.where))
end

local function group_of(rule, store, default_zone)
  if rule.when.scope ~= "group" then
    return nil
  elseif rule.group_by == "timezone" then
    return store.timezone_str or default_zone
  end
  return store.attributes[rule.group_by]
end

-- Adds a store to what is found of a rule. One of too many groups is looked at no further.
local function add_member(of, store, group)
  local members = of.members
  if group and not of.numbers[group] then
    of.has_too_many = #members.names == Evaluation.GROUPS_MAX
    if of.has_too_many then
      return
    end
    members.names[#members.names + 1] = group
    of.numbers[group] = #members.names
  end
  members.stores[#members.stores + 1] = store.store_id
  members.groups[#members.stores] = group and of.numbers[group] or 0
end

-- The members of some rules, by rule.
local function find_members(monitor, list, only_group)
  local found = {}
  for i, rule in ipairs(list) do
    if needs_members(rule) then
      found[i] = { ids = set_of(rule.stores and rule.stores.ids), numbers = {},
        members = { stores = {}, groups = {}, names = {} } }
    end
  end
  if not next(found) then
    return found
  end
  for store in stores.each(monitor.database) do
    for i, of in pairs(found) do
      if not of.has_too_many and is_for(list[i], of.ids, store) then
        local group = group_of(list[i], store, monitor.default_zone)
        if not only_group or group == only_group then
          add_member(of, store, group)
        end
      end
    end
  end
  return found
end

-- ---- texts ----

local function shown_value(value, unit)
  if unit == "s" then
    local minutes = math.floor(value / 60)
    return minutes >= 60 and ("%dh %dm"):format(math.floor(minutes / 60), minutes % 60) or ("%dm"):format(minutes)
  elseif unit == "ratio" then
    return ("%.2f %%"):format(value * 100)
  end
  return ("%d %s"):format(value, unit)
end

local DEFAULT, STALE = "{value} (threshold {threshold})", "no poll of any store for {value}"

-- An instant, in seconds, to the minute, as the clock of a store shows it; of others in UTC.
local function shown_instant(database, zone, seconds)
  local instant = math.floor(seconds * 1000000)
  local shown = zone and time.on_clock(database, zone, instant)
  return (shown or time.text(instant)):sub(1, 16) .. " " .. (shown and zone or "UTC")
end

local function render(template, event, rule, database)
  local subject = event.subject
  local values = {
    rule = event.rule, severity = event.severity, state = event.state, reason = event.reason or "",
    store = subject.id ~= "" and subject.id or subject.kind, group = subject.kind == "group" and subject.id or "",
    timezone = subject.zone or "", value = shown_value(event.value, event.unit),
    threshold = event.threshold and shown_value(event.threshold, event.unit) or "",
    since = shown_instant(database, subject.zone, event.since), at = shown_instant(database, subject.zone, event.at),
    runbook = rule and rule.runbook or "",
  }
  return (template:gsub("{([^{}]*)}", values))
end

-- ---- making ----

local function code_of(message)
  return tostring(message):match "^(%u+):" or "EIO"
end

-- The native half. What it raises of what it is given, such as a number that is out of range, is a failure of the rules.
local function new_native(monitor, compiled, members, options)
  local made, native, message, code = pcall(core.alert_evaluator, monitor.database, { rules = compiled, members = members,
    default_zone = monitor.default_zone, stale_after = options and options.stale_after,
    dormant_after = options and options.dormant_after })
  if made then
    return native, message, code
  end
  return nil, "EINVAL: " .. tostring(native), "EINVAL"
end

local function is_taken(monitor, compiled)
  local native, message = new_native(monitor, compiled, {})
  if native then
    native:close()
  end
  return native ~= nil, message
end

--- Which rules the evaluator takes, of some that are read: each of them, and, of those that are enabled, all together. They
-- depend on each other by `max_gap` alone, of which there may be so many different ones; of those the first ones are taken.
-- @tparam loom.monitor monitor
-- @tparam {table,...} list as `loom.alerts.rules.read` gives them
-- @treturn {table,...} those that it takes
-- @treturn {table,...} the others: `name` and `why`
function Evaluation.sort_out(monitor, list)
  local good, bad, gaps, gap_known = {}, {}, {}, {}
  for _, rule in ipairs(list) do
    local compiled = rules.compile(rule)
    local taken, why = is_taken(monitor, { compiled })
    local gap = rule.max_gap or false
    if taken and rule.enabled and not gap_known[gap] then
      -- in the place of all rules of a gap, one that is quick to make
      gaps[#gaps + 1] = { kind = "no_poll", meaning = "", max_gap = rule.max_gap }
      taken, why = is_taken(monitor, gaps)
      gap_known[gap] = taken or nil
      gaps[#gaps] = taken and gaps[#gaps] or nil
    end
    if taken then
      good[#good + 1] = rule
    else
      bad[#bad + 1] = { name = rule.name, why = (tostring(why):gsub("^%u+: ", "", 1):gsub("^rule %d+: ", "", 1)) }
    end
  end
  return good, bad
end

-- Takes rules of too many groups out of a list, and what was found of them. Gives their names and why.
local function take_out(list, found)
  local taken, kept, kept_found = {}, {}, {}
  for i, rule in ipairs(list) do
    if found[i] and found[i].has_too_many then
      taken[#taken + 1] = { kind = "rule", name = rule.name, number = rule.number,
        why = ("EINVAL: rule %s: group_by: its stores have more than %d different values of %s"):format(check.shown(rule.name),
          Evaluation.GROUPS_MAX, check.shown(rule.group_by)) }
    else
      kept[#kept + 1] = rule
      kept_found[#kept] = found[i]
    end
  end
  return taken, kept, kept_found
end

--- Makes an evaluation of rules, whose states are those of never having been evaluated.
-- @tparam loom.monitor monitor which must stay open
-- @tparam {table,...} list of rules as `loom.alerts.rules.read` gives them; those that are not enabled are left out
-- @tparam[opt] table options `stale_after`, `dormant_after` in microseconds; `leave_out`: rules of more than `GROUPS_MAX` groups
--   are left out, too, rather than a failure; `only_group`: no other group is known
-- @treturn table|nil `left_out` are those rules: `kind`, `name`, `number`, `why`
-- @treturn ?string the failure
-- @treturn ?string its code
function Evaluation.new(monitor, list, options)
  local enabled, compiled, members, left_out = {}, {}, {}
  for _, rule in ipairs(list) do
    enabled[#enabled + 1] = rule.enabled and rule or nil
  end
  local good, found = pcall(find_members, monitor, enabled, options and options.only_group)
  if not good then
    return nil, found, code_of(found)
  end
  left_out, enabled, found = take_out(enabled, found)
  if left_out[1] and not (options and options.leave_out) then
    return nil, left_out[1].why, "EINVAL"
  end
  for i, rule in ipairs(enabled) do
    compiled[i] = rules.compile(rule)
    if found[i] then
      members[#members + 1] = found[i].members
      compiled[i].members = #members
    end
  end
  local native, message, code = new_native(monitor, compiled, members, options)
  if not native then
    return nil, message, code
  end
  return setmetatable({ native = native, monitor = monitor, rules = enabled, members = found, left_out = left_out,
    groups_firing = {}, stores_firing = {}, inhibited = {} }, Evaluation)
end

-- ---- events ----

-- Ids are the same on every Lua: a number as text is not.
local function id_of(native_event, state, at)
  local fired_at = native_event.fired_at
  return core.alert_id(at, table.concat({ native_event.rule_name, native_event.kind, native_event.subject,
    fired_at and ("%d"):format(fired_at) or "nil", state, ("%d"):format(at) }, "\0"))
end

local INSTANTS = { "from", "to", "open", "close", "last_poll" }
local TIMES = { "up", "down", "unknown", "excluded" }

local function evidence_of(found)
  for _, name in ipairs(INSTANTS) do
    if found[name] then
      time.set(found, name, found[name])
    end
  end
  for _, name in ipairs(TIMES) do
    found[name] = time.seconds(found[name])
  end
  return found
end

--- Times of what a verdict was made from, as they are told.
-- @local
Evaluation.evidence = evidence_of

-- So many events, and the zones of all stores are read at once.
local MANY = 100

local function zone_of(self, kind, id)
  if kind ~= "store" then
    return nil
  elseif self.zones then
    return self.zones[id] or self.monitor.default_zone
  end
  local store = stores.get(self.monitor.database, id)
  return store and store.timezone_str or self.monitor.default_zone
end

-- An event of the last evaluation. Its subject may be known, as the same event has had it.
local function make_event(self, native, subject)
  local rule = self.rules[native.rule]
  native.rule_name = rule and rule.name or "stale"
  native.kind = rule and rule.when.scope or "system"
  local event = { rule = native.rule_name, severity = rule and rule.severity or "error", state = native.state,
    reason = native.reason, subject = subject or { kind = native.kind, id = rule and native.subject or "stale",
      zone = zone_of(self, native.kind, native.subject) } }
  event.alert = id_of(native, "", native.fired_at or native.at)
  event.id = id_of(native, native.state, native.at)
  if rule then
    event.threshold, event.unit = rules.threshold(rule)
  else
    event.unit = "s"
  end
  event.value = event.unit == "s" and time.seconds(native.value) or native.value
  time.set(event, "at", native.at)
  time.set(event, "since", native.since or native.at)
  event.evidence = evidence_of(native.evidence)
  event.text = render(rule and (rule.text or DEFAULT) or STALE, event, rule, self.monitor.database)
  return event
end

-- Whether an alert began close enough to that of its group for this one to speak for it; both have `at`, in seconds.
local function is_close(a, b)
  return math.abs(a.at - b.at) <= INHIBITED
end

-- A group begins to fire: it speaks from now on also for those of its members that were told a short while before.
local function speak_for_members(self, event, firing)
  event.speaks_for = {}
  for alert, member in pairs(self.stores_firing) do
    if not self.inhibited[alert] and is_close(member, firing) and self:is_in(firing.rule, firing.group, member.id) then
      self.inhibited[alert] = firing.alert
      table.insert(event.speaks_for, alert)
    end
  end
end

local function note_group(self, event)
  local key = event.rule .. "\0" .. event.subject.id
  if event.state ~= "firing" and event.state ~= "flapping" then
    self.groups_firing[key] = nil
    return
  end
  local before = self.groups_firing[key]
  if not before or before.alert ~= event.alert then
    self.groups_firing[key] = { alert = event.alert, at = event.at, rule = event.rule, group = event.subject.id }
    speak_for_members(self, event, self.groups_firing[key])
  end
end

-- Whether any rule speaks for stores: a fleet's worth of them is noted for nothing where there is none.
local function speaks_for_stores(self)
  for _, rule in ipairs(self.rules) do
    if rule.when.kind == "group_down" then
      return true
    end
  end
  return false
end

--- Whether any rule speaks for stores.
Evaluation.speaks_for_stores = speaks_for_stores

local function note_store(self, event)
  if event.state ~= "firing" and event.state ~= "flapping" then
    self.stores_firing[event.alert] = nil
    return
  end
  self.stores_firing[event.alert] = self.stores_firing[event.alert] or { id = event.subject.id, at = event.at }
  for _, firing in pairs(event.state == "firing" and self.groups_firing or {}) do
    if is_close(event, firing) and self:is_in(firing.rule, firing.group, event.subject.id) then
      self.inhibited[event.alert] = firing.alert
    end
  end
end

-- While a group fires it speaks for its members' alerts that began close to it.
local function inhibit(self, event)
  if event.subject.kind == "group" then
    note_group(self, event)
  elseif event.subject.kind == "store" and speaks_for_stores(self) then
    note_store(self, event)
  end
  event.inhibited = self.inhibited[event.alert]
  if event.state == "resolved" or event.state == "expired" then
    self.inhibited[event.alert] = nil
  end
end

--- The group that a store is in by a rule of stores that groups its messages; nil: none.
function Evaluation:group_of(rule, id)
  if not rule.group_by or rule.when.scope == "group" then
    return nil
  end
  local store = stores.get(self.monitor.database, id)
  if rule.group_by == "timezone" then
    return store and store.timezone_str or self.monitor.default_zone
  end
  return store and store.attributes[rule.group_by]
end

--- Whether a store is in a group of a rule of `group_down`.
-- @local
function Evaluation:is_in(rule_name, group, store)
  for i, rule in ipairs(self.rules) do
    if rule.name == rule_name and rule.when.kind == "group_down" then
      local of = self.members[i]
      if not of.group_of then
        of.group_of = {}
        for place, id in ipairs(of.members.stores) do
          of.group_of[id] = of.members.names[of.members.groups[place]]
        end
      end
      return of.group_of[store] == group
    end
  end
  return false
end

-- By instant; groups before stores, for which they may speak; then by rule and subject.
local function goes_first(a, b)
  if a.at_utc ~= b.at_utc then
    return a.at_utc < b.at_utc
  elseif (a.subject.kind == "store") ~= (b.subject.kind == "store") then
    return b.subject.kind == "store"
  elseif a.rule ~= b.rule then
    return a.rule < b.rule
  end
  return a.subject.id < b.subject.id
end

--- Evaluates at the instants of clocks, or of rounds that were.
-- @tparam int|{table,...} first in microseconds; or rounds, up to `most()` of them, as `loom.alerts.rounds` reads them
-- @tparam[opt=1] int step
-- @tparam[opt=1] int count up to `most()`
-- @tparam[opt] {string,...} ids only these stores, and no groups: those that a write has changed
-- @treturn {table,...}|nil the events, in the order in which they happened
-- @treturn ?string the failure
-- @treturn ?string its code
function Evaluation:evaluate(first, step, count, ids)
  local events, message, code = self:gather(first, step, count, ids)
  if not events then
    return nil, message, code
  end
  return self:arrange(events)
end

--- The same, but in no order, and without what speaks for what: for those who evaluate in parts, and arrange all.
-- @tparam int first
-- @tparam[opt] int step
-- @tparam[opt] int count
-- @tparam[opt] {string,...} ids
-- @tparam[opt] function pack (event, place): what is kept of each, which has to have `rule`, `state`, `subject`, `alert`, `at`
--   and `at_utc`: a fleet's events are some 5 KB each. By its place it is made again until the next evaluation (`event`)
function Evaluation:gather(first, step, count, ids, pack)
  local events = {}
  local found, message, code = self.native:evaluate(self.monitor.database, first, step or 1, count or 1, ids or nil)
  if not found then
    return nil, message, code
  end
  self.zones = found > MANY and stores.zones_of(self.monitor.database, self.monitor.default_zone) or nil
  for i = 1, found do
    local event = make_event(self, self.native:event(i))
    events[i] = pack and pack(event, i) or event
  end
  self.zones = nil
  return events
end

--- Makes an event of the last evaluation again.
-- @tparam int place
-- @tparam table subject as it had it
function Evaluation:event(place, subject)
  return make_event(self, self.native:event(place), subject)
end

--- Puts events into the order in which they happened, and finds which alerts are spoken for.
function Evaluation:arrange(events)
  table.sort(events, goes_first)
  for _, event in ipairs(events) do
    inhibit(self, event)
  end
  return events
end

--- Takes what speaks for what as it was, before anything is evaluated.
-- @tparam {table,...} alerts those that are open: `id`, `rule`, `kind`, `subject`, `at` (in seconds), `inhibited`
function Evaluation:recall(alerts)
  for _, alert in ipairs(alerts) do
    if alert.kind == "group" then
      self.groups_firing[alert.rule .. "\0" .. alert.subject] = { alert = alert.id, at = alert.at, rule = alert.rule,
        group = alert.subject }
    elseif alert.kind == "store" and speaks_for_stores(self) then
      self.stores_firing[alert.id] = { id = alert.subject, at = alert.at }
    end
    self.inhibited[alert.id] = alert.inhibited
  end
end

--- Whether a rule is for some stores, so that it has to be made anew when stores come or have other attributes or zones.
function Evaluation:has_members()
  return next(self.members) ~= nil
end

--- The states that the last evaluation has made others: calls visit(rule, subject, bytes, phase, is_flapping, is_frozen) of
-- each, where `bytes` is nil of one that need not be kept, and `rule` its place.
function Evaluation:each_moved(visit)
  for i = 1, self.native:moved() do
    visit(self.native:moved_at(i))
  end
end

--- Up to which instant the states that are put were judged.
function Evaluation:resume(instant)
  self.native:resume(instant)
end

--- Of how many clocks one evaluation may be.
function Evaluation:most()
  return self.native:most()
end

--- The state of a rule's subject: the bytes that `put` takes, and what is in them.
-- @tparam int rule its place in `rules`; 0: that the feed is stale
-- @tparam string id of the store or group; `""` of the fleet and the feed
function Evaluation:state(rule, id)
  return self.native:state(rule, id)
end

--- Gives a rule's subject the state that it had.
function Evaluation:put(rule, id, bytes)
  return self.native:put(rule, id, bytes)
end

function Evaluation:close()
  self.native:close()
end

return Evaluation
