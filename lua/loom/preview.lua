--- What figures would be if something else were set for a store: nothing is stored, and nobody waits.
--
-- What is set of the store, and of every store, is read; the change is made to that in memory, by the functions that make it in a
-- database (`loom.overrides`); and a report is computed with what comes of it in the place of what is stored
-- (`src/core/measure/overlay.h`).
-- @module loom.preview

local check = require "loom.check"
local core = require "loom.core"
local exclusions = require "loom.exclusions"
local hours = require "loom.hours"
local inspection = require "loom.inspection"
local overrides = require "loom.overrides"
local Report = require "loom.report"
local rules = require "loom.rules"
local time = require "loom.time"
local transaction = require "loom.transaction"
local windows = require "loom.windows"

local preview = {}

local CHANGED_MAX = 10000 -- stretches that are told: a year of a store that changes once an hour
local EXCLUSIONS_MAX = 100000 -- that are read: more take seconds, and have the memory of a large report

--- Special days that one change may set, and exclusions either way.
preview.DAYS_MAX, preview.CHANGES_MAX = 1000, 1000

local TRIES = 4 -- where others write meanwhile

-- ---- facts in memory ----

-- One store's facts, with the methods that `transaction.facts` gives.
local Facts = {}
Facts.__index = Facts

local function sooner(a, b)
  if a.date ~= b.date then
    return (a.date or "") < (b.date or "")
  end
  return not a.override and b.override or false
end

function Facts:list(query)
  local list = {}
  for _, fact in ipairs(self) do
    list[#list + 1] = fact.kind == query.kind and fact or nil
  end
  table.sort(list, sooner)
  return list
end

local function has_key(fact, key)
  if fact.kind ~= key.kind then
    return false
  elseif key.kind == "exclusion" then
    return fact.number == key.number
  end
  return fact.date == key.date and fact.override == key.override
end

function Facts:remove(key)
  for i = #self, 1, -1 do
    if has_key(self[i], key) then
      table.remove(self, i)
    end
  end
end

function Facts:put(fact)
  fact.override = true
  if fact.kind ~= "exclusion" then
    self:remove(fact)
  end
  self[#self + 1] = fact
end

-- What is stored of a store, with the exclusions of every store.
local function read_facts(monitor, store)
  local facts = setmetatable({}, Facts)
  for _, query in ipairs { { kind = "zone" }, { kind = "week" }, { kind = "special_day" }, { kind = "exclusion" },
    { kind = "exclusion", store = "*" } } do
    query.store, query.most = query.store or store, EXCLUSIONS_MAX + 1
    local list, message, code = transaction.list(monitor.database, query)
    if not list then
      return nil, message, code
    elseif #list > EXCLUSIONS_MAX then
      return nil, ("ELIMIT: there are more than %d exclusions"):format(EXCLUSIONS_MAX), "ELIMIT"
    end
    for _, fact in ipairs(list) do
      fact.kind, fact.store = query.kind, store
      facts[#facts + 1] = fact
    end
  end
  return facts
end

-- The same for the native half, which uses it up.
local function overlay_of(store, facts)
  local overlay = core.overlay(store)
  for _, kind in ipairs { "zone", "week", "special_day", "exclusion" } do
    for _, fact in ipairs(facts:list { kind = kind }) do
      overlay:add(fact)
    end
  end
  overlay:finish()
  return overlay
end

-- ---- what is changed ----

local function hours_checker(value)
  if type(value) ~= "table" then
    return nil, "table of a week and the date from which on it is in force, or of changes"
  elseif value.changes ~= nil then
    local changes, expected = overrides.changes(value.changes)
    return changes and { changes = changes }, expected
  end
  if value.week == nil then
    check.fail "missing option 'week' to 'preview'"
  end
  return check.options("preview", value, overrides.week_checkers)
end

-- false: the special day is removed.
local function spans_checker(value)
  if value == false then
    return false
  end
  return hours.spans(value)
end

local function days_checker(value)
  local length = type(value) == "table" and check.length(value)
  if not length or length > preview.DAYS_MAX then
    return nil, ("list of up to %d special days"):format(preview.DAYS_MAX)
  end
  local days = {}
  for i, day in ipairs(value) do
    if type(day) ~= "table" then
      return nil, "list of special days", false, day
    end
    local spans = day.spans
    if day.date == nil then
      check.fail "missing option 'date' to 'preview'"
    end
    local rest = check.options("preview", { date = day.date, note = day.note }, { date = time.date, note = check.note })
    local checked, expected, _, wrong = spans_checker(spans)
    if checked == nil then
      return nil, "special days with spans: " .. expected, false, wrong or spans
    end
    for name in pairs(day) do
      if name ~= "date" and name ~= "note" and name ~= "spans" then
        return nil, "special days of date, spans and note", false, name
      end
    end
    days[i] = { date = rest.date, spans = checked }
  end
  return days
end

local function exclusions_checker(value)
  local expected = ("table of up to %d exclusions to add and of numbers to remove"):format(preview.CHANGES_MAX)
  if type(value) ~= "table" then
    return nil, expected
  end
  for name, list in pairs(value) do
    local length = type(list) == "table" and check.length(list)
    if (name ~= "add" and name ~= "remove") or not length or length > preview.CHANGES_MAX then
      return nil, expected, false, name
    end
  end
  for _, number in ipairs(value.remove or {}) do
    if not check.integer(1, 2 ^ 53)(number) then
      return nil, expected, false, number
    end
  end
  return value
end

local function zone_checker(value)
  if value == false or type(value) == "string" then
    return { zone = value }
  end
  return nil, "name of a timezone, or false"
end

local checkers = {
  store = check.store_id, hours = hours_checker, special_days = days_checker, exclusions = exclusions_checker,
  timezone_str = zone_checker, windows = windows.checker, as_of = time.seen_from, most = check.integer(1, 2 ^ 53),
}
for name, checker in pairs(rules.checkers) do
  checkers[name] = checker
end

local function change_zone(monitor, facts, store, zone)
  if zone then
    local known, reason = core.is_timezone(monitor.database, zone)
    if not known then
      return nil, ('EINPUT: timezone "%s" %s'):format(zone, reason), "EINPUT"
    end
    facts:put { kind = "zone", store = store, text = zone }
  else
    facts:remove { kind = "zone", override = true }
  end
  return true
end

local function change_exclusions(monitor, facts, store, change)
  for _, number in ipairs(change.remove or {}) do
    local found
    for _, fact in ipairs(facts) do
      found = found or (fact.kind == "exclusion" and fact.number == number)
    end
    if not found then
      return nil, ("ENOENT: there is no exclusion %d of the store"):format(number), "ENOENT"
    end
    facts:remove { kind = "exclusion", number = number }
  end
  local added, message, code = exclusions.facts(monitor, store, change.add or {})
  for _, fact in ipairs(added or {}) do
    facts:put(fact)
  end
  return added and true, message, code
end

-- Makes the change.
local function change_facts(monitor, facts, options)
  local store = options.store
  if options.timezone_str then -- first: hours may begin today, where the store is
    local good, message, code = change_zone(monitor, facts, store, options.timezone_str.zone)
    if not good then
      return nil, message, code
    end
  end
  if options.hours and options.hours.changes then
    overrides.apply_changes(facts, store, options.hours.changes)
  elseif options.hours then
    options.hours.store = store
    overrides.apply_week(monitor, facts, options.hours)
  end
  for _, day in ipairs(options.special_days or {}) do
    local key = { kind = "special_day", store = store, date = day.date, override = true }
    if day.spans then
      key.openings = day.spans
      facts:put(key)
    else
      facts:remove(key)
    end
  end
  if options.exclusions then
    return change_exclusions(monitor, facts, store, options.exclusions)
  end
  return true
end

-- ---- what comes of it ----

-- Where the states of two lists of segments of one span differ.
local function differences(before, after)
  local list, count, i, j, at = {}, 0, 1, 1, 0
  while before[i] and after[j] do
    local one, other = before[i], after[j]
    local to = math.min(one.to, other.to)
    local last = list[#list]
    if one.state ~= other.state then
      if last and last.to == at and last.before == one.state and last.after == other.state then
        last.to = to
      else
        count = count + 1
        list[#list + 1] = count <= CHANGED_MAX and { from = at, to = to, before = one.state, after = other.state } or nil
      end
    end
    at = to
    i, j = one.to == to and i + 1 or i, other.to == to and j + 1 or j
  end
  return list, count
end

-- The first instant of a report's windows, and the last, as text.
local function hull_of(report)
  local from, to
  for _, window in ipairs(report.windows) do
    from = (not from or window.from_utc < from) and window.from_utc or from
    to = (not to or window.to_utc > to) and window.to_utc or to
  end
  return from, to
end

-- The stretches that would be something else.
local function changed_of(monitor, options, report, facts)
  local from, to = hull_of(report)
  local asked = { as_of = report.as_of_utc, default_zone = options.default_zone, most = options.most }
  for name in pairs(rules.checkers) do
    asked[name] = options[name]
  end
  if from >= to then
    return {}, 0
  end
  local before, message, code = inspection.segments(monitor, options.store, from, to, asked)
  local after
  if before then
    after, message, code = inspection.segments(monitor, options.store, from, to, asked, overlay_of(options.store, facts))
  end
  if not after then
    return nil, message, code
  end
  local list, count = differences(before, after)
  local start = time.instant(from)
  for _, stretch in ipairs(list) do
    local first, last = stretch.from, stretch.to
    time.set_after(stretch, "from", start, first)
    time.set_after(stretch, "to", start, last)
    stretch.seconds = time.seconds(last - first)
  end
  return list, count
end

-- The options of the reports.
local function report_options(options, as_of)
  local asked = { stores = { ids = { options.store } }, all_stores = true, threads = 1, windows = options.given_windows,
    as_of = as_of or options.as_of }
  for name in pairs(rules.checkers) do
    asked[name] = options[name]
  end
  return asked
end

-- Looks once. What is written meanwhile may be in one of the parts and not in another.
local function look(monitor, options)
  local facts, message, code = read_facts(monitor, options.store)
  if not facts then
    return nil, message, code
  end
  local called, made
  called, made, message, code = pcall(change_facts, monitor, facts, options)
  if not called then
    return transaction.failure(made)
  elseif not made then
    return nil, message, code
  end
  local before, after
  before, message, code = Report.compute(monitor, report_options(options))
  if before then
    after, message, code = Report.compute(monitor, report_options(options, before.as_of_utc), overlay_of(options.store, facts))
  end
  if not after then
    return nil, message, code
  end
  local changed, count
  changed, count, code = changed_of(monitor, options, before, facts)
  if not changed then
    return nil, count, code
  end
  return { store_id = options.store, as_of = before.as_of, as_of_utc = before.as_of_utc, before = before, after = after,
    changed = changed, left_out = count - #changed }
end

--- See `loom.monitor:preview`.
function preview.look(monitor, options)
  local given = type(options) == "table" and options.windows
  options = check.options("preview", options, checkers)
  if not options.store then
    check.fail("missing option 'store' to 'preview'")
  end
  options.given_windows = given or nil
  local known, message, code = transaction.list(monitor.database, { kind = "store", store = options.store })
  if not known then
    return nil, message, code
  elseif not known[1] then
    return nil, ('ENOENT: store "%s" is not known'):format(options.store), "ENOENT"
  end
  for _ = 1, TRIES do
    local revision = monitor.database:revision()
    local found
    found, message, code = look(monitor, options)
    if not found or monitor.database:revision() == revision then
      return found, message, code
    end
  end
  return nil, "EBUSY: others write all the time", "EBUSY"
end

return preview
