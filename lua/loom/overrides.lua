--- What is set by hand and stored: hours, timezones, special days and attributes; exclusions are in `loom.exclusions`.
--
-- Hours, timezones and special days prevail over what files bring, also over files that are loaded later. The tables are
-- described in `src/core/sqlite/schema.c`.
-- @module loom.overrides

local author = require "loom.author"
local check = require "loom.check"
local core = require "loom.core"
local hours = require "loom.hours"
local stores = require "loom.stores"
local time = require "loom.time"
local transaction = require "loom.transaction"

local overrides = {}

--- Changes of hours that a store may have by hand: one for each day of almost three years. Whoever reads or removes all of them
-- pays for each, which is one request of the service.
overrides.CHANGES_MAX = 1000

local ALWAYS = "0001-01-01" -- the effective date of what always applied
local FIRST, LAST = ALWAYS, "9999-12-31" -- that dates may be

-- Facts of a kind: see `src/lua/facts.c`.
local function list(monitor, query)
  return transaction.list(monitor.database, query)
end

local function is_known(facts, store)
  return facts:list({ kind = "store", store = store })[1] ~= nil
end

local UNKNOWN = 'store "%s" is not known'

local function store_failure(store)
  return nil, "ENOENT: " .. UNKNOWN:format(store), "ENOENT"
end

local function fail_unknown(store)
  transaction.fail("ENOENT", UNKNOWN, store)
end

-- The timezone of a store and who it is from, of its zones in order: false if it has none.
local function zone_in_force(zones)
  return zones[#zones] or false -- that of the file comes first
end

-- The timezone of a store and who it is from: false if it has none; nil and the failure if it cannot be read.
local function zone_of(monitor, store)
  local zones, message, code = list(monitor, { kind = "zone", store = store })
  if not zones then
    return nil, message, code
  end
  return zone_in_force(zones)
end

-- The date where a store is, whose timezone is `zone`, at an instant in microseconds: days since 1970-01-01.
local function local_date(monitor, zone, instant)
  return core.local_date(monitor.database, zone and zone.text or monitor.default_zone, instant)
end

-- The date that is given, or else today's where the store is.
local function date_or_today(monitor, store, given)
  if given then
    return given
  end
  local zone, message, code = zone_of(monitor, store)
  if zone == nil then
    return nil, message, code
  end
  local date
  date, message, code = local_date(monitor, zone, time.now(monitor))
  if not date then
    return nil, message, code
  end
  return core.format_date(date)
end

-- What is to be set: of one store, of each of a list of them, or a list of tables that tell the store, too.
-- @tparam string name of the function
-- @param first its first argument
-- @tparam function store_checker
-- @tparam table known checkers of all that such a table may have
-- @tparam {string,...} required what it has to have
-- @tparam ?table options the last argument, of which a list of tables leaves `by` and `reason`
-- @tparam function rest checks the other arguments, and makes a table of them; and what was checked of the options, if it did
-- @treturn {table,...}
-- @treturn table the options
local function items_of(name, first, store_checker, known, required, options, rest)
  if type(first) == "table" and type(first[1]) == "table" then
    return check.items(name, first, known, required), check.options(name, options, author.checkers)
  end
  local items = {}
  local ids = check.argument(name, 1, first, check.one_or_list(store_checker))
  local shared, checked = rest()
  for i, id in ipairs(ids) do
    items[i] = { store = id }
    for key, value in pairs(shared) do
      items[i][key] = value
    end
  end
  return items, checked
end

local function effective_date(value)
  if value == "always" then
    return ALWAYS
  end
  local date, expected = time.date(value)
  return date, expected and expected .. ' or "always"'
end

-- ---- hours ----

-- The weeks that were set by hand, in order of date.
local function override_weeks(facts, store)
  return facts:list { kind = "week", store = store, by_hand = true }
end

local function put_week(facts, store, date, reverts, openings)
  facts:put { kind = "week", store = store, date = date, reverts = reverts, openings = openings }
end

local function check_weeks(facts, store)
  local count = #override_weeks(facts, store)
  if count > overrides.CHANGES_MAX then
    transaction.fail("ELIMIT", 'store "%s": %d changes of hours would be set by hand, there may be %d', store, count,
      overrides.CHANGES_MAX)
  end
end

local function remove_week(facts, store, date)
  facts:remove { kind = "week", store = store, date = date, override = true }
end

-- What was in force before a change goes on from `date`: the change ends there.
local function resume(facts, store, weeks, date)
  local before
  for _, week in ipairs(weeks) do
    before = week.date <= date and week or before
  end
  if not before then
    put_week(facts, store, date, true)
  elseif before.date ~= date then
    put_week(facts, store, date, before.reverts, before.openings)
  end
end

-- ---- what begins today, where the data has ended ----

local Notice = {}
Notice.__index = Notice

--- What has been set, and changes no report of the data that there is.
-- @tparam[opt="effective_from"] string option what the caller gives the first date by
function Notice:text(option)
  return ("this begins today, %s, and the newest poll is of %s: no report of the data so far changes; %s (a date, or always) "
    .. "makes it begin earlier"):format(self.effective_from, time.short(time.instant(self.newest_poll_utc)),
    option or "effective_from")
end

Notice.__tostring = Notice.text

-- What to tell of hours that begin today where a store is: nothing, unless the data ends before yesterday.
local function notice_of(monitor, today)
  local newest = today and monitor.database:newest()
  local date = newest and local_date(monitor, today.zone, newest)
  if not date or date + 1 >= today.date then
    return nil
  end
  local notice = setmetatable({ effective_from = core.format_date(today.date) }, Notice)
  time.set(notice, "newest_poll", newest)
  return notice
end

-- Changes hours by `change` (facts, item, from), within a transaction, or whatever has its facts.
-- @treturn ?table `zone` and `date` of the first item that begins today
local function apply_hours(monitor, facts, items, change)
  local today
  for _, item in ipairs(items) do
    local from = item.effective_from or item.from
    if not from then
      local zone = zone_in_force(facts:list { kind = "zone", store = item.store })
      local date, why, why_code = local_date(monitor, zone, time.now(monitor))
      if not date then
        transaction.fail(why_code, "%s", (why:gsub("^E%u+: ", "")))
      end
      today, from = today or { zone = zone, date = date }, core.format_date(date)
    end
    change(facts, item, from)
  end
  return today
end

-- Changes hours in one transaction.
-- @tparam loom.monitor monitor
-- @tparam string name of the function
-- @tparam {table,...} items `store`, and the first date, which is also called `from` (default: today's)
-- @tparam table options `by` and `reason`
-- @tparam function change (facts, item, from)
-- @return true and, if there is something to tell, a notice; or nil, the failure and its code
local function change_hours(monitor, name, items, options, change)
  for _, item in ipairs(items) do
    if item.effective_from and item.from then
      check.fail("bad option 'from' to '%s' (effective_from or from expected, got both)", name)
    end
  end
  local today
  local good, message, code = transaction.facts(monitor, options, function(facts)
    today = apply_hours(monitor, facts, items, change)
    return true
  end)
  if not good then
    return nil, message, code
  end
  return true, notice_of(monitor, today)
end

-- ---- setting hours ----

local clear_hours_options = author.with { effective_from = effective_date, from = effective_date }
local set_hours_options = author.with { effective_from = effective_date, from = effective_date, to = time.date }
local set_hours_items = { store = check.store_id, week = hours.week, effective_from = effective_date, from = effective_date,
  to = time.date }

local function set_week(facts, item, from)
  local store, to = item.store, item.to
  if to and to <= from then
    check.fail("bad option 'to' to 'set_hours' (a date after %s expected, got \"%s\")", from, to)
  end
  local weeks = override_weeks(facts, store)
  if to then
    resume(facts, store, weeks, to)
  end
  for _, earlier in ipairs(to and weeks or {}) do
    if earlier.date > from and earlier.date < to then
      remove_week(facts, store, earlier.date)
    end
  end
  put_week(facts, store, from, false, item.week)
  if #weeks + 2 > overrides.CHANGES_MAX then -- it may have added two
    check_weeks(facts, store)
  end
end

--- See `loom.monitor:set_hours`.
function overrides.set_hours(monitor, store, week, options)
  local items, checked = items_of("set_hours", store, check.store_id, set_hours_items, { "store", "week" }, options, function()
    local openings = check.argument("set_hours", 2, week, hours.week)
    local shared = check.options("set_hours", options, set_hours_options)
    return { week = openings, effective_from = shared.effective_from, from = shared.from, to = shared.to }, shared
  end)
  return change_hours(monitor, "set_hours", items, checked, set_week)
end

local function clear_weeks(facts, item, from)
  local store = item.store
  if not is_known(facts, store) then
    fail_unknown(store)
  end
  local earlier
  for _, week in ipairs(override_weeks(facts, store)) do
    if week.date >= from then
      remove_week(facts, store, week.date)
    else
      earlier = week
    end
  end
  if earlier and not earlier.reverts then
    put_week(facts, store, from, true)
  end
end

--- See `loom.monitor:clear_hours`.
function overrides.clear_hours(monitor, store, options)
  local items, checked = items_of("clear_hours", store, check.store_id, {}, {}, options, function()
    local shared = check.options("clear_hours", options, clear_hours_options)
    return { effective_from = shared.effective_from, from = shared.from }, shared
  end)
  return change_hours(monitor, "clear_hours", items, checked, clear_weeks)
end

local change_items = { effective_from = effective_date, week = hours.week, reverts = check.boolean, removed = check.boolean }

-- Says of a change whether it has exactly one of what it may have.
local function check_change(change, i)
  local count = (change.week and 1 or 0) + (change.reverts and 1 or 0) + (change.removed and 1 or 0)
  if count ~= 1 then
    check.fail("bad item %d to 'set_hours_changes' (one of week, reverts and removed expected)", i)
  end
end

--- See `loom.monitor:set_hours_changes`.
function overrides.set_hours_changes(monitor, store, changes, options)
  check.argument("set_hours_changes", 1, store, check.store_id)
  changes = check.argument("set_hours_changes", 2, changes, overrides.changes)
  options = check.options("set_hours_changes", options, author.checkers)
  return transaction.facts(monitor, options, function(facts)
    overrides.apply_changes(facts, store, changes)
    return true
  end)
end

--- Sets and removes changes of hours, which have been checked, within a transaction, or whatever has its facts.
function overrides.apply_changes(facts, store, changes)
  for _, change in ipairs(changes) do
    if change.removed then
      remove_week(facts, store, change.effective_from)
    else
      put_week(facts, store, change.effective_from, change.reverts or false, change.week)
    end
  end
  check_weeks(facts, store)
end

--- The checker of a list of them.
function overrides.changes(value)
  local length = type(value) == "table" and check.length(value)
  if not length or length > overrides.CHANGES_MAX then
    return nil, ("list of up to %d changes of hours"):format(overrides.CHANGES_MAX)
  end
  local items = check.items("set_hours_changes", value, change_items, { "effective_from" })
  for i, change in ipairs(items) do
    check_change(change, i)
  end
  return items
end

--- Checkers of a week and from which date on it is in force.
overrides.week_checkers = { week = hours.week, effective_from = effective_date, from = effective_date, to = time.date }

--- Sets a week from a date on, within a transaction, or whatever has its facts.
-- @tparam loom.monitor monitor
-- @tparam table facts as `transaction.facts` gives them
-- @tparam table item `store`, and what the checkers above have checked
function overrides.apply_week(monitor, facts, item)
  apply_hours(monitor, facts, { item }, set_week)
end

-- The weeks that are stored for a store, in order of date.
local function weeks_of(facts)
  local weeks = {}
  for i, fact in ipairs(facts) do
    weeks[i] = {
      origin = fact.override and "override" or "file",
      effective_from = fact.date,
      reverts = fact.reverts or nil,
      week = not fact.reverts and hours.week_texts(fact.openings) or nil,
      openings = not fact.reverts and hours.week_openings(fact.openings) or nil,
    }
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

-- What `loom.monitor:hours` returns, of weeks as `weeks_of` gives them.
local function hours_of(weeks, week)
  for _, item in ipairs(weeks) do
    item.effective_from = item.effective_from ~= ALWAYS and item.effective_from or nil
  end
  week = week or {}
  return {
    week = week.week,
    openings = week.openings,
    effective_from = week.effective_from ~= ALWAYS and week.effective_from or nil,
    origin = week.origin,
    changes = weeks,
  }
end

local function check_known(monitor, store)
  check.argument("hours", 1, store, check.store_id)
  local known, message, code = list(monitor, { kind = "store", store = store })
  if not known then
    return nil, message, code
  elseif not known[1] then
    return store_failure(store)
  end
  return true
end

--- See `loom.monitor:hours`.
function overrides.hours(monitor, store, options)
  options = check.options("hours", options, { on = time.date })
  local good, message, code = check_known(monitor, store)
  if not good then
    return nil, message, code
  end
  local facts
  facts, message, code = list(monitor, { kind = "week", store = store })
  if not facts then
    return nil, message, code
  end
  local date
  date, message, code = date_or_today(monitor, store, options.on)
  if not date then
    return nil, message, code
  end
  local weeks = weeks_of(facts)
  return hours_of(weeks, in_force(weeks, date))
end

local OF_STORE = " FROM hours_week WHERE store = (SELECT number FROM store WHERE store_id = ?1) AND "
local LATEST_SQL = ("SELECT max(effective_from) AS date%sorigin = 'file' AND effective_from <= ?2 UNION ALL "
  .. "SELECT max(effective_from)%sorigin = 'override' AND effective_from <= ?2"):format(OF_STORE, OF_STORE)
local DATES = "SELECT effective_from FROM (SELECT effective_from" .. OF_STORE
  .. "origin = '%s' AND effective_from BETWEEN ?2 AND ?4 ORDER BY effective_from LIMIT ?3)"
local DATES_SQL = ("SELECT effective_from AS date FROM (%s UNION %s) ORDER BY date LIMIT ?3"):format(DATES:format "file",
  DATES:format "override")

-- The week in force on a date, however many there are; false if there is none.
local function week_on(monitor, store, date)
  local rows, message, code = monitor.database:rows(LATEST_SQL, store, date)
  local weeks = {}
  for i, row in ipairs(rows or {}) do
    local facts = {}
    if row.date then
      facts, message, code = list(monitor, { kind = "week", store = store, first = row.date, last = row.date, by_hand = i == 2 })
    end
    if not facts then
      return nil, message, code
    end
    for _, week in ipairs(weeks_of(facts)) do
      weeks[#weeks + 1] = (week.origin == "override") == (i == 2) and week or nil
    end
  end
  if not rows then
    return nil, message, code
  end
  return in_force(weeks, date) or false
end

--- What `loom.monitor:hours` returns, with a page of the changes.
-- @tparam loom.monitor monitor
-- @tparam string store an id
-- @tparam ?string on the date whose week is told
-- @tparam ?string from the first date of the page
-- @tparam ?string to the last date of all pages
-- @tparam int limit how many dates it has, of each of which there may be a change of the file and one by hand
-- @treturn table|nil and the date with which the next page begins, if there is one; or nil, the failure and its code
-- @local
function overrides.hours_page(monitor, store, on, from, to, limit)
  local good, message, code = check_known(monitor, store)
  if not good then
    return nil, message, code
  end
  local date, week, rows, facts
  date, message, code = date_or_today(monitor, store, on)
  if not date then
    return nil, message, code
  end
  week, message, code = week_on(monitor, store, date)
  if week == nil then
    return nil, message, code
  end
  rows, message, code = monitor.database:rows(DATES_SQL, store, from or FIRST, limit + 1, to or LAST)
  if not rows then
    return nil, message, code
  end
  local last, next_one = rows[math.min(#rows, limit)], rows[limit + 1]
  facts, message, code = list(monitor, { kind = "week", store = store, first = from, last = last and last.date or from })
  if not facts then
    return nil, message, code
  end
  return hours_of(weeks_of(last and facts or {}), week), next_one and next_one.date
end

local STATE_SQL = "SELECT group_concat(origin || effective_from || reverts || hex(openings)) AS state, count(*) AS count"
  .. " FROM (SELECT *" .. OF_STORE .. "origin >= '' ORDER BY origin, effective_from LIMIT ?2)"

--- A text that is the same as long as a store's changes of hours are.
-- @tparam loom.monitor monitor
-- @tparam string store an id
-- @tparam int most changes of which it is made
-- @treturn string|false|nil false: there are more of them; or nil, the failure and its code
-- @local
function overrides.hours_state(monitor, store, most)
  check.argument("hours", 1, store, check.store_id)
  local rows, message, code = monitor.database:rows(STATE_SQL, store, most + 1)
  if not rows then
    return nil, message, code
  end
  return rows[1].count <= most and (rows[1].state or "") or false
end

-- ---- timezones ----

--- See `loom.monitor:set_timezone`.
function overrides.set_timezone(monitor, store, zone, options)
  check.argument("set_timezone", 1, store, check.store_id)
  options = check.options("set_timezone", options, author.checkers)
  if zone ~= nil then
    check.argument("set_timezone", 2, zone, check.string)
    local known, reason = core.is_timezone(monitor.database, zone)
    if not known then
      return nil, ('EINPUT: timezone "%s" %s'):format(zone, reason), "EINPUT"
    end
  end
  return transaction.facts(monitor, options, function(facts)
    if zone then
      facts:put { kind = "zone", store = store, text = zone }
    elseif is_known(facts, store) then
      facts:remove { kind = "zone", store = store, override = true }
    else
      fail_unknown(store)
    end
    return true
  end)
end

--- See `loom.monitor:timezone`.
function overrides.timezone(monitor, store)
  check.argument("timezone", 1, store, check.store_id)
  local zone, message, code = zone_of(monitor, store)
  if zone then
    return { timezone_str = zone.text, origin = zone.override and "override" or "file" }
  elseif zone == nil then
    return nil, message, code
  end
  local known
  known, message, code = list(monitor, { kind = "store", store = store })
  if not known then
    return nil, message, code
  elseif not known[1] then
    return store_failure(store)
  end
  return { timezone_str = monitor.default_zone, origin = "default" }
end

-- ---- special days ----

local special_day_items = { store = check.store_or_all, date = time.date, spans = hours.spans, note = check.note }

--- See `loom.monitor:set_special_day`.
function overrides.set_special_day(monitor, store, date, spans, note, options)
  local required = { "store", "date", "spans" }
  local items, checked = items_of("set_special_day", store, check.store_or_all, special_day_items, required, options, function()
    return {
      date = check.argument("set_special_day", 2, date, time.date),
      spans = check.argument("set_special_day", 3, spans, hours.spans),
      note = check.argument("set_special_day", 4, note or "", check.note),
    }, check.options("set_special_day", options, author.checkers)
  end)
  return transaction.facts(monitor, checked, function(facts)
    for _, item in ipairs(items) do
      facts:put { kind = "special_day", store = item.store, date = item.date, openings = item.spans, text = item.note or "" }
    end
    return true
  end)
end

--- See `loom.monitor:clear_special_day`.
function overrides.clear_special_day(monitor, store, date, options)
  local ids = check.argument("clear_special_day", 1, store, check.one_or_list(check.store_or_all))
  check.argument("clear_special_day", 2, date, time.date)
  options = check.options("clear_special_day", options, author.with { loaded = check.boolean })
  return transaction.facts(monitor, options, function(facts)
    local cleared = 0
    for _, id in ipairs(ids) do
      local removed = facts:remove { kind = "special_day", store = id, date = date, override = true }
      if options.loaded then
        removed = removed + facts:remove { kind = "special_day", store = id, date = date, override = false }
      end
      cleared = cleared + (removed > 0 and 1 or 0)
    end
    if cleared == 0 then
      transaction.fail("ENOENT", "there is no such special day on %s", date)
    end
    return type(store) == "table" and cleared or true
  end)
end

--- See `loom.monitor:special_days`.
function overrides.special_days(monitor, options)
  options = check.options("special_days", options, { store = check.store_or_all, from = time.date, to = time.date })
  local facts, message, code = list(monitor,
    { kind = "special_day", store = options.store, first = options.from, last = options.to })
  if not facts then
    return nil, message, code
  end
  local days, overridden = {}, nil
  for _, fact in ipairs(facts) do -- what was set by hand comes before what it prevails over
    local hidden = overridden and overridden.date == fact.date and overridden.store == fact.store
    if not hidden then
      days[#days + 1] = {
        store_id = fact.store,
        date = fact.date,
        spans = hours.texts(fact.openings),
        openings = hours.openings(fact.openings),
        note = fact.text,
        origin = fact.override and "override" or "file",
      }
    end
    overridden = fact.override and fact or overridden
  end
  return days
end

local PAGE = " FROM special_day WHERE store IS (SELECT number FROM store WHERE store_id = ?1) AND date >= ?2 AND date <= ?3"
local PAGE_SQL = "SELECT DISTINCT date" .. PAGE .. " ORDER BY date LIMIT ?4"

--- Where a page of special days ends, and where the next one begins; the store is known.
-- @tparam loom.monitor monitor
-- @tparam string store an id, or `"*"` for those of every store
-- @tparam ?string from the first date
-- @tparam ?string to the last date
-- @tparam int limit how many dates a page has
-- @treturn {string,...}|nil its last date, if it has any, and the next one, if there is one
-- @treturn ?string the failure
-- @treturn ?string its code
-- @local
function overrides.special_days_ends(monitor, store, from, to, limit)
  local rows, message, code = monitor.database:rows(PAGE_SQL, store, from or FIRST, to or LAST, limit + 1)
  if not rows then
    return nil, message, code
  end
  local last, next_one = rows[math.min(#rows, limit)], rows[limit + 1]
  return { last and last.date, next_one and next_one.date }
end

-- ---- attributes ----

-- What is stored must fit a file.
local NAMES_MAX, SIZE_MAX = core.limits.attribute_names, core.limits.attributes_size

-- Whether a name is new to all other stores; that of an old one is found at once, where all names would have to be counted.
-- `old` are names that are known not to be, of which it learns.
local function is_new_name(facts, name, store, old)
  for _, fact in ipairs(old[name] and {} or facts:list { kind = "attribute", name = name, most = 2 }) do
    old[name] = old[name] or fact.store ~= store
  end
  return not old[name]
end

local function check_names(facts)
  local count = facts:names()
  if count > NAMES_MAX then
    transaction.fail("ELIMIT", "attributes: there would be %d names of them in all stores, %d at the most may be", count,
      NAMES_MAX)
  end
end

-- Fails if there are more attributes than there may be, once some of a store are written.
local function check_limits(facts, store, has_new_name)
  local size = 0
  for _, fact in ipairs(facts:list { kind = "attribute", store = store }) do
    size = size + #fact.text
  end
  if size > SIZE_MAX then
    transaction.fail("ELIMIT", "attributes of store %s: their values would have %d bytes, %d at the most may be",
      check.shown(store), size, SIZE_MAX)
  end
  if has_new_name then
    check_names(facts)
  end
end

-- `what` is where they were given.
local function check_attributes(attributes, what)
  local function fail(format, ...)
    check.fail("bad %s to 'set_attributes' (%s)", what, format:format(...))
  end
  for name, value in pairs(attributes) do
    if not stores.attribute_name(name) then
      fail("names of 1 to %d bytes expected, got %s", core.limits.attribute_name, check.shown(name))
    elseif value ~= false and (type(value) ~= "string" and type(value) ~= "number") then
      fail("%s: string, number or false expected, got %s", name, check.shown(value))
    elseif value and not stores.attribute_text(value) then
      fail("%s: number of up to 2^53, or text, expected, got %s", name, tostring(value))
    elseif value and not check.note(stores.attribute_text(value)) then
      fail("%s: text of up to %d bytes expected, got %s", name, core.limits.note, check.shown(value))
    end
  end
end

local function attribute(store, name, text)
  return { kind = "attribute", store = store, name = name, text = text }
end

-- Whether any were set, rather than removed.
local function set_attributes(facts, store, attributes, replace, old)
  facts:put { kind = "store", store = store }
  for _, fact in ipairs(replace and facts:list { kind = "attribute", store = store } or {}) do
    facts:remove(attribute(store, fact.name))
  end
  local has_new_name, sets_any = false, false
  for name, value in pairs(attributes) do
    if value and value ~= "" then
      sets_any, has_new_name = true, has_new_name or is_new_name(facts, name, store, old)
      facts:put(attribute(store, name, stores.attribute_text(value)))
    else
      facts:remove(attribute(store, name))
    end
  end
  if sets_any then -- what is too much can be removed bit by bit
    check_limits(facts, store, has_new_name)
  end
  return sets_any
end

local attributes_items = { store = check.store_id, attributes = check.table, replace = check.boolean }

--- See `loom.monitor:set_attributes`.
function overrides.set_attributes(monitor, store, attributes, options)
  local required = { "store", "attributes" }
  local items, checked = items_of("set_attributes", store, check.store_id, attributes_items, required, options, function()
    check_attributes(check.argument("set_attributes", 2, attributes, check.table), "argument #2")
    local shared = check.options("set_attributes", options, author.with { replace = check.boolean })
    return { attributes = attributes, replace = shared.replace }, shared
  end)
  for i, item in ipairs(attributes == nil and items or {}) do
    check_attributes(item.attributes, ("item %d"):format(i))
  end
  return transaction.facts(monitor, checked, function(facts)
    local old, sets_any = {}, false
    for _, item in ipairs(items) do
      sets_any = set_attributes(facts, item.store, item.attributes, item.replace, old) or sets_any
    end
    if sets_any and items[2] then -- a name may have been old when it was looked for, and removed since
      check_names(facts)
    end
    return true
  end)
end

--- See `loom.monitor:attributes`.
function overrides.attributes(monitor, store)
  check.argument("attributes", 1, store, check.store_id)
  local facts, message, code = list(monitor, { kind = "attribute", store = store })
  if not facts then
    return nil, message, code
  end
  local attributes = {}
  for _, fact in ipairs(facts) do
    attributes[fact.name] = fact.text
  end
  return attributes
end

return overrides
