--- The book of alerts: what fires, what has fired, and what was told of it. The agent (`loom.agent`) writes it; this reads it,
-- and takes what people say to it.
--
-- An alert is a table of
--
--     number     grows with each alert
--     id         26 characters; the same in all events and messages
--     rule       its name, or "stale" and the like of the system's
--     severity   "critical", "error", "warning" or "info"
--     subject    { kind = "store"|"group"|"fleet"|"system", id, zone }
--     state      "firing", "resolving" (what it fired for is over, but not yet for long enough), "resolved" or "expired"
--     since, at, ended   since when it was so, when it fired, and when it ended, in seconds; with `_utc` the same as text
--     reason     of what has ended: see `loom.alerts.evaluation`
--     value, unit, threshold, text   as it last told them
--     flags      { acknowledged, silenced, muted, inhibited, flapping, frozen }, each true or false; frozen: no result now
--     inhibited_by   the id of the alert that spoke for it when it fired, and does as long as it is open itself; or nil
--     ack        { who, note, at, until }, times as above (at_utc, until_utc); or nil
--
-- @module loom.alerts.book

local author = require "loom.author"
local canonical = require "loom.canonical"
local check = require "loom.check"
local rules = require "loom.alerts.rules"
local stores = require "loom.stores"
local time = require "loom.time"
local transaction = require "loom.transaction"

local book = {}

-- How many alerts a page has: what a page of a list shows, and what is a few hundred KB.
local LIMIT, LIMIT_MAX = 100, 1000
book.LIMIT, book.LIMIT_MAX = LIMIT, LIMIT_MAX

-- What belongs to one alert: a month of one that flaps or is told every hour.
local EVENTS_MAX, DELIVERIES_MAX = 1000, 1000

-- How long a note and a name may be: what a line of a page shows.
local NOTE_MAX, NAME_MAX = 1000, 200

--- The states of alerts; `"open"` is both that have not ended.
book.states = { "firing", "resolving", "resolved", "expired" }

local function texts(value)
  local list = type(value) == "string" and { value } or value
  if type(list) ~= "table" or not check.length(list) or #list > LIMIT then
    return nil, ("text or list of up to %d"):format(LIMIT)
  end
  for _, item in ipairs(list) do
    if type(item) ~= "string" then
      return nil, "text or list of texts"
    end
  end
  return list
end

-- Checker of a choice of some of a few words.
local function some_of(words)
  local one = check.choice(words)
  return function(value)
    local list, expected = texts(value)
    for _, item in ipairs(list or {}) do
      local good, why = one(item)
      if not good then
        return nil, why
      end
    end
    return list, expected
  end
end

local filters = {
  state = some_of { "open", "firing", "resolving", "resolved", "expired" },
  severity = some_of(rules.severities),
  rule = texts,
  store_id = texts,
  kind = some_of { "store", "group", "fleet", "system" },
  where = stores.conditions,
  from = time.instant,
  to = time.instant,
  limit = check.integer(1, LIMIT_MAX),
  before = check.integer(1, 2 ^ 53),
}

-- ---- reading ----

local COLUMNS = [[SELECT number, id, rule, severity, kind, subject, zone, state, since, at, ended, reason, value, unit, threshold,
  text, told, flapping, frozen, silenced, muted, inhibited, acked, acked_by, ack_note, ack_until,
  ended IS NULL AND EXISTS(SELECT 1 FROM alert o WHERE o.id = a.inhibited AND o.ended IS NULL) AS is_inhibited FROM alert a]]

local function ack_of(row)
  if not row.acked then
    return nil
  end
  local ack = { who = row.acked_by, note = row.ack_note }
  time.set(ack, "at", row.acked)
  if row.ack_until then
    time.set(ack, "until", row.ack_until)
  end
  return ack
end

local function alert_of(row, now)
  local alert = { number = row.number, id = row.id, rule = row.rule, severity = row.severity, state = row.state,
    subject = { kind = row.kind, id = row.subject, zone = row.zone }, reason = row.reason, value = row.value, unit = row.unit,
    threshold = row.threshold, text = row.text, inhibited_by = row.inhibited, ack = ack_of(row) }
  time.set(alert, "since", row.since)
  time.set(alert, "at", row.at)
  if row.ended then
    time.set(alert, "ended", row.ended)
  end
  local is_acked = row.acked ~= nil and (not row.ack_until or row.ack_until > now)
  alert.flags = { acknowledged = is_acked, silenced = row.silenced == 1, muted = row.muted == 1,
    inhibited = row.is_inhibited == 1, flapping = row.flapping == 1, frozen = row.frozen == 1 }
  return alert
end

-- A condition on a column that is to be one of some texts.
local function among(conditions, values, column, list)
  if list then
    conditions[#conditions + 1] = ("%s IN (%s)"):format(column, ("?, "):rep(#list):sub(1, -3))
    for _, item in ipairs(list) do
      values[#values + 1] = item
    end
  end
end

local function add_states(conditions, values, list)
  local wanted = {}
  for _, state in ipairs(list or {}) do
    for _, one in ipairs(state == "open" and { "firing", "resolving" } or { state }) do
      wanted[#wanted + 1] = one
    end
  end
  local is_open = #wanted > 0
  for _, state in ipairs(wanted) do
    is_open = is_open and (state == "firing" or state == "resolving")
  end
  if is_open then -- which lets the index of what has not ended be used
    conditions[#conditions + 1] = "ended IS NULL"
  end
  among(conditions, values, "state", list and wanted)
end

--- Adds conditions on the attributes of stores to those of a query of `a`, which has `kind` and `subject`; what is about no store
-- meets none of them.
-- @tparam {string,...} conditions
-- @tparam {string,...} values of the question marks in them
-- @tparam ?table where as `loom.stores.conditions` gives it
function book.add_where(conditions, values, where)
  for name, allowed in pairs(where or {}) do
    local of_value = {}
    values[#values + 1] = name
    for value in pairs(allowed) do
      of_value[#of_value + 1] = "?"
      values[#values + 1] = value
    end
    conditions[#conditions + 1] = ([[a.kind = 'store' AND EXISTS(SELECT 1 FROM store s JOIN attribute t ON t.store = s.number
      WHERE s.store_id = a.subject AND t.name = ? AND t.value IN (%s))]]):format(table.concat(of_value, ", "))
  end
end

local function sql_of(options)
  local conditions, values = { "number < ?" }, { options.before or 2 ^ 53 }
  add_states(conditions, values, options.state)
  among(conditions, values, "severity", options.severity)
  among(conditions, values, "rule", options.rule)
  among(conditions, values, "kind", options.kind or options.store_id and { "store" })
  among(conditions, values, "subject", options.store_id)
  book.add_where(conditions, values, options.where)
  if options.from then
    conditions[#conditions + 1], values[#values + 1] = "ifnull(ended, at) >= ?", options.from
  end
  if options.to then
    conditions[#conditions + 1], values[#values + 1] = "at < ?", options.to
  end
  values[#values + 1] = options.limit or LIMIT
  return COLUMNS .. " WHERE " .. table.concat(conditions, " AND ") .. " ORDER BY number DESC LIMIT ?", values
end

local unpack = table.unpack or unpack -- luacheck: ignore 143 (LuaJIT)

--- Alerts, the newest first.
-- @tparam loom.monitor monitor
-- @tparam[opt] table filter `state`, one or a list: of `"open"`, `"firing"`, `"resolving"`, `"resolved"` and `"expired"`;
--   `severity`, `rule`, `kind` of the subject, `store_id`: one or a list; `where`: attributes of the store, as reports take
--   them; `from`, `to`: those that were open at any time from the one to before the other; `limit` (100, up to 1,000);
--   `before`: the number of an alert, those before it
-- @treturn {table,...}|nil
-- @treturn ?string the failure
-- @treturn ?string its code
function book.list(monitor, filter)
  filter = check.options("alerts", filter, filters)
  local sql, values = sql_of(filter)
  local rows, message, code = monitor.database:rows(sql, unpack(values))
  local now = time.now(monitor)
  for i, row in ipairs(rows or {}) do
    rows[i] = alert_of(row, now)
  end
  return rows, message, code
end

-- The events of an alert as they were told, the oldest first: see `loom.alerts.evaluation`.
local function events_of(database, id)
  local cjson = require "cjson.safe" -- which nothing else of the module needs
  local rows, message, code = database:rows([[SELECT event FROM (SELECT number, event FROM alert_event WHERE alert = ?
    ORDER BY number DESC LIMIT ?) ORDER BY number]], id, EVENTS_MAX)
  for i, row in ipairs(rows or {}) do
    local event = cjson.decode(row.event) or {}
    -- of an event in the outbox times are in microseconds, as all that is written there
    rows[i] = time.set_all({ event }, { "at", "since" })[1]
  end
  return rows, message, code
end

local deliveries_sql = [[SELECT m.id, c.name AS channel, c.kind, e.id AS event, e.state, m.made, m.due, m.tries, m.outcome,
    m.ended, m.answer
  FROM alert_event e JOIN alert_message_event x ON x.event = e.number JOIN alert_message m ON m.number = x.message
    JOIN alert_channel c ON c.number = m.channel
  WHERE e.alert = ? ORDER BY m.number, e.number LIMIT ?]]

--- An alert by its id.
-- @tparam loom.monitor monitor
-- @tparam string id
-- @treturn table|nil the alert, with `events` (as they were told, the oldest first) and `deliveries`: of each event and channel
--   `{ id, channel, kind, event, state, made, due, ended, tries, outcome, answer }`, where `id` is the message's, `event` and
--   `state` the event's, and `outcome` `"pending"`, `"delivered"`, `"dead"` or `"dropped"`
-- @treturn ?string the failure: ENOENT, there is none
-- @treturn ?string its code
function book.get(monitor, id)
  check.argument("alert", 1, id, check.string)
  local rows, message, code = monitor.database:rows(COLUMNS .. " WHERE id = ?", id)
  if not rows then
    return nil, message, code
  elseif not rows[1] then
    return nil, ("ENOENT: there is no alert %s"):format(check.shown(id)), "ENOENT"
  end
  local alert = alert_of(rows[1], time.now(monitor))
  alert.events, message, code = events_of(monitor.database, id)
  if not alert.events then
    return nil, message, code
  end
  local deliveries
  deliveries, message, code = monitor.database:rows(deliveries_sql, id, DELIVERIES_MAX)
  if not deliveries then
    return nil, message, code
  end
  alert.deliveries = time.set_all(deliveries, { "made", "due", "ended" })
  return alert
end

--- How many alerts are open: by rule, severity, state and whether somebody has acknowledged them.
-- @tparam loom.monitor monitor
-- @treturn {table,...}|nil `{ rule, severity, state, count, acknowledged, silenced }`: how many there are, and how many of them
--   have that flag
-- @treturn ?string the failure
-- @treturn ?string its code
function book.counts(monitor)
  return monitor.database:rows([[SELECT rule, severity, state, count(*) AS count,
      sum(acked IS NOT NULL AND (ack_until IS NULL OR ack_until > ?)) AS acknowledged, sum(silenced) AS silenced
    FROM alert WHERE ended IS NULL GROUP BY rule, severity, state ORDER BY rule, severity, state]], time.now(monitor))
end

local OPEN_MAX = 10000 -- alerts that are counted, which takes half a millisecond
book.OPEN_MAX = OPEN_MAX

--- How many alerts are open.
-- @tparam loom.monitor monitor
-- @treturn int|nil 10,000 where there are more
-- @treturn ?string the failure
-- @treturn ?string its code
function book.open_count(monitor)
  local rows, message, code = monitor.database:rows(
    "SELECT count(*) AS count FROM (SELECT 1 FROM alert WHERE ended IS NULL LIMIT ?)", OPEN_MAX)
  if not rows then
    return nil, message, code
  end
  return rows[1] and rows[1].count or 0
end

-- ---- the agent ----

--- What the agent's last evaluation of all stores was.
-- @tparam loom.monitor monitor
-- @treturn table|nil `clock` and `instant` (that of the data) in microseconds, `seconds` of the processor that it took, how many
--   `rules`, and whether the feed was `stale`; empty where there was none
-- @treturn ?string the failure
-- @treturn ?string its code
function book.last_round(monitor)
  local rows, message, code = monitor.database:rows "SELECT value FROM service WHERE name = 'alert round'"
  if not rows then
    return nil, message, code
  end
  local round = rows[1] and require("cjson.safe").decode(rows[1].value) or {}
  round.clock, round.instant = tonumber(round.clock), tonumber(round.instant) -- as text, whose digits are all there
  return round
end

local channels_sql = [[SELECT name, delivered, retried, dead, (SELECT count(*) FROM alert_message WHERE channel = c.number
  AND outcome = 'pending') AS pending FROM alert_channel c WHERE kind <> 'heartbeat' ORDER BY name]]

local letters_sql = "SELECT count(*) AS count FROM alert_message WHERE outcome = 'dead'"

--- What there is to count of alerts and their messages, for those who watch Loom itself.
-- @tparam loom.monitor monitor
-- @treturn table|nil `alerts` (see `counts`), `round` (see `last_round`), `channels`: `{ name, delivered, retried, dead,
--   pending }`, how many tries ended as what, and how many messages wait; and `dead_letters`, how many there are
-- @treturn ?string the failure
-- @treturn ?string its code
function book.figures(monitor)
  local alerts, message, code = book.counts(monitor)
  local round, channels, letters
  if alerts then
    round, message, code = book.last_round(monitor)
  end
  if round then
    channels, message, code = monitor.database:rows(channels_sql)
  end
  if channels then
    letters, message, code = monitor.database:rows(letters_sql)
  end
  if not letters then
    return nil, message, code
  end
  return { alerts = alerts, round = round, channels = channels, dead_letters = letters[1].count }
end

-- ---- what people say ----

local function line(limit)
  return function(value)
    if type(value) == "string" and #value <= limit then
      return value
    end
    return nil, ("text of up to %d bytes"):format(limit)
  end
end

local ack_fields = { who = line(NAME_MAX), note = line(NOTE_MAX), ["until"] = time.instant }

local function ack_json(id, ack)
  if not ack then
    return nil
  end
  return canonical { id = id, who = ack.who, note = ack.note, until_utc = ack["until"] and time.text(ack["until"]) }
end

-- What is acknowledged of an alert now, as `acknowledge` takes it; and whether there is such an alert.
local function acked_of(execute, id)
  local function value_of(column)
    local _, _, value = execute("SELECT " .. column .. " FROM alert WHERE id = ?", id)
    return value
  end
  return value_of "acked" and { who = value_of "acked_by", note = value_of "ack_note", ["until"] = value_of "ack_until" },
    value_of "1"
end

--- Acknowledges an alert: nothing is told of it any more but its end; or takes that back. The audit tells of it.
-- @tparam loom.monitor monitor
-- @tparam string id
-- @tparam ?table ack `who` (default: who does it), `note`, and `until`, an instant; nil takes it back
-- @tparam[opt] table options `by` and `reason`, for the audit
-- @treturn table|nil the alert, as `get` gives it
-- @treturn ?string the failure: ENOENT, there is none; EINVAL, it has ended, or `until` is over
-- @treturn ?string its code
function book.acknowledge(monitor, id, ack, options)
  check.argument("acknowledge", 1, id, check.string)
  local signed = author.of(monitor, options)
  if ack ~= nil then
    ack = check.options("acknowledge", ack, ack_fields)
    ack.who = ack.who or signed.by:sub(1, NAME_MAX)
    if ack["until"] and ack["until"] <= signed.at then
      return nil, "EINVAL: until: an instant after now expected, got " .. time.text(ack["until"]), "EINVAL"
    end
  end
  local done, message, code = transaction.run(monitor.database, function(execute)
    local before, known = acked_of(execute, id)
    if not known then
      return false
    end
    local changed = execute([[UPDATE alert SET acked = ?2, acked_by = ?3, ack_note = ?4, ack_until = ?5
      WHERE id = ?1 AND ended IS NULL]], id, ack and signed.at, ack and ack.who, ack and ack.note, ack and ack["until"])
    if changed == 0 then
      transaction.fail("EINVAL", "alert %s has ended", id)
    elseif before or ack then
      local noted, why, of = monitor.database:audit { kind = "alert", before = ack_json(id, before), after = ack_json(id, ack),
        by = signed.by, reason = signed.reason, at = signed.at }
      if not noted then
        transaction.fail(of, "%s", (why:gsub("^%u+: ", "", 1)))
      end
    end
    return true
  end, true)
  if done == nil then
    return nil, message, code
  end
  return book.get(monitor, id)
end

return book
