--- Errors of wrong use: they name the place of the call in the caller's code.

local assert = require "luassert"

local misuse = {}

--- Expects a call to raise, with the place in front: the line on which the given function begins.
-- @tparam string message all that comes after the place
-- @tparam function call makes the call, on its first line and not as its result
function misuse.expect(message, call)
  local info = debug.getinfo(call, "S")
  local called, err = pcall(call)
  assert.is_false(called, "expected an error: " .. message)
  assert.equal(("%s:%d: %s"):format(info.short_src, info.linedefined, message), err)
end

return misuse
