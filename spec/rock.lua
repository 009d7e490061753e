-- What `luarocks test` runs, on the interpreter that it was told to use: builds, then runs the specs on that interpreter.

local interpreter = arg[-1]

local function quote(word)
  return "'" .. word:gsub("'", [['\'']]) .. "'"
end

-- Runs a command line; ends with status 1 if that fails.
local function run(line)
  local good = os.execute(line)
  if good ~= true and good ~= 0 then -- Lua 5.1 returns the status
    os.exit(1)
  end
end

local words = { "spec/run", interpreter }
for _, word in ipairs(arg) do
  words[#words + 1] = word
end
for i, word in ipairs(words) do
  words[i] = quote(word)
end
run("make all")
run(table.concat(words, " "))
