local cjson = require "cjson"
local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local shell = require "support.shell"
local command = require "support.command"

-- Seven stores: open all the time but for one, and seen from noon on 2024-03-04, a Monday.
local function make(path)
  local monitor = assert(loom.open(path, { create = true }))
  local polls = {}
  local function poll(store, active, when)
    polls[#polls + 1] = { store, active, when }
  end
  poll("up", true, "2024-03-04 11:30:00")
  poll("long", true, "2024-03-04 05:00:00")
  for hour = 6, 11 do
    poll("long", false, ("2024-03-04 %02d:00:00"):format(hour))
  end
  poll("short", true, "2024-03-04 11:00:00")
  poll("short", false, "2024-03-04 11:45:30")
  poll("silent", true, "2024-03-04 09:30:00")
  poll("away", true, "2024-03-04 11:30:00")
  poll("shut", true, "2024-03-04 11:30:00")
  poll("dead", true, "2024-02-20 11:30:00")
  poll("dead", false, "2024-03-04 12:00:00")
  assert(monitor:polls(polls))
  assert(monitor:set_hours("shut", { tue = "09:00-17:00" }, { effective_from = "always" }))
  assert(monitor:exclude { store = "away", from = "2024-03-04 10:00:00", to = "2024-03-04 14:00:00" })
  assert(monitor:set_attributes("long", { region = "north" }))
  assert(monitor:set_attributes("short", { region = "south" }))
  monitor:close()
  return path
end

describe("loom status", function()
  local folder, db

  files.folder_for_all(function(made)
    folder = made
    db = make(folder .. "/db")
  end)

  it("lists every store by id", function()
    assert.equal([[
store_id,state,since_utc,dormant,last_poll_utc
away,excluded,,false,2024-03-04 11:30:00.000000 UTC
dead,unknown,2024-02-20 13:30:00.000000 UTC,true,2024-03-04 12:00:00.000000 UTC
long,down,2024-03-04 06:00:00.000000 UTC,false,2024-03-04 11:00:00.000000 UTC
short,down,2024-03-04 11:45:30.000000 UTC,false,2024-03-04 11:45:30.000000 UTC
shut,closed,,false,2024-03-04 11:30:00.000000 UTC
silent,unknown,2024-03-04 11:30:00.000000 UTC,false,2024-03-04 09:30:00.000000 UTC
up,up,2024-03-04 09:30:00.000000 UTC,false,2024-03-04 11:30:00.000000 UTC
]], (shell.good("status", db)))
  end)

  it("shows people what is down, the longest first, and what is dormant apart", function()
    assert.equal([[
as of 2024-03-04 12:00:00 UTC, preset monitoring
1 up   2 down   1 unknown   1 excluded   1 closed   1 dormant

store_id  state  since                  for  last_poll
long      down   2024-03-04 06:00:00  6h 0m  2024-03-04 11:00:00
short     down   2024-03-04 11:45:30    14m  2024-03-04 11:45:30

dormant: no active poll for 7d 0h
store_id  state    since                    for  last_poll
dead      unknown  2024-02-20 13:30:00  12d 22h  2024-03-04 12:00:00
]], (shell.good("status", db, "--format", "table")))
    assert.matches("\n\nstore_id.-\nsilent .*30m  2024%-03%-04 09:30:00\n$",
      (shell.good("status", db, "--format", "table", "--state", "unknown")))
  end)

  it("fits the terminal, counts and all", function()
    local line = ("script -qec %s /dev/null </dev/null"):format(shell.quote("stty cols 50; " .. shell.line("status", db)))
    local lines = {}
    for row in shell.run(line).out:gsub("\r", ""):gmatch "([^\n]*)\n" do
      assert.is_true(#row:gsub("…", ".") <= 50, row)
      lines[#lines + 1] = row
    end
    assert.same({ "1 up   2 down   1 unknown   1 excluded   1 closed", "1 dormant" }, { lines[2], lines[3] })
  end)

  it("says where no store is chosen", function()
    local _, err = shell.good("status", db, "--where", "region=nort")
    assert.equal("loom: no store of --where 'region=nort' has a poll\n", err)
    _, err = shell.good("status", db, "--stores", "nobody*", "--all-stores")
    assert.equal("loom: there is no store of --stores 'nobody*'\n", err)
    _, err = shell.good("report", db, "--stores", "nobody*")
    assert.equal("loom: no store of --stores 'nobody*' has a poll\n", err)
    _, err = shell.good("status", db, "--where", "region=north", "--state", "up")
    assert.equal("", err)
  end)

  it("chooses stores, by state and otherwise, and sorts them", function()
    local function ids(...)
      local list = {}
      for line in (shell.good("status", db, ...)):gmatch "([^\n]*)\n" do
        list[#list + 1] = line:match "^[^,]*"
      end
      return table.concat(list, " ", 2)
    end
    assert.equal("long short", ids("--state", "down"))
    assert.equal("long short silent", ids("--state", "down", "--state", "unknown"))
    assert.equal("dead long short silent", ids("--state", "down", "--state", "unknown", "--dormant", "any"))
    assert.equal("dead", ids("--dormant", "true"))
    assert.equal("away long short shut silent up", ids("--dormant", "false"))
    assert.equal("dead long up silent short away shut", ids("--sort", "since"))
    assert.equal("short silent up", ids("--sort", "since", "--descending", "--limit", "3"))
    assert.equal("long", ids("--where", "region=north"))
    assert.equal("short shut silent", ids("--stores", "s*", "--sort", "last_poll", "--descending"))
    assert.equal("away dead long short shut silent up", ids("--dormant-after", "30d"))
    assert.equal("", ids("--dormant-after", "30d", "--dormant", "true"))
  end)

  it("tells of any instant, as it was known then, by any rules", function()
    assert.matches("\nlong,down,2024%-03%-04 06:00:00.000000 UTC,false,2024%-03%-04 07:00:00.000000 UTC\n",
      (shell.good("status", db, "--as-of", "2024-03-04 07:30:00")))
    assert.matches("\nlong,down,2024%-03%-04 05:00:00.000000 UTC,",
      (shell.good("status", db, "--preset", "loom", "--stores", "long")))
    assert.matches("\nsilent,up,2024%-03%-04 06:30:00.000000 UTC,",
      (shell.good("status", db, "--max-gap", "3h", "--stores", "silent")))
  end)

  it("is JSON for programs", function()
    local parsed = cjson.decode((shell.good("status", db, "--format", "json", "--sort", "since")))
    assert.equal("2024-03-04 12:00:00.000000 UTC", parsed.as_of)
    assert.same({ up = 1, down = 2, unknown = 1, excluded = 1, closed = 1, dormant = 1 }, parsed.counts)
    assert.equal("monitoring", parsed.rules.preset)
    assert.equal(7, #parsed.stores)
    assert.same({ store_id = "long", state = "down", since = "2024-03-04 06:00:00.000000 UTC", dormant = false,
      last_poll = "2024-03-04 11:00:00.000000 UTC" }, parsed.stores[2])
    local ages = {}
    for i, age in ipairs(parsed.down_for) do
      ages[i] = age.stores
    end
    assert.same({ 1, 0, 0, 1 }, ages)
    local lines = shell.good("status", db, "--format", "ndjson", "--state", "closed")
    assert.same({ store_id = "shut", state = "closed", since = cjson.null, dormant = false,
      last_poll = "2024-03-04 11:30:00.000000 UTC" }, cjson.decode(lines))
  end)

  it("ends with 3 where a condition holds, having written all", function()
    local function run(...)
      return shell.loom("status", db, "--state", "closed", ...)
    end
    for condition, holds in pairs {
      ["down>1"] = true, ["down>2"] = false, ["down>=2"] = true, ["down>49.9%"] = true, ["down>50%"] = false,
      ["down >= 50 %"] = true,
      ["up<2"] = true, ["unknown<=0"] = false, ["dormant>0"] = true, ["closed>14.2%"] = true, ["closed>14.3%"] = false,
    } do
      local result = run("--fail-if", condition)
      assert.equal(holds and 3 or 0, result.status, condition)
      assert.matches("^store_id,state,since_utc,dormant,last_poll_utc\nshut,closed,,false,[^\n]*\n$", result.out)
      assert.equal(holds, result.err:find("loom: " .. condition:gsub("%W", "%%%0") .. ": ") == 1)
    end
    assert.equal(3, run("--fail-if", "down>9", "--fail-if", "up>0").status)
  end)

  it("says what is wrong with its options", function()
    for option, message in pairs {
      ["--fail-if down"] = "--fail-if: condition such as down>5%",
      ["--fail-if asleep>1"] = "--fail-if: condition such as down>5%",
      ["--state dead"] = "--state: one of down, up, unknown, excluded, closed",
      ["--dormant-after 400d"] = "--dormant-after: duration of up to 366 days expected",
    } do
      local name, value = option:match "^(%S+) (.*)$"
      command.expect_failure(db, 2, message, "status", db, name, value)
    end
    command.expect_database_needed(folder, "status", "DB")
  end)

  it("reads a folder", function()
    local out = shell.good("status", database.small)
    local monitor = assert(loom.open(database.make(folder .. "/small")))
    local status = assert(monitor:status())
    local _, lines = out:gsub("\n", "")
    assert.equal(#status + 1, lines)
    status:close()
    monitor:close()
  end)
end)
