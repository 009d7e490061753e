--- The agent: what `loom agent` does, round by round. Several may run on a database, and one of them at a time holds the lease.
-- @classmod loom.agent

local config = require "loom.agent.config"
local Delivery = require "loom.agent.delivery"
local Judge = require "loom.agent.judge"
local later = require "loom.later"
local outbox = require "loom.agent.outbox"
local owner = require "loom.owner"
local transaction = require "loom.transaction"

later.load_all()

local Agent = {}
Agent.__index = Agent

local LEASE = 60 * 1000000 -- microseconds; a round may take as long as a few time-outs
local TIDY_EVERY = 3600 * 1000000
local BEAT_EVERY = 60 * 1000000

--- Makes one.
-- @tparam loom.monitor monitor
-- @tparam table options those of `loom.agent.delivery`; `now` is also what leases are of; `config`: see `loom.agent.config`;
--   `tell_failure` is told why rules are not evaluated, in the place of `tell`
-- @treturn loom.agent|nil or nil, the failure and its code
function Agent.new(monitor, options)
  if options.config then
    local known, message, code = config.check_names(monitor, options.config.rules)
    if known then
      known, message, code = config.announce(monitor, options.config.channels)
    end
    if not known then
      return nil, message, code
    end
  end
  local delivery, message, code = Delivery.new(monitor, options)
  if not delivery then
    return nil, message, code
  end
  local self = setmetatable({ monitor = monitor, now = options.now, delivery = delivery,
    tell_failure = options.tell_failure or options.tell or function() end }, Agent)
  self.owner = owner.make(self)
  self.judge = Judge.new(monitor, { now = options.now, rules = options.config and options.config.rules, fence = function(execute)
    local _, _, value = execute "SELECT value FROM service WHERE name = 'agent'"
    return value ~= nil and value:match "^(.*)|" == self.owner
  end })
  return self
end

--- Gives the lease back, so that another need not wait for its end.
function Agent:close()
  transaction.run(self.monitor.database, function(execute)
    return execute("DELETE FROM service WHERE name = 'agent' AND value LIKE ? || '|%'", self.owner)
  end, true)
  owner.leave(self.owner)
  self.judge:forget()
  self.delivery:close()
end

--- Waits for the answers to what is no message: heartbeats, and what stands.
function Agent:finish()
  self.delivery:finish()
end

--- Which rules the last round has not evaluated.
-- @treturn ?string why; nil where it has evaluated all
function Agent:unevaluated()
  if self.told_failure then
    return "alerts are not evaluated: " .. self.told_failure
  end
  local names = {}
  for _, item in ipairs(self.judge:not_evaluated()) do
    names[#names + 1] = (item.kind == "rule" or item.kind == "function") and item.why:gsub("^%u+: ", "", 1) or nil
  end
  return names[1] and ("%s evaluated: %s"):format(#names == 1 and "a rule is not" or #names .. " rules are not",
    table.concat(names, "; "))
end

--- Waits for some seconds, or less where something is answered.
function Agent:pause(seconds)
  self.delivery:pause(seconds)
end

-- Whether a lease is over: its time is, or whoever holds it is seen to be gone. One from a clock that was far ahead is, too.
local function is_over(value, now)
  local name, until_when = value:match "^(.*)|(%d+)$"
  until_when = tonumber(until_when) or 0
  return until_when <= now or until_when > now + 2 * LEASE or not name or owner.lives(name) == false
end

--- Takes the lease, or renews it.
-- @treturn bool|nil whether it is this agent's; or nil and the failure
function Agent:lead()
  return transaction.run(self.monitor.database, function(execute)
    local now = self.now()
    local _, _, value = execute "SELECT value FROM service WHERE name = 'agent'"
    if value and value:match "^(.*)|" ~= self.owner and not is_over(value, now) then
      return false
    end
    execute("INSERT OR REPLACE INTO service(name, value) VALUES('agent', ?)", ("%s|%d"):format(self.owner, now + LEASE))
    return true
  end, true)
end

-- Evaluates what is due. What fails is told once, and keeps nobody from hearing of what is known.
local function judge(self, is_all)
  local called, found, message = pcall(self.judge.round, self.judge, is_all)
  if not called then
    self.judge:forget()
    found, message = nil, tostring(found)
  end
  local failure = found == nil and message or found and found.failure
  if failure and failure ~= self.told_failure then
    self.tell_failure("alerts are not evaluated: " .. failure)
  end
  if failure or found and found.is_all then
    self.told_failure = failure
  end
  return found
end

-- Begins to send what is no message, which keeps nobody waiting: what stands, and beats where all is evaluated.
local function send_aside(self)
  self.delivery:renew()
  local now = self.now()
  if self.judged and math.abs(now - (self.beaten or 0)) >= BEAT_EVERY then
    self.beaten = now
    self.delivery:beat()
  end
end

local function round(self, is_all)
  local leads, message = self:lead()
  if not leads then
    self.judge:forget()
    return leads, message
  end
  self.judged = judge(self, is_all)
  local counts
  counts, message = self.delivery:round(function()
    self.judged = self:lead() and judge(self)
    send_aside(self)
  end)
  if not counts then
    return nil, message
  end
  send_aside(self)
  local now = self.now()
  if math.abs(now - (self.tidied or 0)) >= TIDY_EVERY then
    self.tidied = now
    outbox.tidy(self.monitor, now)
  end
  return counts
end

--- Does one round: evaluates what is due, delivers, begins to send again what has to be and to beat, and removes what is too old.
-- While deliveries take their time, all of that goes on.
-- @tparam[opt] bool is_all evaluate all, whatever the clock says
-- @treturn table|bool|nil how many tries ended as what; false where another agent holds the lease; or nil and the failure, after
--   which the next round goes on with what was under way
function Agent:round(is_all)
  local called, counts, message = pcall(round, self, is_all)
  if not called then
    counts, message = nil, tostring(counts)
  end
  if counts == nil then
    self.judge:forget() -- it may know what is not so
  end
  return counts, message
end

return Agent
