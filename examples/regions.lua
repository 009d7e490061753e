-- Regions: loads attributes of stores, adds the report up by region, and lists the stores of one region, worst first.
--
--   lua5.4 regions.lua DATABASE ATTRIBUTES [REGION]
--   lua5.4 examples/regions.lua stores.db examples/attributes.csv west
--
-- The attributes file has a column `store_id` and one for each attribute. In a checkout, `make` and
-- `eval "$(make -s env)"` first.

local figures = require "loom.figures"
local loom = require "loom"

local database, attributes, region = arg[1], arg[2], arg[3]
if not attributes then
  io.stderr:write "usage: regions.lua DATABASE ATTRIBUTES [REGION]\n"
  os.exit(2)
end

local monitor = assert(loom.open(database))
assert(monitor:ingest { attributes = attributes })

local report = assert(monitor:report { group_by = "region" })
assert(report:groups():write(io.stdout, {
  format = "table",
  columns = {
    "region", "stores", "uptime_last_week", "downtime_last_week",
    { name = "ratio", value = function(row)
      local millionths = figures.ratio_of(row.last_week)
      return millionths and figures.percent(millionths)
    end },
  },
}))

if region then
  print()
  local chosen = assert(monitor:report { where = { region = region } })
  assert(chosen:write(io.stdout, {
    format = "table",
    columns = { "store_id", "attributes.country", "uptime_last_week", "downtime_last_week", "outages_last_week" },
    sort = "downtime_last_week",
    descending = true,
  }))
end
monitor:close()
