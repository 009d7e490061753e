local files = require "support.files"
local loom = require "loom"
local server = require "support.server"
local shell = require "support.shell"

local JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
local WHEN = "2024-05-01 10:00:00 UTC"

local function poll(id, status, when)
  return ('{"store_id":"%s","status":"%s","timestamp_utc":"%s"}'):format(id, status or "active", when or WHEN)
end

describe("POST /v1/polls", function()
  local folder, service

  setup(function()
    folder = files.make_folder()
    service = server.start(folder)
  end)

  teardown(function()
    local log = service:stop()
    files.remove_folder(folder)
    assert.is_nil(log:gsub("[^\n]*client intended to send too large[^\n]*", ""):match("%[error%][^\n]*"))
  end)

  local function with_monitor(work)
    local monitor = assert(loom.open(folder .. "/db"))
    work(monitor)
    monitor:close()
  end

  local function polls_of(id)
    local found = {}
    with_monitor(function(monitor)
      assert(monitor:export("polls", function(text)
        for line in text:gmatch("[^\n]+") do
          found[#found + 1] = line:sub(1, #id + 1) == id .. "," and line:sub(#id + 2) or nil
        end
        return true
      end))
    end)
    return found
  end

  local function expect(counts, path, ...)
    local response = service:post(path, ...)
    assert.equal(200, response.status, response.body)
    response.json.errors = nil
    assert.same({ rows = counts[1], new = counts[2], duplicates = counts[3], conflicts = counts[4], rejected = counts[5] or 0 },
      response.json)
    return response
  end

  local function expect_bad(path, content_type, text, ...)
    return server.expect_problem(service:post(path, content_type, text), 400, ...)
  end

  it("takes one poll as JSON", function()
    expect({ 1, 1, 0, 0 }, "/v1/polls", JSON, poll "one")
    assert.same({ "active,2024-05-01 10:00:00.000000 UTC" }, polls_of "one")
  end)

  it("takes an array, and tells what was known already", function()
    local later = "2024-05-02 00:00:00"
    expect({ 2, 2, 0, 0 }, "/v1/polls", JSON, "[" .. poll "array" .. ", " .. poll("array", "active", later) .. " ]")
    expect({ 2, 0, 1, 1 }, "/v1/polls", JSON, "[" .. poll "array" .. "," .. poll("array", "inactive", later) .. "]")
    expect({ 0, 0, 0, 0 }, "/v1/polls", JSON, " [ ] ")
    assert.equal(2, #polls_of "array")
  end)

  it("has them in its database when they are answered, and in no cluster", function()
    expect({ 1, 1, 0, 0 }, "/v1/polls?durable=head", JSON, poll "durable")
    for _, value in ipairs { "cluster", "elsewhere", "" } do
      server.expect_problem(service:post("/v1/polls?durable=" .. value, JSON, poll "durable2"), 400, "durable: ")
    end
    assert.same({}, polls_of "durable2")
  end)

  it("takes now for a poll without a timestamp, but not for one whose timestamp is null", function()
    expect({ 1, 1, 0, 0 }, "/v1/polls", JSON, '[{"status":"inactive","store_id":"now"}]')
    assert.matches("^inactive," .. os.date "!%Y", polls_of("now")[1])
    local text = '[{"store_id":"null","status":"active"},{"store_id":"null","status":"active","timestamp_utc":null}]'
    local problem = server.expect_problem(service:post("/v1/polls", JSON, text), 422, "number 2: timestamp_utc: ")
    assert.same({ 1, "timestamp_utc" }, { problem.index, problem.errors[1].column })
    server.expect_problem(service:post("/v1/polls", NDJSON, text:match("},(.*)]")), 422, "is null")
    assert.same({}, polls_of "null")
  end)

  it("refuses polls of the future, and says which", function()
    local future = poll("future", "active", os.date("!%Y-%m-%d %H:%M:%S", os.time() + 25 * 3600))
    local text = "[" .. poll "future" .. "," .. future .. "," .. poll("future", "active", "9999-12-31 23:59:59.999999") .. "]"
    local problem = server.expect_problem(service:post("/v1/polls", JSON, text), 422, "2 of 3 polls are bad: number 2")
    assert.same({ 1, "timestamp_utc", 1, 2 }, { problem.index, problem.column, problem.errors[1].index, problem.errors[2].index })
    server.expect_problem(service:post("/v1/polls", NDJSON, poll "future" .. "\n" .. future), 422, "too far in the future")
    local csv = "store_id,status,timestamp_utc\nfuture,active,2024-05-01 10:00:00\nfuture,active,2204-05-01 10:00:00\n"
    problem = server.expect_problem(service:post("/v1/polls", CSV, csv), 422, "too far in the future")
    assert.equal(1, problem.index)
    problem = server.expect_problem(service:post("/v1/ingest/status", CSV, csv), 422, "body:3: timestamp_utc")
    assert.equal(3, problem.line)
    assert.same({}, polls_of "future")
    expect({ 3, 1, 0, 0, 2 }, "/v1/polls?max_rejects=2", JSON, text)
    -- What is written wrongly is told as such, whatever else is.
    expect_bad("/v1/polls", JSON, "[" .. poll("future", "maybe") .. "," .. future .. "]", "is not a status")
  end)

  it("takes any instant where the limit is none", function()
    local other_folder = files.make_folder()
    local other = server.start(other_folder, { arguments = { "--max-ahead", "none" }, workers = 1 })
    local response = other:post("/v1/polls", JSON, poll("future", "active", "9999-12-31 23:59:59.999999"))
    local csv = "store_id,status,timestamp_utc\nfuture,active,2204-05-01 10:00:00\n"
    local upload = other:post("/v1/ingest/status", CSV, csv)
    other:stop()
    files.remove_folder(other_folder)
    assert.same({ 1, 1 }, { response.json.new, upload.json.new })
  end)

  it("refuses what has a precondition before it does anything", function()
    local text = '{"store_id":"conditional","status":"active","timestamp_utc":"2024-05-01 10:00:00"}'
    server.expect_problem(service:post("/v1/polls", JSON, text, "-H", 'If-Match: "x"'), 412, "ETag")
    local date = "If-Unmodified-Since: Mon, 01 Jan 2024 00:00:00 GMT" -- there is none here, so that it means nothing
    assert.equal(1, service:post("/v1/polls", JSON, text, "-H", date).json.new)
    assert.equal(200, service:request("/healthz", "-H", "If-Match: *", "-H", date).status)
  end)

  it("takes NDJSON and CSV", function()
    expect({ 2, 2, 0, 0 }, "/v1/polls", NDJSON .. "; charset=utf-8", poll "nd 1" .. "\n\n" .. poll "nd 2")
    expect({ 2, 2, 0, 0 }, "/v1/polls", CSV, "timestamp_utc,store_id,status\n2024-05-01 10:00:00,c1,active\n"
      .. "2024-05-01 10:00:00,c2,inactive\n")
    assert.same({ "inactive,2024-05-01 10:00:00.000000 UTC" }, polls_of "c2")
    expect({ 1, 1, 0, 0 }, "/v1/polls", JSON, '{"store_id":"epoch","status":"Active","timestamp_utc":1714557600}')
    assert.same({ "active,2024-05-01 10:00:00.000000 UTC" }, polls_of "epoch")
  end)

  it("keeps ids byte for byte", function()
    expect({ 1, 1, 0, 0 }, "/v1/polls", JSON, poll [[ 19\u00e9\ud83d\ude00 \"\\/\n1234567890123456789 ]])
    local found = {}
    with_monitor(function(monitor)
      for store in monitor:stores() do
        found[store.store_id] = true
      end
    end)
    assert.is_true(found["19é😀 \"\\/\n1234567890123456789"])
  end)

  it("stores nothing when a poll is bad, and says which are", function()
    local text = "[" .. table.concat({ poll "bad", poll("bad", "maybe"), poll("bad", "active", "yesterday"), "7",
      '{"store_id":12,"status":"active"}', '{"status":"active"}', poll "" }, ",") .. "]"
    local problem = expect_bad("/v1/polls", JSON, text, '6 of 7 polls are bad: number 2: status: "maybe" is not a status')
    assert.same({ 1, 2, 3, 4, 5, 6 }, { problem.errors[1].index, problem.errors[2].index, problem.errors[3].index,
      problem.errors[4].index, problem.errors[5].index, problem.errors[6].index })
    assert.same({ index = 1, column = "status", value = "maybe", reason = "is not a status (active or inactive)" },
      problem.errors[1])
    assert.same({ index = 3, reason = "is not an object" }, problem.errors[3])
    assert.same({ index = 4, column = "store_id", value = "12", reason = "is not a string" }, problem.errors[4])
    assert.same({}, polls_of "bad")
    local response = expect({ 7, 1, 0, 0, 6 }, "/v1/polls?max_rejects=6", JSON, text)
    assert.equal(200, response.status)
    assert.equal(1, #polls_of "bad")
    expect_bad("/v1/polls?max_rejects=5", JSON, text, "6 of 7 polls are bad")
  end)

  it("says which lines are bad", function()
    local problem = expect_bad("/v1/polls", NDJSON, poll "nd" .. '\n{"store_id":\n' .. poll "nd", "1 of 3 polls are bad")
    assert.equal(1, problem.errors[1].index)
    problem = expect_bad("/v1/polls", CSV, "store_id,status,timestamp_utc\na,active,2024-05-01 10:00:00\nb,x,y\n")
    assert.same({ 1, "status", "x" }, { problem.errors[1].index, problem.errors[1].column, problem.errors[1].value })
    local response = service:post("/v1/polls?max_rejects=all", CSV, "store_id,status,timestamp_utc\n"
      .. ("\255,x,y\n"):rep(250))
    assert.same({ 250, 100, "x" }, { response.json.rejected, #response.json.errors, response.json.errors[1].value })
  end)

  it("refuses what is not JSON of polls", function()
    for _, text in ipairs { "", "x", "7", '"a"', "[", "[1", "[1,]", '{"a":1', '{"a" 1}', '{a:1}', poll "a" .. poll "a", "[] 1",
      '["\\ud800"]', '["\\x"]', "[" .. ("["):rep(100) .. ("]"):rep(100) .. "]", '["a\nb"]', "[01]", "[1.]", "[nul]" } do
      expect_bad("/v1/polls", JSON, text, "the body is not JSON of polls")
    end
    expect_bad("/v1/polls", CSV, "", "is empty")
    expect_bad("/v1/polls", CSV, "a,b\n1,2\n", "has no column store_id")
    expect_bad("/v1/polls", CSV, "\31\139\8\0 and so on", "body")
  end)

  it("refuses other types, parameters and methods", function()
    server.expect_problem(service:post("/v1/polls", "text/plain", poll "a"), 415)
    server.expect_problem(service:post("/v1/polls", "", poll "a"), 415)
    server.expect_problem(service:post("/v1/polls", JSON, poll "a", "-H", "Content-Encoding: gzip"), 415)
    for _, value in ipairs { "-1", "x", "1e3", "" } do
      assert.equal("max_rejects", expect_bad("/v1/polls?max_rejects=" .. value, JSON, poll "a").field)
    end
    assert.equal("max_reject", expect_bad("/v1/polls?max_reject=all", JSON, poll "a").field)
    assert.equal("as_of", expect_bad("/trigger_report?as_of=2024-01-01", JSON, "{}").field)
    local response = service:request("/v1/polls")
    server.expect_problem(response, 405)
    assert.equal("POST", response.headers.allow)
  end)

  it("refuses a body that is too long, of known length or in chunks", function()
    local path = folder .. "/long"
    assert.equal(0, shell.run("head -c 9000000 /dev/zero | tr '\\0' ' ' >" .. path).status)
    local response = service:request("/v1/polls", "-H", "Content-Type: " .. JSON, "--data-binary", "@" .. path)
    server.expect_problem(response, 413)
    response = service:request("/v1/polls", "-H", "Content-Type: " .. JSON, "-H", "Transfer-Encoding: chunked",
      "--data-binary", "@" .. path)
    server.expect_problem(response, 413)
  end)

  it("takes polls from many clients at once, and all are there when it answers", function()
    files.write(folder .. "/many", [[
for i in 1 2 3 4 5 6 7 8 9 10; do
  LD_PRELOAD= curl -s -o /dev/null -w '%{http_code}\n' -H 'Content-Type: application/json' "$1/v1/polls" \
    -d "{\"store_id\":\"many $2\",\"status\":\"active\",\"timestamp_utc\":\"2024-05-01 10:00:$((i + 10))\"}"
done]])
    local script = {}
    for client = 1, 8 do
      script[client] = ("sh %s/many %s %d & "):format(folder, service.url, client)
    end
    local result = shell.run(table.concat(script) .. "wait")
    assert.equal(("200\n"):rep(80), result.out)
    for client = 1, 8 do
      assert.equal(10, #polls_of("many " .. client))
    end
  end)

  it("waits for another process that writes", function()
    local monitor = assert(loom.open(folder .. "/db"))
    assert(monitor.database:begin())
    local pid = shell.run(service:curl("/v1/polls", "-H", "Content-Type: " .. JSON, "-d", poll "waits", "-o", folder .. "/waits")
      .. " >/dev/null 2>&1 & echo $!").out:match("%d+")
    -- The worker goes on answering meanwhile.
    assert.equal(404, service:request("/nothing").status)
    assert.equal(0, shell.run("kill -0 " .. pid).status)
    assert(monitor.database:commit())
    monitor:close()
    assert.is_true(shell.await_end(pid, 60))
    assert.matches('"new":1', files.read(folder .. "/waits"))
  end)
end)
