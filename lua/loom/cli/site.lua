--- loom site
-- @module loom.cli.site

local check = require "loom.check"
local common = require "loom.cli.common"
local options = require "loom.cli.options"
local site = require "loom.site"
local Status = require "loom.status"
local text = require "loom.formats.text"

local command = { name = "site" }

local dormant_values = { ["true"] = true, ["false"] = false, any = "any" }

local MEGABYTE = 1000000

function command.add_to(parser)
  local parsed = parser:command "site":summary "Write the dashboard as files that need no service."
    :description(("Write the dashboard with its data into a folder: index.html in it opens from a disk, from a mail or from any "
      .. "host of files, and asks for nothing outside of the folder. It has the fleet, the wall and the stores' last seven days, "
      .. "as of one instant and by one set of rules, of the stores that the options choose, and nothing of others. There may be "
      .. "%s of them."):format(text.grouped(site.STORES_MAX)))
  options.argument(parsed, "database", "A database, or a folder of input files.")
  options.argument(parsed, "folder", "Where to write: new, or empty, or a site, which is replaced when the new one is "
    .. "complete.")
  options.add(parsed, "--title", "TEXT", "What the page is called.", options.text(check.note))
  options.add_choice(parsed)
  parsed:flag "--all-stores":description "Also stores that have hours or a timezone but no poll."
  options.add(parsed, "--dormant", "WHICH", "true: only dormant stores; false: none of them; any: both (default)."):choices {
    "true", "false", "any" }
  options.add(parsed, "--dormant-after", "DUR", "How long without an active poll makes a store with openings dormant "
    .. "(default: 7d).", options.text(Status.checkers.dormant_after))
  options.add_rules(parsed, "The instant (default: the newest poll).")
  parsed:flag "--quiet":description "No progress and no summary."
end

local function size_text(bytes)
  return bytes < MEGABYTE and ("%s KB"):format(text.grouped(math.ceil(bytes / 1000)))
    or ("%.1f MB"):format(bytes / MEGABYTE)
end

function command.run(args)
  local wanted = options.rules_of(args)
  for name, value in pairs(options.choice_of(args)) do
    wanted[name] = value
  end
  wanted.all_stores, wanted.dormant, wanted.dormant_after = args.all_stores, dormant_values[args.dormant], args.dormant_after
  wanted.title = args.title
  return common.with_data(args.database, function(monitor)
    local draw, clear = common.progress_bar(args.quiet)
    wanted.progress = draw
    local made, message = site.make(monitor, args.folder, wanted)
    clear()
    if not made then
      return nil, message
    end
    common.tell_stores_left_out { left_out = function()
      return made.left_out, made.left_out_count
    end }
    if not args.quiet then
      print(("%s: %s as of %s, %s, %s"):format(text.shown(args.folder), text.counted(made.stores, "store"), made.as_of_utc,
        text.counted(made.files, "file"), size_text(made.bytes)))
    end
    return true
  end)
end

return command
