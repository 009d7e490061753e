--- Series as CSV and JSON.
-- @module loom.formats.series

local core = require "loom.core"
local json = require "loom.json"
local shapes = require "loom.formats.shapes"

local formats = {}

local columns = { "up", "down", "unknown", "excluded", "scheduled", "stores_down" }

-- The columns of one line to a step: those of all stores, or of one of `by`, as texts.
local function texts_of(of)
  local lists = {}
  for i, name in ipairs(columns) do
    lists[i] = {}
    local exact = name ~= "stores_down" and of:microseconds(name)
    for place, value in ipairs(exact or of.stores_down) do
      lists[i][place] = exact and core.seconds(value) or json.number(value)
    end
  end
  return lists
end

--- CSV: `t_utc`, where there is `by` then `value`, and the columns, times in seconds; step by step, and in each the values.
function formats.csv(series, write, neutralise)
  local groups = series.by or { series }
  write("t_utc," .. (series.by and "value," or "") .. table.concat(columns, ",") .. "\n")
  local lists, values = {}, {}
  for g, of in ipairs(groups) do
    lists[g], values[g] = texts_of(of), series.by and core.csv_field(of.value or "", neutralise) .. "," or ""
  end
  for place, t in ipairs(series.t_utc) do
    local lines = {}
    for g in ipairs(groups) do
      local fields = {}
      for i in ipairs(columns) do
        fields[i] = lists[g][i][place]
      end
      lines[g] = t .. "," .. values[g] .. table.concat(fields, ",") .. "\n"
    end
    write(table.concat(lines))
  end
end

local function group(of)
  return '{"value":' .. json.text(of.value) .. ',"stores":' .. json.number(of.stores) .. "," .. of.native:json(of.place) .. "}"
end

--- JSON.
-- @tparam loom.series series
-- @tparam[opt] function instant gives JSON of an instant as text (default: that text)
-- @treturn string
function formats.text(series, instant)
  instant = instant or json.string
  return (json.object("as_of", instant(series.as_of_utc), "rules", shapes.rules(series.rules), "from", instant(series.from_utc),
    "to", instant(series.to_utc), "step", json.number(series.step), "stores", json.number(series.stores),
    "t", json.array(series.t_utc, instant)):gsub("}$", ",")) .. series.native:json() .. ',"by":'
    .. (series.by and json.array(series.by, group) or json.null) .. "}"
end

--- An object of all that is known.
function formats.json(series, write)
  write(formats.text(series) .. "\n")
end

return formats
