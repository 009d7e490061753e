local core = require "loom.core"
local instants = require "loom.formats.instants"
local random_of = require "support.random".new
local time = require "loom.time"

describe("an instant in an answer", function()
  it("has a fraction by RFC 3339 only where there is one", function()
    for text, expected in pairs {
      ["2026-01-05 10:00:00.000000 UTC"] = "2026-01-05T10:00:00Z",
      ["2026-01-05 10:00:00.100000 UTC"] = "2026-01-05T10:00:00.1Z",
      ["2026-01-05 10:00:10.000001 UTC"] = "2026-01-05T10:00:10.000001Z",
      ["0001-01-01 00:00:00.000000 UTC"] = "0001-01-01T00:00:00Z",
    } do
      assert.equal('"' .. expected .. '"', instants.of "rfc3339"(text))
    end
  end)

  it("is milliseconds that are cut to the earlier one", function()
    for text, expected in pairs {
      ["1970-01-01 00:00:00.000999 UTC"] = "0", ["1969-12-31 23:59:59.999999 UTC"] = "-1",
      ["1969-12-31 23:59:59.998999 UTC"] = "-2", ["2026-01-05 10:00:00.000000 UTC"] = "1767607200000",
      ["0001-01-01 00:00:00.000000 UTC"] = "-62135596800000", ["9999-12-31 23:59:59.999999 UTC"] = "253402300799999",
    } do
      assert.equal(expected, instants.of "ms"(text))
    end
  end)

  it("is the same one in every form, and null where there is none", function()
    local random = random_of(3)
    for _ = 1, 1000 do
      local text = ("%s %s.%06d UTC"):format(core.format_date(random(-719162, 2932896)),
        core.format_time_of_day(random(0, 86399)), random(0, 9) * random(0, 111111))
      assert.equal('"' .. text .. '"', instants.of()(text))
      assert.equal(text, time.text(time.instant((instants.of "rfc3339"(text):gsub('"', "")))))
      local cut = time.between(time.instant "1970-01-01 00:00", time.instant((text:gsub("%d%d%d UTC", "000 UTC"))))
      assert.equal(("%.0f"):format(cut / 1000), instants.of "ms"(text))
    end
    for _, name in ipairs(instants.names) do
      assert.equal("null", instants.of(name)(nil))
    end
  end)
end)
