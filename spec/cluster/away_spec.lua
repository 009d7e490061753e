-- The service of a cluster one of whose shards is away: each route answers what is true, and none for long.

local await = require "support.await"
local cjson = require "cjson"
local cluster = require "support.cluster"
local document = require "loom.http.openapi".document
local files = require "support.files"
local server = require "support.server"
local servers = require "support.servers"
local shell = require "support.shell"

require "loom.http" -- which knows all routes

local LIMIT = "20" -- seconds that curl gives a request

local needs_polls = {}
for _, path in ipairs { "/badge/{file}", "/v1/doctor", "/v1/groups", "/v1/now", "/v1/series", "/v1/stores",
  "/v1/stores/{store_id}",
  "/v1/stores/{store_id}/explain", "/v1/stores/{store_id}/outages", "/v1/stores/{store_id}/schedule",
  "/v1/stores/{store_id}/timeline", "/v1/strips", "/v1/summary" } do
  needs_polls[path] = true
end

local NONE = "11111111-1111-4111-8111-111111111111"
local values = { date = "2023-01-16", name = "none", id = "none", number = "1", report_id = NONE, rule = "none", view = "board" }

-- The target of a route, with what it cannot be without.
local function target_of(path, operation, store)
  values.store_id, values.file = store, store .. ".svg"
  local query = {}
  for _, parameter in ipairs(operation.parameters or {}) do
    if parameter["in"] == "query" and parameter.required then
      query[#query + 1] = parameter.name .. "=" .. values[parameter.name]
    end
  end
  return path:gsub("{([%w_]+)}", values) .. (query[1] and "?" .. table.concat(query, "&") or "")
end

local function sorted(map)
  local list = {}
  for name in pairs(map) do
    list[#list + 1] = name
  end
  table.sort(list)
  return list
end

cluster.describe("a service whose shard is away", function(each)
  local folder, conf, service, here, away

  each(function(...)
    folder, conf = ...
    shell.good("ingest", conf, "examples/data", "--quiet")
    away, here = shell.good("query", conf, "SELECT store_id FROM store WHERE number IN (1, 2) ORDER BY number")
      :match "\n(%S+)\n(%S+)"
    files.write(conf, (files.read(conf):gsub("\nhead ", "\npatience 1%0")))
    service = server.start(folder, { database = conf, workers = 1 })
  end)

  after_each(function()
    service:stop()
    servers.mend()
  end)

  -- Problems have no addresses of servers.
  local function expect_unreachable(response, what)
    assert.equal(503, response.status, what .. ": " .. response.body)
    assert.equal("the polls cannot be had now: shard 2 does not answer", response.json.detail, what)
    assert.is_string(response.headers["retry-after"], what)
  end

  local function send(method, target, value)
    return service:post(target, "application/json", cjson.encode(value), "-X", method, "--max-time", LIMIT)
  end

  it("says so where its polls are needed, answers all else, and all of it once the shard is back", function()
    servers.act("kill", "ch21", "ch22", "ch23")
    local paths = cjson.decode(document()).paths
    for _, path in ipairs(sorted(paths)) do
      local operation = paths[path].get
      if operation and path ~= "/v1/events" and path ~= "/readyz" and not path:find("/ui/", 1, true) then
        local target = target_of(path, operation, away)
        local response = service:request(target, "--max-time", LIMIT)
        if needs_polls[path] then
          expect_unreachable(response, path)
        else
          assert.is_true(response.status >= 200 and response.status < 500, path .. ": " .. response.body)
        end
      end
    end
    assert.equal(200, service:request("/v1/stores/" .. here .. "/timeline", "--max-time", LIMIT).status)

    local store = "/v1/stores/" .. away
    assert.equal(200, send("PUT", store .. "/timezone", { timezone_str = "Asia/Tokyo" }).status)
    assert.equal(201, send("POST", "/v1/exclusions", { store_id = away, from_utc = "2023-01-24T00:00:00Z",
      to_utc = "2023-01-25T00:00:00Z" }).status)
    expect_unreachable(send("POST", "/v1/preview", { store_id = away }), "preview")
    local file = service:post("/v1/ingest/polls", "text/csv", ("store_id,status,timestamp_utc\n%s,active,2023-01-25 10:00:00\n")
      :format(away), "--max-time", LIMIT)
    expect_unreachable(file, "ingest")
    files.write(conf, (files.read(conf):gsub("patience 1\n", "patience 60\n"))) -- as reports of the queue have it
    local id = send("POST", "/trigger_report", {}).json.report_id
    assert.equal("Running", service:request("/get_report/" .. id).json.status)

    servers.act("start", "ch21", "ch22", "ch23")
    local response
    repeat -- which waits for the shard, as commands do
      response = service:request("/get_report/" .. id)
    until not response.json or response.json.status ~= "Running"
    assert.equal(200, response.status, response.body)
    assert.equal("text/csv", response.headers["content-type"]:match "^[^;]+", response.body)
    for path in pairs(needs_polls) do
      await(path, function() -- the first answer may still be of what had failed before
        return service:request(target_of(path, paths[path].get, away), "--max-time", LIMIT).status == 200
      end)
    end
  end)

  it("keeps no other requests waiting for servers that are frozen", function()
    servers.act("stop", "ch21", "ch22", "ch23")
    local urls = {}
    for i = 1, 8 do
      urls[i] = shell.quote(service.url .. ("/badge/%s.svg?window=week&%d"):format(away, i))
    end
    local asking = shell.run(("%s -s --max-time 60 --parallel --parallel-max 8 -o /dev/null %s >/dev/null 2>&1 & echo $!")
      :format(shell.curl, table.concat(urls, " -o /dev/null "))).out:match "%d+"
    for _ = 1, 20 do
      assert.equal(200, service:request("/healthz", "--max-time", "1").status)
    end
    assert.is_true(shell.await_end(asking, 60))
    expect_unreachable(service:request("/v1/stores/" .. away, "--max-time", LIMIT), "frozen")
  end)
end)
