-- Who may do what, on a real server.

local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local server = require "support.server"
local shell = require "support.shell"
local transaction = require "loom.transaction"

require "loom.http"
local families = require("loom.http.metrics").families

-- Of a cluster alone: see spec/cluster/spool_spec.lua.
local OF_CLUSTERS = { loom_polls_spooled = true, loom_flushes_total = true, loom_flush_timestamp_seconds = true,
  loom_compactions_total = true }
local router = require "loom.http.router"

local unpack = table.unpack or unpack -- luacheck: compat

describe("access to the service", function()
  local folder, service, tokens

  -- A token that `loom token` made, whose line is in the file of tokens from now on.
  local function add_token(scope, name)
    local token, line = shell.good("token", scope, name):match("^token: (%S+)\nline:  ([^\n]+)\n$")
    local path = folder .. "/tokens"
    files.write(path, (files.exists(path) and files.read(path) or "# tokens\n") .. line .. "\n")
    return token
  end

  setup(function()
    folder = files.make_folder()
    database.make(folder .. "/db")
    tokens = { read = add_token("read", "a dashboard"), write = add_token("write", "the poller") }
    tokens.other = add_token("write", "x")
    service = server.start(folder,
      { arguments = { "--token-file", folder .. "/tokens", "--cors-origin", "https://example.org" } })
  end)

  teardown(function()
    local log = service:stop()
    files.remove_folder(folder)
    for _, token in pairs(tokens) do
      assert.is_nil(log:find(token, 1, true))
    end
  end)

  local function status(method, path, token)
    local authorization = token and { "-H", "Authorization: Bearer " .. token } or {}
    return service:request(path, "-X", method, unpack(authorization))
  end

  it("is told by tokens, of which the file holds hashes alone", function()
    assert.is_nil(files.read(folder .. "/tokens"):find(tokens.read, 1, true))
    assert.equal(200, status("POST", "/trigger_report", tokens.write).status)
    assert.equal(200, status("POST", "/trigger_report", tokens.other).status)
    assert.equal(404, status("GET", "/get_report/5f3c9a52-5b0e-4d70-9a51-0b9d3a2f7c11", tokens.read).status)
    local refused = status("POST", "/trigger_report", tokens.read)
    server.expect_problem(refused, 403, "may only read")
    assert.equal('Bearer error="insufficient_scope", scope="write"', refused.headers["www-authenticate"])
  end)

  it("is refused without a token that is known", function()
    for _, path in ipairs { "/get_report", "/metrics", "/v1/events" } do
      local refused = status("GET", path)
      server.expect_problem(refused, 401)
      assert.equal("Bearer", refused.headers["www-authenticate"])
    end
    for _, wrong in ipairs { "x", tokens.read .. "x", tokens.read:sub(1, -2), ("a"):rep(600), "a b", "%00" } do
      server.expect_problem(status("GET", "/get_report", wrong), 401)
    end
    server.expect_problem(service:request("/metrics", "-u", "user:" .. tokens.read), 401)
  end)

  it("needs no token to ask whether the service lives", function()
    assert.equal(200, service:request("/healthz").status)
    assert.equal(200, service:request("/readyz").status)
  end)

  it("is for pages of one other origin", function()
    for _, response in ipairs { service:request("/healthz", "-H", "Origin: https://evil.example"), status("GET", "/metrics") } do
      assert.equal("https://example.org", response.headers["access-control-allow-origin"])
    end
    local preflight = service:request("/trigger_report", "-X", "OPTIONS")
    assert.same({ 204, "POST", "Authorization, Content-Type" },
      { preflight.status, preflight.headers.allow, preflight.headers["access-control-allow-headers"] })
  end)

  it("comes with headers that keep browsers careful", function()
    local response = service:request "/healthz"
    assert.equal("nosniff", response.headers["x-content-type-options"])
    assert.equal("default-src 'none'; frame-ancestors 'none'", response.headers["content-security-policy"])
    assert.equal("no-referrer", response.headers["referrer-policy"])
    assert.equal("nginx", response.headers.server)
  end)

  it("has these headers also where nginx does not send them", function()
    local response = service:post("/v1/ingest/timezones", "text/csv", "store_id,timezone_str\na,UTC\n",
      "-H", "Transfer-Encoding: chunked", "-H", "Authorization: Bearer " .. tokens.write)
    assert.equal(200, response.status)
    local other = service:request "/healthz"
    for _, name in ipairs { "x-content-type-options", "content-security-policy", "referrer-policy",
      "access-control-allow-origin", "vary" } do
      assert.equal(other.headers[name], response.headers[name], name)
    end
    local counted = 'loom_http_requests_total{route="/v1/ingest/timezones",method="POST",status="200"} 1\n'
    repeat -- whichever worker it was in
      local metrics = status("GET", "/metrics", tokens.read).body
    until metrics:find(counted, 1, true)
  end)

  it("lets reports as pages have their style and script", function()
    local id = status("POST", "/trigger_report", tokens.write).json.report_id
    local page
    repeat
      page = status("GET", "/get_report/" .. id .. "?format=html", tokens.read)
    until page.headers["content-type"]:find("html", 1, true)
    assert.equal("frame-ancestors 'none'", page.headers["content-security-policy"])
  end)

  it("is refused with a problem also by nginx itself", function()
    local long = ("a"):rep(40000)
    for _, case in ipairs {
      { 414, "/" .. long }, { 431, "/healthz", "-H", "X-Long: " .. long }, { 400, "/healthz", "-H", "Host: a b" },
      { 400, "/healthz", "-H", "Host:" }, { 400, "/healthz", "-H", "Content-Length: many" }, { 405, "/healthz", "-X", "TRACE" },
      { 413, "/trigger_report", "-H", "Content-Length: 99999999999", "-X", "POST" },
      { 501, "/healthz", "-H", "Transfer-Encoding: compress" },
    } do
      local refused = service:request(unpack(case, 2))
      server.expect_problem(refused, case[1])
      assert.equal("nosniff", refused.headers["x-content-type-options"])
    end
  end)

  it("tells what a path takes also where nginx refuses the method", function()
    for _, method in ipairs { "TRACE", "CONNECT" } do
      local refused = service:request("/v1/now", "-X", method)
      server.expect_problem(refused, 405)
      assert.equal("GET, HEAD", refused.headers.allow)
      server.expect_problem(service:request("/v1/nothing", "-X", method), 404)
    end
  end)

  it("follows the file of tokens on SIGHUP", function()
    local new = add_token("read", "new")
    tokens.new = new
    assert.equal(401, status("GET", "/metrics", new).status)
    assert.equal(0, shell.run("kill -HUP " .. service.pid).status)
    local answer
    repeat
      answer = status("GET", "/metrics", new).status
    until answer == 200
    assert.equal(200, status("GET", "/metrics", tokens.read).status)
  end)
end)

describe("access to a service", function()
  local folder

  files.folder_for_all(function(made)
    folder = made
    database.make(folder .. "/db")
  end)

  it("lets no client have all places where reports wait", function()
    local monitor = assert(loom.open(folder .. "/db"))
    assert(transaction.run(monitor.database, function(execute) -- none is begun
      return execute "CREATE TRIGGER held BEFORE UPDATE OF state ON report BEGIN SELECT raise(IGNORE); END"
    end, true))
    local lines, headers = {}, {}
    for i = 1, 2 do
      local token, line = shell.good("token", "write", "number " .. i):match "^token: (%S+)\nline:  ([^\n]+)\n$"
      lines[i], headers[i] = line, "Authorization: Bearer " .. token
    end
    local service = server.start(folder, { arguments = { "--queued", "4", "--token-file",
      files.write(folder .. "/tokens", table.concat(lines, "\n")) } })
    local function trigger(client, hour)
      return service:post("/trigger_report", "application/json", ('{"as_of":"2024-03-04T0%d:00:00Z"}'):format(hour), "-H",
        headers[client])
    end
    for _ = 1, 3 do
      assert.equal(200, trigger(1, 1).status) -- asked for again and again it is one
    end
    assert.equal(200, trigger(1, 2).status)
    local response = trigger(1, 3)
    server.expect_problem(response, 429, "2 reports of this client are waiting already")
    assert.equal("1", response.headers["retry-after"])
    assert.equal(200, trigger(1, 2).status) -- which waits already
    assert.equal(200, trigger(2, 3).status)
    assert.equal(200, trigger(2, 4).status)
    server.expect_problem(trigger(2, 5), 503, "reports are waiting already")
    assert(transaction.run(monitor.database, function(execute)
      execute "DELETE FROM report"
      return execute "DROP TRIGGER held"
    end, true))
    monitor:close()
    service:stop()
  end)

  it("is not for pages that a browser on this machine shows", function()
    local service = server.start(folder, { arguments = { "--host", "uptime.example.org" } })
    local function trigger(...)
      return service:request("/trigger_report", "-X", "POST", ...)
    end
    local own = "Origin: http://127.0.0.1:" .. service.port
    local statuses = {}
    for i, arguments in ipairs {
      {}, { "-H", own }, { "-H", "Origin: https://evil.example" }, { "-H", "Origin: null" }, { "-H", "Host: rebind.example" },
      { "-H", "Host: localhost:8080" }, { "-H", "Host: Uptime.example.org" }, { "-H", "Host: [::1]:8080" },
      { "-H", "Host: 127.0.0.1.evil.example" },
    } do
      local response = trigger(unpack(arguments))
      statuses[i] = response.status
      if response.status ~= 200 then
        server.expect_problem(response, 403)
      end
    end
    service:stop()
    assert.same({ 200, 200, 403, 403, 403, 200, 200, 200, 403 }, statuses)
  end)

  -- The statuses of every route that is read, by a request with these headers, and whether each is open to everybody.
  local function read_all(service, ...)
    local statuses, UNKNOWN = {}, "5f3c9a52-5b0e-4d70-9a51-0b9d3a2f7c11"
    for _, route in ipairs((router.all())) do
      if route.method == "GET" then
        local path = route.path:gsub("{report_id}", UNKNOWN):gsub("{.-}", "x")
        statuses[route.path] = service:request(path, "-I", ...).status
        if route.access == "none" then
          local expected = route.path == "/ui" and 303 or route.path:find "^/ui/{" and 404 or 200
          assert.equal(expected, statuses[route.path], route.path)
          statuses[route.path] = nil
        end
      end
    end
    return statuses
  end

  it("is not for reading by pages of other origins either, without tokens", function()
    local service = server.start(folder, { arguments = { "--cors-origin", "https://example.org" } })
    local function site(name)
      return "Sec-Fetch-Site: " .. name
    end
    local own = read_all(service, "-H", site "same-origin")
    for path, status in pairs(own) do
      assert.not_equal(403, status, path)
    end
    for _, headers in ipairs { { "-H", site "none" }, { "-H", site "cross-site", "-H", "Origin: https://example.org" },
      { "-H", "Origin: http://127.0.0.1:" .. service.port } } do
      assert.same(own, read_all(service, unpack(headers)))
    end
    for _, headers in ipairs { { "-H", site "cross-site" }, { "-H", site "same-site" }, { "-H", site "anything-new" },
      { "-H", site "cross-site", "-H", "Origin: https://evil.example" }, { "-H", "Origin: https://evil.example" } } do
      for path, status in pairs(read_all(service, unpack(headers))) do
        assert.equal(403, status, path .. " " .. headers[2])
      end
    end
    local link = { "-H", site "cross-site", "-H", "Sec-Fetch-Mode: navigate", "-H", "Sec-Fetch-Dest: document" }
    for path, status in pairs(read_all(service, unpack(link))) do
      assert.equal(path:find "^/get_report" and own[path] or 403, status, path)
    end
    link[6] = "Sec-Fetch-Dest: iframe"
    assert.equal(403, read_all(service, unpack(link))["/get_report"])
    service:stop()
  end)

  it("asks for no host where everybody may know the answer", function()
    local service = server.start(folder)
    for _, path in ipairs { "/healthz", "/readyz", "/openapi.json" } do
      assert.equal(200, service:request(path, "--http1.0", "-H", "Host:").status, path)
    end
    server.expect_problem(service:request("/v1/stores", "--http1.0", "-H", "Host:"), 403)
    service:stop()
  end)

  it("is for the tokens that are in the file, whatever else is", function()
    local tokens, lines = {}, {}
    for i, name in ipairs { "stays", "goes" } do
      tokens[i], lines[i] = shell.good("token", "read", name):match("^token: (%S+)\nline:  ([^\n]+)\n$")
    end
    local path = files.write(folder .. "/tokens", table.concat(lines, "\n") .. "\n")
    local service = server.start(folder, { arguments = { "--token-file", path } })
    local function ask(target, token)
      return service:request(target, "-H", "Authorization: bearer " .. token)
    end
    local function statuses()
      return { ask("/v1/reports", tokens[1]).status, ask("/v1/reports", tokens[2]).status }
    end
    -- Writes the file, and waits until all workers have read it.
    local function change(text)
      local before = " " .. table.concat(service:workers(), " ") .. " "
      if text then
        files.write(path, text)
      else
        os.remove(path)
      end
      assert.equal(0, shell.run("kill -HUP " .. service.pid).status)
      repeat
        local now = service:workers()
      until #now == 2 and not before:find(" " .. now[1] .. " ", 1, true) and not before:find(" " .. now[2] .. " ", 1, true)
    end
    assert.same({ 200, 200 }, statuses())
    change("broken\n" .. lines[1] .. "\nwirte" .. lines[2]:sub(5) .. "\n")
    assert.same({ 200, 401 }, statuses())
    assert.same({ status = "ok", warnings = { "tokens" } }, service:request("/readyz").json)
    local metrics = ask("/metrics", tokens[1]).body
    assert.matches("\nloom_tokens 1\n", metrics)
    assert.matches("\nloom_token_file_bad_lines 2\n", metrics)
    for _, text in ipairs { "", "# " .. lines[1], false } do
      change(text)
      assert.same({ 401, 401 }, statuses())
      local problem = server.expect_problem(service:request "/readyz", 503, "there is no token")
      assert.same({ "tokens" }, problem.failing)
      assert.equal(200, service:request("/healthz").status)
    end
    change(lines[2])
    assert.same({ 401, 200 }, statuses())
    assert.same({ status = "ok" }, service:request("/readyz").json)
    local log = service:stop()
    assert.is_truthy(log:find("tokens:1: is not read or write", 1, true), log)
    assert.is_truthy(log:find("tokens: No such file", 1, true), log)
  end)

  it("is counted with everything else that there is to count", function()
    local token, line = shell.good("token", "write", "x"):match("^token: (%S+)\nline:  ([^\n]+)\n$")
    files.write(folder .. "/tokens", line .. "\nno line of a token\n")
    local service = server.start(folder, { arguments = { "--token-file", folder .. "/tokens" } })
    local authorization = "Authorization: Bearer " .. token
    local polls = {} -- up, and down since then
    for i, status in ipairs { "active", "inactive", "inactive" } do
      polls[i] = ('{"store_id":"always open","status":"%s","timestamp_utc":%d}'):format(status, os.time() - 3600 + i)
    end
    assert.equal(200, service:post("/v1/polls", "application/json", "[" .. table.concat(polls, ",") .. "]", "-H",
      authorization).status)
    assert.equal(200, service:post("/v1/ingest/hours", "text/csv", "store_id,day,start_time_local,end_time_local\n", "-H",
      authorization).status)
    assert.equal(201, service:request("/v1/channels/log", "-X", "PUT", "-H", authorization, "-H",
      "Content-Type: application/json", "-d", '{"kind":"log"}').status)
    assert.equal(201, service:request("/v1/alert-rules/down", "-X", "PUT", "-H", authorization, "-H",
      "Content-Type: application/json", "-d", '{"when":{"kind":"inactive_polls","count":1,"of":1}}').status)
    shell.good("agent", folder .. "/db", "--once")
    local body, missing
    local tries = 0
    repeat -- whichever worker it was in
      tries = tries + 1
      body, missing = service:request("/metrics?store_id=*", "-H", authorization).body, nil
      for name, kind in pairs(families) do
        local sample = "\n" .. name .. (kind[1] == "histogram" and "_bucket" or "")
        local is_there = body:find(sample .. "{[^\n]*} [%d.-]+\n") or body:find(sample .. " [%d.-]+\n")
        missing = not is_there and not OF_CLUSTERS[name] and name or missing
      end
    until not missing or tries == 200
    service:stop()
    assert.is_nil(missing)
    assert.is_truthy(body:find('\nloom_ingests_total{kind="hours"} 1\n', 1, true), body)
    assert.is_truthy(body:find('\nloom_polls_received_total{outcome="new"} 3\n', 1, true), body)
    assert.is_truthy(body:find("\nloom_token_file_bad_lines 1\n", 1, true), body)
    for name in body:gmatch "# TYPE (%S+)" do
      assert.is_table(families[name], name)
    end
  end)

  it("is limited for an address that asks too often", function()
    local service = server.start(folder, { arguments = { "--rate", "1" } })
    local refused
    for _ = 1, 50 do
      local response = service:request "/healthz"
      refused = response.status ~= 200 and response or refused
    end
    service:stop()
    server.expect_problem(refused, 429, "too often")
    assert.equal("1", refused.headers["retry-after"])
  end)

  -- Starting has to fail, at once and with a line that says why.
  local function expect_refusal(exit, message, ...)
    local result = shell.loom("serve", folder .. "/db", ...)
    shell.expect_failure(result, exit)
    assert.matches(message, result.err, 1, true)
  end

  it("that others can reach needs tokens", function()
    expect_refusal(2, "others can reach 0.0.0.0:18080: name a --token-file", "--listen", "0.0.0.0:18080")
    expect_refusal(2, "others can reach [::]:18080", "--listen", "[::]:18080")
  end)

  it("needs an address", function()
    for _, wrong in ipairs { "x", "localhost:80", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:0", "::1:80",
      "127.0.0.1:80; include /etc/passwd" } do
      expect_refusal(2, "--listen", "--listen", wrong)
    end
  end)

  it("needs tokens that can be read", function()
    expect_refusal(1, "none: No such file or directory", "--listen", "127.0.0.1:18080", "--token-file", folder .. "/none")
    files.write(folder .. "/bad", "secret\n")
    expect_refusal(1, "bad:1: is not read or write", "--listen", "127.0.0.1:18080", "--token-file", folder .. "/bad")
    os.remove(folder .. "/bad")
  end)

  it("needs a port that is free, a database that is one, and an origin", function()
    local service = server.start(folder)
    expect_refusal(1, "Address already in use", "--listen", "127.0.0.1:" .. service.port)
    service:stop()
    files.write(folder .. "/text", "no database at all")
    local result = shell.loom("serve", folder .. "/text", "--listen", "127.0.0.1:18080")
    shell.expect_failure(result, 1)
    assert.matches("is not an SQLite database", result.err, 1, true)
    os.remove(folder .. "/text")
    expect_refusal(2, "--cors-origin", "--cors-origin", "https://a.b; evil on")
    expect_refusal(2, "--workers", "--workers", "0")
  end)
end)
