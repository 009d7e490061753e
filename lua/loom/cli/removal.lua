--- What the commands that remove polls share: their options, and what they tell.
-- @module loom.cli.removal


local removal = {}

--- Adds --dry-run and --yes.
-- @param parser
-- @tparam string yes what the latter is for
function removal.add_to(parser, yes)
  parser:flag "--dry-run":description "Print what would go and what would stay, and remove nothing."
  parser:flag "--yes":description(yes)
end

local function plural(count, word)
  return ("%d %s%s"):format(count, word, count == 1 and "" or "s")
end

-- Some polls, and what becomes of them.
local function tell_of(subject, extent, fate)
  local of = ""
  if extent.polls > 0 then
    of = (", of %s, %s to %s"):format(plural(extent.days, "day"), extent.first_utc,
      extent.newest_utc)
  end
  io.stdout:write(("%s: %s %s%s\n"):format(subject, plural(extent.polls, "poll"), fate, of))
end

--- Prints what goes and what stays.
-- @tparam string subject what it is of
-- @tparam table found `gone` and `kept`, as `loom.monitor:prune` gives them
-- @tparam bool is_dry nothing has been removed
function removal.tell(subject, found, is_dry)
  tell_of(subject, found.gone, is_dry and "would be removed" or "removed")
  tell_of(subject, found.kept, is_dry and "would stay" or "kept")
end

return removal
