-- Real receivers: Prometheus' Alertmanager takes what is sent to it, groups it and sees it end.
local cjson = require "cjson"
local Delivery = require "loom.agent.delivery"
local files = require "support.files"
local loom = require "loom"
local outbox = require "loom.agent.outbox"
local server = require "support.server"
local shell = require "support.shell"
local transaction = require "loom.transaction"

local CONFIG = [[
route:
  receiver: none
  group_by: [group]
receivers:
  - name: none
]]

describe("Alertmanager", function()
  local folder, monitor, pid, url

  before_each(function()
    folder = files.make_folder()
    monitor = assert(loom.open(folder .. "/db", { create = true }))
    if shell.run("command -v prometheus-alertmanager").status ~= 0 then
      return
    end
    local port = server.free_port()
    url = "http://127.0.0.1:" .. port
    files.write(folder .. "/config.yml", CONFIG)
    local result = shell.run(([[
cd %s && LD_PRELOAD= prometheus-alertmanager --config.file=config.yml --storage.path=data --web.listen-address=127.0.0.1:%d \
  --cluster.listen-address= >log 2>&1 </dev/null &
echo $!
tries=300
until curl -sf %s/-/ready >/dev/null; do tries=$((tries - 1)); [ $tries -gt 0 ] || exit 1; sleep 0.05; done]])
      :format(folder, port, url))
    pid = result.out:match "%d+"
    assert(result.status == 0, result.err)
  end)

  after_each(function()
    if pid then
      shell.run("kill " .. pid)
      shell.await_end(pid, 20)
    end
    monitor:close()
    files.remove_folder(folder)
  end)

  it("shows alerts, groups them and sees them resolved", function()
    if not pid then
      pending "prometheus-alertmanager is not installed"
      return
    end
    assert(outbox.set_channel(monitor, { name = "am", kind = "alertmanager", url = url .. "/" }))
    local now, serial = os.time() * 1000000, 0
    local function send(state)
      local events = {}
      for store = 1, 3 do
        serial = serial + 1
        events[store] = { id = ("%026d"):format(serial), alert = "alert" .. store, rule = "down 30 min", severity = "critical",
          state = state, subject = { kind = "store", id = tostring(store), zone = "America/Denver" }, at = now,
          since = now - 1800 * 1000000, text = "down", group = "down 30 min", channels = { "am" }, value = 1800 }
      end
      assert(transaction.run(monitor.database, function(execute)
        return outbox.put(execute, events, now)
      end, true))
      local delivery = assert(Delivery.new(monitor, { allow = { "127.0.0.1" }, now = function() return now end }))
      assert.same({ delivered = 1 }, delivery:round())
      delivery:close()
    end
    local function shown(path)
      return cjson.decode(shell.run(("curl -sf '%s/api/v2/%s'"):format(url, path)).out)
    end
    send "firing"
    local alerts = shown "alerts"
    assert.equal(3, #alerts)
    assert.equal("down 30 min", alerts[1].labels.alertname)
    assert.equal("active", alerts[1].status.state)
    local groups = shown "alerts/groups"
    assert.equal(1, #groups)
    assert.same({ group = "down 30 min" }, groups[1].labels)
    local ends = alerts[1].endsAt
    now = now + 61 * 1000000
    local delivery = assert(Delivery.new(monitor, { allow = { "127.0.0.1" }, now = function() return now end }))
    delivery:renew() -- so that they stand for longer
    delivery:close()
    alerts = shown "alerts"
    assert.equal(3, #alerts)
    assert.is_true(alerts[1].endsAt > ends)
    now = now - 61 * 1000000
    send "resolved"
    assert.equal(0, #shown "alerts")
    monitor:close()
  end)
end)
