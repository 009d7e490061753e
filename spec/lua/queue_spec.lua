local cjson = require "cjson"
local database = require "support.database"
local files = require "support.files"
local Job = require "loom.job"
local loom = require "loom"
local Queue = require "loom.queue"
local random = require "support.random"
local shell = require "support.shell"
local time = require "loom.time"

describe("the queue of reports", function()
  local folder, now, steady, monitors -- the time, and that of a clock which is never set

  before_each(function()
    folder, now, steady, monitors = files.make_folder(), 1700000000, 1000, {}
    database.make(folder .. "/db")
  end)

  after_each(function()
    files.remove_folder(folder)
  end)

  -- A test whose monitors are closed at its end.
  local function test(name, body)
    it(name, function()
      local good, err = pcall(body)
      for _, monitor in ipairs(monitors) do
        monitor:close()
      end
      if not good then
        error(err, 0)
      end
    end)
  end

  -- A queue of a process of its own, as far as the database can tell.
  local function make(options)
    local monitor = assert(loom.open(folder .. "/db", { clock = function() return now end }))
    monitors[#monitors + 1] = monitor
    local all = { folder = folder }
    for name, value in pairs(options or {}) do
      all[name] = value
    end
    local queue = Queue.new(monitor, all)
    queue.steady = function() return steady end
    return queue
  end

  local function pass(seconds)
    now, steady = now + seconds, steady + seconds
  end

  -- Goes on until the queue computes nothing and takes nothing more.
  local function work(queue)
    repeat
      queue:tick()
      for _, entry in pairs(queue.jobs) do
        entry.job:wait()
      end
    until queue:is_idle()
  end

  -- Makes a queue one of another machine or container, of whose processes nothing can be seen here.
  local function elsewhere(queue)
    queue.owner = "pid:[1] 1 1 " .. queue.owner:match "%S+$"
    return queue
  end

  -- A queue whose database is as functions by the names of its methods want it: each is called with the database's own method,
  -- the database and the arguments.
  local function with_database(queue, methods)
    local real = queue.monitor
    local wrapper = setmetatable({}, { __index = function(_, name)
      return function(_, ...)
        if methods[name] then
          return methods[name](real.database[name], real.database, ...)
        end
        return real.database[name](real.database, ...)
      end
    end })
    queue.monitor = setmetatable({ database = wrapper }, { __index = real })
    return queue
  end

  -- What Job.start is while a function runs.
  local function with_start(start, body)
    local real = Job.start
    Job.start = function(...)
      return start(real, ...)
    end
    local good, err = pcall(body)
    Job.start = real
    assert(good, err)
  end

  -- Somebody who takes a report and is never heard of again.
  local function die_working(id)
    local dead = elsewhere(make())
    dead:tick()
    if not dead.jobs[id] then -- another one has died with it
      pass(16)
      dead:tick()
    end
    assert.is_not_nil(dead.jobs[id])
    dead.jobs[id].job:close()
    dead.jobs = {}
    os.remove(dead:path(id))
    os.remove(dead:figures_path(id))
  end

  test("makes reports, byte for byte those of the library", function()
    local queue = make()
    for _, options in ipairs { {}, { preset = "seed" }, { windows = { { name = "w", seconds = 7200 } }, stores = { "n*" } } } do
      local id = assert(queue:trigger(options))
      assert.is_true(Queue.is_id(id))
      assert.same({ "queued", 0 }, { queue:get(id).state, queue:get(id).progress })
      work(queue)
      local row = queue:get(id)
      assert.same({ "complete", 1 }, { row.state, row.progress })
      assert.equal(now, row.finished)
      local expected = folder .. "/expected"
      local report = assert(queue.monitor:report(options))
      assert(report:write(expected))
      report:close()
      assert.equal(files.read(expected), files.read(queue:path(id)))
    end
  end)

  test("tells what it does not know", function()
    assert.is_false(make():get "5f3c9a52-5b0e-4d70-9a51-0b9d3a2f7c11")
  end)

  test("lets one report serve all who ask for the same while it waits", function()
    local queue = make()
    local id = queue:trigger { stores = { "a", "b" }, preset = "loom" }
    assert.equal(id, make():trigger { preset = "loom", stores = { "a", "b" } })
    assert.not_equal(id, queue:trigger { stores = { "b", "a" }, preset = "loom" })
    work(queue)
    assert.not_equal(id, queue:trigger { stores = { "a", "b" }, preset = "loom" })
    work(queue)
  end)

  test("keeps every digit of the options", function()
    local queue, number = make(), random.new(20240607)
    for _ = 1, 20 do
      local as_of = 1674670402 + number(0, 999999) / 1e6 -- sixteen digits, of which the last is a microsecond
      local id = queue:trigger { as_of = as_of, slo = 1 / number(1, 9) }
      local options = cjson.decode(queue:get(id).options)
      assert.equal(as_of, options.as_of)
      assert.equal(id, queue:trigger(options))
      work(queue)
      assert.equal(time.text(time.instant(as_of)), cjson.decode(queue:get(id).details).as_of)
    end
  end)

  test("refuses more than may wait, and wrong options", function()
    local queue = make { queued = 1 }
    assert(queue:trigger {})
    assert.is_true(queue:waiting().full)
    local id, message, code = queue:trigger { preset = "seed" }
    assert.is_nil(id)
    assert.equal("EAGAIN: 1 report is waiting already", message)
    assert.equal("EAGAIN", code)
    assert.error_matches(function() queue:trigger { preset = "best" } end, "bad option 'preset' to 'trigger'", 1, true)
    work(queue)
    assert(queue:trigger { preset = "seed" })
    work(queue)
  end)

  test("leaves half of the places to others than one who has many", function()
    local queue, own = make { queued = 5 }, {}
    assert.equal(3, queue:own_places())
    for hour = 1, 3 do
      own[hour] = assert(queue:trigger({ as_of = ("2024-03-04 0%d:00:00"):format(hour) }, own))
    end
    local id, message, code, are_own = queue:trigger({ as_of = "2024-03-04 09:00:00" }, own)
    assert.same({ nil, "EAGAIN: 3 reports of this client are waiting already", "EAGAIN", true }, { id, message, code, are_own })
    assert.equal(own[2], (queue:trigger({ as_of = "2024-03-04 02:00:00" }, own))) -- which waits already
    assert(queue:trigger({ as_of = "2024-03-04 09:00:00" }, {}))
    work(queue)
    assert(queue:trigger({ as_of = "2024-03-04 10:00:00" }, own))
    work(queue)
  end)

  test("computes no more at a time than may, in all processes together", function()
    local one, other = make { running = 1 }, make { running = 1 }
    local first, second = one:trigger {}, one:trigger { preset = "seed" }
    one:tick()
    other:tick()
    assert.same({ "running", "queued" }, { one:get(first).state, one:get(second).state })
    assert.is_true(other:is_idle())
    work(one)
    assert.equal("complete", one:get(second).state)
  end)

  test("tells why a report has failed", function()
    local lines = {}
    local function log(line) table.insert(lines, line) end
    local queue = make { log = log }
    local bad_zone = queue:trigger { default_zone = "Mars/Olympus" }
    local no_folder = make { folder = folder .. "/none", log = log }
    work(queue)
    local row = queue:get(bad_zone)
    assert.equal("failed", row.state)
    assert.equal('EINPUT: default zone: "Mars/Olympus" is not a zone of the tz database', row.error)
    local unwritable = no_folder:trigger {}
    work(no_folder)
    assert.matches("^EIO: .*none/.*: No such file or directory$", queue:get(unwritable).error)
    assert.equal(1, #lines) -- what a report asked for is no news to the log
    assert.equal(("report %s has failed: %s"):format(unwritable, queue:get(unwritable).error), lines[1])
  end)

  test("hands a dead worker's report to another once its lease has run out", function()
    local queue = make()
    local id = queue:trigger {}
    die_working(id)
    queue:tick()
    assert.equal("running", queue:get(id).state)
    assert.is_true(queue:is_idle())
    pass(16)
    work(queue)
    assert.equal("complete", queue:get(id).state)
    assert.is_true(files.exists(queue:path(id)))
  end)

  test("takes a report over at once when its worker's process is gone", function()
    local queue = make()
    local id = queue:trigger {}
    local script = files.write(folder .. "/worker.lua", ([[
      local monitor = assert(require("loom").open("%s/db"))
      local queue = require("loom.queue").new(monitor, { folder = "%s" })
      queue:tick()
      assert(queue.jobs["%s"])
      os.execute("kill -9 $PPID")
    ]]):format(folder, folder, id))
    assert.not_equal(0, shell.run(shell.words(shell.lua, script)).status)
    assert.equal("running", queue:get(id).state)
    work(queue)
    assert.equal("complete", queue:get(id).state)
  end)

  test("removes what the dead have half written when it takes their report over", function()
    local queue = make()
    local id = queue:trigger {}
    die_working(id)
    local part = files.write(queue:path(id) .. ".a1b2c3.part", "half")
    queue:tick() -- sees the lease
    pass(16)
    work(queue)
    assert.equal("complete", queue:get(id).state)
    assert.is_false(files.exists(part))
  end)

  test("gives up after three attempts", function()
    local queue = make()
    local id = queue:trigger {}
    for _ = 1, 3 do
      die_working(id)
    end
    queue:tick()
    pass(16)
    queue:tick()
    local row = queue:get(id)
    assert.equal("failed", row.state)
    assert.equal("EIO: gave up after 3 attempts: each time its worker died", row.error)
  end)

  test("drops a report that another has taken over", function()
    local slow, quick = elsewhere(make()), make()
    local id = slow:trigger {}
    slow:tick()
    quick:tick()
    pass(16)
    quick:tick() -- the lease of the slow one has run out
    assert.is_not_nil(quick.jobs[id])
    pass(2)
    slow.jobs[id].job.ended = nil
    slow:tick()
    work(quick)
    work(slow)
    assert.equal("complete", quick:get(id).state)
  end)

  test("gives what takes too long back when it is closed", function()
    local queue = make()
    local id = queue:trigger {}
    queue:tick()
    queue:close(30)
    assert.equal("complete", queue:get(id).state)
    local second = queue:trigger { preset = "seed" }
    queue:tick()
    local entry = queue.jobs[second]
    entry.job.state = function() return "running" end -- it takes for ever
    entry.job.wait = function() return false end
    queue:close(0)
    assert.equal("queued", queue:get(second).state)
    work(make())
    assert.equal("complete", queue:get(second).state)
  end)

  test("removes what is old, what is too much, and what belongs to nobody", function()
    local queue = make { keep_seconds = 3600, keep_count = 2 }
    local ids = {}
    for i, preset in ipairs { "loom", "seed", "monitoring" } do
      pass(1)
      ids[i] = queue:trigger { preset = preset }
      work(queue)
    end
    files.write(queue:path "5f3c9a52-5b0e-4d70-9a51-0b9d3a2f7c11", "orphan")
    files.write(queue:path(ids[2]) .. ".a1b2c3.part", "half")
    pass(61)
    queue:tick()
    assert.is_false(queue:get(ids[1]))
    assert.is_false(files.exists(queue:path(ids[1])))
    assert.is_false(files.exists(queue:figures_path(ids[1])))
    assert.is_false(files.exists(queue:path "5f3c9a52-5b0e-4d70-9a51-0b9d3a2f7c11"))
    assert.is_false(files.exists(queue:path(ids[2]) .. ".a1b2c3.part"))
    assert.is_true(files.exists(queue:path(ids[3])))
    pass(3600)
    queue:tick()
    assert.is_false(queue:get(ids[3]))
    assert.equal(0, #queue.monitor:report { stores = {} })
  end)

  test("removes reports that have ended", function()
    local queue = make()
    local id = queue:trigger {}
    work(queue)
    assert.is_true(queue:remove(id))
    assert.equal("ENOENT", (select(3, queue:remove(id))))
    assert.is_false(files.exists(queue:path(id)))
    assert.is_false(files.exists(queue:figures_path(id)))
  end)

  -- Options whose JSON has so many bytes.
  local function long_options(bytes, i)
    local id = ("%03d"):format(i)
    return { stores = { id .. ("x"):rep(bytes - #'{"stores":["' - #'"]}' - #id) } }
  end

  test("takes options up to a limit, and lists no more of them at a time than is asked for", function()
    local queue = make()
    for i = 1, 7 do
      assert(queue:trigger(long_options(1000, i)))
      now = now + i % 2 -- some are of the same instant
    end
    local all = queue:list { limit = 100 }
    assert.equal(7, #all)
    for bytes, expected in pairs { [1] = 1, [1000] = 1, [1001] = 2, [2000] = 2, [2001] = 3, [1e9] = 5 } do
      local seen, has_more, last = {}, true, {}
      while has_more do
        local page
        page, has_more = queue:list { limit = 5, bytes = bytes, before = last.created_us, before_id = last.report_id }
        assert.is_true(#page == expected or not has_more and #page <= expected)
        for _, row in ipairs(page) do
          seen[#seen + 1] = row
        end
        last = page[#page]
      end
      assert.same(all, seen)
    end
    assert(queue:trigger(long_options(65536, 8)))
    assert.error_matches(function() queue:trigger(long_options(65537, 9)) end, "at most 65536 bytes as JSON expected, got 65537")
  end)

  test("cancels reports that are removed before they have ended, whoever computes them", function()
    local one, other = make { running = 1 }, make { running = 1 }
    local id, waiting = one:trigger {}, one:trigger { preset = "seed" }
    one:tick()
    assert.is_not_nil(one.jobs[id])
    local job = one.jobs[id].job
    job.state = function() return job.ended and "cancelled" or "running" end -- it takes for ever
    job.cancel = function() job.ended = "cancelled" end
    assert.is_true(other:remove(id))
    assert.is_true(other:remove(waiting))
    assert.same({ false, false }, { other:get(id), one:get(waiting) })
    pass(2)
    one:tick()
    assert.equal("cancelled", job.ended)
    assert.is_true(one:is_idle())
    work(one)
    work(other)
    assert.same({}, one:list { limit = 10 })
    for _, name in ipairs(files.list(folder)) do
      assert.is_nil(name:find "csv")
    end
    local third = one:trigger {}
    one:tick()
    assert.is_true(one:remove(third)) -- its own: at once
    assert.is_nil(one.jobs[third])
    one:close()
    assert.is_false(files.exists(one:path(third)))
  end)

  test("reads the attributes of no store itself", function()
    for i, options in ipairs {
      { where = { region = "north" } }, { group_by = "region" }, { slo = { attribute = "region" } },
    } do
      local asked, queue = {}, make()
      assert(queue.monitor:set_attributes("night", { region = "north" }))
      local function noted(method, of, sql, ...)
        asked[#asked + 1] = sql
        return method(of, sql, ...)
      end
      with_database(queue, { query = noted, row = noted, rows = noted })
      local id = assert(queue:trigger(options))
      work(queue)
      local row = queue:get(id)
      assert.equal("complete", row.state, row.error)
      assert.equal(1, row.progress)
      assert.is_true(#asked > 0)
      for _, sql in ipairs(asked) do
        assert.is_nil(sql:find "attribute" or sql:find "FROM store", sql)
      end
      assert.is_nil(row.details:find("night", 1, true)) -- whose value is in a file
      assert.equal(i > 1, files.exists(queue:attributes_path(id)))
      assert(queue:remove(id))
      assert.is_false(files.exists(queue:attributes_path(id)))
    end
  end)

  test("cancels a report of chosen stores, and tells how one fails", function()
    local queue = make()
    local id = queue:trigger { where = { region = "x" }, windows = { { name = "w", seconds = "1h" } } }
    queue:tick()
    assert.equal("running", queue:get(id).state)
    assert.is_true(queue:remove(id))
    local deadline = os.time() + 60
    while not queue:is_idle() do
      queue:tick()
      assert(os.time() < deadline, "the report does not end")
    end
    assert.is_false(files.exists(queue:path(id)))
    local bad = queue:trigger { where = { region = "x" }, default_zone = "Nowhere/None" }
    work(queue)
    assert.equal("failed", queue:get(bad).state)
    assert.matches("^E%u+: ", queue:get(bad).error)
    os.remove(folder .. "/db")
    local job = require("loom.threaded_job").start(queue.monitor, "{}", 1, { path = queue:path(id),
      figures_path = queue:figures_path(id) }, folder)
    assert.is_true(job:wait())
    assert.matches("^ENOENT: ", (select(2, job:result())))
    assert.equal("failed", job:state())
    job:close()
  end)

  test("keeps its reports however late it is, unless it hangs", function()
    local busy, other = make(), make()
    local id = busy:trigger {}
    busy:tick()
    other:tick()
    pass(600) -- somebody writes, and leases cannot be renewed
    other:tick()
    assert.is_true(other:is_idle())
    pass(16)
    other:tick()
    assert.is_not_nil(other.jobs[id])
    work(other)
    assert.equal("complete", other:get(id).state)
    pass(2)
    work(busy)
  end)

  test("takes over at once what a queue of its own process left when it was closed, or lost", function()
    local closed, queue = make(), make()
    local id = closed:trigger {}
    closed:tick()
    closed.jobs[id].job:close()
    closed.jobs = {} -- so that it cannot give it back
    closed:close()
    work(queue)
    assert.equal("complete", queue:get(id).state)
  end)

  test("lets a lease hold for 15 seconds, to the microsecond", function()
    local queue = make()
    local id = queue:trigger {}
    die_working(id)
    queue:tick()
    pass(15)
    queue:tick()
    assert.is_true(queue:is_idle())
    pass(1e-6)
    queue:tick()
    assert.is_not_nil(queue.jobs[id])
    work(queue)
  end)

  test("takes no report over because the clock is set, and leaves none to the dead", function()
    for _, jump in ipairs { 86400, -86400 } do
      local slow, other = elsewhere(make()), make()
      local id = slow:trigger { as_of = jump }
      slow:tick()
      local job = slow.jobs[id].job
      local real = job.state
      job.state = function() return "running" end -- it takes long
      for _ = 1, 3 do
        other:tick()
        now = now + jump
        other:tick()
        assert.is_true(other:is_idle())
        pass(2)
        slow:tick()
      end
      job.state = real
      work(slow)
      assert.equal("complete", other:get(id).state)
      id = slow:trigger { as_of = jump + 1 }
      die_working(id)
      other:tick()
      now = now + jump
      other:tick()
      assert.is_true(other:is_idle())
      pass(16)
      other:tick()
      assert.is_not_nil(other.jobs[id])
      work(other)
    end
  end)

  test("tries a report again that found no room, also where the clock has been set back", function()
    local queue = make()
    local id = queue:trigger {}
    queue:tick()
    local job = queue.jobs[id].job
    job:wait()
    job.result = function() return nil, "EFULL: no space left", "EFULL" end
    queue:tick()
    assert.equal("queued", queue:get(id).state)
    queue:tick()
    assert.is_true(queue:is_idle())
    now = now - 86400
    work(queue)
    assert.equal("complete", queue:get(id).state)
  end)

  test("keeps reports for as long as was asked, to the microsecond", function()
    local queue = make { keep_seconds = 3600 }
    local id = queue:trigger {}
    work(queue)
    pass(3600)
    queue:tick()
    assert.equal("complete", queue:get(id).state)
    queue.tidied, now = 0, now + 1e-6
    queue:tick()
    assert.is_false(queue:get(id))
  end)

  test("lets no report that raises stop the others", function()
    for _, method in ipairs { "state", "result" } do
      local lines = {}
      local queue = make { running = 3, log = function(line) table.insert(lines, line) end }
      local bad = queue:trigger { preset = "monitoring" }
      queue:tick()
      local entry = queue.jobs[bad]
      entry.job:wait()
      entry.job[method] = function() error("the year 10000", 0) end
      local good = queue:trigger {}
      work(queue)
      assert.same({ "failed", "EIO: the year 10000" }, { queue:get(bad).state, queue:get(bad).error })
      assert.equal("complete", queue:get(good).state)
      assert.matches(bad .. ": the year 10000", table.concat(lines, "\n"), 1, true)
      assert.is_true(queue:is_idle())
    end
  end)

  test("lets no report that cannot be started stop the others", function()
    local lines = {}
    local queue = make { log = function(line) table.insert(lines, line) end }
    local bad, good = queue:trigger { preset = "seed" }, queue:trigger {}
    with_start(function(real, monitor, options, file)
      if options.preset then
        error("the year 10000", 0)
      end
      return real(monitor, options, file)
    end, function()
      work(queue)
    end)
    assert.same({ "failed", "EIO: the year 10000" }, { queue:get(bad).state, queue:get(bad).error })
    assert.equal("complete", queue:get(good).state)
    assert.same(1, #lines)
  end)

  test("does its parts whatever one of them raises", function()
    local parts = { "SELECT report_id, owner, lease", "AS running WHERE", "state IN ('complete', 'failed')" }
    for _, part in ipairs(parts) do
      local lines, seen = {}, {}
      local queue = make { log = function(line) table.insert(lines, line) end }
      local function watched(method, real, sql, ...)
        for _, name in ipairs(parts) do
          seen[name] = seen[name] or sql:find(name, 1, true) ~= nil
        end
        if sql:find(part, 1, true) then
          error("no such luck", 0)
        end
        return method(real, sql, ...)
      end
      with_database(queue, { row = watched, rows = watched })
      queue:tick()
      queue.tidied = 0
      queue:tick() -- told once
      assert.equal(1, #lines)
      assert.matches("no such luck", lines[1], 1, true)
      for _, name in ipairs(parts) do
        assert.is_true(seen[name], name)
      end
    end
  end)

  test("tells who made a queue when a report has ended, and outlives what that raises", function()
    local told, lines = {}, {}
    local queue = make { on_end = function(id, state)
      table.insert(told, { id, state })
      error("nobody listens", 0)
    end, log = function(line) table.insert(lines, line) end }
    local good = queue:trigger {}
    work(queue)
    local bad = queue:trigger { default_zone = "Mars/Olympus" }
    work(queue)
    assert.same({ { good, "complete" }, { bad, "failed" } }, told)
    assert.same({ "on_end: nobody listens" }, lines)
  end)

  test("tries again to write a report that finds no room, without counting that", function()
    local lines = {}
    local queue = make { log = function(line) table.insert(lines, line) end }
    local id = queue:trigger {}
    for _ = 1, 5 do
      queue:tick()
      local job = queue.jobs[id].job
      job:wait()
      job.result = function() return nil, "EFULL: /reports/x.csv: No space left on device", "EFULL" end
      queue:tick()
      queue:tick()
      assert.is_true(queue:is_idle())
      assert.same({ "queued", "EFULL: /reports/x.csv: No space left on device" }, { queue:get(id).state, queue:get(id).error })
      assert.matches("report " .. id .. " is tried again later: EFULL", lines[1], 1, true)
      pass(11)
    end
    work(queue)
    assert.equal("complete", queue:get(id).state)
    assert.is_nil(queue:get(id).error)
  end)

  test("gives back what runs when it is closed while the database is busy, and that is no attempt", function()
    local busy = 0
    local id = make():trigger {}
    for _ = 1, 5 do
      local queue = make()
      queue:tick()
      local job = queue.jobs[id].job
      job.state = function() return "running" end -- it takes for ever
      job.wait = function() return false end
      with_database(queue, { begin = function(begin, real)
        busy = busy + 1
        if busy % 4 ~= 0 then
          return nil, "EBUSY: the database is locked", "EBUSY"
        end
        return begin(real)
      end })
      queue:close(0)
      assert.equal("queued", queue:get(id).state)
    end
    local queue = make()
    work(queue)
    assert.equal("complete", queue:get(id).state)
  end)

  test("passes its threads on, but for reports that want others", function()
    local seen = {}
    local queue = make { threads = 3 }
    with_start(function(real, monitor, options, file)
      table.insert(seen, options.threads)
      return real(monitor, options, file)
    end, function()
      queue:trigger {}
      work(queue)
      queue:trigger { threads = 1 }
      work(queue)
    end)
    assert.same({ 3, 1 }, seen)
  end)

  test("gives up reports that compute for too long", function()
    local lines = {}
    local queue = make { time_limit = 0, log = function(line) table.insert(lines, line) end }
    local id = queue:trigger {}
    queue:tick()
    local job = queue.jobs[id].job
    job.state = function() return job.was_cancelled and "cancelled" or "running" end -- it takes for ever
    job.cancel = function() job.was_cancelled = true end
    work(queue)
    assert.is_true(job.was_cancelled)
    assert.same({ "failed", "ECANCELED: given up after 0 seconds, the limit of a report" },
      { queue:get(id).state, queue:get(id).error })
    assert.matches(id .. ": ECANCELED: given up", lines[1], 1, true)
    for _, name in ipairs(files.list(folder)) do
      assert.is_nil(name:find "csv")
    end
  end)

  test("gives up reports that keep the log from beginning anew, and then lets the log do so", function()
    local queue = make { running = 2, log_limit = 100000 }
    local id = queue:trigger {}
    queue:tick()
    local job = queue.jobs[id].job
    job.state = function() return job.was_cancelled and "cancelled" or "running" end
    job.cancel = function() job.was_cancelled = true end
    local polls = {}
    for i = 1, 2000 do
      polls[i] = { "store " .. i, "active", i * 86400 }
    end
    local other = assert(loom.open(folder .. "/db", { clock = function() return now end }))
    monitors[#monitors + 1] = other
    assert(other:polls(polls))
    local second = queue:trigger { preset = "seed" }
    queue:tick()
    assert.equal("failed", queue:get(id).state)
    assert.matches("^ECANCELED: given up because it kept the write%-ahead log from beginning anew, which has grown by %d+ bytes "
      .. "%(the limit is 100000%)$", queue:get(id).error)
    work(queue)
    assert.equal("complete", queue:get(second).state) -- what had grown before it began is not its fault
    -- Where the log is long, one report at a time ends, so that it can begin anew between them.
    local third, fourth = queue:trigger {}, queue:trigger { preset = "seed" }
    if queue.leash:is_log_long() then
      queue:tick()
      assert.same({ "running", "queued" }, { queue:get(third).state, queue:get(fourth).state })
    end
    work(queue)
    assert.equal("complete", queue:get(fourth).state)
  end)

  test("tells of options that cannot be read", function()
    local queue = make()
    local id = queue:trigger {}
    assert(queue.monitor.database:begin())
    assert(queue.monitor.database:execute("UPDATE report SET options = '{'"))
    assert(queue.monitor.database:commit())
    work(queue)
    assert.equal("failed", queue:get(id).state)
    assert.matches("^EINVAL: the report's options cannot be read: .", queue:get(id).error)
  end)

  test("returns what reading and writing fail with", function()
    local queue = make()
    queue:tick()
    assert(queue.monitor.database:begin())
    assert(queue.monitor.database:execute("DROP TABLE report"))
    assert(queue.monitor.database:commit())
    for _, call in ipairs {
      function() return queue:trigger {} end,
      function() return queue:waiting() end,
      function() return queue:get "5f3c9a52-5b0e-4d70-9a51-0b9d3a2f7c11" end,
      function() return queue:list { limit = 1 } end,
      function() return queue:remove "5f3c9a52-5b0e-4d70-9a51-0b9d3a2f7c11" end,
    } do
      local result, message, code = call()
      assert.is_nil(result)
      assert.matches("no such table: report", message, 1, true)
      assert.matches("^E%u+$", code)
      assert.matches("^" .. code .. ": ", message)
    end
    queue:tick()
  end)
end)
