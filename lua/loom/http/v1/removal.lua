--- Removing polls of a store, or everything that is known of it. It is done by the writer's thread, in steps between which others
-- write.
-- @module loom.http.v1.removal

local author = require "loom.author"
local check = require "loom.check"
local editing = require "loom.http.editing"
local json = require "loom.json"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local retention = require "loom.retention"
local service = require "loom.http.service"
local time = require "loom.time"

local STEP = 0.005 -- seconds between two looks at a step that is being done

-- Waits for a write; what its step has removed and whether it was the last one, or nil, the failure and its code.
local function await(write)
  local done, message, code = write:is_done()
  while done == false do
    ngx.sleep(STEP)
    done, message, code = write:is_done()
  end
  if not done then
    return nil, message, code
  end
  return write:removed()
end

-- Does what is asked for, or ends the request with what has failed.
local function remove(removal, parameters)
  author.of(service.monitor() or problem.raise_closed(), editing.signed(parameters), removal)
  local removed, message, code = retention.remove(function()
    local write, why, why_code = service.writer():remove(removal)
    if not write then
      return nil, why, why_code
    end
    local called, step, is_last, step_code = pcall(await, write)
    write:close()
    if not called then
      error(step, 0)
    end
    return step, is_last, step_code
  end)
  if not removed then
    problem.raise_failure(message, code)
  end
  return removed
end

local function store_of(arguments)
  local id, expected = check.store_id(arguments.store_id)
  return id or problem.raise(400, ("store_id: %s expected"):format(expected), { field = "store_id" })
end

local function instant(microseconds)
  return json.text(microseconds and time.text(microseconds))
end

-- The members that tell of polls, as arguments of json.object.
local function polls_of(id, gone)
  return "store_id", json.string(id), "polls", json.number(gone.polls), "days", json.number(gone.days),
    "first_poll", instant(gone.first), "last_poll", instant(gone.newest)
end

local instant_checkers = { from = request.as_text(time.instant), to = request.as_text(time.instant) }

local function delete_polls(arguments)
  local id = store_of(arguments)
  local parameters = editing.parameters(instant_checkers)
  local from, to = parameters.from and time.instant(parameters.from), parameters.to and time.instant(parameters.to)
  if from and to and time.between(from, to) < 0 then
    problem.raise(400, "to: an instant not before from expected", { field = "to" })
  end
  local removed = remove({ store = id, from = from, to = to }, parameters)
  response.json(200, json.object(polls_of(id, removed.gone)))
end

local function delete_store(arguments)
  local id = store_of(arguments)
  local parameters = editing.parameters()
  local removed = remove({ store = id, whole_store = true }, parameters)
  response.json(200, json.object("hours", json.number(removed.hours), "special_days", json.number(removed.special_days),
    "exclusions", json.number(removed.exclusions), "attributes", json.number(removed.attributes),
    "timezone", json.boolean(removed.timezone), polls_of(id, removed.gone)))
end

local count = { type = "integer", minimum = 0 }
local nullable = { type = { "string", "null" } }

local function schema_of(more, names)
  local required = { "store_id", "polls", "days", "first_poll", "last_poll" }
  local properties = { store_id = { type = "string" }, polls = count, days = count, first_poll = nullable, last_poll = nullable }
  for _, name in ipairs(names) do
    required[#required + 1] = name
    properties[name] = more[name]
  end
  return { type = "object", required = required, additionalProperties = false, properties = properties }
end

return {
  schemas = {
    RemovedPolls = schema_of({}, {}),
    RemovedStore = schema_of({
      hours = count, special_days = count, exclusions = count, attributes = count, timezone = { type = "boolean" },
    }, { "hours", "special_days", "exclusions", "attributes", "timezone" }),
  },
  {
    method = "DELETE", path = "/v1/stores/{store_id}/polls", access = "write", handler = delete_polls, tag = "stores",
    summary = "Remove polls of a store: one, a stretch, or all of them",
    parameters = {
      { name = "from", description = "The first instant (default: since ever).", schema = "Instant" },
      { name = "to", description = "The last instant, whose poll goes too (default: for ever).", schema = "Instant" },
      editing.reason,
    },
    responses = { [200] = { description = "They are removed; which, it tells.", schema = "RemovedPolls" } },
  },
  {
    method = "DELETE", path = "/v1/stores/{store_id}", access = "write", handler = delete_store, tag = "stores",
    summary = "Remove everything that is known of a store", parameters = { editing.reason },
    responses = { [200] = { description = "It is removed; what, it tells.", schema = "RemovedStore" } },
  },
}
