local cjson = require "cjson"
local report = require "support.report"

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

  it("has the columns that are asked for", function()
    assert.same({ { store_id = "\239\191\189", up_w = 1 } },
      (lines { columns = { "store_id", "up_w" }, sort = "up_w", descending = true, limit = 1 }))
  end)

  it("is nothing when there are no rows", function()
    assert.equal("", report.text("ndjson", report.make({ { name = "w", unit = "hours" } }, {})))
  end)
end)
