--- Removing polls and stores.
-- @module loom.retention

local author = require "loom.author"
local check = require "loom.check"
local time = require "loom.time"
local transaction = require "loom.transaction"

local retention = {}

-- The native half's instants of some polls as the API gives them.
local function set_instants(found, names)
  for _, name in ipairs(names) do
    if found[name] then
      time.set(found, name, found[name])
    end
  end
end

local prune_options = author.with { dry_run = check.boolean, force = check.boolean }

--- See `loom.monitor:prune`.
function retention.prune(monitor, keep, options)
  keep = check.argument("prune", 1, keep, time.duration_with_unit)
  options = check.options("prune", options, prune_options)
  local wanted = author.of(monitor, options, {
    keep = keep, now = time.now(monitor), dry_run = options.dry_run, force = options.force,
  })
  if not options.dry_run then -- alerts are kept for as long as they are, whatever `keep` is
    -- first: were it to fail after polls are removed, nobody would be told how many
    local tidied, message, code = require("loom.agent.outbox").tidy(monitor, time.now(monitor))
    if not tidied then
      return nil, message, code
    end
  end
  local found, message, code = monitor.database:prune(wanted)
  if not found then
    return nil, message, code
  end
  set_instants(found, { "cut" })
  set_instants(found.gone, { "first", "newest" })
  set_instants(found.kept, { "first", "newest" })
  return found
end

-- ---- polls of a store, and stores ----

-- Adds what a step has removed to what those before it have.
local function add(total, step)
  local gone, more = total.gone, step.gone
  if more.polls > 0 then
    if gone.polls == 0 or time.between(gone.first, more.first) < 0 then
      gone.first = more.first
    end
    if gone.polls == 0 or time.between(gone.newest, more.newest) > 0 then
      gone.newest = more.newest
    end
    gone.polls, gone.days = gone.polls + more.polls, gone.days + more.days
  end
  step.gone = gone
  return step
end

--- Removes step by step. Another may have removed the store meanwhile.
-- @tparam function take_step returns what it has removed and whether it was the last one, or nil, the failure and its code
-- @treturn table|nil what has been removed: see `lloom_push_removed`; instants are in microseconds
function retention.remove(take_step)
  local total, is_last = { gone = { polls = 0, days = 0 } }, false
  local steps = 0
  while not is_last do
    local step, message, code = take_step()
    if not step and code == "ENOENT" and steps > 0 then
      return total
    elseif not step then
      return nil, message, code
    end
    total, is_last, steps = add(total, step), message, steps + 1
  end
  return total
end

-- A step in a transaction of its own.
local function in_transaction(database, removal)
  return function()
    return transaction.native(database, function()
      return database:remove(removal)
    end)
  end
end

-- What stays is told by the look before, which says also whether there is such a store.
local function delete(monitor, removal, options)
  author.of(monitor, options, removal)
  local found, message, code = monitor.database:removal(removal)
  if not found then
    return nil, message, code
  end
  if not options.dry_run then
    local removed
    removed, message, code = retention.remove(in_transaction(monitor.database, removal))
    if not removed then
      return nil, message, code
    end
    removed.kept, found = found.kept, removed
  end
  set_instants(found.gone, { "first", "newest" })
  set_instants(found.kept, { "first", "newest" })
  return found
end

local delete_options = author.with { dry_run = check.boolean }

--- See `loom.monitor:delete_polls`.
function retention.delete_polls(monitor, store, from, to, options)
  check.argument("delete_polls", 1, store, check.store_id)
  from = from ~= nil and check.argument("delete_polls", 2, from, time.instant) or nil
  to = to ~= nil and check.argument("delete_polls", 3, to, time.instant) or nil
  if from and to and time.between(from, to) < 0 then
    check.fail("bad argument #3 to 'delete_polls' (an instant not before %s expected, got %s)", time.text(from), time.text(to))
  end
  options = check.options("delete_polls", options, delete_options)
  local found, message, code = delete(monitor, { store = store, from = from, to = to }, options)
  if not found then
    return nil, message, code
  end
  return { gone = found.gone, kept = found.kept }
end

--- See `loom.monitor:delete_store`.
function retention.delete_store(monitor, store, options)
  check.argument("delete_store", 1, store, check.store_id)
  options = check.options("delete_store", options, delete_options)
  local found, message, code = delete(monitor, { store = store, whole_store = true }, options)
  if not found then
    return nil, message, code
  end
  found.kept = nil
  return found
end

return retention
