-- Alerts over HTTP: what fires, who acknowledges it, and what it goes by; for whom, only where it is as they saw it, and without
-- a secret in anything that is told.

local cjson = require "cjson"
local files = require "support.files"
local loom = require "loom"
local make_token = require("support.tokens").make
local server = require "support.server"
local shell = require "support.shell"
local transaction = require "loom.transaction"

local SECRET = "s3cret-of-a-channel"

describe("alerts, over HTTP", function()
  local folder, service, tokens, told

  local function add_alert(execute, id, subject, state, rule)
    execute([[INSERT INTO alert(id, rule, severity, kind, subject, state, since, at, ended, text, told)
      VALUES(?1, ?4, 'critical', ?5, ?2, ?3, 1709553600000000, 1709553660000000,
        CASE WHEN ?3 IN ('resolved', 'expired') THEN 1709553720000000 END, 'it is down', 0)]], id, subject, state, rule or "down",
      subject == "" and "fleet" or "store")
  end

  setup(function()
    folder = files.make_folder()
    local monitor = assert(loom.open(folder .. "/db", { create = true }))
    for _, id in ipairs { "east 1", "west 1", "west 2" } do
      local polls = {}
      for minute = 0, 239, 10 do
        local at = ("2024-03-04 %02d:%02d:00"):format(math.floor(8 + minute / 60), minute % 60)
        polls[#polls + 1] = { id, minute < 60 or id == "east 1", at }
      end
      assert(monitor:polls(polls))
      assert(monitor:set_attributes(id, { region = id:match "%a+" }))
    end
    assert(transaction.run(monitor.database, function(execute)
      for i = 1, 5 do
        add_alert(execute, ("a%d"):format(i), i % 2 == 0 and "east 1" or "west 1", i < 3 and "resolved" or "firing")
      end
      add_alert(execute, "fleet", "", "firing", "stale")
      return true
    end))
    monitor:close()
    tokens = {}
    local lines = {}
    tokens.write, lines[1] = make_token("write", "ann")
    tokens.read, lines[2] = make_token("read", "bob")
    tokens.board, lines[3] = make_token("board", "west", "--where", "region=west")
    files.write(folder .. "/tokens", table.concat(lines))
    service = server.start(folder, { workers = 2, arguments = { "--token-file", folder .. "/tokens", "--rate", "10000" } })
    told = {}
  end)

  teardown(function()
    service:stop()
    files.remove_folder(folder)
  end)

  local function request(who, ...)
    local response = service:ask(tokens[who], ...)
    told[#told + 1] = response.body
    return response
  end

  local function expect(status, ...)
    local response = request(...)
    assert.equal(status, response.status, response.body)
    return response.body ~= "" and cjson.decode(response.body) or nil, response
  end

  local function ids_of(list)
    local ids = {}
    for i, alert in ipairs(list) do
      ids[i] = alert.id
    end
    return table.concat(ids, " ")
  end

  it("are listed, the newest first, page by page", function()
    assert.equal("fleet a5 a4 a3 a2 a1", ids_of(expect(200, "read", "GET", "/v1/alerts").alerts))
    local ids, cursor, pages = {}, "", 0
    repeat
      local page = expect(200, "read", "GET", "/v1/alerts?limit=2" .. cursor)
      ids[#ids + 1] = ids_of(page.alerts)
      cursor = page.next_cursor ~= cjson.null and "&cursor=" .. page.next_cursor or nil
      pages = pages + 1
    until not cursor
    assert.equal(3, pages)
    assert.equal("fleet a5 a4 a3 a2 a1", table.concat(ids, " "))
    expect(400, "read", "GET", "/v1/alerts?cursor=abc")
  end)

  it("are chosen by state, rule, store, attribute, severity and time", function()
    for query, expected in pairs {
      ["state=resolved"] = "a2 a1", ["state=open&rule=down"] = "a5 a4 a3", ["store_id=east%201"] = "a4 a2",
      ["where.region=east&state=firing"] = "a4", ["kind=fleet"] = "fleet", ["severity=info"] = "",
      ["rule=stale&rule=down&limit=1"] = "fleet",
      ["from=2024-03-04T12:01:30Z&state=resolved"] = "a2 a1",
      ["from=2024-03-04T12:03:00Z&state=resolved"] = "",
      ["to=2024-03-04T12:00:00Z"] = "",
    } do
      assert.equal(expected, ids_of(expect(200, "read", "GET", "/v1/alerts?" .. query).alerts), query)
    end
    for _, query in ipairs { "state=loud", "kind=pigeon", "limit=0", "limit=1001", "from=yesterday", "colour=red", "where.=x" } do
      expect(400, "read", "GET", "/v1/alerts?" .. query)
    end
  end)

  it("are counted beside what stores are now, where they are of all stores", function()
    assert.equal(4, expect(200, "read", "GET", "/v1/now").alerts)
    assert.equal(cjson.null, expect(200, "read", "GET", "/v1/now?as_of=2024-03-04").alerts)
    assert.equal(cjson.null, expect(200, "board", "GET", "/v1/now").alerts)
  end)

  it("are told of one by one, in the form of instants that is asked for", function()
    local alert = expect(200, "read", "GET", "/v1/alerts/a3?time=rfc3339")
    assert.same({ "2024-03-04T12:01:00Z", "firing", "/v1/stores/west%201", cjson.null }, { alert.at, alert.state,
      alert.links.store, alert.ended })
    assert.same({ kind = "store", id = "west 1", timezone_str = cjson.null }, alert.subject)
    expect(404, "read", "GET", "/v1/alerts/none")
  end)

  it("are acknowledged by who may write, until they end", function()
    expect(403, "read", "PUT", "/v1/alerts/a3/ack", { note = "mine" })
    local alert = expect(200, "write", "PUT", "/v1/alerts/a3/ack?reason=woken", { note = "mine",
      ["until"] = "2099-01-01 00:00:00" })
    assert.same({ "ann", "mine", "2099-01-01 00:00:00.000000 UTC", true }, { alert.ack.who, alert.ack.note, alert.ack["until"],
      alert.flags.acknowledged })
    local entry = expect(200, "read", "GET", "/v1/audit?kind=alert&limit=1").entries[1]
    assert.same({ "ann", "woken", "a3" }, { entry.by, entry.reason, entry.after.id })
    assert.is_false(expect(200, "write", "DELETE", "/v1/alerts/a3/ack").flags.acknowledged)
    expect(409, "write", "PUT", "/v1/alerts/a1/ack", {})
    expect(404, "write", "PUT", "/v1/alerts/none/ack", {})
    expect(400, "write", "PUT", "/v1/alerts/a3/ack", { ["until"] = "soon" })
    expect(400, "write", "PUT", "/v1/alerts/a3/ack", { note = ("x"):rep(1001) })
  end)

  it("are, for who sees some stores alone, those of these, without channels", function()
    assert.equal("a5 a3 a1", ids_of(expect(200, "board", "GET", "/v1/alerts").alerts))
    assert.equal("", ids_of(expect(200, "board", "GET", "/v1/alerts?where.region=east").alerts))
    assert.equal("", ids_of(expect(200, "board", "GET", "/v1/alerts?kind=fleet").alerts))
    assert.same({}, expect(200, "board", "GET", "/v1/alerts/a3").deliveries)
    expect(404, "board", "GET", "/v1/alerts/a4")
    expect(404, "board", "GET", "/v1/alerts/fleet")
    expect(404, "board", "GET", "/v1/alerts/a4/explain")
    expect(404, "board", "GET", "/v1/alert-rules/down/explain?store_id=east%201")
    for _, path in ipairs { "/v1/alert-rules", "/v1/alert-rules/x", "/v1/channels", "/v1/silences", "/v1/mutes",
      "/v1/objectives", "/v1/alert-settings", "/v1/notifications" } do
      expect(403, "board", "GET", path)
    end
    expect(403, "board", "POST", "/v1/alert-rules/backtest", { rule = { name = "x", when = { kind = "down_for", time = 60 } },
      from = "2024-03-04 08:00:00", to = "2024-03-04 12:00:00" })
  end)

  local kinds = {
    { path = "/v1/mutes", list = "mutes", value = { hours = "mon-fri 22:00-06:00", zone = "UTC", passes = "critical" },
      other = { hours = "sun 22:00-06:00", zone = "UTC" }, wrong = { hours = "someday", zone = "UTC" }, field = "hours" },
    { path = "/v1/objectives", list = "objectives", value = { target = 0.99 }, other = { target = 0.9, window = "month" },
      wrong = { target = 2 }, field = "target" },
    { path = "/v1/silences", list = "silences", key = "id", value = { matchers = { rule = "down" }, from = 0, to = 4e9 },
      other = { matchers = { rule = "down" }, from = 0, to = "2099-01-01 00:00:00 UTC" },
      wrong = { matchers = {}, to = 4e9 }, field = "matchers" },
    { path = "/v1/channels", list = "channels", value = { kind = "webhook", url = "https://example.org/" .. SECRET,
      secret = SECRET }, other = { kind = "log" }, wrong = { kind = "webhook", url = "ftp://" .. SECRET }, field = "url" },
    { path = "/v1/alert-rules", list = "rules", value = { when = { kind = "down_for", time = "30m" } },
      other = { when = { kind = "down_for", time = "31m" }, channels = { "ops" } }, wrong = { when = { kind = "down_for" } },
      field = "when.time" },
  }

  it("go by what is set, changed where it is as it was seen, and removed", function()
    expect(201, "write", "PUT", "/v1/channels/ops", { kind = "log" })
    for _, kind in ipairs(kinds) do
      local path, key = kind.path .. "/night.1", kind.key or "name"
      expect(403, "read", "PUT", path, kind.value)
      local made, response = expect(201, "write", "PUT", path, kind.value)
      assert.equal("night.1", made[key])
      local _, seen = expect(200, "read", "GET", path)
      local tag = seen.headers.etag
      assert.is_string(tag, path)
      assert.equal(tag, response.headers.etag)
      local found = false
      for _, item in ipairs(expect(200, "read", "GET", kind.path)[kind.list]) do
        found = found or item[key] == "night.1"
      end
      assert.is_true(found, path)
      expect(200, "write", "PUT", path, seen.body) -- as it was told
      expect(200, "write", "PUT", path .. "?reason=why", kind.other, "-H", "If-Match: " .. tag)
      local conflict = expect(409, "write", "PUT", path, kind.value, "-H", "If-Match: " .. tag)
      assert.equal("night.1", conflict.current[key])
      local wrong = expect(400, "write", "PUT", path, kind.wrong)
      assert.matches(kind.field, wrong.detail, 1, true)
      assert.equal(kind.field, wrong.field)
      expect(400, "write", "PUT", path, { [key] = "another", colour = 1 })
      expect(409, "write", "DELETE", path, nil, "-H", "If-Match: " .. tag)
      expect(204, "write", "DELETE", path)
      expect(404, "write", "DELETE", path)
      expect(404, "read", "GET", path)
    end
    local entry = expect(200, "read", "GET", "/v1/audit?kind=rule&limit=1").entries[1]
    assert.same({ "ann", "*", "night.1", cjson.null }, { entry.by, entry.store_id, entry.before.name, entry.after })
  end)

  it("go by settings, which are set together, as they were seen", function()
    local path = "/v1/alert-settings"
    local unset, first = expect(200, "read", "GET", path)
    assert.same({ stale_after = cjson.null, dormant_after = cjson.null }, unset)
    expect(403, "read", "PUT", path, { stale_after = "45m" })
    expect(200, "write", "PUT", path .. "?reason=slow", { stale_after = "45m", dormant_after = 1209600 }, "-H",
      "If-Match: " .. first.headers.etag)
    local set, seen = expect(200, "read", "GET", path)
    assert.same({ stale_after = "45m", dormant_after = 1209600 }, set)
    local entry = expect(200, "read", "GET", "/v1/audit?kind=setting&limit=1").entries[1]
    assert.same({ "ann", "slow", "stale_after", "45m" }, { entry.by, entry.reason, entry.after.name, entry.after.value })
    local conflict = expect(409, "write", "PUT", path, {}, "-H", "If-Match: " .. first.headers.etag)
    assert.same(set, conflict.current)
    for field, body in pairs { stale_after = { stale_after = "soon", dormant_after = "1d" },
      dormant_after = { dormant_after = 0 }, colour = { colour = "1d" } } do
      local wrong = expect(400, "write", "PUT", path, body)
      assert.equal(field, wrong.field)
      assert.matches("^" .. field .. ": ", wrong.detail)
    end
    expect(400, "write", "PUT", path, { dormant_after = "32d" })
    expect(400, "write", "PUT", path, { dormant_after = false })
    assert.same(set, expect(200, "read", "GET", path))
    assert.same({ stale_after = "45m", dormant_after = cjson.null }, expect(200, "write", "PUT", path,
      { stale_after = "45m", dormant_after = cjson.null }, "-H", "If-Match: " .. seen.headers.etag))
    assert.same(unset, expect(200, "write", "PUT", path, {}))
  end)

  it("keep what a rule names", function()
    expect(201, "write", "PUT", "/v1/channels/kept", { kind = "log" })
    expect(400, "write", "PUT", "/v1/alert-rules/r", { when = { kind = "down_for", time = 60 }, channels = { "gone" } })
    expect(201, "write", "PUT", "/v1/alert-rules/r", { when = { kind = "down_for", time = 60 }, channels = { "kept" } })
    assert.matches("used by rule", expect(409, "write", "DELETE", "/v1/channels/kept").detail, 1, true)
    expect(204, "write", "DELETE", "/v1/alert-rules/r")
    expect(204, "write", "DELETE", "/v1/channels/kept")
  end)

  it("are silenced by whom, under an id of their own", function()
    local silence, response = expect(201, "write", "POST", "/v1/silences", { matchers = { store = "west*" },
      to = "2099-01-01 00:00:00" })
    assert.equal("ann", silence.author)
    assert.equal("/v1/silences/" .. silence.id, response.headers.location)
    expect(204, "write", "DELETE", "/v1/silences/" .. silence.id)
    expect(400, "write", "POST", "/v1/silences", { id = "mine", matchers = { store = "west*" }, to = "2099-01-01 00:00:00" })
    local matchers = { store = "west*" }
    for field, body in pairs { to = { matchers = matchers }, from = { matchers = matchers, from = "x", to = 4e9 },
      colour = { matchers = matchers, to = 4e9, colour = 1 }, matchers = { to = 4e9 } } do
      assert.equal(field, expect(400, "write", "POST", "/v1/silences", body).field)
    end
  end)

  it("come in pages, channels like all others", function()
    local before = #expect(200, "read", "GET", "/v1/channels").channels
    for i = 1, 20 do
      expect(201, "write", "PUT", ("/v1/channels/paged%02d"):format(i), { kind = "log" })
    end
    for _, limit in ipairs { 7, 20, before + 20, 100 } do
      local names, cursor = {}, nil
      repeat
        local page = expect(200, "read", "GET", ("/v1/channels?limit=%d%s"):format(limit, cursor and "&cursor=" .. cursor or ""))
        assert.is_true(#page.channels <= limit)
        for _, channel in ipairs(page.channels) do
          assert.is_true(not names[#names] or names[#names] < channel.name)
          names[#names + 1] = channel.name
        end
        cursor = page.next_cursor ~= cjson.null and page.next_cursor or nil
      until not cursor
      assert.equal(before + 20, #names)
    end
    for i = 1, 20 do
      expect(204, "write", "DELETE", ("/v1/channels/paged%02d"):format(i))
    end
  end)

  it("cannot be told to programs or by files of the machine, as far as the service is asked", function()
    for _, value in ipairs {
      { kind = "command", command = { "sh" } }, { kind = "lua" }, { kind = "webhook", url_file = "/etc/passwd" },
      { kind = "webhook", url = "https://example.org", secret_file = "/etc/passwd" },
      { kind = "webhook", url = "https://example.org", ca_file = "/etc/passwd" },
    } do
      expect(400, "write", "PUT", "/v1/channels/bad", value)
    end
    shell.good("query", folder .. "/db", "SELECT 1")
    local monitor = assert(loom.open(folder .. "/db"))
    assert(monitor:set_channel { name = "here", kind = "command", command = { "/usr/bin/tell", SECRET } })
    assert(monitor:set_channel { name = "file", kind = "webhook", url = "https://example.org/", secret_file = "/etc/" .. SECRET })
    monitor:close()
    assert.is_true(expect(200, "read", "GET", "/v1/channels/here").command)
    local file, seen = expect(200, "read", "GET", "/v1/channels/file")
    assert.is_true(file.secret_file)
    expect(200, "write", "PUT", "/v1/channels/file", seen.body)
    assert.is_true(expect(200, "read", "GET", "/v1/channels/file").secret_file)
    expect(204, "write", "DELETE", "/v1/channels/file")
    expect(204, "write", "DELETE", "/v1/channels/here")
  end)

  it("test a channel by a message that can be dropped", function()
    expect(201, "write", "PUT", "/v1/channels/tried", { kind = "log" })
    expect(403, "read", "POST", "/v1/channels/tried/test", {})
    local sent = expect(202, "write", "POST", "/v1/channels/tried/test", {})
    assert.equal("pending", sent.outcome)
    local list = expect(200, "read", "GET", "/v1/notifications?outcome=pending&channel=tried").notifications
    assert.equal(sent.id, list[1].id)
    expect(404, "write", "POST", "/v1/notifications/" .. sent.id .. "/retry", {}) -- it is not dead
    expect(204, "write", "DELETE", "/v1/notifications/" .. sent.id)
    expect(404, "write", "DELETE", "/v1/notifications/" .. sent.id)
    assert.equal(sent.id, expect(200, "read", "GET", "/v1/notifications?outcome=dropped").notifications[1].id)
    expect(404, "write", "POST", "/v1/channels/none/test", {})
    expect(201, "write", "PUT", "/v1/channels/off", { kind = "log", enabled = false })
    assert.matches("is disabled", expect(409, "write", "POST", "/v1/channels/off/test", {}).detail, 1, true)
    local off = expect(200, "read", "GET", "/v1/channels/off")
    assert.same({ true, "not enabled" }, { off.status.disabled, off.status.disabled_reason })
    expect(204, "write", "DELETE", "/v1/channels/off")
    expect(204, "write", "DELETE", "/v1/channels/tried")
  end)

  it("are explained, and tried on the past", function()
    local rule = { name = "down", when = { kind = "down_for", time = "30m" } }
    expect(201, "write", "PUT", "/v1/alert-rules/down", rule)
    local found = expect(200, "read", "GET", "/v1/alerts/a3/explain")
    assert.same({ "down", "west 1", "true", "firing", "s" }, { found.rule, found.store_id, found.result, found.phase,
      found.unit })
    assert.same(expect(200, "read", "GET", "/v1/alerts/a3"), found.alert)
    found = expect(200, "board", "GET", "/v1/alerts/a3/explain")
    assert.same({ "a3", 0 }, { found.alert.id, #found.alert.deliveries })
    found = expect(200, "read", "GET", "/v1/alert-rules/down/explain?store_id=west%201&at=2030-01-01T00:00:00Z")
    assert.equal("a5", found.alert.id)
    found = expect(200, "read", "GET", "/v1/alert-rules/down/explain?store_id=east%201&at=2024-03-04T10:00:00Z&time=ms")
    assert.same({ "false", "ok", 1709546400000 }, { found.result, found.phase, found.at })
    assert.same({ at = 1709546400000, active = true }, found.polls[#found.polls])
    found = expect(200, "read", "GET", "/v1/alerts/fleet/explain")
    assert.same({ "stale", "system", cjson.null, "false", "s" }, { found.rule, found.of, found.store_id, found.result,
      found.unit })
    expect(404, "read", "GET", "/v1/alert-rules/down/explain?store_id=none")
    expect(404, "read", "GET", "/v1/alert-rules/none/explain?store_id=east%201")
    local past = expect(200, "read", "POST", "/v1/alert-rules/backtest", { rule = rule, from = "2024-03-04 08:00:00",
      to = "2024-03-04 12:00:00" })
    assert.same({ 2, 2, 60, 3, "this rule would have fired 2 times for 2 stores" }, { past.fired, past.subjects, past.step,
      past.stores, past.text })
    assert.same({ { date = "2024-03-04", fired = 2, resolved = 0 } }, past.days)
    assert.same({ "west 1", "west 2" }, { past.worst[1].id, past.worst[2].id })
    expect(400, "read", "POST", "/v1/alert-rules/backtest", { rule = rule, from = "2023-03-04 08:00:00",
      to = "2024-03-04 12:00:00" })
    expect(400, "read", "POST", "/v1/alert-rules/backtest", { rule = { name = "x", when = { kind = "down_for" } },
      from = "2024-03-04 08:00:00", to = "2024-03-04 12:00:00" })
    expect(204, "write", "DELETE", "/v1/alert-rules/down")
  end)

  it("tell no secret: in no answer, list, event, metric, audit, export, log or failure", function()
    expect(201, "write", "PUT", "/v1/channels/secret", { kind = "webhook", url = "https://example.org/" .. SECRET,
      secret = SECRET, authorization = "Bearer " .. SECRET })
    expect(201, "write", "PUT", "/v1/channels/mail", { kind = "email", url = "smtp://example.org", from = "a@example.org",
      to = { "b@example.org" }, username = "a", password = SECRET })
    expect(400, "write", "PUT", "/v1/channels/secret", { kind = "webhook", url = "https://b.example/" .. SECRET })
    expect(400, "write", "PUT", "/v1/channels/secret", { kind = "webhook", secret = { SECRET } })
    expect(202, "write", "POST", "/v1/channels/secret/test", {})
    for _, path in ipairs { "/v1/channels", "/v1/channels/secret", "/v1/channels/mail", "/v1/notifications", "/v1/audit",
      "/metrics", "/v1/alerts", "/v1/info", "/openapi.json" } do
      request("read", "GET", path)
    end
    local tries, events = 0
    repeat -- all that are kept: those of the audit come with the next look at it
      tries = tries + 1
      events = service:request("/v1/events", "-H", "Authorization: Bearer " .. tokens.read, "-H", "Last-Event-ID: 1",
        "--max-time", "1").body
    until events:find('"name":"mail"', 1, true) or tries == 30
    assert.is_truthy(events:find('"name":"mail"', 1, true), events)
    local shown = table.concat(told, "\n") .. events
    assert.is_truthy(shown:find('"kind":"channel"', 1, true))
    shown = shown .. files.read(folder .. "/server.log") .. shell.good("audit", folder .. "/db", "--format", "json")
      .. shell.good("export", folder .. "/db", "config")
      .. shell.good("query", folder .. "/db", "SELECT * FROM alert_channel")
      .. shell.good("query", folder .. "/db", "SELECT * FROM alert_event")
    local at = shown:find(SECRET, 1, true)
    assert.is_nil(at and shown:sub(math.max(1, at - 200), at + 200))
    expect(204, "write", "DELETE", "/v1/channels/secret")
    expect(204, "write", "DELETE", "/v1/channels/mail")
  end)
end)
