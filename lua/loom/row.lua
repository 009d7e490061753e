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

-- The number that a standard column prints.
local function printed(row, window, which)
  local up, down = row.source:figures(row.index, window)
  return tonumber(figures[row.source.windows[window].unit](which == "uptime" and up or down))
end

function Row:__index(key)
  local source, value = self.source, nil
  local window = source.window_index[key]
  if window then
    value = window_figures(self, window)
  elseif key == source.key then
    value = source:store(self.index)
  elseif key == "attributes" then
    value = source:attributes_of(self.index)
  elseif key == "stores" and source.grouped then
    value = source:stores(self.index)
  elseif key == "strip" then
    value = source:strip(self.index)
  elseif type(key) == "string" then
    local which, name = key:match("^(%l+time)_(.*)$")
    if which == "uptime" or which == "downtime" then
      window = source.window_index[name]
      value = window and printed(self, window, which)
    end
  end
  if value ~= nil then
    rawset(self, key, value)
  end
  return value
end

--- Makes row number `index` of a table of figures.
function Row.new(source, index)
  return setmetatable({ source = source, index = index }, Row)
end

return Row
