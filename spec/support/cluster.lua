--- Specs of what stands in a cluster of servers: see `support.servers`.

local assert = require "luassert"
local busted = require "busted"
local files = require "support.files"
local servers = require "support.servers"
local shell = require "support.shell"

local unpack = table.unpack or unpack -- luacheck: compat

local cluster = {}

--- Describes it, with servers for all tests, and for each a cluster of its own; where there can be no servers, one test that is
-- pending says why.
-- @tparam string name
-- @tparam function body is told a function like before_each, which tells the test's folder, removed after it, the path of the
-- cluster's file there, and one for a database
-- @tparam[opt] table wanted what `servers.up` takes
function cluster.describe(name, body, wanted)
  local missing = servers.missing()
  busted.describe(name, function()
    if missing then
      busted.pending(missing)
      return
    end
    local folder, conf
    busted.setup(function()
      servers.up(wanted)
    end)
    busted.teardown(function()
      servers.down()
    end)
    busted.before_each(function()
      folder = files.make_folder()
      conf = folder .. "/cluster.conf"
      servers.conf(conf)
    end)
    body(function(take)
      busted.before_each(function()
        take(folder, conf, folder .. "/stores.db")
      end)
    end)
    busted.after_each(function()
      files.remove_folder(folder)
    end)
  end)
end

-- What a command says of a path, but for times, sizes and the path itself.
local function said(path, words)
  local line = {}
  for i, word in ipairs(words) do
    line[i] = word == "DB" and path or word
  end
  local result = shell.loom(unpack(line))
  return ((result.status .. "\n" .. result.out .. result.err):gsub("[%d.]+ s, [%d,]+ rows/s", "")
    :gsub(path:gsub("%p", "%%%0"), "DB"):gsub("size in bytes%s+%d+", ""))
end

--- Expects a command to say the same of both.
-- @tparam string conf the cluster's file
-- @tparam string db the database
-- @param ... its words; DB is either
function cluster.expect_same(conf, db, ...)
  local words = { ... }
  assert.equal(said(db, words), said(conf, words), table.concat(words, " "))
end

return cluster
