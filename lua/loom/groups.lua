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

local FIGURES = 7 -- up, down, unknown, excluded, longest, outages, polls
local LONGEST = 5
local CARRY = 4503599627370496 -- 2^52: sums of more are kept in two parts, since LuaJIT's numbers are exact to 2^53 only

local Groups = setmetatable({}, { __index = rows })
Groups.__index = Groups

local function new_sums(windows)
  local sums = { stores = 0 }
  for w = 1, #windows do
    sums[w] = { 0, 0, 0, 0, 0, 0, 0, carried = { 0, 0, 0, 0, 0, 0, 0 }, budget = 0 }
  end
  return sums
end

-- Adds to a sum of time or of a count: a hundred thousand roundings would be a tenth of a second.
local function add_to(sum, i, value)
  sum[i] = sum[i] + value
  while sum[i] >= CARRY do
    sum[i], sum.carried[i] = sum[i] - CARRY, sum.carried[i] + CARRY
  end
end

local function add(sums, source, index)
  sums.stores = sums.stores + (source.grouped and source:stores(index) or 1)
  for w = 1, #source.windows do
    local sum, values = sums[w], { source:figures(index, w) }
    for i = 1, FIGURES do
      if i == LONGEST then
        sum[i] = math.max(sum[i], values[i])
      else
        add_to(sum, i, values[i])
      end
    end
    local budget = source:slo_budget(index, w, values[1], values[2])
    sum.budget = sum.budget and budget and sum.budget + budget or nil
  end
end

local function make(source, keys, sums, name)
  return rows.object(setmetatable({
    key = name,
    grouped = true,
    windows = source.windows,
    window_index = source.window_index,
    as_of = source.as_of,
    as_of_utc = source.as_of_utc,
    rules = source.rules,
    has_slo = source.has_slo,
    keys = keys,
    sums = sums,
  }, Groups), "loom.groups")
end

--- Makes them: see `loom.rows:group_with`.
-- @local
function Groups.new(source, key_of, name)
  local sums, keys = {}, {}
  for row in source:rows() do
    local key = key_of(row)
    if key ~= nil then
      if type(key) ~= "string" then
        check.fail("bad key of a group (text expected, got %s)", type(key))
      elseif not sums[key] then
        sums[key] = new_sums(source.windows)
        keys[#keys + 1] = key
      end
      add(sums[key], row.source, row.index)
    end
  end
  table.sort(keys)
  return make(source, keys, sums, name)
end

--- One group of no stores.
-- @local
function Groups.empty(source)
  return make(source, { "total" }, { total = new_sums(source.windows) }, "group")
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

--- How many stores are in a group; also `stores` of its row.
-- @tparam int index from 1
-- @treturn int
-- @usage print(groups:stores(1))
function Groups:stores(index)
  return self.sums[self.keys[index]].stores
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
  local s = self.sums[self.keys[index]][window]
  local c = s.carried
  return s[1] + c[1], s[2] + c[2], s[3] + c[3], s[4] + c[4], s[5], s[6] + c[6], s[7] + c[7]
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
  if self.has_slo then
    return self.sums[self.keys[index]][window].budget
  end
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
