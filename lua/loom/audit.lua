--- The audit: what was changed by hand, by whom, when, from what to what, and why. It is written where the changes are
-- (`src/core/write/audit.h`), and read here.
-- @module loom.audit

local check = require "loom.check"
local json = require "loom.json"
local time = require "loom.time"

local audit = {}

--- What is changed by hand, files that are loaded, and what alerts go by. Those of the configuration are of no store: they are
-- told of "*", and their `before` and `after` name them.
audit.kinds = { "hours", "special_day", "exclusion", "timezone", "attributes", "store", "polls", "ingest", "rule", "channel",
  "mute", "silence", "objective", "setting", "alert" }

local LIMIT, LIMIT_MAX = 100, 1000
audit.LIMIT, audit.LIMIT_MAX = LIMIT, LIMIT_MAX

local STRIDE = 100 -- entries read at a time: a few have 64 KB each

local checkers = {
  store = check.store_or_all,
  kind = check.choice(audit.kinds),
  limit = check.integer(1, LIMIT_MAX),
  after = check.integer(1, 2 ^ 53),
}

local COLUMNS = "SELECT number, at, author, ifnull(store_id, '*') AS store_id, kind, before, after, reason FROM audit"
local NEWEST_FIRST = " ORDER BY number DESC LIMIT ?"

-- A page by number alone, one of a kind, and those of a store, or of every store.
local function sql_of(store, kind)
  local conditions = { "number < ?" }
  local values = {}
  if store == "*" then
    conditions[#conditions + 1] = "store_id IS NULL"
  elseif store then
    conditions[#conditions + 1] = "store_id = ?"
    values[#values + 1] = store
  end
  if kind then
    conditions[#conditions + 1] = "kind = ?"
    values[#values + 1] = kind
  end
  return COLUMNS .. " WHERE " .. table.concat(conditions, " AND ") .. NEWEST_FIRST, values
end

local function row_of(found)
  local row = { number = found.number, by = found.author, store_id = found.store_id, kind = found.kind, before = found.before,
    after = found.after, reason = found.reason }
  time.set(row, "at", found.at)
  return row
end

local unpack = table.unpack or unpack -- luacheck: ignore 143 (LuaJIT)

--- An iterator over entries, the newest first, whose `before` and `after` are JSON. It returns nil, the failure and its code
-- where they cannot be read.
-- @tparam loom.database database
-- @tparam table options `store` and `kind`, and `after`, a number
-- @treturn function
function audit.each(database, options)
  local sql, values = sql_of(options.store, options.kind)
  local rows, at, after, code = {}, 0, options.after or 2 ^ 53, nil
  return function()
    at = at + 1
    if rows and not rows[at] and (at == 1 or at > STRIDE) then
      local arguments = { after }
      for i, value in ipairs(values) do
        arguments[i + 1] = value
      end
      arguments[#arguments + 1] = STRIDE
      at = 1
      rows, after, code = database:rows(sql, unpack(arguments))
    end
    if not rows then
      return nil, after, code
    elseif not rows[at] then
      return nil
    end
    after = rows[at].number
    return row_of(rows[at])
  end
end

-- What JSON has, with false for null, and whole numbers as such.
local function plain(value, null)
  if value == null then
    return false
  elseif type(value) == "number" then
    return value % 1 == 0 and math.floor(value) or value
  elseif type(value) == "table" then
    for key, item in pairs(value) do
      value[key] = plain(item, null)
    end
  end
  return value
end

local function decoded(text)
  local cjson = require "cjson.safe" -- which nothing else of the module needs
  if text == nil then
    return nil
  end
  local value = cjson.decode(text)
  return value ~= nil and plain(value, cjson.null) or nil
end

--- See `loom.monitor:audit`.
function audit.list(monitor, options)
  options = check.options("audit", options, checkers)
  local list = {}
  local next_entry = audit.each(monitor.database, options)
  while #list < (options.limit or LIMIT) do
    local entry, message, code = next_entry()
    if message then
      return nil, message, code
    elseif not entry then
      break
    end
    entry.before, entry.after = decoded(entry.before), decoded(entry.after)
    list[#list + 1] = entry
  end
  return list
end

--- The entries after one, the oldest first, as JSON: for those who tell of them as they come.
-- @tparam loom.database database
-- @tparam int after a number
-- @tparam int most how many
-- @treturn {table,...}|nil
-- @treturn ?string the failure
-- @treturn ?string its code
function audit.since(database, after, most)
  local rows, message, code = database:rows(COLUMNS .. " WHERE number > ? ORDER BY number LIMIT ?", after, most)
  for i, row in ipairs(rows or {}) do
    rows[i] = row_of(row)
  end
  return rows, message, code
end

local function given(value)
  return value or json.null
end

--- An entry as JSON, whose `before` and `after` are JSON.
-- @tparam table entry
-- @tparam[opt] string at its instant as JSON (default: as text)
function audit.json(entry, at)
  return json.object("number", json.number(entry.number), "at", at or json.string(entry.at_utc), "by", json.string(entry.by),
    "store_id", json.string(entry.store_id), "kind", json.string(entry.kind), "before", given(entry.before),
    "after", given(entry.after), "reason", json.text(entry.reason))
end

return audit
