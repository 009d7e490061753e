--- loom alerts list, check, rules, test, dead, ack and silence: what is stored of alerts, and what people say to it.
-- @module loom.cli.alert_verbs

local book = require "loom.alerts.book"
local check = require "loom.check"
local common = require "loom.cli.common"
local configuration_text = require "loom.alerts.configuration_text"
local listing = require "loom.cli.listing"
local options = require "loom.cli.options"
local rules = require "loom.alerts.rules"
local text = require "loom.formats.text"
local time = require "loom.time"

local function subject_of(alert)
  return alert.subject.id ~= "" and alert.subject.id or alert.subject.kind
end

local function flags_of(alert)
  local names = {}
  for name, value in pairs(alert.flags) do
    names[#names + 1] = value and name or nil
  end
  table.sort(names)
  return table.concat(names, " ")
end

-- ---- list ----

local list = { name = "list", summary = "List alerts: what fires, and what has fired.",
  description = "List alerts, the newest first: those that are open, unless --state asks for others." }

function list.add_to(parser)
  options.argument(parser, "database")
  options.add(parser, "--state", "STATE", "open (default: firing or resolving), firing, resolving, resolved or expired. May be "
    .. "given again.", options.text(check.choice { "open", "firing", "resolving", "resolved", "expired" })):count "*"
  options.add(parser, "--severity", "SEVERITY", "Only these: " .. table.concat(rules.severities, ", ") .. ".",
    options.text(check.choice(rules.severities))):count "*"
  options.add(parser, "--rule", "NAME", "Only of this rule. May be given again."):count "*"
  options.add(parser, "--store", "STORE", "Only of this store. May be given again.", options.text(check.store_id)):count "*"
  options.add_where(parser)
  options.add(parser, "--limit", "N", ("How many at the most (default: %d)."):format(book.LIMIT),
    options.number(check.integer(1, book.LIMIT_MAX)))
  options.add_format_or_file(parser, listing.formats)
  options.add_output(parser)
end

local function given(values)
  return #values > 0 and values or nil
end

function list.run(args)
  local format = common.format_of(args)
  local filter = { state = given(args.state) or { "open" }, severity = given(args.severity), rule = given(args.rule),
    store_id = given(args.store), where = options.choice_of(args).where, limit = args.limit }
  return common.with_database(args.database, function(monitor)
    local alerts, message = monitor:alerts(filter)
    if not alerts then
      return nil, message
    end
    return listing.write(args, {
      listing.text "severity", listing.text "rule", { name = "subject", left = true, value = subject_of }, listing.text "state",
      listing.instant("at_utc", format), listing.instant("since_utc", format), listing.instant("ended_utc", format),
      { name = "flags", left = true, value = flags_of }, listing.text "text", listing.text "id",
    }, alerts)
  end)
end

-- ---- check ----

local STATUS = { critical = 4, error = 4, warning = 3, info = 0 } -- of severities, as exit status
local WORDS = { [0] = "OK", [3] = "WARNING", [4] = "CRITICAL" }
local NAMED_MAX = 10 -- alerts that are named
local LATE = 600 -- seconds without a round, after which nothing that is told can be trusted

local verb_check = { name = "check", summary = "Say by the exit status whether anything fires.",
  description = "Say in a line what fires, and by the exit status how bad it is: 0 nothing, or nothing worse than info; 3 "
    .. "warnings; 4 errors or worse, or that no agent evaluates the rules. What is acknowledged, silenced, muted or spoken for "
    .. "by another alert does not count." }

function verb_check.add_to(parser)
  options.argument(parser, "database")
  options.add(parser, "--late-after", "DUR", "How long ago rules may have been evaluated last (default: 10m).",
    options.text(time.duration))
end

-- Open alerts that count, the worst first, and how many there are of each severity.
local function counting(monitor)
  local counts, named = {}, {}
  for _, severity in ipairs(rules.severities) do
    local before
    repeat
      local alerts, message = monitor:alerts { state = "open", severity = severity, before = before, limit = book.LIMIT_MAX }
      if not alerts then
        return nil, message
      end
      for _, alert in ipairs(alerts) do
        local flags = alert.flags
        if not (flags.acknowledged or flags.silenced or flags.muted or flags.inhibited) then
          counts[severity] = (counts[severity] or 0) + 1
          named[#named + 1] = #named < NAMED_MAX and alert or nil
        end
        before = alert.number
      end
    until #alerts < book.LIMIT_MAX
  end
  return counts, named
end

local enabled_sql = [[SELECT count(*) AS n FROM configuration WHERE kind = 'rule'
  AND ifnull(json_extract(definition, '$.enabled'), 1)]]

-- Why nobody is known to look; false: somebody does, or there is nothing to look for; nil and the failure.
local function unwatched(monitor, late_after)
  local rows, message = monitor.database:rows(enabled_sql)
  local round
  if rows then
    round, message = book.last_round(monitor)
  end
  if not round then
    return nil, message
  elseif rows[1].n == 0 then
    return false
  elseif not round.clock then
    return "rules are not evaluated: no loom agent has been at work"
  elseif time.between(round.clock, time.now(monitor)) > (late_after and time.duration(late_after) or LATE * 1000000) then
    return ("rules are not evaluated since %s"):format(time.short(round.clock))
  end
  return false
end

local function check_lines(counts, named, why)
  local status, parts, lines = why and 4 or 0, {}, {}
  for _, severity in ipairs(rules.severities) do
    if counts[severity] then
      status = math.max(status, STATUS[severity])
      parts[#parts + 1] = ("%d %s"):format(counts[severity], severity)
    end
  end
  local told = why or (#parts > 0 and table.concat(parts, ", ")) or "no alerts"
  lines[1] = ("%s - %s"):format(WORDS[status], why and #parts > 0 and why .. "; " .. table.concat(parts, ", ") or told)
  for _, alert in ipairs(named) do
    lines[#lines + 1] = ("%s %s since %s"):format(alert.rule, subject_of(alert), time.short(time.instant(alert.since_utc)))
  end
  return status, lines
end

function verb_check.run(args)
  local status
  local done, message = common.with_database(args.database, function(monitor)
    local counts, named = counting(monitor)
    if not counts then
      return nil, named
    end
    local why, failure = unwatched(monitor, args.late_after)
    if why == nil then
      return nil, failure
    end
    local lines
    status, lines = check_lines(counts, named, why or nil)
    return common.write(nil, function(write)
      for _, line in ipairs(lines) do
        write(text.shown(line) .. "\n")
      end
    end)
  end)
  return done, message, status
end

-- ---- rules ----

local verb_rules = { name = "rules", summary = "List the rules that are stored." }

function verb_rules.add_to(parser)
  options.argument(parser, "database")
  options.add_format_or_file(parser, listing.formats)
  options.add_output(parser)
end

local function joined(name)
  return { name = name, left = true, value = function(rule)
    local value = rule[name]
    return type(value) == "table" and table.concat(value, " ") or value
  end }
end

function verb_rules.run(args)
  return common.with_database(args.database, function(monitor)
    local found, message = monitor:rules()
    if not found then
      return nil, message
    end
    return listing.write(args, {
      listing.text "name", { name = "severity", left = true, value = function(rule) return rule.severity or "warning" end },
      { name = "enabled", left = true, value = function(rule) return rule.enabled ~= false end },
      { name = "when", left = true, value = function(rule) return configuration_text.line(rule.when) end },
      joined "channels", joined "mute",
    }, found)
  end)
end

-- ---- test ----

local test = { name = "test", summary = "Send a message to a channel that says that it is a test.",
  description = "Send a message to a channel that says that it is a test. A loom agent delivers it; prints its id." }

function test.add_to(parser)
  options.argument(parser, "database")
  options.argument(parser, "channel", "The name of a channel.")
end

function test.run(args)
  return common.with_database(args.database, function(monitor)
    local sent, message = monitor:test_channel(args.channel)
    return sent and common.write(nil, function(write)
      write(sent.id .. "\n")
    end), message
  end)
end

-- ---- dead ----

local dead = { name = "dead", summary = "List messages that were refused, send them again, or drop them." }

function dead.add_to(parser)
  options.argument(parser, "database")
  options.add(parser, "--retry", "ID", "Send this one again, or all.")
  options.add(parser, "--drop", "ID", "Drop this one, or all.")
  options.add(parser, "--channel", "NAME", "Only of this channel.")
  options.add_format_or_file(parser, listing.formats)
  options.add_output(parser)
end

-- Calls a method with each dead letter, or with one; all of them or none.
local function with_each(monitor, method, id, channel)
  return monitor:transaction(function()
    if id ~= "all" then
      return method(monitor, id)
    end
    repeat
      local letters, message = monitor:notifications { outcome = "dead", channel = channel, limit = 1000 }
      for _, letter in ipairs(letters or {}) do
        local done, why = method(monitor, letter.id)
        if not done then
          return nil, why
        end
      end
      if not letters then
        return nil, message
      end
    until #letters < 1000
    return true
  end)
end

function dead.run(args)
  local format = common.format_of(args)
  return common.with_database(args.database, function(monitor)
    if args.retry or args.drop then
      return with_each(monitor, args.retry and monitor.retry_notification or monitor.drop_notification, args.retry or args.drop,
        args.channel)
    end
    local letters, message = monitor:notifications { outcome = "dead", channel = args.channel, limit = 1000 }
    if not letters then
      return nil, message
    end
    return listing.write(args, { listing.text "id", listing.text "channel", listing.text "group", listing.text "events",
      listing.instant("made_utc", format), listing.instant("ended_utc", format), listing.text "tries", listing.text "answer" },
      letters)
  end)
end

-- ---- ack ----

local ack = { name = "ack", summary = "Acknowledge an alert: it is not told again until it ends." }

function ack.add_to(parser)
  options.argument(parser, "database")
  options.argument(parser, "alert", "Its id, as loom alerts list shows it.")
  options.add(parser, "--note", "TEXT", "What is being done.")
  options.add(parser, "--until", "T", "When it ends; by default with the alert.", options.instant)
  parser:flag "--undo":description "Take it back."
  options.add_reason(parser)
end

function ack.run(args)
  return common.with_database(args.database, function(monitor)
    local said = not args.undo and { note = args.note, ["until"] = args["until"] } or nil
    local alert, message = monitor:acknowledge(args.alert, said, { reason = args.reason })
    return alert and true, message
  end)
end

-- ---- silence ----

local silence = { name = "silence", summary = "Silence alerts for a while, or end that.",
  description = "Silence alerts that meet all that is given of --rule, --store, --severity and --where, for a while. Prints the "
    .. "silence's id, by which --end ends it. Without any of them lists the silences." }

function silence.add_to(parser)
  options.argument(parser, "database")
  options.add(parser, "--rule", "GLOB", "Alerts of this rule (* and ?). May be given again."):count "*"
  options.add(parser, "--store", "GLOB", "Alerts of this store (* and ?). May be given again."):count "*"
  options.add(parser, "--severity", "SEVERITY", "Alerts of this severity. May be given again.",
    options.text(check.choice(rules.severities))):count "*"
  options.add_where(parser)
  options.add(parser, "--for", "DUR", "For how long, from now.", options.text(time.duration))
  options.add(parser, "--to", "T", "Until when.", options.instant)
  options.add(parser, "--comment", "TEXT", "Why.")
  options.add(parser, "--end", "ID", "End this silence.")
end

local function list_silences(monitor)
  local silences, message = monitor:silences()
  return silences and common.write(nil, function(write)
    for _, one in ipairs(silences) do
      write(text.shown(configuration_text.line(one)) .. "\n")
    end
  end), message
end

function silence.run(args)
  local matchers = { rule = given(args.rule), store = given(args.store), severity = given(args.severity),
    where = options.choice_of(args).where }
  local is_silencing = next(matchers) ~= nil
  if is_silencing and (args["for"] == nil) == (args.to == nil) then
    common.wrong_use "one of the options '--for' and '--to' has to be there"
  elseif is_silencing and args["end"] then
    common.wrong_use "'--end' ends a silence, which has been said already"
  end
  return common.with_database(args.database, function(monitor)
    if args["end"] then
      return monitor:delete_silence(args["end"])
    elseif not is_silencing then
      return list_silences(monitor)
    end
    local to = args.to or time.text_after(time.now(monitor), time.duration(args["for"]))
    local id, message = monitor:set_silence { matchers = matchers, to = to, comment = args.comment, author = monitor.by }
    return id and common.write(nil, function(write)
      write(id .. "\n")
    end), message
  end)
end

return { list, verb_check, verb_rules, test, dead, ack, silence }
