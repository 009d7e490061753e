--- Computing series: options, groups of stores, and the native half.
-- @module loom.stepping

local check = require "loom.check"
local core = require "loom.core"
local Job = require "loom.job"
local rules = require "loom.rules"
local Series = require "loom.series"
local stores = require "loom.stores"
local time = require "loom.time"

local stepping = {}

local WEEK = 7 * 86400 * 1000000 -- microseconds
local HOUR = 3600 * 1000000

--- What groups stores by their zones rather than by an attribute.
stepping.ZONE = "timezone_str"

--- How many values there may be to group by: more lines nobody tells apart.
stepping.VALUES_MAX = 50

-- ---- options ----

local function step(value)
  local duration = time.duration(value)
  local least, most = core.limits.step_min, core.limits.step_max
  if duration and duration % 1000000 == 0 and duration >= least and duration <= most then
    return duration
  end
  return nil, ("duration of whole seconds, from %d s to %d days"):format(least / 1000000, most / 86400000000), duration ~= nil
end

--- Checkers of the options.
stepping.checkers = {
  from = time.instant,
  to = time.instant,
  step = step,
  by = stores.attribute_name,
  as_of = time.seen_from,
  threads = check.integer(0, core.limits.threads),
}
for _, more in ipairs { rules.checkers, stores.checkers } do
  for name, checker in pairs(more) do
    stepping.checkers[name] = checker
  end
end

--- The ends of a span that options give: without `to` it ends at as_of, without `from` it begins a week earlier.
-- @tparam table options `from` and `to`, as the checkers return them
-- @tparam int as_of in microseconds, as are the next two
-- @treturn int|nil from
-- @treturn int|string to, or what was expected
function stepping.ends(options, as_of)
  local to = options.to or as_of
  local from = options.from or time.instant(time.text_after(to, -WEEK))
  local length = time.between(from, to)
  if length <= 0 or length > core.limits.window_length then
    return nil, "to: an instant after from, within 100 years, expected"
  end
  return from, to
end

-- Why a span has no such steps; nil if it may.
local function problem_of(from, to, duration)
  local length = time.between(from, to)
  local steps = length / duration
  if steps % 1 ~= 0 then
    return ("step: the %s s from %s to %s are no whole number of steps of %s s"):format(core.seconds(length), time.text(from),
      time.text(to), core.seconds(duration))
  elseif steps > core.limits.series_steps then
    return ("step: there would be %.0f steps, of which there may be %d"):format(steps, core.limits.series_steps)
  end
end

--- The span of checked options, and its steps, which are of an hour unless they say otherwise.
-- @tparam table options
-- @tparam int as_of in microseconds, as are the next three
-- @treturn int|nil from
-- @treturn int|string to, or what was expected
-- @treturn int step
function stepping.span(options, as_of)
  local duration = options.step or HOUR
  local from, to = stepping.ends(options, as_of)
  local problem = from and problem_of(from, to, duration)
  if problem then
    return nil, problem
  end
  return from, to, duration
end

-- What is seen from, in microseconds; nil and the failure where there is no poll.
local function as_of_of(monitor, options)
  if options.as_of then
    return time.as_of(monitor, options.as_of)
  end
  return monitor.database:newest()
end

-- ---- groups ----

--- Every store's value of an attribute, or its zone.
-- @tparam loom.database database
-- @tparam string by the attribute, or `stepping.ZONE`
-- @tparam string default_zone of stores without one
-- @tparam[opt] function give_turn called after every thousand stores
-- @treturn table|nil values by store id
-- @treturn ?string the failure
-- @treturn ?string its code
function stepping.values_of(database, by, default_zone, give_turn)
  if by ~= stepping.ZONE then
    return stores.values_of(database, by, give_turn)
  end
  return stores.zones_of(database, default_zone, give_turn)
end

--- Groups of stores by values: as the native half takes them, and the values in order.
-- @tparam table values by store id
-- @treturn table `groups`, how many there are with that of the stores without a value, and `group_of`, their numbers by store id
-- @treturn {string,...}
function stepping.groups(values)
  local list, numbers, group_of = {}, {}, {}
  for _, value in pairs(values) do
    if not numbers[value] then
      list[#list + 1], numbers[value] = value, 0
    end
  end
  table.sort(list)
  for i, value in ipairs(list) do
    numbers[value] = i
  end
  for id, value in pairs(values) do
    group_of[id] = numbers[value]
  end
  return { groups = #list + 1, group_of = group_of }, list
end

--- Why there cannot be so many values; nil if there can.
function stepping.too_many(count, steps)
  local most = math.min(stepping.VALUES_MAX, math.floor(core.limits.series_items / steps))
  return count > most and ("by: no more than %d values of so many steps: there are %d"):format(most, count) or nil
end

-- The values of the stores alone that `stores.choose` has chosen.
local function among(values, chosen)
  if not chosen.ids then
    return values
  end
  local some = {}
  for _, id in ipairs(chosen.ids) do
    some[id] = values[id]
  end
  for _, glob in ipairs(chosen.globs) do
    for id, value in pairs(values) do
      some[id] = core.matches(glob, id) and value or some[id]
    end
  end
  return some
end

-- What the option `by` comes to: groups as the native half takes them, and their values; without it one group, and no values.
local function group(monitor, options, chosen, steps)
  if not options.by then
    return { groups = 1 }
  end
  local values, message, code = stepping.values_of(monitor.database, options.by, options.default_zone or monitor.default_zone)
  if not values then
    return nil, message, code
  end
  local groups, list = stepping.groups(among(values, chosen))
  local problem = stepping.too_many(#list, steps)
  if problem then
    return nil, "EINVAL: " .. problem, "EINVAL"
  end
  return groups, list
end

-- ---- computing ----

-- What checked options come to: `as_of`, `from`, `to` and `step` in microseconds, `rules`, the stores `chosen`, and `groups` with
-- their `values`; nil and the failure.
local function resolve(monitor, options, grouped)
  local as_of, message, code = as_of_of(monitor, options)
  if not as_of then
    return nil, message, code
  end
  local plan = { as_of = as_of }
  plan.from, plan.to, plan.step = stepping.span(options, plan.as_of)
  if not plan.from then
    return nil, "EINVAL: " .. plan.to, "EINVAL"
  end
  plan.chosen, message, code = stores.choose(monitor.database, options, options.default_zone or monitor.default_zone)
  if not plan.chosen then
    return nil, message, code
  end
  if grouped then
    plan.groups, plan.values = grouped.groups, grouped.values
  else
    plan.groups, plan.values, code = group(monitor, options, plan.chosen, time.between(plan.from, plan.to) / plan.step)
  end
  if not plan.groups then
    return nil, plan.values, code
  end
  plan.groups.step = plan.step
  plan.rules = rules.in_force(options)
  plan.rules.default_zone = plan.rules.default_zone or monitor.default_zone
  return plan
end

local function native_options(options, plan, private)
  local native = rules.pass_on(options, {
    windows = { { from = plan.from, to = plan.to, name = "series" } },
    series = plan.groups,
    as_of = plan.as_of,
    all_stores = options.all_stores,
    threads = options.threads,
    private = private,
    ids = plan.chosen.ids,
    globs = plan.chosen.globs,
  })
  native.default_zone = plan.rules.default_zone
  return native
end

-- Starts to compute one: the job; nil, the failure and its code.
local function begin(monitor, options, private, grouped)
  options = check.options("series", options, stepping.checkers)
  local plan, why, why_code = resolve(monitor, options, grouped)
  if not plan then
    return nil, why, why_code
  end
  local native, message, code = core.report(monitor.database, native_options(options, plan, private))
  if not native then
    return nil, message, code
  end
  return Job.started(native, function()
    local series = Series.of(native:series(), plan)
    native:close()
    return series
  end)
end

--- Computes one: see `loom.monitor:series`.
function stepping.compute(monitor, options)
  return Job.run(begin(monitor, options, false))
end

--- Starts to compute one, on threads and a connection of its own.
-- @tparam loom.monitor monitor
-- @tparam table options as of `loom.monitor:series`
-- @tparam[opt] table grouped what the option `by` comes to, for those who have looked already: `groups` and `values`, which
--   `stepping.groups` returns
-- @treturn loom.job|nil
-- @treturn ?string the failure
-- @treturn ?string its code
function stepping.start(monitor, options, grouped)
  return begin(monitor, options, true, grouped)
end

--- Raises what is wrong with options.
function stepping.check_options(options)
  check.options("series", options, stepping.checkers)
end

return stepping
