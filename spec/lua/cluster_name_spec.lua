local cluster_name = require "loom.cluster_name"
local files = require "support.files"
local native = require "loom.cluster"
local opening = require "loom.opening"

local unpack = table.unpack or unpack -- luacheck: compat

describe("the name of a cluster", function()
  it("is told from a path by its scheme", function()
    for path, expected in pairs { ["clickhouse://a/b"] = true, ["ClickHouses://a/b"] = true, ["clickhouse:/a"] = false,
        ["./clickhouse://a/b"] = false, ["stores.db"] = false } do
      assert.equal(expected, cluster_name.is(path), path)
    end
  end)

  it("says who is asked, for what, and how", function()
    assert.same({ scheme = "http", hosts = { "a1" }, port = 8123, database = "loom", head = "loom.db", cluster = "loom",
      settings = {} }, cluster_name.parse "clickhouse://a1/loom")
    assert.same({ scheme = "https", hosts = { "a1.example", "[2001:db8::1]" }, port = 9443, database = "loom", cluster = "big",
      head = "/var/lib/loom/head.db",
      settings = { cluster = "big", head = "/var/lib/loom/head.db", user = "a&b", patience = "5" } },
      cluster_name.parse
        "CLICKHOUSES://a1.example,[2001:db8::1]:9443/loom?cluster=big&head=%2fvar%2Flib/loom/head.db&user=a%26b&patience=5")
  end)

  -- What is wrong with it, in a line that says nothing of what may be a password.
  for name, message in pairs {
    ["clickhouse://a:b@host/db"] = "not before the host", ["clickhouse://a@host/db"] = "not before the host",
    ["clickhouse://host"] = "clickhouse://host/database expected", ["clickhouse://host/db/more"] = "database expected",
    ["clickhouse://host/db#x"] = "letters, digits and _", ["clickhouse://host/1db"] = "of letters, digits and _",
    ["clickhouse://host/"] = "of letters, digits and _", ["clickhouse:///db"] = "a host is a name or a number",
    ["clickhouse://a,,b/db"] = "a host is a name", ["clickhouse://a:0/db"] = "a host is a name",
    ["clickhouse://a:65536/db"] = "a host is a name", ["clickhouse://a:123456/db"] = "a host is a name",
    ["clickhouse://[::1/db"] = "a host is a name", ["clickhouse://a b/db"] = "a host is a name",
    ["clickhouse://a:1,b:2/db"] = "all hosts have the same port",
    ["clickhouse://a/db?password=x"] = "there is no setting of that name: cluster, head, user, ",
    ["clickhouse://a/db?user"] = "no setting of that name", ["clickhouse://a/db?user=a&user=b"] = "'user' is given twice",
    ["clickhouse://a/db?user="] = "'user' has no value", ["clickhouse://a/db?user=%"] = "'user' has no value",
    ["clickhouse://a/db?user=a%20b"] = "blanks", ["clickhouse://a/db?head=a%0ab"] = "blanks",
    ["clickhouse://a/db?head=a\nshard http://b"] = "blanks", ["clickhouse://a/db?head=a%23"] = "blanks",
    ["clickhouse://" .. ("a"):rep(4096) .. "/db"] = "4096 bytes at the most",
  } do
    it("is refused: " .. name:sub(1, 60):gsub("%c", " "), function()
      local parsed, found, code = cluster_name.parse(name)
      assert.is_nil(parsed)
      assert.equal("EINVAL", code)
      assert.matches("^EINVAL: the name of a cluster: [^\n]+$", found)
      assert.matches(message, found, 1, true)
    end)
  end

  it("repeats nothing that may be a password", function()
    for _, name in ipairs { "clickhouse://u:1/x?s3cret@h/db", "clickhouse://h/db?s3cret", "clickhouse://h/db?s3cret=x" } do
      assert.is_nil((select(2, cluster_name.parse(name)):find("s3cret", 1, true)))
    end
  end)
end)

describe("the conf of a cluster's name", function()
  local folder

  before_each(function()
    folder = files.make_folder()
  end)

  after_each(function()
    files.remove_folder(folder)
  end)

  -- The conf that is made where servers tell of hosts, each in a shard of its own, or all in the first one.
  local function make(name, hosts, is_one)
    local replicas = {}
    for i, host in ipairs(hosts) do
      replicas[i] = { shard = is_one and 1 or i, host = host }
    end
    return cluster_name.conf(name .. "?head=" .. folder .. "/db", { is_conf = native.is_conf, topology = function()
      return replicas
    end })
  end

  it("takes hosts alone from servers, and keeps nothing that could not be read", function()
    for _, host in ipairs { "[::1]\nuser taken\npassword-file /etc/key\nshard http://a", "a b", "a\nb", "", "a%20b", "a:1", "a/b",
        "a\0b", "[::1]x", "fe80::1%eth0", "a#b", "a@b" } do
      assert.is_nil((make("clickhouse://a/loom", { "good", host })), host)
      assert.same({}, files.list(folder), host)
    end
    local many = {}
    for i = 1, 257 do
      many[i] = "a"
    end
    assert.is_nil((make("clickhouse://a/loom", many)))
    assert.is_nil((make("clickhouse://a/loom", { unpack(many, 1, 17) }, true)))
    assert.same({}, files.list(folder))
    local path = assert(make("clickhouse://a/loom", { "b-1.c", "10.0.0.1", "2001:db8::1", "[::1]" }))
    assert.matches("\nshard http://b%-1%.c:8123\nshard http://10%.0%.0%.1:8123\nshard http://%[2001:db8::1%]:8123\n"
      .. "shard http://%[::1%]:8123\n$", files.read(path))
  end)

  it("never has the size that a database may have", function()
    for length = 1, 512 do
      local host = ("h"):rep(length % 200 + 1)
      local path = assert(make("clickhouse://" .. host .. "/loom", { host, ("k"):rep(length > 200 and 200 or 1),
        ("k"):rep(length > 400 and 200 or 1) }))
      assert.is_true(opening.is_conf(path), length)
      assert(os.remove(path))
    end
  end)
end)
