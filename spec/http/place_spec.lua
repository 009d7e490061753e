-- A database that is deleted, or in whose place another one is put, under a service that goes on.

local await = require "support.await"
local database = require "support.database"
local files = require "support.files"
local server = require "support.server"
local shell = require "support.shell"

describe("the service whose database", function()
  local folder, service

  before_each(function()
    folder = files.make_folder()
    database.make(folder .. "/db")
    shell.good("export", folder .. "/db", "polls", "-o", folder .. "/polls.csv")
    service = server.start(folder)
  end)

  after_each(function()
    service:stop()
    files.remove_folder(folder)
  end)

  -- Looks again and again, at an answer each time.
  local function until_there(what, look)
    await(what, function()
      return look(service:request "/readyz")
    end, function()
      return files.read(folder .. "/server.log")
    end)
  end

  local function is_ready(response)
    return response.status == 200
  end

  local function is_not_ready(response)
    return response.status == 503
  end

  local function ids_of(path)
    local ids = {}
    assert.equal("", select(2, shell.good("check", path)))
    for id in shell.good("query", path, "SELECT store_id FROM store WHERE store_id GLOB 'live*'", "--format", "csv")
      :gmatch "live%d+" do
      ids[id] = true
    end
    return ids
  end

  -- A client that sends polls one by one and notes those that were acknowledged, until the file `stop` is there.
  local function start_sending()
    files.write(folder .. "/send", ([[
n=0
while [ ! -e %s/stop ] && [ $n -lt 20000 ]; do
  n=$((n + 1))
  status=$(%s -s -o /dev/null -w '%%{http_code}' --max-time 10 -X POST -H 'Content-Type: application/json' \
    --data "{\"store_id\":\"live$n\",\"status\":\"active\"}" %s/v1/polls)
  echo "$status live$n" >>%s/sent
done
echo >%s/ended
]]):format(folder, shell.curl, service.url, folder, folder))
    shell.run(("sh %s/send >/dev/null 2>&1 &"):format(folder))
  end

  local function sent()
    return files.exists(folder .. "/sent") and files.read(folder .. "/sent") or ""
  end

  local function acknowledged()
    local count = select(2, sent():gsub("200 live", ""))
    return count
  end

  it("is replaced by a backup while polls come writes to the new one, and loses none that it has acknowledged", function()
    local db, old, backup = folder .. "/db", folder .. "/old", folder .. "/backup"
    database.make(backup)
    start_sending()
    until_there("the first polls", function() return acknowledged() >= 20 end)
    assert(os.rename(db, old))
    assert(os.rename(backup, db))
    until_there("the look", is_not_ready)
    until_there("the new database", is_ready)
    local before = acknowledged()
    until_there("more polls", function() return acknowledged() >= before + 20 end)
    files.write(folder .. "/stop", "")
    until_there("the end", function() return files.exists(folder .. "/ended") end)
    service:stop()
    local in_old, in_new = ids_of(old), ids_of(db)
    assert.is_truthy(next(in_old))
    assert.is_truthy(next(in_new))
    for status, id in sent():gmatch "(%d+) (live%d+)\n" do
      assert.is_true(status == "200" or status == "503", status)
      assert.is_true(status == "503" or in_old[id] or in_new[id], id)
    end
    service = server.start(folder)
  end)

  it("is deleted answers 503, makes none, and goes on with what is put there", function()
    local db = folder .. "/db"
    assert.equal(200, service:post("/v1/polls", "application/json", '{"store_id":"live1","status":"active"}').status)
    database.make(folder .. "/backup")
    assert(os.remove(db))
    until_there("the look of both workers", function()
      return select(2, files.read(folder .. "/server.log"):gsub("requests get 503", "")) == 2
    end)
    assert.same({ "read", "write" }, service:request("/readyz").json.failing)
    local refused = service:post("/v1/polls", "application/json", '{"store_id":"live2","status":"active"}')
    server.expect_problem(refused, 503, "not open")
    assert.equal(200, service:request("/healthz").status)
    assert.is_false(files.exists(db))
    assert.is_false(files.exists(db .. "-wal"))
    assert(os.rename(folder .. "/backup", db))
    until_there("the database", is_ready)
    assert.equal(200, service:post("/v1/polls", "application/json", '{"store_id":"live3","status":"active"}').status)
    assert.equal(200, service:post("/trigger_report", "application/json", "").status)
    assert.matches("was deleted or replaced", files.read(folder .. "/server.log"), 1, true)
    service:stop()
    assert.same({ live3 = true }, ids_of(db))
    service = server.start(folder)
  end)
end)
