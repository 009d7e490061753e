--- Stores by the values that they have of something, as JSON: the figures and states of each value's stores.
-- @module loom.formats.groups

local figures = require "loom.figures"
local formatted = require "loom.formats.values"
local json = require "loom.json"
local slo = require "loom.slo"
local spread = require "loom.formats.spread"
local Status = require "loom.status"
local status_formats = require "loom.formats.status"
local windows = require "loom.windows"

local unpack = table.unpack or unpack -- luacheck: ignore 143 (LuaJIT)

local groups = {}

local function slo_json(target, sums)
  local up, down = sums[1], sums[2]
  return formatted.slo(slo.judge(slo.budget(target, up, down), up, down, target))
end

-- A window of a group; `sums` has those of all windows, each a list of what `group_sums` gives.
local function window_json(asked, report, sums, grouping, place, group, give_turn)
  local own, before = sums[place][group], windows.place_before(report, place)
  local totals = figures.json(unpack(own))
  local members = { "totals", totals,
    "change", before and spread.change(totals, figures.json(unpack(sums[before][group]))) or json.null,
    "percentiles", spread.percentiles(asked.percents, function(figure, percents)
      return report.native:group_percentiles(figure, place, percents, grouping, group)
    end) }
  if asked.target then
    members[#members + 1], members[#members + 2] = "slo", slo_json(asked.target, own)
  end
  give_turn()
  return json.object(unpack(members))
end

--- The figures of each group that has a store.
-- @tparam table asked `percents` and `target`, if there are any
-- @tparam loom.report report
-- @param grouping of its stores, as the native half makes it of a column
-- @tparam function give_turn called where others may have their turn
-- @treturn {table,...} `place`, among the values, `stores` and `windows`, which is JSON
function groups.figures(asked, report, grouping, give_turn)
  local sizes, sums, list = grouping:sizes(), {}, {}
  for place in ipairs(report.windows) do
    sums[place] = report.native:group_sums(place, #sizes, grouping)
    give_turn()
  end
  for group, count in ipairs(sizes) do
    local by_name = {}
    for place, window in ipairs(count > 0 and report.windows or {}) do
      by_name[window.name] = window_json(asked, report, sums, grouping, place, group, give_turn)
    end
    list[#list + 1] = count > 0 and { place = group, stores = count, windows = json.map(by_name, tostring) } or nil
  end
  return list
end

local function with_dormant(counts, dormant)
  counts.dormant = 0
  for _, count in pairs(dormant) do
    counts.dormant = counts.dormant + count
  end
  return counts
end

--- How many stores of each value are in each state, by value; those of stores without one are under the key false.
-- @tparam loom.status status
-- @param column of its stores, as the native half makes it
-- @tparam {string,...} values of the column
-- @tparam ?loom.choice only some of the stores
-- @treturn table
function groups.states(status, column, values, only)
  local rest, by_value = status:counts_of(only), {}
  for rank, counts in ipairs(status.native:state_counts_by(column, only)) do
    by_value[values[rank]] = with_dormant(counts.counts, counts.dormant)
    for _, name in ipairs(Status.counted) do
      rest[name] = rest[name] - by_value[values[rank]][name]
    end
  end
  by_value[false] = rest
  return by_value
end

local nothing = {}
for _, name in ipairs(Status.counted) do
  nothing[name] = 0
end

--- All of it.
-- @tparam {table,...} list as `groups.figures` gives it
-- @tparam {string,...} values of the column
-- @tparam table counts as `groups.states` gives them
-- @treturn string
function groups.text(list, values, counts)
  return json.array(list, function(group)
    local value = values[group.place]
    return json.object("value", json.text(value), "stores", json.number(group.stores),
      "states", status_formats.counts(counts[value or false] or nothing), "windows", group.windows)
  end)
end

return groups
