--- All stores of a report together, as JSON: totals, percentiles, and how the stores' ratios are spread.
-- @module loom.formats.summary

local instants = require "loom.formats.instants"
local json = require "loom.json"
local shapes = require "loom.formats.shapes"
local spread = require "loom.formats.spread"
local windows = require "loom.windows"

local summary = {}

--- How many bins ratios are counted in where nobody asks for others.
summary.BINS = 20

local SHARES = { 0.5, 0.8, 0.95 } -- of the down time

local function histogram_json(report, window, bins, only, give_turn)
  local counts = report:histogram("ratio", window, 1, bins, only)
  give_turn()
  local parts = {}
  for i, count in ipairs(counts) do
    parts[i] = json.object("from", json.number((i - 1) / bins), "to", json.number(i / bins), "stores", json.number(count))
  end
  return json.array(parts, tostring)
end

local function concentration_json(report, window, only, give_turn)
  local counts, parts = report:concentration("down", window, SHARES, only), {}
  give_turn()
  for i, share in ipairs(SHARES) do
    parts[i] = json.object("share", json.number(share), "stores", json.number(counts[i]))
  end
  return json.array(parts, tostring)
end

local function window_json(report, window, asked, only, give_turn)
  local totals, count = report:json_sums(window, only)
  local before = windows.place_before(report, window)
  give_turn()
  return json.object("totals", totals, "change", before and spread.change(totals, (report:json_sums(before, only))) or json.null,
    "percentiles", spread.percentiles(asked.percents, function(figure, percents)
      give_turn()
      return report:percentiles_of(figure, window, percents, only)
    end),
    "ratios", histogram_json(report, window, asked.bins or summary.BINS, only, give_turn),
    "concentration", concentration_json(report, window, only, give_turn)), count
end

--- The whole of it.
-- @tparam loom.report report
-- @tparam table asked `percents` and `bins`, if there are any, and `time`, the form of instants
-- @tparam table left_out stores that the report leaves out, and how many: what `shapes.left_out` takes
-- @tparam ?loom.choice only some of the stores
-- @tparam function give_turn called where others may have their turn
-- @treturn string
function summary.text(report, asked, left_out, only, give_turn)
  local by_name, count = {}, 0
  for i, window in ipairs(report.windows) do
    by_name[window.name], count = window_json(report, i, asked, only, give_turn)
  end
  local instant = instants.of(asked.time)
  return json.object("as_of", instant(report.as_of_utc), "rules", shapes.rules(report.rules),
    "windows", shapes.windows(report.windows, instant), "stores", json.number(count),
    "left_out", shapes.left_out(left_out[1], left_out[2]), "figures", json.map(by_name, tostring))
end

return summary
