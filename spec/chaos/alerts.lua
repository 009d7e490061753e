-- Chaos of alerts: alerts.lua ROUNDS SEED
--
-- Each round has polls come, and two agents evaluate and deliver at once, to a receiver that fails, hangs, asks for time, resets,
-- and cuts the connection after its 200; agents and receiver are killed at random. In the end every event that is told has
-- arrived, in the order of its alert, under one id for all tries; none was sent again that had been taken while nobody was
-- killed; and the events are those of an evaluation that nobody has disturbed.

local cjson = require "cjson"
local Evaluation = require "loom.alerts.evaluation"
local files = require "support.files"
local loom = require "loom"
local rules = require "loom.alerts.rules"
local shell = require "support.shell"

local STORES = 10
local MINUTE = 60 * 1000000
local EVERY = 5 * MINUTE -- between two polls of a store
local FLIPS = 25 -- of so many polls one is the first of another state
local DRAINS = 60 -- rounds after the last one in which everything has to arrive

local rounds, seed = tonumber(arg[1]), tonumber(arg[2])

math.randomseed(seed)
print(("chaos of alerts: SEED=%d ROUNDS=%d"):format(seed, rounds))

local folder = files.make_folder()
local database, log = folder .. "/db", folder .. "/log"
local clock = 1709553600 * 1000000 -- a Monday
local monitor = assert(loom.open(database, { create = true }))

-- ---- the receiver ----

local receiver = {}

local function start_receiver(mode)
  local result = shell.run(([[
LD_PRELOAD= node spec/support/receiver.mjs %s %s %d %d >%s/port 2>>%s/err </dev/null &
echo $!
tries=3000
until [ -s %s/port ]; do tries=$((tries - 1)); [ $tries -gt 0 ] || exit 1; sleep 0.02; done]]):format(log, mode,
    math.random(2 ^ 31 - 2), receiver.port or 0, folder, folder, folder))
  assert(result.status == 0, result.err)
  receiver.pid, receiver.port = result.out:match "%d+", files.read(folder .. "/port"):match "%d+"
  os.remove(folder .. "/port")
end

local function kill_receiver()
  shell.run("kill -9 " .. receiver.pid)
  shell.await_end(receiver.pid, 20)
end

-- ---- polls ----

local stores, polled = {}, clock
for i = 1, STORES do
  stores[i] = { id = "store" .. i, active = true }
end

local function poll_until(instant, is_calm)
  local lines = { "store_id,status,timestamp_utc" }
  while polled + EVERY <= instant do
    polled = polled + EVERY
    for _, store in ipairs(stores) do
      store.active = is_calm or (math.random(FLIPS) == 1) ~= store.active
      lines[#lines + 1] = ("%s,%s,%d"):format(store.id, store.active and "active" or "inactive", polled)
    end
  end
  local given = false
  assert(monitor:ingest { polls = function()
    given, lines = true, given and {} or lines
    return #lines > 0 and table.concat(lines, "\n") .. "\n" or nil
  end })
end

-- ---- rounds ----

local evaluated = {} -- the clocks of rounds that were written, whoever was killed after that
local disturbed = {} -- rounds in which somebody was killed
local killed = 0 -- agents, while they were at work

local function mark(number)
  local file = assert(io.open(log, "ab"))
  file:write("# ", number, "\n")
  file:close()
end

local function note_evaluated()
  local row = monitor.database:row "SELECT value FROM service WHERE name = 'alert round'"
  if row and tonumber(cjson.decode(row.value).clock) >= clock then
    evaluated[#evaluated + 1] = clock
  end
end

-- Two agents at once; their exit statuses. `kills` are commands, each after a pause.
local function run_agents(kills)
  local agent = ("%s spec/chaos/agent.lua %s %d >>%s/agents 2>&1 </dev/null &"):format(shell.lua, database, clock, folder)
  local result = shell.run(("%s a=$!\n%s b=$!\n%s\nwait $a; echo $?; wait $b; echo $?"):format(agent, agent, kills))
  local first, second = result.out:match "(%d+)\n(%d+)\n$"
  for _, status in ipairs { first, second } do
    if status ~= "0" and status ~= "137" then
      error("an agent has failed:\n" .. files.read(folder .. "/agents"), 0)
    end
  end
  killed = killed + (first == "137" and 1 or 0) + (second == "137" and 1 or 0)
  return first == "137" or second == "137"
end

local function pause()
  return ("sleep 0.%03d; "):format(math.random(400))
end

local targets = { "", "", "kill -9 $a", "kill -9 $b", "kill -9 $a $b" }

local function round(number)
  local target, kills_receiver = targets[math.random(#targets)], math.random(4) == 1
  mark(number)
  local kills = target ~= "" and pause() .. target .. " 2>/dev/null" or ""
  if kills_receiver then
    kills = kills .. "\n" .. pause() .. "kill -9 " .. receiver.pid
  end
  disturbed[number] = run_agents(kills) or kills_receiver
  if kills_receiver then
    shell.await_end(receiver.pid, 20)
    start_receiver "bad"
  end
  note_evaluated()
end

-- ---- what there has to be ----

local function fail(...)
  error(string.format(...), 0)
end

-- What was received: `round`, `done`, `id` and `events`, a text, in order.
local function received()
  local list, number = {}, 0
  for line in files.read(log):gmatch "[^\n]+" do
    number = tonumber(line:match "^# (%d+)$") or number
    local done, id, events = line:match "^(%l+) (%S+) (.*)$"
    if done then
      list[#list + 1] = { round = number, done = done, id = id, events = events }
    end
  end
  return list
end

local function was_taken(got)
  return got.done == "ok" or got.done == "cut"
end

-- One id has one text; and what was taken while nobody was killed is not sent again.
local function check_messages(list)
  local text_of, taken_in = {}, {}
  local again = 0
  for _, got in ipairs(list) do
    if text_of[got.id] and text_of[got.id] ~= got.events then
      fail("message %s has other events in another try", got.id)
    elseif taken_in[got.id] and not disturbed[taken_in[got.id]] then
      fail("message %s was sent in round %d, and had been taken in round %d", got.id, got.round, taken_in[got.id])
    end
    again = again + (taken_in[got.id] and 1 or 0)
    text_of[got.id] = got.events
    taken_in[got.id] = was_taken(got) and got.round or taken_in[got.id]
  end
  return again
end

-- What there is of an alert, for a failure: its events, and what became of their messages.
local function story_of(alert)
  local lines = {}
  for _, row in ipairs(assert(monitor.database:rows([[SELECT e.id, e.state, e.rule, g.id AS message, g.thread, g.outcome, g.tries
      FROM alert_event e LEFT JOIN alert_message_event m ON m.event = e.number LEFT JOIN alert_message g ON g.number = m.message
      WHERE e.alert = ? ORDER BY e.number, m.message]], alert))) do
    lines[#lines + 1] = ("  %s %s %s: %s of %s, %s after %s"):format(row.rule, row.state, row.id, row.message, row.thread,
      row.outcome, row.tries)
  end
  for line in files.read(log):gmatch "[^\n]+" do
    lines[#lines + 1] = line:find(alert, 1, true) and "  received: " .. line:match "^%l+ %S+" or nil
  end
  return table.concat(lines, "\n")
end

-- The events that messages have by the database: lists by id, and how many events there are.
local function messages()
  local rows = assert(monitor.database:rows [[SELECT e.number, e.id, e.alert, e.state, g.id AS message FROM alert_event e
    JOIN alert_message_event m ON m.event = e.number JOIN alert_message g ON g.number = m.message ORDER BY e.number]])
  local by_id, count, known = {}, 0, {}
  for _, row in ipairs(rows) do
    by_id[row.message] = by_id[row.message] or {}
    table.insert(by_id[row.message], row)
    if known[row.id] then
      fail("event %s is in two messages:\n%s", row.id, story_of(row.alert))
    end
    known[row.id], count = row, count + 1
  end
  return by_id, count, known
end

-- What was received has the events of its message, all of them or, of a storm, the worst.
local function check_text(got, of_message)
  local ids, listed = {}, 0
  for _, event in ipairs(of_message) do
    ids[("%s/%s/%s"):format(event.id, event.alert, event.state)] = true
  end
  for text in got.events:gmatch "[^,+]+/[^,]+" do
    listed = listed + 1
    if not ids[text] then
      fail("message %s has an event that is not its own: %s", got.id, text)
    end
  end
  if listed + (tonumber(got.events:match "%+(%d+)$") or 0) ~= #of_message then
    fail("message %s has %d events, and tells of %s", got.id, #of_message, got.events)
  end
end

-- Every event of a message has arrived, for the first time after those before it of its alert.
local function check_events(list)
  local by_id, count, known = messages()
  local last, seen = {}, {}
  for _, got in ipairs(list) do
    check_text(got, by_id[got.id] or {})
    for _, event in ipairs(was_taken(got) and not seen[got.id] and by_id[got.id] or {}) do
      if event.number < (last[event.alert] or 0) then
        fail("event %s was overtaken:\n%s", event.id, story_of(event.alert))
      elseif not last[event.alert] and event.state ~= "firing" and event.state ~= "flapping" then
        fail("the first that is told of alert %s is that it is %s:\n%s", event.alert, event.state, story_of(event.alert))
      end
      last[event.alert], known[event.id] = event.number, nil
    end
    seen[got.id] = seen[got.id] or was_taken(got)
  end
  local id, event = next(known)
  if id then
    fail("event %s has not arrived:\n%s", id, story_of(event.alert))
  end
  return count
end

-- The events are those of an evaluation of the finished data, at the same clocks.
local function check_evaluation(definitions)
  local evaluation = assert(Evaluation.new(monitor, assert(rules.read(definitions))))
  local expected, count = {}, 0
  for _, instant in ipairs(evaluated) do
    for _, event in ipairs(assert(evaluation:evaluate(instant))) do
      expected[event.id] = ("%s of %s is %s at %s"):format(event.rule, event.subject.id, event.state, event.at_utc)
      count = count + 1
    end
  end
  evaluation:close()
  for _, row in ipairs(assert(monitor.database:rows [[SELECT id, rule, state FROM alert_event
      WHERE rule <> 'channel failing']])) do -- which is of the receiver
    if not expected[row.id] then
      fail("event %s (%s %s) is none of an evaluation that nobody disturbs", row.id, row.rule, row.state)
    end
    expected[row.id] = nil
  end
  for id, text in pairs(expected) do
    fail("event %s is missing: %s", id, text)
  end
  return count
end

local function count_pending()
  return monitor.database:row("SELECT count(*) AS n FROM alert_message WHERE outcome = 'pending'").n
end

local definitions = {
  { name = "down", when = { kind = "down_for", time = 0 } },
  { name = "often", severity = "critical", group_by = "timezone", when = { kind = "inactive_polls", count = 2, of = 4 },
    keep = { count = 2 } },
  { name = "zone", group_by = "timezone", when = { kind = "group_down", count = 4, share = 0.3 } },
}

local function run()
  start_receiver "bad"
  for _, definition in ipairs(definitions) do
    assert(monitor:set_rule(definition))
  end
  assert(monitor:set_channel { name = "hook", kind = "webhook", url = ("http://127.0.0.1:%d/s3cret"):format(receiver.port) })
  for number = 1, rounds do
    clock = clock + math.random(5, 30) * MINUTE
    poll_until(clock)
    round(number)
  end
  kill_receiver()
  start_receiver "ok"
  local number = rounds
  repeat
    number, clock = number + 1, clock + 180 * MINUTE
    poll_until(clock, true)
    mark(number)
    run_agents ""
    note_evaluated()
  until number > rounds + 3 and count_pending() == 0 or number > rounds + DRAINS
  local list = received()
  local events, again, all = check_events(list), check_messages(list), check_evaluation(definitions)
  local open = monitor.database:row("SELECT count(*) AS n FROM alert WHERE ended IS NULL").n
  local dead = monitor.database:row("SELECT count(*) AS n FROM alert_message WHERE outcome <> 'delivered'").n
  if open > 0 or dead > 0 then
    fail("%d alerts are open in the end, %d messages not delivered", open, dead)
  elseif shell.loom("check", database).status ~= 0 then
    fail "loom check finds problems"
  end
  print(("chaos of alerts: %d agents killed; %d events, %d of them told, in %d requests, %d of which only because of a kill")
    :format(killed, all, events, #list, again))
end

local good, message = pcall(run)
if receiver.pid then
  pcall(kill_receiver)
end
monitor:close()
if not good then
  io.stderr:write(("chaos of alerts: %s\nchaos: again with PART=alerts ROUNDS=%d SEED=%d\n"):format(tostring(message), rounds,
    seed))
end
files.remove_folder(folder)
os.exit(good and 0 or 1)
