local cjson = require "cjson"
local contract = require "support.contract"
local fleets = require "support.fleets"
local loom = require "loom"
local server = require "support.api"

local expect, problem, escape = contract.expect, contract.expect_problem, server.escape
local text = fleets.text

local DAY = 86400 * 1000000

local function decode(field)
  return (field:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

-- What an answer says: its head, and a list of `letters`, `id` and `value`.
local function parse(body)
  local head, rest = body:match "^([^\n]*)\n(.*)$"
  local lines = {}
  for letters, id, value in rest:gmatch "([updnxc]+)\t([^\t\n]*)\t?([^\n]*)\n" do
    lines[#lines + 1] = { letters = letters, id = decode(id), value = value ~= "" and decode(value) or nil }
  end
  local _, breaks = rest:gsub("\n", "")
  assert.equal(breaks, #lines)
  return cjson.decode(head), lines
end

local function get(query)
  local response = server.request("GET", "/v1/strips" .. (query or ""))
  assert.equal(200, response.status, response.body)
  assert.equal("text/plain; charset=utf-8", response.headers["content-type"])
  return parse(response.body)
end

describe("strips over HTTP", function()
  local choose, first

  setup(function()
    local path, monitor, _ = server.start().database
    monitor, _, choose, first = fleets.make(11, path)
    for i = 1, 12 do
      assert(monitor:set_attributes("shop " .. i, { brand = i % 4 > 0 and "100%\t" .. i % 4 or nil }))
    end
    assert(monitor:polls { { "a\tb%\255", true, text(first + DAY) }, { "caf\195\169", false, text(first + 2 * DAY) } })
    monitor:close()
  end)

  teardown(function()
    server.stop()
  end)

  -- The value of a store that lines are in order of: smaller ones come first, nil last.
  local keys = {
    store_id = function() return 0 end,
    down = function(row) return -row.span.down end,
    first_outage = function(row) return (row.strip:find "[dp]") end,
    timezone_str = function(_, store) return store.timezone_str or "America/Chicago" end,
    ["attribute.brand"] = function(_, store) return store.attributes.brand end,
  }

  local function comes_before(a, b)
    for _, name in ipairs { "value", "key" } do
      if a[name] ~= b[name] then
        return a[name] ~= nil and (b[name] == nil or a[name] < b[name])
      end
    end
    return a.id < b.id
  end

  it("are those of the module, in any order, by any value", function()
    local monitor = assert(loom.open(server.database()))
    local order_names = {}
    for name in pairs(keys) do
      order_names[#order_names + 1] = name
    end
    table.sort(order_names)
    for round = 1, 30 do
      local _, parameters = fleets.some_rules(choose)
      local bins, order = choose(1, 60), order_names[choose(1, #order_names)]
      local by = ({ false, "brand", "timezone_str" })[choose(1, 3)] or nil
      local from = first + choose(0, 10 * 86400) * 1000000
      local to = from + choose(1, 3 * 86400) * 1000000
      local asked = { windows = { { name = "span", from = text(from), to = text(to) } }, strips = { bins = bins } }
      local query = ("?from=%s&to=%s&bins=%d&order=%s%s%s"):format(escape(text(from)), escape(text(to)), bins, order,
        by and "&by=" .. by or "", round % 3 == 0 and "&store_id=s*" or "")
      for name, value in pairs(parameters) do
        asked[name], query = value, query .. "&" .. name .. "=" .. escape(tostring(value))
      end
      asked.stores = round % 3 == 0 and "s*" or nil
      local report, expected = assert(monitor:report(asked)), {}
      for row in report:rows() do
        local store = assert(monitor:store(row.store_id))
        expected[#expected + 1] = { id = row.store_id, letters = row.strip, key = keys[order](row, store),
          value = by and keys[by == "brand" and "attribute.brand" or by](row, store) or nil }
      end
      table.sort(expected, comes_before)
      local head, lines = get(query)
      for i, line in ipairs(expected) do
        line.key = nil
        assert.same(line, lines[i], query)
      end
      assert.equal(#expected, #lines)
      assert.same({ as_of = report.as_of_utc, from = text(from), to = text(to), bins = bins, stores = #expected, order = order,
        by = by or cjson.null }, head)
      report:close()
    end
    monitor:close()
  end)

  it("are those of the week before the newest poll unless told otherwise, the worst first", function()
    local head, lines = get()
    assert.equal(168, head.bins)
    assert.equal(head.as_of, head.to)
    assert.equal("down", head.order)
    assert.equal(14, #lines)
    assert.equal(168, #lines[1].letters)
    local monitor = assert(loom.open(server.database()))
    local report = assert(monitor:report())
    for row in report:rows { sort = "down_last_week", descending = true, limit = 1 } do
      assert.equal(row.store_id, lines[1].id)
    end
    report:close()
    monitor:close()
    assert.equal(head.as_of, get("?to=" .. escape(head.as_of)).as_of)
    assert.same(get("?to=" .. escape(head.as_of)), head)
    assert.matches("^%d%d%d%d%-%d%d%-%d%dT", (get "?time=rfc3339").from)
  end)

  it("are shorter where only the picture is wanted", function()
    for _, query in ipairs { "?bins=40", "?bins=7&by=brand", "?by=timezone_str&order=first_outage" } do
      local _, lines = get(query)
      local body = server.request("GET", "/v1/strips" .. query .. "&compact=true").body
      local at, rest = 0, body:match "^[^\n]*\n(.*)$"
      for runs, value in rest:gmatch "(%w+)\t?\t?([^\n]*)\n" do
        at = at + 1
        local letters = runs:gsub("(%d*)(%l)", function(count, letter)
          return letter:rep(tonumber(count) or 1)
        end)
        assert.same({ lines[at].letters, lines[at].value or "" }, { letters, decode(value) })
        assert.is_true(#runs <= #letters)
      end
      assert.equal(#lines, at)
    end
  end)

  it("are of the stores that are chosen", function()
    for query, expected in pairs { ["?store_id=caf*"] = "caf\195\169", ["?q=B%25"] = "a\tb%\255" } do
      local head, lines = get(query)
      assert.equal(1, head.stores)
      assert.equal(expected, lines[1].id)
    end
    assert.equal(0, get("?store_id=nobody").stores)
    local now = expect(200, "GET", "/v1/now")
    assert.equal(now.counts.down, (get "?state=down").stores)
  end)

  it("are asked for in a way that can be answered", function()
    for query, field in pairs { ["?bins=0"] = "bins", ["?bins=1001"] = "bins", ["?order=up"] = "order",
      ["?order=attribute."] = "order", ["?by="] = "by", ["?from=x"] = "from", ["?windows=today"] = "windows",
      ["?step=1h"] = "step" } do
      problem(400, field, "GET", "/v1/strips" .. query)
    end
    problem(422, "to", "GET", "/v1/strips?from=2024-03-05T00:00Z&to=2024-03-04T00:00Z")
    local far = "/v1/strips?from=1924-03-05T00:00Z&to=2024-03-04T00:00Z"
    assert.equal(200, server.request("GET", far .. "&bins=1000").status)
  end)
end)

describe("strips of a service without polls", function()
  setup(function()
    server.start()
  end)

  teardown(function()
    server.stop()
  end)

  it("are none", function()
    for _, query in ipairs { "", "?from=2024-03-04T00:00Z&to=2024-03-05T00:00Z&by=brand" } do
      local head, lines = get(query)
      assert.equal(0, #lines)
      assert.equal(cjson.null, head.as_of)
    end
  end)
end)
