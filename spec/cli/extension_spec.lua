-- The polls table as an extension of SQLite's own shell.

local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

local extension = os.getenv "LOOM_BUILD" .. "/loom_polls"

describe("the SQLite extension", function()
  local folder, db

  files.folder_for_each(function(made)
    folder, db = made, made .. "/db"
  end)

  local function sqlite(path, sql)
    return shell.run(shell.words("sqlite3", "-batch", path, ".load " .. extension, sql))
  end

  local function query(sql)
    local result = sqlite(db, sql)
    assert.equal("", result.err)
    assert.equal(0, result.status)
    return result.out
  end

  local function expect_failure(path, sql, message)
    local result = sqlite(path, sql)
    assert.equal("", result.out)
    assert.matches(message, result.err, 1, true)
    assert.not_equal(0, result.status)
  end

  it("shows the polls in the shell", function()
    database.make(db)
    assert.equal("night|2024-03-02 23:30:00.000000 UTC|0\nnight|2024-03-03 00:30:00.000000 UTC|1\n",
      query "SELECT * FROM polls WHERE store_id = 'night' ORDER BY timestamp_utc")
    assert.equal('café, "north"|2024-03-04 15:30:00.000000 UTC\n',
      query "SELECT store_id, max(timestamp_utc) FROM polls WHERE timestamp_utc LIKE '2024-03-04 15%'")
    assert.equal("7|4\n", query "SELECT count(*), sum(active) FROM polls")
  end)

  it("shows what export writes", function()
    shell.good("ingest", db, "spec/fixtures/golden/zones", "--quiet")
    local header, rows = shell.good("export", db, "polls"):match("^([^\n]+\n)(.+)$")
    assert.equal("store_id,status,timestamp_utc\n", header)
    assert.is_true(rows == query("SELECT store_id || iif(active, ',active,', ',inactive,') || timestamp_utc FROM polls"
      .. " ORDER BY substr(timestamp_utc, 1, 10), store_id, timestamp_utc"))
  end)

  it("shows weekly hours as rows", function()
    database.make(db)
    assert.equal("0|28800|45000\n0|50400|86400\n", query [[SELECT weekday, open_s, close_s FROM hours
      JOIN store ON number = store WHERE store_id = 'café, "north"' ORDER BY 1, 2]])
    assert.equal("5\n", query "SELECT count(*) FROM hours")
    assert.equal("1|2|3\n", query [[SELECT o.* FROM (SELECT loom_week_add(x'', 1, 2, 3) AS week) w,
      loom_openings(w.week) o]])
  end)

  it("has instants that the functions of dates read", function()
    database.make(db)
    assert.equal("2024-03-02|23|2024-03-02 23:30:00|1709422200\n2024-03-03|00|2024-03-03 00:30:00|1709425800\n",
      query("SELECT date(timestamp_utc), strftime('%H', timestamp_utc), datetime(unix, 'unixepoch'), unixepoch(timestamp_utc)"
        .. " FROM polls WHERE store_id = 'night' ORDER BY timestamp_utc"))
    local result = shell.run(shell.words("sqlite3", "-batch", db, -- while a statement runs
      ("SELECT load_extension('%s') IS NULL; SELECT time(max(timestamp_utc)) FROM polls"):format(extension)))
    assert.equal("1\n16:00:00\n", result.out)
  end)

  it("shows each file's own polls and hours where several are attached", function()
    database.make(db)
    shell.good("ingest", folder .. "/other.db", "--quiet", "--status", files.write(folder .. "/s.csv",
      "store_id,status,timestamp_utc\nz,inactive,2024-01-01 00:00:00.5\n"))
    for main, names in pairs { [db] = { "main", "other" }, [":memory:"] = { "loom", "other" } } do
      local result = sqlite(main, ([[ATTACH '%s' AS loom; ATTACH '%s' AS other;
        SELECT count(*) FROM %s.polls; SELECT *, unix FROM %s.polls; SELECT count(*) FROM %s.hours;
        SELECT * FROM other.store_now]]):format(db, folder .. "/other.db", names[1], names[2], names[1]))
      assert.equal("7\nz|2024-01-01 00:00:00.500000 UTC|0|1704067200\n5\nz|2024-01-01 00:00:00.500000 UTC|0|1704067200\n",
        result.out .. result.err)
    end
  end)

  it("shows the newest polls, for which it is not needed", function()
    database.make(db)
    local newest = query "SELECT store_id, max(timestamp_utc), active, unix FROM polls GROUP BY 1 ORDER BY 1"
    local result = shell.run(shell.words("sqlite3", "-batch", db, "SELECT * FROM store_now ORDER BY 1"))
    assert.equal(newest, result.out .. result.err)
  end)

  it("is read-only", function()
    database.make(db)
    expect_failure(db, "DELETE FROM polls", "table polls may not be modified")
    assert.equal("7\n", query "SELECT count(*) FROM polls")
  end)

  it("says that a block is damaged", function()
    database.make(db)
    assert.is_true(shell.sqlite(db, "UPDATE poll_block SET polls = substr(polls, 2)"))
    expect_failure(db, "SELECT count(*) FROM polls",
      "a block of polls has a length that is not a multiple of 8 (see loom check)")
  end)

  it("says that a database is not one of Loom's", function()
    expect_failure(":memory:", "SELECT * FROM polls",
      "no such table: polls")
  end)

  -- Linked with SQLite it would bring a second copy into a program that has its own.
  it("exports its entry point and calls SQLite by pointers only", function()
    local result = shell.run(shell.words("nm", "--dynamic", "--defined-only", extension .. ".so"))
    local names = {}
    for name in result.out:gmatch("%x+ T (%S+)") do
      names[#names + 1] = name
    end
    assert.same({ "sqlite3_loompolls_init" }, names)
    result = shell.run(shell.words("nm", "--dynamic", "--undefined-only", extension .. ".so"))
    assert.matches("memcpy", result.out)
    assert.not_matches("sqlite3", result.out)
  end)
end)
