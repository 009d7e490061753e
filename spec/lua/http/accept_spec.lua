local accept = require "loom.http.accept"
local random = require "support.random"

describe("what a client accepts", function()
  local function weights(header)
    local ranges, found = accept.parse(header), {}
    for _, media_type in ipairs { "text/csv", "text/html", "application/json" } do
      found[#found + 1] = accept.weight(ranges, media_type)
    end
    return found
  end

  it("is read as RFC 9110 has it", function()
    for header, expected in pairs {
      ["text/csv"] = { 1, 0, 0 },
      ["Text/CSV, TEXT/html;Q=0.5"] = { 1, 0.5, 0 },
      ["text/html;q=0.1, text/csv"] = { 1, 0.1, 0 },
      ["text/html;q=0, text/csv"] = { 1, 0, 0 },
      ["text/*;q=0.3, text/html;q=0.7, */*;q=0.5"] = { 0.3, 0.7, 0.5 },
      ["*/*;q=0.5, text/*;q=0.3, text/html;q=0.7"] = { 0.3, 0.7, 0.5 }, -- in any order
      ["*/*, text/csv;q=0"] = { 0, 1, 1 },
      ["text/*;q=0, */*"] = { 0, 0, 1 },
      ["application/json, text/plain, */*"] = { 1, 1, 1 }, -- axios
      ["text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"] = { 0.8, 1, 0.8 }, -- a browser
      ["text/csv;charset=UTF-8;q=0.4, text/html; charset=utf-8"] = { 0.4, 1, 0 },
      ["text/csv;header=present, application/json"] = { 0, 0, 1 }, -- another representation than the one there is
      ['text/csv;note="a, b;q=0", text/html'] = { 0, 1, 0 },
      ["text/csv ; q=0.2 ; later=1,, ,text/html;q=1.000"] = { 0.2, 1, 0 },
      ["text/csv;q=2, text/html;q=x, application/json;q=0.1234, text/csv;q=0.5"] = { 0.5, 0, 0 },
      ["text/csv;q=0.2, text/html, text/csv;q=0.7"] = { 0.2, 1, 0 }, -- the first of those that are as specific
      ["*/csv, text/html"] = { 0, 1, 0 },
      ["text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"] = { 0.2, 1, 0.2 }, -- Java
      ["text/html, *;q=.25"] = { 0.25, 1, 0.25 },
      ["text/html, *"] = { 1, 1, 1 },
      ["text/html;q=., text/csv;q=.1234, application/json;q=.5"] = { 0, 0, 0.5 },
      ['text/csv;charset="utf-8", text/html;charset="latin1";q=.5'] = { 1, 0, 0 },
    } do
      assert.same(expected, weights(header), header)
    end
  end)

  it("is everything where nothing is said, or nothing that can be read", function()
    for _, header in ipairs { false, "", " ", ",", "nonsense", "text", "text/csv;q=2", "/", "text/csv text/html" } do
      assert.same({ 1, 1, 1 }, weights(header or nil), header)
    end
  end)

  it("is read whatever bytes there are", function()
    local number = random.new(20240607)
    local pieces = { "text", "/", "csv", "*", ";", "q", "=", "0", ".", "1", ",", " ", '"', "\\", "\255", "html" }
    for _ = 1, 5000 do
      local parts = {}
      for i = 1, number(0, 20) do
        parts[i] = pieces[number(1, #pieces)]
      end
      for _, weight in ipairs(weights(table.concat(parts))) do
        assert.is_true(weight >= 0 and weight <= 1)
      end
    end
  end)
end)
