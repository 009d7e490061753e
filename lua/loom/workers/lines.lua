--- Rows of a report as they are in a file of CSV or NDJSON, each by itself, for a stream of them (row_stream.h).
-- @module loom.workers.lines

local columns = require "loom.columns"
local core = require "loom.core"
local csv_line = require "loom.formats.csv_line"
local Row = require "loom.row"
local values = require "loom.formats.values"

local lines = {}

--- The formats that there are.
lines.formats = { csv = true, ndjson = true }

local function of_csv(report, wanted)
  local names = wanted.columns or columns.usual(report, "csv")
  local list = columns.resolve(report, names)
  local caption = csv_line.names(list, wanted.neutralise_formulas) .. "\n"
  if not names then
    return caption, nil
  end
  local line_of = csv_line.maker(list, wanted.neutralise_formulas)
  return caption, function(row)
    return line_of(row) .. "\n"
  end
end

local function of_ndjson(report, wanted)
  if wanted.columns then
    local options = { chosen = true, columns = columns.resolve(report, wanted.columns) }
    return "", function(row)
      return values.row(report, row, options) .. "\n"
    end
  elseif wanted.flat then
    return "", function(row)
      return values.flat_row(report, row) .. "\n"
    end
  elseif report.has_slo then
    return "", function(row)
      return values.row(report, row, {}) .. "\n"
    end
  end
  return "", function(row)
    return report:json_stores({ row.index }, "\n") .. "\n"
  end
end

--- How the rows of a report are written.
-- @tparam loom.report report
-- @tparam table wanted `format`, and what it has of `columns`, `flat` and `neutralise_formulas`
-- @treturn string what comes before all rows
-- @treturn function (first, count) that gives the frames of so many rows from one on, fewer at the end
function lines.of(report, wanted)
  local caption, line_of = (wanted.format == "ndjson" and of_ndjson or of_csv)(report, wanted)
  if not line_of then
    return caption, function(first, count)
      return report:csv_frames(first, count, wanted.neutralise_formulas)
    end
  end
  return caption, function(first, count)
    local frames = {}
    for index = first, math.min(first + count - 1, report:count()) do
      frames[#frames + 1] = core.frame("R", line_of(Row.new(report.plain, index)), report:store(index))
    end
    return table.concat(frames)
  end
end

return lines
