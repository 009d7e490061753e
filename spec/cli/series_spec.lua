local files = require "support.files"
local loom = require "loom"
local shell = require "support.shell"

describe("loom series", function()
  local folder, db

  files.folder_for_all(function(made)
    folder = made
    db = folder .. "/db"
    local monitor = assert(loom.open(db, { create = true }))
    assert(monitor:polls {
      { "a", true, "2024-03-04 08:00:00" }, { "a", false, "2024-03-04 10:00:00" }, { "b", true, "2024-03-04 10:00:00" },
    })
    assert(monitor:set_attributes("a", { brand = "=Taco" }))
    monitor:close()
  end)

  local span = { "--from", "2024-03-04 08:00", "--to", "2024-03-04T10:00Z" }
  local unpack = table.unpack or unpack -- luacheck: compat

  it("tells what stores were together, step by step", function()
    assert.equal([[
t_utc,up,down,unknown,excluded,scheduled,stores_down
2024-03-04 08:00:00.000000 UTC,3600,3600,0,0,7200,1
2024-03-04 09:00:00.000000 UTC,3600,3600,0,0,7200,1
]], (shell.good("series", db, unpack(span))))
    assert.equal([[
t_utc,value,up,down,unknown,excluded,scheduled,stores_down
2024-03-04 08:00:00.000000 UTC,'=Taco,0,7200,0,0,7200,1
2024-03-04 08:00:00.000000 UTC,,7200,0,0,0,7200,0
]], (shell.good("series", db, "--step", "2h", "--by", "brand", "--neutralise-formulas", unpack(span))))
    local out = shell.good("series", db, "--stores", "b", "--preset", "monitoring", "--format", "json", "-o", "-", unpack(span))
    assert.matches('"step":3600,"stores":1,', out, 1, true)
    assert.matches('"up":[3600,3600],"down":[0,0],', out, 1, true)
  end)

  it("fails where span and step do not fit", function()
    shell.expect_failure(shell.loom("series", db, "--step", "7m", unpack(span)), 1, "step: the 7200 s from "
      .. "2024-03-04 08:00:00.000000 UTC to 2024-03-04 10:00:00.000000 UTC are no whole number of steps of 420 s")
    shell.expect_failure(shell.loom("series", db, "--step", "5"), 2,
      '--step: duration of whole seconds, from 60 s to 31 days expected, got "5" (see loom series --help)')
  end)
end)
