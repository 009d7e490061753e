--- What the fleet is now: how many stores are in each state, and for how long they have been down.
-- @module loom.http.v1.now

local book = require "loom.alerts.book"
local columns = require "loom.http.v1.columns"
local fleet = require "loom.http.fleet"
local formats = require "loom.formats.status"
local instants = require "loom.formats.instants"
local json = require "loom.json"
local options = require "loom.http.v1.options"
local response = require "loom.http.response"
local restriction = require "loom.http.restriction"
local service = require "loom.http.service"
local states = require "loom.http.v1.states"

local unpack = table.unpack or unpack -- luacheck: ignore 143 (LuaJIT)

-- The counts of each value; stores without one are left out, and so are values of stores that are not chosen.
local function by_json(status, column, values, only)
  local parts = {}
  for rank, of in ipairs(status.native:state_counts_by(column, only)) do
    local count = 0
    of.counts.dormant = 0
    for state, dormant in pairs(of.dormant) do
      of.counts.dormant = of.counts.dormant + dormant
      count = count + of.counts[state] + dormant
    end
    if count > 0 then
      parts[#parts + 1] = json.object("value", json.string(values[rank]), "counts", formats.counts(of.counts))
    end
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

-- ---- the answer ----

-- All of it but the lag, which grows while nothing changes.
local function now_json(status, parameters, only, column, values, give_turn)
  local members = { formats.head(status, only, instants.of(parameters.time)) }
  give_turn()
  members[#members + 1] = "by"
  members[#members + 1] = column and by_json(status, column, values, only) or json.null
  return json.object(unpack(members))
end

local empty = '{"as_of":null,"newest_poll":null,"rules":null,"dormant_after":null,"counts":'
  .. '{"up":0,"down":0,"unknown":0,"excluded":0,"closed":0,"dormant":0},"down_for":[],"by":null,"lag":null,"alerts":%s}'

-- How many alerts are open, which are not of some stores alone, nor of another time.
local function alerts_json(parameters)
  if restriction.where() or parameters.as_of then
    return json.null
  end
  return json.number(service.call(nil, function(state)
    return book.open_count(state.monitor)
  end))
end

local function get()
  local parameters = options.read({ by = columns.by }, true)
  options.refuse(parameters, "windows")
  options.refuse(parameters, "compare")
  local status, made = states.of(parameters)
  if not status then
    return response.json(200, empty:format(alerts_json(parameters)))
  end
  local newest = status.newest_poll
  local text = fleet.use(status, function()
    return columns.grouped(status, made, parameters.by, function(column, values)
      local key = table.concat({ "now", parameters.by or "", parameters.time or "" }, "\0")
      return options.answer(parameters, status, made, key, function(only, give_turn)
        return now_json(status, parameters, only, column, values, give_turn)
      end, status)
    end)
  end)
  local lag = newest and math.max(ngx.now() - newest, 0)
  response.json(200, (text:gsub("}$", ',"lag":' .. json.number(lag) .. ',"alerts":' .. alerts_json(parameters) .. "}")))
end

local parameters = {
  columns.by_parameter "Also counts for each value of:",
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
      required = { "as_of", "newest_poll", "lag", "rules", "dormant_after", "counts", "down_for", "by", "alerts" },
      properties = {
        as_of = "NullableInstant", newest_poll = "NullableInstant",
        lag = { type = { "number", "null" }, minimum = 0, description = "How long ago the newest poll was, in seconds." },
        alerts = { type = { "integer", "null" }, minimum = 0, maximum = book.OPEN_MAX, description = "How many are open, of "
          .. "whichever stores; null where another time is asked for, and where the token is for some stores alone." },
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
    method = "GET", path = "/v1/now", access = "read", restricted = "choice", tells_revision = true,
    handler = get, tag = "stores",
    summary = "What the fleet is now: stores by state, and how long they have been down", parameters = parameters,
    responses = { [200] = { description = "Counts, by the rules of the preset monitoring unless others are given.",
      schema = "Now" } },
  },
}
