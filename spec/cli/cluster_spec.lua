local cjson = require "cjson"
local files = require "support.files"
local shell = require "support.shell"

describe("a cluster.conf", function()
  local folder, conf

  local pretender

  before_each(function()
    folder = files.make_folder()
    conf = folder .. "/cluster.conf"
  end)

  after_each(function()
    if pretender then
      shell.run("kill -9 " .. pretender)
      shell.await_end(pretender, 10)
      pretender = nil
    end
    files.remove_folder(folder)
  end)

  -- Addresses of servers that answer, and are no ClickHouse.
  local function pretend(...)
    os.remove(folder .. "/ports")
    local result = shell.run(([[
LD_PRELOAD= PRETENDER_NOTES=%s/notes node spec/support/pretender.mjs %s >%s/ports 2>%s/err </dev/null &
echo $!
tries=3000
until [ -s %s/ports ]; do tries=$((tries - 1)); [ $tries -gt 0 ] || exit 1; sleep 0.02; done]]):format(folder, shell.words(...),
      folder, folder, folder))
    assert(result.status == 0, result.err)
    pretender = result.out:match "%d+"
    return (files.read(folder .. "/ports"):gsub("%d+", "http://127.0.0.1:%0"):gsub("\n", ""))
  end

  local function write(...)
    files.write(conf, "loom cluster 1\n" .. table.concat({ ... }, "\n") .. "\n")
  end

  it("that is none is told in a line, with the place", function()
    write("database loom", "head head.db", "shard localhost:8123")
    shell.expect_failure(shell.loom("report", conf), 1,
      conf .. ", line 4: 'localhost:8123' is no address: http://host:8123 or https://host:8443 is expected")
    shell.expect_failure(shell.loom("cluster", "status", conf), 1,
      conf .. ", line 4: 'localhost:8123' is no address: http://host:8123 or https://host:8443 is expected")
    write("database loom", "shard http://127.0.0.1:1")
    shell.expect_failure(shell.loom("ingest", conf, "examples/data"), 1, conf .. ": the setting 'head' is missing")
    assert.is_false(files.exists(folder .. "/head.db"))
  end)

  it("whose servers do not answer is told with their names", function()
    write("database loom", "head head.db", "patience 1", "shard http://127.0.0.1:1")
    local result = shell.loom("report", conf)
    shell.expect_failure(result, 1)
    assert.matches("shard 1 does not answer: http://127%.0%.0%.1:1: ", result.err)
    result = shell.loom("cluster", "create", conf)
    shell.expect_failure(result, 1)
    assert.matches("shard 1, http://127%.0%.0%.1:1: ", result.err)
  end)

  it("whose servers answer, but are no ClickHouse, is told of each", function()
    for _, mode in ipairs { "page", "empty", "echo", "zeros" } do
      local url = pretend(mode)
      local name = "shard 1, " .. url:gsub("%p", "%%%0") .. ": is no ClickHouse: "
      write("database loom", "head head.db", "patience 1", "shard " .. url)
      for _, verb in ipairs { "create", "check" } do
        local result = shell.loom("cluster", verb, conf)
        shell.expect_failure(result, 1)
        assert.matches(verb == "create" and name or "is no ClickHouse: ", result.err, 1, mode)
      end
      local result = shell.loom("cluster", "status", conf)
      assert.equal(1, result.status)
      assert.matches("^shard 1  " .. url:gsub("%p", "%%%0") .. "  is no ClickHouse: [^\n]+\n$", result.out)
      assert.equal(("loom: %s: 1 server does not answer\n"):format(conf), result.err)
      result = shell.loom("report", conf)
      shell.expect_failure(result, 1)
      assert.matches("is no ClickHouse", result.err, 1, true)
      shell.run("kill -9 " .. pretender)
    end
  end)

  it("whose servers answer without an end is not read for ever", function()
    write("database loom", "head head.db", "patience 1", "shard " .. pretend "endless")
    local result = shell.loom("cluster", "create", conf)
    shell.expect_failure(result, 1)
    assert.matches("the answer is longer than 1048576 bytes\n", result.err, 1, true)
  end)

  it("sends its password in a header alone", function()
    files.write(folder .. "/key", "secret word\n")
    os.execute("chmod 600 " .. folder .. "/key")
    write("database loom", "head head.db", "patience 1", "user teller", "password-file key", "shard " .. pretend "note")
    local result = shell.loom("report", conf)
    shell.expect_failure(result, 1)
    assert.is_nil(result.err:find("secret", 1, true))
    for line in io.lines(folder .. "/notes") do
      local asked = cjson.decode(line)
      assert.is_nil(asked.url:find("secret", 1, true))
      assert.is_nil(asked.url:find("teller", 1, true))
      assert.equal("teller", asked.headers["x-clickhouse-user"])
      assert.equal("secret word", asked.headers["x-clickhouse-key"])
    end
  end)

  it("is made for as long as its patience lasts", function()
    write("database loom", "head head.db", "patience 1", "shard " .. pretend "silent")
    local result = shell.loom("cluster", "create", conf)
    shell.expect_failure(result, 1)
    assert.matches("shard 1, http://127%.0%.0%.1:%d+: ", result.err)
  end)

  it("keeps its password from others", function()
    files.write(folder .. "/key", "secret\n")
    os.execute("chmod 644 " .. folder .. "/key")
    write("database loom", "head head.db", "password-file key", "shard https://127.0.0.1:1")
    shell.expect_failure(shell.loom("report", conf), 1,
      folder .. "/key: others may read it: a password's file has the mode 0600")
  end)

  it("is no pipe, and has no password in one", function()
    shell.run(("mkfifo -m 600 %s/key"):format(folder))
    write("database loom", "head head.db", "user a", "password-file key", "shard https://127.0.0.1:1")
    shell.expect_failure(shell.loom("report", conf), 1, folder .. "/key: is no regular file")
    shell.expect_failure(shell.loom("cluster", "status", folder .. "/key"), 1, folder .. "/key: is no regular file")
  end)

  it("is not named with a password, which nothing tells", function()
    local name = "clickhouse://loom:secret@127.0.0.1:8123/db"
    for _, words in ipairs { { "report", name }, { "ingest", name, "examples/data" }, { "cluster", "create", name },
        { "cluster", "compact", name }, { "serve", name, "--no-agent", "--reports", folder .. "/reports" },
        { "info", "ClickHouses://a:b@host/db" } } do
      local result = shell.loom((table.unpack or unpack)(words))
      shell.expect_failure(result, 1,
        "the name of a cluster: who asks is told by ?user=NAME&password-file=FILE, not before the host")
    end
  end)

  it("is what cluster compact needs", function()
    shell.good("ingest", folder .. "/db", "examples/data", "--quiet")
    shell.expect_failure(shell.loom("cluster", "compact", folder .. "/db"), 1, "the database has its polls in its file")
    shell.expect_failure(shell.loom("cluster", "check", folder .. "/none"), 1, folder .. "/none: No such file or directory")
  end)
end)

describe("the module", function()
  it("loads nothing of libcurl for what is no cluster", function()
    local result = shell.run(shell.lua .. [[ -e '
      local monitor = assert(require "loom".open ":memory:")
      assert(monitor:ingest { polls = "examples/data/store_status.csv" })
      for line in io.lines "/proc/self/maps" do assert(not line:find "curl", line) end']])
    assert.equal("", result.err)
    assert.equal(0, result.status)
  end)
end)
