-- monitor:timezone and monitor:local_time.

local database = require "support.database"
local loom = require "loom"

describe("a monitor", function()
  local monitor

  before_each(function()
    monitor = assert(loom.open(":memory:", { default_zone = "Asia/Tokyo" }))
    assert(monitor:ingest(database.files(database.small)))
  end)

  after_each(function()
    monitor:close()
  end)

  it("tells a store's timezone, and where it comes from", function()
    assert.same({ timezone_str = "Europe/Paris", origin = "file" }, monitor:timezone('café, "north"'))
    assert(monitor:set_timezone("night", "Africa/Cairo"))
    assert.same({ timezone_str = "Africa/Cairo", origin = "override" }, monitor:timezone("night"))
    assert(monitor:set_timezone("night", nil))
    assert.same({ timezone_str = "UTC", origin = "file" }, monitor:timezone("night"))
    assert(monitor:set_attributes("new", { a = "b" }))
    assert.same({ timezone_str = "Asia/Tokyo", origin = "default" }, monitor:timezone("new"))
    assert.same({ nil, 'ENOENT: store "nobody" is not known', "ENOENT" }, { monitor:timezone("nobody") })
  end)

  it("makes no store by taking back what was never set", function()
    assert.same({ nil, 'ENOENT: store "nobody" is not known', "ENOENT" }, { monitor:set_timezone("nobody", nil) })
    assert.equal(4, monitor:info().stores)
  end)

  it("tells what the clocks of a zone show", function()
    local cases = {
      { "UTC", "2024-03-04 16:00:00", "2024-03-04 16:00:00" },
      { "Europe/Paris", "2024-03-04 16:00:00.25", "2024-03-04 17:00:00.250000" },
      { "Europe/Paris", "2024-03-31 00:59:59.999999", "2024-03-31 01:59:59.999999" }, -- the last moment of winter
      { "Europe/Paris", "2024-03-31 01:00:00", "2024-03-31 03:00:00" },
      { "Asia/Kathmandu", "2024-03-04 20:00:00", "2024-03-05 01:45:00" },
      { "America/New_York", "1967-04-30 06:59:59.5", "1967-04-30 01:59:59.500000" }, -- before 1970, within a second of a change
      { "America/New_York", 0, "1969-12-31 19:00:00" },
    }
    for _, case in ipairs(cases) do
      assert.equal(case[3], monitor:local_time(case[1], case[2]))
    end
    local shown, _, code = monitor:local_time("Mars/One", 0)
    assert.is_nil(shown)
    assert.equal("EINPUT", code)
    shown, _, code = monitor:local_time("Asia/Tokyo", "9999-12-31 23:00:00")
    assert.is_nil(shown)
    assert.equal("EINVAL", code)
    assert.has_error(function() monitor:local_time("UTC", "noon") end)
  end)
end)
