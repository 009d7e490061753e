--- What a site tells of all its stores together, as the service would: JSON of one file.
-- @module loom.site.fleet

local core = require "loom.core"
local formats = require "loom.formats.groups"
local instants = require "loom.formats.instants"
local json = require "loom.json"
local series_formats = require "loom.formats.series"
local shapes = require "loom.formats.shapes"
local spread_of_time = require "loom.formats.summary"
local status_formats = require "loom.formats.status"
local stepping = require "loom.stepping"
local stores = require "loom.stores"
local time = require "loom.time"

local unpack = table.unpack or unpack -- luacheck: ignore 143 (LuaJIT)

local fleet = {}

local VALUES_MAX = stepping.VALUES_MAX -- of what stores are grouped by: as many courses are told apart
local STEP = "4h" -- of the courses of groups
local PAST = 32 -- days before `as_of` whose special days are told

local instant = instants.of "ms"

local function no_turn() end

--- What something returns; where that is nil, the failure is raised, for `loom.site` to catch.
-- @treturn any
function fleet.need(value, message, code)
  if value == nil then
    error({ site = message, code = code }, 0)
  end
  return value, message
end

local need = fleet.need

-- Calls work(column) with what the stores of a report or a status have of an attribute, or their zones.
local function with_column(of, native, name, work)
  local column, go_on
  if name == stepping.ZONE then
    column = native:column()
    column:take_zones(native)
  else
    column, go_on = stores.column(native, name)
  end
  local good, result = pcall(function()
    local done = not go_on
    while not done do
      done = need(go_on(of.monitor.database, 1))
    end
    return work(column)
  end)
  column:close()
  if not good then
    error(result, 0)
  end
  return result
end

-- How many values there are, and how many stores have one.
local function tally(of, name)
  return with_column(of, of.report.native, name, function(column)
    local grouping = column:count() > 0 and of.report.native:grouping(column)
    local values, count = 0, 0
    if grouping then
      values, count = grouping:tally()
      grouping:close()
    end
    return { values, count }
  end)
end

-- The groups of an attribute's values, and their courses.
local function groups_json(of, name)
  local counts = with_column(of, of.status.native, name, function(column)
    return formats.states(of.status, column, column:values())
  end)
  local groups = with_column(of, of.report.native, name, function(column)
    local grouping = of.report.native:grouping(column)
    local list = formats.figures({ percents = {} }, of.report, grouping, no_turn)
    grouping:close()
    return formats.text(list, column:values(), counts)
  end)
  local courses = need(of:series { by = name, step = STEP })
  local text = series_formats.text(courses, instant)
  courses:close()
  return json.object("groups", groups, "courses", text)
end

-- The names of the attributes that any store has, and what is told of the values of those that have few.
local function names_and_groups(of)
  local names, groups = {}, {}
  for _, name in ipairs(need(stores.attribute_names(of.monitor.database, no_turn))) do
    local values, count = unpack(tally(of, name))
    if count > 0 then
      names[#names + 1] = json.object("name", json.string(name), "values", json.number(values), "stores", json.number(count))
    end
    if count > 0 and values <= VALUES_MAX and name ~= stepping.ZONE then
      groups[name] = groups_json(of, name)
    end
  end
  if tally(of, stepping.ZONE)[1] <= VALUES_MAX then
    groups[stepping.ZONE] = groups_json(of, stepping.ZONE)
  end
  return "[" .. table.concat(names, ",") .. "]", json.map(groups, tostring)
end

-- Special days and exclusions of every store.
local function for_all(of)
  local from = core.format_date(time.days(of.as_of:sub(1, 10)) - PAST)
  return json.array(need(of.monitor:special_days { store = "*", from = from }), shapes.special_day),
    json.array(need(of.monitor:exclusions { store = "*" }), shapes.exclusion)
end

--- The file's text.
-- @tparam table of what `loom.site` has computed
-- @tparam table head names and JSON in turn, that are told besides
-- @treturn string
function fleet.text(of, head)
  local series = need(of:series {})
  local course = series_formats.text(series, instant)
  series:close()
  local names, groups = names_and_groups(of)
  local special_days, exclusions = for_all(of)
  local members = { "as_of", instant(of.as_of), "now", json.object(status_formats.head(of.status, nil, instant)),
    "summary", spread_of_time.text(of.report, { time = "ms" }, { of.report:left_out() }, nil, no_turn),
    "series", course, "names", names, "groups", groups, "special_days", special_days, "exclusions", exclusions }
  for _, member in ipairs(head) do
    members[#members + 1] = member
  end
  return json.object(unpack(members))
end

return fleet
