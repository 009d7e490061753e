-- The two endpoints of the service that Loom replaces, on a real server with two workers.

local await = require "support.await"
local cjson = require "cjson"

local core = require "loom.core"
local database = require "support.database"
local files = require "support.files"
local loom = require "loom"
local server = require "support.server"
local shell = require "support.shell"
local transaction = require "loom.transaction"

local unpack = table.unpack or unpack -- luacheck: compat

-- What is not an id.
local bad_ids = { "", "1", "..%2F..%2Fetc%2Fpasswd", "%27%20OR%201=1", "%FF%FE", "../db", ("a"):rep(5000) }

local UNKNOWN = "5f3c9a52-5b0e-4d70-9a51-0b9d3a2f7c11"

describe("reports over HTTP", function()
  local folder, service

  setup(function()
    folder = files.make_folder()
    database.make(folder .. "/db")
    service = server.start(folder)
  end)

  teardown(function()
    service:stop()
    files.remove_folder(folder)
  end)

  local function trigger(options)
    local response = options and service:post("/trigger_report", "application/json", options)
      or service:request("/trigger_report", "-X", "POST")
    assert.equal(200, response.status, response.body)
    assert.matches("^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$", response.json.report_id)
    return response.json.report_id
  end

  -- Asks until the report is no longer running.
  local function fetch(id, ...)
    local arguments = { ... }
    return await("the report", function()
      local response = service:request("/get_report?report_id=" .. id, unpack(arguments))
      if not (response.json and response.json.status == "Running") then
        return response
      end
      assert.same({ 200, '{"status":"Running"}', "Accept", "no-store" }, { response.status, response.body, response.headers.vary,
        response.headers["cache-control"] })
      local progress = tonumber(response.headers["loom-progress"])
      assert.is_true(progress >= 0 and progress <= 1)
    end)
  end

  it("are byte for byte those of loom report", function()
    local id = trigger()
    local response = fetch(id)
    assert.equal(200, response.status)
    assert.equal("text/csv", response.headers["content-type"])
    assert.equal(('attachment; filename="report_%s.csv"'):format(id), response.headers["content-disposition"])
    assert.equal("nosniff", response.headers["x-content-type-options"])
    assert.equal((shell.good("report", folder .. "/db")), response.body)
    assert.equal(response.body, service:request("/get_report/" .. id).body)
    assert.equal(response.body, service:request("/get_report/" .. id:upper()).body)
  end)

  it("take the options of the module as JSON", function()
    local id = trigger [[{ "preset": "monitoring", "max_gap": "90m", "slack": null, "stores": ["n*"],
      "windows": [{ "name": "night", "seconds": 28800, "unit": "minutes" }] }]]
    assert.equal((shell.good("report", folder .. "/db", "--preset", "monitoring", "--max-gap", "90m", "--stores", "n*",
      "--window", "night=8h:minutes")), fetch(id).body)
  end)

  it("come in other formats", function()
    local id = trigger()
    fetch(id)
    for format, content_type in pairs {
      json = "application/json", ndjson = "application/x-ndjson", markdown = "text/markdown; charset=utf-8",
      table = "text/plain; charset=utf-8", exact = "text/csv",
    } do
      local expected = shell.good("report", folder .. "/db", "--format", format)
      local response = service:request(("/get_report?report_id=%s&format=%s"):format(id, format))
      assert.equal(content_type, response.headers["content-type"])
      assert.equal(expected, response.body)
      assert.equal(tostring(#expected), response.headers["content-length"])
    end
    assert.matches("^<!DOCTYPE html>", service:request("/get_report/" .. id .. "?format=html").body)
    server.expect_problem(service:request("/get_report/" .. id .. "?format=xml"), 400, "format is not one of")
    server.expect_problem(service:request("/get_report/" .. id .. "?format=own.lua"), 400, "format is not one of")
    assert.equal((shell.good("report", folder .. "/db", "--flat")),
      service:request(("/get_report/%s?format=ndjson&flat=true"):format(id)).body)
    assert.equal((shell.good("report", folder .. "/db", "--format", "ndjson")),
      service:request(("/get_report/%s?format=ndjson&flat=false"):format(id)).body)
    server.expect_problem(service:request("/get_report/" .. id .. "?format=json&flat=true"), 400,
      "flat is for format=ndjson only")
    server.expect_problem(service:request("/get_report/" .. id .. "?flat=1"), 400, "flat is not true or false")
    for format, shown in pairs {
      csv = "attachment %s.csv", exact = "attachment %s.csv", json = "attachment %s.json", ndjson = "attachment %s.ndjson",
      markdown = "attachment %s.md", table = "attachment %s.txt", html = "inline %s.html",
    } do
      local kind, name = shown:match "^(%l+) (.*)$"
      assert.equal(('%s; filename="report_%s"'):format(kind, name:format(id)),
        service:request(("/get_report/%s?format=%s"):format(id, format)).headers["content-disposition"])
    end
  end)

  it("have a name and a kind, are not kept by others, and differ by what is accepted", function()
    local id = trigger()
    fetch(id)
    local extensions = { csv = "csv", exact = "csv", html = "html", json = "json", markdown = "md", ndjson = "ndjson",
      table = "txt" }
    for format, extension in pairs(extensions) do
      local headers = service:request(("/get_report/%s?format=%s"):format(id, format)).headers
      assert.equal(('%s; filename="report_%s.%s"'):format(format == "html" and "inline" or "attachment", id, extension),
        headers["content-disposition"])
      assert.matches("Accept", headers.vary, 1, true)
      assert.equal("private, no-cache", headers["cache-control"])
    end
  end)

  it("have in every format what their options ask for, as those of the command have", function()
    for _, name in ipairs { "night", "1481966498820158979" } do
      shell.good("attributes", "set", folder .. "/db", name, "region=" .. name:sub(1, 1), "goal=0.25")
    end
    for options, arguments in pairs {
      ['{"slo":0.95}'] = { "--slo", "0.95" },
      ['{"slo":{"target":0.123456789012345,"attribute":"goal"}}'] = { "--slo", "0.123456789012345", "--slo-attribute", "goal" },
      ['{"group_by":"region"}'] = { "--group-by", "region" },
      ['{"group_by":"region","slo":0.5,"where":{"region":["n","1"]}}'] = { "--group-by", "region", "--slo", "0.5", "--where",
        "region=n", "--where", "region=1" },
    } do
      local id = trigger(options)
      fetch(id)
      for format, kind in pairs {
        csv = "text/csv", exact = "text/csv", json = "application/json", ndjson = "application/x-ndjson",
        markdown = "text/markdown", table = "text/plain" } do
        local response = service:request(("/get_report/%s?format=%s"):format(id, format))
        assert.matches(kind, response.headers["content-type"], 1, true)
        assert.equal((shell.good("report", folder .. "/db", "--format", format, unpack(arguments))), response.body)
      end
      assert.equal(service:request("/get_report/" .. id .. "?format=csv").body, service:request("/get_report/" .. id).body)
    end
    local id = trigger '{"strips":true,"slo":0.5}'
    fetch(id)
    assert.equal((shell.good("report", folder .. "/db", "--format", "html", "--slo", "0.5")),
      service:request("/get_report/" .. id .. "?format=html").body)
  end)

  it("come in the format that the client accepts, which is CSV where that is one", function()
    local id = trigger()
    fetch(id)
    for header, expected in pairs {
      ["text/html;q=0.1, text/csv"] = "text/csv", ["text/html;q=0, text/csv"] = "text/csv",
      ["application/json;q=0.5, text/csv;q=0.9"] = "text/csv", ["Text/CSV, text/html"] = "text/csv",
      ["application/json, text/plain, */*"] = "text/csv", -- axios
      ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"] = "text/csv", -- a link in a browser
      ["text/html, text/*;q=0.001"] = "text/csv", ["nonsense"] = "text/csv",
      ["application/json"] = "application/json", ["APPLICATION/JSON;q=0.2, text/html;q=0.1"] = "application/json",
      ["text/x, application/json;q=0.9"] = "application/json", ["*/*;q=0.9, text/csv;q=0"] = "application/json",
      ["text/html, application/json"] = "application/json", ["text/html, application/json;q=0.9"] = "text/html; charset=utf-8",
      ["application/x-ndjson"] = "application/x-ndjson", ["text/plain"] = "text/plain; charset=utf-8",
      ["text/*, text/csv;q=0"] = "text/html; charset=utf-8", ["text/markdown;q=0.1"] = "text/markdown; charset=utf-8",
    } do
      local response = service:request("/get_report/" .. id, "-H", "Accept: " .. header)
      assert.same({ 200, expected }, { response.status, response.headers["content-type"] }, header)
    end
    assert.equal("application/json", service:request("/get_report/" .. id, "-H", "Accept: text/csv;q=0", "-H",
      "Accept: application/json").headers["content-type"]) -- two lines are one list
    for _, header in ipairs { "image/png", "text/csv;q=0", "*/*;q=0" } do
      local response = service:request("/get_report/" .. id, "-H", "Accept: " .. header)
      server.expect_problem(response, 406, "text/csv")
      assert.equal("Accept", response.headers.vary)
      assert.equal("text/csv", service:request("/get_report/" .. id .. "?format=csv", "-H", "Accept: " .. header)
        .headers["content-type"])
    end
  end)

  it("are found by ids in any case, with or without dashes, and by paths with slashes too many", function()
    local id = service:request("//trigger_report/", "-X", "POST").json.report_id
    local whole = fetch(id).body
    local bare = id:gsub("%-", "")
    for _, path in ipairs { "/get_report?report_id=" .. bare, "/get_report/" .. bare:upper(), "//get_report?report_id=" .. id,
      "/get_report/?report_id=" .. id, "///get_report//" .. id .. "//", "/get_report/" .. id .. "/?format=csv" } do
      assert.equal(whole, service:request(path).body, path)
    end
    assert.equal(id, service:request("/v1/reports/" .. bare).json.report_id)
    assert.equal(200, service:request("//v1/reports").status)
    for _, path in ipairs { "/v1//reports", "/v1/stores/", "/v1/stores//hours", "/get_report/" .. id .. "/x" } do
      server.expect_problem(service:request(path), 404)
    end
    for _, wrong in ipairs { bare .. "0", bare:sub(2), "{" .. id .. "}", id:gsub("%-", "", 1), bare:gsub("^.", "g") } do
      server.expect_problem(service:request("/get_report/" .. wrong, "--globoff"), 400, "report_id is not a UUID")
      server.expect_problem(service:request("/v1/reports/" .. wrong, "--globoff"), 400)
    end
    assert.equal(204, service:request("/v1/reports/" .. bare, "-X", "DELETE").status)
    for _, path in ipairs { "/get_report/" .. bare, "//get_report/" .. id } do
      local gone = service:request(path)
      assert.same({ 404, '{"status":"NotFound"}' }, { gone.status, gone.body })
    end
  end)

  it("are told of at the root", function()
    local about = service:request "/"
    assert.same({ 200, "Loom", core.version }, { about.status, about.json.name, about.json.version })
    for name, path in pairs(about.json) do
      if path:find "^/" then
        assert.equal(200, service:request(path).status, name)
      end
    end
  end)

  it("have windows on the calendar, and those before, in every format", function()
    local id = trigger [[{"windows":["today",{"name":"w","from":"2024-02-26","to":"2024-03-01"}],"compare":true,
      "as_of":"2024-03-05","strips":true}]]
    fetch(id)
    for _, format in ipairs { "csv", "exact", "html", "json", "markdown", "ndjson", "table" } do
      assert.equal((shell.good("report", folder .. "/db", "--window", "today", "--window", "w=2024-02-26/2024-03-01", "--compare",
        "--as-of", "2024-03-05", "--format", format)), service:request("/get_report/" .. id .. "?format=" .. format).body)
    end
  end)

  it("are seen from the instant at which they are asked for", function()
    local id = trigger '{"as_of":"now"}'
    local options = service:request("/v1/reports/" .. id).json.options
    local as_of = loom.parse_timestamp(options.as_of)
    assert.is_true(as_of > os.time() - 60 and as_of <= os.time() + 1)
    assert.equal(200, fetch(id).status)
  end)

  it("are sent as files are", function()
    local id = trigger()
    local whole = fetch(id)
    local path = "/get_report/" .. id
    assert.equal(304, service:request(path, "-H", "If-None-Match: " .. whole.headers.etag).status)
    local part = service:request(path, "-H", "Range: bytes=0-7")
    assert.same({ 206, "store_id" }, { part.status, part.body })
    server.expect_problem(service:request(path, "-H", "Range: bytes=9999999-"), 416)
    server.expect_problem(service:request(path, "-H", 'If-Match: "x"'), 412)
    assert.equal(200, service:request(path, "-H", "If-Match: " .. whole.headers.etag).status)
    local head = service:request(path, "-I")
    assert.same({ 200, tostring(#whole.body) }, { head.status, head.headers["content-length"] })
    assert.equal("gzip", service:request(path, "-H", "Accept-Encoding: gzip").headers["content-encoding"])
  end)

  it("that are not there", function()
    for _, path in ipairs { "/get_report?report_id=" .. UNKNOWN, "/get_report/" .. UNKNOWN } do
      local response = service:request(path)
      assert.equal(404, response.status)
      assert.same({ status = "NotFound" }, response.json)
    end
  end)

  it("refuse ids that are none, among them paths", function()
    bad_ids[#bad_ids + 1] = UNKNOWN .. "0"
    bad_ids[#bad_ids + 1] = UNKNOWN:gsub("%-4", "-1")
    for _, id in ipairs(bad_ids) do
      server.expect_problem(service:request("/get_report?report_id=" .. id), 400, "report_id is not a UUID")
    end
    server.expect_problem(service:request "/get_report", 400, "the parameter report_id is missing")
    server.expect_problem(service:request("/get_report?report_id=a&report_id=b"), 400, "more than once")
    for _, path in ipairs { "/get_report/..%2F..%2Fdb", "/get_report/%2e%2e/db", "/loom-report/" .. UNKNOWN .. ".csv", "/db",
      "//loom-report/" .. UNKNOWN .. ".csv", "/loom%2Dreport/" .. UNKNOWN .. ".csv", "/loom-problem", "/get_report/a/b" } do
      local response = service:request(path, "--path-as-is")
      server.expect_problem(response, response.status == 400 and 400 or 404)
    end
  end)

  it("refuse options that are none", function()
    for body, detail in pairs {
      ['{"stores":"\255"}'] = "not UTF-8", ['{"stores":"\237\160\128"}'] = "not UTF-8", ['{"slo":NaN}'] = "not a JSON object",
      ['{"preset":"loom","pre\\u0073et":"seed"}'] = "preset: is there more than once",
      ['{"windows":[{"name":"a\\\\","name" : "b","seconds":60}]}'] = "name: is there more than once",
      ['{"as_of":5.}'] = "a number is not written", ['{"as_of":-.5}'] = "a number is not written",
      ['{"where":{"a":[1.e5]}}'] = "a number is not written", ['{"where":{"a":1e400}}'] = "table of attributes",
      ['{"where":{"a":12345678901234567890}}'] = "table of attributes", ['{"where":{"":"x"}}'] = "table of attributes",
      ['{"slo":0x1}'] = "not a JSON object", ['{"stores":["a",null,"b"]}'] = "stores[1]: text expected",
      ['{"windows":[{"name":"a","seconds":60},null]}'] = "windows[1]: an object or text expected",
      ["{"] = "not a JSON object", ["[]"] = "not a JSON object", ["1"] = "not a JSON object", ['"x"'] = "not a JSON object",
      ['{"preset":"best"}'] = "one of loom, seed, monitoring expected, got \"best\"",
      ['{"presets":"loom"}'] = "presets: there is no such field",
      ['{"windows":[{"name":"a b","seconds":1}]}'] = "windows whose name is", ['{"windows":[]}'] = "list of 1 to 64 windows",
      ['{"windows":{}}'] = "windows: a list expected",
      ['{"as_of":"soon"}'] = "timestamp", ['{"hours":"09:00"}'] = "hours",
      ['{"progress":true}'] = "progress", ['{"stores":[1]}'] = "stores[0]: text expected", ['{"slack":"1d"}'] = "less than a day",
    } do
      server.expect_problem(service:post("/trigger_report", "application/json", body), 400, detail)
    end
    assert.equal(200, service:request("/v1/reports").status)
    trigger '{"where":{"5.":["\\".x","-."]},"stores":"x.y"}'
    trigger '{"where":{"preset":["\\"{","x:"],"a\\"":"}"},"preset":"loom","slo":{"targets":{"a":1,"b":1},"attribute":"a"}}'
    local problem = server.expect_problem(service:post("/trigger_report", "application/json", '{"fill":1}'), 400)
    assert.equal("fill", problem.field)
    server.expect_problem(service:post("/trigger_report", "application/json", ("[" ):rep(10000)), 400)
  end)

  it("know the options that the document of the API names", function()
    local document = service:request("/openapi.json").json
    local properties, count = document.components.schemas.ReportOptions.properties, 0
    for name in pairs(properties) do
      local response = service:post("/trigger_report", "application/json", cjson.encode { [name] = { { { "no" } } } })
      assert.equal(400, response.status, name)
      assert.equal(name, response.json.field)
      assert.not_matches("no such", response.json.detail)
      count = count + 1
    end
    assert.is_true(count > 15)
  end)

  it("do not choose how many threads there are", function()
    local problem = server.expect_problem(service:post("/trigger_report", "application/json", '{"threads":1}'), 400,
      "threads: there is no such field")
    assert.equal("threads", problem.field)
  end)

  it("refuse options that cannot work at once", function()
    for body, field in pairs {
      ['{"default_zone":"Mars/Olympus"}'] = "default_zone", ['{"default_zone":"../UTC"}'] = "default_zone",
      ['{"windows":[{"name":"w","from":"2024-01-02 00:00:00","to":"2024-01-01 00:00:00"}]}'] = "windows",
      ['{"windows":[{"name":"w","from":"2024-01-02 00:00:00","to":"2024-01-02T00:00:00"}]}'] = "windows",
      ['{"windows":[{"name":"w","from":"1900-01-01 00:00:00","to":"2024-01-01 00:00:00"}]}'] = "windows",
      ['{"windows":[{"name":"w","seconds":"40000d"}]}'] = "windows", ['{"windows":[{"name":"w","seconds":0}]}'] = "windows",
      ['{"as_of":"0001-01-01 00:00:00"}'] = "windows", ['{"strips":{"window":"last_year"}}'] = "strips",
    } do
      local problem = server.expect_problem(service:post("/trigger_report", "application/json", body), 422)
      assert.equal(field, problem.field, body)
    end
  end)

  it("refuse options that are very long", function()
    server.expect_problem(service:post("/trigger_report", "application/json",
      ('{"stores":["%s"]}'):format(("x"):rep(65536))), 413, "longer than 65536 bytes")
  end)

  it("that fail say why", function()
    local monitor = assert(loom.open(folder .. "/db")) -- options that no service has taken
    assert(transaction.run(monitor.database, function(execute)
      return execute("INSERT INTO report(report_id, options, state, created) VALUES(?, ?, 'queued', 0)",
        (UNKNOWN:gsub("11$", "12")), '{"default_zone":"Mars/Olympus"}')
    end, true))
    monitor:close()
    local response = fetch((UNKNOWN:gsub("11$", "12")))
    assert.equal(500, response.status)
    assert.same({ status = "Failed", error = 'default zone: "Mars/Olympus" is not a zone of the tz database' }, response.json)
  end)

  it("allow no other methods and paths", function()
    for path, allow in pairs { ["/trigger_report"] = "POST", ["/get_report"] = "GET, HEAD" } do
      local response = service:request(path, "-X", "DELETE")
      server.expect_problem(response, 405)
      assert.equal(allow, response.headers.allow)
    end
    server.expect_problem(service:request "/trigger_report/x", 404)
  end)

  it("are all made when many ask at once", function()
    local script, presets = {}, { "loom", "seed", "monitoring" }
    for i = 1, 20 do
      script[i] = service:curl("/trigger_report", "-o", ("%s/t%d"):format(folder, i), "-d",
        ('{"preset":"%s","windows":[{"name":"w%d","seconds":%d}]}'):format(presets[i % 3 + 1], i, i * 60)) .. " &"
    end
    assert.equal(0, shell.run(table.concat(script, "\n") .. "\nwait").status)
    local seen = {}
    for i = 1, 20 do
      local id = files.read(("%s/t%d"):format(folder, i)):match '"report_id":"([%x-]+)"'
      assert.is_nil(seen[id])
      seen[id] = true
      assert.matches(("^store_id,uptime_w%d,downtime_w%d\n"):format(i, i), fetch(id).body)
      os.remove(("%s/t%d"):format(folder, i))
    end
  end)

  it("survive the death of every worker", function()
    local ids = {}
    for i = 1, 4 do
      ids[i] = trigger(('{"windows":[{"name":"long%d","seconds":%d}]}'):format(i, 86400 * 36000 + i))
    end
    for _, pid in ipairs(service:workers()) do
      shell.run("kill -9 " .. pid)
    end
    for i, id in ipairs(ids) do
      assert.matches("^store_id,uptime_long" .. i, fetch(id).body)
    end
    for _, name in ipairs(files.list(folder .. "/db-reports")) do
      assert.is_nil(name:find("part", 1, true))
    end
  end)
end)

describe("reports over HTTP, on a service of their own,", function()
  local folder

  files.folder_for_each(function(made)
    folder = made
    database.make(folder .. "/db")
  end)

  -- Calls check(service) with a service that is stopped at the end, whatever comes.
  local function with_service(options, check)
    local service = server.start(folder, options)
    local good, err = pcall(check, service)
    local log = service:stop()
    if not good then
      error(err, 0)
    end
    return log
  end

  it("that are too many must wait", function()
    with_service({ arguments = { "--queued", "0" } }, function(service)
      local response = service:request("/trigger_report", "-X", "POST")
      server.expect_problem(response, 503, "reports are waiting already")
      assert.equal("1", response.headers["retry-after"])
      assert.equal(503, service:request("/readyz").status)
    end)
  end)

  it("outlive the service", function()
    local id
    with_service(nil, function(service)
      id = service:request("/trigger_report", "-X", "POST").json.report_id
      local pids = service:workers()
      pids[#pids + 1] = tonumber(shell.run(shell.ps .. " -o ppid= -p " .. pids[1]).out)
      shell.run(("kill -9 %d %s"):format(service.pid, table.concat(pids, " "))) -- some of them may go with the first
    end)
    with_service({ workers = 8 }, function(service) -- of which one recovers the log that was left, and the others wait
      local response
      repeat
        response = service:request("/get_report/" .. id)
        assert.is_true(response.status == 200, response.body)
      until not response.json
      assert.equal((shell.good("report", folder .. "/db")), response.body)
    end)
  end)

  it("survive one SIGHUP after the other while polls are written", function()
    with_service({ arguments = { "--running", "4" } }, function(service)
      local polls = {}
      for i = 1, 100 do
        polls[i] = ("%s %s"):format(service:curl("/v1/polls", "-o", "/dev/null", "--retry", "3", "--json",
          ('{"store_id":"store %d","status":"active"}'):format(i)), i % 8 == 0 and "; wait" or "&")
      end
      local writing = tonumber(shell.run("{ " .. table.concat(polls, "\n") .. "\nwait; } >/dev/null 2>&1 & echo $!").out)
      local ids = {}
      for i = 1, 6 do
        for j = 1, 2 do
          local body = ('{"windows":[{"name":"long%d_%d","seconds":%d}]}'):format(i, j, 86400 * 20000 + i)
          local response = service:post("/trigger_report", "application/json", body, "--retry", "3")
          assert.equal(200, response.status, response.body)
          ids[#ids + 1] = response.json.report_id
        end
        shell.run("kill -HUP " .. service.pid)
      end
      for _, id in ipairs(ids) do
        local response = await("the report", function()
          local answer = service:request("/get_report/" .. id, "--retry", "3")
          return not (answer.json and answer.json.status == "Running") and answer
        end)
        assert.equal(200, response.status, response.body)
        assert.matches("^store_id,uptime_long", response.body)
      end
      shell.run("kill " .. writing)
    end)
  end)

  it("have limits of their size, which hold for whatever computes one", function()
    with_service({ arguments = { "--store-days", "1000", "--report-time", "30s", "--report-log", "1m" } }, function(service)
      local large = '{"windows":[{"name":"w","seconds":"1000d"}]}'
      local problem = server.expect_problem(service:post("/trigger_report", "application/json", large), 422,
        "windows: 1000 days of ")
      assert.equal("windows", problem.field)
      for _, path in ipairs { "/v1/stores?windows=w:1000d", "/v1/summary?windows=w:1000d",
        "/v1/stores/night?windows=w:36524d,v:30d" } do
        server.expect_problem(service:request(path), 422, "windows: ")
      end
      for _, path in ipairs { "/v1/now?as_of=9999-12-31", "/v1/stores?as_of=9999-12-31%2023:59:59" } do -- unknown since when?
        server.expect_problem(service:request(path), 422, "as_of: ")
      end
      assert.equal(200, service:request("/v1/now?as_of=0001-01-01").status)
      for _, stores in ipairs { '["night"]', '{"ids":["night"]}', '"night"' } do -- a thousand days of one store are few enough
        local response = service:post("/trigger_report", "application/json",
          ('{"stores":%s,"windows":[{"name":"w","seconds":"1000d"}]}'):format(stores))
        assert.equal(200, response.status, response.body)
      end
      server.expect_problem(service:post("/trigger_report", "application/json", (large:gsub("{", '{"stores":["n*"],', 1))), 422)
      assert.equal(200, service:request("/trigger_report", "-X", "POST").status)
      assert.equal(200, service:request("/v1/stores?windows=w:30d").status)
    end)
  end)

  it("are not computed any further for lists that nobody waits for", function()
    with_service({ workers = 1, arguments = { "--store-days", "100000000000" } }, function(service)
      local many = {}
      for i = 1, 500 do
        many[i] = ("store %d,active,2024-03-04 12:00:00\n"):format(i)
      end
      assert.equal(200, service:post("/v1/polls", "text/csv", "store_id,status,timestamp_utc\n" .. table.concat(many)).status)
      for i = 1, 2 do -- as many as are computed at a time, of half a minute each; their clients do not wait
        local windows = {}
        for j = 1, 8 do
          windows[j] = ("w%d:%dd"):format(j, 36000 + i)
        end
        local result = shell.run(service:curl("/v1/stores?windows=" .. table.concat(windows, ","), "--max-time", "0.3"))
        assert.equal(28, result.status, result.out) -- curl's own: no answer in time
      end
      local response = await("a free place", function()
        local answer = service:request "/v1/stores?windows=w:30d"
        return answer.status ~= 503 and answer
      end)
      assert.equal(200, response.status, response.body)
    end)
  end)

  it("that are removed while they wait or run are cancelled, and do not come back", function()
    local ids = {}
    local options = { arguments = { "--running", "1", "--store-days", "100000000000" } }
    with_service(options, function(service)
      for i = 1, 3 do
        local windows = {}
        for j = 1, 64 do
          windows[j] = ('{"name":"w%d","seconds":%d}'):format(j, 86400 * 36000 + i)
        end
        ids[i] = service:post("/trigger_report", "application/json",
          '{"all_stores":true,"windows":[' .. table.concat(windows, ",") .. "]}").json.report_id
      end
      for _, id in ipairs(ids) do
        assert.equal(204, service:request("/v1/reports/" .. id, "-X", "DELETE").status)
        assert.equal(404, service:request("/v1/reports/" .. id).status)
      end
      local last = service:request("/trigger_report", "-X", "POST").json.report_id
      await("the last report", function() -- the one that ran gives its place away
        return service:request("/get_report/" .. last).headers["content-type"] == "text/csv"
      end)
    end)
    with_service(options, function(service)
      assert.equal(1, #service:request("/v1/reports").json.reports)
      for _, id in ipairs(ids) do
        assert.equal(404, service:request("/get_report/" .. id).status)
      end
    end)
  end)

  it("tell of a database that cannot be read", function()
    with_service(nil, function(service)
      if shell.sqlite(folder .. "/db", "DROP TABLE report") then
        for _, path in ipairs { "/get_report/" .. UNKNOWN, "/v1/reports", "/v1/reports/" .. UNKNOWN } do
          local problem = server.expect_problem(service:request(path), 500)
          assert.equal("Internal Server Error", problem.detail)
        end
        assert.matches("no such table: report", files.read(folder .. "/server.log"), 1, true)
        assert.matches("loom_http_requests_total", service:request("/metrics").body, 1, true) -- all that there still is
      end
    end)
  end)

  it("whose table is gone are a failure inside, of which clients learn nothing", function()
    local dropped
    local log = with_service({ workers = 1 }, function(service)
      dropped = shell.sqlite(folder .. "/db", "DROP TABLE report")
      if not dropped then
        return
      end
      for _, path in ipairs { "/get_report/" .. UNKNOWN, "/v1/reports/" .. UNKNOWN, "/v1/reports" } do
        local problem = server.expect_problem(service:request(path), 500)
        assert.equal("Internal Server Error", problem.detail)
      end
    end)
    assert.is_true(not dropped or log:find("no such table: report", 1, true) ~= nil)
  end)

  -- A report of stores, one of groups, in all formats of CSV: as the command writes them with these arguments.
  local function expect_csv(service, ids, ...)
    for more, id in pairs(ids) do
      for _, format in ipairs { "csv", "exact" } do
        local response = await("the report", function()
          local answer = service:request(("/get_report/%s?format=%s"):format(id, format))
          return answer.body ~= '{"status":"Running"}' and answer
        end)
        assert.equal(shell.good("report", folder .. "/db", "--format", format, more, ...), response.body)
      end
    end
  end

  it("are not run by spreadsheets, but where that is asked for, also when another service has made them", function()
    local function trigger_both(service)
      return { ["--all-stores"] = service:post("/trigger_report", "application/json", '{"all_stores":true}').json.report_id,
        ["--group-by=brand"] = service:post("/trigger_report", "application/json", '{"group_by":"brand"}').json.report_id }
    end
    local first
    with_service({ arguments = { "--csv-formulas", "escape" } }, function(service)
      assert.equal(200, service:post("/v1/polls", "text/csv", "store_id,status,timestamp_utc\n"
        .. "=1+1,active,2023-01-24 12:00:00\n'=1+1,active,2023-01-24 12:00:00\n").status)
      shell.good("attributes", "set", folder .. "/db", "=1+1", "brand=@SUM(1)")
      first = trigger_both(service)
      expect_csv(service, first, "--neutralise-formulas")
      local json = service:request("/get_report/" .. first["--all-stores"] .. "?format=ndjson").body
      assert.matches('"store_id":"=1+1"', json, 1, true)
    end)
    with_service({ arguments = { "--csv-formulas", "raw" } }, function(service)
      expect_csv(service, first)
      expect_csv(service, trigger_both(service))
    end)
    with_service(nil, function(service)
      expect_csv(service, first, "--neutralise-formulas")
    end)
    local csv = shell.good("report", folder .. "/db", "--neutralise-formulas")
    assert.matches("\n''=1+1,", csv, 1, true)
    assert.matches("\n'=1+1,", csv, 1, true)
  end)

  it("of two databases are not in one folder, nor those of one in two", function()
    local function serve(name, reports)
      return shell.run(shell.line("serve", folder .. "/" .. name, "--reports", folder .. "/" .. reports, "--listen",
        "127.0.0.1:" .. server.free_port()))
    end
    with_service(nil, function(service)
      database.make(folder .. "/other")
      shell.expect_failure(serve("other", "db-reports"), 1)
      assert.matches("has the reports of another database", serve("other", "db-reports").err, 1, true)
      assert.matches("its reports are in " .. folder .. "/db-reports", serve("db", "more").err, 1, true)
      assert.equal(200, service:request("/readyz").status)
    end)
    with_service(nil, function() end) -- its own folder, as before
  end)

  it("meet a full disk", function()
    local options = { before = "trap '' XFSZ; ulimit -f 900;", arguments = { "--reports", folder .. "/reports" } }
    with_service(options, function(service)
      local windows = {}
      for i = 1, 64 do
        windows[i] = ('{"name":"%s%d","seconds":604800}'):format(("w"):rep(60), i)
      end
      local many = {}
      for i = 1, 500 do
        many[i] = ("store %d,active,2024-03-04 12:00:00\n"):format(i)
      end
      assert.equal(200, service:post("/v1/polls", "text/csv", "store_id,status,timestamp_utc\n" .. table.concat(many)).status)
      local id = service:post("/trigger_report", "application/json", '{"windows":[' .. table.concat(windows, ",") .. "]}")
        .json.report_id
      local path = "/v1/reports/" .. id
      local response = await("an error", function()
        local answer = service:request(path)
        return answer.json.error ~= cjson.null and answer
      end)
      assert.equal("File too large", response.json.error) -- and not where
      assert.equal("queued", response.json.status) -- until there is room
      assert.equal("Running", service:request("/get_report/" .. id).json.status)
      assert.same({ ".loom-database" }, files.list(folder .. "/reports"))
      local log = files.read(folder .. "/server.log")
      assert.matches("report " .. id .. " is tried again later: EFULL: " .. folder .. "/reports/", log, 1, true)
      assert.equal(204, service:request(path, "-X", "DELETE").status)
    end)
  end)
end)
