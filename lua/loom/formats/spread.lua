--- How figures of stores are spread, and by how much they have changed, as JSON: what is told of all stores, and of groups.
-- @module loom.formats.spread

local cjson = require "cjson.safe"
local columns = require "loom.columns"
local figures = require "loom.figures"
local json = require "loom.json"

local spread = {}

--- The percentages that are told where nobody asks for others.
spread.PERCENTS = { 5, 25, 50, 75, 95 }

-- What percentiles are of, and what prints it.
local of = { { "ratio", columns.ratio_of }, { "down", json.number }, { "outages", json.number }, { "longest", json.number } }

--- The names of these figures.
spread.figures = {}
for i, figure in ipairs(of) do
  spread.figures[i] = figure[1]
end

--- Percentiles as JSON.
-- @tparam ?{number,...} percents
-- @tparam function look (figure, percents) gives values by percentage
-- @treturn string
function spread.percentiles(percents, look)
  percents = percents or spread.PERCENTS
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

return spread
