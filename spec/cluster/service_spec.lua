-- The service of a cluster: polls that are sent, and a head that is deleted under it.

local loom = require "loom"
local await = require "support.await"
local cluster = require "support.cluster"
local files = require "support.files"
local server = require "support.server"
local shell = require "support.shell"

local is_root = shell.run("test $(id -u) = 0").status == 0

cluster.describe("the service of a cluster", function(each)
  local folder, conf, head, service

  each(function(...)
    folder, conf = ...
    head = conf .. ".db"
    shell.good("ingest", conf, "--status", "spec/fixtures/golden/utc/store_status.csv", "--quiet")
  end)

  after_each(function()
    if service then
      service:stop()
      service = nil
    end
  end)

  local function until_there(what, look)
    await(what, function()
      return look(service:request "/readyz")
    end, function()
      return files.read(folder .. "/server.log")
    end)
  end

  it("has polls in reports once they are answered", function()
    service = server.start(folder, { database = conf })
    assert.equal(200, service:post("/v1/polls", "application/json", '{"store_id":"live1","status":"active"}').status)
    assert.matches("\nlive1,", (shell.good("report", conf, "--all-stores")))
    local id = service:post("/trigger_report", "application/json", "").json.report_id
    local response
    repeat
      response = service:request("/get_report/" .. id)
    until not response.json
    assert.equal(200, response.status)
  end)

  it("makes no head where it is deleted, and goes on with the one that is put there", function()
    service = server.start(folder, { database = conf })
    shell.good("backup", conf, folder .. "/backup")
    assert(os.remove(head))
    until_there("the look of both workers", function()
      return select(2, files.read(folder .. "/server.log"):gsub("requests get 503", "")) == 2
    end)
    assert.is_nil((loom.open(conf, { create = false })))
    assert.is_false(files.exists(head))
    assert(os.rename(folder .. "/backup", head))
    until_there("the head", function(response)
      return response.status == 200
    end)
    assert.equal(200, service:post("/v1/polls", "application/json", '{"store_id":"live2","status":"active"}').status)
  end)

  it("gives a head that it makes to whom the workers run as", function()
    if not is_root then return end
    shell.run(("mkdir %s/data; chown nobody:nogroup %s/data"):format(folder, folder))
    if not shell.lets_nobody_in(folder) then
      return pending "nobody cannot get here"
    end
    local text = files.read(conf):gsub("head [^\n]*", "head data/head.db")
    files.write(conf, text)
    shell.run("chmod 644 " .. shell.quote(conf))
    service = server.start(folder, { database = conf, arguments = { "--reports", folder .. "/data/reports" } })
    assert.equal(200, service:post("/v1/polls", "application/json", '{"store_id":"live3","status":"active"}').status)
    assert.equal("nobody\n", shell.run("stat -c %U " .. shell.quote(folder .. "/data/head.db")).out)
  end)
end)
