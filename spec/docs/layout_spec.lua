-- The folders of the C sources: which may include which. A folder stands on those in its row, and on nothing else; within a
-- folder no files go round in a circle. docs/design.md draws it.
local files = require "support.files"

local MAY_INCLUDE = {
  base = {},
  time = { "base" },
  measure = { "base", "time" },
  report = { "base", "time", "measure" },
  read = { "base", "time", "measure" },
  sqlite = { "base", "time", "measure", "read" },
  write = { "base", "time", "measure", "read", "sqlite" },
  serve = { "base" },
}

-- The C files of the core, by the name that they are included by, such as "time/zone.h".
local function sources()
  local found = {}
  for _, root in ipairs { "src/core", "src/serve" } do
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

  it("have no line that is longer than 130 characters", function()
    local wrong = {}
    for _, path in pairs(all) do
      local number = 0
      for line in io.lines(path) do
        number = number + 1
        if #line:gsub("[\128-\191]", "") > 130 then
          wrong[#wrong + 1] = ("%s:%d"):format(path, number)
        end
      end
    end
    assert.same({}, wrong)
  end)

  -- Calls that build on each other are those of something that is freed, or that has steps: "loom_x_new → … → loom_x_free".
  it("tell in each header of such calls which follows which, in names that there are", function()
    local wrong, declared, count = {}, {}, 0
    for _, path in pairs(all) do
      for name in files.read(path):gsub("/%*.-%*/", ""):gmatch "[%w_]+" do
        declared[name] = true
      end
    end
    for name, path in pairs(all) do
      local text = files.read(path)
      local code, first = text:gsub("/%*.-%*/", ""), text:match "^/%*.-%*/"
      local has_sequence = first:find("→", 1, true)
      count = count + (has_sequence and 1 or 0)
      if name:find "%.h$" and code:find "loom_[%w_]+_free%(" and not has_sequence then
        wrong[#wrong + 1] = path .. " does not say which call follows which"
      end
      for called in first:gmatch "loom_[%w_]+" do
        if has_sequence and not declared[called] then
          wrong[#wrong + 1] = path .. " names " .. called .. ", which is not there"
        end
      end
    end
    assert.same({}, wrong)
    assert.is_true(count > 30)
  end)
end)
