-- loom attributes, and what loom report makes of them.

local cjson = require "cjson"
local command = require "support.command"
local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

local store = "1481966498820158979"

local folder, db

local function make()
  folder = files.make_folder()
  db = database.make(folder .. "/db")
end

local function remove()
  files.remove_folder(folder)
end

describe("loom attributes", function()
  before_each(make)
  after_each(remove)

  it("sets, shows and removes them", function()
    assert.equal("name,value\n", (shell.good("attributes", "get", db, store)))
    assert.equal("", (shell.good("attributes", "set", db, store, "region=north", "brand=a=b, c", "gone=x")))
    shell.good("attributes", "set", db, store, "gone=", "never=")
    assert.equal('name,value\nbrand,"a=b, c"\nregion,north\n', (shell.good("attributes", "get", db, store)))
    assert.equal("name    value\nbrand   a=b, c\nregion  north\n",
      (shell.good("attributes", "get", db, store, "--format", "table")))
    assert.same({ { name = "brand", value = "a=b, c" }, { name = "region", value = "north" } },
      cjson.decode((shell.good("attributes", "get", db, store, "--format", "json"))))
    assert.equal('store_id,brand,region\n1481966498820158979,"a=b, c",north\n', (shell.good("export", db, "attributes")))
  end)

  it("tells that a store is new", function()
    local _, err = shell.good("attributes", "set", db, "new", "a=b")
    assert.equal('loom: store "new" was not known: it is new\n', err)
  end)

  it("fails for what is wrong, and changes nothing", function()
    local failures = {
      { 1, 'store "nobody" is not known', "get", "nobody" },
      { 2, 'attribute: NAME=VALUE expected, got "region"', "set", store, "region" },
      { 2, 'attribute: NAME=VALUE expected, got "=north"', "set", store, "a=b", "=north" },
      { 2, "names of 1 to 64 bytes expected", "set", store, ("x"):rep(65) .. "=1" },
      { 2, "names of 1 to 64 bytes expected", "set", store, "store_id=1" },
      { 2, "text of up to 4096 bytes expected", "set", store, "a=" .. ("x"):rep(4097) },
      { 2, "missing argument 'attribute'", "set", store },
    }
    for _, case in ipairs(failures) do
      command.expect_failure(db, case[1], case[2], "attributes", case[3], db, case[4], case[5], case[6])
    end
    command.expect_database_needed(folder, "attributes", "get", "DB", store)
    command.expect_database_needed(folder, "attributes", "set", "DB", store, "a=b")
    if not command.expect_read_only(db, "attributes", "set", db, store, "a=b") then
      pending "the superuser may write everything, and setpriv is not there"
    end
  end)
end)

describe("loom report", function()
  setup(function()
    make()
    shell.good("attributes", "set", db, store, "region=north", "target=0.5")
    shell.good("attributes", "set", db, "night", "region=north", "brand==formula")
  end)

  teardown(remove)

  local function report(...)
    return (shell.good("report", db, ...))
  end

  it("takes the stores with attributes", function()
    local function ids(...)
      return report("--columns", "store_id", ...)
    end
    assert.equal("store_id\n1481966498820158979\nnight\n", ids("--where", "region=north"))
    assert.equal("store_id\nnight\n", ids("--where", "region=north", "--where", "brand==formula"))
    assert.equal("store_id\n1481966498820158979\nnight\n", ids("--where", "region=south", "--where", "region=north"))
    assert.equal("store_id\nnight\n", ids("--where", "region=north", "--stores", "n*"))
    assert.equal("store_id\n", ids("--where", "region=south"))
  end)

  it("adds up by an attribute, in every format", function()
    local windows = "uptime_last_hour,uptime_last_day,uptime_last_week,downtime_last_hour,downtime_last_day,"
      .. "downtime_last_week\n"
    assert.equal("region,stores," .. windows .. ",1,0,2.0,2.0,60,5.25,12.25\nnorth,2,60,4.75,7.08,0,2.0,4.5\n",
      report("--group-by", "region"))
    for _, format in ipairs { "table", "json", "ndjson", "markdown", "exact" } do
      assert.matches("north", report("--group-by", "region", "--format", format), 1, true)
    end
    assert.equal("region,stores\nnorth,2\n", report("--group-by", "region", "--columns", "region,stores", "--sort", "stores",
      "--descending", "--limit", "1"))
  end)

  it("takes columns, sorted and limited", function()
    assert.equal('store_id,ratio_last_week,attributes.region\nnight,0.608681,north\n'
      .. '1481966498820158979,0.612894,north\n',
      report("--columns", "store_id, ratio_last_week,attributes.region", "--sort", "ratio_last_week", "--where",
        "region=north"))
    assert.equal('store_id\nnight\n"café, ""north"""\n', report("--columns", "store_id", "--descending", "--limit", "2"))
    assert.matches("^store_id,strip\nnight,c+d+u?d?u*d?c+\n$", report("--columns", "store_id,strip", "--stores", "night"))
    assert.equal("", report("--limit", "0", "--format", "ndjson"))
  end)

  it("gives the worst", function()
    assert.equal('store_id\n"café, ""north"""\nnight\n', report("--columns", "store_id", "--worst", "2"))
    assert.equal('store_id\n"café, ""north"""\nnight\n1481966498820158979\n', report("--columns", "store_id", "--worst", "9"))
    assert.equal("store_id\n", report("--columns", "store_id", "--worst", "9", "--window", "h=1s", "--as-of",
      "2024-03-01 00:00:00"))
  end)

  it("holds up time against objectives", function()
    local plain = report()
    local out = report("--slo", "0.9", "--slo-attribute", "target")
    assert.equal(plain:match("^(.-)\n") .. ",ratio_last_week,slo_target_last_week,slo_met_last_week,slo_left_last_week,"
      .. "slo_burn_last_week", out:match("^(.-)\n"))
    assert.matches("\n1481966498820158979,[^\n]*,0.612894,0.5,true,52.495833,0.774211\n", out)
    assert.matches("\nnight,[^\n]*,0.608681,0.9,false,%-67.000833,3.913186\n", out)
    out = report("--slo-attribute", "target", "--columns", "store_id,slo_met_last_day")
    assert.equal('store_id,slo_met_last_day\n1481966498820158979,true\n"café, ""north""",\nnight,\n', out)
    local parsed = cjson.decode(report("--slo", "0.9", "--format", "json"))
    assert.equal(0.9, parsed.stores[1].windows.last_hour.slo.target)
    assert.equal(report("--format", "exact"), report("--slo", "0.9", "--format", "exact"))
  end)

  it("neutralises formulas", function()
    local arguments = { "--columns", "store_id,attributes.brand", "--stores", "night" }
    assert.equal("store_id,attributes.brand\nnight,=formula\n", report(arguments[1], arguments[2], arguments[3], arguments[4]))
    assert.equal("store_id,attributes.brand\nnight,'=formula\n", report("--neutralise-formulas", arguments[1], arguments[2],
      arguments[3], arguments[4]))
    assert.equal(report(), report("--neutralise-formulas"))
  end)

  it("writes Markdown and JSON lines", function()
    assert.matches("| store\\_id | uptime\\_last\\_hour |", report("--format", "markdown"), 1, true)
    local out = report("--format", "ndjson")
    assert.equal(3, select(2, out:gsub("\n", "")))
    assert.equal("night", cjson.decode(out:match("([^\n]*)\n$")).store_id)
  end)

  it("takes windows by their ends", function()
    assert.equal("store_id,uptime_monday,downtime_monday\nnight,0,0\n", report("--stores", "night", "--window",
      "monday=2024-03-04 00:00:00/2024-03-05T00:00:00+00:00:minutes"))
  end)
end)
