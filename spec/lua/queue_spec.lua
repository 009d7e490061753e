local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local Queue = require "loom.queue"
local shell = require "support.shell"

describe("the queue of reports", function()
  local folder, now, monitors

  before_each(function()
    folder, now, monitors = files.make_folder(), 1700000000, {}
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
    return Queue.new(monitor, all)
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

  -- Somebody who takes a report and is never heard of again.
  local function die_working(id)
    local dead = make()
    dead:tick()
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

  test("refuses more than may wait, and wrong options", function()
    local queue = make { queued = 1 }
    assert(queue:trigger {})
    assert.is_true(queue:waiting().full)
    local id, message, code = queue:trigger { preset = "seed" }
    assert.is_nil(id)
    assert.equal("EBUSY: 1 reports are waiting already", message)
    assert.equal("EBUSY", code)
    assert.error_matches(function() queue:trigger { preset = "best" } end, "bad option 'preset' to 'trigger'", 1, true)
    work(queue)
    assert(queue:trigger { preset = "seed" })
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
    local queue = make()
    local bad_zone = queue:trigger { default_zone = "Mars/Olympus" }
    local no_folder = make { folder = folder .. "/none" }
    work(queue)
    local row = queue:get(bad_zone)
    assert.equal("failed", row.state)
    assert.equal('EINPUT: default zone: "Mars/Olympus" is not a zone of the tz database', row.error)
    local unwritable = no_folder:trigger {}
    work(no_folder)
    assert.matches("^EIO: .*none/.*: No such file or directory$", queue:get(unwritable).error)
  end)

  test("hands a dead worker's report to another once its lease has run out", function()
    local queue = make()
    local id = queue:trigger {}
    die_working(id)
    queue:tick()
    assert.equal("running", queue:get(id).state)
    assert.is_true(queue:is_idle())
    now = now + 16
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

  test("gives up after three attempts", function()
    local queue = make()
    local id = queue:trigger {}
    for _ = 1, 3 do
      die_working(id)
      now = now + 16
    end
    queue:tick()
    local row = queue:get(id)
    assert.equal("failed", row.state)
    assert.equal("EIO: gave up after 3 attempts: each time its worker died", row.error)
  end)

  test("drops a report that another has taken over", function()
    local slow, quick = make(), make()
    local id = slow:trigger {}
    slow:tick()
    now = now + 16
    quick:tick() -- the lease of the slow one has run out
    assert.is_not_nil(quick.jobs[id])
    now = now + 2
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
      now = now + 1
      ids[i] = queue:trigger { preset = preset }
      work(queue)
    end
    files.write(queue:path "5f3c9a52-5b0e-4d70-9a51-0b9d3a2f7c11", "orphan")
    files.write(queue:path(ids[2]) .. ".a1b2c3.part", "half")
    now = now + 61
    queue:tick()
    assert.is_false(queue:get(ids[1]))
    assert.is_false(files.exists(queue:path(ids[1])))
    assert.is_false(files.exists(queue:figures_path(ids[1])))
    assert.is_false(files.exists(queue:path "5f3c9a52-5b0e-4d70-9a51-0b9d3a2f7c11"))
    assert.is_false(files.exists(queue:path(ids[2]) .. ".a1b2c3.part"))
    assert.is_true(files.exists(queue:path(ids[3])))
    now = now + 3600
    queue:tick()
    assert.is_false(queue:get(ids[3]))
    assert.equal(0, #queue.monitor:report { stores = {} })
  end)

  test("removes reports that have ended, and no others", function()
    local queue = make()
    local id = queue:trigger {}
    assert.equal("EBUSY", (select(3, queue:remove(id))))
    work(queue)
    assert.is_true(queue:remove(id))
    assert.equal("ENOENT", (select(3, queue:remove(id))))
    assert.is_false(files.exists(queue:path(id)))
  end)
end)
