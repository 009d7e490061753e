-- What /readyz tells when something cannot be done, while the service lives on.

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

  -- Asks until it is as expected: what was found holds for a second. The limit is one of looks.
  local function await(failing)
    local response
    for _ = 1, 1000 do
      response = service:request "/readyz"
      if failing == nil and response.status == 200 then
        assert.same({ status = "ok" }, response.json)
        return
      elseif failing and response.status == 503 and table.concat(response.json.failing, " ") == failing then
        server.expect_problem(response, 503)
        assert.is_nil(response.body:find(folder, 1, true))
        return
      end
    end
    error("not " .. tostring(failing) .. " but " .. response.body)
  end

  it("says that reports have no folder", function()
    service = server.start(folder, { arguments = { "--reports", folder .. "/reports" } })
    await(nil)
    assert(os.rename(folder .. "/reports", folder .. "/away"))
    await "reports"
    assert.equal(200, service:request("/healthz").status)
    assert(os.rename(folder .. "/away", folder .. "/reports"))
    await(nil)
    assert.same({ ".loom-database" }, files.list(folder .. "/reports"))
    local _, lines = files.read(folder .. "/server.log"):gsub("not ready: reports:", "")
    assert.is_true(lines <= 2) -- one of each worker, however often they were asked
  end)

  it("says that the database cannot be written", function()
    service = server.start(folder)
    assert.is_true(shell.sqlite(folder .. "/db",
      "CREATE TRIGGER no BEFORE UPDATE ON overall BEGIN SELECT RAISE(ABORT, 'no'); END"))
    await "write"
    assert.is_true(shell.sqlite(folder .. "/db", "DROP TRIGGER no"))
    await(nil)
  end)

  it("says that the disk is full", function()
    service = server.start(folder, { before = "trap '' XFSZ; ulimit -f 900;" })
    await(nil)
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
    await "write"
  end)

  it("says that the database cannot be read", function()
    service = server.start(folder)
    await(nil)
    local file = assert(io.open(folder .. "/db", "r+b"))
    local header = file:read(100)
    file:seek("set", 0)
    file:write(("x"):rep(100))
    file:flush()
    await "read"
    file:seek("set", 0)
    file:write(header)
    file:close()
    await(nil)
  end)
end)
