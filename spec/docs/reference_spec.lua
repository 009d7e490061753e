-- The reference: every public function says what it takes, what it returns and how it is used, and its example runs.

local database = require "support.database"
local doc_comments = require "support.doc_comments"
local files = require "support.files"
local loom = require "loom"
local snippet = require "support.snippet"

-- What of the module is its own business. A new file is either this or in docs/config.ld.
local internal = { "audit", "author", "backup", "bundle", "canonical", "check", "cluster_name", "doctor", "exclusions",
  "hours", "inspection", "json", "later", "leash", "loading", "opening", "output", "overrides", "owner", "preview",
  "queue", "report_details", "report_folder", "report_thread", "retention", "rules", "searchpath", "single_polls", "site",
  "small_file", "source", "stepping", "stored_report", "stores", "threaded_job", "time", "transaction", "ulid", "watch",
  "web", "windows" }

local modules = doc_comments.public_modules()

-- Calls check(function's name, its documentation) for every function of the public modules.
local function each_function(check)
  for _, module in ipairs(modules) do
    local documented = doc_comments.functions(module.path)
    for name, value in pairs(require(module.name)) do
      if type(value) == "function" and not name:find "^__" and module.name ~= "loom.formats" then
        local doc = assert(documented[name], module.name .. "." .. name .. " is not defined in its module")
        doc.name = ("%s:%d: %s"):format(module.path, doc.line, name)
        doc.is_local = #doc_comments.texts(doc.tags, "local") > 0
        check(doc)
      end
    end
  end
end

local function each_public_function(check)
  each_function(function(doc)
    if not doc.is_local then
      check(doc)
    end
  end)
end

local function returns_something(doc)
  for _, line in ipairs(doc.body) do
    if line:find "^%s*return%s+%S" then
      return true
    end
  end
  return false
end

describe("the reference", function()
  it("has every file of the module that is not internal", function()
    local found, expected = {}, {}
    for _, module in ipairs(modules) do
      found[#found + 1] = module.path
    end
    for _, name in ipairs(files.list "lua/loom") do
      local path = "lua/loom/" .. name
      expected[#expected + 1] = path:find "%.lua$" and path or nil
    end
    for _, name in ipairs(internal) do
      found[#found + 1] = "lua/loom/" .. name .. ".lua"
    end
    expected[#expected + 1] = "lua/loom/formats/init.lua"
    table.sort(found)
    table.sort(expected)
    assert.same(expected, found)
  end)

  it("says of every function what it is for", function()
    each_function(function(doc)
      assert.matches("^%-%-%- %u", doc.lines[1] or "", doc.name .. " has no comment")
    end)
  end)

  it("lists the parameters of every public function, in order", function()
    each_public_function(function(doc)
      local top = {}
      for _, name in ipairs(doc_comments.parameters(doc.tags)) do
        local outer = name:match "^([%w_]+)%."
        if outer then
          assert.equal(outer, top[#top], doc.name .. ": " .. name)
        else
          top[#top + 1] = name
        end
      end
      assert.same(doc.parameters, top, doc.name)
    end)
  end)

  it("says what every public function returns, and how it fails", function()
    each_public_function(function(doc)
      local returns = doc_comments.texts(doc.tags, "treturn")
      assert.equal(returns_something(doc), #returns > 0, doc.name .. ": @treturn")
      assert.is_nil((returns[1] or ""):find "^%?string the failure", doc.name .. ": what it returns")
      if #returns > 0 and returns[1]:find "^%S+|nil" then
        assert.is_true(#returns >= 2, doc.name .. ": the failure")
        assert.matches("^%?string ", returns[2], doc.name)
      end
    end)
  end)

  it("has the fields of the module and the formats", function()
    local text = files.read "lua/loom/init.lua"
    for name, value in pairs(loom) do
      if type(value) ~= "function" then
        assert.matches("%-%- @tfield %S+ " .. name .. " ", text)
      end
    end
    text = files.read "lua/loom/formats/init.lua"
    for name in pairs(loom.formats) do
      assert.matches("%-%- @field " .. name .. " ", text)
    end
  end)

  describe("has an example", function()
    local folder, made

    -- What examples take for granted, made anew for each.
    local function globals(out)
      for _, suffix in ipairs { "", "-wal", "-shm" } do
        os.remove("stores.db" .. suffix) -- of an example that has not closed its own monitor
      end
      files.write("stores.db", made)
      local environment = snippet.environment(out)
      local monitor = assert(loom.open("stores.db", { create = true }))
      local report = assert(monitor:report())
      environment.loom, environment.monitor, environment.report, environment.row = loom, monitor, report, report:row(1)
      environment.groups = report:group "region"
      environment.status = assert(monitor:status())
      environment.series = assert(monitor:series())
      environment.job = assert(monitor:start_report())
      environment.ingester = assert(monitor:ingester "status")
      return environment
    end

    -- An ingester that has seen no header cannot be finished; the one of a monitor's is fed with chunks.
    local function prepare(environment, doc)
      if doc.name:find "ingester%.lua.*finish" then
        environment.ingester:feed "store_id,status,timestamp_utc\n"
      elseif doc.name:find "monitor%.lua.*ingester" then
        environment.chunks = ("store_id,status,timestamp_utc\nshop 1,active,2023-01-25 10:00:00\n"):gmatch "[^\n]*\n"
      end
    end

    local function release(environment)
      environment.report:close()
      environment.status:close()
      environment.series:close()
      environment.job:close()
      environment.ingester:abort()
      environment.monitor:close()
    end

    -- Runs an example; a comment --> at its end tells what it prints.
    local function run(doc, usage)
      local out = {}
      local environment = globals(out)
      local before = { report = environment.report, status = environment.status, series = environment.series,
        job = environment.job, ingester = environment.ingester, monitor = environment.monitor }
      prepare(environment, doc)
      local good, message = pcall(snippet.compile(usage:gsub("^%s+", ""), doc.name, environment))
      release(before)
      assert(good, doc.name .. ": " .. tostring(message))
      local shown = usage:match "%-%-> ([^\n]*)"
      if shown then
        assert.equal(shown .. "\n", table.concat(out), doc.name)
      end
    end

    files.folder_for_all(function(place)
      folder = place
      for _, name in ipairs { "store_status.csv", "menu_hours.csv", "timezones.csv" } do
        files.write(folder .. "/" .. name, files.read("examples/data/" .. name))
      end
      local monitor = assert(loom.open(folder .. "/stores.db", { create = true }))
      assert(monitor:ingest(database.files "examples/data"))
      assert(monitor:poll("shop 1", true, "2023-01-24 12:00:00"))
      assert(monitor:set_hours("shop 1", { mon = "09:00-17:00" }, { from = "always" }))
      monitor:close()
      made = files.read(folder .. "/stores.db")
    end)

    it("of every public function, which runs", function()
      local usages = {}
      each_public_function(function(doc)
        local usage = doc_comments.texts(doc.tags, "usage")[1] or ""
        assert.matches("%S", usage, doc.name .. " has no @usage")
        usages[#usages + 1] = { doc = doc, usage = usage }
      end)
      table.sort(usages, function(a, b) return a.doc.name < b.doc.name end)
      snippet.inside(folder, function()
        for _, item in ipairs(usages) do
          run(item.doc, item.usage)
        end
      end)
      snippet.collect()
    end)

    it("of the modules that say how they are used, which runs", function()
      local count = 0
      for _, module in ipairs(modules) do
        local usage = doc_comments.module_usage(module.path)
        if usage then
          count = count + 1
          snippet.inside(folder, run, { name = module.path }, usage)
        end
      end
      snippet.collect()
      assert.is_true(count > 0)
    end)
  end)
end)
