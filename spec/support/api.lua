--- The API of one service: what `support.server` starts, with requests by method and target.

local files = require "support.files"
local server = require "support.server"
local shell = require "support.shell"

local unpack = table.unpack or unpack -- luacheck: compat

local api = {}

local state

--- Starts a service in a folder of its own.
-- @tparam[opt] table options `database`: its path (default: a new one); `workers`; `arguments`: more of `loom serve`
-- @return `folder`, `database`, `port`
function api.start(options)
  options = options or {}
  local folder = files.make_folder()
  local database = options.database or folder .. "/stores.db"
  local arguments = { "--reports", folder .. "/reports", "--log-level", "error", unpack(options.arguments or {}) }
  state = { folder = folder, database = database }
  state.service = server.start(folder, { database = database, workers = options.workers, arguments = arguments })
  state.port = state.service.port
  return state
end

--- The path of the service's database.
function api.database()
  return state.database
end

--- What the service has logged.
function api.log()
  return files.read(state.folder .. "/server.log")
end

--- Stops it and removes its folder.
function api.stop()
  state.service:stop()
  files.remove_folder(state.folder)
  state = nil
end

--- Bytes as a segment of a path, or a value of a query.
function api.escape(text)
  return (text:gsub("[^%w._~-]", function(c)
    return ("%%%02X"):format(c:byte())
  end))
end

--- Sends a request.
-- @tparam string method
-- @tparam string target as it goes over the wire
-- @tparam[opt] table options `body`; `headers`, by name
-- @return what `server:request` returns
function api.request(method, target, options)
  options = options or {}
  local words = { "--path-as-is", "--globoff" }
  local function add(...)
    for _, word in ipairs { ... } do
      words[#words + 1] = word
    end
  end
  add(unpack(method == "HEAD" and { "-I" } or { "-X", method }))
  for name, value in pairs(options.headers or {}) do
    add("-H", name .. ": " .. value)
  end
  local folder = options.body and files.make_folder()
  if options.body then
    add("--data-binary", "@" .. files.write(folder .. "/sent", options.body))
  end
  local response = state.service:request(target, unpack(words))
  if folder then
    files.remove_folder(folder)
  end
  if method == "HEAD" then
    response.body = ""
  end
  return response
end

--- Sends a request for each of some bodies of JSON, one after the other by one curl.
-- @treturn {table,...} `status` and `body` of each
function api.send_all(method, target, bodies)
  local folder = files.make_folder()
  local lines = {}
  for i, body in ipairs(bodies) do
    files.write(("%s/sent%d"):format(folder, i), body)
    lines[#lines + 1] = i > 1 and "next" or nil
    lines[#lines + 1] = ([[
url = "http://127.0.0.1:%d%s"
request = "%s"
header = "Content-Type: application/json"
data-binary = "@%s/sent%d"
output = "%s/answer%d"
write-out = "%%{http_code}\n"
silent]]):format(state.port, target, method, folder, i, folder, i)
  end
  files.write(folder .. "/config", table.concat(lines, "\n"))
  local result = shell.run(shell.curl .. " --max-time 60 -K " .. folder .. "/config")
  local responses = {}
  for status in result.out:gmatch "%d+" do
    local path = ("%s/answer%d"):format(folder, #responses + 1)
    responses[#responses + 1] = { status = tonumber(status), body = files.exists(path) and files.read(path) or "" }
  end
  assert(#responses == #bodies, result.err)
  files.remove_folder(folder)
  return responses
end

return api
