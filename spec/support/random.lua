--- Random numbers that are the same in every run, whatever busted does to those of Lua.

local Random = {}
Random.__index = Random

function Random.new(seed)
  return setmetatable({ state = seed }, Random)
end

--- A whole number between two, inclusive.
function Random:between(least, most)
  self.state = self.state * 16807 % 2147483647
  return least + math.floor(self.state / 2147483647 * (most - least + 1))
end

function Random:one_of(list)
  return list[self:between(1, #list)]
end

return Random
