--- What is set by hand and stored: hours, timezones, special days, exclusions and attributes.
--
-- Hours, timezones and special days prevail over what files bring, also over files that are loaded later. The tables are
-- described in `src/core/sqlite/schema.c`.
-- @module loom.overrides

local check = require "loom.check"
local core = require "loom.core"
local hours = require "loom.hours"
local stores = require "loom.stores"
local time = require "loom.time"
local transaction = require "loom.transaction"

local overrides = {}

local ALWAYS = "0001-01-01" -- the effective date of what always applied

-- Every row of a query as a list; nil and the failure if it cannot be read.
local function all(database, sql, ...)
  local rows, message, code = database:query(sql, ...)
  if not rows then
    return nil, message, code
  end
  local list = {}
  for row in rows do
    list[#list + 1] = row
  end
  return list
end

-- The first row of a query: false if there is none, nil and the failure if it cannot be read.
local function first(database, sql, ...)
  local list, message, code = all(database, sql, ...)
  if not list then
    return nil, message, code
  end
  return list[1] or false
end

-- The number of a store, made if need be.
local function number_of(execute, store)
  execute("INSERT OR IGNORE INTO store(store_id) VALUES(?)", store)
  local _, _, number = execute("SELECT number FROM store WHERE store_id = ?", store)
  return number
end

-- The same, where "*" stands for every store.
local function number_or_all(execute, store)
  if store ~= "*" then
    return number_of(execute, store)
  end
end

local UNKNOWN = 'store "%s" is not known'

local function store_failure(store)
  return nil, "ENOENT: " .. UNKNOWN:format(store), "ENOENT"
end

local function fail_unknown(store)
  transaction.fail("ENOENT", UNKNOWN, store)
end

-- The date that is given, or else today's where the store is.
local function date_or_today(monitor, store, given)
  if given then
    return given
  end
  local row, message, code = first(monitor.database,
    "SELECT ifnull(timezone_override, timezone) AS zone FROM store WHERE store_id = ?", store)
  if row == nil then
    return nil, message, code
  end
  local date
  date, message, code = core.local_date(monitor.database, row and row.zone or monitor.default_zone,
    time.now(monitor))
  if not date then
    return nil, message, code
  end
  return core.format_date(date)
end

local function effective_date(value)
  if value == "always" then
    return ALWAYS
  end
  local date, expected = time.date(value)
  return date, expected and expected .. ' or "always"'
end

-- ---- hours ----

-- A week without openings: closed, or one that reverts to the file's.
local function add_week(execute, number, date, reverts)
  execute("INSERT INTO hours_week(store, origin, effective_from, reverts) VALUES(?, 'override', ?, ?)", number, date,
    reverts)
end

-- What was in force before a change goes on from `date`: the change ends there.
local function resume(execute, number, date)
  local _, _, before = execute([[SELECT max(effective_from) FROM hours_week
    WHERE store = ? AND origin = 'override' AND effective_from <= ?]], number, date)
  if before == date then
    return
  elseif not before then
    add_week(execute, number, date, 1)
    return
  end
  execute([[INSERT INTO hours_week(store, origin, effective_from, reverts, openings)
    SELECT store, origin, ?3, reverts, openings FROM hours_week
    WHERE store = ?1 AND origin = 'override' AND effective_from = ?2]], number, before, date)
end

-- The first date that the options of a function give, which is also called `from`; or else today's.
local function first_date(monitor, name, store, options)
  if options.effective_from and options.from then
    check.fail("bad option 'from' to '%s' (effective_from or from expected, got both)", name)
  end
  return date_or_today(monitor, store, options.effective_from or options.from)
end

local clear_hours_options = { effective_from = effective_date, from = effective_date }
local set_hours_options = { effective_from = effective_date, from = effective_date, to = time.date }

--- See `loom.monitor:set_hours`.
function overrides.set_hours(monitor, store, week, options)
  check.argument("set_hours", 1, store, check.store_id)
  local list = check.argument("set_hours", 2, week, hours.week)
  options = check.options("set_hours", options, set_hours_options)
  local from, message, code = first_date(monitor, "set_hours", store, options)
  if not from then
    return nil, message, code
  end
  if options.to and options.to <= from then
    check.fail("bad option 'to' to 'set_hours' (a date after %s expected, got \"%s\")", from, options.to)
  end
  return transaction.run(monitor.database, function(execute)
    local number = number_of(execute, store)
    if options.to then
      resume(execute, number, options.to)
    end
    execute([[DELETE FROM hours_week WHERE store = ?1 AND origin = 'override'
      AND (effective_from = ?2 OR (effective_from > ?2 AND effective_from < ?3))]], number, from, options.to)
    add_week(execute, number, from, 0)
    for i = 1, #list, 3 do
      execute([[UPDATE hours_week SET openings = loom_week_add(openings, ?3, ?4, ?5)
        WHERE store = ?1 AND origin = 'override' AND effective_from = ?2]], number, from, list[i], list[i + 1], list[i + 2])
    end
    return true
  end)
end

--- See `loom.monitor:clear_hours`.
function overrides.clear_hours(monitor, store, options)
  check.argument("clear_hours", 1, store, check.store_id)
  options = check.options("clear_hours", options, clear_hours_options)
  local from, message, code = first_date(monitor, "clear_hours", store, options)
  if not from then
    return nil, message, code
  end
  return transaction.run(monitor.database, function(execute)
    local _, _, number = execute("SELECT number FROM store WHERE store_id = ?", store)
    if not number then
      fail_unknown(store)
    end
    execute("DELETE FROM hours_week WHERE store = ? AND origin = 'override' AND effective_from >= ?", number, from)
    local _, _, earlier = execute([[SELECT reverts FROM hours_week WHERE store = ? AND origin = 'override'
      ORDER BY effective_from DESC LIMIT 1]], number)
    if earlier == 0 then
      add_week(execute, number, from, 1)
    end
    return true
  end)
end

local hours_sql = [[SELECT origin, effective_from, reverts, weekday, open_s, close_s
  FROM hours_week LEFT JOIN loom_openings(openings)
  WHERE store = (SELECT number FROM store WHERE store_id = ?)
  ORDER BY effective_from, origin, weekday, open_s, close_s]]

-- The weeks that are stored for a store, in order of date.
local function weeks_of(rows)
  local weeks, lists = {}, {}
  for _, row in ipairs(rows) do
    local week = weeks[#weeks]
    if not week or week.effective_from ~= row.effective_from or week.origin ~= row.origin then
      week = { origin = row.origin, effective_from = row.effective_from, reverts = row.reverts == 1 or nil }
      weeks[#weeks + 1], lists[#weeks + 1] = week, {}
    end
    if row.weekday then
      local list = lists[#weeks]
      list[#list + 1], list[#list + 2], list[#list + 3] = row.weekday, row.open_s, row.close_s
    end
  end
  for i, week in ipairs(weeks) do
    week.week = not week.reverts and hours.week_texts(lists[i]) or nil
  end
  return weeks
end

-- Which of the weeks is in force on a date; nil: none, and the store is open all day.
local function in_force(weeks, date)
  local file, override
  for _, week in ipairs(weeks) do
    if week.effective_from <= date and week.origin == "file" then
      file = week
    elseif week.effective_from <= date then
      override = week
    end
  end
  return override and not override.reverts and override or file
end

--- See `loom.monitor:hours`.
function overrides.hours(monitor, store, options)
  check.argument("hours", 1, store, check.store_id)
  options = check.options("hours", options, { on = time.date })
  local known, message, code = first(monitor.database, "SELECT 1 AS known FROM store WHERE store_id = ?", store)
  if known == nil then
    return nil, message, code
  elseif not known then
    return store_failure(store)
  end
  local rows
  rows, message, code = all(monitor.database, hours_sql, store)
  if not rows then
    return nil, message, code
  end
  local date
  date, message, code = date_or_today(monitor, store, options.on)
  if not date then
    return nil, message, code
  end
  local weeks = weeks_of(rows)
  local week = in_force(weeks, date)
  for _, item in ipairs(weeks) do
    item.effective_from = item.effective_from ~= ALWAYS and item.effective_from or nil
  end
  week = week or {}
  return { week = week.week, effective_from = week.effective_from, origin = week.origin, changes = weeks }
end

-- ---- timezones ----

--- See `loom.monitor:set_timezone`.
function overrides.set_timezone(monitor, store, zone)
  check.argument("set_timezone", 1, store, check.store_id)
  if zone ~= nil then
    check.argument("set_timezone", 2, zone, check.string)
    local known, reason = core.is_timezone(monitor.database, zone)
    if not known then
      return nil, ('EINPUT: timezone "%s" %s'):format(zone, reason), "EINPUT"
    end
  end
  return transaction.run(monitor.database, function(execute)
    if zone then
      number_of(execute, store)
    end
    if execute("UPDATE store SET timezone_override = ? WHERE store_id = ?", zone, store) == 0 then
      fail_unknown(store)
    end
    return true
  end)
end

--- See `loom.monitor:timezone`.
function overrides.timezone(monitor, store)
  check.argument("timezone", 1, store, check.store_id)
  local row, message, code = first(monitor.database,
    "SELECT timezone, timezone_override FROM store WHERE store_id = ?", store)
  if row == nil then
    return nil, message, code
  elseif not row then
    return store_failure(store)
  end
  return {
    timezone_str = row.timezone_override or row.timezone or monitor.default_zone,
    origin = row.timezone_override and "override" or row.timezone and "file" or "default",
  }
end

-- ---- special days ----

local function store_or_all(value)
  local id, expected = check.store_id(value)
  return id, expected and expected .. ' or "*"'
end

--- See `loom.monitor:set_special_day`.
function overrides.set_special_day(monitor, store, date, spans, note)
  check.argument("set_special_day", 1, store, store_or_all)
  check.argument("set_special_day", 2, date, time.date)
  local list = check.argument("set_special_day", 3, spans, hours.spans)
  note = check.argument("set_special_day", 4, note or "", check.note)
  return transaction.run(monitor.database, function(execute)
    local number = number_or_all(execute, store)
    execute("DELETE FROM special_day WHERE store IS ? AND date = ? AND origin = 'override'", number, date)
    for i = 1, math.max(#list, 1), 2 do -- a closed day is a row without times
      execute([[INSERT INTO special_day(store, date, open_s, close_s, note, origin)
        SELECT ?1, ?2, ?3, ?4, ?5, 'override' WHERE NOT EXISTS (SELECT 1 FROM special_day
          WHERE store IS ?1 AND date = ?2 AND open_s IS ?3 AND close_s IS ?4 AND origin = 'override')]],
        number, date, list[i], list[i + 1], note)
    end
    return true
  end)
end

--- See `loom.monitor:clear_special_day`.
function overrides.clear_special_day(monitor, store, date, options)
  check.argument("clear_special_day", 1, store, store_or_all)
  check.argument("clear_special_day", 2, date, time.date)
  options = check.options("clear_special_day", options, { loaded = check.boolean })
  return transaction.run(monitor.database, function(execute)
    local changes = execute([[DELETE FROM special_day WHERE date = ?1 AND (origin = 'override' OR ?2)
      AND store IS (SELECT number FROM store WHERE store_id = ?3 AND ?3 <> '*')
      AND (?3 = '*' OR EXISTS(SELECT 1 FROM store WHERE store_id = ?3))]], date, options.loaded or false, store)
    if changes == 0 then
      transaction.fail("ENOENT", "there is no such special day on %s", date)
    end
    return true
  end)
end

local list_options = { store = store_or_all }

local special_days_sql = [[SELECT ifnull(store_id, '*') AS store_id, date, open_s, close_s, note, origin
  FROM special_day d LEFT JOIN store ON number = store
  WHERE (?1 IS NULL OR ifnull(store_id, '*') = ?1) AND (?2 IS NULL OR date >= ?2) AND (?3 IS NULL OR date <= ?3)
    AND (origin = 'override' OR NOT EXISTS (SELECT 1 FROM special_day
      WHERE store IS d.store AND date = d.date AND origin = 'override'))
  ORDER BY date, store_id, open_s, close_s]]

--- See `loom.monitor:special_days`.
function overrides.special_days(monitor, options)
  options = check.options("special_days", options, { store = store_or_all, from = time.date, to = time.date })
  local rows, message, code = all(monitor.database, special_days_sql, options.store, options.from, options.to)
  if not rows then
    return nil, message, code
  end
  local list = {}
  for _, row in ipairs(rows) do
    local day = list[#list]
    if not day or day.store_id ~= row.store_id or day.date ~= row.date then
      day = { store_id = row.store_id, date = row.date, spans = {}, note = row.note, origin = row.origin }
      list[#list + 1] = day
    end
    if row.open_s then
      day.spans[#day.spans + 1] = hours.texts({ row.open_s, row.close_s })[1]
    end
  end
  return list
end

-- ---- exclusions ----

local exclude_options = { store = store_or_all, from = time.instant, to = time.instant, reason = check.note }

--- See `loom.monitor:exclude`.
function overrides.exclude(monitor, exclusion)
  exclusion = check.options("exclude", check.argument("exclude", 1, exclusion, check.table), exclude_options)
  for _, name in ipairs { "store", "from", "to" } do
    if exclusion[name] == nil then
      check.fail("missing option '%s' to 'exclude'", name)
    end
  end
  if time.between(exclusion.from, exclusion.to) <= 0 then
    check.fail("bad option 'to' to 'exclude' (an instant after %s expected, got %s)", time.text(exclusion.from),
      time.text(exclusion.to))
  end
  return transaction.run(monitor.database, function(execute)
    local store, reason = number_or_all(execute, exclusion.store), exclusion.reason or ""
    local _, _, same = execute([[SELECT number FROM exclusion WHERE store IS ?
      AND from_us = CAST(? AS INTEGER) AND to_us = CAST(? AS INTEGER) AND reason = ?]], store, exclusion.from, exclusion.to,
      reason)
    if same then -- as in a file, where it is a duplicate
      return same
    end
    local _, number = execute([[INSERT INTO exclusion(store, from_us, to_us, reason)
      VALUES(?, CAST(? AS INTEGER), CAST(? AS INTEGER), ?)]], -- which are text where LuaJIT's numbers do not hold them
      store, exclusion.from, exclusion.to, reason)
    return number
  end)
end

local exclusions_sql = [[SELECT e.number AS number, ifnull(store_id, '*') AS store_id, from_us, to_us, reason
  FROM exclusion e LEFT JOIN store s ON s.number = e.store WHERE ]]

local exclusions_order = " ORDER BY from_us, to_us, e.number"

-- Rows as callers get them.
local function shown_exclusions(rows, message, code)
  for _, row in ipairs(rows or {}) do
    time.set(row, "from", row.from_us)
    time.set(row, "to", row.to_us)
    row.from_us, row.to_us = nil, nil
  end
  return rows, message, code
end

--- See `loom.monitor:exclusions`.
function overrides.exclusions(monitor, options)
  options = check.options("exclusions", options, list_options)
  return shown_exclusions(all(monitor.database, exclusions_sql .. "(?1 IS NULL OR ifnull(store_id, '*') = ?1)"
    .. exclusions_order, options.store))
end

--- One exclusion.
-- @tparam loom.monitor monitor
-- @tparam int number
-- @treturn table|false|nil as `loom.monitor:exclusions` gives it; false if there is none
-- @treturn ?string the failure
-- @treturn ?string its code
function overrides.exclusion(monitor, number)
  local rows, message, code = shown_exclusions(all(monitor.database, exclusions_sql .. "e.number = ?", number))
  return rows and (rows[1] or false), message, code
end

--- A page of the exclusions, in the order of `loom.monitor:exclusions`.
-- @tparam loom.monitor monitor
-- @tparam table options `limit`: how many; `store`; `after`: the `number` of the one before the first, which may have been
--   removed, with its instants `from` and `to`
-- @treturn {table,...}|nil what `loom.monitor:exclusions` gives
-- @treturn ?string the failure
-- @treturn ?string its code
function overrides.exclusion_page(monitor, options)
  local after = options.after or {}
  return shown_exclusions(all(monitor.database, exclusions_sql .. [[(?1 IS NULL OR ifnull(store_id, '*') = ?1)
    AND (?2 IS NULL OR (from_us, to_us, e.number) > (CAST(?3 AS INTEGER), CAST(?4 AS INTEGER), ?2))]] -- which are text
    -- where LuaJIT's numbers do not hold them
    .. exclusions_order .. " LIMIT ?5", options.store, after.number, after.from and time.instant(after.from),
    after.to and time.instant(after.to), options.limit))
end

--- See `loom.monitor:remove_exclusion`.
function overrides.remove_exclusion(monitor, number)
  check.argument("remove_exclusion", 1, number, check.integer(1, 2 ^ 53))
  return transaction.run(monitor.database, function(execute)
    if execute("DELETE FROM exclusion WHERE number = ?", number) == 0 then
      transaction.fail("ENOENT", "there is no exclusion %d", number)
    end
    return true
  end)
end

-- ---- attributes ----

-- As in `src/core/read/record.h`: what is stored must fit a file.
local NAMES_MAX, SIZE_MAX = 255, 32000

-- Whether a name is new to all stores; that of an old one is found at once, where all names would have to be counted.
local function is_new_name(execute, name, number)
  local _, _, known = execute("SELECT 1 FROM attribute WHERE name = ? AND store <> ? LIMIT 1", name, number)
  return not known
end

-- Fails if there are more attributes than there may be, once some of a store are written.
local function check_limits(execute, store, number, has_new_name)
  local _, _, size = execute("SELECT sum(length(CAST(value AS BLOB))) FROM attribute WHERE store = ?", number)
  if size and size > SIZE_MAX then
    transaction.fail("ELIMIT", "attributes of store %s: their values would have %d bytes, %d at the most may be",
      check.shown(store), size, SIZE_MAX)
  end
  if has_new_name then
    local _, _, count = execute "SELECT count(DISTINCT name) FROM attribute"
    if count > NAMES_MAX then
      transaction.fail("ELIMIT", "attributes: there would be %d names of them in all stores, %d at the most may be", count,
        NAMES_MAX)
    end
  end
end

local function check_attributes(attributes)
  for name, value in pairs(attributes) do
    if not stores.attribute_name(name) then
      check.fail("bad argument #2 to 'set_attributes' (names of 1 to 64 bytes expected, got %s)", tostring(name))
    elseif value ~= false and (type(value) ~= "string" and type(value) ~= "number") then
      check.fail("bad argument #2 to 'set_attributes' (%s: string, number or false expected, got a %s)", name,
        type(value))
    elseif value and not stores.attribute_text(value) then
      check.fail("bad argument #2 to 'set_attributes' (%s: number of up to 2^53, or text, expected, got %s)", name,
        tostring(value))
    elseif value and not check.note(stores.attribute_text(value)) then
      check.fail("bad argument #2 to 'set_attributes' (%s: text of up to 4096 bytes expected)", name)
    end
  end
end

--- See `loom.monitor:set_attributes`.
function overrides.set_attributes(monitor, store, attributes, options)
  check.argument("set_attributes", 1, store, check.store_id)
  check_attributes(check.argument("set_attributes", 2, attributes, check.table))
  options = check.options("set_attributes", options, { replace = check.boolean })
  return transaction.run(monitor.database, function(execute)
    local number = number_of(execute, store)
    if options.replace then
      execute("DELETE FROM attribute WHERE store = ?", number)
    end
    local has_new_name, sets_any = false, false
    for name, value in pairs(attributes) do
      if value and value ~= "" then
        sets_any, has_new_name = true, has_new_name or is_new_name(execute, name, number)
        execute("INSERT OR REPLACE INTO attribute(store, name, value) VALUES(?, ?, ?)", number, name,
          stores.attribute_text(value))
      else
        execute("DELETE FROM attribute WHERE store = ? AND name = ?", number, name)
      end
    end
    if sets_any then -- what is too much can be removed bit by bit
      check_limits(execute, store, number, has_new_name)
    end
    return true
  end)
end

--- See `loom.monitor:attributes`.
function overrides.attributes(monitor, store)
  check.argument("attributes", 1, store, check.store_id)
  local rows, message, code = all(monitor.database, [[SELECT name, value FROM attribute
    WHERE store = (SELECT number FROM store WHERE store_id = ?)]], store)
  if not rows then
    return nil, message, code
  end
  local attributes = {}
  for _, row in ipairs(rows) do
    attributes[row.name] = row.value
  end
  return attributes
end

return overrides
