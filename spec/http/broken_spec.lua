-- Answers that fail when they have begun: they are broken off, so that no client takes them for whole.

local files = require "support.files"
local server = require "support.server"
local shell = require "support.shell"

-- Routes that fail at one point or another.
local routes = [[
local router = require "loom.http.router"
local function route(name, handler)
  router.add { { method = "GET", path = "/broken/" .. name, access = "none", without_database = true, handler = handler } }
end
route("before", function() error "boom" end)
route("printed", function() ngx.print "first" error "boom" end)
route("flushed", function() ngx.print "first" ngx.flush(true) error "boom" end)
route("problem", function() ngx.print "first" ngx.flush(true) require("loom.http.problem").raise(409, "boom") end)
route("length", function() ngx.header["Content-Length"] = 100 ngx.print "first" ngx.flush(true) error "boom" end)
route("good", function() ngx.print "first" end)
broken = true
]]

local location = "location /broken/ { content_by_lua_block { if not broken then dofile [[%s/routes.lua]] end "
  .. "require('loom.http').content() } }"

describe("an answer that fails when it has begun", function()
  local folder, pid, url

  setup(function()
    folder = files.make_folder()
    files.write(folder .. "/routes.lua", routes)
    local port = server.free_port()
    url = "http://127.0.0.1:" .. port
    local conf = shell.good("serve", folder .. "/db", "--listen", "127.0.0.1:" .. port, "--workers", "1", "--print-config")
    conf = conf:gsub("( *location / {)", function(line)
      return location:format(folder) .. "\n" .. line
    end)
    files.write(folder .. "/nginx.conf", conf)
    local result = shell.run(([[
nginx -p %s -c nginx.conf -e stderr 2>%s/log >%s/out </dev/null &
nginx=$!
tries=0
until %s -s -o /dev/null %s/healthz; do
  tries=$((tries + 1))
  if [ $tries = 3000 ] || ! kill -0 $nginx; then cat %s/log >&2; exit 1; fi
  sleep 0.02
done
echo $nginx]]):format(folder, folder, folder, shell.curl, url, folder))
    assert.equal(0, result.status, result.err)
    pid = tonumber(result.out)
  end)

  teardown(function()
    shell.run("kill -QUIT " .. pid)
    shell.await_end(pid, 20)
    files.remove_folder(folder)
  end)

  local function ask(name, ...)
    local result = shell.run(("%s -s --max-time 30 %s %s/broken/%s"):format(shell.curl, shell.words(...), url, name))
    return result.status, result.out
  end

  it("is broken off, whatever it fails by", function()
    for _, name in ipairs { "printed", "flushed", "problem", "length" } do
      local status, out = ask(name)
      assert.is_true(status == 18 or status == 56, ("%s: %d"):format(name, status)) -- partial, or reset
      assert.is_truthy(out == "first" or out == "", out)
    end
    assert.is_truthy(files.read(folder .. "/log"):find("broken off: boom", 1, true))
  end)

  it("is a problem document where nothing was sent before", function()
    local status, out = ask("before", "-w", "%{http_code}")
    assert.equal(0, status)
    assert.matches('"status":500.*500$', out)
    assert.same({ 0, "first" }, { ask "good" })
  end)
end)
