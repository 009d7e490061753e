local mutations = require "support.mutations"

-- The changes as "line: old -> new".
local function changes(text, language)
  local list = {}
  for i, change in ipairs(mutations.list(text, language)) do
    list[i] = ("%d: %s -> %s"):format(change.line, change.old, change.new)
  end
  return list
end

describe("Mutations", function()
  it("leave comments, texts and preprocessor lines of C alone", function()
    assert.same({}, changes('/* a < b */ // 1 + 2\n#define X 3 \\\n  + 4\n"a == \\"b" \'+\' \'\\\'\'', "c"))
  end)

  it("leave comments and texts of Lua alone", function()
    assert.same({}, changes('-- a < b\n--[[ 1\n+ 2 ]] "3 == \\"4" \'5\' [==[ not ]] 6 ]==]', "lua"))
  end)

  it("of C are of operators, numbers, calls and statuses", function()
    assert.same({ "1: < -> <=", "1: && -> ||", "1: ! -> " }, changes("if (a < b && !c)", "c"))
    assert.same({ "1: - -> +", "1: 1 -> 2", "1: 1 -> 0" }, changes("x = a - 1", "c"))
    assert.same({}, changes("x = -y->z", "c"))
    assert.same({ "2: free(f(a)) -> (void)0" }, changes("{\n  free(f(a));\n}", "c"))
    assert.same({ "1: return status -> return LOOM_OK" }, changes("return status;", "c"))
    assert.same({ "1: 0 -> 1" }, changes("0", "c")) -- and none to a negative number
  end)

  it("of Lua are of operators, numbers, calls and failures", function()
    assert.same({ "1: not -> ", "1: and -> or", "1: ~= -> ==" }, changes("if not a and b ~= c then", "lua"))
    assert.same({ "2: a.b:c(d) -> " }, changes("local x = y\na.b:c(d)\nlocal z", "lua"))
    assert.same({ "1: return nil, message, code -> return true" }, changes("return nil, message, code", "lua"))
  end)

  it("replace what they say and nothing else", function()
    local text = "if (first <= last)\n  count += f(x) - 1;\nreturn status;\n"
    for _, change in ipairs(mutations.list(text, "c")) do
      local changed = mutations.apply(text, change)
      assert.equal(#text - #change.old + #change.new, #changed)
      assert.equal(text:sub(1, change.first - 1), changed:sub(1, change.first - 1))
      assert.equal(change.old, text:sub(change.first, change.last))
    end
  end)
end)
