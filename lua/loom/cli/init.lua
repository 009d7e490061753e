--- The loom command: its arguments, its messages, its exit status.
-- 0: done; 1: failed, and nothing has changed; 2: wrong use; 3: done, and what --fail-if asks for holds.
-- @module loom.cli

local argparse = require "argparse"
local common = require "loom.cli.common"
local examples = require "loom.cli.examples"
local loom = require "loom"
local opening = require "loom.opening"

local cli = {}

-- In the order in which --help lists them. Each is a module of its own, which is loaded when it is named: to load all of them
-- takes longer than a small report.
local names = {
  "ingest", "report", "status", "series", "timeline", "outages", "explain", "query", "hours", "timezone", "special-day",
  "exclude", "attributes", "alerts", "apply", "agent", "audit", "info", "check", "doctor", "prune", "backup", "delete",
  "serve", "site", "cluster", "worker", "token", "export", "completion", "manual",
}

local is_command = {}
for _, name in ipairs(names) do
  is_command[name] = true
end

local function find_command(name)
  return (require("loom.cli." .. name:gsub("-", "_")))
end

--- A parser of one command, or of all.
-- @tparam ?string first the command; if it is none, all, but for --version, which asks for none
function cli.parser(first)
  local parser = argparse("loom")
    :description "Uptime and downtime of stores inside their business hours, from raw polls."
    :epilog "Exit status: 0 done, 1 failed (nothing has changed), 2 wrong use, 3 done, and loom status --fail-if holds."
    :help_max_width(100)
  parser:flag "--version"
    :description "Print the version and exit."
    :action(function()
      print("loom " .. loom.version)
      os.exit(0)
    end)
  parser:command_target "command"
  parser:require_command(true)
  for _, name in ipairs(is_command[first] and { first } or first == "--version" and {} or names) do
    find_command(name).add_to(parser)
    parser._commands[#parser._commands]:epilog("Example: " .. examples[name])
  end
  return parser
end

-- Messages of the library begin with a code that scripts compare; people need only the text.
local function complain(message)
  common.note("%s", (message:gsub("^E%u+: ", "")))
end

local function complain_of_use(message, command)
  message = message:gsub("\nDid you mean", "; did you mean") -- argparse's
  complain(("%s (see loom %s--help)"):format(message, command and command .. " " or ""))
end

-- The command that arguments name, with its verb, as far as there are such.
local function named(parser, arguments)
  local words = {}
  local commands = parser._commands
  while commands[1] do
    local found
    for _, command in ipairs(commands) do
      found = command._name == arguments[#words + 1] and command or found
    end
    if not found then
      break
    end
    words[#words + 1], commands = found._name, found._commands
  end
  return words[1] and table.concat(words, " ")
end

-- Wrong use as the library's checks raise it (see `loom.check`, and `lloom_option_integer` of the native half), in words of
-- the command line, where options have the library's names. Nil if it is not that.
local function misuse(message)
  local option, rest = message:match("bad option '([%w_]+)'(.*)$")
  if option then
    return "--" .. option:gsub("_", "-") .. ": " .. (rest:match("%((.*)%)$") or rest)
  end
  return message:match("bad argument #%d+ to '[%w_]+' %((.*)%)$")
end

-- A failure that was raised, as those are that come while rows are taken one by one: with a code, perhaps after the place.
local function failure(message)
  return message:match("^(E%u+: .*)$") or message:match("^[^\n]-:%d+: (E%u+: .*)$")
end

-- What an error that was raised means: the command's own are tables, and the interpreter makes one of Ctrl-C.
local function explain(err)
  local message = tostring(err)
  if type(err) == "table" and (err.failure or err.usage) then
    return err
  elseif message:find("interrupted!$") then
    return { failure = "interrupted" }
  end
  return { failure = failure(message), usage = misuse(message), traceback = debug.traceback(message, 2) }
end

-- Has a cluster that is named be the conf that stands for it, in all commands; `loom cluster create` asks its servers anew.
local function find_database(args)
  local argument = args.database and "database" or "conf"
  if type(args[argument]) ~= "string" then
    return true
  end
  local path, message = opening.path(args[argument], args.command == "cluster" and args.verb == "create")
  args[argument] = path
  return path, message
end

-- Runs a command whose arguments could be read. It returns whether it is done, else the failure, and the exit status if that is
-- another than usual.
local function run(args)
  local command = find_command(args.command)
  local called, good, message, status = xpcall(function() -- Lua 5.1 passes no arguments on
    local found, why = find_database(args)
    if not found then
      return nil, why
    end
    return command.run(args)
  end, explain)
  if called and good then
    local flushed, why = io.stdout:flush()
    if flushed then
      return status or 0
    end
    complain("standard output: " .. why)
    return 1
  elseif called or good.failure then
    complain(called and message or good.failure)
    return not called and good.status or 1
  elseif good.usage then
    complain_of_use(good.usage, args.verb and args.command .. " " .. args.verb or args.command)
    return 2
  end
  io.stderr:write("loom: unexpected failure: ", good.traceback, "\n")
  return 1
end

--- Runs a command line.
-- @tparam {string,...} arguments
-- @treturn int the exit status
function cli.main(arguments)
  if arguments[1] == nil then -- somebody who looks what this is
    io.stdout:write(cli.parser():get_help(), "\n")
    return 0
  end
  local parser = cli.parser(arguments[1])
  local parsed, args = parser:pparse(arguments)
  if not parsed then
    complain_of_use(args, named(parser, arguments))
    return 2
  end
  return run(args)
end

return cli
