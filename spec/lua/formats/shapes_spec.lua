local cjson = require "cjson"
local database = require "support.database"
local loom = require "loom"
local shapes = require "loom.formats.shapes"

local unpack = table.unpack or unpack -- luacheck: compat

describe("what the monitor tells of a store, as JSON,", function()
  local monitor

  setup(function()
    monitor = assert(loom.open ":memory:")
    assert(monitor:ingest(database.files(database.small)))
    assert(monitor:set_hours("night", { fri = { "08:00-12:00", "18:00-02:00" } }, { effective_from = "2024-03-01" }))
    assert(monitor:clear_hours("night", { effective_from = "2024-03-08" }))
  end)

  teardown(function()
    monitor:close()
  end)

  -- What a member says in Lua: of an instant the text, which is beside the number.
  local function of_lua(told, name)
    local value = told[name .. "_utc"]
    if value == nil then
      value = told[name]
    end
    return value
  end

  -- Openings in seconds are there for Lua, beside their text, which is all that JSON has: `open` and `close` beside `span`, and
  -- `openings` beside a `week`.
  local function is_beside_text(told, name)
    local of_span = told.span ~= nil and (name == "open" or name == "close")
    return of_span or (name == "openings" and told.uptime == nil)
  end

  -- Every member of an object is a field of the table, and every field a member: `where` tells which differs.
  local function expect_same(told, read, where)
    if type(told) ~= "table" then
      if told == nil or read == false then
        assert.is_true(read == cjson.null or told == nil, where) -- a flag that is not set
      else
        assert.is_true(told == read or math.abs(told - read) <= 1e-6, where)
      end
      return
    end
    for name in pairs(told) do
      local plain = type(name) == "string" and name:gsub("_utc$", "") or name
      assert.is_true(is_beside_text(told, name) or read[plain] ~= nil or read[name] ~= nil or read[name .. "_utc"] ~= nil,
        ("%s.%s is not in the JSON"):format(where, name))
    end
    for name, value in pairs(read) do
      expect_same(of_lua(told, name), value, where .. "." .. name)
    end
  end

  it("has the fields of explanations", function()
    for store in monitor:stores() do
      for _, preset in ipairs { "loom", "monitoring" } do
        local told, parts = assert(monitor:explain(store.store_id, { preset = preset })), {}
        shapes.write_explanation(function(text)
          parts[#parts + 1] = text
        end, told)
        expect_same(told, cjson.decode(table.concat(parts)), store.store_id)
      end
    end
  end)

  it("has the fields of hours, with every day of a week", function()
    for store in monitor:stores() do
      local told = assert(monitor:hours(store.store_id, { on = "2024-03-04" }))
      local read = cjson.decode(shapes.hours(store.store_id, told))
      assert.equal(store.store_id, read.store_id)
      read.store_id = nil
      for _, item in ipairs { told, unpack(told.changes) } do
        for _, day in ipairs { "mon", "tue", "wed", "thu", "fri", "sat", "sun" } do
          if item.week then
            item.week[day] = item.week[day] or {}
          end
        end
      end
      expect_same(told, read, store.store_id)
    end
  end)
end)
