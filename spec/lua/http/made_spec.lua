local files = require "support.files"
local loom = require "loom"
local made = require "loom.http.made"
local random_of = require "support.random".new
local stores = require "loom.stores"

describe("what was made for clients of a report", function()
  local closed, folder

  local function close(value)
    closed = closed + 1
    value:close()
  end

  before_each(function()
    closed, folder = 0, files.make_folder()
  end)

  after_each(function()
    files.remove_folder(folder)
  end)

  -- The stores that have an attribute's value, as a choice tells them of a report.
  local function chosen(monitor, report, cache, brand)
    local choice = cache.of_stores:get(brand)
    local is_kept = choice ~= nil
    if not choice then
      local go_on
      choice, go_on = report:chooser(nil, stores.conditions { brand = brand })
      assert.is_true(go_on(monitor.database, 60))
      cache.of_stores:put(brand, choice, choice:size())
    end
    local ids = {}
    for _, number in ipairs(report.native:order { limit = #report, only = choice }) do
      ids[#ids + 1] = report.native:store(number)
    end
    table.sort(ids)
    return ids, is_kept
  end

  local BRANDS = { "Taco", "Pizza" }

  -- Something that may or may not change which stores are of a brand, by this handle or another one.
  local function change(monitor, random, attributes, polled)
    local id = "shop " .. random(1, 12)
    local kind = random(1, 6)
    if kind <= 2 then
      assert(monitor:polls { { id, random(1, 2) == 1, ("2024-03-04 %02d:%02d:00"):format(random(0, 23), random(0, 59)) } })
      polled[id] = true
    elseif kind == 3 then
      local brand = BRANDS[random(1, 2)]
      assert(monitor:set_attributes(id, { brand = brand }))
      attributes[id] = brand
    elseif kind == 4 then
      assert.is_nil((monitor:transaction(function()
        assert(monitor:set_attributes(id, { brand = BRANDS[random(1, 2)] }))
        return nil, "undone"
      end)))
    elseif kind == 5 then
      assert(monitor:set_hours(id, { mon = "09:00-17:00" }))
    elseif polled[id] then
      assert(monitor:delete_store(id))
      attributes[id], polled[id] = nil, nil
    end
  end

  it("is what would be made anew, whatever has changed, and stays where nothing has", function()
    local kept, made_anew = 0, 0
    for seed = 1, 6 do
      local random, path = random_of(seed), folder .. "/" .. seed .. ".db"
      local handles = { assert(loom.open(path, { create = true })), assert(loom.open(path, { create = true })) }
      local attributes, polled = {}, { ["shop 1"] = true }
      assert(handles[1]:polls { { "shop 1", true, "2024-03-04 10:00:00" } })
      local mark, report, cache = made.mark(handles[1].database), assert(handles[1]:report()), made.new(close)
      for _ = 1, 40 do
        for _ = 1, random(0, 2) do
          change(handles[random(1, 2)], random, attributes, polled)
        end
        if not next(polled) then
          assert(handles[2]:polls { { "shop 2", true, "2024-03-04 10:00:00" } })
          polled["shop 2"] = true
        end
        local new_mark, new = made.mark(handles[1].database), assert(handles[1]:report())
        cache = made.next(cache, close, handles[1].database, mark, report.native, new.native)
        report:close()
        mark, report = new_mark, new
        for _, brand in ipairs(BRANDS) do
          local found, is_kept = chosen(handles[1], report, cache, brand)
          local expected = {}
          for id in pairs(polled) do
            expected[#expected + 1] = attributes[id] == brand and id or nil
          end
          table.sort(expected)
          assert.same(expected, found)
          kept, made_anew = kept + (is_kept and 1 or 0), made_anew + (is_kept and 0 or 1)
        end
      end
      made.clear(cache)
      report:close()
      handles[1]:close()
      handles[2]:close()
    end
    assert(kept > 100 and made_anew > 100, ("%d kept, %d made anew"):format(kept, made_anew))
    assert.equal(made_anew, closed)
  end)

  it("goes where more has changed than is kept of changes, and where nothing is known of them", function()
    local monitor = assert(loom.open(":memory:"))
    assert(monitor:polls { { "a", true, "2024-03-04 10:00:00" } })
    assert(monitor:set_attributes("a", { brand = "Taco" }))
    local report, cache = assert(monitor:report()), made.new(close)
    local function next_of(mark)
      chosen(monitor, report, cache, "Taco")
      cache = made.next(cache, close, monitor.database, mark, report.native, report.native)
      return cache.of_stores.count
    end
    local mark = made.mark(monitor.database)
    assert.equal(1, next_of(mark))
    assert.equal(0, next_of(nil))
    assert.equal(0, next_of(mark - 1)) -- since then the attribute was set
    assert.equal(0, next_of(mark + 1)) -- of another database
    made.clear(cache)
    report:close()
    monitor:close()
  end)
end)
