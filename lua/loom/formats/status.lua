--- What stores are, as CSV and JSON.
-- @module loom.formats.status

local later = require "loom.later"

local json = require "loom.json"
local shapes = later.module "loom.formats.shapes"
local Status = require "loom.status"

local formats = {}

local STORES_TO_A_WRITE = 1000

-- Writes stores, many at a time.
local function write_rows(status, write, numbers, format, ending)
  for first = 1, #numbers, STORES_TO_A_WRITE do
    write(status.native:state_rows(numbers, first, STORES_TO_A_WRITE, format, ending))
  end
end

--- CSV: the columns `store_id,state,since_utc,dormant,last_poll_utc`.
function formats.csv(status, write, numbers, neutralise)
  write "store_id,state,since_utc,dormant,last_poll_utc\n"
  write_rows(status, write, numbers, neutralise and "harmless_csv" or "csv", "\n")
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
function formats.json(status, write, numbers)
  write((json.object(formats.head(status)):gsub("}$", ',"stores":[\n')))
  local held -- of what comes between stores the last one is left out
  write_rows(status, function(rows)
    if held then
      write(held)
    end
    held = rows
  end, numbers, "json", ",\n")
  write(held and held:sub(1, -3) or "")
  write "\n]}\n"
end

--- An object to a line for each store.
function formats.ndjson(status, write, numbers)
  write_rows(status, write, numbers, "json", "\n")
end

return formats
