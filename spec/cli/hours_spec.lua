-- loom hours and loom timezone.

local cjson = require "cjson"
local command = require "support.command"
local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

local store = "1481966498820158979"

local folder, db

local function day_figures(...)
  return shell.good("report", db, "--window", "day=1d", "--stores", store, ...):match(",([^,\n]*,[^,\n]*)\n$")
end

describe("loom hours", function()
  files.folder_for_each(function(made)
    folder, db = made, database.make(made .. "/db")
  end)

  it("shows what is in force on a date, and all that is stored", function()
    assert.equal([[
hours on 2024-03-04 (from a file, in force since always):
  mon  09:00-17:00
  tue  closed
  wed  closed
  thu  closed
  fri  closed
  sat  closed
  sun  closed
all that are stored, by their first date:
  always      from a file  mon 09:00-17:00
  2024-06-01  from a file  mon 09:00-18:00
]], (shell.good("hours", "get", db, store, "--on", "2024-03-04")))
    assert.equal("hours today: none, open all day\n", (shell.good("hours", "get", db, "known only by zone")))
    assert.matches("^hours today %(from a file, in force since 2024%-06%-01%):\n  mon  09:00%-18:00\n",
      (shell.good("hours", "get", db, store)))
  end)

  it("sets them, which reports follow, and takes them back", function()
    assert.equal("4.75,2.0", day_figures())
    assert.equal("", (shell.good("hours", "set", db, store, "--mon", "10:00-12:00,14:00-15:00", "--mon", "22:00-02:00",
      "--daily", "11:00-12:00", "--sun", "closed", "--from", "2024-03-01", "--to", "2024-03-08")))
    assert.equal([[
hours on 2024-03-04 (set by hand, in force since 2024-03-01):
  mon  10:00-12:00, 14:00-15:00, 22:00-02:00
  tue  11:00-12:00
  wed  11:00-12:00
  thu  11:00-12:00
  fri  11:00-12:00
  sat  11:00-12:00
  sun  closed
all that are stored, by their first date:
  always      from a file  mon 09:00-17:00
  2024-03-01  set by hand  mon 10:00-12:00, 14:00-15:00, 22:00-02:00; tue 11:00-12:00; wed 11:00-12:00; ]]
      .. [[thu 11:00-12:00; fri 11:00-12:00; sat 11:00-12:00
  2024-03-08  set by hand  those of the file again
  2024-06-01  from a file  mon 09:00-18:00
]], (shell.good("hours", "get", db, store, "--on", "2024-03-04")))
    assert.equal("2.0,1.0", day_figures()) -- the poll at 10:00 says up, and nothing speaks for 14:00 to 15:00
    shell.good("hours", "clear", db, store, "--from", "always")
    assert.equal("4.75,2.0", day_figures())
  end)

  it("gives JSON", function()
    shell.good("hours", "set", db, store, "--fri", "18:00-02:00", "--from", "2030-01-01", "--to", "2030-02-01")
    local found = cjson.decode((shell.good("hours", "get", db, store, "--on", "2030-01-01", "--format", "json")))
    local closed = { mon = {}, tue = {}, wed = {}, thu = {}, fri = { "18:00-02:00" }, sat = {}, sun = {} }
    assert.same(closed, found.week)
    assert.equal("override", found.origin)
    assert.equal("2030-01-01", found.effective_from)
    assert.equal(4, #found.changes)
    assert.same({ effective_from = "2030-02-01", origin = "override", week = cjson.null, reverts = true }, found.changes[4])
    found = cjson.decode((shell.good("hours", "get", db, "known only by zone", "--format", "json")))
    assert.same({ store_id = "known only by zone", effective_from = cjson.null,
      origin = cjson.null, week = cjson.null, changes = {}, next_cursor = cjson.null }, found)
  end)

  it("tells that what begins today changes no report of data that ended long before", function()
    for _, words in ipairs { { "set", db, store, "--daily", "closed" }, { "clear", db, store } } do
      local _, err = shell.good("hours", words[1], words[2], words[3], words[4], words[5])
      assert.matches("^loom: this begins today, [%d-]+, and the newest poll is of 2024%-03%-04 16:00:00: [^\n]*%-%-from "
        .. "%(a date, or always%) makes it begin earlier\n$", err)
    end
  end)

  it("tells that a store is new", function()
    local out, err = shell.good("hours", "set", db, "new\27", "--daily", "closed", "--from", "always")
    assert.equal("", out)
    assert.equal('loom: store "new?" was not known: it is new\n', err)
    out, err = shell.good("hours", "set", db, "new\27", "--daily", "09:00-10:00", "--from", "2024-01-01")
    assert.equal("", out .. err)
  end)

  local spans = 'opening hours (such as "09:00-17:00", a list of them, or "closed") expected, got '
  local failures = {
    { 1, 'store "nobody" is not known', "get", "nobody" },
    { 1, 'store "nobody" is not known', "clear", "nobody" },
    { 2, '--on: "2024-02-30" is not a date', "get", store, "--on", "2024-02-30" },
    { 2, "unknown option '--at'", "get", store, "--at", "2024-02-03" },
    { 2, "no openings are given: name a day, such as --mon 09:00-17:00", "set", store },
    { 2, "--mon: " .. spans .. '"9-17"', "set", store, "--mon", "9-17" },
    { 2, "--fri: " .. spans .. '"09:00-25:00"', "set", store, "--fri", "09:00-25:00" },
    { 2, "--sat: " .. spans .. '""', "set", store, "--sat", "" },
    { 2, "--sun: " .. spans .. '"09:00-10:00,"', "set", store, "--sun", "09:00-10:00," },
    { 2, "--daily: " .. spans .. '"closed,09:00-10:00"', "set", store, "--daily", "closed,09:00-10:00" },
    { 2, "--mon: " .. spans .. '"closed,09:00-10:00"', "set", store, "--mon", "closed", "--mon", "09:00-10:00" },
    { 2, '--from: "soon" is not a date', "set", store, "--mon", "closed", "--from", "soon" },
    { 2, '--to: "always" is not a date', "set", store, "--mon", "closed", "--to", "always" },
    { 2, '--to: a date after 2024-03-05 expected, got "2024-03-05"', "set", store, "--mon", "closed", "--from", "2024-03-05",
      "--to", "2024-03-05" },
    { 2, "store: store id", "set", " ", "--mon", "closed" },
    { 2, '--from: "2024-2-1" is not a date', "clear", store, "--from", "2024-2-1" },
    { 2, "missing argument 'store'", "set" },
  }

  it("fails for what is wrong, and changes nothing", function()
    for _, case in ipairs(failures) do
      command.expect_failure(db, case[1], case[2], "hours", case[3], db, case[4], case[5], case[6], case[7], case[8], case[9],
        case[10])
    end
    command.expect_database_needed(folder, "hours", "get", "DB", store)
    command.expect_database_needed(folder, "hours", "set", "DB", store, "--mon", "closed")
  end)

  it("needs a database that can be written", function()
    if not command.expect_read_only(db, "hours", "set", db, store, "--mon", "closed")
      or not command.expect_read_only(db, "hours", "clear", db, store) then
      pending "the superuser may write everything, and setpriv is not there"
    end
  end)
end)

describe("loom timezone", function()
  files.folder_for_each(function(made)
    folder, db = made, database.make(made .. "/db")
  end)

  it("sets a store's zone, which reports follow, and takes it back", function()
    assert.equal("UTC (from a file)\n", (shell.good("timezone", "get", db, store)))
    assert.equal("", (shell.good("timezone", "set", db, store, "Asia/Kolkata")))
    assert.equal("Asia/Kolkata (set by hand)\n", (shell.good("timezone", "get", db, store)))
    assert.equal("7.75,0.0", day_figures()) -- open from 3:30 to 11:30: the poll at 10:00 speaks for all of it
    shell.good("timezone", "clear", db, store)
    assert.equal("4.75,2.0", day_figures())
    shell.good("hours", "set", db, "new", "--mon", "closed")
    assert.equal("America/Chicago (the default: it has none)\n", (shell.good("timezone", "get", db, "new")))
  end)

  it("fails for what is wrong, and changes nothing", function()
    local failures = {
      { 1, 'store "nobody" is not known', "get", "nobody" },
      { 1, 'store "nobody" is not known', "clear", "nobody" },
      { 1, 'timezone "Mars/One" is not a zone of the tz database', "set", store, "Mars/One" },
      { 1, 'timezone "../../etc/passwd" is not a zone of the tz database', "set", "nobody", "../../etc/passwd" },
      { 1, 'timezone "" is not a zone of the tz database', "set", store, "" },
      { 2, "missing argument 'zone'", "set", store },
      { 2, "missing argument 'store'", "get" },
    }
    for _, case in ipairs(failures) do
      command.expect_failure(db, case[1], case[2], "timezone", case[3], db, case[4], case[5])
    end
    command.expect_database_needed(folder, "timezone", "set", "DB", store, "UTC")
    if not command.expect_read_only(db, "timezone", "set", db, store, "UTC") then
      pending "the superuser may write everything, and setpriv is not there"
    end
  end)
end)
