--- What the commands that remove polls share: their options, and what they tell.
-- @module loom.cli.removal

local options = require "loom.cli.options"
local text = require "loom.formats.text"

local removal = {}

--- Adds --reason, --dry-run and --yes.
-- @param parser
-- @tparam string yes what the latter is for
function removal.add_to(parser, yes)
  options.add_reason(parser)
  parser:flag "--dry-run":description "Print what would go and what would stay, and remove nothing."
  parser:flag "--yes":description(yes)
end

--- Prints a line about something, whose name may hold any bytes.
function removal.say(subject, line)
  io.stdout:write(text.shown(subject), ": ", line, "\n")
end

local function tell_of(subject, extent, fate)
  local of = ""
  if extent.polls > 0 then
    of = (", of %s, %s to %s"):format(text.counted(extent.days, "day"), extent.first_utc, extent.newest_utc)
  end
  removal.say(subject, text.counted(extent.polls, "poll") .. " " .. fate .. of)
end

--- What becomes of what goes, in words.
function removal.fate(is_dry)
  return is_dry and "would be removed" or "removed"
end

--- Prints which polls go and which stay.
-- @tparam string subject what they are of
-- @tparam table found `gone` and perhaps `kept`, as `loom.monitor:prune` gives them
-- @tparam bool is_dry nothing has been removed
function removal.tell(subject, found, is_dry)
  tell_of(subject, found.gone, removal.fate(is_dry))
  if found.kept then
    tell_of(subject, found.kept, is_dry and "would stay" or "kept")
  end
end

return removal
