--- Random numbers that are the same on every Lua (Park and Miller, "Random number generators: good ones are hard to find").

local random = {}

--- A function (least, most) that gives whole numbers.
function random.new(seed)
  local state = seed
  return function(least, most)
    state = state * 16807 % 2147483647
    return least + state % (most - least + 1)
  end
end

return random
