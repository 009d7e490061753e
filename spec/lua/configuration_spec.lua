-- What alerts go by, stored: checked, told of in the audit, exported as it was applied, and no secret told by anything.
local configuration = require "loom.alerts.configuration"
local Evaluation = require "loom.alerts.evaluation"
local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local outbox = require "loom.agent.outbox"
local random = require "support.random"
local rules = require "loom.alerts.rules"
local transaction = require "loom.transaction"

local SECRET = "s3cret-of-a-channel"

local function json(value)
  return require "loom.canonical"(value)
end

describe("the configuration of alerts", function()
  local folder, monitor, now

  before_each(function()
    folder, now = files.make_folder(), 1700000000
    monitor = database.open_warm(folder .. "/db", { by = "spec", clock = function() return now end })
  end)

  after_each(function()
    monitor:close()
    files.remove_folder(folder)
  end)

  local all = {
    settings = { stale_after = "45m", dormant_after = 864000 },
    channels = {
      { name = "ops", kind = "webhook", url = "https://example.org/" .. SECRET, secret = SECRET },
      { name = "mail", kind = "email", url = "smtp://mail.example.org:587", from = "a@example.org", to = { "b@example.org" },
        username = "a", password_file = "/etc/loom/password" },
    },
    mutes = { { name = "night", hours = "mon-fri 22:00-06:00", zone = "Europe/Paris", passes = "critical" } },
    objectives = { { name = "west", stores = { where = { region = "west" } }, target = 0.99, window = "month" } },
    silences = { { id = "works", matchers = { store = "shop*", where = { region = { "west", "east" } } },
      from = "2023-11-01 00:00:00 UTC", to = 1700003600, author = "me", comment = "works" } },
    rules = {
      { name = "down", severity = "critical", when = { kind = "down_for", time = "30m" }, channels = { "ops", "mail" },
        mute = "night", ["for"] = { count = 2, of = 3 }, stores = {} },
      { name = "budget", when = { kind = "budget", objective = "west", left = 0.25 }, enabled = false },
    },
  }

  local function put(kind, definition)
    return assert(configuration.put(monitor, kind, definition))
  end

  local function refused(pattern, kind, definition)
    local before = configuration.revision(monitor)
    local done, message, code = configuration.put(monitor, kind, definition)
    assert.is_nil(done)
    assert.equal("EINVAL", code)
    assert.matches(pattern, message)
    assert.is_nil(message:find(SECRET, 1, true))
    assert.equal(before, configuration.revision(monitor))
  end

  it("gives each definition as it was set, under a number that no other has had", function()
    local seen = {}
    for _ = 1, 3 do
      local item = put("rule", { name = "down", when = { kind = "down_for", time = "30m" } })
      assert.same({ name = "down", when = { kind = "down_for", time = "30m" } }, item.definition)
      assert.equal("new", item.change)
      assert.is_nil(seen[item.number])
      seen[item.number] = true
      assert.equal("unchanged", put("rule", item.definition).change)
      assert.equal(item.number, put("rule", { name = "down", when = { kind = "down_for", time = "31m" } }).number)
      assert.is_true(configuration.remove(monitor, "rule", "down"))
      assert.is_false(configuration.get(monitor, "rule", "down"))
    end
    assert.equal("ENOENT", select(3, configuration.remove(monitor, "rule", "down")))
  end)

  it("has another revision after each change, and the same one without", function()
    local last = configuration.revision(monitor)
    local function is_changed(expected)
      local found = configuration.revision(monitor)
      assert.equal(expected, found ~= last)
      last = found
    end
    assert.equal(0, last)
    assert(configuration.apply(monitor, all))
    is_changed(true)
    assert(configuration.apply(monitor, all))
    is_changed(false)
    assert(configuration.apply(monitor, {}, { prune = true, dry_run = true }))
    is_changed(false)
    assert(configuration.remove(monitor, "silence", "works"))
    is_changed(true)
    assert.equal(json {}, json(assert(configuration.apply(monitor, {}))))
    is_changed(false)
  end)

  it("is read as the evaluation takes it", function()
    assert(configuration.apply(monitor, all))
    local loaded = assert(configuration.load(monitor))
    assert.equal(configuration.revision(monitor), loaded.revision)
    assert.same({ stale_after = 2700000000, dormant_after = 864000000000 }, loaded.settings)
    assert.same({ "mail", "ops" }, loaded.channels)
    assert.same({ "budget", "down" }, { loaded.rules[1].name, loaded.rules[2].name })
    assert.equal(1800000000, loaded.rules[2].when.time)
    assert.equal(0.99, loaded.rules[1].when.target)
    assert.equal("month", loaded.rules[1].when.window)
    assert.same({ region = { west = true } }, loaded.rules[1].stores.where or false)
    assert.equal(configuration.get(monitor, "rule", "down").number, loaded.rules[2].number)
    local mute, silence = loaded.mutes[1], loaded.silences[1]
    assert.same({ "night", "Europe/Paris", "critical", 15 }, { mute.name, mute.zone, mute.passes, #mute.hours })
    assert.same({ store = { "shop*" }, where = { region = { west = true, east = true } } }, silence.matchers)
    assert.equal(1700003600000000, silence.to)
  end)

  it("is exported as it was applied, and an empty database that takes it exports the same", function()
    assert(configuration.apply(monitor, all))
    local exported = assert(configuration.export(monitor))
    assert.same(all.channels[2], exported.channels[1])
    assert.same(all.settings, exported.settings)
    assert.same(all.silences, exported.silences)
    local other = assert(loom.open(folder .. "/other", { create = true }))
    assert(configuration.apply(other, exported))
    assert.equal(json(exported), json(assert(configuration.export(other))))
    assert.same({ "url", "secret" }, (function()
      local awaited = configuration.get(other, "channel", "ops").channel.awaited
      table.sort(awaited, function(a, b) return a > b end)
      return awaited
    end)())
    other:close()
    assert.same({}, assert(configuration.apply(monitor, exported, { prune = true }))) -- it keeps its secrets
    local row = monitor.database:rows("SELECT number AS channel, name, kind, definition FROM alert_channel WHERE name = 'ops'")[1]
    assert.equal(SECRET, outbox.open_channel(monitor, row).secret)
    local old = json(all.rules[2])
    for _, rule in ipairs(exported.rules) do
      assert.is_true(json(rule) == json(all.rules[1]) or json(rule) == old)
    end
  end)

  it("is applied as a whole or not at all", function()
    assert(configuration.apply(monitor, all))
    local before = json(assert(configuration.export(monitor)))
    local done, message, code = configuration.apply(monitor, {
      mutes = { { name = "day", hours = "mon 00:00-24:00", zone = "UTC" } },
      rules = { { name = "late", when = { kind = "late_open" } } } }, { prune = true })
    assert.is_nil(done)
    assert.equal("EINVAL", code)
    assert.matches('rule "late": when.time', message)
    assert.equal(before, json(assert(configuration.export(monitor))))
    local changes = assert(configuration.apply(monitor, { rules = {} }, { prune = true, dry_run = true }))
    assert.equal(9, #changes)
    assert.equal(before, json(assert(configuration.export(monitor))))
    assert(configuration.apply(monitor, { rules = {} }, { prune = true }))
    assert.equal(json { rules = {}, channels = {}, mutes = {}, silences = {}, objectives = {}, settings = {} },
      json(assert(configuration.export(monitor))))
  end)

  it("tells the audit of each change, without a secret and without where one is", function()
    assert(configuration.apply(monitor, all, { reason = "first" }))
    put("channel", { name = "ops", kind = "webhook", url = "https://example.org/" .. SECRET, secret = SECRET .. "2" })
    assert(configuration.remove(monitor, "rule", "down", { by = "somebody" }))
    local entries = assert(monitor:audit())
    assert.equal(11, #entries)
    assert.same({ "rule", "somebody", "down", "critical" }, { entries[1].kind, entries[1].by, entries[1].before.name,
      entries[1].before.severity })
    assert.is_nil(entries[1].after)
    assert.same({ "secret" }, entries[2].after.changed_secrets)
    assert.equal("first", entries[3].reason)
    assert.equal(2, #assert(monitor:audit { kind = "setting" }))
    local text = ""
    for row in monitor:query "SELECT ifnull(before, '') || ifnull(after, '') AS t FROM audit" do
      text = text .. row.t
    end
    assert.is_nil(text:find(SECRET, 1, true))
    assert.is_nil(text:find("/etc/loom", 1, true))
    assert.is_truthy(text:find('"password_file":true', 1, true))
  end)

  it("keeps what is referred to, and refuses what refers to nothing", function()
    assert(configuration.apply(monitor, all))
    for kind, name in pairs { channel = "ops", mute = "night", objective = "west" } do
      local done, message, code = configuration.remove(monitor, kind, name)
      assert.is_nil(done)
      assert.equal("EINVAL", code)
      assert.matches(kind .. ' "' .. name .. '" is used by rule "', message, 1, true)
    end
    local when = { kind = "down_for", time = "30m" }
    refused('rule "x": channels: channel "y" is not known', "rule", { name = "x", when = when, channels = { "ops", "y" } })
    refused('rule "x": mute: mute "y" is not known', "rule", { name = "x", when = when, mute = "y" })
    refused('rule "x": when.objective: "y" is not known', "rule", { name = "x", when = { kind = "budget", objective = "y" } })
  end)

  it("refuses what it does not know, and says what and where", function()
    refused('mute "n": zone: timezone "Mars/Base" ', "mute", { name = "n", hours = "mon 00:00-01:00", zone = "Mars/Base" })
    refused('mute "n": hours: week of ', "mute", { name = "n", hours = "someday", zone = "UTC" })
    refused('mute "n": hours is missing', "mute", { name = "n", zone = "UTC" })
    refused('mute "n": colour is unknown', "mute", { name = "n", hours = "mon 00:00-01:00", zone = "UTC", colour = 1 })
    refused('objective "o": target: ratio between 0 and 1 expected, got 1', "objective", { name = "o", target = 1 })
    refused('objective "o": stores.when is unknown', "objective", { name = "o", target = 0.5, stores = { when = 1 } })
    refused('setting "x" is unknown', "setting", { name = "x", value = 1 })
    refused('setting "stale_after": value: duration', "setting", { name = "stale_after", value = 0 })
    refused('silence "s": matchers: rule, store', "silence", { id = "s", matchers = {}, to = 1800000000 })
    refused('silence "s": to: an instant after', "silence", { id = "s", matchers = { rule = "x" }, to = 1600000000 })
    refused('silence "s": matchers.severity: one of', "silence", { id = "s", matchers = { severity = "bad" }, to = 1800000000 })
    refused("mute: name: name of letters", "mute", { name = "a/b", hours = "mon 00:00-01:00", zone = "UTC" })
    refused("rule: table of texts", "rule", { name = "x", when = function() end })
    refused("rule: table of texts", "rule", 5)
  end)

  it("refuses what the evaluator does not take, and says of which rule", function()
    local function rule(when, fields)
      local made = { name = "r", when = when }
      for name, value in pairs(fields or {}) do
        made[name] = value
      end
      return made
    end
    local down = { kind = "down_for", time = "30m" }
    refused('rule "stale": name: another name than that of', "rule", { name = "stale", when = down })
    refused('rule "r": when.time: duration of up to 31 days', "rule", rule { kind = "down_for", time = "45d" })
    refused('rule "r": when.time: duration', "rule", rule { kind = "no_poll", time = "32d", scope = "fleet" })
    refused('rule "r": for.time: duration', "rule", rule(down, { ["for"] = { time = "40d" } }))
    refused('rule "r": keep.time: duration', "rule", rule(down, { keep = { time = 32 * 86400 } }))
    refused('rule "r": when.min_known: duration', "rule", rule { kind = "ratio", window = "1d", below = 0.5, min_known = "40d" })
    refused('rule "r": when.burnt: number of more', "rule", rule { kind = "budget", target = 0.9, burnt = 0, within = "1d",
      still = "1h" })
    refused('rule "r": when.within: duration', "rule", rule { kind = "budget", target = 0.9, burnt = 0.1, within = "40d",
      still = "1h" })
    refused('rule "r": max_gap: duration', "rule", rule(down, { max_gap = 1e10 }))
    refused('setting "dormant_after": value: duration of up to 31 days', "setting", { name = "dormant_after", value = "60d" })
    refused('setting "stale_after": value: duration', "setting", { name = "stale_after", value = "32d" })
    for i = 1, 8 do
      put("rule", { name = "gap" .. i, when = down, max_gap = i .. "h" })
    end
    refused('rule "r": rules have more than 8 different max_gap', "rule", rule(down, { max_gap = "9h" }))
    put("rule", rule(down, { max_gap = "9h", enabled = false }))
    put("rule", rule(down, { max_gap = "8h" }))
    local applied, message = configuration.apply(monitor, { rules = { rule(down, { max_gap = "9h" }) } })
    assert.is_nil(applied)
    assert.matches('rule "r": rules have more', message)
    assert.is_truthy(configuration.apply(monitor, { rules = { rule(down, { max_gap = "9h" }) } }, { prune = true }))
  end)

  it("takes nothing that cannot be evaluated, and leaves nothing out of what it takes", function()
    local choose = random.new(20240307)
    local lengths = { 0, 1, "30m", "2h", "1d", "20d", "31d", 31 * 86400 + 1, "400d", 1e11 }
    local shares = { 0, 1e-9, 0.5, 1 }
    local counts = { 1, 60, 64, 65, 2 ^ 31 - 1 }
    local function any(list)
      return list[choose(1, #list)]
    end
    local taken = 0
    for i = 1, 400 do
      local definition = { name = "r" .. i % 7, group_by = "region", when = { kind = any(rules.kinds) },
        ["for"] = { count = any(counts), time = any(lengths) }, keep = { count = any(counts), time = any(lengths) },
        max_gap = any(lengths) }
      for name, list in pairs { time = lengths, window = lengths, min_known = lengths, within = lengths, still = lengths,
        below = shares, share = shares, left = shares, burnt = shares, target = shares, count = counts, of = counts,
        scope = { "store", "group", "fleet" } } do
        if rules.known(definition.when.kind, name) and choose(1, 4) > 1 then
          definition.when[name] = any(list)
        end
      end
      for _, field in ipairs { "for", "keep", "max_gap", "group_by" } do
        definition[field] = choose(1, 3) == 1 and definition[field] or nil
      end
      local done = configuration.put(monitor, "rule", definition)
      taken = taken + (done and 1 or 0)
      local loaded = assert(configuration.load(monitor))
      assert.same({}, loaded.left_out)
      assert(Evaluation.new(monitor, loaded.rules, loaded.settings)):close()
    end
    assert.is_true(taken > 30, taken)
  end)

  it("leaves out of the evaluation what was stored and is of no use any more, and says why", function()
    assert(configuration.apply(monitor, all))
    put("mute", { name = "day", hours = "mon 10:00-11:00", zone = "UTC" })
    put("rule", { name = "late", when = { kind = "late_open", time = "10m" } })
    local function set(kind, name, from, to)
      assert(transaction.run(monitor.database, function(execute)
        return assert(execute("UPDATE configuration SET definition = replace(definition, ?, ?) WHERE kind = ? AND name = ?",
          from, to, kind, name) == 1)
      end, true))
    end
    set("mute", "night", "Europe/Paris", "Europe/Gone")
    set("rule", "down", "30m", "45d")
    set("rule", "budget", '"west"', '"gone"')
    set("setting", "dormant_after", "864000", "8640000")
    local loaded, why = assert(configuration.load(monitor)), {}
    for i, item in ipairs(loaded.left_out) do
      why[i] = item.why
      assert.equal(configuration.get(monitor, item.kind, item.name).number, item.number)
    end
    assert.same({ "late" }, { loaded.rules[1].name, loaded.rules[2] })
    assert.same({ "day" }, { loaded.mutes[1].name, loaded.mutes[2] })
    assert.same({ stale_after = 2700000000 }, loaded.settings)
    assert.equal(4, #why)
    for i, pattern in ipairs { 'setting "dormant_after": value: ', 'mute "night": zone: timezone "Europe/Gone" ',
      'rule "budget": when.objective: "gone" is not known', 'rule "down": when.time: ' } do
      assert.matches("^EINVAL: " .. pattern, why[i])
    end
    put("rule", { name = "late", when = { kind = "late_open", time = "11m" } }) -- which is not the fault of those
  end)

  it("keeps silences for a month after they have ended, and gives each an id", function()
    local silence = { matchers = { rule = "down" }, to = "2023-11-20 00:00" }
    local first = put("silence", silence)
    assert.equal(26, #first.name)
    assert.equal(first.name, first.definition.id)
    now = now + 60
    assert.equal(first.name, put("silence", silence).name) -- the same is not said twice
    local other = put("silence", { matchers = { rule = "up" }, to = "2023-12-25 00:00" })
    now = 1703203200
    put("silence", { matchers = { rule = "late" }, to = "2024-12-20 00:00" })
    assert.is_false(configuration.get(monitor, "silence", first.name))
    assert.is_truthy(configuration.get(monitor, "silence", other.name))
  end)

  describe("of a channel", function()
    local function opened(name)
      local row = monitor.database:rows("SELECT number AS channel, name, kind, definition FROM alert_channel WHERE name = ?",
        name)[1]
      return outbox.open_channel(monitor, row)
    end

    it("keeps secrets that are not given, and those that are true; false takes one away", function()
      put("channel", { name = "c", kind = "webhook", url = "https://a.example/" .. SECRET, secret = SECRET })
      for _, secret in ipairs { false, true } do
        put("channel", { name = "c", kind = "webhook", secret = secret or nil, url = secret or nil })
        assert.equal(SECRET, opened("c").secret)
        assert.equal("https://a.example/" .. SECRET, opened("c").url)
      end
      put("channel", { name = "c", kind = "webhook", secret = false })
      assert.is_nil(opened("c").secret)
      refused("url is missing", "channel", { name = "c", kind = "webhook", url = false })
    end)

    it("sends no secret to another address than the one that it was given for", function()
      put("channel", { name = "c", kind = "webhook", url = "https://a.example/", authorization = SECRET })
      refused("authorization has to be given again", "channel", { name = "c", kind = "webhook", url = "https://b.example/" })
      refused("authorization has to be given again", "channel", { name = "c", kind = "webhook", url = "https://b.example/",
        authorization = true })
      put("channel", { name = "c", kind = "webhook", url = "https://b.example/", authorization = "other" })
      assert.equal("other", opened("c").authorization)
      put("channel", { name = "c", kind = "ntfy", topic = "t" }) -- nothing is left of what it was
      assert.is_nil(opened("c").authorization)
      put("channel", { name = "m", kind = "email", url = "smtp://a.example", from = "a", to = { "b" }, password = SECRET })
      refused("password has to be given again", "channel", { name = "m", kind = "email", url = "smtp://b.example", from = "a",
        to = { "b" } })
    end)

    it("that is set again as it is goes on as it was: what fails, waits or is gone does not begin anew", function()
      local one = { name = "c", kind = "webhook", url = "https://a.example/", authorization = SECRET }
      local function status()
        local found = configuration.get(monitor, "channel", "c").channel
        return { found.failing or 0, found.hold, found.disabled or 0, found.disabled_reason or "" }
      end
      put("channel", one)
      assert(require("loom.transaction").run(monitor.database, function(execute)
        return execute "UPDATE alert_channel SET failing = 5, hold = 6, disabled = 7, disabled_reason = '410 Gone'"
      end, true))
      assert.equal("unchanged", put("channel", one).change)
      assert.same({}, assert(configuration.apply(monitor, { channels = { one } })))
      assert.same({ 5, 6, 7, "410 Gone" }, status())
      for _, changed in ipairs { { enabled = false }, { enabled = true } } do -- by hand it can be
        changed.name, changed.kind, changed.url = "c", "webhook", "https://a.example/"
        assert.equal("changed", put("channel", changed).change)
      end
      assert.same({ 0, 0, 0, "" }, status())
    end)

    it("waits for secrets that an export does not have", function()
      put("channel", { name = "c", kind = "slack", url = true })
      assert.same({ "url" }, configuration.get(monitor, "channel", "c").channel.awaited)
      local channel, why = opened "c"
      assert.is_nil(channel)
      assert.equal("url has not been given yet", why)
      put("channel", { name = "c", kind = "slack", url = "https://hooks.example/" .. SECRET })
      assert.same({}, configuration.get(monitor, "channel", "c").channel.awaited)
    end)

    it("is refused where its address is none, or has a password that would be shown", function()
      refused("url is not what it should be", "channel", { name = "c", kind = "webhook", url = "file:///" .. SECRET })
      refused("url is not what it should be", "channel", { name = "c", kind = "email", url = "https://a.example", from = "a",
        to = { "b" } })
      refused("url must not have a password", "channel", { name = "c", kind = "email", from = "a", to = { "b" },
        url = "smtp://a:" .. SECRET .. "@b.example" })
      refused("kind is none of", "channel", { name = "c", kind = "pigeon" })
      refused("a function cannot be stored", "channel", { name = "c", kind = "lua" })
      refused("secret and secret_file cannot both", "channel", { name = "c", kind = "webhook", url = "https://a.example",
        secret = SECRET, secret_file = "x" })
      refused("secret is not what it should be", "channel", { name = "c", kind = "webhook", url = "https://a.example",
        secret = 5 })
      refused("name of letters", "channel", { name = "a b", kind = "log" })
    end)
  end)

  it("has bounds", function()
    for i = 1, configuration.MOST.mute do
      put("mute", { name = "m" .. i, hours = "mon 00:00-01:00", zone = "UTC" })
    end
    refused("there may be at most 100 mutes", "mute", { name = "one-more", hours = "mon 00:00-01:00", zone = "UTC" })
    local ids = {}
    for i = 1, 8000 do
      ids[i] = ("store %05d"):format(i)
    end
    refused('rule "r": it has more than 65536 bytes', "rule", { name = "r", when = { kind = "down_for", time = 60 },
      stores = { ids = ids } })
  end)
end)

describe("a monitor's methods of alerts", function()
  local folder, monitor

  before_each(function()
    folder = files.make_folder()
    monitor = assert(loom.open(folder .. "/db", { create = true, by = "spec" }))
    for _ = 1, 2 do
      assert(monitor:set_settings { stale_after = "1h" })
    end
  end)

  after_each(function()
    monitor:close()
    files.remove_folder(folder)
  end)

  it("set, list and delete each kind", function()
    local given = {
      rule = { name = "x", when = { kind = "down_for", time = "30m" } }, channel = { name = "x", kind = "log" },
      mute = { name = "x", hours = "mon 00:00-01:00", zone = "UTC" }, objective = { name = "x", target = 0.9 },
      silence = { id = "x", matchers = { rule = "x" }, from = 0, to = 1e9 * 4 },
    }
    for kind, plural in pairs(configuration.plurals) do
      if kind ~= "setting" then
        assert.equal("x", assert(monitor["set_" .. kind](monitor, given[kind], { reason = "try" })))
        assert.same({ given[kind] }, assert(monitor[plural](monitor)))
        assert.is_true(monitor["delete_" .. kind](monitor, "x", { by = "another" }))
        assert.same({}, assert(monitor[plural](monitor)))
        assert.equal("ENOENT", select(3, monitor["delete_" .. kind](monitor, "x")))
        local entries = assert(monitor:audit { kind = kind })
        assert.same({ "another", "spec", "try" }, { entries[1].by, entries[2].by, entries[2].reason })
      end
    end
  end)

  it("take settings one by one", function()
    assert(monitor:set_settings { dormant_after = 3600 })
    assert.same({ stale_after = "1h", dormant_after = 3600 }, monitor:settings())
    assert(monitor:set_settings { stale_after = false })
    assert.same({ dormant_after = 3600 }, monitor:settings())
    assert.equal("EINVAL", select(3, monitor:set_settings { volume = 11 }))
  end)

  it("make a change with others, or none of them", function()
    assert.is_nil(monitor:transaction(function()
      assert(monitor:set_channel { name = "x", kind = "log" })
      assert.equal(1, #monitor:channels())
      return nil, "EINVAL: no", "EINVAL"
    end))
    assert.same({}, monitor:channels())
  end)

  it("test a channel by a message that waits for the agent", function()
    assert(monitor:set_channel { name = "x", kind = "log" })
    local sent = assert(monitor:test_channel "x")
    assert.same({ "x", "pending", 1, "log" }, { sent.channel, sent.outcome, sent.events, sent.kind })
    assert.same({ sent.id }, { monitor:notifications({ outcome = "pending" })[1].id })
    assert.same({}, monitor:notifications { outcome = "dead" })
    assert.equal("ENOENT", select(3, monitor:retry_notification(sent.id)))
    assert.equal("dropped", assert(monitor:drop_notification(sent.id)).outcome)
    assert(monitor:set_channel { name = "pager", kind = "pagerduty", routing_key = "k" })
    assert.equal(2, assert(monitor:test_channel "pager").events) -- what it opens it also ends
    assert(monitor:set_channel { name = "off", kind = "log", enabled = false })
    assert(monitor:set_channel { name = "later", kind = "slack", url = true })
    assert(monitor:set_channel { name = "beat", kind = "heartbeat", url = "https://example.org" })
    for name, why in pairs { off = "is disabled", later = "has not been given its url yet", beat = "is a heartbeat" } do
      local done, message, code = monitor:test_channel(name)
      assert.is_nil(done)
      assert.equal("EINVAL", code)
      assert.matches(why, message, 1, true)
    end
    assert.equal("ENOENT", select(3, monitor:test_channel "none"))
  end)

  it("tell the audit who acknowledged what", function()
    assert(transaction.run(monitor.database, function(execute)
      return execute [[INSERT INTO alert(id, rule, severity, kind, subject, state, since, at, text, told)
        VALUES('a', 'down', 'critical', 'store', 's', 'firing', 0, 0, 'down', 0)]]
    end, true))
    assert(monitor:acknowledge("a", { note = "seen" }, { by = "Ann", reason = "awake" }))
    assert.equal("Ann", monitor:alert("a").ack.who)
    assert(monitor:acknowledge("a", nil))
    assert(monitor:acknowledge("a", nil))
    local entries = assert(monitor:audit { kind = "alert" })
    assert.equal(2, #entries)
    assert.same({ id = "a", who = "Ann", note = "seen" }, entries[1].before)
    assert.same({ "Ann", "awake", "seen" }, { entries[2].by, entries[2].reason, entries[2].after.note })
  end)
end)
