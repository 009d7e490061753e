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
    hash = shell_page.body:match 'href="(%x+)/main.js"'
  end)

  teardown(function()
    service:stop()
    files.remove_folder(folder)
  end)

  -- What a page is but for its view.
  local function without_view(page)
    return (page:gsub("/views/%l+%.js", ""))
  end

  it("is one page for every view but for what that needs, which needs no token and is looked at anew each time", function()
    assert.same({ 200, "text/html; charset=utf-8", "private, no-cache", POLICY, "no-referrer", "nosniff" }, { shell_page.status,
      shell_page.headers["content-type"], shell_page.headers["cache-control"], shell_page.headers["content-security-policy"],
      shell_page.headers["referrer-policy"], shell_page.headers["x-content-type-options"] })
    for _, view in ipairs { "fleet", "wall", "store", "reports", "data", "fleet?as_of=2023-01-24&q=%22" } do
      local got = service:request("/ui/" .. view)
      assert.equal(without_view(shell_page.body), without_view(got.body), view)
      assert.equal("private, no-cache", got.headers["cache-control"])
      assert.is_truthy(got.body:find(('src="%s/views/%s.js"'):format(hash, view:match "^%l+"), 1, true), view)
    end
    for _, other in ipairs { "Fleet", "a.b", "..%2findex", "a%20b", "fleet/", "fl3et", "nothing", "index", "view" } do
      server.expect_problem(service:request("/ui/" .. other, "--path-as-is"), 404)
    end
    server.expect_problem(service:request "/v1/stores", 401)
    server.expect_problem(service:request("/ui/fleet", "-X", "POST"), 405)
  end)

  it("is not sent again while it is the same", function()
    for _, path in ipairs { "/ui/", "/ui/wall", "/ui/" .. hash .. "/main.js" } do
      local etag = service:request(path).headers.etag
      for _, match in ipairs { etag, (etag:gsub("^W/", "")), '"other", ' .. etag, "*" } do
        local same = service:request(path, "-H", "If-None-Match: " .. match)
        assert.same({ 304, "" }, { same.status, same.body }, path)
      end
      assert.equal(200, service:request(path, "-H", 'If-None-Match: "other"').status)
    end
  end)

  it("tells who looks, who may be somebody else the next time", function()
    local function told(...)
      local page = service:request("/ui/", ...)
      return page.body:match '<meta name="loom%-viewer" content="([^"]*)">':gsub("&quot;", '"'), page.headers.etag
    end
    local function session(...)
      return (service:request("/v1/session", ...).body:gsub(',"expires":.*$', "}"))
    end
    local nobody, etag = told()
    assert.equal(session(), nobody)
    assert.is_truthy(nobody:find('"scope":null', 1, true))
    local header = "Authorization: Bearer " .. token
    local somebody, other = told("-H", header)
    assert.equal(session("-H", header), somebody)
    assert.is_truthy(somebody:find('"name":"someone"', 1, true))
    assert.not_equal(etag, other)
  end)

  -- The file at a name, which is what files are.
  local function file_at(name)
    local got = service:request("/ui/" .. hash .. "/" .. name)
    assert.same({ 200, TYPES[name:match "%.(%l+)$"], "public, max-age=31536000, immutable", POLICY },
      { got.status, got.headers["content-type"], got.headers["cache-control"], got.headers["content-security-policy"] }, name)
    return got.body
  end

  -- The names of the modules that there are in the scripts that a page names, and in those that these ask for.
  local function modules_of(view)
    local page, found, asked, waiting = service:request("/ui/" .. view).body, {}, {}, {}
    for name in page:gmatch('"' .. hash .. '/([^"]*%.js)"') do
      waiting[#waiting + 1] = name
    end
    for _, name in ipairs(waiting) do
      if not asked[name] and not found[name] then
        asked[name] = true
        local script = file_at(name)
        for module in script:gmatch '\n%$modules%["([^"]+)"%] ' do
          found[module] = true
        end
        for other in script:gmatch '%$later%("([^"]+)"%)' do
          waiting[#waiting + 1] = other
        end
      end
    end
    return found
  end

  it("has all its modules in scripts of their own addresses, which never change", function()
    local found, count = modules_of "", 0
    for _, name in ipairs(names_of "lua/loom/web") do
      local text = files.read("lua/loom/web/" .. name)
      local is_module = name:find "%.js$" and not name:find "^site/" and not text:find("\nexport {};", 1, true) -- types alone
      assert.equal(is_module and true or nil, found[name], name)
      count = count + (is_module and 1 or 0)
    end
    assert.is_true(count > 20)
    for _, other in ipairs { hash .. "/index.html", hash .. "/none.js", hash .. "/views", hash .. "/views/none/a/b.js",
      hash .. "/h.js", hash .. "/site/api.js", hash .. "/../ui.lua", ("0"):rep(16) .. "/main.js", hash:upper() .. "x/main.js" } do
      local gone = service:request("/ui/" .. other, "--path-as-is")
      server.expect_problem(gone, 404)
      assert.equal("no-store", gone.headers["cache-control"])
    end
  end)

  it("has the styles of its pages in one file, those that a view asks for and its pictures as they are", function()
    local style, page, others = file_at "style.css", files.read "lua/loom/web/index.html", 0
    for _, name in ipairs(names_of "lua/loom/web") do
      local text = files.read("lua/loom/web/" .. name)
      if name:find "%.css$" then
        local found = page:find("/" .. name, 1, true) and style or file_at(name)
        others = others + (found ~= style and 1 or 0)
        assert.is_truthy(found:find((text:gsub("/%*.-%*/", "")), 1, true), name)
      elseif name:find "%.svg$" then
        assert.equal(text, file_at(name))
      end
    end
    assert.equal(1, others)
  end)

  it("is gzipped, but for what is small", function()
    for _, path in ipairs { "/ui/", "/ui/" .. hash .. "/main.js", "/ui/" .. hash .. "/style.css", "/openapi.json" } do
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
      assert.is_truthy(address:find("^" .. hash .. "/") or address == "../openapi.json", address)
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

describe("the hash of the dashboard's files", function()
  -- The whole text is what a hash is made of.
  local function hash_of(names)
    names["index.html"] = names["index.html"] or "{{assets}}"
    names["main.js"] = names["main.js"] or ""
    names["page.js"] = names["page.js"] or ""
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
      { ["a.svg"] = "1" }, { ["a.svg"] = "2" }, { ["b.svg"] = "1" }, { ["a.svg"] = "1", ["b.svg"] = "" },
      { ["a.svg"] = "1b.svg" }, { ["a.svg"] = "", ["b.svg"] = "1" }, { ["a.svg"] = "1", ["index.html"] = "x" },
      { ["main.js"] = 'import("./a.js");', ["a.js"] = "" }, { ["main.js"] = 'import("./a.js");', ["a.js"] = "1" },
    } do
      local hash = hash_of(names)
      assert.is_nil(seen[hash])
      seen[hash] = true
    end
  end)

  it("does not depend on the order in which a folder gives its files", function()
    local one, two = {}, {}
    for i = 1, 50 do
      one["f" .. i .. ".svg"] = tostring(i)
      two["f" .. (51 - i) .. ".svg"] = tostring(51 - i)
    end
    assert.equal(hash_of(one), hash_of(two))
  end)
end)
