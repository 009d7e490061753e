-- What /readyz tells when something cannot be done, while the service lives on.

local await = require "support.await"
local database = require "support.database"
local files = require "support.files"
local server = require "support.server"
local shell = require "support.shell"

describe("a service that cannot do all", function()
  local folder, service

  before_each(function()
    folder = files.make_folder()
    database.make(folder .. "/db")
  end)

  after_each(function()
    service:stop()
    files.remove_folder(folder)
  end)

  -- Asks until it is as expected: what was found holds for a second.
  local function await_readiness(failing)
    local response
    await("readiness but for " .. tostring(failing), function()
      response = service:request "/readyz"
      if failing then
        return response.status == 503 and table.concat(response.json.failing, " ") == failing
      end
      return response.status == 200
    end, function()
      return response.body
    end)
    if failing then
      server.expect_problem(response, 503)
      assert.is_nil(response.body:find(folder, 1, true))
    else
      assert.same({ status = "ok" }, response.json)
    end
  end

  it("says that reports have no folder", function()
    service = server.start(folder, { arguments = { "--reports", folder .. "/reports" } })
    await_readiness(nil)
    assert(os.rename(folder .. "/reports", folder .. "/away"))
    await_readiness "reports"
    assert.equal(200, service:request("/healthz").status)
    assert(os.rename(folder .. "/away", folder .. "/reports"))
    await_readiness(nil)
    assert.same({ ".loom-database" }, files.list(folder .. "/reports"))
    local _, lines = files.read(folder .. "/server.log"):gsub("not ready: reports:", "")
    assert.is_true(lines <= 2) -- one of each worker, however often they were asked
  end)

  it("says that the database cannot be written", function()
    service = server.start(folder)
    assert.is_true(shell.sqlite(folder .. "/db",
      "CREATE TRIGGER no BEFORE UPDATE ON overall BEGIN SELECT RAISE(ABORT, 'no'); END"))
    await_readiness "write"
    assert.is_true(shell.sqlite(folder .. "/db", "DROP TRIGGER no"))
    await_readiness(nil)
  end)

  it("says that the disk is full", function()
    service = server.start(folder, { before = "trap '' XFSZ; ulimit -f 900;" })
    await_readiness(nil)
    local polls = { "store_id,status,timestamp_utc" }
    for i = 1, 5000 do
      polls[#polls + 1] = ("full %d,active,2024-03-04 12:00:00"):format(i)
    end
    local status
    for _ = 1, 50 do
      status = service:post("/v1/polls", "text/csv", table.concat(polls, "\n"):gsub("full", "full" .. _) .. "\n").status
      if status ~= 200 then
        break
      end
    end
    assert.equal(507, status)
    await_readiness "write"
  end)

  it("says that the database cannot be read", function()
    service = server.start(folder)
    await_readiness(nil)
    local file = assert(io.open(folder .. "/db", "r+b"))
    local header = file:read(100)
    file:seek("set", 0)
    file:write(("x"):rep(100))
    file:flush()
    await_readiness "read"
    file:seek("set", 0)
    file:write(header)
    file:close()
    await_readiness(nil)
  end)
end)
