-- What is in a site is held against reports by spec/cli/site_spec.lua; what its page does is for a browser.

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
