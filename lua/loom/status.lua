--- What every store is at an instant, since when, and which ones are dormant. `loom.monitor:status` gives one.
--
-- `#status` is how many stores there are and `status[i]` one of them, counted from 1 in order of store id as bytes. It stays as
-- it is when the database changes. A store is a table of `store_id`; `state`, which is `"up"`, `"down"`, `"unknown"`,
-- `"excluded"` or `"closed"`; `since`, when the run of that state began (nil when closed or excluded, and where it began more
-- than a year before the store's first poll); `dormant`, whether it had openings and no active poll for `dormant_after`; and
-- `last_poll`, the last one up to then (nil: none).
-- @classmod loom.status

local check = require "loom.check"
local core = require "loom.core"
local Job = require "loom.job"
local output = require "loom.output"
local rows = require "loom.rows"
local rules = require "loom.rules"
local stores = require "loom.stores"
local text = require "loom.formats.text"
local time = require "loom.time"

local Status = {}
Status.__index = Status

--- What a status is of.
-- @table fields
-- @tfield number as_of the instant, in seconds since 1970, and as text: `as_of_utc`
-- @tfield number newest_poll the newest poll of all stores, and as text: `newest_poll_utc`; nil if there are none
-- @tfield table rules those in force: see `loom.report`
-- @tfield number dormant_after in seconds
-- @tfield table counts how many stores are `up`, `down`, `unknown`, `excluded` and `closed`, without those that are `dormant`
-- @tfield table dormant how many of the dormant ones are in each state

local DORMANT_AFTER = 7 * 86400 * 1000000 -- microseconds

--- What stores are counted by, in the order in which it is told.
-- @local
Status.counted = { "up", "down", "unknown", "excluded", "closed", "dormant" }

-- Bounds of how long stores have been in a state, in seconds: see `by_age`.
Status.AGES = { 900, 3600, 14400 }

-- ---- options ----

local function dormant_after(value)
  local duration = time.duration(value)
  if duration and duration >= 1 and duration <= core.limits.dormant_after then
    return duration
  end
  return nil, "duration of up to 366 days", duration ~= nil
end

--- Checkers of the options.
-- @local
Status.checkers = {
  as_of = time.seen_from,
  dormant_after = dormant_after,
  threads = check.integer(0, core.limits.threads),
  since_up = check.boolean,
}
for _, more in ipairs { rules.checkers, stores.checkers } do
  for name, checker in pairs(more) do
    Status.checkers[name] = checker
  end
end

local is_state = {}
for _, state in ipairs(core.states) do
  is_state[state] = true
end

--- Checker of states: one, or a list of them.
-- @local
function Status.states(value)
  local list = type(value) == "string" and { value } or value
  local expected = "one of " .. table.concat(core.states, ", ") .. ", or list of them"
  if type(list) ~= "table" or not check.length(list) or #list == 0 then
    return nil, expected
  end
  for _, state in ipairs(list) do
    if not is_state[state] then
      return nil, expected
    end
  end
  return list
end

local function whether_dormant(value)
  if type(value) == "boolean" or value == "any" then
    return value == "any" and "any" or { value }
  end
  return nil, 'true, false, or "any"'
end

local choice_checkers = {
  state = Status.states,
  dormant = whether_dormant,
  sort = check.choice { "store_id", "since", "last_poll" },
  descending = check.boolean,
  first = check.integer(1, 2 ^ 53),
  limit = check.integer(0, 2 ^ 53),
}

-- ---- computing ----

-- The options of the native half.
local function native_options(monitor, options, private)
  local chosen, message, code = stores.choose(monitor.database, options, options.default_zone or monitor.default_zone)
  if not chosen then
    return nil, message, code
  end
  local native = rules.pass_on(options, {
    states = { dormant_after = options.dormant_after or DORMANT_AFTER, no_since_up = options.since_up == false },
    as_of = time.as_of(monitor, options.as_of),
    all_stores = options.all_stores,
    threads = options.threads,
    private = private,
    ids = chosen.ids,
    globs = chosen.globs,
  })
  native.preset = options.preset or "monitoring"
  native.default_zone = options.default_zone or monitor.default_zone
  return native
end

--- The status of a native half that is complete.
-- @local
function Status.of(monitor, native, options)
  local in_force = rules.in_force(setmetatable({ preset = options.preset or "monitoring" }, { __index = options }))
  in_force.default_zone = in_force.default_zone or monitor.default_zone
  local status = setmetatable({ native = native, rules = in_force,
    dormant_after = time.seconds(options.dormant_after or DORMANT_AFTER) }, Status)
  time.set(status, "as_of", native:as_of())
  local newest = monitor.database:newest()
  if newest then
    time.set(status, "newest_poll", newest)
  end
  status.counts, status.dormant = status:counts_of()
  return rows.object(status, "loom.status")
end

-- Starts to look: the job; nil, the failure and its code.
local function begin(monitor, options, private)
  options = check.options("status", options, Status.checkers)
  local asked, message, code = native_options(monitor, options, private)
  local native
  if asked then
    native, message, code = core.report(monitor.database, asked)
  end
  if not native then
    return nil, message, code
  end
  return Job.started(native, function()
    return Status.of(monitor, native, options)
  end)
end

--- Looks at all stores: see `loom.monitor:status`.
-- @local
function Status.compute(monitor, options)
  return Job.run(begin(monitor, options, false))
end

--- Starts to look, on threads and a connection of its own.
-- @treturn loom.job|nil
-- @treturn ?string the failure
-- @treturn ?string its code
-- @local
function Status.start(monitor, options)
  return begin(monitor, options, true)
end

--- Raises what is wrong with options.
-- @local
function Status.check_options(options)
  check.options("status", options, Status.checkers)
end

-- ---- what it tells ----

--- The fields `counts` and `dormant`, of a choice of stores.
-- @local
function Status:counts_of(only)
  local counts, dormant = self.native:state_counts(only)
  counts.dormant = 0
  for _, count in pairs(dormant) do
    counts.dormant = counts.dormant + count
  end
  return counts, dormant
end

--- How many stores there are; the same as `#status`, also where Lua 5.1 runs.
-- @treturn int
-- @usage print(status:count())
function Status:count()
  return self.native:count()
end

function Status:__tostring()
  return ("loom.status (%s as of %s)"):format(text.counted(self:count(), "store"), self.as_of_utc)
end

--- Frees what the stores are held in. In Lua 5.4 a status can be a to-be-closed variable.
-- @usage status:close()
function Status:close()
  self.native:close()
end

--- A store by its place.
-- @local
function Status:row(number)
  check.argument("row", 1, number, check.numeric)
  if number < 1 or number > self:count() or number % 1 ~= 0 then
    return nil
  end
  local state, since, last_poll, is_dormant = self.native:state(number)
  local store = { store_id = self.native:store(number), state = state, dormant = is_dormant }
  if since then
    time.set(store, "since", since)
  end
  if last_poll then
    time.set(store, "last_poll", last_poll)
  end
  return store
end

--- One store.
-- @tparam string id
-- @treturn ?table nil if it is not among them
-- @usage print(monitor:status():store("shop 1").state)
function Status:store(id)
  local number = self.native:find(check.argument("store", 1, id, check.store_id))
  return number and self:row(number)
end

--- What stores of some states, dormant or not, are for the native half: `states`, `dormant` and `others`.
-- @tparam ?{string,...} states
-- @tparam ?table dormant `{ true }`: only dormant stores; `{ false }`: none; `"any"`: both (default, without states)
-- @local
function Status.filter(states, dormant)
  local wanted = dormant or (states and { false }) or "any"
  return { states = states, dormant = wanted == "any" or wanted[1], others = wanted == "any" or not wanted[1] }
end

-- The numbers of the rows that options choose, in their order, and how many there are.
local function choose(status, name, options)
  options = check.options(name, options, choice_checkers)
  local asked = Status.filter(options.state, options.dormant)
  asked.sort, asked.descending, asked.first, asked.limit = options.sort, options.descending, options.first, options.limit
  return status.native:state_order(asked)
end

--- An iterator over stores.
-- @tparam[opt] table options
-- @tparam[opt] string|{string,...} options.state only stores in this state, or one of these; without those that are dormant,
--   unless `dormant` is given
-- @tparam[opt] bool|string options.dormant true: only dormant stores; false: none of them; `"any"`: both (default, without
--   `state`)
-- @tparam[opt="store_id"] string options.sort `"store_id"`, `"since"` (the longest first; without it last) or `"last_poll"`
-- @tparam[opt=false] bool options.descending the other way round
-- @tparam[opt=1] int options.first the place of the first one to give
-- @tparam[opt] int options.limit how many at the most
-- @treturn function
-- @treturn int how many there are without `first` and `limit`
-- @usage for store in status:stores { state = "down", sort = "since" } do print(store.store_id, store.since_utc) end
function Status:stores(options)
  local numbers, total = choose(self, "stores", options)
  local at = 0
  return function()
    at = at + 1
    return numbers[at] and self:row(numbers[at])
  end, total
end

--- The stores that are left out, since their zone has left the tz database: see `loom.report:left_out`.
-- @treturn {table,...} the first of them, each with `store_id` and `reason`
-- @treturn int how many there are
-- @usage local _, count = status:left_out()
function Status:left_out()
  return self.native:left_out()
end

--- A choice among the stores: see `loom.stores.chooser`.
-- @local
function Status:chooser(glob, conditions, search)
  return stores.chooser(self.native, glob, conditions, search)
end

--- How long stores have been in a state: those that are not dormant, by bounds of 15 minutes, an hour and four hours.
-- @tparam[opt="down"] string state
-- @tparam[opt] string only a choice among the stores, as the service makes it (default: all)
-- @treturn {table,...} from the shortest to the longest time: `from` and `to` in seconds (nil: any longer), and `stores`; what
--   began before all that is known counts as longest
-- @usage for _, age in ipairs(status:by_age()) do print(age.from, age.to, age.stores) end
function Status:by_age(state, only)
  state = check.argument("by_age", 1, state or "down", check.choice(core.states))
  local ages, from = {}, 0
  for i = 1, #Status.AGES + 1 do
    ages[i] = { from = from, to = Status.AGES[i], stores = 0 }
    from = Status.AGES[i]
  end
  local as_of = self.native:as_of()
  for _, number in ipairs((self.native:state_order { states = { state }, dormant = false, only = only })) do
    local _, since = self.native:state(number)
    local age = since and time.between(since, as_of) / 1000000
    local place = 1
    while Status.AGES[place] and (not age or age >= Status.AGES[place]) do
      place = place + 1
    end
    ages[place].stores = ages[place].stores + 1
  end
  return ages
end

--- Whether a count or a share of stores is beyond a bound, such as `"down > 5%"`. A share of stores that are up, down or unknown
-- is one of all that are either; of others it is one of all stores. Those that are dormant are only counted as such.
-- @tparam string condition a state or `dormant`, one of `>`, `>=`, `<`, `<=`, and a number, with `%` for a share
-- @treturn bool
-- @treturn string what it is, in words
-- @usage print(status:is("down>5%"))
function Status:is(condition)
  local parsed = check.argument("is", 1, condition, Status.condition)
  local counts = self.counts
  local value, of = counts[parsed.state], nil
  if parsed.is_share then
    of = self:count()
    if parsed.state == "up" or parsed.state == "down" or parsed.state == "unknown" then
      of = counts.up + counts.down + counts.unknown
    end
  end
  -- No division, whose rounding might make two sides equal that are not, or none of what is.
  local left, right = of and value * 100 or value, parsed.bound * (of or 1)
  local holds = parsed.operator == ">" and left > right or parsed.operator == ">=" and left >= right
    or parsed.operator == "<" and left < right or parsed.operator == "<=" and left <= right
  local open = of and (of == self:count() and "store" or "open store")
  local subject = of and ("%s of %s"):format(text.grouped(value), text.counted(of, open)) or text.counted(value, "store")
  return holds or false, ("%s %s %s"):format(subject, (value == 1 or of == 1) and "is" or "are", parsed.state)
end

--- Checker of a condition: see `is`.
-- @local
function Status.condition(value)
  local expected = "condition such as down>5% or unknown>=10"
  if type(value) ~= "string" then
    return nil, expected
  end
  local state, operator, bound, percent = value:match("^%s*(%l+)%s*([<>]=?)%s*(%d+%.?%d*)%s*(%%?)%s*$")
  if not state or not (is_state[state] or state == "dormant") then
    return nil, expected
  end
  return { state = state, operator = operator, bound = tonumber(bound), is_share = percent == "%" }
end

-- ---- writing ----

--- Writes stores.
-- @tparam string|file|function target as in `loom.rows:write`
-- @tparam[opt] table options those of `stores`, and
-- @tparam[opt="csv"] string options.format `"csv"`, in the columns `store_id,state,since_utc,dormant,last_poll_utc`; `"json"`: an
--   object that tells of the status, too; or `"ndjson"`
-- @tparam[opt=false] bool options.neutralise_formulas see `loom.formats.csv`
-- @treturn true|nil
-- @treturn ?string the failure: EFULL, EACCESS or EIO
-- @treturn ?string its code
-- @usage assert(status:write("status.csv"))
function Status:write(target, options)
  local writers = require "loom.formats.status"
  local known = { format = check.choice { "csv", "json", "ndjson" }, neutralise_formulas = check.boolean }
  local choice = {}
  for name, value in pairs(check.argument("write", 2, options or {}, check.table)) do
    if not known[name] then
      choice[name] = value
    end
  end
  local numbers = choose(self, "write", choice)
  local given = check.options("write", { format = options and options.format,
    neutralise_formulas = options and options.neutralise_formulas }, known)
  return output.write(target, function(write)
    writers[given.format or "csv"](self, write, numbers, given.neutralise_formulas)
  end)
end

return Status
