-- Polls that come one by one.

local coroutines = require "support.coroutines"
local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local random_of = require "support.random".new
local yielding = require "support.yielding"

local NOW = 1704103200.5 -- 2024-01-01 10:00:00.5

describe("single polls", function()
  local monitor

  before_each(function()
    monitor = assert(loom.open(":memory:", { clock = function() return NOW end }))
  end)

  after_each(function()
    monitor:close()
  end)

  -- The polls that are stored, as lines.
  local function stored(of)
    local lines = {}
    for row in assert((of or monitor):query "SELECT store_id || ' ' || active || ' ' || timestamp_utc AS line FROM polls") do
      lines[#lines + 1] = row.line
    end
    table.sort(lines)
    return lines
  end

  it("are stored one by one, now where no instant is given", function()
    assert.same({ rows = 1, new = 1, duplicates = 0, conflicts = 0, rejected = 0 }, monitor:poll("a", true))
    assert(monitor:poll("b", "inactive", "2024-01-01 11:00:00+01:00"))
    assert(monitor:poll("c", "active", 1704103201.25))
    assert(monitor:poll("d", false, 0))
    assert.same({
      "a 1 2024-01-01 10:00:00.500000 UTC", "b 0 2024-01-01 10:00:00.000000 UTC", "c 1 2024-01-01 10:00:01.250000 UTC",
      "d 0 1970-01-01 00:00:00.000000 UTC",
    }, stored())
  end)

  it("may be lists or named, in one call", function()
    assert.same({ rows = 6, new = 6, duplicates = 0, conflicts = 0, rejected = 0 }, monitor:polls {
      { "a", true, "2024-01-01 09:00:00" }, { "b", "inactive" },
      { store_id = "c", status = "active", timestamp_utc = "2024-01-01 09:00:00 UTC" }, { store_id = "d", status = false },
      { store_id = "e", status = "inactive", timestamp_utc = 1.5 }, { "1481966498820158979", "active", 0 },
    })
    assert.same({
      "1481966498820158979 1 1970-01-01 00:00:00.000000 UTC", "a 1 2024-01-01 09:00:00.000000 UTC",
      "b 0 2024-01-01 10:00:00.500000 UTC", "c 1 2024-01-01 09:00:00.000000 UTC", "d 0 2024-01-01 10:00:00.500000 UTC",
      "e 0 1970-01-01 00:00:01.500000 UTC",
    }, stored())
  end)

  it("may have ids of any text", function()
    local ids = { "é", "'", '"', "a\nb", "%", "*", "[a-z]", ("x"):rep(255), "\255\254", "NULL", "0", "1e3" }
    for _, id in ipairs(ids) do
      assert(monitor:poll(id, true))
    end
    local seen = {}
    for store in monitor:stores() do
      seen[#seen + 1] = store.store_id
    end
    table.sort(ids)
    table.sort(seen)
    assert.same(ids, seen)
    local report = assert(monitor:report())
    for i, id in ipairs(ids) do
      assert.equal(id, report:store(i))
    end
    report:close()
  end)

  it("that come twice are counted, and the later status wins", function()
    assert.same({ rows = 4, new = 2, duplicates = 1, conflicts = 1, rejected = 0 }, monitor:polls {
      { "a", true, 1 }, { "a", true, 1 }, { "a", true, 2 }, { "a", false, 2 } })
    assert.same({ rows = 3, new = 0, duplicates = 2, conflicts = 1, rejected = 0 }, monitor:polls {
      { "a", true, 1 }, { "a", false, 2 }, { "a", false, 1 } })
    assert.same({ "a 0 1970-01-01 00:00:01.000000 UTC", "a 0 1970-01-01 00:00:02.000000 UTC" }, stored())
  end)

  it("may be none", function()
    assert.same({ rows = 0, new = 0, duplicates = 0, conflicts = 0, rejected = 0 }, monitor:polls {})
  end)

  -- What is no poll: it, and what a reject of it says.
  local bad = {
    { {}, "store_id", nil, "is not a store id of 1 to 255 bytes", "nil" },
    { 5, "store_id", nil, "is not a store id of 1 to 255 bytes", "nil" },
    { { "", true }, "store_id", "", "is not a store id of 1 to 255 bytes", '""' },
    { { 17, true }, "store_id", 17, "is not a store id of 1 to 255 bytes", "17" },
    { { ("x"):rep(256), true }, "store_id", ("x"):rep(256), "is not a store id of 1 to 255 bytes",
      '"' .. ("x"):rep(256) .. '"' },
    { { " a\n", true }, "store_id", " a\n", "is not a store id of 1 to 255 bytes", '" a\\n"' },
    { { "a" }, "status", nil, "is not a status (active or inactive)", "nil" },
    { { "a", "up" }, "status", "up", "is not a status (active or inactive)", '"up"' },
    { { "a", 1 }, "status", 1, "is not a status (active or inactive)", "1" },
    { { store_id = "a", status = "ACTIVE " }, "status", "ACTIVE ", "is not a status (active or inactive)", '"ACTIVE "' },
    { { status = true }, "store_id", nil, "is not a store id of 1 to 255 bytes", "nil" },
    { { "a", true, "never" }, "timestamp_utc", "never", "is not a timestamp", '"never"' },
    { { "a", true, 1e15 }, "timestamp_utc", 1e15, "is not a timestamp", tostring(1e15) },
    { { "a", true, false }, "timestamp_utc", false, "is not a timestamp", "false" },
  }

  it("that are none fail the whole call, by their place", function()
    for _, case in ipairs(bad) do
      local rejects = {}
      local good, message, code = monitor:polls({ { "new", true }, case[1], { "newer", true } },
        { on_reject = function(reject) rejects[#rejects + 1] = reject end })
      assert.is_nil(good)
      assert.equal(("EINPUT: polls[2]: %s: %s %s"):format(case[2], case[5], case[4]), message)
      assert.equal("EINPUT", code)
      assert.same({ { index = 2, column = case[2], value = case[3], reason = case[4] } }, rejects)
    end
    assert.equal(0, monitor:info().stores)
    assert.same({ nil, "EINPUT: polls[1]: status: nil is not a status (active or inactive)", "EINPUT" }, { monitor:poll "a" })
  end)

  it("that are none are left out where that is allowed, up to a number", function()
    local polls, rejects = { { "first", true } }, {}
    for _, case in ipairs(bad) do
      polls[#polls + 1] = case[1]
    end
    polls[#polls + 1] = { "last", true }
    local function on_reject(reject)
      rejects[#rejects + 1] = reject.index
    end
    for _, allowed in ipairs { #bad, "all" } do
      rejects = {}
      local counts = assert(monitor:polls(polls, { max_rejects = allowed, on_reject = on_reject }))
      assert.same({ #bad, #bad + 2, #bad }, { counts.rejected, counts.rows, #rejects })
      assert.equal(2, rejects[1])
    end
    local fewer = #bad - 1
    local good, message = monitor:polls(polls, { max_rejects = fewer })
    assert.is_nil(good)
    assert.matches("^EINPUT: polls%[" .. #bad + 1 .. "%]: ", message)
    assert.equal(2, monitor:info().polls)
  end)

  -- The clock says 10:00:00.5 on 2024-01-01.
  it("may not lie further ahead of the clock than a day, or what else is said", function()
    assert(monitor:poll("a", true, "2024-01-02 10:00:00.5"))
    local good, message, code = monitor:poll("a", true, "2024-01-02 10:00:00.500001")
    assert.same({ nil, "EINPUT" }, { good, code })
    assert.equal('EINPUT: polls[1]: timestamp_utc: "2024-01-02 10:00:00.500001" is too far in the future: after '
      .. "2024-01-02 10:00:00.500000 UTC, which is max_ahead from now", message)
    assert.is_nil((monitor:poll("a", true, "2024-01-01 10:01:01", { max_ahead = "1m" })))
    assert(monitor:poll("a", true, "2024-01-01 10:01:00.5", { max_ahead = 60 }))
    assert(monitor:poll("a", true, nil, { max_ahead = 0 }))
    assert(monitor:poll("a", true, "9999-12-31 23:59:59.999999", { max_ahead = "none" }))
    assert.equal(1, assert(monitor:polls({ { "b", true }, { "b", true, NOW + 2 * 86400 } }, { max_rejects = 1 })).rejected)
    assert.is_false(pcall(monitor.poll, monitor, "a", true, nil, { max_ahead = "soon" }))
  end)

  it("may not lie so far ahead in files either, however they come", function()
    local csv = "store_id,status,timestamp_utc\na,active,2024-01-01 10:00:00\na,active,2024-01-04 10:00:00\n"
    local function source()
      return { name = "some.csv", read = coroutine.wrap(function() coroutine.yield(csv) end) }
    end
    local good, message, code = monitor:ingest { status = source() }
    assert.same({ nil, "EINPUT" }, { good, code })
    assert.matches('^EINPUT: some.csv:3: timestamp_utc: "2024%-01%-04 10:00:00" is too far in the future: ', message)
    local ingester = assert(monitor:ingester "status")
    assert.is_true(ingester:feed(csv))
    good, message = ingester:finish()
    assert.is_nil(good)
    assert.matches("^EINPUT: status:3: timestamp_utc: ", message)
    assert.equal(0, monitor:info().polls)
    assert.equal(1, assert(monitor:ingest { status = source(), max_rejects = 1 })[1].rejected)
    assert.equal(2, assert(monitor:ingest { status = source(), max_ahead = "72h" })[1].rows)
    local lenient = assert(loom.open(":memory:", { max_ahead = "none", clock = function() return NOW end }))
    assert.equal(2, assert(lenient:ingest { status = source() })[1].new)
    assert.is_nil(lenient:ingest { status = source(), max_ahead = "1d" })
    assert(lenient:poll("a", true, "2204-01-01 00:00:00"))
    lenient:close()
  end)

  it("are all undone by a function that raises, and wait for one that yields", function()
    local polls = { { "a", true }, {}, { "b", true } }
    local called, err = pcall(monitor.polls, monitor, polls, { max_rejects = "all", on_reject = function() error { "mine" } end })
    assert.is_false(called)
    assert.same({ "mine" }, err)
    assert.equal(0, monitor:info().stores)
    if yielding then
      local yields, counts = coroutines.run(monitor.polls, monitor, polls, { max_rejects = "all", on_reject = coroutine.yield })
      assert.same({ 1, 2, 1 }, { yields, counts.new, counts.rejected })
    end
    assert(monitor:poll("c", true))
  end)

  describe("in a file", function()
    local folder, path

    files.folder_for_each(function(made)
      folder, path = made, made .. "/db"
    end)

    it("are seen by another handle at once, and after the writer is gone", function()
      local writer = assert(loom.open(path, { create = true }))
      assert(writer:poll("a", true, 1))
      local reader = assert(loom.open(path))
      for i = 2, 5 do
        assert(writer:poll("a", true, i))
        assert.equal(2 * i - 2, reader:info().polls)
        assert(reader:poll("b", true, i))
        assert.equal(2 * i - 1, writer:info().polls)
      end
      writer:close()
      reader:close()
      local later = assert(loom.open(path))
      assert.equal(9, later:info().polls)
      later:close()
    end)

    it("wait for another writer, and fail when it does not end", function()
      local one = assert(loom.open(path, { create = true, busy_timeout = 0 }))
      local other = assert(loom.open(path, { create = true, busy_timeout = 0 }))
      assert(one:poll("a", true, 1))
      assert(one:ingest { timezones = { name = "zones", read = coroutine.wrap(function()
        coroutine.yield "store_id,timezone_str\na,UTC\n"
      end) }, progress = function(_, _, _, phase)
        if phase == "writing" then
          local good, message, code = other:poll("b", true, 2)
          assert.is_nil(good)
          assert.equal("EBUSY", code)
          assert.matches("^EBUSY: ", message)
        end
      end })
      assert(other:poll("b", true, 2))
      assert.equal(2, one:info().polls)
      one:close()
      other:close()
    end)

    it("by the thousands are what the same lines in a file are", function()
      local random = random_of(3)
      local polls, lines = {}, { "store_id,status,timestamp_utc\n" }
      for i = 1, 20000 do
        local id, active = "store " .. random(1, 300), random(0, 2) > 0
        local instant = loom.format_timestamp(1700000000 + random(0, 3000) * 300 + random(0, 1) / 4)
        polls[i] = i % 2 == 0 and { id, active, instant }
          or { store_id = id, status = active and "active" or "inactive", timestamp_utc = loom.parse_timestamp(instant) }
        lines[i + 1] = ("%s,%s,%s\n"):format(id, active and "active" or "inactive", instant)
      end
      local counts = assert(monitor:polls(polls))
      local loaded = assert(loom.open ":memory:")
      local summary = assert(loaded:ingest { status = files.write(folder .. "/polls.csv", table.concat(lines)) })[1]
      for _, name in ipairs { "rows", "new", "duplicates", "conflicts", "rejected" } do
        assert.equal(summary[name], counts[name])
      end
      assert.is_true(counts.duplicates > 10 and counts.conflicts > 10)
      assert.same(stored(loaded), stored())
      local again = assert(monitor:polls(polls))
      assert.equal(0, again.new)
      assert.same({}, monitor:check())
      loaded:close()
      assert.equal(counts.new, #database.contents(monitor).polls)
    end)
  end)
end)
