local files = require "support.files"
local lfs = require "lfs"
local owner = require "loom.owner"
local shell = require "support.shell"

describe("a queue's owner", function()
  local namespace = lfs.symlinkattributes("/proc/self/ns/pid", "target")

  it("lives as long as its queue, under a name that no other one has", function()
    local queue, other = {}, {}
    local name, second = owner.make(queue), owner.make(other)
    assert.not_equal(name, second)
    assert.same({ true, true }, { owner.lives(name), owner.lives(second) })
    owner.leave(name)
    assert.same({ false, true }, { owner.lives(name), owner.lives(second) })
    assert.is_truthy(other)
  end)

  it("is gone with a queue that is lost", function()
    local name = owner.make {}
    collectgarbage()
    collectgarbage()
    assert.is_false(owner.lives(name))
  end)

  it("is told by the process and when that was started", function()
    local name = owner.make {}
    local pid, start, id = name:match "^%S+ (%d+) (%d+) (%S+)$"
    assert.is_truthy(pid, name)
    assert.equal(pid, lfs.symlinkattributes("/proc/self", "target"))
    if namespace then
      assert.equal(namespace, name:match "^%S+")
    end
    local function lives(...)
      return owner.lives(("%s %s %s %s"):format(...))
    end
    local own = name:match "^%S+"
    assert.is_false(lives(own, pid, tonumber(start) + 1, id)) -- another process had the number before
    assert.is_false(lives(own, 4194305, start, id)) -- beyond what Linux gives
    assert.is_nil(lives("pid:[1]", pid, start, id)) -- a container's
    assert.is_nil(lives(own, 0, start, id)) -- its machine has no /proc
  end)

  it("may be another process, which is gone once it has ended", function()
    local pid = tonumber((shell.run("sleep 60 >/dev/null 2>&1 & echo $!").out))
    local start = files.read("/proc/" .. pid .. "/stat"):match("^%d+ %(.*%) %S" .. (" %-?%d+"):rep(18) .. " (%d+)")
    local own = owner.make({}):match "^%S+"
    local name = ("%s %d %s x"):format(own, pid, start)
    assert.is_true(owner.lives(name))
    shell.run("kill -9 " .. pid)
    local lives
    for _ = 1, 500 do
      lives = owner.lives(name)
      if not lives then
        break
      end
      shell.run "sleep 0.02"
    end
    assert.is_false(lives)
  end)
end)
