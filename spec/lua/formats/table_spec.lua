local report = require "support.report"
local table_format = require "loom.formats.table"

describe("the format table", function()
  local windows = { { name = "w", unit = "hours" } }

  it("aligns its columns", function()
    local made = report.make(windows, { { "a", { 3600000000, 0, 0, 0, 0, 0, 0 } },
      { "a longer id", { 604800000000, 36000000, 0, 0, 0, 0, 0 } } })
    assert.equal("store_id     uptime_w  downtime_w\n"
      .. "a                 1.0         0.0\n"
      .. "a longer id     168.0        0.01\n", report.text(table_format, made))
  end)

  it("shows no control characters to a terminal", function()
    local made = report.make(windows, { { "\27[31mred\n\127", { 0, 0, 0, 0, 0, 0, 0 } } })
    assert.is_nil(report.text(table_format, made):find("[\27\127]"))
    assert.equal(2, select(2, report.text(table_format, made):gsub("\n", "")))
  end)

  it("shows neither bytes that are no text nor control characters of two bytes", function()
    local made = report.make(windows, { { "caf\195\169 \194\155 \155 \255", { 0, 0, 0, 0, 0, 0, 0 } } })
    assert.matches("\ncaf\195\169 ? \239\191\189 \239\191\189 ", report.text(table_format, made), 1, true)
  end)

  it("puts columns to the left that are to stand there, and no blanks at the ends of lines", function()
    local text, at = {}, 0
    table_format(nil, function(line)
      text[#text + 1] = line
    end, {
      columns = { { name = "a", value = function(row) return row[1] end },
        { name = "number", value = function(row) return row[2] end },
        { name = "word", left = true, value = function(row) return row[3] end } },
      rows = function()
        return function()
          at = at + 1
          return ({ { "x", 1, "long word" }, { "yy", 22, "" } })[at]
        end
      end,
    })
    assert.equal("a   number  word\nx        1  long word\nyy      22\n", table.concat(text))
  end)

  it("is a header when there are no rows", function()
    assert.equal("store_id  uptime_w  downtime_w\n", report.text(table_format, report.make(windows, {})))
  end)

  it("counts characters, not bytes, and shows stray bytes as one", function()
    local made = report.make(windows, { { "caf\195\169", { 0, 0, 0, 0, 0, 0, 0 } }, { "plain", { 0, 0, 0, 0, 0, 0, 0 } },
      { "\255\128x", { 0, 0, 0, 0, 0, 0, 0 } } })
    assert.equal("store_id  \195\169 w\n"
      .. "caf\195\169        1\n"
      .. "plain       1\n"
      .. "\239\191\189\239\191\189x         1\n", report.text(table_format, made,
        { columns = { "store_id", { name = "\195\169 w", value = function() return 1 end } } }))
  end)

  it("shows no control character of any kind, in no cell and no name", function()
    local list = {}
    for byte = 0, 255 do
      list[#list + 1] = { ("<%c>"):format(byte), { 0, 0, 0, 0, 0, 0, 0 } }
    end
    for byte = 128, 191 do
      list[#list + 1] = { ("<\194%c>"):format(byte), { 0, 0, 0, 0, 0, 0, 0 } }
    end
    local made = report.make(windows, list)
    for _, format in ipairs { "table", "markdown" } do
      local text = report.text(format, made, { columns = { "store_id", { name = "\27[2J\194\155", value = function(row)
        return row.store_id
      end } } })
      local lines = 0
      for line in text:gmatch "([^\n]*)\n" do
        lines = lines + 1
        assert.is_nil(line:find "%c")
        assert.is_nil(line:find "\194[\128-\159]") -- C1 controls; U+009B is what ESC [ is
        if utf8 then
          assert.equal("number", type(utf8.len(line)))
        end
      end
      assert.equal(#list + (format == "table" and 1 or 2), lines)
    end
  end)

  it("aligns every column", function()
    local made = report.make(windows, { { "b", { 1e6, 3e6, 0, 0, 0, 1, 9 } }, { "a long one", { 0, 0, 0, 0, 0, 0, 0 } } })
    assert.equal("ratio_w    store_id    met\n"
      .. "0.25              b  false\n"
      .. "         a long one   true\n", report.text(table_format, made, { columns = { "ratio_w", "store_id",
        { name = "met", value = function(row) return not row.w.ratio end } } }))
  end)
end)
