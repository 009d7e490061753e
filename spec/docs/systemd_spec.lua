-- The units of systemd, as systemd reads them.

local files = require "support.files"
local lfs = require "lfs"
local shell = require "support.shell"

local FOLDER = "examples/systemd/"
-- What systemd-analyze may give at the most, of 100: what serves has a network, and memory that LuaJIT writes and runs.
local EXPOSURE = { ["loom.service"] = 15, ["loom-worker.service"] = 15, ["loom-backup.service"] = 6, ["loom-prune.service"] = 6 }

describe("the units", function()
  local folder

  files.folder_for_all(function(made)
    folder = made
    for _, name in ipairs(files.list(FOLDER)) do
      files.write(folder .. "/" .. name, (files.read(FOLDER .. name):gsub("/usr/bin/loom", lfs.currentdir() .. "/bin/loom")))
    end
  end)

  it("are understood", function()
    local result = shell.run("LD_PRELOAD= systemd-analyze verify --man=no " .. folder .. "/*")
    assert.equal("", (result.err:gsub("[^\n]*User[^\n]*not exist[^\n]*\n", ""))) -- the package makes the user
    assert.equal(0, result.status)
  end)

  it("keep from each service what it does not need", function()
    local count = 0
    for name, most in pairs(EXPOSURE) do
      count = count + 1
      local result = shell.run(("LD_PRELOAD= systemd-analyze security --no-pager --offline=true --threshold=%d %s/%s")
        :format(most, folder, name))
      assert.equal(0, result.status, result.out)
    end
    assert.equal(6, #files.list(FOLDER))
    assert.equal(4, count)
  end)

  it("are the package's", function()
    for _, name in ipairs(files.list(FOLDER)) do
      local path = "debian/" .. (name == "loom.service" and name or "loom." .. name)
      assert.equal(files.read(FOLDER .. name), files.read(path), path)
    end
  end)

  it("back up, and keep what is new enough, by the lines of the unit", function()
    local line = files.read(FOLDER .. "loom-backup.service"):match "\nExecStart=(.-[^\\])\n":gsub("\\\n", "\n"):gsub("%$%$", "$")
      :gsub("%%%%", "%%")
    shell.good("ingest", folder .. "/db", "examples/data", "--quiet")
    local environment = ("PATH=%s/bin:$PATH LOOM_DATABASE=%s/db LOOM_BACKUPS=%s/backups LOOM_BACKUP_DAYS=7 ")
      :format(lfs.currentdir(), folder, folder)
    for _ = 1, 2 do -- also a second time on the same day
      local result = shell.run(([[
        export %s
        mkdir -p %s/backups && cd %s/backups
        touch mine && touch -d "9 days ago" 2001-01-01.db
        %s]]):format(environment, folder, folder, line))
      assert.equal(0, result.status, result.err)
      local kept = files.list(folder .. "/backups")
      assert.equal(2, #kept)
      assert.matches("^20%d%d%-%d%d%-%d%d%.db$", kept[1])
      shell.good("check", folder .. "/backups/" .. kept[1])
    end
  end)
end)
