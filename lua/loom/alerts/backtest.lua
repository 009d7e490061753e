--- What one rule would have told of the past, in few figures: what is shown while it is edited. It is a replay in steps that are
-- as long as they must be for it to be done in seconds.
-- @module loom.alerts.backtest

local check = require "loom.check"
local replay = require "loom.alerts.replay"
local text = require "loom.formats.text"
local time = require "loom.time"

local backtest = {}

local SECOND, DAY = 1000000, 86400 * 1000000

local LONGEST = 93 -- days: a quarter
local STEPS = { 60, 120, 300, 600, 900, 1800, 3600 } -- seconds

-- Stores times instants: see docs/performance.md; it is done within ten seconds.
local MOST = 20000000
backtest.MOST, backtest.LONGEST = MOST, LONGEST

local WORST = 10 -- subjects that are named

local checkers = { rule = check.table, from = time.instant, to = time.instant }

local function count_stores(monitor)
  local rows, message, code = monitor.database:rows "SELECT count(*) AS n FROM store WHERE newest_poll IS NOT NULL"
  if not rows then
    return nil, message, code
  end
  return math.floor(rows[1].n)
end

-- The shortest step by which it is not too much; nil where there is none.
local function step_of(stores, length)
  for _, step in ipairs(STEPS) do
    if stores * (length / (step * SECOND) + 1) <= MOST then
      return step
    end
  end
end

-- UTC days from one instant to another, each with nothing yet.
local function days_of(from, to)
  local days, by_date = {}, {}
  for at = from - from % DAY, to, DAY do
    local day = { date = time.text(at):sub(1, 10), fired = 0, resolved = 0 }
    days[#days + 1], by_date[day.date] = day, day
  end
  return days, by_date
end

local function worst_of(fired)
  local list = {}
  for id, count in pairs(fired) do
    list[#list + 1] = { id = id, fired = count }
  end
  table.sort(list, function(a, b)
    if a.fired ~= b.fired then
      return a.fired > b.fired
    end
    return a.id < b.id
  end)
  for i = #list, WORST + 1, -1 do
    list[i] = nil
  end
  return list
end

local function summarize(found, name, from, to)
  local days, by_date = days_of(from, to)
  local fired = {}
  for _, event in ipairs(found.events) do
    local day = event.rule == name and by_date[event.at_utc:sub(1, 10)]
    if day and event.state == "firing" then
      day.fired = day.fired + 1
      fired[event.subject.id] = (fired[event.subject.id] or 0) + 1
    elseif day and event.state == "resolved" then
      day.resolved = day.resolved + 1
    end
  end
  local line = found.rules[1]
  return { rule = name, fired = line.fired, resolved = line.resolved, subjects = line.subjects, of = line.of, days = days,
    worst = worst_of(fired), text = ("this rule would have fired %s for %s"):format(text.counted(line.fired, "time"),
      text.counted(line.subjects, line.of)) }
end

--- Evaluates a rule over the past.
-- @tparam loom.monitor monitor
-- @tparam table options `rule`, a definition, which need not be stored; `from` and `to`, instants
-- @tparam[opt] function on_step called now and then
-- @treturn table|nil `rule`, `from`, `to`, `step` (seconds between two evaluations), `stores` (that have polls), `fired`,
--   `resolved`, `subjects` (for how many it fired), `of` (`"store"`, `"group"` or `"fleet"`), `days` (in UTC: `date`, `fired`,
--   `resolved`), `worst` (`id`, `fired`: those for which it fired most often) and `text`
-- @treturn ?string the failure: EINVAL
-- @treturn ?string its code
function backtest.run(monitor, options, on_step)
  options = check.options("backtest", options, checkers)
  for _, name in ipairs { "rule", "from", "to" } do
    if options[name] == nil then
      check.fail("missing option '%s' to 'backtest'", name)
    end
  end
  local from, to = tonumber(options.from), tonumber(options.to)
  if to < from or to - from > LONGEST * DAY then
    return nil, ("EINVAL: to: an instant up to %d days after from expected"):format(LONGEST), "EINVAL"
  end
  local stores, message, code = count_stores(monitor)
  local step = stores and step_of(stores, to - from)
  if not stores then
    return nil, message, code
  elseif not step then
    return nil, ("EINVAL: %d stores are too many for so many days: %d times instants are evaluated at the most"):format(stores,
      MOST), "EINVAL"
  end
  local found
  found, message, code = replay.run(monitor, { rules = { options.rule }, from = time.seconds(from), to = time.seconds(to),
    step = step }, on_step)
  if not found then
    return nil, message, code
  end
  local result = summarize(found, options.rule.name, from, to)
  result.stores, result.step = stores, step
  time.set(result, "from", options.from)
  time.set(result, "to", options.to)
  return result
end

return backtest
