local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local Queue = require "loom.queue"
local Stored = require "loom.stored_report"

describe("a stored report", function()
  local folder, monitor, queue, id

  setup(function()
    folder = files.make_folder()
    monitor = assert(loom.open(database.make(folder .. "/db")))
    assert(monitor:polls { { 'a "b", c\nd', true, "2024-03-04 12:00:00" } })
    queue = Queue.new(monitor, { folder = folder })
    id = assert(queue:trigger { preset = "monitoring", max_gap = 1234.567891 })
    repeat
      queue:tick()
      for _, entry in pairs(queue.jobs) do
        entry.job:wait()
      end
    until queue:is_idle()
  end)

  teardown(function()
    monitor:close()
    files.remove_folder(folder)
  end)

  local function text(report, format)
    local pieces = {}
    assert(report:write(function(piece) pieces[#pieces + 1] = piece end, { format = format }))
    return table.concat(pieces)
  end

  it("is in every format what the report itself is", function()
    local pauses = 0
    local stored = assert(Stored.read(queue:figures_path(id), queue:get(id).details, function() pauses = pauses + 1 end))
    local report = assert(monitor:report { preset = "monitoring", max_gap = 1234.567891 })
    assert.equal(#report, #stored)
    assert.equal(0, pauses)
    for _, format in ipairs { "csv", "exact", "json", "markdown", "ndjson", "table" } do
      local columns = format == "csv" and require("loom.columns").standard(report) or nil
      local pieces = {}
      assert(stored:write(function(piece) pieces[#pieces + 1] = piece end, { format = format, columns = columns }))
      assert.equal(text(report, format), table.concat(pieces))
    end
    assert.equal(report:get('a "b", c\nd').last_day.up, stored:get('a "b", c\nd').last_day.up)
    assert.same(report.rules, stored.rules)
    report:close()
  end)

  it("that is not there is a failure", function()
    assert.matches("^EIO: .*cannot be read$", (select(2, Stored.read(folder .. "/none", queue:get(id).details))))
    assert.matches("^EIO: ", (select(2, Stored.read(queue:figures_path(id), "nonsense"))))
  end)
end)
