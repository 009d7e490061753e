-- Whom alerts are not sent to, whatever their addresses are called: names are judged by what they resolve to, in a hosts file of
-- the spec's own, and numbers by what they mean.
local files = require "support.files"
local shell = require "support.shell"

local unpack = table.unpack or unpack -- luacheck: compat

local HOSTS = [[
127.0.0.1 localhost loopback.example mixed.example
127.0.0.2 mixed.example listed.example
10.0.0.1 private.example
172.16.0.1 private2.example
192.168.1.1 router.example
169.254.169.254 metadata.example
100.64.0.1 shared.example
0.0.0.0 any.example
::1 loopback6.example mixed6.example
127.0.0.1 mixed6.example
fd00::1 private6.example
fe80::1 link6.example
::ffff:10.0.0.1 mapped.example
::ffff:169.254.169.254 mapped2.example
64:ff9b::a00:1 translated.example
2002:7f00:1:: tunnel.example
]]

local NAMES = { "loopback.example", "private.example", "private2.example", "router.example", "metadata.example", "shared.example",
  "any.example", "loopback6.example", "mixed6.example", "private6.example", "link6.example", "mapped.example", "mapped2.example",
  "translated.example", "tunnel.example", "mixed.example", "listed.example", "localhost" }

-- Ways to write what is not public.
local NUMBERS = { "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0", "0.0.0.0",
  "127.0.0.1.", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:a00:1]", "[::]", "[::127.0.0.1]", "10.0.0.1",
  "167772161", "0xa9fea9fe", "169.254.169.254", "[fe80::1%25lo]", "[fd00::1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]" }

describe("an address", function()
  local folder, port, pid

  before_each(function()
    folder = files.make_folder()
    files.write(folder .. "/hosts", HOSTS)
    local result = shell.run(([[
LD_PRELOAD= node spec/support/receiver.mjs %s/log ok >%s/port 2>%s/err </dev/null &
echo $!
tries=3000
until [ -s %s/port ]; do tries=$((tries - 1)); [ $tries -gt 0 ] || exit 1; sleep 0.02; done]]):format(folder, folder, folder,
      folder))
    assert(result.status == 0, result.err)
    pid, port = result.out:match "%d+", files.read(folder .. "/port"):match "%d+"
  end)

  after_each(function()
    shell.run("kill " .. pid)
    shell.await_end(pid, 20)
    files.remove_folder(folder)
  end)

  -- What came of asking each host, with the spec's hosts file in the place of the system's; nil where that cannot be had.
  local function ask(allowed, hosts)
    local command = shell.words(shell.lua, "spec/support/ask_hosts.lua", port, allowed, unpack(hosts))
    local result = shell.run(("unshare -rm sh -c %s"):format(shell.quote(("mount --bind %s/hosts /etc/hosts || exit 77; exec %s")
      :format(folder, command))))
    if result.status == 77 or result.err:find "unshare" then
      return nil
    end
    assert.equal("", result.err)
    local list = {}
    for host, status, refused, message in result.out:gmatch "([^\t\n]*)\t([^\t]*)\t([^\t]*)\t([^\n]*)" do
      list[#list + 1] = { host = host, status = status, refused = refused, message = message }
    end
    assert.equal(#hosts, #list)
    return list
  end

  it("that is not public is not spoken to, by whatever name or number", function()
    for _, hosts in ipairs { NAMES, NUMBERS } do
      local list = ask("", hosts)
      if not list then
        return pending "a hosts file of its own needs user namespaces"
      end
      for _, found in ipairs(list) do
        assert.equal("nil", found.status, found.host)
        assert.is_nil(found.message:find("s3cret", 1, true))
        -- what no resolver takes for an address is none
        assert.is_true(found.refused == "true" or found.message:find "resolve" ~= nil, found.host .. ": " .. found.message)
      end
    end
    assert.is_false(files.exists(folder .. "/log"))
  end)

  it("of several that a name has is judged by itself", function()
    local list = ask("127.0.0.2", { "mixed.example", "loopback.example" }) -- nobody listens on the one that is listed
    if not list then
      return pending "a hosts file of its own needs user namespaces"
    end
    assert.equal("nil", list[1].status)
    assert.equal("true", list[2].refused)
    assert.is_false(files.exists(folder .. "/log"))
    list = ask("127.0.0.1", { "private.example", "mixed.example", "loopback.example", "2130706433" })
    assert.equal("true", list[1].refused)
    for i = 2, 4 do
      assert.equal("200", list[i].status, list[i].host)
    end
  end)
end)
