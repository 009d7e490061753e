-- What is changed by hand over HTTP: by whom, told, undone, and only where it still is what it was.

local cjson = require "cjson"
local files = require "support.files"
local loom = require "loom"
local make_token = require("support.tokens").make
local server = require "support.server"
local shell = require "support.shell"

local unpack = table.unpack or unpack -- luacheck: compat

describe("what is changed by hand, over HTTP", function()
  local folder, service, tokens

  setup(function()
    folder = files.make_folder()
    local monitor = assert(loom.open(folder .. "/db", { create = true }))
    assert(monitor:polls { { "known", true, "2024-03-04 12:00:00" }, { "other", true, "2024-03-04 12:00:00" } })
    monitor:close()
    tokens = {}
    local lines = {}
    tokens.ann, lines[1] = make_token("write", "ann")
    tokens.bob, lines[2] = make_token("write", "bob")
    files.write(folder .. "/tokens", table.concat(lines))
    service = server.start(folder, { workers = 2, arguments = { "--token-file", folder .. "/tokens", "--rate", "10000" } })
  end)

  teardown(function()
    service:stop()
    files.remove_folder(folder)
  end)

  local function request(who, ...)
    local response = service:ask(tokens[who], ...)
    return response
  end

  local function expect(status, ...)
    local response = request(...)
    assert.equal(status, response.status, response.body)
    return response.body ~= "" and cjson.decode(response.body) or nil, response
  end

  local function newest(query)
    return expect(200, "ann", "GET", "/v1/audit?limit=1" .. (query or "")).entries[1]
  end

  local null = cjson.null

  local writes = {
    { kind = "hours", method = "PUT", path = "/v1/stores/known/hours",
      value = { week = { mon = "09:00-17:00" }, effective_from = "always" },
      after = { changes = { { effective_from = "always", week = { mon = { "09:00-17:00" } } } } } },
    { kind = "hours", method = "PUT", path = "/v1/stores/known/hours",
      value = { changes = { { effective_from = "2024-02-01", reverts = true },
        { effective_from = "always", removed = true } } },
      after = { changes = { { effective_from = "2024-02-01", reverts = true },
        { effective_from = "always", removed = true } } } },
    { kind = "hours", method = "DELETE", path = "/v1/stores/known/hours?effective_from=always",
      after = { changes = { { effective_from = "2024-02-01", removed = true } } } },
    { kind = "special_day", method = "PUT", path = "/v1/stores/known/special-days/2024-12-25",
      value = { spans = "closed", note = "Xmas" }, after = { date = "2024-12-25", spans = {}, note = "Xmas" } },
    { kind = "special_day", method = "DELETE", path = "/v1/stores/known/special-days/2024-12-25", after = null },
    { kind = "special_day", method = "PUT", path = "/v1/special-days/2024-12-25", store = "*",
      value = { spans = { "10:00-12:00" } },
      after = { date = "2024-12-25", spans = { "10:00-12:00" }, note = "" } },
    { kind = "timezone", method = "PUT", path = "/v1/stores/known/timezone", value = { timezone_str = "Europe/Rome" },
      after = { timezone_str = "Europe/Rome" } },
    { kind = "timezone", method = "DELETE", path = "/v1/stores/known/timezone", after = null },
    { kind = "attributes", method = "PUT", path = "/v1/stores/known/attributes", value = { attributes = { a = "1", b = "2" } },
      after = { attributes = { a = "1", b = "2" } } },
    { kind = "attributes", method = "PATCH", path = "/v1/stores/known/attributes",
      value = { attributes = { a = null, c = "3" } }, after = { attributes = { a = null, c = "3" } } },
    { kind = "attributes", method = "DELETE", path = "/v1/stores/known/attributes",
      after = { attributes = { b = null, c = null } } },
    { kind = "polls", method = "DELETE", path = "/v1/stores/other/polls", store = "other", after = null },
    { kind = "store", method = "DELETE", path = "/v1/stores/other", store = "other", after = null },
  }

  it("is told with the token's name and the reason that was given", function()
    for i, write in ipairs(writes) do
      local who, reason = i % 2 == 0 and "ann" or "bob", "because of " .. i
      local path = write.path .. (write.path:find("?", 1, true) and "&" or "?") .. "reason=" .. reason:gsub(" ", "%%20")
      local response = request(who, write.method, path, write.value)
      assert.is_true(response.status < 300, response.body)
      local entry = newest()
      assert.same({ who, reason, write.kind, write.store or "known", write.after },
        { entry.by, entry.reason, entry.kind, entry.store_id, entry.after }, write.path)
    end
  end)

  it("is told of exclusions as it is of the rest", function()
    local made = expect(201, "ann", "POST", "/v1/exclusions", { store_id = "*", from_utc = "2024-01-01 10:00:00",
      to_utc = "2024-01-01 11:00:00", reason = "network" })
    assert.same(made, newest().after)
    assert.equal("network", newest().reason)
    expect(204, "bob", "DELETE", ("/v1/exclusions/%d?reason=none"):format(made.number))
    local entry = newest "&store_id=*&kind=exclusion"
    assert.same({ made, null, "bob", "none" }, { entry.before, entry.after, entry.by, entry.reason })
    local before = entry.before
    before.number = nil -- and so it comes back
    expect(201, "ann", "POST", "/v1/exclusions?reason=undone", before)
  end)

  local loaded = {
    polls = "store_id,status,timestamp_utc\nfiled,active,2024-03-04 10:00:00\n",
    hours = "store_id,day,start_time_local,end_time_local\nfiled,0,09:00,17:00\n",
    timezones = "store_id,timezone_str\nfiled,Europe/Rome\n",
    ["special-days"] = "store_id,date,open,close\nfiled,2024-12-25,,\n",
    exclusions = "store_id,from_utc,to_utc,reason\nfiled,2024-01-01 10:00:00,2024-01-01 11:00:00,network\n",
    attributes = "store_id,brand\nfiled,Taco\n",
  }

  it("is told of every kind of file and what became of its rows, not of those refused, nor of polls as they come", function()
    for path, text in pairs(loaded) do
      local function send(body, query)
        return service:post("/v1/ingest/" .. path .. query, "text/csv", body, "-H", "Authorization: Bearer " .. tokens.bob)
      end
      local bad = text .. "filed,?,?,?\n"
      local before = newest().number
      assert.equal(400, send(path == "attributes" and text .. ",Taco\n" or bad, "?source=bad.csv").status, path)
      assert.equal(before, newest().number)
      local counts = send(text, "?source=good.csv&reason=nightly").json
      local entry = newest "&kind=ingest"
      assert.same({ "bob", "nightly", "*", null }, { entry.by, entry.reason, entry.store_id, entry.before })
      assert.same({ kind = path:gsub("-", "_"), source = "good.csv", rows = 1, new = counts.new, duplicates = counts.duplicates,
        conflicts = counts.conflicts, rejected = 0 }, entry.after)
    end
    local before = newest().number
    expect(200, "ann", "POST", "/v1/polls", { store_id = "filed", status = "active", timestamp_utc = "2024-03-04 11:00:00" })
    expect(200, "ann", "POST", "/v1/polls", '[{"store_id":"filed","status":"active","timestamp_utc":1709550000}]')
    assert.equal(before, newest().number)
  end)

  it("comes in pages", function()
    for i = 1, 7 do
      expect(200, "ann", "PUT", "/v1/stores/paged/attributes", { attributes = { n = tostring(i) } })
    end
    local seen, query = {}, ""
    repeat
      local page = expect(200, "ann", "GET", "/v1/audit?limit=2&store_id=paged&kind=attributes&time=rfc3339" .. query)
      for _, entry in ipairs(page.entries) do
        assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ?", entry.at)
        seen[#seen + 1] = entry.after.attributes.n
      end
      query = page.next_cursor ~= cjson.null and "&cursor=" .. page.next_cursor
    until not query
    assert.same({ "7", "6", "5", "4", "3", "2", "1" }, seen)
    assert.equal(400, request("ann", "GET", "/v1/audit?cursor=abc").status)
    assert.equal(400, request("ann", "GET", "/v1/audit?kind=things").status)
    assert.same({}, expect(200, "ann", "GET", "/v1/audit?store_id=nobody").entries)
  end)

  local resources = {
    { path = "/v1/stores/tagged/hours", one = { week = { mon = "09:00-17:00" }, effective_from = "always" },
      other = { week = { tue = "09:00-17:00" }, effective_from = "always" } },
    { path = "/v1/stores/tagged/special-days/2024-01-01", one = { spans = "closed" }, other = { spans = "10:00-12:00" } },
    { path = "/v1/special-days/2024-01-01", one = { spans = "closed" }, other = { spans = "10:00-12:00" } },
    { path = "/v1/stores/tagged/timezone", one = { timezone_str = "Europe/Rome" }, other = { timezone_str = "UTC" } },
    { path = "/v1/stores/tagged/attributes", one = { attributes = { x = "1" } }, other = { attributes = { x = "2" } } },
  }

  it("is refused where something else has been set meanwhile, and tells what", function()
    for _, resource in ipairs(resources) do
      local path = resource.path
      local _, put = expect(200, "ann", "PUT", path, resource.one)
      local seen, got = expect(200, "ann", "GET", path)
      local tag = got.headers.etag
      assert.matches('^"%x+"$', tag)
      assert.equal(tag, put.headers.etag, path)
      -- the same again is no other
      expect(200, "bob", "PUT", path, resource.one, "-H", "If-Match: " .. tag)
      expect(200, "bob", "PUT", path, resource.one, "-H", "If-Match: W/" .. tag) -- as of an answer that was gzipped
      expect(200, "bob", "PUT", path, resource.other, "-H", 'If-Match: "x", ' .. tag)
      local problem = expect(409, "ann", "PUT", path, resource.one, "-H", "If-Match: " .. tag)
      local current, now = expect(200, "ann", "GET", path)
      assert.same(current, problem.current)
      assert.is_not.same(seen, current)
      expect(409, "ann", "DELETE", path, nil, "-H", "If-Match: " .. tag)
      assert.same(current, (expect(200, "ann", "GET", path)))
      local method = path:find "hours" and path .. "?effective_from=always" or path
      expect(204, "ann", "DELETE", method, nil, "-H", "If-Match: " .. now.headers.etag)
    end
    local problem = expect(409, "ann", "PUT", "/v1/special-days/2024-01-01", { spans = "closed" }, "-H", 'If-Match: *')
    assert.equal(null, problem.current)
    expect(409, "ann", "PUT", "/v1/stores/nobody/timezone", { timezone_str = "UTC" }, "-H", 'If-Match: "abc"')
    expect(404, "ann", "GET", "/v1/stores/nobody/timezone")
  end)

  it("refuses patches and changes that are none", function()
    for _, case in ipairs {
      { "PATCH", "/v1/stores/known/attributes", '{"attributes":null}' }, { "PATCH", "/v1/stores/known/attributes", "{}" },
      { "PATCH", "/v1/stores/known/attributes", '{"attributes":{"a":false}}' },
      { "PATCH", "/v1/stores/known/attributes", '{"attributes":{"a":{}}}' },
      { "PUT", "/v1/stores/known/hours", "{}" }, { "PUT", "/v1/stores/known/hours", '{"changes":5}' },
      { "PUT", "/v1/stores/known/hours", '{"changes":[{"effective_from":"always"}]}' },
      { "PUT", "/v1/stores/known/hours", '{"changes":[5]}' },
      { "PUT", "/v1/stores/known/hours", '{"changes":[],"week":{}}' },
      { "PUT", "/v1/stores/known/hours", '{"changes":[{"effective_from":"tomorrow","removed":true}]}' },
      { "PUT", "/v1/stores/known/timezone?reason=" .. ("x"):rep(4097), '{"timezone_str":"UTC"}' },
    } do
      local response = request("ann", unpack(case))
      assert.equal(400, response.status, case[2] .. case[3] .. response.body)
    end
  end)

  it("is told as it happens, and that something was written", function()
    local path = folder .. "/heard"
    local pid = shell.run(service:curl("/v1/events", "-N", "-H", "Authorization: Bearer " .. tokens.ann)
      .. (" >%s 2>&1 & echo $!"):format(path)).out
    local heard
    for i = 1, 2000 do
      heard = files.exists(path) and files.read(path) or ""
      if heard:find '"reason":"told".*event: revision' then
        break
      elseif heard:find("welcome", 1, true) and i % 100 == 1 then
        shell.good("timezone", "set", folder .. "/db", "known", i % 200 == 1 and "Europe/Rome" or "UTC", "--reason", "told")
      end
      service:request "/healthz"
    end
    shell.run("kill " .. pid)
    local entry -- before it there may be what others of these tests have changed
    for text in heard:gmatch "event: audit\ndata: ([^\n]*)\n" do
      local one = cjson.decode(text)
      entry = entry or one.reason == "told" and one or nil
    end
    assert.same({ "timezone", "known", "told" }, { entry.kind, entry.store_id, entry.reason })
    assert.matches("^command:", entry.by)
    local revision = cjson.decode(heard:match "event: revision\ndata: ([^\n]*)\n")
    assert.equal("number", type(revision.revision))
    assert.equal("2024-03-04 12:00:00.000000 UTC", revision.as_of)
  end)
end)
