--- JSON: as_of, the rules in force, the windows, and for each store and window seconds of up, down, unknown, excluded
-- and scheduled time, the ratio up / (up + down), outages, the longest, MTTR (mean outage), MTBF (up time to an
-- outage) and how many polls there were. A figure that is not defined is null.
-- @module loom.formats.json

local cjson = require "cjson"
local core = require "loom.core"
local figures = require "loom.formats.figures"

local seconds = figures.seconds

local function string(text)
  return (cjson.encode(text):gsub("\\/", "/"))
end

-- Six decimals, without the zeros that end them.
local function number_or_null(value)
  return value and (("%.6f"):format(value):gsub("%.?0+$", "")) or "null"
end

-- total / count in seconds, or null.
local function mean(total, count)
  return number_or_null(count > 0 and total / count / 1000000)
end

local function write_head(report, write)
  local rules = report.rules
  write(('{"as_of":%s,"rules":{"preset":%s,"slack":%d,"fill":%s,"evidence":%s,"no_data":%s,"max_gap":%s,')
    :format(string(core.format_timestamp(report.as_of)), string(rules.preset), rules.slack, string(rules.fill),
      string(rules.evidence), string(rules.no_data), rules.max_gap and seconds(rules.max_gap) or "null"))
  write(('"default_zone":%s},"windows":['):format(string(rules.default_zone)))
  for i, window in ipairs(report.windows) do
    write(('%s{"name":%s,"from":%s,"to":%s}'):format(i > 1 and "," or "", string(window.name),
      string(core.format_timestamp(window.from)), string(core.format_timestamp(window.to))))
  end
  write('],"stores":[')
end

local function window_figures(report, row, window)
  local up, down, unknown, excluded, longest, outages, polls = report:figures(row, window)
  local known = up + down
  return ('{"up":%s,"down":%s,"unknown":%s,"excluded":%s,"scheduled":%s,"ratio":%s,"outages":%d,"longest":%s,'
    .. '"mttr":%s,"mtbf":%s,"polls":%d}'):format(seconds(up), seconds(down), seconds(unknown), seconds(excluded),
    seconds(known + unknown), number_or_null(known > 0 and up / known), outages, seconds(longest),
    mean(down, outages), mean(up, outages), polls)
end

return function(report, write)
  write_head(report, write)
  for row = 1, report:count() do
    local windows = {}
    for i, window in ipairs(report.windows) do
      windows[i] = string(window.name) .. ":" .. window_figures(report, row, i)
    end
    write(('%s\n{"store_id":%s,"windows":{%s}}'):format(row > 1 and "," or "", string(report:store(row)),
      table.concat(windows, ",")))
  end
  write("\n]}\n")
end
