-- Formats and columns of the user's own, and NDJSON that programs read as a table.

local cjson = require "cjson"
local database = require "support.database"
local files = require "support.files"
local shell = require "support.shell"

describe("--format FILE.lua", function()
  local folder, db

  files.folder_for_all(function(made)
    folder, db = made, database.make(made .. "/db")
  end)

  local function file(text)
    return files.write(folder .. "/own.lua", text)
  end

  local grades = [[return {
    columns = { "store_id", { name = "grade", value = function(row)
      return row.last_week.down == 0 and "A" or "B"
    end }, "ratio_last_week" },
    format = "ndjson",
  }]]

  it("has columns of one's own in a format that there is", function()
    local lines = {}
    for line in shell.good("report", db, "--format", file(grades)):gmatch "[^\n]+" do
      lines[#lines + 1] = cjson.decode(line)
    end
    local expected = {}
    for id, ratio in shell.good("report", db, "--columns", "store_id,ratio_last_week"):gmatch '([^\n]+),([%d.]*)\n' do
      if id ~= "store_id" then
        expected[#expected + 1] = { store_id = id:gsub('^"(.*)"$', "%1"):gsub('""', '"'),
          grade = tonumber(ratio) == 1 and "A" or "B", ratio_last_week = tonumber(ratio) or cjson.null }
      end
    end
    assert.same(expected, lines)
    assert.is_true(#lines > 1)
  end)

  it("has columns that --columns and --sort name, and is CSV where it names no format", function()
    local path = file((grades:gsub('format = "ndjson",', "")))
    local out = shell.good("report", db, "--format", path, "--columns", "grade,store_id", "--sort", "grade")
    local previous = ""
    assert.matches("^grade,store_id\n", out)
    for grade in out:gmatch "\n(%u)," do
      assert.is_true(grade >= previous)
      previous = grade
    end
    shell.good("report", db, "--format", path, "-o", folder .. "/out")
    assert.matches("^store_id,grade,ratio_last_week\n", files.read(folder .. "/out"))
  end)

  it("is a function of what is no list", function()
    local path = file 'return function(found, write) write(found.store_id .. " " .. #found.windows .. "\\n") end'
    assert.equal("night 3\n", (shell.good("explain", db, "night", "--format", path)))
    path = file 'return function(found, write) write(tostring(found.week ~= nil) .. #found.changes .. "\\n") end'
    assert.equal("true1\n", (shell.good("hours", "get", db, "night", "--format", path)))
    path = file 'return function(found, write) for _, f in ipairs(found.findings) do write(f.code .. "\\n") end end'
    local codes = {}
    for _, finding in ipairs(cjson.decode((shell.good("doctor", db, "--format", "json"))).findings) do
      codes[#codes + 1] = finding.code .. "\n"
    end
    shell.good("doctor", db, "--format", path, "-o", folder .. "/out")
    assert.equal(table.concat(codes), files.read(folder .. "/out"))
    for text, message in pairs { ["return {}"] = "own.lua: returns {}, not a function (found, write)",
      ["return function() error 'no' end"] = "own.lua:1: no", ["return ("] = "own.lua:1: " } do
      local result = shell.loom("explain", db, "night", "--format", file(text))
      shell.expect_failure(result, 1)
      assert.matches(message, result.err, 1, true)
    end
  end)

  it("is a format of one's own, also of lists", function()
    local path = file [[return function(report, write, options)
      for row in options.rows() do
        write((report and report.key or "no report") .. ":" .. options.columns[1].value(row) .. ";")
      end
    end]]
    assert.matches("^store_id:[^;]+;.*store_id:night;$", (shell.good("report", db, "--format", path)))
    assert.equal("no report:1;no report:2;",
      (shell.good("query", db, "SELECT 1 AS n UNION SELECT 2", "--format", path)))
    path = file [[return { columns = { "b", { name = "c", value = function(row) return row.a .. "!" end } } }]]
    assert.equal("b,c\n2,1!\n", (shell.good("query", db, "SELECT 1 AS a, 2 AS b", "--format", path)))
  end)

  it("is taken by loom status", function()
    local path = file [[return { columns = { "state", { name = "known", value = function(row)
      return row.last_poll_utc ~= nil
    end } } }]]
    local out = shell.good("status", db, "--format", path)
    assert.matches("^state,known\n", out)
    local _, rows = out:gsub("\n%l+,true", "")
    local _, stores = shell.good("status", db, "--format", "ndjson"):gsub("\n", "")
    assert.equal(stores, rows)
  end)

  local failures = {
    { "x =", "own.lua:1: unexpected symbol near <eof>" },
    { "\nerror 'no'", "own.lua:2: no" },
    { "error({})", "own.lua: table: " },
    { "return 5", "own.lua: returns 5, not a format: a function, or a table of format and columns" },
    { "return nil", "own.lua: returns nothing, not a format" },
    { "return { colums = {} }", 'own.lua: returns a table with "colums", which is neither format nor columns' },
    { "return { columns = {} }", "own.lua: columns: list of columns expected, got {}" },
    { "return { columns = { {} } }",
      "own.lua: columns: the name of a column, or a table of name and value, expected as number 1" },
    { "return { columns = { 'x' } }",
      'own.lua: columns: the name of a column, such as store_id or ratio_last_week, expected, got "x"' },
    { "return { format = 'xml' }", 'own.lua: format: the name of a format, or a function, expected, got "xml"' },
    { "return function(report)\n\n  return report.no.thing end", "own.lua:3: attempt to index" },
    { "return { columns = { { name = 'x', value = function(row) return row.x.y end } } }", "own.lua:1: attempt to index" },
    { "return function(report, write)\n report:write(write, { format = 'xml' }) end",
      "own.lua:2: bad option 'format' to 'write'" },
  }

  it("fails with the file and the line, in one line, and leaves what it was to write as it was", function()
    local out = files.write(folder .. "/out", "as it was")
    for _, case in ipairs(failures) do
      local result = shell.loom("report", db, "--format", file(case[1]), "-o", out)
      assert.matches("^loom: [^\n]+\n$", result.err)
      assert.matches(case[2], result.err, 1, true)
      assert.equal(1, result.status)
      assert.equal("as it was", files.read(out))
    end
    local result = shell.loom("report", db, "--format", folder .. "/none.lua")
    assert.matches("^loom: [^\n]*none.lua[^\n]*\n$", result.err)
    assert.equal(1, result.status)
    result = shell.loom("query", db, "SELECT 1 AS a", "--format", file "return { columns = { 'b' } }")
    assert.matches('own.lua: columns: one of a expected, got "b"\n', result.err, 1, true)
  end)

  it("tells of output that cannot be written as every format does", function()
    local result = shell.run(shell.line("report", db, "--format", file(grades)) .. " >/dev/full")
    assert.matches("^loom: standard output: No space left on device\n$", result.err)
    assert.equal(1, result.status)
  end)
end)

describe("--flat", function()
  it("is NDJSON whose lines have plain values, which jq makes a table of", function()
    local small = database.small
    local flat, nested = shell.good("report", small, "--flat"), shell.good("report", small, "--format", "ndjson")
    assert.equal(flat, (shell.good("report", small, "--flat", "--format", "ndjson")))
    local next_nested = nested:gmatch "[^\n]+"
    for line in flat:gmatch "[^\n]+" do
      local of, expected = cjson.decode(line), cjson.decode(next_nested())
      for window, figures in pairs(expected.windows) do
        for name, value in pairs(figures) do
          expected[name .. "_" .. window] = value
        end
      end
      expected.windows = nil
      assert.same(expected, of)
    end
    assert.is_nil(next_nested())
    local folder = files.make_folder()
    files.write(folder .. "/flat", flat)
    local result = shell.run("jq -r '[.store_id, .up_last_week, .ratio_last_week] | @csv' " .. folder .. "/flat")
    files.remove_folder(folder)
    local from_csv = shell.good("report", small, "--columns", "store_id,up_last_week,ratio_last_week")
    assert.equal(from_csv:gsub("^[^\n]+\n", ""):gsub('"', ""):gsub("[\n,]", " "), (result.out:gsub('"', ""):gsub("[\n,]", " ")))
  end)

  it("has groups and objectives, and is of nothing but NDJSON", function()
    local line = cjson.decode((shell.good("report", database.small, "--flat", "--slo", "0.5", "--group-by", "x")))
    assert.equal("", line.x)
    assert.equal("boolean", type(line.slo_met_last_week))
    assert.equal("number", type(line.stores))
    for _, value in pairs(line) do
      assert.is_true(type(value) ~= "table")
    end
    shell.expect_failure(shell.loom("report", database.small, "--flat", "--format", "json"), 2)
  end)

  it("is of the columns that are asked for", function()
    assert.equal(shell.good("report", database.small, "--format", "ndjson", "--columns", "store_id,up_last_day"),
      (shell.good("report", database.small, "--flat", "--columns", "store_id,up_last_day")))
  end)
end)
