--- loom check
-- @module loom.cli.check

local common = require "loom.cli.common"
local text = require "loom.formats.text"

local command = { name = "check" }

function command.add_to(parser)
  local check = parser:command "check":summary "Check a database's integrity."
    :description("Run SQLite's integrity check and Loom's own: every block of polls sorted and in its day, "
      .. "nothing that refers to a missing store, no text that could not be exported and ingested. "
      .. "Exit status 1 if anything is wrong.")
  check:argument "database":description "A database."
end

function command.run(args)
  local problems, message = common.with_database(args.database, function(monitor)
    return monitor:check()
  end)
  if not problems then
    return nil, message
  end
  for _, problem in ipairs(problems) do
    io.stdout:write(problem, "\n")
  end
  if #problems > 0 then
    return nil, ("%s: %s"):format(args.database, text.counted(#problems, "problem"))
  end
  io.stdout:write(args.database, ": ok\n")
  return true
end

return command
