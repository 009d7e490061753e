local core = require "loom.core"
local report = require "support.report"
local table_format = require "loom.formats.table"

describe("the format table", function()
  local windows = { { name = "w", unit = "hours" } }

  it("aligns its columns", function()
    local made = report.make(windows, { { "a", { 3600000000, 0, 0, 0, 0, 0, 0 } },
      { "a longer id", { 604800000000, 36000000, 0, 0, 0, 0, 0 } } })
    assert.equal("             uptime  downtime\n"
      .. "                  w         w\n"
      .. "store_id          h         h\n"
      .. "a               1.0       0.0\n"
      .. "a longer id   168.0      0.01\n", report.text(table_format, made))
  end)

  it("shows no control characters to a terminal", function()
    local made = report.make(windows, { { "\27[31mred\n\127", { 0, 0, 0, 0, 0, 0, 0 } } })
    assert.is_nil(report.text(table_format, made):find("[\27\127]"))
    assert.equal(4, select(2, report.text(table_format, made):gsub("\n", ""))) -- three of them the head's
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
    assert.equal("          uptime  downtime\n"
      .. "               w         w\n"
      .. "store_id       h         h\n", report.text(table_format, report.make(windows, {})))
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
    assert.equal("ratio\n"
      .. "w        store_id    met\n"
      .. "0.25            b  false\n"
      .. "       a long one   true\n", report.text(table_format, made, { columns = { "ratio_w", "store_id",
        { name = "met", value = function(row) return not row.w.ratio end } } }))
  end)

  local standard = { { name = "last_hour", unit = "minutes" }, { name = "last_day", unit = "hours" },
    { name = "last_week", unit = "hours" } }

  local function figures_of(up, down)
    return { up * 36e8, down * 36e8, 0, 0, 0, 0, 0 }
  end

  it("tells the figure, the window and the unit of each column over several lines", function()
    local made = report.make(standard, { { "a", figures_of(1, 0), figures_of(20, 4), figures_of(100, 68) } })
    assert.equal("          ---- uptime -----  --- downtime ---     ratio  longest\n"
      .. "          last  last   last  last  last  last      last     last\n"
      .. "          hour   day   week  hour   day  week      week     hour\n"
      .. "store_id   min     h      h   min     h     h                  s\n"
      .. "a           60  20.0  100.0     0   4.0  68.0  0.595238        0\n",
      (report.text(table_format, made, { columns = { "store_id", "uptime_last_hour", "uptime_last_day", "uptime_last_week",
        "downtime_last_hour", "downtime_last_day", "downtime_last_week", "ratio_last_week", "longest_last_hour" } })))
  end)

  it("tells a figure of several windows once, whichever of them has the longer name", function()
    local compared = { { name = "last_week", unit = "hours" }, { name = "last_week_before", unit = "hours" } }
    local made = report.make(compared, { { "a", figures_of(100, 68), figures_of(99, 69) } })
    assert.equal("          -- uptime ---  - downtime -\n"
      .. "                   last          last\n"
      .. "           last    week  last    week\n"
      .. "           week  before  week  before\n"
      .. "store_id      h       h     h       h\n"
      .. "a         100.0    99.0  68.0    69.0\n", report.text(table_format, made))
  end)

  it("widens narrow columns for the figure above them", function()
    local nothing = { 0, 0, 0, 0, 0, 0, 0 }
    local made = report.make({ { name = "v", unit = "hours" }, { name = "w", unit = "hours" } }, { { "a", nothing, nothing } })
    assert.equal("          ratio  polls\n"
      .. "store_id  v   w      v\n"
      .. "a                    0\n", report.text(table_format, made,
        { columns = { "store_id", "ratio_v", "ratio_w", "polls_v" } }))
  end)

  local wide = {
    "\230\157\177\228\186\172\233\167\133\229\137\141\229\186\151\232\136\151\231\149\170\229\143\183", -- two columns a character
    ("e\204\129"):rep(30), -- e with an accent that joins it
    "\240\159\141\149 pizza \240\159\141\149 to the moon and back", "03b061f6-6135-4836-a8dc-fc58bb70252f", "8419537941919820732",
    "\255\254 not text \255\254 at all \255\254", "short",
  }

  local function wide_report()
    local list = {}
    for i, id in ipairs(wide) do
      list[i] = { id, figures_of(i % 2, 1 - i % 2), figures_of(20.5, 3.5), figures_of(100 + i, 68 - i),
        attributes = { note = ("a word %d "):format(i):rep(3) } }
    end
    return report.make(standard, list)
  end

  local all = { "store_id", "uptime_last_hour", "uptime_last_day", "uptime_last_week", "downtime_last_hour",
    "downtime_last_day", "downtime_last_week", "attributes.note", "ratio_last_week" }

  local function lines_of(columns, width)
    local lines = {}
    for line in report.text(table_format, wide_report(), { columns = columns, width = width }):gmatch "[^\n]+" do
      lines[#lines + 1] = line
    end
    return lines
  end

  it("fits any width", function()
    for _, columns in ipairs { all, { "attributes.note", "store_id", "uptime_last_week" } } do
      for width = 1, 150 do
        for _, line in ipairs(lines_of(columns, width)) do
          assert.is_true(core.utf8_width(line) <= width, ("%d: %s"):format(width, line))
        end
      end
    end
  end)

  it("is as it would be without a limit where it fits, and then has no note", function()
    local free, widest = lines_of(all), 0
    for _, line in ipairs(free) do
      widest = math.max(widest, core.utf8_width(line))
    end
    assert.same(free, lines_of(all, widest))
    assert.same(free, lines_of(all, 1000))
    local narrower = lines_of(all, widest - 1)
    assert.equal(("(width %d: text is shortened)"):format(widest - 1), narrower[#narrower])
  end)

  it("shortens ids in the middle, and numbers never", function()
    local lines = lines_of({ "store_id", "uptime_last_week", "attributes.note" }, 46)
    local text = table.concat(lines, "\n")
    assert.matches("\n03b061f6%-\226\128\166bb70252f +104.0  ", text)
    assert.matches("\n841953794\226\128\16619820732 +105.0  ", text)
    assert.matches("\nshort +107.0  ", text)
    assert.equal("(width 46: text is shortened)", lines[#lines])
    for width = 20, 80 do
      for i, line in ipairs(lines_of({ "store_id", "uptime_last_week" }, width)) do
        if i > 4 and i <= 4 + #wide then -- between the head and the note
          assert.equal(("%d.0"):format(100 + i - 4), line:match "%S+$")
        end
      end
    end
  end)

  it("names the columns that it leaves out", function()
    local lines = lines_of(all, 60)
    local text = table.concat(lines, " ")
    assert.matches("(width 60: text is shortened; left out: attributes.note, ratio_last_week)", text, 1, true)
    assert.is_nil(lines[1]:find "ratio")
    assert.matches("downtime", lines[1])
  end)

  it("takes no width that is none", function()
    for _, width in ipairs { 0, -1, 1.5, "80", {} } do
      assert.error_matches(function()
        report.text(table_format, wide_report(), { width = width })
      end, "bad option 'width' to 'write' (", 1, true)
    end
  end)
end)
