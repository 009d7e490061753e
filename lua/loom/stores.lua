--- The stores that a database knows, and the choice of some of them.
-- @module loom.stores

local check = require "loom.check"
local time = require "loom.time"

local stores = {}

local PAGE = 1000 -- stores read at a time: none of the caller's functions runs inside a transaction

local page_sql = ([[SELECT number, store_id, ifnull(timezone_override, timezone) AS timezone, first_poll, newest_poll,
    EXISTS(SELECT 1 FROM hours_week WHERE store = number) AS has_hours
  FROM store WHERE number > ? ORDER BY number LIMIT %d]]):format(PAGE)

local attributes_sql = "SELECT store, name, value FROM attribute WHERE store BETWEEN ? AND ?"

-- The stores after a number, as a list; nil and the failure if they cannot be read.
local function read_page(database, after)
  local rows, message, code = database:query(page_sql, after)
  if not rows then
    return nil, message, code
  end
  local page, by_number = {}, {}
  for row in rows do
    local store = {
      store_id = row.store_id,
      timezone = row.timezone,
      has_hours = row.has_hours == 1,
      first_poll = row.first_poll and time.seconds(row.first_poll),
      last_poll = row.newest_poll and time.seconds(row.newest_poll),
      attributes = {},
    }
    page[#page + 1], by_number[row.number] = store, store
    page.last = row.number
  end
  if #page > 0 then
    rows, message, code = database:query(attributes_sql, after + 1, page.last)
    if not rows then
      return nil, message, code
    end
    for row in rows do
      if by_number[row.store] then
        by_number[row.store].attributes[row.name] = row.value
      end
    end
  end
  return page
end

--- An iterator over all stores, in no order: see `loom.monitor:stores`. It raises what reading fails with.
function stores.each(database)
  local page, at, after = {}, 0, 0
  return function()
    at = at + 1
    if not page[at] then
      local message
      page, message = read_page(database, page.last or after)
      if not page then
        error(message, 0)
      end
      at = 1
    end
    return page[at]
  end
end

-- ---- choosing ----

--- Checker of the option `stores`: a pattern, a list of ids and patterns, or a function (store).
function stores.selection(value)
  local expected = "store id, pattern, list of them, or function"
  if type(value) == "string" then
    return { value }
  elseif type(value) == "function" then
    return value
  elseif type(value) ~= "table" or not check.length(value) then
    return nil, expected
  end
  for _, item in ipairs(value) do
    if type(item) ~= "string" then
      return nil, expected
    end
  end
  return value
end

--- An attribute's value, text or number, as it is stored: a number is the same text on every Lua.
function stores.attribute_text(value)
  return (type(value) == "number" and tostring(value):gsub("%.0$", "") or value)
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
    if type(name) ~= "string" or not check.length(values) then
      return nil, expected
    end
    for _, item in ipairs(values) do
      if type(item) ~= "string" and type(item) ~= "number" then
        return nil, expected
      end
      allowed[stores.attribute_text(item)] = true
    end
    conditions[name] = allowed
  end
  return conditions
end

-- Ids and patterns of a list apart.
local function split(list)
  local ids, globs = {}, {}
  for _, item in ipairs(list) do
    if item:find("[*?%[]") then
      globs[#globs + 1] = item
    else
      ids[#ids + 1] = item
    end
  end
  return ids, globs
end

local function meets(store, conditions)
  for name, allowed in pairs(conditions) do
    if not allowed[store.attributes[name]] then
      return false
    end
  end
  return true
end

-- A set of ids that match any of the patterns.
local function matching(database, globs)
  local set = {}
  for _, glob in ipairs(globs) do
    for row in assert(database:query("SELECT store_id FROM store WHERE store_id GLOB ?", glob)) do
      set[row.store_id] = true
    end
  end
  return set
end

--- The stores that a report is for.
-- @tparam loom.database database
-- @param selection as `stores.selection` returns it; nil: all
-- @tparam ?table conditions as `stores.conditions` returns them
-- @treturn ?{string,...} ids; nil: no limits by id
-- @treturn ?{string,...} patterns
function stores.choose(database, selection, conditions)
  if type(selection) ~= "function" and not conditions then
    if not selection then
      return nil
    end
    return split(selection)
  end
  local wanted = selection
  if type(selection) == "table" then
    local ids, globs = split(selection)
    local set = matching(database, globs)
    for _, id in ipairs(ids) do
      set[id] = true
    end
    wanted = function(store)
      return set[store.store_id]
    end
  end
  local chosen = {}
  for store in stores.each(database) do
    if (not conditions or meets(store, conditions)) and (not wanted or wanted(store)) then
      chosen[#chosen + 1] = store.store_id
    end
  end
  return chosen, {}
end

--- Every store's value of an attribute.
-- @treturn table values by store id
function stores.values_of(database, attribute)
  local values = {}
  local rows = assert(database:query(
    "SELECT store_id, value FROM attribute JOIN store ON number = store WHERE name = ?", attribute))
  for row in rows do
    values[row.store_id] = row.value
  end
  return values
end

--- The checkers, for those who have other options beside these.
stores.checkers = { stores = stores.selection, where = stores.conditions, all_stores = check.boolean }

return stores
