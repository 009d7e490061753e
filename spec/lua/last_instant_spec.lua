-- One poll at the last microsecond that there is: every way to read gives it exactly, on both Luas, and none raises.

local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local Queue = require "loom.queue"
local shell = require "support.shell"
local Stored = require "loom.stored_report"

local LAST, BEFORE = "9999-12-31 23:59:59.999999 UTC", "9999-12-31 23:59:59.999993 UTC"
local FIRST = "0001-01-01 00:00:00.000001 UTC"
local DAY_BEFORE = "9999-12-30 23:59:59.999999 UTC"

describe("the last instant", function()
  local folder, path, monitor

  files.folder_for_all(function(made)
    folder = made
    path = database.make(folder .. "/db")
    monitor = assert(loom.open(path, { max_ahead = "none" }))
    assert(monitor:polls { { "last", "active", FIRST }, { "last", "inactive", BEFORE }, { "last", "active", LAST } })
    assert(monitor:exclude { store = "last", from = BEFORE, to = LAST, reason = "the end" })
    monitor:close()
  end)

  before_each(function()
    monitor = assert(loom.open(path))
  end)

  after_each(function()
    monitor:close()
  end)

  it("is told by a monitor", function()
    local info, store = monitor:info(), monitor:store "last"
    assert.same({ FIRST, LAST }, { info.first_poll_utc, info.newest_poll_utc })
    assert.same({ FIRST, LAST }, { store.first_poll_utc, store.last_poll_utc })
    for each in monitor:stores() do
      assert.is_true(each.store_id ~= "last" or each.last_poll_utc == LAST)
    end
    local exclusion = monitor:exclusions({ store = "last" })[1]
    assert.same({ BEFORE, LAST }, { exclusion.from_utc, exclusion.to_utc })
    local rows = assert(monitor:query "SELECT max(timestamp_utc) AS newest FROM polls")
    assert.equal(LAST, rows().newest)
    rows:close()
    rows = assert(monitor:query "SELECT newest_poll FROM overall WHERE newest_poll = CAST('253402300799999999' AS INTEGER)")
    assert.equal("253402300799999999", tostring(rows().newest_poll))
    rows:close()
    local parts = {}
    assert(monitor:export("polls", function(text) parts[#parts + 1] = text return true end))
    assert.matches(("last,active,%s"):format(LAST), table.concat(parts), 1, true)
    assert.same({}, monitor:check())
  end)

  it("ends windows, in every format", function()
    local report = assert(monitor:report { all_stores = true })
    assert.equal(LAST, report.as_of_utc)
    assert.same({ DAY_BEFORE, LAST }, { report.windows[2].from_utc, report.windows[2].to_utc })
    assert.matches(LAST, tostring(report), 1, true)
    for _, format in ipairs { "csv", "exact", "json", "ndjson", "markdown", "table", "html" } do
      local parts = {}
      assert(report:write(function(text) parts[#parts + 1] = text end, { format = format }))
      if format == "json" then
        assert.matches(('"as_of":"%s"'):format(LAST), table.concat(parts), 1, true)
        assert.matches(('{"name":"last_day","from":"%s","to":"%s"}'):format(DAY_BEFORE, LAST), table.concat(parts), 1, true)
      end
    end
    local groups = report:group_with(function() return "all" end, "all")
    assert.equal(LAST, groups.as_of_utc)
    report:close()
    local window = { name = "w", from = BEFORE, to = LAST }
    report = assert(monitor:report { windows = { window }, as_of = LAST })
    assert.same({ BEFORE, LAST }, { report.windows[1].from_utc, report.windows[1].to_utc })
    local up, down, unknown, excluded = report:figures(report:find "last", 1)
    assert.equal(6, up + down + unknown + excluded)
    report:close()
  end)

  it("ends what one store is looked at", function()
    for _, preset in ipairs { "loom", "monitoring" } do
      local explained = assert(monitor:explain("last", { preset = preset }))
      assert.equal(LAST, explained.as_of_utc)
      local window = explained.windows[2]
      assert.same({ DAY_BEFORE, LAST }, { window.from_utc, window.to_utc })
      local piece = window.pieces[#window.pieces]
      local cell = piece.cells[#piece.cells]
      assert.equal(BEFORE, piece.polls[1].timestamp_utc)
      assert.equal("9999-12-31 06:00:00.000000 UTC", piece.cells[1].from_utc) -- midnight in Chicago
      assert.is_true(cell.to_utc == LAST or cell.to_utc == BEFORE)
    end
    local segments = assert(monitor:timeline("last", DAY_BEFORE, LAST))
    assert.equal(DAY_BEFORE, segments[1].from_utc)
    assert.equal(LAST, segments[#segments].to_utc)
    for i = 2, #segments do
      assert.equal(segments[i - 1].to_utc, segments[i].from_utc)
    end
    assert.equal(1, #assert(monitor:outages("last", "9999-12-31 23:59:59", LAST)))
    segments = assert(monitor:timeline("last", FIRST, "0001-01-02 00:00:00"))
    assert.equal(FIRST, segments[1].from_utc)
  end)

  it("ends reports in the background, and what is made of their figures", function()
    local queue = Queue.new(monitor, { folder = folder })
    local id = assert(queue:trigger {})
    repeat
      queue:tick()
      for _, entry in pairs(queue.jobs) do
        entry.job:wait()
      end
    until queue:is_idle()
    local row = assert(queue:get(id))
    assert.equal("complete", row.state, row.error)
    local stored = assert(Stored.read(queue:figures_path(id), row.details))
    assert.equal(LAST, stored.as_of_utc)
    assert.same({ DAY_BEFORE, LAST }, { stored.windows[2].from_utc, stored.windows[2].to_utc })
    local parts = {}
    assert(stored:write(function(text) parts[#parts + 1] = text end, { format = "json" }))
    assert.matches(('"as_of":"%s"'):format(LAST), table.concat(parts), 1, true)
    queue:close()
    monitor:close()
  end)

  it("is told by the commands", function()
    local loom_command = shell.lua .. " bin/loom "
    for arguments, told in pairs {
      ["info %s"] = LAST, ["report %s --format json"] = ('"as_of":"%s"'):format(LAST),
      ["report %s --format html"] = "9999-12-31T23:59:59Z", ["report %s"] = "last,",
      ["explain %s last"] = "as of 9999-12-31 23:59:59.999999 UTC", ["explain %s last --format json"] = LAST,
      ["timeline %s last"] = "9999-12-31 23:59:59.999999", ["timeline %s last --format csv"] = LAST,
      ["outages %s last --format csv"] = "from_utc", ["exclude list %s --format json"] = ('"to_utc":"%s"'):format(LAST),
      ["query %s 'SELECT newest_poll FROM overall' --format csv"] = "253402300799999999",
      ["query %s 'SELECT newest_poll FROM overall' --format json"] = "253402300799999999",
      ["export %s polls"] = LAST, ["check %s"] = "ok",
    } do
      local result = shell.run(loom_command .. arguments:format(path))
      assert.equal(0, result.status, arguments .. ": " .. result.err)
      assert.matches(told, result.out, 1, true)
    end
  end)
end)
