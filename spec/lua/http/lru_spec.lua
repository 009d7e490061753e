local Lru = require "loom.http.lru"
local random = require "support.random"

describe("a cache with a limit", function()
  -- What is in it, the one used last first, and that forwards and backwards are the same.
  local function keys_of(cache)
    local keys, entry = {}, cache.ring.after
    while entry ~= cache.ring do
      keys[#keys + 1] = entry.key
      assert.equal(entry, entry.after.before)
      entry = entry.after
    end
    return keys
  end

  it("lets go of what was not used for the longest time", function()
    local gone = {}
    local cache = Lru.new(3, function(value) gone[#gone + 1] = value end)
    for _, key in ipairs { "a", "b", "c" } do
      assert.equal(key:upper(), cache:put(key, key:upper()))
    end
    assert.equal("A", cache:get "a")
    assert.is_nil(cache:get "d")
    cache:put("d", "D")
    assert.same({ "B" }, gone)
    assert.same({ "d", "a", "c" }, keys_of(cache))
    cache:put("a", "A2")
    assert.same({ "B", "A" }, gone)
    cache:remove "none"
    cache:remove "c"
    assert.same({ "B", "A", "C" }, gone)
    cache:clear()
    assert.same({ "B", "A", "C", "D", "A2" }, gone)
    assert.same({ 0, 0, {} }, { cache.weight, cache.count, keys_of(cache) })
  end)

  it("keeps the newest, however heavy it is, and then nothing else", function()
    local cache = Lru.new(10)
    cache:put("a", 1, 4)
    cache:put("b", 2, 1000)
    assert.same({ "b" }, keys_of(cache))
    cache:put("c", 3, 10)
    assert.same({ { "c" }, 10 }, { keys_of(cache), cache.weight })
  end)

  it("does what a list that is searched does", function()
    local number = random.new(20240607)
    local cache, list, limit = Lru.new(20), {}, 20 -- the list has the last used one first
    local function take(key)
      for i, entry in ipairs(list) do
        if entry.key == key then
          return table.remove(list, i)
        end
      end
    end
    for step = 1, 3000 do
      local key, action = number(1, 12), number(1, 10)
      if action <= 5 then
        take(key)
        table.insert(list, 1, { key = key, value = step, weight = number(1, 8) })
        cache:put(key, step, list[1].weight)
        local sum = 0
        for _, entry in ipairs(list) do
          sum = sum + entry.weight
        end
        while sum > limit and #list > 1 do
          sum = sum - table.remove(list).weight
        end
      elseif action <= 9 then
        local entry = take(key)
        if entry then
          table.insert(list, 1, entry)
        end
        assert.equal(entry and entry.value, (cache:get(key)))
      else
        take(key)
        cache:remove(key)
      end
      local keys, values, held, weight = {}, {}, {}, 0
      for i, entry in ipairs(list) do
        keys[i], values[entry.key], weight = entry.key, entry.value, weight + entry.weight
      end
      for each_key, value in cache:each() do
        held[each_key] = value
      end
      assert.same({ keys, values, #list, weight }, { keys_of(cache), held, cache.count, cache.weight })
    end
  end)
end)
