--- An exclusion in a body, as the library takes it: a rule has times by the clock.
-- @module loom.http.v1.new_exclusion

local problem = require "loom.http.problem"

local new_exclusion = {}

--- The members that it may have.
new_exclusion.fields = { "store_id", "from_utc", "to_utc", "reason", "weekly", "zone", "from_local", "to_local" }

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
  if type(body.store_id) == "table" then -- which the library would take for a list of stores
    problem.raise(400, "store_id: text expected", { field = "store_id" })
  end
  return { store = body.store_id, from = body[fields.from], to = body[fields.to], reason = body.reason, weekly = body.weekly,
    zone = body.zone }, fields
end

return new_exclusion
