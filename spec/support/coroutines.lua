--- Functions that yield on behalf of the caller's.

local coroutines = {}

--- Runs a function in a coroutine to its end; errors come through.
-- @treturn int how often it yielded
-- @return what it returned
function coroutines.run(body, ...)
  local thread, count = coroutine.create(body), -1
  local results = { coroutine.resume(thread, ...) }
  while true do
    count = count + 1
    if not results[1] then
      error(results[2], 0)
    elseif coroutine.status(thread) == "dead" then
      return count, (table.unpack or unpack)(results, 2, 4) -- luacheck: compat
    end
    results = { coroutine.resume(thread) }
  end
end

return coroutines
