--- The methods that a report and its groups have in common: find rows, sort them, add them up, write them.
--
-- Rows are numbered from 1, in order of their key (a report's store ids) as bytes; `loom.row` says what they have.
-- @classmod loom.rows

-- A table of figures has `key` (the name of its first column), `windows`, `window_index` (their places by name), `as_of`,
-- `as_of_utc`, `rules`, and the methods `count`, `store`, `figures`, `times`, `slo_budget`, `attributes_of` and `strip`; the
-- methods below are made of these. Those that look at all figures call `ordered`, `worst_of`, `percentiles_of` and `sums_of`,
-- which a report has its native half do.

local later = require "loom.later"

local check = require "loom.check"
local columns = later.module "loom.columns"
local core = require "loom.core"
local figures = later.module "loom.figures"
local output = require "loom.output"
local Row = later.module "loom.row"
local windows = later.module "loom.windows"

local rows = {}

-- What `pairs` gives of a table of figures, in order.
local FIELDS = { "key", "as_of", "as_of_utc", "newest_poll", "newest_poll_utc", "windows", "rules", "strips", "group_by",
  "counts", "dormant", "dormant_after" }

-- Methods that take the number of a row, and of a window: they are called a lot from inside, so that what callers give is checked
-- on its way in.
local places = { store = true, stores = true, figures = true }

local function with_checked_places(fields, name, method)
  return function(self, index, window)
    check.argument(name, 1, index, check.integer(1, fields:count()))
    if name == "figures" then
      check.argument(name, 2, window, check.integer(1, #fields.windows))
    end
    return method(self, index, window)
  end
end

--- The object that stands for a table of figures: `#object` is the number of its rows and `object[i]` one of them, else it is
-- the table. In Lua 5.1 a table cannot redefine `#`.
-- @local
function rows.object(fields, name)
  fields.plain = fields -- without the detour over the object
  local methods = {} -- that raise where they are called as functions, by what they call
  return core.proxy {
    __name = name,
    __len = function()
      return fields:count()
    end,
    __index = function(_, key)
      if type(key) == "number" then
        return fields:row(key)
      end
      local value = fields[key]
      if type(value) ~= "function" then
        return value
      end
      if not methods[value] then
        local is_checked = places[key] and fields.windows
        methods[value] = check.method(key, is_checked and with_checked_places(fields, key, value) or value, name)
      end
      return methods[value]
    end,
    __pairs = function()
      return Row.each_field(FIELDS, fields)
    end,
    __ipairs = function(object) -- Lua 5.2 asks it, later ones the rows themselves
      return function(_, i)
        local row = fields:row(i + 1)
        if row then
          return i + 1, row
        end
      end, object, 0
    end,
    __tostring = function()
      return fields:__tostring()
    end,
    __close = function()
      fields:close()
    end,
  }
end

--- Frees what the rows are held in; groups have nothing to free. In Lua 5.4 either can be a to-be-closed variable.
-- @usage report:close()
function rows:close() end

-- Checker of a window's name: gives its place.
local function window_checker(table_of_figures)
  return function(value)
    local place = table_of_figures.window_index[value]
    return place, not place and "name of one of the report's windows" or nil
  end
end

-- The window that is meant where none is named: the last one, which is the longest of the standard ones.
local function default_window(table_of_figures)
  return windows.last_place(table_of_figures.windows)
end

--- The places of windows by name.
-- @local
function rows.index_windows(list)
  local index = {}
  for i, window in ipairs(list) do
    index[window.name] = i
  end
  return index
end

local function compare_keys(keys, descending)
  return function(a, b)
    local left, right = keys[a], keys[b]
    if left == right then
      return a < b
    elseif left == nil or right == nil then
      return right == nil -- what is not defined comes last
    elseif descending then
      return left > right
    end
    return left < right
  end
end

local function is_comparable(key)
  return type(key) == "number" and key == key or type(key) == "string"
end

--- Numbers of rows, in order of what `by`, a column's name or a function (row), gives for each.
-- @local
function rows:ordered(by, descending)
  local value_of = type(by) == "function" and by or columns.value(self, by)
  local numbers, keys, kind = {}, {}, nil
  for i = 1, self:count() do
    local key = value_of(Row.new(self, i))
    if type(key) == "boolean" then
      key = key and 1 or 0
    end
    if key ~= nil and (not is_comparable(key) or (kind and type(key) ~= kind)) then
      check.fail("bad option 'sort' to 'rows' (it gives what cannot be compared: %s)", check.shown(key))
    end
    kind = kind or (key ~= nil and type(key)) or nil
    numbers[i], keys[i] = i, key
  end
  table.sort(numbers, compare_keys(keys, descending))
  return numbers
end

local function sort_checker(table_of_figures)
  return function(value)
    if type(value) == "function" or (type(value) == "string" and columns.exists(table_of_figures, value)) then
      return value
    end
    return nil, "name of a column, or function"
  end
end

local limit_checker = check.integer(0, 2 ^ 53)

--- The checked options of a function that gives rows in an order.
-- @local
function rows.check_order(table_of_figures, name, options)
  return check.options(name, options,
    { sort = sort_checker(table_of_figures), descending = check.boolean, limit = limit_checker })
end

--- An iterator over rows: `for row in report:rows() do`. Rows are made one at a time.
-- @tparam[opt] table options
-- @tparam[opt] string|function options.sort the name of a column (see `loom.columns`), or a function (row), to sort by;
--   where it is nil comes last (default: the order of the report)
-- @tparam[opt=false] bool options.descending the greatest first
-- @tparam[opt] int options.limit how many rows at the most
-- @treturn function that gives a `loom.row`, or nil at the end
-- @usage for row in report:rows { sort = "downtime_last_week", descending = true, limit = 3 } do print(row.store_id) end
function rows:rows(options)
  options = rows.check_order(self, "rows", options)
  local source, count, i = self.plain, self:count(), 0
  local limit = math.min(count, options.limit or count)
  local numbers = options.sort and source:ordered(options.sort, options.descending or false, limit)
  local step = options.descending and not numbers and -1 or 1
  local first = step < 0 and count + 1 or 0
  return function()
    i = i + 1
    if i <= limit then
      return Row.new(source, numbers and numbers[i] or first + i * step)
    end
  end
end

--- A row by its number; also `report[index]`.
-- @tparam int index from 1
-- @treturn ?loom.row nil if there is none
-- @usage print(report:row(1).store_id)
function rows:row(index)
  check.argument("row", 1, index, check.numeric)
  if index >= 1 and index <= self:count() and index % 1 == 0 then
    return Row.new(self.plain, index)
  end
end

--- The row of a store, or of a group.
-- @tparam string id of the store, or the group's value of the attribute
-- @treturn ?loom.row nil if there is none
-- @usage local row = report:get("shop 1")
function rows:get(id)
  local index = self:find(check.argument("get", 1, id, check.string))
  return index and Row.new(self.plain, index)
end

--- The stores that did worst in a window: the lowest ratio of up time first, then the most down time.
-- @tparam[opt=10] int limit how many
-- @tparam[opt] string window its name (default: the last window)
-- @treturn {loom.row,...} those without a ratio are left out
-- @usage for _, row in ipairs(report:worst(5, "last_day")) do print(row.store_id, row.last_day.ratio) end
function rows:worst(limit, window)
  limit = limit == nil and 10 or check.argument("worst", 1, limit, limit_checker)
  local place = window == nil and default_window(self) or check.argument("worst", 2, window, window_checker(self))
  local worst = {}
  for i, number in ipairs(self.plain:worst_of(place, limit)) do
    worst[i] = Row.new(self.plain, number)
  end
  return worst
end

--- Numbers of the rows that did worst in a window, by its place: see `worst`.
-- @local
function rows:worst_of(place, limit)
  local numbers, ratios, downs = {}, {}, {}
  for i = 1, self:count() do
    local up, down = self:times(i, place)
    if up + down > 0 then
      numbers[#numbers + 1], ratios[i], downs[i] = i, up / (up + down), down
    end
  end
  table.sort(numbers, function(a, b)
    if ratios[a] ~= ratios[b] then
      return ratios[a] < ratios[b]
    elseif downs[a] ~= downs[b] then
      return downs[a] > downs[b]
    end
    return a < b
  end)
  for i = #numbers, limit + 1, -1 do
    numbers[i] = nil
  end
  return numbers
end

--- All rows added up, as one row: for each window the sums, the longest outage of all, and the ratio, MTTR and MTBF of the
-- sums. `stores` is how many there are.
-- @treturn loom.row
-- @usage print(report:totals().last_week.down)
function rows:totals()
  return require("loom.groups").total(self):row(1)
end

local function figure_checker(value)
  if figures.is_name[value] then
    return value
  end
  return nil, "one of " .. table.concat(figures.names, ", ")
end

local function percents_checker(value)
  if type(value) ~= "table" or #value == 0 then
    return nil, "list of percentages"
  end
  for _, percent in ipairs(value) do
    if type(percent) ~= "number" or not (percent >= 0 and percent <= 100) then
      return nil, "list of percentages from 0 to 100"
    end
  end
  return value
end

--- Percentiles of a figure over the rows in which it is defined, by nearest rank: the smallest value that at least so many
-- percent of the rows do not exceed.
-- @tparam string figure one of `loom.figures.names`; durations are in seconds
-- @tparam[opt] string window its name (default: the last window)
-- @tparam[opt] {number,...} percents from 0 to 100 (default: 5, 25, 50, 75, 95)
-- @treturn table values by percentage; empty if the figure is defined nowhere
-- @usage print(report:percentiles("ratio", "last_week", { 5, 50 })[50])
function rows:percentiles(figure, window, percents)
  check.argument("percentiles", 1, figure, figure_checker)
  local place = window == nil and default_window(self) or check.argument("percentiles", 2, window, window_checker(self))
  percents = check.argument("percentiles", 3, percents or { 5, 25, 50, 75, 95 }, percents_checker)
  return self.plain:percentiles_of(figure, place, percents)
end

--- Percentiles in a window, by its place.
-- @local
function rows:percentiles_of(figure, place, percents)
  local values, result = {}, {}
  for i = 1, self:count() do
    values[#values + 1] = figures.of(self:figures(i, place))[figure]
  end
  table.sort(values)
  if #values > 0 then
    for _, percent in ipairs(percents) do
      result[percent] = values[math.max(1, math.ceil(percent * #values / 100))]
    end
  end
  return result
end

local FIGURES, LONGEST = 7, 5 -- as `figures` returns them

-- LuaJIT's numbers are exact to 2^53 and Lua 5.4's whole numbers to 2^63: sums of more are kept in two parts, since a hundred
-- thousand roundings would be a tenth of a second.
local CARRY, EXACT = 4503599627370496, 2047 -- 2^52, which is more than the longest window; how often it fits 2^63

local function sum_of(rest, carries)
  return carries <= EXACT and carries * CARRY + rest or carries * (CARRY + 0.0) + rest
end

--- The sums of a window, by its place, for groups of rows.
-- @local
-- @tparam int place
-- @tparam int count how many groups there are
-- @tparam[opt] {int|false,...} group_of the number of each row's group, or false for rows in none; without it all are in one
-- @treturn {table,...} for each group what `figures` returns, as a list; and `stores`, how many there are in it
function rows:sums_of(place, count, group_of)
  local sums, carries = {}, {}
  for group = 1, count do
    sums[group], carries[group] = { 0, 0, 0, 0, 0, 0, 0, stores = 0 }, { 0, 0, 0, 0, 0, 0, 0 }
  end
  for index = 1, self:count() do
    local group = not group_of and 1 or group_of[index]
    if group then
      local sum, carried = sums[group], carries[group]
      local values = { self:figures(index, place) }
      sum.stores = sum.stores + (self.grouped and self:stores(index) or 1)
      for i = 1, FIGURES do
        if i == LONGEST then
          sum[i] = math.max(sum[i], values[i])
        else
          local rest = sum[i] + values[i] % CARRY -- a group's own sum may be more
          carried[i] = carried[i] + math.floor(values[i] / CARRY)
          if rest >= CARRY then
            rest, carried[i] = rest - CARRY, carried[i] + 1
          end
          sum[i] = rest
        end
      end
    end
  end
  for group, sum in ipairs(sums) do
    for i = 1, FIGURES do
      sum[i] = sum_of(sum[i], carries[group][i])
    end
  end
  return sums
end

--- The rows that share a key, added up.
-- @tparam function key_of called with each row; gives text, or nil for those that are in no group
-- @tparam string name of the key: groups have it under that name, in place of `store_id`
-- @treturn loom.groups
-- @usage
-- local groups = report:group_with(function(row) return row.last_week.down > 0 and "down" or "up" end, "state")
-- print(groups:get("up").stores)
function rows:group_with(key_of, name)
  check.argument("group_with", 1, key_of, check.callable)
  check.argument("group_with", 2, name, check.string)
  return require("loom.groups").new(self, key_of, name)
end

--- Totals for each value of an attribute of the stores; those without it are in the group "".
-- @tparam string attribute
-- @treturn loom.groups
-- @usage for group in report:group("region"):rows() do print(group.region, group.stores, group.last_week.ratio) end
function rows:group(attribute)
  check.argument("group", 1, attribute, check.string)
  return self:group_with(function(row)
    return row.attributes[attribute] or ""
  end, attribute)
end

-- Options of `write` that are not passed on to the format.
local taken = { columns = true, sort = true, descending = true, limit = true, format = true }

-- The format that options of `write` ask for, and the options to call it with.
local function choose_format(self, options)
  options = options == nil and {} or check.argument("write", 2, options, check.table)
  local formats = require "loom.formats"
  local format = options.format or "csv"
  local writer = type(format) == "function" and format or formats[format]
  if type(writer) ~= "function" then
    check.fail("bad option 'format' to 'write' (name of a format or function expected, got %s)",
      check.shown(format))
  end
  local wanted = { sort = options.sort, descending = options.descending, limit = options.limit }
  local passed = {
    columns = columns.resolve(self, options.columns),
    chosen = options.columns ~= nil,
    standard = not options.columns and next(wanted) == nil and not self.grouped,
    rows = function()
      return self:rows(wanted)
    end,
  }
  for name, value in pairs(options) do
    if not taken[name] then
      passed[name] = value
    end
  end
  return writer, passed
end

--- Writes the rows.
-- @tparam file|function|string target an open file, a function (text), which ends it by returning nil and why, or a path,
--   which is written under another name and renamed when it is complete ("-" is standard output)
-- @tparam[opt] table options those below, and what the format takes
-- @tparam[opt="csv"] string|function options.format a name in `loom.formats`, or a function like those there
-- @tparam[opt] table options.columns a list of columns (see `loom.columns`; default: the standard ones)
-- @tparam[opt] string|function options.sort as in `rows`
-- @tparam[opt=false] bool options.descending as in `rows`
-- @tparam[opt] int options.limit as in `rows`
-- @tparam[opt=false] bool options.flat of ndjson: every figure as a value of its own (see `loom.formats.ndjson`)
-- @tparam[opt=false] bool options.neutralise_formulas of csv and exact: put ' before text that a spreadsheet would take for
--   a formula (see `loom.formats.csv`)
-- @tparam[opt] int options.width of table: how many columns a line may have; see `loom.formats.table`
-- @treturn true|nil
-- @treturn ?string the failure: EIO; the file at a path is then as it was
-- @treturn ?string its code
-- @usage assert(report:write("report.csv", { columns = { "store_id", "ratio_last_week" }, sort = "ratio_last_week" }))
function rows:write(target, options)
  if type(target) ~= "string" and type(target) ~= "function" and type(target) ~= "userdata" and type(target) ~= "table" then
    check.fail("bad argument #1 to 'write' (path, file or function expected, got %s)", check.shown(target))
  end
  local format, format_options = choose_format(self, options)
  return output.write(target, function(write)
    format(self, write, format_options)
  end)
end

return rows
