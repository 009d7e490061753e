local await = require "support.await"
local cjson = require "cjson"
local contract = require "support.contract"
local loom = require "loom"
local server = require "support.api"

local expect, problem, escape = contract.expect, contract.expect_problem, server.escape

-- Stores whose up times differ: "s01" is up for an hour of the day, "s02" for two, and so on.
local function fill(path)
  local monitor = assert(loom.open(path, { create = true }))
  local polls = {}
  for i = 1, 23 do
    local id = ("s%02d"):format(i)
    for hour = 0, 23 do
      polls[#polls + 1] = { id, hour < i, ("2024-03-04 %02d:30:00"):format(hour) }
    end
    monitor:set_attributes(id, { region = i % 2 == 0 and "north" or "south", size = tostring(i % 3) })
    monitor:set_timezone(id, "UTC")
  end
  assert(monitor:polls(polls))
  monitor:close()
end

describe("stores over HTTP", function()
  setup(function()
    fill(server.start().database)
  end)

  teardown(function()
    server.stop()
  end)

  local function ids(list)
    local found = {}
    for i, store in ipairs(list.stores) do
      found[i] = store.store_id
    end
    return table.concat(found, " ")
  end

  local function get(query)
    return expect(200, "GET", "/v1/stores" .. query)
  end

  describe("in a list", function()
    it("come in order of their ids, with the figures of the standard windows", function()
      local list = get ""
      assert.equal(23, list.total)
      assert.equal(23, #list.stores)
      assert.equal("2024-03-04 23:30:00.000000 UTC", list.as_of)
      assert.equal("loom", list.rules.preset)
      assert.same({ name = "last_hour", from = "2024-03-04 22:30:00.000000 UTC", to = "2024-03-04 23:30:00.000000 UTC" },
        list.windows[1])
      assert.equal("s01", list.stores[1].store_id)
      assert.equal(48, list.stores[2].windows.last_week.polls + list.stores[3].windows.last_week.polls)
    end)

    it("have the same figures as a report", function()
      local monitor = assert(loom.open(server.database()))
      local report = assert(monitor:report())
      for i, store in ipairs(get("").stores) do
        for _, window in ipairs(report.windows) do
          local expected = report[i][window.name]
          for name, value in pairs(store.windows[window.name]) do
            if name == "ratio" and type(value) == "number" then
              assert.is_true(value <= expected.ratio + 1e-12 and value > expected.ratio - 1e-6) -- cut
            elseif type(value) == "number" then
              assert.is_true(math.abs(expected[name] - value) <= 5e-7, name)
            else
              assert.is_nil(expected[name])
            end
          end
        end
      end
      report:close()
      monitor:close()
    end)

    it("are sorted by any figure, the worst first", function()
      assert.equal("s01 s02 s03", ids(get "?sort=ratio_last_day&limit=3"))
      assert.equal("s01 s02 s03", ids(get "?sort=down_last_day&limit=3"))
      assert.equal("s23 s22", ids(get "?sort=ratio_last_day&order=desc&limit=2"))
      assert.equal("s23 s22", ids(get "?sort=store_id&order=desc&limit=2"))
      for _, figure in ipairs { "up", "unknown", "excluded", "scheduled", "outages", "longest", "mttr", "mtbf", "polls" } do
        assert.equal(23, #get("?sort=" .. figure .. "_last_hour").stores)
      end
    end)

    it("come in pages without gaps or repetitions", function()
      for _, query in ipairs { "?limit=5", "?limit=5&sort=store_id&order=desc", "?limit=5&sort=ratio_last_day",
        "?limit=5&sort=mttr_last_hour", "?limit=5&sort=polls_last_week" } do
        local whole, parts, page = ids(get((query:gsub("limit=5", "limit=1000")))), {}, get(query)
        while true do
          parts[#parts + 1] = ids(page)
          assert.equal(23, page.total)
          if page.next_cursor == require("cjson").null then
            break
          end
          page = get(query .. "&cursor=" .. page.next_cursor)
        end
        assert.equal(5, #parts)
        assert.equal(whole, table.concat(parts, " "))
      end
    end)

    it("are chosen by patterns and attributes", function()
      assert.equal("s20 s21 s22 s23", ids(get "?store_id=s2*"))
      assert.equal("s20 s22", ids(get "?store_id=s2*&where.region=north"))
      assert.equal("s01 s04 s07", ids(get "?where.size=1&where.region=south&where.region=north&limit=3"))
      assert.equal(0, get("?where.region=east").total)
      assert.equal(0, get("?where.no%20such%27=x").total)
      assert.equal(4, get("?store_id=s2*&limit=1").total)
    end)

    it("are never all of them for a choice that cannot be read", function()
      for _, choice in ipairs { "where.region", "where.region&where.region", "where.region=north&where.region",
        "where.region&where.size=1" } do
        for _, path in ipairs { "/v1/stores", "/v1/summary" } do
          problem(400, "where.region", "GET", path .. "?" .. choice)
        end
      end
      for _, choice in ipairs { "where.region=", "where.region=&where.region=", "where.region=%00",
        "where.region=%ff&where.region=%fe" } do
        for _ = 1, 2 do -- also when it is known already
          assert.equal(0, get("?" .. choice).total, choice)
          assert.equal(0, expect(200, "GET", "/v1/summary?" .. choice).stores, choice)
        end
      end
      local many = ("where.region=north&"):rep(100) .. "where.size=1"
      for _, path in ipairs { "/v1/stores", "/v1/summary" } do
        assert.matches("more than 100 parameters", problem(400, nil, "GET", path .. "?" .. many).detail, 1, true)
        problem(400, "where.", "GET", path .. "?where.=north")
        problem(422, "default_zone", "GET", path .. "?default_zone=Mars")
        problem(422, "windows", "GET", path .. "?windows=a:2024-01-02T00:00:00Z/2024-01-01T00:00:00Z")
        problem(422, "windows", "GET", path .. "?as_of=0001-01-01T00:00:00Z")
      end
    end)

    it("follow the options of a report", function()
      local list = get "?as_of=2024-03-04T12:00:00Z&windows=half:12h,fixed:2024-03-04T00:00:00Z/2024-03-04T06:00:00Z&limit=1"
      assert.equal("2024-03-04 12:00:00.000000 UTC", list.as_of)
      assert.equal("half", list.windows[1].name)
      assert.equal("2024-03-04 06:00:00.000000 UTC", list.windows[2].to)
      assert.equal(12 * 3600, list.stores[1].windows.half.scheduled)
      assert.equal("monitoring", get("?preset=monitoring&fill=nearest").rules.preset)
    end)

    it("are refused with the parameter that is wrong", function()
      for query, field in pairs {
        ["limit=0"] = "limit", ["limit=1001"] = "limit", ["limit=1e3"] = "limit", ["limit="] = "limit", ["limit"] = "limit",
        ["limit=1&limit=2"] = "limit", ["sort=speed"] = "sort", ["sort=speed_last_day"] = "sort",
        ["sort=ratio_last_year"] = "sort", ["order=up"] = "order", ["cursor=x"] = "cursor", ["cursor=%00"] = "cursor",
        ["preset=best"] = "preset", ["fill=x"] = "fill", ["as_of=yesterday"] = "as_of", ["windows=x"] = "windows",
        ["windows=a:1h,a:2h"] = "windows", ["windows=a:2024-01-02/2024-01-32"] = "windows", ["slack=25h"] = "slack",
        ["windows=tomorrow"] = "windows", ["compare=yes"] = "compare", ["as_of=2024-02-30"] = "as_of",
        ["windows=a:1h,b:1h,c:1h,d:1h,e:1h&compare=true"] = "compare",
        ["max_gap=-1"] = "max_gap", ["all_stores=1"] = "all_stores", ["colour=red"] = "colour",
        ["store_id=*a*b*c*d*e*"] = "store_id", ["where=x"] = "where", ["no%ffsuch=1"] = "no\239\191\189such",
      } do
        problem(400, field, "GET", "/v1/stores?" .. query)
      end
      problem(422, "windows", "GET", "/v1/stores?windows=a:2024-01-02/2024-01-01")
      problem(422, "compare", "GET", "/v1/stores?windows=a:1h,a_before:1h&compare=true")
    end)

    it("have windows on the stores' calendar, and those before", function()
      local list = get "?windows=yesterday,w:2024-03-04/2024-03-05,m:this-month&compare=true&as_of=2024-03-05"
      local windows = {}
      for i, window in ipairs(list.windows) do
        windows[i] = ("%s %s %s %s %s"):format(window.name, window.from:sub(1, 10), window.to:sub(1, 10), window.calendar,
          window.before_of or "-")
      end
      assert.same({ "yesterday 2024-03-04 2024-03-05 yesterday -", "yesterday_before 2024-03-03 2024-03-04 yesterday yesterday",
        "w 2024-03-04 2024-03-05 2024-03-04/2024-03-05 -", "w_before 2024-03-03 2024-03-04 2024-03-04/2024-03-05 w",
        "m 2024-03-01 2024-03-05 this-month -", "m_before 2024-02-01 2024-03-01 this-month m" }, windows)
      local monitor = assert(loom.open(server.database()))
      local report = assert(monitor:report { as_of = "2024-03-05", windows = { "yesterday" }, compare = true })
      for i, store in ipairs(list.stores) do
        assert.same(store.windows.yesterday, store.windows.w)
        assert.equal(report[i].yesterday.down, store.windows.yesterday.down)
        assert.equal(report[i].yesterday_before.down, store.windows.yesterday_before.down)
      end
      report:close()
      monitor:close()
      assert.equal("s23 s22", ids(get "?windows=yesterday&as_of=2024-03-05&sort=down_yesterday&order=asc&limit=2"))
      assert.equal("s23 s22 s21", ids(get("?windows=yesterday&as_of=2024-03-05&sort=change_ratio_yesterday&order=desc&limit=3"
        .. "&compare=true")))
      local page = get "?compare=true&windows=h:12h&sort=change_down_h&limit=12"
      local rest = get("?compare=true&windows=h:12h&sort=change_down_h&limit=12&cursor=" .. escape(page.next_cursor))
      assert.same({ 12, 11 }, { #page.stores, #rest.stores })
      local changes, known = {}, {}
      for _, list_page in ipairs { page, rest } do
        for _, store in ipairs(list_page.stores) do
          changes[#changes + 1] = store.windows.h_before.down - store.windows.h.down
          known[store.store_id] = true
        end
      end
      for i = 2, #changes do
        assert.is_true(changes[i - 1] <= changes[i])
      end
      assert.equal(23, #changes)
      assert.is_true(known.s01 and known.s23)
      problem(400, "sort", "GET", "/v1/stores?sort=change_ratio_last_day")
      local summary = expect(200, "GET", "/v1/summary?windows=yesterday&as_of=2024-03-05&compare=true").figures
      assert.equal(23 * 86400, summary.yesterday_before.totals.scheduled)
      for name, change in pairs(summary.yesterday.change) do
        local now, before = summary.yesterday.totals[name], summary.yesterday_before.totals[name]
        if now == cjson.null or before == cjson.null then
          assert.equal(cjson.null, change)
        else
          assert.is_true(math.abs(now - before - change) < 1e-6)
        end
      end
      assert.is_true(summary.yesterday.change.ratio > 0)
      assert.equal(cjson.null, summary.yesterday_before.change)
    end)

    it("are seen from now, to the second", function()
      local before = os.time()
      local as_of = loom.parse_timestamp(get("?as_of=now&limit=1").as_of)
      assert.is_true(as_of % 1 == 0 and as_of >= before and as_of <= os.time())
    end)

    it("refuse a cursor of another list", function()
      local cursor = get("?limit=2").next_cursor
      problem(400, "cursor", "GET", "/v1/stores?limit=2&sort=ratio_last_day&cursor=" .. cursor)
      problem(400, "cursor", "GET", "/v1/stores?limit=2&store_id=s*&cursor=" .. cursor)
      problem(400, "cursor", "GET", "/v1/stores?limit=2&cursor=" .. cursor:sub(1, -3))
      assert.equal("s03 s04 s05", ids(get("?limit=3&cursor=" .. cursor)))
    end)

    it("keep coming while the data change, and get there", function()
      for i = 1, 30 do
        expect(200, "PUT", "/v1/stores/s06/attributes", { attributes = { region = "north", size = "0", round = tostring(i) } })
        assert.equal(23, get("?limit=1").total)
      end
      await("the list of now", function() -- it may be some seconds old
        return get("?where.round=30").total == 1
      end)
      assert.equal("s06", ids(get "?where.round=30"))
    end)

    it("come without a body for HEAD", function()
      local response = server.request("HEAD", "/v1/stores")
      assert.equal(200, response.status)
      assert.equal("application/json", response.headers["content-type"])
      assert.is_true(tonumber(response.headers["content-length"]) > 1000)
    end)
  end)

  describe("alone", function()
    it("have their figures, and what is known of them", function()
      local store = expect(200, "GET", "/v1/stores/s03")
      assert.equal("s03", store.store_id)
      assert.equal("UTC", store.timezone_str)
      assert.is_false(store.has_hours)
      assert.same({ region = "south", size = "0" }, store.attributes)
      assert.equal("2024-03-04 00:30:00.000000 UTC", store.first_poll)
      assert.equal("2024-03-04 23:30:00.000000 UTC", store.last_poll)
      assert.equal(24, store.windows.last_week.polls)
      assert.same(get("?store_id=s03").stores[1].windows, store.windows)
    end)

    it("follow the options of a report", function()
      local store = expect(200, "GET", "/v1/stores/s03?as_of=2024-03-04T12:00:00Z&windows=half:12h&preset=seed")
      assert.equal("2024-03-04 12:00:00.000000 UTC", store.as_of)
      assert.equal(12, store.windows.half.polls)
      problem(400, "preset", "GET", "/v1/stores/s03?preset=x")
      problem(400, "limit", "GET", "/v1/stores/s03?limit=1")
    end)

    it("show at once what a client has written", function()
      for i = 1, 20 do
        expect(200, "PUT", "/v1/stores/s05/attributes", { attributes = { round = tostring(i) } })
        assert.equal(tostring(i), expect(200, "GET", "/v1/stores/s05").attributes.round)
      end
      expect(201, "POST", "/v1/exclusions",
        { store_id = "s05", from_utc = "2024-03-04 23:00:00", to_utc = "2024-03-04 23:15:00" })
      assert.equal(900, expect(200, "GET", "/v1/stores/s05").windows.last_hour.excluded)
    end)

    it("are 404 where they are not known, whatever their names", function()
      for _, id in ipairs { "nobody", "s0*", "count", "revision", "..", "a/b", "\255\254", ("x"):rep(255) } do
        problem(404, nil, "GET", "/v1/stores/" .. escape(id))
      end
      assert.is_nil(problem(404, nil, "GET", "/v1/stores/%FF").detail:find "\255")
      assert.is_nil(problem(400, "store_id", "GET", "/v1/stores/%FF%20").detail:find "\255")
      problem(400, "store_id", "GET", "/v1/stores/" .. ("x"):rep(256))
      assert.equal(400, server.request("GET", "/v1/stores/a%00b").status)
      problem(400, "store_id", "GET", "/v1/stores/%20a")
      problem(404, nil, "GET", "/v1/stores/")
      problem(404, nil, "GET", "/v1/stores/s01/nothing")
    end)

    it("may have ids of any bytes", function()
      local odd = { "a/b", "100%", "it's \"x\"", "Zürich ☕", "a+b c", "[s0]*?", "\255\254", "..", ".",
        ("é"):rep(127) .. "x", "<script>", "a?b#c&d=e", "count" }
      for _, id in ipairs(odd) do
        local path = "/v1/stores/" .. escape(id)
        expect(200, "PUT", path .. "/attributes", { attributes = { name = "this" } })
        expect(200, "PUT", path .. "/timezone", { timezone_str = "UTC" })
        local store = expect(200, "GET", path)
        assert.equal("this", store.attributes.name)
        assert.equal(id ~= "\255\254" and id or "\239\191\189\239\191\189", store.store_id)
        assert.equal(0, store.windows.last_hour.polls)
        expect(200, "GET", path .. "/timeline")
      end
      await("the list of now", function() -- it may be some seconds old
        return get("?all_stores=true&limit=1").total == 23 + #odd
      end)
      for _, id in ipairs(odd) do
        assert.equal(1, get("?all_stores=true&store_id=" .. escape((id:gsub("[%[*?]", "[%0]")))).total)
      end
      assert.equal(23, get("?limit=1").total)
    end)

    it("are the same at the same path, whatever was asked for in between", function()
      local one, other = "/v1/stores/s01", "/v1/stores/s02"
      for _ = 1, 2 do
        assert.equal("s01", expect(200, "GET", one).store_id)
        assert.equal("s02", expect(200, "GET", other).store_id)
        assert.equal("s01", expect(200, "GET", one .. "?preset=monitoring").store_id)
        assert.equal("s01", expect(200, "GET", "/v1/stores/s%301").store_id)
        assert.equal(405, contract.request("POST", one, { body = "{}" }).status)
        problem(404, nil, "GET", "/v1/stores/s01/nothing")
        problem(404, nil, "GET", "/v1/stores/?preset=monitoring")
      end
    end)

    it("allow only what there is", function()
      local response = contract.request("POST", "/v1/stores/s01", { body = "{}" })
      assert.equal(405, response.status)
      assert.equal("DELETE, GET, HEAD", response.headers.allow)
      problem(405, nil, "DELETE", "/v1/stores")
    end)
  end)

  describe("in a summary", function()
    it("are added up, and spread", function()
      local summary = expect(200, "GET", "/v1/summary?store_id=s*")
      assert.equal(23, summary.stores)
      local day = summary.figures.last_day
      assert.equal(23 * 86400, day.totals.scheduled + day.totals.excluded)
      assert.equal(20, #day.ratios)
      local count = 0
      for _, bin in ipairs(day.ratios) do
        count = count + bin.stores
      end
      assert.equal(23, count)
      local worst = get "?sort=ratio_last_day"
      assert.equal(worst.stores[12].windows.last_day.ratio, day.percentiles.ratio["50"])
      assert.equal(worst.stores[2].windows.last_day.ratio, day.percentiles.ratio["5"])
    end)

    it("tell how few of them have most of the down time", function()
      for query, count in pairs { [""] = 23, ["&where.region=north"] = 11 } do
        local of = expect(200, "GET", "/v1/summary?store_id=s*" .. query).figures.last_day
        local worst = get("?store_id=s*&sort=down_last_day&order=desc" .. query).stores
        assert.equal(count, #worst)
        assert.equal(3, #of.concentration)
        for _, held in ipairs(of.concentration) do
          local sum, fewest = 0, 0
          while fewest < #worst and sum < held.share * of.totals.down do
            fewest = fewest + 1
            sum = sum + worst[fewest].windows.last_day.down
          end
          assert.equal(fewest, held.stores)
        end
      end
    end)

    it("may be chosen, and cut in other ways", function()
      local summary = expect(200, "GET", "/v1/summary?where.region=north&percents=0,99.5,100&bins=4&windows=day:1d")
      assert.equal(11, summary.stores)
      assert.equal(4, #summary.figures.day.ratios)
      assert.equal(summary.figures.day.percentiles.ratio["100"], summary.figures.day.percentiles.ratio["99.5"])
      assert.equal(0, expect(200, "GET", "/v1/summary?where.region=east").stores)
      for query, field in pairs { ["percents=101"] = "percents", ["percents="] = "percents", ["percents=a"] = "percents",
        ["bins=0"] = "bins", ["bins=101"] = "bins", ["sort=x"] = "sort" } do
        problem(400, field, "GET", "/v1/summary?" .. query)
      end
    end)
  end)

  describe("looked at closely", function()
    local span = "?from=2024-03-04T00:00:00Z&to=2024-03-05T00:00:00Z"

    it("have a timeline and outages", function()
      local timeline = expect(200, "GET", "/v1/stores/s03/timeline" .. span)
      assert.equal("2024-03-04 00:00:00.000000 UTC", timeline.from)
      assert.same({ from = "2024-03-04 00:00:00.000000 UTC", to = "2024-03-04 02:30:00.000000 UTC", seconds = 9000,
        state = "up" }, timeline.segments[1])
      local outages = expect(200, "GET", "/v1/stores/s03/outages" .. span).outages
      assert.same({ { from = "2024-03-04 02:30:00.000000 UTC", to = "2024-03-05 00:00:00.000000 UTC", seconds = 77400 } },
        outages)
      assert.equal("2024-03-04 23:30:00.000000 UTC", expect(200, "GET", "/v1/stores/s03/timeline").to)
      assert.same({}, expect(200, "GET", "/v1/stores/s23/outages?from=2024-03-04T00:00:00Z&to=2024-03-04T23:00:00Z").outages)
    end)

    it("have them as CSV, which tells what JSON does, and what the store's clock showed", function()
      local function sheet(target, headers)
        local response = contract.request("GET", target, { headers = headers })
        assert.same({ 200, "text/csv" }, { response.status, response.headers["content-type"] }, response.body)
        return response.body, response.headers
      end
      local outages, headers = sheet("/v1/stores/s03/outages" .. span .. "&format=csv&time=rfc3339")
      assert.equal("store_id,from_utc,to_utc,seconds,from_local,to_local\n"
        .. "s03,2024-03-04T02:30:00Z,2024-03-05T00:00:00Z,77400,2024-03-04 02:30:00,2024-03-05 00:00:00\n", outages)
      assert.equal('attachment; filename="outages.csv"', headers["content-disposition"])
      assert.equal(outages, (sheet("/v1/stores/s03/outages" .. span .. "&time=rfc3339", { Accept = "text/csv" })))
      assert.equal(200, contract.request("HEAD", "/v1/stores/s03/outages" .. span .. "&format=csv").status)
      local found, lines = expect(200, "GET", "/v1/stores/s03/timeline" .. span .. "&format=json"), {}
      for i, segment in ipairs(found.segments) do
        local function shown(text)
          return (text:gsub("%.000000 UTC", "")) -- its zone is UTC
        end
        lines[i] = table.concat({ "s03", segment.from, segment.to, segment.state, ("%d"):format(segment.seconds),
          shown(segment.from), shown(segment.to) }, ",")
      end
      assert.equal("store_id,from_utc,to_utc,state,seconds,from_local,to_local\n" .. table.concat(lines, "\n") .. "\n",
        (sheet("/v1/stores/s03/timeline" .. span .. "&format=csv")))
      assert.equal("store_id,from_utc,to_utc,seconds,from_local,to_local\n",
        (sheet "/v1/stores/s23/outages?from=2024-03-04T00:00:00Z&to=2024-03-04T23:00:00Z&format=csv"))
      problem(400, "format", "GET", "/v1/stores/s03/outages?format=xml")
      problem(400, "to", "GET", "/v1/stores/s03/outages?format=csv&from=2024-03-05T00:00:00Z&to=2024-03-04T00:00:00Z")
    end)

    it("have them on the store's calendar, too", function()
      local path = "/v1/stores/s03/"
      local outages = expect(200, "GET", path .. "outages" .. span .. "&as_of=2024-03-05")
      for _, query in ipairs { "from=2024-03-04&to=2024-03-05", "window=yesterday", "from=2024-03-04" } do
        assert.same(outages, expect(200, "GET", path .. "outages?as_of=2024-03-05&" .. query))
      end
      assert.equal("2024-03-04 00:00:00.000000 UTC", expect(200, "GET", path .. "timeline?window=today").from)
      assert.equal("today", expect(200, "GET", path .. "explain?windows=today").windows[1].calendar)
      for query, field in pairs { ["from=2024-03-04&to=2024-03-05T00:00:00Z"] = "to", ["from=2024-03-04&to=2024-03-04"] = "to",
        ["window=tomorrow"] = "window", ["window=today&from=2024-03-04"] = "window", ["compare=true"] = "compare" } do
        problem(400, field, "GET", path .. "timeline?" .. query)
      end
      problem(400, "compare", "GET", path .. "explain?compare=yes")
    end)

    it("are explained", function()
      local found = expect(200, "GET", "/v1/stores/s03/explain?windows=day:1d")
      assert.equal("UTC", found.timezone_str)
      assert.equal("day", found.windows[1].name)
      assert.equal(found.windows[1].figures.polls,
        #found.windows[1].pieces[1].polls + #found.windows[1].pieces[2].polls)
      assert.equal(3, #expect(200, "GET", "/v1/stores/s03/explain?preset=seed").windows)
    end)

    it("are explained beside the window before", function()
      local found = expect(200, "GET", "/v1/stores/s03/explain?windows=day:1d&compare=true")
      assert.equal("day_before", found.windows[2].name)
      assert.equal("day", found.windows[2].before_of)
      assert.equal(found.windows[1].from, found.windows[2].to)
      problem(422, "compare", "GET", "/v1/stores/s03/explain?windows=a:1h,a_before:1h&compare=true")
    end)

    it("have a schedule", function()
      local path = "/v1/stores/s03/schedule"
      local found = expect(200, "GET", path .. "?from=2024-03-04&to=2024-03-06&time=rfc3339")
      assert.same({ "2024-03-04", "2024-03-05" }, { found.days[1].date, found.days[2].date })
      assert.equal("2024-03-05T00:00:00Z", found.days[2].from)
      assert.equal(14, #expect(200, "GET", path).days)
      problem(404, nil, "GET", "/v1/stores/nobody/schedule")
      problem(400, "from", "GET", path .. "?from=2024-03-04T00:00:00Z")
      problem(400, "windows", "GET", path .. "?windows=a:1d")
      problem(422, "to", "GET", path .. "?from=2024-03-04&to=2024-03-04")
      problem(422, "to", "GET", path .. "?from=2024-03-04&to=2024-05-06")
    end)

    it("are refused with the parameter that is wrong", function()
      for _, what in ipairs { "timeline", "outages" } do
        local path = "/v1/stores/s03/" .. what
        problem(404, nil, "GET", "/v1/stores/nobody/" .. what)
        problem(400, "from", "GET", path .. "?from=x")
        problem(400, "to", "GET", path .. "?from=2024-03-05T00:00:00Z&to=2024-03-04T00:00:00Z")
        problem(400, "from", "GET", path .. "?from=1900-01-01T00:00:00Z&to=2024-03-04T00:00:00Z")
        problem(400, "windows", "GET", path .. "?windows=a:1d")
        problem(422, "default_zone", "GET", path .. "?default_zone=Mars")
      end
      problem(404, nil, "GET", "/v1/stores/nobody/explain")
      problem(400, "windows", "GET", "/v1/stores/s03/explain?windows=a:20d,b:x")
    end)
  end)

end)

describe("stores of a database that is empty", function()
  setup(server.start)
  teardown(server.stop)

  it("are none, and no failure", function()
    assert.equal(0, expect(200, "GET", "/v1/stores").total)
    assert.equal(0, expect(200, "GET", "/v1/summary").stores)
    problem(404, nil, "GET", "/v1/stores/a")
    expect(200, "PUT", "/v1/stores/a/timezone", { timezone_str = "UTC" })
    assert.same({}, expect(200, "GET", "/v1/stores/a").windows)
    problem(409, nil, "GET", "/v1/stores/a/timeline")
    expect(200, "GET", "/v1/stores/a/timeline?from=2024-03-04T00:00:00Z&to=2024-03-05T00:00:00Z&as_of=2024-03-05T00:00:00Z")
    problem(409, nil, "GET", "/v1/stores/a/explain")
  end)

end)
