--- CSV of every window's figures as they are, in microseconds: up, down, unknown, excluded, how many outages, and
-- the longest one. Option `neutralise_formulas`: as of CSV.
-- @module loom.formats.exact

local core = require "loom.core"
local figures = require "loom.figures"

return function(report, write, options)
  local neutralise = options.neutralise_formulas
  local header = { core.csv_field(report.key, neutralise) }
  for _, window in ipairs(report.windows) do
    for _, figure in ipairs { "up", "down", "unknown", "excluded", "outages", "longest" } do
      header[#header + 1] = figure .. "_" .. figures.short_name(window)
    end
  end
  write(table.concat(header, ",") .. "\n")
  for row in options.rows() do
    write(core.csv_field(report:store(row.index), neutralise))
    for i = 1, #report.windows do
      local up, down, unknown, excluded, longest, outages = report:figures(row.index, i)
      write((",%d,%d,%d,%d,%d,%d"):format(up, down, unknown, excluded, outages, longest))
    end
    write("\n")
  end
end
