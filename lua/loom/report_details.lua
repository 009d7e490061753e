--- What has to be known to write a report's figures in other formats, once the report itself is gone: details, which a row of the
-- database has, and the values of attributes, which with many stores are long and so have a file.
-- @module loom.report_details

local canonical = require "loom.canonical"

local details = {}

--- The path of the file of attributes, of the one of figures.
-- @tparam string figures_path
-- @treturn string
function details.attributes_path(figures_path)
  return (figures_path:gsub("%.figures%.csv$", "") .. ".attributes.json")
end

--- The details. Instants are text: JSON's numbers lose microseconds.
-- @tparam loom.report report
-- @tparam bool neutralise_formulas that no spreadsheet is to run what is in the CSV
-- @treturn string JSON
function details.of(report, neutralise_formulas)
  local windows = {}
  for i, window in ipairs(report.windows) do
    windows[i] = { name = window.name, unit = window.unit, from = window.from_utc, to = window.to_utc,
      calendar = window.calendar, before_of = window.before_of }
  end
  local left_out, left_out_count = report:left_out()
  return canonical { as_of = report.as_of_utc, windows = windows, rules = report.rules, stores = report:count(),
    left_out = left_out_count > 0 and { count = left_out_count, stores = left_out } or nil,
    slo = report.objective, group_by = report.group_by, strips = report.strips, zones = report:zones(), filter = report.filter,
    name_attribute = report.name_attribute,
    has_attributes = next(report.attribute_values) ~= nil or nil, neutralise_formulas = neutralise_formulas }
end

--- The values of the attributes that the options name, by attribute and store of the report.
-- @tparam loom.report report
-- @treturn ?string JSON; nil if they name none
function details.attributes(report)
  local attributes = {}
  for name, values in pairs(report.attribute_values) do
    attributes[name] = {}
    for id, value in pairs(values) do
      attributes[name][id] = report:find(id) and value
    end
  end
  return next(attributes) and canonical(attributes)
end

return details
