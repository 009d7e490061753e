--- A server for specs: `bin/loom serve` on a free port of the loopback, and curl.

local core = require "loom.core"
local files = require "support.files"
local shell = require "support.shell"

local server = {}

local START_TRIES, STOP_TRIES = 100, 400 -- of a twentieth of a second

local state

local function free_port()
  math.randomseed(os.time() + math.floor(os.clock() * 1e6))
  for _ = 1, 100 do
    local port = math.random(20000, 32000)
    if core.probe_listen("127.0.0.1", tostring(port)) then
      return port
    end
  end
  error "there is no free port"
end

local function answers()
  return shell.run(("curl -s -o /dev/null --max-time 5 http://127.0.0.1:%d/openapi.json"):format(state.port)).status == 0
end

--- Whether a server can run here at all.
function server.is_possible()
  return shell.run("command -v curl && { command -v nginx || command -v openresty; }").status == 0
end

--- Starts one and waits until it answers.
-- @tparam[opt] table options `database`: its path (default: a new one); `workers` (default 2); `arguments`: further words
-- @return `folder`, `database`, `port`, `pid`
function server.start(options)
  options = options or {}
  local folder = files.make_folder()
  state = { folder = folder, port = free_port(), database = options.database or folder .. "/stores.db" }
  local line = shell.words("bin/loom", "serve", state.database, "--listen", "127.0.0.1:" .. state.port, "--workers",
    options.workers or 2, "--reports", folder .. "/reports", "--log-level", "error")
  local started = shell.run(("%s %s >%s/log 2>&1 & echo $!"):format(line, options.arguments or "", folder))
  state.pid = tonumber(started.out)
  for _ = 1, START_TRIES do
    if answers() then
      return state
    end
    os.execute("sleep 0.05")
  end
  error("the server does not answer: " .. files.read(folder .. "/log"))
end

--- The path of the server's database.
function server.database()
  return state.database
end

--- What the server has logged.
function server.log()
  return files.read(state.folder .. "/log")
end

--- Stops it and waits until it has ended.
function server.stop()
  shell.run("kill -TERM " .. state.pid)
  for _ = 1, STOP_TRIES do
    if shell.run("kill -0 " .. state.pid).status ~= 0 then
      break
    end
    os.execute("sleep 0.05")
  end
  files.remove_folder(state.folder)
  state = nil
end

--- Bytes as a segment of a path, or a value of a query.
function server.escape(text)
  return (text:gsub("[^%w._~-]", function(c)
    return ("%%%02X"):format(c:byte())
  end))
end

local function parse_headers(text)
  local headers = {}
  for name, value in text:gmatch("([%w-]+): *([^\r\n]*)\r?\n") do
    headers[name:lower()] = value
  end
  return headers
end

--- Sends a request with curl.
-- @tparam string method
-- @tparam string target as it goes over the wire
-- @tparam[opt] table options `body`; `headers`, by name
-- @return `status`, `headers` (by name in lower case) and `body`
function server.request(method, target, options)
  options = options or {}
  local folder = files.make_folder()
  local words = { "curl", "-s", "--path-as-is", "--globoff", "--max-time", "60", "-D", folder .. "/headers", "-o",
    folder .. "/body" }
  local function add(...)
    for i = 1, select("#", ...) do
      words[#words + 1] = (select(i, ...))
    end
  end
  if method == "HEAD" then
    add("-I")
  else
    add("-X", method)
  end
  for name, value in pairs(options.headers or {}) do
    add("-H", name .. ": " .. value)
  end
  if options.body then
    files.write(folder .. "/sent", options.body)
    add("--data-binary", "@" .. folder .. "/sent")
  end
  files.write(folder .. "/body", "")
  add(("http://127.0.0.1:%d%s"):format(state.port, target))
  local result = shell.run(shell.words((table.unpack or unpack)(words)) .. " -w '%{http_code}'") -- luacheck: ignore 143
  local response = {
    status = tonumber(result.out),
    headers = parse_headers(files.read(folder .. "/headers")),
    body = method ~= "HEAD" and files.read(folder .. "/body") or "",
  }
  files.remove_folder(folder)
  return response
end

return server
