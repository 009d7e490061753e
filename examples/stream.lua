-- Polls from a pipe: loads what comes in on standard input, CSV or gzip, telling how far it is and what was left out.
--
--   PRODUCER | lua5.4 stream.lua DATABASE
--   gzip -c examples/data/store_status.csv | lua5.4 examples/stream.lua stores.db
--
-- Bad rows are left out and listed on standard error. The others are written in one transaction when the pipe ends,
-- and nothing before. Exit status: 0, or 1 when nothing was written.
-- In a checkout, `make` and `eval "$(make -s env)"` first.

local loom = require "loom"

local CHUNK = 64 * 1024
local TELL_EVERY = 1024 * 1024 -- bytes

local function fail(message)
  io.stderr:write("stream: ", message, "\n")
  os.exit(1)
end

local monitor, message = loom.open(arg[1] or fail "usage: stream.lua DATABASE", { create = true })
if not monitor then
  fail(message)
end

local ingester = assert(monitor:ingester("polls", {
  source = "standard input",
  max_rejects = "all",
  on_reject = function(reject)
    io.stderr:write(("%s:%d: %s: %q %s\n"):format(reject.source, reject.line, reject.column, reject.value,
      reject.reason))
  end,
}))

local done, told = 0, 0
for chunk in function() return io.read(CHUNK) end do
  local good, why = ingester:feed(chunk)
  if not good then
    fail(why)
  end
  done = done + #chunk
  if done - told >= TELL_EVERY then
    told = done
    io.stderr:write(("%.0f MiB\n"):format(done / TELL_EVERY))
  end
end

local summary, why = ingester:finish()
if not summary then
  fail(why)
end
print(("%d bytes: %d rows, %d new, %d duplicates, %d conflicts, %d rejected"):format(done, summary.rows, summary.new,
  summary.duplicates, summary.conflicts, summary.rejected))
monitor:close()
