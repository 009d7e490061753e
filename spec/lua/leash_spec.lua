-- How far reports may keep the write-ahead log.

local files = require "support.files"
local Leash = require "loom.leash"

local MIB = 1024 * 1024

describe("the leash of reports", function()
  local folder, now, leash

  -- Makes the log so long, with holes.
  local function set_log(bytes)
    local file = assert(io.open(folder .. "/db-wal", "wb"))
    if bytes > 0 then
      file:seek("set", bytes - 1)
      file:write "x"
    end
    file:close()
  end

  before_each(function()
    folder, now = files.make_folder(), 0
    leash = Leash.new(folder .. "/db", 100, 80 * MIB, function() return now end)
  end)

  after_each(function()
    files.remove_folder(folder)
  end)

  it("ends what computes for too long, or lets the log grow too far", function()
    local run = leash:begin()
    now = 100
    assert.is_nil(leash:reason_to_end(run))
    now = 101
    assert.matches("^ECANCELED: given up after 100 seconds", leash:reason_to_end(run))
    run = leash:begin()
    set_log(80 * MIB)
    assert.is_nil(leash:reason_to_end(run))
    set_log(80 * MIB + 1)
    assert.matches("^ECANCELED: .* grown by 83886081 bytes", leash:reason_to_end(run))
  end)

  it("lets reports overlap as long as the log is short", function()
    set_log(80 * MIB)
    for running = 0, 3 do
      assert.is_true(leash:may_begin(running))
    end
  end)

  it("lets none begin where the log is long, before those that run have ended and the log has had time to begin anew", function()
    set_log(81 * MIB)
    assert.is_false(leash:may_begin(1))
    now = 50
    assert.is_false(leash:may_begin(1))
    assert.is_false(leash:may_begin(0))
    now = 51
    assert.is_false(leash:may_begin(1)) -- another has begun one
    now = 52
    assert.is_false(leash:may_begin(0))
    now = 54
    assert.is_false(leash:may_begin(0))
    set_log(64 * MIB) -- it has begun anew
    assert.is_true(leash:may_begin(0))
    assert.is_true(leash:may_begin(1))
  end)

  it("lets one at a time begin where somebody else keeps the log, less and less often", function()
    set_log(81 * MIB)
    local rests = {}
    for i = 1, 6 do
      local since = now
      while not leash:may_begin(0) do
        now = now + 1
      end
      leash:begin()
      assert.is_false(leash:may_begin(1))
      rests[i] = now - since
    end
    assert.same({ 3, 6, 12, 24, 30, 30 }, rests)
    set_log(0)
    assert.is_true(leash:may_begin(0))
    set_log(81 * MIB)
    assert.is_false(leash:may_begin(0))
    now = now + 3
    assert.is_true(leash:may_begin(0))
  end)

  it("takes the log for as short as SQLite leaves it when it begins anew", function()
    leash = Leash.new(folder .. "/db", 100, MIB, function() return now end)
    set_log(64 * MIB)
    assert.is_true(leash:may_begin(1))
  end)
end)
