local cluster_name = require "loom.cluster_name"

describe("the name of a cluster", function()
  it("is told from a path by its scheme", function()
    for path, expected in pairs { ["clickhouse://a/b"] = true, ["ClickHouses://a/b"] = true, ["clickhouse:/a"] = false,
        ["./clickhouse://a/b"] = false, ["stores.db"] = false } do
      assert.equal(expected, cluster_name.is(path), path)
    end
  end)

  it("says who is asked, for what, and how", function()
    assert.same({ scheme = "http", hosts = { "a1" }, port = 8123, database = "loom", head = "loom.head.db", cluster = "loom",
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
