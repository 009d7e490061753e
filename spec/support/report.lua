--- Reports made up for specs: tables with what `loom.rows` builds upon.

local instants = require "support.instants"
local rows = require "loom.rows"

local unpack = table.unpack or unpack -- luacheck: compat

local Report = setmetatable({}, { __index = rows })
Report.__index = Report

function Report:count()
  return #self.list
end

function Report:store(row)
  return self.list[row][1]
end

function Report:figures(row, window)
  return unpack(self.list[row][1 + window], 1, 7)
end

function Report:times(row, window)
  return self:figures(row, window)
end

function Report:attributes_of(row)
  return self.list[row].attributes or {}
end

function Report:slo_budget() end

function Report:strip(row)
  return self.list[row].strip
end

local report = {}

--- Makes one. Rows are lists: the store id, and for each window its seven figures; and `attributes` and `strip`.
function report.make(windows, list)
  for _, window in ipairs(windows) do
    window.from, window.to = 0, 3600
  end
  return rows.object(setmetatable(instants.with_texts {
    key = "store_id",
    windows = instants.with_texts(windows),
    window_index = rows.index_windows(windows),
    list = list,
    as_of = 3600,
    rules = { preset = "loom", slack = 60, fill = "backward", evidence = "inside", no_data = "down",
      default_zone = "America/Chicago" },
  }, Report), "report")
end

--- What a format makes of a report.
function report.text(format, made, options)
  local pieces, passed = {}, { format = format }
  for name, value in pairs(options or {}) do
    passed[name] = value
  end
  assert(made:write(function(text)
    pieces[#pieces + 1] = text
  end, passed))
  return table.concat(pieces)
end

return report
