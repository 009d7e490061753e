--- What the fleet is now: how many stores are in each state, and for how long they have been down.
-- @module loom.http.v1.now

local formats = require "loom.formats.status"
local instants = require "loom.formats.instants"
local json = require "loom.json"
local options = require "loom.http.v1.options"
local problem = require "loom.http.problem"
local response = require "loom.http.response"
local service = require "loom.http.service"
local states = require "loom.http.v1.states"
local stores = require "loom.stores"

local unpack = table.unpack or unpack -- luacheck: ignore 143 (LuaJIT)

local VALUES_MAX = 1000 -- of an attribute that is counted by

-- ---- by an attribute ----

-- The counts of each value of an attribute; stores without it are left out.
local function counts_by(status, values, only, give_turn)
  local counts, order = {}, {}
  local numbers = status.native:state_order { only = only }
  give_turn()
  for i, number in ipairs(numbers) do
    local state, _, _, is_dormant = status.native:state(number)
    local value = values[status.native:store(number)]
    local of_value = value and counts[value]
    if value and not of_value then
      of_value = { up = 0, down = 0, unknown = 0, excluded = 0, closed = 0, dormant = 0 }
      counts[value], order[#order + 1] = of_value, value
    end
    if of_value then
      state = is_dormant and "dormant" or state
      of_value[state] = of_value[state] + 1
    end
    if i % 500 == 0 then
      give_turn()
    end
  end
  table.sort(order)
  return counts, order
end

local function by_json(status, attribute, only, give_turn)
  local values, message, code = stores.values_of(service.monitor().database, attribute, give_turn)
  if not values then
    problem.raise_failure(message, code)
  end
  local counts, order = counts_by(status, values, only, give_turn)
  if #order > VALUES_MAX then
    problem.raise(400, ("by: the attribute has more than %d values"):format(VALUES_MAX), { field = "by" })
  end
  return json.array(order, function(value)
    return json.object("value", json.string(value), "counts", formats.counts(counts[value]))
  end)
end

-- ---- the answer ----

-- All of it but the lag, which grows while nothing changes.
local function now_json(status, parameters, only, give_turn)
  local members = { formats.head(status, only, instants.of(parameters.time)) }
  give_turn()
  members[#members + 1] = "by"
  members[#members + 1] = parameters.by and by_json(status, parameters.by, only, give_turn) or json.null
  return json.object(unpack(members))
end

local empty = '{"as_of":null,"newest_poll":null,"rules":null,"dormant_after":null,"counts":'
  .. '{"up":0,"down":0,"unknown":0,"excluded":0,"closed":0,"dormant":0},"down_for":[],"lag":null,"by":null}'

local function get()
  local parameters = options.read({ by = stores.attribute_name }, true)
  options.refuse(parameters, "windows")
  options.refuse(parameters, "compare")
  local status, made = states.of(parameters)
  if not status then
    return response.json(200, empty)
  end
  local newest = status.newest_poll
  local key = table.concat({ "now", parameters.by or "", parameters.time or "" }, "\0")
  local text = options.answer(parameters, status, made, key, function(only, give_turn)
    return now_json(status, parameters, only, give_turn)
  end, status)
  local lag = newest and math.max(ngx.now() - newest, 0)
  response.json(200, (text:gsub("}$", ',"lag":' .. json.number(lag) .. "}")))
end

local parameters = {
  { name = "by", description = "Also counts for each value of this attribute.", schema = { type = "string" } },
}
for _, parameter in ipairs(options.without(options.fleet_parameters, { windows = true, compare = true })) do
  parameters[#parameters + 1] = parameter
end

local count = { type = "integer", minimum = 0 }

return {
  schemas = {
    StateCounts = states.schemas.StateCounts,
    Now = {
      type = "object", additionalProperties = false,
      required = { "as_of", "newest_poll", "lag", "rules", "dormant_after", "counts", "down_for", "by" },
      properties = {
        as_of = "NullableInstant", newest_poll = "NullableInstant",
        lag = { type = { "number", "null" }, minimum = 0, description = "How long ago the newest poll was, in seconds." },
        rules = { anyOf = { "Rules", { type = "null" } } },
        dormant_after = { type = { "number", "null" }, description = "In seconds." }, counts = "StateCounts",
        down_for = {
          type = "array", description = "How many stores have been down for how long, without those that are dormant.",
          items = {
            type = "object", required = { "from", "to", "stores" }, additionalProperties = false,
            properties = {
              from = { type = "number" }, to = { type = { "number", "null" }, description = "Any longer." }, stores = count,
            },
          },
        },
        by = {
          anyOf = {
            { type = "null" },
            {
              type = "array",
              items = {
                type = "object", required = { "value", "counts" }, additionalProperties = false,
                properties = { value = { type = "string" }, counts = "StateCounts" },
              },
            },
          },
        },
      },
    },
  },
  {
    method = "GET", path = "/v1/now", access = "read", restricted = "choice", handler = get, tag = "stores",
    summary = "What the fleet is now: stores by state, and how long they have been down", parameters = parameters,
    responses = { [200] = { description = "Counts, by the rules of the preset monitoring unless others are given.",
      schema = "Now" } },
  },
}
