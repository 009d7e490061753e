--- One row of a report, made when it is asked for: its figures are fetched as they are looked at.
--
-- A row has `store_id` (or what its table of figures is keyed by); under the name of each window the figures that
-- `loom.figures.of` describes, with `slo` among them where the report has an objective; `uptime_WINDOW` and
-- `downtime_WINDOW`, the numbers that the standard columns print; `attributes`; and `strip` where the report has strips.
-- @classmod loom.row

local figures = require "loom.figures"
local slo = require "loom.slo"

local Row = {}

-- A window's figures, with how they stand against the objective.
local function window_figures(row, window)
  local source, index = row.source, row.index
  local up, down, unknown, excluded, longest, outages, polls = source:figures(index, window)
  local result = figures.of(up, down, unknown, excluded, longest, outages, polls)
  local budget, target = source:slo_budget(index, window, up, down)
  result.slo = budget and slo.judge(budget, up, down, target) or nil
  return result
end

-- Functions (row) for the fields of rows that depend on the windows, by name; made once for a table of figures.
local function window_fields(source)
  local fields, from = {}, source.native or source -- the native half itself, where there is one: it is asked the most
  local times = from.times
  for place, window in ipairs(source.windows) do
    local number = figures.numbers[window.unit]
    fields[window.name] = function(row)
      local result = window_figures(row, place)
      rawset(row, window.name, result) -- it is looked at for more than one figure
      return result
    end
    fields["uptime_" .. window.name] = function(row)
      return number((times(from, row.index, place)))
    end
    fields["downtime_" .. window.name] = function(row)
      local _, down = times(from, row.index, place)
      return number(down)
    end
  end
  source.fields = fields
  return fields
end

function Row:__index(key)
  local source = self.source
  local field = (source.fields or window_fields(source))[key]
  if field then
    return field(self)
  elseif key == "attributes" then
    return source:attributes_of(self.index)
  elseif key == "stores" and source.grouped then
    return source:stores(self.index)
  elseif key == "strip" then
    return source:strip(self.index)
  end
end

--- Makes row number `index` of a table of figures. A group by an attribute that is called `source` or `index` has its key in
-- its column alone.
function Row.new(source, index)
  local row = { [source.key] = source:store(index) }
  row.source, row.index = source, index
  return setmetatable(row, Row)
end

return Row
