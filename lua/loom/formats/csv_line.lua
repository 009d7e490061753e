--- Lines of CSV in any columns, without their ends.
-- @module loom.formats.csv_line

local columns = require "loom.columns"
local core = require "loom.core"

local csv_line = {}

-- A cell as it is written. Only text can be a formula: a negative number is what it looks like.
local function field(column, row, neutralise)
  if column.text then
    return column.text(row) -- digits and a point
  end
  local value = column.value(row)
  return core.csv_field(columns.text_of(value), neutralise and type(value) == "string")
end

--- The line of the columns' names.
-- @tparam {table,...} list of columns, as `loom.columns.resolve` gives them
-- @tparam ?bool neutralise see `loom.formats.csv`
function csv_line.names(list, neutralise)
  local names = {}
  for i, column in ipairs(list) do
    names[i] = core.csv_field(column.name, neutralise)
  end
  return table.concat(names, ",")
end

--- A function (row) that gives a row's line.
function csv_line.maker(list, neutralise)
  local cells = {}
  return function(row)
    for i = 1, #list do
      cells[i] = field(list[i], row, neutralise)
    end
    return table.concat(cells, ",", 1, #list)
  end
end

return csv_line
