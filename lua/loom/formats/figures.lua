--- How figures are printed in the report's standard columns.
-- @module loom.formats.figures

local figures = {}

local MINUTE = 60 * 1000000
local HOUR = 3600 * 1000000

--- Hours with one or two decimals: "0.0", "24.0", "8.42".
function figures.hours(microseconds)
  local text = ("%.2f"):format(microseconds / HOUR)
  return text:sub(-1) == "0" and text:sub(1, -2) or text
end

--- Whole minutes, cut.
function figures.minutes(microseconds)
  return ("%d"):format((microseconds - microseconds % MINUTE) / MINUTE)
end

--- Seconds with as many decimals as they need, up to six.
function figures.seconds(microseconds)
  local fraction = microseconds % 1000000
  local whole = ("%d"):format((microseconds - fraction) / 1000000)
  if fraction == 0 then
    return whole
  end
  return whole .. "." .. (("%06d"):format(fraction):gsub("0+$", ""))
end

--- Names of the standard columns, and a function that gives a row's cells, the store id first.
-- @tparam loom.report report
-- @treturn {string,...} names
-- @treturn function (row) a table that is used again for the next row
function figures.columns(report)
  local windows, names, print_in = report.windows, { "store_id" }, {}
  local count = #windows
  for i, window in ipairs(windows) do
    names[1 + i] = "uptime_" .. window.name
    names[1 + count + i] = "downtime_" .. window.name
    print_in[i] = figures[window.unit]
  end
  local cells = {}
  return names, function(row)
    cells[1] = report:store(row)
    for i = 1, count do
      local up, down = report:figures(row, i)
      cells[1 + i] = print_in[i](up)
      cells[1 + count + i] = print_in[i](down)
    end
    return cells
  end
end

--- A window's short name: "week" for "last_week".
function figures.short_name(window)
  return (window.name:gsub("^last_", ""))
end

return figures
