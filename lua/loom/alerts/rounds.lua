--- The agent's rounds as they were: when rules were evaluated, of which stores, and what was known then. A replay of what was
-- live goes by them, so that it tells what was told, wherever they fell.
--
-- A round of some stores, which a write had changed, is kept with those of them that it made something else of, and not at all
-- where there are none: of the others it made what the next round does without it (`loom_alert_state_same`).
-- @module loom.alerts.rounds

local cjson = require "cjson.safe"
local transaction = require "loom.transaction"

local rounds = {}

local KEEP = 400 * 86400 * 1000000 -- microseconds, as events
local MOST = 1000000 -- two years of minutes, some 40 MB
local TIDY_MAX = 10000 -- rows that go at a time

--- Of more stores than so many no round is of some.
rounds.STORES_MAX = 1000

--- Writes one.
-- @tparam function execute
-- @tparam int clock in microseconds
-- @tparam ?int newest the newest poll up to it; nil: there was none, and nothing was evaluated
-- @tparam bool is_stale whether the feed was
-- @tparam ?{string,...} ids of stores; nil: all were evaluated
function rounds.put(execute, clock, newest, is_stale, ids)
  if newest then
    execute("INSERT INTO alert_round(clock, newest, stale, stores) VALUES(?, ?, ?, ?)", clock, newest, is_stale and 1 or 0,
      ids and (ids[1] and assert(cjson.encode(ids)) or "[]"))
  end
end

--- How many there are from one clock to another.
-- @tparam loom.monitor monitor
-- @tparam int from in microseconds
-- @tparam int to
-- @treturn int|nil
-- @treturn ?string the failure
-- @treturn ?string its code
function rounds.count(monitor, from, to)
  local rows, message, code = monitor.database:rows("SELECT count(*) AS count FROM alert_round WHERE clock BETWEEN ? AND ?",
    from, to)
  if not rows then
    return nil, message, code
  end
  return rows[1].count
end

local COLUMNS = "SELECT number, clock, newest, stale, stores FROM alert_round "
local page_sql = COLUMNS .. "WHERE clock BETWEEN ?1 AND ?2 AND number > ?3 ORDER BY number LIMIT ?4"
local later_sql = COLUMNS .. "WHERE clock > ?1 AND clock <= ?2 AND newest = ?1 AND stale = 0 ORDER BY number LIMIT ?3"

local function rounds_of(rows)
  local list = {}
  for i, row in ipairs(rows) do
    local stores = row.stores and cjson.decode(row.stores)
    if row.stores and type(stores) ~= "table" then
      return nil, ("ECORRUPT: the stores of round %d of alerts are no JSON"):format(row.number), "ECORRUPT"
    end
    list[i] = { clock = row.clock, newest = row.newest, stale = row.stale == 1, stores = stores or nil }
  end
  return list
end

--- Reads some, in the order in which they were.
-- @tparam loom.monitor monitor
-- @tparam int from the first clock in microseconds
-- @tparam int to the last one
-- @tparam int after the number of the last one that was read, at first 0
-- @tparam int limit
-- @treturn {table,...}|nil `clock`, `newest`, `stale` and `stores`, as the evaluator takes them
-- @treturn int|string the number of the last one, or the failure
-- @treturn ?string its code
function rounds.read(monitor, from, to, after, limit)
  local rows, message, code = monitor.database:rows(page_sql, from, to, after, limit)
  if not rows then
    return nil, message, code
  end
  local list
  list, message, code = rounds_of(rows)
  if not list then
    return nil, message, code
  end
  return list, rows[1] and rows[#rows].number or after
end

--- Reads those that judged stores at an instant when the clock was ahead of it.
-- @tparam loom.monitor monitor
-- @tparam int instant in microseconds
-- @tparam int to the last clock
-- @tparam int limit
function rounds.of_instant(monitor, instant, to, limit)
  local rows, message, code = monitor.database:rows(later_sql, instant, to, limit)
  if not rows then
    return nil, message, code
  end
  return rounds_of(rows)
end

--- Removes those that are too old, or too many; a file without any is left as it is.
-- @tparam loom.monitor monitor
-- @tparam int now in microseconds
-- @treturn bool|nil true
-- @treturn ?string the failure
-- @treturn ?string its code
function rounds.tidy(monitor, now)
  local any, message, code = monitor.database:rows "SELECT 1 FROM alert_round LIMIT 1"
  if not any or not any[1] then
    return any and true, message, code
  end
  return transaction.run(monitor.database, function(execute)
    execute([[DELETE FROM alert_round WHERE number IN (SELECT number FROM alert_round WHERE clock < ? LIMIT ?)]], now - KEEP,
      TIDY_MAX)
    execute([[DELETE FROM alert_round WHERE number IN (SELECT number FROM alert_round
      WHERE number <= (SELECT max(number) FROM alert_round) - ? ORDER BY number LIMIT ?)]], MOST, TIDY_MAX)
    return true
  end, true)
end

return rounds
