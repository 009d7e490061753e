local files = require "support.files"
local loom = require "loom"
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
end)
