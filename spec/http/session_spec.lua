-- Sessions on a real server: a token that is brought once, and the cookie that then stands for it.

local await = require "support.await"
local cjson = require "cjson"
local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local make_token = require("support.tokens").make
local server = require "support.server"
local shell = require "support.shell"
local transaction = require "loom.transaction"

local unpack = table.unpack or unpack -- luacheck: compat

local OWN = "Sec-Fetch-Site: same-origin"
local poll = '{"store_id":"new","status":"active","timestamp_utc":"2023-01-25 12:00:00"}'

describe("a session", function()
  local folder, service, tokens, cookies

  local function log_in(token, ...)
    local response = service:post("/v1/session", "application/json", cjson.encode { token = token }, ...)
    local cookie = (response.headers["set-cookie"] or ""):match "^(loom_session_%d+_loom=%x+)"
    cookies[#cookies + 1] = cookie and cookie:match "=(%x+)"
    return response, cookie
  end

  -- A request with a cookie.
  local function ask(cookie, method, path, ...)
    return service:request(path, "-X", method, "-H", "Cookie: theme=dark; " .. cookie, ...)
  end

  local function send_poll(cookie, ...)
    return service:post("/v1/polls", "application/json", poll, "-H", "Cookie: " .. cookie, ...)
  end

  -- Waits until workers that have read the tokens anew have taken the place of those that there were.
  local function reload()
    local before = " " .. table.concat(service:workers(), " ") .. " "
    assert.equal(0, shell.run("kill -HUP " .. service.pid).status)
    repeat
      local now = service:workers()
    until #now == 2 and not before:find(" " .. now[1] .. " ", 1, true) and not before:find(" " .. now[2] .. " ", 1, true)
  end

  setup(function()
    folder = files.make_folder()
    database.make(folder .. "/db")
    tokens, cookies = {}, {}
    local lines = {}
    tokens.read, lines[1] = make_token("read", "a screen")
    tokens.write, lines[2] = make_token("write", "the boss")
    tokens.gone, lines[3] = make_token("write", "who leaves")
    tokens.lines = lines
    files.write(folder .. "/tokens", table.concat(lines))
    service = server.start(folder, { arguments = { "--token-file", folder .. "/tokens", "--access-log", folder .. "/access",
      "--audit-log", folder .. "/audit", "--trust-proxy", "127.0.0.7", "--prefix", "/loom", "--log-level", "info",
      "--rate", "10000" } })
  end)

  -- Neither tokens nor cookies are in what is written anywhere.
  teardown(function()
    local log = service:stop()
    for name, text in pairs { log = log, access = files.read(folder .. "/access"), audit = files.read(folder .. "/audit"),
      db = files.read(folder .. "/db") } do
      for _, secret in ipairs { tokens.read, tokens.write, tokens.gone, unpack(cookies) } do
        assert.is_nil(text:find(secret, 1, true), name)
      end
    end
    files.remove_folder(folder)
  end)

  it("begins by a token, and may what that may", function()
    local nobody = service:request "/v1/session"
    assert.same({ tokens = true, name = cjson.null, scope = cjson.null, where = cjson.null, expires = cjson.null }, nobody.json)
    for scope, name in pairs { read = "a screen", write = "the boss" } do
      local response, cookie = log_in(tokens[scope])
      assert.equal(200, response.status, response.body)
      assert.same({ scope, name, true }, { response.json.scope, response.json.name, response.json.tokens })
      assert.matches("^%d%d%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d[.%d]* UTC$", response.json.expires)
      assert.equal("no-store", response.headers["cache-control"])
      assert.same(response.json, ask(cookie, "GET", "/v1/session").json)
      assert.equal(200, ask(cookie, "GET", "/v1/stores").status)
      assert.equal(200, ask(cookie, "GET", "/badge/1481966498820158979.svg").status)
      assert.equal(scope == "write" and 200 or 403, send_poll(cookie, "-H", OWN).status)
    end
    local by_header = service:request("/v1/session", "-H", "Authorization: Bearer " .. tokens.read).json
    assert.same({ "a screen", "read", cjson.null }, { by_header.name, by_header.scope, by_header.expires })
  end)

  it("has a cookie for HTTP alone, for the service's own path, and behind TLS for TLS", function()
    local function attributes(...)
      local header = log_in(tokens.read, ...).headers["set-cookie"]
      return (header:gsub("=%x+;", "=ID;", 1))
    end
    local plain = "loom_session_" .. service.port .. "_loom=ID; Path=/loom; Max-Age=604800; HttpOnly; SameSite=Strict"
    local claim = { "-H", "X-Forwarded-Proto: https" }
    assert.equal(plain, attributes())
    assert.equal(plain, attributes(unpack(claim))) -- of anybody
    assert.equal(plain, attributes("--interface", "127.0.0.7"))
    assert.equal(plain, attributes("--interface", "127.0.0.7", "-H", "X-Forwarded-Proto: http"))
    assert.equal(plain .. "; Secure", attributes("--interface", "127.0.0.7", unpack(claim)))
    assert.equal(plain .. "; Secure", attributes("--interface", "127.0.0.7", "-H", "X-Forwarded-For: 192.0.2.1", unpack(claim)))
  end)

  it("streams events", function()
    local _, cookie = log_in(tokens.read)
    await("the welcome", function()
      return shell.run(service:curl("/v1/events", "-N", "-m", "1", "-H", "Cookie: " .. cookie)).out:find "^: welcome\nretry: "
    end)
  end)

  it("is another one at each log in, and ends the one before", function()
    local _, first = log_in(tokens.read)
    local _, second = log_in(tokens.read, "-H", "Cookie: " .. first)
    assert.not_equal(first, second)
    server.expect_problem(ask(first, "GET", "/v1/stores"), 401, "the session is over")
    assert.equal(200, ask(second, "GET", "/v1/stores").status)
    assert.equal(cjson.null, ask(first, "GET", "/v1/session").json.name)
  end)

  it("is known to all workers, and after they have been replaced", function()
    local _, cookie = log_in(tokens.read)
    for _ = 1, 20 do
      assert.equal(200, ask(cookie, "GET", "/v1/stores?limit=1").status)
    end
    reload()
    assert.equal(200, ask(cookie, "GET", "/v1/stores").status)
  end)

  it("changes nothing for pages of others", function()
    local _, cookie = log_in(tokens.write)
    local host = "127.0.0.1:" .. service.port
    local function header(name, value)
      return { "-H", name .. ": " .. value }
    end
    for _, good in ipairs { header("Sec-Fetch-Site", "same-origin"), header("Origin", "http://" .. host) } do
      assert.equal(200, send_poll(cookie, unpack(good)).status)
    end
    local foreign = { {}, header("Sec-Fetch-Site", "same-site"), header("Sec-Fetch-Site", "cross-site"),
      header("Sec-Fetch-Site", "none"), header("Origin", "null"), header("Origin", "https://evil.example"),
      { "-H", "Sec-Fetch-Site: cross-site", "-H", "Origin: http://" .. host },
      header("Origin", "http://127.0.0.1:1"), header("Origin", "http://" .. host .. ".evil.example") }
    for i, bad in ipairs(foreign) do
      server.expect_problem(send_poll(cookie, unpack(bad)), 403, "for the pages of this service alone")
      server.expect_problem(ask(cookie, "DELETE", "/v1/session", unpack(bad)), 403)
      if i > 1 and not bad[2]:find "none" then
        server.expect_problem(ask(cookie, "GET", "/v1/stores", unpack(bad)), 403)
        server.expect_problem(select(1, log_in(tokens.read, unpack(bad))), 403)
      end
    end
    assert.equal(200, ask(cookie, "GET", "/v1/stores").status)
    assert.equal(200, ask(cookie, "GET", "/v1/stores", "-H", "Sec-Fetch-Site: same-site", "-H", "Sec-Fetch-Mode: navigate",
      "-H", "Sec-Fetch-Dest: document").status) -- a link
    -- A token in a header is no browser's doing.
    assert.equal(200, service:post("/v1/polls", "application/json", poll, "-H", "Authorization: Bearer " .. tokens.write).status)
  end)

  it("ends when somebody logs out", function()
    local _, cookie = log_in(tokens.read)
    local response = ask(cookie, "DELETE", "/v1/session", "-H", OWN)
    assert.equal(204, response.status)
    assert.equal(("loom_session_%d_loom=; Path=/loom; Max-Age=0; HttpOnly; SameSite=Strict"):format(service.port),
      response.headers["set-cookie"])
    server.expect_problem(ask(cookie, "GET", "/v1/stores"), 401, "the session is over")
    assert.equal(204, service:request("/v1/session", "-X", "DELETE").status)
  end)

  it("has its cookie dropped also where it cannot be ended", function()
    local _, cookie = log_in(tokens.read)
    local function execute(sql)
      local monitor = assert(loom.open(folder .. "/db"))
      assert(transaction.run(monitor.database, function(run)
        return run(sql)
      end))
      monitor:close()
    end
    execute "CREATE TRIGGER stays BEFORE DELETE ON service BEGIN SELECT RAISE(ABORT, 'it stays'); END"
    local response = ask(cookie, "DELETE", "/v1/session", "-H", OWN)
    execute "DROP TRIGGER stays"
    assert.equal(500, response.status, response.body)
    assert.matches("^loom_session_%d+_loom=; Path=/loom; Max%-Age=0;", response.headers["set-cookie"])
    assert.equal(204, ask(cookie, "DELETE", "/v1/session", "-H", OWN).status)
  end)

  it("ends when its token leaves the file", function()
    local _, cookie = log_in(tokens.gone)
    assert.equal(200, ask(cookie, "GET", "/v1/stores").status)
    files.write(folder .. "/tokens", tokens.lines[1] .. tokens.lines[2])
    reload()
    server.expect_problem(ask(cookie, "GET", "/v1/stores"), 401, "the session is over")
    -- Nor does it come back with the token, once it is gone.
    local left
    repeat
      left = shell.good("query", folder .. "/db", "SELECT count(*) AS n FROM service WHERE name LIKE 'session %' AND "
        .. "value LIKE '" .. tokens.lines[3]:match "%x+ (%x+)" .. "%'", "--format", "csv"):match "\n(%d+)"
    until left == "0"
    files.write(folder .. "/tokens", table.concat(tokens.lines))
    reload()
    server.expect_problem(ask(cookie, "GET", "/v1/stores"), 401, "the session is over")
  end)

  it("names its token in the logs, and its beginning and end are in that of changes", function()
    local _, cookie = log_in(tokens.write, "-A", "the one that logs in")
    ask(cookie, "GET", "/v1/stores?limit=7")
    ask(cookie, "DELETE", "/v1/session", "-H", OWN, "-A", "the one that logs out")
    local function await_entry(name, wanted)
      return await(cjson.encode(wanted) .. " in " .. name, function() -- nginx writes once a request has ended
        for line in files.read(folder .. "/" .. name):gmatch "[^\n]+" do
          local entry, is_wanted = cjson.decode(line), true
          for field, value in pairs(wanted) do
            is_wanted = is_wanted and entry[field] == value
          end
          if is_wanted then
            return entry
          end
        end
      end)
    end
    assert.equal("the boss", await_entry("access", { target = "/v1/stores?limit=7" }).token)
    for method, agent in pairs { POST = "the one that logs in", DELETE = "the one that logs out" } do
      local entry = await_entry("access", { agent = agent })
      assert.same({ "the boss", method, "/v1/session" }, { entry.token, entry.method, entry.route })
      await_entry("audit", { method = method, route = "/v1/session", token = "the boss",
        status = method == "POST" and 200 or 204 })
    end
  end)

  it("is not begun by what is no token", function()
    local long = ('{"token":"%s"}'):format(("x"):rep(5000))
    for _, body in ipairs { "", "{}", '{"token":7}', '{"token":"x","more":1}', "[]", long } do
      local response = service:post("/v1/session", "application/json", body)
      assert.is_true(response.status == 400 or response.status == 413, response.body)
      assert.is_nil(response.headers["set-cookie"])
    end
    for _, value in ipairs { "", "x", ("0"):rep(64), '"' } do
      local cookie = ("loom_session_%d_loom=%s"):format(service.port, value)
      server.expect_problem(ask(cookie, "GET", "/v1/stores"), 401)
    end
  end)

  it("is refused to who tries too many tokens, and to nobody else", function()
    local statuses = {}
    for _ = 1, 30 do -- ten in each of two workers
      local response = log_in("loom_" .. ("0"):rep(64), "--interface", "127.0.0.9")
      statuses[response.status] = (statuses[response.status] or 0) + 1
      if response.status == 429 then
        assert.matches("^%d+$", response.headers["retry-after"])
      else
        server.expect_problem(response, 401, "the token is not known")
      end
    end
    assert.is_true(statuses[401] <= 20 and statuses[429] >= 10, cjson.encode { tostring(statuses[401]) })
    assert.equal(200, log_in(tokens.read).status)
  end)
end)

describe("a session where no tokens are needed", function()
  it("is not needed either", function()
    local folder = files.make_folder()
    database.make(folder .. "/db")
    local service = server.start(folder)
    local expected = { tokens = false, name = cjson.null, scope = "write", where = cjson.null, expires = cjson.null }
    assert.same(expected, service:request("/v1/session").json)
    local response = service:post("/v1/session", "application/json", '{"token":"x"}')
    assert.same({ 200, expected }, { response.status, response.json })
    assert.is_nil(response.headers["set-cookie"])
    assert.equal(204, service:request("/v1/session", "-X", "DELETE").status)
    service:stop()
    files.remove_folder(folder)
  end)
end)
