--- What stores were together, step by step: the figures of a window cut into steps of equal length. `loom.monitor:series` gives
-- one.
--
-- Each opening is judged as a whole, as a report of the window judges it, and only what it was judged to be is cut at the steps:
-- the sums over the steps are the report's figures, to the microsecond. A series stays as it is when the database changes.
-- @classmod loom.series

local check = require "loom.check"
local output = require "loom.output"
local time = require "loom.time"

local Series = {}

--- What a series is of.
-- @table fields
-- @tfield number as_of in seconds since 1970, and as text: `as_of_utc`
-- @tfield number from the start of the first step, and as text: `from_utc`
-- @tfield number to the end of the last one, and as text: `to_utc`
-- @tfield number step how long each is, in seconds
-- @tfield table rules those in force: see `loom.report`
-- @tfield int stores how many stores it is of
-- @tfield {number,...} t the start of each step, in seconds since 1970, and as text: `t_utc`
-- @tfield {number,...} up for each step how long the stores were up, all together, in seconds like the next four
-- @tfield {number,...} down
-- @tfield {number,...} unknown
-- @tfield {number,...} excluded taken out of the schedule by exclusions
-- @tfield {number,...} scheduled up + down + unknown
-- @tfield {int,...} stores_down how many stores were down at some time of the step
-- @tfield ?{table,...} by the same for each value that the option `by` tells apart, in their order: its `value` (nil for the
--   stores that have none, which come last), `stores`, and the columns `up` to `stores_down`

local is_column = { up = true, down = true, unknown = true, excluded = true, scheduled = true, stores_down = true }

local function in_seconds(list)
  for i = 1, #list do
    list[i] = time.seconds(list[i])
  end
  return list
end

-- What is made when it is first looked at: a column, of all stores or of group number `place`.
local function look_up(of, name)
  if not is_column[name] then
    return nil
  end
  local column = of.native:column(name, of.place)
  return name == "stores_down" and column or in_seconds(column)
end

local times = check.choice { "up", "down", "unknown", "excluded", "scheduled" }

local function microseconds(of, column)
  return of.native:column(check.argument("microseconds", 1, column, times), of.place)
end

-- One of `by`.
local Group = {}

function Group.__index(of, name)
  local value = name == "microseconds" and microseconds or look_up(of, name)
  rawset(of, name, value)
  return value
end

-- The starts of the steps.
local function starts(series, as_text)
  local first, count = series.native:steps()
  local list, item = {}, {}
  for i = 1, count do
    time.set_after(item, "t", first, (i - 1) * series.step * 1000000)
    list[i] = as_text and item.t_utc or item.t
  end
  return list
end

function Series.__index(of, name)
  local value = Series[name]
  if value == nil then
    value = (name == "t" or name == "t_utc") and starts(of, name == "t_utc") or look_up(of, name)
    rawset(of, name, value)
  end
  return value
end

--- A column exactly, of all stores or, as a method of one of `by`, of a value's.
-- @tparam string column `"up"`, `"down"`, `"unknown"`, `"excluded"` or `"scheduled"`
-- @treturn {int,...} microseconds, which LuaJIT rounds beyond 2^53: 285 years of all stores together
-- @usage print(series:microseconds("down")[1])
function Series:microseconds(column)
  return microseconds(self, column)
end

-- The values that a store is of, each with its place among the native half's groups.
local function groups_of(native, list)
  local groups = {}
  for place = 1, #list + 1 do
    local count = native:stores(place)
    if count > 0 then
      groups[#groups + 1] = setmetatable({ native = native, place = place, value = list[place], stores = count }, Group)
    end
  end
  return groups
end

--- Makes one of what a report has computed.
-- @param native the native half
-- @tparam table plan `rules`; in microseconds `as_of`, `from`, `to` and `step`; and the `values` that the option `by` tells apart
-- @local
function Series.of(native, plan)
  local series = setmetatable({ native = native, rules = plan.rules, stores = native:stores(),
    by = plan.values and groups_of(native, plan.values), step = time.seconds(plan.step) }, Series)
  for _, name in ipairs { "as_of", "from", "to" } do
    time.set(series, name, plan[name])
  end
  return series
end

-- ---- writing ----

--- Writes a series.
-- @tparam string|file|function target as in `loom.rows:write`
-- @tparam[opt] table options
-- @tparam[opt="csv"] string options.format `"csv"`: a line to a step, and to each value where there are any, in the columns
--   `t_utc`, `value` (where there are any), and `up` to `stores_down`, times in seconds; or `"json"`, an object as
--   `GET /v1/series` gives it
-- @tparam[opt=false] bool options.neutralise_formulas see `loom.formats.csv`
-- @treturn true|nil
-- @treturn ?string the failure: EFULL, EACCESS or EIO
-- @treturn ?string its code
-- @usage assert(series:write("trend.csv"))
function Series:write(target, options)
  local formats = require "loom.formats.series"
  options = check.options("write", options, { format = check.choice { "csv", "json" }, neutralise_formulas = check.boolean })
  return output.write(target, function(write)
    formats[options.format or "csv"](self, write, options.neutralise_formulas)
  end)
end

--- Frees what it is held in; columns that have been looked at stay.
-- @usage series:close()
function Series:close()
  self.native:close()
end

Series.__close = Series.close

function Series:__tostring()
  return ("loom.series (%s to %s)"):format(self.from_utc, self.to_utc)
end

check.methods(Series, "loom.series", { "of" })

return Series
