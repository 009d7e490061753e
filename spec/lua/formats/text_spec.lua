local shell = require "support.shell"
local text = require "loom.formats.text"

describe("text for people", function()
  it("counts in the singular and the plural, with commas between thousands", function()
    assert.equal("0 polls", text.counted(0, "poll"))
    assert.equal("1 poll", text.counted(1, "poll"))
    assert.equal("1,234,567 polls", text.counted(1234567, "poll"))
  end)

  it("gives durations in the unit that people would use", function()
    for expected, seconds in pairs { ["119 s"] = 119, ["2 min"] = 120, ["119 min"] = 7199, ["2.0 h"] = 7200,
      ["2.0 days"] = 172800 } do
      assert.equal(expected, text.duration(seconds))
    end
  end)

  it("quotes words so that a shell takes them as they are", function()
    for _, word in ipairs { "shop 1", "it's", "'", "$(false) `x` \\ \"", "a\nb", "*", "" } do
      assert.equal(word .. ".", shell.run("printf '%s.' " .. text.shell_quoted(word)).out)
    end
  end)
end)
