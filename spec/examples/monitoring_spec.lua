-- What watches the service: Prometheus' configuration, its rules, and Grafana's dashboard, each held against the real thing.

local await = require "support.await"
local cjson = require "cjson"
local database = require "support.database"
local files = require "support.files"
local lfs = require "lfs"
local server = require "support.server"
local shell = require "support.shell"

require "loom.http"
local families = require("loom.http.metrics").families

local FOLDER = "examples/monitoring/"
local TYPES = "build/grafana/node_modules" -- `make test` has npm install them

-- The queries of the dashboard, as Grafana asks them.
local function queries(instance)
  local list = {}
  for _, panel in ipairs(cjson.decode(files.read(FOLDER .. "grafana.json")).panels) do
    for _, target in ipairs(panel.targets) do
      list[#list + 1] = target.expr:gsub("%$__rate_interval", "1m"):gsub("%$job", "loom"):gsub("%$instance", instance or "any")
    end
  end
  return list
end

-- Expects that all metrics in a text are some that there are.
local function expect_known(text)
  local count = 0
  for name in text:gmatch "loom_[%l_]+" do
    count = count + 1
    assert.is_truthy(families[name] or families[name:gsub("_bucket$", "")], name)
  end
  return count
end

describe("the rules of Prometheus", function()
  it("fire when they should, and know the metrics that there are", function()
    local result = shell.run("cd " .. FOLDER
      .. " && promtool check rules loom.rules.yml && promtool test rules loom.rules.test.yml")
    assert.equal(0, result.status, result.out .. result.err)
    assert.is_true(expect_known(files.read(FOLDER .. "loom.rules.yml"):gsub("loom_rules", "")) > 10)
  end)
end)

describe("the dashboard of Grafana", function()
  it("is as Grafana's own types have it", function()
    if not lfs.attributes(TYPES .. "/typescript", "mode") then
      return pending "make test has npm install the types"
    end
    local folder = files.make_folder()
    local text = files.read(FOLDER .. "grafana.json"):gsub('"mode": "absolute"', '"mode": ThresholdsMode.Absolute')
    files.write(folder .. "/dashboard.ts", ([[
      import { Dashboard, ThresholdsMode } from "%s/%s/@grafana/schema/dist/esm/raw/dashboard/x/dashboard_types.gen";
      export const dashboard: Dashboard = ]]):format(lfs.currentdir(), TYPES) .. text .. ";\n")
    local result = shell.run(("LD_PRELOAD= node %s/typescript/bin/tsc --noEmit --strict --skipLibCheck --moduleResolution node "
      .. "%s/dashboard.ts"):format(TYPES, folder))
    files.remove_folder(folder)
    assert.equal("", result.out .. result.err)
    assert.equal(0, result.status)
  end)

  it("has panels that do not overlap, each with queries of metrics that there are", function()
    local taken, ids = {}, {}
    for _, panel in ipairs(cjson.decode(files.read(FOLDER .. "grafana.json")).panels) do
      assert.is_nil(ids[panel.id])
      ids[panel.id] = true
      local at = panel.gridPos
      assert.is_true(at.x + at.w <= 24)
      for x = at.x, at.x + at.w - 1 do
        for y = at.y, at.y + at.h - 1 do
          assert.is_nil(taken[x .. " " .. y], panel.title)
          taken[x .. " " .. y] = true
        end
      end
      assert.is_true(#panel.targets > 0)
    end
    for _, query in ipairs(queries()) do
      assert.is_true(expect_known(query) > 0, query)
    end
  end)
end)

describe("Prometheus", function()
  local folder, service, pid

  setup(function()
    folder = files.make_folder()
    database.make(folder .. "/db")
    local token, line = shell.good("token", "read", "prometheus"):match "^token: (%S+)\nline:  ([^\n]+)\n$"
    files.write(folder .. "/tokens", line .. "\n")
    files.write(folder .. "/loom.token", token .. "\n")
    service = server.start(folder, { arguments = { "--token-file", folder .. "/tokens" } })
  end)

  teardown(function()
    if pid then
      shell.run("kill " .. pid)
      assert(shell.await_end(pid, 20))
    end
    service:stop()
    files.remove_folder(folder)
  end)

  it("scrapes the service as the example says, takes the rules, and understands the dashboard's queries", function()
    local port = server.free_port()
    files.write(folder .. "/loom.rules.yml", files.read(FOLDER .. "loom.rules.yml"))
    local config = files.read(FOLDER .. "prometheus.yml"):gsub("/etc/prometheus/", folder .. "/")
      :gsub("127%.0%.0%.1:8080", "127.0.0.1:" .. service.port):gsub("scrape_interval: 30s", "scrape_interval: 100ms")
    files.write(folder .. "/prometheus.yml", config)
    local checked = shell.run("promtool check config " .. folder .. "/prometheus.yml")
    assert.equal(0, checked.status, checked.out .. checked.err)
    pid = shell.run(("cd %s && exec prometheus --config.file=prometheus.yml --storage.tsdb.path=data "
      .. "--web.listen-address=127.0.0.1:%d >prometheus.log 2>&1 </dev/null & echo $!"):format(folder, port)).out:match "%d+"
    local url = ("http://127.0.0.1:%d/api/v1/"):format(port)
    local function ask(query)
      local answer = shell.run(("%s -s --max-time 20 -G --data-urlencode %s %squery"):format(shell.curl,
        shell.quote("query=" .. query), url)).out
      return answer:find "^{" and cjson.decode(answer) or { status = "none" } -- it says in plain text that it is not ready yet
    end
    await("the service in Prometheus", function()
      local result = ask 'up{job="loom"} == 1 and on (job) loom_stores'
      return result.data and #result.data.result > 0
    end, function()
      return files.read(folder .. "/prometheus.log")
    end)
    for _, query in ipairs(queries("127.0.0.1:" .. service.port)) do
      assert.equal("success", ask(query).status, query)
      if query:find "^sum%(loom_stores" or query:find "^loom_%l+_%l+" and not query:find "left_out" then -- others want rates
        await(query, function() -- after a scrape that fails on a busy machine it has none until the next
          return #ask(query).data.result > 0
        end)
      end
    end
    local rules = cjson.decode(shell.run(("%s -s --max-time 20 %srules"):format(shell.curl, url)).out).data.groups[1].rules
    assert.is_true(#rules > 5)
  end)
end)
