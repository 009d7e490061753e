-- Real receivers: Prometheus' Alertmanager takes what is sent to it, groups it and sees it end; a server of mail takes mails over
-- STARTTLS; the library of Standard Webhooks verifies webhooks.
local base64 = require "loom.agent.base64"
local cjson = require "cjson"
local Delivery = require "loom.agent.delivery"
local files = require "support.files"
local loom = require "loom"
local outbox = require "loom.agent.outbox"
local set_channel = require("support.outbox").set_channel
local server = require "support.server"
local shell = require "support.shell"
local transaction = require "loom.transaction"

local CONFIG = [[
route:
  receiver: none
  group_by: [group]
receivers:
  - name: none
]]

describe("Alertmanager", function()
  local folder, monitor, pid, url

  before_each(function()
    folder = files.make_folder()
    monitor = assert(loom.open(folder .. "/db", { create = true }))
    if shell.run("command -v prometheus-alertmanager").status ~= 0 then
      return
    end
    local port = server.free_port()
    url = "http://127.0.0.1:" .. port
    files.write(folder .. "/config.yml", CONFIG)
    local result = shell.run(([[
cd %s && LD_PRELOAD= prometheus-alertmanager --config.file=config.yml --storage.path=data --web.listen-address=127.0.0.1:%d \
  --cluster.listen-address= >log 2>&1 </dev/null &
echo $!
tries=3000
until curl -sf %s/-/ready >/dev/null; do tries=$((tries - 1)); [ $tries -gt 0 ] || exit 1; sleep 0.05; done]])
      :format(folder, port, url))
    pid = result.out:match "%d+"
    assert(result.status == 0, result.err)
  end)

  after_each(function()
    if pid then
      shell.run("kill " .. pid)
      shell.await_end(pid, 20)
    end
    monitor:close()
    files.remove_folder(folder)
  end)

  it("shows alerts, groups them and sees them resolved", function()
    if not pid then
      pending "prometheus-alertmanager is not installed"
      return
    end
    assert(set_channel(monitor, { name = "am", kind = "alertmanager", url = url .. "/" }))
    local now, serial = os.time() * 1000000, 0
    local function send(state)
      local events = {}
      for store = 1, 3 do
        serial = serial + 1
        events[store] = { id = ("%026d"):format(serial), alert = "alert" .. store, rule = "down 30 min", severity = "critical",
          state = state, subject = { kind = "store", id = tostring(store), zone = "America/Denver" }, at = now,
          since = now - 1800 * 1000000, text = "down", group = "down 30 min", channels = { "am" }, value = 1800 }
      end
      assert(transaction.run(monitor.database, function(execute)
        for _, one in ipairs(events) do -- what is open is sent again
          execute([[INSERT OR IGNORE INTO alert(id, rule, severity, kind, subject, state, since, at)
            VALUES(?1, ?2, 'critical', 'store', ?3, 'firing', ?4, ?4)]], one.alert, one.rule, one.subject.id, now)
        end
        return outbox.put(execute, events, now)
      end, true))
      local delivery = assert(Delivery.new(monitor, { allow = { "127.0.0.1" }, now = function() return now end }))
      assert.same({ delivered = 1 }, delivery:round())
      delivery:close()
    end
    local function shown(path)
      return cjson.decode(shell.run(("curl -sf '%s/api/v2/%s'"):format(url, path)).out)
    end
    send "firing"
    local alerts = shown "alerts"
    assert.equal(3, #alerts)
    assert.equal("down 30 min", alerts[1].labels.alertname)
    assert.equal("active", alerts[1].status.state)
    local groups = shown "alerts/groups"
    assert.equal(1, #groups)
    assert.same({ group = "down 30 min" }, groups[1].labels)
    local ends = alerts[1].endsAt
    now = now + 61 * 1000000
    local delivery = assert(Delivery.new(monitor, { allow = { "127.0.0.1" }, now = function() return now end }))
    delivery:renew() -- so that they stand for longer
    delivery:finish()
    delivery:close()
    alerts = shown "alerts"
    assert.equal(3, #alerts)
    assert.is_true(alerts[1].endsAt > ends)
    now = now - 61 * 1000000
    send "resolved"
    assert.equal(0, #shown "alerts")
    monitor:close()
  end)
end)

local MODULES = "build/receivers/node_modules"

-- Starts one of spec/support's receivers; its process and port.
local function start(folder, script, ...)
  local result = shell.run(([[
LD_PRELOAD= node spec/support/%s %s >%s/port 2>%s/err </dev/null &
echo $!
tries=3000
until [ -s %s/port ]; do tries=$((tries - 1)); [ $tries -gt 0 ] || { cat %s/err >&2; exit 1; }; sleep 0.02; done]])
    :format(script, shell.words(MODULES, ...), folder, folder, folder, folder))
  assert(result.status == 0, result.err)
  local port = files.read(folder .. "/port"):match "%d+"
  os.remove(folder .. "/port")
  return result.out:match "%d+", port
end

local function stop(pid)
  shell.run("kill " .. pid)
  shell.await_end(pid, 20)
end

-- Puts one event for a channel and delivers it; what came of it, and what was answered.
local function send(monitor, serial, text)
  local now = os.time() * 1000000
  assert(transaction.run(monitor.database, function(execute)
    return outbox.put(execute, { { id = ("%026d"):format(serial), alert = "alert" .. serial, rule = "down 30 min",
      severity = "critical", state = "firing", subject = { kind = "store", id = "42", zone = "America/Denver" }, at = now,
      since = now - 1800 * 1000000, text = text or "down", group = "down " .. serial, channels = { "one" }, value = 1800 } }, now)
  end, true))
  local delivery = assert(Delivery.new(monitor, { allow = { "127.0.0.1" }, now = function() return now end, time_limit = 5000 }))
  local counts = assert(delivery:round())
  delivery:close()
  local outcome = next(counts)
  local row = monitor.database:row "SELECT answer FROM alert_message ORDER BY number DESC LIMIT 1"
  return outcome, row.answer or ""
end

describe("a mail", function()
  local folder, monitor, pid, port, serial

  before_each(function()
    folder = files.make_folder()
    monitor = assert(loom.open(folder .. "/db", { create = true }))
    pid, serial = nil, 0
  end)

  after_each(function()
    if pid then
      stop(pid)
    end
    monitor:close()
    files.remove_folder(folder)
  end)

  -- False where there is no server to be had.
  local function serve(kind)
    if not files.exists(MODULES .. "/smtp-server") then
      pending "no smtp-server: make test has npm install one"
      return false
    end
    shell.run(("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 "
      .. "-keyout %s/key.pem -out %s/cert.pem"):format(folder, folder))
    pid, port = start(folder, "mailbox.mjs", folder, kind)
    return true
  end

  local function try(fields, text)
    serial = serial + 1
    local channel = { name = "one", kind = "email", url = "smtp://127.0.0.1:" .. port, from = "loom@example.org",
      to = { "night@example.org", "day@example.org" }, username = "loom", password = "s3cret", ca_file = folder .. "/cert.pem" }
    for name, value in pairs(fields or {}) do
      channel[name] = value or nil
    end
    assert(set_channel(monitor, channel))
    return send(monitor, serial, text)
  end

  local function sessions()
    local list = {}
    for line in (files.exists(folder .. "/sessions") and files.read(folder .. "/sessions") or ""):gmatch "[^\n]+" do
      list[#list + 1] = cjson.decode(line)
    end
    return list
  end

  it("is taken over STARTTLS, by a user, for all who are to have it", function()
    if not serve() then
      return
    end
    assert.equal("delivered", (try({}, "zu, über 30 min\n.\nand a dot")))
    local list = sessions()
    assert.same({ said = "auth", secure = true, username = "loom" }, list[1])
    assert.same({ said = "data", secure = true, user = "loom", from = "loom@example.org",
      to = { "night@example.org", "day@example.org" } }, list[2])
    local mail = files.read(folder .. "/mail.1")
    assert.matches("\nSubject: ", mail)
    assert.matches("Auto-Submitted: auto-generated", mail, 1, true)
    assert.matches("zu, =C3=BCber 30 min", mail, 1, true)
    assert.matches("and a dot", mail, 1, true)
    assert.is_nil(mail:find("s3cret", 1, true))
    monitor:close()
  end)

  it("is not sent, nor a password, to a server that is not who it says, or that has no TLS", function()
    if not serve() then
      return
    end
    assert.equal("again", (try { ca_file = false }))
    stop(pid)
    pid, port = start(folder, "mailbox.mjs", folder, "PLAIN")
    assert.equal("again", (try()))
    assert.same({}, sessions())
    assert.equal("delivered", (try { plain = true, username = false, password = false })) -- on the loopback, where that is said
    assert.is_false(sessions()[1].secure)
    monitor:close()
  end)

  it("is put off, refused and answered as the server has it, and no answer shows the password", function()
    if not serve "SMTPS" then
      return
    end
    local url = "smtps://127.0.0.1:" .. port
    assert.equal("delivered", (try { url = url }))
    assert.equal("again", (try { url = url, to = { "a@busy.example" } }))
    assert.equal("dead", (try { url = url, to = { "a@gone.example" } }))
    local outcome, answer = try { url = url, password = "wrong-s3cret" }
    assert.equal("dead", outcome)
    assert.matches("^535", answer)
    assert.is_nil(answer:find("s3cret", 1, true))
    monitor:close()
  end)
end)

describe("a webhook", function()
  it("is verified by the library of Standard Webhooks, as it was sent and by its secret alone", function()
    if not files.exists(MODULES .. "/standardwebhooks") then
      pending "no standardwebhooks: make test has npm install it"
      return
    end
    local folder = files.make_folder()
    local monitor = assert(loom.open(folder .. "/db", { create = true }))
    local secret = "whsec_" .. base64.encode(("k"):rep(24))
    local pid, port = start(folder, "verifier.mjs", secret, folder .. "/log")
    local url = "http://127.0.0.1:" .. port
    local function try(serial, path, of)
      assert(set_channel(monitor, { name = "one", kind = "webhook", url = url .. path, secret = of }))
      return (send(monitor, serial, "über <&> \"30\" min"))
    end
    assert.equal("delivered", try(1, "/", secret))
    assert.equal("dead", try(2, "/tampered", secret))
    assert.equal("dead", try(3, "/", "whsec_" .. base64.encode(("x"):rep(24))))
    stop(pid)
    monitor:close()
    local lines = {}
    for verdict, body in files.read(folder .. "/log"):gmatch "([^\t\n]*)\t([^\n]*)" do
      lines[#lines + 1] = verdict
      assert.equal("über <&> \"30\" min", cjson.decode(body).data.alerts[1].text)
    end
    assert.same({ "verified", "No matching signature found", "No matching signature found" }, lines)
    files.remove_folder(folder)
  end)
end)
