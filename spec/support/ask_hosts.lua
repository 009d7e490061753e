-- Asks hosts over HTTP and tells what came of each, a line each: lua ask_hosts.lua PORT ALLOWED HOST…
local curl = require "loom.curl"

local port, allowed = arg[1], arg[2]
local transfers = assert(curl.transfers(allowed ~= "" and { allowed } or nil))
for i = 3, #arg do
  local number, message = transfers:start { url = ("http://%s:%s/s3cret"):format(arg[i], port), body = "{}", time_limit = 3000 }
  local answer = not number and { message = message, refused = "unsent" }
  while not answer do
    assert(transfers:wait(100))
    answer = transfers:next()
  end
  print(("%s\t%s\t%s\t%s"):format(arg[i], tostring(answer.status), tostring(answer.refused), answer.message or ""))
end
transfers:close()
