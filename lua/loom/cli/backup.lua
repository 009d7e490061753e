--- loom backup
-- @module loom.cli.backup

local common = require "loom.cli.common"

local command = { name = "backup" }

function command.add_to(parser)
  local backup = parser:command "backup":summary "Back a database up while it is in use."
    :description("Copy a database to a file, in one snapshot, while others read and write it. A copy made by other means lacks "
      .. "what is in the write-ahead log. To restore a backup, rename it to the database's name.")
  backup:argument "database":description "A database."
  backup:argument "file":description "The backup: complete once it is there."
  backup:flag "--force":description "Replace a file that is there, unless it is a database in use."
  backup:flag "--quiet":description "No progress and no summary."
end

function command.run(args)
  return common.with_database(args.database, function(monitor)
    local draw, clear = common.progress_bar(args.quiet)
    local size, message = monitor:backup(args.file, {
      replace = args.force,
      progress = draw and function(done, total)
        draw(total > 0 and done / total or 0, "copying " .. args.database)
      end,
    })
    clear()
    if not size then
      return nil, (message:gsub(": exists already$", ": exists already: --force replaces it"))
    end
    if not args.quiet then
      print(("%s: backed up to %s, %d bytes"):format(args.database, args.file, size))
    end
    return true
  end)
end

return command
