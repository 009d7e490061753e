--- Changes a file of Loom in small ways, one at a time, and tells which changes no test notices.
--
--     spec/mutate FILE [COUNT [SEED [SPECS]]]
--
-- It works in a copy of the checkout, which spec/mutate makes. A change of `src/core/FOLDER/NAME.c` is shown to
-- `spec/core/NAME_test.c`, then to the other C tests, then to SPECS (files or folders of specs); a change of a Lua file to the
-- specs that have its name, then to SPECS. What only Valgrind or a sanitizer sees, such as a leak, is not noticed here.
-- Changes that do not compile, or to the same program, do not count. Of each line at most one change is tried.

package.path = "spec/?.lua;" .. package.path
local files = require "support.files"
local mutations = require "support.mutations"
local random = require "support.random"

local COUNT = 40
local TIME_LIMIT = 300 -- seconds, for all that looks at a change: one that hangs is noticed

local file, count, seed, specs = arg[1], tonumber(arg[2]) or COUNT, tonumber(arg[3]) or 1, arg[4] or ""
local language = file and file:match("%.(%a+)$")
if language ~= "c" and language ~= "lua" then
  io.stderr:write("usage: spec/mutate FILE.c|FILE.lua [COUNT [SEED [SPECS]]]\n")
  os.exit(2)
end

local log = os.getenv "TMPDIR" .. "/log"

local function run(command)
  return os.execute(("(%s) >%s 2>&1 </dev/null"):format(command, log))
end

local function must(command)
  if not run(command) then
    io.stderr:write(files.read(log), "mutate: this fails without any change: ", command, "\n")
    os.exit(2)
  end
end

-- The commands that look at a change, the likeliest to notice first, as one.
local function tests()
  local name = file:match("([^/]+)%.%a+$")
  local list = {}
  local function busted(which)
    list[#list + 1] = "SPECS='" .. which .. "' spec/run lua5.4"
  end
  if language == "c" then
    if files.exists(("spec/core/%s_test.c"):format(name)) then
      list[#list + 1] = ("make -s build/spec/%s_test && build/spec/%s_test"):format(name, name)
    end
    list[#list + 1] = "make -s -j2 test-core"
  else
    local pipe = io.popen(("find spec -name '%s_spec.lua'"):format(name))
    local found = pipe:read("*a"):gsub("\n", " ")
    pipe:close()
    if found ~= "" then
      busted(found)
    end
  end
  if specs ~= "" then
    list[#list + 1] = "make -s -j2 all"
    busted(specs)
  end
  return list
end

-- `count` of the changes, in the order of the file.
local function sample(changes)
  local chosen, taken = {}, {}
  local generator = random.new(seed)
  for i = #changes, 2, -1 do
    local j = generator(1, i)
    changes[i], changes[j] = changes[j], changes[i]
  end
  for _, change in ipairs(changes) do
    if #chosen < count and not taken[change.line] then
      taken[change.line] = true
      chosen[#chosen + 1] = change
    end
  end
  table.sort(chosen, function(a, b)
    return a.first < b.first
  end)
  return chosen
end

-- The compiled file: a change that leaves it as it was changes nothing.
local function compiled()
  local object = file:match("^src/.*%.c$") and ("build/" .. file:gsub("%.c$", ".o"))
  if not object or not file:find("^src/core/") and not file:find("^src/serve/") then
    return run "make -s -j2 all", nil
  end
  return run("make -s " .. object), files.exists(object) and files.read(object)
end

must "make -s -j2 all"
local commands = tests()
for _, command in ipairs(commands) do
  must(command)
end

local text = files.read(file)
local _, original = compiled()
local noticed, same, broken, lived = 0, 0, 0, {}
for _, change in ipairs(sample(mutations.list(text, language))) do
  files.write(file, mutations.apply(text, change))
  local good, object = compiled()
  local shown = ("%s:%d: %s -> %s"):format(file, change.line, change.old, change.new == "" and "nothing" or change.new)
  if not good then
    broken = broken + 1
  elseif object and object == original then
    same = same + 1
  elseif run(("timeout %d sh -c '%s'"):format(TIME_LIMIT, table.concat(commands, " && "):gsub("'", [['\'']]))) then
    lived[#lived + 1] = shown
    print(shown)
  else
    noticed = noticed + 1
  end
end
print(("%d of %d changes were noticed; %d more did not compile, %d made no difference"):format(noticed, noticed + #lived,
  broken, same))
os.exit(#lived == 0)
