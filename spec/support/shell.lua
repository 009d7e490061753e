--- Running the command, and shell scripts around it.

local assert = require "luassert"
local files = require "support.files"

local shell = {}

-- Long enough for any spec under Valgrind, or beside others on a busy machine; a spec that hangs fails.
local TIME_LIMIT = 300

local valgrind = os.getenv "LOOM_VALGRIND" == "1"

--- What starts the command. Without --vgdb=no, Valgrind keeps files in $TMPDIR, and leaves them there when it is killed.
shell.command = valgrind and "valgrind -q --vgdb=no --error-exitcode=99 --leak-check=full lua5.4 bin/loom" or "bin/loom"

--- A number for loops that run the command over and over: the second one under Valgrind, where a run takes a second.
function shell.pace(usual, slow)
  return valgrind and slow or usual
end

--- What starts the interpreter that the specs run on, which has the module built for it.
shell.lua = assert(os.getenv "LOOM_LUA", "specs are run by spec/run, which sets LOOM_LUA")

--- What starts programs that hang where a sanitizer's runtime is loaded before them.
shell.curl = "LD_PRELOAD= curl"
shell.ps = "LD_PRELOAD= ps"

function shell.quote(text)
  return "'" .. tostring(text):gsub("'", [['\'']]) .. "'"
end

--- Words as the shell reads them; nil stands for none.
function shell.words(...)
  local words = {}
  for i = 1, select("#", ...) do
    local word = select(i, ...)
    words[#words + 1] = word and shell.quote(word)
  end
  return table.concat(words, " ")
end

--- Runs a script.
-- @tparam string script
-- @tparam[opt] int limit in seconds
-- @return a table with `status`, `out` and `err`
function shell.run(script, limit)
  local folder = files.make_folder()
  files.write(folder .. "/script", script .. "\n")
  local pipe = assert(io.popen(("timeout %d sh %s/script >%s/out 2>%s/err </dev/null; echo $?")
    :format(limit or TIME_LIMIT, folder, folder, folder)))
  local status = tonumber(pipe:read("*l"))
  pipe:close()
  local result = { status = status, out = files.read(folder .. "/out"), err = files.read(folder .. "/err") }
  files.remove_folder(folder)
  return result
end

-- True while a process runs. One that has ended may keep its id for seconds, until its parent has asked for it (proc(5), the
-- third field of stat).
local alive = [[
alive() {
  { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  case ${line##*) } in [ZX]*) return 1;; esac
}
]]

--- Waits for the end of a process that another program started.
-- @tparam int pid
-- @tparam number seconds at the most
-- @treturn bool whether it has ended
function shell.await_end(pid, seconds)
  return shell.run(alive .. ([[
tries=%d
while alive %d; do
  tries=$((tries - 1))
  if [ $tries = 0 ]; then exit 1; fi
  sleep 0.02
done]]):format(seconds / 0.02, pid)).status == 0
end

--- Changes a database behind Loom's back, with SQLite's own command; false if that is not installed.
function shell.sqlite(path, sql)
  if shell.run("command -v sqlite3").status ~= 0 then
    return false
  end
  local result = shell.run(shell.words("sqlite3", path, sql))
  assert.equal("", result.err)
  assert.equal(0, result.status)
  return true
end

--- The command line of `loom` with some arguments.
function shell.line(...)
  return shell.command .. " " .. shell.words(...)
end

--- Runs the command.
function shell.loom(...)
  return shell.run(shell.line(...))
end

--- Runs the command and expects it to succeed.
-- @return its output
function shell.good(...)
  local result = shell.loom(...)
  assert.equal("", result.status == 0 and "" or result.err)
  assert.equal(0, result.status)
  return result.out, result.err
end

--- A failure is an exit status and one line on standard error.
-- @tparam[opt] string message what the line says after "loom: "
function shell.expect_failure(result, status, message)
  assert.equal("", result.out)
  assert.matches("^loom: [^\n]+\n$", result.err)
  if message then
    assert.equal("loom: " .. message .. "\n", result.err)
  end
  assert.equal(status, result.status)
end

--- Whether the user nobody gets to a folder that root has made, and to all of this checkout.
-- @tparam string folder which others may pass through from now on
function shell.lets_nobody_in(folder)
  shell.run("chmod 711 " .. shell.quote(folder))
  return shell.run(("setpriv --reuid nobody --regid nogroup --clear-groups test -x %s -a -r \"$PWD/lua/loom/init.lua\"")
    :format(shell.quote(folder))).status == 0
end

--- A prefix under which file permissions hold for root too; nil if there is no way to have that.
function shell.unprivileged()
  if shell.run("test $(id -u) = 0").status ~= 0 then
    return ""
  end
  local drop = "setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-dac_override,-dac_read_search "
  return shell.run(drop .. "true").status == 0 and drop or nil
end

return shell
