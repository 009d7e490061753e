--- CSV of every window's figures as they are, in microseconds: up, down, unknown, excluded, how many outages, and
-- the longest one.
-- @module loom.formats.exact

local figures = require "loom.figures"

local function quoted(text)
  return text:find('[,"\r\n]') and '"' .. text:gsub('"', '""') .. '"' or text
end

return function(report, write, options)
  local header = { quoted(report.key) }
  for _, window in ipairs(report.windows) do
    for _, figure in ipairs { "up", "down", "unknown", "excluded", "outages", "longest" } do
      header[#header + 1] = figure .. "_" .. figures.short_name(window)
    end
  end
  write(table.concat(header, ",") .. "\n")
  for row in options.rows() do
    write(quoted(report:store(row.index)))
    for i = 1, #report.windows do
      local up, down, unknown, excluded, longest, outages = report:figures(row.index, i)
      write((",%d,%d,%d,%d,%d,%d"):format(up, down, unknown, excluded, outages, longest))
    end
    write("\n")
  end
end
