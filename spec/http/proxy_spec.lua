-- The service behind a proxy: real ones, with the configurations of the examples.

local await = require "support.await"
local cjson = require "cjson"
local database = require "support.database"
local files = require "support.files"
local server = require "support.server"
local shell = require "support.shell"

local PROXY, CLIENT, OTHER = "127.0.0.1", "127.0.0.2", "127.0.0.3" -- all of them this machine

describe("the service behind a proxy", function()
  local folder, service, token, pids

  -- What reaches the service by another address. Paths stay those of the document of the API.
  local function by(url)
    return setmetatable({ url = url, lines = service.lines, folder = folder }, getmetatable(service))
  end

  -- A request with the token.
  local function ask(through, path, ...)
    return through:request(path, "-k", "-H", "Authorization: Bearer " .. token, "--path-as-is", ...)
  end

  -- Starts a proxy by a command line, and returns what reaches the service through it.
  local function start(url, line)
    local pid = shell.run(("cd %s && %s >proxy.log 2>&1 </dev/null & echo $!"):format(folder, line)).out:match "%d+"
    pids[#pids + 1] = tonumber(pid)
    local through = by(url)
    local answers = shell.run(([[
tries=3000
until %s; do
  tries=$((tries - 1))
  if [ $tries = 0 ] || ! kill -0 %s 2>/dev/null; then exit 1; fi
  sleep 0.02
done]]):format(through:curl("/healthz", "-kf"), pid))
    assert(answers.status == 0, files.read(folder .. "/proxy.log"))
    return through
  end

  local function start_nginx()
    local port, plain = server.free_port(), server.free_port()
    local site = files.read "examples/proxy/nginx.conf"
      :gsub("127%.0%.0%.1:8080", PROXY .. ":" .. service.port):gsub("listen 443", "listen " .. PROXY .. ":" .. port)
      :gsub("listen 80;", "listen " .. PROXY .. ":" .. plain .. ";"):gsub("/etc/ssl/%l+/", folder .. "/")
    files.write(folder .. "/proxy.conf", ([[
daemon off; master_process off; pid %s/proxy.pid; error_log stderr;
events {}
http {
  access_log off; client_body_temp_path %s/body; proxy_temp_path %s/temp; proxy_bind %s;
  fastcgi_temp_path %s/temp; uwsgi_temp_path %s/temp; scgi_temp_path %s/temp;
  %s
}]]):format(folder, folder, folder, PROXY, folder, folder, folder, site))
    assert.equal(0, shell.run(([[cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 \
      -subj /CN=uptime.example.org -keyout uptime.example.org.key -out uptime.example.org.pem]]):format(folder)).status)
    return start(("https://%s:%d/loom"):format(PROXY, port), ("exec nginx -p %s -c %s/proxy.conf -e stderr")
      :format(folder, folder))
  end

  local function start_caddy()
    local port = server.free_port()
    local address = ("http://%s:%d"):format(PROXY, port)
    files.write(folder .. "/Caddyfile", "{\n\tadmin off\n}\n" .. files.read "examples/proxy/Caddyfile"
      :gsub("uptime%.example%.org {", address .. " {"):gsub("127%.0%.0%.1:8080", PROXY .. ":" .. service.port))
    return start(address .. "/loom", ("HOME=%s exec caddy run --config %s/Caddyfile --adapter caddyfile"):format(folder, folder))
  end

  setup(function()
    folder = files.make_folder()
    pids = {}
    database.make(folder .. "/db")
    local line
    token, line = shell.good("token", "write", "someone"):match "^token: (%S+)\nline:  ([^\n]+)\n$"
    files.write(folder .. "/tokens", line .. "\n")
    service = server.start(folder, { arguments = { "--token-file", folder .. "/tokens", "--access-log", folder .. "/access",
      "--trust-proxy", PROXY, "--prefix", "/loom", "--rate", "50" } })
  end)

  teardown(function()
    for _, pid in ipairs(pids) do
      shell.run("kill -QUIT " .. pid)
      assert(shell.await_end(pid, 20))
    end
    service:stop()
    files.remove_folder(folder)
  end)

  -- The address that the access log has of a request.
  local function logged(target)
    return await(target .. " in the log", function() -- nginx writes once a request has ended, which the client may see first
      for line in files.read(folder .. "/access"):gmatch "[^\n]+" do
        local entry = cjson.decode(line)
        if entry.target == target then
          return entry.address
        end
      end
    end)
  end

  -- All that is the same behind whichever proxy.
  local function expect_service(through, name)
    -- Links lead back.
    local about = through:request("/", "-k").json
    for _, link in ipairs { "openapi", "stores", "reports", "health", "ready", "metrics" } do
      assert.matches("^/loom/%l", about[link])
      assert.equal(200, ask(through, (about[link]:gsub("^/loom", ""))).status, link)
    end
    local servers = ask(through, "/openapi.json").json.servers
    assert.same({ { url = "/loom" } }, servers)
    local made = ask(through, "/v1/exclusions", "-X", "POST", "-H", "Content-Type: application/json", "-d",
      ('{"store_id":"*","from_utc":"2024-03-04 10:00:00","to_utc":"2024-03-04 11:00:00","reason":"%s"}'):format(name))
    assert.equal(201, made.status, made.body)
    local location = made.headers.location
    assert.matches("^/loom/v1/exclusions/%d+$", location)
    assert.equal(204, ask(through, (location:gsub("^/loom", "")), "-X", "DELETE").status)

    -- The path arrives as it was sent, whatever is in it.
    local id = "a/b c%" .. name
    local encoded = "a%2Fb%20c%25" .. name
    local body = files.write(folder .. "/poll.json", cjson.encode { store_id = id, status = "active",
      timestamp_utc = "2024-03-04 12:00:00" })
    assert.equal(200, ask(through, "/v1/polls", "-X", "POST", "-H", "Content-Type: application/json",
      "--data-binary", "@" .. body).status)
    assert.equal(id, ask(through, "/v1/stores/" .. encoded).json.store_id)

    -- Reports are files of nginx's, with ranges; what is gone is gone.
    local report = ask(through, "/trigger_report", "-X", "POST").json.report_id
    local response
    repeat
      response = ask(through, "/get_report?report_id=" .. report)
    until not response.json
    assert.matches('filename="report_' .. report .. '.csv"', response.headers["content-disposition"], 1, true)
    local part = ask(through, "/get_report/" .. report, "-H", "Range: bytes=0-7")
    assert.equal(206, part.status)
    assert.equal(response.body:sub(1, 8), part.body)
    assert.equal(204, ask(through, "/v1/reports/" .. report, "-X", "DELETE").status)
    assert.same({ status = "NotFound" }, ask(through, "/get_report/" .. report).json)

    -- Files go through, and what is wrong comes back as a problem.
    local csv = files.write(folder .. "/hours.csv", "store_id,dayOfWeek,start_time_local,end_time_local\n1,0,09:00,17:00\n")
    assert.equal(200, ask(through, "/v1/ingest/hours", "-X", "POST", "-H", "Content-Type: text/csv", "-T", csv).status)
    server.expect_problem(ask(through, "/nothing"), 404)
    server.expect_problem(through:request("/v1/stores", "-k"), 401)
  end

  -- A session is for the service's path, and for TLS where the proxy was asked by it.
  local function expect_session(through, attributes)
    local body = files.write(folder .. "/token.json", cjson.encode { token = token })
    local begun = through:request("/v1/session", "-k", "-X", "POST", "--data-binary", "@" .. body)
    assert.equal(200, begun.status, begun.body)
    local cookie, rest = begun.headers["set-cookie"]:match "^(loom_session_[%w_]+=%x+); (.*)$"
    assert.equal("Path=/loom; Max-Age=604800; HttpOnly; SameSite=Strict" .. attributes, rest)
    local function delete(...)
      return through:request("/v1/session", "-k", "-X", "DELETE", "-H", "Cookie: " .. cookie, ...)
    end
    assert.equal(200, through:request("/v1/stores?limit=1", "-k", "-H", "Cookie: " .. cookie).status)
    server.expect_problem(delete(), 403)
    assert.equal(204, delete("-H", "Sec-Fetch-Site: same-origin").status)
    server.expect_problem(through:request("/v1/stores?limit=1", "-k", "-H", "Cookie: " .. cookie), 401)
  end

  -- Who asks is told by the proxy, and by nobody else.
  local function expect_addresses(through, name)
    local target = "/v1/stores?limit=%d&sort=store_id&" .. "where.proxy=" .. name
    local function asked(number, of, ...)
      local path = target:format(number)
      assert.equal(200, ask(of, path, ...).status)
      return logged((of == service and "" or "/loom") .. path)
    end
    assert.equal(CLIENT, asked(1, through, "--interface", CLIENT))
    assert.equal(CLIENT, asked(2, through, "--interface", CLIENT, "-H", "X-Forwarded-For: 203.0.113.9"))
    assert.equal(OTHER, asked(3, service, "--interface", OTHER, "-H", "X-Forwarded-For: 203.0.113.9"))
    assert.equal("198.51.100.7", asked(4, service, "-H", "X-Forwarded-For: 203.0.113.9, 198.51.100.7"))
    assert.equal("2001:db8::1", asked(5, service, "-H", "X-Forwarded-For: 203.0.113.9, 2001:db8::1"))
    assert.equal(PROXY, asked(6, service, "-H", "X-Forwarded-For: nonsense"))
  end

  -- Events come when they happen, not when a buffer is full.
  local function expect_events(through, name)
    local log = folder .. "/events-" .. name
    local pid = shell.run(("%s >%s 2>/dev/null </dev/null & echo $!"):format(through:curl("/v1/events", "-kN", "-H",
      "Authorization: Bearer " .. token), log)).out:match "%d+"
    local looks = 0
    await("a report among the events", function()
      looks = looks + 1
      if files.exists(log) and files.read(log):find("event: report", 1, true) then
        return true
      elseif looks % 20 == 1 then
        ask(service, "/trigger_report", "-X", "POST", "-H", "X-Forwarded-For: 192.0.2." .. math.ceil(looks / 20))
      end
    end, function()
      return files.exists(log) and files.read(log) or ""
    end)
    shell.run("kill " .. pid)
  end

  describe("that is nginx with TLS", function()
    local through

    setup(function()
      through = start_nginx()
    end)

    it("is below its path", function()
      expect_service(through, "nginx")
      expect_events(through, "nginx")
    end)

    it("knows who asks", function()
      expect_addresses(through, "nginx")
    end)

    it("has sessions for TLS", function()
      expect_session(through, "; Secure")
    end)

    it("limits each client, not all that come through the proxy", function()
      local function storm(address)
        local answers = shell.run(("%s -o /dev/null -w '%%{http_code}\\n'"):format(
          through:curl("/healthz?[1-1000]", "-k", "--parallel", "--interface", address))).out
        return answers:find "429" ~= nil
      end
      assert.is_true(storm(CLIENT))
      assert.equal(200, through:request("/healthz", "-k", "--interface", OTHER).status)
    end)
  end)

  it("that is Caddy is below its path, and knows who asks", function()
    local through = start_caddy()
    expect_service(through, "caddy")
    expect_events(through, "caddy")
    expect_addresses(through, "caddy")
    expect_session(through, "") -- it is asked without TLS here
  end)

  it("may have it take the path away", function()
    assert.equal(200, ask(service, "/v1/stores?limit=1").status)
    assert.equal(200, ask(by(service.url .. "/loom"), "/v1/stores?limit=1").status)
    assert.equal(200, ask(by(service.url .. "//loom/"), "/healthz").status)
    for _, path in ipairs { "/loom", "/loom/", "/loom?", "/" } do
      local got = shell.run(service:curl(path:gsub("%?$", ""), "-k")).out
      assert.matches('"stores":"/loom/v1/stores"', got, 1, true)
    end
    server.expect_problem(ask(by(service.url .. "/loomv1"), "/stores"), 404)
    server.expect_problem(ask(by(service.url .. "/loom/loom"), "/healthz"), 404)
  end)

  it("lets nobody into what is internal, by whichever path", function()
    local id = ask(service, "/trigger_report", "-X", "POST").json.report_id
    local response
    repeat
      response = ask(service, "/get_report?report_id=" .. id)
    until not response.json
    assert.equal(200, response.status)
    for _, place in ipairs { "/loom-report/" .. id .. ".csv", "/loom%2dreport/" .. id .. ".csv", "/loom-problem" } do
      for _, prefix in ipairs { "", "/loom", "//loom/", "/%6coom", "/loom/v1/..", "/loom/v1/ingest/../.." } do
        local got = by(service.url .. prefix):request(place, "--path-as-is")
        assert.equal(404, got.status, prefix .. place)
        assert.equal(404, ask(by(service.url .. prefix), place).status, prefix .. place)
      end
    end
  end)

  it("has files as long below its path as elsewhere", function()
    local many = { "store_id,dayOfWeek,start_time_local,end_time_local\n" }
    for i = 1, 60000 do -- more than the megabyte that other paths take
      many[i + 1] = ("s%05d,0,09:00:00,17:00:00\n"):format(i)
    end
    local csv = files.write(folder .. "/many.csv", table.concat(many))
    for _, prefix in ipairs { "/loom", "//loom/", "" } do
      assert.equal(200, ask(by(service.url .. prefix), "/v1/ingest/hours", "-X", "POST",
        "-H", "Content-Type: text/csv", "-T", csv).status, prefix)
    end
  end)

  it("needs tokens", function()
    local result = shell.loom("serve", folder .. "/db", "--trust-proxy", "127.0.0.1")
    shell.expect_failure(result, 2)
    assert.matches("--trust-proxy: others can reach what a proxy passes on: name a --token-file", result.err, 1, true)
  end)

  it("is told by addresses, networks and a path that is free", function()
    local function config(...)
      return shell.loom("serve", folder .. "/db", "--token-file", folder .. "/tokens", "--print-config", ...)
    end
    for _, bad in ipairs { "", "x", "1.2.3", "300.0.0.1", "0.0.0.0/0", "::/0", "10.0.0.0/33", "10.0.0.0/", "1.2.3.4;" } do
      local result = config("--trust-proxy", bad)
      shell.expect_failure(result, 2)
      assert.matches("--trust-proxy: address or network", result.err, 1, true)
    end
    for _, bad in ipairs { "", "/", "loom", "//loom", "/a b", "/..", "/.", "/v1", "/get_report/x", "/a;", "/a{" } do
      local result = config("--prefix", bad)
      shell.expect_failure(result, 2)
      assert.matches("--prefix: path such as /loom", result.err, 1, true)
    end
    local text = config("--trust-proxy", "10.0.0.0/8", "--trust-proxy", "fd00::/8", "--prefix", "/a.b/c/").out
    for _, line in ipairs { "set_real_ip_from 10.0.0.0/8;", "set_real_ip_from fd00::/8;",
      [[rewrite ^/a\.b/c(/v1/(?:polls|ingest/.*))$ $1;]] } do
      assert.is_truthy(text:find(line, 1, true), line)
    end
  end)
end)
