--- The stores that a database knows, and the choice of some of them.
-- @module loom.stores

local check = require "loom.check"
local core = require "loom.core"
local time = require "loom.time"
local transaction = require "loom.transaction"

local stores = {}

local PAGE = 1000 -- stores read at a time: none of the caller's functions runs inside a transaction

local function store_of(fact)
  local store = { store_id = fact.store, timezone_str = fact.text, has_hours = fact.has_hours, attributes = {} }
  if fact.to then
    time.set(store, "first_poll", fact.from)
    time.set(store, "last_poll", fact.to)
  end
  return store
end

-- The stores after a number, as a list; nil and the failure if they cannot be read.
local function read_page(database, after)
  local facts, message, code = transaction.list(database, { kind = "store", after = after, most = PAGE })
  if not facts then
    return nil, message, code
  end
  local page, by_id = {}, {}
  for i, fact in ipairs(facts) do
    page[i] = store_of(fact)
    by_id[fact.store], page.last = page[i], fact.number
  end
  if page.last then
    facts, message, code = transaction.list(database, { kind = "attribute", after = after, last_number = page.last })
    if not facts then
      return nil, message, code
    end
    for _, fact in ipairs(facts) do
      if by_id[fact.store] then
        by_id[fact.store].attributes[fact.name] = fact.text
      end
    end
  end
  return page
end

-- Calls visit(store) for every store. No transaction is open meanwhile, so that it may do what it likes.
local function visit_all(database, visit)
  local after = 0
  repeat
    local page, message, code = read_page(database, after)
    if not page then
      return nil, message, code
    end
    for _, store in ipairs(page) do
      visit(store)
    end
    after = page.last
  until not after
  return true
end

--- One store: see `loom.monitor:store`.
function stores.get(database, id)
  check.argument("store", 1, id, check.store_id)
  local facts, message, code = transaction.list(database, { kind = "store", store = id })
  if not facts then
    return nil, message, code
  elseif not facts[1] then
    return nil, ('ENOENT: store "%s" is not known'):format(id), "ENOENT"
  end
  local store = store_of(facts[1])
  facts, message, code = transaction.list(database, { kind = "attribute", store = id })
  if not facts then
    return nil, message, code
  end
  for _, fact in ipairs(facts) do
    store.attributes[fact.name] = fact.text
  end
  return store
end

--- An iterator over all stores, in no order: see `loom.monitor:stores`. It raises what reading fails with.
function stores.each(database)
  local page, at = { last = 0 }, 0
  return function()
    at = at + 1
    if not page[at] and page.last then
      local message
      page, message = read_page(database, page.last)
      if not page then
        error(message, 0)
      end
      at = 1
    end
    return page[at]
  end
end

-- ---- choosing ----

-- Whether a table is a list of texts, without holes.
local function are_texts(list)
  if not check.length(list) then
    return false
  end
  for _, item in ipairs(list) do
    if type(item) ~= "string" then
      return false
    end
  end
  return true
end

--- Checker of the option `stores`: a pattern, a list of ids and patterns, `{ ids = list }` of ids that are no patterns
-- whatever they look like, or a function (store).
function stores.selection(value)
  local expected = "store id, pattern, list of them, or function"
  if type(value) == "string" then
    return { value }
  elseif type(value) == "function" then
    return value
  elseif type(value) == "table" and type(value.ids) == "table" then
    return next(value, (next(value))) == nil and are_texts(value.ids) and value or nil, expected
  elseif type(value) ~= "table" or not are_texts(value) then
    return nil, expected
  end
  return value
end

--- Checker of an attribute's name.
function stores.attribute_name(value)
  if type(value) == "string" and #value >= 1 and #value <= core.limits.attribute_name and not value:find("[%c\127]")
    and value:lower():match("^ *(.-) *$") ~= "store_id" then -- which in a file is another column
    return value
  end
  return nil, ("name of an attribute (1 to %d bytes)"):format(core.limits.attribute_name)
end

local EXACT_MAX = 2 ^ 53 -- further on doubles leave out whole numbers, so that what was meant is not known

--- An attribute's value, text or number, as it is stored: a number is the same text on every Lua, with all its digits.
-- @tparam string|number value
-- @treturn string|nil nil for what is no number that is known to the last digit: NaN, what is infinite, and beyond 2^53
function stores.attribute_text(value)
  if type(value) ~= "number" then
    return value
  elseif not (value >= -EXACT_MAX and value <= EXACT_MAX) then
    return nil
  end
  return core.digits(value)
end

--- Checker of the option `where`: attributes with the value, or the list of values, that they must have.
function stores.conditions(value)
  local expected = "table of attributes and their values"
  if type(value) ~= "table" then
    return nil, expected
  end
  local conditions = {}
  for name, values in pairs(value) do
    local allowed = {}
    values = type(values) == "table" and values or { values }
    if type(name) ~= "string" or name == "" or not check.length(values) then
      return nil, expected
    end
    for _, item in ipairs(values) do
      local text = (type(item) == "string" or type(item) == "number") and stores.attribute_text(item)
      if not text then
        return nil, expected, false, item
      end
      allowed[text] = true
    end
    conditions[name] = allowed
  end
  return conditions
end

--- Checker of the option `search`: a text that the id or the value of an attribute contains, whichever case A to Z are in.
function stores.search(value)
  local count = type(value) == "string" and #value:gsub("[\128-\191]", "") -- of UTF-8, as pages and JSON Schema count
  if count and #value >= 1 and count <= core.limits.search and #value <= 4 * core.limits.search then
    return value
  end
  return nil, ("text of 1 to %d characters"):format(core.limits.search)
end

--- Checker of the option `zones`: one that stores are measured by, or a list of them.
function stores.zones(value)
  local list = type(value) == "string" and { value } or value
  return type(list) == "table" and are_texts(list) and list or nil, "name of a timezone, or list of them"
end

-- Ids and patterns of a list apart.
local function split(list)
  local ids, globs = {}, {}
  if list.ids then
    return list.ids, globs
  end
  for _, item in ipairs(list) do
    if item:find("[*?%[]") then
      globs[#globs + 1] = item
    else
      ids[#ids + 1] = item
    end
  end
  return ids, globs
end

--- Whether a store has the attributes that conditions ask for.
-- @tparam table store with its `attributes`
-- @tparam table conditions as `stores.conditions` returns them
-- @treturn bool
function stores.meets(store, conditions)
  for name, allowed in pairs(conditions) do
    if not allowed[store.attributes[name]] then
      return false
    end
  end
  return true
end

-- A function (store) for a list of ids and patterns.
local function is_listed(list)
  local ids, globs = split(list)
  local set = {}
  for _, id in ipairs(ids) do
    set[id] = true
  end
  return function(store)
    for _, glob in ipairs(not set[store.store_id] and globs or {}) do
      if core.matches(glob, store.store_id) then
        return true
      end
    end
    return set[store.store_id]
  end
end

-- A function (store) for a text that is looked for.
local function contains(search)
  search = search:lower()
  return function(store)
    local found = store.store_id:lower():find(search, 1, true)
    for _, value in pairs(store.attributes) do
      found = found or value:lower():find(search, 1, true)
    end
    return found
  end
end

-- A function (store) for a list of zones.
local function is_in(zones, default_zone)
  local set = {}
  for _, zone in ipairs(zones) do
    set[zone] = true
  end
  return function(store)
    return set[store.timezone_str or default_zone]
  end
end

-- The functions (store) that options choose by, all of which have to be true; a caller's own one comes last.
local function tests_of(options, default_zone)
  local selection, conditions, tests = options.stores, options.where, {}
  if conditions then
    tests[1] = function(store)
      return stores.meets(store, conditions)
    end
  end
  tests[#tests + 1] = options.search and contains(options.search)
  tests[#tests + 1] = options.zones and is_in(options.zones, default_zone)
  tests[#tests + 1] = type(selection) == "table" and is_listed(selection) or selection or nil
  return tests
end

-- Zones of the options that are none of the tz database: nil and the failure.
local function check_zones(database, zones)
  for _, zone in ipairs(zones or {}) do
    local known, reason = core.is_timezone(database, zone)
    if not known then
      return nil, ('EINVAL: zones: "%s" %s'):format(zone, reason), "EINVAL"
    end
  end
  return true
end

-- The ids of the stores that options choose; `known`, if it is there, gets all.
local function chosen_ids(database, options, default_zone, known)
  local good, message, code = check_zones(database, options.zones)
  if not good then
    return nil, message, code
  end
  local tests, ids = tests_of(options, default_zone), {}
  good, message, code = visit_all(database, function(store)
    if known then
      known[store.store_id] = true
    end
    for _, test in ipairs(tests) do
      if not test(store) then
        return
      end
    end
    ids[#ids + 1] = store.store_id
  end)
  if not good then
    return nil, message, code
  end
  return ids
end

-- Conditions as the native half takes them.
local function native_conditions(conditions)
  local list = {}
  for name, allowed in pairs(conditions or {}) do
    local condition = { name }
    for value in pairs(allowed) do
      condition[#condition + 1] = value
    end
    list[#list + 1] = condition
  end
  return list
end

local VALUES_MAX = 900 -- in the conditions that the native half is given: each is a parameter of a statement

-- What options ask for where the native half can choose by it; nil where it cannot.
local function native_choice(options)
  local count = 0
  for _, allowed in pairs(options.where or {}) do
    if next(allowed) == nil then -- of which no value will do
      return nil
    end
    for _ in pairs(allowed) do
      count = count + 1
    end
  end
  if options.stores or options.zones or count > VALUES_MAX then
    return nil
  end
  return { text = options.search and options.search:lower(), conditions = native_conditions(options.where), after = "" }
end

-- As chosen_ids, without a table for each store.
local function natively_chosen_ids(database, asked)
  local facts = core.facts(database)
  local ids, message, code = facts:choose(asked)
  if ids then
    ids, message, code = facts:chosen()
  end
  facts:close()
  return ids, message, code
end

--- The stores that a report is for.
-- @tparam loom.database database
-- @tparam table options `stores`, `where`, `search` and `zones`, as the checkers return them; without any: all
-- @tparam string default_zone of stores without one
-- @treturn table|nil `ids`, a list, and `globs`, a list of patterns; without either: all stores
-- @treturn ?string the failure
-- @treturn ?string its code
function stores.choose(database, options, default_zone)
  local selection = options.stores
  if not (options.where or options.search or options.zones) then
    if not selection then
      return {}
    elseif type(selection) == "table" then
      local ids, globs = split(selection)
      return { ids = ids, globs = globs }
    end
  end
  local choose, asked = natively_chosen_ids, native_choice(options)
  if not asked then
    choose, asked = chosen_ids, options
  end
  local ids, message, code = choose(database, asked, default_zone)
  if not ids then
    return nil, message, code
  end
  return { ids = ids, globs = {} }
end

-- The first id of a list that no store has; nil if there is none.
local function unknown_id(selection, known)
  for _, id in ipairs(type(selection) == "table" and split(selection) or {}) do
    if not known[id] then
      return id
    end
  end
end

--- The ids of known stores: see `loom.monitor:store_ids`.
function stores.ids(database, options, default_zone)
  options = check.options("store_ids", options, { stores = stores.selection, where = stores.conditions,
    search = stores.search, zones = stores.zones })
  local known = {}
  local ids, message, code = chosen_ids(database, options, default_zone, known)
  if not ids then
    return nil, message, code
  end
  local unknown = unknown_id(options.stores, known)
  if unknown then
    return nil, ('ENOENT: store "%s" is not known'):format(unknown), "ENOENT"
  end
  table.sort(ids)
  return ids
end

local DESCRIBED_MAX = 10 -- texts of each kind: enough to know a choice by

-- The first of a list, and how many there are.
local function first_of(list)
  local first = {}
  for i = 1, math.min(#list, DESCRIBED_MAX) do
    first[i] = list[i]
  end
  return { first = first, count = #list }
end

--- A choice of stores, for those who have to say what it was.
-- @tparam table options `stores`, `where`, `search`, `zones` and `all_stores`, as the checkers return them
-- @treturn table `ids`, if any are named: the `first` of them and their `count`; `by_function`, where one tells; `where`, if
--   there are conditions: a list of `name` and, as of ids, `values`; `search`; `zones`, as of ids; `all_stores`
function stores.described(options)
  local selection, where = options.stores, nil
  for name, allowed in pairs(options.where or {}) do
    local values = {}
    for value in pairs(allowed) do
      values[#values + 1] = value
    end
    table.sort(values)
    where = where or {}
    where[#where + 1] = { name = name, values = first_of(values) }
  end
  if where then
    table.sort(where, function(a, b)
      return a.name < b.name
    end)
  end
  return { ids = type(selection) == "table" and first_of(selection.ids or selection) or nil,
    by_function = type(selection) == "function" or nil, where = where, search = options.search,
    zones = options.zones and first_of(options.zones), all_stores = options.all_stores or nil }
end

-- A function (database, seconds) that goes on with what is asked of all stores, for about so long, where it was left:
-- take(facts, seconds) takes what comes. See `stores.chooser`.
local function pass_of(asked, take)
  return function(database, seconds)
    local facts = core.facts(database)
    local done, message, code = facts:choose(asked)
    if done then
      done, message, code = take(facts, seconds)
    end
    facts:close()
    if done == false then
      asked.after = message
    end
    return done, message, code
  end
end

--- A choice among a report's stores, made in pieces, without a table for each store: for those who have others waiting. Between
-- two pieces nothing of the database is held, so that it may change; each store is as it is when it is looked at.
-- @tparam userdata native the native half of the report: see `loom.report:chooser`
-- @tparam ?string glob a pattern of ids
-- @tparam ?table conditions as `stores.conditions` returns them
-- @tparam ?string text that the id or the value of an attribute contains, whichever case ASCII's letters are in
-- @treturn loom.choice for methods of the report; complete once the function returns true
-- @treturn function (database, seconds) that goes on for about so long: true at the end, false before; nil, the failure, its code
function stores.chooser(native, glob, conditions, text)
  local asked = { glob = glob, text = text and text:lower(), conditions = native_conditions(conditions), after = "" }
  local choice = native:choice()
  return choice, pass_of(asked, function(facts, seconds)
    return choice:take(native, facts, seconds)
  end)
end

--- What each of a report's stores has of an attribute, read in the same way.
-- @tparam userdata native
-- @tparam string attribute
-- @tparam[opt] int most different values: with more it ends as soon as that is seen
-- @tparam[opt] table conditions as `stores.conditions` returns them: of others nothing is read
-- @treturn loom.column for methods of the report
-- @treturn function as of `chooser`
function stores.column(native, attribute, most, conditions)
  local column = native:column()
  local asked = { attribute = attribute, conditions = native_conditions(conditions), after = "" }
  return column, pass_of(asked, function(facts, seconds)
    return column:take(native, facts, seconds, most)
  end)
end

--- The newest poll of all, as text; false if there is none.
function stores.newest_poll(database)
  local newest, message, code = database:newest()
  if newest then
    return time.text(newest)
  elseif code == "EEMPTY" then
    return false
  end
  return nil, message, code
end

-- The numbers at which pages of stores end, and nil at their end; with `is_whole` there is one page.
local function page_ends(database, is_whole)
  local after = 0
  return function()
    if not after then
      return nil
    elseif is_whole then
      after = nil
      return 0, 0
    end
    local from = after
    local facts, message, code = transaction.list(database, { kind = "store", after = from, most = PAGE })
    if not facts then
      return false, message, code
    end
    after = facts[1] and facts[#facts].number or nil
    return after and from or nil, after
  end
end

--- Every store's value of an attribute.
-- @tparam loom.database database
-- @tparam string attribute
-- @tparam[opt] function give_turn called after every thousand stores, each of which is as it is when it is read
-- @treturn table|nil values by store id
-- @treturn ?string the failure
-- @treturn ?string its code
function stores.values_of(database, attribute, give_turn)
  local values = {}
  for after, last, code in page_ends(database, not give_turn) do
    if not after then
      return nil, last, code
    end
    local facts, message, why = transaction.list(database, { kind = "attribute", name = attribute, after = after,
      last_number = last })
    if not facts then
      return nil, message, why
    end
    for _, fact in ipairs(facts) do
      values[fact.store] = fact.text
    end
    if give_turn then
      give_turn()
    end
  end
  return values
end

--- The names of all attributes that any store has.
-- @tparam loom.database database
-- @tparam function give_turn called after every thousand stores
-- @treturn {string,...}|nil in order of their bytes
-- @treturn ?string the failure
-- @treturn ?string its code
function stores.attribute_names(database, give_turn)
  local list, is_known = {}, {}
  for after, last, code in page_ends(database, false) do
    if not after then
      return nil, last, code
    end
    local facts, message, why = transaction.list(database, { kind = "attribute", after = after, last_number = last })
    if not facts then
      return nil, message, why
    end
    for _, fact in ipairs(facts) do
      if not is_known[fact.name] then
        list[#list + 1], is_known[fact.name] = fact.name, true
      end
    end
    give_turn()
  end
  table.sort(list)
  return list
end

--- Every store's timezone that is in force.
-- @tparam loom.database database
-- @tparam string default_zone that of stores without one
-- @tparam[opt] function give_turn called after every thousand stores
-- @treturn table|nil names of zones by store id
-- @treturn ?string the failure
-- @treturn ?string its code
function stores.zones_of(database, default_zone, give_turn)
  local zones, after = {}, 0
  repeat
    local facts, message, code = transaction.list(database, { kind = "store", after = after, most = PAGE })
    if not facts then
      return nil, message, code
    end
    for _, fact in ipairs(facts) do
      zones[fact.store] = fact.text or default_zone
    end
    after = facts[1] and facts[#facts].number
    if give_turn then
      give_turn()
    end
  until not after
  return zones
end

--- The checkers, for those who have other options beside these.
stores.checkers = { stores = stores.selection, where = stores.conditions, search = stores.search, zones = stores.zones,
  all_stores = check.boolean }

return stores
