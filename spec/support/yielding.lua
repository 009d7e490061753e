--- Whether this Lua lets a function yield that was called through pcall: PUC Lua 5.1 does not.

local co = coroutine.wrap(function()
  pcall(coroutine.yield, "yielded")
  return "raised"
end)

return co() == "yielded"
