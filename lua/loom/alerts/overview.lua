--- What there is of alerts beside those that fire: what is about to, and how often rules have fired.
-- @module loom.alerts.overview

local book = require "loom.alerts.book"
local check = require "loom.check"
local stores = require "loom.stores"
local time = require "loom.time"

local overview = {}

local LIMIT_MAX = 1000 -- of what is about to fire: what a page shows
overview.LIMIT_MAX = LIMIT_MAX

local DAY = 86400 * 1000000
local DAYS_MAX = 400 -- as long as alerts are kept
overview.DAYS_MAX = DAYS_MAX

-- A state is of bytes (`src/core/alert/machine.h`): its phase is in the second one, and since when it has been true in these.
local PENDING = 1
local TRUE_AT = { 57, 64 }

-- What a rule is about, which its definition need not say.
local PENDING_SQL = [[SELECT a.name, a.severity, a.kind, a.subject, a.state FROM (
    SELECT c.name, s.subject, s.state, ifnull(json_extract(c.definition, '$.severity'), 'warning') AS severity,
      ifnull(json_extract(c.definition, '$.when.scope'),
        CASE json_extract(c.definition, '$.when.kind') WHEN 'group_down' THEN 'group' ELSE 'store' END) AS kind
    FROM alert_state s JOIN configuration c ON c.number = s.rule AND c.kind = 'rule'
    WHERE unicode(CAST(substr(s.state, 2, 1) AS TEXT)) = ]] .. PENDING .. [[) a
  WHERE %s ORDER BY a.name, a.subject LIMIT ?]]

-- A number of 64 bits, the lowest byte first. Instants are exact in a double.
local function number_of(bytes)
  local number = 0
  for i = #bytes, 1, -1 do
    number = number * 256 + bytes:byte(i)
  end
  return number
end

local filters = { limit = check.integer(1, LIMIT_MAX), where = stores.conditions }

local unpack = table.unpack or unpack -- luacheck: ignore 143 (LuaJIT)

local function subject_of(monitor, kind, id)
  local store = kind == "store" and stores.get(monitor.database, id)
  return { kind = kind, id = id, zone = kind == "store" and (store and store.timezone_str or monitor.default_zone) or nil }
end

--- What is about to fire: what is true, but not yet for as long or as often as its rule asks for. Nobody is told of it.
-- @tparam loom.monitor monitor
-- @tparam[opt] table options `limit` (1,000), of what `where` leaves; `where`: attributes of stores, of which alone it tells then
-- @treturn {table,...}|nil each of `rule`, `severity`, `subject` (`kind`, `id`, `zone`) and `since`, when it was true first (in
--   seconds; `since_utc` as text), in order of rules and subjects
-- @treturn ?string the failure
-- @treturn ?string its code
function overview.pending(monitor, options)
  options = check.options("pending", options, filters)
  local conditions, values = { "true" }, {}
  book.add_where(conditions, values, options.where)
  values[#values + 1] = options.limit or LIMIT_MAX
  local rows, message, code = monitor.database:rows(PENDING_SQL:format(table.concat(conditions, " AND ")), unpack(values))
  for i, row in ipairs(rows or {}) do
    local one = { rule = row.name, severity = row.severity, subject = subject_of(monitor, row.kind, row.subject) }
    time.set(one, "since", number_of(row.state:sub(TRUE_AT[1], TRUE_AT[2])))
    rows[i] = one
  end
  return rows, message, code
end

--- How often rules fired on each of the days, in UTC, that end with that of an instant.
-- @tparam loom.monitor monitor
-- @tparam int last the instant, in microseconds
-- @tparam int days how many, up to 400
-- @treturn table|nil by the name of each rule that fired: a list of numbers, one for each day
-- @treturn ?string the failure
-- @treturn ?string its code
function overview.days(monitor, last, days)
  days = math.min(days, DAYS_MAX)
  local first = math.floor(last / DAY) - days + 1
  -- What fired in them has ended since then, or not yet: so there are indexes for it, however many alerts are kept.
  local rows, message, code = monitor.database:rows([[SELECT rule, at / ?1 - ?2 AS day, count(*) AS fired FROM alert
    WHERE at >= ?1 * ?2 AND at < ?1 * (?2 + ?3) AND (ended >= ?1 * ?2 OR ended IS NULL) GROUP BY 1, 2]], DAY, first, days)
  if not rows then
    return nil, message, code
  end
  local by_rule = {}
  for _, row in ipairs(rows) do
    local counts = by_rule[row.rule]
    if not counts then
      counts = {}
      for i = 1, days do
        counts[i] = 0
      end
      by_rule[row.rule] = counts
    end
    counts[row.day + 1] = row.fired
  end
  return by_rule
end

return overview
