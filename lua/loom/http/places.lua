--- Places that clients share: threads, uploads, turns of nginx's loop. No client has all of them, and where some wait, clients
-- take turns, however many requests each of them has.
--
-- A client is what `loom.http.access` tells. What is kept of one goes when it has no place and waits for none.
-- @module loom.http.places

local Places = {}
Places.__index = Places

--- Makes some.
-- @tparam table limits `all` and `of_client`: how many there are, and how many of them one client may have; `waiting` and
--   `waiting_of_client`: how many requests may wait for one (default: none)
-- @treturn loom.http.places
function Places.new(limits)
  return setmetatable({
    all = limits.all, of_client = limits.of_client,
    waiting = limits.waiting or 0, waiting_of_client = limits.waiting_of_client or 0,
    taken = 0,
    queue = {}, -- tickets of those who wait, in order
    clients = {}, -- by name: how many places are `taken`, how many requests are `waiting`, and the `round` of the last place
    round = 0, -- how many places were given
  }, Places)
end

local function client_of(self, name)
  local client = self.clients[name]
  if not client then
    client = { taken = 0, waiting = 0, round = self.round } -- comes after those who wait already
    self.clients[name] = client
  end
  return client
end

local function forget_if_idle(self, name)
  local client = self.clients[name]
  if client.taken == 0 and client.waiting == 0 then
    self.clients[name] = nil
  end
end

local function is_free(self, client)
  return self.taken < self.all and client.taken < self.of_client
end

local function give(self, client)
  self.taken, client.taken, self.round = self.taken + 1, client.taken + 1, self.round + 1
  client.round = self.round
end

-- The place in the queue of whom a place is for: the client that was given none for the longest time.
local function next_in_queue(self)
  local best
  for i, ticket in ipairs(self.queue) do
    local client = self.clients[ticket.name]
    if is_free(self, client) and (not best or client.round < self.clients[self.queue[best].name].round) then
      best = i
    end
  end
  return best
end

local function unqueue(self, i)
  local ticket = table.remove(self.queue, i)
  local client = self.clients[ticket.name]
  client.waiting = client.waiting - 1
  return ticket, client
end

local function pass_on(self)
  local at = next_in_queue(self)
  while at do
    local ticket, client = unqueue(self, at)
    give(self, client)
    ticket.has_place = true
    ticket.semaphore:post(1)
    at = next_in_queue(self)
  end
end

--- Takes a place if there is one for a client, which `leave` gives back.
-- @tparam string name of the client
-- @treturn bool
function Places:try(name)
  local client = client_of(self, name)
  if is_free(self, client) then
    give(self, client)
    return true
  end
  forget_if_idle(self, name)
  return false
end

--- Waits for a place, where there is none.
-- @tparam string name of the client
-- @tparam number seconds for which it waits at most
-- @tparam[opt] table watch whose `wake` is set to a function that ends the waiting
-- @treturn bool whether there was one in time
-- @treturn bool whether too many wait already
function Places:enter(name, seconds, watch)
  if self:try(name) then
    return true
  end
  local client = client_of(self, name)
  if #self.queue >= self.waiting or client.waiting >= self.waiting_of_client then
    forget_if_idle(self, name)
    return false, true
  end
  -- Of lua-resty-core, without which nginx's module does not start. There is none where the routes are only described.
  local ticket = { name = name, semaphore = require("ngx.semaphore").new() }
  self.queue[#self.queue + 1], client.waiting = ticket, client.waiting + 1
  if watch then
    watch.wake = function()
      ticket.semaphore:post(1)
    end
  end
  ticket.semaphore:wait(seconds)
  for i, other in ipairs(self.queue) do
    if other == ticket then
      unqueue(self, i)
      forget_if_idle(self, name)
      break
    end
  end
  return ticket.has_place or false, false
end

--- Gives a place back, to the one who waits for it.
-- @tparam string name of the client
function Places:leave(name)
  local client = self.clients[name]
  self.taken, client.taken = self.taken - 1, client.taken - 1
  pass_on(self)
  forget_if_idle(self, name)
end

--- Whether anybody waits.
-- @treturn bool
function Places:are_wanted()
  return #self.queue > 0
end

return Places
