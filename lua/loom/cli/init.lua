--- The loom command: its arguments, its messages, its exit status.
-- 0: done; 1: failed, and nothing has changed; 2: wrong use.
-- @module loom.cli

local argparse = require "argparse"
local loom = require "loom"

local cli = {}

local commands = {
  require "loom.cli.ingest",
  require "loom.cli.report",
  require "loom.cli.info",
  require "loom.cli.check",
  require "loom.cli.prune",
  require "loom.cli.serve",
  require "loom.cli.token",
  (require "loom.cli.export"), -- require gives two values, and the last ones of a list are all kept
}

local function build_parser()
  local parser = argparse("loom")
    :description "Uptime and downtime of stores inside their business hours, from raw polls."
    :epilog "Exit status: 0 done, 1 failed (nothing has changed), 2 wrong use."
    :help_max_width(100)
  parser:flag "--version"
    :description "Print the version and exit."
    :action(function()
      print("loom " .. loom.version)
      os.exit(0)
    end)
  parser:command_target "command"
  parser:require_command(true)
  for _, command in ipairs(commands) do
    command.add_to(parser)
  end
  return parser
end

-- One line, whatever bytes the paths and arguments in it hold. Messages of the library begin with a code that scripts
-- compare; people need only the text.
local function complain(message)
  io.stderr:write("loom: ", (message:gsub("^E%u+: ", ""):gsub("\n", " "):gsub("%c", "?")), "\n")
end

-- What an error that was raised means: wrong use and failures are tables, and the interpreter makes an error of Ctrl-C.
local function explain(err)
  if type(err) == "table" then
    return err
  elseif tostring(err):find("interrupted!$") then
    return { failure = "interrupted" }
  end
  return { traceback = debug.traceback(tostring(err), 2) }
end

--- Runs a command line.
-- @tparam {string,...} arguments
-- @treturn int the exit status
function cli.main(arguments)
  local parsed, args = build_parser():pparse(arguments)
  if not parsed then
    complain(args .. " (see loom --help)")
    return 2
  end
  for _, command in ipairs(commands) do
    if command.name == args.command then
      local called, good, message = xpcall(function() -- Lua 5.1 passes no arguments on
        return command.run(args)
      end, explain)
      if called and good then
        local flushed, why = io.stdout:flush()
        if flushed then
          return 0
        end
        complain("standard output: " .. why)
        return 1
      elseif called or good.failure then
        complain(called and message or good.failure)
        return 1
      elseif good.usage then
        complain(good.usage .. " (see loom " .. args.command .. " --help)")
        return 2
      end
      io.stderr:write("loom: unexpected failure: ", good.traceback, "\n")
      return 1
    end
  end
end

return cli
