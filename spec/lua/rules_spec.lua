local core = require "loom.core"
local database = require "support.database"
local loom = require "loom"
local rules = require "loom.rules"

describe("rules", function()
  local monitor

  setup(function()
    monitor = assert(loom.open ":memory:")
    assert(monitor:ingest(database.files(database.small)))
  end)

  teardown(function()
    monitor:close()
  end)

  local uses = {
    report = function(options) return monitor:report(options) end,
    start_report = function(options) return monitor:start_report(options) end,
    timeline = function(options) return monitor:timeline("night", 0, 1, options) end,
    outages = function(options) return monitor:outages("night", 0, 1, options) end,
    explain = function(options) return monitor:explain("night", options) end,
  }

  it("are checked by all that take them", function()
    for _, case in ipairs {
      { "preset", "none", 'one of loom, seed, monitoring expected, got "none"' },
      { "preset", true, "one of loom, seed, monitoring expected, got true" },
      { "fill", "sideways", 'one of backward, forward, nearest expected, got "sideways"' },
      { "fill", 1, "one of backward, forward, nearest expected, got 1" },
      { "evidence", "", 'one of inside, around expected, got ""' },
      { "no_data", {}, "one of down, up, unknown expected, got {}" },
      { "max_gap", -1, 'duration of up to 100 years, or "none" expected, got -1' },
      { "max_gap", "never", 'duration of up to 100 years, or "none" expected, got "never"' },
      { "max_gap", 36525 * 86400 + 1, 'duration of up to 100 years, or "none" expected, got 3155760001' },
      { "max_gap", 0 / 0, 'duration of up to 100 years, or "none" expected, got ' },
      { "slack", 86400, "duration in whole seconds, less than a day expected, got 86400" },
      { "slack", 0.5, "duration in whole seconds, less than a day expected, got 0.5" },
      { "slack", "1d", 'duration in whole seconds, less than a day expected, got "1d"' },
      { "default_zone", 1, "text without NUL bytes expected, got 1" },
      { "as_of", "noon", 'timestamp, date, now, or seconds since 1970 expected, got "noon"' },
    } do
      for name, use in pairs(uses) do
        assert.error_matches(function() use { [case[1]] = case[2] } end,
          ("bad option '%s' to '%s' (%s"):format(case[1], name, case[3]), 1, true)
      end
    end
    for name, use in pairs(uses) do
      assert.error_matches(function() use { fil = "backward" } end, ("unknown option 'fil' to '%s'"):format(name), 1, true)
    end
  end)

  -- What options amount to.
  local function in_force(options)
    local report = assert(monitor:report(options))
    local result = report.rules
    report:close()
    return result
  end

  it("take durations as text", function()
    for text, seconds in pairs { ["2h"] = 7200, ["90m"] = 5400, ["1d"] = 86400, ["30"] = 30, ["45s"] = 45, ["1w"] = 604800 } do
      if core.parse_duration(text) then
        assert.equal(seconds, in_force({ max_gap = text }).max_gap)
      end
      if core.parse_duration(text) and seconds < 86400 then
        assert.equal(seconds, in_force({ slack = text }).slack)
      end
    end
    assert.equal(0.25, in_force({ max_gap = 0.25 }).max_gap)
    assert.equal(0, in_force({ max_gap = 0 }).max_gap)
    assert.equal(36525 * 86400, in_force({ max_gap = 36525 * 86400 }).max_gap)
    assert.equal(86399, in_force({ slack = 86399 }).slack)
  end)

  it("of the presets are those of the contract", function()
    local zone = "America/Chicago"
    assert.same({ preset = "loom", slack = 60, fill = "backward", evidence = "inside", no_data = "down", default_zone = zone },
      in_force {})
    assert.same({ preset = "seed", slack = 0, fill = "backward", evidence = "inside", no_data = "down", default_zone = zone },
      in_force { preset = "seed" })
    assert.same({ preset = "monitoring", slack = 60, fill = "forward", evidence = "around", no_data = "unknown",
      max_gap = 7200, default_zone = zone }, in_force { preset = "monitoring" })
  end)

  it("that are given one by one override the preset", function()
    for _, preset in ipairs(rules.names.preset) do
      for name, values in pairs { fill = rules.names.fill, evidence = rules.names.evidence, no_data = rules.names.no_data } do
        for _, value in ipairs(values) do
          local expected = in_force { preset = preset }
          expected[name] = value
          assert.same(expected, in_force { preset = preset, [name] = value })
        end
      end
    end
  end)

  it("have the monitor's default zone unless there is another", function()
    local other = assert(loom.open(":memory:", { default_zone = "Asia/Kathmandu" }))
    assert(other:poll("a", true, 0))
    local first, second = assert(other:report {}), assert(other:report { default_zone = "UTC" })
    assert.same({ "Asia/Kathmandu", "UTC" }, { first.rules.default_zone, second.rules.default_zone })
    first:close()
    second:close()
    other:close()
  end)
end)
