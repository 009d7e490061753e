--- The fleet by attributes and zones: which ones there are, their values, and the figures and states of each value's stores.
-- @module loom.http.v1.groups

local columns = require "loom.http.v1.columns"
local core = require "loom.core"
local fleet = require "loom.http.fleet"
local formats = require "loom.formats.groups"
local instants = require "loom.formats.instants"
local json = require "loom.json"
local options = require "loom.http.v1.options"
local problem = require "loom.http.problem"
local response = require "loom.http.response"
local service = require "loom.http.service"
local shapes = require "loom.formats.shapes"
local spread = require "loom.http.v1.spread"
local states = require "loom.http.v1.states"
local stores = require "loom.stores"
local turns = require "loom.http.turns"

local function target_checker(text)
  local target = text:find "^[%d.]+$" and tonumber(text)
  if target and target <= 1 then
    return target
  end
  return nil, "ratio from 0 to 1"
end

-- Percentiles of a figure that groups may have together: the usual five of a thousand values in eight windows are fewer.
local PERCENTILES_MAX = 50000

local checkers = { by = columns.by, values = columns.by, target = target_checker, percents = spread.checker }

-- ---- grouping ----

-- Calls work(grouping, give_turn) with the chosen stores of a report by the values of a column.
local function with_grouping(parameters, of, column, status, work)
  return options.look(parameters, of.report, of.made, function(only, give_turn)
    local grouping = of.report.native:grouping(column, only)
    local good, result = pcall(work, grouping, give_turn, only)
    grouping:close()
    if not good then
      error(result, 0)
    end
    return result
  end, status)
end

local function column_of(of, name)
  local kind = name == "timezone_str" and name or "attribute"
  return columns.of(of.report, of.made, kind, name)
end

-- ---- names and values ----

-- The names of all attributes, which are read once for each report.
local function names_of(of)
  local text = fleet.once(of.made, "attribute names", function()
    local list, message, code = turns.run(function(give_turn)
      return stores.attribute_names(service.monitor().database, give_turn)
    end)
    if not list then
      problem.raise_failure(message, code)
    end
    local found = table.concat(list, "\n")
    return found, #found
  end)
  local names = {}
  for name in text:gmatch "[^\n]+" do
    names[#names + 1] = name
  end
  return names
end

-- Each attribute that any of the chosen stores has, with how many values these have, and how many of them have it.
local function names_json(parameters, of, status)
  local parts = {}
  for _, name in ipairs(names_of(of)) do
    local column = column_of(of, name)
    local tally = fleet.use(column, function()
      return with_grouping(parameters, of, column, status, function(grouping)
        return { grouping:tally() }
      end)
    end)
    if tally[2] > 0 then
      parts[#parts + 1] = json.object("name", json.string(name), "values", json.number(tally[1]), "stores", json.number(tally[2]))
    end
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

-- The values that the chosen stores have of an attribute, or their zones.
local function values_json(parameters, of, status)
  local column = column_of(of, parameters.values)
  local values = column:values()
  if not values then
    problem.raise(400, ("values: the attribute has more than %d values"):format(columns.VALUES_MAX), { field = "values" })
  end
  local parts = {}
  fleet.use(column, function()
    return with_grouping(parameters, of, column, status, function(grouping)
      for i, count in ipairs(grouping:sizes()) do
        if values[i] and count > 0 then
          parts[#parts + 1] = json.object("value", json.string(values[i]), "stores", json.number(count))
        end
      end
    end)
  end)
  return "[" .. table.concat(parts, ",") .. "]"
end

-- ---- groups ----

local function states_of(parameters)
  local status, made = states.of(parameters)
  return fleet.use(status, function()
    return columns.grouped(status, made, parameters.by, function(column, values)
      return options.look(parameters, status, made, function(only)
        return formats.states(status, column, values, only)
      end, status)
    end)
  end)
end

-- Ends the request where there would be too many percentiles.
local function check_size(parameters, of, grouping)
  local values, windows = 0, #of.report.windows
  for _, count in ipairs(grouping:sizes()) do
    values = values + (count > 0 and 1 or 0)
  end
  local percents = #(parameters.percents or spread.PERCENTS)
  if values * windows * percents > PERCENTILES_MAX then
    problem.raise(422, ("percents: %d percentages, of %d values in %d windows, are %d percentiles of a figure; there may be %d")
      :format(percents, values, windows, values * windows * percents, PERCENTILES_MAX), { field = "percents" })
  end
end

local function groups_json(parameters, of, status)
  local counts = states_of(parameters)
  return columns.grouped(of.report, of.made, parameters.by, function(column, values)
    local list = with_grouping(parameters, of, column, status, function(grouping, give_turn)
      check_size(parameters, of, grouping)
      return formats.figures(parameters, of.report, grouping, give_turn)
    end)
    return formats.text(list, values, counts)
  end)
end

-- ---- the answer ----

local function body(parameters, of, status)
  local report, instant = of.report, instants.of(parameters.time)
  return json.object("as_of", instant(report.as_of_utc), "rules", shapes.rules(report.rules),
    "windows", shapes.windows(report.windows, instant), "by", json.text(parameters.by),
    "names", parameters.values and json.null or names_json(parameters, of, status),
    "values", parameters.values and values_json(parameters, of, status) or json.null,
    "groups", parameters.by and groups_json(parameters, of, status) or json.null)
end

local function get()
  local parameters = options.read(checkers, true)
  if parameters.by and parameters.values then
    problem.raise(400, "values: nothing expected beside by", { field = "values" })
  end
  local chosen, key = options.report(parameters)
  local report, made = fleet.report(key, chosen)
  if not report then
    return response.json(200, ('{"as_of":null,"rules":null,"windows":[],"by":%s,"names":%s,"values":%s,"groups":%s}'):format(
      json.text(parameters.by), parameters.values and "null" or "[]", parameters.values and "[]" or "null",
      parameters.by and "[]" or "null"))
  end
  local groups_key = ("groups\0%s\0%s\0%s\0%s\0%s\0%s"):format(parameters.by or "", parameters.values or "",
    tostring(parameters.target), spread.key(parameters.percents), parameters.time or "", parameters.dormant_after or "")
  response.json(200, options.kept(parameters, report, made, groups_key, function(status)
    return body(parameters, { report = report, made = made }, status)
  end))
end

-- ---- routes ----

local count = { type = "integer", minimum = 0 }
local number = { type = "number" }

return {
  schemas = {
    GroupWindow = {
      type = "object", required = { "totals", "change", "percentiles" }, additionalProperties = false,
      properties = {
        totals = "Figures", change = spread.schemas.change, percentiles = spread.schemas.percentiles,
        slo = {
          type = "object", required = { "target", "met", "budget", "spent", "left", "burn" }, additionalProperties = false,
          description = "How all stores of the group together stand against the target, in minutes of down time: see loom.slo.",
          properties = { target = number, met = { type = { "boolean", "null" } }, budget = number, spent = number,
            left = number, burn = { type = { "number", "null" } } },
        },
      },
    },
    Group = {
      type = "object", required = { "value", "stores", "states", "windows" }, additionalProperties = false,
      properties = {
        value = { type = { "string", "null" }, description = "Null: the stores that have none, which come last." },
        stores = { type = "integer", minimum = 1 }, states = "StateCounts",
        windows = { type = "object", additionalProperties = "GroupWindow" },
      },
    },
    Groups = {
      type = "object", additionalProperties = false,
      required = { "as_of", "rules", "windows", "by", "names", "values", "groups" },
      properties = {
        as_of = "NullableInstant", rules = { anyOf = { "Rules", { type = "null" } } },
        windows = { type = "array", items = "Window" }, by = { type = { "string", "null" } },
        names = {
          description = "The attributes that the stores have, by name: how many values, and how many stores have one.",
          anyOf = { { type = "null" }, { type = "array", items = {
            type = "object", required = { "name", "values", "stores" }, additionalProperties = false,
            properties = { name = { type = "string" }, values = count, stores = count },
          } } },
        },
        values = {
          description = "The values that the parameter values asks for, in order.",
          anyOf = { { type = "null" }, { type = "array", items = {
            type = "object", required = { "value", "stores" }, additionalProperties = false,
            properties = { value = { type = "string" }, stores = count },
          } } },
        },
        groups = { anyOf = { { type = "null" }, { type = "array", items = "Group" } } },
      },
    },
  },
  {
    method = "GET", path = "/v1/groups", access = "read", restricted = "choice", by_revision = true, handler = get,
    tag = "stores",
    summary = "The fleet by attributes and zones: names, values, and the figures and states of each value",
    parameters = {
      columns.by_parameter "Gives figures and states for each value of:",
      { name = "values", description = "Instead of names the values, up to 1,000, of this attribute, or with timezone_str the "
        .. "zones.", schema = { type = "string", minLength = 1, maxLength = core.limits.attribute_name } },
      { name = "target", description = "A ratio from 0 to 1: each group is held against it.",
        schema = { type = "number", minimum = 0, maximum = 1 } },
      { name = spread.parameter.name, schema = spread.parameter.schema, description = spread.parameter.description
        .. (" Values, windows and percentages may make %d percentiles together."):format(PERCENTILES_MAX) },
      more = options.fleet_parameters,
    },
    responses = { [200] = { description = "What is asked for; null what is not.", schema = "Groups" },
      [422] = { description = "There would be too many percentiles.", problem = true } },
  },
}
