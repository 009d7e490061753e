--- loom agent
-- @module loom.cli.agent

local common = require "loom.cli.common"
local core = require "loom.core"
local options = require "loom.cli.options"
local text = require "loom.formats.text"
local time = require "loom.time"

local command = { name = "agent" }

local PAUSE = 1 -- seconds between two rounds
local UNAVAILABLE = 69 -- the exit status where there is no libcurl: `loom serve` does not start such an agent again

function command.add_to(parser)
  local agent = parser:command "agent":summary "Evaluate the rules of alerts, and tell what they come to."
    :description("Evaluate the rules of alerts that are stored, and send what is due to their channels, until it is stopped: one "
      .. "agent to a database at a time. loom serve starts one, too. It speaks to public addresses, and to allowed ones. "
      .. "SIGINT and SIGTERM end it once what is under way has been answered.")
  agent:argument "database":description "A database."
  agent:flag "--once":description "Do one round, and end: for cron. It fails where not all rules could be evaluated."
  options.add(agent, "--clock", "TIME", "What the clock shows, for tests; with --once.", options.text(time.instant))
  options.add(agent, "--config", "FILE", "A Lua file that returns rules and channels that are functions: see docs/alerts.md.")
  options.add(agent, "--allow", "RANGE", "Speak also to this address or range, such as 127.0.0.1 or 10.0.0.0/8; may be repeated.")
    :count "*"
  options.add_default_zone(agent)
  options.add(agent, "--url", "URL", "Where people reach the service, such as https://example.org/loom: messages link to its "
    .. "dashboard.", options.url)
end

-- The alerts in the dashboard of a service.
local function link_of(url)
  return url and url:gsub("/+$", "") .. "/ui/alerts"
end

local function tell(line)
  common.note("%s", line)
end

-- Rounds until somebody asks for the end, or the first one only. One that fails, since somebody else writes for long, or the disk
-- is full, is told, and the next one may not: an alert that comes late is better than none.
local function rounds(agent, once)
  local told
  while not core.asked_to_end() do
    local counts, message = agent:round(once)
    if counts == nil and once then
      return nil, message
    elseif counts == false and once then
      common.note("another agent is at work on the database")
    elseif counts == nil and message ~= told then
      common.note("%s; it is tried again", message)
    end
    told = counts == nil and message or nil
    for _, outcome in ipairs { "again", "dead", "disabled" } do
      if counts and counts[outcome] then
        common.note("%s: %s", outcome, text.counted(counts[outcome], "message"))
      end
    end
    if once then
      agent:finish()
      local unevaluated = counts and agent:unevaluated()
      return not unevaluated, unevaluated
    end
    agent:pause(PAUSE)
  end
  return true
end

-- A process that waits most of its time, and once in a while has the events of a whole fleet: garbage goes soon.
local function keep_small()
  collectgarbage("setpause", 110)
  collectgarbage("setstepmul", 400)
end

function command.run(args)
  if args.clock and not args.once then
    common.wrong_use "--clock needs --once"
  end
  local function now(monitor)
    return args.clock and time.instant(args.clock) or time.now(monitor)
  end
  keep_small()
  local config, why
  if args.config then
    config, why = require("loom.agent.config").load(args.config)
    if not config then
      return nil, why
    end
  end
  return common.with_database(args.database, function(monitor)
    local known, unknown = common.use_default_zone(monitor, args.default_zone)
    if not known then
      return nil, unknown
    end
    local agent, message, code = require("loom.agent").new(monitor, { config = config, allow = args.allow, tell = tell,
      tell_failure = args.once and function() end or tell, -- the command's own failure tells it
      link = link_of(args.url),
      now = function() return now(monitor) end, is_ending = core.asked_to_end })
    if not agent then
      return common.fail(message, code == "EUNAVAILABLE" and UNAVAILABLE or nil)
    end
    monitor.database:stay_small()
    core.note_asked_to_end()
    local done
    done, message = rounds(agent, args.once)
    agent:close()
    return done, message
  end)
end

return command
