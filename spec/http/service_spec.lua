-- Health, metrics, events and badges, on a real server.

local await = require "support.await"
local cjson = require "cjson"
local lfs = require "lfs"

local database = require "support.database"
local files = require "support.files"
local server = require "support.server"
local shell = require "support.shell"

require "loom.http"
local router = require "loom.http.router"

describe("the service", function()
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

  local function until_there(what, look)
    return await(what, look, function()
      return files.read(folder .. "/server.log")
    end)
  end

  it("tells that it lives, and is ready", function()
    for _, path in ipairs { "/healthz", "/readyz" } do
      local response = service:request(path)
      assert.same({ 200, { status = "ok" } }, { response.status, response.json })
    end
  end)

  it("gives metrics that Prometheus takes", function()
    service:request "/healthz"
    service:request "/nothing/here"
    assert.equal(200, service:post("/v1/polls", "application/json", '{"store_id":"metric","status":"active"}').status)
    local response = until_there("the count", function() -- of whichever workers they were
      local metrics = service:request "/metrics"
      return metrics.body:find('loom_http_requests_total{route="/healthz",method="GET",status="200"} [1-9]')
        and metrics.body:find('loom_http_requests_total{route="none",method="other",status="404"} [1-9]')
        and metrics.body:find('loom_http_request_duration_seconds_bucket{route="/healthz",method="GET",le="%+Inf"} [1-9]')
        and metrics.body:find('loom_polls_received_total{[^}]*} [1-9]') and metrics
    end)
    assert.equal("text/plain; version=0.0.4; charset=utf-8", response.headers["content-type"])
    local path = files.write(folder .. "/metrics", response.body)
    local checked = shell.run("promtool check metrics <" .. path)
    os.remove(path)
    assert.same({ 0, "" }, { checked.status, checked.err })
    assert.matches("\nloom_stores_known [1-9]", response.body)
    assert.matches('loom_reports{state="queued"} 0', response.body, 1, true)
    assert.matches("\nloom_newest_poll_age_seconds %-?[%d.]+\n", response.body)
  end)

  it("gives the fleet's up time, and that of stores by a pattern", function()
    local samples = {}
    local function read(query)
      local response = service:request("/metrics" .. query)
      assert.equal(200, response.status, response.body)
      local path = files.write(folder .. "/metrics", response.body)
      local checked = shell.run("promtool check metrics <" .. path)
      os.remove(path)
      assert.same({ 0, "" }, { checked.status, checked.err })
      samples = {}
      for name, labels, value in response.body:gmatch "(loom_%l*_?uptime_ratio){(.-)} ([%d.]+)\n" do
        samples[#samples + 1] = { name = name, labels = labels, value = tonumber(value) }
      end
    end
    local listed = cjson.decode(service:request("/v1/stores?limit=1000").body)
    local summary = service:request("/v1/summary").json
    read ""
    assert.is_true(#samples > 0)
    for _, sample in ipairs(samples) do
      assert.equal("loom_uptime_ratio", sample.name)
      local figures = summary.figures[sample.labels:match '^window="(.*)"$'].totals
      assert.is_true(math.abs(figures.ratio - sample.value) < 1e-6)
    end
    read "?store_id=*"
    local by_store = {}
    for _, sample in ipairs(samples) do
      if sample.name == "loom_store_uptime_ratio" then
        by_store[sample.labels] = sample.value
      end
    end
    assert.is_truthy(next(by_store))
    for _, store in ipairs(listed.stores) do
      local id = store.store_id:gsub('["\\]', "\\%0")
      for _, window in ipairs(listed.windows) do
        local labels = ('store_id="%s",window="%s"'):format(id, window.name)
        local ratio = tonumber(store.windows[window.name].ratio)
        assert.equal(ratio == nil, by_store[labels] == nil)
        assert.is_true(not ratio or math.abs(ratio - by_store[labels]) < 1e-6)
        by_store[labels] = nil
      end
    end
    assert.same({}, by_store)
    read "?store_id=none-of-them"
    assert.is_nil(next(by_store))
    server.expect_problem(service:request "/metrics?store_id=", 400, "store_id")
    server.expect_problem(service:request "/metrics?stores=all", 400, "stores")
  end)

  it("tells stores apart whose ids are no UTF-8", function()
    local polls = { "store_id,status,timestamp_utc" }
    for _, id in ipairs { "odd\255", "odd\254", "odd%FF", "odd\195\169" } do
      polls[#polls + 1] = id .. ",active,2023-01-25 01:00:00"
      polls[#polls + 1] = id .. ",active,2023-01-25 02:00:00"
    end
    assert.equal(200, service:post("/v1/polls", "text/csv", table.concat(polls, "\n") .. "\n").status)
    local found = {}
    for id in service:request("/metrics?store_id=odd*").body:gmatch 'loom_store_uptime_ratio{store_id="(.-)"' do
      found[id] = (found[id] or 0) + 1
    end
    local windows = found["odd\195\169"]
    assert.same({ ["odd%FF"] = windows, ["odd%FE"] = windows, ["odd%25FF"] = windows, ["odd\195\169"] = windows }, found)
  end)

  -- Listens to the stream, calls act(), and waits until the stream has shown as many events as asked for; that something was
  -- written is told beside whatever it was.
  local function listen(count, act, ...)
    local path = folder .. "/events"
    local pid = tonumber(shell.run(service:curl("/v1/events", "-N", ...) .. (" >%s 2>&1 & echo $!"):format(path)).out)
    local good, text = pcall(function()
      until_there("the stream", function() return files.exists(path) and files.read(path):find("welcome", 1, true) end)
      act()
      return until_there("the event", function()
        local seen = files.read(path)
        local others = select(2, seen:gsub("\nevent: revision", "")) + select(2, seen:gsub("\nevent: welcome", ""))
        return select(2, seen:gsub("\nevent: ", "")) - others >= count and seen
      end)
    end)
    shell.run("kill " .. pid)
    os.remove(path)
    assert.is_true(good, text)
    local events = {}
    for id, kind, data in text:gmatch("id: (%d+)\nevent: (%l+)\ndata: ([^\n]*)\n\n") do
      events[#events + 1] = kind ~= "revision" and { id = tonumber(id), kind = kind, data = cjson.decode(data) } or nil
    end
    return events
  end

  it("tells as it happens what happens, whichever worker it is in", function()
    local ids = {}
    local events = listen(3, function()
      for i = 1, 3 do
        ids[i] = service:post("/trigger_report", "application/json", ('{"windows":[{"name":"w%d","seconds":60}]}'):format(i))
          .json.report_id
      end
    end)
    local finished = {}
    for _, event in ipairs(events) do
      assert.same({ "report", "Complete" }, { event.kind, event.data.status })
      finished[event.data.report_id] = true
    end
    for _, id in ipairs(ids) do
      assert.is_true(finished[id])
    end
    -- Who comes back later is told what was missed.
    local missed = listen(2, function() end, "-H", "Last-Event-ID: " .. events[1].id)
    assert.equal(events[2].id, missed[1].id)
    assert.equal(events[1].id, listen(3, function() end, "-H", "Last-Event-ID: 5")[1].id) -- of a service before this one
    assert.equal(events[1].id, listen(3, function() end, "-H", "Last-Event-ID: 999999999999999")[1].id) -- and of a later clock
  end)

  it("begins with the revision that there is, which answers tell, too", function()
    until_there("the welcome", function() -- a busy machine may not have it within a second
      local told = shell.run(service:curl("/v1/events", "-N", "-m", "1")).out
      return told:find '^: welcome\nretry: 2000\n\nevent: welcome\ndata: {"revision":%d+}\n\n'
    end)
    local now = service:request "/v1/now"
    assert.equal(200, now.status)
    assert.matches("^%d+$", now.headers["loom-revision"])
    assert.is_true(tonumber(now.headers["loom-revision"]) <= tonumber(service:request("/v1/now").headers["loom-revision"]))
  end)

  it("has text in events that is UTF-8, whatever ids are", function()
    local events = listen(1, function()
      local status, second, count = "active", os.date "!%Y-%m-%d %H:%M:%S", 0
      until_there("the change", function()
        count = count + 1
        local polls = ("store_id,status,timestamp_utc\nodd\255,%s,%s.%06d\n"):format(status, second, count)
        assert.equal(200, service:post("/v1/polls", "text/csv", polls).status)
        status = status == "active" and "inactive" or "active"
        return files.read(folder .. "/events"):find("event: store", 1, true)
      end)
    end)
    assert.equal("odd\239\191\189", events[1].data.store_id)
  end)

  it("answers HEAD at once wherever it answers GET, with the same headers and without a body", function()
    local id = service:request("/trigger_report", "-X", "POST").json.report_id
    repeat
      local report = service:request("/v1/reports/" .. id).json
    until report.status == "complete"
    local function stable(response)
      local headers = {}
      for name, value in pairs(response.headers) do
        headers[name] = value
      end
      headers.date, headers["content-length"], headers["transfer-encoding"], headers.connection = nil, nil, nil, nil
      headers.vary = headers.vary ~= "Accept-Encoding" and headers.vary or nil -- which nginx adds to bodies that it may gzip
      return { response.status, headers }
    end
    for _, route in ipairs((router.all())) do
      if route.method == "GET" then
        local path = route.path:gsub("{report_id}", id):gsub("{store_id}", "night"):gsub("{file}", "night.svg")
          :gsub("{date}", "2024-03-03")
        local targets = { path .. (path == "/get_report" and "?report_id=" .. id or "") }
        if route.path:find "^/get_report/" then
          for _, format in ipairs { "csv", "exact", "html", "json", "markdown", "ndjson", "table" } do
            targets[#targets + 1] = path .. "?format=" .. format
          end
        end
        for _, target in ipairs(targets) do
          local head, got
          await(target .. " of one revision", function() -- the first may be of what was computed a moment ago
            head = service:request(target, "-I", "--max-time", "10")
            assert.equal(0, head.exit, target)
            got = path ~= "/v1/events" and service:request(target) or head
            return got.headers["loom-revision"] == head.headers["loom-revision"]
          end)
          assert.same(stable(got), stable(head), target)
        end
      end
    end
    -- The connection is free for the next request; a stream would hold it.
    local both = shell.run(shell.curl .. " " .. shell.words("-s", "--max-time", "10", "-I", service.url .. "/v1/events",
      service.url .. "/healthz", "-w", "%{http_code} %{num_connects}\n") .. " | grep '^[0-9]'")
    assert.equal("200 1\n200 0\n", both.out)
  end)

  it("refuses ids of events that are none", function()
    for _, id in ipairs { "-1e12", "1e5", "x", "0x10", ("9"):rep(400) } do
      server.expect_problem(service:request("/v1/events", "-H", "Last-Event-ID: " .. id), 400, "Last-Event-ID")
    end
  end)

  it("tells when stores go down and up", function()
    local function poll(status)
      local response = service:post("/v1/polls", "application/json", ('{"store_id":"watched","status":"%s"}'):format(status))
      assert.equal(200, response.status, response.body)
    end
    local events = listen(1, function()
      -- The watcher has to have seen the store once before it can tell a change: polls go on until it does.
      local status = "active"
      until_there("the change", function()
        poll(status)
        status = status == "active" and "inactive" or "active"
        return files.read(folder .. "/events"):find("event: store", 1, true)
      end)
    end)
    assert.equal("store", events[1].kind)
    assert.equal("watched", events[1].data.store_id)
    assert.matches("^i?n?active$", events[1].data.status)
    assert.matches("^%d%d%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d%.%d+ UTC$", events[1].data.timestamp_utc)
  end)

  it("tells when stores turn by what a command writes, also while no worker watches", function()
    local count = 0
    local function ingest(status)
      count = count + 1
      files.write(folder .. "/polls.csv", ("store_id,status,timestamp_utc\nloaded,%s,%s.%06d\n"):format(status,
        os.date "!%Y-%m-%d %H:%M:%S", count))
      local result = shell.run(shell.command .. " " .. shell.words("ingest", folder .. "/db", "--status", folder .. "/polls.csv"))
      assert.equal(0, result.status, result.err)
    end
    local function told(status)
      return until_there(status, function()
        local text = files.exists(folder .. "/events") and files.read(folder .. "/events") or ""
        return text:find(('"store_id":"loaded"[^\n]*"status":"%s"'):format(status))
          or text:find(('"status":"%s"[^\n]*"store_id":"loaded"'):format(status))
      end)
    end
    ingest "active"
    listen(1, function()
      ingest "inactive"
      told "inactive"
    end)
    -- The numbers of looks are shared: another worker goes on where the one that watched has ended.
    for _, pid in ipairs(service:workers()) do
      shell.run("kill -9 " .. pid)
    end
    ingest "active"
    listen(0, function()
      ingest "inactive"
      ingest "active"
      told "active"
    end)
  end)

  it("tells when a file has been ingested", function()
    local events = listen(1, function()
      assert.equal(200, service:post("/v1/ingest/timezones", "text/csv", "store_id,timezone_str\nnight,UTC\n").status)
      until_there("the file", function() return files.read(folder .. "/events"):find("event: ingest", 1, true) end)
    end)
    local ingest
    for _, event in ipairs(events) do -- among changes of stores that others have polled
      ingest = event.kind == "ingest" and event or ingest
    end
    assert.same({ "timezones", 1 }, { ingest.data.kind, ingest.data.rows })
  end)

  it("paints badges", function()
    local id = "1481966498820158979"
    for window, label in pairs { hour = "uptime hour", day = "uptime day", week = "uptime week", last_week = "uptime week" } do
      local response = service:request(("/badge/%s.svg?window=%s"):format(id, window))
      assert.equal("image/svg+xml", response.headers["content-type"])
      assert.matches('^<svg xmlns="http://www.w3.org/2000/svg" [^>]*aria%-label="' .. label .. ": [%d.closed]+%%?\"",
        response.body)
    end
    server.expect_problem(service:request("/badge/" .. id .. ".svg?window=year"), 400, "window is not one of")
    assert.matches("<title>uptime this month: %d+%.%d%d%%</title>", service:request("/badge/" .. id
      .. ".svg?window=this-month").body)
    server.expect_problem(service:request "/badge/nobody.svg", 404, "not known")
    server.expect_problem(service:request("/badge/" .. id .. ".png"), 404)
    assert.equal(200, service:request("/badge/caf%C3%A9%2C%20%22north%22.svg").status)
  end)

  it("paints on a badge why there is no percentage", function()
    local function value()
      return service:request("/badge/night.svg").body:match "<title>uptime week: (.-)</title>"
    end
    assert.matches("^[%d.]+%%$", value())
    local exclusion = service:post("/v1/exclusions", "application/json",
      '{"store_id":"night","from_utc":"2000-01-01 00:00:00","to_utc":"2100-01-01 00:00:00"}').json
    assert.equal("excluded", value())
    assert.equal(204, service:request(("/v1/exclusions/%d"):format(exclusion.number), "-X", "DELETE").status)
  end)

  it("waits for a database that cannot be opened", function()
    local path, away = folder .. "/db", folder .. "/away"
    assert(os.rename(path, away))
    assert(lfs.mkdir(path))
    for _, pid in ipairs(service:workers()) do
      shell.run("kill -9 " .. pid)
    end
    local refused = until_there("the refusal", function()
      local response = service:request "/v1/summary"
      return response.status == 503 and response
    end)
    server.expect_problem(refused, 503, "the database is not open")
    assert.equal(200, service:request("/healthz").status)
    server.expect_problem(service:request "/readyz", 503)
    assert(os.remove(path))
    assert(os.rename(away, path))
    until_there("the database", function()
      return service:request("/readyz").status == 200 and service:request("/v1/summary").status == 200
    end)
  end)
end)
