local files = require "support.files"
local loom = require "loom"

local GOLDEN = "spec/fixtures/golden/zones/"
local DAMAGE = 64 -- bytes at the beginning of a page

describe("a damaged database", function()
  local folder, path

  files.folder_for_each(function(made)
    folder = made
    path = folder .. "/db"
    local monitor = assert(loom.open(path, { create = true }))
    assert(monitor:ingest { status = GOLDEN .. "store_status.csv", hours = GOLDEN .. "menu_hours.csv",
      timezones = GOLDEN .. "timezones.csv" })
    monitor:close()
  end)

  -- The exact figures of all stores, or of one; nil and a failure of the database's.
  local function report_of(store)
    local monitor, message, code = loom.open(path)
    local report, text
    if monitor then
      report, message, code = monitor:report { stores = store and { ids = { store } } }
      if report then
        assert(report:write(folder .. "/report", { format = "exact" }))
        text = files.read(folder .. "/report")
        report:close()
      end
      monitor:close()
    end
    if not text then
      assert.matches("^E%u+: ", message)
      assert.equal("string", type(code))
    end
    return text
  end

  -- A page after the other: figures that are wrong and look right are the worst that can be.
  it("gives the figures that it gave before, or none", function()
    local good = files.read(path)
    local high, low = good:byte(17, 18)
    local page = high * 256 + low
    assert.equal(0, #good % page)
    local store = files.read(GOLDEN .. "timezones.csv"):match("\n([^,]+),")
    local whole, one = report_of(), report_of(store)
    assert.is_string(whole)
    assert.is_string(one)
    local failed = 0
    for at = page, #good - 1, page do
      local damaged = good:sub(at + 1, at + DAMAGE):gsub(".", function(c)
        return string.char(255 - c:byte())
      end)
      for _, suffix in ipairs { "-wal", "-shm" } do
        os.remove(path .. suffix)
      end
      files.write(path, good:sub(1, at) .. damaged .. good:sub(at + DAMAGE + 1))
      local now, now_one = report_of(), report_of(store)
      assert.is_true(now == nil or now == whole, "page " .. at / page)
      assert.is_true(now_one == nil or now_one == one, "page " .. at / page)
      failed = failed + (now and 0 or 1)
    end
    assert.is_true(failed > 0)
  end)
end)
