--- The outbox: events that are written together with what they follow from, as messages to channels, until they are delivered.
--
-- At least once: a try is written before it is made, and its outcome after it; who dies in between leaves a message that is
-- tried again, under the same id. In order: of the messages of one thread of a channel only the first that is pending may go,
-- so that no `resolved` overtakes its `firing`. Events join the last message of their thread as long as it was never tried.
-- @module loom.agent.outbox

local channel_store = require "loom.agent.channel_store"
local channels = require "loom.agent.channels"
local cjson = require "cjson.safe"
local messages = require "loom.agent.message"
local rounds = require "loom.alerts.rounds"
local transaction = require "loom.transaction"
local ulid = require "loom.ulid"

local outbox = {}

local SECOND = 1000000 -- microseconds

--- Seconds before each try, from the first on; each is up to a fifth shorter or longer, so that those who failed together do not
-- come again together.
outbox.DELAYS = { 0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400 }

local SPREAD = 0.2
local UNDER_WAY = 30 * SECOND -- a try may take that long: nobody else makes it meanwhile
local HOLD_MAX = 86400 -- seconds that a Retry-After can hold a channel
local WAIT_MAX = 60 -- seconds that a message which was never tried can wait for what joins it: see loom.agent.ledger
local ANSWER_MAX = 1024 -- bytes of an answer that are kept
local RATE, BURST = 5, 20 -- messages a second, and at once, to a channel whose kind says nothing else
local LANES = 10 -- messages of one channel under way at a time: a slow one leaves room for the others
local KEEP, KEEP_DEAD = 30 * 86400 * SECOND, 400 * 86400 * SECOND -- of messages that have ended
local KEEP_EVENTS = 400 * 86400 * SECOND
local ALERTS_MAX = 1000000 -- some 300 MB; the oldest ones that have ended go first
local TIDY_MAX = 10000 -- rows that go at a time
local STANDING_PAGE = 1000 -- alerts that are sent again in a request, 1 MB
local LATE = 86400 * SECOND -- for which the end of an alert may be on its way

-- ---- clocks that jump back ----

-- Instants of a clock that was ahead since are further away than what they stand for can be: those are over.

-- Microseconds until a try, by its number and from 0 to 1.
local function delay(try, drawn)
  return math.floor((outbox.DELAYS[try] or 0) * SECOND * (1 - SPREAD + 2 * SPREAD * drawn))
end

-- How far away a message can be due, by how often it was tried: until the next try, or for the one that is under way.
local function furthest_due()
  local words = { ("CASE m.tries WHEN 0 THEN %d"):format(WAIT_MAX * SECOND) }
  for tries = 1, #outbox.DELAYS do
    words[#words + 1] = ("WHEN %d THEN %d"):format(tries, math.max(UNDER_WAY, delay(tries + 1, 1)))
  end
  return table.concat(words, " ") .. (" ELSE %d END"):format(UNDER_WAY)
end

local IS_DUE = "(m.due <= ?1 OR m.due > ?1 + " .. furthest_due() .. ")"
local IS_FREE = ("disabled IS NULL AND (hold <= ?1 OR hold > ?1 + %d)"):format(HOLD_MAX * SECOND)

-- ---- channels ----

--- A channel with its secrets, as `requests` of its kind take it; nil, and which secret cannot be read.
function outbox.open_channel(monitor, row)
  local secrets, message = transaction.run(monitor.database, function(execute)
    local _, _, text = execute("SELECT secrets FROM alert_secret WHERE channel = ?", row.channel)
    return text or "{}"
  end, true)
  if not secrets then
    return nil, message
  end
  local definition = cjson.decode(row.definition) or {}
  for name, value in pairs(cjson.decode(secrets) or {}) do
    definition[name] = value
  end
  for _, name in ipairs(channels.of(row.kind).secrets) do
    if definition[name] == false then
      return nil, name .. " has not been given yet"
    end
  end
  definition.name, definition.kind = row.name, row.kind
  return channels.resolve(definition)
end

--- The channels that are heartbeats, as `open_channel` takes them.
function outbox.heartbeats(monitor)
  return monitor.database:rows [[SELECT number AS channel, name, kind, definition FROM alert_channel
    WHERE kind = 'heartbeat' AND disabled IS NULL]]
end

--- The channels to which what stands is sent again now: those of kinds that renew, whose last time was long enough ago.
function outbox.renewing(monitor, kind, now)
  return monitor.database:rows("SELECT number AS channel, name, kind, definition FROM alert_channel WHERE "
    .. IS_FREE .. " AND kind = ?2 AND (renewed IS NULL OR renewed <= ?3 OR renewed > ?1)", now, kind,
    now - channels.of(kind).renews * SECOND)
end

local standing_sql = [[WITH one AS MATERIALIZED(SELECT number, id, ended FROM alert
    WHERE number > ?3 AND (ended IS NULL OR ended > ?4) ORDER BY number LIMIT ?5)
  SELECT one.number, e.event FROM one LEFT JOIN alert_event e ON e.number = (
    SELECT max(f.number) FROM alert_event f JOIN alert_message_event o ON o.event = f.number
      JOIN alert_message m ON m.number = o.message
    WHERE f.alert = one.id AND m.channel = ?1 AND m.outcome = 'delivered'
      AND (f.state NOT IN ('resolved', 'expired') OR m.ended > ?2))
    AND (one.ended IS NULL OR e.state IN ('resolved', 'expired'))
  ORDER BY one.number]]

--- The last event that a channel was told of each alert that stands, or whose end it was told a short while ago; a page of them.
-- @tparam loom.monitor monitor
-- @tparam table row of `outbox.renewing`
-- @tparam int now
-- @tparam int after 0, or what the last page returned
-- @treturn {table,...}|nil
-- @return after what the next page comes, false: there is none; or the failure
-- @treturn ?string its code
function outbox.standing(monitor, row, now, after)
  local settled = now - channels.of(row.kind).settles * SECOND
  local rows, message, code = monitor.database:rows(standing_sql, row.channel, settled, after, now - LATE, STANDING_PAGE)
  if not rows then
    return nil, message, code
  end
  local events = {}
  for _, found in ipairs(rows) do
    events[#events + 1] = found.event and cjson.decode(found.event) or nil
  end
  return events, #rows == STANDING_PAGE and rows[#rows].number
end

--- Writes that what stands was sent again.
function outbox.renewed(monitor, row, now)
  return transaction.run(monitor.database, function(execute)
    return execute("UPDATE alert_channel SET renewed = ?2 WHERE number = ?1", row.channel, now)
  end, true)
end

--- Writes what became of something that is no message: a heartbeat, or what stands, sent again.
-- @tparam loom.monitor monitor
-- @tparam table row of `heartbeats` or `renewing`
-- @tparam bool is_taken
-- @tparam int now
function outbox.told_aside(monitor, row, is_taken, now)
  return transaction.run(monitor.database, function(execute)
    return execute([[UPDATE alert_channel SET last = ?2, last_outcome = CASE WHEN ?3 THEN 'delivered' ELSE 'retried' END,
      failing = CASE WHEN ?3 THEN NULL ELSE min(ifnull(failing, ?2), ?2) END WHERE number = ?1]], row.channel, now,
      is_taken and 1 or 0)
  end, true)
end

-- ---- putting ----

local NOT_KEPT = { channels = true, thread = true, at = true, since = true }

-- As JSON, with its instants to the microsecond: lua-cjson writes 14 digits of a number.
local function json_of(event)
  local kept = {}
  for name, value in pairs(event) do
    kept[name] = not NOT_KEPT[name] and value or nil
  end
  return ('{"at":%d,"since":%d,%s'):format(event.at, event.since or event.at, assert(cjson.encode(kept)):sub(2))
end

local function put_event(execute, event)
  local added, number = execute([[INSERT INTO alert_event(id, alert, rule, state, at, event) VALUES(?, ?, ?, ?, ?, ?)
    ON CONFLICT(id) DO NOTHING]], event.id, event.alert, event.rule, event.state, event.at, json_of(event))
  return added > 0 and number
end

-- The message of a thread that an event joins: one that was never tried, or a new one.
local function message_of(execute, channel, thread, now, due)
  local _, _, number = execute([[SELECT max(number) FROM alert_message WHERE channel = ?1 AND thread = ?2
    AND outcome = 'pending' AND tries = 0]], channel, thread)
  if number then
    return number
  end
  local _, made = execute("INSERT INTO alert_message(id, channel, thread, made, due) VALUES(?, ?, ?, ?, ?)",
    "msg_" .. ulid.new(now), channel, thread, now, due or now)
  return made
end

--- Brings an event that is there to channels, in a thread of theirs; but to none that is disabled.
-- @tparam function execute see `loom.transaction.run`
-- @tparam int number of the event
-- @tparam {string,...} names of channels
-- @tparam string thread
-- @tparam int now in microseconds
-- @tparam[opt] int due before which a new message is not sent
function outbox.send(execute, number, names, thread, now, due)
  for _, name in ipairs(names) do
    local _, _, channel = execute("SELECT number FROM alert_channel WHERE name = ? AND kind <> 'heartbeat' AND disabled IS NULL",
      name)
    if channel then
      local message = message_of(execute, channel, thread, now, due)
      execute("INSERT OR IGNORE INTO alert_message_event VALUES(?, ?)", message, number)
    end
  end
end

--- Puts events, in the transaction of what they follow from. One that is there already, by its id, is left as it is.
-- @tparam function execute see `loom.transaction.run`
-- @tparam {table,...} events in order, as `loom.agent.message` has them, with `group` (a text), `channels` (names)
--   and, where it is not the group, `thread`
-- @tparam int now in microseconds
-- @tparam[opt] int due before which new messages are not sent
function outbox.put(execute, events, now, due)
  for _, event in ipairs(events) do
    local number = put_event(execute, event)
    if number and event.channels then
      outbox.send(execute, number, event.channels, event.thread or event.group or event.rule, now, due)
    end
  end
  return true
end

-- ---- trying ----

-- Events out of rows that have them as JSON.
local function decoded(rows, message, code)
  for i, row in ipairs(rows or {}) do
    rows[i] = cjson.decode(row.event)
  end
  return rows, message, code
end

local free_sql = "SELECT number AS channel, name, kind, definition, tokens, tokens_at FROM alert_channel WHERE " .. IS_FREE

local due_sql = [[SELECT m.number, m.id, m.thread, m.tries FROM alert_message m
  WHERE m.channel = ?2 AND m.outcome = 'pending' AND ]] .. IS_DUE .. [[
    AND NOT EXISTS(SELECT 1 FROM alert_message o WHERE o.channel = m.channel AND o.thread = m.thread
      AND o.outcome = 'pending' AND o.number < m.number)
  ORDER BY m.number LIMIT ?3]]

-- How many messages a channel's rate lets go now. Where its clock has jumped back, none are added.
local function tokens_of(row, now)
  local kind = channels.of(row.kind)
  local rate, burst = kind.rate or RATE, kind.burst or BURST
  local passed = math.max(0, now - (row.tokens_at or now)) / SECOND
  return math.min(burst, (row.tokens or burst) + passed * rate)
end

-- Adds what one channel may be sent now, besides what is under way to it.
local function add_due(list, monitor, channel, now, running)
  local busy = 0
  for _, number in pairs(running) do
    busy = busy + (number == channel.channel and 1 or 0)
  end
  local tokens = math.floor(tokens_of(channel, now))
  if (channel.tokens_at or now) > now then -- which `begin` sets right
    tokens = math.max(1, tokens)
  end
  local most = math.min(LANES - busy, tokens)
  if most < 1 then
    return true
  end
  local rows, message, code = monitor.database:rows(due_sql, now, channel.channel, most + busy)
  local count = 0
  for _, row in ipairs(rows or {}) do
    if not running[row.number] and count < most then
      count = count + 1
      for name, value in pairs(channel) do
        row[name] = value
      end
      row.place = busy + count
      list[#list + 1] = row
    end
  end
  return rows, message, code
end

--- The messages that may be tried now: the oldest of each thread, as many of each channel as its rate lets go, those of the
-- channels to which least is under way first.
-- @tparam loom.monitor monitor
-- @tparam int now
-- @tparam[opt] table running the channels, by number, of the messages, by number, that are under way
-- @treturn {table,...}|nil or nil, the failure and its code
function outbox.due(monitor, now, running)
  local free, message, code = monitor.database:rows(free_sql, now)
  local list = {}
  for _, channel in ipairs(free or {}) do
    local good
    good, message, code = add_due(list, monitor, channel, now, running or {})
    if not good then
      return nil, message, code
    end
  end
  table.sort(list, function(a, b)
    if a.place ~= b.place then
      return a.place < b.place
    end
    return a.number < b.number
  end)
  return free and list, message, code
end

local attributes_sql = [[SELECT t.name, t.value, count(*) AS count
  FROM alert_message_event m JOIN alert_event e ON e.number = m.event
  JOIN store s ON s.store_id = json_extract(e.event, '$.subject.id') JOIN attribute t ON t.store = s.number
  WHERE m.message = ?1 AND json_extract(e.event, '$.subject.kind') = 'store'
  GROUP BY 1, 2 HAVING count(*) > 1 ORDER BY 3 DESC, 1, 2 LIMIT ?2]]

--- The worst events of a message, and what there is to say of all of them.
-- @tparam loom.monitor monitor
-- @tparam int number
-- @tparam int most how many
-- @treturn table|nil `events`, `total`, `counts` by state; `zones`, `groups` and `attributes`: lists of name and how many, the
--   most first, of attributes of stores those values that more than one event has
-- @treturn ?string the failure
-- @treturn ?string its code
function outbox.summary(monitor, number, most)
  local found, sums = { counts = {}, total = 0 }, {}
  for name, what in pairs { states = "e.state", zones = "json_extract(e.event, '$.subject.zone')",
    groups = "json_extract(e.event, '$.group')" } do
    local message, code
    sums[name], message, code = monitor.database:rows(([[SELECT %s AS name, count(*) AS count FROM alert_message_event m
      JOIN alert_event e ON e.number = m.event WHERE m.message = ? GROUP BY 1 ORDER BY 2 DESC, 1]]):format(what), number)
    if not sums[name] then
      return nil, message, code
    end
  end
  for _, row in ipairs(sums.states) do
    found.counts[row.name], found.total = row.count, found.total + row.count
  end
  for _, name in ipairs { "zones", "groups" } do
    found[name] = {}
    for _, row in ipairs(sums[name]) do
      found[name][#found[name] + 1] = row.name and #found[name] < most and { row.name, row.count } or nil
    end
  end
  local message, code
  found.attributes, message, code = monitor.database:rows(attributes_sql, number, most)
  for i, row in ipairs(found.attributes or {}) do
    found.attributes[i] = { row.name .. "=" .. row.value, row.count, attribute = row.name, value = row.value }
  end
  if not found.attributes then
    return nil, message, code
  end
  found.events, message, code = decoded(monitor.database:rows([[SELECT e.event FROM alert_message_event m
    JOIN alert_event e ON e.number = m.event WHERE m.message = ?
    ORDER BY CASE json_extract(e.event, '$.severity') WHEN 'critical' THEN 4 WHEN 'error' THEN 3 WHEN 'warning' THEN 2 ELSE 1 END
      DESC, ifnull(json_extract(e.event, '$.value'), 0) DESC, e.number LIMIT ?]], number, most))
  return found.events and found, message, code
end

--- The events of a message, in order.
function outbox.events(monitor, number)
  local rows, message, code = monitor.database:rows([[SELECT e.event FROM alert_message_event m
    JOIN alert_event e ON e.number = m.event WHERE m.message = ? ORDER BY e.number]], number)
  return decoded(rows, message, code)
end

--- The same as texts of JSON.
function outbox.event_texts(monitor, number)
  local rows, message, code = monitor.database:rows([[SELECT e.event FROM alert_message_event m
    JOIN alert_event e ON e.number = m.event WHERE m.message = ? ORDER BY e.number]], number)
  for i, row in ipairs(rows or {}) do
    rows[i] = row.event
  end
  return rows, message, code
end

--- How many events a message has, by rule and state, and the `storm` of each rule: see `loom.agent.message.is_storm`.
function outbox.tallies(monitor, number)
  return monitor.database:rows([[SELECT count(*) AS count, max(ifnull(json_extract(e.event, '$.storm'), ?2)) AS storm
    FROM alert_message_event m JOIN alert_event e ON e.number = m.event WHERE m.message = ?1 GROUP BY e.rule, e.state]], number,
    messages.STORM)
end

--- Writes that a message is tried now.
-- @tparam loom.monitor monitor
-- @tparam table row of `outbox.due`
-- @tparam int now
-- @treturn ?bool true; false where the channel's rate is used up, or somebody else was first
function outbox.begin(monitor, row, now)
  return transaction.run(monitor.database, function(execute)
    local _, _, tokens = execute("SELECT tokens FROM alert_channel WHERE number = ?", row.channel)
    local _, _, at = execute("SELECT tokens_at FROM alert_channel WHERE number = ?", row.channel)
    local left = tokens_of({ kind = row.kind, tokens = tokens, tokens_at = at }, now)
    if left < 1 then
      execute("UPDATE alert_channel SET tokens_at = ?2 WHERE number = ?1 AND tokens_at > ?2", row.channel, now)
      return false
    elseif execute("UPDATE alert_message AS m SET tries = tries + 1, due = ?2 WHERE number = ?3 AND outcome = 'pending' "
        .. "AND tries = ?4 AND " .. IS_DUE, now, now + UNDER_WAY, row.number, row.tries) == 0 then
      return false
    end
    execute("UPDATE alert_channel SET tokens = ?2, tokens_at = ?3 WHERE number = ?1", row.channel, left - 1, now)
    return true
  end, true)
end

-- Sets when a message is due that is being tried, as long as nobody else has begun it since.
local function set_due(monitor, row, due)
  return transaction.run(monitor.database, function(execute)
    return execute("UPDATE alert_message SET due = ?2 WHERE number = ?1 AND outcome = 'pending' AND tries = ?3", row.number, due,
      row.tries + 1) > 0
  end, true)
end

--- Writes that a message is still being tried: to be called again within `outbox.UNDER_WAY` less what a request may take.
-- @tparam loom.monitor monitor
-- @tparam table row of `outbox.due`, from before the try
-- @tparam int now
-- @treturn ?bool true; false where the message is somebody else's by now, or was dropped
function outbox.keep(monitor, row, now)
  return set_due(monitor, row, now + UNDER_WAY)
end

--- Lets go of a message that is being tried: who looks next tries it again.
outbox.release = set_due

-- Of a try that was overtaken by another one it counts only that it was delivered.
local function finish(execute, row, outcome, answer, now)
  execute([[UPDATE alert_message SET outcome = ?2, ended = ?3, answer = ?4 WHERE number = ?1 AND outcome = 'pending'
    AND (tries = ?5 OR ?2 = 'delivered')]], row.number, outcome, now, answer, row.tries + 1)
end

-- What came of a try is counted: "delivered", "retried" or "dead".
local function count_try(execute, row, outcome, now)
  execute(("UPDATE alert_channel SET %s = %s + 1, last = ?2, last_outcome = ?3 WHERE number = ?1"):format(outcome, outcome),
    row.channel, now, outcome)
end

-- A channel fails from the first try that was not taken until one is.
local function note_failure(execute, row, now, after)
  execute([[UPDATE alert_channel SET failing = min(ifnull(failing, ?2), ?2),
    hold = CASE WHEN hold > ?2 + ?4 THEN ?3 ELSE max(hold, ?3) END WHERE number = ?1]], row.channel, now,
    after and now + math.floor(math.min(after, HOLD_MAX) * SECOND) or 0, HOLD_MAX * SECOND)
end

--- Writes what became of a try.
-- @tparam loom.monitor monitor
-- @tparam table row of `outbox.due`, from before the try
-- @tparam string verdict `"delivered"`, `"again"`, `"dead"` or `"disabled"`
-- @tparam ?string answer what was answered, or why there was no answer
-- @tparam int now
-- @tparam ?number after seconds for which the channel is to be left alone
-- @tparam function random () from 0 to 1
function outbox.settle(monitor, row, verdict, answer, now, after, random)
  local try = row.tries + 1
  answer = answer and answer:sub(1, ANSWER_MAX)
  return transaction.run(monitor.database, function(execute)
    if verdict == "delivered" then
      finish(execute, row, "delivered", answer, now)
      count_try(execute, row, "delivered", now)
      execute("UPDATE alert_channel SET failing = NULL WHERE number = ?", row.channel)
      return true
    end
    note_failure(execute, row, now, after)
    if verdict == "again" and outbox.DELAYS[try + 1] then
      execute("UPDATE alert_message SET due = ?2, answer = ?3 WHERE number = ?1 AND outcome = 'pending' AND tries = ?4",
        row.number, now + delay(try + 1, random()), answer, try)
      count_try(execute, row, "retried", now)
      return true
    end
    finish(execute, row, "dead", answer, now)
    count_try(execute, row, "dead", now)
    if verdict == "disabled" then
      execute("UPDATE alert_channel SET disabled = ?2, disabled_reason = '410 Gone' WHERE number = ?1", row.channel, now)
      channel_store.drop_pending(execute, row.channel, now)
    end
    return true
  end, true)
end

-- ---- dead letters ----

-- Has a message tell, of each alert of which more has happened since it was made, the last that did: what came between may have
-- arrived already. Of the others it tells what it did.
local function bring_up_to_date(monitor, execute, number)
  local behind, message, code = monitor.database:rows([[SELECT alert, max(number) AS told, last FROM (
      SELECT e.number, e.alert, (SELECT max(number) FROM alert_event WHERE alert = e.alert) AS last
      FROM alert_message_event x JOIN alert_event e ON e.number = x.event WHERE x.message = ?)
    GROUP BY alert HAVING max(number) < last]], number)
  if not behind then
    transaction.fail(code or "EIO", "%s", (message:gsub("^%u+: ", "", 1)))
  end
  for _, alert in ipairs(behind) do
    execute([[DELETE FROM alert_message_event WHERE message = ?1 AND event IN (SELECT number FROM alert_event
      WHERE alert = ?2)]], number, alert.alert)
    execute("INSERT INTO alert_message_event VALUES(?, ?)", number, alert.last)
  end
end

--- Has a dead letter sent again, under its id. It tells what has become of its alerts since: nothing fires for a receiver after
-- it has heard that it is over. False: there is no such one.
function outbox.retry(monitor, id, now)
  return transaction.run(monitor.database, function(execute)
    if execute([[UPDATE alert_message SET outcome = 'pending', due = ?2, tries = 1, ended = NULL
        WHERE id = ?1 AND outcome = 'dead']], id, now) == 0 then
      return false
    end
    local _, _, number = execute("SELECT number FROM alert_message WHERE id = ?", id)
    bring_up_to_date(monitor, execute, number)
    return true
  end, true, true)
end

--- Drops a message that is dead or waits. False: there is no such one.
function outbox.drop(monitor, id, now)
  return transaction.run(monitor.database, function(execute)
    return execute([[UPDATE alert_message SET outcome = 'dropped', ended = ?2 WHERE id = ?1
      AND outcome IN ('dead', 'pending')]], id, now) > 0
  end, true)
end

-- The last message of an outcome that a channel has of an alert that is open, by which is known who is to hear of its end, and
-- what stands; and the first one, of whose incident it is.
local function is_end_of_open(order)
  return [[EXISTS(SELECT 1 FROM alert_message_event o JOIN alert_event e ON e.number = o.event
    JOIN alert a ON a.id = e.alert AND a.ended IS NULL WHERE o.message = m.number AND NOT EXISTS(
    SELECT 1 FROM alert_event f JOIN alert_message_event p ON p.event = f.number JOIN alert_message q ON q.number = p.message
    WHERE f.alert = e.alert AND q.channel = m.channel AND q.outcome = m.outcome AND q.number ]] .. order .. " m.number))"
end

--- Removes what is older than it is kept: delivered and dropped messages after 30 days, dead letters, events and alerts
-- that have ended after 400. Of an alert that is open each channel's first and last message stay.
function outbox.tidy(monitor, now)
  local tidied, message, code = rounds.tidy(monitor, now)
  if not tidied then
    return nil, message, code
  end
  local any
  any, message, code = monitor.database:rows [[SELECT 1 WHERE EXISTS(SELECT 1 FROM alert_event)
    OR EXISTS(SELECT 1 FROM alert) OR EXISTS(SELECT 1 FROM alert_message)]]
  if not any or not any[1] then
    return any and true, message, code
  end
  return transaction.run(monitor.database, function(execute)
    execute([[DELETE FROM alert_message WHERE number IN (SELECT number FROM alert_message m
      WHERE ((outcome IN ('delivered', 'dropped') AND ended < ?1) OR (outcome = 'dead' AND ended < ?2))
        AND NOT ]] .. is_end_of_open ">" .. " AND NOT " .. is_end_of_open "<" .. [[ LIMIT ?3)]],
      now - KEEP, now - KEEP_DEAD, TIDY_MAX)
    execute([[DELETE FROM alert_event WHERE number IN (SELECT number FROM alert_event e WHERE at < ?1 AND NOT EXISTS(
      SELECT 1 FROM alert_message_event WHERE event = e.number) ORDER BY number LIMIT ?2)]], now - KEEP_EVENTS, TIDY_MAX)
    execute([[DELETE FROM alert WHERE number IN (SELECT number FROM alert WHERE ended < ?1 LIMIT ?2)]], now - KEEP_EVENTS,
      TIDY_MAX)
    execute([[DELETE FROM alert WHERE number IN (SELECT number FROM alert WHERE ended IS NOT NULL
      AND number <= (SELECT max(number) FROM alert) - ?1 ORDER BY number LIMIT ?2)]], ALERTS_MAX, TIDY_MAX)
    return true
  end, true)
end

return outbox
