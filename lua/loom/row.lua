--- One row of a report, made when it is asked for: its figures are fetched as they are looked at.
--
-- Beside the fields below a row has, under the name of each window, the figures that `loom.figures` describes, such as
-- `row.last_week.ratio`; and `uptime_WINDOW` and `downtime_WINDOW`, the numbers that the standard columns print, such as
-- `row.uptime_last_week`. `tostring(row)` shows what the standard columns print, and `pairs(row)` gives all of it; in Lua 5.1 and
-- LuaJIT, whose `pairs` asks nobody, only what was looked at.
-- @classmod loom.row

local check = require "loom.check"
local figures = require "loom.figures"
local slo = require "loom.slo"

local Row = {}

--- What a row has.
-- @table fields
-- @tfield string store_id the store; a row of groups has the group's value instead, under the attribute's name
-- @tfield int stores of a row of groups: how many there are in it
-- @tfield table attributes of the store, by name; read when they are asked for. Empty for groups
-- @tfield ?string strip a letter to a bin; where the report has strips (see `loom.monitor:report`)
-- @tfield int index its number in the report, from 1

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

--- Iterates over fields of an object by name, in an order, leaving out those that are nil: what `__pairs` returns.
-- @local
function Row.each_field(names, object)
  local i = 0
  return function()
    local value
    repeat
      i = i + 1
      if names[i] == nil then
        return nil
      end
      value = object[names[i]]
    until value ~= nil
    return names[i], value
  end
end

-- The columns that the standard formats print of a row.
local function standard_columns(source)
  local names = { source.key }
  for _, figure in ipairs { "uptime_", "downtime_" } do
    for _, window in ipairs(source.windows) do
      names[#names + 1] = figure .. window.name
    end
  end
  return names
end

-- All that a row has: what the standard formats print first. Lua 5.1 and LuaJIT do not ask for it: there `pairs` gives what has
-- been looked at.
function Row:__pairs()
  local names = standard_columns(self.source)
  for _, window in ipairs(self.source.windows) do
    names[#names + 1] = window.name
  end
  for _, name in ipairs { "stores", "attributes", "strip", "index" } do
    names[#names + 1] = name
  end
  return Row.each_field(names, self)
end

-- What the standard formats print of it; of a report that is closed its id is left.
function Row:__tostring()
  local names, texts = standard_columns(self.source), {}
  local good = pcall(function()
    for i, name in ipairs(names) do
      texts[i] = name .. " = " .. check.shown(self[name])
    end
  end)
  return ("loom.row (%s)"):format(good and table.concat(texts, ", ") or check.shown(rawget(self, self.source.key)))
end

--- Makes row number `index` of a table of figures. A group by an attribute that is called `source` or `index` has its key in
-- its column alone.
-- @local
function Row.new(source, index)
  local row = { [source.key] = source:store(index) }
  row.source, row.index = source, index
  return setmetatable(row, Row)
end

return Row
