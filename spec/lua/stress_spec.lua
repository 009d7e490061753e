-- Thousands of calls that fail, at constant memory: what they had begun is freed. (The bindings' own are in core_spec.lua.)

local database = require "support.database"
local loom = require "loom"

-- Pages of memory that this process has in use; nil where that means nothing.
local function resident()
  local file = io.open "/proc/self/statm"
  if not file or (os.getenv "LD_PRELOAD" or ""):find("asan", 1, true) then -- AddressSanitizer keeps freed memory for a while
    return nil
  end
  local pages = tonumber(file:read("*l"):match "^%d+ (%d+)")
  file:close()
  return pages
end

local function mine()
  error("mine", 0)
end

describe("failing calls", function()
  local monitor, report

  setup(function()
    monitor = assert(loom.open ":memory:")
    assert(monitor:ingest(database.files(database.small)))
    assert(monitor:poll("zoneless", true, 0))
    report = assert(monitor:report { slo = 0.9 })
  end)

  teardown(function()
    report:close()
    monitor:close()
  end)

  -- Each raises, or returns nil.
  local failing = {
    { "hours that raise", function() return monitor:report { hours = mine } end },
    { "hours that are none", function() return monitor:report { hours = function() return "noon" end } end },
    { "hours that raise in a job", function() return monitor:start_report { hours = mine } end },
    { "filters that raise", function() return monitor:report { stores = mine } end },
    { "patterns that are too long", function() return monitor:report { stores = { "a", ("*"):rep(2000) } } end },
    { "zones that are not known", function() return monitor:report { default_zone = "Mars/Olympus", strips = true } end },
    { "windows too far back", function() return monitor:report { as_of = "0001-01-01 10:00:00" } end },
    { "windows too far apart", function()
      return monitor:report { windows = { { name = "a", from = 0, to = 1 }, { name = "b", from = 4e9, to = 4e9 + 1 } } }
    end },
    { "options that are not known", function() return monitor:report { bogus = 1 } end },
    { "jobs in zones that are not known", function() return monitor:start_report { default_zone = "Mars/Olympus" } end },
    { "jobs that are cancelled", function()
      local job = assert(monitor:start_report())
      job:close()
      return job:result()
    end },
    { "jobs whose report fails", function()
      local job = assert(monitor:start_report { as_of = "0001-01-01 10:00:00" })
      job:wait()
      return job:result()
    end },
    { "columns that raise", function()
      return report:write(function() end, { columns = { { name = "x", value = mine } } })
    end },
    { "columns that are not known", function() return report:write(function() end, { columns = { "x" } }) end },
    { "sort keys that raise", function() return report:rows { sort = mine } end },
    { "group keys that raise", function() return report:group_with(mine, "x") end },
    { "formats that raise", function() return report:write(function() end, { format = mine }) end },
    { "targets that raise", function() return report:write(mine) end },
    { "targets that fail", function() return report:write(function() return nil, "no room" end, { format = "json" }) end },
    { "paths that cannot be written", function() return report:write "/nonexistent/report.csv" end },
    { "timelines of stores that are not known", function() return monitor:timeline("nobody", 0, 1) end },
    { "timelines in zones that are not known", function()
      return monitor:timeline("zoneless", 0, 1, { default_zone = "Mars/Olympus" })
    end },
    { "explanations of stores that are not known", function() return monitor:explain "nobody" end },
  }

  for _, case in ipairs(failing) do
    it("take no more memory: " .. case[1], function()
      local function fail(times)
        for _ = 1, times do
          local good, result = pcall(case[2])
          assert(not good or not result)
        end
        collectgarbage()
        collectgarbage()
      end
      fail(30) -- what is allocated once, is now
      local kilobytes, pages = collectgarbage "count", resident()
      fail(300)
      assert.is_true(collectgarbage "count" - kilobytes < 64)
      if pages then
        assert.is_true(resident() - pages < 512, ("%d pages more"):format(resident() - pages)) -- 2 MiB
      end
      assert(monitor:poll("night", true, 0)) -- nothing is under way any more
    end)
  end
end)
