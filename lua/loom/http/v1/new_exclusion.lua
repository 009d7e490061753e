--- An exclusion in a body, as the library takes it: a rule has times by the clock.
-- @module loom.http.v1.new_exclusion

local problem = require "loom.http.problem"

local new_exclusion = {}

-- The names of the library's options.
local instant_fields = { store = "store_id", from = "from_utc", to = "to_utc" }
local rule_fields = { store = "store_id", from = "from_local", to = "to_local" }

--- Reads one, or ends the request.
-- @tparam table body
-- @treturn table as `loom.monitor:exclude` takes it
-- @treturn table the members' names by the library's
function new_exclusion.read(body)
  local is_rule = body.weekly ~= nil or body.zone ~= nil
  local fields, others = is_rule and rule_fields or instant_fields, is_rule and instant_fields or rule_fields
  for _, name in ipairs { "from", "to" } do
    if body[others[name]] ~= nil then
      problem.raise(400, ("%s: expected in an exclusion %s a zone"):format(others[name], is_rule and "without" or "with"),
        { field = others[name] })
    end
  end
  return { store = body.store_id, from = body[fields.from], to = body[fields.to], reason = body.reason, weekly = body.weekly,
    zone = body.zone }, fields
end

-- ---- for the document of the API ----

local instant = { type = { "string", "number" }, description = "An instant; as a number in seconds since 1970." }

local properties = {
  store_id = { type = "string", description = "* stands for all stores." },
  from_utc = instant, to_utc = instant, reason = { type = "string" },
  zone = { type = "string",
    description = "Whose clocks times are of: store for each store's, or a timezone (default with weekly: store)." },
  weekly = { type = "string",
    description = "Spans of every week: sun 02:00-04:00, or mon-fri 01:00-02:00,22:00-23:00; sat,sun 22:00-06:00." },
  from_local = { type = "string", description = "A local time; of a weekly exclusion its first date (default: it always held)." },
  to_local = { type = "string",
    description = "A local time; of a weekly exclusion the date after its last (default: it does not end)." },
}

--- Its schema.
-- @tparam[opt] {string,...} required
function new_exclusion.schema(required)
  return { type = "object", required = required, additionalProperties = false, properties = properties,
    description = "From from_utc to to_utc; or with a zone from from_local to to_local, by its clocks; or weekly." }
end

return new_exclusion
