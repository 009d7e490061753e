local database = require "support.database"
local files = require "support.files"
local lfs = require "lfs"
local loading = require "loom.loading"
local loom = require "loom"

local header = "store_id,status,timestamp_utc\n"

describe("loading", function()
  local folder, monitor

  before_each(function()
    folder = files.make_folder()
    monitor = assert(loom.open ":memory:")
  end)

  after_each(function()
    monitor:close()
    files.remove_folder(folder)
  end)

  describe("finds in a folder", function()
    local function write(name, text)
      return files.write(folder .. "/" .. name, text)
    end

    it("files by their usual names, the plain one first, whatever is in them", function()
      for _, name in ipairs { "store_status.csv", "menu_hours.csv.gz", "timezones.csv", "timezones.csv.gz" } do
        write(name, "nonsense")
      end
      local expected = { polls = { folder .. "/store_status.csv" }, hours = { folder .. "/menu_hours.csv.gz" },
        timezones = { folder .. "/timezones.csv" } }
      assert.same({ expected, {} }, { loading.find(folder) })
      assert.same({ expected, {} }, { loading.find(folder .. "//") })
    end)

    it("files by their headers, in every form, and tells what is none", function()
      write("Menu hours.csv", "day;STORE_ID;end_time_local;start_time_local\r\n")
      write("timezone.csv", "\239\187\191extra,timezone_str,store_id\n1,2,3\n")
      write("polls 2.tsv", "sep=\t\nstore_id\tstatus\ttimestamp_utc")
      write("polls 1.txt", "\255\254" .. ("store_id,status,timestamp_utc\n"):gsub(".", "%0\0"))
      write("holidays", "\n\nstore_id,date,open,close\n")
      write("maintenance.csv", "store_id,from_utc,to_utc")
      write("attributes of stores.csv", "store_id,region\n1,west\n") -- could be anything
      write("empty.csv", "")
      write("photo.jpg", "\255\216\255\224\0\16JFIF")
      write(".hidden.csv", "store_id,status,timestamp_utc\n")
      write("old.zip", "PK\3\4\20\0\0\0\8\0")
      assert(loom.open(folder .. "/loom.db", { create = true })):close()
      write("loom.db-wal", "")
      assert(lfs.mkdir(folder .. "/inner"))
      local found, left_out = loading.find(folder)
      local function path(name)
        return folder .. "/" .. name
      end
      assert.same({ hours = { path "Menu hours.csv" }, timezones = { path "timezone.csv" },
        polls = { path "polls 1.txt", path "polls 2.tsv" }, special_days = { path "holidays" },
        exclusions = { path "maintenance.csv" } }, found)
      assert.same({
        path 'attributes of stores.csv: its header is not that of a file that is known: "store_id,region"',
        path "empty.csv: it is empty",
        path "old.zip: is compressed, as zip (as spreadsheets are, which can be saved as CSV): only gzip is read as it is",
        path "photo.jpg: it is not a text file with a header",
      }, left_out)
    end)

    it("nothing", function()
      assert.same({ nil, folder .. ": has none of the files that loom ingest knows" }, { loading.find(folder) })
      write("notes.txt", "hello\n")
      assert.same({ nil, folder .. ": has none of the files that loom ingest knows; " .. folder
        .. '/notes.txt: its header is not that of a file that is known: "hello"' }, { loading.find(folder) })
    end)
  end)

  it("tells what became of each file, in the order in which they are loaded", function()
    local summaries = assert(monitor:ingest(database.files(database.small)))
    local kinds = {}
    for i, summary in ipairs(summaries) do
      kinds[i] = summary.kind
      assert.equal(summary.rows, summary.new)
      assert.equal(0, summary.duplicates + summary.conflicts + summary.rejected)
      assert.equal("number", type(summary.seconds))
    end
    assert.same(database.kinds, kinds)
    assert.equal(database.small .. "/store_status.csv", summaries[1].source)
  end)

  it("counts duplicates and conflicts, and the later row wins", function()
    local first = files.write(folder .. "/1.csv", header .. "a,active,2024-01-01 10:00:00\na,active,2024-01-01 10:00:00\n"
      .. "a,active,2024-01-01 11:00:00\na,inactive,2024-01-01 11:00:00\n")
    local second = files.write(folder .. "/2.csv", header .. "a,inactive,2024-01-01 10:00:00\na,inactive,2024-01-01 11:00:00\n"
      .. "b,active,2024-01-01 11:00:00\n")
    local summaries = assert(monitor:ingest { status = { first, second } })
    local function counts(summary)
      return { summary.rows, summary.new, summary.duplicates, summary.conflicts }
    end
    assert.same({ 4, 2, 1, 1 }, counts(summaries[1]))
    assert.same({ 3, 1, 1, 1 }, counts(summaries[2]))
    summaries = assert(monitor:ingest { status = second })
    assert.same({ 3, 0, 3, 0 }, counts(summaries[1]))
  end)

  it("is all or nothing over all files", function()
    local bad = files.write(folder .. "/bad.csv", "store_id,timezone_str\na,Mars/Olympus\n")
    local good, message, code = monitor:ingest { status = database.small .. "/store_status.csv", timezones = bad }
    assert.is_nil(good)
    assert.equal("EINPUT: " .. bad .. ':2: timezone_str: "Mars/Olympus" is not a zone of the tz database', message)
    assert.equal("EINPUT", code)
    assert.equal(0, monitor:info().stores)
  end)

  it("gives rejects to a function, each with its file", function()
    local polls = files.write(folder .. "/polls.csv", header .. "a,up,2024-01-01 10:00:00\na,active\n")
    local zones = files.write(folder .. "/zones.csv", "store_id,timezone_str\na,Mars/Olympus\n")
    local rejects = {}
    local summaries = assert(monitor:ingest { status = polls, timezones = zones, max_rejects = "all",
      on_reject = function(reject) rejects[#rejects + 1] = reject end })
    assert.equal(2, summaries[1].rejected)
    assert.equal(1, summaries[2].rejected)
    assert.same({
      { source = polls, line = 2, column = "status", value = "up", reason = "is not a status (active or inactive)",
        row = "a,up,2024-01-01 10:00:00" },
      { source = polls, line = 3, column = "", value = "", reason = "has 2 fields, but the header has 3", row = "a,active" },
      { source = zones, line = 2, column = "timezone_str", value = "Mars/Olympus",
        reason = "is not a zone of the tz database", row = "a,Mars/Olympus" },
    }, rejects)
  end)

  it("gives the reject that fails a file, too", function()
    local polls = files.write(folder .. "/polls.csv", header .. "a,up,2024-01-01 10:00:00\n")
    local rejects = {}
    assert.is_nil((monitor:ingest { status = polls, on_reject = function(reject) rejects[#rejects + 1] = reject.line end }))
    assert.same({ 2 }, rejects)
  end)

  it("tells its progress", function()
    local path = files.write(folder .. "/polls.csv", header .. ("a,active,2024-01-01 10:00:00 UTC\n"):rep(20000))
    local size = #files.read(path)
    local reading, last_share = 0, nil
    assert(monitor:ingest { status = path, progress = function(done, total, source, phase)
      assert.equal(path, source)
      if phase == "reading" then
        assert.equal(size, total)
        assert.is_true(done > reading and done <= size)
        reading = done
      else
        assert.equal("writing", phase)
        last_share = done / total
      end
    end })
    assert.equal(size, reading)
    assert.equal(1, last_share)
  end)

  -- A caller's function may raise anything: it comes through, and the transaction is undone.
  for phase, set in pairs {
    reading = function(options) options.progress = function() error { "mine" } end end,
    writing = function(options)
      options.progress = function(_, _, _, phase)
        if phase == "writing" then
          error { "mine" }
        end
      end
    end,
    rejecting = function(options)
      options.max_rejects, options.on_reject = "all", function() error { "mine" } end
    end,
  } do
    it("is undone by an error while " .. phase, function()
      local options = { status = files.write(folder .. "/polls.csv", header .. "a,active,2024-01-01 10:00:00\nbad\n"),
        max_rejects = 1 }
      set(options)
      local good, err = pcall(monitor.ingest, monitor, options)
      assert.is_false(good)
      assert.same({ "mine" }, err)
      assert.equal(0, monitor:info().stores)
      assert(monitor:ingest(database.files(database.small)))
    end)
  end

  it("calls polls also status, and loads the files of both", function()
    local head = "store_id,status,timestamp_utc\n"
    local function source(id)
      local text = head .. id .. ",active,2024-03-04 10:00:00\n"
      return function()
        local chunk = text
        text = nil
        return chunk
      end
    end
    local summaries = assert(monitor:ingest { status = source "a", polls = { source "b", source "c" } })
    for i = 1, 3 do
      assert.equal("polls", summaries[i].kind)
    end
    assert.equal(3, monitor:info().stores)
    for _, kind in ipairs { "polls", "status" } do
      local ingester = assert(monitor:ingester(kind))
      assert(ingester:feed(head .. kind .. ",active,2024-03-04 10:00:00\n"))
      assert.equal("polls", assert(ingester:finish()).kind)
    end
    assert.equal(5, monitor:info().stores)
  end)

  it("raises on misuse", function()
    assert.error_matches(function() monitor:ingest {} end, "no files to 'ingest'", 1, true)
    assert.error_matches(function() monitor:ingest { poll = "a.csv" } end, "unknown option 'poll' to 'ingest'", 1, true)
    assert.has_error(function() monitor:ingest() end)
    assert.has_error(function() monitor:ingest { status = 1 } end)
    assert.has_error(function() monitor:ingest { status = database.small .. "/store_status.csv", max_rejects = "some" } end)
    assert.has_error(function() monitor:ingest { status = database.small .. "/store_status.csv", threads = 1000 } end)
    assert.equal(0, monitor:info().stores)
  end)

  it("gives the same with any number of threads", function()
    local golden = database.files "spec/fixtures/golden/utc"
    local polls
    for _, threads in ipairs { 1, 2, 8 } do
      local other = assert(loom.open ":memory:")
      assert(other:ingest { status = golden.status, threads = threads })
      local parts = {}
      assert(other:export("polls", function(text)
        parts[#parts + 1] = text
        return true
      end))
      other:close()
      local exported = table.concat(parts)
      polls = polls or exported
      assert.is_true(polls == exported)
    end
  end)
end)
