local cjson = require "cjson"
local loom = require "loom"
local report = require "support.report"
local values = require "loom.formats.values"

describe("the format ndjson", function()
  local made = report.make({ { name = "w", unit = "hours" }, { name = "v", unit = "minutes" } }, {
    { "two\nlines\r\n\226\128\168", { 1, 2, 3, 4, 5, 6, 7 }, { 0, 0, 0, 0, 0, 0, 0 } },
    { "\255", { 1e6, 0, 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0, 0, 0 } },
  })

  local function lines(options)
    local list, text = {}, report.text("ndjson", made, options)
    for line in text:gmatch "([^\n]*)\n" do
      list[#list + 1] = cjson.decode(line)
    end
    return list, text
  end

  it("is an object to a line, as in JSON", function()
    local list, text = lines()
    assert.equal(2, #list)
    assert.equal("\n", text:sub(-1))
    assert.same(cjson.decode(report.text("json", made)).stores, list)
  end)

  it("has the same lines however many rows the native half writes at a time", function()
    for _, count in ipairs { 1, 249, 250, 251, 777 } do
      local monitor, polls = assert(loom.open ":memory:"), {}
      for i = 1, count do
        polls[i] = { ("s%04d\255"):format(i), i % 3 > 0, 86400 * i }
      end
      assert(monitor:polls(polls))
      local of_all = assert(monitor:report())
      local expected, text = {}, report.text("ndjson", of_all, { sort = "up_last_week", descending = true })
      for row in of_all:rows { sort = "up_last_week", descending = true } do
        expected[#expected + 1] = values.row(of_all, row, {}) .. "\n"
      end
      assert.equal(table.concat(expected), text)
      local as_json = report.text("json", of_all, { sort = "up_last_week", descending = true })
      assert.equal(text, (as_json:match('"stores":%[\n(.*)%]}\n$'):gsub("},\n", "}\n")))
      of_all:close()
      monitor:close()
    end
  end)

  it("has the columns that are asked for", function()
    assert.same({ { store_id = "\239\191\189", up_w = 1 } },
      (lines { columns = { "store_id", "up_w" }, sort = "up_w", descending = true, limit = 1 }))
  end)

  it("is flat where that is asked for, by the names of columns", function()
    local names = {}
    for _, window in ipairs { "w", "v" } do
      for _, name in ipairs(require("loom.figures").names) do
        names[#names + 1] = name .. "_" .. window
      end
    end
    local of_columns = lines { columns = { "store_id", (table.unpack or unpack)(names) } }
    assert.same(of_columns, (lines { flat = true }))
    assert.same((lines { columns = { "store_id" } }), (lines { flat = true, columns = { "store_id" } }))
  end)

  it("is nothing when there are no rows", function()
    assert.equal("", report.text("ndjson", report.make({ { name = "w", unit = "hours" } }, {})))
  end)
end)
