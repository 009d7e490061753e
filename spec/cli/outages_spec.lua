-- What is wrong use of loom outages is in timeline_spec.

local cjson = require "cjson"
local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

describe("loom outages", function()
  local db

  files.folder_for_all(function(made)
    db = database.make(made .. "/db")
  end)

  it("lists the outages of the week up to the newest poll", function()
    assert.equal([[
from_utc,to_utc,seconds,from_local,to_local
2024-03-02 22:00:00.000000 UTC,2024-03-02 23:30:00.000000 UTC,5400,2024-03-02 22:00:00,2024-03-02 23:30:00
]], (shell.good("outages", db, "night")))
  end)

  it("sums them up in a table", function()
    assert.equal([[
from_utc             to_utc                        duration  from_local           to_local
2024-02-26 16:00:00  2024-02-26 17:00:00            1:00:00  2024-02-26 16:00:00  2024-02-26 17:00:00
2024-03-04 10:00:00  2024-03-04 12:00:00.250000  2:00:00.25  2024-03-04 10:00:00  2024-03-04 12:00:00.250000
2 outages, longest 2:00:00.25, total 3:00:00.25
]], (shell.good("outages", db, "1481966498820158979", "--format", "table")))
    assert.matches("\n1 outage, longest 8:00:00, total 8:00:00\n$",
      (shell.good("outages", db, "1481966498820158979", "--to", "2024-03-04 00:00:00", "--format", "table")))
    assert.matches("\nno outages\n$", (shell.good("outages", db, "night", "--from", "2024-03-04 00:00:00", "--format",
      "table")))
  end)

  it("are those of dates on the store's calendar, and of words", function()
    local function of(...)
      return (shell.good("outages", db, "1481966498820158979", ...))
    end
    assert.equal(of("--from", "2024-03-04 00:00:00", "--to", "2024-03-05 00:00:00", "--as-of", "2024-03-04 16:00:00"),
      of("--window", "today"))
    assert.equal(of("--window", "today"), of("--from", "2024-03-04"))
    assert.equal(of("--from", "2024-02-26 00:00", "--to", "2024-03-04 00:00"), of("--window", "last-week"))
    assert.equal(of("--window", "last-week"), of("--to", "2024-03-04"))
    assert.equal(of("--from", "2024-02-26", "--to", "2024-03-04"), of("--to", "2024-03-04"))
    for message, arguments in pairs {
      ["--from and --to: two dates, or two instants expected"] = { "--from", "2024-03-04", "--to", "2024-03-05 00:00" },
      ["--from: 2024-03-04 is not before 2024-03-04"] = { "--from", "2024-03-04", "--to", "2024-03-04" },
      ["--window: one of today, yesterday"] = { "--window", "tomorrow" },
      ["can not be used together"] = { "--window", "today", "--from", "2024-03-04" },
    } do
      local result = shell.loom("outages", db, "night", arguments[1], arguments[2], arguments[3], arguments[4])
      assert.equal(2, result.status)
      assert.is_truthy(result.err:find(message, 1, true))
    end
  end)

  it("are those that the report counts", function()
    local parsed = cjson.decode((shell.good("report", db, "--format", "json", "--stores", "caf*")))
    local week = parsed.stores[1].windows.last_week
    local outages = cjson.decode((shell.good("outages", db, 'café, "north"', "--format", "json")))
    local longest, total = 0, 0
    for _, outage in ipairs(outages) do
      longest, total = math.max(longest, outage.seconds), total + outage.seconds
    end
    assert.equal(week.outages, #outages)
    assert.equal(week.longest, longest)
    assert.is_true(math.abs(week.down - total) < 1e-6)
    assert.equal("[]\n", (shell.good("outages", db, "night", "--from", "2024-03-04 00:00:00", "--format", "json")))
  end)
end)
