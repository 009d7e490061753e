--- The service for specs: `loom serve` on a free port of the loopback, and requests by curl.

local assert = require "luassert"
local cjson = require "cjson"
local core = require "loom.core"
local files = require "support.files"
local openapi = require "support.openapi"
local shell = require "support.shell"

local unpack = table.unpack or unpack -- luacheck: compat

local server = {}
server.__index = server

local START_LIMIT = 60 -- seconds, under Valgrind and on a busy machine
local STOP_LIMIT = 60 -- loom lets reports end for half that long
local RETRY = "0.02" -- seconds between two tries
local PORTS = 20 -- tries to find one that nobody has, or takes first

-- The output of a script that does not fail.
local function output(script)
  local result = shell.run(script)
  assert(result.status == 0, result.err)
  return result.out
end

--- A port that nobody listens on, below those of clusters (see `support.servers`) and those that systems give to clients.
function server.free_port()
  for _ = 1, PORTS do
    local port = 10000 + tonumber(core.uuid():sub(1, 4), 16) % 10000
    if core.probe_listen("127.0.0.1", tostring(port)) then
      return port
    end
  end
  error("no port is free")
end

local function log_of(self)
  return "the log of loom serve:\n" .. files.read(self.folder .. "/server.log")
end

-- True when the server answers, false when it has ended.
local function await_answer(self)
  return shell.run(([[
tries=%d
until %s -s -o /dev/null http://127.0.0.1:%d/; do
  tries=$((tries - 1))
  if ! kill -0 %d 2>/dev/null || [ $tries = 0 ]; then exit 1; fi
  sleep %s
done]]):format(START_LIMIT / RETRY, shell.curl, self.port, self.pid, RETRY)).status == 0
end

--- Starts one, and does not wait until it answers: see `start`.
function server.launch(folder, options)
  local port = server.free_port()
  local words = shell.line("serve", options.database or folder .. "/db", "--listen", "127.0.0.1:" .. port,
    "--workers", options.workers or 2, not options.agent and "--no-agent" or nil, unpack(options.arguments or {}))
  local pid = output(("%s TMPDIR=%s exec %s >%s/server.log 2>&1 </dev/null & echo $!")
    :format(options.before or "", folder, words, folder))
  local self = setmetatable({ folder = folder, port = port, pid = tonumber(pid), url = "http://127.0.0.1:" .. port,
    lines = {} }, server)
  return self
end

--- Starts one, and returns when it answers.
-- @tparam string folder where its log goes, and its database
-- @tparam[opt] table options `database` (default: FOLDER/db), `workers` (default 2), `arguments`: more of `loom serve`,
--   `before`: shell commands, such as `ulimit`, `agent`: whether one runs beside it
function server.start(folder, options)
  local self, answers
  for _ = 1, PORTS do
    self = server.launch(folder, options or {})
    answers = await_answer(self)
    if answers or not files.read(folder .. "/server.log"):find("in use", 1, true) then
      break
    end
  end
  assert(answers, log_of(self))
  return self
end

--- Ends it with a signal, waits for that, and holds what it has answered against the document of the API.
-- @return what it has logged
function server:stop(signal)
  shell.run(("kill -%s %d"):format(signal or "TERM", self.pid))
  if not shell.await_end(self.pid, STOP_LIMIT) then
    shell.run("kill -9 " .. self.pid)
    error("loom serve does not end\n" .. log_of(self))
  end
  openapi.hold(self.lines)
  local log = files.read(self.folder .. "/server.log")
  for number in log:gmatch "exited on signal (%d+)" do -- by itself; a spec that kills takes 9 or 15
    assert(number == "9" or number == "15", log)
  end
  return log
end

--- The process ids of its workers.
function server:workers()
  local master = output(shell.ps .. " -o pid= --ppid " .. self.pid):match("%d+")
  local pids = {}
  for pid in output(shell.ps .. " -o pid= --ppid " .. master):gmatch("%d+") do
    pids[#pids + 1] = tonumber(pid)
  end
  return pids
end

--- The command line of curl for a path, with more of curl's arguments.
function server:curl(path, ...)
  return shell.curl .. " " .. shell.words("-s", "--max-time", "60", ...) .. " " .. shell.quote(self.url .. path)
end

-- The same, run by no more than a shell, since there are thousands: what it writes to standard output, as numbers.
local function curl_numbers(self, path, ...)
  local pipe = assert(io.popen("exec </dev/null 2>/dev/null; " .. self:curl(path, ...)))
  local status, exit = pipe:read("*n", "*n")
  pipe:close()
  return status, exit
end

--- Makes a request.
-- @tparam string path with the query
-- @param ... arguments of curl
-- @return a table of `status`, `headers` (by lower-case name), `body`, and `json`: the body's value, where it is a line of JSON
function server:request(path, ...)
  local folder = files.make_folder()
  local response = { headers = {}, body = "" }
  response.status, response.exit = curl_numbers(self, path, "-D", folder .. "/headers", "-o", folder .. "/body",
    "-w", "%{http_code} %{exitcode}", ...)
  if files.exists(folder .. "/headers") then
    for name, value in files.read(folder .. "/headers"):gmatch("([%w-]+): ([^\r\n]*)") do
      response.headers[name:lower()] = value
    end
  end
  if files.exists(folder .. "/body") then
    response.body = files.read(folder .. "/body")
  end
  files.remove_folder(folder)
  self.lines[#self.lines + 1] = openapi.line({ ... }, path, response)
  if (response.headers["content-type"] or ""):find("^application/[%w.+-]-json") and not response.body:find("\n.") then
    response.json = cjson.decode(response.body)
  end
  return response
end

--- The same with a token, and a method; `value` is sent as JSON where it is not nil, a string as it is.
function server:ask(token, method, path, value, ...)
  local authorization = "Authorization: Bearer " .. token
  if value == nil then
    return self:request(path, "-X", method, "-H", authorization, ...)
  end
  return self:post(path, "application/json", type(value) == "string" and value or cjson.encode(value), "-X", method,
    "-H", authorization, ...)
end

--- The same for a text that is sent.
function server:post(path, content_type, text, ...)
  local path_of_text = files.write(files.make_folder() .. "/text", text)
  local response = self:request(path, "-H", "Content-Type: " .. content_type, "--data-binary", "@" .. path_of_text, ...)
  files.remove_folder(path_of_text:match("^(.*)/"))
  return response
end

--- Expects a problem document.
-- @return it
function server.expect_problem(response, status, detail)
  assert.equal(status, response.status, response.body)
  assert.equal("application/problem+json", response.headers["content-type"])
  assert.equal(status, response.json.status)
  assert.equal("string", type(response.json.title))
  if detail then
    assert.matches(detail, response.json.detail, 1, true)
  end
  return response.json
end

return server
