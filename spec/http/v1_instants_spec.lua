local cjson = require "cjson"
local contract = require "support.contract"
local instants = require "loom.formats.instants"
local loom = require "loom"
local router = require "loom.http.router"
local server = require "support.api"
local shell = require "support.shell"
local time = require "loom.time"

require "loom.http" -- which knows all routes

local expect, problem, escape = contract.expect, contract.expect_problem, server.escape

-- Stores with polls that are no whole seconds, an exclusion, one with opening hours, an alert and one that is about to fire.
local function fill(path)
  local monitor = assert(loom.open(path, { create = true }))
  local polls = {}
  for i = 1, 9 do
    for hour = 0, 23 do
      polls[#polls + 1] = { ("s%d"):format(i), hour % 5 ~= i % 5, ("2024-03-04 %02d:30:00.%06d"):format(hour, i * 100100) }
    end
    assert(monitor:set_attributes(("s%d"):format(i), { region = i % 2 == 0 and "north" or "south" }))
  end
  assert(monitor:polls(polls))
  assert(monitor:set_hours("s3", { mon = "09:00-17:00" }, { effective_from = "always" }))
  assert(monitor:exclude { store = "s2", from = "2024-03-04 10:00", to = "2024-03-04 10:20", reason = "repair" })
  assert(monitor:set_channel { name = "log", kind = "log" })
  local down = { kind = "inactive_polls", count = 1, of = 1 }
  assert(monitor:set_rule { name = "down", when = down, channels = { "log" } })
  assert(monitor:set_rule { name = "soon", when = down, ["for"] = { count = 3 }, channels = { "log" } })
  assert(monitor:set_silence { matchers = { rule = { "none" } }, to = "2124-03-04" .. " 10:00" })
  shell.good("agent", path, "--once", "--clock", "2024-03-04 23:40:00")
  monitor:close()
end

describe("instants over HTTP", function()
  setup(function()
    fill(server.start().database)
  end)

  teardown(function()
    server.stop()
  end)

  -- A route's path, of what there is.
  local function address(route)
    local names = { store_id = "s2", name = "down", id = function()
      return expect(200, "GET", "/v1/alerts?rule=down").alerts[1].id
    end }
    local path = route.path:gsub("{(.-)}", function(name)
      local found = names[name]
      return type(found) == "function" and found() or found
    end)
    return path .. (path:find "^/v1/alert%-rules/.*/explain$" and "?store_id=s8" or "")
  end

  -- Routes that answer with instants in a chosen form; what differs by the clock alone is left out.
  local function paths()
    local list = {}
    for _, route in ipairs((router.all())) do
      for _, group in ipairs { route.parameters or {}, (route.parameters or {}).more or {} } do
        for _, parameter in ipairs(group) do
          if parameter.name == "time" and route.method == "GET" then
            list[#list + 1] = address(route)
          end
        end
      end
    end
    return list
  end

  -- The answer to a request; of text its first line, which is JSON.
  local function ask(path)
    local answer, response = expect(200, "GET", path)
    return answer or cjson.decode((response.body:match "^[^\n]*"))
  end

  -- Holds an answer against the one whose instants are text; how many there are. What was set is told as it was, so that it can
  -- be set again.
  local function compare(text, formed, write, where)
    if where:find "%.before$" or where:find "%.after$" then
      assert.same(text, formed)
      return 0
    elseif type(text) == "string" and text:find "^%d%d%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d%.%d+ UTC$" then
      local value = type(formed) == "string" and '"' .. formed .. '"' or ("%.0f"):format(formed)
      assert.equal(write(text), value, where)
      return 1
    elseif type(text) ~= "table" then
      assert.equal(where:find "%.lag$" and formed or text, formed, where)
      return 0
    end
    local count = 0
    for key, value in pairs(text) do
      count = count + compare(value, formed[key], write, where .. "." .. key)
    end
    for key in pairs(formed) do
      assert.is_true(text[key] ~= nil, where .. "." .. key)
    end
    return count
  end

  it("come in the form that is asked for, on every route that offers it", function()
    local asked = {}
    for _, path in ipairs(paths()) do
      asked[path] = true
      local text = ask(path)
      local chosen = path .. (path:find("?", 1, true) and "&" or "?") .. "time="
      for _, form in ipairs(instants.names) do
        local formed = ask(chosen .. form)
        assert.is_true(compare(text, formed, instants.of(form), path) > 0, path)
      end
      problem(400, "time", "GET", chosen .. "unix")
    end
    for _, path in ipairs { "/v1/stores", "/v1/now", "/v1/summary", "/v1/series", "/v1/strips", "/v1/groups",
      "/v1/stores/s2", "/v1/stores/s2/timeline", "/v1/stores/s2/outages", "/v1/stores/s2/explain", "/v1/stores/s2/schedule" } do
      assert.is_true(asked[path], path)
    end
  end)

  -- Every form of an instant that requests may have.
  local function forms(text)
    local seconds = ("%.0f"):format(time.between(time.instant "1970-01-01 00:00", time.instant(text)) / 1000000)
    local date, clock = text:match "^(%S+) (%S+)$"
    return { text, text .. " UTC", date .. "T" .. clock .. "Z", date .. "T" .. clock .. "+00:00", text .. ".000", seconds,
      seconds .. "000", seconds .. "000000" }
  end

  it("are taken in every form, wherever a request has one", function()
    for _, path in ipairs { "/v1/stores?as_of=%s", "/v1/stores/s2?as_of=%s", "/v1/now?as_of=%s", "/v1/summary?as_of=%s",
      "/v1/stores/s2/timeline?from=%s&to=" .. escape "2024-03-05 00:00", "/v1/stores/s2/outages?as_of=%s",
      "/v1/stores/s2/explain?as_of=%s&windows=a:1h", "/v1/summary?windows=a:%s/2024-03-05T00:00:00Z",
      "/v1/stores?windows=a:2024-03-04T00:00:00Z/%s", "/v1/series?from=%s&to=2024-03-05T00:00Z&step=4h",
      "/v1/series?to=%s", "/v1/strips?from=%s&to=2024-03-05T00:00Z", "/v1/strips?as_of=%s" } do
      local first
      for _, form in ipairs(forms "2024-03-04 12:00:00") do
        local answer = ask((path:gsub("%%s", (escape(form):gsub("%%", "%%%%")))))
        answer.lag = nil
        first = first or answer
        assert.same(first, answer, path .. " " .. form)
      end
    end
    for _, wrong in ipairs { "170955360", "17095536000", "1709553600.5", "2024-03-04 24:01", "2024-02-30 12:00" } do
      problem(400, "as_of", "GET", "/v1/now?as_of=" .. escape(wrong))
    end
  end)
end)
