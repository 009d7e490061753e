--- Work that takes longer than other requests should wait, done by threads beside nginx's loop.
--
-- A worker has a few threads (see src/lua/thread.c), each with a Lua state in which `loom.http.background` makes an answer. What
-- it writes is kept, in memory or in an unnamed file, until all of it is there: only then is it sent, piece by piece, with turns
-- for others. So a client who reads slowly holds no thread, and what fails does so before the response has begun.
-- @module loom.http.tasks

local access = require "loom.http.access"
local cjson = require "cjson.safe"
local core = require "loom.core"
local Places = require "loom.http.places"
local problem = require "loom.http.problem"
local response = require "loom.http.response"
local timer = require "loom.http.timer"

local tasks = {}

local THREADS, THREADS_OF_CLIENT = 3, 2 -- of a worker: more would take the processors from reports and from nginx itself
local WAITING, WAITING_OF_CLIENT = 32, 16 -- for a thread; with a second for each, the last ones wait for a quarter minute
local ANSWERS, ANSWERS_OF_CLIENT = 64, 32 -- of a worker, made or being sent: each may have a file that takes room on the disk
local ANSWER_MAX = 1024 * 1024 * 1024 -- bytes: a report of a million stores as JSON
local PATIENCE = 20 -- seconds until a thread is free
local TIME_MAX = 60 -- seconds that a task may take: ten times what a report of a hundred thousand stores takes as JSON
local FIRST_LOOK, LAST_LOOK = 0.001, 0.02 -- seconds between two looks: small answers take about as long as the first

local folder
local threads = {} -- of `thread`, `taken` and `is_closed`
local places = Places.new { all = THREADS, of_client = THREADS_OF_CLIENT, waiting = WAITING,
  waiting_of_client = WAITING_OF_CLIENT }
local answers = Places.new { all = ANSWERS, of_client = ANSWERS_OF_CLIENT }

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
    entry.is_closed = true
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

-- A thread that has no task, which is taken then. Whoever has a place finds one.
local function take_thread()
  for _, entry in ipairs(threads) do
    if not entry.taken then
      entry.taken = true
      return entry
    end
  end
  if not folder then
    problem.raise_closed()
  end
  local thread, message, code = core.thread { module = "loom.http.background", folder = folder, limit = ANSWER_MAX }
  if not thread then
    problem.raise_failure(message, code)
  end
  local entry = { thread = thread, taken = true }
  threads[#threads + 1] = entry
  return entry
end

local function give_back(entry, name)
  entry.taken = false
  places:leave(name)
end

-- Waits for the end of a task that nobody else waits for any more: until then it has its client's place.
local function see_off(premature, entry, name)
  if premature or entry.is_closed then
    return
  elseif entry.thread:state() ~= "ended" then
    return timer.after(LAST_LOOK, see_off, entry, name)
  end
  local spool = entry.thread:result()
  if spool then
    spool:close()
  end
  give_back(entry, name)
end

-- Tells when the client goes away, where nginx is told to look (lua_check_client_abort).
local function watch_client()
  local client = { gone = false }
  ngx.on_abort(function()
    client.gone = true
    if client.wake then
      client.wake()
    end
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

-- Waits for a thread.
local function await_thread(client, name)
  local entered, are_too_many = places:enter(name, PATIENCE, client)
  if are_too_many then
    problem.raise(503, "too many requests of this kind are waiting already", retry)
  elseif not entered then
    give_up(client)
  end
  local called, entry = pcall(take_thread)
  if not called then
    places:leave(name)
    error(entry, 0)
  end
  return entry
end

--- Has a task done.
-- @tparam string name of a function of `loom.http.background`
-- @tparam table arguments that JSON can tell
-- @treturn loom.spool|nil what it has written, for `tasks.send`
-- @treturn ?string the failure
-- @treturn ?string its code
function tasks.run(name, arguments)
  local client, of = watch_client(), access.client()
  local entry = await_thread(client, of)
  entry.thread:start(name, cjson.encode(arguments))
  local ended = await(client, TIME_MAX, function()
    return entry.thread:state() == "ended"
  end)
  if not ended then
    entry.thread:cancel()
    timer.after(LAST_LOOK, see_off, entry, of)
    give_up(client)
  end
  local spool, message, code = entry.thread:result()
  give_back(entry, of)
  if not spool and not code then -- an error that should not be
    error(message, 0)
  end
  return spool, message, code
end

-- ---- answers ----

--- Takes one of the client's places for answers, which `tasks.release` gives back.
function tasks.enter()
  local client = access.client()
  if not answers:try(client) then
    problem.raise(503, "too many answers of this kind are being sent already", retry)
  end
  ngx.ctx.loom_answer = { client = client }
end

--- Gives a request's place back, and what its answer took. It is called when the request has ended, however that came.
function tasks.release()
  local answer = ngx.ctx.loom_answer
  if answer then
    ngx.ctx.loom_answer = nil
    answers:leave(answer.client)
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
  response.set_headers(headers)
  response.send_pieces(spool:size(), function(first, last)
    return assert(spool:read(first - 1, last - first + 1))
  end)
  tasks.release()
end

return tasks
