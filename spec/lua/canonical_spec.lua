local canonical = require "loom.canonical"
local cjson = require "cjson"
local random = require "support.random"

describe("canonical JSON", function()
  local some

  local kinds = {
    function(numbers) return numbers(-5, 5) / numbers(1, 7) end,
    function(numbers) return numbers(0, 1) == 1 end,
    function(numbers) return ("/\"\\\255\n\195\169"):sub(1, numbers(0, 7)) end,
    function(numbers, depth)
      local list = {}
      for i = 1, depth > 0 and numbers(1, 3) or 1 do
        list[i] = some(numbers, depth - 1)
      end
      return list
    end,
    function(numbers, depth)
      local map = {}
      for _ = 1, numbers(1, 4) do
        map["k" .. numbers(1, 9) .. "\254\""] = some(numbers, depth - 1)
      end
      return map
    end,
  }

  function some(numbers, depth)
    return kinds[numbers(1, depth > 0 and #kinds or 3)](numbers, depth)
  end

  it("is all of the value, whatever order its tables are in", function()
    local numbers = random.new(7)
    for _ = 1, 500 do
      local value = some(numbers, 3)
      local text = canonical(value)
      local read = cjson.decode("[" .. text .. "]")[1]
      assert.same(value, read)
      assert.equal(text, canonical(read))
    end
  end)

  it("has the names in order, and no digit too many", function()
    assert.equal('{"a":[1,0.1,"/"],"b":{"c":true}}', canonical { b = { c = true }, a = { 1, 0.1, "/" } })
    assert.equal("[]", canonical {})
  end)

  it("has no word for what is not finite, nor for functions", function()
    assert.has_error(function() canonical { 0 / 0 } end)
    assert.has_error(function() canonical { print } end)
  end)
end)
