--- Work that takes longer than other requests should wait, done by threads beside nginx's loop.
--
-- A worker has a few threads (see src/lua/thread.c), each with a Lua state in which `loom.http.background` makes an answer. What
-- it writes is kept, in memory or in an unnamed file, until all of it is there: only then is it sent, piece by piece, with turns
-- for others. So a client who reads slowly holds no thread, and what fails does so before the response has begun.
-- @module loom.http.tasks

local cjson = require "cjson.safe"
local core = require "loom.core"
local problem = require "loom.http.problem"

local tasks = {}

local THREADS = 2 -- of a worker: more would take the processors from reports and from nginx itself
local WAITING_MAX = 32 -- requests that wait for a thread; with one second for each, those at the end wait for a quarter minute
local ANSWERS_MAX = 64 -- of a worker, made or being sent: each may have a file that takes room on the disk
local ANSWER_MAX = 1024 * 1024 * 1024 -- bytes: a report of a million stores as JSON
local PATIENCE = 20 -- seconds until a thread is free
local TIME_MAX = 60 -- seconds that a task may take: ten times what a report of a hundred thousand stores takes as JSON
local FIRST_LOOK, LAST_LOOK = 0.001, 0.02 -- seconds between two looks: small answers take about as long as the first
local PIECE = 64 * 1024 -- bytes sent before others get their turn
local TURN = 0.001 -- seconds that others get between two pieces
local GRACE, RATE_MIN = 30, 16 * 1024 -- a client who has read for longer reads so many bytes a second at the least

local folder
local threads = {} -- of `thread`, `taken` and `abandoned`
local queue = {} -- of who waits, in order
local answers = 0

local retry = { headers = { ["Retry-After"] = "1" } }

--- Begins.
-- @tparam string path of the folder where long answers go while they are sent
function tasks.open(path)
  folder = path
end

--- Ends, and waits for what is computed, which ends when it writes the next time.
function tasks.close()
  for _, entry in ipairs(threads) do
    entry.thread:cancel()
  end
  for _, entry in ipairs(threads) do
    entry.thread:close()
  end
  threads, folder = {}, nil
end

--- Lets go of the database, which threads have open: those that are idle end, what others compute is given up.
function tasks.let_go()
  local busy = {}
  for _, entry in ipairs(threads) do
    if entry.taken then
      entry.thread:cancel()
      busy[#busy + 1] = entry -- which opens the database anew with its next task
    else
      entry.thread:close()
    end
  end
  threads = busy
end

-- ---- threads ----

-- Whether a thread can take a task. What nobody waits for any more has ended then.
local function is_free(entry)
  if entry.abandoned and entry.thread:state() == "ended" then
    local spool = entry.thread:result()
    if spool then
      spool:close()
    end
    entry.taken, entry.abandoned = false, false
  end
  return not entry.taken
end

-- A free thread, which is taken then; nil if there is none.
local function take_thread()
  for _, entry in ipairs(threads) do
    if is_free(entry) then
      entry.taken = true
      return entry
    end
  end
  if #threads < THREADS and folder then
    local thread, message, code = core.thread { module = "loom.http.background", folder = folder, limit = ANSWER_MAX }
    if not thread then
      problem.raise_failure(message, code)
    end
    threads[#threads + 1] = { thread = thread, taken = true }
    return threads[#threads]
  end
end

-- Tells when the client goes away, where nginx is told to look (lua_check_client_abort).
local function watch_client()
  local client = { gone = false }
  ngx.on_abort(function()
    client.gone = true
  end)
  return client
end

-- Calls look() until it gives something; nil when the client does not wait for it, or it takes too long.
local function await(client, seconds, look)
  local deadline, pause = core.clock() + seconds, FIRST_LOOK
  while true do
    local found = look()
    if found then
      return found
    elseif client.gone or ngx.worker.exiting() or core.clock() > deadline then
      return nil
    end
    ngx.sleep(pause)
    pause = math.min(pause * 2, LAST_LOOK)
  end
end

-- Ends a request that has waited in vain.
local function give_up(client)
  if client.gone then
    ngx.exit(499) -- does not return
  end
  problem.raise(503, "the answer takes too long to make", retry)
end

local function leave_queue(ticket)
  for i, other in ipairs(queue) do
    if other == ticket then
      table.remove(queue, i)
      return
    end
  end
end

local function await_thread(client)
  if #queue >= WAITING_MAX then
    problem.raise(503, ("%d requests of this kind are waiting already"):format(WAITING_MAX), retry)
  end
  local ticket = {}
  queue[#queue + 1] = ticket
  local good, entry = pcall(await, client, PATIENCE, function()
    return queue[1] == ticket and take_thread()
  end)
  leave_queue(ticket)
  if not good then
    error(entry, 0)
  end
  return entry or give_up(client)
end

--- Has a task done.
-- @tparam string name of a function of `loom.http.background`
-- @tparam table arguments that JSON can tell
-- @treturn loom.spool|nil what it has written, for `tasks.send`
-- @treturn ?string the failure
-- @treturn ?string its code
function tasks.run(name, arguments)
  local client = watch_client()
  local entry = await_thread(client)
  entry.thread:start(name, cjson.encode(arguments))
  local ended = await(client, TIME_MAX, function()
    return entry.thread:state() == "ended"
  end)
  if not ended then
    entry.thread:cancel()
    entry.abandoned = true
    give_up(client)
  end
  local spool, message, code = entry.thread:result()
  entry.taken = false
  if not spool and not code then -- an error that should not be
    error(message, 0)
  end
  return spool, message, code
end

-- ---- answers ----

--- Takes one of the places for answers, which `tasks.release` gives back.
function tasks.enter()
  if answers >= ANSWERS_MAX then
    problem.raise(503, ("%d answers of this kind are being sent already"):format(ANSWERS_MAX), retry)
  end
  answers = answers + 1
  ngx.ctx.loom_answer = {}
end

--- Gives a request's place back, and what its answer took. It is called when the request has ended, however that came.
function tasks.release()
  local answer = ngx.ctx.loom_answer
  if answer then
    ngx.ctx.loom_answer = nil
    answers = answers - 1
    if answer.spool then
      answer.spool:close()
    end
  end
end

--- Sends what a task has written.
-- @tparam loom.spool spool which is closed then
-- @tparam table headers by name
function tasks.send(spool, headers)
  ngx.ctx.loom_answer.spool = spool
  for name, value in pairs(headers) do
    ngx.header[name] = value
  end
  local size, at, started = spool:size(), 0, core.clock()
  ngx.header["Content-Length"] = size
  while at < size and ngx.req.get_method() ~= "HEAD" do
    local text = assert(spool:read(at, PIECE))
    if not (ngx.print(text) and ngx.flush(true)) then -- the client has gone
      tasks.release()
      ngx.exit(499)
    end
    at = at + #text
    if core.clock() - started > GRACE + at / RATE_MIN then
      error(("the client reads too slowly: %d of %d bytes"):format(at, size), 0)
    end
    if at < size then
      ngx.sleep(TURN)
    end
  end
  tasks.release()
end

return tasks
