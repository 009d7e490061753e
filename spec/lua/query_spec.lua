local loom = require "loom"
local misuse = require "support.misuse"

local CLOSED = "EINVAL: :memory:: closed by a change that was made on this handle meanwhile"

describe("a query", function()
  local monitor

  before_each(function()
    monitor = assert(loom.open ":memory:")
    assert(monitor:polls { { "a", true, "2024-01-01 10:00:00" }, { "a", false, "2024-01-01 11:00:00.25" },
      { "é'\"", true, "2024-01-02 10:00:00" } })
  end)

  after_each(function()
    monitor:close()
  end)

  -- All rows.
  local function all(...)
    local list = {}
    for row in assert(monitor:query(...)) do
      list[#list + 1] = row
    end
    return list
  end

  local function is_free()
    return (monitor:poll("free", true, "2024-01-01 09:00:00")) ~= nil
  end

  it("gives rows by column names", function()
    assert.same({ { n = 1, t = "x", r = 0.5 }, { n = 2, t = "", r = -1.5 } },
      all "SELECT 1 AS n, 'x' AS t, 0.5 AS r, NULL AS none UNION ALL SELECT 2, '', -1.5, NULL ORDER BY n")
    assert.same({}, all "SELECT 1 WHERE 0")
    assert.same({ { ["count(*)"] = 3 } }, all "SELECT count(*) FROM polls ;\n-- and nothing else")
  end)

  it("gives its first row alone, or all rows at once, to Loom's own parts", function()
    local database = monitor.database
    local few = "SELECT store_id, count(*) AS n FROM polls WHERE store_id >= ? GROUP BY 1 ORDER BY 1"
    assert.same({ store_id = "a", n = 2 }, database:row(few, "a"))
    assert.same({ { store_id = "a", n = 2 }, { store_id = "é'\"", n = 1 } }, database:rows(few, ""))
    assert.is_false(database:row(few, "é\255"))
    assert.same({}, database:rows(few, "é\255"))
    for _, method in ipairs { "row", "rows" } do
      local result, message, code = database[method](database, "SELECT no_such FROM polls")
      assert.same({ nil, "EINVAL" }, { result, code })
      assert.matches("no such column", message, 1, true)
      assert.same({ nil, "the query has 1 parameter, got 0 values" }, { database[method](database, few) })
      result, message, code = database[method](database, "SELECT abs(-9223372036854775808)")
      assert.is_nil(result)
      assert.matches("integer overflow", message, 1, true)
      assert.equal("string", type(code))
      assert.is_true(is_free())
    end
  end)

  it("takes parameters of every type", function()
    for sql_type, values in pairs {
      null = { nil, n = 1 },
      integer = { 0, -1, 2 ^ 53, -2 ^ 53, true, false, n = 6 },
      real = { 0.5, -1e300, 1 / 0, n = 3 },
      text = { "", "a", "é'\"\\;--", ("x"):rep(100000), "1", n = 5 },
    } do
      for i = 1, values.n do
        local value = values[i]
        local expected = value
        if type(value) == "boolean" then
          expected = value and 1 or 0
        end
        local row = all("SELECT typeof(?1) AS type, ?1 AS value", value)[1]
        assert.equal(sql_type, row.type)
        assert.equal(expected, row.value)
      end
    end
    assert.same({ { a = 1, c = 3 } }, all("SELECT ? AS a, ? AS b, ? AS c", 1, nil, 3))
    assert.same({ { c = 3 } }, all("SELECT ? AS a, ? AS b, ? AS c", nil, nil, 3))
    assert.same({ { a = 1 } }, all("SELECT ? AS a, ? AS b, ? AS c", 1, nil, nil))
    assert.same({ { v = 5 } }, all("SELECT :named AS v", 5))
  end)

  it("gives blobs and NUL bytes as they are", function()
    assert.same({ { b = "a\0\255", t = "x\0y", z = "" } }, all "SELECT x'6100ff' AS b, 'x' || char(0) || 'y' AS t, x'' AS z")
    assert.same({ { n = 3 } }, all("SELECT length(CAST(? AS BLOB)) AS n", "a\0b"))
  end)

  it("gives integers of 64 bits where Lua has such, else the nearest numbers", function()
    local row = all "SELECT 9223372036854775807 AS most, -9223372036854775807 - 1 AS least, 9007199254740993 AS odd"[1]
    assert.equal(2 ^ 63, row.most + 0.0)
    assert.equal(-2 ^ 63, row.least + 0.0)
    local integer = tostring(row.odd)
    assert.is_true(integer == "9007199254740993" or not math.type and row.odd == 9007199254740992)
    if math.type then
      assert.same({ { same = 1 } }, all("SELECT ? = 9223372036854775807 AS same", math.maxinteger))
    end
  end)

  it("refuses wrong numbers and types of parameters, and stands in nobody's way then", function()
    for message, call in pairs {
      ["the query has 1 parameter, got 0 values"] = function() monitor:query "SELECT ?" end,
      ["the query has 2 parameters, got 1 value"] = function() monitor:query("SELECT ?, ?", 1) end,
      ["the query has 0 parameters, got 1 value"] = function() monitor:query("SELECT 1", nil) end,
      ["parameter 1: nil, boolean, number or string expected, got {}"] =
        function() monitor:query("SELECT ?", {}) end,
      ["parameter 2: nil, boolean, number or string expected, got a function"] =
        function() monitor:query("SELECT ?, ?", 1, print) end,
    } do
      local err = select(2, pcall(call))
      assert.matches("bad call of 'query' (" .. message .. ")", err, 1, true)
      assert.matches("^spec/lua/query_spec.lua:%d+: ", err)
      assert.is_true(is_free())
    end
  end)

  it("that does more than read is refused, whatever it would do", function()
    for _, sql in ipairs {
      "DELETE FROM store", "INSERT INTO store(store_id) VALUES('x')", "UPDATE store SET timezone = 'UTC'",
      "REPLACE INTO store(store_id) VALUES('a')", "DROP TABLE store", "CREATE TABLE t(a)", "CREATE TEMP TABLE t(a)",
      "CREATE VIEW v AS SELECT 1", "ALTER TABLE store ADD COLUMN x", "CREATE INDEX i ON store(timezone)",
      "INSERT INTO polls VALUES('a', '2024-01-01 00:00:00', 1)", "DELETE FROM polls",
      "WITH x AS (SELECT 1) DELETE FROM store", "DELETE FROM store RETURNING number", "EXPLAIN DELETE FROM store",
      "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "RELEASE s", "VACUUM", "VACUUM INTO '/tmp/copy'", "REINDEX", "ANALYZE",
      "ATTACH ':memory:' AS other", "DETACH main", "PRAGMA journal_mode=DELETE", "PRAGMA user_version=9",
      "PRAGMA writable_schema=1", "PRAGMA wal_checkpoint", "PRAGMA query_only=0", "SELECT load_extension('x')",
      "UPDATE sqlite_master SET sql = ''", "UPDATE sqlite_temp_master SET sql = ''", "UPDATE sqlite_schema SET name = 'x'",
      "INSERT INTO sqlite_master(name) VALUES('x')", "DELETE FROM sqlite_master",
      "CREATE TRIGGER t AFTER INSERT ON store BEGIN SELECT 1; END",
    } do
      local rows, message, code = monitor:query(sql)
      assert.is_nil(rows, sql)
      assert.equal("EINVAL", code)
      assert.matches("^EINVAL: the query ", message)
    end
    assert.is_true(is_free())
    assert.same({}, monitor:check())
    assert.equal(3, monitor:info().stores)
  end)

  it("that is no single statement is refused", function()
    for sql, message in pairs {
      [""] = "the query is empty", [" -- nothing"] = "the query is empty", [";"] = "the query is empty",
      ["SELECT 1; SELECT 2"] = "the query has more than one statement",
      ["SELECT 1; DELETE FROM store"] = "the query has more than one statement",
      ["SELECT 1\0"] = "the query holds a NUL byte", ["SELECT"] = "the query cannot be compiled: incomplete input",
      ["SELECT x"] = "the query cannot be compiled: no such column: x",
      ["SELECT * FROM sales"] = "the query cannot be compiled: no such table: sales",
      [("x"):rep(1000001)] = "the query is longer than 1,000,000 bytes",
    } do
      assert.same({ nil, "EINVAL: " .. message, "EINVAL", n = 3 }, { n = select("#", monitor:query(sql)), monitor:query(sql) })
    end
    assert.is_true(is_free())
  end)

  it("may read the schema, and use what SQLite has", function()
    assert.same({ { value = 1 }, { value = "é" } }, all("SELECT value FROM json_each(?)", '[1, "é"]'))
    assert.equal("store_id", all("SELECT name FROM pragma_table_info('store') WHERE cid = 1")[1].name)
    assert.equal(monitor:info().schema_version, all("PRAGMA user_version")[1].user_version)
  end)

  it("can use SQLite's own functions of dates", function()
    assert.same({ { date = "2024-01-01", hour = "11", second = 1704106800.25 } },
      all [[SELECT date(timestamp_utc) AS date, strftime('%H', timestamp_utc) AS hour,
        round(unixepoch(timestamp_utc) + 0.25, 2) AS second FROM polls WHERE active = 0]])
  end)

  it("shows the packed polls as a table", function()
    assert.same({
      { store_id = "a", timestamp_utc = "2024-01-01 10:00:00.000000 UTC", active = 1 },
      { store_id = "a", timestamp_utc = "2024-01-01 11:00:00.250000 UTC", active = 0 },
    }, all("SELECT * FROM polls WHERE store_id = ? ORDER BY timestamp_utc", "a"))
    assert.same({ { n = 1 } }, all("SELECT count(*) AS n FROM polls WHERE store_id = ? AND active", "é'\""))
    assert.same({ { n = 2 } }, all("SELECT count(*) AS n FROM polls WHERE timestamp_utc >= ? AND timestamp_utc < ?",
      "2024-01-01 11", "2024-01-03"))
  end)

  describe("that is under way", function()
    local rows

    before_each(function()
      rows = assert(monitor:query "SELECT store_id FROM polls ORDER BY store_id, timestamp_utc")
      assert.equal("a", rows().store_id)
    end)

    after_each(function()
      rows:close()
    end)

    it("lets the database be checked as often as one likes", function()
      for _ = 1, 3 do
        assert.same({}, monitor:check())
      end
      assert.equal("a", rows().store_id)
    end)

    it("lists its columns", function()
      assert.same({ "store_id" }, rows:columns())
      local none = assert(monitor:query "SELECT 1 AS a, 2 AS b, 3 AS a WHERE 0")
      assert.same({ "a", "b", "a" }, none:columns())
      none:close()
    end)

    it("lets everything read", function()
      local other = assert(monitor:query "SELECT store_id FROM store ORDER BY store_id DESC")
      assert.equal("é'\"", other().store_id)
      for name, arguments in pairs { info = {}, check = {}, hours = { "a" }, attributes = { "a" }, exclusions = {},
        special_days = {}, timeline = { "a", "2024-01-01 00:00:00", "2024-01-02 00:00:00" }, explain = { "a" } } do
        assert.is_table(monitor[name](monitor, arguments[1], arguments[2], arguments[3]))
      end
      local report = assert(monitor:report { stores = function() return true end, hours = function() end })
      assert.equal(2, report:count())
      report:close()
      local job = assert(monitor:start_report())
      job:wait()
      assert.equal("complete", job:state())
      job:result():close()
      job:close()
      assert.is_true(monitor:export("polls", function() return true end))
      local count = 0
      for _ in monitor:stores() do
        count = count + 1
      end
      assert.equal(2, count)
      assert.equal("a", rows().store_id)
      assert.equal("a", other().store_id)
      other:close()
      assert.equal("é'\"", rows().store_id)
      assert.is_nil(rows())
    end)

    it("is closed by whatever writes, on every Lua", function()
      local header = "store_id,status,timestamp_utc\n"
      local writes = {
        poll = { "b", true, "2024-01-01 10:00:00" },
        polls = { {} },
        set_hours = { "b", {}, { from = "always" } },
        clear_hours = { "a", { from = "always" } },
        set_timezone = { "b", "UTC" },
        set_special_day = { "*", "2024-01-01", "closed" },
        exclude = { { store = "*", from = 1, to = 2 } },
        set_attributes = { "b", { x = "y" } },
        prune = { "1d" },
        delete_polls = { "a", 1, 1 },
        ingest = { { status = function()
          local text = header
          header = nil
          return text
        end } },
      }
      local function try(name)
        header = header or "store_id,status,timestamp_utc\n"
        return monitor[name](monitor, writes[name][1], writes[name][2], writes[name][3])
      end
      for name in pairs(writes) do
        local left = assert(monitor:query "SELECT 1 UNION ALL SELECT 2")
        assert(left())
        assert(try(name))
        assert.has_error(function() left:columns() end)
        misuse.expect(CLOSED, function() left() end)
        misuse.expect("loom.rows is closed", function() left() end)
      end
    end)

    it("is done for once it is closed", function()
      rows:close()
      rows:close()
      misuse.expect("loom.rows is closed", function() rows() end)
      misuse.expect("loom.rows is closed", function() rows:columns() end)
    end)

    it("goes on when the monitor is closed", function()
      monitor:close()
      assert.equal("a", rows().store_id)
      assert.equal("é'\"", rows().store_id)
      assert.is_nil(rows())
    end)

    it("is closed by the collector, too", function()
      rows = nil
      collectgarbage()
      collectgarbage()
      assert.is_true(is_free())
      rows = assert(monitor:query "SELECT 1")
    end)
  end)

  it("is closed at its end, after which there is nothing to take", function()
    local rows = assert(monitor:query "SELECT 1 AS one")
    assert.same({ one = 1 }, rows())
    assert.is_nil(rows())
    assert.is_true(is_free())
    misuse.expect("loom.rows is closed", function() rows() end)
  end)

  it("that fails on the way raises, and stands in nobody's way then", function()
    local rows = assert(monitor:query "SELECT abs(-9223372036854775807 - value) AS n FROM (SELECT 0 AS value UNION ALL SELECT 1)")
    assert(rows())
    misuse.expect("EINVAL: the query failed: integer overflow", function() rows() end)
    assert.is_true(is_free())
    misuse.expect("loom.rows is closed", function() rows() end)
  end)

  it("keeps nobody from writing when its loop is left early", function()
    local function leave(how)
      for row in assert(monitor:query "SELECT store_id FROM polls") do
        if how == "raise" then
          error("left", 0)
        elseif how == "return" then
          return row
        elseif row then
          break
        end
      end
    end
    for _, how in ipairs { "break", "return", "raise" } do
      pcall(leave, how)
      assert.is_true(is_free(), how)
    end
  end)
end)
