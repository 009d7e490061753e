-- What can be loaded: paths, open files, functions, and lists of them.

local check = require "loom.check"
local coroutines = require "support.coroutines"
local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local misuse = require "support.misuse"
local shell = require "support.shell"
local yielding = require "support.yielding"

local TEXT = "store_id,status,timestamp_utc\r\na,active,2024-01-01 10:00:00\n\"b \"\"c\"\"\",inactive,2024-01-02 11:00:00.25Z\n"
  .. "é,active,2024-01-02T23:00:00-05:00"

-- A function that gives a text in pieces of a size, then what is to come after it.
local function reader(text, size, ...)
  local at, after, count = 1, { ... }, select("#", ...)
  return function()
    local piece = text:sub(at, at + size - 1)
    at = at + size
    if piece == "" then
      return (table.unpack or unpack)(after, 1, count) -- luacheck: compat
    end
    return piece
  end
end

describe("a source", function()
  local folder, monitor, plain, zipped, expected

  files.folder_for_all(function(made)
    folder = made
    plain = files.write(folder .. "/polls.csv", TEXT)
    assert(shell.run(shell.words("gzip", "-k", plain)).status == 0)
    zipped = plain .. ".gz"
    local other = assert(loom.open ":memory:")
    assert(other:ingest { status = plain })
    expected = database.contents(other)
    other:close()
    assert.equal(3, #expected.polls)
  end)

  before_each(function()
    monitor = assert(loom.open ":memory:")
  end)

  after_each(function()
    monitor:close()
  end)

  local function expect_name(name, source)
    local summaries = assert(monitor:ingest { status = source })
    assert.same(expected, database.contents(monitor))
    assert.equal(name, summaries[1].source)
    assert.equal(3, summaries[1].new)
  end

  for _, packing in ipairs { "plain", "zipped" } do
    describe(packing .. ", loads alike from", function()
      local path, text

      before_each(function()
        path = packing == "plain" and plain or zipped
        text = files.read(path)
      end)

      it("a path", function()
        expect_name(path, path)
      end)

      it("a path with a name", function()
        expect_name("today's", { name = "today's", read = path })
      end)

      it("an open file, which stays open", function()
        local file = assert(io.open(path, "rb"))
        expect_name("status", file)
        assert.equal("file", io.type(file))
        assert.equal("", file:read("*a"))
        file:close()
      end)

      it("the rest of an open file", function()
        local longer = files.write(folder .. "/longer", "to be skipped\n" .. text)
        local file = assert(io.open(longer, "rb"))
        file:read("*l")
        expect_name("polls of today", { name = "polls of today", read = file })
        file:close()
      end)

      it("a pipe", function()
        local pipe = assert(io.popen(shell.words("cat", path)))
        expect_name("status", pipe)
        assert.equal("file", io.type(pipe))
        pipe:close()
      end)

      it("standard input", function()
        files.write(folder .. "/script.lua", [[
          local monitor = assert(require "loom".open(arg[1], { create = true }))
          print(assert(monitor:ingest { status = "-" })[1].source)
          monitor:close()
        ]])
        local result = shell.run(shell.words("cat", path) .. " | " .. shell.words(shell.lua, folder .. "/script.lua",
          folder .. "/db"))
        assert.same({ status = 0, out = "standard input\n", err = "" }, result)
        local written = assert(loom.open(folder .. "/db"))
        assert.same(expected, database.contents(written))
        written:close()
      end)

      it("functions, wherever they cut it and however they end", function()
        for _, size in ipairs { 1, 2, 3, 7, 20, 50, #text - 1, #text } do
          local other = assert(loom.open ":memory:")
          assert(other:ingest { status = reader(text, size) })
          assert.same(expected, database.contents(other))
          other:close()
        end
        expect_name("status", reader(text, 7, ""))
      end)

      it("a function with a name", function()
        expect_name("socket", { name = "socket", read = reader(text, 7, nil, nil) })
      end)

      it("a coroutine", function()
        expect_name("status", coroutine.wrap(function()
          for i = 1, #text do
            coroutine.yield(text:sub(i, i))
          end
        end))
      end)
    end)
  end

  -- Polls of one store, as a file of their own.
  local function polls_of(store)
    return ("store_id,status,timestamp_utc\n%s,active,2024-01-01 10:00:00\n"):format(store)
  end

  it("may be a list of different ones, in its order", function()
    local file = assert(io.open(files.write(folder .. "/2.csv", polls_of "2"), "rb"))
    local pipe = assert(io.popen("printf " .. shell.quote(polls_of "3")))
    local summaries = assert(monitor:ingest {
      status = { files.write(folder .. "/1.csv", polls_of "1"), file, pipe, reader(polls_of "4", 1), zipped,
        { name = "fifth", read = reader(polls_of "5", 1000, nil) }, { read = reader(polls_of "6", 9), name = "sixth" } },
      attributes = { reader("store_id,region,brand\n1,north,x\n", 5) },
    })
    file:close()
    pipe:close()
    local sources = {}
    for i, summary in ipairs(summaries) do
      sources[i] = summary.source
    end
    assert.same({ folder .. "/1.csv", "status", "status", "status", zipped, "fifth", "sixth", "attributes" }, sources)
    assert.equal(9, monitor:info().stores)
    assert.equal(9, monitor:info().polls)
    assert.same({ region = "north", brand = "x" }, monitor:attributes "1")
  end)

  describe("that fails leaves the database as it was:", function()
    local before

    before_each(function()
      assert(monitor:ingest(database.files(database.small)))
      assert(monitor:set_attributes("night", { region = "north" }))
      before = database.contents(monitor)
    end)

    after_each(function()
      assert.same(before, database.contents(monitor))
      assert.same({}, monitor:check())
      assert(monitor:ingest { status = plain })
      assert(monitor:poll("z", true, "2024-01-01 10:00:00"))
    end)

    -- The first file is good and has new stores; the second one fails. The raised message, or the failure.
    local function expect_failure(message, second)
      local good, text, code = monitor:ingest { status = { plain, second } }
      assert.is_nil(good)
      assert.equal(message, text)
      assert.equal(message:match "^%u+", code)
    end

    it("a path that cannot be read", function()
      expect_failure(("ENOENT: %s/none: cannot be opened: No such file or directory"):format(folder), folder .. "/none")
      expect_failure(("EINPUT: %s: is a folder"):format(folder), folder)
    end)

    it("an open file that cannot be read", function()
      local directory = assert(io.open(folder))
      expect_failure("EIO: the folder: Is a directory", { name = "the folder", read = directory })
      directory:close()
      local sink = assert(io.open(folder .. "/sink", "wb"))
      expect_failure("EIO: status: Bad file descriptor", sink)
      sink:close()
    end)

    it("a file that is closed", function()
      local file = assert(io.open(plain))
      file:close()
      misuse.expect("bad option 'status' to 'ingest' (path, open file, function, or list of them expected, got a closed file)",
        function() monitor:ingest { status = { plain, file } } end)
    end)

    it("a function that tells why it failed", function()
      expect_failure("EIO: status: connection reset", reader(TEXT, 9, nil, "connection reset"))
      expect_failure("EIO: socket: 104", { name = "socket", read = reader(TEXT, 9, nil, 104) })
      expect_failure("EIO: status: gone", reader("", 1, nil, "gone"))
    end)

    for _, nonsense in ipairs { 5, {}, false, true, print } do
      local shown = check.shown(nonsense)
      it("a function that returns " .. shown, function()
        misuse.expect(("bad result of the function 'status' (string expected, got %s)"):format(shown),
          function() monitor:ingest { status = { plain, reader(TEXT, 9, nonsense) } } end)
      end)
    end

    it("a function that raises", function()
      for size = 1, #TEXT + 1, 40 do
        local read = reader(TEXT, size)
        local called, err = pcall(monitor.ingest, monitor, { status = { plain, function()
          return read() or error { "mine" }
        end } })
        assert.is_false(called)
        assert.same({ "mine" }, err)
      end
    end)

    it("gzip that breaks off or is damaged", function()
      local bytes = files.read(zipped)
      for _, cut in ipairs { 1, 5, 20, #bytes - 8, #bytes - 1 } do
        local good, message, code = monitor:ingest { status = { plain, reader(bytes:sub(1, cut), 3) } }
        assert.is_nil(good)
        assert.matches("^E%u+: status:", message)
        assert.equal("EINPUT", code)
      end
      local damaged = bytes:sub(1, -9) .. "\0\0\0\0" .. bytes:sub(-4)
      assert.is_nil((monitor:ingest { status = { plain, reader(damaged, 3) } }))
    end)

    -- The kind, the text, and what the message says after the name.
    for _, case in ipairs {
      { "status", "", " is empty: expected a header with store_id,status,timestamp_utc" },
      { "status", "store_id,status,timestamp_utc\nx,up,2024-01-01 10:00:00\n",
        '2: status: "up" is not a status (active or inactive)' },
      { "status", "store_id,status,timestamp_utc\nx,active,2024-02-30 10:00:00\n",
        '2: timestamp_utc: "2024-02-30 10:00:00" is not a date' },
      { "status", "store_id,status,timestamp_utc\n\nx,active\n", "3: the row has 2 fields, but the header has 3" },
      { "hours", "store_id,day,start_time_local,end_time_local\nx,7,09:00,17:00\n",
        '2: dayOfWeek: "7" is not a weekday (0 = Monday to 6 = Sunday, or its English name)' },
      { "hours", "store_id,day,start_time_local,end_time_local\nx,0,09:00,25:00\n",
        '2: end_time_local: "25:00" is not a time of day (HH:MM or HH:MM:SS, 00:00 to 24:00, or with AM or PM)' },
      { "timezones", "store_id,timezone_str\nx,Mars/Olympus\n",
        '2: timezone_str: "Mars/Olympus" is not a zone of the tz database' },
      { "special_days", "store_id,date,open,close\n*,25.12.,,\n", '2: date: "25.12." is not a date' },
      { "exclusions", "store_id,from_utc,to_utc\n*,2024-01-01 10:00:00,2024-01-01 10:00:00\n", false },
      { "attributes", "region,brand\nnorth,x\n", false },
      { "attributes", "store_id,region\n,north\n", false },
    } do
      local kind, text, message = case[1], case[2], case[3]
      it(("a file of %s with %q"):format(kind, text), function()
        local name = folder .. "/bad.csv"
        files.write(name, text)
        local options = { status = { plain } }
        options[kind] = options[kind] or {}
        table.insert(options[kind], name)
        local good, got, code = monitor:ingest(options)
        assert.is_nil(good)
        assert.equal("EINPUT", code)
        if message then
          assert.equal("EINPUT: " .. name .. ":" .. message, got)
        else
          assert.matches("EINPUT: " .. name .. ":", got, 1, true)
        end
        options[kind][#options[kind]] = { name = name, read = reader(text, 1) }
        assert.same({ nil, got, code }, { monitor:ingest(options) })
      end)
    end
  end)

  describe("and the other functions may yield:", function()
    if not yielding then
      return
    end

    -- Yields before it does what a function does.
    local function slow(call)
      return function(...)
        coroutine.yield "waiting"
        return call(...)
      end
    end

    it("while reading, writing and rejecting", function()
      local rejected, phases = {}, {}
      local yields, summaries = coroutines.run(monitor.ingest, monitor, {
        status = { slow(reader(TEXT, 10)), { name = "second", read = slow(reader(TEXT .. "\nbad\nworse\n", 50)) } },
        timezones = slow(reader("store_id,timezone_str\na,UTC\n", 1)),
        max_rejects = "all",
        on_reject = slow(function(reject) rejected[#rejected + 1] = reject.row end),
        progress = slow(function(_, _, source, phase) phases[phase .. " " .. source] = true end),
      })
      assert.is_true(yields > #TEXT / 10 + 20)
      assert.same({ 3, 0, 1 }, { summaries[1].new, summaries[2].new, summaries[3].new })
      assert.same({ "bad", "worse" }, rejected)
      assert.same({ ["reading status"] = true, ["writing status"] = true, ["reading second"] = true, ["writing second"] = true,
        ["reading timezones"] = true, ["writing timezones"] = true }, phases)
      assert.equal(3, monitor:info().polls)
    end)

    it("and fail", function()
      local read = reader(TEXT, 10)
      local yields, good, message = coroutines.run(monitor.ingest, monitor,
        { status = slow(function() return read() or nil, "gone" end) })
      assert.is_true(yields > 10)
      assert.same({ nil, "EIO: status: gone" }, { good, message })
      assert.error_matches(function()
        coroutines.run(monitor.ingest, monitor, { status = slow(function() error("mine", 0) end) })
      end, "mine", 1, true)
      assert.equal(0, monitor:info().stores)
    end)

    it("while the monitor is used, until it writes", function()
      local read = reader(TEXT, 10)
      local count = 0
      local summaries
      local thread = coroutine.create(function()
        summaries = assert(monitor:ingest { status = slow(function() return read() end) })
      end)
      while coroutine.status(thread) ~= "dead" do
        assert(coroutine.resume(thread))
        count = count + 1
        assert(monitor:poll("busy", true, 1704100000 + count))
      end
      assert.equal(3, summaries[1].new)
      assert.equal(3 + count, monitor:info().polls)
    end)

    for _, phase in ipairs { "reading", "writing" } do
      it("and never be resumed while " .. phase .. ": the collector gives the database back", function()
        local thread = coroutine.create(function()
          return monitor:ingest { status = { plain, reader(TEXT, 1) }, progress = function(_, _, _, now)
            coroutine.yield(now)
          end }
        end)
        repeat
          local resumed, now = coroutine.resume(thread)
          assert.is_true(resumed)
        until now == phase
        if phase == "writing" then
          assert.same({ nil, "EINVAL: :memory:: an ingest or another change is still under way on this handle", "EINVAL" },
            { monitor:poll("a", true) })
        end
        thread = nil -- luacheck: ignore
        collectgarbage()
        collectgarbage()
        assert.equal(0, monitor:info().stores)
        assert(monitor:poll("a", true))
      end)
    end
  end)
end)
