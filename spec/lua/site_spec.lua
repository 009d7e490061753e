-- What is in a site is held against reports by spec/cli/site_spec.lua; what its page does is for a browser.

local cjson = require "cjson"
local files = require "support.files"
local lfs = require "lfs"
local loom = require "loom"
local script = require "loom.site.script"
local site = require "loom.site"

local function names_in(path)
  local names = {}
  for name in lfs.dir(path) do
    names[#names + 1] = not name:find "^%.%.?$" and name or nil
  end
  table.sort(names)
  return table.concat(names, " ")
end

describe("a site", function()
  local folder, path, monitor

  before_each(function()
    folder = files.make_folder()
    path = folder .. "/site"
    monitor = assert(loom.open(":memory:", { create = true }))
    for _, id in ipairs { "a", "b", "c" } do
      assert(monitor:poll(id, true, "2024-03-10 20:00:00"))
    end
  end)

  after_each(function()
    monitor:close()
    files.remove_folder(folder)
  end)

  it("tells how much has been written, and how far that is", function()
    local shares = {}
    local made = assert(site.make(monitor, path, { progress = function(share)
      shares[#shares + 1] = share
    end }))
    assert.same({ 7, 3, "2024-03-10 20:00:00.000000 UTC" }, { made.files, made.stores, made.as_of_utc })
    local bytes = 0
    for _, name in ipairs { "index.html", "loom.js", "loom.css", "icon.svg", "data/fleet.js", "data/stores-1.js",
      "data/store-1.js" } do
      bytes = bytes + lfs.attributes(path .. "/" .. name, "size")
    end
    assert.equal(bytes, made.bytes)
    assert.equal(6, #shares) -- a row, and what is told of a store
    assert.equal(1, shares[6])
  end)

  it("is as it was where writing another one ends in the middle", function()
    assert(site.make(monitor, path, { title = "before" }))
    local before = files.read(path .. "/data/fleet.js")
    local good, message = pcall(site.make, monitor, path, { title = "after", progress = function()
      error("interrupted!", 0)
    end })
    assert.same({ false, "interrupted!" }, { good, message })
    assert.equal(before, files.read(path .. "/data/fleet.js"))
    assert.equal("site", names_in(folder))
  end)

  it("is begun anew where anything is set meanwhile, and not where polls come that are later than it", function()
    local changes = {
      function() return monitor:set_attributes("a", { brand = "Taco" }) end,
      function() return monitor:set_special_day("b", "2024-03-20", "closed") end,
      function() return monitor:set_special_day("*", "2024-12-24", "closed") end,
      function() return monitor:set_hours("c", { mon = "09:00-10:00" }, { effective_from = "2024-05-01" }) end,
      function() return monitor:set_timezone("a", "Asia/Tokyo") end,
      function() return monitor:exclude { store = "b", from = "2024-05-01 00:00", to = "2024-05-02 00:00" } end,
    }
    for i = 1, #changes + 1 do
      local begun, done = 0, false
      local made = assert(site.make(monitor, path, { as_of = "2024-03-10 20:00:00", progress = function(share)
        begun = begun + (share < 0.34 and 1 or 0)
        if share == 1 and not done then
          done = true
          assert((changes[i] or function() return monitor:poll("a", false, "2024-03-10 20:00:01") end)())
        end
      end }))
      assert.equal(3, made.stores)
      assert.equal(changes[i] and 4 or 2, begun, i) -- the first row, and what is told of the first store
    end
  end)

  -- What the data of a file is.
  local function data(name)
    return (files.read(path .. "/data/" .. name .. ".js"):match "'(.*)';\n$":gsub("\\(.)", "%1"))
  end

  it("tells the hours of stores that share them as if each were alone", function()
    for i, id in ipairs { "a", "b", "c", "d", "e", "f" } do
      assert(monitor:poll(id, true, "2024-03-10 20:00:00"))
      assert(monitor:set_hours(id, { mon = "09:00-17:00", sun = i < 4 and "10:00-12:00" or nil }, { effective_from = "always" }))
      assert(monitor:set_timezone(id, i % 2 == 0 and "America/Denver" or "Europe/Berlin"))
    end
    assert(monitor:set_special_day("b", "2024-03-11", "closed", "fair"))
    assert(site.make(monitor, path, { as_of = "2024-03-10 20:00:00" }))
    local together = cjson.decode(data "store-1")
    for i, id in ipairs { "a", "b", "c", "d", "e", "f" } do
      assert(site.make(monitor, path, { as_of = "2024-03-10 20:00:00", stores = id }))
      local alone = cjson.decode(data "store-1")[1]
      assert.equal(id, alone.schedule.store_id)
      assert.same(alone, together[i])
    end
    assert.equal("fair", together[2].schedule.days[9].note)
  end)

  it("is begun anew where what it is made of changes meanwhile", function()
    local changes = 0
    local made = assert(site.make(monitor, path, { as_of = "2024-03-10 20:00:00", progress = function()
      if changes == 0 then
        changes = 1
        assert(monitor:poll("b", false, "2024-03-10 19:00:00"))
      end
    end }))
    assert.equal(7, made.files)
    local before = files.read(path .. "/data/fleet.js")
    assert(site.make(monitor, folder .. "/other", { as_of = "2024-03-10 20:00:00" }))
    assert.is_true(before == files.read(folder .. "/other/data/fleet.js"))
    local failed, message, code = site.make(monitor, path, { as_of = "2024-03-10 20:00:00", progress = function()
      changes = changes + 1
      assert(monitor:poll("b", changes % 2 == 0, "2024-03-10 18:00:00"))
      assert(monitor:poll("a", false, ("2024-03-10 17:%02d:00"):format(changes)))
    end })
    assert.same({ "EBUSY: what it is made of changes while it is written", "EBUSY" }, { message, code })
    assert.is_nil(failed)
    assert.equal(1 + 3 * 6, changes) -- three times, a row and what is told of each store
    assert.is_true(before == files.read(path .. "/data/fleet.js"))
    assert.equal("other site", names_in(folder))
  end)

  it("has no more stores than a page can hold", function()
    local most = site.STORES_MAX
    site.STORES_MAX = 2
    local made, message, code = site.make(monitor, path)
    local some = site.make(monitor, path, { stores = { "a", "b" } })
    site.STORES_MAX = most
    assert.same({ "EINVAL: there are 3 stores, and a site may have 2: choose some of them", "EINVAL" }, { message, code })
    assert.is_nil(made)
    assert.equal(2, some.stores)
  end)

  it("has of a store with very many polls what it was, in the place of what its figures are made of", function()
    local polls, last = {}, loom.parse_timestamp "2024-03-10 20:00:00"
    for i = 0, 12000 do
      polls[#polls + 1] = { "a", i % 7 > 0, last - i * 40 }
    end
    assert(monitor:polls(polls))
    assert(site.make(monitor, path))
    local text = files.read(path .. "/data/store-1.js")
    local _, explained = text:gsub('"explanation":{', "")
    local _, told = text:gsub('"timeline":{', "")
    assert.same({ 2, 1 }, { explained, told })
  end)
end)

describe("a script of data", function()
  it("has a text of JSON between quotes, whatever is in it", function()
    assert.equal([[(globalThis.loomFiles ||= {})["stores-1"] = '["\\"it\'s",\n"%d"]';]] .. "\n",
      script("stores-1", '["\\"it\'s",\n"%d"]'))
  end)
end)
