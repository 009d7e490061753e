-- Writes a report in a format of the caller's, from rows: what a Lua program does that does not use the format csv.
-- bench/rows.lua DATABASE OUTPUT

local loom = require "loom"

local function format(report, write)
  for row in report:rows() do
    write(table.concat({ row.store_id, row.uptime_last_hour, row.uptime_last_day, row.uptime_last_week,
      row.downtime_last_hour, row.downtime_last_day, row.downtime_last_week }, ",") .. "\n")
  end
end

local monitor = assert(loom.open(arg[1]))
assert(assert(monitor:report()):write(arg[2], { format = format }))
