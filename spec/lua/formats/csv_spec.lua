local csv = require "support.csv"
local files = require "support.files"
local golden = require "support.golden"
local loom = require "loom"
local random = require "support.random"
local report = require "support.report"

describe("the format csv", function()
  -- Its rows are made in C; the slow way, which columns of the caller's take, has to give the same.
  local function in_lua(made)
    return report.text(loom.formats.csv, made, { columns = require("loom.columns").standard(made) })
  end

  local function make_report(polls, options)
    local folder = files.make_folder()
    local monitor = assert(loom.open ":memory:")
    assert(monitor:ingest { status = files.write(folder .. "/polls.csv", "store_id,status,timestamp_utc\n" .. polls) })
    files.remove_folder(folder)
    local made = assert(monitor:report(options))
    monitor:close()
    return made
  end

  it("quotes ids that need it", function()
    local made = make_report('"a,b",active,2024-01-01 10:00:00\n"c ""d""",active,2024-01-01 10:00:00\n'
      .. '"e\nf",active,2024-01-01 10:00:00\nplain id,active,2024-01-01 10:00:00\n',
      { windows = { { name = "w", seconds = 3600 } } })
    local text = report.text(loom.formats.csv, made)
    made:close()
    assert.equal('store_id,uptime_w,downtime_w\n"a,b",1.0,0.0\n"c ""d""",1.0,0.0\n"e\nf",1.0,0.0\nplain id,1.0,0.0\n', text)
  end)

  it("gives every row, however many there are", function()
    local lines = {}
    for i = 1, 2500 do
      lines[i] = ("%d,%s,2024-01-01 10:%02d:%02d.%06d\n"):format(i, i % 3 == 0 and "active" or "inactive", i % 60, i % 59, i)
    end
    local made = make_report(table.concat(lines), { preset = "monitoring", max_gap = 1234.567891 })
    local fast, slow = report.text(loom.formats.csv, made), in_lua(made)
    local count = made:count()
    made:close()
    assert.equal(2500, count)
    assert.is_true(fast == slow)
  end)

  it("is a header when there are no rows", function()
    local made = make_report("a,active,2024-01-01 10:00:00\n", { stores = { "b" } })
    local text = report.text(loom.formats.csv, made)
    made:close()
    assert.matches("^store_id,[%w_,]+\n$", text)
  end)

  it("is the same from C and from Lua: golden cases", function()
    for _, case in ipairs(golden.cases) do
      local monitor = golden.open(case)
      for rules in pairs(golden.rules) do
        local made = assert(monitor:report(golden.options(rules)))
        assert.is_true(report.text("csv", made) == in_lua(made))
        made:close()
      end
      monitor:close()
    end
  end)

  it("gives back any bytes", function()
    local next_number, polls, known = random.new(42), {}, {}
    for byte = 1, 255 do
      polls[byte] = { ("<%c>"):format(byte), true, byte }
    end
    for i = 1, 500 do
      local bytes = {}
      for at = 1, next_number(1, 20) do
        bytes[at] = string.char(next_number(33, 255))
      end
      polls[255 + i] = { table.concat(bytes), true, i }
    end
    for _, bytes in ipairs { '"', '""', ',', ',"', '\r', 'a"\r\n,b', '"a"' } do
      polls[#polls + 1] = { "x" .. bytes .. "x", true, 1 }
    end
    local monitor = assert(loom.open ":memory:")
    assert(monitor:polls(polls))
    for _, poll in ipairs(polls) do
      known[poll[1]] = true
    end
    local made = assert(monitor:report { windows = { { name = "w", seconds = 60 } } })
    assert.is_true(report.text("csv", made) == in_lua(made))
    for _, format in ipairs { "csv", "exact" } do
      local rows = csv.rows(report.text(format, made))
      assert.equal(#made, #rows)
      for i, row in ipairs(rows) do
        assert.equal(made:store(i), row.store_id)
        assert.is_true(known[row.store_id])
      end
    end
    made:close()
    monitor:close()
  end)

  it("has formulas neutralised where that is asked for", function()
    local starts = { "=", "+", "-", "@", "\t", "\r", "\n", "\0", "\239\188\157", "\239\188\139", "\239\188\141", "\239\188\160",
      "'=", "''@" }
    local list = {}
    for i, start in ipairs(starts) do
      list[i] = { start .. '1+1,"x"', { 0, 1, 0, 0, 1, 1, 0 } }
    end
    for _, harmless in ipairs { "a=1", "1-1", "'1", "'", "\239\188\145", "\239", "" } do
      list[#list + 1] = { harmless, { 0, 1, 0, 0, 1, 1, 0 } }
    end
    local made = report.make({ { name = "w", unit = "hours" } }, list)
    local columns = { "store_id", { name = "=name", value = function(row) return row.store_id end },
      { name = "number", value = function() return -1.5 end }, "uptime_w" }
    local rows = csv.parse(report.text("csv", made, { columns = columns, neutralise_formulas = true }))
    assert.same({ "store_id", "'=name", "number", "uptime_w" }, rows[1])
    for i, row in ipairs(list) do
      local expected = i <= #starts and "'" .. row[1] or row[1]
      assert.same({ expected, expected, "-1.5", "0.0" }, rows[i + 1])
    end
    for i, row in ipairs(csv.parse(report.text("csv", made, { columns = columns }))) do
      assert.equal(i == 1 and "store_id" or list[i - 1][1], row[1])
    end
    assert.matches("\n\"'=1", report.text("csv", made, { neutralise_formulas = true }), 1, true)
  end)

  it("can be sorted and cut, and is then the same by rows", function()
    local made = report.make({ { name = "w", unit = "hours" } }, {
      { "a", { 3600e6, 0, 0, 0, 0, 0, 0 } }, { "b", { 7200e6, 0, 0, 0, 0, 0, 0 } }, { "c", { 1800e6, 0, 0, 0, 0, 0, 0 } },
    })
    assert.equal("store_id,uptime_w,downtime_w\nb,2.0,0.0\na,1.0,0.0\n",
      report.text("csv", made, { sort = "uptime_w", descending = true, limit = 2 }))
    assert.equal("store_id,uptime_w,downtime_w\nc,0.5,0.0\nb,2.0,0.0\na,1.0,0.0\n",
      report.text("csv", made, { descending = true }))
  end)
end)
