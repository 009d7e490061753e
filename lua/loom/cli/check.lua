--- loom check
-- @module loom.cli.check

local common = require "loom.cli.common"

local command = { name = "check" }

function command.add_to(parser)
  local check = parser:command "check":summary "Check a database's integrity."
    :description("Run SQLite's integrity check and Loom's own: every block of polls sorted and in its day, "
      .. "nothing that refers to a missing store, no text that could not be exported and ingested. "
      .. "Exit status 1 if anything is wrong.")
  check:argument "database":description "A database."
end

function command.run(args)
  return common.tell_problems(args.database, common.with_database(args.database, function(monitor)
    return monitor:check()
  end))
end

return command
