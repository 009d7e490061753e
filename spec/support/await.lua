--- Waiting for what comes by itself, without keeping what it comes from busy: looks every 20 milliseconds, for a minute.
-- @tparam string what is waited for, as an error names it
-- @tparam function look returns it, or nil or false as long as it is not there
-- @tparam[opt] function told returns what the error has to tell besides
-- @return what `look` has returned
local system = require "system" -- which busted has

local LIMIT = 60 -- seconds, on a busy machine and under Valgrind
local PAUSE = 0.02

return function(what, look, told)
  local deadline = system.monotime() + LIMIT
  repeat
    local found = look()
    if found then
      return found
    end
    system.sleep(PAUSE)
  until system.monotime() > deadline
  error(("%s does not come%s"):format(what, told and ":\n" .. told() or ""), 0)
end
