-- Whom the workers run as.

local files = require "support.files"
local server = require "support.server"
local shell = require "support.shell"

local is_root = shell.run("test $(id -u) = 0").status == 0

describe("the workers of a service", function()
  local folder

  files.folder_for_each(function(made)
    folder = made
  end)

  if not is_root then
    it("are who starts it, who can choose nobody else", function()
      local result = shell.loom("serve", folder .. "/db", "--user", "nobody", "--listen", "127.0.0.1:18080")
      shell.expect_failure(result, 2)
      assert.matches("only root", result.err, 1, true)
    end)
    return
  end

  local function expect_nobody(data, ...)
    local service = server.start(folder, { database = data .. "/db", arguments = { "--polls-limit", "4m", ... } })
    for _, pid in ipairs(service:workers()) do
      assert.equal("nobody\n", shell.run(shell.ps .. " -o user= -p " .. pid).out)
    end
    local polls = { "store_id,status,timestamp_utc" }
    for i = 1, 50000 do
      polls[#polls + 1] = ("s%d,active,2024-03-04 12:00:00"):format(i)
    end
    assert.equal(200, service:post("/v1/ingest/status", "text/csv", table.concat(polls, "\n") .. "\n").status)
    assert.equal(200, service:request("/readyz").status)
    local id = service:request("/trigger_report", "-X", "POST").json.report_id
    local response
    repeat
      response = service:request("/get_report/" .. id)
    until not response.json
    assert.equal(200, response.status)
    assert.is_nil(service:stop():find("run as root", 1, true))
  end

  it("are whom root names, or the owner of the database's folder", function()
    if not shell.lets_nobody_in(folder) then
      return pending "nobody cannot get here"
    end
    local data = folder .. "/data"
    shell.run(("mkdir %s && chown nobody:nogroup %s"):format(data, data))
    expect_nobody(data)
    expect_nobody(data, "--user", "nobody")
  end)

  it("are who starts it, who need not be root", function()
    if not shell.lets_nobody_in(folder) then
      return pending "nobody cannot get here"
    end
    shell.run("chown nobody:nogroup " .. shell.quote(folder))
    local command = shell.command
    shell.command = "setpriv --reuid nobody --regid nogroup --clear-groups " .. command
    local started, service = pcall(server.start, folder)
    shell.command = command
    assert.is_true(started, service)
    for _, pid in ipairs(service:workers()) do
      assert.equal("nobody\n", shell.run(shell.ps .. " -o user= -p " .. pid).out)
    end
    assert.equal(200, service:request("/readyz").status)
    service:stop()
  end)

  it("are root only where nobody else is known, which is told", function()
    local service = server.start(folder)
    assert.matches("the workers run as root", service:stop(), 1, true)
  end)

  it("have to be somebody who may do the work", function()
    local function refused(...)
      return shell.loom("serve", folder .. "/db", "--listen", "127.0.0.1:18080", ...)
    end
    shell.expect_failure(refused("--user", "no-such-user"), 2)
    local result = refused("--user", "nobody")
    shell.expect_failure(result, 1)
    assert.matches("the user nobody, whom the workers run as, may not", result.err, 1, true)
  end)
end)
