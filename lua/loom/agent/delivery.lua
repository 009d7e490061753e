--- Delivery: takes what is due from the outbox and brings it to its channels, many at a time, in one loop.
-- @classmod loom.agent.delivery

local channels = require "loom.agent.channels"
local formats = require "loom.formats.text"
local incidents = require "loom.agent.incidents"
local message = require "loom.agent.message"
local outbox = require "loom.agent.outbox"
local redaction = require "loom.agent.redaction"
local small_file = require "loom.small_file"

local Delivery = {}
Delivery.__index = Delivery

local STEP = 200 -- milliseconds between two looks at commands, which nobody waits for otherwise
local STEP_OF_COMMANDS = 20
local COMMAND_LIMIT = 15 -- seconds after which a command is asked to end
local KILL_AFTER = 2 -- more seconds after which it is killed
local LEFT_AFTER = 60 -- seconds for which what a command said waits for an agent that is busy
local MEANWHILE = 1000000 -- microseconds between two looks at what else there is to do
local NO_CURL = "EUNAVAILABLE: alerts are sent by libcurl, for which Loom's module is not there (on Debian: the package "
  .. "lua-loom-curl; elsewhere: install libcurl's headers, then build and install Loom again)"
local AT_ONCE = 100 -- messages under way: with one more request to each channel, fewer than loom.curl takes
local RENEW_AFTER = 10000000 -- microseconds after which what stands is sent again to a channel that has not taken it
local ANSWER_MAX = 1024
local KEEP_EVERY = 10000000 -- microseconds: a request begins so long after its message was kept, and ends before that is over

--- Makes one.
-- @tparam loom.monitor monitor
-- @tparam table options `allow`: addresses and ranges that may be spoken to although they are not public; `now`: function, the
--   instant in microseconds; `random`: function () from 0 to 1; `tell`: function (line), of the log; `link`: where the dashboard
--   is; `time_limit`: milliseconds that a request may take; `command_limit`:
--   seconds that a command may; `is_ending`: function, true: nothing more is begun
-- @treturn loom.agent.delivery|nil or nil, the failure and its code; EUNAVAILABLE: there is no libcurl
function Delivery.new(monitor, options)
  local found, curl = pcall(require, "loom.curl")
  if not found then
    return nil, NO_CURL, "EUNAVAILABLE"
  end
  local transfers, why, code = curl.transfers(options.allow or {})
  if not transfers then
    return nil, why, code
  end
  return setmetatable({ monitor = monitor, transfers = transfers, now = options.now, random = options.random or math.random,
    tell = options.tell or function() end, link = options.link, time_limit = options.time_limit,
    is_ending = options.is_ending or function() return false end, by_number = {}, commands = {}, under_way = 0, running = {},
    asides = {}, overdue = {}, refused = {}, counts = {}, outcomes = {}, command_limit = options.command_limit or COMMAND_LIMIT,
    calls = options.config and options.config.channels or {} }, Delivery)
end

-- ---- requests ----

-- What runs a command beside the agent. Its input has no name once it runs, and its folder goes when the agent has, whether that
-- was killed or not.
local function shell_line(folder, words, limit)
  local quoted = {}
  for i, word in ipairs(words) do
    quoted[i] = formats.shell_quoted(word)
  end
  return ([[(cd / && folder=%s && exec <"$folder/in" && rm "$folder/in" && {
timeout -k %d %d %s >"$folder/out" 2>&1; echo $? >"$folder/status"
left=%d; while [ $left -gt 0 ] && [ -e "$folder" ] && kill -0 $PPID; do sleep 1; left=$((left - 1)); done
rm -rf "$folder"; }) >/dev/null 2>&1 &]]):format(formats.shell_quoted(folder), KILL_AFTER, limit,
    table.concat(quoted, " "), LEFT_AFTER)
end

-- A folder that only this user sees.
local function make_folder()
  local pipe = io.popen "mktemp -d"
  local path = pipe and pipe:read "*l"
  if pipe then
    pipe:close()
  end
  return path
end

local function start_command(self, work, request)
  local folder = make_folder()
  local file = folder and io.open(folder .. "/in", "wb")
  if not file then
    return nil, "a command cannot be given its input"
  end
  file:write(request.body)
  file:close()
  os.execute(shell_line(folder, request.command, self.command_limit))
  self.commands[#self.commands + 1] = { work = work, folder = folder,
    ends = self.now() + (self.command_limit + KILL_AFTER + 5) * 1000000 }
  return true
end

local function start_transfer(self, work, request)
  request.time_limit = self.time_limit
  local number, why = self.transfers:start(request)
  if number then
    self.by_number[number] = work
  end
  return number, why
end

local settle

-- What was raised, for a dead letter, which clients of the service read: without the place in this machine's files.
local function told_of(raised)
  return formats.shown("it cannot be sent: " .. tostring(raised):gsub("^[^:]*:%d+: ", ""))
end

-- Starts the next request of a message. One that cannot be sent at all is dead.
local function start_next(self, work)
  local request = work.requests[work.at]
  if request.call then
    local verdict, after, why = request.call()
    return settle(self, work, verdict, why, after)
  end
  local called, started, why = pcall(request.command and start_command or start_transfer, self, work, request)
  if not called then -- what is raised of it would be raised again, and again
    started, why = nil, told_of(started)
  end
  if not started then
    settle(self, work, "dead", why)
  end
end

local function let_go(self, work)
  self.under_way, self.running[work.row.number] = self.under_way - 1, nil
end

-- Goes on with the next request of a message, as long as it is this agent's, and that is not asked to end.
local function go_on(self, work)
  local now = self.now()
  if self.is_ending() then
    outbox.release(self.monitor, work.row, now)
    return let_go(self, work)
  elseif math.abs(now - work.kept) >= KEEP_EVERY then
    if outbox.keep(self.monitor, work.row, now) == false then
      return let_go(self, work)
    end
    work.kept = now
  end
  work.at = work.at + 1
  return start_next(self, work)
end

-- Writes what became of tries. What cannot be written now, such as while somebody else writes for long, is written later: a
-- message whose outcome nobody knew would be sent again.
local function write_outcomes(self)
  while self.outcomes[1] and not self.failure do
    local outcome = table.remove(self.outcomes, 1)
    local row = outcome.row
    local good, why = outbox.settle(self.monitor, row, outcome.verdict, outcome.answer, outcome.at, outcome.after, self.random)
    if good then
      self.running[row.number] = nil
    else
      table.insert(self.outcomes, 1, outcome)
      self.failure = why
    end
  end
end

function settle(self, work, verdict, answer, after)
  if verdict == "delivered" and work.requests[work.at + 1] then
    return go_on(self, work)
  end
  self.under_way = self.under_way - 1 -- it is running still, for those who look for what is due, until that is written
  self.counts[verdict] = (self.counts[verdict] or 0) + 1
  self.outcomes[#self.outcomes + 1] = { row = work.row, verdict = verdict, answer = answer, after = after, at = self.now() }
  write_outcomes(self)
end

-- ---- messages ----

local function make_message(self, row, kind, now)
  local fields, database = { id = row.id, group = row.thread, at = now, link = self.link }, self.monitor.database
  local tallies, why = outbox.tallies(self.monitor, row.number)
  if not tallies then
    return nil, why
  end
  local is_storm, all = message.is_storm(tallies), nil
  if not is_storm or kind.kind == "lua" then
    all, why = outbox.events(self.monitor, row.number)
  elseif kind.tells_all then
    all, why = outbox.event_texts(self.monitor, row.number)
  end
  if why then
    return nil, why
  elseif not is_storm then
    return message.new(fields, all, database)
  end
  local summary
  summary, why = outbox.summary(self.monitor, row.number, message.WORST)
  return summary and message.of_many(fields, summary, all, database), why
end

-- What a message does to incidents, where its channel's kind has these.
local function add_incidents(self, made, row)
  local found, why = incidents.of(self.monitor, row.number, row.channel)
  for _, incident in ipairs(found or {}) do
    if incident.event then
      message.add_local_time(incident.event, self.monitor.database)
    end
  end
  made.incidents = found
  return found and made, why
end

-- What is sent of a message; nil and why it cannot be.
local function make_work(self, row, now)
  local channel, why = outbox.open_channel(self.monitor, row)
  if not channel then
    return nil, why
  end
  if row.kind == "lua" then
    channel.call = self.calls[row.name]
    if not channel.call then
      return nil, "this agent was given no function of that name (--config)"
    end
  end
  local kind = channels.of(row.kind)
  local made, what = make_message(self, row, kind, now)
  if made and kind.has_incidents then
    made, what = add_incidents(self, made, row)
  end
  if not made then
    return nil, what
  end
  local requests = kind.requests(made, channel, now, self.tell)
  return { row = row, kind = kind, requests = requests, at = 1, kept = now, redact = redaction.new(kind, channel) }
end

local function try(self, row, now)
  local begun, why = outbox.begin(self.monitor, row, now)
  if not begun then
    self.failure = self.failure or begun == nil and why or nil
    return false
  end
  self.under_way, self.running[row.number] = self.under_way + 1, row.channel
  local called, work
  called, work, why = pcall(make_work, self, row, now)
  if not called then -- no message of that can be made, now or later
    settle(self, { row = row, requests = {}, at = 1 }, "dead", told_of(work))
  elseif not work then -- a secret's file, say, which somebody can mend
    settle(self, { row = row, requests = {}, at = 1 }, "again", why)
  elseif #work.requests == 0 then
    settle(self, work, "delivered")
  else
    start_next(self, work)
  end
  return true
end

local function start_due(self)
  if self.is_ending() then
    return false
  end
  local now, started = self.now(), false
  local rows, why = outbox.due(self.monitor, now, self.running)
  self.failure = self.failure or not rows and why or nil
  for _, row in ipairs(rows or {}) do
    if self.under_way < AT_ONCE and not self.asides[row.channel] and not self.overdue[row.channel] then
      started = try(self, row, now) or started
    end
  end
  return started
end

-- ---- answers ----

local function take_answer(self, work, answer)
  if work.answered then
    return work.answered(answer)
  end
  local verdict, after = work.kind.judge(answer)
  local text = answer.message or ("%d %s"):format(answer.status, answer.body)
  settle(self, work, verdict, formats.shown(work.redact(text)), after)
end

local function take_answers(self)
  local answer = self.transfers:next()
  while answer do
    local work = self.by_number[answer.number]
    self.by_number[answer.number] = nil
    take_answer(self, work, answer)
    answer = self.transfers:next()
  end
end

local function take_command(self, command)
  local status = tonumber(small_file.read(command.folder .. "/status", 16) or "")
  if not status and self.now() < command.ends then
    return false
  end
  local output = small_file.read(command.folder .. "/out", ANSWER_MAX) or ""
  for _, name in ipairs { "in", "out", "status", "" } do
    os.remove(command.folder .. "/" .. name)
  end
  settle(self, command.work, command.work.kind.judge { status = status }, formats.shown(output))
  return true
end

local function take_commands(self)
  for i = #self.commands, 1, -1 do
    local command = self.commands[i]
    if take_command(self, command) then
      for k, other in ipairs(self.commands) do
        if other == command then
          table.remove(self.commands, k)
        end
      end
    end
  end
end

--- Waits for some seconds, or less where something is answered.
function Delivery:pause(seconds)
  self.transfers:wait(math.floor(seconds * 1000))
  take_answers(self)
end

-- ---- what is no message ----

-- Starts requests to a channel, one after another, that nobody waits for. `next_one` gives each, nil after the last and false
-- where there is none to be had; `done` is told whether all were taken. No channel has two of these under way.
local function start_aside(self, row, kind, next_one, done)
  local function send_next(is_taken)
    local request = is_taken and next_one()
    local started = request and start_transfer(self, { answered = function(answer)
      send_next(kind.judge(answer) == "delivered")
    end }, request)
    self.asides[row.channel] = started and true or nil
    if not started then
      done(request == nil)
    end
  end
  send_next(true)
end

--- Begins to ask the addresses of all heartbeats.
function Delivery:beat()
  local kind = channels.of "heartbeat"
  for _, row in ipairs(not self.is_ending() and outbox.heartbeats(self.monitor) or {}) do
    local channel = outbox.open_channel(self.monitor, row)
    if not channel then
      outbox.told_aside(self.monitor, row, false, self.now())
    elseif not self.asides[row.channel] then
      local list = kind.requests(nil, channel)
      start_aside(self, row, kind, function() return table.remove(list) end, function(is_taken)
        outbox.told_aside(self.monitor, row, is_taken, self.now())
      end)
    end
  end
end

-- Begins to send what stands to one channel, page by page.
local function renew(self, row, now)
  local kind, channel, after = channels.of(row.kind), outbox.open_channel(self.monitor, row), 0
  local is_asked = false
  local function next_page()
    local events
    while channel and after do
      events, after = outbox.standing(self.monitor, row, now, after)
      if not events then
        return false
      elseif events[1] then
        is_asked = true
        local made = message.new({ id = "renewal", at = now, link = self.link }, events, self.monitor.database)
        return kind.requests(made, channel, now, self.tell)[1]
      end
    end
    if not channel then
      return false
    end
  end
  start_aside(self, row, kind, next_page, function(is_taken)
    self.refused[row.channel] = not is_taken and self.now() or nil
    if is_asked or not is_taken then
      outbox.told_aside(self.monitor, row, is_taken, self.now())
    end
    if is_taken then
      outbox.renewed(self.monitor, row, now)
    end
  end)
end

local function is_running_to(self, channel)
  for _, of in pairs(self.running) do
    if of == channel then
      return true
    end
  end
  return false
end

--- Begins to send what stands again where that is needed for it to stand: to Alertmanager, each minute. Nothing else is under way
-- to the channel meanwhile, or what stood could overtake its end.
function Delivery:renew()
  local now = self.now()
  for _, row in ipairs(not self.is_ending() and outbox.renewing(self.monitor, "alertmanager", now) or {}) do
    local refused, is_running = self.refused[row.channel], is_running_to(self, row.channel)
    if not self.asides[row.channel] and not (refused and math.abs(now - refused) < RENEW_AFTER) then
      self.overdue[row.channel] = is_running or nil
      if not is_running then
        renew(self, row, now)
      end
    end
  end
end

--- Waits for the answers to what `beat` and `renew` have begun.
function Delivery:finish()
  while next(self.asides) and not self.is_ending() do
    self.transfers:wait(STEP)
    take_answers(self)
  end
end

--- Delivers what is due, until nothing is due or under way any more.
-- @tparam[opt] function meanwhile called about once a second while something is under way
-- @treturn table|nil how many tries ended as `delivered`, `again`, `dead` and `disabled`; or nil and the failure, after which the
--   next round goes on with what is under way
function Delivery:round(meanwhile)
  self.counts, self.failure = {}, nil
  local looked = self.now()
  write_outcomes(self)
  local started = not self.failure and start_due(self)
  while (self.under_way > 0 or started) and not self.failure do
    if self.under_way > 0 and not started or self.transfers:count() > 0 then
      self.transfers:wait(#self.commands > 0 and STEP_OF_COMMANDS or STEP)
    end
    take_answers(self)
    take_commands(self)
    started = start_due(self)
    if meanwhile and math.abs(self.now() - looked) >= MEANWHILE then
      looked = self.now()
      meanwhile()
    end
  end
  if self.failure then
    return nil, self.failure
  end
  return self.counts
end

--- Ends what is under way; what has ended is written, if it can be.
function Delivery:close()
  self.failure = nil
  write_outcomes(self)
  self.transfers:close()
end

return Delivery
