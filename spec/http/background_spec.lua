-- Answers that take long: they are right, have limits, and hold nobody up.

local cjson = require "cjson"
local files = require "support.files"
local loom = require "loom"
local server = require "support.server"
local shell = require "support.shell"

local POLLS = 100500 -- of a store that is polled every second: more than one answer tells of

local function fill(path)
  local parts = { "store_id,status,timestamp_utc\n" }
  for i = 1, POLLS do
    local second = i - 1
    parts[#parts + 1] = ("busy,%s,2024-03-0%d %02d:%02d:%02d\n"):format(i % 2 == 0 and "active" or "inactive",
      4 + math.floor(second / 86400), math.floor(second / 3600) % 24, math.floor(second / 60) % 60, second % 60)
  end
  local csv = files.write(path .. ".csv", table.concat(parts))
  local monitor = assert(loom.open(path, { create = true }))
  assert(monitor:ingest { status = csv })
  monitor:set_timezone("busy", "UTC")
  monitor:close()
  os.remove(csv)
end

describe("answers that take long", function()
  local folder, service

  setup(function()
    folder = files.make_folder()
    fill(folder .. "/db")
    service = server.start(folder, { workers = 1 })
  end)

  teardown(function()
    local log = service:stop()
    files.remove_folder(folder)
    assert.is_nil(log:find("[error]", 1, true), log)
  end)

  local function get(path)
    local response = service:request(path)
    assert.equal(200, response.status, response.body:sub(1, 500))
    return cjson.decode(response.body)
  end

  it("say the same as the module", function()
    local monitor = assert(loom.open(folder .. "/db"))
    local found = get("/v1/stores/busy/explain?windows=a:2h,b:1h")
    local expected = assert(monitor:explain("busy", { windows = {
      { name = "a", seconds = 7200 }, { name = "b", seconds = 3600 },
    } }))
    for i, window in ipairs(expected.windows) do
      assert.equal(#window.pieces, #found.windows[i].pieces)
      for j, piece in ipairs(window.pieces) do
        assert.equal(#piece.polls, #found.windows[i].pieces[j].polls)
        assert.equal(#piece.cells, #found.windows[i].pieces[j].cells)
        assert.equal(piece.cells[#piece.cells].reason, found.windows[i].pieces[j].cells[#piece.cells].reason)
      end
      assert.equal(window.figures.down, found.windows[i].figures.down)
    end
    local segments = get("/v1/stores/busy/timeline?from=2024-03-04T00:00:00Z&to=2024-03-04T12:00:00Z").segments
    assert.equal(#assert(monitor:timeline("busy", "2024-03-04 00:00:00", "2024-03-04 12:00:00")), #segments)
    monitor:close()
  end)

  it("tell of no more than their limit, whatever the length of what is asked for", function()
    for what, field in pairs { timeline = "from", outages = "from", explain = "windows" } do
      local path = ("/v1/stores/busy/%s?%s"):format(what, what == "explain" and "windows=week:7d" or "")
      local problem = server.expect_problem(service:request(path), 400, "the window has 100500 polls and ")
      assert.equal(field, problem.field)
      assert.matches("100000 in all can be looked at: a window of 167.%d hours would do", problem.detail)
    end
    -- Each window by itself would do.
    local problem = server.expect_problem(service:request("/v1/stores/busy/explain?windows=a:15h,b:15h"), 400,
      "the window has 54001 polls")
    assert.equal("windows", problem.field)
    -- Where there is little, any length does.
    assert.equal(1, #get("/v1/stores/busy/outages?from=1980-01-01T00:00:00Z&to=2024-03-04T00:00:00Z").outages)
  end)

  it("hold up nobody while they are made", function()
    local result = shell.run(([[
(%s; : >%s/done) &
answered=0
while [ ! -e %s/done ]; do
  %s && answered=$((answered + 1))
done
echo $answered]]):format(service:curl("/v1/stores/busy/explain?windows=day:1d", "-o", folder .. "/answer"), folder, folder,
      service:curl("/healthz", "-o", "/dev/null")))
    os.remove(folder .. "/done")
    assert.is_true(tonumber(result.out) > 5, result.out .. result.err)
    assert.equal(86401, cjson.decode(files.read(folder .. "/answer")).windows[1].figures.polls)
    os.remove(folder .. "/answer")
  end)

  it("are given up when their clients leave", function()
    local leave = service:curl("/v1/stores/busy/explain?windows=day:1d", "-o", "/dev/null", "--max-time", "0.02")
    shell.run(("for i in $(seq 60); do %s; done"):format(leave)) -- more than may wait for a thread
    get("/v1/stores/busy/timeline?from=2024-03-04T00:00:00Z&to=2024-03-04T01:00:00Z")
    get("/v1/stores/busy/explain?windows=hour:1h")
  end)

  it("are answered in turn, or refused, when very many ask", function()
    local script = {}
    for i = 1, 50 do
      script[i] = service:curl("/v1/stores/busy/timeline?from=2024-03-04T00:00:00Z&to=2024-03-04T03:00:00Z", "-o",
        ("%s/a%d"):format(folder, i), "-w", "%{http_code}\n") .. " &"
    end
    local result, counts = shell.run(table.concat(script, "\n") .. "\nwait"), {}
    for status in result.out:gmatch("%d+") do
      counts[status] = (counts[status] or 0) + 1
    end
    assert.equal(50, (counts["200"] or 0) + (counts["503"] or 0), result.out)
    assert.is_true(counts["200"] >= 2)
    for i = 1, 50 do
      assert.is_table(cjson.decode(files.read(("%s/a%d"):format(folder, i))))
      os.remove(("%s/a%d"):format(folder, i))
    end
  end)

  it("let a slow reader hold no thread", function()
    local slow = service:curl("/v1/stores/busy/timeline?from=2024-03-04T00:00:00Z&to=2024-03-05T00:00:00Z", "-o", "/dev/null",
      "--limit-rate", "10000")
    local result = shell.run(([[
readers=
for i in 1 2 3 4; do
  %s & readers="$readers $!"
done
for i in 1 2 3 4 5; do
  %s
done
kill $readers]]):format(slow, service:curl("/v1/stores/busy/explain?windows=h:1h", "-o", "/dev/null", "-w", "%{http_code} ")))
    assert.equal("200 200 200 200 200 ", result.out)
  end)

  it("have their length, and HEAD", function()
    local path = "/v1/stores/busy/timeline?from=2024-03-04T00:00:00Z&to=2024-03-04T12:00:00Z"
    local whole = service:request(path)
    assert.equal(tostring(#whole.body), whole.headers["content-length"])
    local head = service:request(path, "-I")
    assert.same({ 200, tostring(#whole.body) }, { head.status, head.headers["content-length"] })
    assert.is_true(#whole.body > 4 * 256 * 1024) -- more than stays in memory
    for _, name in ipairs(files.list(folder .. "/db-reports")) do
      assert.is_nil(name:find("^loom%-"), name)
    end
  end)
end)
