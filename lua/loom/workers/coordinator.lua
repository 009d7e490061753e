--- Who has workers make a report: it asks one beside each shard for the rows of its stores, all at one snapshot, and merges what
-- they send straight to where it goes.
-- @module loom.workers.coordinator

local canonical = require "loom.canonical"
local check = require "loom.check"
local cjson = require "cjson.safe"
local core = require "loom.core"
local handshake = require "loom.workers.handshake"
local opening = require "loom.opening"
local output = require "loom.output"
local stores = require "loom.stores"
local time = require "loom.time"

local coordinator = {}

local WAIT = 200 -- milliseconds between two looks at how far all are
local HELLO_TIME = 5 -- seconds that a worker may take to say what it is
local LEFT_OUT_MAX = 100 -- as a report keeps (LOOM_LEFT_OUT_MAX)

-- Raised within what writes, and caught around it.
local failure = {}

local function fail(message, code)
  error(setmetatable({ message = message, code = code }, failure), 0)
end

local function path_of(url)
  return url .. "/v1/shard-report"
end

-- What a text of JSON says where it is an object; nil where it is none.
local function object_of(text)
  local value = cjson.decode(text or "")
  return type(value) == "table" and value or nil
end

-- What has said this is the worker of which shard; nil and why it is none.
local function shard_of(self, text)
  local head = object_of(text)
  local difference = not head and "it is no worker" or handshake.difference(self.own, head)
  if difference then
    return nil, difference
  elseif head.database ~= self.database or head.shards ~= self.shards or not tonumber(head.shard) or head.shard < 1
    or head.shard > self.shards then
    return nil, "it is the worker of another cluster"
  end
  return head.shard
end

-- Asks a worker what it is.
local function start_greeting(self, url, body)
  local streams = self.cluster.streams(1)
  local opened, message = streams:open(1, { url = path_of(url), token = self.token, ca_file = self.ca_file, body = body,
    stall = HELLO_TIME })
  return { url = url, streams = streams, problem = not opened and message or nil }
end

-- Goes on with one for some milliseconds, and returns whether it has ended.
local function go_on(self, greeting, wait)
  if greeting.shard or greeting.problem then
    return true
  end
  local said, message = greeting.streams:take(wait)
  if said then
    greeting.shard, greeting.problem = shard_of(self, greeting.streams:head(1))
  elseif said == nil then
    greeting.problem = message
  end
  return said ~= false
end

-- What workers are, all of which are asked at once: those that are silent have each other's time.
local function greet(self, urls)
  local body = canonical { hello = true, loom = self.own.loom, tz = self.own.tz }
  local greetings, wait = {}, math.floor(WAIT / #urls)
  for i, url in ipairs(urls) do
    greetings[i] = start_greeting(self, url, body)
  end
  local deadline, all_ended = core.clock() + HELLO_TIME, false
  while not all_ended and core.clock() < deadline do
    all_ended = true
    for _, greeting in ipairs(greetings) do
      all_ended = go_on(self, greeting, wait) and all_ended
    end
  end
  for _, greeting in ipairs(greetings) do
    greeting.streams:close()
  end
  return greetings
end

-- What keeps addresses from being asked; nil: nothing.
local function find_bad_address(self, urls)
  for _, url in ipairs(urls) do
    local is_url, is_safe = self.cluster.is_address(url)
    if not is_url then
      return ("EINVAL: --workers: '%s' is no address: http://host:8444 or https://host:8444 is expected"):format(url)
    elseif not is_safe then
      return ("EINVAL: the token would go to %s as it is: https:// is expected"):format(url)
    end
  end
end

-- Which workers are there, by shard; nil and what is missing.
local function find_workers(self, urls)
  local by_shard, problems = {}, {}
  local bad = find_bad_address(self, urls)
  if bad then
    return nil, bad
  end
  for shard = 1, self.shards do
    by_shard[shard] = {}
  end
  for _, greeting in ipairs(greet(self, urls)) do
    if greeting.shard then
      table.insert(by_shard[greeting.shard], greeting.url)
    else
      problems[#problems + 1] = greeting.url .. ": " .. (greeting.problem or "it does not answer"):gsub("^E%u+: ", "")
    end
  end
  for shard, list in ipairs(by_shard) do
    if not list[1] then
      return nil, ("EIO: shard %d has no worker%s"):format(shard, problems[1] and "; " .. table.concat(problems, "; ") or "")
    end
  end
  return by_shard
end

-- Asks the next worker of a shard; false where there is no other one.
local function ask(self, shard)
  local url = self.by_shard[shard][self.asked[shard] + 1]
  if not url then
    return false
  end
  self.asked[shard] = self.asked[shard] + 1
  self.greeted[shard] = false
  local body = canonical { loom = self.own.loom, tz = self.own.tz, database = self.database, shard = shard, shards = self.shards,
    commit = self.plan.number, ingest = self.plan.ingest, options = self.options, format = self.wanted.format,
    flat = self.wanted.flat, columns = self.wanted.columns, neutralise_formulas = self.wanted.neutralise_formulas }
  local opened, message, code = self.streams:open(shard, { url = path_of(url), token = self.token, ca_file = self.ca_file,
    body = body, stall = self.patience })
  if not opened then
    fail(message, code)
  end
  return true
end

-- A worker has failed: another one goes on.
local function replace(self, shard, message)
  local url = self.by_shard[shard][self.asked[shard]]
  local problem = ("%s: %s"):format(url, (message:gsub("^E%u+: ", "")))
  self.problems[shard] = self.problems[shard] and self.problems[shard] .. "; " .. problem or problem
  self.is_stale = self.is_stale or message:find("EBUSY: ", 1, true) ~= nil
  if not ask(self, shard) then
    local is_again = self.is_stale and not self.has_written
    fail(("%s: shard %d: %s"):format(is_again and "EBUSY" or "EIO", shard, self.problems[shard]), is_again and "EBUSY" or "EIO")
  end
end

-- Looks at what workers have said of themselves, before anything that they sent is taken for rows.
local function check_heads(self)
  for shard = 1, self.shards do
    local text = not self.greeted[shard] and self.streams:head(shard)
    if text then
      local head = object_of(text)
      if not head or handshake.difference(self.own, head) or head.shard ~= shard or head.commit ~= self.plan.number
        or head.ingest ~= self.plan.ingest then
        fail(("EIO: %s: it has become another one"):format(self.by_shard[shard][self.asked[shard]]), "EIO")
      end
      self.greeted[shard] = true
    end
  end
end

local function tell_progress(self)
  local sum = 0
  for shard = 1, self.shards do
    sum = sum + self.streams:progress(shard)
  end
  self.progress(sum / self.shards)
end

local function merge(self, write)
  for shard = 1, self.shards do
    ask(self, shard)
  end
  while true do
    local text, message, code, shard = self.streams:take(WAIT)
    if text == nil then
      if not shard then
        fail(message, code)
      end
      replace(self, shard, message)
    elseif text == true then
      check_heads(self)
      return
    elseif text then
      check_heads(self)
      self.has_written = true
      write(text)
    elseif self.progress then
      tell_progress(self)
    end
  end
end

-- Puts what a worker has said at its end beside what the others have.
local function add_tail(all, tail, rows)
  local has_rows = rows > 0
  all.rows = all.rows + rows
  all.left_out_count = all.left_out_count + tail.left_out.count
  for _, store in ipairs(tail.left_out.stores) do
    all.left_out[#all.left_out + 1] = store
  end
  all.rules = all.rules or tail.rules
  for i, window in ipairs(tail.windows) do
    local known = all.windows[i]
    if not known or (has_rows and not known.has_rows) then
      window.has_rows = has_rows
      all.windows[i] = window
    elseif has_rows then
      known.from_utc = window.from_utc < known.from_utc and window.from_utc or known.from_utc
      known.to_utc = window.to_utc > known.to_utc and window.to_utc or known.to_utc
    end
    local sums = all.silence[i] or { 0, 0 }
    all.silence[i] = { sums[1] + tail.silence[i][1], sums[2] + tail.silence[i][2] }
  end
end

-- What all have said at their ends, once each has told of as many stores as it has.
local function add_up(self)
  local all = { rows = 0, left_out_count = 0, left_out = {}, windows = {}, silence = {} }
  for shard = 1, self.shards do
    local rows, text = self.streams:tail(shard)
    local tail = object_of(text)
    local told = tail and tail.left_out and rows + tail.left_out.count
    if told ~= self.plan.counts[shard] then
      fail(("EIO: %s: it has told of %d stores, and shard %d has %d"):format(self.by_shard[shard][self.asked[shard]], told or 0,
        shard, self.plan.counts[shard]), "EIO")
    end
    add_tail(all, tail, rows)
  end
  table.sort(all.left_out, function(a, b)
    return a.store_id < b.store_id
  end)
  for i = #all.left_out, LEFT_OUT_MAX + 1, -1 do
    all.left_out[i] = nil
  end
  if all.rows == 0 and all.left_out[1] then
    fail("EINPUT: " .. all.left_out[1].reason, "EINPUT")
  end
  return all
end

-- What `loom report` tells of beside the rows, as a report has it.
local function summary_of(self, all)
  return {
    windows = all.windows,
    as_of_utc = time.text(self.plan.as_of),
    rules = all.rules,
    count = function()
      return all.rows
    end,
    left_out = function()
      return all.left_out, all.left_out_count
    end,
    silence = function(_, place)
      return all.silence[place][1], all.silence[place][2]
    end,
  }
end

-- The snapshot of all, and how many stores each shard has to tell of. What only this head has yet goes to the cluster first.
local function make_plan(self, monitor)
  local options = self.options
  local choice = {}
  for name in pairs(stores.checkers) do
    choice[name] = options[name]
  end
  choice = check.options("report", choice, stores.checkers)
  local chosen, message, code = stores.choose(monitor.database, choice, options.default_zone)
  if not chosen then
    return nil, message, code
  end
  local wanted = { shards = self.shards, ids = chosen.ids, globs = chosen.globs, all_stores = options.all_stores,
    as_of = time.as_of(monitor, self.as_of) }
  local plan
  plan, message, code = core.shard_plan(monitor.database, wanted)
  if code == "EBUSY" then
    local flushed
    flushed, message, code = self.cluster.flush(monitor.database, self.conf)
    if flushed then
      plan, message, code = core.shard_plan(monitor.database, wanted)
    end
  end
  return plan, message, code
end

local function write_all(self, target)
  local called, good, message, code = pcall(output.write, target, function(write)
    merge(self, write)
    self.all = add_up(self)
  end)
  self.streams:close()
  if called then
    return good, message, code
  elseif getmetatable(good) == failure then
    return nil, good.message, good.code
  end
  error(good, 0)
end

local function new(cluster, conf, asked, options, wanted)
  local self = { cluster = cluster, own = handshake.own(), database = conf.database, shards = #conf.shards,
    ca_file = conf.ca_file, patience = conf.patience, token = asked.token, progress = asked.progress, wanted = wanted,
    conf = asked.conf,
    asked = {}, -- of each shard how many of its workers have been
    greeted = {}, -- and whether what the last one said of itself has been looked at
    problems = {}, options = {}, as_of = options.as_of and time.seen_from(options.as_of) }
  for name, value in pairs(options) do
    self.options[name] = value
  end
  for shard = 1, self.shards do
    self.asked[shard] = 0
  end
  return self
end

--- Has workers write a report, byte for byte what `loom.report:write` writes of it.
-- @tparam loom.monitor monitor of the cluster
-- @tparam table asked `conf`, its path; `workers`, addresses; `token`; and `progress`, a function (share), or nil
-- @tparam table options of the report, as `loom.monitor:report` takes them, of what JSON can say: no functions
-- @tparam table wanted `format`, csv or ndjson, and `columns`, names, `flat` and `neutralise_formulas`
-- @param target as of `loom.output.write`
-- @treturn table|nil what is to be told of it: `windows`, `rules`, `as_of_utc`, `count`, `left_out` and `silence`, as of a report
-- @treturn ?string the failure; EBUSY: the cluster has gone on meanwhile, and nothing was written
-- @treturn ?string its code
function coordinator.write(monitor, asked, options, wanted, target)
  local cluster, message, code = opening.cluster()
  local conf
  if cluster then
    conf, message, code = cluster.read(asked.conf)
  end
  if not conf then
    return nil, message, code
  end
  local self = new(cluster, conf, asked, options, wanted)
  self.options.default_zone = options.default_zone or monitor.default_zone
  self.by_shard, message = find_workers(self, asked.workers)
  if not self.by_shard then
    return nil, message, message:match "^E%u+"
  end
  self.plan, message, code = make_plan(self, monitor)
  if not self.plan then
    return nil, message, code
  end
  self.options.as_of = time.text(self.plan.as_of)
  self.streams = cluster.streams(self.shards)
  local good
  good, message, code = write_all(self, target)
  if not good then
    return nil, message, code
  end
  return summary_of(self, self.all)
end

return coordinator
