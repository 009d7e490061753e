-- A check of objectives: lists the stores that were down for longer than their error budget allows.
--
--   lua5.4 slo_check.lua DATABASE TARGET [WINDOW]
--   lua5.4 examples/slo_check.lua stores.db 0.98 7d
--
-- TARGET is a ratio from 0 to 1; a store with an attribute `slo` has that one instead. WINDOW is a duration, which ends
-- at the newest poll. Exit status: 0 if all stores met their objective, 1 if not, 2 for wrong use or a failure.
-- In a checkout, `make` and `eval "$(make -s env)"` first.

local figures = require "loom.figures"
local loom = require "loom"

local function fail(message)
  io.stderr:write("slo_check: ", message, "\n")
  os.exit(2)
end

local database, target, window = arg[1], tonumber(arg[2]), arg[3] or "7d"
if not target or target < 0 or target > 1 then
  fail "usage: slo_check.lua DATABASE TARGET [WINDOW]"
end

local monitor, message = loom.open(database)
if not monitor then
  fail(message)
end
local report, why = monitor:report {
  windows = { { name = "window", seconds = window } },
  slo = { target = target, attribute = "slo" },
}
if not report then
  fail(why)
end

local missed = 0
for row in report:rows { sort = "slo_left_window" } do
  local slo = row.window.slo
  if slo.met == false then
    missed = missed + 1
    print(("%s  %s of %s  %.0f min down, %.0f min more than allowed"):format(row.store_id,
      figures.percent(figures.ratio_of(row.window)), figures.percent(figures.share(slo.target)), slo.spent, -slo.left))
  end
end
print(("%d of %d stores missed their objective"):format(missed, #report))
monitor:close()
os.exit(missed == 0 and 0 or 1)
