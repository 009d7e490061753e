--- What is likely wrong with the data: a survey of all stores (src/core/report/survey.h) is judged here, and each finding told
-- with numbers, examples, what it makes of the figures, and the command that mends it. docs/doctor.md has each code.
--
-- A finding is a `"warning"` where figures are wrong, or soon will be, and a `"note"` where that is how it may be meant to be.
-- @module loom.doctor

local check = require "loom.check"
local core = require "loom.core"
local text = require "loom.formats.text"
local time = require "loom.time"

local doctor = {}

local counted, duration, grouped = text.counted, text.duration, text.grouped

local HOUR, DAY = 3600, 86400

-- Of the open time of all stores in a window, so much without any poll is told, and of the stores in the last hour as many:
-- hourly polls that come a little late miss it, and openings that begin just before the newest poll have none yet. In a day or a
-- week that was polled such openings are a few percent, and a store without any poll is told wherever there is one.
local UNSEEN_SHARES, SILENT_SHARE = { 0.25, 0.1, 0.1 }, 0.25

-- How often a fleet is polled is told where most of its stores are polled less than every two hours, which is how long a poll
-- vouches under preset monitoring.
local SPARSE_SHARE = 0.5

-- The feed ignores hours where polls outside of them come more than half as often as they would at any time: what respects them
-- has next to none, what ignores them all.
local IGNORING = 0.5

-- And where it respects them, a store is told of which so many polls in a hundred are outside, and four times as many as of half
-- of the fleet: hours that are wrong, or a zone, move an opening by an hour or more, of ten.
local OUTSIDE_PERCENT, OUTSIDE_TIMES = 10, 4

-- Gaps of a feed that come more often than every other day are how it is polled, all stores at once, and not what is wrong with
-- it: then those are told that are three times as long as half of them.
local REGULAR_DAYS, IRREGULAR = 2, 3

-- A feed has stopped after two hours without a poll, as long as a poll vouches under preset monitoring, or three times its usual
-- gap; data that end before the longest usual window are of the past, which is nothing to warn of.
local STOPPED, PAST = 2 * HOUR, 7 * DAY

local WINDOWS = { "last_hour", "last_day", "last_week" }
local WINDOW_WORDS = { "last hour", "last day", "last week" }

local EXAMPLES = 3

local EFFECT = "without a poll they count as down; see --preset monitoring"

local checkers = {
  examples = check.integer(0, core.limits.examples),
  time_limit = time.duration,
}

-- ---- words ----

local function of_all(number, all, noun)
  return ("%s of %s"):format(grouped(number), noun and counted(all, noun) or grouped(all))
end

-- A share as a percentage that is never rounded to none or all.
local function percent(part, whole)
  local value = math.floor(part * 100 / whole)
  return value == 0 and part > 0 and "less than 1 %" or ("%d %%"):format(value)
end

-- What goes with so many stores of so many: "1 of 20 stores is", "0 of 1 store is".
local function is_are(number, all)
  return (number == 1 or all == 1) and "is" or "are"
end

local function has_have(number, all)
  return is_are(number, all) == "is" and "has" or "have"
end

local function minute(instant)
  return (time.text(instant):sub(1, 16))
end

-- The first example's store as an argument of a command.
local function first_store(tally)
  return tally.examples[1] and text.shell_quoted(tally.examples[1].id) or "STORE"
end

-- ---- findings ----

-- Lists of examples: stores alone, or with what else there is to them.
local function examples_of(tally, more)
  local list = {}
  for i, example in ipairs(tally.examples) do
    list[i] = { store_id = example.id }
    if more then
      more(list[i], example)
    end
  end
  return list
end

-- Each of these looks at a survey and returns a finding, or nothing. They stand in the order in which they are told, warnings
-- before notes.
local judges = {}

local function tell_zone(item, example)
  item.timezone_str = example.other
end

judges[#judges + 1] = function(survey)
  local tally = survey.tallies.zone_gone
  return tally.count > 0 and {
    code = "zone-gone", severity = "warning", count = tally.count, of = survey.stores,
    text = ("%s a timezone that the system's tz database does not have"):format(
      of_all(tally.count, survey.stores, "store") .. " " .. has_have(tally.count, survey.stores)),
    effect = "left out of every report",
    command = ("loom timezone set DB %s ZONE"):format(first_store(tally)),
    examples = examples_of(tally, tell_zone),
  }
end

local function tell_poll(item, example)
  item.timestamp_utc = time.text(example.instant)
end

judges[#judges + 1] = function(survey)
  local tally = survey.tallies.stray
  local example = tally.examples[1]
  local moves = tally.count > 0 and time.between(survey.as_of, survey.newest) > 0
  local at = example and time.text(example.instant) or "T"
  return tally.count > 0 and {
    code = "stray-polls", severity = "warning", count = tally.count, of = survey.polled,
    text = ("%s %s a poll far from those of nearly all others in time, such as of %s"):format(
      of_all(tally.count, survey.polled, "store"), has_have(tally.count, survey.polled), at:sub(1, 16)),
    effect = moves and ("reports are as of %s, where there is nothing else to report on, and not of %s"):format(
      minute(survey.newest), minute(survey.as_of)) or "older than all others, so that no usual report has it",
    command = ("loom delete DB polls --store %s --from '%s' --to '%s'"):format(first_store(tally), at, at),
    examples = examples_of(tally, tell_poll),
  }
end

-- How long a gap is, in seconds.
local function length_of(gap)
  return time.between(gap.from, gap.to) / 1e6
end

-- How long the feed's gaps usually are, where it has so many that it is made to have them; nil where it has not.
local function usual_gap(survey)
  local gaps, lengths = survey.gaps, {}
  if #gaps == 0 then
    return nil
  end
  local days = time.between(survey.from, survey.as_of) / 1e6 / DAY
  if #gaps * REGULAR_DAYS <= days then
    return nil
  end
  for i, gap in ipairs(gaps) do
    lengths[i] = length_of(gap)
  end
  table.sort(lengths)
  return lengths[math.ceil(#lengths / 2)]
end

judges[#judges + 1] = function(survey, now)
  local age = survey.as_of and time.between(survey.as_of, now) / 1e6
  if not age or age < math.max(STOPPED, IRREGULAR * (usual_gap(survey) or 0)) then
    return nil
  end
  local last = survey.gaps[#survey.gaps]
  local is_past = age > PAST
  if not is_past and not (last and time.between(survey.as_of, last.to) > 0) then
    return nil -- nothing was open since
  end
  return {
    code = "feed-stopped", severity = is_past and "note" or "warning", count = 1,
    text = ("the newest poll is of %s, %s ago"):format(minute(survey.as_of), duration(age)),
    effect = "reports are as of then, and tell nothing of what was since",
    command = "loom ingest DB FILE",
    examples = {},
  }
end

-- The gaps that are told: but for the one after the newest poll, which is the feed's end.
local function unusual_gaps(survey)
  local usual, list, sum, longest = usual_gap(survey), {}, 0, nil
  for _, gap in ipairs(survey.gaps) do
    local seconds = length_of(gap)
    if seconds >= (usual or 0) * IRREGULAR and time.between(survey.as_of, gap.to) <= 0 then
      list[#list + 1], sum = gap, sum + seconds
      longest = longest and length_of(longest) >= seconds and longest or gap
    end
  end
  return list, sum, longest
end

judges[#judges + 1] = function(survey, _, wanted)
  local gaps, sum, longest = unusual_gaps(survey)
  if #gaps == 0 then
    return nil
  end
  table.sort(gaps, function(a, b)
    return length_of(a) > length_of(b)
  end)
  local examples = {}
  for i = 1, math.min(#gaps, wanted) do
    examples[i] = { from_utc = time.text(gaps[i].from), to_utc = time.text(gaps[i].to) }
  end
  local from, to = minute(longest.from), minute(longest.to)
  local what = #gaps == 1 and ("no store was polled for %s while stores were open, from %s to %s"):format(duration(sum), from, to)
    or ("no store was polled in %d stretches while stores were open, %s in all, the longest from %s to %s"):format(#gaps,
      duration(sum), from, to)
  return {
    code = "feed-gaps", severity = "warning", count = #gaps,
    share = sum / (time.between(survey.from, survey.as_of) / 1e6),
    text = what,
    effect = "openings within count as down; see --preset monitoring, or exclude them",
    command = ("loom exclude add DB '*' --from '%s' --to '%s' --reason 'no polls'"):format(time.text(longest.from),
      time.text(longest.to)),
    examples = examples,
  }
end

-- What of the windows is told, and the first one that makes it a finding.
local function unseen_windows(survey)
  local list, first = {}, nil
  for i, window in ipairs(survey.windows) do
    local share = window.scheduled > 0 and window.unseen / window.scheduled or 0
    local silent = window.stores > 0 and window.silent.count / window.stores or 0
    list[i] = { name = WINDOWS[i], stores = window.stores, silent = window.silent.count, share = share }
    local is_bad = share >= UNSEEN_SHARES[i] or (i == 1 and silent >= SILENT_SHARE or i > 1 and silent > 0)
    first = first or is_bad and i or nil
  end
  return list, first
end

judges[#judges + 1] = function(survey)
  local windows, first = unseen_windows(survey)
  if not first then
    return nil
  end
  local silent, shares, any = {}, {}, false
  for i, window in ipairs(windows) do
    any = any or window.silent > 0
    silent[i] = ("%s in the %s"):format(i == 1 and of_all(window.silent, window.stores, "open store")
      .. " " .. has_have(window.silent, window.stores) .. " no poll" or of_all(window.silent, window.stores), WINDOW_WORDS[i])
    shares[i] = percent(survey.windows[i].unseen, math.max(survey.windows[i].scheduled, 1))
  end
  return {
    code = "no-evidence", severity = "warning", count = windows[first].silent, of = windows[first].stores,
    share = windows[first].share,
    text = any and ("%s (%s of the open time)"):format(table.concat(silent, ", "), table.concat(shares, ", "))
      or ("of the open time of the last hour, day and week %s is in openings without a poll"):format(table.concat(shares, ", ")),
    effect = any and EFFECT or "they count as down; see --preset monitoring",
    command = "loom report DB --preset monitoring",
    examples = examples_of(survey.windows[first].silent),
    windows = windows,
  }
end

judges[#judges + 1] = function(survey)
  return survey.sparse > survey.seen * SPARSE_SHARE and {
    code = "sparse-polls", severity = "note", count = survey.sparse, of = survey.seen,
    text = ("%s polled less than once in two open hours%s"):format(
      of_all(survey.sparse, survey.seen, "store") .. " " .. is_are(survey.sparse, survey.seen),
      survey.interval > 0 and (": half of all polls come %s or more after the one before"):format(duration(survey.interval))
        or ""),
    effect = "a poll decides on all time up to the next one; with --preset monitoring on two hours",
    command = "loom report DB --preset monitoring",
    examples = {},
  }
end

judges[#judges + 1] = function(survey)
  local tally = survey.tallies.rounded
  return tally.count > 0 and {
    code = "ids-rounded", severity = "warning", count = tally.count, of = survey.stores,
    text = ("%s %s what a spreadsheet makes of a long number, such as %s"):format(counted(tally.count, "store id"),
      is_are(tally.count), tally.examples[1] and tally.examples[1].id or "8.41954E+18"),
    effect = "what it had was another store's, whose id cannot be told any more",
    command = ("loom delete DB store %s # and load a file whose ids were never opened as numbers"):format(first_store(tally)),
    examples = examples_of(tally),
  }
end

judges[#judges + 1] = function(survey)
  local tally = survey.tallies.alike
  return tally.count > 0 and {
    code = "ids-alike", severity = "warning", count = tally.count, of = survey.stores,
    text = ("%s differ from another one's by case, blanks or zeros in front alone"):format(counted(tally.count, "store id")),
    effect = "if they mean one store, each has a part of its polls, hours or zone",
    command = ("loom delete DB store %s # and load its files with one spelling"):format(first_store(tally)),
    examples = examples_of(tally, function(item, example)
      item.other_id = example.other
    end),
  }
end

-- From which share of its polls on, in percent, a store is told of.
local function outside_threshold(outside)
  local stores, passed = 0, 0
  for _, count in ipairs(outside.all) do
    stores = stores + count
  end
  for i, count in ipairs(outside.all) do
    passed = passed + count
    if passed * 2 >= stores then
      return math.max(OUTSIDE_PERCENT, OUTSIDE_TIMES * (i - 1))
    end
  end
end

local function ignores_hours(outside)
  return outside.count > 0 and outside.count > IGNORING * outside.expected
end

judges[#judges + 1] = function(survey)
  local outside, tally = survey.outside, survey.tallies.outside
  if ignores_hours(outside) then
    return {
      code = "feed-ignores-hours", severity = "note", count = outside.count, of = outside.polls,
      text = ("%s outside of the store's hours: polls come at any time"):format(
        of_all(outside.count, outside.polls, "poll") .. " " .. is_are(outside.count, outside.polls)),
      effect = "they count for no opening, except under --evidence around and --preset monitoring",
      command = "loom report DB --evidence around",
      examples = {},
    }
  end
  local count, threshold = 0, outside_threshold(outside)
  for i, stores in ipairs(outside.many) do
    count = count + (i - 1 >= threshold and stores or 0)
  end
  local told = { examples = {} }
  for _, example in ipairs(tally.examples) do
    if example.part * 100 >= threshold * example.whole then
      table.insert(told.examples, example)
    end
  end
  return count > 0 and {
    code = "polls-outside-hours", severity = "warning", count = count, of = survey.polled,
    text = ("%s %s %d %% or more of the polls outside of the hours, unlike the others"):format(
      of_all(count, survey.polled, "store"), has_have(count, survey.polled), threshold),
    effect = "the hours or the timezone are likely wrong: what they were while open is not what is reported",
    command = ("loom hours get DB %s"):format(first_store(told)),
    examples = examples_of(told, function(item, example)
      item.outside, item.polls = example.part, example.whole
    end),
  }
end

-- Stores with polls that lack what others have; where none has it, it was left out on purpose, or is still to come.
local function lacking(code, name, what, effect, command)
  return function(survey)
    local tally = survey.tallies[name]
    return tally.count > 0 and {
      code = code, severity = tally.count < survey.polled and "warning" or "note", count = tally.count, of = survey.polled,
      text = ("%s with polls %s no %s"):format(of_all(tally.count, survey.polled, "store"),
        has_have(tally.count, survey.polled), what),
      effect = effect(survey),
      command = command:format(first_store(tally)),
      examples = examples_of(tally),
    }
  end
end

judges[#judges + 1] = lacking("no-timezone", "no_zone", "timezone", function(survey)
  return ("counted as %s, hours and all"):format(survey.default_zone)
end, "loom timezone set DB %s ZONE")

judges[#judges + 1] = lacking("no-hours", "no_hours", "hours", function()
  return "counted as open all day, every day"
end, "loom hours set DB %s --daily 09:00-17:00")

-- Stores without polls, which is nothing to tell while there are no polls at all.
local function unpolled(code, name, what)
  return function(survey)
    local tally = survey.tallies[name]
    return tally.count > 0 and survey.polled > 0 and {
      code = code, severity = "note", count = tally.count, of = survey.stores,
      text = ("%s %s %s and no poll"):format(of_all(tally.count, survey.stores, "store"),
        has_have(tally.count, survey.stores), what),
      effect = "in no report, unless --all-stores asks for them",
      command = ("loom delete DB store %s"):format(first_store(tally)),
      examples = examples_of(tally),
    }
  end
end

judges[#judges + 1] = unpolled("hours-without-polls", "hours_only", "hours")
judges[#judges + 1] = unpolled("zone-without-polls", "zone_only", "a timezone, no hours")

judges[#judges + 1] = function(survey)
  local tally = survey.tallies.never_active
  return tally.count > 0 and {
    code = "never-active", severity = "note", count = tally.count, of = survey.polled,
    text = ("%s %s never active in the %s looked at"):format(of_all(tally.count, survey.polled, "store"),
      tally.count == 1 and "was" or "were", counted(survey.days, "day")),
    effect = "down all the time",
    command = ("loom explain DB %s"):format(first_store(tally)),
    examples = examples_of(tally, function(item, example)
      item.polls = example.whole
    end),
  }
end

local WINDOWS_TOLD = 3 -- of a report, which may have many

--- What a report's own figures show of the finding no-evidence, at no cost: windows in which a quarter of the open stores, or
-- more, have no poll, where its rules call that down.
-- @tparam loom.report report
-- @treturn ?string what it is
-- @treturn ?string what it makes of the figures
function doctor.silence(report)
  local rules, parts = report.rules, {}
  if rules.no_data ~= "down" or rules.evidence ~= "inside" then
    return nil
  end
  for i, window in ipairs(report.windows) do
    local open, silent = report:silence(i)
    if silent > 0 and silent >= open * SILENT_SHARE and #parts < WINDOWS_TOLD then
      parts[#parts + 1] = parts[1] and ("%s in %s"):format(of_all(silent, open), window.name)
        or ("%s %s no poll in %s"):format(of_all(silent, open, "open store"), has_have(silent, open), window.name)
    end
  end
  return parts[1] and table.concat(parts, ", "), EFFECT
end

--- See `loom.monitor:doctor`.
function doctor.look(monitor, options)
  options = check.options("doctor", options, checkers)
  local wanted, now = options.examples or EXAMPLES, time.now(monitor)
  local survey, message, code = core.survey(monitor.database, {
    now = now, default_zone = monitor.default_zone, limit = options.time_limit,
    examples = math.max(wanted, 1), -- commands name the first
  })
  if not survey then
    return nil, message, code
  end
  survey.default_zone = monitor.default_zone
  local result = {
    stores = survey.stores, polled_stores = survey.polled, days = survey.days, polls = survey.polls,
    interval = survey.interval > 0 and survey.interval or nil, findings = {},
  }
  if survey.as_of then
    time.set(result, "as_of", survey.as_of)
    time.set(result, "from", survey.from)
  end
  local notes = {}
  for _, judge in ipairs(judges) do
    local finding = judge(survey, now, wanted)
    if finding then
      finding.share = finding.share or finding.of and finding.count / math.max(finding.of, 1)
      while #finding.examples > wanted do
        table.remove(finding.examples)
      end
      table.insert(finding.severity == "note" and notes or result.findings, finding)
    end
  end
  for _, note in ipairs(notes) do
    table.insert(result.findings, note)
  end
  return result
end

return doctor
