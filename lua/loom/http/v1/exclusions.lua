--- Stretches of time that are taken out of the schedule.
-- @module loom.http.v1.exclusions

local check = require "loom.check"
local json = require "loom.http.json"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local service = require "loom.http.service"

local NUMBER_MAX = 2 ^ 53

local function exclusion_json(exclusion)
  return json.object("number", json.number(exclusion.number), "store_id", json.string(exclusion.store_id),
    "from_utc", json.string(exclusion.from_utc), "to_utc", json.string(exclusion.to_utc), "reason", json.string(exclusion.reason))
end

local function exclusions_of(id)
  return service.call({ store = "store_id" }, function(state)
    return state.monitor:exclusions { store = id }
  end)
end

local function list()
  local id = request.parameters({ store_id = check.store_id }).store_id
  response.json(200, json.object("exclusions", json.array(exclusions_of(id), exclusion_json)))
end

local function post()
  request.parameters {}
  local body = request.fields { "store_id", "from_utc", "to_utc", "reason" }
  local wanted = { store = body.store_id, from = body.from_utc, to = body.to_utc, reason = body.reason }
  local number = service.call({ store = "store_id", from = "from_utc", to = "to_utc" }, function(state)
    return state.monitor:exclude(wanted)
  end)
  for _, exclusion in ipairs(exclusions_of(body.store_id)) do
    if exclusion.number == number then
      ngx.header["Location"] = ("/v1/exclusions/%d"):format(number)
      return response.json(201, exclusion_json(exclusion))
    end
  end
  problem.raise(409, "the exclusion was removed at once")
end

local function delete(arguments)
  request.parameters {}
  local number = arguments.number:find("^%d+$") and tonumber(arguments.number)
  if not number or number < 1 or number > NUMBER_MAX then
    problem.raise(400, "number: number of an exclusion expected", { field = "number" })
  end
  service.call({ "number" }, function(state)
    return state.monitor:remove_exclusion(number)
  end)
  response.none()
end

return {
  schemas = {
    Exclusion = {
      type = "object", required = { "number", "store_id", "from_utc", "to_utc", "reason" }, additionalProperties = false,
      properties = {
        number = { type = "integer", minimum = 1 }, store_id = { type = "string", description = "* stands for all stores." },
        from_utc = "Instant", to_utc = "Instant", reason = { type = "string" },
      },
    },
    Exclusions = {
      type = "object", required = { "exclusions" }, additionalProperties = false,
      properties = { exclusions = { type = "array", items = "Exclusion" } },
    },
    NewExclusion = {
      type = "object", required = { "store_id", "from_utc", "to_utc" }, additionalProperties = false,
      properties = {
        store_id = { type = "string", description = "* stands for all stores." },
        from_utc = "Instant", to_utc = "Instant", reason = { type = "string" },
      },
    },
  },
  {
    method = "GET", path = "/v1/exclusions", access = "read", handler = list, tag = "hours", summary = "The exclusions",
    parameters = { { name = "store_id", description = "Of this store alone; * for those of all stores.",
      schema = { type = "string" } } },
    responses = { [200] = { description = "Exclusions in order of time.", schema = "Exclusions" } },
  },
  {
    method = "POST", path = "/v1/exclusions", access = "write", handler = post, tag = "hours",
    summary = "Take a stretch of time out of the schedule", request = { schema = "NewExclusion" },
    responses = { [201] = { description = "The exclusion.", schema = "Exclusion" } },
  },
  {
    method = "DELETE", path = "/v1/exclusions/{number}", access = "write", handler = delete, tag = "hours",
    summary = "Remove an exclusion", responses = { [204] = { description = "Done." } },
  },
}
