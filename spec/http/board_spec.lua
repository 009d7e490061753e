-- Tokens that see some stores alone, on a real server: every route is asked with one, and nothing of other stores may be found in
-- any answer.

local cjson = require "cjson"
local files = require "support.files"
local loom = require "loom"
local openapi = require "support.openapi"
local make_token = require("support.tokens").make
local server = require "support.server"
local shell = require "support.shell"
local transaction = require "loom.transaction"

require "loom.http"
local router = require "loom.http.router"

local unpack = table.unpack or unpack -- luacheck: compat

-- What must not be told: ids, attributes, zones, notes and reasons of the others all have one of these in them.
local HIDDEN = { "hidden", "Hidden", "Chatham", "Olympus" }

local OWN, OTHER, UNKNOWN = "own-1", "hidden-1", "nobody-1"

-- What each parameter is asked with, beside nothing: all that might lead to others.
local values = {
  store_id = { "*", "hidden-*", "own-1" }, q = { "hidden", "own" }, timezone_str = { "Pacific/Chatham", "UTC" },
  ["where.ATTRIBUTE"] = { "brand=Taco", "brand=Hidden", "brand=Taco&where.brand=Hidden", "region=Hiddenland", "none=x" },
  by = { "brand", "region", "timezone_str" }, all_stores = { "true" }, dormant = { "any" }, state = { "up,down,unknown" },
  labels = { "brand,region" }, limit = { "1" }, sort = { "last_poll", "attribute.region" }, order = { "desc" },
  compare = { "true" }, values = { "region" }, fields = { "state,attributes,timezone_str,windows" }, offset = { "1" },
  format = { "csv", "csv&fields=attributes,timezone_str,windows", "csv&columns=attribute.region,attributes,state" },
}

local function encoded(text)
  return (text:gsub("[^%w._~&=%-]", function(c)
    return ("%%%02X"):format(c:byte())
  end))
end

-- The queries that a route is asked with: none, and each value of each parameter alone.
local function queries_of(route)
  local list = { "" }
  local listed = route.parameters or {}
  for _, group in ipairs { listed, listed.more or {} } do
    for _, parameter in ipairs(group) do
      for _, value in ipairs(values[parameter.name] or {}) do
        local name = parameter.name == "where.ATTRIBUTE" and "where." .. value or parameter.name .. "=" .. encoded(value)
        list[#list + 1] = name
      end
    end
  end
  return list
end

-- Asks until something is so.
local function eventually(is_so)
  local deadline = os.time() + 60
  while not is_so() do
    assert(os.time() < deadline, "it is not so in time")
  end
end

-- The answers to some paths, by one curl, which takes a tenth of the time.
local function ask_some(service, authorization, paths)
  local there, lines, responses = files.make_folder(), {}, {}
  for i, path in ipairs(paths) do
    for name, value in pairs { url = service.url .. path, output = there .. "/body" .. i,
      ["dump-header"] = there .. "/head" .. i, header = authorization, ["max-time"] = "60" } do
      lines[#lines + 1] = ('%s = "%s"'):format(name, value)
    end
    lines[#lines + 1] = "globoff\nsilent\nshow-error" .. (i < #paths and "\nnext" or "")
  end
  local result = shell.run(shell.curl .. " --fail-early -K " .. files.write(there .. "/config", table.concat(lines, "\n")))
  assert.equal("", result.err)
  assert.equal(0, result.status)
  for i, path in ipairs(paths) do
    local head = files.read(there .. "/head" .. i)
    local response = { status = tonumber(head:match "^HTTP/[%d.]+ (%d+)"), headers = {}, body = "" }
    for name, value in head:gmatch "([%w-]+): ([^\r\n]*)" do
      response.headers[name:lower()] = value
    end
    response.body = files.exists(there .. "/body" .. i) and files.read(there .. "/body" .. i) or ""
    service.lines[#service.lines + 1] = openapi.line({}, path, response)
    responses[i] = response
  end
  files.remove_folder(there)
  return responses
end

local AT_ONCE = 40 -- which one curl is given, whose time has a bound

local function ask_many(service, authorization, paths)
  local responses = {}
  for first = 1, #paths, AT_ONCE do
    local some = { unpack(paths, first, math.min(first + AT_ONCE - 1, #paths)) }
    for _, response in ipairs(ask_some(service, authorization, some)) do
      responses[#responses + 1] = response
    end
  end
  return responses
end

describe("a token for some stores", function()
  local folder, service, tokens, reports

  local function ask(scope, path, ...)
    return service:request(path, "-H", "Authorization: Bearer " .. tokens[scope], "--globoff", ...)
  end

  local function ask_all(scope, paths)
    return ask_many(service, "Authorization: Bearer " .. tokens[scope], paths)
  end

  -- Stores of two brands, with polls, hours, zones, attributes, exclusions and special days.
  local function fill(path)
    local monitor = assert(loom.open(path, { create = true }))
    local polls, now = {}, os.time()
    for i, id in ipairs { "own-1", "own-2", "hidden-1", "hidden-2", "hidden-3", "hidden-gone" } do
      for minute = 1, 60, 7 do
        polls[#polls + 1] = { id, (minute + i) % 5 ~= 0, now - 3600 + minute * 60 }
      end
      local is_own = id:find "^own" ~= nil
      assert(monitor:set_timezone(id, is_own and "Europe/Berlin" or "Pacific/Chatham"))
      assert(monitor:set_attributes(id, { brand = is_own and "Taco" or id ~= "hidden-3" and "Hidden" or nil,
        region = is_own and "north" or "Hiddenland", ["Hidden name"] = not is_own and "x" or nil }))
      assert(monitor:exclude { store = id, from = now - 1800 + i, to = now - 1700 + i, reason = is_own and "own" or "hidden" })
      assert(monitor:set_special_day(id, "2024-12-24", { "10:00-12:00" }, is_own and "own" or "hidden"))
    end
    assert(monitor:exclude { store = "*", from = now - 100, to = now - 90, reason = "everybody's" })
    assert(monitor:polls(polls))
    assert(transaction.run(monitor.database, function(execute)
      return execute "UPDATE store SET timezone_override = 'US/Olympus' WHERE store_id = 'hidden-gone'"
    end))
    monitor:close()
  end

  -- The ids of reports that are complete, by what they are of.
  local function make_reports()
    local made = {}
    for name, options in pairs { all = "{}", hidden = '{"where":{"brand":"Hidden"}}',
      both = '{"where":{"brand":["Taco","Hidden"]}}', own = '{"where":{"brand":"Taco"}}',
      one = '{"where":{"brand":["Taco"],"region":"north"},"stores":"own-1"}' } do
      local triggered = service:post("/trigger_report", "application/json", options, "-H",
        "Authorization: Bearer " .. tokens.write)
      assert.equal(200, triggered.status, triggered.body)
      local id = triggered.json.report_id
      eventually(function()
        return ask("write", "/v1/reports/" .. id).json.status == "complete"
      end)
      made[name] = id
    end
    return made
  end

  setup(function()
    folder = files.make_folder()
    fill(folder .. "/db")
    tokens = {}
    local lines = {}
    tokens.write, lines[1] = make_token("write", "the boss")
    tokens.board, lines[2] = make_token("board", "who has the tacos", "--where", "brand=Taco")
    files.write(folder .. "/tokens", table.concat(lines))
    service = server.start(folder, { workers = 1, arguments = { "--token-file", folder .. "/tokens", "--rate", "10000" } })
    reports = make_reports()
  end)

  teardown(function()
    service:stop()
    files.remove_folder(folder)
  end)

  local function expect_nothing_hidden(response, what)
    local told = response.body
    for name, value in pairs(response.headers) do
      told = told .. "\n" .. name .. ": " .. value
    end
    for _, id in pairs { reports.all, reports.hidden, reports.both } do
      assert.is_nil(told:find(id, 1, true), what .. "\n" .. told)
    end
    for _, text in ipairs(HIDDEN) do
      assert.is_nil(told:find(text, 1, true), what .. "\n" .. told)
    end
  end

  -- The pages of a list, as what sees some stores alone has them.
  local function pages(first)
    local path = first
    return function()
      if not path then
        return nil
      end
      local response = ask("board", path)
      expect_nothing_hidden(response, path)
      local page = cjson.decode(response.body)
      local cursor = page.next_cursor
      path = cursor ~= cjson.null and first .. "&cursor=" .. cursor or nil
      return page
    end
  end

  -- All routes of the document but for the stream of events.
  local function routes()
    local list = {}
    for _, route in ipairs((router.all())) do
      list[#list + 1] = route.path ~= "/v1/events" and route or nil
    end
    return list
  end

  local function path_of(route, store)
    return (route.path:gsub("{store_id}", store):gsub("{file}", store .. ".svg"):gsub("{report_id}", reports.own)
      :gsub("{date}", "2024-12-24"):gsub("{number}", "1"):gsub("{[^}]*}", "x"))
  end

  it("says so", function()
    assert.same({ tokens = true, name = "who has the tacos", scope = "read", where = { brand = { "Taco" } },
      expires = cjson.null }, ask("board", "/v1/session").json)
  end)

  it("is refused what does not say how it is restricted, and whatever changes something", function()
    local refused = {}
    for _, route in ipairs(routes()) do
      local path = path_of(route, OWN)
      if route.access == "write" or (route.access == "read" and not route.restricted) then
        local response = ask("board", path, "-X", route.method)
        server.expect_problem(response, 403, route.access == "write" and "may only read" or "for some stores alone")
        refused[route.path] = true
      end
    end
    assert.is_true(refused["/v1/doctor"] and refused["/v1/info"] and refused["/trigger_report"])
  end)

  it("is told of another store what it is told of one that is not known", function()
    local count = 0
    for _, route in ipairs(routes()) do
      if route.method == "GET" and (route.path:find "{store_id}" or route.path:find "{file}") then
        for _, query in ipairs { "", "?windows=day:1d", "?nonsense=1", "?window=none" } do
          local other, unknown = ask("board", path_of(route, OTHER) .. query), ask("board", path_of(route, UNKNOWN) .. query)
          server.expect_problem(other, 404)
          assert.equal((unknown.body:gsub("nobody%-1", OTHER)), other.body)
          count = count + 1
        end
        assert.equal(200, ask("board", path_of(route, OWN)).status, route.path)
      end
    end
    assert.is_true(count >= 40)
    for _, id in ipairs { OTHER, UNKNOWN } do
      assert.same({ exclusions = {}, next_cursor = cjson.null }, ask("board", "/v1/exclusions?store_id=" .. id).json)
    end
  end)

  local function steady(body)
    return (body:gsub('"lag":[%d.]+', ""):gsub('"left_out":{"count":%d+,"stores":%b[]}', ""))
  end

  -- What routes are asked with: each `path`, by the token, and `same` where it chooses stores, by whoever sees all of them.
  local function questions()
    local list, as_of = {}, "as_of=" .. os.time()
    for _, route in ipairs(routes()) do
      local queries = route.method == "GET" and queries_of(route) or {}
      local chooses = table.concat(queries, "\n"):find("where.brand", 1, true)
      for _, query in ipairs(queries) do
        local path = path_of(route, OWN) .. "?" .. query .. (chooses and (query ~= "" and "&" or "") .. as_of or "")
        list[#list + 1] = { path = path, names_hidden = query:find "[Hh]idden",
          same = chooses and route.restricted and not query:find "^where%.brand" and path .. "&where.brand=Taco" or nil }
      end
    end
    return list
  end

  it("is told by any route what others are who ask for its stores, and nothing more, whatever it is asked with", function()
    local list, paths, same_paths, expected = questions(), {}, {}, {}
    for i, question in ipairs(list) do
      paths[i], same_paths[#same_paths + 1] = question.path, question.same
    end
    for i, response in ipairs(ask_all("write", same_paths)) do -- the first, since some of what is made for one is kept for all
      expected[same_paths[i]] = response
    end
    local responses = ask_all("board", paths)
    for i, question in ipairs(list) do
      local response = responses[i]
      assert.is_true(response.status < 500, question.path .. "\n" .. response.body)
      if not (response.status >= 400 and question.names_hidden) then -- which tells what was asked for
        expect_nothing_hidden(response, question.path)
      end
      if question.same then
        assert.equal(steady(expected[question.same].body), steady(response.body), question.path)
        assert.equal(expected[question.same].status, response.status)
      end
    end
    assert.is_true(#list > 100 and #same_paths > 50)
  end)

  it("is not told that it has an answer already that others have got", function()
    local count = 0
    for _, route in ipairs(routes()) do
      if route.by_revision and route.restricted then
        local path = path_of(route, OWN)
        local etag
        eventually(function() -- is the answer of now
          etag = ask("write", path).headers.etag
          return ask("write", path, "-H", "If-None-Match: " .. etag).status == 304
        end)
        assert.equal(200, ask("board", path, "-H", "If-None-Match: " .. etag).status, path)
        if path:find(OWN, 1, true) then
          server.expect_problem(ask("board", path_of(route, OTHER), "-H", "If-None-Match: " .. etag), 404)
        end
        count = count + 1
      end
    end
    assert.is_true(count > 3)
  end)

  it("counts its stores alone", function()
    for query, total in pairs { [""] = 2, ["?where.brand=Hidden"] = 0, ["?where.brand=Hidden&where.brand=Taco"] = 2 } do
      assert.equal(total, cjson.decode(ask("board", "/v1/stores" .. query).body).total)
    end
    assert.equal(2, ask("board", "/v1/summary").json.stores)
    assert.same({ count = 0, stores = {} }, ask("board", "/v1/summary").json.left_out)
    assert.equal(1, ask("write", "/v1/summary").json.left_out.count)
  end)

  it("has metrics of its stores alone", function()
    local own = ask("board", "/metrics?store_id=*&labels=brand").body
    local ids = {}
    for id in own:gmatch 'loom_store_state{store_id="(.-)"' do
      ids[#ids + 1] = id
    end
    assert.same({ "own-1", "own-2" }, ids)
    local total = 0
    for count in own:gmatch "\nloom_stores{.-} (%d+)" do
      total = total + tonumber(count)
    end
    assert.equal(2, total)
    for _, name in ipairs { "loom_stores_known", "loom_http_requests_total", "loom_reports", "loom_tokens" } do
      assert.is_nil(own:find(name, 1, true))
    end
    local ratio = ask("write", "/v1/summary?where.brand=Taco").json.figures.last_week.totals.ratio
    assert.equal(("%.6f"):format(ratio), ("%.6f"):format(tonumber(own:match 'loom_uptime_ratio{window="last_week"} ([%d.]+)')))
  end)

  it("has the reports that were made of its stores, and no others", function()
    for name, id in pairs(reports) do
      local is_own = name == "own" or name == "one"
      for _, path in ipairs { "/v1/reports/" .. id, "/get_report/" .. id, "/get_report?report_id=" .. id,
        "/get_report/" .. id .. "?format=json" } do
        local response = ask("board", path)
        assert.equal(is_own and 200 or 404, response.status, name .. " " .. path)
        expect_nothing_hidden(response, path)
      end
    end
    local ids = {}
    for page in pages "/v1/reports?limit=1" do
      for _, report in ipairs(page.reports) do
        ids[#ids + 1] = report.report_id
      end
    end
    table.sort(ids)
    local expected = { reports.own, reports.one }
    table.sort(expected)
    assert.same(expected, ids)
    server.expect_problem(ask("board", "/trigger_report", "-X", "POST"), 403, "may only read")
  end)

  it("has exclusions of its stores and of all, in pages of any length", function()
    for _, limit in ipairs { 1, 2, 3, 1000 } do
      local reasons = {}
      for page in pages("/v1/exclusions?limit=" .. limit) do
        for _, exclusion in ipairs(page.exclusions) do
          reasons[#reasons + 1] = exclusion.reason
        end
      end
      assert.same({ "own", "own", "everybody's" }, reasons, limit)
    end
  end)

  it("has the audit of its stores alone", function()
    local all = cjson.decode(ask("write", "/v1/audit?limit=1000").body).entries
    local expected, found = {}, {}
    for _, entry in ipairs(all) do
      expected[#expected + 1] = entry.store_id:find "^own" and entry.number or nil
    end
    for page in pages "/v1/audit?limit=2" do
      for _, entry in ipairs(page.entries) do
        found[#found + 1] = entry.number
      end
    end
    assert.same(expected, found)
    assert.is_true(#found > 3 and #found < #all)
    for _, id in ipairs { OTHER, UNKNOWN, "*" } do
      assert.same({ entries = {}, next_cursor = cjson.null }, ask("board", "/v1/audit?store_id=" .. id).json)
    end
  end)

  it("hears of its stores alone, also by the cookie of a session", function()
    local cookie = service:post("/v1/session", "application/json", cjson.encode { token = tokens.board })
      .headers["set-cookie"]:match "^[^;]+"
    local heard = {}
    local pids = {}
    for name, header in pairs { board = "Authorization: Bearer " .. tokens.board, cookie = "Cookie: " .. cookie,
      all = "Authorization: Bearer " .. tokens.write } do
      heard[name] = folder .. "/" .. name
      pids[#pids + 1] = shell.run(service:curl("/v1/events", "-N", "-H", header) .. " >" .. heard[name] .. " 2>&1 & echo $!").out
      eventually(function()
        return files.exists(heard[name]) and files.read(heard[name]):find("welcome", 1, true)
      end)
    end
    local status = 0
    eventually(function() -- have all heard of their last ones
      status = status + 1
      local polls = {}
      for i, id in ipairs { "hidden-1", "hidden-3", "own-2" } do
        polls[i] = { store_id = id, status = status % 2 == 0 and "active" or "inactive", timestamp_utc = os.time() + status }
      end
      assert.equal(200, service:post("/v1/polls", "application/json", cjson.encode(polls), "-H",
        "Authorization: Bearer " .. tokens.write).status)
      local all_have = true
      for name, path in pairs(heard) do
        all_have = all_have and files.read(path):find(name == "all" and "hidden-3" or "own-2", 1, true)
      end
      return all_have
    end)
    for _, pid in ipairs(pids) do
      shell.run("kill " .. pid)
    end
    assert.matches("hidden-3", files.read(heard.all), 1, true)
    for _, name in ipairs { "board", "cookie" } do
      local text = files.read(heard[name])
      assert.matches("own-2", text, 1, true)
      for _, hidden in ipairs { "hidden", "event: report", "event: ingest" } do
        assert.is_nil(text:find(hidden, 1, true), text)
      end
    end
  end)
end)

describe("a token for some stores, where figures cost too much,", function()
  it("is not told how many stores there are", function()
    local folder, others = files.make_folder(), 20001
    local stores = { "store_id,brand", "own-1,Taco" }
    for i = 1, others - 1 do
      stores[2 + i] = ("hidden-%d,Hidden"):format(i)
    end
    shell.good("ingest", folder .. "/db", "--attributes", files.write(folder .. "/attributes.csv", table.concat(stores, "\n")))
    local monitor = assert(loom.open(folder .. "/db"))
    assert(monitor:polls { { "own-1", true, "2024-03-04 10:00:00" } })
    monitor:close()
    local lines, names = {}, { "board", "read" }
    for i, scope in ipairs(names) do
      lines[i] = shell.good("token", scope, "x", unpack(scope == "board" and { "--where", "brand=Taco" } or {}))
    end
    files.write(folder .. "/tokens", (table.concat(lines):gsub("token: [^\n]*\nline:  ", "")))
    local service = server.start(folder, { arguments = { "--token-file", folder .. "/tokens", "--store-days", "30000" } })
    local own = service:request("/v1/stores", "-H", "Authorization: Bearer " .. lines[1]:match "^token: (%S+)")
    assert.equal(1, own.json.total)
    for _, path in ipairs { "/v1/stores?windows=a:30d", "/v1/summary?windows=a:30d", "/v1/groups?windows=a:30d",
      "/v1/now?as_of=2024-04-04", "/v1/stores?state=up&as_of=2024-04-04", "/v1/strips?bins=1000&compact=true" } do
      for i, name in ipairs(names) do
        local response = service:request(path, "-H", "Authorization: Bearer " .. lines[i]:match "^token: (%S+)")
        server.expect_problem(response, 422)
        assert.equal(name == "read", response.body:find(tostring(others), 1, true) ~= nil, path .. response.body)
      end
    end
    service:stop()
    files.remove_folder(folder)
  end)
end)

describe("a token for some stores", function()
  -- A service over a store of the token's and so many others, of which each has a value of its own of an attribute.
  local function start(folder, others)
    local stores = { "store_id,brand,number", "own-1,Taco,0" }
    for i = 1, others do
      stores[2 + i] = ("hidden-%d,Hidden,%d"):format(i, i)
    end
    local path = files.write(folder .. "/attributes.csv", table.concat(stores, "\n"))
    shell.good("ingest", folder .. "/db", "--attributes", path)
    local monitor = assert(loom.open(folder .. "/db"))
    local polls = { { "own-1", true, "2024-03-04 10:00:00" } }
    for i = 1, math.min(others, 1500) do
      polls[1 + i] = { "hidden-" .. i, i % 2 == 0, "2024-03-04 09:00:00" }
    end
    assert(monitor:polls(polls))
    assert(monitor:exclude { store = "own-1", from = "2024-03-04 08:00:00", to = "2024-03-04 08:30:00" })
    monitor:close()
    local token, line = shell.good("token", "board", "x", "--where", "brand=Taco"):match "^token: (%S+)\nline:  ([^\n]+)\n$"
    local service = server.start(folder, { workers = 1,
      arguments = { "--token-file", files.write(folder .. "/tokens", line .. "\n"), "--store-days", "30000" } })
    return service, "Authorization: Bearer " .. token
  end

  -- What must be refused, or not, whoever else is there; each of the first leads to a bound.
  local extremes = { windows = { "a:1d", "a:6h", "a:2d,b:3d", "a:36000d", "today" }, bins = { "100", "190", "210", "1000" },
    as_of = { "2024-04-04", "2034-04-04", "9999-12-31" }, by = { "number", "brand", "timezone_str", "none" },
    values = { "number", "none" }, from = { "2024-02-01", "2024-03-04T00:00:00Z", "0001-01-01" }, to = { "2030-01-01" },
    step = { "60", "31d" }, offset = { "1", "10000000" }, sort = { "attribute.number", "since", "ratio_none" },
    limit = { "1", "1001" }, store_id = { "hidden-*", "hidden-7" }, store = { "hidden-7", "nobody" }, q = { "hidden" },
    fields = { "strip", "attributes" }, format = { "csv" }, cursor = { "x" }, state = { "up" }, lasted = { "1m.." },
    labels = { "number" }, percents = { "0,50,100" }, compare = { "true" }, target = { "1" }, dormant_after = { "1s" },
    compact = { "true" }, order = { "attribute.number", "down" }, kind = { "attributes" }, window = { "this-year" } }

  local function questions()
    local list = {}
    for _, route in ipairs((router.all())) do
      local path = route.path:gsub("{store_id}", "own-1"):gsub("{date}", "2024-03-04"):gsub("{file}", "own-1.svg")
        :gsub("{[^}]*}", "00000000-0000-0000-0000-000000000000")
      local is_steady = route.method == "GET" and route.access == "read" and path ~= "/v1/events" and path ~= "/metrics"
      list[#list + 1] = is_steady and path or nil
      for _, group in ipairs(is_steady and { route.parameters or {}, (route.parameters or {}).more or {} } or {}) do
        for _, parameter in ipairs(group) do
          for _, value in ipairs(extremes[parameter.name] or {}) do
            local days = path:find "/explain$" and "360d" or "36000d" -- an explanation tells of each day: 20 MB
            list[#list + 1] = ("%s?%s=%s"):format(path, parameter.name, encoded(value:gsub("36000d", days)))
          end
        end
      end
    end
    return list
  end

  -- What a response tells, but for what hangs on the clock.
  local function told(response)
    local text = response.body:gsub('"lag":[%d.]+', '"lag":0'):gsub('"number":%d+', '"number":0'):gsub('"at":"[^"]*"', '"at":""')
    local is_json = (response.headers["content-type"] or ""):find "json"
    return { response.status, is_json and cjson.decode(text) or text }
  end

  it("is told the same, also of what is refused, however many others there are", function()
    local few, many = files.make_folder(), files.make_folder()
    local few_service, few_header = start(few, 0)
    local many_service, many_header = start(many, 20001)
    local paths, statuses = questions(), {}
    local responses = ask_many(many_service, many_header, paths)
    for i, response in ipairs(ask_many(few_service, few_header, paths)) do
      assert.same(told(response), told(responses[i]), paths[i])
      statuses[response.status] = true
    end
    few_service:stop()
    many_service:stop()
    files.remove_folder(few)
    files.remove_folder(many)
    assert.is_true(#paths > 200)
    for _, status in ipairs { 200, 400, 403, 404, 422 } do
      assert.is_true(statuses[status], status)
    end
  end)
end)

describe("a token for some stores, where no figures can be computed,", function()
  it("is not told because of which store", function()
    local folder = files.make_folder()
    local monitor = assert(loom.open(folder .. "/db", { create = true }))
    assert(monitor:polls { { "hidden-1", true, "2024-03-04 10:00:00" } })
    assert(monitor:set_attributes("own-1", { brand = "Taco" }))
    assert(transaction.run(monitor.database, function(execute)
      return execute "UPDATE store SET timezone = 'US/Olympus'"
    end))
    monitor:close()
    local token, line = shell.good("token", "board", "x", "--where", "brand=Taco"):match "^token: (%S+)\nline:  ([^\n]+)\n$"
    local service = server.start(folder, { arguments = { "--token-file", files.write(folder .. "/tokens", line .. "\n") } })
    for _, path in ipairs { "/v1/stores", "/v1/summary", "/v1/now", "/v1/series", "/v1/strips", "/metrics?store_id=*" } do
      local response = service:request(path, "-H", "Authorization: Bearer " .. token)
      assert.equal(path:find "metrics" and 200 or 409, response.status, path .. response.body)
      for _, text in ipairs(HIDDEN) do
        assert.is_nil(response.body:find(text, 1, true), response.body)
      end
    end
    service:stop()
    files.remove_folder(folder)
  end)
end)

describe("the line of a token for some stores", function()
  it("has its conditions, of any characters", function()
    local text = shell.good("token", "board", "a name", "--where", "brand=Taco & Co", "--where", "brand=50%", "--where",
      "r e=\195\164=b")
    assert.matches("\nline:  board %x+ brand=50%%25&brand=Taco%%20%%26%%20Co&r%%20e=%%C3%%A4%%3Db a name\n$", text)
    local tokens = require "loom.http.tokens"
    local list, wrong = tokens.parse(text:match("line:  ([^\n]+)"):gmatch "[^\n]+")
    assert.same({}, wrong)
    assert.same({ brand = { "50%", "Taco & Co" }, ["r e"] = { "\195\164=b" } }, list[1].where)
    assert.same({ "read", "a name" }, { list[1].scope, list[1].name })
  end)

  it("needs conditions, which others do not take", function()
    for _, case in ipairs { { "board", "x" }, { "read", "x", "--where", "a=b" }, { "write", "x", "--where", "a=b" },
      { "board", "x", "--where", "nonsense" } } do
      local result = shell.loom("token", unpack(case))
      shell.expect_failure(result, 2)
      assert.matches("--where", result.err, 1, true)
    end
  end)
end)
