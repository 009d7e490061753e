--- Totals of the rows that share a key: a table of figures like a report, with a row to a group.
-- @classmod loom.groups

local check = require "loom.check"
local rows = require "loom.rows"

local FIGURES = 7 -- up, down, unknown, excluded, longest, outages, polls
local LONGEST = 5

local Groups = setmetatable({}, { __index = rows })
Groups.__index = Groups

local function new_sums(windows)
  local sums = { stores = 0 }
  for w = 1, #windows do
    sums[w] = { 0, 0, 0, 0, 0, 0, 0, budget = 0 }
  end
  return sums
end

local function add(sums, source, index)
  sums.stores = sums.stores + (source.grouped and source:stores(index) or 1)
  for w = 1, #source.windows do
    local sum, values = sums[w], { source:figures(index, w) }
    for i = 1, FIGURES do
      sum[i] = i == LONGEST and math.max(sum[i], values[i]) or sum[i] + values[i]
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
    rules = source.rules,
    has_slo = source.has_slo,
    keys = keys,
    sums = sums,
  }, Groups), "loom.groups")
end

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
function Groups.empty(source)
  return make(source, { "total" }, { total = new_sums(source.windows) }, "group")
end

function Groups:count()
  return #self.keys
end

--- The key of group number `index`.
function Groups:store(index)
  return self.keys[index]
end

--- The number of a group; nil if there is none of that key.
function Groups:find(key)
  check.argument("find", 1, key, check.string)
  for i, known in ipairs(self.keys) do
    if known == key then
      return i
    end
  end
end

--- How many stores are in a group.
function Groups:stores(index)
  return self.sums[self.keys[index]].stores
end

--- The sums of a group in a window: up, down, unknown, excluded, longest outage (microseconds), outages, polls.
function Groups:figures(index, window)
  local s = self.sums[self.keys[index]][window]
  return s[1], s[2], s[3], s[4], s[5], s[6], s[7]
end

--- The up and down time of a group in a window, in microseconds.
function Groups:times(index, window)
  local s = self.sums[self.keys[index]][window]
  return s[1], s[2]
end

function Groups:slo_budget(index, window)
  if self.has_slo then
    return self.sums[self.keys[index]][window].budget
  end
end

function Groups:attributes_of()
  return {}
end

function Groups.strip()
  return nil
end

function Groups:__tostring()
  return ("loom.groups (%d of %s)"):format(#self.keys, self.key)
end

return Groups
