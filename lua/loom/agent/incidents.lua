--- Incidents: what a receiver opens and closes by a key, for many alerts or for one.
--
-- An alert is of the incident of the first message that a channel has of it. A storm is one incident, of which the message's id
-- is the key; it is open as long as one of its alerts is. Others have one each, by their ids. Which one an alert is of never
-- changes, so that what was opened is what is closed.
-- @module loom.agent.incidents

local cjson = require "cjson.safe"
local messages = require "loom.agent.message"
local outbox = require "loom.agent.outbox"

local incidents = {}

-- The first message of a channel (?2) that told an alert (%s) as firing.
local FIRST = [[(SELECT min(o.message) FROM alert_event f JOIN alert_message_event o ON o.event = f.number
  JOIN alert_message h ON h.number = o.message
  WHERE f.alert = %s AND h.channel = ?2 AND f.state IN ('firing', 'flapping'))]]

local events_sql = [[SELECT e.number, e.state, ]] .. FIRST:format "e.alert" .. [[ AS first FROM alert_message_event x
  JOIN alert_event e ON e.number = x.event WHERE x.message = ?1 ORDER BY e.number]]

local open_sql = [[SELECT 1 AS found FROM alert_message_event x JOIN alert_event e ON e.number = x.event
  JOIN alert a ON a.id = e.alert WHERE x.message = ?1 AND e.state IN ('firing', 'flapping') AND a.ended IS NULL
    AND x.message = ]] .. FIRST:format "e.alert" .. " LIMIT 1"

local function failing(message)
  error({ message = message }, 0)
end

local function row_of(database, ...)
  local row, message = database:row(...)
  if row == nil and message then
    failing(message)
  end
  return row
end

-- The id of a message that is one incident; false of others.
local function id_of_many(monitor, known, number)
  if known[number] == nil then
    local tallies, why = outbox.tallies(monitor, number)
    if not tallies then
      failing(why)
    end
    known[number] = messages.is_storm(tallies)
      and row_of(monitor.database, "SELECT id FROM alert_message WHERE number = ?", number).id
  end
  return known[number]
end

local function gather(monitor, message, channel)
  local database = monitor.database
  local rows, why = database:rows(events_sql, message, channel)
  if not rows then
    failing(why)
  end
  local list, known, many = {}, {}, {}
  for _, row in ipairs(rows) do
    local key = row.first and id_of_many(monitor, known, row.first)
    if not key then
      local found = row_of(database, "SELECT event FROM alert_event WHERE number = ?", row.number)
      list[#list + 1] = { event = cjson.decode(found.event) }
    elseif not many[key] then
      many[key] = { key = key, first = row.first }
      list[#list + 1] = many[key]
    end
    local is_over = row.state == "resolved" or row.state == "expired"
    if key then
      many[key].begins, many[key].ends = many[key].begins or not is_over, many[key].ends or is_over
    end
  end
  return list
end

--- What a message does to incidents.
-- @tparam loom.monitor monitor
-- @tparam int message its number
-- @tparam int channel its channel's
-- @treturn {table,...}|nil in order: of an incident of one alert the `event` that opens or closes it; of others `key` and `over`
-- @treturn ?string the failure
function incidents.of(monitor, message, channel)
  local good, found = pcall(function()
    local list = {}
    for _, one in ipairs(gather(monitor, message, channel)) do
      if one.event then
        list[#list + 1] = one
      else
        local over = one.ends and not row_of(monitor.database, open_sql, one.first, channel)
        list[#list + 1] = one.begins and { key = one.key, over = false } or nil
        list[#list + 1] = over and { key = one.key, over = true } or nil
      end
    end
    return list
  end)
  if not good then
    return nil, type(found) == "table" and found.message or error(found, 0)
  end
  return found
end

return incidents
