-- loom alerts replay and explain: what rules would have told of the past, and why.
local cjson = require "cjson"
local files = require "support.files"
local loom = require "loom"
local shell = require "support.shell"

local START = loom.parse_timestamp "2024-03-04 00:00:00"

describe("loom alerts", function()
  local folder, db, rules

  files.folder_for_all(function(made)
    folder = made
    db = folder .. "/db"
    local monitor = assert(loom.open(db, { create = true, default_zone = "UTC" }))
    local lines = { "store_id,status,timestamp_utc" }
    for minute = 0, 1440, 10 do
      lines[#lines + 1] = ("a,%s,%d"):format(minute >= 600 and minute < 720 and "inactive" or "active", START + minute * 60)
      lines[#lines + 1] = ("b,active,%d"):format(START + minute * 60)
    end
    assert(monitor:ingest { polls = files.write(folder .. "/polls.csv", table.concat(lines, "\n") .. "\n") })
    monitor:close()
    rules = files.write(folder .. "/rules.json", [[{ "rules": [
      { "name": "down", "severity": "critical", "text": "{store} {state} {value}",
        "when": { "kind": "down_for", "time": "30m" } },
      { "name": "quiet", "when": { "kind": "no_poll", "time": "1h" } },
      { "name": "off", "enabled": false, "when": { "kind": "down_for", "time": "1m" } } ] }]])
  end)

  local function replay(...)
    return shell.good("alerts", "replay", db, "--rules", rules, "--from", "2024-03-04 06:00", "--to", "2024-03-04 18:00", ...)
  end

  it("replay tells each event and how often each rule would have fired", function()
    local out = replay("--format", "table")
    assert.matches("2024%-03%-04 10:30:00 +down +critical +a +firing +2024%-03%-04 10:00:00 +1800 +a firing 30m", out)
    assert.matches("2024%-03%-04 12:10:00 +down +critical +a +resolved +recovered", out)
    assert.matches("\ndown would have fired 1 time for 1 store\nquiet would have fired 0 times for 0 stores\n", out, 1, true)
  end)

  it("take the zone of stores without one, which is one that there is", function()
    local zones = files.write(folder .. "/zones.json", [[{ "rules": [{ "name": "down", "text": "{timezone} {since}",
      "when": { "kind": "down_for", "time": "30m" } }] }]])
    local function tell(verb, ...)
      return (shell.good("alerts", verb, db, ...))
    end
    local explain = { "explain", "down", "a", "--rules", zones, "--at", "2024-03-04 10:40", "--format", "json" }
    local replays = { "replay", "--rules", zones, "--from", "2024-03-04 06:00", "--to", "2024-03-04 18:00" }
    for _, words in ipairs { replays, explain } do
      assert.matches("America/Chicago 2024-03-04 04:00 America/Chicago", tell(table.unpack(words)), 1, true)
      words[#words + 1] = "--default-zone=Asia/Tokyo"
      assert.matches("Asia/Tokyo 2024-03-04 19:00 Asia/Tokyo", tell(table.unpack(words)), 1, true)
      words[#words] = "--default-zone=Mars/Base"
      local result = shell.loom("alerts", words[1], db, table.unpack(words, 2))
      assert.equal(1, result.status)
      assert.matches('loom: --default-zone: timezone "Mars/Base" ', result.err, 1, true)
    end
  end)

  it("replay tells in every format what the module does", function()
    local monitor = assert(loom.open(db))
    local expected = assert(monitor:replay_alerts { rules = cjson.decode(files.read(rules)), from = "2024-03-04 06:00",
      to = "2024-03-04 18:00" })
    monitor:close()
    local found = cjson.decode((replay("--format", "json")))
    assert.equal(#expected.events, #found.events)
    local csv, ndjson = replay("--format", "csv"), replay("--format", "ndjson")
    for i, event in ipairs(expected.events) do
      assert.equal(event.id, found.events[i].id)
      assert.equal(event.alert, found.events[i].alert)
      assert.matches(event.alert .. "," .. event.id .. "\n", csv, 1, true)
      assert.matches(event.id, ndjson, 1, true)
    end
    assert.equal(#expected.events, select(2, ndjson:gsub("\n", "")))
    assert.equal(expected.rules[1].fired, found.rules[1].fired)
  end)

  it("replay reads rules of Lua, and folders of files", function()
    local path = files.write(folder .. "/rules.lua", [[return { { name = "down", when = { kind = "down_for", time = 1800 } } }]])
    local out = shell.good("alerts", "replay", db, "--rules", path, "--from", "2024-03-04 06:00", "--to", "2024-03-04 18:00",
      "--step", "10m", "--format", "table")
    assert.matches("down would have fired 1", out, 1, true)
  end)

  local function explain(at, ...)
    return shell.good("alerts", "explain", db, "down", "a", "--rules", rules, "--at", at, ...)
  end

  it("explain tells what holds, what it was made from, and where it stands", function()
    local out = explain "2024-03-04 11:00"
    assert.matches("down holds for a at 2024-03-04 11:00:00", out, 1, true)
    assert.matches("\n  value +1:00:00\n  store is +down\n", out)
    assert.matches("\n  phase +firing", out)
    out = explain "2024-03-04 10:20"
    assert.matches("down does not hold for a", out, 1, true)
    out = explain("2024-03-04 11:00", "--format", "json")
    local found = cjson.decode(out)
    assert.same({ "true", 3600, 1800, "s", "down" },
      { found.result, found.value, found.threshold, found.unit, found.evidence.state })
    assert.equal("firing", found.events[1].state)
  end)

  it("explain tells of groups, the fleet and the feed, and of which polls a store was judged by", function()
    local others = files.write(folder .. "/others.json", [[{ "rules": [
      { "name": "zone", "group_by": "timezone", "when": { "kind": "group_down", "share": 0.5 } },
      { "name": "dead", "when": { "kind": "no_poll", "time": "10m", "scope": "fleet", "clock": "wall" } },
      { "name": "polls", "when": { "kind": "inactive_polls", "count": 2, "of": 3 } } ] }]])
    local function tell(rule, ...)
      return (shell.good("alerts", "explain", db, rule, "--rules", others, ...))
    end
    local out = tell("zone", "America/Chicago", "--at", "2024-03-04 11:00")
    assert.matches("^zone holds for America/Chicago at 2024%-03%-04 11:00:00.*: firing\n", out)
    assert.matches("\n  stores +2 open, 1 of them down\n", out)
    out = tell("dead", "--at", "2024-03-05 00:15")
    assert.matches("^dead holds for the fleet at 2024%-03%-05 00:15:00.*: firing\n", out)
    out = tell("stale", "--at", "2024-03-05 00:45")
    assert.matches("^stale holds for the feed at 2024%-03%-05 00:45:00.*: firing\n  condition +system, 0:30:00\n"
      .. "  value +0:45:00", out)
    out = tell("polls", "a", "--at", "2024-03-04 10:15")
    assert.matches("poll +2024%-03%-04 09:50:00[^\n]* active\n  poll +2024%-03%-04 10:00:00[^\n]* inactive\n"
      .. "  poll +2024%-03%-04 10:10:00[^\n]* inactive\n", out)
    local found = cjson.decode(tell("polls", "a", "--at", "2024-03-04 10:15", "--format", "json"))
    assert.same({ "store", 4, false }, { found.of, #found.polls, found.polls[4].active })
    local function refused(message, ...)
      shell.expect_failure(shell.loom("alerts", "explain", db, ...), 1, message)
    end
    refused('rule "zone" is about groups: the name of one expected', "zone", "--rules", others)
    refused('rule "dead" is about the fleet', "dead", "a", "--rules", others)
  end)

  it("explain tells why there is no result", function()
    local out = shell.good("alerts", "explain", db, "down", "nobody", "--rules", rules)
    assert.matches("^down has no result for nobody", out)
    local monitor = assert(loom.open(db))
    assert(monitor:exclude { store = "b", from = "2024-03-04 05:00", to = "2024-03-04 07:00" })
    monitor:close()
    out = shell.good("alerts", "explain", db, "down", "b", "--rules", rules, "--at", "2024-03-04 06:00")
    assert.matches("excluded", out, 1, true)
  end)

  it("fail in a line where rules, names or times are wrong", function()
    local function refused(definition, status, pattern)
      local path = files.write(folder .. "/wrong.json", definition)
      local result = shell.loom("alerts", "replay", db, "--rules", path, "--from", "2024-03-04 06:00", "--to", "2024-03-04 07:00")
      shell.expect_failure(result, status)
      assert.matches(pattern, result.err)
    end
    refused("{", 1, "JSON expected")
    refused('[{"name":"a","when":{"kind":"down_for","time":"1m"},"colour":"red"}]', 1, 'rule "a": colour is unknown')
    refused('[{"name":"a","when":{"kind":"fire"}}]', 1, 'rule "a": when.kind: kind of rule expected, got "fire"')
    refused('[{"name":"a","text":"{env}","when":{"kind":"down_for","time":"1m"}}]', 1, "{env} is not")
    shell.expect_failure(shell.loom("alerts", "replay", db, "--rules", folder .. "/none", "--from", "2024-03-04 06:00", "--to",
      "2024-03-04 07:00"), 1)
    shell.expect_failure(shell.loom("alerts", "replay", db, "--rules", rules, "--from", "2024-03-05 06:00", "--to",
      "2024-03-04 07:00"), 1)
    shell.expect_failure(shell.loom("alerts", "explain", db, "none", "a", "--rules", rules), 1, 'there is no rule "none"')
    shell.expect_failure(shell.loom("alerts", "explain", folder .. "/nothing", "down", "a", "--rules", rules), 1)
  end)
end)

describe("templates of alerts", function()
  it("run nothing, and read nothing but their fields", function()
    local monitor = assert(loom.open(":memory:", { create = true, default_zone = "UTC" }))
    local lines = { "store_id,status,timestamp_utc" }
    for minute = 0, 120, 10 do
      lines[#lines + 1] = ("{rule}%%1$(id){severity},%s,%d"):format(minute < 60 and "active" or "inactive", START + minute * 60)
    end
    local path = os.tmpname()
    files.write(path, table.concat(lines, "\n") .. "\n")
    assert(monitor:ingest { polls = path })
    os.remove(path)
    local function told(text)
      local found, message = monitor:replay_alerts { from = "2024-03-04 01:00", to = "2024-03-04 02:00", rules = {
        { name = "down", text = text, when = { kind = "down_for", time = "10m" } } } }
      return found and found.events[1].text, message
    end
    -- what a field's value has in braces is not read again, and no sign of patterns or formats means anything
    assert.equal("{rule}%1$(id){severity} is firing %d %1 $HOME `id` }", told "{store} is {state} %d %1 $HOME `id` }")
    for _, text in ipairs { "{os.time}", "{store.secret}", "{_G}", "{__index}", "{store }", "{1}", "{monitor}", "{rule:gsub}" } do
      local found, message = told(text)
      assert.is_nil(found)
      assert.matches('^EINVAL: rule "down": text: ', message)
    end
    monitor:close()
  end)
end)
