local check = require "loom.check"
local cjson = require "cjson"
local csv = require "support.csv"
local database = require "support.database"
local figures = require "loom.figures"
local files = require "support.files"
local loom = require "loom"
local made_up = require "support.report"
local yielding = require "support.yielding"

describe("columns", function()
  local monitor, report

  setup(function()
    monitor = assert(loom.open ":memory:")
    assert(monitor:ingest(database.files(database.small)))
    assert(monitor:set_attributes("night", { ["shift.x"] = 'a "b", c', size = 3 }))
    report = assert(monitor:report { slo = 0.5, strips = { bins = 4 } })
  end)

  teardown(function()
    report:close()
    monitor:close()
  end)

  -- The cells of store `night` in one column.
  local function cell(column)
    local rows = csv.parse(made_up.text("csv", report, { columns = { "store_id", column } }))
    assert.same({ "store_id", column.name or column }, rows[1])
    assert.equal("night", rows[4][1])
    return rows[4][2]
  end

  local function json_cell(column)
    local text = made_up.text("ndjson", report, { columns = { column } })
    return cjson.decode(text:match "[^\n]+\n[^\n]+\n([^\n]+)\n$")[column.name or column]
  end

  it("are the standard ones where none are asked for", function()
    assert.equal("store_id,uptime_last_hour,uptime_last_day,uptime_last_week,downtime_last_hour,downtime_last_day,"
      .. "downtime_last_week", made_up.text("csv", report):match "[^\n]+")
  end)

  it("are all figures of all windows", function()
    for _, window in ipairs(report.windows) do
      for _, figure in ipairs(figures.names) do
        local name, expected = figure .. "_" .. window.name, report:get("night")[window.name][figure]
        local text = cell(name)
        assert.is_true(expected == nil and text == "" or math.abs(tonumber(text) - expected) < 1e-6, name)
        local value = json_cell(name)
        assert.is_true(expected == nil and value == cjson.null or math.abs(value - expected) < 1e-6, name)
      end
      for _, part in ipairs { "target", "met", "budget", "spent", "left", "burn" } do
        local name, expected = ("slo_%s_%s"):format(part, window.name), report:get("night")[window.name].slo[part]
        local text = cell(name)
        assert.is_true(type(expected) == "number" and math.abs(tonumber(text) - expected) < 1e-6
          or text == (expected == nil and "" or tostring(expected)), name)
      end
    end
  end)

  it("are others, by name", function()
    assert.equal("night", cell "store_id")
    assert.equal("2.33", cell "uptime_last_week")
    assert.equal("1.5", cell "downtime_last_week")
    assert.equal(2.33, json_cell "uptime_last_week")
    assert.equal('a "b", c', cell "attributes.shift.x")
    assert.equal("3", cell "attributes.size")
    assert.equal("", cell "attributes.none")
    assert.equal(cjson.null, json_cell "attributes.none")
    assert.equal(report:get("night").strip, cell "strip")
  end)

  -- What a function returns, in CSV and in JSON.
  for _, case in ipairs {
    { 0, "0", 0 }, { -3, "-3", -3 }, { 0.5, "0.5", 0.5 }, { 1 / 3, "0.333333", 0.333333 }, { 1e-9, "0", 0 },
    { 123456789.25, "123456789.25", 123456789.25 }, { 100, "100", 100 }, { 2 ^ 53, "9007199254740992", 2 ^ 53 },
    { -2 ^ 53, "-9007199254740992", -2 ^ 53 },
    { 1e300, ("%.0f"):format(1e300), 1e300 }, { -2 ^ 63, "-9223372036854775808", -2 ^ 63 },
    { 2 ^ 63, "9223372036854775808", 2 ^ 63 }, { 2 ^ 64, "18446744073709551616", 2 ^ 64 },
    { 0 / 0, "", cjson.null }, { 1 / 0, "", cjson.null }, { -1 / 0, "", cjson.null }, { nil, "", cjson.null },
    { true, "true", true }, { false, "false", false }, { "", "", "" }, { "plain", "plain", "plain" },
    { 'say "hi"', 'say "hi"', 'say "hi"' }, { "a,b\r\nc", "a,b\r\nc", "a,b\r\nc" }, { "\0", "\0", "\0" },
    { "\255", "\255", "\239\191\189" },
  } do
    local value, text, json = case[1], case[2], case[3]
    it(("are the caller's: %q"):format(tostring(value)), function()
      local column = { name = 'my "column", 1', value = function(row)
        assert(row.last_week.up)
        return value
      end }
      assert.equal(text, cell(column))
      assert.equal(json, json_cell(column))
    end)
  end

  it("that are not known raise", function()
    for _, name in ipairs {
      "", "nonsense", "last_week", "attributes", "attributes.", "ratio", "ratio_", "ratio_last_year", "nonsense_last_week",
      "slo_met", "slo_met_last_year", "slo_nonsense_last_week", "uptime", "uptime_last_year", "stores", "index", "source",
    } do
      assert.error_matches(function() made_up.text("csv", report, { columns = { name } }) end,
        ("bad option 'columns' to 'write' (names of columns, or tables of name and value expected, got \"%s\")"):format(name),
        1, true)
    end
    for _, column in ipairs { 1, true, {}, { name = "x" }, { value = print }, { name = 1, value = print }, print } do
      assert.error_matches(function() made_up.text("csv", report, { columns = { column } }) end,
        "names of columns, or tables of name and value expected, got " .. check.shown(column), 1, true)
    end
    for _, list in ipairs { {}, "store_id", 1, true } do
      assert.error_matches(function() made_up.text("csv", report, { columns = list }) end,
        "bad option 'columns' to 'write' (list of columns expected", 1, true)
    end
  end)

  describe("of the caller's that fail", function()
    local folder, path

    files.folder_for_each(function(made)
      folder = made
      path = files.write(folder .. "/out", "as it was")
    end)

    local function untouched()
      assert.same({ "out" }, files.list(folder))
      assert.equal("as it was", files.read(path))
    end

    for _, format in ipairs { "csv", "json", "ndjson", "table", "markdown" } do
      it("raise through the format " .. format .. " and leave the file as it was", function()
        local mine, calls = {}, 0
        local column = { name = "x", value = function()
          calls = calls + 1
          return calls < 3 or error(mine)
        end }
        for _, options in ipairs { { format = format, columns = { column } }, { format = format, sort = column.value } } do
          calls = 0
          local good, err = pcall(report.write, report, path, options)
          assert.is_false(good)
          assert.equal(mine, err)
          untouched()
        end
      end)
    end

    it("leave no file where there was none", function()
      assert(os.remove(path))
      assert.has_error(function()
        report:write(path, { columns = { { name = "x", value = function() error("mine", 0) end } } })
      end, "mine")
      assert.same({}, files.list(folder))
    end)

    it("that yield outside of coroutines raise", function()
      if not coroutine.isyieldable or not coroutine.isyieldable() then -- busted runs tests in the main one
        assert.has_error(function()
          report:write(path, { columns = { { name = "x", value = coroutine.yield } } })
        end)
        untouched()
      end
    end)

    it("may yield, where Lua can do it", function()
      local run = coroutine.wrap(function()
        return report:write(path, { columns = { { name = "x", value = function(row)
          return coroutine.yield(row.store_id)
        end } } })
      end)
      if not yielding then
        assert.has_error(run)
        untouched()
        return
      end
      assert.equal("1481966498820158979", run())
      assert.equal("as it was", files.read(path))
      run "one"
      assert.equal("night", run "two")
      assert.is_true(run "three")
      assert.equal("x\none\ntwo\nthree\n", files.read(path))
      assert.same({ "out" }, files.list(folder))
    end)
  end)
end)
