-- Answers that the database's revision decides: what they were stays good as long as nothing has changed, and no longer.

local await = require "support.await"
local files = require "support.files"
local loom = require "loom"
local router = require "loom.http.router"
local server = require "support.server"
local shell = require "support.shell"

local unpack = table.unpack or unpack -- luacheck: compat

require "loom.http"

local FIRST, AFTER = "2024-03-04T00:00:00Z", "2024-03-05T00:00:00Z"

-- Queries that routes need, or that ask for more of them.
local queries = {
  ["/v1/stores"] = { "", "?sort=ratio_last_day&limit=2", "?state=down", "?where.region=north&q=a", "?as_of=" .. FIRST },
  ["/v1/summary"] = { "", "?preset=monitoring&windows=day:24h" },
  ["/v1/series"] = { "?step=1h&from=" .. FIRST .. "&to=" .. AFTER },
  ["/v1/strips"] = { "?bins=24&from=" .. FIRST .. "&to=" .. AFTER },
  ["/v1/groups"] = { "?by=region" },
}

-- All that is read by a revision, as targets; or those of one store alone.
local function targets(are_of_one)
  local list = {}
  for _, route in ipairs((router.all())) do
    if route.by_revision and (not are_of_one or route.path:find "{store_id}") then
      for _, query in ipairs(queries[route.path] or { "" }) do
        list[#list + 1] = route.path:gsub("{store_id}", "a") .. query
      end
    end
  end
  return list
end

describe("answers that a revision decides", function()
  local folder, service, monitor, tokens

  setup(function()
    folder = files.make_folder()
    monitor = assert(loom.open(folder .. "/db", { create = true }))
    for i, id in ipairs { "a", "b" } do
      assert(monitor:set_attributes(id, { region = "north" }))
      for hour = 0, 23 do
        assert(monitor:polls { { id, hour % (i + 2) > 0, ("2024-03-04 %02d:30:00"):format(hour) } })
      end
    end
    local lines = {}
    tokens = {}
    for i = 1, 2 do
      tokens[i], lines[i] = shell.good("token", "write", "t" .. i):match "^token: (%S+)\nline:  ([^\n]+)\n$"
    end
    files.write(folder .. "/tokens", table.concat(lines, "\n") .. "\n")
    service = server.start(folder, { arguments = { "--token-file", folder .. "/tokens" } })
  end)

  teardown(function()
    service:stop()
    monitor:close()
    files.remove_folder(folder)
  end)

  local function get(target, etag, token, ...)
    return service:request(target, "-H", "Authorization: Bearer " .. (token or tokens[1]),
      "-H", etag and "If-None-Match: " .. etag or "X-None: -", ...)
  end

  -- The answer once it has the revision of now: lists may be a few seconds behind.
  local function newest(target, ...)
    local revision = ('W/"%d-'):format(assert(monitor.database:revision()))
    local arguments = { ... }
    return await(target .. " with the ETag of now", function()
      local got = get(target, nil, unpack(arguments))
      assert.equal(200, got.status, target .. " " .. got.body)
      return (got.headers.etag or ""):sub(1, #revision) == revision and got
    end)
  end

  it("are the same for those who have them, whatever else they accept", function()
    local list = targets()
    assert.is_true(#list >= 10)
    for _, target in ipairs(list) do
      local got = newest(target)
      assert.equal("private, no-cache", got.headers["cache-control"])
      assert.equal(got.headers.etag:match '^W/"(%d+)%-', got.headers["loom-revision"], target)
      for _, match in ipairs { got.headers.etag, (got.headers.etag:gsub("^W/", "")), '"x", ' .. got.headers.etag .. ' , "y"' } do
        local same = get(target, match)
        assert.equal(got.headers["loom-revision"], same.headers["loom-revision"], target)
        assert.same({ 304, "", got.headers.etag, "private, no-cache" },
          { same.status, same.body, same.headers.etag, same.headers["cache-control"] }, target)
      end
      local head = get(target, got.headers.etag, nil, "-I")
      assert.same({ 304, got.headers.etag }, { head.status, head.headers.etag }, target)
      local other = get(target, '"0-0", W/"1"')
      assert.same({ 200, got.body }, { other.status, other.body }, target)
    end
  end)

  it("are others by whatever else decides them", function()
    local seen = {}
    for _, target in ipairs(targets()) do
      for _, variant in ipairs { { target }, { target, tokens[2] }, { target, nil, "-H", "Accept: application/json" } } do
        local etag = newest(variant[1], variant[2], variant[3], variant[4]).headers.etag
        assert.is_nil(seen[etag], target)
        seen[etag] = target
      end
    end
  end)

  it("are asked for anew once anything has changed, by whomever, and then tell of it", function()
    local function write(method, path, body)
      return function()
        local done = service:request(path, "-X", method, "-d", body, "-H", "Content-Type: application/json",
          "-H", "Authorization: Bearer " .. tokens[1])
        assert.is_true(done.status < 300, path .. " " .. done.body)
      end
    end
    local changes = {
      write("POST", "/v1/polls", '{"store_id":"a","status":"inactive","timestamp_utc":"2024-03-04 23:45:00"}'),
      write("PUT", "/v1/stores/a/timezone", '{"timezone_str":"Europe/Paris"}'),
      write("PUT", "/v1/stores/a/hours", '{"week":{"mon":["09:00-17:00"]},"effective_from":"2024-01-01"}'),
      function() assert(monitor:set_attributes("a", { region = "south" })) end,
      function() assert(monitor:exclude { store = "*", from = FIRST, to = "2024-03-04T06:00:00Z" }) end,
      function() assert(monitor:set_special_day("a", "2024-03-04", {})) end,
    }
    for i, change in ipairs(changes) do
      local list, before = targets(i > 1), {} -- what is of all stores is computed once a second
      for _, target in ipairs(list) do
        before[target] = newest(target).headers.etag
      end
      change()
      for _, target in ipairs(list) do
        local after = get(target, before[target])
        if target:find "/a" then -- of all stores what was sent may be sent for some seconds more
          assert.equal(200, after.status, ("change %d: %s"):format(i, target))
        end
        assert.not_equal(before[target], newest(target).headers.etag)
      end
    end
    assert.equal("south", newest("/v1/stores/a").json.attributes.region)
  end)

  it("that hang on the clock have no ETag", function()
    for _, target in ipairs { "/v1/stores?as_of=now", "/v1/stores/a?as_of=now", "/v1/summary?as_of=now", "/v1/now",
      "/v1/doctor", "/v1/info", "/metrics", "/readyz" } do
      local got = get(target)
      assert.same({ 200, nil }, { got.status, got.headers.etag }, target)
      assert.equal("no-store", got.headers["cache-control"], target)
    end
  end)

  it("have none where they are problems", function()
    for target, status in pairs { ["/v1/stores/none"] = 404, ["/v1/stores?limit=0"] = 400, ["/v1/summary?windows=x"] = 400 } do
      local got = get(target)
      assert.same({ status, nil, "no-store" }, { got.status, got.headers.etag, got.headers["cache-control"] }, target)
    end
    assert.equal(412, get("/v1/stores/a", nil, nil, "-H", "If-Match: " .. newest("/v1/stores/a").headers.etag).status)
    server.expect_problem(service:request("/v1/stores/a", "-H", "If-None-Match: *"), 401)
  end)

  it("are counted", function()
    local etag = newest("/v1/stores/b").headers.etag
    assert.equal(304, get("/v1/stores/b", etag).status)
    local counted = 'loom_http_requests_total{route="/v1/stores/{store_id}",method="GET",status="304"} '
    repeat
      local metrics = get "/metrics".body
    until metrics:find(counted, 1, true)
  end)
end)

describe("an answer of another database", function()
  it("is not taken for one of the database that was there before, whose revision is the same", function()
    local folder = files.make_folder()
    for name, is_active in pairs { db = true, other = false } do
      local monitor = assert(loom.open(folder .. "/" .. name, { create = true }))
      assert(monitor:polls { { "a", is_active, "2024-03-04 12:00:00" } })
      monitor:close()
    end
    local service = server.start(folder, { workers = 1 })
    local before = service:request "/v1/stores/a"
    assert.is_string(before.headers.etag)
    os.rename(folder .. "/other", folder .. "/db")
    local after, is_lost
    repeat -- the one that was opened first serves until the other one is noticed
      after = service:request("/v1/stores/a", "-H", "If-None-Match: " .. before.headers.etag)
      is_lost = is_lost or after.status == 503
    until is_lost and after.status ~= 503
    assert.equal(200, after.status)
    assert.equal(before.headers.etag:match '"(%d+)', after.headers.etag:match '"(%d+)')
    assert.not_equal(before.body, after.body)
    service:stop()
    files.remove_folder(folder)
  end)
end)
