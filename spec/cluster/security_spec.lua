-- Who a cluster speaks to, and who may do what: TLS, keys, and users that only read.

local cluster = require "support.cluster"
local files = require "support.files"
local servers = require "support.servers"
local shell = require "support.shell"

local CASE = "spec/fixtures/golden/utc"

cluster.describe("a cluster", function(each)
  local folder, conf, db

  each(function(...)
    folder, conf, db = ...
  end)

  after_each(servers.mend)

  local function write_key(name, text)
    files.write(folder .. "/" .. name, text .. "\n")
    os.execute(("chmod 600 %s/%s"):format(folder, name))
    return ("password-file %s\n"):format(name)
  end

  -- A conf by https, whose CA's line is given; of a database that is there, or of one of its own.
  local function secure(name, ca, database)
    local path = folder .. "/" .. name
    local settings = "patience 1\nuser writer\n" .. write_key("writer.key", "writes, too") .. ca
    return path, servers.conf(path, database, settings, "--tls")
  end

  it("is spoken to over TLS by whom its CA has signed", function()
    local path = secure("tls.conf", "ca-file " .. servers.ca() .. "\n")
    shell.good("ingest", path, CASE, "--quiet")
    shell.good("ingest", db, CASE, "--quiet")
    cluster.expect_same(path, db, "report", "DB", "--format", "exact")
    assert.equal(path .. ": ok\n", (shell.good("cluster", "check", path)))
  end)

  it("is not spoken to where its certificate is another's", function()
    local _, database = secure("good.conf", "ca-file " .. servers.ca() .. "\n")
    local other = folder .. "/other.pem"
    local made = shell.run(("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=other -keyout %s.key -out %s")
      :format(other, other))
    assert.equal(0, made.status, made.err)
    local system = secure("system.conf", "", database)
    local another = secure("another.conf", "ca-file other.pem\n", database)
    local name = secure("name.conf", "ca-file " .. servers.ca() .. "\n", database)
    files.write(name, (files.read(name):gsub("https://127%.0%.0%.1", "https://localhost")))
    for _, path in ipairs { system, another, name } do
      for _, words in ipairs { { "report", path }, { "cluster", "create", path } } do
        local result = shell.loom((table.unpack or unpack)(words))
        shell.expect_failure(result, 1)
        assert.matches("https://[%w.]+:%d+: SSL ", result.err, 1, path)
      end
    end
    local lost = secure("lost.conf", "ca-file none.pem\n", database)
    local result = shell.loom("report", lost)
    shell.expect_failure(result, 1)
    assert.matches("SSL", result.err, 1, true)
  end)

  it("tells its key to nobody", function()
    local path = secure("tls.conf", "ca-file " .. servers.ca() .. "\n")
    shell.good("ingest", path, CASE, "--quiet")
    servers.act("stop", "ch11")
    local pid = shell.run(("%s >%s/out 2>&1 & echo $!"):format(shell.line("report", path), folder)).out:match "%d+"
    local seen = shell.run(("tr '\\0' ' ' </proc/%s/cmdline; tr '\\0' ' ' </proc/%s/environ"):format(pid, pid)).out
    assert.matches("tls.conf", seen, 1, true)
    assert.is_nil(seen:find("writes, too", 1, true))
    assert.is_true(shell.await_end(pid, 60))
    servers.act("cont", "ch11")
    write_key("writer.key", "a wrong word")
    local result = shell.loom("report", path)
    shell.expect_failure(result, 1)
    assert.matches("Code: 193", result.err, 1, true)
    for _, text in ipairs { files.read(folder .. "/out"), result.err, servers.logs() } do
      assert.is_nil(text:find("writes, too", 1, true))
      assert.is_nil(text:find("a wrong word", 1, true))
    end
    os.execute(("chmod 640 %s/writer.key"):format(folder))
    shell.expect_failure(shell.loom("report", path), 1,
      folder .. "/writer.key: others may read it: a password's file has the mode 0600")
  end)

  it("is reported by who may only read, and who tries to write is told so", function()
    shell.good("ingest", conf, "--status", CASE .. "/store_status.csv", "--quiet")
    local database = files.read(conf):match "database (%S+)"
    local reader, narrow = folder .. "/reader.conf", folder .. "/narrow.conf"
    servers.conf(reader, database, "user reporter\n" .. write_key("key", "only reads"))
    servers.conf(narrow, database, "user narrow\n" .. write_key("key", "only reads"))
    assert.equal((shell.good("report", conf)), (shell.good("report", reader)))
    assert.equal(reader .. ": ok\n", (shell.good("cluster", "check", reader)))
    for _, words in ipairs { { "ingest", reader, "examples/data" }, { "cluster", "create", reader } } do
      local result = shell.loom((table.unpack or unpack)(words))
      shell.expect_failure(result, 1)
      assert.matches("the user reporter may only read (Code: 164)", result.err, 1, true)
    end
    assert.equal((shell.good("report", conf)), (shell.good("report", reader)))
    local result = shell.loom("report", narrow)
    shell.expect_failure(result, 1)
    assert.matches("the user narrow has readonly 1, and needs 2 to report, or 0 to write (Code: 164)", result.err, 1, true)
  end)
end, { replicas = 1, tls = true })
