-- Chaos: chaos.lua ROUNDS MINUTES SEED
--
-- Each round has clients send polls, upload files and ask for reports, each noting in a ledger what was acknowledged, and kills
-- a worker, all workers, the master, the supervisor, or everything, after a random number of acknowledgements. Then the service
-- is started again, and has to have every poll and every file that was acknowledged, no file by half, a database without
-- problems, and an end for every report.

local cjson = require "cjson"
local files = require "support.files"
local lfs = require "lfs"
local server = require "support.server"
local shell = require "support.shell"

local POLLERS = 3
local FILE_ROWS = 300 -- of each upload
local LIMIT = 30 -- seconds for whatever is waited for, on a busy machine
local ACKNOWLEDGED_MAX = 40 -- of a round, before something is killed

local rounds, minutes, seed = tonumber(arg[1]), tonumber(arg[2]), tonumber(arg[3])

math.randomseed(seed)
print(("chaos: SEED=%d %s"):format(seed, minutes and "MINUTES=" .. minutes or "ROUNDS=" .. rounds))

local folder = files.make_folder()
local database = folder .. "/db"

-- ---- waiting ----

local function await(what, look)
  local deadline = os.time() + LIMIT
  repeat
    local found = look()
    if found then
      return found
    end
    shell.run "sleep 0.02"
  until os.time() > deadline
  error(what .. " does not come\n" .. (files.exists(folder .. "/server.log") and files.read(folder .. "/server.log") or ""), 0)
end

local function lines_of(path)
  return files.exists(path) and files.read(path) or ""
end

-- ---- clients ----

-- A client runs its script, in which n counts up, as long as there is no file `stop`. It leaves a file when it has ended.
local function start_client(name, script, url)
  files.write(("%s/%s.sh"):format(folder, name), ([[
n=$(cat FOLDER/NAME.count 2>/dev/null || echo 0)
post() { CURL -s --max-time 20 -X POST "$@"; }
while [ ! -e FOLDER/stop ]; do
  n=$((n + 1))
  echo $n >FOLDER/NAME.count
  SCRIPT
done
echo >FOLDER/NAME.ended
]]):gsub("%u%u+", { SCRIPT = script }):gsub("%u%u%u+", { FOLDER = folder, NAME = name, CURL = shell.curl, URL = url }))
  shell.run(("sh %s/%s.sh >/dev/null 2>&1 &"):format(folder, name))
end

local poller = [[
  code=$(post -o /dev/null -w '%{http_code}' -H 'Content-Type: application/json' URL/v1/polls \
    --data "{\"store_id\":\"NAME-$n\",\"status\":\"active\"}")
  [ "$code" != 200 ] || echo NAME-$n >>FOLDER/polls]]

-- Of unknown length, so that it arrives while it is written.
local uploader = [[
  code=$( { echo store_id,status,timestamp_utc
    i=0; while [ $i -lt ROWS ]; do i=$((i + 1)); echo "file$n-$i,active,2024-03-04 12:00:00"; done; } |
    post -o /dev/null -w '%{http_code}' -H 'Content-Type: text/csv' -T - URL/v1/ingest/status)
  [ "$code" != 200 ] || echo file$n >>FOLDER/uploads]]

local reporter = [[
  post -o FOLDER/answer -H 'Content-Type: application/json' URL/trigger_report \
    --data "{\"windows\":[{\"name\":\"w$n\",\"seconds\":3600}]}" && grep -o '[0-9a-f-]\{36\}' FOLDER/answer >>FOLDER/reports
  sleep 0.1]]

local clients = { uploader = uploader:gsub("ROWS", FILE_ROWS), reporter = reporter }
for i = 1, POLLERS do
  clients["poller" .. i] = poller
end

local function start_clients(url)
  os.remove(folder .. "/stop")
  for name, script in pairs(clients) do
    os.remove(("%s/%s.ended"):format(folder, name))
    start_client(name, script, url)
  end
end

local function stop_clients()
  files.write(folder .. "/stop", "")
  for name in pairs(clients) do
    await("the end of " .. name, function()
      return files.exists(("%s/%s.ended"):format(folder, name))
    end)
  end
end

-- ---- killing ----

local function parent_of(pid)
  return tonumber(shell.run(shell.ps .. " -o ppid= -p " .. pid).out)
end

local function kill(pids)
  shell.run("kill -9 " .. table.concat(pids, " "))
end

local targets = {
  { "a worker", function(_, _, workers) return { workers[math.random(#workers)] } end },
  { "all workers", function(_, _, workers) return workers end },
  { "the master", function(_, master) return { master } end },
  { "the supervisor", function(supervisor) return { supervisor } end },
  { "supervisor and master", function(supervisor, master) return { supervisor, master } end },
  { "everything", function(supervisor, master, workers) return { supervisor, master, table.unpack(workers) } end },
}

local function await_end(pids)
  await("the end of all processes", function()
    return not shell.run(("%s -o stat= -p %s"):format(shell.ps, table.concat(pids, ","))).out:find "[^Z%s<sl+N]"
  end)
end

-- ---- what there has to be ----

local function set_of(text)
  local set = {}
  for line in text:gmatch "[^\n]+" do
    set[line] = true
  end
  return set
end

local function query(sql)
  return shell.good("query", database, sql, "--format", "csv")
end

local function expect_all(acknowledged, found, what)
  local count = 0
  for id in pairs(acknowledged) do
    count = count + 1
    if not found[id] then
      error(("%s %s was acknowledged and is not there"):format(what, id), 0)
    end
  end
  return count
end

local function check_database()
  local out = shell.good("check", database)
  local polls = set_of(query "SELECT DISTINCT store_id FROM polls WHERE store_id GLOB 'poller*'")
  local uploads = {}
  for name, count in query([[SELECT substr(store_id, 1, instr(store_id, '-') - 1) AS file, count(*) AS n FROM polls
          WHERE store_id GLOB 'file*' GROUP BY 1]]):gmatch "(file%d+),(%d+)" do
    uploads[name] = tonumber(count)
    if tonumber(count) ~= FILE_ROWS then
      error(("%s is there by %s of %d rows"):format(name, count, FILE_ROWS), 0)
    end
  end
  return expect_all(set_of(lines_of(folder .. "/polls")), polls, "poll"),
    expect_all(set_of(lines_of(folder .. "/uploads")), uploads, "upload"), out
end

local ended = {} -- reports, by id

local function check_reports(service)
  local count = 0
  for id in pairs(set_of(lines_of(folder .. "/reports"))) do
    count = count + 1
    if not ended[id] then
      await("the end of report " .. id, function()
        local response = service:request("/v1/reports/" .. id)
        local row = response.status == 200 and cjson.decode(response.body)
        return row and (row.status == "complete" or row.status == "failed")
      end)
      ended[id] = true
    end
  end
  return count
end

-- ---- rounds ----

local function acknowledged()
  return select(2, (lines_of(folder .. "/polls") .. lines_of(folder .. "/uploads")):gsub("\n", ""))
end

local function start()
  return server.start(folder, { database = database,
    arguments = { "--reports", folder .. "/reports.d", "--log-level", "error" } })
end

local function round(number, service)
  local supervisor, workers = service.pid, service:workers()
  local master = parent_of(workers[1])
  local target = targets[math.random(#targets)]
  local wanted = acknowledged() + math.random(ACKNOWLEDGED_MAX)
  start_clients(service.url)
  await("an acknowledgement", function()
    return acknowledged() >= wanted
  end)
  kill(target[2](supervisor, master, workers))
  if target[1]:find "worker" then -- the others go on
    wanted = acknowledged() + math.random(ACKNOWLEDGED_MAX)
    await("an acknowledgement", function()
      return acknowledged() >= wanted
    end)
    for _, pid in ipairs(service:workers()) do
      workers[#workers + 1] = pid
    end
    kill { supervisor, master, table.unpack(workers) }
  end
  stop_clients()
  await_end { supervisor, master, table.unpack(workers) }
  local again = start()
  local good, polls, uploads = pcall(check_database)
  local reports
  if good then
    good, reports = pcall(check_reports, again)
  end
  if not good then
    error(("round %d, %s killed: %s"):format(number, target[1], tostring(reports or polls)), 0)
  end
  print(("round %d: %s killed; %d polls, %d files, %d reports are there"):format(number, target[1], polls, uploads, reports))
  return again
end

local function run()
  local service = start()
  local good, message = pcall(function()
    local number, until_when = 0, minutes and os.time() + minutes * 60
    repeat
      number = number + 1
      service = round(number, service)
    until until_when and os.time() >= until_when or not until_when and number == rounds
  end)
  files.write(folder .. "/stop", "")
  pcall(service.stop, service)
  return good, message
end

local good, message = run()
local left = {}
for name in lfs.dir(folder) do
  left[#left + 1] = name:match "^loom%-%x+%-.*"
end
if good and #left > 0 then
  good, message = false, "folders are left behind: " .. table.concat(left, " ")
end
if not good then
  io.stderr:write(("chaos: %s\nchaos: again with SEED=%d\n"):format(message, seed))
end
files.remove_folder(folder)
os.exit(good and 0 or 1)
