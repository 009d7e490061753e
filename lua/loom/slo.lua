--- Service level objectives: a target ratio of up time, and the error budget that it leaves.
--
-- The budget of a window is (1 - target) × (up + down): how long a store may be down in it. The burn is down time as a
-- share of the budget: 1 uses it up (Beyer et al., "The Site Reliability Workbook", chapter 5). Unknown time counts for
-- neither.
-- @module loom.slo

--- The option `slo` of `loom.monitor:report`: a target for all stores, `slo = 0.99`, or a table of at least one of these. A
-- store's target is the first of `stores`, the attribute's, and `target` that it has; without any it has no objective.
-- @table objective
-- @tfield ?number target of all other stores, from 0 to 1
-- @tfield ?table stores targets by store id
-- @tfield ?string attribute the name of an attribute; without `targets` its value is itself the target
-- @tfield ?table targets targets by the value of the attribute

--- How a store stands in a window: `row.last_week.slo`, nil for a store without an objective.
-- @table slo
-- @tfield number target of the store; nil for groups
-- @tfield ?bool met whether the down time is within the budget; nil where nothing was measured
-- @tfield number budget of down time, in minutes
-- @tfield number spent the down time, in minutes
-- @tfield number left budget - spent, in minutes; negative when the objective is missed
-- @tfield ?number burn spent / budget; nil where both are 0, infinite where only the budget is

local slo = {}

local known = { target = true, stores = true, attribute = true, targets = true }

local function is_ratio(value)
  return type(value) == "number" and value >= 0 and value <= 1
end

local function are_ratios(values)
  if type(values) ~= "table" then
    return false
  end
  for name, value in pairs(values) do
    if type(name) ~= "string" or not is_ratio(value) then
      return false
    end
  end
  return true
end

--- Checker of the option `slo`, which the head of this file describes.
-- @local
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
-- @local
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
-- @local
-- @tparam number budget of down time, in microseconds
-- @tparam number up microseconds
-- @tparam number down microseconds
-- @tparam ?number target
-- @treturn table as the head of this file describes it
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
-- @local
function slo.budget(target, up, down)
  return math.floor((1 - target) * (up + down) + 0.5) -- whole, since 1 - 0.9 is a little less than 0.1
end

return slo
