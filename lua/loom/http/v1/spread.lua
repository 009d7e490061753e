--- How figures of stores are spread, and by how much they have changed: what a summary tells of all stores, and of groups.
-- @module loom.http.v1.spread

local cjson = require "cjson.safe"
local columns = require "loom.columns"
local figures = require "loom.figures"
local json = require "loom.json"

local spread = {}

local PERCENTS = { 5, 25, 50, 75, 95 }
local PERCENTS_MAX = 20

-- What percentiles are of, and what prints it.
local of = { { "ratio", columns.ratio_of }, { "down", json.number }, { "outages", json.number }, { "longest", json.number } }

--- Checker of percentages.
function spread.checker(text)
  local list = {}
  for item in (text .. ","):gmatch("([^,]*),") do
    local percent = item:find("^%d+%.?%d*$") and tonumber(item)
    if not percent or percent > 100 or #list == PERCENTS_MAX then
      return nil, ("up to %d percentages from 0 to 100 with commas between them"):format(PERCENTS_MAX)
    end
    list[#list + 1] = percent
  end
  return list
end

--- What they are, for the document of the API.
spread.parameter = { name = "percents", description = "Percentages with commas between them.",
  schema = { type = "string", default = table.concat(PERCENTS, ",") } }

--- Percentages as text, for keys.
function spread.key(percents)
  return table.concat(percents or PERCENTS, ",")
end

--- Percentiles as JSON.
-- @tparam ?{number,...} percents
-- @tparam function look (figure, percents) gives values by percentage
-- @treturn string
function spread.percentiles(percents, look)
  percents = percents or PERCENTS
  local parts = {}
  for _, figure in ipairs(of) do
    local values, by_percent = look(figure[1], percents), {}
    for _, percent in ipairs(percents) do
      local value = values[percent]
      by_percent[json.number(percent)] = value and figure[2](value) or json.null
    end
    parts[figure[1]] = json.map(by_percent, tostring)
  end
  return json.map(parts, tostring)
end

--- By how much totals differ from those of the window before, as they are printed.
-- @tparam string totals JSON
-- @tparam string earlier
-- @treturn string
function spread.change(totals, earlier)
  local now, before, changes = cjson.decode(totals), cjson.decode(earlier), {}
  for _, name in ipairs(figures.names) do
    local is_defined = now[name] ~= cjson.null and before[name] ~= cjson.null
    changes[name] = is_defined and json.number(now[name] - before[name]) or json.null
  end
  return json.map(changes, tostring)
end

local change = {
  type = { "object", "null" }, required = figures.names, properties = {}, additionalProperties = false,
  description = "Where windows are compared: by how much the totals differ from those of the window before; null of that one, "
    .. "and of figures that are not defined in both.",
}
for _, name in ipairs(figures.names) do
  change.properties[name] = { type = { "number", "null" } }
end

local by_percentage = {
  type = "object", description = "Values by percentage, by nearest rank; null if the figure is defined nowhere.",
  additionalProperties = { type = { "number", "null" } },
}

--- Schemas of what is told.
spread.schemas = {
  change = change,
  percentiles = { type = "object", required = {}, additionalProperties = false, properties = {} },
}
for i, figure in ipairs(of) do
  spread.schemas.percentiles.required[i], spread.schemas.percentiles.properties[figure[1]] = figure[1], by_percentage
end

return spread
