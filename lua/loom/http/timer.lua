--- Timers that what runs for ever can rely on: nginx refuses new ones when too many are pending, or memory is out.
-- @module loom.http.timer

local log = require "loom.http.log"

local timer = {}

local TELL_EVERY = 60 -- seconds between two lines of the log that say so

local told = -math.huge

--- Calls work(premature, ...) in a while, as `ngx.timer.at` does; `premature` is true where the worker exits before. Where no
-- timer can be made the caller waits instead, and calls it then: a chain of timers never ends. For functions that timers call,
-- as the last thing they do, and for the start of a worker.
-- @tparam number seconds
-- @tparam function work
-- @param ... what it is called with
function timer.after(seconds, work, ...)
  local made, why = ngx.timer.at(seconds, work, ...)
  if made or ngx.worker.exiting() then
    return
  end
  if ngx.now() - told >= TELL_EVERY then
    told = ngx.now()
    log.write(ngx.ERR, "loom: no timer can be made: ", tostring(why))
  end
  ngx.sleep(seconds)
  return work(ngx.worker.exiting(), ...)
end

return timer
