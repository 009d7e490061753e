local columns = require "loom.columns"
local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local Queue = require "loom.queue"
local Stored = require "loom.stored_report"

describe("a stored report", function()
  local folder, monitor, queue, id

  -- Asks for a report and waits for it: its id.
  local function make(options)
    local asked = assert(queue:trigger(options))
    repeat
      queue:tick()
      for _, entry in pairs(queue.jobs) do
        entry.job:wait()
      end
    until queue:is_idle()
    return asked
  end

  setup(function()
    folder = files.make_folder()
    monitor = assert(loom.open(database.make(folder .. "/db")))
    assert(monitor:polls { { 'a "b", c\nd', true, "2024-03-04 12:00:00" } })
    queue = Queue.new(monitor, { folder = folder })
    for i, store in ipairs { 'a "b", c\nd', "night", "1481966498820158979" } do
      assert(monitor:set_attributes(store, { region = i < 3 and 'no "rth"\255' or "south", goal = i > 1 and "0.5" or nil }))
    end
    id = make { preset = "monitoring", max_gap = 1234.567891 }
  end)

  teardown(function()
    monitor:close()
    files.remove_folder(folder)
  end)

  local function text(report, format, chosen)
    local pieces = {}
    assert(report:write(function(piece) pieces[#pieces + 1] = piece end, { format = format, columns = chosen }))
    return table.concat(pieces)
  end

  it("is in every format what the report itself is", function()
    local pauses = 0
    local stored = assert(Stored.read(queue:figures_path(id), queue:get(id).details, function() pauses = pauses + 1 end))
    local report = assert(monitor:report { preset = "monitoring", max_gap = 1234.567891 })
    assert.equal(#report, #stored)
    assert.equal(0, pauses)
    for _, format in ipairs { "csv", "exact", "json", "markdown", "ndjson", "table" } do
      assert.equal(text(report, format), text(stored, format))
    end
    assert.equal(report:get('a "b", c\nd').last_day.up, stored:get('a "b", c\nd').last_day.up)
    assert.same(report.rules, stored.rules)
    report:close()
  end)

  it("has what every option of the report asks for", function()
    local formats = { "csv", "exact", "html", "json", "markdown", "ndjson", "table" }
    for _, options in ipairs {
      { slo = 1 / 3 }, { slo = { target = 0.9, stores = { night = 0.25 } } }, { slo = { attribute = "goal" } },
      { slo = { target = 0.75, attribute = "region", targets = { south = 2 / 3 } } },
      { group_by = "region" }, { name_attribute = "goal" },
      { name_attribute = "goal", group_by = "region", strips = true },
      { group_by = "region", slo = { target = 0.9, attribute = "goal" } }, { group_by = "none" },
      { strips = true }, { strips = { window = "last_day", bins = 24 }, slo = 0.5 },
      { hours = { night = { sat = "18:00-02:00" } }, windows = { { name = "w", seconds = "3d", unit = "minutes" } },
        strips = true },
      { stores = { "n*", "1481966498820158979" }, where = { region = { "south", "north" } }, all_stores = true, slo = 0.5 },
      { as_of = 1674670402.123456, slack = 0, evidence = "around", no_data = "unknown", fill = "nearest", group_by = "goal" },
    } do
      local report = assert(monitor:report(options))
      local asked = make(options)
      local stored = assert(Stored.read(queue:figures_path(asked), queue:get(asked).details))
      for _, format in ipairs(formats) do
        local source = options.group_by and format ~= "html" and report:groups() or report
        local expected = text(source, format, columns.usual(source, format))
        assert.equal(expected, text(stored, format), format)
      end
      assert.equal(not (options.slo or options.group_by), Stored.is_standard(queue:get(asked).details))
      assert.is_false(Stored.is_standard(queue:get(asked).details, true))
      for i = 1, #report do
        assert.equal(report[i].strip, stored[i].strip)
        assert.same(report[i][report.windows[1].name].slo, stored[i][report.windows[1].name].slo)
      end
      report:close()
    end
  end)

  it("keeps the attributes that its options name as they were", function()
    local options = { group_by = "region", slo = { attribute = "goal" } }
    local asked = make(options)
    local report = assert(monitor:report(options))
    local expected = text(report:groups(), "json")
    assert(monitor:set_attributes("night", { region = "west", goal = "0.1" }))
    local stored = assert(Stored.read(queue:figures_path(asked), queue:get(asked).details))
    assert.equal(expected, text(stored, "json"))
    assert.equal('no "rth"\255', stored:get("night").attributes.region)
    assert.is_nil(stored:get("night").attributes.other)
    report:close()
  end)

  it("that is not there is a failure", function()
    assert.matches("^EIO: .*: No such file or directory$", (select(2, Stored.read(folder .. "/none", queue:get(id).details))))
    assert.matches("^EIO: ", (select(2, Stored.read(queue:figures_path(id), "nonsense"))))
  end)
end)
