-- Chaos of a cluster: cluster.lua SECONDS SEED
--
-- Two shards of three replicas, and three ZooKeepers, keep the polls. A writer loads one file after another, a client sends polls
-- to a service, and two heads report, all at once, while servers, ZooKeepers, the writer and the service's processes are killed
-- and frozen at random; never more than one replica of a shard, and one ZooKeeper, at a time. Each report has to be that of a
-- database that has a whole number of the files, not fewer than were acknowledged when it was asked for, nor more than were
-- begun when it was there; none may fail; and in the end all that was acknowledged is there, once, on every replica.
-- Then a shard goes as a whole: reports and ingests fail, and tell which; once it is back, all goes on.

local files = require "support.files"
local lfs = require "lfs"
local loom = require "loom"
local random = require "support.random"
local server = require "support.server"
local servers = require "support.servers"
local shell = require "support.shell"
local system = require "system"

local SHOPS = 40
local LIVE = 8 -- stores whose polls the service is sent
local NEWEST = 1709553600 -- of all polls, a Monday: all reports have one end
local SPAN = 9 * 86400
local ROWS = 150 -- of most files
local AHEAD = 4 -- files that wait for the writer
local LIMIT = 120 -- seconds for whatever is waited for, on a busy machine

local seconds, seed = tonumber(arg[1]), tonumber(arg[2])
local choose = random.new(seed % 2147483646 + 1)

local missing = servers.missing()
if missing then
  print("chaos of a cluster: skipped: " .. missing)
  os.exit(0)
end
print(("chaos of a cluster: SEED=%d SECONDS=%d"):format(seed, seconds))

local folder = files.make_folder()
local conf, other = folder .. "/cluster.conf", folder .. "/other.conf"
local began = system.monotime()
local counts = {}

local function count(what, more)
  counts[what] = (counts[what] or 0) + (more or 1)
end

local function note(...)
  local file = assert(io.open(folder .. "/events", "a"))
  file:write(("%6.1f "):format(system.monotime() - began), string.format(...), "\n")
  file:close()
end

local function fail(...)
  error(string.format(...), 0)
end

local function read(name)
  local path = folder .. "/" .. name
  return files.exists(path) and files.read(path) or ""
end

local function lines_of(name)
  local lines = {}
  for line in read(name):gmatch "([^\n]*)\n" do
    lines[#lines + 1] = line
  end
  return lines
end

-- The number in a file that is written as a whole: the last line that is complete.
local function number_in(name)
  return tonumber(read(name):match "(%d+)\n$" or 0)
end

local function await(what, look)
  local deadline = system.monotime() + LIMIT
  repeat
    local found = look()
    if found then
      return found
    end
    system.sleep(0.05)
  until system.monotime() > deadline
  fail("%s does not come", what)
end

-- ---- the model: a database with the same files ----

local model = assert(loom.open(folder .. "/model.db", { create = true }))
local expected = {} -- the shops' part of the report, by how many files were loaded

local function shops_of(report)
  return (report:gsub("\nlive %d+,[^\n]*", ""))
end

local function load_model(path)
  assert(model:ingest { polls = path })
  local report = assert(model:report())
  assert(report:write(folder .. "/expected", { format = "exact" }))
  report:close()
  expected[#expected + 1] = shops_of(files.read(folder .. "/expected"))
end

local function poll_line(store)
  return ("%s,%s,%d"):format(store, choose(1, 3) == 1 and "inactive" or "active", NEWEST - 60 * choose(1, SPAN // 60))
end

-- The first file has a poll of every store, and the newest of all.
local function write_first()
  local lines = { "store_id,status,timestamp_utc", ("shop 1,active,%d"):format(NEWEST) }
  for i = 1, SHOPS * 50 do
    lines[#lines + 1] = poll_line("shop " .. 1 + i % SHOPS)
  end
  for i = 1, LIVE do
    lines[#lines + 1] = ("live %d,active,%d"):format(i, NEWEST - SPAN)
  end
  return files.write(folder .. "/first.csv", table.concat(lines, "\n") .. "\n")
end

local function write_next()
  local lines = { "store_id,status,timestamp_utc" }
  for _ = 1, choose(1, 12) == 1 and 20 * ROWS or choose(1, ROWS) do
    lines[#lines + 1] = poll_line("shop " .. choose(1, SHOPS))
  end
  if choose(1, 4) == 1 then
    lines[#lines + 1] = poll_line("shop " .. SHOPS + #expected) -- a new one
  end
  local path = ("%s/%d.csv"):format(folder, #expected) -- the first file is none of the writer's
  files.write(path .. ".new", table.concat(lines, "\n") .. "\n")
  load_model(path .. ".new")
  assert(os.rename(path .. ".new", path))
end

local function write_hours()
  local hours, zones = { "store_id,day,start_time_local,end_time_local" }, { "store_id,timezone_str" }
  for i = 1, SHOPS do
    for day = 0, i % 3 == 0 and -1 or 6 do
      hours[#hours + 1] = ("shop %d,%d,%02d:00:00,%02d:30:00"):format(i, day, (i + day) % 24, (i * 7 + day) % 24)
    end
    zones[#zones + 1] = ("shop %d,%s"):format(i, ({ "Asia/Kolkata", "Europe/London", "America/New_York" })[1 + i % 3])
  end
  return files.write(folder .. "/hours.csv", table.concat(hours, "\n") .. "\n"),
    files.write(folder .. "/zones.csv", table.concat(zones, "\n") .. "\n")
end

-- ---- clients: they go on while there is a file `go` ----

local function start(name, script)
  local values = { LOOM = lfs.currentdir() .. "/bin/loom", CURL = shell.curl, NAME = name, COUNT = LIVE, FIRST = NEWEST - SPAN }
  files.write(("%s/%s.sh"):format(folder, name), ("cd %s\n%s\necho >%s.ended\n"):format(shell.quote(folder),
    (script:gsub("%u%u%u+", values)), name))
  shell.run(("sh %s/%s.sh >%s/%s.log 2>&1 &"):format(folder, name, folder, name))
end

-- Loads files in order, each until that is acknowledged. What was begun is noted before it, and what was done after it. To be
-- told to try again is no failure: another process has the head for long, or a commit of a killed writer has come late.
local writer = [[
n=1
while [ -e go ]; do
  [ -e $n.csv ] || { sleep 0.02; continue; }
  echo $n >>begun
  LOOM ingest cluster.conf --quiet --status $n.csv >writer.out 2>&1 &
  echo $! >writer.pid
  wait $!
  status=$?
  case $status in
    0) echo $n >>acknowledged; rm $n.csv; n=$((n + 1)) ;;
    137) echo $n >>writer.killed ;;
    *) grep -e 'locked by another process' -e 'try again$' writer.out >>writer.busy ||
      echo "file $n: status $status: $(cat writer.out)" >>writer.failed ;;
  esac
  sleep 0.5 # others that write to the head have their turn
done]]

-- Reports of a head, one after the other; the bounds of how many files each may have are in its name.
local reporter = [[
n=0
while [ -e go ]; do
  n=$((n + 1))
  low=$(tail -n 1 acknowledged)
  if LOOM report NAME.conf --quiet --format exact >NAME.out 2>NAME.err; then
    mv NAME.out reports/NAME.$n.$low.$(tail -n 1 begun)
  else
    echo "report $n: $(cat NAME.err)" >>NAME.failed
  fi
done]]

-- Polls of stores that nothing else has polls of, or is new, each of an instant of its own.
local poller = [[
n=0
while [ -e go ]; do
  n=$((n + 1))
  store=$((1 + n % COUNT))
  [ $((n % 10)) != 0 ] || store=$((COUNT + n)) # a new one
  poll="live $store,active,$((FIRST + n))"
  code=$(CURL -s -o poller.out -w '%{http_code}' --max-time 90 -H 'Content-Type: text/csv' \
    --data-binary "store_id,status,timestamp_utc
$poll
" "$(cat url)/v1/polls")
  case $code in
    200) echo "$poll" >>poller.acknowledged ;;
    *) echo "$code $(cat poller.out)" >>poller.refused; sleep 0.1 ;;
  esac
done]]

-- Writes days anew, and folds the ledger, now and then.
local compactor = [[
while [ -e go ]; do
  sleep 3
  LOOM cluster compact cluster.conf --fold-rows 20 >compactor.out 2>&1 &
  echo $! >compactor.pid
  wait $!
  status=$?
  case $status in
    0) cat compactor.out >>compacted ;;
    137) echo >>compactor.killed ;;
    *) grep -e 'locked by another process' -e 'try again$' compactor.out >>compactor.busy ||
      echo "loom cluster compact: status $status: $(cat compactor.out)" >>compactor.failed ;;
  esac
done]]

local clients = { writer = writer, cluster = reporter, other = reporter, poller = poller, compactor = compactor }

local function start_clients()
  files.write(folder .. "/go", "")
  files.write(folder .. "/acknowledged", "0\n")
  files.write(folder .. "/begun", "0\n")
  assert(lfs.mkdir(folder .. "/reports"))
  for name, script in pairs(clients) do
    start(name, script)
  end
end

local function stop_clients()
  os.remove(folder .. "/go")
  for name in pairs(clients) do
    await("the end of " .. name, function()
      return files.exists(("%s/%s.ended"):format(folder, name))
    end)
  end
end

-- ---- the service ----

local service

local function launch_service()
  service = server.launch(folder, { database = conf,
    arguments = { "--reports", folder .. "/reports.d", "--log-level", "error" } })
  files.write(folder .. "/url.new", service.url)
  assert(os.rename(folder .. "/url.new", folder .. "/url"))
end

local function service_answers()
  return shell.run(service:curl("/readyz", "-o", "/dev/null", "--fail", "--max-time", "1")).status == 0
end

local function signal(name, pids)
  shell.run(("kill -%s %s 2>/dev/null"):format(name, table.concat(pids, " ")))
end

-- Ends all of it, whoever is left of it.
local function kill_service()
  local master = tonumber(shell.run(shell.ps .. " -o pid= --ppid " .. service.pid).out)
  local pids = { service.pid, master }
  for _, pid in ipairs(master and service:workers() or {}) do
    pids[#pids + 1] = pid
  end
  signal("KILL", pids)
  for _, pid in ipairs(pids) do
    shell.await_end(pid, 20)
  end
end

-- ---- what is done to whom ----

local undo = {} -- by group of which somebody is away ("shard 1", "zookeepers", "writer", "service"): when it ends, and how

-- Has something end after a while, until which nothing else befalls the group. What is called then may return a function that
-- tells whether all is over.
local function later(group, least, most, what)
  undo[group] = { at = system.monotime() + choose(least * 10, most * 10) / 10, what = what }
end

local function undo_due(all)
  for group, entry in pairs(undo) do
    if entry.is_over then
      if entry.is_over() then
        note("%s: all are there", group)
        undo[group] = nil
      end
    elseif all or system.monotime() >= entry.at then
      entry.is_over = entry.what()
      undo[group] = entry.is_over and entry
    end
  end
  return next(undo) == nil
end

local function kill_process(group, name, what)
  note("kill %s", name)
  servers.act("kill", name)
  count(what .. "s killed")
  later(group, 0.3, 4, function()
    local path, tries = ("%s/%s.started"):format(folder, name), 0
    local function start_it()
      note("start %s", name)
      tries = tries + 1
      servers.start_behind(name, path)
    end
    start_it()
    return function()
      local status = read(name .. ".started")
      if status ~= "" then
        os.remove(path)
        if status ~= "0\n" then -- as what keeps services running does: a server may end where ZooKeeper goes while it begins
          note("%s does not start: %s", name, read(name .. ".started.log"))
          count "servers that had to be started again"
          assert(tries < 5, name .. " does not start")
          start_it()
        end
      end
      return status == "0\n"
    end
  end)
end

local function freeze_process(group, name, what)
  note("freeze %s", name)
  servers.act("stop", name)
  count(what .. "s frozen")
  later(group, 0.3, 6, function()
    note("thaw %s", name)
    servers.act("cont", name)
  end)
end

local function on_replica(act)
  return function()
    local shard, replica = choose(1, 2), choose(1, 3)
    local group = "shard " .. shard
    if not undo[group] then
      act(group, ("ch%d%d"):format(shard, replica), "server", shard, replica)
    end
  end
end

local function on_zookeeper(act)
  return function()
    if not undo.zookeepers then
      act("zookeepers", "zk" .. choose(1, 3), "ZooKeeper")
    end
  end
end

local function stop_fetches(group, name, _, shard, replica)
  note("%s fetches nothing", name)
  servers.ask(shard, replica, "SYSTEM STOP FETCHES")
  count "replicas held back"
  later(group, 0.5, 5, function()
    note("%s fetches again", name)
    servers.ask(shard, replica, "SYSTEM START FETCHES")
  end)
end

-- The writer's process, or that of what writes days anew.
local function writer_pid()
  local pid = read(choose(1, 4) == 1 and "compactor.pid" or "writer.pid"):match "%d+"
  return pid and shell.run(("grep -aq cluster.conf /proc/%s/cmdline"):format(pid)).status == 0 and pid or nil
end

local function kill_writer()
  local pid = not undo.writer and writer_pid()
  if pid then
    note("kill the writer %s", pid)
    signal("KILL", { pid })
    count "writers killed"
  end
end

local function freeze_writer()
  local pid = not undo.writer and writer_pid()
  if pid then
    note("freeze the writer %s", pid)
    signal("STOP", { pid })
    count "writers frozen"
    later("writer", 0.3, 3, function()
      note("thaw the writer %s", pid)
      signal("CONT", { pid })
    end)
  end
end

local function kill_worker()
  if not undo.service then
    local workers = service:workers()
    note "kill a worker of the service"
    signal("KILL", { workers[choose(1, #workers)] })
    count "workers of the service killed"
  end
end

local function freeze_worker()
  if not undo.service then
    local workers = service:workers()
    local pid = workers[choose(1, #workers)]
    note("freeze worker %d of the service", pid)
    signal("STOP", { pid })
    count "workers of the service frozen"
    later("service", 0.3, 3, function()
      signal("CONT", { pid })
    end)
  end
end

local function restart_service()
  if not undo.service then
    note "kill the service"
    kill_service()
    count "services killed"
    later("service", 0, 2, function()
      note "start the service"
      launch_service()
      return service_answers
    end)
  end
end

local actions = {
  on_replica(kill_process), on_replica(kill_process), on_replica(freeze_process), on_replica(freeze_process),
  on_replica(stop_fetches), on_zookeeper(kill_process), on_zookeeper(freeze_process), kill_writer, kill_writer, kill_writer,
  freeze_writer, kill_worker, freeze_worker, restart_service,
}

-- ---- what has to be so ----

local function check_report(name)
  local client, number, low, high = name:match "^(%w+)%.(%d+)%.(%d+)%.(%d+)$"
  local text = files.read(folder .. "/reports/" .. name)
  local shops, lives = shops_of(text), select(2, text:gsub("\nlive ", ""))
  if lives < LIVE then
    fail("report %s has %d of %d stores of the service", name, lives, LIVE)
  end
  for k = low + 0, high + 0 do
    if shops == expected[k + 1] then
      return os.remove(folder .. "/reports/" .. name)
    end
  end
  for k, wanted in ipairs(expected) do
    if shops == wanted then
      fail("report %s of %s has %d files, of which %d were acknowledged, and %d begun", number, client, k - 1, low, high)
    end
  end
  fail("report %s has the figures of no number of files from %d to %d", name, low, high)
end

local function check_reports()
  for _, name in ipairs(files.list(folder .. "/reports")) do
    check_report(name)
    count "reports"
  end
  for name in pairs(clients) do
    local failed = read(name .. ".failed")
    if failed ~= "" then
      fail("%s", failed)
    end
  end
end

-- Polls as `loom export` writes them, of the shops alone, in one order.
local function shops_polls(path)
  local lines = {}
  for line in (shell.good("export", path, "polls")):gmatch "[^\n]+" do
    if line:find "^shop" then
      lines[#lines + 1] = line
    end
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

-- Polls of the service that were acknowledged and are not there.
local function missing_of(path)
  local there, gone = {}, {}
  for store, instant in (shell.good("export", path, "polls")):gmatch "(live %d+),active,([^\n]+) UTC" do
    there[("%s,active,%d"):format(store, loom.parse_timestamp(instant))] = true
  end
  for _, poll in ipairs(lines_of "poller.acknowledged") do
    if not there[poll] then
      gone[#gone + 1] = poll
    end
  end
  return gone
end

-- Loads what the writer had not come to. All files are there then, and polls of the service that were acknowledged.
local function check_end()
  for number = number_in "acknowledged" + 1, #expected - 1 do
    shell.good("ingest", conf, "--quiet", "--status", ("%s/%d.csv"):format(folder, number))
  end
  for _, path in ipairs { conf, other } do
    if shops_of((shell.good("report", path, "--quiet", "--format", "exact"))) ~= expected[#expected] then
      fail("in the end %s has not the figures of all %d files", path, #expected)
    end
  end
  if shops_polls(conf) ~= shops_polls(folder .. "/model.db") then
    fail "in the end the polls are not those of the files"
  end
  for _, poll in ipairs(missing_of(conf)) do
    fail("poll %s was acknowledged and is not there", poll)
  end
end

-- What the service was sent comes to the cluster, where another head has it from.
local function check_flush()
  await("what the service was sent, in another head", function()
    return #missing_of(other) == 0
  end)
  files.write(folder .. "/fresh.conf", (files.read(conf):gsub("head [^\n]*", "head fresh.db")))
  if shell.good("export", folder .. "/fresh.conf", "polls") ~= shell.good("export", conf, "polls") then
    fail "a head that is new has not the polls of the others"
  end
  count("polls of the service that are there", #lines_of "poller.acknowledged")
  count("files that are there", #expected)
end

-- Every replica has all of it, once it has had time to fetch what it lacked.
local function check_replicas()
  local result
  await("what every replica has", function()
    result = shell.loom("cluster", "check", conf)
    note("loom cluster check: %s", result.out .. result.err)
    return result.status == 0
  end)
  shell.good("check", conf)
end

-- A shard that goes as a whole is an error that names it, and no figure.
local function lose_shard()
  files.write(folder .. "/hasty.conf", files.read(conf) .. "patience 3\n")
  servers.act("kill", "ch21", "ch22", "ch23")
  for _, words in ipairs { { "report" }, { "ingest", "--status", folder .. "/first.csv" } } do
    local result = shell.loom(words[1], folder .. "/hasty.conf", table.unpack(words, 2))
    if result.status ~= 1 or result.out ~= "" or not result.err:find("shard 2 does not answer", 1, true) then
      fail("without shard 2, loom %s says: %s", words[1], result.out .. result.err)
    end
  end
  servers.act("start", "ch21", "ch22", "ch23")
  count "shards lost and found"
  check_end()
end

-- ---- the run ----

local function prepare()
  local hours, zones = write_hours()
  local first = write_first()
  assert(model:ingest { hours = hours, timezones = zones })
  load_model(first)
  servers.up { zookeepers = 3 }
  local database = servers.conf(conf)
  shell.good("ingest", conf, "--quiet", "--status", first, "--hours", hours, "--timezones", zones)
  shell.good("backup", conf, other .. ".db")
  servers.conf(other, database)
  launch_service()
  await("the service", service_answers)
  start_clients()
end

local function run()
  prepare()
  local till, due = system.monotime() + seconds, 0
  repeat
    undo_due(false)
    if #expected - 1 < number_in "acknowledged" + AHEAD then
      write_next()
    end
    check_reports()
    if system.monotime() >= due then
      actions[choose(1, #actions)]()
      due = system.monotime() + choose(2, 15) / 10
    end
    system.sleep(0.02)
  until system.monotime() >= till
  await("who is away", function()
    return undo_due(true)
  end)
  note "the end"
  stop_clients()
  check_reports()
  check_replicas()
  check_end()
  check_flush()
  shell.good("cluster", "compact", conf)
  check_end()
  lose_shard()
  service:stop()
  service = nil
end

local function tell()
  count("reports that were wrong, or failed", 0)
  count("loads that were killed", #lines_of "writer.killed")
  count("loads that were told to try again", #lines_of "writer.busy")
  for days in read "compacted":gmatch ": (%d+) days" do
    count("days written anew", tonumber(days))
  end
  for rows in read "compacted":gmatch ": (%d+) rows? of the ledger" do
    count("rows of the ledger folded", tonumber(rows))
  end
  count("polls of the service that were refused", #lines_of "poller.refused")
  local names = {}
  for name in pairs(counts) do
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    print(("%7d %s"):format(counts[name], name))
  end
end

local good, message = xpcall(run, function(text)
  return type(text) == "string" and not text:find "^[^\n]*%.lua:%d+:" and text or debug.traceback(text)
end)
os.remove(folder .. "/go")
if service then -- also one whose workers are not there yet, or frozen
  pcall(undo_due, true)
  pcall(service.stop, service)
end
if good then
  tell()
else
  io.stderr:write(("chaos of a cluster: %s\nwhat was done:\n%s\nagain with SEED=%d\n"):format(message, read "events", seed))
end
pcall(servers.down)
model:close()
os.exit(good and 0 or 1)
