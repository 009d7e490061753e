--- The fleet step by step: what its stores were together in each hour of a week, or in any other steps.
-- @module loom.http.v1.series

local budget = require "loom.http.budget"
local columns = require "loom.http.v1.columns"
local core = require "loom.core"
local fleet = require "loom.http.fleet"
local formats = require "loom.formats.series"
local instants = require "loom.formats.instants"
local options = require "loom.http.v1.options"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"
local stepping = require "loom.stepping"
local stores = require "loom.stores"
local time = require "loom.time"

local PIECE = 500 -- stores that are looked at before others may have their turn

local checkers = {
  from = request.as_text(stepping.checkers.from),
  to = request.as_text(stepping.checkers.to),
  step = request.as_text(stepping.checkers.step),
  by = stores.attribute_name,
}

-- The span of the parameters, as seen from where the report is: from, to and the step, in microseconds.
local function span_of(parameters, report)
  local chosen = {}
  for _, name in ipairs { "from", "to", "step" } do
    chosen[name] = parameters[name] and stepping.checkers[name](parameters[name])
  end
  local from, to, step = stepping.span(chosen, report.native:as_of())
  if not from then
    problem.raise(422, to, { field = to:match "^%l+" })
  end
  return from, to, step
end

-- ---- whose it is ----

-- Calls visit(row, place) for rows of a report, in turns with others.
local function each_row(rows, give_turn, visit)
  for i, row in ipairs(rows) do
    visit(row, i)
    if i % PIECE == 0 then
      give_turn()
    end
  end
  give_turn()
end

local function check_count(count, steps)
  local too_many = stepping.too_many(count, steps)
  if too_many then
    problem.raise(422, too_many, { field = "by" })
  end
end

-- The ranks of a column that there are among some rows of a report; without rows, among all.
local function ranks_among(column, rows, steps, give_turn)
  local found, count = {}, 0
  local function note(rank)
    if rank and not found[rank] then
      found[rank], count = true, count + 1
      check_count(count, steps)
    end
  end
  if not rows then
    for rank = 1, column:count() do
      note(rank)
    end
    return found
  end
  each_row(rows, give_turn, function(row)
    note(column:rank(row))
  end)
  return found
end

-- Groups by a column, of whose ranks each that there is among the rows is one.
local function groups_of_ranks(report, rows, column, values, steps, give_turn)
  local found, ranks, list = ranks_among(column, rows, steps, give_turn), {}, {}
  for rank, value in ipairs(values) do
    if found[rank] then
      list[#list + 1] = value
      ranks[rank] = #list
    end
  end
  return { groups = { groups = #list + 1, ranks = ranks, column = column, report = report.native }, values = list }
end

-- Groups by all that the stores have: very many values, which columns do not keep, and of which the chosen stores may have
-- few.
local function groups_of_values(report, rows, by, steps, give_turn)
  local values, message, code = stores.values_of(service.monitor().database, by, give_turn)
  if not values then
    problem.raise_failure(message, code)
  end
  local of_chosen, seen, count = {}, {}, 0
  each_row(rows, give_turn, function(row)
    local id = report:store(row)
    local value = values[id]
    of_chosen[id] = value
    if value and not seen[value] then
      seen[value], count = true, count + 1
      check_count(count, steps)
    end
  end)
  local groups, list = stepping.groups(of_chosen)
  return { groups = groups, values = list }
end

local function group(report, rows, by, column, steps, give_turn)
  local values = column:values()
  if values then
    return groups_of_ranks(report, rows, column, values, steps, give_turn)
  end
  return groups_of_values(report, rows or report.native:order { by = "id" }, by, steps, give_turn)
end

local function ids_of(report, rows, give_turn)
  local ids = {}
  each_row(rows, give_turn, function(row, place)
    ids[place] = report:store(row)
  end)
  return ids
end

-- ---- the answer ----

-- What computes the series of the chosen stores, and gives it as text.
local function computation(parameters, chosen, report, column, only, give_turn)
  local from, to, step = span_of(parameters, report)
  local rows = only and (report.native:order { by = "id", only = only })
  budget.check_series(service.monitor().database, from, to, rows and #rows)
  local asked = { from = time.text(from), to = time.text(to), step = time.seconds(step), by = parameters.by,
    as_of = report.as_of_utc, threads = 1 }
  for name, value in pairs(chosen) do
    asked[name] = asked[name] or value
  end
  if only then
    asked.stores = { ids = ids_of(report, rows, give_turn) }
  end
  local steps = time.between(from, to) / step
  local grouped = column and group(report, rows, parameters.by, column, steps, give_turn)
  return function()
    local series = fleet.compute(function(monitor)
      return stepping.start(monitor, asked, grouped)
    end)
    local text = formats.text(series, instants.of(parameters.time))
    series:close()
    return text
  end
end

-- Calls work(column) with what the stores have of what they are grouped by; with nil where they are not.
local function with_column(parameters, report, made, work)
  local by = parameters.by
  if not by then
    return work()
  end
  local column = columns.of(report, made, by == stepping.ZONE and by or "attribute", by)
  return fleet.use(column, function()
    return work(column)
  end)
end

local empty = '{"as_of":null,"rules":null,"from":null,"to":null,"step":null,"stores":0,"t":[],"up":[],"down":[],"unknown":[],'
  .. '"excluded":[],"scheduled":[],"stores_down":[],"by":null}'

local function get()
  local parameters = options.read(checkers, true)
  options.refuse(parameters, "windows")
  options.refuse(parameters, "compare")
  local chosen, key = options.report(parameters)
  local report, made = fleet.report(key, chosen)
  if not report then
    return response.json(200, empty)
  end
  local series_key = { "series" }
  for _, name in ipairs { "from", "to", "step", "by", "time" } do
    series_key[#series_key + 1] = parameters[name] and ngx.escape_uri(parameters[name]) or ""
  end
  response.json(200, options.kept(parameters, report, made, table.concat(series_key, "\0"), function(of_states)
    return with_column(parameters, report, made, function(column)
      return options.look(parameters, report, made, function(only, give_turn)
        return computation(parameters, chosen, report, column, only, give_turn)
      end, of_states)()
    end)
  end))
end

-- ---- routes ----

local parameters = {
  { name = "from", description = "An instant (default: a week before to).", schema = "Instant" },
  { name = "to", description = "An instant after it (default: as_of).", schema = "Instant" },
  { name = "step", description = "How long a step is: a duration of whole seconds, from 60 s to 31 days, such as 15m. The span "
    .. "is a whole number of them, 2,000 at the most.", schema = { type = "string", default = "1h" } },
  { name = "by", description = "Also tells apart the values of this attribute, or with timezone_str the zones that stores are "
    .. "in: 50 at the most, and 20,000 steps of all of them together.",
    schema = { type = "string", maxLength = core.limits.attribute_name } },
  more = options.without(options.fleet_parameters, { windows = true, compare = true }),
}

local names = { "up", "down", "unknown", "excluded", "scheduled", "stores_down" }
local seconds = { type = "array", items = { type = "number", minimum = 0 } }
local counts = { type = "array", items = { type = "integer", minimum = 0 } }

-- The schema of an object that has the columns, and what else there is.
local function with_columns(description, required, properties)
  for _, name in ipairs(names) do
    required[#required + 1], properties[name] = name, name == "stores_down" and counts or seconds
  end
  return { type = "object", description = description, required = required, additionalProperties = false,
    properties = properties }
end

return {
  schemas = {
    SeriesGroup = with_columns("The stores of one value, and those without any, whose value is null.", { "value", "stores" }, {
      value = { type = { "string", "null" } }, stores = { type = "integer", minimum = 1 },
    }),
    Series = with_columns("A number to each step, in order: times of all stores together in seconds, scheduled of which is up + "
      .. "down + unknown, and how many stores were down at some time of it. Sums over the steps are the totals of a summary of "
      .. "the same span, exactly.", { "as_of", "rules", "from", "to", "step", "stores", "t", "by" }, {
      as_of = "NullableInstant", rules = { anyOf = { "Rules", { type = "null" } } }, from = "NullableInstant",
      to = "NullableInstant", step = { type = { "integer", "null" }, description = "In seconds." },
      stores = { type = "integer", minimum = 0 },
      t = { type = "array", description = "When each step begins.", items = "FormattedInstant" },
      by = { anyOf = { { type = "null" }, { type = "array", items = "SeriesGroup" } } },
    }),
  },
  {
    method = "GET", path = "/v1/series", access = "read", restricted = "choice", by_revision = true,
    handler = get, tag = "stores",
    summary = "The fleet step by step: up, down, unknown, excluded, and how many stores were down", parameters = parameters,
    responses = { [200] = { description = "The series, by columns.", schema = "Series" } },
  },
}
