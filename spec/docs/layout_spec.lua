-- The folders of the C sources: which may include which. A folder stands on those in its row, and on nothing else; within a
-- folder no files go round in a circle. docs/design.md draws it.
local files = require "support.files"

local MAY_INCLUDE = {
  base = {},
  time = { "base" },
  measure = { "base", "time" },
  report = { "base", "time", "measure" },
  alert = { "base", "time", "measure" },
  read = { "base", "time", "measure" },
  sqlite = { "base", "time", "measure", "report", "read" },
  write = { "base", "time", "measure", "read", "sqlite" },
  cluster = { "base", "time", "measure", "read", "sqlite", "write" },
  serve = { "base" },
  net = { "base", "report", "cluster" },
}

-- The C files of the core, by the name that they are included by, such as "time/zone.h".
local function sources()
  local found = {}
  for _, root in ipairs { "src/core", "src/serve", "src/net" } do
    local pipe = assert(io.popen("find " .. root .. " -name '*.[ch]'"))
    for path in pipe:lines() do
      found[path:gsub("^src/core/", ""):gsub("^src/", "")] = path
    end
    pipe:close()
  end
  return found
end

local function includes(path)
  local list = {}
  for name in files.read(path):gmatch('#include "([^"]+)"') do
    list[#list + 1] = name
  end
  return list
end

local function folder_of(name)
  return name:match "^(%a+)/[%w_]+%.[ch]$"
end

describe("the folders of the core", function()
  local all = sources()

  it("hold every file, and include only those that they stand on", function()
    local wrong, count = {}, 0
    for name, path in pairs(all) do
      local folder = folder_of(name)
      local may = { [folder or ""] = true }
      for _, below in ipairs(MAY_INCLUDE[folder] or {}) do
        may[below] = true
      end
      if not MAY_INCLUDE[folder] then
        wrong[#wrong + 1] = path .. " is in no folder of the table"
      end
      for _, included in ipairs(includes(path)) do
        count = count + 1
        if not may[folder_of(included)] then
          wrong[#wrong + 1] = path .. " includes " .. included
        elseif not all[included] then
          wrong[#wrong + 1] = path .. " includes " .. included .. ", which is not there"
        end
      end
    end
    table.sort(wrong)
    assert.are.same({}, wrong)
    assert.is_true(count > 100)
  end)

  it("have no circles: a header, and what its C file includes, never lead back to it", function()
    local state, circles = {}, {}
    local function visit(unit, path)
      if state[unit] == "seen" then
        return
      elseif state[unit] == "open" then
        circles[#circles + 1] = path .. " -> " .. unit
        return
      end
      state[unit] = "open"
      for _, ending in ipairs { ".h", ".c" } do
        for _, included in ipairs(all[unit .. ending] and includes(all[unit .. ending]) or {}) do
          local other = included:gsub("%.h$", "")
          if other ~= unit then
            visit(other, path .. " -> " .. unit)
          end
        end
      end
      state[unit] = "seen"
    end
    for name in pairs(all) do
      visit((name:gsub("%.[ch]$", "")), "")
    end
    assert.are.same({}, circles)
  end)

  it("know nothing of Lua, and only sqlite/ and write/ of SQLite", function()
    local wrong = {}
    for name, path in pairs(all) do
      local text, folder = files.read(path), folder_of(name)
      if text:find "#include <lua" or text:find "#include <lauxlib" then
        wrong[#wrong + 1] = path .. " includes Lua"
      end
      if text:find("sqlite3", 1, true) and folder ~= "sqlite" and folder ~= "write" then
        wrong[#wrong + 1] = path .. " speaks of sqlite3"
      end
    end
    assert.are.same({}, wrong)
  end)

  -- Which header leads to what is SQLite's, by whatever others: the file that includes <sqlite3.h>, or nil.
  local function leads_to_sqlite(name, seen)
    if seen[name] or not all[name] then
      return nil
    end
    seen[name] = true
    if files.read(all[name]):find("#include <sqlite3.h>", 1, true) then
      return all[name]
    end
    for _, included in ipairs(includes(all[name])) do
      local found = leads_to_sqlite(included, seen)
      if found then
        return found
      end
    end
  end

  it("show nobody outside of sqlite/, write/ and cluster/, which has heads, what is inside of a database", function()
    local wrong, count = {}, 0
    local pipe = assert(io.popen "find src/lua src/curl src/cluster src/serve src/net src/core -name '*.[ch]'")
    for path in pipe:lines() do
      local folder = path:match "^src/core/(%a+)/"
      if folder ~= "sqlite" and folder ~= "write" and folder ~= "cluster" then
        for _, included in ipairs(includes(path)) do
          local found = leads_to_sqlite(included, {})
          count = count + 1
          wrong[#wrong + 1] = found and ("%s sees %s by %s"):format(path, found, included)
        end
      end
    end
    pipe:close()
    assert.are.same({}, wrong)
    assert.is_true(count > 100)
    assert.are.equal("src/core/sqlite/connection.h", leads_to_sqlite("sqlite/connection.h", {}))
    assert.is_truthy(leads_to_sqlite("sqlite/statement.h", {}))
  end)

  it("let nobody but source_sqlite.c and the figures in SQL make the source of a database", function()
    local makers = {}
    local pipe = assert(io.popen "grep -lE 'loom_source_sqlite(_shared)?\\(' -r src --include=*.c | sort")
    for path in pipe:lines() do
      makers[#makers + 1] = path
    end
    pipe:close()
    assert.are.same({ "src/core/sqlite/figures_table.c", "src/core/sqlite/source_sqlite.c" }, makers)
  end)

  it("leave no SQL to what sets and lists by hand in Lua", function()
    for _, path in ipairs { "lua/loom/exclusions.lua", "lua/loom/overrides.lua", "lua/loom/stores.lua" } do
      local text = files.read(path)
      assert.is_nil(text:match "%u[%u ]+ FROM ", path)
      assert.is_nil(text:match ":query%(" or text:match ":execute%(", path)
    end
  end)
end)

-- What POSIX does not know, as words that may stand in base/platform.c alone. A port to another system is in that file.
local OTHER_SYSTEMS = { "getrandom", "sys/random.h", "memrchr", "strchrnul", "renameat2", "pipe2", "accept4", "dup3", "prctl",
  "sigtimedwait", "sigwaitinfo", "signalfd", "eventfd", "timerfd", "epoll_%w+", "inotify_%w+", "memfd_create", "O_TMPFILE",
  "O_PATH", "fallocate", "copy_file_range", "splice", "statx", "syscall", "linux/%w+", "SOCK_CLOEXEC", "SOCK_NONBLOCK",
  "pthread_%w+_np", "pthread_condattr_setclock", "pthread_cond_timedwait", "program_invocation_name", "getauxval",
  "__linux__", "__APPLE__", "/proc/" }

describe("what is not the same on every system", function()
  it("is in base/platform.c", function()
    local found, count = {}, 0
    for root, pattern in pairs { src = "*.[ch]", lua = "*.lua", bin = "*" } do
      local pipe = assert(io.popen(("find %s -type f -name '%s'"):format(root, pattern)))
      for path in pipe:lines() do
        count = count + 1
        local text = files.read(path):gsub("/%*.-%*/", ""):gsub("%-%-[^\n]*", "")
        for _, word in ipairs(path ~= "src/core/base/platform.c" and OTHER_SYSTEMS or {}) do
          if text:find("%f[%w_/]" .. word .. "%f[^%w_]") or (word == "/proc/" and text:find(word, 1, true)) then
            found[#found + 1] = path .. ": " .. word
          end
        end
      end
      pipe:close()
    end
    assert.same({}, found)
    assert.is_true(count > 200, count)
  end)
end)
