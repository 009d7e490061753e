-- Reports near the data: what shards make of their stores is what the whole is made of.

local files = require "support.files"
local servers = require "support.servers"
local shell = require "support.shell"

local missing = servers.missing()

describe("near the data", function()
  local folder, conf

  setup(function()
    if not missing then
      servers.up { replicas = 1 }
      folder = files.make_folder()
      conf = folder .. "/cluster.conf"
      servers.conf(conf)
      shell.good("ingest", conf, "spec/fixtures/golden/zones")
    end
  end)

  teardown(function()
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
    result = shell.loom("report", folder .. "/head.db", "--shard", "1")
    assert.equal(2, result.status)
    assert.matches("is no cluster", result.err, 1, true)
  end)
end)
