--- The code in Markdown files, run piece by piece.
--
-- A block of `sh` or `lua` runs in a folder of the caller's. A block without a language right behind it is what it prints:
-- in it … stands for any text, and alone on a line for any lines. Pieces of Lua continue one another, so that their
-- outermost locals are kept.

local files = require "support.files"
local snippet = require "support.snippet"

local markdown = {}

--- The fenced blocks of a file: `line`, `language` ("" for output), `text`, and `output` of the block behind it.
function markdown.blocks(path)
  local blocks, block, number, last = {}, nil, 0, nil
  for line in (files.read(path) .. "\n"):gmatch "(.-)\n" do
    number = number + 1
    local fence = line:match "^```(.*)$"
    if block and fence then
      if block.language == "" and last then
        last.output, last = block.text, nil
      else
        blocks[#blocks + 1] = block
        last = block
      end
      block = nil
    elseif fence then
      block = { line = number, language = fence, text = "", path = path }
    elseif block then
      block.text = block.text .. line .. "\n"
    elseif line ~= "" then
      last = nil -- output stands right behind its code
    end
  end
  assert(not block, path .. ": a block does not end")
  return blocks
end

local magic = "[%^%$%(%)%%%.%[%]%*%+%-%?]"

-- A Lua pattern for the shown output.
local function pattern_of(output)
  local pattern = output:gsub(magic, "%%%0")
  pattern = ("\n" .. pattern):gsub("\n…\n", "\n.-\n"):gsub("…", "[^\n]*")
  return "^" .. pattern .. "$"
end

--- Whether output is as shown.
function markdown.is_shown(output, shown)
  return ("\n" .. output):find(pattern_of(shown)) ~= nil
end

-- Runs a piece of Lua with the globals that all of them share.
local function run_lua(folder, block, state)
  local out = {}
  state.globals = state.globals or setmetatable({}, { __index = function(_, name)
    return state.environment[name]
  end })
  state.environment = snippet.environment(out)
  local code = ("\n" .. block.text):gsub("\nlocal function ", "\nfunction "):gsub("\nlocal ", "\n"):sub(2)
  local name = ("%s:%d"):format(block.path, block.line)
  snippet.inside(folder.path, snippet.compile(code, name, state.globals))
  return table.concat(out)
end

local function run_shell(folder, block)
  return folder:good("{ set -e\n" .. block.text .. (block.output and "} 2>&1" or "}"))
end

--- Runs a block; raises an error if it fails or prints something else than is shown. What is shown of a shell's is both its
-- outputs; standard error alone need not be shown.
-- @tparam table folder of `support.checkout`
-- @tparam table block
-- @tparam table state kept from block to block; close it
function markdown.run(folder, block, state)
  local output = block.language == "lua" and run_lua(folder, block, state) or run_shell(folder, block)
  if block.output and not markdown.is_shown(output, block.output) then
    error(("%s:%d prints\n%s\ninstead of\n%s"):format(block.path, block.line, output, block.output), 0)
  end
  return output
end

--- Closes what pieces of Lua have left open.
function markdown.close(state)
  local globals = state.globals or {}
  for name, value in pairs(globals) do
    if type(value) == "userdata" or (type(value) == "table" and value.close) then
      pcall(function() value:close() end)
    end
    globals[name] = nil -- functions of the pieces' may live on, and refer to it
  end
  snippet.collect()
end

return markdown
