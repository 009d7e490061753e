-- The examples that the help of each command ends with.

local cli = require "loom.cli"
local examples = require "loom.cli.examples"
local shell = require "support.shell"

describe("the example that the help of a command ends with", function()
  it("is no wrong use of it", function()
    local count = 0
    for name, line in pairs(examples) do
      count = count + 1
      local words = {}
      for quoted, plain in line:gsub("%S*'[^']*'%S*", function(word)
        return (word:gsub(" ", "\1"):gsub("'", ""))
      end):gmatch "((%S+))" do
        words[#words + 1] = (quoted or plain):gsub("\1", " ")
      end
      assert.equal("loom", table.remove(words, 1))
      assert.equal(name, words[1])
      local parsed, why = cli.parser(name):pparse(words)
      assert.is_true(parsed, line .. ": " .. tostring(why))
    end
    assert.equal(count, #cli.parser()._commands)
    assert.matches("\n\nExample: loom prune stores.db --keep 90d --dry-run\n", shell.good("prune", "--help"), 1, true)
  end)
end)
