local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local server = require "support.server"
local shell = require "support.shell"

local CSV = { "-H", "Content-Type: text/csv" }
local CHUNKED = { "-H", "Content-Type: text/csv", "-H", "Transfer-Encoding: chunked" }

local unpack = table.unpack or unpack -- luacheck: compat

local HEADER = "store_id,status,timestamp_utc\n"

describe("POST /v1/ingest", function()
  local folder, service, db

  before_each(function()
    folder = files.make_folder()
    db = database.make(folder .. "/db")
  end)

  after_each(function()
    service:stop()
    files.remove_folder(folder)
  end)

  local function start(options)
    service = server.start(folder, options)
  end

  local function send(kind, arguments, path, ...)
    local words = { unpack(arguments) }
    for _, word in ipairs { "--data-binary", "@" .. path, ... } do
      words[#words + 1] = word
    end
    return service:request("/v1/ingest/" .. kind, unpack(words))
  end

  local function expect_unchanged(before)
    assert.is_true(before == database.dump(db))
  end

  local function expect_counts(response, rows, new, rejected)
    assert.equal(200, response.status, response.body .. files.read(folder .. "/server.log"))
    assert.same({ rows, new, rejected or 0 }, { response.json.rows, response.json.new, response.json.rejected })
  end

  it("stores every kind as the command does, in one piece, in chunks and compressed", function()
    local kinds = { status = "store_status", hours = "menu_hours", timezones = "timezones", ["special-days"] = "special_days",
      exclusions = "exclusions" }
    local expected = database.dump(db)
    for _, way in ipairs { "plain", "chunked", "gzip" } do
      local other = ("%s/%s.db"):format(folder, way)
      local served = server.start(folder, { database = other })
      service = served
      for kind, name in pairs(kinds) do
        local path = ("%s/%s.csv"):format(database.small, name)
        if way == "gzip" then
          assert.equal(0, shell.run(("gzip -c %s >%s/file.gz"):format(path, folder)).status)
          path = folder .. "/file.gz"
        end
        local response = send(kind, way == "chunked" and CHUNKED or CSV, path)
        assert.equal(200, response.status, response.body)
        assert.equal(response.json.rows, response.json.new + response.json.duplicates)
      end
      if way ~= "gzip" then
        served:stop()
      end
      assert.is_true(expected == database.dump(other))
    end
  end)

  it("is told of by the audit, under the name that the client has for the file", function()
    start()
    local path = files.write(folder .. "/polls.csv", HEADER .. "a,active,2024-05-01 10:00:00\na,on,2024-05-01 11:00:00\n")
    local refused = send("polls?source=may%20polls.csv", CSV, path)
    assert.matches('"may polls%.csv:3: ', refused.body)
    assert.equal(200, send("polls?source=may%20polls.csv&max_rejects=1&reason=late", CSV, path).status)
    local entries = service:request("/v1/audit?kind=ingest&limit=1").json.entries
    assert.same({ "*", "late", { kind = "polls", source = "may polls.csv", rows = 2, new = 1, duplicates = 0, conflicts = 0,
      rejected = 1 } }, { entries[1].store_id, entries[1].reason, entries[1].after })
    assert.equal(400, send("polls?source=a%0Ab", CSV, path).status)
  end)

  it("takes attributes", function()
    start()
    expect_counts(service:post("/v1/ingest/attributes", "text/csv", "store_id,region\n1,north\n2,south\n"), 2, 2)
  end)

  for name, arguments in pairs { ["in one piece"] = CSV, ["in chunks"] = CHUNKED } do
    it("refuses a bad row and says where it is, " .. name, function()
      start()
      local before = database.dump(db)
      local path = database.write_polls(folder .. "/polls.csv", 60000)
      assert.equal(0, shell.run(("sed -i '40000s/active/maybe/' %s"):format(path)).status)
      local response = send("status", arguments, path)
      local problem = server.expect_problem(response, 400, 'body:40000: status: "maybe" is not a status')
      assert.same({ 40000, "status", "maybe", "is not a status (active or inactive)" },
        { problem.line, problem.column, problem.value, problem.reason })
      expect_unchanged(before)
      response = send("status?max_rejects=1", arguments, path)
      expect_counts(response, 60000, 59999, 1)
      assert.equal(40000, response.json.errors[1].line)
    end)
  end

  it("refuses what is no file of the kind, other types and parameters", function()
    start()
    local before = database.dump(db)
    local path = files.write(folder .. "/bad.csv", "a,b\n1,2\n")
    server.expect_problem(send("status", CSV, path), 400, "has no column store_id")
    server.expect_problem(send("status", CHUNKED, path), 400, "has no column store_id")
    server.expect_problem(send("hours", CSV, files.write(folder .. "/empty", "")), 400, "is empty")
    server.expect_problem(send("hours", CHUNKED, folder .. "/empty"), 400, "is empty")
    server.expect_problem(send("status", CSV, files.write(folder .. "/gz", "\31\139\8")), 400, "body: ")
    server.expect_problem(send("status", { "-H", "Content-Type: application/json" }, path), 415)
    server.expect_problem(send("status?max_rejects=some", CSV, path), 400, "max_rejects")
    server.expect_problem(send("status?replace_overrides=1", CSV, path), 400, "replace_overrides")
    server.expect_problem(send("nothing", CSV, path), 404)
    server.expect_problem(service:request("/v1/ingest/status"), 405)
    expect_unchanged(before)
  end)

  it("replaces overrides when it is asked to", function()
    local monitor = assert(loom.open(db))
    assert(monitor:set_timezone("z", "Asia/Tokyo"))
    start()
    local text = "store_id,timezone_str\nz,America/New_York\n"
    local function zone()
      for store in monitor:stores() do
        if store.store_id == "z" then
          return store.timezone_str
        end
      end
    end
    assert.equal(200, service:post("/v1/ingest/timezones?replace_overrides=false", "text/csv", text).status)
    assert.equal("Asia/Tokyo", zone())
    assert.equal(200, service:post("/v1/ingest/timezones?replace_overrides=true", "text/csv", text).status)
    assert.equal("America/New_York", zone())
    monitor:close()
  end)

  it("refuses a body over the limit before it has come, and one in chunks when it has", function()
    start { arguments = { "--ingest-limit", "1m" } }
    local before = database.dump(db)
    assert.equal(0, shell.run("truncate -s 1G " .. folder .. "/huge").status)
    server.expect_problem(service:request("/v1/ingest/status", "-H", "Content-Type: text/csv", "-X", "POST", "-T",
      folder .. "/huge"), 413)
    local polls = database.write_polls(folder .. "/polls.csv", 60000)
    server.expect_problem(send("status", CHUNKED, polls), 413)
    expect_unchanged(before)
  end)

  it("refuses what is short as it comes and long once it is decompressed", function()
    start()
    local before = database.dump(db)
    assert.equal(0, shell.run(("{ echo store_id,timezone_str; head -c 257M /dev/zero | tr '\\0' '\\n'; } | gzip -1 >%s/long.gz")
      :format(folder)).status)
    local response = send("timezones", { "-H", "Content-Type: application/gzip" }, folder .. "/long.gz")
    server.expect_problem(response, 413, "body: is longer than 268435456 bytes, once decompressed")
    expect_unchanged(before)
  end)

  -- Ten million rows in a hundred kilobytes.
  it("refuses a bomb of gzip when it has too many rows, and is no larger for it", function()
    start { arguments = { "--rows-limit", "5000" }, workers = 1 }
    local before = database.dump(db)
    local function make_bomb(row)
      local script = ("(echo store_id,timezone_str; yes %s | head -n 10000000) | gzip >%s/bomb"):format(row, folder)
      assert.equal(0, shell.run(script).status)
    end
    make_bomb "a,UTC"
    local problem = server.expect_problem(send("timezones", CSV, folder .. "/bomb"), 413, "body: has more than 5000 rows")
    assert.is_nil(problem.errors)
    problem = server.expect_problem(send("timezones?max_rejects=all", CHUNKED, folder .. "/bomb"), 413, "has more than 5000 rows")
    assert.is_nil(problem.errors)
    make_bomb "a,"
    server.expect_problem(send("timezones?max_rejects=all", CSV, folder .. "/bomb"), 413, "has more than 5000 rows")
    local peak = files.read(("/proc/%d/status"):format(service:workers()[1])):match("VmHWM:%s+(%d+)")
    assert.is_true(tonumber(peak) < 250 * 1024, peak)
    expect_unchanged(before)
    expect_counts(service:post("/v1/ingest/timezones", "text/csv", "store_id,timezone_str\na,UTC\n"), 1, 1)
  end)

  it("refuses chunks that are malformed", function()
    start()
    local before = database.dump(db)
    local request = "POST /v1/ingest/status HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n"
      .. "Transfer-Encoding: chunked\r\n\r\n"
    for _, body in ipairs { "zz\r\n", "3\r\nabcd\r\n0\r\n\r\n", ("1"):rep(50) .. "\r\n", ("1"):rep(9000) } do
      files.write(folder .. "/request", request .. body)
      local result = shell.run(("%s -s --max-time 20 telnet://127.0.0.1:%d <%s/request"):format(shell.curl, service.port, folder))
      assert.matches("^HTTP/1.1 400 ", result.out)
    end
    expect_unchanged(before)
  end)

  -- The request's body comes from a pipe, so that it is in mid-flow until the spec says otherwise.
  local function begin_upload(arguments, rest)
    local polls = database.write_polls(folder .. "/polls.csv", 60000)
    return shell.run(([[
mkfifo %s/pipe
%s -T %s/pipe -X POST -o %s/response -w '%%{http_code}' >%s/status & pid=$!
exec 3>%s/pipe
cat %s >&3
%s
]]):format(folder, service:curl("/v1/ingest/status", unpack(arguments)), folder, folder, folder, folder, polls, rest))
  end

  it("holds up nobody while the client is slow", function()
    start { workers = 1 }
    local meanwhile = ([[
for i in 1 2 3 4 5; do
  %s -o /dev/null -w '%%{http_code}\n'
  %s -o /dev/null -w '%%{http_code}\n' -H 'Content-Type: application/json' -d '{"store_id":"quick","status":"active"}'
done
kill -0 $pid && exec 3>&- && wait $pid]]):format(service:curl "/healthz", service:curl "/v1/polls")
    local result = begin_upload(CHUNKED, meanwhile)
    assert.same({ 0, ("200\n"):rep(10) }, { result.status, result.out }, result.err)
    assert.equal("200", files.read(folder .. "/status"), files.read(folder .. "/response"))
    assert.equal("", shell.run("rm " .. folder .. "/pipe").err)
  end)

  for name, arguments in pairs { ["in one piece"] = { "Content-Length: 100000", "" },
    ["in chunks"] = { "Transfer-Encoding: chunked", "1\r\na\r\n" } } do
    it("cuts off a client that trickles, " .. name, function()
      start { arguments = { "--body-timeout", "1" }, workers = 1 }
      local before = database.dump(db)
      -- A byte, or a chunk of one, every tenth of a second, for as long as the connection lives or twenty seconds.
      local script = ([[
(printf 'POST /v1/ingest/status HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n%s\r\n\r\n'
i=0; while [ $i -lt 200 ]; do printf '%s' || exit; sleep 0.1; i=$((i + 1)); done) | %s -s --max-time 25 telnet://127.0.0.1:%d
]]):format(arguments[1], arguments[2] ~= "" and arguments[2]:gsub("\r\n", "\\r\\n") or "a", shell.curl, service.port)
      files.write(folder .. "/trickle", script)
      local result = shell.run(("sh %s/trickle >%s/answer & tries=3000; until grep -q 'HTTP/1.1 408' %s/answer; do "
        .. "tries=$((tries - 1)); [ $tries -gt 0 ] || exit 1; sleep 0.02; done; kill $! || :"):format(folder, folder, folder))
      assert.equal(0, result.status, files.read(folder .. "/answer") .. files.read(folder .. "/server.log"))
      expect_unchanged(before)
    end)
  end

  for name, framing in pairs { ["in one piece"] = "Content-Length: 4000000\r\n\r\n",
    ["in chunks"] = "Transfer-Encoding: chunked\r\n\r\n3d0900\r\n" } do
    it("answers in full before a body that it refuses has ended, " .. name, function()
      start { workers = 1 }
      local before = database.dump(db)
      files.write(folder .. "/sent", "POST /v1/ingest/status HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n" .. framing
        .. HEADER .. "bad\n" .. ("a,active,2024-05-01 10:00:00\n"):rep(45000))
      -- More than the service parses at a time, and then a byte every tenth of a second, until there is an answer of as many
      -- bytes as it says, or twenty seconds: the service reads on for half a minute.
      files.write(folder .. "/trickle", ([[
complete() {
  size=$(sed -n 's/^Content-Length: \([0-9]*\).*/\1/p' answer)
  [ "$size" ] && [ "$(sed '1,/^.$/d' answer | wc -c)" -eq "$size" ]
}
cd %s && mkfifo pipe && >answer
%s -sN --max-time 30 telnet://127.0.0.1:%d <pipe >answer & client=$!
exec 3>pipe
trap '' PIPE # the client may end first
cat sent >&3
i=0; until complete || [ $i -eq 200 ]; do printf a >&3; sleep 0.1; i=$((i + 1)); done
complete; seen=$?
kill $client; exit $seen
]]):format(folder, shell.curl, service.port))
      local result = shell.run("sh " .. folder .. "/trickle")
      assert.matches("^HTTP/1.1 400 ", files.read(folder .. "/answer"))
      assert.equal(0, result.status, result.err .. files.read(folder .. "/server.log"))
      expect_unchanged(before)
    end)
  end

  it("takes no more files from one client than leave places to others", function()
    start { arguments = { "--client-uploads", "1", "--uploads", "2" }, workers = 1 }
    local second = ("%s -o %s/second -w '%%{http_code}' -H 'Content-Type: text/csv' --data-binary @%s/polls.csv"):format(
      service:curl "/v1/ingest/status", folder, folder)
    local from_elsewhere = second .. " --interface 127.0.0.2"
    local result = begin_upload(CHUNKED, ([[
tries=3000; until [ "$(%s)" = 429 ]; do tries=$((tries - 1)); [ $tries -gt 0 ] || exit 1; sleep 0.02; done
%s; exec 3>&-; wait $pid; echo; cat %s/status; echo; %s]]):format(second, from_elsewhere, folder, second))
    assert.equal("200\n200\n200", result.out, result.err .. files.read(folder .. "/second"))
    assert.equal("", shell.run("rm " .. folder .. "/pipe").err)
  end)

  it("is undone when the client goes away", function()
    start()
    local before = database.dump(db)
    begin_upload(CHUNKED, "kill -9 $pid; exec 3>&-")
    expect_unchanged(before)
    expect_counts(service:post("/v1/ingest/status", "text/csv", HEADER .. "a,active,2024-05-01 10:00:00\n"), 1, 1)
    assert.equal("", shell.run("rm " .. folder .. "/pipe").err)
  end)

  it("is undone when its worker is killed", function()
    start()
    local before = database.dump(db)
    local workers = table.concat(service:workers(), " ")
    begin_upload(CHUNKED, ("kill -9 %s; exec 3>&-; wait $pid"):format(workers))
    expect_unchanged(before)
    -- nginx has started others by the time that one answers.
    local response = service:request("/v1/ingest/status", "--retry", "20", "--retry-delay", "1", "--retry-all-errors",
      "-H", "Content-Type: text/csv", "--data-binary", "@" .. folder .. "/polls.csv")
    assert.equal(200, response.status, response.body)
    local monitor = assert(loom.open(db))
    assert.same({}, monitor:check())
    monitor:close()
  end)

  it("fails plainly when the disk is full", function()
    start { before = "ulimit -f 3000;" }
    local before = database.dump(db)
    local response = send("status", CSV, database.write_polls(folder .. "/polls.csv", 300000))
    assert.equal(507, response.status, response.body .. files.read(folder .. "/server.log"))
    expect_unchanged(before)
    expect_counts(service:post("/v1/ingest/status", "text/csv", HEADER .. "a,active,2024-05-01 10:00:00\n"), 1, 1)
  end)
end)
