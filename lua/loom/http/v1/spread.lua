--- The parameters and schemas of what summaries and groups tell alike: see `loom.formats.spread`.
-- @module loom.http.v1.spread

local figures = require "loom.figures"
local formats = require "loom.formats.spread"

local spread = {}

local PERCENTS_MAX = 20

--- Those that are told where nobody asks for others.
spread.PERCENTS = formats.PERCENTS

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
  schema = { type = "string", default = table.concat(formats.PERCENTS, ",") } }

--- Percentages as text, for keys.
function spread.key(percents)
  return table.concat(percents or formats.PERCENTS, ",")
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
for i, name in ipairs(formats.figures) do
  spread.schemas.percentiles.required[i], spread.schemas.percentiles.properties[name] = name, by_percentage
end

return spread
