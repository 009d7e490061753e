local cjson = require "cjson"
local json = require "loom.formats.json"
local random = require "support.random"
local report = require "support.report"

describe("the format json", function()
  it("gives seconds, and null for what is not defined", function()
    local made = report.make({ { name = "w", unit = "hours" } }, {
      { 'caf\195\169 "/\\\n', { 90000000, 30000001, 5000000, 7000000, 20000000, 2, 11 } },
      { "closed", { 0, 0, 0, 1000000, 0, 0, 0 } },
      { "up", { 1000000, 0, 0, 0, 0, 0, 1 } },
      { "unknown", { 0, 0, 1500000, 0, 0, 0, 0 } },
    })
    local text = report.text(json, made)
    local parsed = cjson.decode(text)
    assert.equal("1970-01-01 01:00:00.000000 UTC", parsed.as_of)
    assert.same({ preset = "loom", slack = 60, fill = "backward", evidence = "inside", no_data = "down",
      max_gap = cjson.null, default_zone = "America/Chicago" }, parsed.rules)
    assert.same({ { name = "w", from = "1970-01-01 00:00:00.000000 UTC", to = "1970-01-01 01:00:00.000000 UTC" } },
      parsed.windows)
    assert.equal('caf\195\169 "/\\\n', parsed.stores[1].store_id)
    assert.same({ up = 90, down = 30.000001, unknown = 5, excluded = 7, scheduled = 125.000001, ratio = 0.749999,
      outages = 2, longest = 20, mttr = 15.000001, mtbf = 45, polls = 11 }, parsed.stores[1].windows.w)
    assert.same({ up = 0, down = 0, unknown = 0, excluded = 1, scheduled = 0, ratio = cjson.null,
      outages = 0, longest = 0, mttr = cjson.null, mtbf = cjson.null, polls = 0 }, parsed.stores[2].windows.w)
    assert.equal(1, parsed.stores[3].windows.w.ratio)
    assert.equal(cjson.null, parsed.stores[4].windows.w.ratio)
    assert.equal(1.5, parsed.stores[4].windows.w.scheduled)
  end)

  it("is valid without stores, and with a maximal gap", function()
    local made = report.make({ { name = "a", unit = "hours" }, { name = "b", unit = "minutes" } }, {})
    made.rules.max_gap = 5400.5
    local parsed = cjson.decode(report.text(json, made))
    assert.same({}, parsed.stores)
    assert.equal(2, #parsed.windows)
    assert.equal(5400.5, parsed.rules.max_gap)
  end)

  local STRAY = "\239\191\189"

  -- Ids of any bytes, and what they are in UTF-8.
  local ids = {
    { "", "" }, { "\0", "\0" }, { "a\127b", "a\127b" }, { '"\\/\b\f\n\r\t\1\31', '"\\/\b\f\n\r\t\1\31' },
    { "\194\128\223\191", "\194\128\223\191" }, { "\224\160\128\239\191\191", "\224\160\128\239\191\191" },
    { "\237\159\191\238\128\128", "\237\159\191\238\128\128" },
    { "\240\144\128\128\244\143\191\191", "\240\144\128\128\244\143\191\191" },
    { "\255", STRAY }, { "a\128b", "a" .. STRAY .. "b" }, { "\192\128", STRAY:rep(2) }, { "\193\191", STRAY:rep(2) }, -- too long
    { "\224\159\191", STRAY:rep(3) }, { "\240\143\191\191", STRAY:rep(4) }, -- too long
    { "\237\160\128", STRAY:rep(3) }, { "\244\144\128\128", STRAY:rep(4) }, { "\245\128\128\128", STRAY:rep(4) }, -- no characters
    { "\226\130", STRAY:rep(2) }, { "\240\159\152", STRAY:rep(3) }, { "\195", STRAY }, { "\195(", STRAY .. "(" }, -- cut off
    { "\226\130\172\226", "\226\130\172" .. STRAY },
  }

  it("is UTF-8 whatever the ids are", function()
    local list = {}
    for i, id in ipairs(ids) do
      list[i] = { id[1], { 0, 0, 0, 0, 0, 0, 0 } }
    end
    local made = report.make({ { name = "w", unit = "hours" } }, list)
    local parsed = cjson.decode(report.text(json, made))
    local column = { name = "\255\0", value = function(row) return row.store_id end }
    local chosen = cjson.decode(report.text(json, made, { columns = { column } }))
    for i, id in ipairs(ids) do
      assert.equal(id[2], parsed.stores[i].store_id)
      assert.equal(id[2], chosen.stores[i][STRAY .. "\0"])
    end
  end)

  it("is valid for bytes at random", function()
    local next_number, list = random.new(7), {}
    for i = 1, 2000 do
      local bytes = {}
      for at = 1, next_number(1, 12) do
        bytes[at] = string.char(next_number(0, 3) == 0 and next_number(0, 127) or next_number(128, 255))
      end
      list[i] = { table.concat(bytes), { 0, 0, 0, 0, 0, 0, 0 } }
    end
    local text = report.text(json, report.make({ { name = "w", unit = "hours" } }, list))
    local parsed = cjson.decode(text)
    assert.equal(2000, #parsed.stores)
    if utf8 then
      assert.equal("number", type(utf8.len(text)))
    end
    for i, store in ipairs(parsed.stores) do
      assert.equal((list[i][1]:gsub("[\128-\255]", "")), (store.store_id:gsub("[\128-\255]", "")))
    end
  end)

  it("has the columns that are asked for, in the order and the number that are", function()
    local made = report.make({ { name = "w", unit = "hours" } }, {
      { "a", { 3600e6, 1800e6, 0, 0, 1800e6, 1, 3 } }, { "b", { 7200e6, 0, 0, 0, 0, 0, 0 } }, { "c", { 0, 0, 0, 0, 0, 0, 0 } },
    })
    local text = report.text(json, made, { columns = { "store_id", "ratio_w", "uptime_w" }, sort = "ratio_w", limit = 2 })
    assert.same({ { store_id = "a", ratio_w = 0.666666, uptime_w = 1 }, { store_id = "b", ratio_w = 1, uptime_w = 2 } },
      cjson.decode(text).stores)
  end)

  it("has an objective where the report has one", function()
    local made = report.make({ { name = "w", unit = "hours" } }, { { "a", { 54 * 60e6, 6 * 60e6, 0, 0, 0, 1, 1 } },
      { "b", { 0, 0, 0, 0, 0, 0, 0 } }, { "c", { 1, 60e6, 0, 0, 0, 1, 1 } } })
    function made.plain:slo_budget(index)
      return ({ 6 * 60e6, 0, 0 })[index], 0.9
    end
    made.plain.has_slo = true
    local stores = cjson.decode(report.text(json, made)).stores
    assert.same({ target = 0.9, met = true, budget = 6, spent = 6, left = 0, burn = 1 }, stores[1].windows.w.slo)
    assert.same({ target = 0.9, met = cjson.null, budget = 0, spent = 0, left = 0, burn = cjson.null }, stores[2].windows.w.slo)
    assert.same({ target = 0.9, met = false, budget = 0, spent = 1, left = -1, burn = cjson.null }, stores[3].windows.w.slo)
  end)
end)
