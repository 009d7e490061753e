--- Output formats. Each is a function (report, write) that calls `write` with text, piece by piece; `write` raises an
-- error when it cannot go on. More can be added to this table.
-- @module loom.formats

local output = require "loom.output"

local formats = {
  csv = require "loom.formats.csv",
  exact = require "loom.formats.exact",
  json = require "loom.formats.json",
  table = require "loom.formats.table",
}

--- Writes a report to a file, a function or a path: see `loom.report:write`.
function formats.write(report, format, target)
  return output.write(target, function(write)
    format(report, write)
  end)
end

return formats
