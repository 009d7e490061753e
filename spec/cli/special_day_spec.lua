local cjson = require "cjson"
local command = require "support.command"
local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

local store = "1481966498820158979"

describe("loom special-day", function()
  local folder, db

  files.folder_for_each(function(made)
    folder, db = made, database.make(made .. "/db")
  end)

  local function day_figures()
    return shell.good("report", db, "--window", "day=1d", "--stores", store):match(",([^,\n]*,[^,\n]*)\n$")
  end

  local loaded = 'date,store_id,spans,origin,note\n2024-12-25,*,closed,file,"Christmas, ""closed"""\n'
    .. "2024-12-25,1481966498820158979,10:00-12:00,file,open all the same\n"

  it("lists what is in force", function()
    assert.equal(loaded, (shell.good("special-day", "list", db)))
    assert.equal(1, select(2, shell.good("special-day", "list", db, "--store", "*"):gsub("2024%-12%-25", "")))
    assert.equal("date,store_id,spans,origin,note\n", (shell.good("special-day", "list", db, "--from", "2024-12-26")))
    assert.equal("date,store_id,spans,origin,note\n", (shell.good("special-day", "list", db, "--to", "2024-12-24")))
    assert.equal([[
date        store_id             spans        origin  note
2024-12-25  *                    closed       file    Christmas, "closed"
2024-12-25  1481966498820158979  10:00-12:00  file    open all the same
]], (shell.good("special-day", "list", db, "--format", "table")))
    assert.same({}, cjson.decode((shell.good("special-day", "list", db, "--format", "json")))[1].spans)
  end)

  it("sets a date's openings, which reports follow, and takes them back", function()
    assert.equal("4.75,2.0", day_figures())
    assert.equal("", (shell.good("special-day", "set", db, "*", "2024-03-04", "closed", "--note", "strike")))
    assert.equal("0.0,0.0", day_figures())
    shell.good("special-day", "set", db, store, "2024-03-04", "11:00-12:00,15:00-02:00") -- its own beats that of all
    assert.equal("1.0,1.0", day_figures())
    assert.matches("\n2024-03-04,1481966498820158979,\"11:00-12:00,15:00-02:00\",override,\n",
      shell.good("special-day", "list", db), 1, true)
    shell.good("special-day", "clear", db, store, "2024-03-04")
    shell.good("special-day", "clear", db, "*", "2024-03-04")
    assert.equal("4.75,2.0", day_figures())
    assert.equal(loaded, (shell.good("special-day", "list", db)))
  end)

  it("removes what a file brought when it is told to", function()
    command.expect_failure(db, 1, "there is no such special day on 2024-12-25", "special-day", "clear", db, "*", "2024-12-25")
    shell.good("special-day", "clear", db, "*", "2024-12-25", "--loaded")
    assert.is_nil(shell.good("special-day", "list", db):find("*", 1, true))
  end)

  it("tells that a store is new", function()
    local _, err = shell.good("special-day", "set", db, "new", "2024-03-04", "closed")
    assert.equal('loom: store "new" was not known: it is new\n', err)
    _, err = shell.good("special-day", "set", db, "*", "2024-03-04", "closed")
    assert.equal("", err)
  end)

  it("fails for what is wrong, and changes nothing", function()
    local failures = {
      { 1, "there is no such special day on 2024-03-04", "clear", store, "2024-03-04" },
      { 1, "there is no such special day on 2024-12-25", "clear", "nobody", "2024-12-25", "--loaded" },
      { 2, 'date: "2024-02-30" is not a date', "set", store, "2024-02-30", "closed" },
      { 2, 'date: "tomorrow" is not a date', "clear", store, "tomorrow" },
      { 2, "spans: opening hours", "set", store, "2024-03-04", "open" },
      { 2, "spans: opening hours", "set", store, "2024-03-04", "closed,10:00-12:00" },
      { 2, "--note: text of up to 4096 bytes expected", "set", store, "2024-03-04", "closed", "--note", ("x"):rep(4097) },
      { 2, "store: store id", "set", "", "2024-03-04", "closed" },
      { 2, "missing argument 'spans'", "set", store, "2024-03-04" },
      { 2, '--from: "soon" is not a date', "list", "--from", "soon" },
      { 2, '--to: "" is not a date', "list", "--to", "" },
      { 2, "--store: store id", "list", "--store", "" },
    }
    for _, case in ipairs(failures) do
      command.expect_failure(db, case[1], case[2], "special-day", case[3], db, case[4], case[5], case[6], case[7], case[8])
    end
    command.expect_database_needed(folder, "special-day", "list", "DB")
    command.expect_database_needed(folder, "special-day", "set", "DB", store, "2024-03-04", "closed")
    if not command.expect_read_only(db, "special-day", "set", db, store, "2024-03-04", "closed") then
      pending "the superuser may write everything, and setpriv is not there"
    end
  end)
end)
