--- What a store's figures would be if something else were set for it.
-- @module loom.http.v1.preview

local budget = require "loom.http.budget"
local new_exclusion = require "loom.http.v1.new_exclusion"
local options = require "loom.http.v1.options"
local preview = require "loom.preview"
local problem = require "loom.http.problem"
local request = require "loom.http.request"
local restriction = require "loom.http.restriction"
local service = require "loom.http.service"
local tasks = require "loom.http.tasks"

-- Polls and openings that may be looked at: as of an explanation (`loom.http.v1.inspection`).
local MOST = 100000

-- What is null is false in `spans` and `timezone_str`, where it stands for what is removed, and is not there anywhere else.
local function without_nulls(value, name)
  if value == request.null then
    if name == "spans" or name == "timezone_str" then
      return false
    end
    return nil
  elseif type(value) ~= "table" then
    return value
  end
  local clean = {}
  for key, item in pairs(value) do
    clean[key] = without_nulls(item, key)
  end
  return clean
end

-- The exclusions of the body, in the library's words.
local function exclusions_of(body)
  if body == nil then
    return nil
  end
  local change = { remove = body.remove }
  for i, item in ipairs(body.add or {}) do
    change.add = change.add or {}
    change.add[i] = new_exclusion.read(item)
  end
  return change
end

local fields = { store = "store_id" }

local function post()
  local parameters = options.read({}, false)
  options.refuse(parameters, "compare")
  local body = without_nulls(request.json_object(nil, true))
  local id = body.store_id
  if not restriction.sees(id) then
    problem.raise_failure(('ENOENT: store "%s" is not known'):format(id), "ENOENT")
  end
  local chosen = options.report(parameters)
  budget.check_one(chosen)
  chosen.store, chosen.hours, chosen.special_days = id, body.hours, body.special_days
  chosen.exclusions, chosen.timezone_str, chosen.most = exclusions_of(body.exclusions), body.timezone_str, MOST
  local monitor = service.monitor() or problem.raise_closed()
  tasks.enter()
  local spool = service.call(fields, function()
    local made, message, code = tasks.run("preview", { database = monitor.path, default_zone = monitor.default_zone,
      options = chosen, time = parameters.time })
    if code == "EINPUT" then
      problem.raise(400, (message:gsub("^E%u+: ", "")), { field = "timezone_str" })
    elseif code == "EINVAL" then
      problem.raise(400, "windows: " .. message:gsub("^E%u+: ", ""), { field = "windows" })
    end
    return made, message, code
  end)
  tasks.send(spool, { ["Content-Type"] = "application/json", ["Cache-Control"] = "no-store" })
end

-- ---- routes ----

local state = { enum = { "up", "down", "unknown", "closed", "excluded" } }
local figures = { type = "object", required = { "windows" }, additionalProperties = false,
  properties = { windows = "WindowFigures" } }

return {
  schemas = {
    PreviewChange = {
      type = "object", required = { "store_id" }, additionalProperties = false,
      properties = {
        store_id = { type = "string" },
        hours = "HoursChange",
        special_days = {
          type = "array", maxItems = preview.DAYS_MAX,
          items = {
            type = "object", required = { "date", "spans" }, additionalProperties = false,
            properties = {
              date = { type = "string", format = "date" }, note = { type = "string" },
              spans = { anyOf = { "DaySpans", { type = "null" } },
                description = "As a special day is set; null: the one that was set by hand is removed." },
            },
          },
        },
        exclusions = {
          type = "object", additionalProperties = false,
          properties = {
            add = { type = "array", maxItems = preview.CHANGES_MAX, items = new_exclusion.schema(),
              description = "As POST /v1/exclusions takes them, where the store may be left out." },
            remove = { type = "array", maxItems = preview.CHANGES_MAX, description = "Numbers.",
              items = { type = "integer", minimum = 1 } },
          },
        },
        timezone_str = { type = { "string", "null" }, description = "An IANA name; null: that of the file again." },
      },
    },
    Preview = {
      type = "object", additionalProperties = false,
      required = { "store_id", "as_of", "rules", "windows", "before", "after", "changed", "left_out" },
      properties = {
        store_id = { type = "string" }, as_of = "FormattedInstant", rules = "Rules",
        windows = { type = "array", items = "Window" }, before = figures, after = figures,
        changed = {
          type = "array", maxItems = 10000,
          items = {
            type = "object", required = { "from", "to", "seconds", "before", "after" }, additionalProperties = false,
            properties = { from = "FormattedInstant", to = "FormattedInstant", seconds = { type = "number" }, before = state,
              after = state },
          },
        },
        left_out = { type = "integer", minimum = 0, description = "How many more stretches there are than changed has." },
      },
    },
  },
  {
    method = "POST", path = "/v1/preview", access = "read", restricted = "choice", handler = post, tag = "hours",
    summary = "What a store's figures would be with other hours, special days, exclusions or another zone; nothing is stored",
    parameters = options.without(options.parameters, { compare = true }), request = { schema = "PreviewChange" },
    responses = { [200] = { description = "The figures before and after, and the stretches between the first window's start and "
      .. "the last one's end in which the store would have been something else.", schema = "Preview" } },
  },
}
