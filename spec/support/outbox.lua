--- What is in the outbox, and where it goes, for specs.

local channel_store = require "loom.agent.channel_store"
local time = require "loom.time"
local transaction = require "loom.transaction"

local outbox = {}

--- Sets a channel, of which no audit tells.
-- @tparam table definition see `loom.agent.channel_store.put`
function outbox.set_channel(monitor, definition)
  return transaction.run(monitor.database, function(execute)
    channel_store.put(execute, definition, time.now(monitor))
    return true
  end, true)
end

--- Messages by what became of them, the newest first.
-- @tparam string outcome `"dead"`, `"pending"`, `"delivered"` or `"dropped"`
function outbox.list(monitor, outcome)
  return assert(monitor.database:rows([[SELECT m.id, c.name AS channel, m.thread, m.made, m.due, m.tries, m.ended, m.answer
    FROM alert_message m JOIN alert_channel c ON c.number = m.channel WHERE m.outcome = ? ORDER BY m.number DESC]], outcome))
end

return outbox
