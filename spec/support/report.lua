--- Reports made up for the formats' specs: tables with the methods of a report.

local unpack = table.unpack or unpack -- luacheck: compat

local Report = {}
Report.__index = Report

function Report:count()
  return #self.rows
end

function Report:store(row)
  return self.rows[row][1]
end

function Report:figures(row, window)
  return unpack(self.rows[row][1 + window])
end

local report = {}

--- Makes one. Rows are lists: the store id, and for each window its seven figures.
function report.make(windows, rows)
  for _, window in ipairs(windows) do
    window.from, window.to = 0, 3600 * 1000000
  end
  return setmetatable({
    windows = windows,
    rows = rows,
    as_of = 3600 * 1000000,
    rules = { preset = "loom", slack = 60, fill = "backward", evidence = "inside", no_data = "down",
      default_zone = "America/Chicago" },
  }, Report)
end

--- What a format makes of a report.
function report.text(format, made)
  local pieces = {}
  format(made, function(text)
    pieces[#pieces + 1] = text
  end)
  return table.concat(pieces)
end

return report
