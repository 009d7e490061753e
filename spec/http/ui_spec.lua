-- The dashboard's files, as browsers get them.

local files = require "support.files"
local server = require "support.server"
local shell = require "support.shell"
local ui = require "loom.http.ui"

local POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
  .. "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
local TYPES = { js = "text/javascript; charset=utf-8", css = "text/css; charset=utf-8", svg = "image/svg+xml" }

-- The names of the folder's files, relative to it.
local function names_of(folder)
  local names = {}
  for name in shell.run(("cd %s && find . -type f | LC_ALL=C sort"):format(folder)).out:gmatch "%./([^\n]+)" do
    names[#names + 1] = name
  end
  return names
end

describe("the dashboard", function()
  local folder, service, shell_page, hash, token

  setup(function()
    folder = files.make_folder()
    local line
    token, line = shell.good("token", "write", "someone"):match "^token: (%S+)\nline:  ([^\n]+)\n$"
    files.write(folder .. "/tokens", line .. "\n")
    service = server.start(folder, { arguments = { "--token-file", folder .. "/tokens", "--prefix", "/loom" } })
    shell_page = service:request "/ui/"
    hash = shell_page.body:match 'src="(%x+)/main.js"'
  end)

  teardown(function()
    service:stop()
    files.remove_folder(folder)
  end)

  -- What a page is but for the modules of its view.
  local function without_preloads(page)
    return (page:gsub("<link rel=\"modulepreload\"[^\n]*\n", ""))
  end

  it("is one page for every view but for what that needs, which needs no token and is looked at anew each time", function()
    assert.same({ 200, "text/html; charset=utf-8", "no-cache", POLICY, "no-referrer", "nosniff" }, { shell_page.status,
      shell_page.headers["content-type"], shell_page.headers["cache-control"], shell_page.headers["content-security-policy"],
      shell_page.headers["referrer-policy"], shell_page.headers["x-content-type-options"] })
    for _, view in ipairs { "fleet", "wall", "store", "reports", "data", "fleet?as_of=2023-01-24&q=%22" } do
      local got = service:request("/ui/" .. view)
      assert.equal(without_preloads(shell_page.body), without_preloads(got.body), view)
      assert.equal("no-cache", got.headers["cache-control"])
    end
    for _, other in ipairs { "Fleet", "a.b", "..%2findex", "a%20b", "fleet/", "fl3et", "nothing", "index", "view" } do
      server.expect_problem(service:request("/ui/" .. other, "--path-as-is"), 404)
    end
    server.expect_problem(service:request "/v1/stores", 401)
    server.expect_problem(service:request("/ui/fleet", "-X", "POST"), 405)
  end)

  it("is not sent again while it is the same", function()
    local etag = shell_page.headers.etag
    for _, path in ipairs { "/ui/", "/ui/wall", "/ui/" .. hash .. "/main.js" } do
      for _, match in ipairs { etag, (etag:gsub("^W/", "")), '"other", ' .. etag, "*" } do
        local same = service:request(path, "-H", "If-None-Match: " .. match)
        assert.same({ 304, "" }, { same.status, same.body }, path)
      end
      assert.equal(200, service:request(path, "-H", 'If-None-Match: "other"').status)
    end
  end)

  it("has all its files at addresses of their own, which never change", function()
    local names, count = names_of "lua/loom/web", 0
    for _, name in ipairs(names) do
      local kind = name:match "%.(%l+)$"
      if name:find "^site/" then -- which pages have that need no service
        assert.equal(404, service:request("/ui/" .. hash .. "/" .. name).status)
      elseif name ~= "index.html" then
        local got = service:request("/ui/" .. hash .. "/" .. name)
        assert.same({ 200, TYPES[kind], "public, max-age=31536000, immutable", POLICY, files.read("lua/loom/web/" .. name) },
          { got.status, got.headers["content-type"], got.headers["cache-control"], got.headers["content-security-policy"],
            got.body }, name)
        local view = name:match "^views/(%l+)%.js$" or name:match "^views/(%l+)/"
        local page = service:request("/ui/" .. (view ~= "index" and view or "")).body
        local is_first = kind == "css" or name == "main.js" or name:find "^views/%l+%.js$" -- others may come when they are needed
        assert.is_true(not is_first or page:find('"' .. hash .. "/" .. name .. '"', 1, true) ~= nil, name)
        local other = service:request(view == "wall" and "/ui/data" or "/ui/wall").body
        assert.is_true(not view or view == "index" or not other:find(name, 1, true),
          name .. " is loaded where it is not needed")
        count = count + 1
      end
    end
    assert.is_true(count > 20)
    for _, other in ipairs { hash .. "/index.html", hash .. "/none.js", hash .. "/views", hash .. "/views/none/a/b.js",
      hash .. "/../ui.lua", ("0"):rep(16) .. "/main.js", hash:upper() .. "x/main.js" } do
      local gone = service:request("/ui/" .. other, "--path-as-is")
      server.expect_problem(gone, 404)
      assert.equal("no-store", gone.headers["cache-control"])
    end
  end)

  it("is gzipped, but for what is small", function()
    for _, path in ipairs { "/ui/", "/ui/" .. hash .. "/main.js", "/ui/" .. hash .. "/page.css", "/openapi.json" } do
      local got = service:request(path, "--compressed")
      assert.same({ "gzip", true }, { got.headers["content-encoding"], got.headers.vary:find "Accept%-Encoding" ~= nil }, path)
      assert.equal(service:request(path).body, got.body)
    end
    assert.is_nil(service:request("/ui/" .. hash .. "/icon.svg", "--compressed").headers["content-encoding"])
    assert.is_nil(service:request("/ui/").headers["content-encoding"])
    assert.equal("gzip", service:request("/ui/", "--compressed", "-H", "Via: 1.1 proxy").headers["content-encoding"])
  end)

  -- A request by a path that may be below the prefix, of which the document of the API knows nothing.
  local function below(path, ...)
    local other = setmetatable({ url = service.url, lines = {} }, getmetatable(service))
    return other:request(path, ...)
  end

  it("is where browsers are led to from the root, by relative addresses, also below a prefix", function()
    local browser = { "-H", "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8" }
    local led = { ["/"] = "ui/", ["//"] = "ui/", ["/?x"] = false, ["/loom"] = "loom/ui/", ["/loom/"] = "ui/",
      ["//loom"] = "loom/ui/" }
    for path, location in pairs(led) do
      local got = below(path, browser[1], browser[2])
      assert.equal(location and 303 or 400, got.status, path)
      assert.equal(location or nil, got.headers.location, path)
    end
    for path, location in pairs { ["/ui"] = "ui/", ["/loom/ui"] = "ui/", ["/ui?q=x"] = "ui/" } do
      local got = below(path)
      assert.same({ 303, location }, { got.status, got.headers.location }, path)
    end
    for _, path in ipairs { "/loom/ui/", "/loom/ui/fleet", "//loom//ui//" } do
      assert.equal(shell_page.body, below(path).body, path)
    end
    assert.equal(200, below("/loom/ui/" .. hash .. "/main.js").status)
    for _, plain in ipairs { "Accept:", "Accept: */*", "Accept: application/json",
      "Accept: application/json, text/html;q=0.9" } do
      local got = service:request("/", "-H", plain)
      assert.same({ 200, "Loom", "Accept" }, { got.status, got.json.name, got.headers.vary }, plain)
    end
    local about = service:request "/"
    assert.equal("/loom/ui/", about.json.dashboard)
  end)

  it("names nothing but by relative addresses", function()
    for address in shell_page.body:gmatch '[hs]re?[cf]="([^"]*)"' do
      assert.is_truthy(address:find("^" .. hash .. "/") or address == "../openapi.json" or address == "../v1/session", address)
    end
    assert.is_nil(shell_page.body:find "{{")
  end)

  it("is counted by what is asked for, not by each file", function()
    local counted = 'loom_http_requests_total{route="/ui/{hash}/{part1}",method="GET",status="200"}'
    repeat
      local metrics = service:request("/metrics", "-H", "Authorization: Bearer " .. token).body
    until metrics:find(counted, 1, true)
  end)
end)

describe("the page", function()
  it("names the modules that it cannot begin without, and those of its view, once each", function()
    local made = ui.made_of({
      ["index.html"] = "{{modules}}", ["main.js"] = 'import { a } from "./a.js";\nimport * as v from "./views/index.js";',
      ["a.js"] = 'import { main } from "./main.js";', ["b.js"] = "",
      ["views/index.js"] = 'const wall = () => import("./wall.js");',
      ["views/wall.js"] = 'import { b } from "../b.js";\nimport {\n  c,\n} from "./wall/c.js";', ["views/fleet.js"] = "",
      ["views/wall/c.js"] = 'import { d } from "../../a.js"; import("./later.js");', ["views/wall/later.js"] = "",
    }, function() return ("0"):rep(32) end)
    local function modules_of(view)
      local list = {}
      for name in made.shell(view):gmatch 'href="0+/([^"]*)"' do
        list[#list + 1] = name
      end
      return table.concat(list, " ")
    end
    assert.equal("a.js b.js main.js views/index.js views/wall.js views/wall/c.js", modules_of "wall")
    assert.equal("a.js main.js views/fleet.js views/index.js", modules_of "fleet")
    assert.equal("a.js main.js views/index.js", modules_of "none")
  end)
end)

describe("the hash of the dashboard's files", function()
  -- The whole text is what a hash is made of.
  local function hash_of(names)
    names["index.html"] = names["index.html"] or "{{assets}}"
    local seen
    ui.made_of(names, function(text)
      seen = text
      return ("0"):rep(32)
    end)
    return seen
  end

  it("is another one for any other file, name or cut between them", function()
    local seen = {}
    for _, names in ipairs {
      { ["a.js"] = "1" }, { ["a.js"] = "2" }, { ["b.js"] = "1" }, { ["a.js"] = "1", ["b.js"] = "" }, { ["a.js"] = "1b.js" },
      { ["a.js"] = "", ["b.js"] = "1" }, { ["a.js"] = "1", ["index.html"] = "x" },
    } do
      local hash = hash_of(names)
      assert.is_nil(seen[hash])
      seen[hash] = true
    end
  end)

  it("does not depend on the order in which a folder gives its files", function()
    local one, two = {}, {}
    for i = 1, 50 do
      one["f" .. i .. ".js"] = tostring(i)
      two["f" .. (51 - i) .. ".js"] = tostring(51 - i)
    end
    assert.equal(hash_of(one), hash_of(two))
  end)
end)
