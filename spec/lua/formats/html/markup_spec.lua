local markup = require "loom.formats.html.markup"

local HOUR = 3600 * 1000000

describe("the markup of pages", function()
  it("makes text harmless", function()
    assert.equal("&lt;b&gt; &amp;amp; &quot;&#39;", markup.text("<b> &amp; \"'"))
    assert.equal("\239\191\189[31m\239\191\189 caf\195\169", markup.text("\27[31m\255 caf\195\169"))
    assert.equal('"\\u003c/script>\\"\\n"', markup.json('</script>"\n'))
  end)

  it("groups thousands", function()
    assert.same({ "0.0", "999.5", "1,000.0", "1,234,567.25" }, { markup.grouped("0.0"), markup.grouped("999.5"),
      markup.grouped("1000.0"), markup.grouped("1234567.25") })
    assert.equal("14,000", markup.count(14000))
    assert.equal("1,500.0", markup.hours(1500 * HOUR))
  end)

  it("cuts percentages: only what was never down is 100 %", function()
    local percent = markup.percent
    assert.equal("100.00%", percent(1, 0))
    assert.equal("99.99%", percent(7 * 24 * HOUR - 1, 1))
    assert.equal("0.00%", percent(0, 1))
    assert.equal("\226\128\147", percent(0, 0))
    for share = 0, 10000 do -- no rounding below what is exact
      local of_100 = math.floor(share / 100)
      assert.equal(("%d.%02d%%"):format(of_100, share % 100), percent(share * 60480001, (10000 - share) * 60480001))
    end
  end)

  it("writes durations in two units", function()
    local seconds = { [0] = "0 s", [0.5] = "&lt; 1 s", [59.9] = "59 s", [60] = "1 min", [61] = "1 min 1 s",
      [3600] = "1 h", [3660] = "1 h 1 min", [86399] = "23 h 59 min", [86400] = "1 d", [26 * 3600 + 59] = "1 d 2 h" }
    for length, text in pairs(seconds) do
      assert.equal(text, markup.duration(length * 1000000))
    end
  end)

  it("shortens strips to runs", function()
    assert.equal("", markup.runs "")
    assert.equal("u", markup.runs "u")
    assert.equal("12u3dxpnc2u", markup.runs "uuuuuuuuuuuudddxpncuu")
  end)
end)
