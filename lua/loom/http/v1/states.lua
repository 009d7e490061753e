--- Query parameters of what is made from states: the rules by which they are found, and which of them are wanted.
-- @module loom.http.v1.states

local budget = require "loom.http.budget"
local fleet = require "loom.http.fleet"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local rules = require "loom.rules"
local service = require "loom.http.service"
local Status = require "loom.status"
local time = require "loom.time"
local zones = require "loom.http.v1.zones"

local states = {}

local LASTED_MAX = 50 -- bytes of two durations
local STATE_MAX = 100 -- bytes of a list of states: all that there are, twice

-- Options of a status among those of reports.
local shared = { as_of = true, all_stores = true }
for name in pairs(rules.checkers) do
  shared[name] = true
end

--- Checkers of the parameters that choose stores by their states.
states.choice_checkers = {
  dormant_after = request.as_text(Status.checkers.dormant_after),
  state = function(text)
    local list = {}
    if #text > STATE_MAX then
      return nil, ("at most %d bytes"):format(STATE_MAX)
    end
    for state in text:gmatch "[^,]+" do
      list[#list + 1] = state
    end
    return Status.states(list)
  end,
  dormant = function(text)
    if text == "any" or text == "true" or text == "false" then
      return text == "any" and text or { text == "true" }
    end
    return nil, "true, false or any"
  end,
  lasted = function(text)
    local from, to = text:match "^(.-)%.%.(.*)$"
    local shortest, longest = from ~= "" and time.duration(from), to ~= "" and time.duration(to)
    if #text > LASTED_MAX or shortest == nil or longest == nil or (longest and longest <= (shortest or 0)) then
      return nil, "two durations with .. between them, the shorter one first, either of which may be left out,"
    end
    return { from = shortest or nil, to = longest or nil }
  end,
}

--- What they are, for the document of the API.
states.choice_parameters = {
  { name = "state", description = "Only stores that are in this state at as_of, or in one of these, with commas between them; "
    .. "none of them is dormant, unless dormant says so.", schema = { type = "string", maxLength = STATE_MAX } },
  { name = "dormant", description = "true: only dormant stores; false: none of them; any: both.",
    schema = { type = "string", enum = { "true", "false", "any" } } },
  { name = "lasted", description = "Only stores that have been in their state for so long at as_of, such as 15m..1h: at least "
    .. "the first and less than the second duration. Either may be left out; what began before all that is known is longest.",
    schema = { type = "string", maxLength = LASTED_MAX } },
  { name = "dormant_after", description = "How long a store that has openings is without an active poll until it is dormant, up "
    .. "to 366 days.", schema = { type = "string", default = "7d" } },
}

--- Which states parameters want, as the native half takes it: see `loom.status.filter`.
-- @treturn ?table nil where they want all
function states.filter(parameters)
  local lasted = parameters.lasted
  if parameters.state == nil and parameters.dormant == nil and not lasted then
    return nil
  end
  local filter = Status.filter(parameters.state, parameters.dormant)
  filter.lasted_from, filter.lasted_to = lasted and lasted.from, lasted and lasted.to
  return filter
end

--- The same as text; "" where they want all.
function states.key(parameters)
  local filter = states.filter(parameters)
  if not filter then
    return ""
  end
  return ("state=%s&dormant=%s%s&lasted=%s..%s&dormant_after=%s"):format(table.concat(filter.states or {}, ","),
    tostring(filter.dormant), tostring(filter.others), tostring(filter.lasted_from), tostring(filter.lasted_to),
    ngx.escape_uri(parameters.dormant_after or ""))
end

-- Options of a status among parameters, and their names.
local function options_of(parameters)
  local chosen, names = {}, {}
  for name, value in pairs(parameters) do
    if shared[name] or name == "dormant_after" then
      chosen[name] = value
      names[#names + 1] = name
    end
  end
  service.call(nil, function()
    Status.check_options(chosen)
    return true
  end)
  zones.check("default_zone", chosen.default_zone)
  return chosen, names
end

--- The status of one store, which may have no polls, looked at at once.
-- @tparam string id
-- @tparam table parameters as for `states.of`
-- @treturn ?loom.status nil if there are no polls at all; the caller closes it
function states.of_one(id, parameters)
  local chosen, monitor = options_of(parameters), service.monitor()
  budget.check_status(monitor, chosen, true)
  chosen.stores, chosen.all_stores, chosen.threads = { ids = { id } }, true, 1
  local status, message, code = monitor:status(chosen)
  if not status and code ~= "EEMPTY" then
    problem.raise_uncomputed(message, code)
  end
  return status
end

--- The status that parameters ask for, by the preset monitoring unless they name another; see `loom.http.fleet.status`. It is
-- good until the caller yields.
-- @tparam table parameters as `loom.http.v1.options.read` gives them
-- @treturn ?loom.status nil if there are no polls
-- @treturn ?loom.http.lru what was made of it before
-- @treturn string the options as text
function states.of(parameters)
  local chosen, names = options_of(parameters)
  table.sort(names)
  for i, name in ipairs(names) do
    names[i] = name .. "=" .. ngx.escape_uri(tostring(chosen[name]))
  end
  local key = table.concat(names, "&")
  local status, made = fleet.status(key, chosen)
  return status, made, key
end

local count = { type = "integer", minimum = 0 }

--- Schemas of what is told.
states.schemas = {
  StateCounts = {
    type = "object", required = Status.counted, additionalProperties = false,
    description = "How many stores are in each state, without those that are dormant.",
    properties = { up = count, down = count, unknown = count, excluded = count, closed = count, dormant = count },
  },
}

return states
