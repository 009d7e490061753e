local coroutines = require "support.coroutines"
local database = require "support.database"
local loom = require "loom"
local misuse = require "support.misuse"
local yielding = require "support.yielding"

local HEADER = "store_id,status,timestamp_utc\n"
local FINISHED = "(the ingester is finished)"

describe("an ingester", function()
  local monitor

  before_each(function()
    monitor = assert(loom.open ":memory:")
  end)

  after_each(function()
    monitor:close()
  end)

  local function line(store, second, status)
    return ("%s,%s,%s\n"):format(store, status or "active", loom.format_timestamp(second))
  end

  it("loads what it is fed, once it is finished", function()
    local ingester = assert(monitor:ingester("status", { source = "socket" }))
    for byte in (HEADER .. line("a", 1) .. line("b", 2)):gmatch "." do
      assert.is_true(ingester:feed(byte))
      assert.equal(0, monitor:info().stores)
    end
    assert.is_true(ingester:feed "")
    local summary = assert(ingester:finish())
    assert.is_number(summary.seconds)
    summary.seconds = nil
    assert.same({ source = "socket", kind = "polls", rows = 2, new = 2, duplicates = 0, conflicts = 0, rejected = 0 }, summary)
    assert.equal(2, monitor:info().polls)
  end)

  it("loads every kind of file", function()
    local small = database.files(database.small)
    small.attributes = nil
    for kind, path in pairs(small) do
      local ingester = assert(monitor:ingester(kind))
      for text in io.lines(path) do
        assert(ingester:feed(text))
        assert(ingester:feed "\n")
      end
      assert.equal(kind, assert(ingester:finish()).source)
    end
    local attributes = assert(monitor:ingester "attributes")
    assert(attributes:feed "store_id,region\nnight,north\n")
    assert(attributes:finish())
    assert.equal("north", monitor:attributes("night").region)
    local other = assert(loom.open ":memory:")
    assert(other:ingest(small))
    assert.same(database.dump_of(other), database.dump_of(monitor))
    other:close()
  end)

  -- Calls in a row, with what has been stored at their end, and those that are refused.
  for _, case in ipairs {
    { { "feed", "finish", "feed", "finish", "abort" }, stores = 1, refused = { "feed", "finish" } },
    { { "feed", "abort", "feed", "finish" }, stores = 0, refused = { "feed", "finish" } },
    { { "abort", "abort", "finish", "feed" }, stores = 0, refused = { "finish", "feed" } },
    { { "feed", "feed", "abort", "abort" }, stores = 0, refused = {} },
  } do
    it("takes the calls " .. table.concat(case[1], ", "), function()
      local ingester, refused = assert(monitor:ingester "status"), {}
      for _, name in ipairs(case[1]) do
        local called, err = pcall(ingester[name], ingester, name == "feed" and HEADER .. line("a", 1) or nil)
        if name == "feed" and called then -- the header a second time would be a bad row
          HEADER = ""
        elseif not called then
          assert.matches(("bad call of '%s' %s"):format(name, FINISHED), err, 1, true)
          refused[#refused + 1] = name
        end
      end
      HEADER = "store_id,status,timestamp_utc\n"
      assert.same(case.refused, refused)
      assert.equal(case.stores, monitor:info().stores)
      assert(monitor:poll("b", true))
    end)
  end

  it("that is finished raises at the caller's line", function()
    local ingester = assert(monitor:ingester "status")
    ingester:abort()
    misuse.expect("bad call of 'feed' " .. FINISHED, function() ingester:feed "x" end)
    misuse.expect("bad call of 'finish' " .. FINISHED, function() ingester:finish() end)
    local fresh = assert(monitor:ingester "status")
    misuse.expect("bad argument #1 to 'feed' (string expected, got nothing)", function() fresh:feed() end)
    misuse.expect("bad argument #1 to 'feed' (string expected, got 5)", function() fresh:feed(5) end)
    fresh:abort()
  end)

  it("fails as soon as its input is known to be bad, and then always alike", function()
    local ingester = assert(monitor:ingester("status", { source = "queue 7" }))
    assert(ingester:feed(HEADER .. line("a", 1)))
    assert(ingester:feed "b,up,1970-01-01 00:00:01\n")
    local message = 'EINPUT: queue 7:3: status: "up" is not a status (active or inactive)'
    local good, got, code = ingester:finish()
    assert.same({ nil, message, "EINPUT" }, { good, got, code })
    misuse.expect("bad call of 'finish' " .. FINISHED, function() ingester:finish() end)

    local early, fed = assert(monitor:ingester "timezones"), 0
    repeat
      good, got, code = early:feed(("no,header\n"):rep(100000))
      fed = fed + 1
    until not good
    assert.is_true(fed <= 10)
    assert.equal("EINPUT", code)
    assert.matches("^EINPUT: timezones: the header has no column store_id", got)
    assert.same({ nil, got, code }, { early:feed "more" })
    assert.same({ nil, got, code }, { early:finish() })
    assert.equal(0, monitor:info().stores)
    assert(monitor:poll("b", true))
  end)

  it("without input fails", function()
    local ingester = assert(monitor:ingester "hours")
    local good, message, code = ingester:finish()
    assert.is_nil(good)
    assert.matches("^EINPUT: hours: is empty", message)
    assert.equal("EINPUT", code)
  end)

  it("leaves bad rows out where that is allowed", function()
    local rejects = {}
    local options = { max_rejects = 2, source = "queue", on_reject = function(reject)
      rejects[#rejects + 1] = reject.source .. ":" .. reject.line .. ": " .. reject.row
    end }
    local ingester = assert(monitor:ingester("status", options))
    assert(ingester:feed(HEADER .. "bad\n" .. line("a", 1) .. "worse,"))
    assert(ingester:feed("x\n"))
    local summary = assert(ingester:finish())
    assert.same({ 1, 2 }, { summary.new, summary.rejected })
    assert.same({ "queue:2: bad", "queue:4: worse,x" }, rejects)

    options.max_rejects = "all"
    ingester = assert(monitor:ingester("status", options))
    assert(ingester:feed(HEADER .. ("bad\n"):rep(1000)))
    assert.equal(1000, assert(ingester:finish()).rejected)
    assert.equal(1002, #rejects)
  end)

  it("is undone by a function that raises, and waits for one that yields", function()
    local function bad_rows(on_reject)
      local ingester = assert(monitor:ingester("status", { max_rejects = "all", on_reject = on_reject }))
      assert(ingester:feed(HEADER .. line("a", 1) .. "bad\n"))
      return ingester
    end
    local ingester = bad_rows(function() error { "mine" } end)
    local called, err = pcall(ingester.finish, ingester)
    assert.is_false(called)
    assert.same({ "mine" }, err)
    misuse.expect("bad call of 'finish' " .. FINISHED, function() ingester:finish() end)
    assert.equal(0, monitor:info().stores)
    if yielding then
      ingester = bad_rows(coroutine.yield)
      local yields, summary = coroutines.run(ingester.finish, ingester)
      assert.same({ 1, 1, 1 }, { yields, summary.new, summary.rejected })
    end
    assert(monitor:poll("b", true))
  end)

  it("lets hours set by hand prevail, or give way", function()
    local function load(replace)
      local ingester = assert(monitor:ingester("hours", { replace_overrides = replace }))
      assert(ingester:feed "store_id,day,start_time_local,end_time_local\na,0,08:00,09:00\n")
      assert(ingester:finish())
      return monitor:hours("a", { on = "2024-01-01" }).week.mon[1]
    end
    assert(monitor:set_hours("a", { mon = "10:00-11:00" }, { from = "always" }))
    assert.equal("10:00-11:00", load(nil))
    assert.equal("10:00-11:00", load(false))
    assert.equal("08:00-09:00", load(true))
  end)

  it("works beside others, beside reports, queries and polls", function()
    local first, second = assert(monitor:ingester "status"), assert(monitor:ingester "status")
    local zones = assert(monitor:ingester "timezones")
    assert(first:feed(HEADER))
    assert(second:feed(HEADER))
    assert(zones:feed "store_id,timezone_str\n")
    assert(monitor:poll("live", true, 0))
    for i = 1, 50 do
      assert(first:feed(line("first", i)))
      assert(second:feed(line("second", i, "inactive")))
      assert(second:feed(line("first", i, "inactive")))
      assert(zones:feed("zone " .. i .. ",UTC\n"))
      local report = assert(monitor:report())
      assert.equal(1, report:count())
      report:close()
    end
    local rows = assert(monitor:query "SELECT * FROM store")
    rows()
    assert(zones:finish()) -- which closes the query
    assert.has_error(rows)
    assert.same({ 100, 100 }, { (function(summary) return summary.rows, summary.new end)(assert(second:finish())) })
    local summary = assert(first:finish())
    assert.same({ 50, 0, 50 }, { summary.rows, summary.new, summary.conflicts })
    assert.equal(101, monitor:info().polls)
    assert.equal(53, monitor:info().stores)
  end)

  it("can be forgotten at any time", function()
    for fed = 0, 2 do
      local ingester = assert(monitor:ingester "status")
      for i = 1, fed do
        assert(ingester:feed(i == 1 and HEADER or line("a", i):rep(10000)))
      end
      ingester = nil -- luacheck: ignore
      collectgarbage()
      collectgarbage()
    end
    assert.equal(0, monitor:info().stores)
    assert(monitor:poll("b", true))
  end)

  it("may outlive the monitor's closing, but not write then", function()
    local ingester = assert(monitor:ingester "status")
    assert(ingester:feed(HEADER))
    monitor:close()
    assert(ingester:feed(line("a", 1)))
    assert.error_matches(function() ingester:finish() end, "loom.monitor is closed", 1, true)
    misuse.expect("bad call of 'feed' " .. FINISHED, function() ingester:feed "x" end)
  end)

  it("is dropped at the end of its scope, where there is such a thing", function()
    local chunk = (loadstring or load) [[
      local monitor, text, finish = ...
      local seen
      do
        local ingester <close> = assert(monitor:ingester "status")
        assert(ingester:feed(text))
        seen = ingester
        if finish then
          assert(ingester:finish())
        end
      end
      return seen
    ]]
    if chunk then
      local dropped = chunk(monitor, HEADER .. line("a", 1), false)
      misuse.expect("bad call of 'finish' " .. FINISHED, function() dropped:finish() end)
      assert.equal(0, monitor:info().stores)
      chunk(monitor, HEADER .. line("a", 1), true)
      assert.equal(1, monitor:info().stores)
    end
  end)
end)
