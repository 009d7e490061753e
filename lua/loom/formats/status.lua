--- What stores are, as CSV and JSON.
-- @module loom.formats.status

local core = require "loom.core"
local json = require "loom.json"
local shapes = require "loom.formats.shapes"
local Status = require "loom.status"

local formats = {}

local STORES_TO_A_WRITE = 1000

-- Writes what a function makes of each store, many at a time.
local function write_all(write, each, line_of, between)
  local lines, count, is_first = {}, 0, true
  for store in each do
    count = count + 1
    lines[count] = (is_first and "" or between) .. line_of(store)
    is_first = false
    if count == STORES_TO_A_WRITE then
      write(table.concat(lines, "", 1, count))
      count = 0
    end
  end
  write(table.concat(lines, "", 1, count))
  return is_first
end

--- CSV: the columns `store_id,state,since_utc,dormant,last_poll_utc`.
function formats.csv(_, write, each, neutralise)
  write "store_id,state,since_utc,dormant,last_poll_utc\n"
  write_all(write, each, function(store)
    return ("%s,%s,%s,%s,%s\n"):format(core.csv_field(store.store_id, neutralise), store.state, store.since_utc or "",
      tostring(store.dormant), store.last_poll_utc or "")
  end, "")
end

--- A store as JSON.
function formats.store(store)
  return json.object("store_id", json.string(store.store_id), "state", json.string(store.state),
    "since", json.text(store.since_utc), "dormant", json.boolean(store.dormant), "last_poll", json.text(store.last_poll_utc))
end

--- Counts by state.
function formats.counts(counts)
  local members = {}
  for i, name in ipairs(Status.counted) do
    members[2 * i - 1], members[2 * i] = name, json.number(counts[name])
  end
  return json.object((table.unpack or unpack)(members)) -- luacheck: ignore 143 (LuaJIT)
end

local function age(of)
  return json.object("from", json.number(of.from), "to", json.number(of.to), "stores", json.number(of.stores))
end

--- What is known of all stores together, or of a choice of them, as the members of an object in turn.
-- @tparam loom.status status
-- @tparam[opt] loom.choice only
-- @tparam[opt] function instant see `loom.formats.instants`
function formats.head(status, only, instant)
  instant = instant or json.text
  return "as_of", instant(status.as_of_utc), "newest_poll", instant(status.newest_poll_utc),
    "rules", shapes.rules(status.rules), "dormant_after", json.number(status.dormant_after),
    "counts", formats.counts((status:counts_of(only))), "down_for", json.array(status:by_age("down", only), age)
end

--- An object of all that is known.
function formats.json(status, write, each)
  write((json.object(formats.head(status)):gsub("}$", ',"stores":[\n')))
  write_all(write, each, formats.store, ",\n")
  write "\n]}\n"
end

--- An object to a line for each store.
function formats.ndjson(_, write, each)
  write_all(write, each, function(store)
    return formats.store(store) .. "\n"
  end, "")
end

return formats
