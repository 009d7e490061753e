local cjson = require "cjson"
local command = require "support.command"
local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

describe("loom query", function()
  local folder, db

  files.folder_for_each(function(made)
    folder, db = made, database.make(made .. "/db")
  end)

  local by_store = "SELECT store_id, count(*) AS polls, min(timestamp_utc) AS first FROM polls GROUP BY store_id ORDER BY 1"

  it("writes CSV, tables and JSON", function()
    local out = shell.good("query", db, by_store)
    assert.equal([[
store_id,polls,first
1481966498820158979,3,2024-03-04 10:00:00.000000 UTC
"café, ""north""",2,2024-03-04 14:59:59.999999 UTC
night,2,2024-03-02 23:30:00.000000 UTC
]], out)
    assert.equal(out, (shell.good("query", database.small, by_store)))
    assert.matches("^store_id             polls  first\n1481966498820158979  3      2024%-03%-04 10:00:00",
      (shell.good("query", db, by_store, "--format", "table")))
    local list = cjson.decode((shell.good("query", db, by_store, "--format", "json")))
    assert.equal(3, #list)
    assert.equal("1481966498820158979", list[1].store_id)
    assert.equal(2, list[2].polls)
    local lines = shell.good("query", db, by_store, "--format", "ndjson")
    assert.same(list, cjson.decode("[" .. lines:gsub("\n(.)", ",%1") .. "]"))
    assert.equal("", (shell.good("query", db, "SELECT 1 AS a WHERE 0", "--format", "ndjson")))
    shell.good("query", db, by_store, "-o", folder .. "/out")
    assert.equal(out, files.read(folder .. "/out"))
  end)

  it("keeps values as they are", function()
    local sql = [[SELECT 9007199254740993 AS big, 0.1 + 0.2 AS sum, 1e300 AS huge, -2.5 AS half, NULL AS none,
      'a,"b' AS text, 1e999 AS infinite, x'41' AS bytes]]
    assert.equal('big,sum,huge,half,none,text,infinite,bytes\n'
      .. '9007199254740993,0.30000000000000004,1e+300,-2.5,,"a,""b",,A\n', (shell.good("query", db, sql)))
    assert.equal('[\n{"big":9007199254740993,"sum":0.30000000000000004,"huge":1e+300,"half":-2.5,"none":null,'
      .. '"text":"a,\\"b","infinite":null,"bytes":"A"}\n]\n', (shell.good("query", db, sql, "--format", "json")))
  end)

  it("takes parameters", function()
    assert.equal("n\n2\n", (shell.good("query", db, "SELECT count(*) AS n FROM polls WHERE store_id = ? AND active = ?",
      "1481966498820158979", "1")))
    assert.equal("n\n", (shell.good("query", db, "SELECT 1 AS n WHERE ? = 'x'", "y; DROP TABLE store")))
    assert.equal("v\n-1\n", (shell.good("query", db, "SELECT ? AS v", "--", "-1")))
  end)

  it("of nothing has a header, or an empty list", function()
    assert.equal("a,b\n", (shell.good("query", db, "SELECT 1 AS a, 2 AS b WHERE 0")))
    assert.equal("[]\n", (shell.good("query", db, "SELECT 1 AS a, 2 AS b WHERE 0", "--format", "json")))
  end)

  it("shows text safely in a table", function()
    assert.equal("t\n?[31m?\239\191\189?\n", (shell.good("query", db,
      "SELECT char(27) || '[31m' || char(155) || CAST(x'ff' AS TEXT) || char(10) AS t", "--format", "table")))
  end)

  local failures = {
    { 1, 'near "SELEC": syntax error', "SELEC 1" },
    { 1, "no such table: t", "SELECT * FROM t" },
    { 1, "the query does not only read", "DELETE FROM store" },
    { 1, "the query does not only read", "CREATE TABLE t(x)" },
    { 1, "the query does not only read", "ATTACH 'other' AS other" },
    { 1, "the query has more than one statement", "SELECT 1; SELECT 2" },
    { 1, "the query is empty", "" },
    { 1, "integer overflow", "SELECT abs(-9223372036854775807 - 1)" },
    { 2, "the query has 1 parameter, got 0 values", "SELECT ?" },
    { 2, "the query has 0 parameters, got 1 value", "SELECT 1", "x" },
    { 2, 'the query has two columns "a": name one with AS', "SELECT 1 AS a, 2 AS a" },
    { 2, "argument for option '--format' must be one of", "SELECT 1", "--format=xml" },
    { 2, "missing argument 'sql'" },
  }

  it("fails for what is wrong, and changes nothing", function()
    for _, case in ipairs(failures) do
      local before = files.read(db)
      local result = shell.loom("query", db, case[3], case[4])
      assert.matches("^loom: [^\n]+\n$", result.err)
      assert.matches(case[2], result.err, 1, true)
      assert.equal(case[1], result.status)
      assert.is_true(before == files.read(db))
    end
    command.expect_database_needed(folder, "query", "DB", "SELECT 1")
  end)
end)
