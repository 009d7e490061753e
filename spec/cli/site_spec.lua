-- What a site's page does is for a browser: spec/browser/site_test.mjs.

local cjson = require "cjson"
local files = require "support.files"
local lfs = require "lfs"
local loom = require "loom"
local shell = require "support.shell"

local unpack = table.unpack or unpack -- luacheck: compat

local AS_OF = "2024-03-10 20:00:00"

-- Ids and values that a careless page would run, or be broken by.
local hostile = {
  "</script><script>harmed()//", "'+harmed()+'", "\\'", "\226\128\168 \226\128\169", "\226\128\174desrever",
  "\240\159\140\174 taco", "not UTF-8: \255\254", "a\nb\r\tc", ("long"):rep(63) .. "255", "__proto__",
}

-- Polls of three weeks, of which the last one has an outage.
local function polls_of(id, number)
  local polls, last = {}, loom.parse_timestamp(AS_OF)
  for hour = 0, 21 * 24 - 1 do
    polls[#polls + 1] = { id, not (hour > 30 + number and hour < 36 + number), last - hour * 3600 }
  end
  return polls
end

local function make(path)
  local monitor = assert(loom.open(path, { create = true }))
  local ids = { "north 1", "north 2", "south 1", "south 2" }
  for _, id in ipairs(hostile) do
    ids[#ids + 1] = id
  end
  for number, id in ipairs(ids) do
    assert(monitor:polls(polls_of(id, number)))
    local region = id:match "^(%l+) %d$"
    assert(monitor:set_attributes(id, region and { region = region, ["owner of " .. region] = "owner " .. id }
      or { __proto__ = id }))
    assert(monitor:set_timezone(id, region == "south" and "America/Denver" or "America/New_York"))
  end
  assert(monitor:set_hours("north 2", { mon = "09:00-17:00", sun = "22:00-04:00" }))
  assert(monitor:set_special_day("north 1", "2024-03-09", {}, "a wedding"))
  assert(monitor:set_special_day("south 1", "2024-03-09", {}, "a funeral"))
  assert(monitor:exclude { store = "north 1", from = "2024-03-08 01:00", to = "2024-03-08 02:00", reason = "a flood" })
  monitor:close()
end

-- What is in a data file.
local function data(site, name)
  local text = files.read(("%s/data/%s.js"):format(site, name))
  local quoted = assert(text:match("^%(globalThis%.loomFiles ||= {}%)%[\"" .. name:gsub("%-", "%%-") .. "\"%] = '(.*)';\n$"))
  assert.is_nil(quoted:find "[\n\r]")
  assert.is_nil(quoted:gsub("\\.", ""):find "'") -- which would end the text
  return cjson.decode((quoted:gsub("\\(.)", { n = "\n", r = "\r", ["'"] = "'", ["\\"] = "\\" })))
end

local function named(names, values)
  local object = {}
  for i, name in ipairs(names) do
    object[name] = values[i]
  end
  return object
end

-- The rows of all stores by id.
local function rows_of(site)
  local fleet, rows = data(site, "fleet"), {}
  for _, values in ipairs(data(site, "stores-1")) do
    local row = named(fleet.members, values)
    row.windows = named(fleet.windows, row.windows)
    for name, figures in pairs(row.windows) do
      row.windows[name] = named(fleet.figures, figures)
    end
    rows[row.store_id] = row
  end
  return rows, fleet
end

-- All bytes of a folder's data.
local function bytes_of(site)
  local parts = {}
  for name in lfs.dir(site .. "/data") do
    parts[#parts + 1] = name:find "%.js$" and files.read(site .. "/data/" .. name) or nil
  end
  return table.concat(parts, "\n")
end

describe("loom site", function()
  local folder, db, site

  files.folder_for_all(function(made)
    folder = made
    db, site = folder .. "/db", folder .. "/site"
    make(db)
  end)

  local function names_in(path)
    local names = {}
    for name in lfs.dir(path) do
      names[#names + 1] = name ~= "." and name ~= ".." and name or nil
    end
    table.sort(names)
    return table.concat(names, " ")
  end

  it("writes a page and its data, and tells how much that is", function()
    local out = shell.good("site", db, site, "--title", "All of them")
    local stores = 4 + #hostile
    assert.matches(("^%s: %d stores as of 2024%%-03%%-10 20:00:00.000000 UTC, 7 files, %%d+ KB\n$"):format(
      site:gsub("%p", "%%%0"), stores), out)
    assert.equal("data icon.svg index.html loom.css loom.js", names_in(site))
    assert.equal("fleet.js store-1.js stores-1.js", names_in(site .. "/data"))
    local rows, fleet = rows_of(site)
    assert.equal("All of them", fleet.title)
    assert.equal(stores, fleet.stores)
    for _, id in ipairs(hostile) do
      local shown = id:find "\255" and "not UTF-8: \239\191\189\239\191\189" or id
      assert.equal(shown, rows[shown].store_id)
      assert.equal(shown, rows[shown].attributes.__proto__)
    end
    assert.equal(stores, #data(site, "store-1"))
    assert.equal("", (shell.good("site", db, site, "--quiet")))
  end)

  for _, preset in ipairs { "", "monitoring", "seed" } do
    it("has the figures of loom report and loom status: " .. (preset == "" and "as usual" or preset), function()
      local words = { "--as-of", "2024-03-09 12:34:56", unpack(preset == "" and {} or { "--preset", preset }) }
      local function told(...)
        local all = { ... }
        for _, word in ipairs(words) do
          all[#all + 1] = word
        end
        return cjson.decode((shell.good(unpack(all))))
      end
      shell.good("site", db, site, unpack(words))
      local rows, fleet = rows_of(site)
      local report = told("report", db, "--compare", "--format", "json", "--quiet")
      local status = told("status", db, "--format", "json")
      assert.equal(4 + #hostile, #report.stores)
      for _, store in ipairs(report.stores) do
        assert.same(store.windows, rows[store.store_id].windows)
      end
      for _, store in ipairs(status.stores) do
        assert.equal(store.state, rows[store.store_id].state)
        assert.equal(store.dormant, rows[store.store_id].dormant)
      end
      assert.same(status.counts, fleet.now.counts)
      assert.same(status.rules, fleet.now.rules)
      assert.same(report.rules, fleet.summary.rules)
      assert.equal(preset, fleet.rules.preset)
      local down = 0
      for _, store in ipairs(report.stores) do
        down = down + store.windows.last_week.down
      end
      assert.is_true(down > 0)
      assert.near(down, fleet.summary.figures.last_week.totals.down, 1e-6)
    end)
  end

  it("is made of files that reports are made of, too", function()
    local out = shell.good("site", "examples/data", site, "--stores", "0*")
    assert.matches(": %d+ stores? as of ", out)
    local report = cjson.decode((shell.good("report", "examples/data", "--stores", "0*", "--format", "json", "--quiet")))
    local rows = rows_of(site)
    assert.is_true(#report.stores > 0)
    for _, store in ipairs(report.stores) do
      assert.same(store.windows.last_week, rows[store.store_id].windows.last_week)
    end
  end)

  it("leaves a store out whose zone is none any more, and says so", function()
    local broken = folder .. "/broken"
    make(broken)
    local monitor = assert(loom.open(broken))
    assert(monitor.database:begin())
    assert(monitor.database:execute "UPDATE store SET timezone_override = 'US/Olympus' WHERE store_id = 'north 1'")
    assert(monitor.database:commit())
    monitor:close()
    local result = shell.loom("site", broken, site, "--where", "region=north", "--quiet")
    assert.equal(0, result.status)
    assert.matches('^loom: store "north 1": timezone "US/Olympus" is not a zone[^\n]*: left out\n$', result.err)
    assert.equal(1, #data(site, "stores-1"))
  end)

  it("tells of each store what loom explain and loom outages do", function()
    shell.good("site", db, site)
    local rows = {}
    for i, values in ipairs(data(site, "stores-1")) do
      rows[i] = values[1]
    end
    local told = data(site, "store-1")
    for i, id in ipairs(rows) do
      if id:find "^%l+ %d$" then
        local window = ("shown=%s/%s"):format(told[i].from, told[i].to)
        local explained = cjson.decode((shell.good("explain", db, id, "--window", window, "--format", "json")))
        assert.same(explained.windows[1].figures, told[i].explanation.windows[1].figures)
        assert.equal(#explained.windows[1].pieces, #told[i].explanation.windows[1].pieces)
        local _, lines = shell.good("outages", db, id, "--from", told[i].from, "--to", told[i].to):gsub("\n", "")
        assert.equal(lines - 1, #told[i].outages.outages)
      end
    end
  end)

  it("has nothing of stores that are not chosen", function()
    for _, words in ipairs { { "--where", "region=north" }, { "--stores", "north 1", "--stores", "north [23]" },
      { "--search", "NORTH" }, { "--stores", "north *", "--in-zone", "America/New_York" } } do
      shell.good("site", db, site, unpack(words))
      local bytes = bytes_of(site)
      for _, present in ipairs { "north 1", "owner north 2", "owner of north", "a wedding", "a flood", '"stores":2' } do
        assert.is_truthy(bytes:find(present, 1, true), present)
      end
      for _, absent in ipairs { "south", "Denver", "a funeral", "taco", "harmed", "__proto__", "desrever" } do
        assert.is_nil(bytes:find(absent, 1, true), absent)
      end
      assert.equal(2, rows_of(site) and #data(site, "store-1"))
    end
    shell.expect_failure(shell.loom("site", db, site, "--where", "region=east"), 1, "there is no store that is like that")
    assert.is_truthy(bytes_of(site):find("north 1", 1, true)) -- it is as it was
  end)

  it("puts no folder in the place of what is not its own", function()
    local place = folder .. "/place"
    assert(lfs.mkdir(place))
    files.write(place .. "/notes.txt", "mine")
    shell.expect_failure(shell.loom("site", db, place), 1,
      place .. ": has other things in it, such as notes.txt: a site needs a folder of its own")
    assert(os.remove(place .. "/notes.txt"))
    files.write(place .. "/index.html", "mine, too")
    shell.expect_failure(shell.loom("site", db, place), 1,
      place .. ": is no site that this command has made, so that it is not replaced")
    assert.equal("mine, too", files.read(place .. "/index.html"))
    shell.expect_failure(shell.loom("site", db, db), 1, db .. ": is no folder")
    shell.expect_failure(shell.loom("site", db, folder .. "/none/site"), 1, folder .. "/none/site: No such file or directory")
    assert(os.remove(place .. "/index.html"))
    shell.good("site", db, place .. "/")
    files.write(place .. "/data/notes.js", "mine")
    shell.expect_failure(shell.loom("site", db, place), 1,
      place .. ": has other things in it, such as data/notes.js: a site needs a folder of its own")
    assert(os.remove(place .. "/data/notes.js"))
    files.write(place .. "/data/stores-7.js", "of one that was larger")
    shell.good("site", db, place)
    assert.equal("fleet.js store-1.js stores-1.js", names_in(place .. "/data"))
    assert.is_nil(names_in(folder):find "%.new%-")
    assert.is_nil(names_in(folder):find "%.old%-") -- nothing is left beside them
    assert(lfs.link(place, folder .. "/link", true))
    shell.expect_failure(shell.loom("site", db, folder .. "/link"), 1,
      folder .. "/link: is a link, in whose place no folder is put")
  end)

  it("fails with a line where the disk is full, and the site that is there stays", function()
    local place = folder .. "/site"
    shell.good("site", db, place)
    local before = files.read(place .. "/index.html")
    for _, blocks in ipairs { 8, 60 } do -- at the script, and later
      local result = shell.run(("trap '' XFSZ; ulimit -f %d; "):format(blocks) .. shell.line("site", db, place))
      shell.expect_failure(result, 1, place .. ": File too large")
    end
    assert.equal(before, files.read(place .. "/index.html"))
    assert.is_nil(names_in(folder):find "%.new%-")
    assert.is_nil(names_in(folder):find "%.old%-")
  end)

  it("fails with a line where the folder that is there cannot be read", function()
    local unprivileged, place = shell.unprivileged(), folder .. "/closed"
    if not unprivileged then
      pending "the superuser may read everything, and setpriv is not there"
    end
    assert(lfs.mkdir(place))
    shell.run("chmod 000 " .. place)
    local result = shell.run(unprivileged .. shell.line("site", db, place))
    shell.run("chmod 700 " .. place)
    shell.expect_failure(result, 1, ("cannot open %s: Permission denied"):format(place))
  end)

  it("fails with a line where there is nothing to tell, or too much is wrong", function()
    local empty = folder .. "/empty"
    local monitor = assert(loom.open(empty, { create = true }))
    assert(monitor:set_timezone("a", "Europe/London"))
    monitor:close()
    shell.expect_failure(shell.loom("site", empty, folder .. "/none"), 1, empty .. ": there are no polls yet")
    shell.expect_failure(shell.loom("site", db, folder .. "/none", "--dormant", "true"), 1, "there is no store that is like that")
    shell.expect_failure(shell.loom("site", db, "."), 1,
      ".: the name of a folder is needed, which is put in the place of the one that is there")
    assert.is_nil(lfs.attributes(folder .. "/none"))
  end)
end)
