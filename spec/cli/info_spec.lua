local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

describe("loom info", function()
  local folder

  files.folder_for_each(function(made)
    folder = made
  end)

  it("tells what is in a database", function()
    local db = database.make(folder .. "/db")
    local out = shell.good("info", db)
    assert.equal(([[
stores                  4
stores with polls       3
polls                   7
days with polls         3
first poll              2024-03-02 23:30:00.000000 UTC
newest poll             2024-03-04 16:00:00.000000 UTC
weekly hours            5
stores with hours       3
timezones               3
stores with a timezone  4
special days            2
exclusions              2
overrides               0
attributes              0
size in bytes           %d
schema version          %d
]]):format(#files.read(db), files.read(db):byte(64)), out) -- user_version
  end)

  it("tells of nothing", function()
    files.write(folder .. "/none.csv", "store_id,timezone_str\n")
    shell.good("ingest", folder .. "/db", "--timezones", folder .. "/none.csv", "--quiet")
    local out = shell.good("info", folder .. "/db")
    assert.matches("^stores                  0\n", out)
    assert.matches("\nfirst poll              none\nnewest poll             none\n", out, 1, true)
  end)
end)
