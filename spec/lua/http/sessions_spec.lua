local files = require "support.files"
local loom = require "loom"
local sessions = require "loom.http.sessions"
local tokens = require "loom.http.tokens"

local HOUR, NOW = 3600, 1700000000

describe("sessions", function()
  local monitor, database
  local one, two = tokens.hash "one", tokens.hash "two"

  before_each(function()
    monitor = assert(loom.open(":memory:", { create = true }))
    database = monitor.database
  end)

  after_each(function()
    monitor:close()
  end)

  local function count()
    return assert(database:row "SELECT count(*) AS n FROM service WHERE name LIKE 'session %'").n
  end

  it("are known by what is told once, and kept nowhere", function()
    local id = assert(sessions.begin(database, one, NOW))
    assert.matches("^%x+$", id)
    assert.equal(64, #id)
    local found = assert(sessions.find(database, id, NOW))
    assert.same({ one, NOW + 12 * HOUR }, { found.token, found.expires })
    for row in assert(monitor:query "SELECT * FROM service") do
      assert.is_nil((row.name .. row.value):find(id, 1, true))
      assert.is_nil((row.name .. row.value):find("one", 1, true))
    end
    local revision = assert(database:revision())
    assert(sessions.begin(database, one, NOW))
    assert.equal(revision, database:revision()) -- no report is another one by it
  end)

  it("are not known by anything else", function()
    local id = assert(sessions.begin(database, one, NOW))
    for _, other in ipairs { "", "x", id:sub(2), id .. "0", id:upper() .. " ", ("0"):rep(64), "%" .. id:sub(2), "reports" } do
      assert.is_false(sessions.find(database, other, NOW), other)
    end
  end)

  it("end after twelve hours without a request, and after seven days", function()
    local idle = assert(sessions.begin(database, one, NOW))
    assert.is_table(sessions.find(database, idle, NOW + 12 * HOUR - 1))
    assert.is_false(sessions.find(database, assert(sessions.begin(database, one, NOW)), NOW + 12 * HOUR))
    local id, now, ends = assert(sessions.begin(database, one, NOW)), NOW, NOW + sessions.LIFETIME
    while now < ends do
      local found = assert(sessions.find(database, id, now), now)
      assert.is_true(found.expires <= ends and found.expires >= math.min(now + 12 * HOUR - 600, ends))
      now = now + 11 * HOUR
    end
    assert.is_table(sessions.find(database, id, ends - 1))
    assert.is_false(sessions.find(database, id, ends))
  end)

  it("are noted to be used now and then, not at each request", function()
    local id = assert(sessions.begin(database, one, NOW))
    local function value()
      return assert(database:row "SELECT value FROM service WHERE name LIKE 'session %'").value
    end
    local before = value()
    assert.is_table(sessions.find(database, id, NOW + 599))
    assert.equal(before, value())
    assert.is_table(sessions.find(database, id, NOW + 600))
    assert.not_equal(before, value())
  end)

  it("are others at each log in, and those before end", function()
    local first = assert(sessions.begin(database, one, NOW))
    local second = assert(sessions.begin(database, one, NOW, first))
    assert.not_equal(first, second)
    assert.is_false(sessions.find(database, first, NOW))
    assert.is_table(sessions.find(database, second, NOW))
    assert.is_true(sessions.finish(database, second))
    assert.is_true(sessions.finish(database, second))
    assert.is_false(sessions.find(database, second, NOW))
    assert.equal(0, count())
  end)

  it("are bounded in number: those used the longest ago make room", function()
    local first = assert(sessions.begin(database, one, NOW))
    local other = assert(sessions.begin(database, two, NOW))
    local last
    for i = 1, 100 do
      last = assert(sessions.begin(database, one, NOW + i))
    end
    assert.equal(101, count())
    assert.is_false(sessions.find(database, first, NOW))
    assert.is_table(sessions.find(database, other, NOW))
    assert.is_table(sessions.find(database, last, NOW))
    local ok = monitor:transaction(function()
      for i = 1, 1000 do
        assert(sessions.begin(database, tokens.hash(tostring(i)), NOW + 200))
      end
    end)
    assert.is_truthy(ok)
    assert.equal(1000, count())
    assert.is_false(sessions.find(database, other, NOW))
    assert(sessions.begin(database, one, NOW + 13 * HOUR)) -- what is over goes
    assert.equal(1, count())
  end)

  it("end with their tokens", function()
    local ids = { assert(sessions.begin(database, one, NOW)), assert(sessions.begin(database, two, NOW)) }
    local folder = files.make_folder()
    tokens.load(files.write(folder .. "/tokens", ("read %s x\n"):format(tokens.hex(two))))
    assert.is_true(sessions.finish_unknown(database))
    assert.is_false(sessions.find(database, ids[1], NOW))
    assert.is_table(sessions.find(database, ids[2], NOW))
    assert.is_true(sessions.finish_unknown(database))
    files.remove_folder(folder)
  end)
end)
