-- What channels send: held against schemas that were written from the vendors' documentation, at their limits; and what answers
-- mean.
local base64 = require "loom.agent.base64"
local channels = require "loom.agent.channels"
local cjson = require "cjson"
local core = require "loom.core"
local files = require "support.files"
local message = require "loom.agent.message"
local random = require "support.random"
local shell = require "support.shell"
local wording = require "loom.agent.wording"

local NOW = 1700000000000000

local function event(fields)
  local made = { id = "01HF3XQ2B8000000000000EVNT", alert = "01HF3XQ2B8000000000000ALRT", rule = "down 30 min",
    severity = "critical", subject = { kind = "store", id = "42", zone = "America/Denver" }, state = "firing",
    reason = "condition", at = NOW, since = NOW - 1800000000, since_local = "2023-11-14 14:43", value = 1800, unit = "s",
    threshold = 1800, evidence = { polls = { { at = "2023-11-14T22:00:00Z", active = false } } }, text = "down for 30 min",
    runbook = "https://example.org/run" }
  for name, value in pairs(fields or {}) do
    made[name] = value
  end
  return made
end

local function many(count, fields)
  local list = {}
  for i = 1, count do
    list[i] = event(fields)
    list[i].alert = ("%026d"):format(i)
    list[i].subject = { kind = "store", id = tostring(i), zone = i % 2 == 0 and "America/Denver" or "America/Chicago" }
    list[i].value = i
  end
  return list
end

local function made_of(events)
  return message.new({ id = "msg_01HF3XQ2B8", group = "down 30 min", at = NOW, link = "https://loom.example/ui/" }, events)
end

local SECRET = base64.encode(("k"):rep(24))

local definitions = {
  { kind = "webhook", url = "https://example.org/hook", secret = "whsec_" .. SECRET, limit = 20000 },
  { kind = "alertmanager", url = "http://127.0.0.1:9093" },
  { kind = "pagerduty", routing_key = ("0123456789abcdef"):rep(2), limit = 512 * 1024 },
  { kind = "slack", url = "https://hooks.slack.example/services/T/B/X" },
  { kind = "teams", url = "https://example.org/workflow", limit = 18 * 1024 },
  { kind = "ntfy", topic = "loom", token = "tk_1" },
}

-- Texts that are as bad as they come: long, of many bytes a character, broken, with what each format escapes.
local function bad_text(draw, length)
  local parts = {}
  local bits = { "é", "日本", "😀", "<b>&amp;\"'", "\255", "\r\n", "plain words ", "\0", "*_~`|", "\226\130" }
  while length > 0 do
    parts[#parts + 1] = bits[draw(1, #bits)]
    length = length - #parts[#parts]
  end
  return table.concat(parts)
end

local function header(request, name)
  for _, line in ipairs(request.headers) do
    local value = line:match("^" .. name:gsub("%-", "%%-") .. ": (.*)$")
    if value then
      return value
    end
  end
end

-- Messages from one plain event to a storm of broken texts.
local function messages()
  local draw = random.new(5)
  local list = { made_of { event() }, made_of { event { state = "resolved" } }, made_of(many(2)), made_of(many(49)),
    made_of(many(50)), made_of(many(51)), made_of(many(3000)),
    made_of { event { subject = { kind = "fleet" }, value = false, text = "", evidence = {} } },
    made_of { event { text = ("😀"):rep(20000) } }, made_of(many(50, { evidence = { text = ("x"):rep(3000) } })) }
  list[8].events[1].value, list[8].events[1].since, list[8].events[1].runbook = nil, nil, nil
  for _, length in ipairs { 100, 1000, 20000 } do
    for _, count in ipairs(length < 20000 and { 1, 7, 60 } or { 1 }) do
      list[#list + 1] = made_of(many(count, { text = bad_text(draw, length), rule = bad_text(draw, 200), severity = "warning",
        evidence = { note = bad_text(draw, length) } }))
    end
  end
  return list
end

describe("payloads", function()
  local folder

  files.folder_for_each(function(made)
    folder = made
  end)

  it("are what their receivers take, whatever is in them", function()
    if not files.exists "build/openapi/node_modules" then
      pending "no validator: make test has npm install one"
      return
    end
    local lines = {}
    for _, one in ipairs(messages()) do
      for _, channel in ipairs(definitions) do
        for _, request in ipairs(channels.of(channel.kind).requests(one, channel, NOW)) do
          lines[#lines + 1] = cjson.encode { kind = channel.kind, body = request.body, limit = channel.limit, key = SECRET,
            id = header(request, "webhook-id"), timestamp = header(request, "webhook-timestamp"),
            signature = header(request, "webhook-signature") }
        end
      end
    end
    files.write(folder .. "/payloads", table.concat(lines, "\n"))
    local result = shell.run("LD_PRELOAD= node spec/support/channels.mjs build/openapi/node_modules spec/fixtures/channels "
      .. folder .. "/payloads")
    assert.equal("", result.err)
    assert.equal("", result.out)
  end)
end)

describe("a message", function()
  it("that is too long is shortened by characters, and says so", function()
    for length = 20, 60 do
      local text, was = wording.shorten(("é😀"):rep(20), length)
      assert.is_true(was)
      assert.is_true(#text <= length)
      assert.equal(text, core.utf8(text))
      assert.matches("%(shortened%)$", text)
    end
    assert.equal("as it is", (wording.shorten("as it is", 20)))
    local ntfy = channels.of "ntfy"
    local body = cjson.decode(ntfy.requests(made_of { event { text = ("ä"):rep(9000) } }, definitions[6], NOW)[1].body)
    assert.is_true(#body.message <= 4096)
    assert.matches("%(shortened%)$", body.message)
  end)

  it("of a storm has counts and the ten worst", function()
    local events = many(2000)
    events[7].severity = "info"
    events[2000].severity = "warning"
    local storm = made_of(events)
    assert.equal(2000, storm.total)
    assert.equal(10, #storm.events)
    assert.equal(1999, storm.events[1].value)
    assert.same({ firing = 2000 }, storm.counts)
    assert.same({ { "America/Chicago", 1000 }, { "America/Denver", 1000 } }, storm.zones)
    local text = table.concat(wording.lines(storm), "\n")
    assert.matches("and 1,990 more", text, 1, true)
    local body = cjson.decode(channels.of("webhook").requests(storm, definitions[1], NOW)[1].body)
    assert.equal(1990, body.data.left_out)
  end)

  it("links each alert of a webhook to its page, where the dashboard's address is known, and to its runbook", function()
    local function links(made)
      return cjson.decode(channels.of("webhook").body(made)).data.alerts[1].links
    end
    local made = made_of { event() }
    made.link = "https://loom.example/ui/alerts"
    assert.same({ alert = "https://loom.example/ui/alerts?alert=01HF3XQ2B8000000000000ALRT",
      runbook = "https://example.org/run" }, links(made))
    made.link = nil
    assert.same({ runbook = "https://example.org/run" }, links(made))
  end)

  local function requested(made, number)
    return cjson.decode(channels.of(definitions[number].kind).requests(made, definitions[number], NOW)[1].body)
  end

  it("leads to the runbook, where that is a page's address, and to the alert", function()
    local made = made_of { event { runbook = "https://example.org/run|<b>" } }
    made.link = "https://loom.example/ui/alerts"
    local page = "https://loom.example/ui/alerts?alert=01HF3XQ2B8000000000000ALRT"
    assert.same({ { href = "https://example.org/run|<b>", text = "Runbook" }, { href = page, text = "Loom" } },
      requested(made, 3).links)
    local slack = requested(made, 4).blocks
    assert.equal("<https://example.org/run%7C&lt;b&gt;|Runbook> · <" .. page .. "|Loom>", slack[#slack].text.text)
    assert.equal(page, requested(made, 5).attachments[1].content.actions[2].url)
    for _, text in ipairs { "ask Ann", "javascript:alert(1)", "file:///etc/passwd", "https://a b" } do
      made = made_of { event { runbook = text } }
      made.link = nil
      assert.equal(0, #requested(made, 3).links)
      assert.equal(0, #requested(made, 5).attachments[1].content.actions)
    end
  end)

  it("is no markup of Teams, whatever stores are called", function()
    local card = requested(made_of { event { text = "[here](https://bad.example) *x* _y_ `z` \\" } }, 5).attachments[1].content
    for _, block in ipairs(card.body) do
      assert.matches("\\[here\\](https://bad.example) \\*x\\* \\_y\\_ \\`z\\` \\\\", block.text, 1, true)
    end
  end)

  it("leaves out evidence before texts, and texts before alerts", function()
    local webhook = channels.of "webhook"
    local body = cjson.decode(webhook.body(made_of(many(20, { evidence = { text = ("x"):rep(3000) } }))))
    assert.equal(cjson.null, body.data.alerts[1].evidence)
    assert.equal("down for 30 min", body.data.alerts[1].text)
    assert.equal(0, body.data.left_out)
    body = cjson.decode(webhook.body(made_of(many(50, { text = ("x"):rep(3000), rule = ("r"):rep(500) }))))
    assert.equal(50, body.data.left_out + #body.data.alerts)
    assert.is_true(body.data.left_out > 0)
  end)

  it("to Alertmanager tells all alerts, and when they end", function()
    local request = channels.of("alertmanager").requests(made_of(many(60)), definitions[2], NOW)[1]
    assert.equal("http://127.0.0.1:9093/api/v2/alerts", request.url)
    local list = cjson.decode(request.body)
    assert.equal(60, #list)
    assert.equal(wording.rfc3339(NOW + 240 * 1000000), list[1].endsAt)
    request = channels.of("alertmanager").requests(made_of { event { state = "resolved" } }, definitions[2], NOW)[1]
    list = cjson.decode(request.body)
    assert.equal(wording.rfc3339(NOW), list[1].endsAt)
  end)
end)

-- Takes quoted-printable and encoded words apart again, as RFC 2045 and 2047 have it.
local function unquoted(text)
  return (text:gsub("=\r\n", ""):gsub("=(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

describe("a mail", function()
  local channel = { kind = "email", url = "smtp://mail.example.org:587", from = "loom@example.org", to = { "a@example.org",
    "b@example.org" } }
  local email = channels.of "email"

  local function mail_of(one)
    local mail = email.mail(one, channel, NOW)
    local head, body = mail:match "^(.-)\r\n\r\n(.*)$"
    return mail, head:gsub("\r\n ", " "), body
  end

  it("has lines that any server takes, and only ASCII", function()
    for _, one in ipairs(messages()) do
      local mail = mail_of(one)
      assert.is_nil(mail:find "[^\r\n\t -~]")
      assert.is_nil(mail:gsub("\r\n", ""):find "[\r\n]")
      for line in mail:gmatch "([^\r\n]*)\r\n" do
        assert.is_true(#line <= 78, line)
      end
    end
  end)

  it("can be read back", function()
    local one = made_of { event { text = "Öffnung – 日本 = <b>" .. ("lang "):rep(50), rule = "Größe" } }
    local _, head, body = mail_of(one)
    local text = body:match "text/plain.-\r\n\r\n(.-)\r\n%-%-"
    assert.matches(wording.lines(one)[1], unquoted(text), 1, true)
    local subject = {}
    for word in head:match("Subject: (.-)\r\n"):gmatch "=%?UTF%-8%?B%?(.-)%?=" do
      subject[#subject + 1] = base64.decode(word)
    end
    assert.equal(wording.line(wording.title(one), 300), table.concat(subject))
    assert.matches("&lt;b&gt;", unquoted(body:match "text/html.*"), 1, true)
  end)

  it("is of one thread with the others of its alert, and says that nobody wrote it", function()
    local _, first = mail_of(made_of { event() })
    local _, last = mail_of(made_of { event { state = "resolved" } })
    local _, other = mail_of(made_of { event { alert = "another" } })
    local function references(head)
      return head:match "\r\nReferences: (<%x+@example.org>)"
    end
    assert.is_truthy(references(first))
    assert.equal(references(first), references(last))
    assert.not_equal(references(first), references(other))
    assert.matches("\r\nAuto-Submitted: auto-generated\r\n", first, 1, true)
    assert.matches("\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n", first, 1, true)
  end)

  it("has no header that a name or an address adds", function()
    local one = made_of { event { rule = "a\r\nBcc: c@example.org", text = "" } }
    local _, head = mail_of(one)
    assert.is_nil(head:find("\nBcc", 1, true))
  end)
end)

describe("an answer", function()
  it("delivers, is tried again, is dead or disables the channel", function()
    local http = channels.of("webhook").judge
    for status, expected in pairs { [200] = "delivered", [202] = "delivered", [204] = "delivered", [301] = "dead", [302] = "dead",
      [400] = "dead", [401] = "dead", [404] = "dead", [408] = "again", [410] = "disabled", [413] = "dead", [425] = "again",
      [429] = "again", [500] = "again", [503] = "again" } do
      assert.equal(expected, (http { status = status }), status)
    end
    assert.equal("again", (http { message = "Timeout was reached", refused = false }))
    assert.equal("dead", (http { message = "10.0.0.1 is not a public address", refused = true }))
    assert.same({ "again", 120 }, { http { status = 429, retry_after = 120 } })
    local mail = channels.of("email").judge
    for status, expected in pairs { [250] = "delivered", [421] = "again", [450] = "again", [535] = "dead", [550] = "dead" } do
      assert.equal(expected, mail { status = status })
    end
    local command = channels.of("command").judge
    for status, expected in pairs { [0] = "delivered", [1] = "dead", [75] = "again", [124] = "again", [127] = "dead" } do
      assert.equal(expected, command { status = status })
    end
  end)
end)

describe("a channel", function()
  it("is checked by its kind, and what is wrong is told without its values", function()
    local good = { { name = "a", kind = "webhook", url_file = "/x" }, { name = "b", kind = "command", command = { "true" } },
      { name = "c", kind = "log" }, { name = "d", kind = "lua", call = print } }
    for _, definition in ipairs(good) do
      assert.is_true(channels.check(definition))
    end
    local bad = { { kind = "fax" }, { kind = "webhook" }, { kind = "slack", url = 1 },
      { kind = "ntfy", topic = "x", other = "s3cret" },
      { kind = "command", command = {} }, { kind = "command", command = "s3cret" }, { kind = "log", command_file = "s3cret" } }
    for _, definition in ipairs(bad) do
      local checked, why = channels.check(definition)
      assert.is_nil(checked)
      assert.is_nil(why:find("s3cret", 1, true))
    end
  end)

  it("has no text that is more than one where it is sent, and no more than there is room for", function()
    local function checked(kind, field, value)
      local definition = { name = "a", kind = kind, url = "https://example.org/", topic = "t", from = "a@example.org",
        to = { "b@example.org" }, command = { "true" } }
      local known = { webhook = { "url", "authorization", "secret" }, email = { "url", "from", "to", "password" },
        command = { "command" }, ntfy = { "topic", "token", "url" } }
      local made = { name = "a", kind = kind }
      for _, name in ipairs(known[kind]) do
        made[name] = definition[name]
      end
      made[field] = value
      return channels.check(made)
    end
    for _, case in ipairs {
      { "webhook", "url", "https://example.org/\r\nX: y" }, { "webhook", "url", "https://example.org/\0" },
      { "webhook", "authorization", "a\r\nHost: b" }, { "webhook", "secret", "a\0b" }, { "ntfy", "token", "a\nb" },
      { "ntfy", "topic", "a\127" }, { "email", "password", "a\0b" }, { "email", "from", "Loom <a@example.org>" },
      { "email", "from", "a@b@example.org" }, { "email", "to", { "a@example.org,b@example.org" } },
      { "email", "to", { "a@example.org>\r\nRCPT TO:<b@example.org" } }, { "email", "to", { "a b@example.org" } },
      { "command", "command", { "true", "a\0b" } }, { "webhook", "ca_file", "/a\0b" },
    } do
      local good, why = checked(case[1], case[2], case[3])
      assert.same({ nil, case[2] .. " is not what it should be" }, { good, why }, case[3])
    end
    for _, case in ipairs { { "email", "to", { "<a@example.org>", "root", "a@[127.0.0.1]" } }, { "email", "from", "<a@b>" },
      { "command", "command", { "sh", "-c", "a\nb" } }, { "email", "password", "a\tb" } } do
      assert.is_true(checked(case[1], case[2], case[3]))
    end
    for _, case in ipairs { { "webhook", "url", "https://example.org/" .. ("x"):rep(65536) },
      { "command", "command", { ("x"):rep(40000), ("x"):rep(40000) } } } do
      assert.same({ nil, "it has more than 65536 bytes" }, { checked(case[1], case[2], case[3]) })
    end
  end)

  it("has as many addresses as a mail can be sent to", function()
    local to = {}
    for i = 1, 100 do
      to[i] = "a@example.org"
    end
    local definition = { name = "mail", kind = "email", url = "smtp://mail.example.org:587", from = "a@example.org", to = to }
    assert.is_true(channels.check(definition))
    to[101] = "a@example.org"
    assert.same({ nil, "to has 101 addresses, of which there may be 100" }, { channels.check(definition) })
  end)

  it("takes secrets from files, and shows none", function()
    local folder = files.make_folder()
    files.write(folder .. "/key", "s3cret\n")
    local channel = { kind = "webhook", url = "https://example.org/?key=s3cret", secret_file = folder .. "/key" }
    assert.equal("s3cret", channels.resolve(channel).secret)
    channel.secret_file = folder .. "/none"
    local none, why = channels.resolve(channel)
    assert.is_nil(none)
    assert.matches("secret_file", why)
    files.remove_folder(folder)
  end)
end)

describe("Base64", function()
  it("is that of RFC 4648, and comes back", function()
    for text, coded in pairs { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=",
      foobar = "Zm9vYmFy" } do
      assert.equal(coded, base64.encode(text))
      assert.equal(text, base64.decode(coded))
    end
    assert.is_nil(base64.decode "Zg=")
    assert.is_nil(base64.decode "Z g=")
  end)
end)
