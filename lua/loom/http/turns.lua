--- Turns of nginx's loop: what a request does itself that may take longer than others should wait, such as looks at all stores.
--
-- It is done in pieces. One request of a worker is at it at a time, so that the loop is held for one piece, however many ask;
-- after each piece the loop does what else there is, and then another one has its turn, each client once.
-- @module loom.http.turns

local access = require "loom.http.access"
local core = require "loom.core"
local Places = require "loom.http.places"
local problem = require "loom.http.problem"

local turns = {}

local BUDGET = 0.002 -- seconds of a turn: a look at all of 100,000 stores takes so long
local PAUSE = 0.001 -- seconds that everything else gets: nginx's clock counts milliseconds
local PATIENCE = 20 -- seconds until a turn comes
local WAITING, WAITING_OF_CLIENT = 1024, 256 -- requests, of a kilobyte each

local places = Places.new { all = 1, of_client = 1, waiting = WAITING, waiting_of_client = WAITING_OF_CLIENT }

local function enter(client)
  local entered, are_too_many = places:enter(client, PATIENCE)
  if not entered then
    problem.raise(503, are_too_many and "too many requests of this kind are waiting already" or "others take too long",
      { headers = { ["Retry-After"] = "1" } })
  end
end

--- Gives a request's turn back, if it has one. It is called when the request has ended, however that came.
function turns.release()
  local client = ngx.ctx.loom_turn
  if client then
    ngx.ctx.loom_turn = nil
    places:leave(client)
  end
end

local function leave(_, client)
  places:leave(client)
end

-- Others have to wait for a pause even where the request has ended, or they would all have their turns at once.
local function finish()
  local client = ngx.ctx.loom_turn
  if client and places:are_wanted() and ngx.timer.at(PAUSE, leave, client) then
    ngx.ctx.loom_turn = nil
  end
  turns.release()
end

--- Does work in turns.
-- @tparam function work called with a function that it calls after each piece: others have their turn where this one has had its
--   budget. It returns how many seconds are left of that
-- @return what work returns, up to three values
function turns.run(work)
  local client = access.client()
  local ends
  local function begin()
    enter(client)
    ngx.ctx.loom_turn, ends = client, core.clock() + BUDGET
  end
  begin()
  local called, result, message, code = pcall(work, function()
    if core.clock() >= ends then
      ngx.sleep(PAUSE)
      turns.release()
      begin()
    end
    return ends - core.clock()
  end)
  finish()
  if not called then
    error(result, 0)
  end
  return result, message, code
end

return turns
