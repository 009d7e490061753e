--- Tasks for specs of loom.thread.

local core = require "loom.core"

local tasks = {}

function tasks.echo(write, text)
  write(text)
  return true
end

-- Writes a text N times.
function tasks.times(write, argument)
  local count, text = argument:match("^(%d+) (.*)$")
  for _ = 1, tonumber(count) do
    write(text)
  end
  return true
end

function tasks.forever(write, text)
  while true do
    write(text)
  end
end

function tasks.fail(write)
  write "something first"
  return nil, "ENOENT: there is no such thing", "ENOENT"
end

function tasks.raise()
  error("raised", 0)
end

function tasks.raise_table()
  error {}
end

function tasks.count_stores(write, path)
  local database = assert(core.open(path))
  local rows = database:query "SELECT count(*) AS n FROM store"
  write(tostring(rows().n))
  rows:close()
  database:close()
  return true
end

-- Tells a share, and waits for nothing: its end is waited for.
function tasks.tell(_, share, tell)
  tell(tonumber(share))
  return true
end

return tasks
