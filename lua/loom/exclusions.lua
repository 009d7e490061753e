--- What takes time out of the schedule: from one instant to another, or by rules, which go by clocks. They are stored as what was
-- set or loaded, and prevail over nothing. A rule becomes instants where a store is measured: see src/core/measure/exclusion.h.
-- @module loom.exclusions

local author = require "loom.author"
local check = require "loom.check"
local core = require "loom.core"
local hours = require "loom.hours"
local time = require "loom.time"
local transaction = require "loom.transaction"

local exclusions = {}

local STORE_ZONE = "store" -- in the place of a zone: the one of each store

-- Times are instants, or what the clocks of a zone show: of a weekly exclusion the first date and the one after the last.
local instant_options = {
  store = check.one_or_list(check.store_or_all), from = time.instant, to = time.instant, reason = check.note,
}
local local_options = {
  store = instant_options.store, from = time.shown, to = time.shown, reason = check.note, zone = check.string,
}
local weekly_options = {
  store = instant_options.store, from = time.date, to = time.date, reason = check.note, zone = check.string,
  weekly = hours.weekly,
}

local function exclude_options(exclusion)
  return exclusion.weekly ~= nil and weekly_options or exclusion.zone ~= nil and local_options or instant_options
end

local function check_order(exclusion, expected, text)
  if time.between(exclusion.from, exclusion.to) <= 0 then
    check.fail("bad option 'to' to 'exclude' (%s after %s expected, got %s)", expected, text(exclusion.from), text(exclusion.to))
  end
end

-- Checks what the options do not by themselves.
local function check_exclusion(exclusion)
  for _, name in ipairs(exclusion.weekly and { "store" } or { "store", "from", "to" }) do
    if exclusion[name] == nil then
      check.fail("missing option '%s' to 'exclude'", name)
    end
  end
  if exclusion.weekly then
    exclusion.zone = exclusion.zone or STORE_ZONE
    exclusion.from = exclusion.from and core.parse_local(exclusion.from) or time.FIRST
    exclusion.to = exclusion.to and core.parse_local(exclusion.to) or time.LAST
    check_order(exclusion, "a date", time.short)
  elseif exclusion.zone then
    check_order(exclusion, "a local time", time.short)
  else
    check_order(exclusion, "an instant", time.text)
  end
end

-- The failure of a zone that there is none of; nil if all is well.
local function zone_failure(monitor, items)
  for _, item in ipairs(items) do
    if item.zone and item.zone ~= STORE_ZONE then
      local known, reason = core.is_timezone(monitor.database, item.zone)
      if not known then
        return ('EINPUT: timezone "%s" %s'):format(item.zone, reason)
      end
    end
  end
end

-- The fact of an exclusion that has been checked, of one store.
local function fact_of(item, store)
  return { kind = "exclusion", store = store, from = item.from, to = item.to, text = item.reason, name = item.zone,
    openings = item.weekly }
end

--- The facts of exclusions of one store, for those who only look what they would do.
-- @tparam loom.monitor monitor
-- @tparam string store
-- @tparam {table,...} list as `loom.monitor:exclude` takes them, whose store is that, or `"*"`
-- @treturn {table,...}|nil
-- @treturn ?string the failure
-- @treturn ?string its code
function exclusions.facts(monitor, store, list)
  local items, facts = check.items("exclude", list, exclude_options, {}), {}
  for i, item in ipairs(items) do
    item.store = item.store or { store }
    check_exclusion(item)
    if item.store[2] or (item.store[1] ~= store and item.store[1] ~= "*") then
      check.fail("bad option 'store' of item %d to 'exclude' (%s or \"*\" expected, got %s)", i, check.shown(store),
        check.shown(item.store[1]))
    end
    facts[i] = fact_of(item, store)
  end
  local failure = zone_failure(monitor, items)
  if failure then
    return nil, failure, "EINPUT"
  end
  return facts
end

--- See `loom.monitor:exclude`.
function exclusions.add(monitor, exclusion, options)
  check.argument("exclude", 1, exclusion, check.table)
  local is_list = exclusion[1] ~= nil
  local items = is_list and check.items("exclude", exclusion, exclude_options, {})
    or { check.options("exclude", exclusion, exclude_options(exclusion)) }
  for _, item in ipairs(items) do
    check_exclusion(item)
  end
  options = check.options("exclude", options, author.checkers)
  options.reason = options.reason or not is_list and items[1].reason or nil -- it is said once
  local failure = zone_failure(monitor, items)
  if failure then
    return nil, failure, "EINPUT"
  end
  return transaction.facts(monitor, options, function(facts)
    local numbers = {}
    for _, item in ipairs(items) do
      for _, store in ipairs(item.store) do
        numbers[#numbers + 1] = facts:put(fact_of(item, store))
      end
    end
    return (is_list or type(exclusion.store) == "table") and numbers or numbers[1]
  end)
end

-- What clocks show at a bound of a rule; of a weekly one a date, nil where there is no bound.
local function shown(instant, is_weekly, unbounded)
  local text = time.short(instant)
  if not is_weekly then
    return text
  end
  return text ~= time.short(unbounded) and text:sub(1, 10) or nil
end

-- An exclusion as callers get it.
local function exclusion_of(fact)
  local exclusion = { number = fact.number, store_id = fact.store, reason = fact.text }
  if fact.name == "" then
    time.set(exclusion, "from", fact.from)
    time.set(exclusion, "to", fact.to)
    return exclusion
  end
  local is_weekly = fact.openings[1] ~= nil
  exclusion.zone = fact.name
  exclusion.weekly = is_weekly and core.format_week(fact.openings) or nil
  exclusion.from_local = shown(fact.from, is_weekly, time.FIRST)
  exclusion.to_local = shown(fact.to, is_weekly, time.LAST)
  return exclusion
end

-- Exclusions as callers get them; `place` is where each is in their order.
local function list(monitor, query, has_places)
  query.kind = "exclusion"
  local facts, message, code = transaction.list(monitor.database, query)
  if not facts then
    return nil, message, code
  end
  for i, fact in ipairs(facts) do
    facts[i] = exclusion_of(fact)
    facts[i].place = has_places and { from = time.text(fact.from), to = time.text(fact.to) } or nil
  end
  return facts
end

--- See `loom.monitor:exclusions`.
function exclusions.list(monitor, options)
  options = check.options("exclusions", options, { store = check.store_or_all })
  return list(monitor, { store = options.store })
end

--- One exclusion.
-- @tparam loom.monitor monitor
-- @tparam int number
-- @treturn table|false|nil as `loom.monitor:exclusions` gives it; false if there is none
-- @treturn ?string the failure
-- @treturn ?string its code
function exclusions.get(monitor, number)
  local found, message, code = list(monitor, { number = number })
  return found and (found[1] or false), message, code
end

--- A page of the exclusions, in the order of `loom.monitor:exclusions`.
-- @tparam loom.monitor monitor
-- @tparam table options `limit`: how many; `store`; `after`: the `number` of the one before the first, which may have been
--   removed, with `from` and `to` of its `place`
-- @treturn {table,...}|nil what `loom.monitor:exclusions` gives, each with its `place`
-- @treturn ?string the failure
-- @treturn ?string its code
function exclusions.page(monitor, options)
  local after = options.after or {}
  return list(monitor, {
    store = options.store,
    most = options.limit,
    after = after.number,
    after_from = after.from and time.instant(after.from),
    after_to = after.to and time.instant(after.to),
  }, true)
end

--- See `loom.monitor:remove_exclusion`.
function exclusions.remove(monitor, number, options)
  check.argument("remove_exclusion", 1, number, check.integer(1, 2 ^ 53))
  options = check.options("remove_exclusion", options, author.checkers)
  return transaction.facts(monitor, options, function(facts)
    if facts:remove { kind = "exclusion", number = number } == 0 then
      transaction.fail("ENOENT", "there is no exclusion %d", number)
    end
    return true
  end)
end

return exclusions
