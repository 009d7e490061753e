--- Memory that grows.

local assert = require "luassert"

local memory = {}

local KILOBYTES_MAX = 64 -- of Lua's heap
local PAGES_MAX = 512 -- of the process: 2 MiB

-- Pages of memory that this process has in use; nil where that means nothing: AddressSanitizer keeps freed memory a while.
local function resident()
  local file = not (os.getenv "LD_PRELOAD" or ""):find("asan", 1, true) and io.open "/proc/self/statm"
  if not file then
    return nil
  end
  local pages = tonumber(file:read("*l"):match("^%d+ (%d+)"))
  file:close()
  return pages
end

-- What Lua knows of a handle is small, so its collector is called before forgotten ones take much memory.
local function repeat_all(works, times)
  for round = 1, times do
    for i = 1, #works do
      works[i]()
    end
    if round % 20 == 0 or round == times then
      collectgarbage()
      collectgarbage()
    end
  end
end

local function growth(works, times)
  local kilobytes, pages = collectgarbage "count", resident()
  repeat_all(works, times)
  return collectgarbage "count" - kilobytes, pages and resident() - pages or 0
end

--- Expects that doing things over and over takes no more memory than having done them a few times. What leaks does so each
-- time; what a compiler of traces takes, once it finds something worth it, comes once.
function memory.expect_bounded(works, times)
  repeat_all(works, times / 10) -- what is allocated once, is now
  local kilobytes, pages
  for _ = 1, 3 do
    kilobytes, pages = growth(works, times)
    if kilobytes < KILOBYTES_MAX and pages < PAGES_MAX then
      return
    end
  end
  assert.is_true(kilobytes < KILOBYTES_MAX, ("%.0f KiB more in Lua"):format(kilobytes))
  assert.is_true(pages < PAGES_MAX, ("%d pages more"):format(pages))
end

return memory
