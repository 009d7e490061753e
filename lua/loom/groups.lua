--- Totals of the rows that share a key: a table of figures like a report, with a row to a group.
--
-- `loom.rows:group`, `loom.rows:group_with` and `loom.report:groups` give them. `#groups` is how many groups there are,
-- `groups[i]` a row (see `loom.row`), in order of the key as bytes, and the methods of `loom.rows` are theirs too. Figures are
-- sums over the group's stores, but for the longest outage; ratio, MTTR and MTBF are those of the sums, and so is the
-- objective: the budgets are added up, and there is none if a store of the group has none. Groups stay when their report is
-- closed.
-- @classmod loom.groups

local check = require "loom.check"
local rows = require "loom.rows"

local Groups = setmetatable({}, { __index = rows })
Groups.__index = Groups

-- The sum of the error budgets of a window for each group; false if a store has none.
local function budgets_of(source, place, count, group_of)
  local budgets = {}
  for group = 1, count do
    budgets[group] = 0
  end
  for index = 1, source:count() do
    local group = not group_of and 1 or group_of[index]
    if group and budgets[group] then
      local up, down = source:times(index, place)
      local budget = source:slo_budget(index, place, up, down)
      budgets[group] = budget and budgets[group] + budget
    end
  end
  return budgets
end

-- The groups of some keys, in order, and the number of each row's; without those one group of all rows.
local function make(source, keys, name, group_of)
  source = source.plain
  local sums, budgets = {}, {}
  for place = 1, #source.windows do
    sums[place] = source:sums_of(place, #keys, group_of)
    budgets[place] = source.has_slo and budgets_of(source, place, #keys, group_of) or nil
  end
  return rows.object(setmetatable({
    key = name,
    grouped = true,
    windows = source.windows,
    window_index = source.window_index,
    as_of = source.as_of,
    as_of_utc = source.as_of_utc,
    rules = source.rules,
    filter = source.filter,
    objective = source.objective,
    has_slo = source.has_slo,
    keys = keys,
    of = source, -- the table of figures that they are of
    group_of = group_of, -- the number of the group of each of its rows, or false; nil: all are in one
    sums = sums, -- by window and group
    budgets = budgets,
  }, Groups), "loom.groups")
end

--- Makes them: see `loom.rows:group_with`.
-- @local
function Groups.new(source, key_of, name)
  local keys, key_of_row, known = {}, {}, {}
  for row in source:rows() do
    local key = key_of(row)
    if key ~= nil and type(key) ~= "string" then
      check.fail("bad key of a group (text expected, got %s)", check.shown(key))
    elseif key ~= nil and not known[key] then
      known[key], keys[#keys + 1] = true, key
    end
    key_of_row[row.index] = key or false
  end
  table.sort(keys)
  for number, key in ipairs(keys) do
    known[key] = number
  end
  for index, key in ipairs(key_of_row) do
    key_of_row[index] = known[key] or false
  end
  return make(source, keys, name, key_of_row)
end

--- One group of all rows.
-- @local
function Groups.total(source)
  return make(source, { "total" }, "group")
end

--- How many groups there are; also `#groups`.
-- @treturn int
-- @usage print(groups:count())
function Groups:count()
  return #self.keys
end

--- The key of a group: the value that its stores share.
-- @tparam int index from 1
-- @treturn string
-- @usage print(groups:store(1))
function Groups:store(index)
  return self.keys[index]
end

--- The number of a group's row.
-- @tparam string key the value that its stores share
-- @treturn ?int nil if there is none
-- @usage print(groups:find("north"))
function Groups:find(key)
  check.argument("find", 1, key, check.string)
  for i, known in ipairs(self.keys) do
    if known == key then
      return i
    end
  end
end

--- The rows of one group: those of the report that are added up in it. They are the report's, and end with it.
-- @tparam string key the value that its stores share
-- @tparam[opt] table options
-- @tparam[opt] string|function options.sort as in `loom.rows:rows` (default: the order of the report)
-- @tparam[opt=false] bool options.descending the greatest first
-- @tparam[opt] int options.limit how many rows at the most
-- @treturn function that gives a `loom.row`, or nil at the end; at once, where there is no such group
-- @usage for row in groups:rows_of("north", { sort = "ratio_last_week", limit = 3 }) do print(row.store_id) end
function Groups:rows_of(key, options)
  check.argument("rows_of", 1, key, check.string)
  options = rows.check_order(self.of, "rows_of", options)
  local group, group_of, left = self:find(key), self.group_of, options.limit or math.huge
  local next_row = self.of:rows { sort = options.sort, descending = options.descending }
  return function()
    local row = group and left > 0 and next_row() or nil
    while row and group_of and group_of[row.index] ~= group do
      row = next_row()
    end
    left = left - 1
    return row
  end
end

--- How many stores are in a group; also `stores` of its row.
-- @tparam int index from 1
-- @treturn int
-- @usage print(groups:stores(1))
function Groups:stores(index)
  return self.sums[1][index].stores
end

--- The sums of a group in a window, exactly; on LuaJIT those beyond 2^53 are rounded, once.
-- @tparam int index of the group, from 1
-- @tparam int window its place in `windows`, from 1
-- @treturn int up, in microseconds like the next four
-- @treturn int down
-- @treturn int unknown
-- @treturn int excluded
-- @treturn int the longest outage of any store
-- @treturn int how many outages
-- @treturn int how many polls
-- @usage local up, down = groups:figures(1, 3)
function Groups:figures(index, window)
  local sum = self.sums[window][index]
  return sum[1], sum[2], sum[3], sum[4], sum[5], sum[6], sum[7]
end

--- The up and down time of a group in a window, in microseconds.
-- @local
function Groups:times(index, window)
  local up, down = self:figures(index, window)
  return up, down
end

--- The sum of the error budgets; nil if a store has none.
-- @local
function Groups:slo_budget(index, window)
  return self.has_slo and self.budgets[window][index] or nil
end

--- Groups have no attributes.
-- @local
function Groups:attributes_of()
  return {}
end

--- Groups have no strips.
-- @local
function Groups.strip()
  return nil
end

function Groups:__tostring()
  return ("loom.groups (%d of %s)"):format(#self.keys, self.key)
end

return Groups
