--- Polls that come one by one.
-- @module loom.single_polls

local check = require "loom.check"
local core = require "loom.core"
local time = require "loom.time"
local transaction = require "loom.transaction"

local single_polls = {}

-- The fields of a poll, which is a list of three or a table with the names of the CSV columns.
local function fields_of(poll)
  if type(poll) ~= "table" then
    return nil
  elseif poll.store_id == nil and poll.status == nil then
    return poll[1], poll[2], poll[3]
  end
  return poll.store_id, poll.status, poll.timestamp_utc
end

local function active_of(status)
  local word = type(status) == "string" and status:lower()
  if word == "active" or word == "inactive" then
    return word == "active"
  elseif type(status) == "boolean" then
    return status
  end
end

-- A poll as the native half takes it; nil, the column, the value and the reason if it is none.
local function read(poll, now, latest)
  local id, status, when = fields_of(poll)
  local active = active_of(status)
  if not check.store_id(id) then
    return nil, "store_id", id, ("is not a store id of 1 to %d bytes"):format(core.limits.store_id)
  elseif active == nil then
    return nil, "status", status, "is not a status (active or inactive)"
  elseif when == nil then
    return id, active, now
  end
  local instant = time.instant(when)
  if not instant then
    return nil, "timestamp_utc", when, "is not a timestamp"
  elseif latest and time.between(latest, instant) > 0 then
    return nil, "timestamp_utc", when, ("is too far in the future: after %s, which is max_ahead from now"):format(
      time.text(latest))
  end
  return id, active, instant
end

local checkers = {
  max_ahead = time.max_ahead,
  max_rejects = function(value)
    if value == "all" then
      return math.huge
    end
    local number = check.integer(0, 2 ^ 53)(value)
    return number, not number and 'whole number, or "all"' or nil
  end,
  on_reject = check.callable,
}

local function reject_message(reject)
  local value = reject.value
  return ("EINPUT: polls[%d]: %s: %s %s"):format(reject.index, reject.column,
    type(value) == "string" and ("%q"):format(value):gsub("\\\n", "\\n") or tostring(value), reject.reason)
end

-- Adds all polls to a batch; returns how many were rejected, or nil and the failure.
local function gather(batch, polls, now, options)
  local latest = options.latest
  local rejected = 0
  for i = 1, #polls do
    local id, active, instant, reason = read(polls[i], now, latest)
    if id then
      local good, message, code = batch:add(id, active, instant)
      if not good then
        return nil, message, code
      end
    else
      local reject = { index = i, column = active, value = instant, reason = reason }
      rejected = rejected + 1
      if options.on_reject then
        options.on_reject(reject)
      end
      if rejected > (options.max_rejects or 0) then
        return nil, reject_message(reject), "EINPUT"
      end
    end
  end
  return rejected
end

local function write(database, batch)
  return transaction.native(database, function()
    local new, duplicates, conflicts = batch:apply(database)
    if not new then
      return nil, duplicates, conflicts -- the failure
    end
    return { new = new, duplicates = duplicates, conflicts = conflicts }
  end)
end

--- See `loom.monitor:polls`.
function single_polls.store(monitor, polls, options)
  check.argument("polls", 1, polls, check.table)
  options = check.options("polls", options, checkers)
  local now = time.now(monitor)
  options.latest = time.latest(now, options.max_ahead or monitor.max_ahead)
  local batch = core.staging(#polls)
  local called, rejected, message, code = pcall(gather, batch, polls, now, options)
  local counts
  if called and rejected then
    counts, message, code = write(monitor.database, batch)
  end
  batch:close()
  if not called then
    error(rejected, 0)
  elseif not counts then
    return nil, message, code
  end
  counts.rows, counts.rejected = #polls, rejected
  return counts
end

return single_polls
