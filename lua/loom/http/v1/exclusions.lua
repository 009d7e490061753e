--- Stretches of time that are taken out of the schedule.
-- @module loom.http.v1.exclusions

local check = require "loom.check"
local cursor = require "loom.http.v1.cursor"
local json = require "loom.json"
local overrides = require "loom.overrides"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local router = require "loom.http.router"
local service = require "loom.http.service"
local tasks = require "loom.http.tasks"

local unpack = table.unpack or unpack -- luacheck: ignore 143 (LuaJIT)

local NUMBER_MAX = 2 ^ 53

local LIMIT, LIMIT_MAX = 1000, 1000
local PAGE_BYTES = 256 * 1024 -- with which a page ends: so much the loop copies in a fraction of a millisecond
local ANSWER_BYTES = 1024 * 1024 -- more than such a page with one more exclusion, whose reason has 4096 bytes, can have

local function exclusion_json(exclusion)
  return json.object("number", json.number(exclusion.number), "store_id", json.string(exclusion.store_id),
    "from_utc", json.string(exclusion.from_utc), "to_utc", json.string(exclusion.to_utc), "reason", json.string(exclusion.reason))
end

local checkers = { store_id = check.store_id, limit = request.whole(1, LIMIT_MAX), cursor = check.string }

-- Where a page begins, of its cursor.
local function after_of(of, text)
  if not text then
    return nil
  end
  local place, number = cursor.read(of, text)
  local from, to = place:match "^([^\t]*)\t(.*)$"
  return { from = from, to = to, number = tonumber(number) }
end

-- A page is made by a thread, since to put thousands in order takes longer than others should wait.
local function list()
  local parameters = request.parameters(checkers)
  local of = "exclusions\0" .. (parameters.store_id or "")
  local after = after_of(of, parameters.cursor)
  tasks.enter()
  local spool = service.call({ store = "store_id" }, function(state)
    return tasks.run("exclusions", { database = state.monitor.path, store = parameters.store_id, after = after,
      limit = parameters.limit or LIMIT, bytes = PAGE_BYTES })
  end)
  local text, message, code = spool:read(0, ANSWER_BYTES)
  spool:close()
  tasks.release()
  if not text then
    problem.raise_failure(message, code)
  end
  local place, number, page = text:match "^([^\n]-)\t?(%d*)\n(.*)$"
  local more = number ~= "" and { "next_cursor", json.string(cursor.write(of, place, number)) } or {}
  response.json(200, json.object("exclusions", page, unpack(more)))
end

local function post()
  request.parameters {}
  local body = request.fields { "store_id", "from_utc", "to_utc", "reason" }
  if type(body.store_id) == "table" then -- which the library would take for a list of stores
    problem.raise(400, "store_id: text expected", { field = "store_id" })
  end
  local wanted = { store = body.store_id, from = body.from_utc, to = body.to_utc, reason = body.reason }
  local number = service.call({ store = "store_id", from = "from_utc", to = "to_utc" }, function(state)
    return state.monitor:exclude(wanted)
  end)
  local made = service.call(nil, function(state)
    return overrides.exclusion(state.monitor, number)
  end)
  if not made then
    problem.raise(409, "the exclusion was removed at once")
  end
  ngx.header["Location"] = router.link(("/v1/exclusions/%d"):format(number))
  response.json(201, exclusion_json(made))
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
      properties = {
        exclusions = { type = "array", items = "Exclusion" },
        next_cursor = { type = "string", description = "Where there is another page." },
      },
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
    parameters = {
      { name = "store_id", description = "Of this store alone; * for those of all stores.", schema = { type = "string" } },
      { name = "limit", description = "A page has fewer where reasons are long.",
        schema = { type = "integer", minimum = 1, maximum = LIMIT_MAX, default = LIMIT } },
      { name = "cursor", description = "The next_cursor of the page before.", schema = { type = "string" } },
    },
    responses = { [200] = { description = "A page of exclusions, in order of time.", schema = "Exclusions" } },
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
