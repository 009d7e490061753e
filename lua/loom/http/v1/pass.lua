--- Passes over all stores of the database, made in pieces, in turns with others: see `loom.http.turns`.
-- @module loom.http.v1.pass

local problem = require "loom.http.problem"
local service = require "loom.http.service"
local turns = require "loom.http.turns"

local pass = {}

--- Goes on with a pass until it has ended. The request ends where it fails.
-- @param thing the choice or the column that it makes, which is closed where it fails
-- @tparam function go_on (database, seconds) that goes on for about so long: true at the end, false before; nil, the failure, its
--   code
-- @return the thing
-- @treturn int its size in bytes
function pass.complete(thing, go_on)
  local called, done, message, code = pcall(turns.run, function(give_turn)
    local good, why, why_code
    repeat
      local seconds, monitor = give_turn(), service.monitor()
      if not monitor then
        problem.raise_closed()
      end
      good, why, why_code = go_on(monitor.database, seconds)
    until good ~= false
    return good, why, why_code
  end)
  if called and done then
    return thing, thing:size()
  end
  thing:close()
  if not called then
    error(done, 0)
  end
  return problem.raise_failure(message, code)
end

return pass
