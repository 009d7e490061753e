-- The processes of a service: what is killed takes the others along, and what it leaves behind goes with the next one.

local core = require "loom.core"
local files = require "support.files"
local server = require "support.server"
local shell = require "support.shell"

local unpack = table.unpack or unpack -- luacheck: compat

describe("the processes of a service", function()
  local folder

  files.folder_for_each(function(made)
    folder = made
  end)

  local function master_of(service)
    return tonumber(shell.run(shell.ps .. " -o ppid= -p " .. service:workers()[1]).out)
  end

  local function runtime_folders()
    local found = {}
    for _, name in ipairs(files.list(folder)) do
      found[#found + 1] = name:match "^loom%-.*"
    end
    return found
  end

  -- Starts a service, kills some of its processes, and expects all to end, and the port to be free.
  local function kill(choose)
    local service = server.start(folder)
    local workers, master = service:workers(), master_of(service)
    local all = { service.pid, master, unpack(workers) }
    assert.equal(0, shell.run("kill -9 " .. table.concat(choose(service.pid, master, workers), " ")).status)
    for _, pid in ipairs(all) do
      assert.is_true(shell.await_end(pid, 30))
    end
    assert.is_true(core.probe_listen("127.0.0.1", tostring(service.port)))
  end

  it("have the tz database that TZDIR names, as the command has", function()
    local zones = folder .. "/zones"
    shell.run(("mkdir %s && cp -r %s/America %s/"):format(zones, core.zone_directory(), zones))
    local service = server.start(folder, { before = "TZDIR=" .. zones })
    for zone, status in pairs { ["America/Denver"] = 200, ["Asia/Tokyo"] = 400 } do
      local response = service:request("/v1/stores/a/timezone", "-X", "PUT", "-H", "Content-Type: application/json",
        "-d", ('{"timezone_str":"%s"}'):format(zone))
      assert.equal(status, response.status, zone)
    end
    service:stop()
  end)

  it("end with the master, and leave nothing", function()
    kill(function(_, master) return { master } end)
    assert.same({}, runtime_folders())
    assert.matches("nginx has ended with status 137", files.read(folder .. "/server.log"), 1, true)
  end)

  it("end with the one that was started", function()
    kill(function(supervisor) return { supervisor } end)
    assert.equal(1, #runtime_folders()) -- nobody was there to remove it
    local service = server.start(folder)
    assert.equal(1, #runtime_folders())
    service:stop()
    assert.same({}, runtime_folders())
  end)

  it("end when all but the workers are killed at once", function()
    kill(function(supervisor, master) return { supervisor, master } end)
    server.start(folder):stop()
    assert.same({}, runtime_folders())
  end)

  it("leave the folders of those that live, and of others", function()
    local other = folder .. "/loom-" .. core.uuid()
    shell.run("mkdir " .. other) -- without the file that would be held
    local first = server.start(folder)
    local second = server.start(folder, { database = folder .. "/db2" })
    assert.equal(3, #runtime_folders())
    second:stop()
    assert.equal(200, first:post("/v1/polls", "application/json", '{"store_id":"x","status":"active"}').status)
    first:stop()
    assert.equal(1, #runtime_folders())
  end)

  it("hear signals that whoever starts them has ignored", function()
    for _, signal in ipairs { "INT", "QUIT", "TERM" } do
      server.start(folder, { before = "trap '' INT QUIT HUP TERM CHLD USR1;" }):stop(signal)
      assert.same({}, runtime_folders())
    end
  end)
end)
