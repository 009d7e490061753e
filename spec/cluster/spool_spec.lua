-- Polls that the service of a cluster has answered: in the head at once, and in the cluster soon.

local await = require "support.await"
local cluster = require "support.cluster"
local files = require "support.files"
local server = require "support.server"
local servers = require "support.servers"
local shell = require "support.shell"

local names = { "ch11", "ch12", "ch13", "ch21", "ch22", "ch23" }

cluster.describe("what the service of a cluster has answered", function(each)
  local folder, conf, service

  each(function(...)
    folder, conf = ...
    shell.good("ingest", conf, "--status", "spec/fixtures/golden/utc/store_status.csv", "--quiet")
    service = server.start(folder, { database = conf })
  end)

  after_each(function()
    if service then
      service:stop()
      service = nil
    end
    servers.mend()
  end)

  local function act(what)
    servers.act(what, (table.unpack or unpack)(names))
  end

  local function send(id, parameters)
    return service:post("/v1/polls" .. (parameters or ""), "application/json",
      ('{"store_id":"%s","status":"active","timestamp_utc":"2023-01-25 10:00:00"}'):format(id))
  end

  local function log()
    return files.read(folder .. "/server.log")
  end

  local function polls_in_cluster()
    return tonumber(((shell.loom("cluster", "status", conf).out:match "([%d,]+) polls? in" or ""):gsub(",", "")))
  end

  local function until_in_cluster(count)
    await("polls in the cluster", function()
      return polls_in_cluster() == count
    end, log)
  end

  it("is in a report that is asked then, and soon in the cluster", function()
    local before = polls_in_cluster()
    for i = 1, 5 do
      local response = send("live" .. i)
      assert.equal(200, response.status)
      assert.equal(1, response.json.new)
      assert.matches("\nlive" .. i .. ",", (shell.good("report", conf, "--all-stores")))
    end
    until_in_cluster(before + 5)
    local other = folder .. "/other.conf" -- of a head that has to learn of them
    files.write(other, (files.read(conf):gsub("head %S+", "head other.db")))
    assert.equal(shell.good("report", conf, "--all-stores"), (shell.good("report", other, "--all-stores")))
    assert.equal(0, send("live1").json.conflicts)
    assert.matches('loom_flushes_total{outcome="done"} %d', service:request("/metrics").body)
    assert.matches("\nloom_polls_spooled %d", service:request("/metrics").body)
  end)

  it("is in the cluster when it is asked for that", function()
    local before = polls_in_cluster()
    assert.equal(200, send("live1", "?durable=cluster").status)
    assert.equal(before + 1, polls_in_cluster())
    server.expect_problem(send("live1", "?durable=elsewhere"), 400)
  end)

  it("outlives the service, which is there again before the cluster is", function()
    act "kill" -- so that none of it can be in the cluster
    for i = 1, 19 do
      assert.equal(200, send("live" .. i).status)
    end
    service:stop "KILL"
    service = server.start(folder, { database = conf })
    await("the database", function()
      return send("live20").status == 200
    end, log)
    assert.is_true(tonumber(service:request("/metrics").body:match "\nloom_polls_spooled (%d+)") >= 19)
    act "start"
    local report = shell.good("report", conf, "--all-stores")
    for i = 1, 20 do
      assert.matches("\nlive" .. i .. ",", report)
    end
    await("the flush", function()
      return service:request("/metrics").body:find "\nloom_polls_spooled 0"
        and service:request("/metrics").body:find "loom_flush_timestamp_seconds"
    end, log)
    assert.equal(report, (shell.good("report", conf, "--all-stores")))
    await("what replicas that were away have missed", function()
      return shell.loom("cluster", "check", conf).out == conf .. ": ok\n"
    end)
  end)

  it("is refused where another head has taken over, and waits until this one does again", function()
    local before, other = polls_in_cluster(), folder .. "/other.conf"
    files.write(other, (files.read(conf):gsub("head %S+", "head other.db")))
    assert.equal(200, service:request("/readyz").status)
    shell.good("cluster", "take-over", other)
    local taken, refused = 0, nil
    await("polls that are refused", function()
      local response = send("live" .. taken + 1)
      refused = response.status ~= 200 and response
      taken = taken + (refused and 0 or 1)
      return refused
    end, log)
    server.expect_problem(refused, 503)
    assert.matches("another head alone writes to the cluster", refused.json.detail)
    assert.equal("10", refused.headers["retry-after"])
    local readiness = service:request "/readyz"
    assert.equal(503, readiness.status)
    assert.same({ "owner" }, readiness.json.failing)
    local text = "store_id,status,timestamp_utc\nc,active,2023-01-25 10:00:00\n"
    server.expect_problem(service:post("/v1/ingest/polls", "text/csv", text), 503)
    shell.good("ingest", other, "--status", "spec/fixtures/golden/utc/store_status.csv", "--quiet")
    assert.equal(before, polls_in_cluster())
    shell.good("cluster", "take-over", conf)
    await("readiness", function()
      return service:request("/readyz").status == 200
    end, log)
    assert.equal(200, send("last").status)
    until_in_cluster(before + taken + 1)
  end)

  it("is written anew where it came in many pieces", function()
    service:stop()
    local text = "store_id,status,timestamp_utc\nc,active,2023-01-25 1%d:00:00\n"
    for i = 1, 4 do
      local path = folder .. "/late.csv"
      files.write(path, text:format(i))
      shell.good("ingest", conf, "--status", path, "--quiet")
    end
    local function blocks()
      return tonumber((shell.good("cluster", "status", conf):match " in (%d+) blocks? of "))
    end
    local before, report = blocks(), shell.good("report", conf, "--all-stores")
    service = server.start(folder, { database = conf, arguments = { "--compact-every", "1s" } })
    await("the day written anew", function()
      return service:request("/metrics").body:find 'loom_compactions_total{outcome="done"} 1\n'
    end, log)
    assert.equal(before - 3, blocks())
    assert.equal(report, (shell.good("report", conf, "--all-stores")))
    assert.equal(conf .. ": ok\n", (shell.good("cluster", "check", conf)))
    assert.equal(200, send("live1", "?durable=cluster").status)
  end)

  it("waits while the cluster is away", function()
    local before = polls_in_cluster()
    act "kill"
    for i = 1, 10 do
      assert.equal(200, send("live" .. i).status)
    end
    await("a flush that fails", function()
      return log():find("polls wait to get to the cluster", 1, true)
    end, log)
    assert.equal(200, send("late").status)
    act "start"
    until_in_cluster(before + 11)
    assert.matches("\nlate,", (shell.good("report", conf, "--all-stores")))
  end)
end)
