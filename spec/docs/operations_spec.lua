-- What the page about running Loom shows: every piece that needs no systemd and no apt, in order, against a service that runs.

local checkout = require "support.checkout"
local files = require "support.files"
local lfs = require "lfs"
local markdown = require "support.markdown"
local server = require "support.server"
local shell = require "support.shell"

local PAGE = "docs/operations.md"

describe("the page about running Loom", function()
  local folder, service, token

  -- A piece as it runs here: as who runs it, in the folder.
  local function here(text)
    return (text:gsub("sudo %-u loom ", ""):gsub("/var/l[%l]+/loom", folder.path .. "/own"):gsub("127%.0%.0%.1:8080",
      "127.0.0.1:" .. service.port):gsub("curl ", shell.curl .. " "))
  end

  -- What apt and systemd do is tested by `make test-deb` and spec/docs/systemd_spec.lua; the rest of such a piece runs.
  local function without_system(text)
    return (("\n" .. text):gsub("\napt%-get [^\n]+", ""):gsub("\nsystemctl [^\n]+", ""):sub(2))
  end

  before_each(function()
    folder = checkout.folder()
    assert(lfs.mkdir(folder.path .. "/own"))
    shell.good("ingest", folder.path .. "/own/stores.db", "examples/data", "--quiet")
    local line
    token, line = shell.good("token", "write", "poller"):match "^token: (%S+)\nline:  ([^\n]+)\n$"
    files.write(folder.path .. "/tokens", line .. "\n")
    service = server.start(folder.path, { database = folder.path .. "/own/stores.db",
      arguments = { "--token-file", folder.path .. "/tokens", "--audit-log", folder.path .. "/own/audit.log" } })
  end)

  after_each(function()
    service:stop()
    folder:remove()
  end)

  -- Has a line written to the audit log; nginx writes it once the request has ended, which the client may see first.
  local function write_log()
    assert.equal(200, service:request("/trigger_report", "-X", "POST", "-H", "Authorization: Bearer " .. token).status)
    local path = folder.path .. "/own/audit.log"
    assert.equal(0, shell.run(("until [ -s %s ]; do sleep 0.02; done"):format(path)).status)
    return path
  end

  it("shows commands that do what it says", function()
    write_log()
    local ran = 0
    for _, block in ipairs(markdown.blocks(PAGE)) do
      if block.language == "sh" then
        block.text = without_system(here(block.text))
        if block.text:find "%S" then
          ran = ran + 1
          markdown.run(folder, block, {})
        end
      elseif block.language == "nginx" or block.language == "caddy" then
        local whole = files.read("examples/proxy/" .. (block.language == "nginx" and "nginx.conf" or "Caddyfile"))
        for line in block.text:gmatch "[^\n]+" do
          assert.is_truthy(whole:find(line, 1, true), line)
        end
      else
        assert.equal("", block.language)
      end
    end
    assert.is_true(ran >= 8)
  end)

  it("names options, units and variables that there are", function()
    local text = files.read(PAGE)
    local help = shell.good("serve", "--help") .. shell.good("prune", "--help") .. "--report-log --help"
    for option in text:gmatch "`(%-%-[%l-]+)" do
      assert.is_truthy(help:find(option, 1, true), option)
    end
    local defaults = files.read "debian/loom.default"
    for variable in text:gmatch "LOOM_[%u_]+" do
      assert.is_truthy(defaults:find("\n" .. variable .. "=", 1, true), variable)
    end
    for unit in text:gmatch "loom[%l-]*%.timer" do
      assert.is_truthy(files.exists("examples/systemd/" .. unit), unit)
    end
  end)

  it("has logs that logrotate can rotate", function()
    local path = write_log()
    local rules = here(files.read "debian/loom.logrotate"):gsub("su loom loom", "")
      :gsub("if %[ %-d[^\n]+", "kill -USR1 " .. service.pid)
    files.write(folder.path .. "/rotate", (rules:gsub("weekly", "weekly\n\tcreate 0640")))
    local result = shell.run(("chmod 644 %s/rotate; logrotate --force --state %s/state %s/rotate")
      :format(folder.path, folder.path, folder.path))
    assert.equal(0, result.status, result.err)
    assert.matches("/trigger_report", files.read(path .. ".1"), 1, true)
    write_log()
  end)
end)
