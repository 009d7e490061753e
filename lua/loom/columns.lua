--- Columns of the formats: by name, or made by the caller. They are what the option `columns` of `loom.rows:write` lists;
-- the option `sort` takes the names, too.
--
-- A column of the caller's is `{ name = "weight", value = function(row) return … end }`; what it returns is a number, text, a
-- boolean or nil, which is an empty cell.
-- @module loom.columns

--- The names of columns; WINDOW is the name of a window.
-- @table names
-- @field store_id the store; groups have the attribute that they are of instead
-- @field stores of groups: how many stores they have
-- @field uptime_WINDOW as the standard columns print it: hours, or whole minutes where the window asks for them
-- @field downtime_WINDOW the same
-- @field FIGURE_WINDOW any of `loom.figures`, such as `ratio_last_week` or `longest_last_day`; durations in seconds
-- @field change_FIGURE_WINDOW of reports that compare: a figure less that of the window before
-- @field slo_PART_WINDOW target, met, budget, spent, left or burn, such as `slo_left_month` (see `loom.slo`); in minutes
-- @field attributes.NAME an attribute of the store
-- @field strip of reports with strips: a letter to a bin

local check = require "loom.check"
local figures = require "loom.figures"
local windows = require "loom.windows"

local columns = {}

local is_slo = { target = true, met = true, budget = true, spent = true, left = true, burn = true }

--- What a column of a change is of.
-- @local
-- @treturn ?string the figure; nil if it is no such column
-- @treturn ?int the place of its window
-- @treturn ?int the place of the window before
function columns.parse_change(report, name)
  local figure, window = name:match("^change_(%l+)_(.+)$")
  local place = figures.is_name[figure] and report.window_index[window]
  local before = place and windows.place_before(report, place)
  if before then
    return figure, place, before
  end
end

-- The function (row) that reads a column of a change, or nil if it is no such column. Ratios are compared as they are printed.
local function change(report, name)
  local figure, place, before = columns.parse_change(report, name)
  if not before then
    return nil
  elseif figure == "ratio" then
    local source = report.plain
    return function(row)
      local now = figures.millionths(source:times(row.index, place))
      local earlier = figures.millionths(source:times(row.index, before))
      return now and earlier and (now - earlier) / 1000000
    end
  end
  local window, window_before = report.windows[place].name, report.windows[before].name
  return function(row)
    local now, earlier = row[window][figure], row[window_before][figure]
    return now and earlier and now - earlier
  end
end

--- The function (row) that reads a column. An attribute that groups are of may have a name that means something else.
-- @local
function columns.value(report, name)
  if name == report.key then
    return function(row)
      return report:store(row.index)
    end
  end
  local of_change = change(report, name)
  if of_change then
    return of_change
  end
  local attribute = name:match("^attributes%.(.+)$")
  if attribute then
    return function(row)
      return row.attributes[attribute]
    end
  end
  local part, window = name:match("^slo_(%l+)_(.+)$")
  if part and is_slo[part] then
    return function(row)
      local of_window = row[window]
      return of_window and of_window.slo and of_window.slo[part]
    end
  end
  local figure
  figure, window = name:match("^(%l+)_(.+)$")
  if figure and figures.is_name[figure] then
    return function(row)
      return row[window] and row[window][figure]
    end
  end
  return function(row)
    return row[name]
  end
end

-- The text that a column of uptime or downtime prints, or nil if it is no such column.
local function standard_text(report, name)
  local which, window = name:match("^(%l+time)_(.+)$")
  local place = which and report.window_index[window]
  if not place or (which ~= "uptime" and which ~= "downtime") then
    return nil
  end
  local print_in, source = figures[report.windows[place].unit], report.plain
  if which == "uptime" then
    return function(row)
      return print_in((source:times(row.index, place)))
    end
  end
  return function(row)
    local _, down = source:times(row.index, place)
    return print_in(down)
  end
end

-- The text of a column of ratios, which are cut, or nil if it is no such column: of up time, of spent budgets, of targets.
local function ratio_text(report, name)
  local place = report.window_index[name:match("^ratio_(.+)$")]
  local source = report.plain
  if place then
    return function(row)
      local millionths = figures.millionths(source:times(row.index, place))
      return millionths and figures.ratio(millionths) or ""
    end
  end
  local part, window = name:match("^slo_(%l+)_(.+)$")
  if (part == "burn" or part == "target") and report.window_index[window] then
    return function(row)
      local of_slo = row[window].slo
      return columns.ratio_of(of_slo and of_slo[part]) or ""
    end
  end
end

--- A ratio as text, cut (see `loom.figures`); nil if there is none, or if it is not finite.
-- @local
function columns.ratio_of(value)
  if value and value < math.huge then
    return figures.ratio(figures.share(value))
  end
end

--- Whether the report has such a column.
-- @local
function columns.exists(report, name)
  if name == report.key or (name == "stores" and report.grouped) or name:find("^attributes%..") or name == "strip"
    or change(report, name) then
    return true
  end
  local part, window = name:match("^slo_(%l+)_(.+)$")
  if part then
    return is_slo[part] and report.window_index[window] ~= nil
  end
  local figure
  figure, window = name:match("^(%l+)_(.+)$")
  return figure ~= nil and (figures.is_name[figure] or figure == "uptime" or figure == "downtime")
    and report.window_index[window] ~= nil
end

local unit_names = { hours = "h", minutes = "min" }

local unit_of_slo = { budget = "min", spent = "min", left = "min" }

-- What a column of a window is made of: the figure's name, the window's and, where there is one, the unit.
local function parts(report, name)
  local part, window = name:match("^slo_(%l+)_(.+)$")
  if part then
    return "slo_" .. part, window, unit_of_slo[part]
  end
  local figure
  figure, window = name:match("^change_(%l+)_(.+)$")
  if figure and report.window_index[window] then
    return "change_" .. figure, window, figures.is_duration[figure] and "s" or nil
  end
  figure, window = name:match("^(%l+)_(.+)$")
  local place = figure and report.window_index[window]
  if figure == "uptime" or figure == "downtime" then
    return figure, window, unit_names[report.windows[place].unit]
  elseif place then
    return figure, window, figures.is_duration[figure] and "s" or nil
  end
end

local function one(report, column)
  if type(column) == "table" and type(column.name) == "string" and type(column.value) == "function" then
    return { name = column.name, value = column.value }
  elseif type(column) == "string" and columns.exists(report, column) then
    local is_key = column == report.key
    local ratio = not is_key and ratio_text(report, column) or nil
    local figure, window, unit
    if not is_key then
      figure, window, unit = parts(report, column)
    end
    return { name = column, value = columns.value(report, column), is_key = is_key, is_ratio = ratio ~= nil,
      figure = figure, window = window, unit = unit,
      text = ratio or (not is_key and standard_text(report, column)) or nil }
  end
  check.fail("bad option 'columns' to 'write' (names of columns, or tables of name and value expected, got %s)",
    check.shown(column))
end

local function has_windows(value)
  local is_object = type(value) == "table" or type(value) == "userdata"
  return is_object and value.windows and value or nil, "report or groups"
end

--- The names of a report's standard columns.
-- @tparam loom.report report or groups
-- @treturn {string,...}
-- @usage
-- local columns = require "loom.columns"
-- print(table.concat(columns.standard(report), ","))
function columns.standard(report)
  check.argument("standard", 1, report, has_windows)
  local names = { report.key }
  if report.grouped and report.key ~= "stores" then
    names[2] = "stores"
  end
  for _, which in ipairs { "uptime", "downtime" } do
    for _, window in ipairs(report.windows) do
      names[#names + 1] = which .. "_" .. window.name
    end
  end
  return names
end

-- Formats that show a line for each column that is asked for, rather than all figures.
local has_columns = { csv = true, table = true, markdown = true }

--- The columns of a report that nobody has chosen: nil for the standard ones. The ratio of the last window, which is the longest
-- of the standard ones, is beside them where the rows are chosen by it, and with an objective how the stores stand in it.
-- @local
-- @tparam loom.report report or groups
-- @tparam string format
-- @tparam[opt] bool worst whether the rows are those with the lowest ratio
function columns.usual(report, format, worst)
  if not (worst or report.has_slo) or not has_columns[format] then
    return nil
  end
  local names, window = columns.standard(report), report.windows[windows.last_place(report.windows)].name
  names[#names + 1] = "ratio_" .. window
  for _, part in ipairs(report.has_slo and { "target", "met", "left", "burn" } or {}) do
    names[#names + 1] = ("slo_%s_%s"):format(part, window)
  end
  return names
end

--- Resolves the option `columns`.
-- @local
-- @treturn {table,...} `name`; `value`, a function (row); for some `text`, a function (row) that prints it, and `is_ratio`;
--   of those that are of a window `figure` and `window`, their names, and `unit`, if there is one: h, min or s
function columns.resolve(report, wanted)
  if wanted ~= nil and (type(wanted) ~= "table" or #wanted == 0) then
    check.fail("bad option 'columns' to 'write' (list of columns expected, got %s)", check.shown(wanted))
  end
  local list = {}
  for i, column in ipairs(wanted or columns.standard(report)) do
    list[i] = one(report, column)
  end
  return list
end

--- A value as text: numbers with up to six decimals; nil and what is not finite as `""`.
-- @param value of a column
-- @treturn string
-- @usage print(require("loom.columns").text_of(2 / 3)) --> 0.666667
function columns.text_of(value)
  local kind = type(value)
  if kind == "number" then
    return figures.decimal(value) or ""
  elseif kind == "string" then
    return value
  elseif value == nil then
    return ""
  end
  return tostring(value)
end

--- A row's cell as text, for formats.
-- @tparam table column one of the option `columns` that a format is called with
-- @tparam loom.row row
-- @treturn string
-- @usage
-- local columns = require "loom.columns"
-- local function first_column(_, write, options)
--   for row in options.rows() do
--     write(columns.cell(options.columns[1], row) .. "\n")
--   end
-- end
-- report:write(io.stdout, { format = first_column })
function columns.cell(column, row)
  if column.text then
    return column.text(row)
  end
  return columns.text_of(column.value(row))
end

return columns
