--- Service level objectives: a target ratio of up time, and the error budget that it leaves.
--
-- The budget of a window is (1 - target) × (up + down): how long a store may be down in it. The burn is down time as a
-- share of the budget: 1 uses it up (Beyer et al., "The Site Reliability Workbook", chapter 5). Unknown time counts for
-- neither.
-- @module loom.slo

local slo = {}

local known = { target = true, stores = true, attribute = true, targets = true }

local function is_ratio(value)
  return type(value) == "number" and value >= 0 and value <= 1
end

local function are_ratios(values)
  if type(values) ~= "table" then
    return false
  end
  for _, value in pairs(values) do
    if not is_ratio(value) then
      return false
    end
  end
  return true
end

--- Checker of the option `slo`: a ratio from 0 to 1, or a table of `target` (for all others), `stores` (targets by store
-- id), and `attribute` with `targets` (by its value); without `targets` the attribute's value is itself the target.
function slo.checker(value)
  local expected = "target ratio from 0 to 1, or table of target, stores, attribute, targets"
  if is_ratio(value) then
    return { target = value }
  elseif type(value) ~= "table" then
    return nil, expected
  end
  for key in pairs(value) do
    if not known[key] then
      return nil, expected
    end
  end
  if (value.target ~= nil and not is_ratio(value.target)) or (value.stores ~= nil and not are_ratios(value.stores))
    or (value.targets ~= nil and not are_ratios(value.targets))
    or (value.attribute ~= nil and type(value.attribute) ~= "string")
    or (value.targets and not value.attribute) or next(value) == nil then
    return nil, expected
  end
  return value
end

--- The target of a store.
-- @tparam table objective as the checker returns it
-- @tparam string store_id
-- @param attribute the store's value of the objective's attribute
-- @treturn ?number
function slo.target(objective, store_id, attribute)
  local target = objective.stores and objective.stores[store_id]
  if not target and attribute then
    if objective.targets then
      target = objective.targets[attribute]
    else
      local number = tonumber(attribute)
      target = is_ratio(number) and number or nil
    end
  end
  return target or objective.target
end

--- How a window's times stand against a target.
-- @tparam number budget of down time, in microseconds
-- @tparam number up microseconds
-- @tparam number down microseconds
-- @tparam ?number target
-- @treturn table `target`, `met` (nil where nothing was measured), and in minutes `budget`, `spent`, `left`; `burn`, which
--   is spent / budget (nil where both are 0, infinite where only the budget is)
function slo.judge(budget, up, down, target)
  local MINUTE = 60 * 1000000
  local result = { target = target, budget = budget / MINUTE, spent = down / MINUTE, left = (budget - down) / MINUTE }
  if up + down > 0 then
    result.met = down <= budget
  end
  if budget > 0 or down > 0 then
    result.burn = down / budget
  end
  return result
end

--- The budget of a target, in microseconds.
function slo.budget(target, up, down)
  return math.floor((1 - target) * (up + down) + 0.5) -- whole, since 1 - 0.9 is a little less than 0.1
end

return slo
