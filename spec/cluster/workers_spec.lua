-- Reports near the data: what shards, and workers beside them, make of their stores is what the whole is made of.

local cjson = require "cjson"
local await = require "support.await"
local core = require "loom.core"
local files = require "support.files"
local handshake = require "loom.workers.handshake"
local server = require "support.server"
local servers = require "support.servers"
local shell = require "support.shell"

local missing = servers.missing()

describe("near the data", function()
  local folder, conf, database
  local workers, pids = {}, {}

  local function start(words)
    local log = folder .. "/" .. #pids .. ".log"
    local result = shell.run(("TMPDIR=%s exec %s >%s 2>&1 </dev/null & echo $!"):format(folder, words, log))
    pids[#pids + 1] = result.out:match "%d+"
    return log
  end

  -- A worker's own conf, and with it its head.
  local function make_conf(lines)
    local name = ("%s/worker%d.conf"):format(folder, #pids)
    servers.conf(name, database, lines)
    return name
  end

  local function await_worker(url, log)
    await("a worker", function()
      return shell.run(shell.curl .. " -s -k -o /dev/null " .. url).status == 0
    end, function()
      return files.read(log)
    end)
    return url
  end

  -- The address of a worker that answers.
  local function start_worker(shard, before, ...)
    local port = server.free_port()
    local log = start(("%s %s"):format(before or "", shell.line("worker", make_conf(), "--shard", tostring(shard), "--listen",
      "127.0.0.1:" .. port, "--token-file", folder .. "/token", "--processes", "1", ...)))
    return await_worker((... and "https" or "http") .. "://127.0.0.1:" .. port, log)
  end

  setup(function()
    if missing then return end
    servers.up { replicas = 1 }
    folder = files.make_folder()
    files.write(folder .. "/token", "a secret\n")
    files.write(folder .. "/other", "another\n")
    shell.run(("chmod 600 %s/token %s/other"):format(folder, folder))
    conf = folder .. "/cluster.conf"
    database = servers.conf(conf)
    servers.conf(conf, database, "worker-token-file token\n")
    shell.good("ingest", conf, "spec/fixtures/golden/zones")
    shell.good("ingest", conf, "spec/fixtures/golden/south", "--quiet")
    local store = shell.good("report", conf):match "\n([^,]+)"
    shell.good("attributes", "set", conf, store, "region=north")
    workers = { start_worker(1), start_worker(2) }
  end)

  teardown(function()
    for _, pid in ipairs(pids) do
      shell.run("kill " .. pid)
      shell.await_end(pid, 20)
    end
    servers.down()
    if folder then
      files.remove_folder(folder)
    end
  end)

  before_each(function()
    if missing then
      pending(missing)
    end
  end)

  local function lines(text)
    local list = {}
    for line in text:gmatch "[^\n]+" do
      list[#list + 1] = line
    end
    return list
  end

  -- What a report says with these workers.
  local function with_workers(urls, ...)
    local words = { "report", conf, ... }
    words[#words + 1] = "--workers=" .. table.concat(urls, ",")
    return shell.loom((table.unpack or unpack)(words))
  end

  local function expect_failure(result, ...)
    assert.equal(1, result.status, result.out)
    assert.equal("", result.out)
    for _, text in ipairs { ... } do
      assert.matches(text, result.err, 1, true)
    end
    assert.matches("^loom: [^\n]+\n$", result.err)
  end

  it("a report of each shard has the rows of its stores", function()
    if missing then return end
    local whole, parts = shell.good("report", conf), {}
    for shard = 1, 2 do
      local part = lines(shell.good("report", conf, "--shard", tostring(shard), "--quiet"))
      assert.equal(whole:match "[^\n]+", table.remove(part, 1))
      assert.is_true(#part > 0)
      for _, line in ipairs(part) do
        parts[#parts + 1] = line
      end
    end
    table.sort(parts)
    local all = lines(whole)
    table.remove(all, 1)
    table.sort(all)
    assert.same(all, parts)
  end)

  it("there is no shard that the cluster does not have, and none of a file", function()
    if missing then return end
    local result = shell.loom("report", conf, "--shard", "3")
    assert.equal(2, result.status)
    assert.matches("--shard: " .. conf .. " has 2 shards", result.err, 1, true)
    result = shell.loom("report", conf .. ".db", "--shard", "1")
    assert.equal(2, result.status)
    assert.matches("is no cluster", result.err, 1, true)
  end)

  it("workers write, byte for byte, what a report without them does", function()
    if missing then return end
    for _, words in ipairs {
      {}, { "--preset", "monitoring", "--all-stores" }, { "--format", "ndjson" }, { "--flat" }, { "--slo", "0.99" },
      { "--window", "yesterday", "--window", "days=2023-01-21/2023-01-24", "--compare" }, { "--where", "region=north" },
      { "--stores", "[0-9a-f]*", "--neutralise-formulas" }, { "--search", "1" }, { "--slo", "0.9", "--format", "ndjson" },
      { "--columns", "ratio_last_week,store_id,attributes.region,strip" }, { "--as-of", "2023-01-24", "--quiet" },
      { "--columns", "store_id,longest_last_day", "--format", "ndjson" }, { "--stores", "nobody" }, { "--window", "today" },
      { "--default-zone", "Asia/Tokyo" }, { "--as-of", "1990-01-01" },
    } do
      local alone = shell.loom("report", conf, (table.unpack or unpack)(words))
      local together = with_workers(workers, (table.unpack or unpack)(words))
      assert.same({ alone.status, alone.out, alone.err }, { together.status, together.out, together.err })
    end
  end)

  it("a file is what standard output is, and addresses may be the conf's", function()
    if missing then return end
    local listed = folder .. "/listed.conf"
    servers.conf(listed, database, "worker-token-file token\nworker " .. table.concat(workers, " ") .. "\n")
    shell.good("report", listed, "-o", folder .. "/report.csv", "--workers")
    assert.equal((shell.good("report", conf)), files.read(folder .. "/report.csv"))
  end)

  it("what has come since is in the next report", function()
    if missing then return end
    local more = files.write(folder .. "/more", "store_id,status,timestamp_utc\nnew,active,2023-01-25 10:00:00\n")
    shell.good("ingest", conf, "--status", more)
    local alone, together = shell.good("report", conf), with_workers(workers)
    assert.equal(alone, together.out)
  end)

  it("what a service has answered a moment ago is taken to the cluster, and is in it, too", function()
    if missing then return end
    local own = files.make_folder()
    local service = server.start(own, { database = conf, arguments = { "--reports", own .. "/reports" } })
    for i = 1, 3 do
      local sent = service:post("/v1/polls", "application/json",
        ('{"store_id":"live%d","status":"active","timestamp_utc":"2023-01-25 10:0%d:00"}'):format(i, i))
      assert.equal(200, sent.status)
      local together = with_workers(workers)
      assert.equal(0, together.status, together.err)
      assert.matches("\nlive" .. i .. ",", together.out)
      assert.equal((shell.good("report", conf)), together.out)
    end
    service:stop()
    files.remove_folder(own)
  end)

  it("a cluster that goes on all the time is reported on at one commit or another", function()
    if missing then return end
    local other = folder .. "/busy.conf"
    servers.conf(other, database)
    for i = 1, 15 do
      files.write(folder .. "/busy" .. i, ("store_id,status,timestamp_utc\nbusy%d,active,2023-01-25 11:00:00\n"):format(i))
    end
    start("sh " .. files.write(folder .. "/busy.sh", ("for i in $(seq 15); do %s %s/busy$i || exit; done\ntouch %s/done\n")
      :format(shell.line("ingest", other, "--quiet", "--status"), folder, folder)))
    local seen = 0
    repeat
      local is_last = files.exists(folder .. "/done")
      local together = with_workers(workers)
      assert.equal(0, together.status, together.err)
      local _, count = together.out:gsub("\nbusy", "")
      for i = 1, count do
        assert.matches("\nbusy" .. i .. ",", together.out, 1, true)
      end
      assert.is_true(count >= seen)
      seen = count
    until is_last
    assert.equal(15, seen)
    assert.equal((shell.good("report", conf)), with_workers(workers).out)
  end)

  it("a worker has all of the roster before it is asked for anything", function()
    if missing then return end
    local name = ("%s/worker%d.conf.db"):format(folder, #pids)
    start_worker(1)
    local stores = select(2, shell.good("report", conf, "--all-stores"):gsub("\n", "")) - 1
    local found = shell.good("query", name, "SELECT count(*) AS stores FROM store") -- of the head alone, which asks no server
    assert.equal("stores\n" .. stores .. "\n", found)
  end)

  it("workers that are silent are not waited for one by one, nor for long", function()
    if missing then return end
    local silent = start_worker(2)
    local process = shell.run("pgrep -P " .. pids[#pids]).out:match "%d+"
    process = shell.run("pgrep -P " .. process).out:match "%d+" or process
    shell.run("kill -STOP " .. process)
    local together = with_workers { silent, workers[1], silent, workers[2], silent }
    shell.run("kill -CONT " .. process)
    assert.equal(0, together.status, together.err)
    assert.equal((shell.good("report", conf)), together.out)
  end)

  it("a dead worker has another one of its shard asked, and without one says so", function()
    if missing then return end
    local dead = "http://127.0.0.1:" .. server.free_port()
    assert.equal((shell.good("report", conf)), with_workers({ dead, workers[2], workers[1] }).out)
    expect_failure(with_workers { dead, workers[2] }, "shard 1 has no worker", dead)
    expect_failure(with_workers { workers[1], workers[1] }, "shard 2 has no worker")
  end)

  it("who has another token, tz database or Loom is refused", function()
    if missing then return end
    local other = folder .. "/other.conf"
    servers.conf(other, database, "worker-token-file other\n")
    expect_failure(shell.loom("report", other, "--workers=" .. table.concat(workers, ",")), "the worker has another token")
    local zones = files.make_folder()
    shell.run(("cp -r %s/America %s/"):format(core.zone_directory(), zones))
    local url = start_worker(1, "env TZDIR=" .. zones)
    files.remove_folder(zones)
    expect_failure(with_workers { url, workers[2] }, "its tz database is another one than here")
    local said = shell.run(shell.curl .. " " .. shell.words("-s", "-H", "Authorization: Bearer a secret", "-d",
      '{"hello":true,"loom":"0.0.1"}', workers[1] .. "/v1/shard-report"))
    assert.matches("^EVERSION: who asks is another one: it is Loom 0.0.1, and this is ", said.out)
  end)

  it("who asks a worker for what is no report is told so", function()
    if missing then return end
    local function ask(request, ...)
      return shell.run(shell.curl .. " " .. shell.words("-s", "-w", "%{http_code}", "-H", "Authorization: Bearer a secret", "-d",
        type(request) == "table" and cjson.encode(request) or request, workers[1] .. "/v1/shard-report", ...)).out
    end
    local function report(options, more)
      local request = handshake.own()
      request.database, request.shard, request.shards, request.options, request.format = database, 1, 2, options, "csv"
      request.commit, request.ingest = 1, 1
      for name, value in pairs(more or {}) do
        request[name] = value
      end
      return ask(request)
    end
    assert.matches("^EINVAL: JSON of a report is expected\n409$", ask "no JSON")
    assert.matches("^EVERSION: .*409$", ask {})
    assert.matches("^EINVAL: this is a worker of shard 1 of 2, of the database .*409$", report({}, { shard = 2 }))
    assert.matches("^EINVAL: options, a format and a commit .*409$", report({}, { format = "html" }))
    assert.matches("}F %d+\nEBUSY: the head is at commit .*200$", report { windows = { { name = "a", seconds = 60 } } })
    for _, options in ipairs { { windows = 5 }, { colour = "red" }, { hours = { a = 1 } }, { progress = true } } do
      assert.matches("}F %d+\nEINVAL: [^\n]+200$", report(options))
    end
    assert.matches("405$", ask("", "-X", "PUT"))
    assert.matches("401$", shell.run(shell.curl .. " -s -w %{http_code} -d {} " .. workers[1] .. "/v1/shard-report").out)
  end)

  describe("a worker that breaks off", function()
    local url

    local function head(more)
      local text = handshake.own()
      text.shard, text.shards, text.database = 1, 2, database
      for name, value in pairs(more or {}) do
        text[name] = value
      end
      return core.frame("H", cjson.encode(text))
    end

    setup(function()
      if missing then return end
      start(("node spec/support/false_worker.mjs %s/hello %s/stream %s/port"):format(folder, folder, folder))
      url = "http://127.0.0.1:" .. await("a port", function()
        return files.exists(folder .. "/port") and files.read(folder .. "/port"):match "^(%d+)\n"
      end)
    end)

    local function answer(report, hello)
      files.write(folder .. "/hello", (hello or head()) .. core.frame("C", "") .. core.frame("E", "{}", 0))
      files.write(folder .. "/stream", report)
    end

    -- What the cluster's last commit is called.
    local function commit()
      local plan
      local monitor = assert(require("loom").open(conf))
      plan = assert(core.shard_plan(monitor.database, { shards = 2 }))
      monitor:close()
      return { commit = plan.number, ingest = plan.ingest }
    end

    -- The stream that it would send if it did not break off.
    local function whole()
      local text = {}
      require("loom.workers.shard_report").answer({ conf = conf, shard = 1, shards = 2, database = database },
        { format = "csv", options = {}, commit = commit().commit, ingest = commit().ingest }, function(bytes)
          text[#text + 1] = bytes
        end, function() end)
      return table.concat(text)
    end

    it("is an error, and no file is written, or is replaced", function()
      if missing then return end
      local stream = whole()
      local path = folder .. "/cut.csv"
      for _, length in ipairs { 0, 100, #stream - 500, #stream - 1 } do
        answer(stream:sub(1, length))
        local result = with_workers({ url, workers[2] }, "-o", path)
        expect_failure(result, "shard 1: " .. url .. ": ")
        assert.is_false(files.exists(path))
        assert.equal((shell.good("report", conf)), with_workers({ url, workers[2], workers[1] }).out)
      end
      answer((stream:gsub("\nE (%d+)", function(rows)
        return ("\nE %d"):format(rows + 1)
      end)))
      assert.equal((shell.good("report", conf)), with_workers({ url, workers[2], workers[1] }).out)
    end)

    it("or has too few rows, or those of another commit, or is another one, is no figure", function()
      if missing then return end
      local tail = '{"left_out":{"count":0,"stores":[]},"windows":[],"silence":[],"rules":{}}'
      local caption = shell.good("report", conf):match "^[^\n]+\n"
      answer(head(commit()) .. core.frame("C", caption) .. core.frame("E", tail, 0))
      expect_failure(with_workers({ url, workers[2] }, "-o", folder .. "/none"), "it has told of 0 stores, and shard 1 has ")
      assert.is_false(files.exists(folder .. "/none"))
      answer(head { commit = 1, ingest = 1 } .. core.frame("C", caption) .. core.frame("E", tail, 0))
      expect_failure(with_workers { url, workers[2] }, "it has become another one")
      for _, text in ipairs { "5", "none" } do
        answer(core.frame("H", text) .. core.frame("C", caption) .. core.frame("E", tail, 0))
        expect_failure(with_workers { url, workers[2] }, "it has become another one")
      end
      answer("", core.frame("H", "5"))
      expect_failure(with_workers { url, workers[2] }, "it is no worker")
      answer("", head { loom = "9.9.9" })
      expect_failure(with_workers { url, workers[2] }, "it is Loom 9.9.9, and this is ")
      answer("", "<html>")
      expect_failure(with_workers { url, workers[2] }, "what was sent is no stream of rows")
    end)
  end)

  it("what is no row in order of the ids is refused in one line", function()
    if missing then return end
    for _, words in ipairs { { "--format", "table" }, { "--format", "json" }, { "--sort", "store_id" }, { "--limit", "3" },
      { "--worst", "3" }, { "--group-by", "region" }, { "--shard", "1" } } do
      local result = with_workers(workers, (table.unpack or unpack)(words))
      assert.equal(2, result.status)
      assert.matches("^loom: %-%-workers: [^\n]+\n$", result.err)
    end
    expect_failure(with_workers { "http://example.org:1", workers[2] }, "https:// is expected")
  end)

  it("workers speak TLS, and who does not know their authority does not listen", function()
    if missing then return end
    local made = shell.run(("cd %s && openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -days 2 "
      .. "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"):format(folder))
    assert.equal(0, made.status, made.err)
    local url = start_worker(1, nil, "--certificate", folder .. "/tls.crt", "--key", folder .. "/tls.key")
    expect_failure(with_workers { url, workers[2] }, "shard 1 has no worker; " .. url .. ": ")
    local known = folder .. "/tls.conf"
    servers.conf(known, database, "worker-token-file token\nca-file tls.crt\n")
    assert.equal((shell.good("report", conf)), (shell.good("report", known, "--workers=" .. url .. "," .. workers[2])))
  end)

  it("a worker runs by the line of its unit", function()
    if missing then return end
    local line = files.read("examples/systemd/loom-worker.service"):match "\nExecStart=/usr/bin/loom ([^\n]+)\n"
    local port = server.free_port()
    local log = start(("env LOOM_WORKER_CONF=%s LOOM_WORKER_OPTIONS='--shard 1 --listen 127.0.0.1:%s' sh -c 'exec %s %s'")
      :format(make_conf "worker-token-file token\n", port, shell.line(), line))
    local url = await_worker("http://127.0.0.1:" .. port, log)
    assert.equal((shell.good("report", conf)), (with_workers({ url, workers[2] }).out))
  end)

  it("a token that others may read is none, and needs a line of the conf", function()
    if missing then return end
    shell.run("chmod 644 " .. folder .. "/other")
    local result = shell.loom("worker", conf, "--shard", "1", "--token-file", folder .. "/other")
    assert.equal(1, result.status)
    assert.matches("others may read it", result.err, 1, true)
    result = shell.loom("worker", conf, "--shard", "3")
    assert.equal(2, result.status)
    result = shell.loom("worker", conf, "--shard", "1", "--listen", "0.0.0.0:" .. server.free_port())
    assert.equal(2, result.status)
    assert.matches("name a --certificate", result.err, 1, true)
  end)
end)
