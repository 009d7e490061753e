-- What is kept of a cluster that is named: the conf beside its head, which needs no server here.

local cluster_name = require "loom.cluster_name"
local files = require "support.files"
local native = require "loom.cluster"
local opening = require "loom.opening"
local shell = require "support.shell"

local unpack = table.unpack or unpack -- luacheck: compat

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

  it("is not taken from somebody else", function()
    if shell.run("test $(id -u) = 0").status ~= 0 then
      pending "needs root, to give a file away"
      return
    end
    local path = assert(make("clickhouse://a/loom", { "b" }))
    assert.equal(path, make("clickhouse://a/loom", { "c" })) -- which are not asked
    assert.matches("//b:", files.read(path), 1, true)
    shell.run("chown 65534 " .. path)
    local found, message, code = make("clickhouse://a/loom", { "b" })
    assert.is_nil(found)
    assert.equal("EACCESS", code)
    assert.matches(": is somebody else's: name another head", message, 1, true)
    shell.run("chown 65534 " .. folder)
    assert.equal(path, make("clickhouse://a/loom", { "b" }))
  end)

  it("has nothing but hosts from what is in its place", function()
    local path = assert(make("clickhouses://a/loom", { "b" }))
    local text = files.read(path)
    local others = text:gsub("https://b:8443", "http://b:8123"):gsub("head db", "head db\nuser taken\npassword-file /etc/key")
    files.write(path, others)
    assert.equal(path, make("clickhouses://a/loom", { "c" }))
    assert.equal(text, files.read(path))
  end)

  it("is refused where a setting is none", function()
    for _, setting in ipairs { "patience=5.5", "patience=x", "patience=1e9", "patience=0", "worker=here",
        "worker=http://a:b@c" } do
      local found, message = cluster_name.conf(("clickhouse://a/loom?head=%s/db&%s"):format(folder, setting),
        { is_conf = native.is_conf, topology = function()
          return { { shard = 1, host = "a" } }
        end })
      assert.is_nil(found, setting)
      assert.is_nil(message:find("a:b@", 1, true))
      assert.same({}, files.list(folder))
    end
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
