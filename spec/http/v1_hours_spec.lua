local await = require "support.await"
local contract = require "support.contract"
local files = require "support.files"
local loom = require "loom"
local server = require "support.api"
local shell = require "support.shell"

local expect, problem, escape = contract.expect, contract.expect_problem, server.escape

describe("what stores are measured by, over HTTP", function()
  local null = require("cjson").null

  setup(function()
    local state = server.start()
    local monitor = assert(loom.open(state.database))
    assert(monitor:polls { { "known", true, "2024-03-04 12:00:00" } })
    files.write(state.folder .. "/hours.csv",
      "store_id,dayOfWeek,start_time_local,end_time_local\nknown,0,10:00:00,18:00:00\n")
    files.write(state.folder .. "/days.csv", "store_id,date,open,close,note\nknown,2024-05-01,,,Labour Day\n")
    files.write(state.folder .. "/zones.csv", "store_id,timezone_str\nknown,Europe/Rome\n")
    assert(monitor:ingest { hours = state.folder .. "/hours.csv", special_days = state.folder .. "/days.csv",
      timezones = state.folder .. "/zones.csv" })
    monitor:close()
  end)

  teardown(function()
    server.stop()
  end)

  describe("weekly hours", function()
    local path = "/v1/stores/known/hours"

    it("are those of the file until others are set", function()
      local hours = expect(200, "GET", path)
      assert.same({ "10:00-18:00" }, hours.week.mon)
      assert.same({}, hours.week.sun)
      assert.equal("file", hours.origin)
      assert.equal(null, hours.effective_from)
    end)

    it("are set from a date on, and until one", function()
      local hours = expect(200, "PUT", path, { week = { mon = "09:00-17:00", fri = { "11:00-14:30", "17:00-02:00" },
        sat = "closed" }, effective_from = "2030-01-01", to = "2031-01-01" })
      assert.same({ "11:00-14:30", "17:00-02:00" }, hours.week.fri)
      assert.equal("2030-01-01", hours.effective_from)
      assert.equal("override", hours.origin)
      assert.equal(3, #hours.changes)
      assert.same({ "10:00-18:00" }, expect(200, "GET", path .. "?on=2029-12-31").week.mon)
      assert.same({ "09:00-17:00" }, expect(200, "GET", path .. "?on=2030-12-31").week.mon)
      assert.same({ "10:00-18:00" }, expect(200, "GET", path .. "?on=2031-01-01").week.mon)
    end)

    it("have in every place the same shape", function()
      local of_command = shell.good("hours", "get", server.database(), "known", "--on", "2030-01-01", "--format", "json")
      assert.equal(of_command, server.request("GET", path .. "?on=2030-01-01").body .. "\n")
      of_command = shell.good("explain", server.database(), "known", "--window", "day=1d", "--format", "json")
      assert.equal(of_command, server.request("GET", "/v1/stores/known/explain?windows=day:1d").body .. "\n")
    end)

    it("say where they begin today, and the data has ended long before", function()
      local path = "/v1/stores/another/hours" -- luacheck: ignore 431
      local hours = expect(200, "PUT", path, { week = { mon = "09:00-17:00" } })
      assert.matches("the newest poll is of 2024-03-04 12:00:00: no report of the data so far changes; effective_from",
        hours.notice, 1, true)
      assert.is_nil(expect(200, "PUT", path, { week = { mon = "09:00-17:00" }, effective_from = hours.effective_from }).notice)
      assert.is_nil(expect(200, "GET", path).notice)
      expect(204, "DELETE", path .. "?effective_from=always")
    end)

    it("may have their first date called from, too", function()
      local other = "/v1/stores/known/hours"
      assert.equal("2032-01-01", expect(200, "PUT", other, { week = {}, from = "2032-01-01" }).effective_from)
      expect(204, "DELETE", other .. "?from=2031-12-01")
      assert.equal("file", expect(200, "GET", other .. "?on=2032-01-01").origin)
    end)

    it("are those of the file again", function()
      expect(204, "DELETE", path .. "?effective_from=2030-06-01")
      assert.equal("file", expect(200, "GET", path .. "?on=2030-06-01").origin)
      assert.equal("override", expect(200, "GET", path .. "?on=2030-05-31").origin)
      expect(204, "DELETE", path .. "?from=always")
      assert.equal("file", expect(200, "GET", path .. "?on=2030-05-31").origin)
      expect(204, "DELETE", path)
    end)

    it("are none for a store without any", function()
      expect(200, "PUT", "/v1/stores/new/timezone", { timezone_str = "UTC" })
      assert.equal(null, expect(200, "GET", "/v1/stores/new/hours").week)
      expect(200, "PUT", "/v1/stores/newer/hours", { week = {}, effective_from = "always" })
      assert.same({}, expect(200, "GET", "/v1/stores/newer/hours").week.mon)
    end)

    it("come in pages, in order of their dates, and are set as they were seen", function()
      local lines = { "store_id,day,start_time_local,end_time_local,effective_from" }
      for i = 1, 2001 do
        lines[i + 1] = ("many,0,09:00:00,17:00:00,%s"):format(os.date("!%Y-%m-%d", i * 86400))
      end
      local file = server.database() .. "-many.csv"
      files.write(file, table.concat(lines, "\n"))
      shell.good("ingest", server.database(), "--hours", file)
      local path = "/v1/stores/many/hours" -- luacheck: ignore 431
      local set = { week = { tue = "10:00-11:00" }, effective_from = "1970-01-03" }
      assert.equal("override", expect(200, "PUT", path, set).origin)
      local told, cursor, pages, tag = {}, "", 0, nil
      repeat
        local page, response = expect(200, "GET", path .. "?on=1970-02-01&limit=700" .. cursor)
        assert.same({ { "10:00-11:00" }, "1970-01-03", "override" }, { page.week.tue, page.effective_from, page.origin })
        assert.is_true(#page.changes <= 701)
        for _, change in ipairs(page.changes) do
          told[#told + 1] = change.effective_from .. change.origin
        end
        tag, pages = tag or response.headers.etag, pages + 1
        assert.equal(tag, response.headers.etag)
        cursor = page.next_cursor ~= null and "&cursor=" .. page.next_cursor or nil
      until not cursor
      assert.same({ 2002, 3 }, { #told, pages })
      assert.same({ "1970-01-03file", "1970-01-03override" }, { told[2], told[3] })
      table.sort(told)
      for i = 2, #told do
        assert.is_true(told[i - 1] < told[i])
      end
      local some = expect(200, "GET", path .. "?on=1970-01-02&from=1970-01-05&to=1970-01-07&limit=2")
      assert.same({ "1970-01-05", "1970-01-06" }, { some.changes[1].effective_from, some.changes[2].effective_from })
      some = expect(200, "GET", path .. "?from=1970-01-05&to=1970-01-07&limit=2&cursor=" .. some.next_cursor)
      assert.same({ "1970-01-07", null }, { some.changes[1].effective_from, some.next_cursor })
      assert.same({}, expect(200, "GET", path .. "?from=2000-01-01").changes)
      assert.same({ "1970-01-02", "file" }, { expect(200, "GET", path .. "?on=1970-01-02").effective_from,
        expect(200, "GET", path .. "?on=1970-01-02").origin })
      problem(400, "cursor", "GET", path .. "?cursor=abc")
      problem(400, "limit", "GET", path .. "?limit=1001")
      local function put(match)
        return server.request("PUT", path, { body = '{"week":{},"effective_from":"2030-01-01"}',
          headers = { ["If-Match"] = match } }).status
      end
      assert.equal(200, put(tag))
      assert.equal(409, put(tag))
    end)

    it("are refused with the field that is wrong", function()
      problem(404, nil, "GET", "/v1/stores/nobody/hours")
      problem(404, nil, "DELETE", "/v1/stores/nobody/hours")
      problem(400, "on", "GET", path .. "?on=2024-02-30")
      problem(400, "day", "GET", path .. "?day=2024-02-01")
      problem(400, "from", "DELETE", path .. "?from=soon")
      problem(400, "effective_from", "DELETE", path .. "?effective_from=soon")
      problem(400, "from", "DELETE", path .. "?effective_from=always&from=always")
      problem(400, "week", "PUT", path, "{}")
      problem(400, "week", "PUT", path, "")
      problem(400, nil, "PUT", path, "[1]")
      problem(400, nil, "PUT", path, '{"week":')
      problem(400, nil, "PUT", path, "null")
      problem(400, "weeks", "PUT", path, '{"week":{},"weeks":1}')
      for _, week in ipairs { '"mon"', "1", "true", '["mon"]', '{"monday":"closed"}', '{"mon":"9-17"}', '{"mon":[1]}',
        '{"mon":{"a":"09:00-17:00"}}', '{"mon":"09:00-25:00"}', '{"mon":false}' } do
        problem(400, "week", "PUT", path, '{"week":' .. week .. "}")
      end
      problem(400, "from", "PUT", path, '{"week":{},"from":"2024-02-30"}')
      problem(400, "from", "PUT", path, '{"week":{},"from":7}')
      problem(400, "effective_from", "PUT", path, '{"week":{},"effective_from":"2024-02-30"}')
      problem(400, "from", "PUT", path, '{"week":{},"effective_from":"2024-03-02","from":"2024-03-02"}')
      problem(400, "to", "PUT", path, '{"week":{},"from":"2024-03-02","to":"2024-03-01"}')
      problem(400, "store_id", "PUT", "/v1/stores/" .. ("x"):rep(256) .. "/hours", '{"week":{}}')
      problem(405, nil, "POST", path, "{}")
    end)
  end)

  describe("timezones", function()
    local path = "/v1/stores/known/timezone"

    it("are set, and those of the file again", function()
      assert.same({ store_id = "known", timezone_str = "Europe/Rome", origin = "file" }, expect(200, "GET", path))
      assert.equal("override", expect(200, "PUT", path, { timezone_str = "Asia/Tokyo" }).origin)
      assert.equal("Asia/Tokyo", expect(200, "GET", path).timezone_str)
      expect(204, "DELETE", path)
      assert.equal("Europe/Rome", expect(200, "GET", path).timezone_str)
      expect(200, "PUT", "/v1/stores/attributed/attributes", { attributes = {} })
      assert.equal("default", expect(200, "GET", "/v1/stores/attributed/timezone").origin)
    end)

    it("are refused with the field that is wrong", function()
      problem(404, nil, "GET", "/v1/stores/nobody/timezone")
      problem(404, nil, "DELETE", "/v1/stores/nobody/timezone")
      problem(400, "timezone_str", "PUT", path, { timezone_str = "Mars/Olympus" })
      problem(400, "timezone_str", "PUT", path, { timezone_str = "../../etc/passwd" })
      problem(400, "timezone_str", "PUT", path, { timezone_str = 7 })
      problem(400, "timezone_str", "PUT", path, '{"timezone_str":null}')
      problem(400, "zone", "PUT", path, { zone = "UTC" })
      problem(404, nil, "GET", "/v1/stores/nobody")
    end)
  end)

  describe("special days", function()
    local path = "/v1/stores/known/special-days"

    it("are set, listed, and removed", function()
      local day = expect(200, "PUT", path .. "/2024-12-24", { spans = { "10:00-14:00" }, note = "Christmas Eve" })
      assert.same({ store_id = "known", date = "2024-12-24", spans = { "10:00-14:00" }, note = "Christmas Eve",
        origin = "override" }, day)
      assert.same(day, expect(200, "GET", path .. "/2024-12-24"))
      assert.equal(2, #expect(200, "GET", path).special_days)
      assert.equal(1, #expect(200, "GET", path .. "?from=2024-06-01").special_days)
      assert.equal(1, #expect(200, "GET", path .. "?to=2024-06-01").special_days)
      expect(204, "DELETE", path .. "/2024-12-24")
      problem(404, nil, "GET", path .. "/2024-12-24")
      problem(404, nil, "DELETE", path .. "/2024-12-24")
    end)

    it("come in pages, each date once and in order", function()
      for day = 1, 7 do
        expect(200, "PUT", ("%s/2025-01-%02d"):format(path, day), { spans = "closed" })
      end
      local whole = expect(200, "GET", path)
      assert.equal(null, whole.next_cursor)
      for limit = 1, 9 do
        local found, cursor, pages = {}, "", 0
        repeat
          local page = expect(200, "GET", ("%s?limit=%d%s"):format(path, limit, cursor))
          assert.is_true(#page.special_days <= limit)
          for _, day in ipairs(page.special_days) do
            found[#found + 1] = day
          end
          cursor, pages = page.next_cursor ~= null and "&cursor=" .. page.next_cursor, pages + 1
        until not cursor
        assert.same(whole.special_days, found)
        assert.equal(math.ceil(#found / limit), pages)
      end
      local first = expect(200, "GET", path .. "?from=2025-01-01&to=2025-01-05&limit=3")
      local rest = expect(200, "GET", path .. "?from=2025-01-01&to=2025-01-05&limit=3&cursor=" .. first.next_cursor)
      assert.same({ 3, 2, null, "2025-01-04" },
        { #first.special_days, #rest.special_days, rest.next_cursor, rest.special_days[1].date })
      problem(400, "cursor", "GET", "/v1/special-days?cursor=" .. first.next_cursor) -- of another list
      problem(400, "limit", "GET", path .. "?limit=1001")
      for day = 1, 7 do
        expect(204, "DELETE", ("%s/2025-01-%02d"):format(path, day))
      end
    end)

    it("that files brought are removed when that is asked for", function()
      assert.same({}, expect(200, "GET", path .. "/2024-05-01").spans)
      problem(404, nil, "DELETE", path .. "/2024-05-01")
      expect(204, "DELETE", path .. "/2024-05-01?loaded=true")
      problem(404, nil, "GET", path .. "/2024-05-01")
    end)

    it("may be those of all stores", function()
      assert.equal("*", expect(200, "PUT", "/v1/special-days/2024-12-25", { spans = "closed" }).store_id)
      assert.equal(1, #expect(200, "GET", "/v1/special-days").special_days)
      problem(404, nil, "GET", path .. "/2024-12-25")
      expect(204, "DELETE", "/v1/special-days/2024-12-25")
      problem(404, nil, "DELETE", "/v1/special-days/2024-12-25")
    end)

    it("are refused with the field that is wrong", function()
      problem(404, nil, "GET", "/v1/stores/nobody/special-days")
      problem(404, nil, "DELETE", "/v1/stores/nobody/special-days/2024-12-25")
      problem(400, "store_id", "PUT", "/v1/stores/*/special-days/2024-12-25", { spans = "closed" })
      problem(400, "from", "GET", path .. "?from=x")
      problem(400, "date", "GET", path .. "/christmas")
      problem(400, "date", "PUT", path .. "/2024-02-30", { spans = "closed" })
      problem(400, "date", "DELETE", path .. "/2024-13-01")
      problem(400, "loaded", "DELETE", path .. "/2024-12-25?loaded=yes")
      problem(400, "spans", "PUT", path .. "/2024-12-25", {})
      problem(400, "spans", "PUT", path .. "/2024-12-25", { spans = "noon" })
      problem(400, "spans", "PUT", path .. "/2024-12-25", { spans = 12 })
      problem(400, "note", "PUT", path .. "/2024-12-25", { spans = "closed", note = 7 })
      problem(400, "note", "PUT", path .. "/2024-12-25", { spans = "closed", note = ("x"):rep(4097) })
    end)
  end)

  describe("attributes", function()
    local path = "/v1/stores/known/attributes"

    it("are replaced", function()
      expect(200, "PUT", path, { attributes = { region = "north", size = 3 } })
      assert.same({ region = "north", size = "3" }, expect(200, "GET", path).attributes)
      assert.same({ ["a\"b"] = "ü" }, expect(200, "PUT", path, { attributes = { ["a\"b"] = "ü", gone = "" } }).attributes)
      expect(204, "DELETE", path)
      assert.same({}, expect(200, "GET", path).attributes)
    end)

    it("that are numbers keep all their digits, or are refused", function()
      assert.same({ code = "1234567890123456", share = "0.1234567890123456" },
        expect(200, "PUT", path, '{"attributes":{"code":1234567890123456,"share":0.1234567890123456}}').attributes)
      problem(400, "attributes", "PUT", path, '{"attributes":{"code":12345678901234567890}}')
      problem(400, "attributes", "PUT", path, '{"attributes":{"code":1e400}}')
      assert.equal("1234567890123456", expect(200, "GET", path).attributes.code)
      expect(204, "DELETE", path)
    end)

    it("are refused with the field that is wrong", function()
      problem(404, nil, "GET", "/v1/stores/nobody/attributes")
      problem(404, nil, "DELETE", "/v1/stores/nobody/attributes")
      problem(400, "attributes", "PUT", path, {})
      for _, attributes in ipairs { '"x"', '["x"]', '{"a":{}}', '{"a":true}', '{"":"x"}', '{"store_id":"x"}',
        '{"' .. ("n"):rep(65) .. '":"x"}' } do
        problem(400, "attributes", "PUT", path, '{"attributes":' .. attributes .. "}")
      end
      assert.equal(413, server.request("PUT", path, { body = ("x"):rep(1024 * 1024 + 1) }).status)
      local many = {}
      for i = 1, 256 do
        many["name " .. i] = "x"
      end
      problem(413, nil, "PUT", path, { attributes = many })
    end)
  end)

  describe("exclusions", function()
    it("are made, listed, and removed", function()
      local made, response = expect(201, "POST", "/v1/exclusions",
        { store_id = "known", from_utc = "2024-03-04T02:00:00Z", to_utc = "2024-03-04 04:00:00", reason = "network" })
      assert.equal("2024-03-04 02:00:00.000000 UTC", made.from_utc)
      assert.equal(("/v1/exclusions/%d"):format(made.number), response.headers.location)
      local all = expect(201, "POST", "/v1/exclusions", { store_id = "*", from_utc = 1709517600, to_utc = 1709521200 })
      assert.equal("", all.reason)
      assert.equal(2, #expect(200, "GET", "/v1/exclusions").exclusions)
      assert.same({ made }, expect(200, "GET", "/v1/exclusions?store_id=known").exclusions)
      assert.same({ all }, expect(200, "GET", "/v1/exclusions?store_id=*").exclusions)
      expect(204, "DELETE", response.headers.location)
      problem(404, nil, "DELETE", response.headers.location)
    end)

    it("come in pages, each exclusion once and in order of time", function()
      local made, long = {}, ("r"):rep(4095)
      for i = 1, 7 do -- two begin at the same time; one is beyond what a double holds
        local from = i == 7 and "9999-12-30 23:59:59.999999" or ("2024-03-%02d 02:00:00"):format(10 - i + i % 2)
        made[i] = expect(201, "POST", "/v1/exclusions", { store_id = "known", from_utc = from,
          to_utc = "9999-12-31 23:59:59.999999", reason = i .. long })
      end
      local whole = expect(200, "GET", "/v1/exclusions?store_id=known")
      assert.equal(null, whole.next_cursor)
      assert.equal(7, #whole.exclusions)
      for i = 2, 7 do
        local a, b = whole.exclusions[i - 1], whole.exclusions[i]
        assert.is_true(a.from_utc < b.from_utc or (a.from_utc == b.from_utc and a.number < b.number))
      end
      for limit = 1, 8 do
        local found, cursor, pages = {}, "", 0
        repeat
          local page = expect(200, "GET", ("/v1/exclusions?store_id=known&limit=%d%s"):format(limit, cursor))
          for _, exclusion in ipairs(page.exclusions) do
            found[#found + 1] = exclusion
          end
          cursor, pages = page.next_cursor ~= null and "&cursor=" .. page.next_cursor, pages + 1
          assert.is_true(#page.exclusions <= limit)
        until not cursor
        assert.same(whole.exclusions, found)
        assert.equal(math.ceil(7 / limit), pages)
      end
      local first = expect(200, "GET", "/v1/exclusions?store_id=known&limit=3")
      problem(400, "cursor", "GET", "/v1/exclusions?cursor=" .. first.next_cursor) -- of another list
      problem(400, "limit", "GET", "/v1/exclusions?limit=1001")
      for _, exclusion in ipairs(made) do
        expect(204, "DELETE", ("/v1/exclusions/%d"):format(exclusion.number))
      end
      local rest = expect(200, "GET", "/v1/exclusions?store_id=known&cursor=" .. first.next_cursor)
      assert.same({}, rest.exclusions) -- the one that the cursor names is gone, too
    end)

    it("are rules, too, which every reader follows", function()
      local week = expect(201, "POST", "/v1/exclusions", { store_id = "known", weekly = "sun,mon 12:00-13:00", reason = "network",
        from_local = "2024-03-01" })
      assert.same({ number = week.number, store_id = "known", from_utc = null, to_utc = null, reason = "network", zone = "store",
        weekly = "mon 12:00-13:00; sun 12:00-13:00", from_local = "2024-03-01", to_local = null }, week)
      local once = expect(201, "POST", "/v1/exclusions", { store_id = "*", zone = "Asia/Tokyo", from_local = "2024-03-05",
        to_local = "2024-03-05 01:30" })
      assert.same({ null, "Asia/Tokyo", "2024-03-05 00:00:00", "2024-03-05 01:30:00" },
        { once.weekly, once.zone, once.from_local, once.to_local })
      local found = {}
      local segments = expect(200, "GET", "/v1/stores/known/timeline?from=2024-03-04T00:00:00Z&to=2024-03-06T00:00:00Z").segments
      for _, segment in ipairs(segments) do
        if segment.state == "excluded" then
          found[#found + 1] = ("%s %d"):format(segment.from:sub(1, 16), segment.seconds)
        end
      end
      assert.same({ "2024-03-04 11:00 3600", "2024-03-04 15:00 5400" }, found) -- in Rome it is an hour later
      local pages, cursor, numbers = 0, "", {}
      repeat
        local page = expect(200, "GET", "/v1/exclusions?limit=1" .. cursor)
        cursor, pages = page.next_cursor ~= null and "&cursor=" .. page.next_cursor, pages + 1
        numbers[page.exclusions[1].number] = true
      until not cursor
      assert.is_true(numbers[week.number] and numbers[once.number] and pages >= 2)
      local _, response = expect(200, "GET", "/v1/exclusions?store_id=known")
      assert.matches('"weekly":"mon 12:00-13:00; sun 12:00-13:00"', response.body, 1, true)
      for _, made in ipairs { week, once } do
        expect(204, "DELETE", ("/v1/exclusions/%d"):format(made.number))
      end
    end)

    it("are refused with the field that is wrong", function()
      local path = "/v1/exclusions"
      problem(400, "weekly", "POST", path, { store_id = "a", weekly = "sun" })
      problem(400, "from_local", "POST", path, { store_id = "a", weekly = "sun 02:00-04:00", from_local = "2024-03-04 10:00" })
      problem(400, "to_local", "POST", path,
        { store_id = "a", zone = "store", from_local = "2024-03-04", to_local = "2024-03-04" })
      problem(400, "to_local", "POST", path, { store_id = "a", zone = "store", from_local = "2024-03-04" })
      problem(400, "from_utc", "POST", path, { store_id = "a", weekly = "sun 02:00-04:00", from_utc = 1 })
      problem(400, "to_local", "POST", path, { store_id = "a", from_utc = 1, to_utc = 2, to_local = "2024-03-04" })
      problem(400, "store_id", "POST", path, { store_id = { "a", "b" }, from_utc = 1, to_utc = 2 })
      problem(400, nil, "POST", path, { store_id = "a", zone = "Mars", from_local = "2024-03-04", to_local = "2024-03-05" })
      problem(400, "store_id", "POST", path, { from_utc = "2024-03-04 02:00:00", to_utc = "2024-03-04 04:00:00" })
      problem(400, "from_utc", "POST", path, { store_id = "a", to_utc = "2024-03-04 04:00:00" })
      problem(400, "from_utc", "POST", path, { store_id = "a", from_utc = "now", to_utc = "2024-03-04 04:00:00" })
      problem(400, "to_utc", "POST", path,
        { store_id = "a", from_utc = "2024-03-04 04:00:00", to_utc = "2024-03-04 04:00:00" })
      problem(400, "store_id", "POST", path, { store_id = 7, from_utc = 1, to_utc = 2 })
      problem(400, "from", "POST", path, { store_id = "a", from = 1, to_utc = 2 })
      problem(400, "store_id", "GET", path .. "?store_id=")
      for _, number in ipairs { "x", "0", "-1", "1.5", "99999999999999999999" } do
        problem(400, "number", "DELETE", path .. "/" .. number)
      end
      problem(404, nil, "DELETE", path .. "/123456")
      problem(405, nil, "PUT", path .. "/1", "{}")
    end)
  end)

  describe("reports", function()
    local function trigger(options)
      return expect(200, "POST", "/trigger_report", options or {}).report_id
    end

    -- Waits until a report has ended.
    local function ended(id)
      return await("the report's end", function()
        local report = expect(200, "GET", "/v1/reports/" .. id)
        return (report.status == "complete" or report.status == "failed") and report
      end)
    end

    it("are listed, the newest first, and removed", function()
      local made = {}
      for i = 1, 5 do
        made[i] = trigger { preset = i % 2 == 0 and "seed" or "loom" }
        ended(made[i])
      end
      local report = expect(200, "GET", "/v1/reports/" .. made[2])
      assert.equal("complete", report.status)
      assert.equal(1, report.progress)
      assert.same({ preset = "seed" }, report.options)
      assert.equal(null, report.error)
      local seen, cursor = {}, nil
      repeat
        local page = expect(200, "GET", "/v1/reports?limit=2" .. (cursor and "&cursor=" .. cursor or ""))
        for _, item in ipairs(page.reports) do
          table.insert(seen, 1, item.report_id)
        end
        cursor = page.next_cursor ~= null and page.next_cursor
      until not cursor
      assert.same(made, seen)
      assert.equal(5, #expect(200, "GET", "/v1/reports?status=complete").reports)
      assert.equal(0, #expect(200, "GET", "/v1/reports?status=failed").reports)
      expect(204, "DELETE", "/v1/reports/" .. made[1])
      problem(404, nil, "GET", "/v1/reports/" .. made[1])
      problem(404, nil, "DELETE", "/v1/reports/" .. made[1])
      expect(404, "GET", "/get_report/" .. made[1])
    end)

    it("are refused with the field that is wrong", function()
      problem(400, "report_id", "GET", "/v1/reports/7")
      problem(400, "report_id", "DELETE", "/v1/reports/" .. escape "../x")
      problem(404, nil, "GET", "/v1/reports/00000000-0000-4000-8000-000000000000")
      problem(400, "status", "GET", "/v1/reports?status=good")
      problem(400, "limit", "GET", "/v1/reports?limit=0")
      problem(400, "cursor", "GET", "/v1/reports?cursor=x")
      problem(400, "as_of", "POST", "/trigger_report", { as_of = "yesterday" })
      problem(400, "colour", "POST", "/trigger_report", { colour = "red" })
      problem(400, "windows", "POST", "/trigger_report", { windows = { { name = "a" } } })
    end)
  end)


  it("logs nothing for what clients do wrong", function()
    local log = server.log():gsub("loom: http://[^\n]*\n", ""):gsub("loom: the workers run as root[^\n]*\n", "")
      :gsub("[^\n]*too large body[^\n]*\n", "")
    assert.equal("", log)
  end)
end)
