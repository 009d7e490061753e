--- Stretches of time that are taken out of the schedule.
-- @module loom.http.v1.exclusions

local check = require "loom.check"
local core = require "loom.core"
local cursor = require "loom.http.v1.cursor"
local editing = require "loom.http.editing"
local exclusions = require "loom.exclusions"
local new_exclusion = require "loom.http.v1.new_exclusion"
local page = require "loom.http.v1.page"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local response = require "loom.http.response"
local restriction = require "loom.http.restriction"
local router = require "loom.http.router"
local service = require "loom.http.service"
local shapes = require "loom.formats.shapes"

local NUMBER_MAX = 2 ^ 53 - 1 -- further on another number is the same to LuaJIT

local EVERY = "*" -- what the library calls all stores

local LIMIT, LIMIT_MAX = 1000, 1000

local checkers = { store_id = check.store_id, limit = request.whole(1, LIMIT_MAX), cursor = cursor.checker }

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
  if parameters.store_id and parameters.store_id ~= EVERY and not restriction.sees(parameters.store_id) then
    return response.json(200, '{"exclusions":[],"next_cursor":null}') -- as of a store that is not known
  end
  page.send("exclusions", of, { store = parameters.store_id, after = after, limit = parameters.limit or LIMIT,
    where = restriction.where() }, { store = "store_id" })
end

local function post()
  local parameters = editing.parameters()
  local wanted, fields = new_exclusion.read(request.json_object())
  local number = service.call(fields, function(state)
    return state.monitor:exclude(wanted, editing.signed(parameters))
  end)
  local made = service.call(nil, function(state)
    return exclusions.get(state.monitor, number)
  end)
  if not made then
    problem.raise(409, "the exclusion was removed at once")
  end
  ngx.header["Location"] = router.link(("/v1/exclusions/%d"):format(number))
  response.json(201, shapes.exclusion(made))
end

local function delete(arguments)
  local parameters = editing.parameters()
  local number = arguments.number:find("^%d+$") and tonumber(arguments.number)
  if not number or number < 1 or number > NUMBER_MAX then
    problem.raise(400, "number: number of an exclusion expected", { field = "number" })
  end
  service.call({ "number" }, function(state)
    return state.monitor:remove_exclusion(number, editing.signed(parameters))
  end)
  response.none()
end

local nullable_instant = { type = { "string", "null" }, description = "An instant; null of a rule." }

return {
  schemas = {
    Exclusion = {
      type = "object", required = { "number", "store_id", "from_utc", "to_utc", "reason" }, additionalProperties = false,
      properties = {
        number = { type = "integer", minimum = 1 }, store_id = { type = "string", description = "* stands for all stores." },
        from_utc = nullable_instant, to_utc = nullable_instant, reason = { type = "string" },
        zone = { type = "string", description = "Of a rule, which goes by clocks: store for each store's, or a timezone." },
        weekly = { type = { "string", "null" }, description = "The spans of a rule that recurs, such as sun 02:00-04:00." },
        from_local = { type = { "string", "null" },
          description = "Where a rule begins; of one that recurs its first date, null where it always held." },
        to_local = { type = { "string", "null" },
          description = "Where a rule ends; of one that recurs the date after its last, null where it does not." },
      },
    },
    Exclusions = {
      type = "object", required = { "exclusions", "next_cursor" }, additionalProperties = false,
      properties = {
        exclusions = { type = "array", items = "Exclusion" },
        next_cursor = cursor.schema,
      },
    },
    NewExclusion = new_exclusion.schema { "store_id" },
  },
  {
    method = "GET", path = "/v1/exclusions", access = "read", restricted = "choice", handler = list, tag = "hours",
    summary = "The exclusions",
    parameters = {
      { name = "store_id", description = "Of this store alone; * for those of all stores.",
        schema = { type = "string", maxLength = core.limits.store_id } },
      { name = "limit", description = "A page has fewer where reasons are long.",
        schema = { type = "integer", minimum = 1, maximum = LIMIT_MAX, default = LIMIT } },
      { name = "cursor", description = "The next_cursor of the page before.",
        schema = { type = "string", maxLength = cursor.LENGTH_MAX } },
    },
    responses = { [200] = { description = "A page of exclusions, in order of time.", schema = "Exclusions" } },
  },
  {
    method = "POST", path = "/v1/exclusions", access = "write", handler = post, tag = "hours",
    summary = "Take a stretch of time out of the schedule", request = { schema = "NewExclusion" },
    parameters = { editing.reason },
    responses = { [201] = { description = "The exclusion.", schema = "Exclusion" } },
  },
  {
    method = "DELETE", path = "/v1/exclusions/{number}", access = "write", handler = delete, tag = "hours",
    summary = "Remove an exclusion", parameters = { editing.reason },
    responses = { [204] = { description = "Done." } },
  },
}
