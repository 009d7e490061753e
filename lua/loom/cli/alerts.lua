--- loom alerts
-- @module loom.cli.alerts

local alert_shapes = require "loom.formats.alert_shapes"
local check = require "loom.check"
local common = require "loom.cli.common"
local definitions = require "loom.cli.definitions"
local instants = require "loom.formats.instants"
local json = require "loom.json"
local listing = require "loom.cli.listing"
local options = require "loom.cli.options"
local text = require "loom.formats.text"
local time = require "loom.time"

-- ---- rules from a file ----

-- The definitions in a file; nil, for those that are stored, where there is none.
local function read_definitions(path)
  return path and definitions.read(path) or nil
end

local function add_rules(parser)
  options.add(parser, "--rules", "FILE", "The rules: JSON, a list or an object with it as rules, or a .lua file that returns "
    .. "such a table (default: those that are stored).")
  options.add(parser, "--stale-after", "DUR", "Without a poll for so long the feed is stale, and rules about stores are held "
    .. "(default: 30m, or three times the feed's median gap if that is longer).", options.text(time.duration))
  options.add(parser, "--dormant-after", "DUR", "How long without an active poll makes a store with openings dormant "
    .. "(default: 7d).", options.text(time.duration))
  options.add_default_zone(parser)
end

-- ---- replay ----

local replay = { name = "replay", summary = "Tell what rules would have told of the past.",
  description = "Tell what rules would have told of the past: how often each would have fired and for how many stores, and "
    .. "each event. It begins at --from with nothing known of what fired before. The table ends with a line for each rule." }

function replay.add_to(parser)
  options.argument(parser, "database", "A database, or a folder of input files.")
  add_rules(parser)
  options.add(parser, "--from", "T", "The first instant.", options.text(time.instant)):count "1"
  options.add(parser, "--to", "T", "The last instant.", options.text(time.instant)):count "1"
  options.add(parser, "--step", "DUR", "How often rules are evaluated (default: 60s; without --rules, whenever the agent "
    .. "did, if it was at work then).", options.text(time.duration))
  options.add_format_or_file(parser, listing.formats)
  options.add_output(parser)
end

local function columns_of(format)
  return {
    listing.instant("at_utc", format), listing.text "rule", listing.text "severity",
    { name = "subject", left = true, value = function(event)
      return event.subject.id ~= "" and event.subject.id or event.subject.kind
    end },
    listing.text "state", listing.text "reason", listing.instant("since_utc", format), { name = "value", value = function(event)
      return event.value
    end }, listing.text "text", listing.text "alert", listing.text "id",
  }
end

local NOUNS = { store = "store", group = "group", fleet = "fleet" }

local function summary(found)
  local lines = {}
  for i, rule in ipairs(found.rules) do
    lines[i] = ("%s would have fired %s for %s\n"):format(rule.name, text.counted(rule.fired, "time"),
      text.counted(rule.subjects, NOUNS[rule.of]))
  end
  return table.concat(lines)
end

local function event_json(event)
  local subject = event.subject
  return json.object("id", json.text(event.id), "alert", json.text(event.alert), "rule", json.text(event.rule),
    "severity", json.text(event.severity), "subject", json.object("kind", json.text(subject.kind), "id",
      json.text(subject.id), "timezone_str", json.text(subject.zone)), "state", json.text(event.state), "reason",
    json.text(event.reason), "at_utc", json.text(event.at_utc), "since_utc", json.text(event.since_utc), "value",
    json.any(event.value), "unit", json.text(event.unit), "threshold", json.any(event.threshold), "inhibited",
    json.text(event.inhibited), "evidence", json.map(event.evidence, json.any), "text", json.text(event.text))
end

local function write_json(write, found)
  write(json.object("rules", json.array(found.rules, function(rule)
    return json.object("name", json.text(rule.name), "severity", json.text(rule.severity), "fired", json.any(rule.fired),
      "resolved", json.any(rule.resolved), "subjects", json.any(rule.subjects))
  end), "events", json.array(found.events, event_json)) .. "\n")
end

function replay.run(args)
  local wanted = { rules = read_definitions(args.rules), from = args.from, to = args.to, step = args.step,
    stale_after = args.stale_after, dormant_after = args.dormant_after }
  local format = common.format_of(args)
  return common.with_data(args.database, function(monitor)
    local found, message = common.use_default_zone(monitor, args.default_zone)
    if found then
      found, message = monitor:replay_alerts(wanted)
    end
    if not found then
      return nil, message
    elseif format == "json" and not args.own then
      return common.write(args.output, function(write)
        write_json(write, found)
      end)
    end
    return listing.write(args, columns_of(format), found.events, function()
      return summary(found)
    end)
  end)
end

-- ---- explain ----

local explain = { name = "explain", summary = "Tell why a rule fires, or why not.",
  description = "Tell why a rule fires for a store, a group or the fleet at an instant, or why not: its condition, the value, "
    .. "what that was made from, with the polls of a store, and the counters; of a stored rule also its alert, with flags and "
    .. "deliveries. The day before is evaluated, at the agent's rounds or minute by minute, so that the counters are what they "
    .. "were." }

function explain.add_to(parser)
  options.argument(parser, "database", "A database, or a folder of input files.")
  options.argument(parser, "rule", "The name of a rule, or stale, for the feed.")
  options.argument(parser, "subject", "The id of a store, or the name of a group, by what the rule is about: none for the fleet "
    .. "and the feed.", options.text(check.store_id)):args "?"
  add_rules(parser)
  options.add(parser, "--at", "T", "The instant (default: the newest poll).", options.text(time.instant))
  options.add_text_format(parser)
  options.add_output(parser)
end

local RESULTS = { ["true"] = "holds", ["false"] = "does not hold", none = "has no result" }

local function shown(value, unit)
  return unit == "s" and listing.duration(value) or ("%.6g %s"):format(value, unit)
end

local FLAGS = { "acknowledged", "silenced", "muted", "inhibited", "flapping", "frozen" }

-- What the agent has made of it.
local function add_alert(add, alert)
  if not alert then
    return
  end
  local flags = {}
  for _, name in ipairs(FLAGS) do
    flags[#flags + 1] = alert.flags[name] and name or nil
  end
  add("alert", ("%s %s since %s"):format(alert.id, alert.state, alert.since_utc))
  add("flags", table.concat(flags, ", "))
  for _, delivery in ipairs(alert.deliveries) do
    add("told", ("%s of %s: %s, tried %s"):format(delivery.channel, delivery.state, delivery.outcome,
      text.counted(delivery.tries, "time")))
  end
end

local SHOWN_POLLS = 10 -- the last ones

-- Names of lines, and what they tell: nothing where it is not known.
local function lines_of(found)
  local evidence, lines = found.evidence or {}, {}
  local function add(name, value)
    if value and value ~= "" then
      lines[#lines + 1] = ("  %-10s %s\n"):format(name, value)
    end
  end
  add("condition", found.kind .. ", " .. shown(found.threshold, found.unit))
  add("value", found.value and found.result ~= "none" and shown(found.value, found.unit))
  add("because", found.absence)
  add("store is", evidence.state)
  add("looked at", evidence.from_utc and evidence.from_utc .. " to " .. evidence.to_utc)
  add("opening", evidence.open_utc and evidence.open_utc .. " to " .. evidence.close_utc)
  add("last poll", evidence.last_poll_utc)
  add("polls", evidence.polls and evidence.polls > 0 and ("%d, %d of them inactive"):format(evidence.polls, evidence.inactive))
  if evidence.up and evidence.up + evidence.down + evidence.unknown > 0 then
    add("of these", ("up %s, down %s, unknown %s, excluded %s"):format(listing.duration(evidence.up),
      listing.duration(evidence.down), listing.duration(evidence.unknown), listing.duration(evidence.excluded)))
  end
  add("stores", evidence.stores_open and evidence.stores_open > 0 and ("%d open, %d of them down"):format(evidence.stores_open,
    evidence.stores_down))
  local polls = found.polls or {}
  for i = math.max(1, #polls - SHOWN_POLLS + 1), #polls do
    add("poll", polls[i].at_utc .. (polls[i].active and " active" or " inactive"))
  end
  add("phase", found.phase .. (found.flapping and ", flapping" or ""))
  add("results", found.results > 0 and ("%d that are remembered"):format(found.results))
  for _, event in ipairs(found.events) do
    add("event", event.at_utc .. " " .. event.state)
  end
  add_alert(add, found.alert)
  return table.concat(lines)
end

local function write_text(found, write)
  write(text.shown(("%s %s for %s at %s: %s"):format(found.rule, RESULTS[found.result], found.store_id or found.group
    or found.of == "fleet" and "the fleet" or "the feed", found.at_utc or "no time", found.phase)) .. "\n" .. lines_of(found))
end

local as_text = instants.of "text"

local function as_it_is(path)
  return path
end

local function poll_json(poll)
  return json.object("at_utc", json.text(poll.at_utc), "active", json.boolean(poll.active))
end

local function write_explanation(found, write)
  write(json.object("rule", json.text(found.rule), "kind", json.text(found.kind), "of", json.text(found.of), "store_id",
    json.text(found.store_id), "group", json.text(found.group), "at_utc", json.text(found.at_utc), "result",
    json.text(found.result), "absence", json.text(found.absence), "value",
    json.any(found.value), "unit", json.text(found.unit), "threshold", json.any(found.threshold), "phase", json.text(found.phase),
    "flapping", json.boolean(found.flapping), "stale", json.boolean(found.stale), "results", json.any(found.results), "evidence",
    json.map(found.evidence or {}, json.any), "polls", json.array(found.polls or {}, poll_json), "events",
    json.array(found.events, event_json), "alert",
    found.alert and alert_shapes.whole_alert(found.alert, as_text, as_it_is) or json.null) .. "\n")
end

function explain.run(args)
  local wanted = { rules = read_definitions(args.rules), rule = args.rule, subject = args.subject, at = args.at,
    stale_after = args.stale_after, dormant_after = args.dormant_after }
  local writer = common.writer_of(args, { text = write_text, json = write_explanation })
  return common.with_data(args.database, function(monitor)
    local found, message = common.use_default_zone(monitor, args.default_zone)
    if found then
      found, message = monitor:explain_alert(wanted)
    end
    if not found then
      return nil, message
    end
    return writer(found)
  end)
end

local verbs = require "loom.cli.alert_verbs"
verbs[#verbs + 1] = replay
verbs[#verbs + 1] = explain

return common.group("alerts", "List alerts, answer them, and say why they fire.", verbs)
