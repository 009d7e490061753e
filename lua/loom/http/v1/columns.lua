--- What stores are sorted and grouped by, beside their figures: an attribute, or the zone.
-- @module loom.http.v1.columns

local core = require "loom.core"
local fleet = require "loom.http.fleet"
local pass = require "loom.http.v1.pass"
local problem = require "loom.http.problem"
local restriction = require "loom.http.restriction"
local stores = require "loom.stores"

local columns = {}

--- How many values one may have that stores are grouped by: as many as a column keeps.
columns.VALUES_MAX = 1000

local ZONE = "timezone_str"

--- Checker of what stores are grouped by: `"timezone_str"`, which stands for the zone, has the form of a name, too.
columns.by = stores.attribute_name

--- What it is, for the document of the API.
-- @tparam string description
function columns.by_parameter(description)
  return { name = "by", description = ("%s an attribute, of which stores have at most %d values, or timezone_str, which is the "
    .. "zone that they are measured by."):format(description, columns.VALUES_MAX),
    schema = { type = "string", minLength = 1, maxLength = core.limits.attribute_name } }
end

local function column_of_zones(report)
  local column = report.native:column()
  column:take_zones(report.native)
  return column, column:size()
end

--- The column of a report, made by who asks first: for those who see some stores alone one of these, or how many values others
-- have would be told by what is too many.
-- It waits for its turn itself, so that whoever asks must not have one: see `loom.http.turns`.
-- @tparam loom.report|loom.status report in use: see `loom.http.fleet.use`
-- @tparam loom.http.lru made what was made of it before
-- @tparam string kind `"timezone_str"`, or `"attribute"`
-- @tparam ?string name of the attribute
-- @tparam[opt] int most values that it may have, or else it is given up as soon as that is seen
-- @treturn loom.column good until the caller yields
function columns.of(report, made, kind, name, most)
  local cache = kind == ZONE and made or made.of_stores
  return fleet.once(cache, table.concat({ "column", kind, name or "", restriction.key() }, "\0"), function()
    if kind == ZONE then
      return column_of_zones(report)
    end
    local column, size = pass.complete(stores.column(report.native, name, most, (stores.conditions(restriction.narrow()))))
    if most and column:count() > most then
      column:close()
      problem.raise(400, ("by: the attribute has more than %d values"):format(most), { field = "by" })
    end
    return column, size
  end)
end

--- The same of what stores are grouped by, whose values are kept.
-- @tparam loom.report|loom.status report
-- @tparam loom.http.lru made
-- @tparam ?string by as the checker returns it
-- @tparam function work called with the column and a list of its values; with nothing where `by` is nil
-- @return what it returns
function columns.grouped(report, made, by, work)
  if not by then
    return work()
  end
  local column = columns.of(report, made, by == ZONE and ZONE or "attribute", by, columns.VALUES_MAX)
  local values = column:values()
  if not values then -- it was made to sort by
    problem.raise(400, ("by: the attribute has more than %d values"):format(columns.VALUES_MAX), { field = "by" })
  end
  return fleet.use(column, function()
    return work(column, values)
  end)
end

return columns
