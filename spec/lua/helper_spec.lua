-- The specs' own helper: a spec that leaves something behind fails the run.

local files = require "support.files"
local shell = require "support.shell"

describe("a run of specs", function()
  local function run(name)
    local folder = files.make_folder()
    local result = shell.run(("TMPDIR=%s busted --lua=%s --helper=spec/support/helper.lua --output=plainTerminal "
      .. "--pattern=%s spec/fixtures/leaks"):format(folder, shell.lua, name))
    files.remove_folder(folder)
    return result
  end

  it("passes when nothing is left behind", function()
    local result = run "no_leak"
    assert.equal(0, result.status)
    assert.matches("1 success / 0 failures / 0 errors", result.out, 1, true)
  end)

  for name, message in pairs {
    descriptor_leak = "test 'leaves a descriptor behind' left one of its descriptors behind: %d+ %(/dev/null%)",
    folder_leak = "test 'leaves a folder behind' left one of its entries behind: 1 ",
    handle_leak = "file '[^']+' left one of its descriptors behind: %d+ %([^)]+/1/db",
  } do
    it("fails on a " .. name:gsub("_", " "), function()
      local result = run(name)
      assert.is_true(result.status > 0)
      assert.matches(message, result.out)
    end)
  end

  it("has a folder that another run leaves alone, and takes away what runs that were killed have left", function()
    local memory = files.make_folder()
    local result = shell.run(([[
cd %s && mkdir loom-specs.killed loom-specs.live loom-specs.begins other
for name in loom-specs.killed loom-specs.live loom-specs.begins other; do : >$name/lock; done
touch -d '10 minutes ago' loom-specs.killed/lock loom-specs.live/lock other/lock
exec 9<loom-specs.live/lock && flock 9 && cd - >/dev/null && LOOM_MEMORY=%s TMPDIR=%s spec/folder 1 9<&-]]):format(memory, memory,
      memory .. "/other"))
    assert.equal("", result.err)
    local made = result.out:match "^(.*)\n$"
    assert.is_true(files.exists(made .. "/lock"))
    assert.same({ false, true, true, true }, { files.exists(memory .. "/loom-specs.killed"),
      files.exists(memory .. "/loom-specs.live"), files.exists(memory .. "/loom-specs.begins"),
      files.exists(memory .. "/other") })
    files.remove_folder(memory)
  end)
end)
