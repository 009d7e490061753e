--- Pieces of Lua from the documentation, run in the folder that a reader would be in.

local lfs = require "lfs"

local snippet = {}

-- Paths are relative in the specs; what a snippet requires for the first time is looked for from its own folder.
for _, name in ipairs { "loom", "loom.columns", "loom.figures", "loom.formats", "loom.groups" } do
  require(name)
end

--- Globals of snippets, whose output goes into the list `out`.
function snippet.environment(out)
  local function write(_, ...)
    for i = 1, select("#", ...) do
      out[#out + 1] = tostring((select(i, ...)))
    end
    return true
  end
  local output = { write = write, flush = function() return true end }
  return setmetatable({
    io = setmetatable({ stdout = output, write = function(...) return write(output, ...) end }, { __index = io }),
    print = function(...)
      local texts = {}
      for i = 1, select("#", ...) do
        texts[i] = tostring((select(i, ...)))
      end
      write(output, table.concat(texts, "\t"), "\n")
    end,
  }, { __index = _G })
end

--- Compiles a snippet; raises an error if it is not Lua.
function snippet.compile(code, name, environment)
  if setfenv then
    return setfenv(assert(loadstring(code, "=" .. name)), environment)
  end
  return assert(load(code, "=" .. name, "t", environment))
end

--- Frees what snippets have dropped without closing it.
function snippet.collect()
  if jit then
    jit.flush() -- compiled loops hold the tables that they were compiled for
  end
  collectgarbage()
end

--- Calls a function in a folder. Modules that are loaded there are found where the specs' are: by paths that do not depend on it.
function snippet.inside(folder, work, ...)
  local back, path = assert(lfs.currentdir()), package.path
  assert(lfs.chdir(folder))
  package.path = ("%s/lua/?.lua;%s/lua/?/init.lua;%s"):format(back, back, path)
  local good, result = pcall(work, ...)
  package.path = path
  assert(lfs.chdir(back))
  if not good then
    error(result, 0)
  end
  return result
end

return snippet
