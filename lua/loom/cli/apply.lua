--- loom apply
-- @module loom.cli.apply

local common = require "loom.cli.common"
local configuration_text = require "loom.alerts.configuration_text"
local definitions = require "loom.cli.definitions"
local options = require "loom.cli.options"
local text = require "loom.formats.text"

local command = { name = "apply" }

function command.add_to(parser)
  local apply = parser:command(command.name):summary "Set rules, channels, mutes and more of alerts, as a file has them."
    :description("Set rules, channels, silences, mutes, objectives and settings of alerts as a file has them: all of them, or "
      .. "nothing. Tells what it changes, line by line. What is not in the file stays, unless --prune removes it; secrets of "
      .. "channels that are not in the file stay as well.")
  options.argument(apply, "database")
  options.argument(apply, "file", "JSON, as loom export DB config writes it, or a .lua file that returns such a table; - is "
    .. "standard input.")
  apply:flag "--dry-run":description "Only tell what would change."
  apply:flag "--prune":description "Remove what is not in the file."
  options.add_reason(apply)
end

function command.run(args)
  local wanted = definitions.read(args.file, true)
  return common.with_database(args.database, function(monitor)
    local changes, message = monitor:apply(wanted, { dry_run = args.dry_run, prune = args.prune, reason = args.reason })
    if not changes then
      return nil, args.file .. ": " .. message:gsub("^E%u+: ", "")
    end
    return common.write(nil, function(write)
      for line in configuration_text.difference(changes):gmatch "[^\n]+" do
        write(text.shown(line) .. "\n")
      end
      write(("%s%s\n"):format(#changes == 0 and "nothing" or text.counted(#changes, "change"),
        args.dry_run and (#changes == 0 and " would change" or " would be made") or #changes == 0 and " to change" or ""))
    end)
  end)
end

return command
