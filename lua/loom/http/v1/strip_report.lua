--- Reports that have strips: what every store was in each bin of a span.
-- @module loom.http.v1.strip_report

local budget = require "loom.http.budget"
local fleet = require "loom.http.fleet"
local options = require "loom.http.v1.options"
local service = require "loom.http.service"

local strip_report = {}

--- How many bins a week has, unless others are asked for: an hour each.
strip_report.BINS = 168

--- The week up to `as_of`.
strip_report.WEEK = { name = "span", seconds = "7d" }

--- The report that has the strips; nil if there are no polls.
-- @tparam table parameters as `loom.http.v1.options.read` gives them; windows are none of it
-- @tparam table window of a report
-- @tparam int bins
-- @treturn ?loom.report good until the caller yields
-- @treturn ?loom.http.lru what was made of it before
function strip_report.of(parameters, window, bins)
  local others = {}
  for name, value in pairs(parameters) do
    others[name] = name ~= "windows" and name ~= "compare" and value or nil
  end
  local chosen, key = options.report(others)
  budget.check_strips(service.monitor().database, bins)
  chosen.windows, chosen.strips = { window }, { window = window.name, bins = bins }
  return fleet.report(("%s&strips=%d of %s/%s"):format(key, bins, window.from or window.seconds, window.to or ""), chosen)
end

return strip_report
