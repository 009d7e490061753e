local report = require "support.report"

describe("the format markdown", function()
  local windows = { { name = "w", unit = "hours" } }

  -- The cells of a line, as a reader of Markdown takes them: split at pipes without a backslash before them.
  local function cells(line)
    local list = {}
    line = assert(line:match "^|(.*)|$", line):gsub("\\(%p)", function(c)
      return ("\1%d\1"):format(c:byte())
    end)
    assert.is_nil(line:find "[\\`*_<%[%]&~]")
    for cell in (line .. "|"):gmatch "([^|]*)|" do
      list[#list + 1] = cell:match "^ ?(.-) ?$":gsub("\1(%d+)\1", function(byte)
        return string.char(byte)
      end)
    end
    return list
  end

  local function table_of(made, options)
    local list = {}
    for line in report.text("markdown", made, options):gmatch "([^\n]*)\n" do
      list[#list + 1] = #list == 1 and line or cells(line)
    end
    return list
  end

  it("is a header, a rule and a line to a row", function()
    assert.equal("| store\\_id | uptime\\_w | downtime\\_w |\n| --- | ---: | ---: |\n| a | 1.0 | 0.5 |\n",
      report.text("markdown", report.make(windows, { { "a", { 3600e6, 1800e6, 0, 0, 0, 0, 0 } } })))
    assert.equal("| store\\_id | uptime\\_w | downtime\\_w |\n| --- | ---: | ---: |\n",
      report.text("markdown", report.make(windows, {})))
  end)

  it("shows markup as it is", function()
    local ids = { "a|b", "\\|", "\\", "`x`", "**b**", "__i__", "<b>&amp;</b>", "[x](y)", "![i](j)", "~~s~~", "a\\\\|b",
      "caf\195\169", "|", "||" }
    local list = {}
    for i, id in ipairs(ids) do
      list[i] = { id, { 0, 0, 0, 0, 0, 0, 0 } }
    end
    local lines = table_of(report.make(windows, list), { columns = { "store_id",
      { name = "a|b", value = function(row) return row.store_id end } } })
    assert.same({ "store_id", "a|b" }, lines[1])
    assert.equal("| --- | ---: |", lines[2])
    for i, id in ipairs(ids) do
      assert.same({ id, id }, lines[i + 2])
    end
  end)

  it("keeps to a line whatever the ids are", function()
    local lines = table_of(report.make(windows, { { "two\nlines\r\n", { 0, 0, 0, 0, 0, 0, 0 } } }))
    assert.equal(3, #lines)
    assert.same({ "two?lines??", "0.0", "0.0" }, lines[3])
  end)
end)
