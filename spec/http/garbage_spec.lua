local files = require "support.files"
local loom = require "loom"
local server = require "support.api"
local shell = require "support.shell"

require "loom.http"
local router = require "loom.http.router"

local garbage = { "", "0", "-1", "1e999", "NaN", "99999999999999999999", "null", "true", "%00", "%FF%FE", "%", "%zz",
  "..%2F..%2Fetc", "'", "%22", "%3Cscript%3E", ("a"):rep(300), "*", "*a*a*a*a*", "[", "[z-a]", "2024-02-30",
  "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "a:1h", "a:0s", "a:1000000d", "a:9999-12-31/0001-01-01", ",", ":", "+",
  "%20", "*%20", "last_week",
  "ratio_last_week", "-" }

-- Bodies of JSON that no request means.
local bodies = { "", "{", "[]", "7", '"x"', "{}", '{"":""}', '{"week":[[]]}', '{"week":{"mon":{}}}', '{"spans":{}}',
  '{"spans":[[]]}', '{"attributes":{"a":1e999}}', '{"attributes":[]}',
  '{"timezone_str":""}', '{"timezone_str":"\\u0000"}',
  '{"store_id":"","from_utc":1e300,"to_utc":-1e300}',
  '{"store_id":{},"from_utc":[],"to_utc":{}}', ("["):rep(2000),
  '{"as_of":{},"windows":7}', '{"windows":[{}]}', '{"stores":{"ids":7}}', '{"where":[[]]}', '{"hours":{"a":7}}', '{"slo":{}}' }

describe("garbage", function()
  local state

  setup(function()
    state = server.start()
    local monitor = assert(loom.open(state.database))
    assert(monitor:polls { { "a", true, "2024-03-04 12:00:00" }, { "a", false, "2024-03-04 13:00:00" } })
    monitor:close()
  end)

  teardown(function()
    server.stop()
  end)

  -- Sends requests over one connection, and expects that the server was at fault in none.
  local function send(lines)
    local folder = files.make_folder()
    for i, line in ipairs(lines) do
      lines[i] = ('%s\noutput = "/dev/null"\nwrite-out = "%%{http_code} %%{method} %%{url}\\n"\npath-as-is\ngloboff\nsilent')
        :format(line)
    end
    files.write(folder .. "/config", table.concat(lines, "\nnext\n") .. "\n")
    local result = shell.run(shell.curl .. " " .. shell.words("-K", folder .. "/config"))
    files.remove_folder(folder)
    local count = 0
    for status, rest in result.out:gmatch("(%d+) ([^\n]*)\n") do
      count = count + 1
      assert.is_true(tonumber(status) >= 200 and tonumber(status) < 500, status .. " " .. rest)
    end
    assert.equal(#lines, count)
  end

  local function url(path, query)
    return ('url = "http://127.0.0.1:%d%s%s"'):format(state.port, path, query or "")
  end

  -- The path of a route with a text in place of its arguments.
  local function fill(route, text)
    return (route.path:gsub("{.-}", function()
      return (text:gsub("%%", "%%%%"))
    end):gsub("%%%%", "%%"))
  end

  -- The stream of events does not end, whatever it is sent: see service_spec.
  local finite = {}
  for _, route in ipairs((router.all())) do
    finite[#finite + 1] = route.path ~= "/v1/events" and route or nil
  end

  for _, route in ipairs(finite) do
    local parameters = route.parameters or {}

    it("in " .. route.method .. " " .. route.path .. " is the client's fault", function()
      local lines = {}
      for _, text in ipairs(garbage) do
        if route.path:find("{", 1, true) then
          lines[#lines + 1] = url(fill(route, text)) .. ('\nrequest = "%s"'):format(route.method)
        end
        for _, list in ipairs { parameters, parameters.more or {} } do
          for _, parameter in ipairs(list) do
            local name = parameter.name:gsub("ATTRIBUTE", "a")
            lines[#lines + 1] = url(fill(route, "a"), "?" .. name .. "=" .. text) .. ('\nrequest = "%s"'):format(route.method)
          end
        end
      end
      for _, body in ipairs(route.request and bodies or {}) do
        lines[#lines + 1] = url(fill(route, "2024-03-04")) .. ('\nrequest = "%s"\ndata = "%s"'):format(route.method,
          body:gsub('[\\"]', "\\%0"))
      end
      if #lines == 0 then
        lines[1] = url(route.path, "?x=%ff")
      end
      send(lines)
    end)
  end

  it("leaves no error in the log", function()
    local log = server.log():gsub("loom: the workers run as root[^\n]*\n", "")
    assert.is_nil(log:match("[^\n]*loom: [^h][^\n]*"))
  end)
end)
