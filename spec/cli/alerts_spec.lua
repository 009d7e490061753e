-- What alerts go by, set by files; and what the command tells of alerts.
local checkout = require "support.checkout"
local files = require "support.files"
local loom = require "loom"
local shell = require "support.shell"
local transaction = require "loom.transaction"

local SECRET = "s3cret-of-a-channel"

describe("the command, about alerts,", function()
  local folder, db

  files.folder_for_each(function(made)
    folder = made
    db = folder .. "/db"
    local monitor = assert(loom.open(db, { create = true }))
    assert(monitor:polls { { "shop 1", false, "2024-03-04 12:00:00" }, { "shop 2", true, "2024-03-04 12:00:00" } })
    monitor:close()
  end)

  local config = [[{ "rules": [{ "name": "down", "severity": "critical", "when": { "kind": "down_for", "time": "30m" },
      "channels": ["ops"] }],
    "channels": [{ "name": "ops", "kind": "webhook", "url": "https://example.org/]] .. SECRET .. [[", "secret": "]] .. SECRET
    .. [[" }], "settings": { "stale_after": "45m" } }]]

  local function apply(text, ...)
    files.write(folder .. "/config.json", text)
    return shell.loom("apply", db, folder .. "/config.json", ...)
  end

  local function write(sql, ...)
    local monitor = assert(loom.open(db))
    local values = { ... }
    assert(transaction.run(monitor.database, function(execute)
      return execute(sql, (table.unpack or unpack)(values)) -- luacheck: compat
    end, true))
    monitor:close()
  end

  local function fire(id, severity, more)
    write([[INSERT INTO alert(id, rule, severity, kind, subject, state, since, at, text, told, silenced)
      VALUES(?1, 'down', ?2, 'store', 'shop 1', 'firing', 1709553600000000, 1709553600000000, 'down', 0, ?3)]], id, severity,
      more or 0)
  end

  it("applies a file, tells line by line what it changes, and nothing of a secret", function()
    local dry = apply(config, "--dry-run")
    assert.equal(0, dry.status)
    assert.equal([[
+ setting stale_after
+   value: "45m"
+ channel ops
+   kind: "webhook"
+   secret: true
+   url: true
+ rule down
+   severity: "critical"
+   when: {"kind":"down_for","time":"30m"}
+   channels: ["ops"]
3 changes would be made
]], dry.out)
    assert.equal("", shell.good("alerts", "rules", db, "--format", "ndjson"))
    assert.matches("\n3 changes\n$", apply(config).out)
    assert.equal("nothing to change\n", apply(config).out)
    local changed = apply((config:gsub("30m", "31m"):gsub('%.org/s3', ".com/s3")))
    assert.equal([[
~ channel ops
!   url: another secret
~ rule down
-   when: {"kind":"down_for","time":"30m"}
+   when: {"kind":"down_for","time":"31m"}
2 changes
]], changed.out)
    assert.is_nil((dry.out .. changed.out .. shell.good("export", db, "config") .. shell.good("audit", db)):find(SECRET, 1, true))
    local pruned = apply('{ "settings": { "stale_after": "45m" } }', "--prune", "--reason", "no more")
    assert.matches("\n2 changes\n$", pruned.out)
    assert.matches("no more", shell.good("audit", db, "--limit", "1"), 1, true)
  end)

  it("applies all of a file or nothing, and says what is wrong where", function()
    local failed = apply((config:gsub('"name": "down"', '"name": "down", "colour": 1')))
    assert.equal(1, failed.status)
    assert.matches('config.json: rule "down": colour is unknown', failed.err, 1, true)
    assert.matches('"channels": []', shell.good("export", db, "config"), 1, true)
    assert.matches("JSON expected", apply("{").err, 1, true)
    assert.matches("an object expected", apply("[]").err, 1, true)
    assert.matches("it has more than 16 MiB", apply((" "):rep(16 * 1024 * 1024) .. "{}").err, 1, true)
    assert.matches('"rule" is unknown', apply('{ "rule": [] }').err, 1, true)
  end)

  it("exports what an empty database takes, which exports the same", function()
    apply(config)
    local exported = shell.good("export", db, "config")
    local other = assert(loom.open(folder .. "/other", { create = true }))
    assert(other:poll("shop 1", true, 0)) -- so that there is a file
    other:close()
    files.write(folder .. "/exported.json", exported)
    shell.good("apply", folder .. "/other", folder .. "/exported.json")
    assert.equal(exported, (shell.good("export", folder .. "/other", "config")))
    assert.equal("nothing to change\n", (shell.good("apply", db, folder .. "/exported.json", "--prune")))
  end)

  it("takes Lua tables", function()
    files.write(folder .. "/config.lua", 'return { rules = { { name = "down", when = { kind = "down_for", time = 60 * 30 } } } }')
    shell.good("apply", db, folder .. "/config.lua")
    assert.matches('{ ""kind"": ""down_for"", ""time"": 1800 }', shell.good("alerts", "rules", db), 1, true)
  end)

  it("checks by its exit status what fires, and that somebody looks", function()
    local function expect(status, pattern, ...)
      local result = shell.loom("alerts", "check", db, ...)
      assert.equal(status, result.status, result.out .. result.err)
      assert.matches(pattern, result.out)
    end
    expect(0, "^OK %- no alerts\n$")
    fire("a", "info")
    expect(0, "^OK %- 1 info\ndown shop 1 since 2024%-03%-04 12:00:00\n$")
    fire("b", "warning")
    expect(3, "^WARNING %- 1 warning, 1 info\n")
    fire("c", "critical", 1) -- it is silenced
    expect(3, "^WARNING %- 1 warning, 1 info\n")
    fire("d", "critical")
    expect(4, "^CRITICAL %- 1 critical, 1 warning, 1 info\n")
    for _, id in ipairs { "b", "d" } do
      shell.good("alerts", "ack", db, id, "--note", "seen")
    end
    expect(0, "^OK %- 1 info\n")
    shell.good("alerts", "ack", db, "b", "--undo")
    expect(3, "^WARNING")
    apply(config)
    expect(4, "^CRITICAL %- rules are not evaluated: no loom agent has been at work; 1 warning")
    write("INSERT INTO service(name, value) VALUES('alert round', ?)", ('{"clock":%d000000}'):format(os.time() - 3600))
    expect(4, "^CRITICAL %- rules are not evaluated since ")
    expect(3, "^WARNING", "--late-after", "2h")
  end)

  it("lists alerts", function()
    fire("a", "critical")
    write [[INSERT INTO alert(id, rule, severity, kind, subject, state, since, at, ended, reason, text, told)
      VALUES('b', 'down', 'warning', 'store', 'shop 2', 'resolved', 0, 0, 1000000, 'over', 'up', 0)]]
    assert.matches("^severity,[^\n]*\ncritical,down,shop 1,firing,[^\n]*,a\n$", shell.good("alerts", "list", db))
    assert.matches("\nwarning,down,shop 2,resolved,[^\n]*,b\n$", shell.good("alerts", "list", db, "--state", "resolved"))
    assert.matches("id\n$", shell.good("alerts", "list", db, "--store", "shop 2"))
  end)

  it("silences, tests channels, and sends dead letters again", function()
    apply(config)
    local id = shell.good("alerts", "silence", db, "--store", "shop*", "--for", "2h", "--comment", "works"):match "%w+"
    assert.matches(id, shell.good("alerts", "silence", db), 1, true)
    shell.good("alerts", "silence", db, "--end", id)
    assert.equal("", shell.good("alerts", "silence", db))
    assert.equal(2, shell.loom("alerts", "silence", db, "--store", "x").status)
    local message = shell.good("alerts", "test", db, "ops"):match "%S+"
    write "UPDATE alert_message SET outcome = 'dead', ended = 0, answer = '404'"
    assert.matches(message .. ",ops,test,1,", shell.good("alerts", "dead", db), 1, true)
    shell.good("alerts", "dead", db, "--retry", "all")
    assert.matches("answer\n$", shell.good("alerts", "dead", db))
    assert.equal(1, shell.loom("alerts", "dead", db, "--drop", "msg_none").status)
  end)

  it("explains by the rules that are stored", function()
    apply(config)
    assert.matches("^down ", shell.good("alerts", "explain", db, "down", "shop 1"))
  end)

  it("takes the example for a restaurant chain", function()
    assert.matches("\n14 changes would be made\n$", shell.good("apply", db, "examples/alerts.json", "--dry-run"))
    shell.good("apply", db, "examples/alerts.json")
    assert.equal("nothing to change\n", (shell.good("apply", db, "examples/alerts.json", "--prune")))
  end)
end)

describe("the page about alerts", function()
  local folder, pid

  before_each(function()
    folder = checkout.folder()
  end)

  after_each(function()
    if pid then
      shell.run("kill " .. pid .. " 2>/dev/null")
      shell.await_end(pid, 10)
    end
    folder:remove()
  end)

  local receiver = [[require("http").createServer((q, s) => { let b = ""; q.on("data", (p) => (b += p)); q.on("end", () => {
    require("fs").appendFileSync("told", q.url + " " + b + "\n"); s.end("ok"); }); }).listen(0, "127.0.0.1", function () {
    require("fs").writeFileSync("port.new", String(this.address().port)); require("fs").renameSync("port.new", "port"); });
    setTimeout(() => process.exit(), 120000);]]

  it("begins with lines that tell of a store in Slack", function()
    local lines = files.read("docs/alerts.md"):match "```sh\n(.-)```"
    assert.equal(5, select(2, lines:gsub("\n", "\n")))
    files.write(folder.path .. "/receiver.js", receiver)
    pid = folder:good [[node receiver.js >/dev/null 2>&1 </dev/null & echo $!
      tries=3000; until [ -s port ]; do tries=$((tries - 1)); [ $tries -gt 0 ] || exit 1; sleep 0.02; done]]:match "%d+"
    local place = "http://127.0.0.1:" .. files.read(folder.path .. "/port")
    folder:good "loom ingest stores.db examples/data --quiet"
    folder:good((lines:gsub("https://hooks%.slack%.com", place):gsub("loom agent stores.db", function(command)
      return command .. " --once --allow 127.0.0.1 --clock '2023-01-24 23:58:00'"
    end)))
    local told = files.read(folder.path .. "/told")
    assert.matches("^/services/T000/B000/XXXX {", told)
    assert.matches("c635c68e-8981-4da0-9329-7aee912226fd", told, 1, true)
  end)
end)
