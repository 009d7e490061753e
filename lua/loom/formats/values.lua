--- Rows as JSON, for the formats that write it.
-- @module loom.formats.values

local columns = require "loom.columns"
local figures = require "loom.figures"
local json = require "loom.json"

local values = {}

local unpack = table.unpack or unpack -- luacheck: ignore 143 (LuaJIT)

--- What a column has of a row.
function values.cell(column, row)
  if column.is_ratio then
    local text = column.text(row)
    return text ~= "" and text or "null"
  end
  return json.any(column.value(row))
end

local slo_order = { "target", "met", "budget", "spent", "left", "burn" }

-- Members that are ratios, which are cut.
local is_ratio = { target = true, burn = true }

--- How a window stands against an objective, as JSON: see `loom.slo`.
function values.slo(slo)
  local members = {}
  for i, name in ipairs(slo_order) do
    local value = slo[name]
    members[2 * i - 1] = name
    members[2 * i] = is_ratio[name] and (columns.ratio_of(value) or json.null) or json.any(value)
  end
  return json.object(unpack(members, 1, 2 * #slo_order))
end

-- The figures of a window: durations in seconds, those of the objective in minutes.
local function figures_json(report, row, place)
  local text = figures.json(report:figures(row.index, place))
  local slo = report.has_slo and row[report.windows[place].name].slo
  return slo and ('%s,"slo":%s}'):format(text:sub(1, -2), values.slo(slo)) or text
end

-- A row's key, and of a group how many stores it has: what an object begins with.
local function head(report, row)
  local text = json.string(report.key) .. ":" .. json.string(report:store(row.index))
  return report.grouped and report.key ~= "stores" and ('%s,"stores":%d'):format(text, row.stores) or text
end

--- A row's key and all its windows as one object of plain values: see `loom.formats.ndjson`.
function values.flat_row(report, row)
  local parts = { head(report, row) }
  for i, window in ipairs(report.windows) do
    local text = figures.json(report:figures(row.index, i)):sub(2, -2)
    parts[#parts + 1] = text:gsub('"(%l+)":', '"%1_' .. window.name .. '":')
    local slo = report.has_slo and row[window.name].slo
    parts[#parts + 1] = slo and values.slo(slo):sub(2, -2):gsub('"(%l+)":', '"slo_%1_' .. window.name .. '":') or nil
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

--- A row: its key and all its windows, or the columns that were asked for.
function values.row(report, row, options)
  local parts = {}
  if options.chosen then
    for i, column in ipairs(options.columns) do
      parts[i] = json.string(column.name) .. ":" .. values.cell(column, row)
    end
    return "{" .. table.concat(parts, ",") .. "}"
  end
  for i, window in ipairs(report.windows) do
    parts[i] = json.string(window.name) .. ":" .. figures_json(report, row, i)
  end
  return ('{%s,"windows":{%s}}'):format(head(report, row), table.concat(parts, ","))
end

local BATCH = 250 -- rows that the native half writes at a time

-- Texts of one row or more.
local function texts(report, options, between)
  local next_row = options.rows()
  if not report.json_stores or options.chosen or report.has_slo then
    return function()
      local row = next_row()
      return row and values.row(report, row, options)
    end
  end
  return function()
    local batch, row = {}, next_row()
    while row do
      batch[#batch + 1] = row.index
      row = #batch < BATCH and next_row() or nil
    end
    return batch[1] and report:json_stores(batch, between)
  end
end

--- Writes rows.
-- @tparam loom.report report
-- @tparam function write
-- @tparam table options of the format
-- @tparam string before what comes before the first one
-- @tparam string between what comes before each other one
-- @tparam string after what comes after the last one
function values.write_rows(report, write, options, before, between, after)
  local next_text = texts(report, options, between)
  local text = next_text()
  while text do
    write(before .. text)
    before, text = between, next_text()
  end
  write(before == between and after or "")
end

return values
